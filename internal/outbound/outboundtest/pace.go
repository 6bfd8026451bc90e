package outboundtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// together counts the calls at once, over all nodes.
func (c *checker) together() {
	type mark struct {
		at time.Time
		by int
	}
	count := func(of func(Attempt) bool) (high int) {
		var marks []mark
		for _, a := range c.Attempts {
			if !of(a) {
				continue
			}
			marks = append(marks, mark{a.ClaimedAt, 1})
			if !a.SettledAt.IsZero() {
				end := a.SettledAt.Add(-c.Jitter)
				if end.Before(a.ClaimedAt) {
					end = a.ClaimedAt
				}
				marks = append(marks, mark{end, -1})
			}
		}
		slices.SortFunc(marks, func(a, b mark) int {
			if n := a.at.Compare(b.at); n != 0 {
				return n
			}
			return a.by - b.by // an end makes room for a beginning
		})
		n := 0
		for _, m := range marks {
			n += m.by
			high = max(high, n)
		}
		return high
	}
	if n := count(func(Attempt) bool { return true }); c.AtOnce > 0 && n > c.AtOnce {
		c.bad("at once", "%d calls were in progress at once, at most %d were allowed", n, c.AtOnce)
	}
	for id, r := range c.Rules {
		if r.AtOnce == 0 {
			continue
		}
		if n := count(func(a Attempt) bool { return a.Campaign == id }); n > r.AtOnce {
			c.bad("at once", "%d calls of %s were in progress at once, at most %d were allowed", n, id, r.AtOnce)
		}
	}
}

// paced: no more calls are begun in any time than the rate allows, and as many at once as
// one second may have.
func (c *checker) paced() {
	for id, r := range c.Rules {
		if r.PerSecond == 0 {
			continue
		}
		var at []time.Time
		for _, a := range c.Attempts {
			if a.Campaign == id {
				at = append(at, a.ClaimedAt)
			}
		}
		slices.SortFunc(at, time.Time.Compare)
		burst := max(1, r.PerSecond) + r.PerSecond*c.Jitter.Seconds()
		left, last := burst, time.Time{}
		for _, t := range at {
			if !last.IsZero() {
				left = min(burst, left+t.Sub(last).Seconds()*r.PerSecond)
			}
			last = t
			if left--; left < -0.01 { // times are of whole milliseconds
				c.bad("calls a second", "%s: the call of %s is more than %g a second", id, t.Format("15:04:05.000"), r.PerSecond)
				left = 0
			}
		}
	}
}

// abandoned: of those who answered, few found nobody.
func (c *checker) abandoned() {
	share := c.Abandoned
	if share == 0 {
		share = 0.03
	}
	answered, left := map[string]int{}, map[string]int{}
	for _, a := range c.Attempts {
		switch a.Outcome {
		case "abandoned":
			answered[a.Campaign]++
			left[a.Campaign]++
		case "person":
			answered[a.Campaign]++
		}
	}
	for id, n := range answered {
		if n >= 34 && float64(left[id]) > share*float64(n) { // of fewer, one alone is more than 3 %
			c.bad("abandoned", "%d of %d who answered %s found nobody", left[id], n, id)
		}
	}
}

// ahead is how far the calendar was before the clock.
func (c *checker) ahead(t time.Time) (d time.Duration) {
	for _, l := range c.Leaps {
		if !l.At.After(t) {
			d = l.Ahead
		}
	}
	return d
}

// rang: each call that the telephones saw is one attempt's, within its time; who said no,
// and was let go, is on the list.
func (c *checker) rang() {
	if c.Rings == nil {
		return
	}
	listed := map[string]bool{}
	for _, s := range c.Suppressions {
		listed[s.Number] = true
	}
	taken := map[int64]bool{}
	calls := map[string]bool{}
	for _, r := range c.Rings {
		if calls[r.CallID] || r.By == "trouble" {
			continue // the same call again, or one that rang nowhere
		}
		calls[r.CallID] = true
		list, known := c.numbers[r.Number]
		if !known {
			c.bad("rang", "%s rang at %s and no attempt was made to it", r.Number, r.At)
			continue
		}
		at := r.At.Add(c.ahead(r.At))
		i := slices.IndexFunc(list, func(a Attempt) bool {
			// The calendar may have leapt just then: nodes see it a little later.
			return !taken[a.ID] && !at.Before(a.ClaimedAt.Add(-time.Second)) && (a.SettledAt.IsZero() || !at.After(a.SettledAt.Add(time.Second)))
		})
		if i < 0 {
			var spans []string
			for _, a := range list {
				spans = append(spans, fmt.Sprintf("%s to %s %s by %s", a.ClaimedAt.UTC().Format(time.DateTime), a.SettledAt.UTC().Format(time.TimeOnly), a.Outcome, a.Node))
			}
			c.bad("rang", "%s rang at %s beside its %d attempts: %s", r.Number, at, len(list), strings.Join(spans, "; "))
			continue
		}
		taken[list[i].ID] = true
		if interrupted := list[i].Outcome == "interrupted" || list[i].Outcome == "failed"; !interrupted && r.By == "caller" &&
			(r.Manner == "says_no" || r.Manner == "presses_no") && len(r.Said) > 1 && list[i].Outcome == "person" && !listed[r.Number] {
			c.bad("no", "%s said %q and is on no list", r.Number, r.Said[len(r.Said)-1])
		}
	}
}

// burnt: what the network refuses to everybody costs few attempts.
func (c *checker) burnt() {
	if len(c.Troubles) == 0 {
		return
	}
	n := 0
	for _, a := range c.Attempts {
		for _, s := range c.Troubles {
			if a.Outcome == "failed" && !a.Answered && a.ClaimedAt.After(s.From) && a.ClaimedAt.Before(s.To) && a.Status != 404 {
				n++
			}
		}
	}
	if n > c.Spent {
		c.bad("burnt", "%d attempts were lost to the network's troubles, at most %d were allowed", n, c.Spent)
	}
}
