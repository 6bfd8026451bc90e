package knowledge

import "context"

// Names for the fit, which is a test.

type Observation struct {
	None       []float64
	Candidates [][]float64
	IDs        []string
	Meaning    bool
}

// Observe compares text with the pairs, as Find does before it decides.
func (x *Index) Observe(text string) Observation {
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	o := x.observe(context.Background(), x.analyser.analyse(text), text, Query{}, s)
	out := Observation{None: o.none[:], Meaning: o.meaning}
	for i := range o.candidates {
		c := o.candidates[i]
		out.Candidates = append(out.Candidates, c.f[:])
		out.IDs = append(out.IDs, x.pairs[c.pair].ID)
	}
	return out
}

const (
	CandidateFeatures = candidateFeatures
	NoneFeatures      = noneFeatures
	FExact            = fExact
	FMeaning          = fMeaning // and all behind it
	NMeaning          = nMeaning // and all behind it
)

func WeightsFor(language string, meaning bool) (candidate, none []float64) {
	w := weightsFor(language, meaning)
	return w.candidate[:], w.none[:]
}
