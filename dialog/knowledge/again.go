package knowledge

import (
	"cmp"
	"slices"
)

// Without is r where the caller was asked about some pairs and did not say yes: they are
// hardly meant.
func (r Result) Without(ids []string) Result {
	const left = 0.2 // some say all again instead of yes
	if len(ids) == 0 {
		return r
	}
	out := Result{None: r.None, Matches: slices.Clone(r.Matches), Strange: r.Strange}
	for i := range out.Matches {
		if m := &out.Matches[i]; slices.Contains(ids, m.Pair.ID) {
			m.Score *= left
			m.Exact = false
		}
	}
	out.share()
	return out
}

// Except is r without the pairs of ids; what they were worth is not given to others.
func (r Result) Except(ids []string) Result {
	if len(ids) == 0 {
		return r
	}
	matches := slices.DeleteFunc(slices.Clone(r.Matches), func(m Match) bool { return slices.Contains(ids, m.Pair.ID) })
	return Result{None: r.None, Matches: matches, Strange: r.Strange}
}

// share makes the scores add up to 1 again and brings them in order.
func (r *Result) share() {
	sum := r.None
	for _, m := range r.Matches {
		sum += m.Score
	}
	r.None /= sum
	for i := range r.Matches {
		r.Matches[i].Score /= sum
	}
	slices.SortStableFunc(r.Matches, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
}
