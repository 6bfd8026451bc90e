package slot

import (
	"strconv"
	"time"
)

var zhNear = map[string]int{
	"大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "昨儿": -1, "昨晚": -1, "今天": 0, "今日": 0, "今儿": 0, "今晚": 0, "今早": 0, "当天": 0, "明天": 1, "明日": 1, "明儿": 1, "明早": 1, "明晚": 1,
	"后天": 2, "后日": 2, "后儿": 2, "大后天": 3,
}

var zhNearWords = lexiconOf(keys(zhNear))

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

var zhWeekdays = map[string]time.Weekday{
	"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 0, "天": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 0, "末": 6,
}

var zhHolidays = map[string][2]int{
	"元旦": {1, 1}, "情人节": {2, 14}, "妇女节": {3, 8}, "五一": {5, 1}, "劳动节": {5, 1}, "六一": {6, 1}, "儿童节": {6, 1}, "国庆": {10, 1}, "国庆节": {10, 1}, "十一": {10, 1}, "双十一": {11, 11}, "双十二": {12, 12},
	"平安夜": {12, 24}, "圣诞": {12, 25}, "圣诞节": {12, 25},
}

var zhHolidayWords = lexiconOf(keys(zhHolidays))

func (s *Slot) zhDay(t *utterance, i int, now time.Time) (day, bool) {
	tok := t.toks[i]
	if tok.kind != han && tok.kind != digits {
		return day{}, false
	}
	// the lunar calendar is not ours
	if n, _ := t.any(i, "农历", "阴历", "旧历", "正月", "腊月"); n > 0 {
		for n < len(t.toks) && n < i+10 && t.toks[n].gap != pause {
			n++
		}
		return day{}, false
	}
	if n, w := t.in(i, zhNearWords); n > 0 {
		d := day{date: s.daysFrom(now, zhNear[w]), to: n, confidence: 0.97}
		switch w {
		case "今晚", "明晚", "昨晚":
			d.part = "晚上"
		case "今早", "明早":
			d.part = "早上"
		}
		// 明天周三, 明天二十号: one day said twice
		if x, ok := s.zhSomeDay(t, n, now); ok && x.date.Equal(d.date) {
			d.to = x.to
		}
		return d, true
	}
	d, ok := s.zhSomeDay(t, i, now)
	if ok && lunar(t, i) {
		return day{to: d.to}, false
	}
	return d, ok
}

// lunar tells whether the calendar of what stands at i was said to be the lunar one.
func lunar(t *utterance, i int) bool {
	for k := max(0, i-8); k < i; k++ {
		if n, _ := t.any(k, "农历", "阴历", "旧历", "正月", "腊月"); n > 0 {
			return true
		}
	}
	return false
}

// zhSomeDay reads a day that is not named by its distance from today.
func (s *Slot) zhSomeDay(t *utterance, i int, now time.Time) (day, bool) {
	if i >= len(t.toks) {
		return day{}, false
	}
	if d, ok := s.zhWeek(t, i, now); ok {
		return d, true
	}
	if d, ok := s.zhAfter(t, i, now); ok {
		return d, true
	}
	if d, ok := s.zhCalendar(t, i, now); ok || d.to > i {
		return d, ok
	}
	if n, w := t.in(i, zhHolidayWords); n > 0 && t.at(n).w != "点" && t.at(n).w != "月" && t.at(n).w != "号" && (w != "十一" && w != "五一" && w != "六一" || t.at(n).w != "个" && hanUnits[t.at(n).w] == 0 && !hard(t.at(n)) && !hard(t.at(i-1))) {
		h := zhHolidays[w]
		x, ok := s.monthDay(h[0], h[1], now)
		c := 0.85
		if w == "十一" || w == "五一" || w == "六一" {
			c = 0.5
		}
		return day{date: x, to: n, confidence: c}, ok
	}
	return day{}, false
}

// zhWhich reads 下, 下下个, 这, 上个 at i.
func zhWhich(t *utterance, i int) (offset, next int, said bool) {
	n := i
	for n < i+2 {
		switch t.at(n).w {
		case "下":
			offset++
		case "上":
			offset--
		case "这", "本", "当":
			n++
			if m := t.lit(n, "个"); m > 0 {
				n = m
			}
			return 0, n, true
		default:
			if m := t.lit(n, "个"); m > 0 && n > i {
				n = m
			}
			return offset, n, n > i
		}
		n++
	}
	if m := t.lit(n, "个"); m > 0 {
		n = m
	}
	return offset, n, true
}

// zhWeek reads 下周三, 这个星期天, 周末.
func (s *Slot) zhWeek(t *utterance, i int, now time.Time) (day, bool) {
	offset, n, said := zhWhich(t, i)
	m, _ := t.any(n, "周", "星期", "礼拜")
	if m < 0 {
		return day{}, false
	}
	wd, ok := zhWeekdays[t.at(m).w]
	if !ok || t.at(m).gap == pause {
		if said && offset != 0 && m > 0 { // 下周, some day
			return day{date: week(offset, time.Monday, now), to: m, confidence: 0.35}, true
		}
		return day{}, false
	}
	if after := t.at(m + 1).w; after == "个" || after == "年" || after == "周" && t.at(m).w != "末" {
		return day{}, false
	}
	d := day{to: m + 1, confidence: 0.95}
	switch {
	case said:
		d.date = week(offset, wd, now)
	default:
		d.date = s.nearWeekday(wd, now)
		d.confidence = 0.9
		if wd == now.Weekday() {
			d.confidence = 0.6
		}
	}
	if t.at(m).w == "末" { // Saturday or Sunday
		d.confidence = 0.6
		if !said && now.Weekday() == time.Sunday && !s.spec.Past {
			d.date = midnight(now)
		}
	}
	// 下周三二十五号
	if x, ok := s.zhCalendar(t, d.to, now); ok && x.date.Weekday() == wd {
		d.date, d.to, d.confidence = x.date, x.to, 0.97
	}
	return d, true
}

// zhAfter reads 三天后, 两周以后, 半个月前, 过两天.
func (s *Slot) zhAfter(t *utterance, i int, now time.Time) (day, bool) {
	n, c := i, 0.9
	ahead := t.lit(n, "过")
	if ahead > 0 {
		n = ahead
		if m := t.lit(n, "个"); m > 0 {
			n = m
		}
	}
	x, ok := t.zhNumber(n)
	if !ok || x.v > 400 {
		return day{}, false
	}
	m := x.next
	var days, months int
	half := x.v != float64(int(x.v))
	switch u, w := t.any(m, "天", "日", "周", "个星期", "星期", "个礼拜", "礼拜", "个月", "年"); {
	case u < 0:
		return day{}, false
	case w == "天" || w == "日":
		days, m = int(x.v), u
	case w == "个月":
		if half {
			days = int(x.v * 30)
		} else {
			months = int(x.v)
		}
		m = u
	case w == "年":
		months, m = int(x.v*12), u
	default:
		days, m = int(x.v)*7, u
	}
	back := false
	switch u, w := t.any(m, "之后", "以后", "后", "过后", "之前", "以前", "前"); {
	case u > 0:
		m, back = u, w == "之前" || w == "以前" || w == "前"
	case ahead < 0:
		return day{}, false
	}
	if ahead > 0 && x.v <= 2 && !x.figure {
		c = 0.5 // 过两天: some day soon
	}
	if back {
		days, months = -days, -months
	}
	return day{date: midnight(now).AddDate(0, months, days), to: m, confidence: c}, true
}

var zhYears = map[string]int{"今": 0, "明": 1, "去": -1, "前": -2, "后": 2}

// zhYear reads 二零二六年, 26年, 今年 at i.
func zhYear(t *utterance, i int, now time.Time) (y, next int) {
	if t.at(i+1).w == "年" {
		if d, ok := zhYears[t.at(i).w]; ok {
			n := i + 2
			if m := t.lit(n, "的"); m > 0 {
				n = m
			}
			return now.Year() + d, n
		}
	}
	y, n := 0, i
	if tok := t.at(i); tok.kind == digits {
		if len(tok.w) != 4 && len(tok.w) != 2 {
			return 0, -1
		}
		y, _ = strconv.Atoi(tok.w)
		n++
	} else {
		for n < i+4 {
			d, ok := hanDigits[t.at(n).w]
			if !ok {
				if sd, is := spokenDigits[t.at(n).w]; is {
					d, ok = sd, true
				} else {
					break
				}
			}
			_ = ok
			y = y*10 + d
			n++
		}
		if n-i != 4 && n-i != 2 {
			return 0, -1
		}
	}
	if t.at(n).w != "年" {
		return 0, -1
	}
	return shortYear(y, now), n + 1
}

// zhCalendar reads 二零二六年三月五号, 三月五号, 下个月五号, 十五号, 月底, 2026-03-05.
func (s *Slot) zhCalendar(t *utterance, i int, now time.Time) (day, bool) {
	if d, ok := s.figureDate(t, i, now); ok {
		return d, true
	}
	y, n := zhYear(t, i, now)
	if n < 0 {
		n = i
	}
	if m, w := t.any(n, "年底", "年末"); m > 0 || y > 0 && t.lit(n, "底") > 0 {
		_ = w
		if m < 0 {
			m = n + 1
		}
		if y == 0 {
			y = now.Year()
		}
		x, ok := ymd(y, 12, 31, now)
		return day{date: x, to: m, confidence: 0.6}, ok
	}
	if offset, m, said := zhWhich(t, n); y == 0 && (said || t.at(n).w == "月") && t.at(m).w == "月" {
		m++
		if t.at(m).w == "份" {
			m++
		}
		switch u, w := t.any(m, "底", "末", "初", "中"); {
		case u > 0 && (w == "底" || w == "末"):
			return day{date: monthEnd(offset, now), to: u, confidence: 0.8}, true
		case u > 0 && w == "初":
			if offset == 0 && !said && !s.spec.Past && now.Day() > 10 {
				offset = 1
			}
			x, ok := month(offset, 1, now)
			return day{date: x, to: u, confidence: 0.5}, ok
		case u > 0:
			x, ok := month(offset, 15, now)
			return day{date: x, to: u, confidence: 0.5}, ok
		}
		if !said {
			return day{}, false
		}
		if m2 := t.lit(m, "的"); m2 > 0 {
			m = m2
		}
		if d, next := zhDayNumber(t, m, true); next > 0 {
			x, ok := month(offset, d, now)
			return day{date: x, to: next, confidence: 0.95}, ok
		}
		return day{}, false
	}
	mon, ok := t.zhNumber(n)
	if !ok || mon.v != float64(int(mon.v)) || mon.v < 1 {
		return day{}, false
	}
	if w := t.at(mon.next).w; w == "月" && mon.v <= 12 {
		m := mon.next + 1
		if t.at(m).w == "份" {
			m++
		}
		if t.at(m).w == "的" {
			m++
		}
		d, next := zhDayNumber(t, m, false)
		if next < 0 {
			if u, w := t.any(m, "底", "末", "初"); u > 0 { // 三月底
				if y == 0 {
					x, _ := s.monthDay(int(mon.v), 1, now)
					y = x.Year()
				}
				date := time.Date(y, time.Month(int(mon.v))+1, 0, 0, 0, 0, 0, now.Location())
				if w == "初" {
					date = time.Date(y, time.Month(int(mon.v)), 1, 0, 0, 0, 0, now.Location())
				}
				return day{date: date, to: u, confidence: 0.6}, true
			}
			return day{}, false
		}
		if y > 0 {
			x, ok := ymd(y, int(mon.v), d, now)
			return s.said(t, day{date: x, to: next, confidence: 0.98}, now), ok
		}
		x, ok := s.monthDay(int(mon.v), d, now)
		return s.said(t, day{date: x, to: next, confidence: 0.95}, now), ok
	}
	if y > 0 {
		return day{}, false
	}
	if d, next := zhDayNumber(t, n, true); next > 0 {
		x, ok := s.dayOnly(d, now)
		c := 0.85
		if u, _ := t.any(next, "楼", "线", "门", "院", "店", "机", "口", "库", "房", "桌", "客服", "坐席", "码"); u > 0 {
			c = 0.1
		}
		return s.said(t, day{date: x, to: next, confidence: c}, now), ok
	}
	return day{}, false
}

// said takes a weekday behind a date along: 三月五号星期四.
func (s *Slot) said(t *utterance, d day, _ time.Time) day {
	if m, _ := t.any(d.to, "周", "星期", "礼拜"); m > 0 {
		if wd, ok := zhWeekdays[t.at(m).w]; ok && t.at(m).w != "末" {
			d.to = m + 1
			if wd != d.date.Weekday() {
				d.confidence = min(d.confidence, 0.5)
			}
		}
	}
	return d
}

// zhDayNumber reads 五号, 二十三日, 15 at i; need wants the 号.
func zhDayNumber(t *utterance, i int, need bool) (d, next int) {
	x, ok := t.zhNumber(i)
	if !ok || x.v != float64(int(x.v)) || x.v < 1 || x.v > 99 {
		return 0, -1
	}
	if u, w := t.any(x.next, "号", "日", "好"); u > 0 && (w != "好" || !need) { // 好 is 号 misheard
		return int(x.v), u
	}
	if need {
		return 0, -1
	}
	return int(x.v), x.next
}

// figureDate reads 2026-03-05, 2026/3/5, 20260305 (of a plausible year), 3/5 at i.
func (s *Slot) figureDate(t *utterance, i int, now time.Time) (day, bool) {
	tok := t.at(i)
	if tok.kind != digits {
		return day{}, false
	}
	if len(tok.w) == 8 {
		x, err := time.ParseInLocation("20060102", tok.w, now.Location())
		if err == nil && x.Year() > now.Year()-120 && x.Year() < now.Year()+20 {
			return day{date: x, to: i + 1, confidence: 0.8}, true
		}
		return day{}, false
	}
	part := func(k int) (int, bool) {
		p := t.at(k)
		v, err := strconv.Atoi(p.w)
		return v, p.kind == digits && err == nil && len(p.w) <= 4 && (k == i || p.gap == glued)
	}
	sep := t.at(i + 1).w
	if sep != "-" && sep != "/" && sep != "." || t.at(i+1).gap != glued {
		return day{}, false
	}
	a, ok1 := part(i)
	b, ok2 := part(i + 2)
	if !ok1 || !ok2 {
		return day{}, false
	}
	c, ok3 := part(i + 4)
	if !ok3 || t.at(i+3).w != sep {
		if sep == "." || sep == "-" {
			return day{}, false
		}
		m, d := s.order(a, b)
		x, ok := s.monthDay(m, d, now)
		return day{date: x, to: i + 3, confidence: 0.85}, ok
	}
	y, m, d := a, b, c
	if a < 100 {
		m, d = s.order(a, b)
		y = shortYear(c, now)
	}
	x, ok := ymd(y, m, d, now)
	return day{date: x, to: i + 5, confidence: 0.97}, ok
}

// order puts two numbers into month and day as the country writes them.
func (s *Slot) order(a, b int) (m, d int) {
	switch s.spec.Country {
	case "US", "CN", "TW", "HK", "JP", "KR":
		if a > 12 {
			return b, a
		}
		return a, b
	}
	if b > 12 {
		return a, b
	}
	return b, a
}
