package grow

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
)

const (
	alike      = 0.45 // near: the same question in other words
	hardly     = 0.8  // jaccard: hardly another wording
	neighbours = 8    // that are listened to
	most       = 600  // wordings of a pair that are compared with one another
)

// choose makes proposals of what is sure enough and new.
func choose(pairs []knowledge.Pair, terms []string, all []*said, o Options, r *Report) []Proposal {
	byID := map[string]*knowledge.Pair{}
	for i := range pairs {
		byID[pairs[i].ID] = &pairs[i]
	}
	byPair := map[string][]*said{}
	for _, s := range all {
		if byID[s.best.pair] == nil || s.best.p < o.Least {
			r.Unsure++
			continue
		}
		byPair[s.best.pair] = append(byPair[s.best.pair], s)
	}
	var out []Proposal
	for _, id := range sorted(byPair) {
		out = append(out, ofPair(byID[id], folded(terms), byPair[id], r)...)
	}
	slices.SortFunc(out, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.Wording, b.Wording))
	})
	return out[:min(o.Limit, len(out))]
}

// ofPair chooses among the wordings that mean one pair.
func ofPair(p *knowledge.Pair, terms []string, list []*said, r *Report) []Proposal {
	// What many say, and what is surest, stands for those like it.
	slices.SortFunc(list, func(a, b *said) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.best.p, a.best.p), cmp.Compare(a.folded, b.folded))
	})
	var stand [][]uint32
	forms := map[string]bool{}
	for _, w := range append([]string{p.Question}, p.Variants...) {
		k := key(w)
		stand = append(stand, grams(k))
		forms[skeleton(k, terms)] = true
	}
	var kept []*said
	var out []Proposal
	form := map[string]int{} // of a proposal, to where it is
next:
	for _, s := range list {
		closest := 0.0
		for _, g := range stand {
			closest = max(closest, jaccard(s.grams, g))
		}
		if closest >= hardly {
			r.Alike++
			continue
		}
		sk := skeleton(s.folded, terms)
		if i, ok := form[sk]; ok || forms[sk] {
			r.Templates++
			if ok {
				out[i].Count += s.count
			}
			continue
		}
		for i, k := range kept {
			if jaccard(s.grams, k.grams) >= hardly {
				r.Alike++
				out[i].Count += s.count
				continue next
			}
		}
		form[sk] = len(out)
		kept = append(kept, s)
		out = append(out, Proposal{
			Pair: p.ID, Question: p.Question, Wording: s.text, Count: s.count, Own: round(own(s)), Confidence: round(s.best.p), Why: s.why,
			Novelty: round(1 - (closest+s.lexical)/2),
		})
	}
	for i := range out {
		for j := range kept[:min(most, len(kept))] {
			if i != j && near(kept[i], kept[j]) >= alike {
				out[i].Alike++
			}
		}
		heard := math.Log2(1+float64(out[i].Count)) + math.Log2(1+float64(out[i].Alike))/2
		out[i].Score = round(heard * (0.2 + 0.8*out[i].Novelty) * out[i].Confidence)
	}
	return out
}

// own is the chance of what was chosen by the wording alone.
func own(s *said) float64 {
	for _, l := range s.found {
		if l.pair == s.best.pair {
			return l.p
		}
	}
	return 0
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func folded(terms []string) []string {
	out := make([]string, 0, len(terms))
	for _, t := range terms {
		if k := key(t); k != "" {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return out
}

// skeleton is a folded text with what may be filled in taken out: the business's
// names, Latin words in Chinese, numbers with their digits.
func skeleton(folded string, terms []string) string {
	for _, t := range terms {
		folded = strings.ReplaceAll(folded, t, "_")
	}
	chinese := strings.ContainsFunc(folded, lang.Han)
	var b strings.Builder
	last := ' '
	for _, r := range folded {
		switch {
		case r == '_', unicode.IsDigit(r), strings.ContainsRune("零一二两三四五六七八九十百千万", r), chinese && r < 0x250 && unicode.IsLetter(r):
			r = '_'
			if last == r {
				continue
			}
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// unanswered groups what no pair is likely to mean. A wording joins the group whose
// members are all like it.
func unanswered(all []*said, o Options) []Unanswered {
	var open []*said
	for _, s := range all {
		if s.none >= 0.5 && s.why != "person" && s.why != "later" && s.best.p < o.Least {
			open = append(open, s)
		}
	}
	slices.SortFunc(open, func(a, b *said) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.none, a.none), cmp.Compare(a.folded, b.folded))
	})
	const groupMost = 50
	together := 0.32 // near
	if len(open) > 0 && open[0].vector == nil {
		together = 0.25 // words alone have less in common
	}
	open = open[:min(10000, len(open))]
	var groups [][]*said
	for _, s := range open {
		at, best := -1, 0.0
	search:
		for i, g := range groups {
			if len(g) == groupMost {
				continue
			}
			least := 1.0
			for _, m := range g {
				if least = min(least, near(s, m)); least < together {
					continue search
				}
			}
			if least > best {
				at, best = i, least
			}
		}
		if at < 0 {
			groups = append(groups, []*said{s})
			continue
		}
		groups[at] = append(groups[at], s)
	}
	out := []Unanswered{}
	for _, g := range groups {
		u := Unanswered{}
		best := -1.0
		for _, s := range g {
			u.Count += s.count
			sum := 0.0
			for _, m := range g {
				sum += near(s, m)
			}
			if sum > best {
				best, u.Wording = sum, s.text
			}
		}
		if u.Count < o.LeastUnanswered {
			continue
		}
		for _, s := range g {
			if s.text != u.Wording && len(u.Examples) < 5 {
				u.Examples = append(u.Examples, s.text)
			}
		}
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(a, b Unanswered) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Wording, b.Wording))
	})
	return out
}
