package outbound_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/number"
	"hotline/internal/outbound"
)

// The national list is what its files say: read before the first call, read again when a
// file is replaced, kept when it cannot be read; numbers of other sources stay.
func TestNationalListFollowsItsFiles(t *testing.T) {
	s, db := open(t)
	file := filepath.Join(t.TempDir(), "dnc.csv")
	write := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	require.NoError(t, s.Suppress(t.Context(), campaigns.Suppression{Number: "13800000009", List: outbound.NationalList, How: "by hand"}))
	n := &outbound.National{Service: s, Files: []string{file}, Log: slog.New(slog.DiscardHandler), Every: 10 * time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	listed := func(number string) bool {
		rows, err := db.SuppressionsOf(t.Context(), number)
		require.NoError(t, err)
		return len(rows) > 0
	}
	time.Sleep(50 * time.Millisecond)
	assert.False(t, n.Ready(), "no call before the list is known")
	write("phone\n13800000001\n13800000002\n")
	require.Eventually(t, n.Ready, 20*time.Second, 5*time.Millisecond)
	assert.True(t, listed("+8613800000001") && listed("+8613800000002"))
	write("phone\n13800000002\n13800000003\n13800000004\n")
	require.Eventually(t, func() bool { return listed("+8613800000004") && !listed("+8613800000001") }, 20*time.Second, 5*time.Millisecond)
	assert.True(t, listed("+8613800000002"))
	write("this is no list at all, somebody has saved the page that asks for a password\n")
	time.Sleep(100 * time.Millisecond)
	assert.True(t, listed("+8613800000002"), "what was known still holds")
	require.NoError(t, os.Remove(file))
	time.Sleep(100 * time.Millisecond)
	assert.True(t, listed("+8613800000003") && n.Ready())
	assert.True(t, listed("+8613800000009"), "of another source")
}

// Who wants no more calls is on the list while the call goes on, whoever called, and how
// and in which call is on record.
func TestRefusalsAreObeyedAtOnce(t *testing.T) {
	_, db := open(t)
	plan, err := number.For("CN")
	require.NoError(t, err)
	j := outbound.Refusals{Journal: db, Store: db, Plan: plan}
	for id, c := range map[string]struct {
		record call.Record
		data   map[string]any
		number string
		how    string
	}{
		"in":    {call.Record{Direction: "inbound", Caller: "13800000021", Called: "8000"}, map[string]any{"by": call.RefusedBySaying}, "+8613800000021", "said"},
		"out":   {call.Record{Direction: "outbound", Caller: "4008001234", Called: "+8613800000022"}, map[string]any{"by": call.RefusedByKey, "key": "9"}, "+8613800000022", "key"},
		"agent": {call.Record{Direction: "inbound", Caller: "", Called: "8000"}, map[string]any{"by": call.RefusedBySaying}, "", ""},
	} {
		c.record.ID, c.record.StartedAt = id, time.Now()
		require.NoError(t, j.Begin(t.Context(), c.record))
		c.data["kind"] = string(dialog.DoNotCall)
		require.NoError(t, j.AddEvents(t.Context(), id, []call.Event{{Kind: call.KindRefusal, Data: c.data}}))
		if c.number == "" {
			continue
		}
		rows, err := db.SuppressionsOf(t.Context(), c.number)
		require.NoError(t, err)
		require.Len(t, rows, 1, id)
		assert.Equal(t, c.how, rows[0].How)
		assert.Equal(t, id, rows[0].Call)
		assert.Equal(t, outbound.OwnList, rows[0].List)
	}
	require.NoError(t, j.Begin(t.Context(), call.Record{ID: "later", Direction: "outbound", Called: "+8613800000023", StartedAt: time.Now()}))
	require.NoError(t, j.AddEvents(t.Context(), "later", []call.Event{{Kind: call.KindRefusal, Data: map[string]any{"kind": string(dialog.NotInterested)}}}))
	rows, err := db.SuppressionsOf(t.Context(), "+8613800000023")
	require.NoError(t, err)
	assert.Empty(t, rows, "who is not interested in this may be in something else")
}
