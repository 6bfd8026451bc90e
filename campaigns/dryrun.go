package campaigns

import (
	"iter"
	"slices"
	"time"
)

// Forecast is what would happen at a time.
type Forecast struct {
	At       time.Time  `json:"at"`
	Contacts int        `json:"contacts"` // that are not over
	Now      int        `json:"now"`      // may be called
	Over     int        `json:"over"`     // the contacts that are over already
	Refused  []Withheld `json:"refused"`  // the most frequent first
	Next     time.Time  `json:"next,omitzero"`
}

// Withheld is how many are not called for one reason.
type Withheld struct {
	Refusal Refusal   `json:"refusal"`
	Count   int       `json:"count"`
	Final   bool      `json:"final"`
	Next    time.Time `json:"next,omitzero"` // when the first of them may be called
	Samples []Sample  `json:"samples"`
}

// Sample is one contact of those.
type Sample struct {
	Contact Contact   `json:"contact"`
	Ground  string    `json:"ground"` // see Words
	Next    time.Time `json:"next,omitzero"`
}

// maxSamples of each refusal.
const maxSamples = 5

// DryRun says what would happen at a time if nothing were called until then. It reads
// the contacts once and keeps a few of them.
func (r *Rules) DryRun(at time.Time, c Campaign, contacts iter.Seq2[Contact, Facts]) Forecast {
	f := Forecast{At: at}
	for contact, facts := range contacts {
		if contact.State.Over() {
			f.Over++
			continue
		}
		f.Contacts++
		v := r.Allowed(at, c, contact, facts)
		if v.Refusal == "" {
			f.Now++
			continue
		}
		i := slices.IndexFunc(f.Refused, func(w Withheld) bool { return w.Refusal == v.Refusal })
		if i < 0 {
			i = len(f.Refused)
			f.Refused = append(f.Refused, Withheld{Refusal: v.Refusal, Final: v.Refusal.Final()})
		}
		w := &f.Refused[i]
		w.Count++
		earlier(&w.Next, v.Next)
		earlier(&f.Next, v.Next)
		if len(w.Samples) < maxSamples {
			w.Samples = append(w.Samples, Sample{contact, v.Ground, v.Next})
		}
	}
	slices.SortStableFunc(f.Refused, func(a, b Withheld) int { return b.Count - a.Count })
	return f
}

func earlier(t *time.Time, other time.Time) {
	if !other.IsZero() && (t.IsZero() || other.Before(*t)) {
		*t = other
	}
}
