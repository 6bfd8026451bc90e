package engine

import (
	"context"
	"regexp"
	"slices"

	"hotline/dialog/internal/lang"
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
//
// Who says in so many words that he has a question about something (快递的事, "it's about
// my account") means none of its pairs more than another, so less will do.
func (p *plan) oneOfMany(found knowledge.Result, text string) bool {
	const (
		least = 0.04 // of a pair that is named
		lead  = 2    // from so many times the next one on, the first alone is asked about
		share = 0.55 // of the threshold, where nothing but the subject is said
	)
	th := p.c.e.c.Thresholds
	bare := p.c.e.bare(text)
	if bare {
		th.Subject *= share
	}
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
		case p.subject(m.Pair, found) != best || slices.ContainsFunc(ids[:n], func(id string) bool { return p.soundsLike(id, m.Pair) }):
		default:
			ids[n], score[n] = m.Pair.ID, m.Score
			n++
		}
	}
	if n < 2 || !bare && score[0] >= th.Confirm && score[0] >= lead*score[1] {
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

// soundsLike says whether the pair with id is one matter with other, or is named by the
// same words, so that nobody can choose between them.
func (p *plan) soundsLike(id string, other *knowledge.Pair) bool {
	pair, ok := p.c.e.c.Pairs().Pair(id)
	return ok && (pair.Name() == other.Name() || p.c.e.same(&pair, other))
}

// What is said where nothing but a subject is: up to six characters or three words of it.
var (
	chineseSubject = regexp.MustCompile(`^(?:(?:我|就是)?(?:想|要)?(?:问|咨询|了解|打听)(?:一下|问|下)?|关于|有关|就是)*(\p{Han}{1,6}?)(?:的(?:问题|事情|事儿?|情况)|这块儿?|这方面|方面)(?:吧|啊|呢|的)?$|^(?:(?:我|就是)?(?:想|要)?(?:问|咨询|了解|打听)(?:一下|问|下)?)?(?:关于|有关)(\p{Han}{1,6})$`)
	englishSubject = regexp.MustCompile(`^(?:it is |it's |this is )?(?:i (?:have|have got|got|would like to ask|want to ask|wanted to ask|want to know|am calling|am ringing) )?(?:a |some |something |just )*(?:questions? |query |enquiry )?(?:about|regarding|concerning)(?: (?:my|your|the|a|an|some))?(?: \w+){1,3}$`)
)

// bare says whether text names a subject and asks nothing of it.
func (e *Engine) bare(text string) bool {
	text = lang.Fold(text)
	if e.zh {
		return chineseSubject.MatchString(text)
	}
	return englishSubject.MatchString(text)
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
