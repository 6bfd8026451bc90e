package slot

import (
	"strconv"
	"time"
)

var enWeekdays = map[string]time.Weekday{
	"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0, "mon": 1, "tues": 2, "wed": 3, "thurs": 4, "fri": 5,
	"mondays": 1, "tuesdays": 2, "wednesdays": 3, "thursdays": 4, "fridays": 5, "saturdays": 6, "sundays": 0,
}

var enMonths = map[string]int{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sept": 9, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

func (s *Slot) enDay(t *utterance, i int, now time.Time) (day, bool) {
	for _, f := range []func(*utterance, int, time.Time) (day, bool){s.enNear, s.enWeek, s.enAfter, s.enCalendar, s.enHoliday} {
		if d, ok := f(t, i, now); ok || d.to > i {
			return d, ok
		}
	}
	return day{}, false
}

func (s *Slot) enNear(t *utterance, i int, now time.Time) (day, bool) {
	if m := t.seq(i, "day", "after", "tomorrow"); m > 0 {
		return day{date: s.daysFrom(now, 2), to: m, confidence: 0.97}, true
	}
	if m := t.seq(i, "day", "before", "yesterday"); m > 0 {
		return day{date: s.daysFrom(now, -2), to: m, confidence: 0.97}, true
	}
	d := day{to: i + 1, confidence: 0.97}
	switch t.at(i).w {
	case "today":
		d.date = s.daysFrom(now, 0)
	case "tonight":
		d.date, d.part = s.daysFrom(now, 0), "evening"
	case "tomorrow", "tmrw":
		d.date = s.daysFrom(now, 1)
	case "yesterday":
		d.date = s.daysFrom(now, -1)
	case "week", "fortnight": // a week tomorrow, a week on Tuesday, a week from today
		n := i + 1
		if m, _ := t.any(n, "on", "from"); m > 0 {
			n = m
		}
		add := 7
		if t.at(i).w == "fortnight" {
			add = 14
		}
		if w := t.at(i - 1).w; add == 7 && (w == "this" || w == "next" || w == "last" || w == "every") {
			return day{}, false
		}
		switch w := t.at(n).w; w {
		case "today", "now":
			d.date = s.daysFrom(now, add)
		case "tomorrow":
			d.date = s.daysFrom(now, add+1)
		default:
			wd, ok := enWeekdays[w]
			if !ok {
				return day{}, false
			}
			d.date = s.nearWeekday(wd, now).AddDate(0, 0, add)
		}
		d.to, d.confidence = n+1, 0.9
		return d, true
	default:
		if t.seq(i, "this", "evening") > 0 || t.seq(i, "this", "morning") > 0 || t.seq(i, "this", "afternoon") > 0 {
			return day{date: s.daysFrom(now, 0), to: i + 1, confidence: 0.95}, true
		}
		return day{}, false
	}
	if t.at(i+1).w == "week" && t.at(i+1).gap != pause && t.at(i).w != "yesterday" { // tomorrow week
		d.date, d.to = d.date.AddDate(0, 0, 7), i+2
	}
	return d, true
}

// enWeek reads Tuesday, next Tuesday, Tuesday week, this weekend.
func (s *Slot) enWeek(t *utterance, i int, now time.Time) (day, bool) {
	n, which := i, ""
	switch w := t.at(i).w; w {
	case "this", "next", "last", "coming", "following", "past":
		which, n = w, i+1
		if t.at(n).w == "coming" || t.at(n).w == "past" {
			n++
		}
	}
	if w := t.at(n).w; w == "weekend" || w == "week" && t.at(n+1).w == "end" {
		to := n + 1
		if w == "week" {
			to++
		}
		offset := 0
		if which == "" && t.seq(to, "after", "next") > 0 {
			return day{date: week(2, time.Saturday, now), to: to + 2, confidence: 0.6}, true
		}
		switch which {
		case "next":
			offset = 1
		case "last", "past":
			offset = -1
		}
		return day{date: week(offset, time.Saturday, now), to: to, confidence: 0.6}, true
	}
	wd, ok := enWeekdays[t.at(n).w]
	if !ok {
		if which != "" && which != "this" && t.at(n).w == "week" {
			offset := 1
			if which == "last" || which == "past" {
				offset = -1
			}
			on := t.lit(n+1, "on")
			if on < 0 {
				on = n + 1
			}
			if t.at(on).gap != pause {
				if wd, ok := enWeekdays[t.at(on).w]; ok {
					return day{date: week(offset, wd, now), to: on + 1, confidence: 0.9}, true
				}
			}
			return day{date: week(offset, time.Monday, now), to: n + 1, confidence: 0.35}, true
		}
		return day{}, false
	}
	d := day{to: n + 1, confidence: 0.95, date: s.nearWeekday(wd, now)}
	switch which {
	case "":
		if wd == now.Weekday() {
			d.confidence = 0.6
		}
	case "this":
		d.date = week(0, wd, now)
		if d.date.Before(midnight(now)) && !s.spec.Past {
			d.date = d.date.AddDate(0, 0, 7)
		}
	case "coming", "following":
		if d.date = s.daysFrom(now, (int(wd)-int(now.Weekday())+6)%7+1); d.date.Before(midnight(now)) {
			d.date = d.date.AddDate(0, 0, 7)
		}
	case "next":
		d.date = week(1, wd, now)
		if week(0, wd, now).After(midnight(now)) {
			d.confidence = 0.7 // some mean the coming one
		}
	case "last", "past":
		if d.date = s.daysFrom(now, -((int(now.Weekday())-int(wd)+6)%7 + 1)); week(-1, wd, now) != d.date {
			d.confidence = 0.75
		}
	}
	switch n = d.to; {
	case t.seq(n, "after", "next") > 0:
		d.date, d.to, d.confidence = week(2, wd, now), n+2, 0.8
	case t.seq(n, "next", "week") > 0:
		d.date, d.to, d.confidence = week(1, wd, now), n+2, 0.9
	case t.seq(n, "last", "week") > 0:
		d.date, d.to, d.confidence = week(-1, wd, now), n+2, 0.9
	case t.seq(n, "this", "week") > 0:
		d.date, d.to, d.confidence = week(0, wd, now), n+2, 0.95
	case t.at(n).w == "week" && which == "" && t.at(n).gap != pause:
		d.date, d.to, d.confidence = d.date.AddDate(0, 0, 7), n+1, 0.9
	case t.at(n).w == "fortnight" && which == "":
		d.date, d.to, d.confidence = d.date.AddDate(0, 0, 14), n+1, 0.9
	}
	// Tuesday the fifth
	n = d.to
	if m := t.lit(n, "the"); m > 0 {
		n = m
	}
	if x, ok := s.enCalendar(t, n, now); ok && t.at(n).gap != pause || ok && x.date.Weekday() == wd {
		d.date, d.to = x.date, x.to
		if d.confidence = 0.97; x.date.Weekday() != wd {
			d.confidence = 0.5
		}
	}
	return d, true
}

// enAfter reads in two weeks, three days ago, ten days from now.
func (s *Slot) enAfter(t *utterance, i int, now time.Time) (day, bool) {
	n := i
	in := t.lit(i, "in")
	if in > 0 {
		n = in
	}
	var v float64
	var m int
	switch {
	case t.at(n).w == "a" && t.at(n+1).w == "couple":
		v, m = 2, n+2
		if o := t.lit(m, "of"); o > 0 {
			m = o
		}
	case t.at(n).w == "a" && t.at(n+1).w != "hundred":
		v, m = 1, n+1
	default:
		x, ok := t.enNumber(n)
		if !ok || x.v > 400 || x.v != float64(int(x.v)) {
			return day{}, false
		}
		v, m = x.v, x.next
	}
	var days, months int
	switch w := t.at(m).w; w {
	case "day", "days":
		days = int(v)
	case "week", "weeks":
		days = 7 * int(v)
	case "fortnight", "fortnights":
		days = 14 * int(v)
	case "month", "months":
		months = int(v)
	case "year", "years":
		months = 12 * int(v)
	default:
		return day{}, false
	}
	m++
	c := 0.9
	switch {
	case t.at(m).w == "ago":
		days, months = -days, -months
		m++
	case t.seq(m, "from", "now") > 0, t.seq(m, "from", "today") > 0:
		m += 2
	case t.seq(m, "from", "tomorrow") > 0:
		m += 2
		days++
	case t.at(m).w == "from" && enWeekdays[t.at(m+1).w] > 0 || t.seq(m, "from", "sunday") > 0: // two weeks from Friday
		from := s.nearWeekday(enWeekdays[t.at(m+1).w], now)
		return day{date: from.AddDate(0, months, days), to: m + 2, confidence: 0.85}, true
	case in > 0:
		if m2, w := t.any(m, "time"); w != "" {
			m = m2
		}
	default:
		return day{}, false
	}
	return day{date: midnight(now).AddDate(0, months, days), to: m, confidence: c}, true
}

var enWhich = map[string]int{"this": 0, "next": 1, "last": -1}

// enYear reads 2026, twenty twenty six, two thousand and twenty-six at i.
func enYear(t *utterance, i int) (y, next int) {
	if t.at(i).gap == pause && t.at(i).kind != digits || i >= len(t.toks) {
		if _, ok := enTens[t.at(i).w]; !ok && t.at(i).w != "nineteen" {
			return 0, -1
		}
	}
	if tok := t.at(i); tok.kind == digits {
		y, _ = strconv.Atoi(tok.w)
		if len(tok.w) == 4 && y >= 1900 && y < 2100 {
			return y, i + 1
		}
		return 0, -1
	}
	if x, ok := t.enNumber(i); ok && x.v >= 1900 && x.v < 2100 {
		return int(x.v), x.next
	}
	c, n := t.enSmall(i)
	if n < 0 || c != 19 && c != 20 {
		return 0, -1
	}
	if w := t.at(n).w; w == "oh" || w == "o" {
		if d, ok := enOnes[t.at(n+1).w]; ok {
			return c*100 + d, n + 2
		}
	}
	d, m := t.enSmall(n)
	if m < 0 || d < 10 {
		return 0, -1
	}
	return c*100 + d, m
}

// enCalendar reads the fifth of March 2026, March 5th, the fifteenth, end of the month.
func (s *Slot) enCalendar(t *utterance, i int, now time.Time) (day, bool) {
	if d, ok := s.figureDate(t, i, now); ok {
		return d, true
	}
	date := func(mon, d, to int) (day, bool) {
		n := to
		if m := t.lit(n, "of"); m > 0 {
			n = m
		}
		if y, next := enYear(t, n); next > 0 {
			x, ok := ymd(y, mon, d, now)
			return day{date: x, to: next, confidence: 0.98}, ok
		}
		if k, ok := enWhich[t.at(to).w]; ok && t.at(to+1).w == "year" {
			x, ok := ymd(now.Year()+k, mon, d, now)
			return day{date: x, to: to + 2, confidence: 0.95}, ok
		}
		x, ok := s.monthDay(mon, d, now)
		return day{date: x, to: to, confidence: 0.95}, ok
	}
	if mon, ok := enMonths[t.at(i).w]; ok {
		n := i + 1
		if m := t.lit(n, "the"); m > 0 {
			n = m
		}
		if d, next := enDayNumber(t, n); next > 0 && t.at(n).gap != pause {
			return date(mon, d, next)
		}
		return day{}, false
	}
	if w := t.at(i).w; w == "end" || w == "beginning" || w == "start" || w == "middle" {
		n := i + 1
		if m := t.lit(n, "of"); m > 0 {
			n = m
		}
		offset := 0
		switch t.at(n).w {
		case "the", "this":
			n++
		case "next":
			offset, n = 1, n+1
		case "last":
			offset, n = -1, n+1
		}
		switch t.at(n).w {
		case "month":
		case "year":
			x, ok := ymd(now.Year()+offset, 12, 31, now)
			return day{date: x, to: n + 1, confidence: 0.6}, ok && w == "end"
		case "week":
			return day{date: week(offset, time.Friday, now), to: n + 1, confidence: 0.5}, w == "end"
		default:
			mon, ok := enMonths[t.at(n).w]
			if !ok {
				return day{}, false
			}
			x, _ := s.monthDay(mon, 1, now)
			offset = (x.Year()-now.Year())*12 + mon - int(now.Month())
		}
		switch w {
		case "end":
			return day{date: monthEnd(offset, now), to: n + 1, confidence: 0.75}, true
		case "middle":
			x, ok := month(offset, 15, now)
			return day{date: x, to: n + 1, confidence: 0.5}, ok
		}
		if offset == 0 && t.at(n).w == "month" && !s.spec.Past && now.Day() > 10 {
			offset = 1
		}
		x, ok := month(offset, 1, now)
		return day{date: x, to: n + 1, confidence: 0.5}, ok
	}
	d, n := t.enOrdinal(i)
	ordinal := n > 0
	if !ordinal {
		if d, n = enDayNumber(t, i); n < 0 {
			return day{}, false
		}
	}
	if d < 1 || d > 31 {
		return day{}, false
	}
	m := n
	if k := t.lit(m, "of"); k > 0 {
		m = k
	}
	if mon, ok := enMonths[t.at(m).w]; ok && t.at(m).gap != pause && (t.at(m).w != "may" && t.at(m).w != "march" || ordinal || m > n || t.at(i).kind == digits) {
		return date(mon, d, m+1)
	}
	if k, ok := enWhich[t.at(m).w]; ok && t.at(m+1).w == "month" {
		x, ok := month(k, d, now)
		return day{date: x, to: m + 2, confidence: 0.95}, ok
	}
	if t.seq(m, "the", "month") > 0 {
		n = m + 2
	}
	if !ordinal {
		return day{}, false
	}
	if w := t.at(n).w; w == "one" || w == "time" || w == "option" || w == "floor" || w == "order" || w == "thing" || w == "street" || w == "avenue" {
		return day{}, false
	}
	if w := t.at(i - 1).w; w == "a" || w == "my" || w == "your" || w != "the" && w != "on" && i > 0 && !fillEn[w] && !softEn[w] && t.toks[i].gap != pause && t.toks[i].kind != digits {
		return day{}, false
	}
	c := 0.85
	if t.at(i-1).w != "the" && i > 0 && t.at(i-1).w != "on" || d < 4 && n < len(t.toks) {
		c = 0.6
	}
	x, ok := s.dayOnly(d, now)
	dd := day{date: x, to: n, confidence: c}
	return dd, ok
}

// enDayNumber reads fifth, 5th, twenty-one, 5 at i.
func enDayNumber(t *utterance, i int) (d, next int) {
	if d, n := t.enOrdinal(i); n > 0 && d <= 31 {
		return d, n
	}
	if tok := t.at(i); tok.kind == digits && len(tok.w) <= 2 {
		v, _ := strconv.Atoi(tok.w)
		return v, pickInt(v >= 1 && v <= 31 && t.at(i+1).w != ":", i+1, -1)
	}
	if v, n := t.enSmall(i); n > 0 && v >= 1 && v <= 31 {
		return v, n
	}
	return 0, -1
}

func pickInt(c bool, a, b int) int {
	if c {
		return a
	}
	return b
}

func (s *Slot) enHoliday(t *utterance, i int, now time.Time) (day, bool) {
	for _, h := range []struct {
		words []string
		m, d  int
	}{
		{[]string{"christmas", "eve"}, 12, 24},
		{[]string{"christmas", "day"}, 12, 25},
		{[]string{"christmas"}, 12, 25},
		{[]string{"boxing", "day"}, 12, 26},
		{[]string{"new", "years", "eve"}, 12, 31},
		{[]string{"new", "years", "day"}, 1, 1},
		{[]string{"new", "years"}, 1, 1},
		{[]string{"halloween"}, 10, 31},
		{[]string{"valentines", "day"}, 2, 14},
		{[]string{"valentines"}, 2, 14},
		{[]string{"fourth", "of", "july"}, 7, 4},
	} {
		if n := t.seq(i, h.words...); n > 0 {
			x, ok := s.monthDay(h.m, h.d, now)
			return day{date: x, to: n, confidence: 0.85}, ok
		}
	}
	return day{}, false
}
