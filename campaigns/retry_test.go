package campaigns

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNext(t *testing.T) {
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, time.FixedZone("", 8*3600)) }
	for _, c := range []struct {
		name        string
		now         time.Time
		r           Result
		made        map[Outcome]int
		state       ContactState
		reason      string
		from, until time.Time // of Due
	}{
		{"talked to", ten, Result{Outcome: Person}, nil, Reached, "person", time.Time{}, time.Time{}},
		{"said no for good", ten, Result{Outcome: Person, Refused: true, Callback: at(3, 9, 0)}, nil, Suppressed, "refused", time.Time{}, time.Time{}},
		{"call me at three", ten, Result{Outcome: Person, Callback: at(2, 15, 0)}, nil, Waiting, "callback", at(2, 15, 0), at(2, 15, 0)},
		{"call me at night", ten, Result{Outcome: Person, Callback: at(2, 23, 0)}, nil, Waiting, "callback", at(3, 9, 0), at(3, 9, 0)},
		{"call me, said for the fourth time", ten, Result{Outcome: Person, Callback: at(2, 15, 0)}, map[Outcome]int{Person: 4}, Reached, "person", time.Time{}, time.Time{}},
		{"busy", ten, Result{Outcome: Busy}, nil, Waiting, "busy", at(2, 10, 15), at(2, 10, 18)},
		{"busy for the fourth time", ten, Result{Outcome: Busy}, map[Outcome]int{Busy: 4}, Exhausted, "busy", time.Time{}, time.Time{}},
		{"nobody there", ten, Result{Outcome: NoAnswer}, nil, Waiting, "no_answer", at(2, 12, 0), at(2, 12, 20)},
		{"nobody there in the evening", at(2, 19, 0), Result{Outcome: NoAnswer}, nil, Waiting, "no_answer", at(3, 9, 0), at(3, 9, 45)},
		{"a machine in the morning", ten, Result{Outcome: Voicemail}, nil, Waiting, "voicemail", at(3, 14, 0), at(3, 14, 20)},
		{"a machine in the afternoon", at(2, 18, 0), Result{Outcome: Voicemail}, nil, Waiting, "voicemail", at(3, 13, 0), at(3, 13, 20)},
		{"a fax", ten, Result{Outcome: Fax}, nil, Exhausted, "fax", time.Time{}, time.Time{}},
		{"no such number", ten, Result{Outcome: Announcement, Kind: "invalid_number"}, nil, Invalid, "invalid_number", time.Time{}, time.Time{}},
		{"no such number, by code", ten, Result{Outcome: Failed, Status: 404}, nil, Invalid, "invalid_number", time.Time{}, time.Time{}},
		{"out of service", ten, Result{Outcome: Announcement, Kind: "suspended"}, nil, Exhausted, "suspended", time.Time{}, time.Time{}},
		{"in another call", ten, Result{Outcome: Announcement, Kind: "in_call"}, nil, Waiting, "busy", at(2, 10, 15), at(2, 10, 18)},
		{"switched off", ten, Result{Outcome: Announcement, Kind: "powered_off"}, nil, Waiting, "no_answer", at(2, 12, 0), at(2, 12, 20)},
		{"the network failed", ten, Result{Outcome: Failed, Status: 503}, nil, Waiting, "failed", at(2, 10, 10), at(2, 10, 12)},
		{"abandoned", ten, Result{Outcome: Abandoned}, nil, Waiting, "abandoned", at(5, 10, 0), at(5, 10, 20)},
		{"the node died", ten, Result{Outcome: Interrupted}, nil, Waiting, "interrupted", at(2, 10, 30), at(2, 10, 36)},
		{"nobody there when called back", ten, Result{Outcome: NoAnswer}, map[Outcome]int{Person: 1, NoAnswer: 1, Busy: 1}, Waiting, "callback", at(2, 12, 0), at(2, 12, 20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, made := customer(), c.made
			if made == nil {
				made = map[Outcome]int{c.r.Outcome: 1}
			}
			for _, n := range made {
				k.Made += n
			}
			campaign := notice()
			if c.state == Exhausted {
				campaign.Attempts = 10
			}
			n := rules().Next(c.now, campaign, k, made, c.r)
			require.Equal(t, c.state, n.State)
			require.Equal(t, c.reason, n.Reason)
			if c.from.IsZero() {
				require.True(t, n.Due.IsZero())
				return
			}
			require.False(t, n.Due.Before(c.from), n.Due)
			require.False(t, n.Due.After(c.until), n.Due)
		})
	}
	k := customer()
	k.Made = 3
	n := rules().Next(ten, notice(), k, map[Outcome]int{NoAnswer: 1, Busy: 2}, Result{Outcome: Busy})
	require.Equal(t, Exhausted, n.State, "as often as the campaign says")
}

var outcomes = []Outcome{Person, Voicemail, Fax, Screening, Menu, Announcement, Busy, NoAnswer, Silence, Declined, Abandoned, Failed, Interrupted}

// Never before the interval, always when it is allowed, and never without end.
func TestNextKeepsTheInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	rules := rules()
	for range 20_000 {
		c, k := notice(), customer()
		k.ID, k.Number = r.Int64N(1000), []string{"+8613800138000", "+61412345678", "+8613800138001"}[r.IntN(3)]
		c.Retry = map[Outcome]Retry{}
		for _, o := range outcomes {
			if r.IntN(2) == 0 {
				c.Retry[o] = Retry{After: time.Duration(r.IntN(200_000)) * time.Second, Times: r.IntN(4)}
			}
		}
		c.Attempts = r.IntN(6)
		now := day(2026, 1, 1).Add(time.Duration(r.IntN(365*24*60)) * time.Minute)
		made := map[Outcome]int{}
		for i := 0; ; i++ {
			require.Less(t, i, 10, "a contact is called for ever")
			result := Result{Outcome: outcomes[r.IntN(len(outcomes))]}
			made[result.Outcome]++
			k.Made++
			n := rules.Next(now, c, k, made, result)
			require.NotEmpty(t, n.Reason)
			if n.State.Over() {
				break
			}
			after := c.interval(as(result))
			if own, ok := c.Retry[result.Outcome]; ok {
				after = own.After
			}
			require.False(t, n.Due.Before(now.Add(after)), "%s: due %s after %s", result.Outcome, n.Due, now)
			again := rules.Next(now, c, k, made, result)
			require.Equal(t, n, again, "the same contact, the same time")
			k.Reason, k.Due = n.Reason, n.Due
			v := rules.Allowed(n.Due, c, k, Facts{Last: now})
			require.Empty(t, v.Refusal, Words(v.Ground, "en"))
			now = n.Due
		}
	}
}

// What fails at one moment does not come back as one.
func TestRetriesAreSpread(t *testing.T) {
	rules, c := rules(), notice()
	evening := time.Date(2026, 11, 2, 19, 30, 0, 0, time.FixedZone("", 8*3600))
	minutes := map[int]int{}
	for i := range 4500 {
		k := Contact{ID: int64(i), Made: 1, State: Waiting, Zone: "Asia/Shanghai"}
		n := rules.Next(evening, c, k, map[Outcome]int{NoAnswer: 1}, Result{Outcome: NoAnswer})
		minutes[int(n.Due.Sub(evening)/time.Minute)]++
	}
	require.Len(t, minutes, 45)
	for m, n := range minutes {
		require.InDelta(t, 100, n, 60, "minute %d", m)
	}
}
