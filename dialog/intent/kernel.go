package intent

import (
	"context"
	"math"
)

const (
	// maxKernel bounds the examples that are compared with every text: training
	// takes their number cubed, and 70 MB at this one.
	maxKernel = 6000
	// ridge is how much of an example's label is taken for chance.
	ridge = 0.2
)

// kernel is a ridge regression over how near a text is to each of the examples: a row
// of weights, one a column, for each. The columns are the classes and, where there
// are classes in detail, what they are taken together to.
type kernel struct {
	columns int
	weights []float32
	length  []float32 // of each example without the mean
}

// alike is what an example counts for a text; c is the cosine of both.
func alike(c float32) float32 { return exp(2*c - 2) }

// measure takes the lengths of refs without the mean.
func (k *kernel) measure(s *space, refs []float32) {
	n := len(refs) / s.dim
	k.length = make([]float32, n)
	diff := make([]float32, s.dim)
	for i := range n {
		r := refs[i*s.dim : (i+1)*s.dim]
		copy(diff, r)
		blas.Saxpy(s.dim, -1, s.mean, 1, diff, 1)
		k.length[i] = blas.Snrm2(s.dim, diff, 1)
	}
}

// score fills z, one a column; centred is the text's vector without the mean.
func (k *kernel) score(z []float32, s *space, refs, centred []float32) {
	clear(z)
	shift := blas.Sdot(s.dim, centred, 1, s.mean, 1)
	for i, length := range k.length {
		c := float32(0)
		if length > 0 {
			c = (blas.Sdot(s.dim, centred, 1, refs[i*s.dim:(i+1)*s.dim], 1) - shift) / length
		}
		blas.Saxpy(k.columns, alike(c), k.weights[i*k.columns:(i+1)*k.columns], 1, z, 1)
	}
}

// fitKernel fits vectors without the mean; of each the class and its group. It is nil
// when ctx ends.
func fitKernel(ctx context.Context, xs [][]float32, class []int, group []int32, groups int) *kernel {
	n, classes := len(xs), len(group)
	k := &kernel{columns: columns(classes, groups)}
	rows := triangle(n)
	for i, row := range rows {
		if ctx.Err() != nil {
			return nil
		}
		for j := range row {
			row[j] = alike(blas.Sdot(len(xs[i]), xs[i], 1, xs[j], 1))
		}
		row[i] += ridge
	}
	if !cholesky(ctx, rows) {
		return nil
	}
	k.weights = make([]float32, n*k.columns)
	at := func(i int) []float32 { return k.weights[i*k.columns : (i+1)*k.columns] }
	for i, c := range class {
		at(i)[c] = 1
		if groups != classes {
			at(i)[classes+int(group[c])] = 1
		}
	}
	for i, row := range rows { // forward
		for j, v := range row[:i] {
			blas.Saxpy(k.columns, -v, at(j), 1, at(i), 1)
		}
		blas.Sscal(k.columns, 1/row[i], at(i), 1)
	}
	for i := n - 1; i >= 0; i-- { // and back
		row := rows[i]
		blas.Sscal(k.columns, 1/row[i], at(i), 1)
		for j, v := range row[:i] {
			blas.Saxpy(k.columns, -v, at(i), 1, at(j), 1)
		}
	}
	return k
}

// columns is how many there are.
func columns(classes, groups int) int {
	if groups == classes {
		return classes
	}
	return classes + groups
}

// triangle is the lower half of a matrix of n rows.
func triangle(n int) [][]float32 {
	data := make([]float32, n*(n+1)/2)
	rows := make([][]float32, n)
	for i := range rows {
		rows[i], data = data[:i+1:i+1], data[i+1:]
	}
	return rows
}

// cholesky decomposes in place, a block of rows at a time so that those above are
// read from memory once for all of them. It fails when ctx ends or the matrix is not
// positive.
func cholesky(ctx context.Context, rows [][]float32) bool {
	const block = 16
	for from := 0; from < len(rows); from += block {
		if ctx.Err() != nil {
			return false
		}
		to := min(from+block, len(rows))
		for j := range to {
			above := rows[j]
			for i := max(from, j); i < to; i++ {
				v := rows[i][j] - blas.Sdot(j, rows[i], 1, above, 1)
				if i > j {
					rows[i][j] = v / above[j]
					continue
				}
				if v <= 0 {
					return false
				}
				above[j] = float32(math.Sqrt(float64(v)))
			}
		}
	}
	return true
}
