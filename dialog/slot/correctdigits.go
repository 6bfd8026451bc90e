package slot

import (
	"strings"
	"time"
)

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
	put := func(at int, x *run) {
		w, doubt := x.canonical()
		if at < 0 || at+len(w) > len(c) {
			return
		}
		c = c[:at] + w + c[at+len(w):]
		doubts = without(doubts, Range{at, at + len(w)})
		for _, d := range doubt {
			doubts = append(doubts, Range{d.Start + at, d.End + at})
		}
		start, end = min(start, t.start(x.from)), max(end, t.end(x.to))
		changed = true
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
			if x == nil || (p.n <= 0 || len(x.g) <= p.n || len(x.pauses) == 0) {
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
		if y != nil {
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
