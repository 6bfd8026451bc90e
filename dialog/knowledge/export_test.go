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
	Hidden            = hidden
	Parameters        = parameters
)

// Use puts weights in place of the fitted ones.
func (x *Index) Use(list []float64) {
	w := newWeights(list)
	x.words, x.meant = w, w
}

// Fitted is the list of parameters in use.
func Fitted(language string, meaning bool) []float64 { return fitted(language, meaning) }
