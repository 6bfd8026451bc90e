package outboundtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/outbound/outboundtest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday

// attempt lasts a minute.
func attempt(id, contact int64, number int, at time.Duration, outcome string) outboundtest.Attempt {
	return outboundtest.Attempt{
		ID: id, Campaign: "one", Contact: contact, Call: string(rune('a' + id)), Number: number, Ground: "consent",
		ClaimedAt: noon.Add(at), SettledAt: noon.Add(at + time.Minute), Outcome: outcome,
	}
}

func ring(id, number string, at time.Duration) outboundtest.Ring {
	return outboundtest.Ring{CallID: id, Number: number, At: noon.Add(at + time.Second), Status: 486}
}

// good is a log that breaks nothing, and of which each rule has something to look at.
func good() outboundtest.Log {
	l := outboundtest.Log{
		Contacts: []outboundtest.Contact{
			{ID: 1, Campaign: "one", Number: "+861", State: "reached", Reason: "person", Made: 2},
			{ID: 2, Campaign: "one", Number: "+862", State: "suppressed", Reason: "own_list"},
			{ID: 3, Campaign: "one", Number: "+863", State: "suppressed", Reason: "refused", Made: 1},
			{ID: 4, Campaign: "two", Number: "+861", State: "exhausted", Reason: "no_answer", Made: 1},
			{ID: 5, Campaign: "one", Number: "+865", State: "reached", Reason: "person", Made: 2, Zone: "Asia/Shanghai"},
		},
		Attempts: []outboundtest.Attempt{
			attempt(1, 1, 1, 0, "busy"), attempt(2, 1, 2, time.Hour, "person"), attempt(3, 3, 1, 2*time.Hour, "person"), attempt(4, 4, 1, 3*time.Hour, "no_answer"),
			attempt(5, 5, 1, -2*time.Hour, "person"), attempt(6, 5, 2, -time.Hour, "person"),
		},
		Suppressions: []outboundtest.Suppression{{Number: "+862", At: noon, How: "list"}, {Number: "+863", At: noon.Add(2*time.Hour + time.Minute), How: "said"}},
		Refusals:     []outboundtest.Refusal{{Contact: 2, Reason: "own_list", Ground: "own_list"}},
		Rings: []outboundtest.Ring{
			ring("r1", "+861", 0), ring("r2", "+861", time.Hour), ring("r3", "+863", 2*time.Hour), ring("r4", "+861", 3*time.Hour), ring("r5", "+865", -2*time.Hour), ring("r6", "+865", -time.Hour),
		},
		Leaps:    []outboundtest.Leap{{At: noon.Add(-24 * time.Hour)}},
		Troubles: []outboundtest.Span{{From: noon.Add(-time.Minute), To: noon.Add(time.Minute)}},
		Rules: map[string]outboundtest.Rules{
			"one": {
				Attempts: 2, Callbacks: 1, Gap: map[string]time.Duration{"busy": 30 * time.Minute, "person": 0}, PerDay: 2, PerWeek: 2, PerCampaign: 2,
				From: 9 * 60, To: 20 * 60, AtOnce: 1, PerSecond: 1,
			},
			"two": {Attempts: 1},
		},
		PerDay: 3, PerWeek: 3, AtOnce: 1, Zone: "UTC",
	}
	l.Attempts[3].Campaign = "two"
	l.Attempts[4].Callback = noon.Add(-time.Hour) // he asked for it, and had it
	return l
}

// rules are those of a campaign, changed.
func rules(l *outboundtest.Log, change func(*outboundtest.Rules)) {
	r := l.Rules["one"]
	change(&r)
	l.Rules["one"] = r
}

// The checker finds what it is there to find: each breach alone, in a log that is right
// otherwise, by the rule that it breaks.
func TestCheckFindsEachBreach(t *testing.T) {
	t.Parallel()
	require.Empty(t, outboundtest.Check(good()))
	for _, forged := range []struct {
		name, rule string
		breach     func(*outboundtest.Log)
	}{
		{"a contact twice", "contacts", func(l *outboundtest.Log) { l.Contacts = append(l.Contacts, l.Contacts[1]) }},
		{"of nobody", "contacts", func(l *outboundtest.Log) { l.Attempts[0].Contact = 9 }},
		{"of the other campaign", "contacts", func(l *outboundtest.Log) { l.Attempts[0].Campaign = "two" }},
		{"number twice", "once", func(l *outboundtest.Log) { l.Attempts[1].Number = 1 }},
		{"number left out", "once", func(l *outboundtest.Log) { l.Attempts[1].Number = 3 }},
		{"one call for two", "once", func(l *outboundtest.Log) { l.Attempts[1].Call = l.Attempts[0].Call }},
		{"two at a time", "once", func(l *outboundtest.Log) { l.Attempts[0].SettledAt = noon.Add(61 * time.Minute) }},
		{"two campaigns at a time", "once", func(l *outboundtest.Log) { l.Attempts[3].ClaimedAt = noon.Add(time.Hour + time.Second) }},
		{"too often", "attempts", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.Attempts = 1 }) }},
		{"too soon", "gap", func(l *outboundtest.Log) { l.Attempts[1].ClaimedAt = noon.Add(30 * time.Minute) }},
		{"too soon behind an announcement", "gap", func(l *outboundtest.Log) {
			l.Attempts[0].Outcome, l.Attempts[0].Kind = "announcement", "in_call"
			l.Attempts[1].ClaimedAt = noon.Add(30 * time.Minute)
		}},
		{"before he asked", "callback", func(l *outboundtest.Log) { l.Attempts[4].Callback = noon.Add(-59 * time.Minute) }},
		{"day", "cap of a day", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.PerDay = 1 }) }},
		{"week", "cap of a week", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.PerWeek = 1 }) }},
		{"campaign", "cap of a campaign", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.PerCampaign = 1 }) }},
		{"day of all", "cap of a day", func(l *outboundtest.Log) { l.PerDay = 2 }},
		{"week of all", "cap of a week", func(l *outboundtest.Log) { l.PerWeek = 2 }},
		{"early", "window", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.From = 12*60 + 1 }) }},
		{"late", "window", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.To = 13 * 60 }) }},
		{"late where he is", "window", func(l *outboundtest.Log) {
			l.Contacts[4].Zone = "Asia/Kolkata"
			l.Attempts[5].ClaimedAt = noon.Add(150 * time.Minute)
		}},
		{"no zone", "zones", func(l *outboundtest.Log) { l.Contacts[4].Zone = "Asia/Nowhere" }},
		{"holiday", "holiday", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.Closed = []string{"2026-11-23"} }) }},
		{"suppressed", "suppression", func(l *outboundtest.Log) { l.Suppressions[0].Number = "+861" }},
		{"suppressed meanwhile by the other campaign", "suppression", func(l *outboundtest.Log) {
			l.Suppressions = append(l.Suppressions, outboundtest.Suppression{Number: "+861", At: noon.Add(2 * time.Hour)})
		}},
		{"a no that was lost", "suppression", func(l *outboundtest.Log) { l.Attempts[1].Refused = true }},
		{"a no that was not heard", "no", func(l *outboundtest.Log) {
			l.Rings[1].Manner, l.Rings[1].By, l.Rings[1].Said = "says_no", "caller", []string{"Hello?", "Take me off your list."}
		}},
		{"at once", "at once", func(l *outboundtest.Log) {
			l.Attempts[2].ClaimedAt, l.Rings[2].At = noon.Add(30*time.Second), noon.Add(31*time.Second)
			l.Suppressions[1].At = noon.Add(30 * time.Second)
			l.AtOnce = 0
		}},
		{"at once in all", "at once", func(l *outboundtest.Log) {
			l.Attempts[3].ClaimedAt, l.Rings[3].At = noon.Add(2*time.Hour+30*time.Second), noon.Add(2*time.Hour+31*time.Second)
		}},
		{"pace", "calls a second", func(l *outboundtest.Log) { rules(l, func(r *outboundtest.Rules) { r.PerSecond = 1. / 3700 }) }},
		{"abandoned", "abandoned", func(l *outboundtest.Log) {
			for i := range int64(60) {
				k := 100 + i
				outcome := "person"
				if i < 2 {
					outcome = "abandoned"
				}
				at := time.Duration(100+i) * 2 * time.Minute
				l.Contacts = append(l.Contacts, outboundtest.Contact{ID: k, Campaign: "two", Number: string(rune('A' + i)), State: "reached", Reason: outcome, Made: 1})
				a := attempt(k, k, 1, at, outcome)
				a.Campaign = "two"
				l.Attempts = append(l.Attempts, a)
			}
		}},
		{"lost", "left", func(l *outboundtest.Log) { l.Attempts[1].SettledAt = time.Time{} }},
		{"back in time", "left", func(l *outboundtest.Log) { l.Attempts[2].SettledAt = noon }},
		{"waits", "left", func(l *outboundtest.Log) { l.Contacts[0].State = "waiting" }},
		{"dials", "left", func(l *outboundtest.Log) { l.Contacts[0].State = "dialling" }},
		{"unheard of", "left", func(l *outboundtest.Log) { l.Contacts[0].State = "gone" }},
		{"no reason", "reason", func(l *outboundtest.Log) { l.Contacts[1].Reason = "" }},
		{"no refusal", "reason", func(l *outboundtest.Log) { l.Refusals = []outboundtest.Refusal{} }},
		{"no outcome", "reason", func(l *outboundtest.Log) { l.Attempts[0].Outcome = "" }},
		{"no ground", "ground", func(l *outboundtest.Log) { l.Attempts[0].Ground = "" }},
		{"no ground of a refusal", "ground", func(l *outboundtest.Log) { l.Refusals[0].Ground = "" }},
		{"count", "count", func(l *outboundtest.Log) { l.Contacts[0].Made = 1 }},
		{"rang once more", "rang", func(l *outboundtest.Log) { l.Rings = append(l.Rings, ring("r9", "+861", 0)) }},
		{"rang between", "rang", func(l *outboundtest.Log) { l.Rings[1].At = noon.Add(90 * time.Minute) }},
		{"a stranger rang", "rang", func(l *outboundtest.Log) { l.Rings = append(l.Rings, ring("r9", "+869", 0)) }},
		{"rang by another calendar", "rang", func(l *outboundtest.Log) { l.Leaps[0].Ahead = time.Hour }},
		{"burnt", "burnt", func(l *outboundtest.Log) { l.Attempts[0].Outcome = "failed" }},
	} {
		t.Run(forged.name, func(t *testing.T) {
			t.Parallel()
			l := good()
			forged.breach(&l)
			wrong := outboundtest.Check(l)
			require.NotEmpty(t, wrong)
			found := false
			for _, w := range wrong {
				found = found || strings.HasPrefix(w, forged.rule+": ")
			}
			assert.True(t, found, "expected %q: %q", forged.rule, wrong)
		})
	}
}

// A campaign that goes on may have contacts that wait; what is exported is read.
func TestReadWhatIsExported(t *testing.T) {
	t.Parallel()
	var l outboundtest.Log
	require.NoError(t, l.Read(
		[]map[string]any{{"id": 7, "campaign": "one", "number": "+861", "state": "waiting", "made": 1}},
		[]map[string]any{{"id": 1, "campaign": "one", "contact": 7, "call": "x", "number": 1, "claimed_at": noon, "ground": "attempt", "outcome": ""}}, nil, nil, nil,
	))
	require.NotEmpty(t, outboundtest.Check(l), "it is over and a contact waits")
	l.Rules = map[string]outboundtest.Rules{"one": {Going: true}}
	require.Empty(t, outboundtest.Check(l))
	require.Error(t, l.Read("no list", nil, nil, nil, nil))
}

// Of a rule that is broken everywhere, ten breaches are told and the others counted.
func TestBreachesAreBounded(t *testing.T) {
	t.Parallel()
	var l outboundtest.Log
	for i := range int64(1000) {
		l.Contacts = append(l.Contacts, outboundtest.Contact{ID: i, State: "waiting"})
	}
	wrong := outboundtest.Check(l)
	require.Len(t, wrong, 11)
	assert.Equal(t, "left: and 990 more", wrong[10])
}
