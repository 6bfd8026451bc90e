package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/number"
)

func TestOverRate(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(every time.Duration, n int) (list []time.Time) {
		for i := range n {
			list = append(list, start.Add(time.Duration(i)*every))
		}
		return list
	}
	require.Zero(t, overRate(nil, 20))
	require.Zero(t, overRate(at(50*time.Millisecond, 2000), 20))
	require.Zero(t, overRate(append(at(0, 20), at(50*time.Millisecond, 400)...), 20), "a second's worth may have gathered")
	require.Positive(t, overRate(at(40*time.Millisecond, 2000), 20))
	require.Positive(t, overRate(at(time.Second, 60), 0.2))
}

func TestPercentile(t *testing.T) {
	require.Zero(t, percentileOf(nil, 0.99))
	values := make([]float64, 100)
	for i := range values {
		values[i] = float64(100 - i)
	}
	require.InDelta(t, 99, percentileOf(values, 0.99), 0)
	require.InDelta(t, 100, values[0], 0, "they stay in their order")
}

func TestCampaignsOfTheBenchMayCallNow(t *testing.T) {
	plan, err := number.For("CN")
	require.NoError(t, err)
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: calleesZone})
	c := campaigns.Campaign{
		Purpose: campaigns.Service, Mode: campaigns.Agentless, Line: "main", Attempts: 1,
		Variants: []campaigns.Variant{{Name: "a", Weight: 1, Greeting: greetingSaid}},
	}
	k := campaigns.Contact{ID: 1, Number: "+8613800138000", State: campaigns.Waiting}
	require.Empty(t, rules.Allowed(clockAt(12)(), c, k, campaigns.Facts{}).Refusal)
	require.Equal(t, campaigns.RefusedWindow, rules.Allowed(clockAt(2)(), c, k, campaigns.Facts{}).Refusal)
	k.Zone = noon()
	require.Empty(t, rules.Allowed(time.Now(), c, k, campaigns.Facts{}).Refusal, k.Zone)
}

// The files of the bench are read as they are meant to.
func TestFilesOfTheBench(t *testing.T) {
	const rows = 10100
	sheet, err := sheetOf(300)
	require.NoError(t, err)
	defer func() { require.NoError(t, errors.Join(sheet.Close(), os.Remove(sheet.Name()))) }()
	plan, err := number.For("CN")
	require.NoError(t, err)
	normal := func(text string) (string, bool) {
		n := plan.Read(text).Text
		return n, strings.HasPrefix(n, "+")
	}
	for want, file := range map[int]io.Reader{rows: contactsFile(rows), 300: sheet} {
		seen := map[string]bool{}
		rep, err := contacts.Import(t.Context(), file, contacts.Options{Normal: normal, Bad: &bytes.Buffer{}}, func(_ context.Context, batch []campaigns.Contact) ([]int64, error) {
			ids := make([]int64, len(batch))
			for i, k := range batch {
				if !seen[k.Number] {
					ids[i] = 1
				}
				seen[k.Number] = true
			}
			return ids, nil
		})
		require.NoError(t, err)
		require.Equal(t, want, rep.Rows)
		require.Equal(t, want/10000, rep.Reasons[contacts.IsDuplicate])
		require.Equal(t, want-want/10000, rep.Added)
	}
}
