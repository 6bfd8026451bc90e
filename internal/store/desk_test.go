package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/desk"
)

func TestAgentStatesAreKept(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		at := time.UnixMilli(1_790_000_000_000)
		want := []desk.Saved{
			{Name: "li", Mode: desk.Break, Reason: "lunch", Since: at.UTC(), Idle: at.Add(-time.Hour).UTC()},
			{Name: "wang", Mode: desk.Ready, Since: at.UTC(), RestUntil: at.Add(time.Minute).UTC(), WrapUntil: at.Add(time.Second).UTC()},
		}
		require.NoError(t, s.SaveAgentState(t.Context(), desk.Saved{Name: "li", Mode: desk.Ready, Since: at}))
		for _, w := range want {
			require.NoError(t, s.SaveAgentState(t.Context(), w))
		}
		require.NoError(t, s.Close())
		s = p.open(t)
		got, err := s.AgentStates(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, got)
		require.NoError(t, s.Close())
	})
}

func TestWhoSpokeWithACallerLast(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		now := time.Now()
		for i, r := range []call.Record{
			{ID: "1", Caller: "13800138000", Agent: "li", StartedAt: now.Add(-72 * time.Hour)},
			{ID: "2", Called: "+8613800138000", Direction: "outbound", Agent: "wang", StartedAt: now.Add(-time.Hour)},
			{ID: "3", Caller: "13800138000", StartedAt: now}, // with the bot alone
			{ID: "4", Caller: "13900139000", Agent: "zhao", StartedAt: now},
			{ID: "5", Caller: "13700137000", Agent: "li", StartedAt: now.Add(-90 * 24 * time.Hour)},
		} {
			r.Outcome, r.EndedAt = call.Transferred, r.StartedAt.Add(time.Minute)
			require.NoError(t, s.End(t.Context(), r), "%d", i)
		}
		for number, want := range map[string]string{"8613800138000": "wang", "13900139000": "zhao", "13700137000": "", "100": "", "": ""} {
			c, err := s.Customer(t.Context(), number)
			require.NoError(t, err)
			assert.Equal(t, want, c.LastAgent, "%q", number)
		}
		a, err := s.CallerHash("main\x0013800138000")
		require.NoError(t, err)
		assert.Len(t, a, 32)
		require.NoError(t, s.Close())
	})
}
