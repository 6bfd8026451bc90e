package outbound_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
)

// A server that has somebody to call for a campaign of low priority alone leaves to another
// server what that one needs for a campaign of high priority, and takes it once that needs
// no more. What it tells itself is what it wants, and why the other campaign waits here.
func TestServersShareTheirCalls(t *testing.T) {
	clock, db, plan := severalNodes(t, 1)
	s := db("one")
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai", PerDay: -1, PerWeek: -1})
	add := func(id string, priority int, mode campaigns.Mode, first int) {
		c := notice()
		c.ID, c.Line, c.Priority, c.Mode, c.Skill, c.Concurrency, c.PerSecond = id, "main", priority, mode, "sales", 100, 1000
		_, err := s.AddCampaign(t.Context(), c)
		require.NoError(t, err)
		var list []campaigns.Contact
		for i := range 200 {
			list = append(list, campaigns.Contact{Number: numberOf(first + i)})
		}
		_, err = s.AddContacts(t.Context(), id, list)
		require.NoError(t, err)
		_, err = s.SetState(t.Context(), id, campaigns.Running, campaigns.Draft)
		require.NoError(t, err)
	}
	add("high", 9, campaigns.Progressive, 0) // its agents are on the other server
	add("low", 0, campaigns.Agentless, 1000)

	var looks, needed atomic.Int64
	needed.Store(1)
	const tick = 20 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	q, err := jobs.Open(ctx, jobs.Config{File: filepath.Join(t.TempDir(), "jobs.db"), Workers: 20, Poll: tick})
	require.NoError(t, err)
	r := campaigns.NewRunner(campaigns.RunnerConfig{
		Node: "one", Store: s, Rules: rules, Queue: q, NewCall: func() string { return ulid.Make().String() }, Now: clock.now, Tick: tick,
		Dialer: &network{rung: map[string]int{}, does: func(string, int) campaigns.Result {
			return campaigns.Result{Outcome: campaigns.Person, Answered: true}
		}},
		Budget: func(context.Context) (campaigns.Budget, error) { // 0.22 calls a look
			looks.Add(1)
			return campaigns.Budget{Minute: 660, MinuteLeft: 3000 * tick, Day: 100000, DayLeft: time.Hour, DayGone: time.Hour}, nil
		},
		Elsewhere: func() []campaigns.Standing {
			there := campaigns.Standing{Node: "two"}
			if needed.Load() > 0 {
				there.Wants = []string{"high"}
			}
			return []campaigns.Standing{there}
		},
	})
	require.Nil(t, r.Standing(), "it has not looked yet")
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	begun := func() int {
		n, err := s.Begun(t.Context(), []string{"low"}, clock.now().Add(-time.Hour))
		require.NoError(t, err)
		return n["low"]
	}
	look := func(n int64) {
		until := looks.Load() + n
		require.Eventually(t, func() bool { return looks.Load() >= until }, time.Minute, tick/2)
	}
	look(100)
	assert.LessOrEqual(t, begun(), 5, "of 22 calls one of eleven is its part")
	st := r.Standing()
	require.NotNil(t, st)
	assert.Equal(t, []string{"low"}, st.Wants)
	assert.Equal(t, campaigns.HoldAgents, st.Holds["high"].Why)
	before := begun()
	needed.Store(0)
	look(100)
	assert.Eventually(t, func() bool { return begun() >= before+15 }, time.Minute, tick, "now all are its")
	stop()
	require.NoError(t, <-over)
	require.NoError(t, q.Close())
}
