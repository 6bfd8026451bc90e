package slot

import (
	"fmt"
	"strconv"
	"time"
)

// A moment is a time of day that was read: a point, or a window where end is set.
type moment struct {
	start, end int // minutes after midnight; end 0 for a point
	from, to   int // tokens
	confidence float64
	vague      bool // morning or afternoon was not said
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60%24, minutes%60) }

func (m moment) canonical() string {
	if m.end > 0 {
		return clock(m.start) + "-" + clock(m.end)
	}
	return clock(m.start)
}

func (m moment) doubtful(offset int) []Range {
	if !m.vague {
		return nil
	}
	return []Range{{offset, offset + 2}}
}

// zhParts are the parts of the day: their windows, and what an hour in them means.
var zhParts = map[string][2]int{
	"凌晨": {0, 6}, "清晨": {6, 8}, "早上": {7, 10}, "早晨": {7, 10}, "早": {7, 10}, "上午": {9, 12}, "中午": {12, 0}, "正午": {12, 0}, "午后": {13, 18}, "下午": {13, 18}, "傍晚": {17, 19},
	"晚上": {18, 22}, "夜里": {21, 23}, "夜晚": {18, 22}, "晚间": {18, 22}, "半夜": {23, 0}, "午夜": {0, 0}, "晚": {18, 22}, "今晚": {18, 22}, "明晚": {18, 22}, "昨晚": {18, 22}, "今早": {7, 10}, "明早": {7, 10},
}

var zhPartWords = lexiconOf(keys(zhParts))

var enParts = map[string][2]int{
	"morning": {9, 12}, "afternoon": {13, 18}, "evening": {18, 21}, "tonight": {18, 21}, "night": {18, 22}, "lunchtime": {12, 14}, "noon": {12, 0}, "midday": {12, 0}, "midnight": {0, 0}, "mornings": {9, 12}, "afternoons": {13, 18}, "evenings": {18, 21},
}

// guess is the hour that is meant where nobody said which half of the day.
func guess(h int) int {
	if h >= 1 && h <= 6 {
		return h + 12
	}
	return h
}

// inPart is hour h within a part of the day.
func inPart(part string, h int) int {
	switch part {
	case "凌晨", "清晨", "早上", "早晨", "早", "上午", "今早", "明早", "morning", "mornings", "am":
		if h == 12 && (part == "凌晨" || part == "am") {
			return 0
		}
		return h
	case "中午", "正午", "noon", "midday", "lunchtime":
		if h <= 3 {
			return h + 12
		}
		return h
	case "半夜", "夜里", "午夜", "midnight":
		if h == 12 {
			return 24
		}
		if h >= 6 && h < 12 {
			return h + 12
		}
		return h
	case "晚上", "夜晚", "晚间", "晚", "今晚", "明晚", "昨晚", "tonight", "night", "evening", "evenings":
		switch {
		case h == 12:
			return 24
		case h >= 4 && h < 12:
			return h + 12
		}
		return h
	}
	if h < 12 { // 下午, 傍晚, afternoon, pm
		return h + 12
	}
	return h
}

// times finds the times of day in t.
func (s *Slot) times(t *utterance) []Value {
	var out []Value
	for _, m := range s.moments(t) {
		out = append(out, Value{Canonical: m.canonical(), Start: t.start(m.from), End: t.end(m.to), Confidence: m.confidence, Doubtful: m.doubtful(0)})
	}
	return out
}

func (s *Slot) moments(t *utterance) []moment {
	read := s.enMoment
	if s.zh {
		read = s.zhMoment
	}
	var out []moment
	for i := 0; i < len(t.toks); {
		m, ok := read(t, i)
		if !ok || m.to <= i {
			i++
			continue
		}
		m.from = i
		// nine to eleven, 九点到十一点
		if n := s.until(t, m.to); n > 0 && m.end == 0 {
			if u, ok := read(t, n); ok && u.end == 0 {
				switch {
				case u.vague && u.start <= m.start && u.start < 12*60: // 十一点到一点
					u.start += 12 * 60
				case !u.vague && m.vague && m.start > u.start && m.start >= 12*60: // from nine to eleven in the morning
					m.start -= 12 * 60
				case !u.vague && m.vague && m.start+12*60 < u.start:
					m.start += 12 * 60
				}
				if u.start > m.start {
					m.end, m.to, m.confidence = u.start, u.to, min(m.confidence, u.confidence)
					m.vague = m.vague && u.vague
				}
			}
		}
		out = append(out, m)
		i = m.to
	}
	return out
}

func (s *Slot) until(t *utterance, i int) int {
	var n int
	if s.zh {
		n, _ = t.any(i, "到", "至", "-", "–", "和")
	} else {
		n, _ = t.any(i, "to", "till", "until", "and", "-", "–", "through")
	}
	return n
}

// zhMoment reads 下午三点半, 差五分四点, 15:30, 晚上, 中午.
func (s *Slot) zhMoment(t *utterance, i int) (moment, bool) {
	n, part := t.in(i, zhPartWords)
	if n < 0 {
		n = i
	}
	if part == "早" || part == "晚" {
		if _, ok := t.zhNumber(n); !ok || t.lit(n, "一点") > 0 { // 晚一点: later
			return moment{}, false
		}
	}
	if part == "" && t.lit(n, "一点") > 0 && t.aBit(n) {
		return moment{}, false
	}
	if m := t.lit(n, "的"); m > 0 && part != "" {
		n = m
	}
	before := 0 // 差五分四点
	if m := t.lit(n, "差"); m > 0 {
		if d, next, ok := zhMinutes(t, m); ok {
			if before, n = d, next; t.lit(n, "到") > 0 {
				n++
			}
		}
	}
	// 晚上七八点
	if a, ok := hanDigits[t.at(n).w]; ok && a > 0 && before == 0 && t.at(n+1).gap == glued {
		if b, ok := hanDigits[t.at(n+1).w]; ok && b == a+1 && t.at(n+2).w == "点" {
			from, to, vague := guess(a), guess(b), part == ""
			if part != "" {
				from, to = inPart(part, a), inPart(part, b)
			}
			if to < from {
				to += 12
			}
			return moment{start: from * 60, end: to * 60, to: n + 3, confidence: 0.7, vague: vague}, to < 24
		}
	}
	h, m, vague, next, ok := zhClock(t, n)
	if !ok {
		w := zhParts[part]
		switch {
		case part == "" || before > 0:
			return moment{}, false
		case w[1] == 0:
			return moment{start: w[0] * 60, to: n, confidence: 0.8}, true
		}
		return moment{start: w[0] * 60, end: w[1] * 60, to: n, confidence: 0.8}, true
	}
	c := 0.95
	switch {
	case part != "":
		h, vague = inPart(part, h), false
	case vague && h <= 12:
		if h = guess(h); h >= 9 && h <= 12 {
			c = 0.75
		} else {
			c = 0.65
		}
		vague = h != 12
	default:
		vague = false
	}
	minutes := h*60 + m - before
	if minutes < 0 || minutes > 24*60 {
		return moment{}, false
	}
	return moment{start: minutes % (24 * 60), to: next, confidence: c, vague: vague}, true
}

// aBit tells whether the 一点 at i is no hour: 快一点, 一点都不.
func (t *utterance) aBit(i int) bool {
	if n, _ := t.any(i+2, "半", "钟", "整", "过", "差", "左右", "前", "以前", "之前", "后", "以后", "到", "多"); n > 0 {
		return false
	}
	if _, ok := hanDigits[t.at(i+2).w]; ok || t.at(i+2).w == "十" || t.at(i+2).kind == digits {
		return false
	}
	if n, _ := t.any(i+2, "都", "也", "儿", "点", "不", "没"); n > 0 {
		return true
	}
	if i == 0 || t.at(i).gap == pause {
		return false
	}
	switch t.at(i - 1).w {
	case "天", "号", "日", "到", "至", "在", "是", "约", "就", "嗯", "呃", "那", "末", "后", "前", "于", "要", "和":
		return false
	}
	_, weekday := zhWeekdays[t.at(i-1).w]
	return !weekday
}

func zhMinutes(t *utterance, i int) (m, next int, ok bool) {
	if n, w := t.any(i, "一刻钟", "一刻", "1刻", "三刻"); n > 0 {
		if w == "三刻" {
			return 45, n, true
		}
		return 15, n, true
	}
	x, ok := t.zhNumber(i)
	if !ok || x.v >= 60 || x.v != float64(int(x.v)) {
		return 0, 0, false
	}
	n := x.next
	if u, _ := t.any(n, "分钟", "分"); u > 0 {
		n = u
	} else if x.v < 10 && x.loose && t.at(i).w != "零" && t.at(i).w != "〇" && (t.at(i).kind != digits || len(t.at(i).w) != 2) {
		return 0, 0, false
	}
	return int(x.v), n, true
}

// zhClock reads 三点半, 3点15, 15:30 at i. vague: it may be of either half of the day.
func zhClock(t *utterance, i int) (h, m int, vague bool, next int, ok bool) {
	if h, m, next, ok := colonClock(t, i); ok {
		return h, m, h > 0 && h < 12 && len(t.at(i).w) == 1, next, true
	}
	x, ok := t.zhHour(i)
	if !ok {
		return 0, 0, false, 0, false
	}
	h = int(x.v)
	n, _ := t.any(x.next, "点钟", "点整", "点", "时", "點")
	if n < 0 || h > 24 || t.at(n).w == "间" {
		return 0, 0, false, 0, false
	}
	vague = h >= 1 && h <= 12
	if u, _ := t.any(n, "过了", "过"); u > 0 { // 三点过五分
		if d, next, ok := zhMinutes(t, u); ok {
			return h, d, vague, next, true
		}
	}
	if u := t.lit(n, "差"); u > 0 { // 四点差五分
		if d, next, ok := zhMinutes(t, u); ok && d <= 30 {
			return h, -d, vague, next, true
		}
	}
	if u := t.lit(n, "半"); u > 0 {
		return h, 30, vague, u, true
	}
	if t.at(n).gap != pause {
		if d, next, ok := zhMinutes(t, n); ok {
			return h, d, vague, next, true
		}
	}
	return h, 0, vague, n, true
}

// zhHour is a number that does not take the 点 of the clock for a decimal point.
func (t *utterance) zhHour(i int) (number, bool) {
	tok := t.at(i)
	if tok.kind == digits {
		v, err := strconv.Atoi(tok.w)
		return number{v: float64(v), next: i + 1}, err == nil && len(tok.w) <= 2
	}
	v, n := 0, i
	if d, ok := hanDigits[tok.w]; ok {
		v, n = d, i+1
	}
	if t.at(n).w == "十" {
		if n == i {
			v = 1
		}
		v *= 10
		n++
		if d, ok := hanDigits[t.at(n).w]; ok && d > 0 {
			v += d
			n++
		}
	}
	return number{v: float64(v), next: n}, n > i
}

// colonClock reads 15:30 at i, or 15.30 and 1530 where hours are certain.
func colonClock(t *utterance, i int) (h, m, next int, ok bool) {
	a, sep, b := t.at(i), t.at(i+1), t.at(i+2)
	if a.kind != digits || len(a.w) > 2 || sep.gap != glued || b.gap != glued || b.kind != digits || len(b.w) != 2 || sep.w != ":" {
		return 0, 0, 0, false
	}
	h, _ = strconv.Atoi(a.w)
	m, _ = strconv.Atoi(b.w)
	next = i + 3
	if t.at(next).w == ":" && t.at(next+1).kind == digits { // seconds
		next += 2
	}
	return h, m, next, h <= 24 && m < 60
}

// dateTimes finds days with their times, and lacking one of the two, that alone.
func (s *Slot) dateTimes(t *utterance, now time.Time) []Value {
	days := s.days(t, now)
	var out []Value
	var free []moment
	for _, m := range s.moments(t) {
		taken := false
		for _, d := range days { // 十五号 is no time, 三点 is no day
			taken = taken || m.from >= d.from && m.to <= d.to && d.part == ""
		}
		if !taken {
			free = append(free, m)
		}
	}
	if len(days) == 0 {
		for _, m := range free {
			out = append(out, Value{Canonical: m.canonical(), Start: t.start(m.from), End: t.end(m.to), Confidence: min(m.confidence, 0.5), Doubtful: m.doubtful(0), Partial: true})
		}
		return out
	}
	used := make([]bool, len(free))
	for k, d := range days {
		v := Value{Canonical: d.date.Format(time.DateOnly), Start: t.start(d.from), End: t.end(d.to), Confidence: d.confidence}
		best := -1
		for j, m := range free { // the next behind it, else the one before
			if used[j] || k+1 < len(days) && m.from >= days[k+1].to && days[k+1].from > d.to {
				continue
			}
			if best < 0 || free[best].from < d.from && m.from >= d.from || free[best].end > 0 && m.end == 0 {
				best = j
			}
		}
		if best < 0 {
			v.Partial, v.Confidence = true, min(v.Confidence, 0.5)
			out = append(out, v)
			continue
		}
		m := free[best]
		used[best] = true
		// 明天下午, 三点: the part of the day said apart from the hour
		for j, o := range free {
			if !used[j] && m.vague && m.end == 0 && o.end > 0 {
				h := m.start / 60 % 12
				if x := o.start/60 + (h-o.start/60%12+12)%12; x*60 >= o.start && x*60 <= o.end+180 {
					m.start, m.vague, m.confidence = x*60%1440+m.start%60, false, 0.9
					used[j] = true
				}
			}
		}
		if d.part != "" && m.vague && m.end == 0 {
			h := m.start / 60
			if h > 12 {
				h -= 12
			}
			m.start, m.vague, m.confidence = inPart(d.part, h)*60%1440+m.start%60, false, 0.95
		}
		v.Doubtful = m.doubtful(len(v.Canonical) + 1)
		v.Canonical += "T" + m.canonical()
		v.Start, v.End = min(v.Start, t.start(m.from)), max(v.End, t.end(m.to))
		v.Confidence = min(v.Confidence, m.confidence)
		out = append(out, v)
	}
	return out
}
