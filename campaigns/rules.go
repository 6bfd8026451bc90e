package campaigns

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Numbers tells what a telephone number is.
type Numbers interface {
	// Zones are the IANA zones in which the number may be; none when that is unknown.
	Zones(number string) []string
	// Emergency tells whether it reaches an emergency service, or might.
	Emergency(number string) bool
	// Callable tells whether it is a subscriber's, at what calls usually cost.
	Callable(number string) bool
}

// RulesConfig is what holds for all campaigns of a server. None of it can be widened by
// a campaign.
type RulesConfig struct {
	Numbers Numbers
	// Zone is taken where neither contact, number nor campaign tells one; default UTC.
	Zone string
	// Hours are the outermost hours, by the callee's clock; each day from 08:00 to
	// 21:00 when empty, which is what the law of most countries allows: 47 CFR
	// 64.1200(c)(1) of the United States, for one.
	Hours Windows
	// PerDay and PerWeek bound the calls of all campaigns together to one number, on a
	// day of the callee's and on seven in a row; default 3 and 7. Negative: no bound.
	PerDay, PerWeek int
	// Consent are the purposes that need evidence of consent; nil is marketing. The
	// others rest on what the customer has ordered, and end with a consent taken back.
	Consent []Purpose
	// National are the purposes that an entry of a national list bars; nil is
	// marketing and surveys. An entry of the own list bars all, or the one that it
	// names.
	National []Purpose
	// Regions are beginnings of the numbers that may be called; none: all may.
	Regions []string
	// Holidays are those of the business whose line calls, which hold beside the
	// campaign's own; nil: none.
	Holidays func(line string) []Holiday
}

// Rules say whether a number may be called now, and what follows a call. They are
// arithmetic on what they are given: no clock, no store. They are safe for concurrent
// use.
type Rules struct {
	cfg   RulesConfig
	zones sync.Map // IANA name to *time.Location: loading one reads a file
}

// NewRules fills what cfg leaves out.
func NewRules(cfg RulesConfig) *Rules {
	if cfg.Hours.always() {
		for i := range cfg.Hours.Days {
			cfg.Hours.Days[i] = []Span{{8 * 60, 21 * 60}}
		}
	}
	cfg.PerDay = cmp.Or(cfg.PerDay, 3)
	cfg.PerWeek = cmp.Or(cfg.PerWeek, 7)
	if cfg.Consent == nil {
		cfg.Consent = []Purpose{Marketing}
	}
	if cfg.National == nil {
		cfg.National = []Purpose{Marketing, Survey}
	}
	return &Rules{cfg: cfg}
}

// Bounds are what holds for all campaigns, with what was left out.
func (r *Rules) Bounds() RulesConfig {
	c := r.cfg
	c.Consent, c.National, c.Regions = slices.Clone(c.Consent), slices.Clone(c.National), slices.Clone(c.Regions)
	return c
}

// Judge is [Rules.Allowed] at a time, as a store wants it.
func (r *Rules) Judge(now time.Time) Judge {
	return func(c Campaign, contact Contact, f Facts) Verdict { return r.Allowed(now, c, contact, f) }
}

// Settle is [Rules.Next] at a time, as a store wants it.
func (r *Rules) Settle(now time.Time) Settle {
	return func(c Campaign, contact Contact, made map[Outcome]int, result Result) Next {
		return r.Next(now, c, contact, made, result)
	}
}

// Allowed says whether a contact may be called now, and what allows or refuses it.
// What can never be put right is told before what time puts right.
func (r *Rules) Allowed(now time.Time, c Campaign, contact Contact, f Facts) Verdict {
	where := r.where(c, contact)
	v := Verdict{Day: where.day(now), Variant: contact.Variant}
	if v.Variant == "" {
		v.Variant = c.Assign(contact)
	}
	grounds := make([]string, 0, 6)
	for _, rule := range []func() (refusal Refusal, ground string, from time.Time){
		func() (Refusal, string, time.Time) { return r.number(contact) },
		func() (Refusal, string, time.Time) { return over(now, c) },
		func() (Refusal, string, time.Time) { return disclosed(c, v.Variant) },
		func() (Refusal, string, time.Time) { return r.listed(now, c, f) },
		func() (Refusal, string, time.Time) { return r.consented(now, c, f) },
		func() (Refusal, string, time.Time) { return attempts(c, contact) },
		func() (Refusal, string, time.Time) { return r.resting(now, c, contact, f) },
		func() (Refusal, string, time.Time) { return r.capped(where, v.Day, c, f) },
		func() (Refusal, string, time.Time) { return where.opened(now, c) },
	} {
		refusal, ground, from := rule()
		if refusal == "" {
			if ground != "" {
				grounds = append(grounds, ground)
			}
			continue
		}
		v.Refusal, v.Ground = refusal, ground
		if refusal.Final() {
			return v
		}
		next, ok := where.next(latest(now, from, c.Start))
		if !ok {
			v.Refusal, v.Ground = RefusedEnded, groundOf("never_open", where.text())
			return v
		}
		v.Next = next
		return v
	}
	v.Ground = joinGrounds(grounds)
	return v
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// number refuses what is no subscriber's.
func (r *Rules) number(contact Contact) (Refusal, string, time.Time) {
	switch {
	case r.cfg.Numbers.Emergency(contact.Number):
		return RefusedEmergency, groundOf("emergency"), time.Time{}
	case !r.cfg.Numbers.Callable(contact.Number):
		return RefusedNumber, groundOf("bad_number"), time.Time{}
	case len(r.cfg.Regions) > 0 && !slices.ContainsFunc(r.cfg.Regions, func(p string) bool { return strings.HasPrefix(contact.Number, p) }):
		return RefusedPlace, groundOf("not_allowed", strings.Join(r.cfg.Regions, ", ")), time.Time{}
	}
	return "", "", time.Time{}
}

func over(now time.Time, c Campaign) (Refusal, string, time.Time) {
	if !c.End.IsZero() && !now.Before(c.End) {
		return RefusedEnded, groundOf("campaign_over", c.End.UTC().Format(time.RFC3339)), time.Time{}
	}
	return "", "", time.Time{}
}

// disclosed refuses a greeting that does not say that a machine calls, where one speaks.
func disclosed(c Campaign, variant string) (Refusal, string, time.Time) {
	if !c.Mode.MachineSpeaks() {
		return "", groundOf("agent_talks"), time.Time{}
	}
	if !SaysMachine(c.VariantNamed(variant).Greeting) {
		return RefusedDisclosure, groundOf("no_disclosure", variant), time.Time{}
	}
	return "", groundOf("disclosed", variant), time.Time{}
}

// National is the list of suppressions that an authority keeps. All others are own.
const National = "national"

func (r *Rules) listed(now time.Time, c Campaign, f Facts) (Refusal, string, time.Time) {
	for _, s := range f.Suppressions {
		switch {
		case !s.Until.IsZero() && !now.Before(s.Until), s.Purpose != "" && s.Purpose != c.Purpose:
		case s.List != National:
			return RefusedOwnList, groundOf("own_list", s.At.UTC().Format(time.DateOnly), s.How), time.Time{}
		case s.Purpose != "" || slices.Contains(r.cfg.National, c.Purpose):
			return RefusedNational, groundOf("national_list", s.At.UTC().Format(time.DateOnly), string(c.Purpose)), time.Time{}
		}
	}
	return "", groundOf("not_listed"), time.Time{}
}

func (r *Rules) consented(now time.Time, c Campaign, f Facts) (Refusal, string, time.Time) {
	var latest Consent
	for _, consent := range f.Consents {
		if consent.Purpose == c.Purpose && !consent.At.After(now) && !consent.At.Before(latest.At) {
			latest = consent
		}
	}
	at := latest.At.UTC().Format(time.DateOnly)
	switch {
	case latest.Given:
		return "", groundOf("consent", string(c.Purpose), at, latest.How, latest.By), time.Time{}
	case !latest.At.IsZero():
		return RefusedConsent, groundOf("consent_taken_back", string(c.Purpose), at), time.Time{}
	case slices.Contains(r.cfg.Consent, c.Purpose):
		return RefusedConsent, groundOf("no_consent", string(c.Purpose)), time.Time{}
	}
	return "", groundOf("relation", string(c.Purpose)), time.Time{}
}

// maxCallbacks is how many calls that the contact asked for go beyond the campaign's
// attempts.
const maxCallbacks = 3

// attempts refuses what the campaign has tried as often as it may. Being called back was
// asked for.
func attempts(c Campaign, contact Contact) (Refusal, string, time.Time) {
	limit, extra := c.attempts(), 0
	if contact.Callback || contact.Reason == ReasonCallback {
		extra = maxCallbacks
	}
	switch {
	case contact.Made >= limit+extra:
		return RefusedAttempts, groundOf("no_attempt_left", contact.Made, limit), time.Time{}
	case c.Caps.PerCampaign > 0 && contact.Made >= c.Caps.PerCampaign+extra:
		return RefusedCampaign, groundOf("cap_campaign", contact.Made, c.Caps.PerCampaign), time.Time{}
	}
	return "", groundOf("attempt", contact.Made+1, limit), time.Time{}
}

// resting refuses while another call to the number is in progress, and until the time
// that is to pass after the last.
func (r *Rules) resting(now time.Time, c Campaign, contact Contact, f Facts) (Refusal, string, time.Time) {
	if f.InUse {
		return RefusedInUse, groundOf("number_in_use"), now.Add(time.Minute)
	}
	due := contact.Due
	if !f.Last.IsZero() && !contact.Callback {
		due = latest(due, f.Last.Add(c.interval(Outcome(contact.Reason))))
	}
	if now.Before(due) {
		return RefusedInterval, groundOf("retry_interval", due.UTC().Format(time.RFC3339)), due
	}
	return "", "", time.Time{}
}

// capped counts the calls of the callee's day and of the seven days that end with it.
func (r *Rules) capped(where place, today string, c Campaign, f Facts) (Refusal, string, time.Time) {
	day, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return RefusedWindow, groundOf("outside_window", today, ""), time.Time{}
	}
	count := func(campaign string, end time.Time, days int) (calls int) {
		first, last := end.AddDate(0, 0, 1-days).Format(time.DateOnly), end.Format(time.DateOnly)
		for _, d := range f.Calls {
			if d.Day >= first && d.Day <= last && (campaign == "" || campaign == d.Campaign) {
				calls += d.Calls
			}
		}
		return calls
	}
	var told []string
	for _, limit := range []struct {
		refusal  Refusal
		code     string
		campaign string
		days     int
		most     int
	}{
		{RefusedOverall, "cap_overall", "", 1, r.cfg.PerDay},
		{RefusedOverall, "cap_overall_week", "", 7, r.cfg.PerWeek},
		{RefusedDay, "cap_day", c.ID, 1, c.Caps.PerDay},
		{RefusedWeek, "cap_week", c.ID, 7, c.Caps.PerWeek},
	} {
		if limit.most <= 0 {
			continue
		}
		calls := count(limit.campaign, day, limit.days)
		if calls < limit.most {
			if limit.campaign == "" {
				told = append(told, groundOf("under_"+limit.code, calls, limit.most))
			}
			continue
		}
		free := day.AddDate(0, 0, 1)
		for range limit.days - 1 {
			if count(limit.campaign, free, limit.days) < limit.most {
				break
			}
			free = free.AddDate(0, 0, 1)
		}
		return limit.refusal, groundOf(limit.code, calls, limit.most), where.midnight(free)
	}
	return "", joinGrounds(told), time.Time{}
}
