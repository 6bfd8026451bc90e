package campaignfile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
)

// spans are the parts of a day: 09:00-12:00, 13:00-20:00, or closed.
type spans []campaigns.Span

// Want words the form for errors.
func (*spans) Want() string { return "hours such as 09:00-20:00, or closed" }

// UnmarshalText reads hours of a day.
func (s *spans) UnmarshalText(text []byte) error {
	in := strings.NewReplacer("，", ",", "、", ",", "：", ":", "–", "-", "—", "-", "~", "-", "至", "-", "到", "-", " ", "").Replace(string(text))
	switch strings.ToLower(in) {
	case "closed", "off", "休息", "不拨打":
		*s = spans{}
		return nil
	}
	out := spans{}
	for part := range strings.SplitSeq(in, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			return fmt.Errorf("%q has no end", part)
		}
		a, err := minute(from)
		if err != nil {
			return err
		}
		b, err := minute(to)
		if err != nil {
			return err
		}
		if b <= a || len(out) > 0 && a < out[len(out)-1].To {
			return fmt.Errorf("%q ends before it begins, or overlaps the one before", part)
		}
		out = append(out, campaigns.Span{From: a, To: b})
	}
	*s = out
	return nil
}

func minute(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	if !ok {
		m = "0"
	}
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if err1 != nil || err2 != nil || hours < 0 || hours > 24 || minutes < 0 || minutes > 59 || hours == 24 && minutes > 0 {
		return 0, fmt.Errorf("%q is no time of day", text)
	}
	return hours*60 + minutes, nil
}

// date is a calendar day, as its midnight UTC.
type date struct{ time.Time }

// Want words the form for errors.
func (*date) Want() string { return "a date such as 2026-10-01" }

// UnmarshalText reads 2026-10-01, 2026/10/1 and 2026年10月1日.
func (d *date) UnmarshalText(text []byte) (err error) {
	s := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-").Replace(strings.TrimSpace(string(text)))
	d.Time, err = time.Parse("2006-1-2", s)
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
