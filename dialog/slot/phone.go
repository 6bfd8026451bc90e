package slot

import (
	"slices"
	"strings"
)

// phones finds the telephone numbers in t.
func (s *Slot) phones(t *utterance) []Value {
	var out []Value
	d := dictation{t: t, zh: s.zh}
	runs := d.runs()
	for k := 0; k < len(runs); k++ {
		r := &runs[k]
		c, doubt := r.canonical()
		v := Value{Start: t.start(r.from), End: t.end(r.to), Doubtful: doubt}
		canonical, sure := s.phone(c)
		if canonical == "" { // said twice over, or another number before it
			if n := len(c); n%2 == 0 && c[:n/2] == c[n/2:] {
				canonical, sure = s.phone(c[:n/2])
				v.Doubtful = nil
				r = r.slice(0, n/2)
			}
			for _, p := range r.pauses {
				if canonical == "" {
					if canonical, sure = s.phone(c[p:]); canonical != "" {
						r = r.slice(p, len(r.g))
						v.Doubtful = nil
						v.Start = t.start(r.from)
					}
				}
			}
			if kept := r.certain(); canonical == "" && len(kept) < len(c) {
				canonical, sure = s.phone(kept)
				v.Doubtful = nil
			}
		}
		if canonical == "" {
			if len(c) > 12 || !worthKeeping(t, r) || s.phoneLeast() <= len(c) && len(c) > 11 {
				continue
			}
			v.Canonical, v.Partial, v.Confidence = c, true, 0.3
			out = append(out, v)
			continue
		}
		if cut := len(c) - len(canonical); cut > 0 {
			v.Doubtful = shifted(v.Doubtful, cut)
		}
		if k+1 < len(runs) { // an extension
			if ext := extension(t, r.to); ext > 0 && runs[k+1].from == ext && len(runs[k+1].g) <= 6 {
				e, _ := runs[k+1].canonical()
				canonical += "-" + e
				v.End = t.end(runs[k+1].to)
				k++
			}
		}
		v.Canonical = canonical
		v.Confidence = sure
		for _, g := range r.g {
			if g.doubt {
				v.Confidence *= 0.85
			}
		}
		out = append(out, v)
	}
	return out
}

func (r *run) certain() string {
	var b strings.Builder
	for _, g := range r.g {
		if !g.doubt {
			b.WriteByte(g.ch)
		}
	}
	return b.String()
}

func shifted(rs []Range, by int) []Range {
	var out []Range
	for _, r := range rs {
		if r.End > by {
			out = append(out, Range{max(r.Start-by, 0), r.End - by})
		}
	}
	return out
}

// extension is the token behind 转 or "extension" at i, or -1.
func extension(t *utterance, i int) int {
	n, _ := t.any(i, "转分机号", "转分机", "分机号是", "分机号", "分机是", "分机", "转接", "转", "extension", "ext")
	return n
}

func (s *Slot) phoneLeast() int {
	if s.spec.Country == "CN" {
		return 11
	}
	return 10
}

// phone is c in national form, with how sure it is that it is a whole number; empty
// when it is none.
func (s *Slot) phone(c string) (string, float64) {
	switch s.spec.Country {
	case "CN":
		return chinesePhone(c)
	case "US", "CA":
		c = strings.TrimPrefix(c, "011")
		if len(c) == 11 && c[0] == '1' {
			c = c[1:]
		}
		switch {
		case len(c) == 10 && c[0] >= '2' && c[3] >= '2':
			return c, 0.97
		case len(c) == 10 && c[0] >= '2':
			return c, 0.6
		case len(c) == 7 && c[0] >= '2':
			return c, 0.6 // without area code
		}
		return "", 0
	case "GB":
		for _, p := range []string{"0044", "44"} {
			if x, ok := strings.CutPrefix(c, p); ok && len(x) >= 9 {
				c = "0" + strings.TrimPrefix(x, "0")
				break
			}
		}
		switch {
		case len(c) == 11 && c[0] == '0' && c[1] != '0':
			return c, 0.97
		case len(c) == 10 && c[0] == '0' && (c[1] == '1' || c[1] == '8'):
			return c, 0.8
		}
		return "", 0
	}
	if len(c) >= 6 && len(c) <= 15 {
		return c, 0.8
	}
	return "", 0
}

func chinesePhone(c string) (string, float64) {
	for _, p := range []string{"0086", "86"} {
		if x, ok := strings.CutPrefix(c, p); ok && (len(x) == 11 && x[0] == '1' || len(x) >= 9 && len(x) <= 11 && x[0] != '1') {
			c = x
			if c[0] != '1' && c[0] != '0' {
				c = "0" + c
			}
			break
		}
	}
	switch n := len(c); {
	case n == 11 && c[0] == '1' && c[1] >= '3':
		return c, 0.97
	case c[0] == '0' && n > 1:
		// an area code of three digits has eight behind it, or seldom seven; one of four seven or eight
		area := 4
		if c[1] == '1' || c[1] == '2' {
			area = 3
		}
		if local := n - area; (local == 8 || local == 7 && area == 4) && c[area] >= '2' {
			return c, 0.95
		}
	case n == 10 && (strings.HasPrefix(c, "400") || strings.HasPrefix(c, "800")):
		return c, 0.95
	case n == 5 && strings.HasPrefix(c, "95"):
		return c, 0.6
	case n == 8 && c[0] >= '2':
		return c, 0.6 // without area code
	case n == 7 && c[0] >= '2':
		return c, 0.5
	}
	return "", 0
}

// groups divides a telephone number or a long code as it is said.
func (s *Slot) groups(c string) []string {
	sizes := []int{}
	if s.spec.Kind == Phone {
		switch n := len(c); {
		case s.spec.Country == "CN" && n == 11 && c[0] == '1':
			sizes = []int{3, 4, 4}
		case s.spec.Country == "CN" && n == 11 && (c[1] == '1' || c[1] == '2'):
			sizes = []int{3, 4, 4}
		case s.spec.Country == "CN" && n >= 11:
			sizes = []int{4, 4, 4}
		case n == 10 && s.spec.Country != "GB":
			sizes = []int{3, 3, 4}
		case n == 11 && s.spec.Country == "GB" && c[1] == '2':
			sizes = []int{3, 4, 4}
		case n == 11 && s.spec.Country == "GB":
			sizes = []int{5, 3, 3}
		case n == 7:
			sizes = []int{3, 4}
		}
	}
	var out []string
	for _, n := range sizes {
		if n >= len(c) {
			break
		}
		out = append(out, c[:n])
		c = c[n:]
	}
	if len(out) > 0 {
		return append(out, c)
	}
	// letters apart from digits, digits by four, or by three where that comes out even
	for len(c) > 0 {
		n := 1
		for n < len(c) && (c[n] > '9') == (c[0] > '9') {
			n++
		}
		out = append(out, even(c[:n])...)
		c = c[n:]
	}
	return out
}

func even(c string) []string {
	size := 4
	switch len(c) {
	case 1, 2, 3, 4, 5:
		return []string{c}
	case 6, 9:
		size = 3
	}
	var out []string
	for chunk := range slices.Chunk([]byte(c), size) {
		if n := len(out); len(chunk) == 1 && n > 0 {
			out[n-1] += string(chunk)
			continue
		}
		out = append(out, string(chunk))
	}
	return out
}
