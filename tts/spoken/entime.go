package spoken

import (
	"strconv"
	"strings"
)

func monthName(s string) string {
	for _, m := range monthNames {
		if strings.HasPrefix(m, s[:3]) {
			return m
		}
	}
	return s
}

func weekday(s string) string {
	for d := range strings.FieldsSeq("Monday Tuesday Wednesday Thursday Friday Saturday Sunday") {
		if strings.HasPrefix(d, s[:3]) {
			return d
		}
	}
	return s
}

// enDate reads a date as said in the country; an empty year is left out.
func enDate(at place, mon, d, year string) string {
	m, _ := strconv.Atoi(mon)
	return enDateName(at, monthNames[m-1], d, year)
}

func enDateName(at place, mon, d, year string) string {
	s := mon + " " + enOrdinal(d, at.british)
	if at.british {
		s = "the " + enOrdinal(d, true) + " of " + mon
		if strings.HasSuffix(strings.ToLower(strings.TrimRight(at.before, " ")), " the") || strings.EqualFold(strings.TrimSpace(at.before), "the") {
			s = strings.TrimPrefix(s, "the ")
		}
	}
	if year == "" {
		return s
	}
	if len(year) == 2 {
		year = "20" + year
	}
	if at.british {
		return s + " " + enYear(year, true)
	}
	return s + ", " + enYear(year, false)
}

// dayMonth puts two numbers into the country's order: month first in America; the
// other way round where that alone is possible.
func dayMonth(at place, a, b string) (mon, d string, ok bool) {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	if at.british {
		a, b, x, y = b, a, y, x
	}
	if x > 12 && y <= 12 {
		a, b, x, y = b, a, y, x
	}
	return a, b, x >= 1 && x <= 12 && y >= 1 && y <= 31
}

func enSlashDate(at place, m []string) (string, bool) {
	mon, d, ok := dayMonth(at, m[1], m[2])
	if !ok || isDigit(at.next()) || at.next() == '/' {
		return "", false
	}
	return enDate(at, mon, d, m[3]), true
}

func enShortDate(at place, a, b string) (string, bool) {
	mon, d, ok := dayMonth(at, a, b)
	if !ok || len(a) > 2 || len(b) > 2 {
		return "", false
	}
	return enDate(at, mon, d, ""), true
}

func enMonthDay(at place, m []string) (string, bool) {
	if isLatin(at.last()) {
		return "", false
	}
	if m[4] == "" {
		return enDateName(at, monthName(m[1]), m[2], m[5]), true
	}
	s := enDateName(at, monthName(m[1]), m[2], "") + " to "
	switch {
	case m[3] != "":
		s += enDateName(place{british: at.british}, monthName(m[3]), m[4], m[5])
	case at.british:
		s += "the " + enOrdinal(m[4], true)
	default:
		s += enOrdinal(m[4], false)
	}
	if m[3] == "" && m[5] != "" {
		s += ", " + enYear(m[5], at.british)
	}
	return s, true
}

func enDayMonth(at place, m []string) (string, bool) {
	if isLatin(at.last()) || isDigit(at.last()) || isLatin(at.next()) {
		return "", false
	}
	return enDateName(at, monthName(m[2]), m[1], m[3]), true
}

// half is the half of the day, letter by letter: "A M".
func half(s string) string {
	if s[0] == 'a' || s[0] == 'A' {
		return "A M"
	}
	return "P M"
}

// stop gives back the full stop of "a.m." where it ends the sentence too.
func stop(half string, at place) string {
	if rest := strings.TrimSpace(at.after); strings.HasSuffix(half, ".") && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
		return "."
	}
	return ""
}

// enClock reads hours and minutes; full says what follows a full hour.
func enClock(h, m, full string) string {
	switch {
	case m == "00" || m == "":
		return enCardinal(trimZero(h), false) + full
	case m[0] == '0':
		return enCardinal(trimZero(h), false) + " oh " + enOnes[m[1]-'0']
	}
	return enCardinal(trimZero(h), false) + " " + enCardinal(m, false)
}

// enClock24 reads a time without a half of the day: from 13 on it is P M.
func enClock24(h, m, full string) string {
	n, _ := strconv.Atoi(h)
	switch {
	case n == 0 && m == "00" || n == 24:
		return "midnight"
	case n == 12 && m == "00":
		return "noon"
	case n == 0:
		return enClock("12", m, "") + " A M"
	case n > 12:
		return enClock(strconv.Itoa(n-12), m, "") + " P M"
	}
	return enClock(h, m, full)
}

func enTime(at place, m []string) (string, bool) {
	if at.next() == ':' || at.last() == ':' || isDigit(at.last()) {
		return "", false
	}
	if m[3] != "" {
		return enClock(m[1], m[2], "") + " and " + enCardinal(trimZero(m[3]), false) + " seconds", true
	}
	if m[4] != "" {
		return enClock(m[1], m[2], "") + " " + half(m[4]) + stop(m[4], at), true
	}
	return enClock24(m[1], m[2], " o'clock"), true
}

func enTimeRange(at place, m []string) (string, bool) {
	first := enClock(m[1], m[2], "")
	if m[3] != "" {
		first += " " + half(m[3])
	}
	return first + " to " + enClock(m[4], m[5], "") + " " + half(m[6]) + stop(m[6], at), true
}

func enTimeRange24(at place, m []string) (string, bool) {
	if isDigit(at.next()) || at.next() == ':' {
		return "", false
	}
	first, second := enClock24(m[1], m[2], ""), enClock24(m[3], m[4], "")
	if h, _ := strconv.Atoi(m[1]); h < 12 && h > 0 && strings.HasSuffix(second, "P M") {
		first += " A M"
	}
	return first + " to " + second, true
}
