package campaigns

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Counts are what a campaign has come to, of contacts and of attempts.
type Counts struct {
	Contacts  int             `json:"contacts"`
	Waiting   int             `json:"waiting"`   // for an attempt
	Fresh     int             `json:"fresh"`     // of those, never called
	Dialling  int             `json:"dialling"`  // at this moment
	Called    int             `json:"called"`    // contacts, at least once
	Responded int             `json:"responded"` // contacts whose telephone was answered, by whomever
	Reached   int             `json:"reached"`   // contacts who were talked to
	Goals     int             `json:"goals"`     // contacts with a goal reached
	Refused   int             `json:"refused"`   // contacts who want no more calls
	Withheld  int             `json:"withheld"`  // contacts who must not be called, or have no number
	Attempts  int             `json:"attempts"`
	Answered  int             `json:"answered"` // attempts, by whomever
	ByOutcome map[Outcome]int `json:"by_outcome,omitempty"`
	Seconds   float64         `json:"seconds"` // of talk
	Cost      float64         `json:"cost"`    // of the trunks
	Abandoned int             `json:"abandoned"`
	Persons   int             `json:"persons"` // attempts that a person answered and somebody talked to
}

// Step is one step of a funnel.
type Step struct {
	Name  string  `json:"name"` // "contacts", "called", "answered", "person", "goal"
	Count int     `json:"count"`
	Share float64 `json:"share"` // of the step before
}

// Funnel is how many contacts came how far.
func (c Counts) Funnel() []Step {
	out := []Step{{Name: "contacts", Count: c.Contacts}, {Name: "called", Count: c.Called}, {Name: "answered", Count: c.Responded}, {Name: "person", Count: c.Reached}, {Name: "goal", Count: c.Goals}}
	before := c.Contacts
	for i := range out {
		out[i].Share = float64(out[i].Count) / float64(max(before, 1))
		before = out[i].Count
	}
	return out
}

// AbandonedShare is what was abandoned of what people answered.
func (c Counts) AbandonedShare() float64 {
	if c.Abandoned == 0 {
		return 0
	}
	return float64(c.Abandoned) / float64(max(c.Persons+c.Abandoned, c.Abandoned))
}

// Costs are what a goal costs, beside what it would cost with a person who calls.
type Costs struct {
	PerMinute  float64 `json:"per_minute"`
	PerAttempt float64 `json:"per_attempt"`
	PerGoal    float64 `json:"per_goal"` // 0 where none was reached
	Human      float64 `json:"human"`    // of the campaign
	Saved      float64 `json:"saved"`    // of all goals so far, against people
}

// Costs of a campaign so far.
func (c Counts) Costs(campaign Campaign) Costs {
	out := Costs{Human: campaign.CostPerGoal}
	if c.Seconds > 0 {
		out.PerMinute = c.Cost / (c.Seconds / 60)
	}
	if c.Attempts > 0 {
		out.PerAttempt = c.Cost / float64(c.Attempts)
	}
	if c.Goals > 0 {
		out.PerGoal = c.Cost / float64(c.Goals)
		if out.Human > 0 {
			out.Saved = out.Human*float64(c.Goals) - c.Cost
		}
	}
	return out
}

// Hour is what came of the attempts of one hour of the callees' days.
type Hour struct {
	Hour     int `json:"hour"` // 0 to 23
	Attempts int `json:"attempts"`
	Persons  int `json:"persons"`
	Goals    int `json:"goals"`
}

// RankedHour is an hour with how often a person answers then.
type RankedHour struct {
	Hour
	Rate  Rate `json:"rate"`
	Known bool `json:"known"` // enough attempts to say
}

// enoughAttempts of an hour for its share to mean something.
const enoughAttempts = 30

// BestHours ranks hours by how often a person answers at least: the lower end of the
// interval, so that three answers of three attempts do not go before 400 of 800.
func BestHours(hours []Hour) []RankedHour {
	out := make([]RankedHour, 0, len(hours))
	for _, h := range hours {
		if h.Attempts > 0 {
			out = append(out, RankedHour{h, Wilson(h.Persons, h.Attempts), h.Attempts >= enoughAttempts})
		}
	}
	slices.SortStableFunc(out, func(a, b RankedHour) int {
		return cmp.Or(cmp.Compare(b.Rate.Low, a.Rate.Low), cmp.Compare(a.Hour.Hour, b.Hour.Hour))
	})
	return out
}

// Estimate is when a campaign will be over.
type Estimate struct {
	At       time.Time     `json:"at,omitzero"` // zero: not foreseeable
	Attempts int           `json:"attempts"`    // still to be made
	Dialling time.Duration `json:"dialling"`    // how long that takes inside the windows
	Late     bool          `json:"late"`        // not before the campaign's end
}

// Estimate says when the contacts that are left will be over, at the pace of the last
// while: perMinute attempts inside the windows, 0 where nothing was dialled lately, which
// takes the campaign's own rate. Retries still to come are what they were so far.
func (r *Rules) Estimate(now time.Time, c Campaign, n Counts, perMinute float64) Estimate {
	left := n.Waiting + n.Dialling
	if left == 0 {
		return Estimate{At: now}
	}
	over := max(n.Contacts-left-n.Withheld, 0)
	each := 1.5 // attempts for a contact, as long as little is known
	if over >= 20 {
		each = min(float64(n.Attempts)/float64(over), float64(c.attempts()))
	}
	made := float64(n.Attempts) - each*float64(over) // of those that are left
	attempts := max(each*float64(left)-max(made, 0), float64(left)/2)
	if perMinute <= 0 {
		perMinute = c.Limits().PerSecond * 60
	}
	e := Estimate{Attempts: int(math.Ceil(attempts)), Dialling: time.Duration(attempts / perMinute * float64(time.Minute))}
	where := r.where(c, Contact{})
	e.At = where.after(latest(now, c.Start), e.Dialling)
	e.Late = !c.End.IsZero() && (e.At.IsZero() || e.At.After(c.End))
	return e
}

// after is when so much open time has passed from t on, zero where that is not
// foreseeable. Openings are looked for by the quarter of an hour.
func (p place) after(t time.Time, open time.Duration) time.Time {
	const step = 15 * time.Minute
	for limit := t.Add(6 * Horizon); t.Before(limit); {
		at, ok := p.next(t)
		if !ok {
			return time.Time{}
		}
		if open <= step {
			return at.Add(open)
		}
		t, open = at.Add(step), open-step
	}
	return time.Time{}
}
