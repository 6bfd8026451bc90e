package slot

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func (s *Slot) sayDate(c string, now time.Time) string {
	d, err := time.ParseInLocation(time.DateOnly, c, now.Location())
	if err != nil {
		return c
	}
	days := 1000
	year := true
	if !now.IsZero() {
		today := midnight(now)
		days = int(d.Sub(today).Round(24*time.Hour).Hours() / 24)
		if x, ok := s.monthDay(int(d.Month()), d.Day(), now); ok && x.Equal(d) {
			year = false
		}
	}
	if s.zh {
		if near := map[int]string{-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天", 3: "大后天"}; near[days] != "" {
			return near[days]
		}
		w := zhInt(int64(d.Month())) + "月" + zhInt(int64(d.Day())) + "号"
		if days > 0 && days < 14 && !s.spec.Past {
			w += "，星期" + zhNumerals[d.Weekday()]
			if d.Weekday() == time.Sunday {
				w = strings.TrimSuffix(w, "零") + "天"
			}
		}
		if year {
			var y strings.Builder
			for _, r := range strconv.Itoa(d.Year()) {
				y.WriteString(zhNumerals[r-'0'])
			}
			w = y.String() + "年" + w
		}
		return w
	}
	if near := map[int]string{-1: "yesterday", 0: "today", 1: "tomorrow"}; near[days] != "" {
		return near[days]
	}
	mon, day := enMonthNames[d.Month()-1], enOrdinalWord(d.Day())
	w := mon + " " + day
	if s.dayFirst() {
		w = "the " + day + " of " + mon
	}
	if days > 0 && days < 14 && !s.spec.Past {
		w = d.Weekday().String() + ", " + w
	}
	if year {
		w += ", " + enYearWords(d.Year())
	}
	return w
}

func (s *Slot) dayFirst() bool { m, _ := s.order(1, 2); return m == 2 }

func enYearWords(y int) string {
	switch {
	case y%1000 < 10:
		return joined(enUnderTwenty[y/1000%20]+" thousand", " and ", int64(y%1000))
	case y%100 == 0:
		return enInt(int64(y/100)) + " hundred"
	case y%100 < 10:
		return enInt(int64(y/100)) + " oh " + enUnderTwenty[y%100]
	}
	return enInt(int64(y/100)) + " " + enInt(int64(y%100))
}

func enOrdinalWord(d int) string {
	if d > 20 && d%10 != 0 {
		return enTensNames[d/10] + "-" + enOrdinalWord(d%10)
	}
	for w, v := range enOrdinals {
		if v == d {
			return w
		}
	}
	return enInt(int64(d)) + "th"
}

func ordinalFigure(v int) string {
	suffix := "th"
	if v/10%10 != 1 {
		switch v % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(v) + suffix
}

func (s *Slot) sayClock(c string) string {
	from, to, window := strings.Cut(c, "-")
	if window {
		parts := enParts
		order := []string{"morning", "afternoon", "evening", "lunchtime"}
		if s.zh {
			parts, order = zhParts, []string{"上午", "下午", "晚上", "早上", "凌晨", "清晨", "傍晚", "夜里"}
		}
		for _, w := range order {
			if p := parts[w]; p[1] > 0 && clock(p[0]*60) == from && clock(p[1]*60) == to {
				if !s.zh && w != "lunchtime" {
					return "in the " + w
				}
				return w
			}
		}
		if s.zh {
			return s.sayPoint(from) + "到" + s.sayPoint(to)
		}
		return "between " + s.sayPoint(from) + " and " + s.sayPoint(to)
	}
	return s.sayPoint(c)
}

func (s *Slot) sayPoint(c string) string {
	var h, m int
	if _, err := fmt.Sscanf(c, "%d:%d", &h, &m); err != nil {
		return c
	}
	if s.zh {
		part := "晚上"
		switch {
		case h < 6:
			part = "凌晨"
		case h < 9:
			part = "早上"
		case h < 12:
			part = "上午"
		case h < 13:
			part = "中午"
		case h < 18:
			part = "下午"
		}
		hour := h
		if h > 12 {
			hour = h - 12
		}
		w := part + zhInt(int64(hour)) + "点"
		if hour == 2 {
			w = part + "两点"
		}
		switch {
		case m == 0:
			return w
		case m == 30:
			return w + "半"
		case m < 10:
			return w + "零" + zhInt(int64(m)) + "分"
		}
		return w + zhInt(int64(m)) + "分"
	}
	switch {
	case h == 12 && m == 0:
		return "noon"
	case h == 0 && m == 0:
		return "midnight"
	}
	half := "a.m."
	if h >= 12 {
		half = "p.m."
	}
	hour := h % 12
	if hour == 0 {
		hour = 12
	}
	w := enUnderTwenty[hour]
	switch {
	case m == 0:
	case m < 10:
		w += " oh " + enUnderTwenty[m]
	default:
		w += " " + enInt(int64(m))
	}
	return w + " " + half
}
