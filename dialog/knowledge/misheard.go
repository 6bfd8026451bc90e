package knowledge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// called is a name of a thing that the business speaks of, by its sound.
type called struct {
	text  string
	words int         // in English
	units []lang.Unit // in Chinese
	phone []byte      // in English
}

// hear notes that the business speaks of a thing by a name.
func (g *goods) hear(text string) {
	if slices.ContainsFunc(g.spoken, func(n called) bool { return n.text == text }) {
		return
	}
	if g.chinese {
		if us := lang.Syllables(text); len(us) > 1 && len(us) == len([]rune(text)) {
			g.spoken = append(g.spoken, called{text: text, units: us})
		}
		return
	}
	const least = 4 // phones; less sounds like too much
	ws := strings.Fields(text)
	if ps := lang.Phones(ws); len(ps) >= least {
		g.spoken = append(g.spoken, called{text: text, words: len(ws), phone: ps})
	}
}

// heard puts a name of the business's things where a text has something that sounds nearly
// like it and that no wording has: 小地鸡 is 扫地机 where that is sold, "cattle" a
// kettle. One thing is misheard in a sentence, the one that sounds most alike.
func (g *goods) heard(folded string, known map[string]bool) (string, bool) {
	if g.chinese {
		return g.heardChinese(folded, known)
	}
	const enough, exactly = 0.9, 1
	ws := lang.Words(folded)
	taken := g.places(folded)
	best, from, to, as := float32(0), 0, 0, ""
	for _, n := range g.spoken {
		for count := max(1, n.words-1); count <= n.words+1; count++ {
			for i := 0; i+count <= len(ws); i++ {
				part := ws[i : i+count]
				if slices.Contains(taken[i:i+count], true) {
					continue
				}
				strange := 0 // words that no wording has
				for _, w := range part {
					if !known[w] {
						strange++
					}
				}
				a := alikeness(lang.Phones(part), n.phone)
				if a >= enough && a > best && (strange == count || strange > 0 && a >= exactly) {
					best, from, to, as = a, i, i+count, n.text
				}
			}
		}
	}
	if best == 0 {
		return folded, false
	}
	return strings.Join(slices.Concat(ws[:from], []string{as}, ws[to:]), " "), true
}

func (g *goods) heardChinese(folded string, known map[string]bool) (string, bool) {
	const enough, ofTwo = 0.8, 0.85
	rs := []rune(folded)
	taken := g.places(folded)
	best, from, as := float32(0), 0, []rune(nil)
	for _, n := range g.spoken {
		size := len(n.units)
		for i := 0; i+size <= len(rs); i++ {
			part := rs[i : i+size]
			if slices.Contains(taken[i:i+size], true) || slices.ContainsFunc(part, func(r rune) bool { return !lang.Han(r) }) || known[string(part)] {
				continue
			}
			us := lang.Syllables(string(part))
			if len(us) != size {
				continue
			}
			var sum float32
			for k := range us {
				sum += lang.Near(us[k], n.units[k])
			}
			// Of two characters one must be as it is written: too much sounds like them.
			text := []rune(n.text)
			a := sum / float32(size)
			if size == 2 && (a < ofTwo || part[0] != text[0] && part[1] != text[1]) {
				continue
			}
			if a >= enough && a > best {
				best, from, as = a, i, text
			}
		}
	}
	if best == 0 {
		return folded, false
	}
	copy(rs[from:], as)
	return string(rs), true
}

// places are the words or characters of a text that a thing is named by.
func (g *goods) places(folded string) []bool {
	n := len(lang.Words(folded))
	if g.chinese {
		n = utf8.RuneCountInString(folded)
	}
	taken := make([]bool, n)
	g.walk(folded, func(_, from, to int) {
		for i := from; i < to; i++ {
			taken[i] = true
		}
	})
	return taken
}

// alikeness is how much two sequences of phones sound alike, 0 to 1.
func alikeness(a, b []byte) float32 {
	if len(a) == 0 || len(b) == 0 || len(a) > len(b)+2 || len(b) > len(a)+2 {
		return 0
	}
	return 1 - lang.Apart(a, b, lang.PhoneAlike)/float32(max(len(a), len(b)))
}
