package slot

import (
	"math/bits"
	"slices"
	"strings"
)

// shortest is the least length of a code whose spec says nothing.
const shortest = 3

func (s *Slot) limits() (least, most int) {
	least, most = s.spec.MinLength, s.spec.MaxLength
	if most == 0 {
		most = maxCode
	}
	if least == 0 {
		least = min(shortest, most)
	}
	return least, most
}

// codes finds the codes in t.
func (s *Slot) codes(t *utterance) []Value {
	var out []Value
	d := dictation{t: t, zh: s.zh, letters: true}
	runs := d.runs()
	for k := range runs {
		if v, ok := s.code(t, &runs[k]); ok {
			out = append(out, v)
		}
	}
	return out
}

func (s *Slot) code(t *utterance, r *run) (Value, bool) {
	least, most := s.limits()
	c := 0.95
	fit, exact := s.fitting(r, least, most)
	if fit == nil {
		if len(r.g) >= least && (len(r.g) >= most || s.pattern == nil) {
			return Value{}, false
		}
		fit = r
		if !worthKeeping(t, r) {
			return Value{}, false
		}
	}
	v := s.value(t, fit)
	if !exact {
		c = 0.8
	}
	if fit == r {
		c *= aside(t, r)
	}
	for _, g := range fit.g {
		if g.doubt {
			c *= 0.85
		}
	}
	if n := len(v.Canonical); n < least || s.pattern != nil && !s.fits(v.Canonical) {
		v.Partial = true
		c = min(c, 0.3)
	}
	v.Confidence = max(c, 0.05)
	return v, true
}

// worthKeeping tells whether a dictation too short for its slot is the beginning of
// one: most of what was said, or announced, or several digits.
func worthKeeping(t *utterance, r *run) bool {
	if len(r.g) == 1 && r.g[0].ch > '9' && len(t.toks) > 1 {
		return false
	}
	return aside(t, r) == 1 && (len(r.g) >= 3 || r.to-r.from >= len(t.toks)-3 || r.to == len(t.toks) && len(r.g) >= 2)
}

// aside lowers the confidence of digits that count something: 三个, 20块, two days.
func aside(t *utterance, r *run) float64 {
	next := t.at(r.to)
	if r.to == len(t.toks) || next.gap == pause || len(r.g) > 5 {
		return 1
	}
	switch next.w {
	case "个", "块", "元", "天", "次", "件", "点", "月", "年", "号", "日", "分", "岁", "小", "折", "楼", "层", "栋", "周", "遍", "毛", "角", "斤", "台", "双", "位", "%",
		"day", "days", "dollars", "dollar", "times", "weeks", "week", "months", "month", "hours", "hour", "minutes", "minute", "pounds", "items", "people", "years", "year", "am", "pm", "of", "pairs":
		return 0.3
	}
	return 1
}

func (s *Slot) fits(c string) bool {
	if s.pattern == nil {
		return true
	}
	return s.pattern.MatchString(c)
}

// fitting is the part of r that is a whole code; exact when it is all of r and as
// long as it must be.
func (s *Slot) fitting(r *run, least, most int) (*run, bool) {
	ok := func(r *run) bool {
		if len(r.g) < least || len(r.g) > most {
			return false
		}
		c, _ := r.canonical()
		return s.fits(c) || s.dashed(c) != c
	}
	if ok(r) {
		return r, least == most || s.pattern != nil || s.spec.MinLength == 0
	}
	n := len(r.g)
	// said twice over
	if n%2 == 0 && n > most {
		a, b := r.slice(0, n/2), r.slice(n/2, n)
		ca, _ := a.canonical()
		cb, _ := b.canonical()
		if ca == cb && ok(a) {
			return a, false
		}
	}
	if n > most || s.pattern != nil {
		// what was misheard for a digit may have been a word
		kept := &run{from: r.from, to: r.to}
		for _, g := range r.g {
			if !g.doubt {
				kept.g = append(kept.g, g)
			}
		}
		if len(kept.g) < n && ok(kept) {
			return kept, false
		}
		// from one pause to the end, or from the beginning to one
		for _, p := range r.pauses {
			if a := r.slice(p, n); ok(a) {
				return a, false
			}
		}
		for _, v := range slices.Backward(r.pauses) {
			if a := r.slice(0, v); ok(a) {
				return a, false
			}
		}
	}
	if s.pattern == nil {
		return nil, false
	}
	if x := s.letterForDigit(r, least, most); x != nil {
		return x, false
	}
	return nil, false
}

// letterForDigit takes O for 0, I for 1 and the other way round where the pattern
// knows better; as few of them as will do.
func (s *Slot) letterForDigit(r *run, least, most int) *run {
	c, _ := r.canonical()
	if len(c) < least || len(c) > most {
		return nil
	}
	swap := map[byte]byte{'O': '0', '0': 'O', 'I': '1', '1': 'I'}
	var at []int
	for i := range len(c) {
		if swap[c[i]] != 0 && len(at) < 6 {
			at = append(at, i)
		}
	}
	best, few := "", 7
	for set := 1; set < 1<<len(at); set++ {
		if n := bits.OnesCount(uint(set)); n < few {
			x := []byte(c)
			for k, i := range at {
				if set>>k&1 == 1 {
					x[i] = swap[x[i]]
				}
			}
			if s.fits(string(x)) {
				best, few = string(x), n
			}
		}
	}
	if best == "" {
		return nil
	}
	fixed := &run{g: slices.Clone(r.g), from: r.from, to: r.to}
	for i := range fixed.g {
		if fixed.g[i].ch != best[i] {
			fixed.g[i].ch, fixed.g[i].doubt = best[i], false
		}
	}
	return fixed
}

// dashed puts the dashes into c that the pattern wants and nobody says: between
// letters and digits.
func (s *Slot) dashed(c string) string {
	if s.pattern == nil || s.fits(c) {
		return c
	}
	var b strings.Builder
	for i := range len(c) {
		if i > 0 && (c[i] > '9') != (c[i-1] > '9') {
			b.WriteByte('-')
		}
		b.WriteByte(c[i])
	}
	if s.fits(b.String()) {
		return b.String()
	}
	return c
}

func (s *Slot) value(t *utterance, r *run) Value {
	c, doubt := r.canonical()
	if d := s.dashed(c); d != c {
		c = d
		doubt = nil
	}
	return Value{Canonical: c, Doubtful: doubt, Start: t.start(r.from), End: t.end(r.to)}
}
