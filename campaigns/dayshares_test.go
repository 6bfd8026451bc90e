package campaigns

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A day's calls go to campaigns by priority, however fast each of them is; what one does not
// need, the others get.
func TestSharesOfADay(t *testing.T) {
	high, low := Campaign{ID: "high", Priority: 8}, Campaign{ID: "low"}
	day := func(left int, speed map[string]int, need func(tick int, id string) int, list ...Campaign) map[string]int {
		var d dayShares
		got := map[string]int{}
		for tick := 0; tick < 5000 && left > 0; tick++ {
			d.deal(left, got, list, func(c Campaign) int { return need(tick, c.ID) })
			for _, c := range list {
				if need(tick, c.ID) >= 0 { // it has nobody to call now
					continue
				}
				n := min(d.take(c.ID, speed[c.ID]), left)
				left -= n
				got[c.ID] += n
			}
		}
		return got
	}
	always := func(int, string) int { return -1 }
	got := day(1000, map[string]int{"high": 1, "low": 20}, always, low, high)
	assert.InDelta(t, 900, got["high"], 2, "nine times as much: %v", got)
	assert.Equal(t, 1000, got["high"]+got["low"])

	got = day(1000, map[string]int{"high": 1, "low": 20}, func(tick int, id string) int {
		if id == "high" && tick > 99 {
			return 0
		}
		return -1
	}, low, high)
	assert.Equal(t, map[string]int{"high": 100, "low": 900}, got, "what one does not need goes to the other")

	// One whose hours are still to come has kept for it what it will need.
	got = day(1000, map[string]int{"high": 5, "low": 20}, func(tick int, id string) int {
		switch {
		case id == "high" && tick < 200:
			return 30
		case id == "high" && tick > 205:
			return 0
		}
		return -1
	}, low, high)
	assert.Equal(t, map[string]int{"high": 30, "low": 970}, got)

	var d dayShares
	d.deal(-1, nil, []Campaign{low}, func(Campaign) int { return -1 })
	assert.Equal(t, 50, d.take("low", 50), "without a bound everybody gets what he has room for")
	d.deal(1, nil, []Campaign{low, high}, func(Campaign) int { return -1 })
	assert.Equal(t, 1, d.take("high", 5), "the last call goes to somebody")
	d.deal(0, map[string]int{"high": 1}, []Campaign{low, high}, func(Campaign) int { return -1 })
	assert.Zero(t, d.take("high", 5))
	d.deal(100, nil, []Campaign{low, high}, func(Campaign) int { return -1 })
	assert.Equal(t, 90, d.take("high", 500), "a new day begins anew")
}

// A day's calls are shared over all servers: one that begins a campaign's calls leaves less
// for it to the others.
func TestSharesOfADayOverServers(t *testing.T) {
	high, low := Campaign{ID: "high", Priority: 8}, Campaign{ID: "low"}
	var servers [2]dayShares
	left, got := 1000, map[string]int{}
	for tick := 0; tick < 2000 && left > 0; tick++ {
		for i := range servers {
			servers[i].deal(left, got, []Campaign{high, low}, func(Campaign) int { return -1 })
			speed := map[string]int{"high": 1 - i, "low": 20} // only the first has agents for the high one
			for _, c := range []Campaign{high, low} {
				n := min(servers[i].take(c.ID, speed[c.ID]), left)
				left -= n
				got[c.ID] += n
			}
		}
	}
	assert.Zero(t, left)
	assert.InDelta(t, 900, got["high"], 3, "%v", got)
}

// Whatever the campaigns and their speeds: a day's calls are used up, and each gets its part.
func TestSharesOfADayAreUsed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	for range 300 {
		list := make([]Campaign, 1+r.IntN(6))
		for i := range list {
			list[i] = Campaign{ID: string(rune('a' + i)), Priority: r.IntN(40) - 20}
		}
		var d dayShares
		left := 50 + r.IntN(500)
		all, got := left, map[string]int{}
		for tick := 0; left > 0; tick++ {
			require.Less(t, tick, 10000, "it is used up: %d of %d are left", left, all)
			d.deal(left, got, list, func(Campaign) int { return -1 })
			for _, c := range list {
				n := d.take(c.ID, 1+r.IntN(20))
				n = min(n, left)
				left -= n
				got[c.ID] += n
			}
		}
		weight, total := weights(list), 0.0
		for _, c := range list {
			total += weight(c)
		}
		for _, c := range list {
			require.InDelta(t, float64(all)*weight(c)/total, float64(got[c.ID]), float64(len(list))+1, "%+v %v", list, got)
		}
	}
}
