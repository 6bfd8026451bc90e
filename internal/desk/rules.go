package desk

import (
	"cmp"
	"slices"
	"time"
)

// Strategy is who of several free agents is rung.
type Strategy string

// The strategies.
const (
	LongestIdle Strategy = "longest-idle"   // who has had no call for longest
	BestSkill   Strategy = "by-skill-level" // who knows the matter best, then who is idle longest
)

// Rules are how the callers of a business wait. The zero value is usable: see
// [Rules.Filled] for what it stands for.
type Rules struct {
	Strategy Strategy
	// Ring is how long an offer rings before the next agent is tried. 20 s.
	Ring time.Duration
	// MaxWait is how long a caller waits before he is asked what else is to be done. 1 min.
	MaxWait time.Duration
	// MaxWaiting is how many may wait for one skill; more are asked at once. 100.
	MaxWaiting int
	// HeadStart puts callers before others.
	HeadStart HeadStart
	// LastAgent is how long a caller waits for whom he spoke with last; 0 is not at all.
	LastAgent time.Duration
	// Overflow widens who may take a caller, the longer he waits.
	Overflow []Overflow
	// Teams are those that a skill's callers go to first, by skill; overflow leaves it.
	Teams map[string]string
	// AnnounceEvery is how often a caller is told where he stands. 30 s.
	AnnounceEvery time.Duration
	// CallbackAfter is when he is told that he may be rung back instead; 0 is at the
	// first announcement.
	CallbackAfter time.Duration
	// Talk is how long a conversation is taken to last until some were measured. 3 min.
	Talk time.Duration
	// Wording is the owner's, by key and language; "" is ours.
	Wording Wording
}

// HeadStart is how much longer somebody counts as having waited.
type HeadStart struct {
	VIP       time.Duration
	Asked     time.Duration // he asked for a person himself
	Urgent    time.Duration // in danger
	Upset     time.Duration // angry, or in despair
	Complaint time.Duration // likely to complain elsewhere
	// ComplaintFrom is the risk from which Complaint counts. 0.6.
	ComplaintFrom float64
	Kinds         map[string]time.Duration // by the flow or the intent
	Skills        map[string]time.Duration
	Times         []RushHour
}

// RushHour is a head start of a part of the day.
type RushHour struct {
	During func(time.Time) bool
	Skill  string // "" is all
	Start  time.Duration
}

// Overflow lets others take a caller too.
type Overflow struct {
	After time.Duration
	Skill string // those who have it
	Team  string // those who are in it
}

// Filled is r with its defaults.
func (r Rules) Filled() Rules {
	r.Strategy = cmp.Or(r.Strategy, LongestIdle)
	r.Ring = cmp.Or(r.Ring, 20*time.Second)
	r.MaxWait = cmp.Or(r.MaxWait, time.Minute)
	r.MaxWaiting = cmp.Or(r.MaxWaiting, 100)
	r.AnnounceEvery = cmp.Or(r.AnnounceEvery, 30*time.Second)
	r.Talk = cmp.Or(r.Talk, 3*time.Minute)
	r.HeadStart.ComplaintFrom = cmp.Or(r.HeadStart.ComplaintFrom, 0.6)
	r.Overflow = slices.SortedStableFunc(slices.Values(r.Overflow), func(a, b Overflow) int { return cmp.Compare(a.After, b.After) })
	return r
}

// start is how much longer c counts as having waited when he enters at now. It is
// settled then, so that places in the queue do not change under those who wait.
func (h *HeadStart) start(c *Caller, now time.Time) time.Duration {
	d := h.Kinds[c.Kind] + h.Skills[c.Skill]
	for _, on := range []struct {
		yes bool
		d   time.Duration
	}{
		{c.Tier == TierVIP, h.VIP},
		{c.Asked, h.Asked},
		{c.Urgent, h.Urgent},
		{upset(c.Mood), h.Upset},
		{c.Risk > 0 && c.Risk >= h.ComplaintFrom, h.Complaint},
	} {
		if on.yes {
			d += on.d
		}
	}
	for _, r := range h.Times {
		if (r.Skill == "" || r.Skill == c.Skill) && r.During != nil && r.During(now) {
			d += r.Start
		}
	}
	return d
}

// upset tells whether a mood's name is one of those that go first.
func upset(mood string) bool {
	return slices.Contains([]string{"angry", "sad"}, mood)
}
