package knowledge

import (
	"math"
	"slices"
	"unicode/utf8"
)

// What is compared of a candidate. A business has many pairs that speak of the same
// thing, so that beside how near one is it counts how far the next one is behind.
const (
	fLex           = iota // words of the text and the nearest wording, as a cosine
	fLexThree             // mean of the three nearest wordings
	fTextIn               // share of the text's words that one wording has
	fWordingIn            // share of that wording's words that the text has
	fPairQuery            // share of the text's words which any wording of the pair has
	fShareOne             // share of the characters or stems, by how many of the wordings have them
	fShareTwo             // the same of neighbours
	fConcepts             // the same of concepts
	fAnswer               // share of the text's words which only the answer has
	fSound                // sound n-grams of the text and the nearest wording, as a cosine
	fSoundPair            // by how much the sounds of all wordings agree better than the words
	fAlign                // best common stretch of sounds
	fSame                 // how much stays the same from the nearest wording, particles apart
	fVerbatim             // 1 where all does, 0 from a quarter of changes on
	fExact                // the same text, politeness apart
	fLexLead              // fLex before the best of the others
	fPairLead             // fPairQuery before the best of the others
	fShareLead            // fShareOne before the best of the others
	fSoundLead            // fSound before the best of the others
	fSameLead             // fSame before the best of the others
	fBest                 // share of the signals in which no other is better
	fMeaning              // cosine of the nearest wording's vector
	fMeaningThree         // mean of the three nearest wordings
	fCentre               // cosine of the centre of the pair's wordings
	fCentreAway           // the same against all pairs, in four standard deviations
	fAnswerMeaning        // cosine of subject and answer
	fMeaningLead          // fMeaning before the best of the others
	fThreeLead            // fMeaningThree before the best of the others
	fCentreLead           // fCentre before the best of the others
	fLearned              // what the pair's learned row makes of the text, in tens
	fLearnedLead          // fLearned before the best of the others
	fLearnedShare         // the pair's share in what all rows make of the text
	candidateFeatures
)

// What is known of a text as a whole, for "none of them".
const (
	nNew          = iota // share of words which no pair has
	nNewSound            // the same of sounds
	nLength              // log of how much the text says
	nPairs               // log of the number of pairs
	nLex                 // the best fLex
	nTextIn              // the best fTextIn
	nSound               // the best fSound
	nSame                // the best fSame
	nMeaning             // the best fMeaning
	nCentre              // the best fCentre, in four of this embedder's standard deviations
	nAway                // cosine of the nearest background
	nNearer              // by how much the best fMeaning is nearer than that
	nLearned             // the best fLearned
	nLearnedShare        // the best fLearnedShare
	nLearnedAway         // the background's share
	noneFeatures
)

// relate fills in what comes of comparing the candidates with one another.
func relate(cs []compared, meaning bool) {
	leads := [...]struct{ of, lead int }{
		{fLex, fLexLead},
		{fPairQuery, fPairLead},
		{fShareOne, fShareLead},
		{fSound, fSoundLead},
		{fSame, fSameLead},
		{fMeaning, fMeaningLead},
		{fMeaningThree, fThreeLead},
		{fCentre, fCentreLead},
		{fLearned, fLearnedLead},
	}
	signals := leads[:]
	if !meaning {
		signals = leads[:5]
	}
	for _, s := range signals {
		best, second := math.Inf(-1), math.Inf(-1)
		for i := range cs {
			switch v := cs[i].f[s.of]; {
			case v > best:
				best, second = v, best
			case v > second:
				second = v
			}
		}
		if math.IsInf(second, 0) {
			second = 0
		}
		for i := range cs {
			f := &cs[i].f
			if f[s.of] < best {
				f[s.lead] = f[s.of] - best
				continue
			}
			f[s.lead] = best - second
			f[fBest] += 1 / float64(len(signals))
		}
	}
}

// nearest holds the three greatest of the values put in.
type nearest struct {
	v [3]float32
	n int
}

func (t *nearest) put(v float32) {
	t.n++
	for i := range t.v {
		if t.n <= i+1 || v > t.v[i] {
			copy(t.v[i+1:], t.v[i:])
			t.v[i] = v
			return
		}
	}
}

func (t *nearest) mean() float64 {
	n := min(t.n, len(t.v))
	if n == 0 {
		return 0
	}
	s := float32(0)
	for _, v := range t.v[:n] {
		s += v
	}
	return float64(s / float32(n))
}

// compare compares a with the wordings of pair p.
func (x *Index) compare(p int32, a *analysis, s *scratch, t totals, meaning bool) compared {
	c := compared{pair: p, variant: s.best[p]}
	var lex, cos nearest
	var sound float32
	var textIn, wordingIn, same float64
	soundest := c.variant
	for v := x.first[p]; v < x.first[p+1]; v++ {
		vr := &x.variants[v]
		lex.put(cosine(s.lex[v], t.lex, vr.lex))
		if n := cosine(s.snd[v], t.snd, vr.snd); n > sound {
			sound, soundest = n, v
		}
		if in := ratio(s.lex[v], t.lex); in > textIn {
			textIn, wordingIn = in, ratio(s.lex[v], vr.lex)
		}
		if meaning {
			cos.put(s.cos[v])
		}
		same = max(same, s.edits.same(a.tokens, vr.tokens))
		c.literal = c.literal || vr.folded == a.folded
		c.exact = c.exact || vr.bare == a.bare
		c.near = c.near || vr.core == a.core && utf8.RuneCountInString(a.core) > 2
	}
	c.opposite = x.opposite(p, a, s)
	align := float32(0)
	for i, v := range [...]int32{c.variant, soundest} {
		if i > 0 && v == c.variant {
			break
		}
		u := x.variants[v].units
		align = max(align, 2*s.align.align(a.units, u, x.analyser.alike)/float32(len(a.units)+len(u)+1))
	}
	pair := ratio(s.lexPair[p].any, t.lex)
	c.f = [candidateFeatures]float64{
		fLex:       float64(lex.v[0]),
		fLexThree:  lex.mean(),
		fTextIn:    textIn,
		fWordingIn: wordingIn,
		fPairQuery: pair,
		fShareOne:  ratio(s.lexPair[p].groups[groupOne], t.groups[groupOne]),
		fShareTwo:  ratio(s.lexPair[p].groups[groupTwo], t.groups[groupTwo]),
		fConcepts:  ratio(s.lexPair[p].groups[groupConcept], t.groups[groupConcept]),
		fAnswer:    ratio(s.lexPair[p].answer, t.lex),
		fSound:     float64(sound),
		fSoundPair: max(ratio(s.sndPair[p].any, t.snd)-pair, 0),
		fAlign:     float64(align),
		fSame:      same,
		fVerbatim:  max(4*same-3, 0),
	}
	if c.exact {
		c.f[fExact] = 1
	}
	c.lexical, c.sound = float64(lex.v[0]), float64(max(align, sound))
	if meaning {
		c.cos = cos.v[0]
		c.f[fMeaning] = float64(cos.v[0])
		c.f[fMeaningThree] = cos.mean()
		c.f[fCentre] = float64(s.centre[p])
		c.f[fCentreAway] = float64((s.centre[p]-t.near.mean)/t.near.dev) / 4
		c.f[fAnswerMeaning] = float64(s.answer[p])
		c.f[fLearned] = float64(s.learned[p]) / 10
		c.f[fLearnedShare] = math.Exp(float64(s.learned[p]) - t.learned)
	}
	return c
}

// whole is what is known of the text itself.
func (x *Index) whole(cs []compared, s *scratch, t totals, meaning bool) [noneFeatures]float64 {
	best := func(f int) float64 {
		b := 0.0
		for i := range cs {
			b = max(b, cs[i].f[f])
		}
		return b
	}
	n := [noneFeatures]float64{
		nNew:      1 - ratio(t.lexKnown, t.lex),
		nNewSound: 1 - ratio(t.sndKnown, t.snd),
		nLength:   math.Log1p(float64(t.lex)) / 3,
		nPairs:    math.Log(float64(len(x.pairs)+1)) / 6,
		nLex:      best(fLex),
		nTextIn:   best(fTextIn),
		nSound:    best(fSound),
		nSame:     best(fSame),
	}
	if meaning {
		n[nMeaning] = best(fMeaning)
		n[nCentre] = max(best(fCentre)-float64(x.meaning.spread.mean), 0) / float64(x.meaning.spread.dev) / 4
		n[nAway] = float64(s.away)
		n[nNearer] = n[nMeaning] - n[nAway]
		n[nLearned] = best(fLearned)
		n[nLearnedShare] = best(fLearnedShare)
		n[nLearnedAway] = math.Exp(float64(s.learned[len(x.pairs)]) - t.learned)
	}
	return n
}

// editor counts edits between two texts, in a reused row.
type editor struct{ row []int }

// same is the share of a and b that no edit touches.
func (e *editor) same(a, b []uint32) float64 {
	const most = 60 // a text that is longer is no wording again
	if len(a) == 0 || len(b) == 0 || len(a) > most || len(b) > most {
		return 0
	}
	e.row = slices.Grow(e.row[:0], len(b)+1)[:len(b)+1]
	for j := range e.row {
		e.row[j] = j
	}
	for i := range a {
		diag := e.row[0]
		e.row[0] = i + 1
		for j := range b {
			d := diag
			if a[i] != b[j] {
				d++
			}
			diag, e.row[j+1] = e.row[j+1], min(d, e.row[j]+1, e.row[j+1]+1)
		}
	}
	return 1 - float64(e.row[len(b)])/float64(max(len(a), len(b)))
}
