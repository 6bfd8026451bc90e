package slot

import (
	"time"
)

// A day is a date that was read.
type day struct {
	date       time.Time
	from, to   int
	confidence float64
	part       string // the part of the day that was said with it: 今晚, tonight
}

// dates finds the days in t.
func (s *Slot) dates(t *utterance, now time.Time) []Value {
	var out []Value
	for _, d := range s.days(t, now) {
		out = append(out, Value{Canonical: d.date.Format(time.DateOnly), Start: t.start(d.from), End: t.end(d.to), Confidence: d.confidence})
	}
	return out
}

func (s *Slot) days(t *utterance, now time.Time) []day {
	var out []day
	for i := 0; i < len(t.toks); {
		var d day
		var ok bool
		if s.zh {
			d, ok = s.zhDay(t, i, now)
		} else {
			d, ok = s.enDay(t, i, now)
		}
		if !ok || d.to <= i {
			i = max(i+1, d.to) // no such day, 二月三十号, is none at all
			continue
		}
		if d.from == 0 {
			d.from = i
		}
		out = append(out, d)
		i = d.to
	}
	return out
}

func midnight(now time.Time) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, now.Location())
}

// ymd is the date, if there is such a one.
func ymd(y, m, d int, now time.Time) (time.Time, bool) {
	x := time.Date(y, time.Month(m), d, 0, 0, 0, 0, now.Location())
	return x, y > 1800 && y < 2200 && m >= 1 && m <= 12 && x.Day() == d
}

// monthDay gives a day without year its year.
func (s *Slot) monthDay(m, d int, now time.Time) (time.Time, bool) {
	today := midnight(now)
	var best time.Time
	for y := now.Year() - 4; y <= now.Year()+4; y++ {
		x, ok := ymd(y, m, d, now)
		if !ok || s.spec.Past && x.After(today) || s.spec.Future && x.Before(today) {
			continue
		}
		if best.IsZero() || x.Sub(today).Abs() < best.Sub(today).Abs() {
			best = x
		}
	}
	return best, !best.IsZero()
}

// monthDayOnly gives a day of the month its month.
func (s *Slot) dayOnly(d int, now time.Time) (time.Time, bool) {
	step := 1
	if s.spec.Past {
		step = -1
	}
	for k := range 3 {
		first := time.Date(now.Year(), now.Month()+time.Month(k*step), 1, 0, 0, 0, 0, now.Location())
		x, ok := ymd(first.Year(), int(first.Month()), d, now)
		if ok && (step > 0 && !x.Before(midnight(now)) || step < 0 && !x.After(midnight(now))) {
			return x, true
		}
	}
	return time.Time{}, false
}

// month turns a day of a month counted from now's into a date.
func month(offset, d int, now time.Time) (time.Time, bool) {
	first := time.Date(now.Year(), now.Month()+time.Month(offset), 1, 0, 0, 0, 0, now.Location())
	return ymd(first.Year(), int(first.Month()), d, now)
}

// monthEnd is the last day of that month.
func monthEnd(offset int, now time.Time) time.Time {
	return time.Date(now.Year(), now.Month()+time.Month(offset)+1, 0, 0, 0, 0, 0, now.Location())
}

// weekday is the day of the week of now, weeks being from Monday to Sunday.
func week(offset int, wd time.Weekday, now time.Time) time.Time {
	since := func(w time.Weekday) int { return (int(w) + 6) % 7 }
	return midnight(now).AddDate(0, 0, 7*offset+since(wd)-since(now.Weekday()))
}

// nearWeekday is the weekday that was said without a week.
func (s *Slot) nearWeekday(wd time.Weekday, now time.Time) time.Time {
	d := (int(wd) - int(now.Weekday()) + 7) % 7
	if s.spec.Past && d > 0 {
		d -= 7
	}
	return midnight(now).AddDate(0, 0, d)
}

func (s *Slot) daysFrom(now time.Time, n int) time.Time { return midnight(now).AddDate(0, 0, n) }

// year reads two figures as a year near now.
func shortYear(y int, now time.Time) int {
	if y >= 100 {
		return y
	}
	y += now.Year() / 100 * 100
	if y > now.Year()+20 {
		y -= 100
	}
	return y
}
