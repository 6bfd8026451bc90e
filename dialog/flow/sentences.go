package flow

import "slices"

// Sentences are what the flows say in fixed words, for rendering beforehand.
func (s *Set) Sentences() []string {
	if s == nil {
		return nil
	}
	var out []string
	put := func(t template) {
		if t.fixed() && len(t.parts) > 0 {
			out = append(out, t.parts[0].text)
		}
	}
	for _, name := range s.order {
		p := s.flows[name]
		for _, slot := range p.order {
			for _, t := range slices.Concat(p.slots[slot].ask, p.slots[slot].again) {
				put(t)
			}
		}
		for i := range p.code {
			if o := &p.code[i]; o.kind == opSay || o.kind == opHangup {
				for _, t := range o.texts {
					put(t)
				}
			}
		}
	}
	return out
}

// Facts are what the caller has told the flows of this call, for the person who
// takes over: "订单号 2026…".
func (s *Set) Facts(st State) []string {
	if s == nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, name := range slices.Backward(st.ran) {
		p := s.flows[name]
		if p == nil {
			continue
		}
		r := run{s: s, st: State{frames: []frame{{flow: name}}, values: st.values}}
		for _, slot := range p.order {
			h, ok := st.values[slot]
			if !ok || h.Skipped || h.Canonical == "" || seen[slot] || len(out) >= maxFacts {
				continue
			}
			seen[slot] = true
			out = append(out, p.slots[slot].Title+" "+r.readable(part{name: slot}, h.Canonical))
		}
	}
	return out
}

// maxFacts bounds what a person has to listen to.
const maxFacts = 6
