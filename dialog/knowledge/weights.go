package knowledge

import "errors"

var errShape = errors.New("the embedder's vector does not fit the index")

// What is compared of a candidate.
const (
	fLexQuery    = iota // share of the text's words which the variant has
	fLexVariant         // share of the variant's words which the text has
	fLexBoth            // both, as a cosine
	fPairQuery          // share of the text's words which any variant of the pair has
	fSound              // cosine of sound n-grams
	fSoundPair          // share of the text's sound n-grams which any variant of the pair has
	fAlign              // best common stretch of sounds
	fExact              // the same text, politeness apart
	fMeaning            // cosine of vectors against those of the other pairs for this text
	fMeaningWide        // the same against the usual cosine of different pairs
	candidateFeatures
)

// What is known of a text as a whole, for "none of them".
const (
	nOne     = iota
	nNew     // share of words which no pair has
	nNewSnd  // the same of sounds
	nLength  // log of how much the text says
	nPairs   // log of the number of pairs
	nMeaning // the best fMeaningWide
	noneFeatures
)

type (
	candidateWeights [candidateFeatures]float64
	noneWeights      [noneFeatures]float64
	weights          struct {
		candidate candidateWeights
		none      noneWeights
	}
)

func (w *candidateWeights) dot(f [candidateFeatures]float64) float64 {
	s := 0.0
	for i := range f {
		s += w[i] * f[i]
	}
	return s
}

func (w *noneWeights) dot(f [noneFeatures]float64) float64 {
	s := 0.0
	for i := range f {
		s += w[i] * f[i]
	}
	return s
}

// priorNone is by how much "none of them" is less likely in the middle of a
// conversation that has been understood so far (log-odds).
const priorNone = 0.2

func weightsFor(_ string, meaning bool) weights {
	w := weights{
		candidate: candidateWeights{fLexQuery: 2, fLexVariant: 1, fLexBoth: 3, fPairQuery: 2, fSound: 3, fSoundPair: 1, fAlign: 4, fExact: 2},
		none:      noneWeights{nOne: 5, nNew: 2, nNewSnd: 1},
	}
	if meaning {
		w.candidate[fMeaning], w.candidate[fMeaningWide] = 0.6, 0.6
		w.none[nOne] = 7
	}
	return w
}
