// Package hours reads the hours of a day and calendar days as people write them, in
// Chinese and in English, wherever an owner writes some: his opening hours, the hours of a
// campaign, holidays, the dates of his knowledge.
//
// It is pure: no clock, no file, safe for concurrent use.
package hours

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a part of a day, in minutes since midnight; To may be 1440.
type Span struct{ From, To int }

var (
	signs = strings.NewReplacer("，", ",", "、", ",", "：", ":", "–", "-", "—", "-", "~", "-", "至", "-", "到", "-", " ", "")
	days  = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-", " 00:00:00", "", "T00:00:00", "")
)

// Parse reads 09:00-12:00, 13:00-18:00 in order; "closed" or 休息 is an empty list that is
// not nil, 24h or 全天 the whole day.
func Parse(text string) ([]Span, error) {
	in := signs.Replace(text)
	switch strings.ToLower(in) {
	case "closed", "off", "休息", "不营业", "不拨打":
		return []Span{}, nil
	case "24h", "allday", "全天":
		return []Span{{0, 1440}}, nil
	}
	var out []Span
	for part := range strings.SplitSeq(in, ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			return nil, fmt.Errorf("%q has no end", part)
		}
		a, err := minute(from)
		if err != nil {
			return nil, err
		}
		b, err := minute(to)
		if err != nil {
			return nil, err
		}
		if b <= a {
			return nil, fmt.Errorf("%q ends before it begins; split hours past midnight at 24:00", part)
		}
		if len(out) > 0 && a < out[len(out)-1].To {
			return nil, fmt.Errorf("%q overlaps the one before", part)
		}
		out = append(out, Span{a, b})
	}
	return out, nil
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

// ParseDay reads 2026-10-01, 2026/10/1, 2026.10.1, 2026年10月1日, 20261001 and a
// spreadsheet's day number, and returns the day's midnight UTC. A day behind the month
// alone (1/10/2026) is refused: it means two different days on two sides of an ocean.
func ParseDay(text string) (time.Time, error) {
	s := days.Replace(strings.TrimSpace(text))
	if n, err := strconv.Atoi(s); err == nil {
		switch {
		case len(s) == 8:
			s = s[:4] + "-" + s[4:6] + "-" + s[6:]
		case n > 20000 && n < 80000: // days since 1899-12-30, the spreadsheets' epoch
			return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC), nil
		}
	}
	t, err := time.Parse("2006-1-2", s)
	if err != nil {
		return time.Time{}, fmt.Errorf("parse date %q", text)
	}
	if t.Year() < 1900 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("parse date %q: year out of range", text)
	}
	return t, nil
}
