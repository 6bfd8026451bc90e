package knowledge

import (
	"errors"

	"hotline/dialog/internal/lang"
)

var errShape = errors.New("the embedder's vector does not fit the index")

// What is compared of a candidate.
const (
	fLexBoth       = iota // words of the text and the nearest wording, as a cosine
	fPairQuery            // share of the text's words which any wording of the pair has
	fShareOne             // share of the characters or stems, by how many of the wordings have them
	fShareTwo             // the same of neighbours
	fConcepts             // the same of concepts
	fAnswer               // share of the text's words which only the answer has
	fSound                // by how much sound n-grams agree better than words
	fSoundPair            // the same over all wordings
	fAlign                // best common stretch of sounds
	fExact                // the same text, politeness apart
	fMeaning              // cosine of the nearest wording's vector
	fCentre               // cosine of the centre of the pair's wordings
	fCentreAway           // the same against all pairs, in four standard deviations
	fAnswerMeaning        // cosine of subject and answer
	candidateFeatures
)

// What is known of a text as a whole, for "none of them".
const (
	nOne     = iota // always 1
	nNew            // share of words which no pair has
	nNewSnd         // the same of sounds
	nLength         // log of how much the text says
	nPairs          // log of the number of pairs
	nMeaning        // the best fCentre, in four of this embedder's standard deviations
	nAway           // cosine of the nearest background
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

// weightsFor are the fitted weights (weights_fitted.go). They are fitted on
// businesses cut from a pack under examples/ and public collections of intents,
// every second question spoiled by sounds that a recogniser confuses; one wording
// of each pair is left out and asked, and so are questions that the business does
// not know. Fit them again with
//
//	go test ./dialog/knowledge -run TestFitWeights -fit -embed-zh URL -embed-en URL -timeout 1h
//
// where the URLs are endpoints of OpenAI's embeddings API.
func weightsFor(language string, meaning bool) weights {
	switch zh := lang.Chinese(language); {
	case zh && meaning:
		return fittedZhMeaning()
	case zh:
		return fittedZh()
	case meaning:
		return fittedEnMeaning()
	}
	return fittedEn()
}
