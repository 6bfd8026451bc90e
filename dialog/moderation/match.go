package moderation

import (
	"strings"

	"hotline/dialog/internal/lang"
)

// A Matcher finds entries; see Load.
type Matcher struct {
	entries []entry
	written *automaton // Chinese, by character
	spoken  *automaton // Chinese, by sound
	words   *automaton // other scripts
	caller  map[Category]Policy
	bot     map[Category]Policy
}

// A pattern is a part of an entry as an automaton knows it.
type pattern struct {
	entry    int // −1 for a phrase in which nothing is found
	part, of int
	runes    []rune // as written, to compare with a hit by sound
	least    int    // how many characters must be as written in a hit by sound
}

// maxBetween is how many symbols may stand between the parts of an entry.
const maxBetween = 8

func build(entries []entry, allowed []string, caller, bot map[Category]Policy) *Matcher {
	m := &Matcher{entries: entries, written: newAutomaton(), spoken: newAutomaton(), words: newAutomaton(), caller: caller, bot: bot}
	syllables := sounds()
	put := func(text string, id int, mark byte) {
		parts := strings.Split(text, "…")
		for i, part := range parts {
			p := pattern{entry: id, part: i, of: len(parts)}
			if !chinese(text) {
				m.words.add(latinEntry(part), p)
				continue
			}
			for _, s := range symbols(part) {
				p.runes = append(p.runes, s.r)
			}
			m.written.add(p.runes, p)
			n := len(p.runes)
			if mark == '=' || mark != '~' && n < 3 || id < 0 {
				continue
			}
			if mark != '~' {
				p.least = 1
				if n > 3 {
					p.least = n / 2
				}
			}
			byRound := make([]rune, n)
			for k, r := range p.runes {
				byRound[k] = sound(syllables, r)
			}
			m.spoken.add(byRound, p)
		}
	}
	for i, e := range entries {
		put(e.text, i, e.sound)
	}
	for _, a := range allowed {
		put(a, -1, '=')
	}
	m.written.link()
	m.spoken.link()
	m.words.link()
	return m
}

func chinese(text string) bool {
	for _, r := range text {
		if lang.Han(r) {
			return true
		}
	}
	return false
}

// latinEntry is an entry as it stands between words: " word word ", without the
// last space where any ending may follow.
func latinEntry(text string) []rune {
	text, open := strings.CutSuffix(strings.TrimSpace(text), "*")
	var runes []rune
	for _, s := range latin(text, false) {
		if s.r != breakRune {
			runes = append(runes, s.r)
		}
	}
	if open && len(runes) > 1 {
		runes = runes[:len(runes)-1]
	}
	return runes
}

// match is a hit before overlaps are resolved.
type match struct {
	entry      int
	start, end int
}

// scan finds all matches that lie in no allowed phrase.
func (m *Matcher) scan(text string) []match {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	var s scanner
	if chinese(text) {
		stream := symbols(text)
		s.run(m.written, stream, stream)
		if m.spoken.size() > 1 {
			t := sounds()
			heard := make([]symbol, len(stream))
			for i, x := range stream {
				x.r = sound(t, x.r)
				heard[i] = x
			}
			s.run(m.spoken, heard, stream)
		}
	}
	if m.words.size() > 1 {
		loose := latin(text, false)
		if len(loose) > 1 {
			s.run(m.words, loose, nil)
			if tight := latin(text, true); !same(loose, tight) {
				s.run(m.words, tight, nil)
			}
		}
	}
	if len(s.allowed) == 0 {
		return s.found
	}
	kept := s.found[:0]
	for _, f := range s.found {
		inside := false
		for _, a := range s.allowed {
			inside = inside || a.start <= f.start && f.end <= a.end
		}
		if !inside {
			kept = append(kept, f)
		}
	}
	return kept
}

func same(a, b []symbol) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].r != b[i].r {
			return false
		}
	}
	return true
}

// A scanner gathers the matches of one text.
type scanner struct {
	found, allowed []match
	parts          map[int]reached // of entries in several parts
}

// reached is how far an entry in several parts was found.
type reached struct {
	part, last int // the last part found, and the symbol behind it
	start      int
}

// run feeds stream to an automaton; written is what the symbols were before they
// became sounds.
func (s *scanner) run(a *automaton, stream, written []symbol) {
	s.parts = nil
	state := int32(0)
	for i, x := range stream {
		if x.r == breakRune {
			state = 0
			s.parts = nil
			continue
		}
		state = a.step(state, x.r)
		for at := a.out(state); at >= 0; at = a.next(at) {
			n := int(a.nodes[at].depth)
			from := i - n + 1
			for _, p := range a.nodes[at].patterns {
				if p.least > 0 && written != nil && (!enough(p, written[from:i+1]) || !together(written[from:i+1])) {
					continue
				}
				s.take(p, from, i, stream)
			}
		}
	}
}

// enough says whether enough characters of p are written as in the entry.
func enough(p pattern, written []symbol) bool {
	equal := 0
	for k, r := range p.runes {
		if written[k].r == r {
			equal++
		}
	}
	return equal >= p.least
}

// together says whether nothing stands between the characters: what sounds like an entry
// is one only in one breath (灯罩碎成渣了,你们看 is not 炸了你们).
func together(written []symbol) bool {
	for k := 1; k < len(written); k++ {
		if written[k].start != written[k-1].end {
			return false
		}
	}
	return true
}

func (s *scanner) take(p pattern, from, to int, stream []symbol) {
	first, last := from, to
	for first < last && stream[first].r == ' ' {
		first++
	}
	for last > first && stream[last].r == ' ' {
		last--
	}
	m := match{p.entry, int(stream[first].start), int(stream[last].end)}
	switch {
	case p.entry < 0:
		s.allowed = append(s.allowed, m)
	case p.of == 1:
		s.found = append(s.found, m)
	default:
		if s.parts == nil {
			s.parts = map[int]reached{}
		}
		r, known := s.parts[p.entry]
		switch {
		case p.part == 0:
			s.parts[p.entry] = reached{0, to, m.start}
		case known && r.part == p.part-1 && from > r.last-1 && between(stream, r.last+1, from) <= maxBetween:
			if p.part == p.of-1 {
				s.found = append(s.found, match{p.entry, r.start, m.end})
				delete(s.parts, p.entry)
			} else {
				s.parts[p.entry] = reached{p.part, to, r.start}
			}
		}
	}
}

// between counts the symbols from–to; a Latin word counts as two.
func between(stream []symbol, from, to int) int {
	if from >= to {
		return 0
	}
	n, spaces := 0, 0
	for _, x := range stream[from:to] {
		n++
		if x.r == ' ' {
			spaces++
		}
	}
	if spaces > 0 {
		return 2 * spaces
	}
	return n
}
