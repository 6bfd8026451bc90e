package knowledge

import (
	"math"

	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"
)

var blas gonum.Implementation

// placer brings vectors to where the wordings of a pair spread equally in all
// directions: what one asker says and the next one does not counts less there than
// what tells pairs apart (within-class covariance normalisation).
type placer struct {
	dim  int
	rows [][]float32 // lower triangle: row i makes number i
}

// newPlacer learns the spread of the wordings, of each of which pair says whose it is,
// around centres, one a pair. It is nil where there is too little to learn from.
func newPlacer(dim int, wordings []float32, pair []int32, pairs int) *placer {
	count := make([]int, pairs)
	means := make([]float32, pairs*dim)
	for i, p := range pair {
		count[p]++
		blas.Saxpy(dim, 1, wordings[i*dim:], 1, means[int(p)*dim:], 1)
	}
	freedom := 0
	for p, n := range count {
		if n > 0 {
			blas.Sscal(dim, 1/float32(n), means[p*dim:], 1)
			freedom += n - 1
		}
	}
	if freedom == 0 {
		return nil
	}
	within := make([]float32, dim*dim)
	off := make([]float32, dim)
	for i, p := range pair {
		copy(off, wordings[i*dim:(i+1)*dim])
		blas.Saxpy(dim, -1, means[int(p)*dim:], 1, off, 1)
		for k, v := range off {
			blas.Saxpy(k+1, v, off, 1, within[k*dim:], 1)
		}
	}
	trace := 0.0
	for k := range dim {
		trace += float64(within[k*dim+k])
	}
	if trace <= 0 {
		return nil
	}
	// The fewer wordings for each direction, the less their spread is believed.
	shrink := math.Min(1, 0.05+float64(dim)/float64(dim+freedom))
	sym := mat.NewSymDense(dim, nil)
	for k := range dim {
		for j := range k + 1 {
			v := (1 - shrink) * float64(within[k*dim+j]) / trace * float64(dim)
			if j == k {
				v += shrink
			}
			sym.SetSym(k, j, v)
		}
	}
	var c mat.Cholesky
	if !c.Factorize(sym) {
		return nil
	}
	var lower, inverse mat.TriDense
	c.LTo(&lower)
	if inverse.InverseTri(&lower) != nil {
		return nil
	}
	p := &placer{dim: dim, rows: make([][]float32, dim)}
	for i := range dim {
		p.rows[i] = make([]float32, i+1)
		for j := range i + 1 {
			p.rows[i][j] = float32(inverse.At(i, j))
		}
	}
	return p
}

// place writes v, brought there and of length 1, into dst, which is not v.
func (p *placer) place(dst, v []float32) {
	for i, row := range p.rows {
		dst[i] = blas.Sdot(i+1, row, 1, v, 1)
	}
	unit(dst)
}
