package knowledge

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/internal/lang"
)

// Query is what was said, and where.
type Query struct {
	Text string
	// Alternatives are the recogniser's other readings.
	Alternatives []string
	// Line and Now restrict the pairs; empty and zero do not.
	Line string
	Now  time.Time
	// After is the id of the pair that was answered last.
	After string
	// Elliptical marks a text which makes sense only after another ("and the cost?").
	Elliptical bool
	// Words leaves the embedder out.
	Words bool

	bulk *compares // what FindAll has compared already
}

// Match is a pair that the text may have meant.
type Match struct {
	Pair    *Pair // not to be changed
	Score   float64
	Lexical float64 // 0–1: how much of both wordings agrees
	Sound   float64 // the same by sound
	Meaning float64 // cosine, 0 without an embedder
	Variant string  // the wording that is nearest
	Exact   bool    // it is the text, politeness apart
}

// Candidate is the match in the form of the call's record.
func (m *Match) Candidate() dialog.Candidate {
	round := func(f float64) float64 { return math.Round(f*1000) / 1000 }
	return dialog.Candidate{
		ID: m.Pair.ID, Question: m.Pair.Question, Score: round(m.Score),
		Lexical: round(m.Lexical), Sound: round(m.Sound), Meaning: round(m.Meaning),
	}
}

// Result is what Find found.
type Result struct {
	Matches []Match // best first; their scores and None add up to 1
	None    float64 // chance that the text means none of the pairs
	refer   *Pair   // says that others are to be asked
	// Strange is what the text calls a thing that the business never speaks of, where
	// nothing but what is asked about others comes near to it.
	Strange string
}

// Top is the best match, or nil.
func (r Result) Top() *Match {
	if len(r.Matches) == 0 {
		return nil
	}
	return &r.Matches[0]
}

// Together is how likely it is one of the pairs of a kind.
func (r Result) Together(of func(*Pair) bool) float64 {
	score := 0.0
	for i := range r.Matches {
		if m := &r.Matches[i]; of(m.Pair) {
			score += m.Score
		}
	}
	return score
}

// shortlist is the number of candidates that are compared closely.
const shortlist = 12

// sums is the weight of the text's terms that a pair has.
type sums struct {
	any    float32         // in any wording
	share  float32         // the same by how many of the wordings have them
	groups [groups]float32 // share by group
	answer float32         // in the answer alone
}

// scratch holds the sums of one search, reused between searches.
type scratch struct {
	lex, snd         []float32 // by variant
	lexPair, sndPair []sums    // by pair
	cos              []float32 // by variant
	centre, answer   []float32 // by pair
	learned          []float32 // by pair, and of the background
	best             []int32   // best variant by pair, −1 none
	pre              []float32 // its coarse score
	order            []int32
	align            aligner
	edits            editor
	away             float32 // cosine of the nearest background
}

func newScratch(variants, pairs int) *scratch {
	return &scratch{
		lex: make([]float32, variants), snd: make([]float32, variants), cos: make([]float32, variants),
		lexPair: make([]sums, pairs), sndPair: make([]sums, pairs), centre: make([]float32, pairs), answer: make([]float32, pairs), learned: make([]float32, pairs+1),
		best: make([]int32, pairs), pre: make([]float32, pairs), order: make([]int32, 0, pairs),
	}
}

// Find ranks the pairs that q may mean. Without the embedder it takes well under a
// millisecond for 1,000 variants.
func (x *Index) Find(ctx context.Context, q Query) Result {
	q.Text = x.ungreeted(q.Text)
	r := x.find(ctx, q.Text, q)
	strange, refer := r.Strange, r.refer
	for _, reading := range x.readings() {
		if r.sure() {
			break
		}
		if text, ok := reading.of(q.Text); ok {
			if other := x.find(ctx, text, q); reading.taken(other) {
				r = better(r, other, discount)
			}
		}
	}
	for i, alt := range q.Alternatives {
		if i == 3 || r.sure() {
			break
		}
		if alt == q.Text {
			continue
		}
		r = better(r, x.find(ctx, alt, q), discount)
	}
	r.Strange = strange
	if refer != nil {
		r.ask(refer)
	}
	return r
}

// discount of what was not said but may have been meant.
const discount = 0.9

// sure says that no other reading of the text need be tried.
func (r Result) sure() bool {
	const least = 0.8
	return r.Top() != nil && r.Top().Score >= least
}

// reading is a text in place of the one that was said, and whether what it finds is taken.
type reading struct {
	of    func(said string) (text string, ok bool)
	taken func(Result) bool
}

// readings are tried in their order while nothing is sure: with the business's words that
// the text sounds like, with the thing that it sounds nearly like, and without the thing
// that it names.
func (x *Index) readings() [3]reading {
	return [...]reading{
		{
			of:    func(said string) (string, bool) { return x.repaired(x.analyser.analyse(cut(said)).folded) },
			taken: func(Result) bool { return true },
		},
		{
			of: func(said string) (string, bool) {
				text, ok := x.goods.heard(x.analyser.analyse(cut(said)).folded, x.repairer.known)
				if ok {
					text, _ = x.repaired(text)
				}
				return text, ok
			},
			taken: func(Result) bool { return true },
		},
		{
			of:    func(said string) (string, bool) { return x.goods.neutral(lang.Fold(cut(said))) },
			taken: x.sureOf,
		},
	}
}

// repaired is a folded text with the business's words. What a thing is called stays: a
// duvet is no wording's divide.
func (x *Index) repaired(folded string) (string, bool) {
	return x.repairer.repair(folded, x.goods.places(folded))
}

// better is r or, where that is surer though discounted, other.
func better(r, other Result, discount float64) Result {
	o, t := other.Top(), r.Top()
	if o == nil || t != nil && o.Score*discount <= t.Score {
		return r
	}
	for i := range other.Matches {
		other.Matches[i].Score *= discount
	}
	other.None = 1 - (1-other.None)*discount
	return other
}

// cut bounds what is looked at of a text.
func cut(text string) string {
	const most = 500 // characters; a minute of speech
	if len(text) <= most {
		return text
	}
	rs := []rune(text)
	return string(rs[:min(most, len(rs))])
}

func (x *Index) find(ctx context.Context, text string, q Query) Result {
	text = cut(text)
	a := x.analyser.analyse(text)
	if len(x.variants) == 0 || a.folded == "" {
		return Result{None: 1}
	}
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	obs := x.observe(ctx, a, text, q, s)
	obs.bare = q.Elliptical && q.After != "" && len([]rune(a.folded)) <= bareText(lang.Chinese(x.o.Language))
	prior := x.prior(ctx, q, obs.bare)
	return x.decide(obs, prior)
}

// bareText is how many letters a text has at most that is no more than "and the cost?".
func bareText(chinese bool) int {
	if chinese {
		return 6
	}
	return 24
}

// observation is what the comparison of a text with the pairs gave.
type observation struct {
	none       [noneFeatures]float64
	candidates []compared
	meaning    bool
	bare       bool   // a few words that make sense only after what was answered
	strange    string // the thing that is named, if the business speaks of none
	refer      int32  // the pair that says that others have it, −1 none
}

type compared struct {
	pair, variant  int32 // variant is the nearest wording
	f              [candidateFeatures]float64
	cos            float32
	lexical, sound float64
	literal        bool // the same text, to the letter
	exact          bool // the same but for politeness
	near           bool // the same but for small words
	opposite       bool // it is said with a not, or without the one that it has
	another        bool // it is about another thing than the one that is named
	alien          bool // it is about a thing, and what is named is none that the business speaks of
}

// totals are what a text says, and how much of that is known.
type totals struct {
	lex, lexKnown, snd, sndKnown float32
	groups                       [groups]float32
	near                         spread  // of the cosines of the text and the pairs' centres
	learned                      float64 // log of the sum of all odds as they were learned
}

// observe compares a with the pairs and keeps the best.
func (x *Index) observe(ctx context.Context, a analysis, text string, q Query, s *scratch) observation {
	clear(s.lex)
	clear(s.snd)
	clear(s.lexPair)
	clear(s.sndPair)
	var t totals
	t.lex, t.lexKnown, t.groups = x.lex.sum(a.terms, s.lex, s.lexPair)
	t.snd, t.sndKnown, _ = x.snd.sum(a.grams, s.snd, s.sndPair)
	var meaning bool
	meaning, t.near = x.meanings(ctx, text, q, s)
	if meaning {
		t.learned = logSum(s.learned)
	}
	for p := range s.best {
		s.best[p], s.pre[p] = -1, 0
	}
	for v := range x.variants {
		vr := &x.variants[v]
		pre := cosine(s.lex[v], t.lex, vr.lex) + 0.8*cosine(s.snd[v], t.snd, vr.snd)
		if meaning {
			pre += 1.5 * max(s.cos[v], 0)
		}
		if pre > s.pre[vr.pair] {
			s.best[vr.pair], s.pre[vr.pair] = int32(v), pre
		}
	}
	for p := range s.pre {
		s.pre[p] += float32(ratio(s.lexPair[p].share, t.lex)+ratio(s.sndPair[p].share, t.snd)) + 0.5*float32(ratio(s.lexPair[p].answer, t.lex))
		if meaning {
			s.pre[p] += 1.5*max(s.centre[p], 0) + 0.5*max(s.answer[p], 0) + 0.1*max(s.learned[p], 0)
		}
	}
	s.order = s.order[:0]
	for p := range s.best {
		if s.best[p] >= 0 && x.pairs[p].usable(q.Line, q.Now) {
			s.order = append(s.order, int32(p))
		}
	}
	slices.SortFunc(s.order, func(i, j int32) int {
		return cmp.Or(cmp.Compare(s.pre[j], s.pre[i]), cmp.Compare(i, j))
	})
	top := s.order[:min(shortlist, len(s.order))]
	o := observation{meaning: meaning, candidates: make([]compared, 0, len(top))}
	another := x.goods.another(a.folded)
	var alien func(int32) bool
	o.strange, o.refer, alien = x.notOurs(a.folded, q)
	for _, p := range top {
		c := x.compare(p, &a, s, t, meaning)
		c.another = !c.exact && p != o.refer && another(p)
		c.alien = !c.exact && alien(p)
		o.candidates = append(o.candidates, c)
	}
	relate(o.candidates, meaning)
	o.none = x.whole(o.candidates, s, t, meaning)
	return o
}

// sum adds the weight of each term to every variant and pair that has it, and
// returns the weight of all terms and that of those which any pair has.
func (in *inverted) sum(ts []term, variants []float32, pairs []sums) (total, known float32, byGroup [groups]float32) {
	for _, t := range ts {
		id, ok := in.ids[t.id]
		if !ok {
			total += t.weight
			byGroup[t.group] += t.weight
			continue
		}
		w := in.weight[id]
		total += w
		known += w
		byGroup[t.group] += w
		for _, v := range in.variants[id] {
			variants[v] += w
		}
		for _, p := range in.pairs[id] {
			if p.variants == 0 {
				pairs[p.pair].answer += w
				continue
			}
			pairs[p.pair].any += w
			pairs[p.pair].share += w * p.share
			pairs[p.pair].groups[t.group] += w * p.share
		}
	}
	return total, known, byGroup
}

func ratio(a, b float32) float64 {
	if b <= 0 {
		return 0
	}
	return float64(min(a/b, 1))
}

func cosine(common, a, b float32) float32 {
	if a <= 0 || b <= 0 {
		return 0
	}
	return common / float32(math.Sqrt(float64(a)*float64(b)))
}

// meanings fills s.cos and returns its spread for this text; false without vectors.
func (x *Index) meanings(ctx context.Context, text string, q Query, s *scratch) (bool, spread) {
	m := x.meaning
	if m == nil || q.Words || ctx.Err() != nil {
		return false, spread{}
	}
	v := make([]float32, m.dim)
	if q.bulk != nil {
		copy(v, q.bulk.vector)
		copy(s.cos, q.bulk.cos)
	} else {
		raw, ok := x.vector(ctx, text)
		if !ok {
			return false, spread{}
		}
		m.centred(v, raw)
		for i := range x.variants {
			s.cos[i] = dot(v, m.variant(i))
		}
	}
	s.away = m.nearestAway(v)
	var sum, sum2 float64
	for i := range x.pairs {
		c := dot(v, m.pair(i))
		s.centre[i], s.answer[i] = c, dot(v, m.answer(i))
		s.learned[i] = m.learned.score(v, i)
		sum += float64(c)
		sum2 += float64(c) * float64(c)
	}
	s.learned[len(x.pairs)] = m.learned.score(v, len(x.pairs))
	n := float64(len(x.pairs))
	mean := sum / n
	return true, spread{float32(mean), float32(math.Sqrt(max(sum2/n-mean*mean, 1e-3)))}
}

// logSum is the log of the sum of e to the power of each.
func logSum(of []float32) float64 {
	top := slices.Max(of)
	sum := 0.0
	for _, v := range of {
		sum += math.Exp(float64(v - top))
	}
	return float64(top) + math.Log(sum)
}

// stop says that r ends a clause.
func stop(r rune) bool { return strings.ContainsRune(",.!?;:，。！？；：、", r) }

// ungreeted is text without the clauses before it that are idle.
func (x *Index) ungreeted(text string) string {
	for {
		at := strings.IndexFunc(text, stop)
		if at < 0 || !x.analyser.idle(text[:at]) {
			return text
		}
		rest := strings.TrimLeftFunc(text[at:], func(r rune) bool { return stop(r) || r == ' ' })
		if rest == "" {
			return text
		}
		text = rest
	}
}

// Asks says whether text is put as a question.
func (x *Index) Asks(text string) bool { return x.analyser.analyse(cut(text)).polarity.asks }

// Embedded is what the embedder is asked about in place of a caller's text.
func (x *Index) Embedded(text string) string { return x.inOneBreath(x.ungreeted(text)) }

// inOneBreath is text as wordings are written, in English without the stops that a
// recogniser puts inside: a model takes them for the ends of matters.
func (x *Index) inOneBreath(text string) string {
	if lang.Chinese(x.o.Language) {
		return text
	}
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = strings.TrimFunc(w, stop)
	}
	return strings.Join(words, " ")
}

// vector embeds a caller's text, in the time that he waits; false where that fails.
func (x *Index) vector(ctx context.Context, text string) ([]float32, bool) {
	start := x.o.Now()
	if !x.guard.open(start) {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, x.o.EmbedWithin)
	defer cancel()
	vs, err := x.o.Embedder.Embed(ctx, []string{x.inOneBreath(text)})
	if err == nil && (len(vs) != 1 || len(vs[0]) != x.meaning.dim) {
		err = errShape
	}
	x.guard.report(start, err)
	if err != nil {
		return nil, false
	}
	raw := slices.Clone(vs[0])
	unit(raw)
	return raw, true
}

// prior is the log of how much more likely each pair is because of the one that
// was answered before; nil where nothing is known.
func (x *Index) prior(ctx context.Context, q Query, bare bool) map[int32]float64 {
	last, ok := x.byID[q.After]
	if !ok {
		return nil
	}
	same, near := 0.25, 0.0
	if q.Elliptical {
		same, near = 2.2, 6
		if bare { // it says next to nothing itself
			same += 2
		}
	}
	prior := map[int32]float64{}
	category := x.pairs[last].Category
	for i := range x.pairs {
		if category != "" && x.pairs[i].Category == category {
			prior[int32(i)] = same
		}
	}
	if q.Elliptical {
		for _, m := range x.find(ctx, x.pairs[last].Question, Query{Words: true}).Matches {
			i := int32(x.byID[m.Pair.ID])
			prior[i] += near * m.Lexical
		}
		prior[int32(last)] -= 2.5 // asked again in fewer words is rare
	}
	return prior
}

// decide makes probabilities of what was observed.
func (x *Index) decide(o observation, prior map[int32]float64) Result {
	w := &x.words
	if o.meaning {
		w = &x.meant
	}
	logits := make([]float64, len(o.candidates))
	none := w.bias + w.none.logit(o.none[:], nil)
	if prior != nil {
		none -= priorNone
	}
	top := none
	for i, c := range o.candidates {
		logits[i] = w.candidate.logit(c.f[:], o.none[:]) + prior[c.pair]
		top = max(top, logits[i])
	}
	sum := math.Exp(none - top)
	for _, l := range logits {
		sum += math.Exp(l - top)
	}
	r := Result{None: math.Exp(none-top) / sum, Matches: make([]Match, len(o.candidates))}
	for i, c := range o.candidates {
		r.Matches[i] = Match{
			Pair: &x.pairs[c.pair], Score: math.Exp(logits[i]-top) / sum,
			Lexical: c.lexical, Sound: c.sound, Meaning: float64(c.cos),
			Variant: x.variants[c.variant].text, Exact: c.exact,
		}
	}
	if !o.bare { // what stands somewhere word for word means what went before
		r.settle(o)
	}
	const unasked = 0.9 // whether it rains, for he has a duvet to dry
	if o.refer >= 0 && r.None < unasked {
		r.refer = &x.pairs[o.refer]
	}
	r.doubt(o)
	slices.SortStableFunc(r.Matches, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
	return r
}

// The least that a wording is worth that stands in a pair word for word, or but for
// small words. Its neighbours share the rest.
const (
	literally = 0.98
	verbatim  = 0.97
	nearly    = 0.85
)

// settle lets a wording decide that a pair has: what it shares with the wordings of
// other pairs does not make it less. It needs r.Matches in the order of o.
func (r *Result) settle(o observation) {
	best, floor := -1, 0.0
	for i, c := range o.candidates {
		f := 0.0
		switch {
		case c.literal: // 帮我开发票 is not 开发票 where a pair has either
			f = literally
		case c.exact:
			f = verbatim
		case c.near:
			f = nearly
		}
		if f > floor || f == floor && f > 0 && r.Matches[i].Score > r.Matches[best].Score {
			best, floor = i, f
		}
	}
	if best >= 0 {
		r.raise(best, floor)
	}
}

// Search returns up to n pairs that text may mean, best first.
func (x *Index) Search(text string, n int) []dialog.Candidate {
	r := x.Find(context.Background(), Query{Text: text, Now: x.o.Now()})
	out := make([]dialog.Candidate, 0, min(n, len(r.Matches)))
	for i := range r.Matches[:min(n, len(r.Matches))] {
		out = append(out, r.Matches[i].Candidate())
	}
	return out
}

// Suggest returns up to n wordings, each of another pair, that are nearest to text
// by sound and words, best first: what the caller may have said when text was heard.
func (x *Index) Suggest(text string, n int) []string {
	if n <= 0 {
		return nil
	}
	const least = 0.05
	var out []string
	for _, m := range x.Find(context.Background(), Query{Text: text, Words: true}).Matches {
		if len(out) == n {
			break
		}
		if m.Sound > least {
			out = append(out, m.Variant)
		}
	}
	return out
}

// Vocabulary is the business's own terms, most important first.
func (x *Index) Vocabulary() []string { return slices.Clone(x.vocab) }
