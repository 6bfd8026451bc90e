package intent

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// space is where embeddings are compared: the mean taken off, and scaled so that
// texts of one intent spread equally in all directions (linear discriminant analysis).
// Distances in it are Mahalanobis distances.
type space struct {
	dim    int
	mean   []float32
	matrix []float32 // dim rows of dim: row i is what input i adds
	trust  float32   // from 0, much is guessed, to 1
}

// newSpace learns the spread within classes; shrink is the share of an even spread
// that is mixed in, which few texts need more of.
func newSpace(xs [][]float32, class []int, classes int) (*space, error) {
	if len(xs) == 0 {
		return nil, errors.New("no vectors")
	}
	d := len(xs[0])
	s := &space{dim: d, mean: make([]float32, d), matrix: make([]float32, d*d)}
	means, counts := classMeans(xs, class, classes)
	for _, x := range xs {
		blas.Saxpy(d, 1/float32(len(xs)), x, 1, s.mean, 1)
	}
	within := make([]float32, d*d)
	diff := make([]float32, d)
	freedom := 0.0
	for i, x := range xs {
		c := class[i]
		if counts[c] < 2 {
			continue
		}
		copy(diff, x)
		blas.Saxpy(d, -1, means[c], 1, diff, 1)
		for k, v := range diff {
			blas.Saxpy(d-k, v, diff[k:], 1, within[k*d+k:], 1)
		}
	}
	for _, n := range counts {
		freedom += math.Max(0, float64(n-1))
	}
	freedom = math.Max(freedom, 1)
	trace := 0.0
	for k := range d {
		trace += float64(within[k*d+k]) / freedom
	}
	if trace == 0 { // one text a class: nothing is known about their spread
		trace = 1
	}
	// The fewer texts for each direction, the less their spread is believed.
	shrink := math.Min(1, 0.05+float64(d)/(float64(d)+freedom))
	s.trust = float32((1 - shrink) * (1 - shrink))
	sym := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			v := (1 - shrink) * float64(within[i*d+j]) / freedom
			if i == j {
				v += shrink * trace / float64(d)
			}
			sym.SetSym(i, j, v)
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(sym, true) {
		return nil, errors.New("the spread of the vectors cannot be decomposed")
	}
	values := eig.Values(nil)
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	for i := range d {
		for j := range d {
			s.matrix[i*d+j] = float32(vectors.At(i, j) / math.Sqrt(math.Max(values[j], 1e-12)))
		}
	}
	return s, nil
}

func classMeans(xs [][]float32, class []int, classes int) (means [][]float32, counts []int) {
	means, counts = make([][]float32, classes), make([]int, classes)
	for c := range means {
		means[c] = make([]float32, len(xs[0]))
	}
	for i, x := range xs {
		counts[class[i]]++
		blas.Saxpy(len(x), 1, x, 1, means[class[i]], 1)
	}
	for c, n := range counts {
		if n > 0 {
			blas.Sscal(len(means[c]), 1/float32(n), means[c], 1)
		}
	}
	return means, counts
}

// place brings x into the space.
func (s *space) place(x []float32) []float32 {
	out := make([]float32, s.dim)
	for i, v := range x {
		blas.Saxpy(s.dim, v-s.mean[i], s.matrix[i*s.dim:(i+1)*s.dim], 1, out, 1)
	}
	return out
}

// centre is x without the mean, of length 1.
func (s *space) centre(x []float32) []float32 {
	out := make([]float32, s.dim)
	copy(out, x)
	blas.Saxpy(s.dim, -1, s.mean, 1, out, 1)
	if length := blas.Snrm2(s.dim, out, 1); length > 0 {
		blas.Sscal(s.dim, 1/length, out, 1)
	}
	return out
}
