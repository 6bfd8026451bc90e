package intent

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// logistic is a small logistic regression over scaled evidence.
type logistic struct {
	mean, scale []float64
	weights     []float64 // the bias last
}

func (l *logistic) probability(x []float64) float64 {
	n := len(l.weights) - 1
	if n < 0 {
		return 0
	}
	z := l.weights[n]
	for i := range min(n, len(x)) {
		z += l.weights[i] * (x[i] - l.mean[i]) / l.scale[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// newLogistic fits by Newton's method; weight is of the yes samples against the no.
func newLogistic(xs [][]float64, yes []bool, weight float64) logistic {
	n := len(xs[0])
	l := logistic{make([]float64, n), make([]float64, n), make([]float64, n+1)}
	for k := range n {
		var sum, square float64
		for _, x := range xs {
			sum += x[k]
			square += x[k] * x[k]
		}
		l.mean[k] = sum / float64(len(xs))
		l.scale[k] = math.Sqrt(math.Max(square/float64(len(xs))-l.mean[k]*l.mean[k], 0))
		if l.scale[k] < 1e-6 {
			l.scale[k] = 1
		}
	}
	const ridge, rounds = 2, 25
	x := make([]float64, n+1)
	for range rounds {
		h := mat.NewSymDense(n+1, nil)
		g := mat.NewVecDense(n+1, nil)
		for k := range n {
			h.SetSym(k, k, ridge)
			g.SetVec(k, -ridge*l.weights[k])
		}
		h.SetSym(n, n, 1e-3)
		for i, e := range xs {
			p := l.probability(e)
			for k := range n {
				x[k] = (e[k] - l.mean[k]) / l.scale[k]
			}
			x[n] = 1
			w, d := 1.0, -p
			if yes[i] {
				w, d = weight, 1-p
			}
			s := w * math.Max(p*(1-p), 1e-6)
			for a := range x {
				g.SetVec(a, g.AtVec(a)+w*d*x[a])
				for b := a; b < len(x); b++ {
					h.SetSym(a, b, h.At(a, b)+s*x[a]*x[b])
				}
			}
		}
		var c mat.Cholesky
		var step mat.VecDense
		if !c.Factorize(h) || c.SolveVecTo(&step, g) != nil {
			break
		}
		size := mat.Norm(&step, 2)
		k := math.Min(1, 2/math.Max(size, 1e-9)) // no leap over the far side
		for i := range l.weights {
			l.weights[i] += k * step.AtVec(i)
		}
		if size < 1e-6 {
			break
		}
	}
	return l
}

// newJudge learns what ballots look like that are right, wrong and out of scope.
//
// The threshold makes the most of the share of right answers plus worth times the
// share of the examples out of scope that are found. Without such examples a text
// counts as out of scope when it is less likely to be right than nearly all that were.
func newJudge(ballots []ballot, class []int, oos int, worth float64) judge {
	xs := make([][]float64, len(ballots))
	right, outside := make([]bool, len(ballots)), make([]bool, len(ballots))
	n := 0
	for i, b := range ballots {
		xs[i] = b.evidence
		right[i] = b.top == class[i]
		outside[i] = class[i] == oos
		if outside[i] {
			n++
		}
	}
	j := judge{sure: newLogistic(xs, right, 1)}
	if n == 0 {
		const lost = 0.002 // of right answers
		j.outside = logistic{j.sure.mean, j.sure.scale, slices.Clone(j.sure.weights)}
		for i := range j.outside.weights {
			j.outside.weights[i] = -j.outside.weights[i]
		}
		var ps []float64
		for i, x := range xs {
			if right[i] {
				ps = append(ps, j.outside.probability(x))
			}
		}
		slices.Sort(ps)
		j.threshold = 1
		if len(ps) > 0 {
			j.threshold = math.Max(ps[min(len(ps)-1, int(float64(len(ps))*(1-lost)))], 0.5) + 1e-9
		}
		return j
	}
	j.outside = newLogistic(xs, outside, math.Max(1, float64(len(xs)-n)/float64(n)/5))
	type text struct {
		p              float64
		right, outside bool
	}
	texts := make([]text, len(xs))
	for i, x := range xs {
		texts[i] = text{j.outside.probability(x), right[i], outside[i]}
	}
	slices.SortStableFunc(texts, func(a, b text) int { return cmp.Compare(b.p, a.p) })
	best, value := 0.0, 0.0
	j.threshold = 1
	for i, t := range texts { // the threshold falls from text to text
		switch {
		case t.outside:
			value += worth / float64(n)
		case t.right:
			value -= 1 / float64(len(xs)-n)
		}
		if value > best && (i+1 == len(texts) || texts[i+1].p < t.p) {
			best, j.threshold = value, t.p
		}
	}
	return j
}
