package campaignfile

import (
	"fmt"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/hours"
)

// spans are the parts of a day: 09:00-12:00, 13:00-20:00, or closed.
type spans []campaigns.Span

// Want words the form for errors.
func (*spans) Want() string { return "hours such as 09:00-20:00, or closed" }

// UnmarshalText reads hours of a day.
func (s *spans) UnmarshalText(text []byte) error {
	list, err := hours.Parse(string(text))
	if err != nil {
		return err
	}
	*s = make(spans, len(list))
	for i, span := range list {
		(*s)[i] = campaigns.Span(span)
	}
	return nil
}

// date is a calendar day, as its midnight UTC.
type date struct{ time.Time }

// Want words the form for errors.
func (*date) Want() string { return "a date such as 2026-10-01" }

// UnmarshalText reads a day.
func (d *date) UnmarshalText(text []byte) (err error) {
	d.Time, err = hours.ParseDay(string(text))
	return err
}

// moment is a point in time, with its zone.
type moment struct{ time.Time }

// Want words the form for errors.
func (*moment) Want() string { return "a time with its zone, such as 2026-10-01T09:00+08:00" }

// UnmarshalText reads a time with its offset.
func (m *moment) UnmarshalText(text []byte) error {
	s := strings.Replace(strings.TrimSpace(string(text)), " ", "T", 1)
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, s); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time with a zone", s)
}
