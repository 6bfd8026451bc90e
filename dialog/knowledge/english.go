package knowledge

import (
	"slices"
	"strings"

	"hotline/dialog/internal/lang"
)

// english takes English text apart: stems, pairs of neighbouring stems, concepts
// (synonyms), and phones.
type english struct {
	weak     map[string]bool
	concepts map[string][]int // by stemmed words joined with a space
	longest  int              // words in the longest concept
	drop     map[string]bool
	recants  []string // what takes back what was said before
	dropMax  int
	particle map[string]bool
}

func newEnglish(synonyms [][]string) *english {
	e := &english{weak: map[string]bool{}, concepts: map[string][]int{}, drop: map[string]bool{}, particle: englishSet(englishParticles), recants: strings.Fields(recantsEnglish)}
	for w := range strings.FieldsSeq(englishWeak) {
		e.weak[w] = true
	}
	for p := range strings.SplitSeq(strings.TrimSpace(englishPoliteness), "\n") {
		ws := lang.Words(lang.Fold(p))
		e.drop[strings.Join(ws, " ")] = true
		e.dropMax = max(e.dropMax, len(ws))
	}
	n := 0
	put := func(w string) {
		ws := lang.Words(lang.Fold(w))
		for i := range ws {
			ws[i] = lang.Stem(ws[i])
		}
		key := strings.Join(ws, " ")
		e.concepts[key] = append(e.concepts[key], n)
		e.longest = max(e.longest, len(ws))
	}
	for group := range strings.SplitSeq(strings.TrimSpace(englishConcepts), "\n") {
		n++
		for w := range strings.SplitSeq(group, ",") {
			put(strings.TrimSpace(w))
		}
	}
	for _, group := range synonyms {
		n++
		for _, w := range group {
			put(w)
		}
	}
	return e
}

func (e *english) alike(a, b lang.Unit) float32 { return lang.PhoneAlike(byte(a), byte(b)) }

func (e *english) analyse(text string) analysis {
	folded := lang.Fold(text)
	words := e.bare(lang.Words(folded))
	a := analysis{folded: folded, bare: strings.Join(words, " "), core: englishCore(words)}
	const weakOne, one, weakTwo, halfTwo, two, concept = 0.04, 0.8, 0.06, 0.35, 0.8, 0.9
	a.polarity, a.clauses = englishPolarity(text, lang.Words(folded)), clausesOf(text)
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = lang.Stem(w)
		if !e.particle[w] {
			a.tokens = append(a.tokens, uint32(hashString(kindWord, stems[i])>>16))
			if !englishDenial[w] {
				a.affirmed = append(a.affirmed, a.tokens[len(a.tokens)-1])
			}
		}
		weight := float32(one)
		if e.weak[w] {
			weight = weakOne
		}
		a.terms = add(a.terms, term{hashString(kindWord, stems[i]), weight, groupOne})
		if i == 0 {
			continue
		}
		weight = two
		switch x, y := e.weak[w], e.weak[words[i-1]]; {
		case x && y:
			weight = weakTwo
		case x || y:
			weight = halfTwo
		}
		a.terms = add(a.terms, term{hashString(kindTwo, stems[i-1]+" "+stems[i]), weight, groupTwo})
	}
	for i := 0; i < len(stems); {
		step := 1
		for n := min(e.longest, len(stems)-i); n > 0; n-- {
			ids := e.concepts[strings.Join(stems[i:i+n], " ")]
			for _, id := range ids {
				a.terms = add(a.terms, term{hash(kindConcept, uint64(id)), concept, groupConcept})
			}
			if ids != nil {
				step = n
				break
			}
		}
		i += step
	}
	content := words[:0:0]
	for _, w := range words {
		if !e.weak[w] {
			content = append(content, w)
		}
	}
	if len(content) == 0 {
		content = words
	}
	for _, p := range lang.Phones(content) {
		a.units = append(a.units, lang.Unit(p))
	}
	a.grams = soundGrams(a.units, 0, 0.3, 0.8, 1)
	return a
}

// englishCore leaves out articles, possessives and fillers.
func englishCore(words []string) string {
	var out []string
	for _, w := range words {
		switch w {
		case "a", "an", "the", "my", "your", "our", "me", "so", "um", "uh", "well", "just", "please", "then", "actually", "really":
			continue
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// bare cuts politeness and hesitation; a text of nothing else stays whole.
func (e *english) bare(words []string) []string {
	if out := e.rest(words); len(out) > 0 {
		return out
	}
	return words
}

func (e *english) idle(text string) bool {
	for _, w := range e.rest(lang.Words(lang.Fold(text))) {
		if !slices.Contains(e.recants, w) {
			return false
		}
	}
	return true
}

func (e *english) rest(words []string) []string {
	out := make([]string, 0, len(words))
	for i := 0; i < len(words); {
		step := 0
		for n := min(e.dropMax, len(words)-i); n > 0; n-- {
			if e.drop[strings.Join(words[i:i+n], " ")] {
				step = n
				break
			}
		}
		if step == 0 {
			out = append(out, words[i])
			step = 1
		}
		i += step
	}
	return out
}
