package campaigns

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Windows are when people may be called, in the callee's time zone. The zero Windows
// is each day from 09:00 to 20:00.
type Windows struct {
	// Days are spans of each weekday, Sunday first; a day without one is not called
	// on. All empty: the default.
	Days [7][]Span `yaml:"-" json:"days"`
	// Holidays are days with spans of their own; none means nobody is called. Where
	// several name a day, the first counts.
	Holidays []Holiday `yaml:"holidays" json:"holidays,omitempty"`
	// Zone is taken where the number does not tell the callee's; IANA.
	Zone string `yaml:"zone" json:"zone,omitempty"`
}

// Span is minutes of a day, From until To: {540, 1200} is 09:00 to 20:00.
type Span struct{ From, To int }

// String is 09:00-20:00.
func (s Span) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
}

// Holiday is one or more days.
type Holiday struct {
	Name  string    `yaml:"name" json:"name"`
	First time.Time `yaml:"first" json:"first"` // midnight UTC of the calendar day
	Last  time.Time `yaml:"last" json:"last"`   // zero: First
	Open  []Span    `yaml:"-" json:"open,omitempty"`
}

func (h Holiday) holds(day time.Time) bool {
	last := h.Last
	if last.Before(h.First) {
		last = h.First
	}
	return !day.Before(h.First) && !day.After(last)
}

// defaultSpans is when people are called where a campaign says nothing.
var defaultSpans = []Span{{9 * 60, 20 * 60}}

// On are the spans of a calendar day, given by its midnight UTC, and the name of the
// holiday that it is.
func (w Windows) On(day time.Time) (open []Span, holiday string) {
	for _, h := range w.Holidays {
		if h.holds(day) {
			return h.Open, h.Name
		}
	}
	if w.always() {
		return defaultSpans, ""
	}
	return w.Days[day.Weekday()], ""
}

func (w Windows) always() bool {
	return !slices.ContainsFunc(w.Days[:], func(s []Span) bool { return len(s) > 0 })
}

// Open tells whether the clocks of a zone show an open minute at t.
func (w Windows) Open(t time.Time, zone *time.Location) bool {
	wall := wallClock(t.In(zone))
	spans, _ := w.On(wall.Truncate(24 * time.Hour))
	minute := wall.Hour()*60 + wall.Minute()
	return slices.ContainsFunc(spans, func(s Span) bool { return minute >= s.From && minute < s.To })
}

// Horizon is how far ahead an opening is looked for: beyond the longest holidays.
const Horizon = 60 * 24 * time.Hour

// Next is the first moment from t on at which the clocks of a zone show an open
// minute, and false where there is none within [Horizon].
func (w Windows) Next(t time.Time, zone *time.Location) (time.Time, bool) {
	limit := t.Add(Horizon)
	// Between two changes of a zone's offset its clocks run evenly, so an opening is
	// found there by plain subtraction. A span that begins in the hour that spring
	// leaves out opens when the clocks have jumped; one in the hour that autumn
	// repeats is open both times.
	for from := t; from.Before(limit); {
		local := from.In(zone)
		_, offset := local.Zone()
		_, until := local.ZoneBounds()
		if until.IsZero() || until.After(limit) {
			until = limit
		}
		if at, ok := w.within(wallClock(local), wallClock(until.Add(time.Duration(offset)*time.Second).UTC())); ok {
			return at.Add(-time.Duration(offset) * time.Second).In(t.Location()), true
		}
		from = until
	}
	return time.Time{}, false
}

// wallClock is what a clock shows, as if it hung at Greenwich.
func wallClock(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// within is the first open moment from a until before b, of clocks that run evenly.
func (w Windows) within(a, b time.Time) (time.Time, bool) {
	for day := a.Truncate(24 * time.Hour); day.Before(b); day = day.Add(24 * time.Hour) {
		spans, _ := w.On(day)
		var first time.Time
		for _, s := range spans { // in any order
			begin, end := day.Add(time.Duration(s.From)*time.Minute), day.Add(time.Duration(s.To)*time.Minute)
			if !end.After(a) || s.To <= s.From {
				continue
			}
			if begin.Before(a) {
				begin = a
			}
			if first.IsZero() || begin.Before(first) {
				first = begin
			}
		}
		if !first.IsZero() {
			return first, first.Before(b)
		}
	}
	return time.Time{}, false
}

// calendar is windows by the clocks of one zone.
type calendar struct {
	windows Windows
	zone    *time.Location
}

// closedAt is the first of the calendars that is closed at t, and false when none is.
func closedAt(t time.Time, all []calendar) (calendar, bool) {
	for _, c := range all {
		if !c.windows.Open(t, c.zone) {
			return c, true
		}
	}
	return calendar{}, false
}

// nextOpen is the first moment from t on at which all are open at once.
func nextOpen(t time.Time, all []calendar) (time.Time, bool) {
	limit := t.Add(Horizon)
	for at := t; at.Before(limit); {
		moved := false
		for _, c := range all {
			next, ok := c.windows.Next(at, c.zone)
			if !ok {
				return time.Time{}, false
			}
			if next.After(at) {
				at, moved = next, true
			}
		}
		if !moved {
			return at, true
		}
	}
	return time.Time{}, false
}

// spansText is "09:00-12:00, 13:00-18:00", "-" without any.
func spansText(spans []Span) string {
	if len(spans) == 0 {
		return "-"
	}
	parts := make([]string, len(spans))
	for i, s := range spans {
		parts[i] = s.String()
	}
	return strings.Join(parts, ", ")
}
