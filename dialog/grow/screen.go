package grow

import (
	"cmp"
	"context"
	"slices"

	"hotline/dialog/knowledge"
)

// Candidate is a wording that somebody, or a model, made up for a pair.
type Candidate struct{ Pair, Wording string }

// Screen makes proposals of those candidates that pass what wordings of callers must
// pass too: they stand nowhere yet, hold nothing personal, differ from each other and
// from what the pair has, and are not understood as another pair.
func Screen(ctx context.Context, pairs []knowledge.Pair, ko knowledge.Options, candidates []Candidate, o Options) ([]Proposal, error) {
	o = o.withDefaults()
	guard := NewGuard(pairs)
	var list []*said
	meant := map[*said]string{}
	for _, c := range candidates {
		text := bare(c.Wording)
		if guard.Add(c.Pair, text) != nil {
			continue
		}
		s := &said{text: text, folded: key(text), count: 1}
		s.grams = grams(s.folded)
		list, meant[s] = append(list, s), c.Pair
	}
	if len(list) == 0 {
		return nil, nil
	}
	if _, err := scored(ctx, pairs, ko, list, o.Workers); err != nil {
		return nil, err
	}
	judge(list)
	byPair := map[string][]*said{}
	for _, s := range list {
		if len(s.found) > 0 && s.found[0].pair == meant[s] {
			s.best.pair, s.why = meant[s], "paraphrase"
			s.best.p = max(s.best.p, own(s))
			byPair[s.best.pair] = append(byPair[s.best.pair], s)
		}
	}
	var out []Proposal
	var left Report // what is left out here is not told
	for i := range pairs {
		if l := byPair[pairs[i].ID]; len(l) > 0 {
			out = append(out, ofPair(&pairs[i], folded(ko.Terms), l, &left)...)
		}
	}
	slices.SortFunc(out, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.Wording, b.Wording))
	})
	return out, nil
}
