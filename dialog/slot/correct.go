package slot

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

var (
	zhSlips = lexiconOf([]string{"不对不对", "不对", "啊不", "哦不", "噢不", "呃不", "不不不", "不不", "我说错了", "说错了", "打错了", "搞错了", "弄错了", "念错了", "错了", "我是说", "我的意思是", "口误", "更正", "等等", "等一下", "改成", "改到", "改为", "换成"})
	enSlips = [][]string{{"no", "wait"}, {"no", "no"}, {"no", "sorry"}, {"sorry"}, {"i", "mean"}, {"i", "meant"}, {"scratch", "that"}, {"correction"}, {"actually"}, {"make", "that"}, {"make", "it"}, {"wait"}, {"or", "rather"}, {"rather"}, {"oops"}, {"my", "mistake"}, {"excuse", "me"}, {"let", "me", "rephrase"}}
)

// selfCorrected divides t where the speaker takes back what he has just said.
func (t *utterance) selfCorrected(zh bool) []*utterance {
	var out []*utterance
	from := 0
	for i := 0; i < len(t.toks); {
		n := -1
		if zh {
			n, _ = t.in(i, zhSlips)
			if n < 0 && t.toks[i].gap == pause && i > 0 && t.lit(i, "不是") > 0 && t.at(i+2).gap == pause {
				n = i + 2
			}
		} else {
			for _, s := range enSlips {
				n = max(n, t.seq(i, s...))
			}
			if n < 0 && i > 0 && t.toks[i].w == "no" && t.toks[i].gap == pause && (t.at(i+1).gap == pause || hard(t.at(i+1))) {
				n = i + 1
			}
		}
		if n < 0 {
			i++
			continue
		}
		if i > from {
			out = append(out, t.sub(from, i))
		}
		from, i = n, n
	}
	if from < len(t.toks) {
		out = append(out, t.sub(from, len(t.toks)))
	}
	if len(out) == 0 {
		return []*utterance{t}
	}
	return out
}

// Correct applies what the caller says to mend old: a whole new value, a part of one
// by place (最后一位是8, "the last four are 4417") or one thing for another (是3不是4,
// "not fifteen, fifty"). It is false when text holds no correction that fits.
func (s *Slot) Correct(old Value, text string, now time.Time) (Value, bool) {
	t := read(text)
	if len(t.toks) == 0 || len(old.Canonical) > 4*maxRunes {
		return Value{}, false
	}
	return s.correct(old, t, now)
}

func (s *Slot) correct(old Value, t *utterance, now time.Time) (Value, bool) {
	if len(t.toks) == 0 {
		return Value{}, false
	}
	switch s.spec.Kind {
	case Code, Phone:
		return s.correctDigits(old, t)
	case Name:
		if v, ok := s.correctName(old, t); ok {
			return v, true
		}
	case Address:
		if v, ok := s.correctAddress(old, t); ok {
			return v, true
		}
	case Date, DateTime, Time:
		return s.correctTime(old, t, now)
	default:
	}
	for _, v := range s.unopposed(t, now) {
		if v.Canonical != old.Canonical && v.Confidence >= 0.3 {
			return v, true
		}
	}
	return Value{}, false
}

// unopposed are the values in t that are not said to be wrong.
func (s *Slot) unopposed(t *utterance, now time.Time) []Value {
	vs := s.once(t, now)
	return slices.DeleteFunc(vs, func(v Value) bool { return s.taken(t, t.token(v.Start), t.token(v.End)) })
}

// token is the index of the first token at or behind a byte of the text.
func (t *utterance) token(at int) int {
	i := 0
	for i < len(t.toks) && t.toks[i].start < at {
		i++
	}
	return i
}

// taken tells whether the tokens are said to be wrong: 不是四, 四错了, "not four",
// "four should be".
func (s *Slot) taken(t *utterance, from, to int) bool {
	if s.zh {
		k := from
		for k > 0 && (t.at(k-1).w == "那" || t.at(k-1).w == "个" || t.at(k-1).w == "呃") {
			k--
		}
		for _, w := range []string{"不是", "不要", "而不是", "不叫", "不姓", "别是", "没说", "不在", "不到", "把"} {
			if n := k - utf8.RuneCountInString(w); n >= 0 && t.lit(n, w) == k {
				return w != "不是" || n <= 0 || t.at(n-1).w != "是" // 是不是
			}
		}
		n, _ := t.any(to, "错了", "不对", "改成", "换成", "改为", "是错的", "那个错了", "应该是", "应是", "变成")
		return n > 0 && n < len(t.toks)
	}
	for k := from - 1; k >= max(0, from-3); k-- {
		switch t.at(k).w {
		case "not", "isnt", "wasnt", "change", "didnt", "instead", "replace", "arent":
			return true
		case "the", "a", "an", "say", "of", "at", "on", "say,":
			if t.at(k+1).gap == pause {
				return false
			}
		default:
			k = 0
		}
	}
	for _, w := range [][]string{{"should", "be"}, {"is", "wrong"}, {"was", "wrong"}, {"should", "have", "been"}, {"needs", "to", "be"}} {
		if t.seq(to, w...) > 0 {
			return true
		}
	}
	return false
}

// correctName changes a character that is explained, 是立早章, else takes the new name.
func (s *Slot) correctName(old Value, t *utterance) (Value, bool) {
	if !s.zh {
		for i := range t.toks {
			name, next := spelledName(t, i)
			if next < 0 || utf8.RuneCountInString(name) < 3 || s.taken(t, i, next) {
				continue
			}
			parts := strings.Fields(old.Canonical)
			for j, part := range slices.Backward(parts) {
				if strings.EqualFold(part[:1], name[:1]) || len(parts) == 1 {
					parts[j] = name
					return Value{Canonical: strings.Join(parts, " "), Start: t.start(i), End: t.end(next), Confidence: 0.95}, true
				}
			}
		}
		return Value{}, false
	}
	rs := []rune(old.Canonical)
	changed := false
	v := Value{Confidence: 0.95}
	for i := 0; i < len(t.toks); {
		ch, next := described(t, i)
		if next < 0 {
			i++
			continue
		}
		if s.taken(t, i, next) {
			i = next
			continue
		}
		for j, r := range rs {
			if r != []rune(ch)[0] && lang.Alike(lang.Syllables(string(r))[0], lang.Syllables(ch)[0]) == 1 {
				rs[j] = []rune(ch)[0]
				changed = true
				v.Start, v.End = t.start(i), t.end(next)
				break
			}
		}
		i = next
	}
	v.Canonical = string(rs)
	return v, changed
}

// correctAddress changes the number of a unit that is named: 不是三栋是五栋.
func (s *Slot) correctAddress(old Value, t *utterance) (Value, bool) {
	if !s.zh {
		return Value{}, false
	}
	d := dictation{t: t, zh: true}
	c, changed, opposed := old.Canonical, false, false
	v := Value{Confidence: 0.9}
	for i := 0; i < len(t.toks); {
		r, ok := d.run(i)
		if !ok {
			i++
			continue
		}
		i = r.to
		n, unit := t.in(r.to, zhUnits)
		if n > 0 && s.taken(t, r.from, n) {
			opposed = true
			continue
		}
		if n < 0 {
			continue
		}
		num, _ := r.canonical()
		at := strings.Index(c, unit)
		if at < 0 {
			continue
		}
		from := at
		for from > 0 && c[from-1] >= '0' && c[from-1] <= '9' {
			from--
		}
		if from == at || c[from:at] == num {
			continue
		}
		c = c[:from] + num + c[at:]
		v.Start, v.End, changed = t.start(r.from), t.end(n), true
	}
	v.Canonical = c
	// more than numbers: a new address
	if whole := s.addresses(t); !opposed && len(whole) > 0 && whole[0].Confidence > 0.75 {
		return Value{}, false
	}
	return v, changed
}

// correctTime mends days and times: what is not said anew stays.
func (s *Slot) correctTime(old Value, t *utterance, now time.Time) (Value, bool) {
	oldDay, oldAt, both := strings.Cut(old.Canonical, "T")
	if !both && strings.Count(oldDay, "-") != 2 {
		oldDay, oldAt = "", oldDay
	}
	for _, v := range s.unopposed(t, now) {
		day, at, _ := strings.Cut(v.Canonical, "T")
		if strings.Count(day, "-") != 2 {
			day, at = "", day
		}
		if day != "" && oldDay != "" {
			day = s.likeOld(t, day, oldDay, now)
		}
		if at != "" && oldAt != "" && strings.Contains(at, "-") && !strings.Contains(oldAt, "-") { // 是下午: the same hour
			if moved, ok := intoPart(oldAt, at); ok {
				at = moved
				v.Doubtful = nil
			}
		}
		if day == "" && s.spec.Kind != Time {
			day = oldDay
		}
		if at == "" {
			at = oldAt
		}
		n := v
		switch {
		case s.spec.Kind == DateTime && day != "" && at != "":
			n.Canonical, n.Partial = day+"T"+at, false
			n.Confidence = max(n.Confidence, 0.8)
		case day != "":
			n.Canonical = day
		default:
			n.Canonical = at
		}
		if n.Doubtful != nil && len(at) > 0 {
			n.Doubtful = []Range{{len(n.Canonical) - len(at), len(n.Canonical) - len(at) + 2}}
		}
		if n.Canonical != old.Canonical {
			return n, true
		}
	}
	return Value{}, false
}

// likeOld puts a day that was said without month or week into those of the old one.
func (s *Slot) likeOld(t *utterance, day, old string, now time.Time) string {
	o, err := time.ParseInLocation(time.DateOnly, old, now.Location())
	if err != nil {
		return day
	}
	for _, d := range s.days(t, now) {
		if d.date.Format(time.DateOnly) != day {
			continue
		}
		words := t.text[t.start(d.from):t.end(d.to)]
		switch {
		case s.zh && !strings.ContainsAny(words, "月年-/天后前底初") && (strings.HasSuffix(words, "号") || strings.HasSuffix(words, "日")),
			!s.zh && d.to-d.from <= 3 && isOrdinalOnly(t, d):
			if x, ok := ymd(o.Year(), int(o.Month()), d.date.Day(), now); ok {
				return x.Format(time.DateOnly)
			}
		case d.bareWeekday(t, s.zh):
			x := week(0, d.date.Weekday(), o)
			if x.Before(midnight(now)) && !s.spec.Past {
				x = x.AddDate(0, 0, 7)
			}
			return x.Format(time.DateOnly)
		}
	}
	return day
}

func isOrdinalOnly(t *utterance, d day) bool {
	_, n := t.enOrdinal(d.from)
	return n == d.to
}

func (d day) bareWeekday(t *utterance, zh bool) bool {
	if !zh {
		_, ok := enWeekdays[t.at(d.from).w]
		return ok && d.to == d.from+1
	}
	n, _ := t.any(d.from, "周", "星期", "礼拜")
	return n > 0 && d.to == n+1
}

// intoPart moves a time by half a day into a part of the day.
func intoPart(at, part string) (string, bool) {
	x, err := time.Parse("15:04", at)
	from, to, _ := strings.Cut(part, "-")
	a, err1 := time.Parse("15:04", from)
	b, err2 := time.Parse("15:04", to)
	if err != nil || err1 != nil || err2 != nil {
		return "", false
	}
	for _, y := range []time.Time{x, x.Add(12 * time.Hour), x.Add(-12 * time.Hour)} {
		if y.Day() == 1 && !y.Before(a.Add(-3*time.Hour)) && !y.After(b.Add(time.Hour)) {
			return y.Format("15:04"), true
		}
	}
	return "", false
}
