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

// Of a campaign that may have two calls at once sixteen people are called in fewer than
// eight looks: what a call leaves free is used before the next one.
func TestWhatACallLeavesFreeIsUsedSoon(t *testing.T) {
	t.Parallel()
	clock, db, plan := severalNodes(t, 1)
	s := db("one")
	c := notice()
	c.Line, c.Mode, c.Concurrency, c.PerSecond, c.Attempts = "main", campaigns.Agentless, 2, 100, 1
	c, err := s.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	const all = 16
	var list []campaigns.Contact
	for i := range all {
		list = append(list, campaigns.Contact{Number: numberOf(i)})
	}
	_, err = s.AddContacts(t.Context(), c.ID, list)
	require.NoError(t, err)
	_, err = s.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)
	q, err := jobs.Open(t.Context(), jobs.Config{File: filepath.Join(t.TempDir(), "jobs.db"), Workers: 20, Poll: 20 * time.Millisecond})
	require.NoError(t, err)
	var looks, most atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := campaigns.NewRunner(campaigns.RunnerConfig{
		Node: "one", Store: s, Queue: q, Now: clock.now, Tick: 3 * time.Second, NewCall: func() string { return ulid.Make().String() },
		Rules:  campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai"}),
		Dialer: &network{rung: map[string]int{}, does: func(string, int) campaigns.Result { return campaigns.Result{Outcome: campaigns.Busy} }},
		Budget: func(context.Context) (campaigns.Budget, error) {
			looks.Add(1)
			return campaigns.Budget{Minute: -1, Day: -1}, nil
		},
		Publish: func(campaigns.Event) {
			n, err := s.Busy(context.WithoutCancel(ctx), c.ID)
			assert.NoError(t, err) //nolint:testifylint // not in the test's goroutine
			most.Store(max(most.Load(), int64(n)))
		},
	})
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	require.Eventually(t, func() bool {
		n, err := s.Begun(t.Context(), []string{c.ID}, clock.now().Add(-time.Hour))
		require.NoError(t, err)
		return n[c.ID] == all
	}, time.Minute, 20*time.Millisecond)
	assert.Less(t, looks.Load(), int64(all/2))
	assert.LessOrEqual(t, most.Load(), int64(2), "and no more at once than it may have")
	stop()
	require.NoError(t, <-over)
	require.NoError(t, q.Close())
}
