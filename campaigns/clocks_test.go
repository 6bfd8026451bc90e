package campaigns

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever the windows, the holidays, the zones and the moment: that nobody of certain
// clocks may be called is said exactly when each of them is refused for the hour, with
// the same reason, ground and end.
func TestShutIsWhatEachIsTold(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 4))
	zones := allZones(t)
	shut := 0
	for range 3000 {
		var at anyNumber
		for range r.IntN(4) {
			at = append(at, zones[r.IntN(len(zones))])
		}
		rules := NewRules(RulesConfig{Numbers: at, Zone: []string{"", "Asia/Shanghai"}[r.IntN(2)]})
		c := Campaign{ID: "c", Purpose: Service, Variants: []Variant{{Greeting: "I am an automated assistant."}}, Windows: everyDay(Span{r.IntN(12 * 60), 13*60 + r.IntN(11*60)})}
		c.Windows.Zone = []string{"", "Europe/London"}[r.IntN(2)]
		k := Contact{ID: r.Int64(), Number: "+1", Zone: []string{"", "", "America/New_York", "Nowhere/Atall"}[r.IntN(4)], State: Waiting}
		now := time.Date(2026, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		if r.IntN(3) == 0 {
			c.Windows.Holidays = []Holiday{{Name: "feast", First: now.Truncate(24 * time.Hour)}}
		}
		clocks := rules.Clocks(k)
		require.NotEmpty(t, clocks)
		v, s := rules.Allowed(now, c, k, Facts{}), rules.Shut(now, c, clocks)
		if s.Refusal == "" {
			require.NotContains(t, []Refusal{RefusedWindow, RefusedHoliday}, v.Refusal, "%s %s %v", clocks, now, c.Windows)
			continue
		}
		shut++
		require.Equal(t, v.Refusal, s.Refusal)
		require.Equal(t, v.Ground, s.Ground)
		require.Equal(t, v.Next, s.Next, "%s %s %v", clocks, now, c.Windows)
		require.Equal(t, v.Day, s.Day)
	}
	require.Greater(t, shut, 500)
	require.Empty(t, NewRules(RulesConfig{Numbers: anyNumber{}}).Shut(ten, Campaign{Start: ten.Add(time.Hour)}, "").Refusal, "of those whose clocks are not known nothing is said")
}

func TestClocks(t *testing.T) {
	t.Parallel()
	rules := NewRules(RulesConfig{Numbers: anyNumber{"Australia/Perth", "Australia/Sydney"}})
	require.Equal(t, []string{"Australia/Perth", "Australia/Sydney"}, strings.Split(rules.Clocks(Contact{}), ","))
	require.Equal(t, "Asia/Kolkata", rules.Clocks(Contact{Zone: "Asia/Kolkata"}))
	rules = NewRules(RulesConfig{Numbers: anyNumber{}})
	require.Equal(t, unplaced, rules.Clocks(Contact{}))
	require.False(t, slices.Contains(allZones(t), unplaced))
}
