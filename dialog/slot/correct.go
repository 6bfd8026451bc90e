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
	}
	for _, v := range s.said2(t, now) {
		if v.Canonical != old.Canonical && v.Confidence >= 0.3 {
			return v, true
		}
	}
	return Value{}, false
}

// said2 are the values in t that are not said to be wrong.
func (s *Slot) said2(t *utterance, now time.Time) []Value {
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
				return !(w == "不是" && n > 0 && t.at(n-1).w == "是") // 是不是
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

// swap finds in t what is right (x) and, where it is said, what is wrong (y).
func (s *Slot) swap(t *utterance, from int) (x, y *run) {
	d := dictation{t: t, zh: s.zh, letters: s.spec.Kind == Code}
	for i := from; i < len(t.toks); {
		r, ok := d.run(i)
		if !ok {
			i++
			continue
		}
		i = r.to
		if s.taken(t, r.from, r.to) || s.changed(t, r.from) && y == nil && len(r.pauses) == 0 && s.followed(t, r.to) {
			if len(r.pauses) == 1 { // 不是四，三
				p := r.pauses[0]
				if y == nil {
					y = r.slice(0, p)
				}
				if x == nil {
					x = r.slice(p, len(r.g))
				}
				continue
			}
			if y == nil {
				y = &r
			}
			continue
		}
		if x == nil {
			x = &r
		}
	}
	return x, y
}

func (s *Slot) changed(t *utterance, from int) bool {
	return !s.zh && (t.at(from-1).w == "change" || t.at(from-2).w == "change")
}

func (s *Slot) followed(t *utterance, to int) bool {
	return t.at(to).w == "to" || t.at(to).w == "with" || t.at(to).w == "by"
}

// A place is a part of a code that is spoken of: from the front or the back.
type place struct {
	from  int // counted from the front, or from the back where back is set
	n     int // how many; 0 as many as follow
	back  bool
	whole bool // one character by its number
	mid   bool
	next  int
}

// placeAt reads 最后一位, 后四位, 第三个数字, "the last four", "third digit" at i.
func (s *Slot) placeAt(t *utterance, i int) (place, bool) {
	if s.zh {
		return zhPlace(t, i)
	}
	return enPlace(t, i)
}

func zhPlace(t *utterance, i int) (place, bool) {
	count := func(n int) (int, int) { // 四位, 一个数字
		v := 0
		if x, ok := t.zhNumber(n); ok && x.v <= 20 {
			v, n = int(x.v), x.next
		} else if t.at(n).w == "几" {
			n++
		}
		if m, _ := t.any(n, "位数字", "位数", "位", "个数字", "个数", "个字母", "个字", "个", "位的", "码"); m > 0 {
			return v, m
		}
		return v, -1
	}
	if n := t.lit(i, "倒数第"); n > 0 {
		if v, next := count(n); next > 0 && v > 0 {
			return place{from: v, n: 1, back: true, whole: true, next: next}, true
		}
	}
	if n := t.lit(i, "第"); n > 0 && t.at(i-1).w != "数" {
		if v, next := count(n); next > 0 && v > 0 {
			return place{from: v - 1, n: 1, whole: true, next: next}, true
		}
	}
	if n, w := t.any(i, "最后面", "最后", "后面", "后", "末尾", "末", "最末", "尾巴", "倒数"); n > 0 {
		if v, next := count(n); next > 0 {
			return place{n: v, back: true, next: next}, true
		}
		if m := t.lit(n, "是"); m > 0 && w != "后" && w != "末" && w != "后面" {
			return place{back: true, next: m}, true
		}
	}
	if n, _ := t.any(i, "尾号", "结尾", "尾数", "末位"); n > 0 {
		return place{back: true, next: n}, true
	}
	if n, _ := t.any(i, "最前面", "最前", "前面", "前", "开头", "头", "打头"); n > 0 {
		if v, next := count(n); next > 0 {
			return place{n: v, next: next}, true
		}
		if m := t.lit(n, "是"); m > 0 && t.at(i).w != "前" && t.at(i).w != "头" {
			return place{next: m}, true
		}
	}
	if n, _ := t.any(i, "中间", "当中"); n > 0 {
		if v, next := count(n); next > 0 {
			return place{n: v, mid: true, next: next}, true
		}
		return place{mid: true, next: n}, true
	}
	return place{}, false
}

func enPlace(t *utterance, i int) (place, bool) {
	noun := func(n int) int { // digit, numbers
		m, _ := t.any(n, "digit", "digits", "number", "numbers", "letter", "letters", "character", "characters", "one", "ones", "figure", "figures")
		return m
	}
	switch t.at(i).w {
	case "last", "final", "ending":
		n := i + 1
		v, m := t.enSmall(n)
		if m > 0 && v > 0 && v <= 20 && (t.at(n).w != "one" || noun(m) > 0) {
			if k := noun(m); k > 0 {
				m = k
			}
			if v == 1 {
				return place{n: 1, back: true, next: m}, true
			}
			return place{n: v, back: true, next: m}, true
		}
		if t.at(n).kind == digits && len(t.at(n).w) == 1 && noun(n+1) > 0 {
			return place{n: int(t.at(n).w[0] - '0'), back: true, next: noun(n + 1)}, true
		}
		if k := noun(n); k > 0 {
			if w := t.at(n).w; strings.HasSuffix(w, "s") {
				return place{back: true, next: k}, true
			}
			return place{n: 1, back: true, next: k}, true
		}
		if t.at(n).w == "is" {
			return place{back: true, next: n}, true
		}
	case "first", "starting", "beginning":
		n := i + 1
		if v, m := t.enSmall(n); m > 0 && v > 1 && v <= 20 {
			if k := noun(m); k > 0 {
				m = k
			}
			return place{n: v, next: m}, true
		}
	case "ends", "end", "finishes":
		if m, _ := t.any(i+1, "in", "with", "on"); m > 0 {
			return place{back: true, next: m}, true
		}
	case "starts", "start", "begins", "begin":
		if m, _ := t.any(i+1, "with", "in"); m > 0 {
			return place{next: m}, true
		}
	case "middle":
		n := i + 1
		v, m := t.enSmall(n)
		if m < 0 {
			v, m = 0, n
		}
		if k := noun(m); k > 0 {
			m = k
		}
		return place{n: v, mid: true, next: m}, true
	case "next":
		if m := t.seq(i+1, "to", "last"); m > 0 {
			if k := noun(m); k > 0 {
				m = k
			}
			return place{from: 2, n: 1, back: true, whole: true, next: m}, true
		}
	}
	if v, n := t.enOrdinal(i); n > 0 {
		if m := t.seq(n, "to", "last"); m > 0 {
			n = m
		} else if m := t.seq(n, "from", "last"); m > 0 {
			n = m
		} else if m := t.seq(n, "from", "the", "end"); m > 0 {
			n = m
		} else if t.at(n).w == "last" {
			n++
		} else if m := noun(n); m > 0 {
			return place{from: v - 1, n: 1, whole: true, next: m}, true
		} else {
			return place{}, false
		}
		if k := noun(n); k > 0 {
			n = k
		}
		return place{from: v, n: 1, back: true, whole: true, next: n}, true
	}
	return place{}, false
}

// correctDigits mends a code or a telephone number.
func (s *Slot) correctDigits(old Value, t *utterance) (Value, bool) {
	c := old.Canonical
	doubts := old.Doubtful
	changed, named := false, false
	start, end := len(t.text), 0
	put := func(at int, x *run) bool {
		w, doubt := x.canonical()
		if at < 0 || at+len(w) > len(c) {
			return false
		}
		c = c[:at] + w + c[at+len(w):]
		doubts = without(doubts, Range{at, at + len(w)})
		for _, d := range doubt {
			doubts = append(doubts, Range{d.Start + at, d.End + at})
		}
		start, end = min(start, t.start(x.from)), max(end, t.end(x.to))
		changed = true
		return true
	}
	for i := 0; i < len(t.toks); {
		p, ok := s.placeAt(t, i)
		if !ok {
			i++
			continue
		}
		named = true
		// as far as the next place that is spoken of
		limit := len(t.toks)
		for k := p.next; k < len(t.toks); k++ {
			if _, ok := s.placeAt(t, k); ok {
				limit = k
				break
			}
		}
		i = max(limit, i+1)
		x, _ := s.swap(t.sub(0, limit), p.next)
		if x == nil || p.n > 0 && len(x.g) != p.n {
			if x == nil || !(p.n > 0 && len(x.g) > p.n && len(x.pauses) > 0) {
				continue
			}
			x = x.slice(0, p.n)
		}
		at := p.from
		switch {
		case p.back && p.whole:
			at = len(c) - p.from
		case p.back:
			at = len(c) - len(x.g)
		case p.mid:
			at = (len(c) - len(x.g)) / 2
			if s.spec.Kind == Phone && len(c) == 11 && len(x.g) == 4 {
				at = 3
			}
		}
		put(at, x)
	}
	if !changed && named {
		return Value{}, false
	}
	if !changed {
		x, y := s.swap(t, 0)
		if x == nil {
			return Value{}, false
		}
		xs, _ := x.canonical()
		switch {
		case y != nil:
			ys, _ := y.canonical()
			for _, at := range whichOf(c, ys, old.Doubtful) {
				n := c[:at] + xs + c[at+len(ys):]
				if !s.acceptable(n, old) {
					continue
				}
				if len(xs) == len(ys) {
					put(at, x)
				} else {
					c, changed, doubts = n, true, nil
					start, end = t.start(x.from), t.end(x.to)
				}
				break
			}
		}
		if !changed {
			for _, v := range s.once(t, time.Time{}) {
				if !v.Partial && v.Canonical != old.Canonical && !s.taken(t, t.token(v.Start), t.token(v.End)) {
					return v, true
				}
			}
			if at := nearest(c, xs, old.Doubtful); at >= 0 && len(xs) >= 2 {
				put(at, x)
			} else if len(old.Doubtful) == 1 && old.Doubtful[0].End-old.Doubtful[0].Start == len(xs) {
				put(old.Doubtful[0].Start, x)
			}
		}
	}
	if !changed || c == old.Canonical && len(old.Doubtful) == len(doubts) || !s.acceptable(c, old) {
		return Value{}, false
	}
	v := old
	v.Canonical, v.Doubtful, v.Start, v.End, v.Confidence = c, doubts, start, end, 0.93
	if len(doubts) > 0 {
		v.Confidence = 0.8
	}
	if old.Partial {
		v.Confidence = old.Confidence
	}
	return v, true
}

// acceptable tells whether c may stand for old.
func (s *Slot) acceptable(c string, old Value) bool {
	if old.Partial {
		return true
	}
	if s.spec.Kind == Phone {
		main, _, _ := strings.Cut(c, "-")
		x, _ := s.phone(main)
		return x == main
	}
	least, most := s.limits()
	return len(c) >= least && len(c) <= most && s.fits(c)
}

func without(rs []Range, r Range) []Range {
	var out []Range
	for _, d := range rs {
		if d.Start < r.Start {
			out = append(out, Range{d.Start, min(d.End, r.Start)})
		}
		if d.End > r.End {
			out = append(out, Range{max(d.Start, r.End), d.End})
		}
	}
	return out
}

// whichOf is where part stands in c, the likeliest first: where there is doubt, then,
// of a group, the first place, of one or two digits the last.
func whichOf(c, part string, doubtful []Range) []int {
	var out []int
	for _, d := range doubtful {
		for at := max(0, d.Start-len(part)+1); at < d.End && at+len(part) <= len(c); at++ {
			if c[at:at+len(part)] == part {
				out = append(out, at)
			}
		}
	}
	first, last := strings.Index(c, part), strings.LastIndex(c, part)
	if first < 0 {
		return out
	}
	if len(part) > 2 {
		return append(out, first, last)
	}
	return append(out, last, first)
}

// nearest is where part differs least from c, if that is one place, differing in at
// most half and in something.
func nearest(c, part string, doubtful []Range) int {
	best, at, twice := len(part)/2+1, -1, false
	for i := 0; i+len(part) <= len(c) && len(part) < len(c); i++ {
		diff := 0
		for k := range len(part) {
			if c[i+k] != part[k] {
				diff++
			}
		}
		if diff == 0 {
			return -1
		}
		for _, d := range doubtful {
			if d.Start < i+len(part) && d.End > i && diff <= len(part)/2 {
				return i
			}
		}
		switch {
		case diff < best:
			best, at, twice = diff, i, false
		case diff == best:
			twice = true
		}
	}
	if twice {
		return -1
	}
	return at
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
			for j := len(parts) - 1; j >= 0; j-- {
				if strings.EqualFold(parts[j][:1], name[:1]) || len(parts) == 1 {
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
	for _, v := range s.said2(t, now) {
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
