package emotion

import (
	"strconv"
	"strings"
)

// A feature of a text: the hash of its name, and how much of it there is.
type feature struct {
	id    uint32
	value float64
}

// hash is FNV-1a over a kind and a name, folded to 32 bits.
func hash(kind byte, name ...string) uint32 {
	h := uint64(14695981039346656037)
	h = (h ^ uint64(kind)) * 1099511628211
	for _, s := range name {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return uint32(h ^ h>>32)
}

// Kinds of features.
const (
	kindBias    = 'b'
	kindPhrase  = 'p' // a phrase of the lexicon, by mood and strength
	kindNegated = 'n' // the same, negated
	kindShape   = 's' // what is no word: repetition, length
	kindGram    = 'g'
	kindWord    = 'w'
)

// gramWeight is the length of the n-grams' part, against 1 for a phrase.
const gramWeight = 1.0

// lexical are the features of phrases and shape: few, dense, with a meaning.
func lexical(t tokens, hits []found) []feature {
	fs := []feature{{hash(kindBias), 1}}
	var plain, negated [moods][4]float64
	for _, h := range hits {
		v := 1.0
		if h.stronger {
			v = 1.3
		}
		if h.negated {
			negated[h.entry.mood][h.entry.strength] += v
		} else {
			plain[h.entry.mood][h.entry.strength] += v
		}
	}
	for m := range moods {
		for s := 1; s <= 3; s++ {
			if v := plain[m][s]; v > 0 {
				fs = append(fs, feature{phraseID(kindPhrase, m, s), min(v, 2.2)})
			}
			if v := negated[m][s]; v > 0 {
				fs = append(fs, feature{phraseID(kindNegated, m, s), min(v, 2.2)})
			}
		}
	}
	if len(hits) == 0 {
		fs = append(fs, feature{hash(kindShape, "no phrase"), 1})
	}
	if again(t) {
		fs = append(fs, feature{hash(kindShape, "again"), 1})
	}
	return fs
}

func phraseID(kind byte, mood, strength int) uint32 {
	return hash(kind, string(names[mood]), strconv.Itoa(strength))
}

// again says whether the text repeats itself: a word three times, or two words
// together twice.
func again(t tokens) bool {
	seen := make(map[string]int, 2*len(t.words))
	for i, w := range t.words {
		if i == 0 {
			continue
		}
		pair := t.words[i-1] + " " + w
		if t.words[i-1] == w && len(w) < 4 {
			continue // 谢谢, 嗯嗯
		}
		seen[pair]++
		if seen[pair] >= 3 {
			return true
		}
	}
	for i := 0; i+2 < len(t.words); i++ {
		if t.words[i] == t.words[i+1] && t.words[i+1] == t.words[i+2] {
			return true
		}
	}
	return false
}

// grams are the names of the n-grams of t: characters 1–3 in Chinese, words 1–2
// and characters 3–5 within words in English.
func grams(t tokens, add func(kind byte, name string)) {
	n := len(t.words)
	if t.chinese {
		marked := make([]string, 1, 2*n+1)
		marked[0] = " "
		for i, w := range t.words {
			marked = append(marked, w)
			if t.ends[i] {
				marked = append(marked, " ")
			}
		}
		for i := range marked {
			for k := 1; k <= 3 && i+k <= len(marked); k++ {
				add(kindGram, strings.Join(marked[i:i+k], ""))
			}
		}
		return
	}
	for i, w := range t.words {
		add(kindWord, w)
		if i+1 < n {
			add(kindWord, w+" "+t.words[i+1])
		}
		rs := []rune("<" + w + ">")
		for k := 3; k <= 5; k++ {
			for j := 0; j+k <= len(rs); j++ {
				add(kindGram, string(rs[j:j+k]))
			}
		}
	}
	if n > 0 {
		add(kindWord, "^ "+t.words[0])
	}
}

func (r *Recognizer) features(t tokens, hits []found) []feature {
	fs := lexical(t, hits)
	return append(fs, gramFeatures(t)...)
}

// gramFeatures are the n-grams of t, each once, of common length gramWeight.
func gramFeatures(t tokens) []feature {
	seen := map[uint32]bool{}
	var fs []feature
	grams(t, func(kind byte, name string) {
		if id := hash(kind, name); !seen[id] {
			seen[id] = true
			fs = append(fs, feature{id, 1})
		}
	})
	scale(fs, gramWeight)
	return fs
}
