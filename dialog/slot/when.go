package slot

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"hotline/dialog/internal/lang"
)

// Hours that stand for a part of the day, or for a day without one.
const (
	morningHour   = 10
	noonHour      = 12
	afternoonHour = 15
	eveningHour   = 19
)

// When reads the moment to come that somebody names for being called: 明天下午三点,
// 半小时以后, "tomorrow after six", "in twenty minutes". A part of the day stands for an
// hour in it, a day for its morning. It is false where no moment is named (晚点再打).
func When(text, language string, now time.Time) (at time.Time, ok bool) {
	zh := lang.Chinese(language)
	if d, ok := after(strings.ToLower(text), zh); ok {
		return now.Add(d), true
	}
	s, err := New(Spec{Kind: DateTime, Language: language, Future: true})
	if err != nil {
		return time.Time{}, false
	}
	found := s.Find(text, now)
	if len(found) == 0 {
		return time.Time{}, false
	}
	date, clock, both := strings.Cut(found[0].Canonical, "T")
	if !both {
		if strings.Contains(date, ":") {
			date, clock = "", date
		}
	}
	day := midnight(now)
	if date != "" {
		if day, err = time.ParseInLocation(time.DateOnly, date, now.Location()); err != nil {
			return time.Time{}, false
		}
	}
	minutes, named := minutesOf(clock)
	if clock == "" {
		minutes = morningHour * 60
		if day.Equal(midnight(now)) {
			return time.Time{}, false // 今天: when?
		}
	}
	at = time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, now.Location())
	switch {
	case at.After(now):
	case clock != "" && named && minutes < 12*60 && at.Add(12*time.Hour).After(now) && len(found[0].Doubtful) > 0:
		at = at.Add(12 * time.Hour) // 三点 said after three in the morning
	case date == "" || day.Equal(midnight(now)) && !named:
		at = at.AddDate(0, 0, 1)
	default:
		return time.Time{}, false
	}
	return at, true
}

// minutesOf reads a canonical time of day; named is false for a part of the day.
func minutesOf(clock string) (minutes int, named bool) {
	from, to, part := strings.Cut(clock, "-")
	if part {
		switch a, b := hourOf(from), hourOf(to); {
		case a < 11 && b <= 13:
			return max(a, morningHour) * 60, false
		case a < 13 && b <= 14:
			return noonHour * 60, false
		case a < 17:
			return max(a, afternoonHour) * 60, false
		default:
			return max(a, eveningHour) * 60, false
		}
	}
	h, m, _ := strings.Cut(from, ":")
	hours, _ := strconv.Atoi(h)
	rest, _ := strconv.Atoi(m)
	return hours*60 + rest, true
}

func hourOf(clock string) int {
	h, _, _ := strings.Cut(clock, ":")
	v, _ := strconv.Atoi(h)
	return v
}

var (
	zhAfterwards = regexp.MustCompile(`(?:过|再过|等)?(半个?(?:小时|钟头)|([0-9零一二两三四五六七八九十]+)个?(半)?(?:多)?(分钟|小时|钟头|刻钟))(半)?(?:之|以)?(后|再|打|给|吧|$)`)
	enAfterwards = regexp.MustCompile(`\b(?:in|after|give me)(?: about| another| around| like| maybe)? (half an hour|an hour and a half|an hour|a couple of hours|a few minutes|([a-z0-9-]+(?: [a-z]+)?) (minutes?|mins?|hours?))\b`)
)

// after is how long from now, where that was said.
func after(text string, zh bool) (time.Duration, bool) {
	if zh {
		m := zhAfterwards.FindStringSubmatch(text)
		if m == nil {
			return 0, false
		}
		if strings.HasPrefix(m[1], "半") {
			return 30 * time.Minute, true
		}
		n, ok := smallNumber(m[2], "zh")
		if !ok {
			return 0, false
		}
		unit := map[string]time.Duration{"分钟": time.Minute, "小时": time.Hour, "钟头": time.Hour, "刻钟": 15 * time.Minute}[m[4]]
		d := time.Duration(n) * unit
		if m[3] != "" || m[5] != "" {
			d += unit / 2
		}
		return d, d > 0 && d <= 48*time.Hour
	}
	m := enAfterwards.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	switch m[1] {
	case "half an hour":
		return 30 * time.Minute, true
	case "an hour":
		return time.Hour, true
	case "an hour and a half":
		return 90 * time.Minute, true
	case "a couple of hours":
		return 2 * time.Hour, true
	case "a few minutes":
		return 10 * time.Minute, true
	}
	n, ok := smallNumber(m[2], "en")
	unit := time.Minute
	if strings.HasPrefix(m[3], "h") {
		unit = time.Hour
	}
	d := time.Duration(n) * unit
	return d, ok && d > 0 && d <= 48*time.Hour
}

// smallNumber reads a count in words or figures.
func smallNumber(text, language string) (int, bool) {
	s, err := New(Spec{Kind: Quantity, Language: language})
	if err != nil {
		return 0, false
	}
	found := s.Find(text, time.Time{})
	if len(found) == 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(found[0].Canonical, 64)
	return int(v), err == nil
}

// SayWhen says a moment for the ear: 明天下午三点, "tomorrow at three p.m.".
func SayWhen(at time.Time, language string, now time.Time) string {
	s, err := New(Spec{Kind: DateTime, Language: language, Future: true})
	if err != nil {
		return at.Format(time.DateTime)
	}
	return s.SayAt(Value{Canonical: at.Format("2006-01-02T15:04"), Confidence: 1}, now)
}
