package knowledge

import (
	"errors"

	"hotline/dialog/internal/lang"
)

var errShape = errors.New("the embedder's vector does not fit the index")

// hidden is the number of units in the layer between features and logit.
const hidden = 10

// judge gives a candidate, or "none of them", its log-odds: a straight sum of the
// features and what a small layer makes of how they go together. A candidate's
// layer sees what is known of the text, too.
type judge struct {
	direct []float64 // one for each own feature
	layer  [hidden]struct {
		bias, out float64
		in        []float64 // own features, then those of the text
	}
}

func (j *judge) logit(own, text []float64) float64 {
	s := 0.0
	for i, w := range j.direct {
		s += w * own[i]
	}
	for h := range j.layer {
		u := &j.layer[h]
		a := u.bias
		for i, f := range own {
			a += u.in[i] * f
		}
		for i, f := range text {
			a += u.in[len(own)+i] * f
		}
		if a > 0 {
			s += u.out * a
		}
	}
	return s
}

// weights are two judges and the log-odds of "none of them" where nothing is known.
type weights struct {
	candidate, none judge
	bias            float64
}

// parameters is the length of the list from which newWeights builds.
const parameters = 1 +
	candidateFeatures + hidden*(2+candidateFeatures+noneFeatures) +
	noneFeatures + hidden*(2+noneFeatures)

// newWeights reads a list of parameters: bias, then for each judge its direct
// weights and its units (bias, out, in…).
func newWeights(list []float64) weights {
	take := func(n int) []float64 {
		part := list[:n:n]
		list = list[n:]
		return part
	}
	read := func(own, text int) judge {
		j := judge{direct: take(own)}
		for h := range j.layer {
			u := &j.layer[h]
			u.bias, u.out = take(1)[0], take(1)[0]
			u.in = take(own + text)
		}
		return j
	}
	w := weights{bias: take(1)[0]}
	w.candidate = read(candidateFeatures, noneFeatures)
	w.none = read(noneFeatures, 0)
	return w
}

// priorNone is by how much "none of them" is less likely in the middle of a
// conversation that has been understood so far (log-odds).
const priorNone = 0.2

// weightsFor are the fitted weights (weights_zh.go, weights_en.go). They are fitted on
// businesses cut from the packs under examples/, with the openings of their tasks, and
// public collections of intents: one wording of each pair is left out and asked, some
// are asked in other dress or amid other talk, every third is spoiled by sounds that a
// recogniser confuses, and what the business does not know is asked too, small talk
// and thanks among it. Fit them again with
//
//	go test ./dialog/knowledge -run TestFitWeights -fit zh,en -timeout 1h
//
// where the embedding models are installed.
func weightsFor(language string, meaning bool) weights { return newWeights(fitted(language, meaning)) }

func fitted(language string, meaning bool) []float64 {
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
