package engine

import (
	"context"
	"slices"

	"hotline/dialog/knowledge"
)

// whichOf asks which of two or three pairs is meant.
func (p *plan) whichOf(ids [3]string) {
	k := KeyWhich
	if ids[2] != "" {
		k = KeyWhichOfThree
	}
	p.question(k, p.names(ids), which, ids[:]...)
}

// oneOfMany asks which of two or three is meant where what was said names no more
// than a subject of which the business knows a lot (发票呢, "about my refund"): none of
// its pairs is likely, together they are.
func (p *plan) oneOfMany(found knowledge.Result) bool {
	const (
		least = 0.04 // of a pair that is named
		lead  = 2    // from so many times the next one on, the first alone is asked about
	)
	th := p.c.e.c.Thresholds
	together := map[string]float64{}
	best := ""
	for _, m := range found.Matches {
		c := p.subject(m.Pair, found)
		together[c] += m.Score
		if c != "" && together[c] > together[best] {
			best = c
		}
	}
	if best == "" || together[best] < th.Subject {
		return false
	}
	var ids [3]string
	var score [3]float64
	n := 0
	for _, m := range found.Matches {
		switch {
		case n == len(ids) || m.Score < least:
		case p.subject(m.Pair, found) != best || slices.ContainsFunc(ids[:n], func(id string) bool { return p.sameAs(id, m.Pair) }):
		default:
			ids[n], score[n] = m.Pair.ID, m.Score
			n++
		}
	}
	if n < 2 || score[0] >= th.Confirm && score[0] >= lead*score[1] {
		return false
	}
	p.whichOf(ids)
	return true
}

// subject is a pair's category. A task that callers begin by sentences of their own has
// that of the questions behind whose answers it is offered, where one is among those
// found.
func (p *plan) subject(pair *knowledge.Pair, found knowledge.Result) string {
	if pair.Category != "" || pair.Flow == "" {
		return pair.Category
	}
	for _, m := range found.Matches {
		if p.c.flows().OfferedBy(m.Pair.ID) == pair.Flow {
			return m.Pair.Category
		}
	}
	return ""
}

// sameAs says whether the pair with id is one matter with other.
func (p *plan) sameAs(id string, other *knowledge.Pair) bool {
	pair, ok := p.c.e.c.Pairs().Pair(id)
	return ok && p.c.e.same(&pair, other)
}

// byCorrection looks at what a caller who corrects himself says last: 我要退货,不对,
// 我要换货. A correction that is not understood by itself belongs to the whole.
func (c *Conversation) byCorrection(ctx context.Context, x *knowledge.Index, q knowledge.Query) (knowledge.Result, bool) {
	q.Alternatives = nil
	for _, text := range c.e.command.Corrected(q.Text) {
		q.Text = text
		if r := x.Find(ctx, q); c.e.sure(r) {
			return r, true
		}
	}
	return knowledge.Result{}, false
}
