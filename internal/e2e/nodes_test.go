package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound/outboundtest"
	"hotline/sip"
	"hotline/sip/siptest/network"
)

// nodeGone is how long a server may be silent before the others take what was its part
// (docs/campaigns.md), and a moment for who is looking.
const nodeGone = 15 * time.Second

// noonZone is where it is about noon, so that people may be called.
func noonZone() string {
	if h := time.Now().UTC().Hour() - 12; h != 0 {
		return fmt.Sprintf("Etc/GMT%+d", h) // these count westwards
	}
	return "Etc/GMT"
}

// begunBy are the attempts of each campaign that a node has claimed from a time on.
func (x *trial) begunBy(node string, from time.Time) map[string]int {
	x.t.Helper()
	n := map[string]int{}
	for _, c := range x.running {
		list, err := x.db.CampaignAttempts(x.t.Context(), c.ID, 0, 10000)
		require.NoError(x.t, err)
		for _, a := range list {
			if a.Node == node && !a.ClaimedAt.Before(from) {
				n[c.ID]++
			}
		}
	}
	return n
}

// Two servers that may begin 120 calls in a minute and 250 in a day, together, share them three to
// one among two campaigns of which each has people to call on both. One of them is killed:
// the other takes the whole.
func TestServersShareCallsByPriority(t *testing.T) {
	long(t)
	const perMinute, perDay = 120, 250
	if day := time.Now().AddDate(0, 0, 1); time.Until(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())) < 8*time.Minute {
		t.Skip("a day's calls cannot be counted over its end")
	}
	_, url := postgres(t)
	x := newTrial(t, trialConfig{
		database: url, nodes: 2, seed: 5, outbound: fmt.Sprintf("max_calls_per_minute: %d, max_calls_per_day: %d", perMinute, perDay),
		manner: func(string, int) network.Manner { return network.Busy },
	})
	prefix := map[string]string{"high": "+86138", "low": "+86139"}
	for id, priority := range map[string]int{"high": 2, "low": 0} {
		var list []campaigns.Contact
		for i := range 2 * perDay {
			list = append(list, campaigns.Contact{Number: fmt.Sprintf("%s%08d", prefix[id], i), Zone: noonZone()})
		}
		x.add(campaigns.Campaign{
			ID: id, Name: id, Purpose: campaigns.Service, Line: "chinese", Priority: priority, Concurrency: 20, PerSecond: 10, Attempts: 1,
			Variants: []campaigns.Variant{{Name: "a", Greeting: briefZh}},
		}, list, outboundtest.Rules{From: 9 * 60, To: 20 * 60, Going: true})
	}
	rang := func(from, to time.Time) (n map[string]int) {
		n = map[string]int{}
		for _, c := range x.phones.Calls() {
			for id, p := range prefix {
				if strings.HasPrefix(c.Number, p) && !c.At.Before(from) && c.At.Before(to) {
					n[id]++
				}
			}
		}
		return n
	}
	shared := func(what string, d time.Duration) time.Time {
		from := time.Now()
		time.Sleep(d)
		n := rang(from, time.Now())
		all := n["high"] + n["low"]
		t.Logf("%s: %v in %v; node1 %v, node2 %v", what, n, d, x.begunBy("node1", from), x.begunBy("node2", from))
		assert.Greater(t, float64(all), 0.75*perMinute*d.Minutes(), "%s: what may be begun is", what)
		assert.InDelta(t, 0.75, float64(n["high"])/float64(max(1, all)), 0.06, "%s: three of four are of high priority: %v", what, n)
		return from
	}
	both := func() bool {
		begun := time.Time{}
		return len(x.begunBy("node1", begun)) == 2 && len(x.begunBy("node2", begun)) == 2
	}
	require.Eventually(t, both, time.Minute, 200*time.Millisecond, "both servers call for both campaigns")
	time.Sleep(2 * time.Second) // each knows of the other
	from := shared("two servers", 36*time.Second)
	for _, node := range []string{"node1", "node2"} {
		for id, n := range x.begunBy(node, from) {
			all := float64(x.begunBy("node1", from)[id] + x.begunBy("node2", from)[id])
			assert.InDelta(t, 0.5, float64(n)/all, 0.2, "%s has its part of %s", node, id)
		}
	}

	require.NoError(t, x.nodes[1].Kill())
	x.kills++
	time.Sleep(nodeGone)
	from = shared("one server", 30*time.Second)
	assert.Empty(t, x.begunBy("node2", from))

	now := time.Now()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	spent := func() int64 {
		n, err := x.db.Spent(t.Context(), sip.RulePerDay, day)
		require.NoError(t, err)
		return n
	}
	require.Eventually(t, func() bool { return spent() >= perDay }, 2*time.Minute, 200*time.Millisecond, "the day's calls are all begun")
	time.Sleep(5 * time.Second) // and no more
	assert.EqualValues(t, perDay, spent())
	n := rang(day, time.Now())
	t.Logf("the day: %v", n)
	assert.LessOrEqual(t, n["high"]+n["low"], perDay)
	assert.GreaterOrEqual(t, n["high"]+n["low"], perDay-2, "but for what was being begun as the server was killed")
	assert.InDelta(t, 0.75*perDay, n["high"], 0.03*perDay)
	minutes := map[time.Time]int{}
	for _, c := range x.phones.Calls() {
		minutes[c.At.Truncate(time.Minute)]++
	}
	for at, n := range minutes {
		counted, err := x.db.Spent(t.Context(), sip.RulePerMinute, at)
		require.NoError(t, err)
		assert.LessOrEqual(t, counted, int64(perMinute))
		assert.LessOrEqual(t, n, perMinute+2, "two may have rung a moment behind the minute that they are counted in")
	}
	var shown struct {
		Waits struct{ Why campaigns.HoldWhy } `json:"waits"`
	}
	require.NoError(t, x.nodes[0].Get(t.Context(), "/api/v1/campaigns/high", &shown))
	assert.Equal(t, campaigns.HoldPerDay, shown.Waits.Why, "the page says why nobody is called")
	x.check()
}

// deadSettled is how long the calls of a server that died take places from the others
// (docs/campaigns.md), and a moment for who is looking.
const deadSettled = 42 * time.Second

// Two servers hold what a campaign may have at once and in a second, and how often a number
// may be called, together, and use it up. One is killed with its calls: the other has all
// places once these are settled.
func TestServersHoldLimitsTogether(t *testing.T) {
	minutes(t)
	_, url := postgres(t)
	x := newTrial(t, trialConfig{
		database: url, nodes: 2, seed: 6, longest: 12 * time.Second,
		manner: func(number string, _ int) network.Manner {
			if strings.HasPrefix(number, "+86139") {
				return network.Busy
			}
			return network.Talks
		},
	})
	contacts := func(prefix string, n int) (list []campaigns.Contact) {
		for i := range n {
			list = append(list, campaigns.Contact{Number: fmt.Sprintf("%s%08d", prefix, i), Zone: noonZone()})
		}
		return list
	}
	// Everybody would be called five times, of which the server's cap allows three.
	const busy = 24
	gap := map[string]time.Duration{"busy": time.Second}
	x.add(campaigns.Campaign{
		ID: "brief", Name: "brief", Purpose: campaigns.Service, Line: "chinese", Concurrency: 3, PerSecond: 1.5, Attempts: 5,
		Variants: []campaigns.Variant{{Name: "a", Greeting: briefZh}}, Retry: map[campaigns.Outcome]campaigns.Retry{campaigns.Busy: {After: gap["busy"], Times: 5}},
	}, contacts("+86139", busy), outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, Going: true})
	const atOnce = 8
	x.add(campaigns.Campaign{
		ID: "talks", Name: "talks", Purpose: campaigns.Service, Line: "chinese", Priority: 5, Concurrency: atOnce, PerSecond: 2, Attempts: 1,
		Variants: []campaigns.Variant{{Name: "a", Greeting: briefZh}},
	}, contacts("+86138", 400), outboundtest.Rules{From: 9 * 60, To: 20 * 60, Going: true})

	open := func() map[string]int {
		n := map[string]int{}
		list, err := x.db.CampaignAttempts(t.Context(), "talks", 0, 10000)
		require.NoError(t, err)
		for _, a := range list {
			if a.SettledAt.IsZero() {
				n[a.Node]++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { n := open(); return n["node1"]+n["node2"] == atOnce && n["node2"] > 0 && n["node1"] > 0 }, time.Minute, 100*time.Millisecond, "all places are used, on both servers")
	time.Sleep(20 * time.Second)
	require.Eventually(t, func() bool { return open()["node2"] > 0 }, 30*time.Second, 50*time.Millisecond)
	require.NoError(t, x.nodes[1].Kill())
	x.kills++
	killed := time.Now()
	require.Eventually(t, func() bool { return open()["node1"] == atOnce }, deadSettled, 100*time.Millisecond, "the other one has all places")
	t.Logf("the other server had all %d places %v after the kill", atOnce, time.Since(killed).Round(100*time.Millisecond))
	called := func() int {
		list, err := x.db.CampaignAttempts(t.Context(), "brief", 0, 10000)
		require.NoError(t, err)
		return len(list)
	}
	require.Eventually(t, func() bool { return called() >= 3*busy }, time.Minute, 200*time.Millisecond)
	time.Sleep(4 * time.Second) // and no more
	assert.Equal(t, 3*busy, called(), "each is called as often as the cap of a day allows")
	rang := map[string]int{}
	for _, c := range x.phones.Calls() {
		rang[c.Number]++
	}
	for number, n := range rang {
		assert.LessOrEqual(t, n, 3, number)
	}
	l := x.check()
	most := map[string]int{}
	for _, a := range l.Attempts {
		n := 0
		for _, b := range l.Attempts {
			if b.Campaign == a.Campaign && !b.ClaimedAt.After(a.ClaimedAt) && (b.SettledAt.IsZero() || b.SettledAt.After(a.ClaimedAt)) {
				n++
			}
		}
		most[a.Campaign] = max(most[a.Campaign], n)
	}
	assert.Equal(t, atOnce, most["talks"], "as many at once as allowed, and no more")
	assert.LessOrEqual(t, most["brief"], 3)
}
