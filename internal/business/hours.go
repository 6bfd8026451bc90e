package business

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/internal/hours"
)

// Hours is when people can be reached, week by week, with the days that are
// different. An empty one is always open.
type Hours struct {
	// Daily counts for every day, Weekdays for Monday to Friday, Weekend for the
	// other two; a day's own entry goes before them.
	Daily     Spans `yaml:"daily" json:"daily,omitempty"`
	Weekdays  Spans `yaml:"weekdays" json:"weekdays,omitempty"`
	Weekend   Spans `yaml:"weekend" json:"weekend,omitempty"`
	Monday    Spans `yaml:"monday" json:"monday,omitempty"`
	Tuesday   Spans `yaml:"tuesday" json:"tuesday,omitempty"`
	Wednesday Spans `yaml:"wednesday" json:"wednesday,omitempty"`
	Thursday  Spans `yaml:"thursday" json:"thursday,omitempty"`
	Friday    Spans `yaml:"friday" json:"friday,omitempty"`
	Saturday  Spans `yaml:"saturday" json:"saturday,omitempty"`
	Sunday    Spans `yaml:"sunday" json:"sunday,omitempty"`
	// Holidays are days with hours of their own; closed unless they say else.
	Holidays []Holiday `yaml:"holidays" json:"holidays,omitempty"`
	// Workdays are weekend days that are worked like a Monday (调休).
	Workdays []Date `yaml:"workdays" json:"workdays,omitempty"`

	// Spoken is when people are there, as the bot says it: 早上九点到晚上九点,
	// "nine to six, Monday to Friday".
	Spoken string `yaml:"spoken" json:"spoken,omitempty"`

	location *time.Location
}

// Holiday is one or more days.
type Holiday struct {
	Name string `yaml:"name" json:"name"`
	From Date   `yaml:"from" json:"from"`
	To   Date   `yaml:"to" json:"to"` // inclusive; left out, the same day
	Open Spans  `yaml:"open" json:"open,omitempty"`
}

// Date is a calendar day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is t's day.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Compare orders days.
func (d Date) Compare(e Date) int {
	return d.In(time.UTC).Compare(e.In(time.UTC))
}

// In is the day's first moment.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// String is 2026-10-01, "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText writes what UnmarshalText reads.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day as ParseDate does.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := ParseDate(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// Want words the form for errors.
func (*Date) Want() string { return "a date such as 2026-10-01" }

// ParseDate reads a day as people and spreadsheets write it, see [hours.ParseDay].
func ParseDate(text string) (Date, error) {
	t, err := hours.ParseDay(text)
	if err != nil {
		return Date{}, err
	}
	return DateOf(t), nil
}

// Span is a part of a day, in minutes since midnight; To may be 1440.
type Span struct{ From, To int }

// Spans are the open parts of a day, in order. Written "09:00-12:00,
// 13:00-18:00"; "closed" or 休息 is an empty, non-nil list.
type Spans []Span

// String writes what UnmarshalText reads.
func (s Spans) String() string {
	if len(s) == 0 {
		return "closed"
	}
	parts := make([]string, len(s))
	for i, p := range s {
		parts[i] = fmt.Sprintf("%02d:%02d-%02d:%02d", p.From/60, p.From%60, p.To/60, p.To%60)
	}
	return strings.Join(parts, ", ")
}

// MarshalText writes what UnmarshalText reads.
func (s Spans) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Want words the form for errors.
func (*Spans) Want() string { return "hours such as 09:00-21:00, or closed" }

// UnmarshalText reads hours of a day, see [hours.Parse].
func (s *Spans) UnmarshalText(text []byte) error {
	list, err := hours.Parse(string(text))
	if err != nil {
		return err
	}
	out := make(Spans, len(list))
	for i, span := range list {
		out[i] = Span(span)
	}
	*s = out
	return nil
}

// Always reports whether no hours were set.
func (h Hours) Always() bool {
	for _, s := range []Spans{h.Daily, h.Weekdays, h.Weekend, h.Monday, h.Tuesday, h.Wednesday, h.Thursday, h.Friday, h.Saturday, h.Sunday} {
		if s != nil {
			return false
		}
	}
	return true
}

// On is when day is open, and the holiday's name if it is one.
func (h Hours) On(day Date) (Spans, string) {
	for _, holiday := range h.Holidays {
		last := holiday.To
		if last.IsZero() {
			last = holiday.From
		}
		if day.Compare(holiday.From) >= 0 && day.Compare(last) <= 0 {
			return holiday.Open, holiday.Name
		}
	}
	if h.Always() {
		return Spans{{0, 1440}}, ""
	}
	weekday := day.In(time.UTC).Weekday()
	if slices.Contains(h.Workdays, day) {
		weekday = time.Monday
	}
	own := [...]Spans{h.Sunday, h.Monday, h.Tuesday, h.Wednesday, h.Thursday, h.Friday, h.Saturday}[weekday]
	group := h.Weekdays
	if weekday == time.Saturday || weekday == time.Sunday {
		group = h.Weekend
	}
	for _, s := range []Spans{own, group, h.Daily} {
		if s != nil {
			return s, ""
		}
	}
	return nil, ""
}

// Open reports whether people can be reached at t.
func (h Hours) Open(t time.Time) bool {
	t = h.local(t)
	spans, _ := h.On(DateOf(t))
	at := t.Hour()*60 + t.Minute()
	for _, s := range spans {
		if at >= s.From && at < s.To {
			return true
		}
	}
	return false
}

// NextOpen is t itself while open, else the next opening within 60 days, and
// false when there is none.
func (h Hours) NextOpen(t time.Time) (time.Time, bool) {
	if h.Open(t) {
		return t, true
	}
	t = h.local(t)
	at := t.Hour()*60 + t.Minute()
	for i := range 60 {
		y, m, d := t.Date()
		day := time.Date(y, m, d+i, 0, 0, 0, 0, t.Location())
		spans, _ := h.On(DateOf(day))
		for _, s := range spans {
			if i > 0 || s.From > at {
				y, m, d := day.Date()
				return time.Date(y, m, d, s.From/60, s.From%60, 0, 0, t.Location()), true
			}
		}
	}
	return time.Time{}, false
}

func (h Hours) local(t time.Time) time.Time {
	if h.location != nil {
		return t.In(h.location)
	}
	return t
}
