// Package slot understands values in what a caller said, as a recogniser wrote it
// down, and says them back for the ear: order numbers, telephone numbers, dates,
// times, money, quantities, names, addresses, yes and no, one of several choices.
//
// # Concepts
//
// A [Spec] says what is looked for; [New] checks it and makes a [Slot]. [Slot.Find]
// reads the values out of one utterance, best first, each with its place in the
// text and how sure it is; what is unsure about a value is marked within it
// ([Value.Doubtful]), so that a dialogue asks about one digit and not about twenty.
// A caller who says a number in groups over several turns is followed by
// [Slot.Unfinished], [Value.Partial] and [Slot.Join]; one who corrects himself by
// [Slot.Correct]; one who types by [Slot.Keys].
//
// Both languages tolerate what recognisers make of speech: digits and words mixed,
// full-width and traditional characters, and, inside a run of digits only, other
// characters of the same sound.
//
// # Limits
//
// Text beyond the first thousand characters is not read. All work is linear in the
// length of the text.
//
// # Concurrency
//
// A Slot is safe for concurrent use.
package slot

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline/dialog/internal/lang"
)

// Kind is what sort of value a slot takes.
type Kind string

// The kinds.
const (
	Code     Kind = "code"     // order number and the like: digits and letters
	Phone    Kind = "phone"    // telephone number
	Date     Kind = "date"     // a day
	Time     Kind = "time"     // a time of day, or a part of the day
	DateTime Kind = "datetime" // both
	Money    Kind = "money"
	Quantity Kind = "quantity" // how many
	Name     Kind = "name"     // of a person
	Address  Kind = "address"
	YesNo    Kind = "yesno"
	Choice   Kind = "choice" // one of Spec.Choices
	Text     Kind = "text"   // whatever was said
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Code, Phone, Date, Time, DateTime, Money, Quantity, Name, Address, YesNo, Choice, Text}
}

// A Spec describes a slot.
type Spec struct {
	Kind     Kind
	Language string // "zh…", else English
	// MinLength and MaxLength limit a code's canonical characters; 0 leaves it open.
	MinLength, MaxLength int
	// Pattern is a regular expression that a code's whole canonical form fits.
	Pattern string
	// Choices are what a Choice chooses from, in the order in which they are offered.
	Choices []Option
	// Min and Max limit money and quantities; both 0 leaves them open.
	Min, Max float64
	// Past and Future say which side an ambiguous date means; with neither, a day
	// without year is the nearest, and a weekday the coming one.
	Past, Future bool
	// Country (ISO 3166, two letters) is that of telephone numbers, of the order of
	// day and month, and of the currency. Empty is CN for Chinese and US for English.
	Country string
}

// An Option is one of the choices. Value is the canonical form, Names are how people
// say it, the first of them how the bot does.
type Option struct {
	Value string
	Names []string
}

// A Range is a range of bytes, End exclusive.
type Range struct{ Start, End int }

// A Value is what was understood.
type Value struct {
	// Canonical is the value in one form: the digits and capital letters of a code; a
	// telephone number in its national form; 2006-01-02; 15:04, or 09:00-12:00 for a
	// part of the day; both joined by T; money as 59.00; a number; an Option's Value;
	// yes or no; else text.
	Canonical string
	// Start and End are the bytes of the text that it was read from.
	Start, End int
	// Confidence is how sure this reading is, 0 to 1.
	Confidence float64
	// Doubtful are the bytes of Canonical that are unsure.
	Doubtful []Range
	// Partial marks a value that is not whole yet: a code or telephone number too
	// short for its slot, a DateTime that lacks its day or its time. Join completes it.
	Partial bool
}

// A Slot finds the values of one Spec.
type Slot struct {
	spec    Spec
	zh      bool
	pattern *regexp.Regexp
	options []option
	spelled map[string]string // values by their names, letters joined
	yes     yesNo
}

// New returns the slot of a Spec, or an error that tells its owner what is wrong.
func New(s Spec) (*Slot, error) {
	if !slices.Contains(Kinds(), s.Kind) {
		return nil, fmt.Errorf("slot: there is no type %q; choose one of %v", s.Kind, Kinds())
	}
	sl := &Slot{spec: s, zh: lang.Chinese(s.Language)}
	if sl.spec.Country == "" {
		sl.spec.Country = "US"
		if sl.zh {
			sl.spec.Country = "CN"
		}
	}
	sl.spec.Country = strings.ToUpper(sl.spec.Country)
	if len(sl.spec.Country) != 2 {
		return nil, fmt.Errorf("slot: country %q is not a code of two letters such as CN, US or GB", s.Country)
	}
	switch {
	case s.MinLength < 0 || s.MaxLength < 0:
		return nil, fmt.Errorf("slot: a length of %d to %d: lengths cannot be negative", s.MinLength, s.MaxLength)
	case s.MaxLength > 0 && s.MinLength > s.MaxLength:
		return nil, fmt.Errorf("slot: a length of at least %d and at most %d: nothing can be both", s.MinLength, s.MaxLength)
	case s.MinLength > maxCode || s.MaxLength > maxCode:
		return nil, fmt.Errorf("slot: nobody can dictate more than %d characters", maxCode)
	case s.Min > s.Max && s.Max != 0:
		return nil, fmt.Errorf("slot: at least %v and at most %v: nothing can be both", s.Min, s.Max)
	case s.Past && s.Future:
		return nil, errors.New("slot: a date cannot be both past and future; set one of them or none")
	}
	if s.Pattern != "" {
		if s.Kind != Code {
			return nil, fmt.Errorf("slot: a pattern is for codes; this is a %s", s.Kind)
		}
		re, err := regexp.Compile(`^(?:` + s.Pattern + `)$`)
		if err != nil {
			return nil, fmt.Errorf("slot: pattern %q is not a regular expression: %w", s.Pattern, err)
		}
		sl.pattern = re
	}
	if s.Kind == YesNo {
		sl.yes = newYesNo(s.Language)
	}
	if s.Kind == Choice {
		o, err := newOptions(s.Choices)
		if err != nil {
			return nil, err
		}
		sl.options, sl.spelled = o, map[string]string{}
		for _, o := range o {
			for _, n := range o.names {
				sl.spelled[strings.Join(n.words, "")] = o.value
			}
		}
	} else if len(s.Choices) > 0 {
		return nil, fmt.Errorf("slot: choices are for a slot of type choice; this is a %s", s.Kind)
	}
	return sl, nil
}

// Spec is what the slot was made from, defaults filled in.
func (s *Slot) Spec() Spec { return s.spec }

// Find returns the values in text, best first; none if it holds none. now decides
// what "tomorrow" is, and its location which day it is there.
func (s *Slot) Find(text string, now time.Time) []Value {
	t := read(text)
	if len(t.toks) == 0 {
		return nil
	}
	return slices.DeleteFunc(s.find(t, now), func(v Value) bool { return v.Confidence < least })
}

// least is the confidence below which a reading is none.
const least = 0.2

func (s *Slot) find(t *utterance, now time.Time) []Value {
	switch s.spec.Kind {
	case Text, YesNo, Address:
		return s.once(t, now)
	default:
	}
	parts := t.selfCorrected(s.zh)
	if len(parts) == 1 {
		return s.once(t, now)
	}
	// "2024, no wait, 2023": what follows corrects what came before
	vs := s.once(parts[0], now)
	for _, p := range parts[1:] {
		if len(vs) > 0 {
			if v, ok := s.correct(vs[0], p, now); ok {
				v.Confidence *= 0.95
				vs = []Value{v}
				continue
			}
		}
		if later := s.once(p, now); len(later) > 0 {
			vs = later
		}
	}
	return vs
}

// once reads t without looking for corrections in it.
func (s *Slot) once(t *utterance, now time.Time) []Value {
	var vs []Value
	switch s.spec.Kind {
	case Code:
		vs = s.codes(t)
	case Phone:
		vs = s.phones(t)
	case Date:
		vs = s.dates(t, now)
	case Time:
		vs = s.times(t)
	case DateTime:
		vs = s.dateTimes(t, now)
	case Money:
		vs = s.amounts(t)
	case Quantity:
		vs = s.quantities(t)
	case Name:
		vs = s.names(t)
	case Address:
		vs = s.addresses(t)
	case YesNo:
		vs = s.yesNo(t)
	case Choice:
		vs = s.choices(t)
	case Text:
		vs = []Value{{Canonical: strings.TrimSpace(t.text), Start: t.start(0), End: t.end(len(t.toks)), Confidence: 1}}
	}
	slices.SortStableFunc(vs, func(a, b Value) int {
		switch {
		case a.Confidence > b.Confidence:
			return -1
		case a.Confidence < b.Confidence:
			return 1
		}
		return a.Start - b.Start
	})
	return vs
}
