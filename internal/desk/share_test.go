package desk_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
)

// The level follows the queue with hysteresis, not shorter than it must last, each
// change is told, and somebody may decide otherwise.
func TestShare(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	var bus event.Bus
	sub := bus.Subscribe("share.changed")
	store := &memory{}
	rules := desk.ShareRules{BusyWaiting: 6, CalmWaiting: 2, BusyWait: 5 * time.Minute, IdleAgents: 4, IdleBot: 70, Least: time.Minute}
	s := desk.NewShare(rules, store, &bus, func() time.Time { return now })
	for i, step := range []struct {
		after time.Duration
		load  desk.Load
		want  desk.Level
	}{
		{10 * time.Second, desk.Load{Waiting: 9}, desk.Usual}, // not yet
		{time.Minute, desk.Load{Waiting: 9}, desk.MoreBot},
		{time.Minute, desk.Load{Waiting: 5}, desk.MoreBot}, // between the thresholds
		{time.Minute, desk.Load{Waiting: 3}, desk.MoreBot},
		{time.Minute, desk.Load{Waiting: 2, Wait: 4 * time.Minute}, desk.MoreBot}, // few, but long
		{time.Minute, desk.Load{Waiting: 2}, desk.Usual},
		{time.Second, desk.Load{Waiting: 9}, desk.Usual},
		{time.Minute, desk.Load{Waiting: 5}, desk.Usual}, // from the other side it stays, too
		{time.Minute, desk.Load{Wait: 5 * time.Minute, Waiting: 1}, desk.MoreBot},
		{2 * time.Minute, desk.Load{Ready: 5}, desk.MorePeople},
		{2 * time.Minute, desk.Load{Ready: 3}, desk.MorePeople},
		{2 * time.Minute, desk.Load{Ready: 2}, desk.Usual},
	} {
		now = now.Add(step.after)
		s.Observe(step.load)
		require.Equal(t, step.want, s.Level(), "step %d", i)
	}
	require.NoError(t, s.Set(t.Context(), "more_people", "li"))
	now = now.Add(time.Hour)
	s.Observe(desk.Load{Waiting: 50})
	assert.Equal(t, desk.MorePeople, s.Level(), "somebody has decided")
	require.ErrorIs(t, s.Set(t.Context(), "sideways", "li"), desk.ErrLevel)

	after := desk.NewShare(rules, store, &bus, func() time.Time { return now })
	require.NoError(t, after.Restore(t.Context()))
	assert.Equal(t, "more_people", after.State().Mode, "a restart finds it")
	require.NoError(t, after.Set(t.Context(), desk.Auto, "li"))
	now = now.Add(time.Minute)
	after.Observe(desk.Load{Waiting: 50})
	assert.Equal(t, desk.MoreBot, after.Level())
	sub.Close()
	var levels []desk.Level
	for e := range sub.C() {
		levels = append(levels, e.Data.(desk.ShareState).Level)
	}
	assert.Equal(t, []desk.Level{
		desk.MoreBot, desk.Usual, desk.MoreBot, desk.MorePeople, desk.Usual, desk.MorePeople, desk.MorePeople, desk.MoreBot,
	}, levels)
}

// While the bot takes more, who asked for a person, or needs one, waits as ever.
func TestMoreBotIsNotForWhoAsked(t *testing.T) {
	share := desk.NewShare(desk.ShareRules{}, nil, nil, nil)
	require.NoError(t, share.Set(t.Context(), "more_bot", "li"))
	office(t, desk.Config{Agents: three(), Share: share}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		_, err := d.Enter(t.Context(), call.Waiting{Call: "1"})
		require.ErrorIs(t, err, call.ErrQueueBusy)
		_, err = d.Enter(t.Context(), call.Waiting{Call: "2", Asked: true})
		require.NoError(t, err)
		_, err = d.Enter(t.Context(), call.Waiting{Call: "3", Urgent: true})
		require.NoError(t, err)
	})
}

func hashed(value string) (string, error) {
	sum := sha256.Sum256([]byte("key" + value))
	return hex.EncodeToString(sum[:]), nil
}

func numbers(n int) []string {
	var out []string
	for i := range n {
		out = append(out, "138"+strconv.Itoa(10000000+i*7919))
	}
	return out
}

// As many callers meet the bot as the percentage says, always the same; with a larger
// one those and more.
func TestRollout(t *testing.T) {
	share := desk.NewShare(desk.ShareRules{IdleAgents: 1, IdleBot: 20}, nil, nil, nil)
	r := desk.NewRollout([]desk.RolloutRules{{Line: "main", Bot: 30}, {Line: "other", Bot: 100}}, share, hashed, nil, nil, nil)
	met := func(line string) map[string]bool {
		out := map[string]bool{}
		for _, n := range numbers(4000) {
			if r.Bot(line, n, "id") {
				out[n] = true
			}
		}
		return out
	}
	first := met("main")
	assert.InDelta(t, 1200, len(first), 120)
	assert.Equal(t, first, met("main"), "sticky")
	assert.Len(t, met("other"), 4000)
	assert.Len(t, met("of no rollout"), 4000)
	require.NoError(t, r.Set(t.Context(), "main", "", 60, "li"))
	more := met("main")
	assert.InDelta(t, 2400, len(more), 150)
	for n := range first {
		require.True(t, more[n], "who met the bot still does")
	}
	require.NoError(t, share.Set(t.Context(), "more_people", "li"))
	assert.InDelta(t, 800, len(met("main")), 120)
	assert.InDelta(t, 800, len(met("other")), 120)
	require.ErrorIs(t, r.Set(t.Context(), "none", "", 1, "li"), desk.ErrNoLine)
	require.ErrorIs(t, r.Set(t.Context(), "main", "", 101, "li"), desk.ErrPercent)
}

// When too few calls are resolved the bot takes fewer, says so, and a restart knows;
// somebody may set it again.
// A scene has a percentage, a fallback and dice of its own; a caller's lot stays.
func TestRolloutOfAScene(t *testing.T) {
	rules := []desk.RolloutRules{{Line: "main", Bot: 100}, {Line: "main", Scene: "after-sales", Bot: 30, MinResolved: 0.5, Window: 4, Fallback: 5}}
	store := &memory{values: map[string]string{}}
	share := desk.NewShare(desk.ShareRules{}, nil, nil, nil)
	r := desk.NewRollout(rules, share, hashed, store, nil, nil)
	met := func(scene string) (out []string) {
		for i := range 2000 {
			if n := strconv.Itoa(i); r.BotScene("main", scene, n, "id"+n) {
				out = append(out, n)
			}
		}
		return out
	}
	some := met("after-sales")
	assert.InDelta(t, 600, len(some), 80)
	assert.Equal(t, some, met("after-sales"), "always the same callers")
	assert.Len(t, met("pre-sales"), 2000, "no rule, so the bot")
	require.NoError(t, r.Set(t.Context(), "main", "after-sales", 60, "li"))
	assert.Subset(t, met("after-sales"), some, "who meets it still does")
	require.NoError(t, share.Set(t.Context(), string(desk.MoreBot), "li"))
	assert.Len(t, met("after-sales"), 2000, "people have too much to do")
	require.NoError(t, share.Set(t.Context(), string(desk.Usual), "li"))

	for i := range 4 { // the line's own calls are not what failed
		id := "x" + strconv.Itoa(i)
		n := 0
		for !r.BotScene("main", "after-sales", "n"+strconv.Itoa(n), id) {
			n++
		}
		require.NoError(t, r.Over(t.Context(), "main", id, true, false))
	}
	lines := r.Lines()
	require.Len(t, lines, 2)
	assert.Equal(t, 100, lines[0].Bot)
	assert.Equal(t, 5, lines[1].Bot)
	assert.Equal(t, "fallback", lines[1].By)
	again := desk.NewRollout(rules, share, hashed, store, nil, nil)
	require.NoError(t, again.Restore(t.Context()))
	assert.Equal(t, 5, again.Lines()[1].Bot, "a restart finds it")

	rules[1].Window = 9
	again.SetRules(rules)
	assert.Equal(t, 5, again.Lines()[1].Bot, "another rule leaves it")
	rules[1].Bot = 40
	again.SetRules(rules)
	assert.Equal(t, 40, again.Lines()[1].Bot, "another number in the file counts")
}

func TestRolloutFallsBack(t *testing.T) {
	ctx := context.Background()
	var bus event.Bus
	sub := bus.Subscribe("rollout.changed")
	store := &memory{}
	rules := []desk.RolloutRules{{Line: "main", Bot: 60, MinResolved: 0.5, Window: 20, Fallback: 10}}
	r := desk.NewRollout(rules, nil, hashed, store, &bus, nil)
	for i := range 19 {
		require.NoError(t, r.Over(ctx, "main", "c", true, i%3 == 0))
	}
	assert.Equal(t, 60, r.Lines()[0].Bot, "too few to tell")
	require.NoError(t, r.Over(ctx, "main", "c", true, false))
	l := r.Lines()[0]
	assert.Equal(t, 10, l.Bot)
	assert.Equal(t, "fallback", l.By)
	for range 100 {
		require.NoError(t, r.Over(ctx, "main", "c", true, false))
	}
	after := desk.NewRollout(rules, nil, hashed, store, &bus, nil)
	require.NoError(t, after.Restore(ctx))
	assert.Equal(t, 10, after.Lines()[0].Bot)
	require.NoError(t, after.Set(ctx, "main", "", 60, "li"))
	assert.Equal(t, 60, after.Lines()[0].Bot)
	rules[0].Bot = 80
	edited := desk.NewRollout(rules, nil, hashed, store, &bus, nil)
	require.NoError(t, edited.Restore(ctx))
	assert.Equal(t, 80, edited.Lines()[0].Bot, "what the owner writes later counts")
	sub.Close()
	n := 0
	for range sub.C() {
		n++
	}
	assert.Equal(t, 2, n)
}
