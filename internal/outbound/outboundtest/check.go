package outboundtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// most is how many breaches of one rule are told: a thousand say no more than ten.
const most = 10

// checker finds what is wrong with a log.
type checker struct {
	Log
	contacts map[int64]Contact
	by       map[int64][]Attempt  // of a contact, by their number
	numbers  map[string][]Attempt // of a number, by their time
	wrong    []string
	told     map[string]int
}

// bad tells a breach of a rule.
func (c *checker) bad(rule, format string, args ...any) {
	if c.told[rule]++; c.told[rule] <= most {
		c.wrong = append(c.wrong, rule+": "+fmt.Sprintf(format, args...))
	}
}

// Check returns all that is wrong, a line for each breach, the rule's name first.
func Check(l Log) []string {
	c := &checker{Log: l, contacts: map[int64]Contact{}, by: map[int64][]Attempt{}, numbers: map[string][]Attempt{}, told: map[string]int{}}
	for _, k := range l.Contacts {
		if _, twice := c.contacts[k.ID]; twice {
			c.bad("contacts", "contact %d is there twice", k.ID)
		}
		c.contacts[k.ID] = k
	}
	for _, a := range l.Attempts {
		k, known := c.contacts[a.Contact]
		if !known || k.Campaign != a.Campaign {
			c.bad("contacts", "attempt %d of %s is of contact %d, whom the campaign has not", a.ID, a.Campaign, a.Contact)
			continue
		}
		c.by[a.Contact] = append(c.by[a.Contact], a)
		c.numbers[k.Number] = append(c.numbers[k.Number], a)
	}
	for _, list := range c.by {
		slices.SortFunc(list, func(a, b Attempt) int { return int(a.ID - b.ID) })
	}
	for _, list := range c.numbers {
		slices.SortStableFunc(list, func(a, b Attempt) int { return a.ClaimedAt.Compare(b.ClaimedAt) })
	}
	c.once()
	c.gaps()
	c.caps()
	c.windows()
	c.suppressed()
	c.together()
	c.paced()
	c.abandoned()
	c.over()
	c.rang()
	c.burnt()
	for rule, n := range c.told {
		if n > most {
			c.wrong = append(c.wrong, fmt.Sprintf("%s: and %d more", rule, n-most))
		}
	}
	return c.wrong
}

// each goes through the contacts in a fixed order.
func (c *checker) each(f func(k Contact, list []Attempt)) {
	for _, id := range slices.Sorted(maps.Keys(c.by)) {
		f(c.contacts[id], c.by[id])
	}
}

func (c *checker) zone(k Contact) *time.Location {
	name := k.Zone
	if name == "" {
		name = c.Zone
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		c.bad("zones", "contact %d is in %q: %v", k.ID, name, err)
		return time.UTC
	}
	return z
}

// once: each attempt is one call, and each comes behind the one before it.
func (c *checker) once() {
	calls := map[string]int64{}
	for _, a := range c.Attempts {
		if other, twice := calls[a.Call]; twice {
			c.bad("once", "call %s belongs to the attempts %d and %d", a.Call, other, a.ID)
		}
		calls[a.Call] = a.ID
	}
	c.each(func(k Contact, list []Attempt) {
		for i, a := range list {
			if a.Number != i+1 {
				c.bad("once", "contact %d: attempt %d is its number %d, expected %d", k.ID, a.ID, a.Number, i+1)
			}
		}
		r := c.Rules[k.Campaign]
		asked := 0
		for _, a := range list {
			if !a.Callback.IsZero() {
				asked = r.Callbacks
			}
		}
		if r.Attempts > 0 && len(list) > r.Attempts+asked {
			c.bad("attempts", "contact %d was called %d times, at most %d were allowed", k.ID, len(list), r.Attempts+asked)
		}
	})
	for number, list := range c.numbers {
		for i := 1; i < len(list); i++ {
			if last := list[i-1]; last.SettledAt.IsZero() || list[i].ClaimedAt.Add(c.Jitter).Before(last.SettledAt) {
				c.bad("once", "%s: attempts %d and %d were in progress together", number, last.ID, list[i].ID)
			}
		}
	}
}

// gaps: an outcome's interval is never shortened; who asked to be called later is not
// called before.
func (c *checker) gaps() {
	c.each(func(k Contact, list []Attempt) {
		gap := c.Rules[k.Campaign].Gap
		for i := 1; i < len(list); i++ {
			a, last := list[i], list[i-1]
			passed := a.ClaimedAt.Sub(last.SettledAt)
			switch {
			case !last.Callback.IsZero():
				if a.ClaimedAt.Before(last.Callback) {
					c.bad("callback", "contact %d: asked for %s and was called at %s", k.ID, last.Callback, a.ClaimedAt)
				}
			case passed < gap[meaning(last)]:
				c.bad("gap", "contact %d: called %s after %s, which is sooner than %s", k.ID, passed, meaning(last), gap[meaning(last)])
			}
		}
	})
}

// meaning is the outcome whose interval counts: an announcement's is that of what it says.
func meaning(a Attempt) string {
	if a.Outcome != "announcement" {
		return a.Outcome
	}
	switch a.Kind {
	case "in_call":
		return "busy"
	case "circuits_busy":
		return "failed"
	case "declined":
		return "declined"
	case "mailbox_full":
		return "voicemail"
	case "invalid_number", "suspended", "incoming_barred":
		return "announcement"
	}
	return "no_answer"
}

// caps: calls to a number on a day and on seven in a row, of a campaign and of all.
func (c *checker) caps() {
	for _, number := range slices.Sorted(maps.Keys(c.numbers)) {
		type key struct{ campaign, day string }
		days, all := map[key]int{}, map[string]int{}
		for _, a := range c.numbers[number] {
			z := c.zone(c.contacts[a.Contact])
			days[key{a.Campaign, a.ClaimedAt.In(z).Format(time.DateOnly)}]++
			days[key{"", a.ClaimedAt.In(z).Format(time.DateOnly)}]++
			all[a.Campaign]++
		}
		week := func(campaign, last string) (n int) {
			day, err := time.Parse(time.DateOnly, last)
			if err != nil {
				c.bad("caps", "%v", err)
			}
			for i := range 7 {
				n += days[key{campaign, day.AddDate(0, 0, -i).Format(time.DateOnly)}]
			}
			return n
		}
		for of, n := range days {
			perDay, perWeek := c.PerDay, c.PerWeek
			if of.campaign != "" {
				perDay, perWeek = c.Rules[of.campaign].PerDay, c.Rules[of.campaign].PerWeek
			}
			if perDay > 0 && n > perDay {
				c.bad("cap of a day", "%s was called %d times on %s by %q, at most %d were allowed", number, n, of.day, of.campaign, perDay)
			}
			if n := week(of.campaign, of.day); perWeek > 0 && n > perWeek {
				c.bad("cap of a week", "%s was called %d times in the week to %s by %q, at most %d were allowed", number, n, of.day, of.campaign, perWeek)
			}
		}
		for campaign, n := range all {
			if r := c.Rules[campaign]; r.PerCampaign > 0 && n > r.PerCampaign {
				c.bad("cap of a campaign", "%s was called %d times by %q, at most %d were allowed", number, n, campaign, r.PerCampaign)
			}
		}
	}
}

// windows: nobody is called outside the hours where he is.
func (c *checker) windows() {
	c.each(func(k Contact, list []Attempt) {
		r := c.Rules[k.Campaign]
		if r.To == 0 {
			return
		}
		z := c.zone(k)
		for _, a := range list {
			wall := a.ClaimedAt.In(z)
			if m := wall.Hour()*60 + wall.Minute(); m < r.From || m >= r.To {
				c.bad("window", "attempt %d was made at %s in %s", a.ID, wall.Format("15:04:05"), z)
			}
			if day := wall.Format(time.DateOnly); slices.Contains(r.Closed, day) {
				c.bad("holiday", "attempt %d was made on %s", a.ID, day)
			}
		}
	})
}

// suppressed: from the moment on, in all campaigns; and who said no is on the list.
func (c *checker) suppressed() {
	since := map[string]time.Time{}
	for _, s := range c.Suppressions {
		if at, ok := since[s.Number]; !ok || s.At.Before(at) {
			since[s.Number] = s.At
		}
	}
	for number, list := range c.numbers {
		for _, a := range list {
			if at, ok := since[number]; ok && a.ClaimedAt.After(at) {
				c.bad("suppression", "%s was called at %s, suppressed since %s", number, a.ClaimedAt, at)
			}
			if _, ok := since[number]; a.Refused && !ok {
				c.bad("suppression", "%s said no in call %s and is on no list", number, a.Call)
			}
		}
	}
}

// over: what ended has a reason, and nothing is left in progress.
func (c *checker) over() {
	for _, a := range c.Attempts {
		going := c.Rules[a.Campaign].Going
		switch {
		case a.SettledAt.IsZero() && !going:
			c.bad("left", "attempt %d was never settled", a.ID)
		case !a.SettledAt.IsZero() && a.Outcome == "":
			c.bad("reason", "attempt %d ended and nobody knows how", a.ID)
		case a.SettledAt.Before(a.ClaimedAt) && !a.SettledAt.IsZero():
			c.bad("left", "attempt %d ended before it began", a.ID)
		}
		if a.Ground == "" {
			c.bad("ground", "attempt %d has no ground", a.ID)
		}
	}
	refused := map[int64]bool{}
	for _, r := range c.Refusals {
		refused[r.Contact] = true
		if r.Reason == "" || r.Ground == "" {
			c.bad("ground", "contact %d was not called and nobody knows why", r.Contact)
		}
	}
	for _, k := range c.Contacts {
		going := c.Rules[k.Campaign].Going
		switch k.State {
		case "waiting", "dialling":
			if !going {
				c.bad("left", "contact %d is %s although the campaign is over", k.ID, k.State)
			}
		case "reached", "exhausted", "suppressed", "invalid", "withdrawn":
			if k.Reason == "" {
				c.bad("reason", "contact %d is %s for no reason", k.ID, k.State)
			}
			if k.Made == 0 && k.State != "withdrawn" && c.Refusals != nil && !refused[k.ID] {
				c.bad("reason", "contact %d is %s, was never called and never refused", k.ID, k.State)
			}
		default:
			c.bad("left", "contact %d is %q", k.ID, k.State)
		}
		if k.Made != len(c.by[k.ID]) {
			c.bad("count", "contact %d counts %s attempts, the log has %d", k.ID, strconv.Itoa(k.Made), len(c.by[k.ID]))
		}
	}
}
