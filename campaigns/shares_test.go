package campaigns

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Calls that a server may begin are dealt by priority; who has nobody to call leaves his
// part to the others, and nobody waits for ever.
func TestShares(t *testing.T) {
	high, middle, low := Campaign{ID: "high", Priority: 7}, Campaign{ID: "middle", Priority: 1}, Campaign{ID: "low", Priority: -2}
	run := func(ticks int, total float64, room map[string]int, list ...Campaign) map[string]int {
		var s shares
		got := map[string]int{}
		for range ticks {
			s.deal(total, list, nil)
			for _, c := range list {
				if room[c.ID] == 0 {
					s.idle(c.ID)
					continue
				}
				got[c.ID] += s.take(c.ID, room[c.ID])
			}
		}
		return got
	}
	greedy := map[string]int{"high": 50, "middle": 50, "low": 50}
	got := run(600, 1, greedy, high, middle, low)
	assert.InDelta(t, 400, got["high"], 5, "%v", got) // 10 : 4 : 1, the most is ten times the least
	assert.InDelta(t, 160, got["middle"], 5, "%v", got)
	assert.InDelta(t, 40, got["low"], 5, "%v", got)

	got = run(600, 1, map[string]int{"middle": 50, "low": 50}, high, middle, low)
	assert.Zero(t, got["high"])
	assert.InDelta(t, 600, got["middle"]+got["low"], 10, "what one does not need goes to the others: %v", got)

	got = run(10, math.Inf(1), greedy, high, middle, low)
	assert.Equal(t, map[string]int{"high": 500, "middle": 500, "low": 500}, got, "without a bound everybody gets what he has room for")
}

// Servers share what they may begin together: by priority, whichever of them has somebody
// to call for a campaign, and none begins its part twice.
func TestSharesOverServers(t *testing.T) {
	list := []Campaign{{ID: "high", Priority: 9}, {ID: "low"}}
	run := func(total float64, wants ...map[string]bool) map[string]int {
		const ticks = 1200
		servers, got := make([]shares, len(wants)), map[string]int{}
		for range ticks {
			told := make([]map[string]bool, len(servers))
			for i := range servers {
				told[i] = maps.Clone(servers[i].wants)
			}
			for i := range servers {
				s, elsewhere := &servers[i], map[string]int{}
				for j := range told {
					for id, w := range told[j] {
						if j != i && w {
							elsewhere[id]++
						}
					}
				}
				s.deal(total, list, elsewhere)
				for _, c := range list {
					if !wants[i][c.ID] {
						s.idle(c.ID)
						continue
					}
					got[c.ID] += s.take(c.ID, 50)
				}
			}
		}
		return got
	}
	both, high, low := map[string]bool{"high": true, "low": true}, map[string]bool{"high": true}, map[string]bool{"low": true}
	for name, wants := range map[string][]map[string]bool{
		"one": {both}, "two": {both, both}, "three": {both, both, both}, "each another one": {high, low}, "one of them both": {both, low},
	} {
		got := run(1.1, wants...)
		assert.InDelta(t, 1200, got["high"], 12, "ten times as much; %s: %v", name, got)
		assert.InDelta(t, 120, got["low"], 6, "%s: %v", name, got)
	}
	got := run(1.1, low, low)
	assert.InDelta(t, 1320, got["low"], 12, "what one needs nowhere goes to the others: %v", got)
	assert.Zero(t, got["high"])
}

// Whatever the campaigns, their needs and the bound: no more is dealt than there is, but
// for what one tick may keep, and every campaign that wants calls gets some.
func TestSharesStarveNobody(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for range 200 {
		list := make([]Campaign, 1+random.IntN(6))
		for i := range list {
			list[i] = Campaign{ID: string(rune('a' + i)), Priority: random.IntN(40) - 20}
		}
		var s shares
		total := 0.2 + 3*random.Float64()
		const ticks = 1500
		got, all := map[string]int{}, 0
		for range ticks {
			s.deal(total, list, nil)
			for _, c := range list {
				n := s.take(c.ID, 1+random.IntN(30))
				got[c.ID], all = got[c.ID]+n, all+n
			}
		}
		require.LessOrEqual(t, float64(all), total*ticks+2*total+2*float64(len(list)))
		require.Greater(t, float64(all), 0.9*total*ticks, "%v of %v", all, total*ticks)
		for _, c := range list {
			require.Positive(t, got[c.ID], "%+v %v", list, got)
		}
	}
}

func TestBudgetIsSpreadOverItsMinute(t *testing.T) {
	now := time.Date(2026, 11, 2, 10, 0, 30, 0, time.UTC)
	for _, c := range []struct {
		name  string
		b     Budget
		total float64
		why   HoldWhy
		until time.Time
	}{
		{"no bound", Budget{Minute: -1, Day: -1}, math.Inf(1), "", time.Time{}},
		{"half of the minute is left", Budget{Minute: 60, Day: 2000, MinuteLeft: 30 * time.Second}, 2, "", time.Time{}},
		{"less is left of the day", Budget{Minute: 60, Day: 1, MinuteLeft: 30 * time.Second}, 1, "", time.Time{}},
		{"the minute is used up", Budget{Minute: 0, Day: 9, MinuteLeft: 30 * time.Second}, 0, HoldPerMinute, now.Add(30 * time.Second)},
		{"the day is used up", Budget{Minute: 9, Day: 0, DayLeft: time.Hour}, 0, HoldPerDay, now.Add(time.Hour)},
		{"the last moment of a minute", Budget{Minute: 5, Day: -1, MinuteLeft: time.Millisecond}, 5, "", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			total, why, until := c.b.perTick(now, time.Second)
			assert.InEpsilon(t, 1+min(c.total, 1e9), 1+min(total, 1e9), 1e-9)
			assert.Equal(t, c.why, why)
			assert.Equal(t, c.until, until)
		})
	}
}

// A campaign whose calls do not go out rests, longer each time, and says why; one that
// goes out ends that.
func TestCampaignsRestWhileTheirCallsDoNotGoOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Hold
		var kinds []string
		r := NewRunner(RunnerConfig{
			Held:    func(_ context.Context, h Hold) { told = append(told, h) },
			Publish: func(e Event) { kinds = append(kinds, e.Kind) },
		})
		c, began := Campaign{ID: "notice"}, time.Now()
		ask := func() int {
			_, err := r.deal(t.Context(), []Campaign{c})
			require.NoError(t, err)
			return r.grant(t.Context(), c, time.Now(), 5)
		}
		require.Equal(t, 5, ask())
		require.Empty(t, r.Holds())
		failed := Result{Outcome: NotPlaced, Kind: NotPlacedTrunk, Error: "carrier: 503"}
		for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			r.placed(c.ID, failed)
			r.placed(c.ID, failed) // begun with it: it counts once
			require.Zero(t, ask())
			h := r.Holds()["notice"]
			require.Equal(t, HoldReach, h.Why)
			require.Equal(t, "carrier: 503", h.Detail)
			require.Equal(t, time.Now().Add(pause), h.Until)
			time.Sleep(pause)
			require.Equal(t, 5, ask())
		}
		require.Len(t, told, 1, "the audit is not flooded")
		require.Equal(t, []string{"waits"}, kinds, "what is shown changes once")
		require.Equal(t, began, r.Holds()["notice"].Since, "it has waited all the while")
		r.goesOn(t.Context(), c.ID)
		require.Empty(t, r.Holds())
		require.Equal(t, []string{"waits", "waits"}, kinds)
		r.placed(c.ID, Result{Outcome: Busy})
		require.Empty(t, r.waits.rests)
		for _, kind := range []string{NotPlacedNumber, NotPlacedPlace, NotPlacedCalled, notPlacedSame} {
			r.placed(c.ID, Result{Outcome: NotPlaced, Kind: kind})
			require.Equal(t, 5, ask(), "%s says nothing of the others", kind)
		}
		_, err := r.deal(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, r.Holds(), "nothing is kept of campaigns that are over")
	})
}

// A contact whose call did not go out waits, longer each time and within the hours, and
// at last is given up; what can never go out is over at once.
func TestPutBack(t *testing.T) {
	k := customer()
	due := ten
	for times := 1; times <= maxPutBacks; times++ {
		n := rules().Next(due, notice(), k, map[Outcome]int{NotPlaced: times}, Result{Outcome: NotPlaced, Kind: NotPlacedTrunk})
		require.Equal(t, Waiting, n.State)
		require.Equal(t, "not_placed", n.Reason)
		require.GreaterOrEqual(t, n.Due.Sub(due), time.Minute)
		if times >= 8 {
			require.GreaterOrEqual(t, n.Due.Sub(due), time.Hour)
		}
		require.Contains(t, Words(n.Ground, "en"), "no call went out (no_trunk)")
		require.Equal(t, RefusedInterval, rules().Allowed(due, notice(), Contact{Number: k.Number, Zone: k.Zone, Due: n.Due}, Facts{}).Refusal)
		due = n.Due
	}
	require.Greater(t, due.Sub(ten), 24*time.Hour, "a trunk that is down for a day ends nothing")
	next := func(kind string, times int) Next {
		return rules().Next(ten, notice(), k, map[Outcome]int{NotPlaced: times}, Result{Outcome: NotPlaced, Kind: kind})
	}
	assert.Equal(t, Exhausted, next(NotPlacedTrunk, maxPutBacks+1).State)
	assert.Equal(t, Invalid, next(NotPlacedNumber, 1).State)
	assert.Equal(t, Suppressed, next(NotPlacedPlace, 1).State)
	assert.Equal(t, ten, next(NotPlacedCalled, 9).Due, "it waits for the campaign alone")
	assert.GreaterOrEqual(t, next("calls_per_day", 1).Due.Sub(ten), time.Hour)
}
