package outboundtest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound/outboundtest"
)

// The checker finds what it is there to find: each breach alone, in a log that is right
// otherwise.
func TestCheckFindsEachBreach(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	good := func() outboundtest.Log {
		attempt := func(id int64, contact int64, number int, at time.Duration, o campaigns.Outcome) campaigns.Attempt {
			return campaigns.Attempt{
				ID: id, Contact: contact, Call: string(rune('a' + id)), Number: number, Ground: "consent", ClaimedAt: noon.Add(at), SettledAt: noon.Add(at + time.Minute),
				Result: campaigns.Result{Outcome: o},
			}
		}
		return outboundtest.Log{
			Campaign: campaigns.Campaign{Concurrency: 1, Attempts: 2},
			Contacts: []campaigns.Contact{
				{ID: 1, Number: "+861", State: campaigns.Reached, Reason: "person", Made: 2},
				{ID: 2, Number: "+862", State: campaigns.Suppressed, Reason: "own_list"},
			},
			Attempts: []campaigns.Attempt{attempt(1, 1, 1, 0, campaigns.Busy), attempt(2, 1, 2, time.Hour, campaigns.Person)},
			Rung:     map[string]int{"+861": 2}, Suppressed: map[string]time.Time{"+862": noon},
			Interval: map[campaigns.Outcome]time.Duration{campaigns.Busy: 30 * time.Minute}, Zone: time.UTC, From: 9 * 60, To: 20 * 60, PerDay: 2,
		}
	}
	require.Empty(t, outboundtest.Check(good()))
	for name, breach := range map[string]func(*outboundtest.Log){
		"twice":      func(l *outboundtest.Log) { l.Attempts[1].Number = 1 },
		"one call":   func(l *outboundtest.Log) { l.Attempts[1].Call = l.Attempts[0].Call },
		"overlap":    func(l *outboundtest.Log) { l.Attempts[0].SettledAt = noon.Add(2 * time.Hour) },
		"too soon":   func(l *outboundtest.Log) { l.Interval[campaigns.Busy] = 2 * time.Hour },
		"too often":  func(l *outboundtest.Log) { l.Campaign.Attempts = 1 },
		"day":        func(l *outboundtest.Log) { l.PerDay = 1 },
		"window":     func(l *outboundtest.Log) { l.To = 12*60 + 30 },
		"suppressed": func(l *outboundtest.Log) { l.Suppressed["+861"] = noon },
		"rang":       func(l *outboundtest.Log) { l.Rung["+861"] = 3 },
		"stranger":   func(l *outboundtest.Log) { l.Rung["+863"] = 1 },
		"no reason":  func(l *outboundtest.Log) { l.Contacts[1].Reason = "" },
		"waits":      func(l *outboundtest.Log) { l.Contacts[1].State = campaigns.Waiting },
		"lost":       func(l *outboundtest.Log) { l.Attempts[1].SettledAt = time.Time{} },
		"count":      func(l *outboundtest.Log) { l.Contacts[0].Made = 1 },
		"no ground":  func(l *outboundtest.Log) { l.Attempts[0].Ground = "" },
		"no outcome": func(l *outboundtest.Log) { l.Attempts[0].Outcome = "" },
	} {
		t.Run(name, func(t *testing.T) {
			l := good()
			breach(&l)
			require.NotEmpty(t, outboundtest.Check(l))
		})
	}
}
