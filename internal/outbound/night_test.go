package outbound_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
	"hotline/internal/outbound"
	"hotline/internal/store"
)

// counted is a store that counts what looks write.
type counted struct {
	*store.Store
	postponed, shut int
}

func (c *counted) Postpone(ctx context.Context, list []campaigns.Postponed) error {
	c.postponed += len(list)
	return c.Store.Postpone(ctx, list)
}

func (c *counted) Shut(ctx context.Context, s campaigns.Shut) error {
	c.shut++
	return c.Store.Shut(ctx, s)
}

// When a window closes for a part of the contacts, these are neither called nor touched, and
// the others are called on, however many stand before them. Why is told of each. Who can
// never be called is put aside meanwhile.
func TestNobodyIsTouchedAtNight(t *testing.T) {
	clock, db, plan := severalNodes(t, 1) // it is ten in Shanghai, and three in Berlin
	s := &counted{Store: db("one")}
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai", Regions: []string{"+86", "+49"}})
	service := outbound.New(outbound.Config{Store: s.Store, Rules: rules, Plan: plan, Now: clock.now, Lines: func() []string { return []string{"main"} }})
	c := notice()
	c.Line, c.Open, c.Concurrency, c.PerSecond = "main", true, 20, 100
	c, err := service.Create(t.Context(), c, "ann")
	require.NoError(t, err)
	var asleep, barred, awake []int64
	add := func(number string) int64 {
		id, err := service.Add(t.Context(), campaigns.Contact{Campaign: c.ID, Number: number})
		require.NoError(t, err)
		require.NotZero(t, id)
		return id
	}
	for i := range 60 {
		asleep = append(asleep, add(fmt.Sprintf("+49301234%03d", i)))
	}
	for i := range 40 {
		barred = append(barred, add(fmt.Sprintf("+8190123401%02d", i)))
	}
	for i := range 10 {
		awake = append(awake, add(numberOf(i)))
	}
	_, err = service.Start(t.Context(), c.ID)
	require.NoError(t, err)

	phones := &network{rung: map[string]int{}, does: func(string, int) campaigns.Result {
		return campaigns.Result{Outcome: campaigns.Person, Answered: true}
	}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	q, err := jobs.Open(ctx, jobs.Config{File: filepath.Join(t.TempDir(), "jobs.db"), Workers: 20, Poll: 20 * time.Millisecond})
	require.NoError(t, err)
	r := campaigns.NewRunner(campaigns.RunnerConfig{
		Node: "one", Store: s, Rules: rules, Dialer: phones, Queue: q, NewCall: func() string { return ulid.Make().String() }, Now: clock.now, Tick: 20 * time.Millisecond,
	})
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	state := func(id int64) campaigns.Contact {
		k, err := s.Contact(t.Context(), id)
		require.NoError(t, err)
		return k
	}
	require.Eventually(t, func() bool {
		for _, id := range append(append([]int64{}, awake...), barred...) {
			if !state(id).State.Over() {
				return false
			}
		}
		n, err := s.RefusalCounts(t.Context(), c.ID)
		return err == nil && n[string(campaigns.RefusedWindow)] == len(asleep)
	}, time.Minute, 20*time.Millisecond)
	require.Eventually(t, func() bool { return r.Holds()[c.ID].Why == campaigns.HoldWindow }, time.Minute, 10*time.Millisecond)
	stop()
	require.NoError(t, <-over)
	require.NoError(t, q.Close())

	assert.Len(t, phones.rung, len(awake))
	for _, id := range asleep {
		k := state(id)
		require.Equal(t, campaigns.Waiting, k.State)
		require.Zero(t, k.Due)
		require.Empty(t, k.Reason)
		why, err := s.Refusals(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, why, 1)
		require.Equal(t, campaigns.RefusedWindow, why[0].Reason)
		require.Contains(t, campaigns.Words(why[0].Ground, "en"), "Europe/Berlin")
	}
	for _, id := range barred {
		require.Equal(t, string(campaigns.RefusedPlace), state(id).Reason)
	}
	assert.Equal(t, len(barred), s.postponed)
	assert.Equal(t, 1, s.shut, "one row for all of them, however often it is looked")
	h := r.Holds()[c.ID]
	assert.Equal(t, string(campaigns.RefusedWindow), h.Detail)
	assert.Equal(t, "09:00", h.Until.In(mustZone(t, "Europe/Berlin")).Format("15:04"))
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}
