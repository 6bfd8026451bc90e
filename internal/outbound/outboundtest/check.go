// Package outboundtest checks what campaigns have done by their log of attempts alone. It
// shares no code with what decides: each rule is written down here once more, as simply
// as it can be.
package outboundtest

import (
	"fmt"
	"slices"
	"time"

	"hotline/campaigns"
)

// Log is what a campaign left behind.
type Log struct {
	Campaign campaigns.Campaign
	Contacts []campaigns.Contact
	Attempts []campaigns.Attempt
	// Rung are the calls that the telephones saw, by number.
	Rung map[string]int
	// Suppressed are the numbers that must not be called, and since when.
	Suppressed map[string]time.Time
	// Interval is the least that passes after an outcome; nil is not looked at.
	Interval map[campaigns.Outcome]time.Duration
	// Zone is the callees'; From and To are the minutes of the day that they may be
	// called in.
	Zone     *time.Location
	From, To int
	// PerDay is how often a number may be called on a day; 0 is not looked at.
	PerDay int
	// Running tells that the campaign is not over: contacts may wait.
	Running bool
}

// Check returns all that is wrong.
func Check(l Log) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	contacts := map[int64]campaigns.Contact{}
	for _, k := range l.Contacts {
		if _, twice := contacts[k.ID]; twice {
			bad("contact %d is there twice", k.ID)
		}
		contacts[k.ID] = k
	}
	calls := map[string]int64{}
	by := map[int64][]campaigns.Attempt{}
	for _, a := range l.Attempts {
		if other, twice := calls[a.Call]; twice {
			bad("call %s belongs to the attempts %d and %d", a.Call, other, a.ID)
		}
		calls[a.Call] = a.ID
		by[a.Contact] = append(by[a.Contact], a)
		if _, known := contacts[a.Contact]; !known {
			bad("attempt %d is of contact %d, whom the campaign has not", a.ID, a.Contact)
		}
		if a.SettledAt.IsZero() {
			if !l.Running {
				bad("attempt %d was never settled", a.ID)
			}
		} else if a.Outcome == "" {
			bad("attempt %d ended and nobody knows how", a.ID)
		}
		if a.Ground == "" {
			bad("attempt %d has no ground", a.ID)
		}
		if l.Zone != nil {
			wall := a.ClaimedAt.In(l.Zone)
			if m := wall.Hour()*60 + wall.Minute(); m < l.From || m >= l.To {
				bad("attempt %d was made at %s", a.ID, wall.Format("15:04"))
			}
		}
	}
	for id, list := range by {
		k := contacts[id]
		slices.SortFunc(list, func(a, b campaigns.Attempt) int { return a.Number - b.Number })
		days := map[string]int{}
		for i, a := range list {
			if a.Number != i+1 {
				bad("contact %d: attempt %d is its number %d, expected %d", id, a.ID, a.Number, i+1)
			}
			if since, ok := l.Suppressed[k.Number]; ok && a.ClaimedAt.After(since) {
				bad("contact %d was called at %s, suppressed since %s", id, a.ClaimedAt, since)
			}
			if l.Zone != nil {
				days[a.ClaimedAt.In(l.Zone).Format(time.DateOnly)]++
			}
			if i == 0 {
				continue
			}
			last := list[i-1]
			switch {
			case last.SettledAt.IsZero() || a.ClaimedAt.Before(last.SettledAt):
				bad("contact %d: attempts %d and %d were in progress together", id, last.ID, a.ID)
			case a.ClaimedAt.Sub(last.SettledAt) < l.Interval[last.Outcome]:
				bad("contact %d: called %s after %s, which is sooner than %s", id, a.ClaimedAt.Sub(last.SettledAt), last.Outcome, l.Interval[last.Outcome])
			}
		}
		if most := l.Campaign.Attempts; most > 0 && len(list) > most {
			bad("contact %d was called %d times, at most %d were allowed", id, len(list), most)
		}
		for day, n := range days {
			if l.PerDay > 0 && n > l.PerDay {
				bad("contact %d was called %d times on %s, at most %d were allowed", id, n, day, l.PerDay)
			}
		}
		if l.Rung != nil && l.Rung[k.Number] > len(list) {
			bad("contact %d: its telephone rang %d times for %d attempts", id, l.Rung[k.Number], len(list))
		}
	}
	for number, n := range l.Rung {
		if !slices.ContainsFunc(l.Contacts, func(k campaigns.Contact) bool { return k.Number == number }) {
			bad("%s rang %d times and is no contact", number, n)
		}
	}
	for _, k := range l.Contacts {
		switch {
		case !k.State.Over():
			if !l.Running {
				bad("contact %d is %s although the campaign is over", k.ID, k.State)
			}
		case k.Reason == "":
			bad("contact %d is %s for no reason", k.ID, k.State)
		}
		if k.Made != len(by[k.ID]) {
			bad("contact %d counts %d attempts, the log has %d", k.ID, k.Made, len(by[k.ID]))
		}
	}
	wrong = append(wrong, together(l)...)
	return append(wrong, abandoned(l)...)
}

// together counts the calls at once.
func together(l Log) []string {
	type mark struct {
		at time.Time
		by int
	}
	var marks []mark
	for _, a := range l.Attempts {
		marks = append(marks, mark{a.ClaimedAt, 1})
		if !a.SettledAt.IsZero() {
			marks = append(marks, mark{a.SettledAt, -1})
		}
	}
	slices.SortFunc(marks, func(a, b mark) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.by - b.by // an end makes room for a beginning
	})
	n, most := 0, 0
	for _, m := range marks {
		n += m.by
		most = max(most, n)
	}
	if limit := l.Campaign.Concurrency; limit > 0 && most > limit {
		return []string{fmt.Sprintf("%d calls were in progress at once, at most %d were allowed", most, limit)}
	}
	return nil
}

// abandoned are those who answered and found nobody.
func abandoned(l Log) []string {
	answered, left := 0, 0
	for _, a := range l.Attempts {
		switch a.Outcome {
		case campaigns.Abandoned:
			answered++
			left++
		case campaigns.Person:
			answered++
		default:
		}
	}
	if answered > 100 && float64(left) > 0.03*float64(answered) {
		return []string{fmt.Sprintf("%d of %d who answered found nobody", left, answered)}
	}
	return nil
}
