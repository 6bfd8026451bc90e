package knowledge

import (
	"hotline/dialog/internal/lang"
)

// term is a feature of the words of a text.
type term struct {
	id     uint64
	weight float32 // how much such a term can tell, before rarity
	group  uint8   // one, two or concept
}

// Groups of terms, whose worth is fitted apart.
const (
	groupOne     uint8 = iota // characters, stems
	groupTwo                  // pairs of neighbours
	groupConcept              // words of one meaning
	groups
)

// analysis is a text taken apart.
type analysis struct {
	folded string
	bare   string   // without politeness and hesitation
	core   string   // without the small words that change nothing, too
	tokens []uint32 // those of bare without particles, to count edits
	terms  []term   // no term twice
	grams  []term   // of sound
	units  []lang.Unit

	polarity polarity
	clauses  int
	affirmed []uint32 // tokens without its nots
}

// analyser takes texts of one language apart.
type analyser interface {
	analyse(text string) analysis
	// idle says that a text is politeness, hesitation, or takes something back, and no more.
	idle(text string) bool
	alike(a, b lang.Unit) float32
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// kinds of term, mixed into the hash so that they never meet
const (
	kindOne uint64 = iota + 1
	kindTwo
	kindWord
	kindConcept
	kindSound1
	kindSound2
	kindSound3
)

func hash(kind uint64, parts ...uint64) uint64 {
	h := fnvOffset ^ kind*0x9e3779b97f4a7c15
	for _, p := range parts {
		h = (h ^ p) * fnvPrime
		h ^= h >> 29
	}
	return h
}

func hashString(kind uint64, s string) uint64 {
	h := fnvOffset ^ kind*0x9e3779b97f4a7c15
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

// add appends t unless its id is there already; the greater weight stays.
func add(ts []term, t term) []term {
	for i := range ts {
		if ts[i].id == t.id {
			ts[i].weight = max(ts[i].weight, t.weight)
			return ts
		}
	}
	return append(ts, t)
}

// soundGrams are the n-grams of units, of the orders given by kinds.
func soundGrams(units []lang.Unit, weights ...float32) []term {
	var ts []term
	for n, w := range weights {
		if w == 0 {
			continue
		}
		for i := 0; i+n < len(units); i++ {
			h := uint64(0)
			for _, u := range units[i : i+n+1] {
				h = h<<16 | uint64(u)
			}
			ts = add(ts, term{hash(kindSound1+uint64(n), h), w, groupOne})
		}
	}
	return ts
}
