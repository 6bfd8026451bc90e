package flow

import (
	"slices"
	"strings"

	"hotline/dialog/slot"
)

// knownCodes is where the codes stand that a slot is compared with: a lookup's column.
// By them a number that was dictated is known to be whole or only begun, and one that
// was misheard by a digit is known for what it was.
type knownCodes struct {
	table, column string
	ending        bool // its last characters will do
}

// learnKnown notes for each slot the columns that lookups compare it with.
func (k *compiler) learnKnown() {
	for i := range k.p.code {
		o := &k.p.code[i]
		if o.kind != opLook || o.look.Table == "" {
			continue
		}
		for column, t := range o.look.where {
			parts := t.parts
			ending := len(parts) == 2 && parts[0].name == "" && parts[0].text == "*"
			if ending {
				parts = parts[1:]
			}
			if len(parts) != 1 || parts[0].name == "" || parts[0].column != "" {
				continue
			}
			c := k.p.slots[parts[0].name]
			if c == nil || c.Type != slot.Code && c.Type != slot.Phone {
				continue
			}
			at := knownCodes{o.look.Table, column, ending}
			if !slices.Contains(c.known, at) {
				c.known = append(c.known, at)
			}
		}
	}
}

// codes are those that c is compared with.
func (s *Set) codes(c *compiledSlot, each func(code string, ending bool) (on bool)) {
	for _, k := range c.known {
		for _, code := range s.columns[k.table][k.column] {
			if code != "" && !each(code, k.ending) {
				return
			}
		}
	}
}

// known says whether a table holds the code that was dictated, and whether it holds one
// that begins so.
func (s *Set) known(c *compiledSlot, dictated string) (whole, begins bool) {
	if dictated == "" {
		return false, false
	}
	dictated = fold(dictated)
	s.codes(c, func(code string, ending bool) bool {
		switch {
		case code == dictated, ending && strings.HasSuffix(code, dictated):
			whole = true
		case strings.HasPrefix(code, dictated):
			begins = true
		}
		return !whole || !begins
	})
	return whole, begins
}

// tells says whether a code that the tables hold was hardly heard wrong: so few are held
// that a number made of noise is none of them.
func (s *Set) tells(c *compiledSlot, code string) bool {
	const odds, digits = 100, 10
	whole, _ := s.known(c, code)
	if !whole || len(code) < 4 {
		return false
	}
	rows := 0
	for _, k := range c.known {
		rows = max(rows, len(s.columns[k.table][k.column]))
	}
	space := 1
	for range min(len(code), 12) {
		space *= digits
	}
	return rows*odds <= space
}

// nearBelow is the recogniser's confidence from which a number that no table holds is
// believed nevertheless.
const nearBelow = 0.9

// settle takes for v what the tables know: the same said twice over, or, where it was
// not heard well, the one code that differs from it by a single character. That one is
// doubtful, so that the caller is asked.
func (r *run) settle(c *compiledSlot, v slot.Value, heard float64) slot.Value {
	if len(c.known) == 0 || v.Canonical == "" {
		return v
	}
	if !v.Partial && r.s.tells(c, v.Canonical) {
		v.Confidence, v.Doubtful = max(v.Confidence, 0.95), nil
		return v
	}
	if whole, _ := r.s.known(c, v.Canonical); whole && !v.Partial {
		return v
	}
	if n := len(v.Canonical); n%2 == 0 && n >= 6 && v.Canonical[:n/2] == v.Canonical[n/2:] {
		if whole, _ := r.s.known(c, v.Canonical[:n/2]); whole {
			v.Canonical, v.Partial, v.Doubtful = v.Canonical[:n/2], false, nil
			v.Confidence = max(v.Confidence, sure)
			return v
		}
	}
	if heard >= nearBelow || v.Partial && len(v.Canonical) < 3 {
		return v
	}
	near, at := r.s.nearest(c, fold(v.Canonical))
	if near == "" {
		return v
	}
	v.Canonical, v.Partial = near, false
	v.Doubtful = []slot.Range{at}
	v.Confidence = sure - 0.1
	return v
}

// nearest is the one known code that differs from heard by a character, or by as many
// as so long a code bears, and where it differs; "" where there is none, or more.
func (s *Set) nearest(c *compiledSlot, heard string) (near string, at slot.Range) {
	bears := 1
	switch {
	case len(heard) >= 10:
		bears = 3
	case len(heard) >= 8:
		bears = 2
	}
	best, several := bears+1, false
	s.codes(c, func(code string, ending bool) bool {
		from := len(code)
		if ending {
			from = max(4, len(heard)-bears)
		}
		for n := from; n <= min(len(heard)+bears, len(code)); n++ {
			x := code[len(code)-n:]
			d := apart(heard, x)
			switch same := near != "" && (strings.HasSuffix(near, x) || strings.HasSuffix(x, near)); {
			case d > bears || d > best:
			case d < best:
				best, several = d, false
				near, at = x, differing(heard, x)
			case !same:
				several = true
			case len(x) == len(heard):
				near, at = x, differing(heard, x)
			}
		}
		return true
	})
	if several {
		return "", slot.Range{}
	}
	return near, at
}

// apart is how many characters replaced, left out or put in make a into b.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			up := row[j+1]
			d := left
			if a[i] != b[j] {
				d = 1 + min(left, up, row[j])
			}
			row[j+1], left = d, up
		}
	}
	return row[len(b)]
}

// differing is the part of b that a does not have.
func differing(a, b string) slot.Range {
	start := 0
	for start < min(len(a), len(b)-1) && a[start] == b[start] {
		start++
	}
	end := len(b)
	for i := len(a); i > start && end > start+1 && a[i-1] == b[end-1]; i-- {
		end--
	}
	return slot.Range{Start: start, End: end}
}

// dictated is the code so far: what is held of it, and text.
func (s *Set) dictated(st State, c *compiledSlot, text string, env Env) (code string, partial bool) {
	if h, ok := st.values[st.asking]; ok && h.Partial {
		if v, ok := c.slot.Join(h.Value, text, env.Now); ok {
			return v.Canonical, v.Partial
		}
	}
	if vs := c.slot.Find(text, env.Now); len(vs) > 0 {
		return vs[0].Canonical, vs[0].Partial
	}
	return "", true
}
