package callback_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/callback"
	"hotline/internal/seal"
	"hotline/internal/store"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// office is a server whose agents and callers do as the test says.
type office struct {
	t     *testing.T
	db    *store.Store
	now   time.Time
	rules callback.Rules
	ready map[string]bool // agents and skills
	rung  []string
	calls []string
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: noon, rules: callback.Rules{Skill: "service"}, ready: map[string]bool{}}
	sealer, _, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	require.NoError(t, err)
	o.db, err = store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "h.db"), Sealer: sealer, Now: func() time.Time { return o.now }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, o.db.Close()) })
	return o
}

// asked is somebody who rang at noon, spoke with an agent and wants to be rung.
func (o *office) asked(agent string, at time.Time) {
	o.t.Helper()
	require.NoError(o.t, o.db.End(o.t.Context(), call.Record{ID: "first", Line: "chinese", Direction: "inbound", StartedAt: noon, AnsweredAt: noon, EndedAt: noon, Agent: agent}))
	require.NoError(o.t, o.db.AddWish(o.t.Context(), call.Wish{ID: "w", Kind: "callback", Call: "first", Number: "13800138000", When: "三点", At: at}))
}

func (o *office) ringer() *callback.Ringer {
	return callback.New(callback.Config{
		Store: o.db, Now: func() time.Time { return o.now }, Rules: func(string) (callback.Rules, bool) { return o.rules, true },
		Place: func(ctx context.Context, id, line, agent string, w call.Wish) error {
			assert.Equal(o.t, "chinese", line)
			assert.Equal(o.t, "13800138000", w.Number)
			if !o.ready[agent] {
				return &call.RefusedError{Why: call.RefusedAgent, Err: assert.AnError}
			}
			o.rung, o.calls = append(o.rung, agent), append(o.calls, id)
			return o.db.Begin(ctx, call.Record{ID: id, Line: line, Direction: "outbound", Called: w.Number, StartedAt: o.now, Agent: agent, Outcome: call.InProgress})
		},
	})
}

// pass goes on by d and has the ringer look.
func (o *office) pass(d time.Duration) store.Wish {
	o.t.Helper()
	o.now = o.now.Add(d)
	require.NoError(o.t, o.ringer().Once(o.t.Context()))
	w, err := o.db.Wish(o.t.Context(), "w")
	require.NoError(o.t, err)
	return w
}

// over ends the last call.
func (o *office) over(r call.Record) {
	o.t.Helper()
	r.ID, r.Line, r.Direction, r.StartedAt, r.EndedAt = o.calls[len(o.calls)-1], "chinese", "outbound", o.now, o.now
	require.NoError(o.t, o.db.End(o.t.Context(), r))
}

func TestRungAtTheMoment(t *testing.T) {
	o := open(t)
	o.asked("wang", noon.Add(3*time.Hour))
	o.ready["wang"], o.ready["service"] = true, true
	o.pass(2 * time.Hour)
	assert.Empty(t, o.rung)
	w := o.pass(time.Hour)
	assert.Equal(t, []string{"wang"}, o.rung, "who had the call")
	assert.Equal(t, o.calls[0], w.Calling)
	o.pass(time.Minute)
	assert.Len(t, o.rung, 1, "while the call lasts")
	o.over(call.Record{AnsweredAt: o.now, Agent: "wang", Outcome: call.Transferred})
	w = o.pass(time.Minute)
	assert.Equal(t, store.WishDone, w.State)
	assert.Equal(t, "wang", w.DoneBy)
	o.pass(time.Hour)
	assert.Len(t, o.rung, 1)
}

func TestTheSameAgentThenOthers(t *testing.T) {
	o := open(t)
	o.asked("wang", noon.Add(time.Hour))
	o.ready["service"] = true
	w := o.pass(time.Hour)
	assert.Empty(t, o.rung)
	assert.Equal(t, callback.NoAgent, w.Trouble)
	assert.Zero(t, w.Tries, "nobody has rung him")
	o.pass(5 * time.Minute)
	assert.Empty(t, o.rung)
	o.pass(5 * time.Minute)
	assert.Equal(t, []string{"service"}, o.rung)
}

func TestTriedAgainAndThenLeftToPeople(t *testing.T) {
	o := open(t)
	o.asked("", noon.Add(time.Minute))
	o.ready["service"] = true
	for try := 1; try <= 3; try++ {
		w := o.pass(15 * time.Minute)
		require.Len(t, o.rung, try)
		assert.Equal(t, try, w.Tries)
		o.over(call.Record{Outcome: call.NoAnswer, SIPStatus: 480})
		w = o.pass(time.Second)
		if try < 3 {
			assert.Equal(t, callback.NoAnswer, w.Trouble)
			assert.Equal(t, o.now.Add(15*time.Minute), w.Next)
			continue
		}
		assert.Equal(t, callback.NotReached, w.Trouble)
		assert.Zero(t, w.Next)
		assert.Equal(t, store.WishOpen, w.State)
	}
	o.pass(5 * time.Hour)
	assert.Len(t, o.rung, 3)
	require.NoError(t, o.db.MoveCallback(t.Context(), "w", o.now))
	o.pass(time.Second)
	assert.Len(t, o.rung, 4, "somebody wants it rung now")
}

// A server that died with the call begun leaves a record that says so, or none.
func TestAfterADeath(t *testing.T) {
	for name, left := range map[string]*call.Record{"no record": nil, "interrupted": {Outcome: call.Interrupted}} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.asked("", noon.Add(time.Minute))
			mine, err := o.db.RingCallback(t.Context(), "w", "lost", noon.Add(time.Minute))
			require.NoError(t, err)
			require.True(t, mine)
			mine, err = o.db.RingCallback(t.Context(), "w", "other", noon.Add(time.Minute))
			require.NoError(t, err)
			require.False(t, mine, "one server rings")
			if left != nil {
				o.calls = []string{"lost"}
				o.over(*left)
			}
			o.ready["service"] = true
			w := o.pass(3 * time.Minute)
			assert.Empty(t, o.rung)
			assert.Empty(t, w.Calling)
			o.pass(time.Minute)
			assert.Len(t, o.rung, 1)
		})
	}
}

func TestNotAtNightNotByHandNotLongAfter(t *testing.T) {
	o := open(t)
	o.asked("", noon.Add(time.Minute))
	o.ready["service"] = true
	o.rules.Open = func(now time.Time) bool { return now.Hour() < 12 }
	o.pass(time.Hour)
	o.rules.Open, o.rules.ByHand = nil, true
	o.pass(time.Hour)
	assert.Empty(t, o.rung)
	o.rules.ByHand = false
	w := o.pass(12 * time.Hour)
	assert.Empty(t, o.rung)
	assert.Equal(t, callback.Late, w.Trouble)
}
