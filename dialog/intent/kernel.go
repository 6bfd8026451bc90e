package intent

import (
	"context"
	"math"
	"slices"
)

const (
	// maxKernel bounds the examples that are compared with every text: training
	// takes their number cubed, and 70 MB at this one.
	maxKernel = 6000
	// ridge is how much of an example's label is taken for chance.
	ridge = 0.25
	// wording is what the same words count beside the same meaning.
	wording = 0.5
)

// kernel is a ridge regression over how near a text is, in meaning and in words, to
// each of the examples: a row of weights, one a column, for each. The columns are the
// classes and, where there is something wider, that.
type kernel struct {
	columns int
	weights []float32
	length  []float32 // of each example without the mean
	words   *wordings
}

// alike is what an example counts for a text; c is the cosine of both meanings, w that
// of both wordings.
func alike(c, w float32) float32 { return exp(2*c-2) + wording*w }

// wordings are the n-grams of examples, each example's of length 1.
type wordings struct {
	counts []int32 // n-grams of each example
	grams  []entry // example by example
	// Which examples have a feature is in at and share from starts[feature] on.
	starts []int32
	at     []int32
	share  []float32
}

// newWordings takes each example's n-grams; features is how many there are in all.
func newWordings(xs [][]entry, features int) *wordings {
	w := &wordings{counts: make([]int32, len(xs))}
	for i, x := range xs {
		w.counts[i] = int32(len(x))
		k := unit(x)
		for _, e := range x {
			w.grams = append(w.grams, entry{e.index, e.value * k})
		}
	}
	w.arrange(features)
	return w
}

// unit is what makes x of length 1.
func unit(x []entry) float32 {
	var sum float64
	for _, e := range x {
		sum += float64(e.value) * float64(e.value)
	}
	if sum == 0 {
		return 0
	}
	return float32(1 / math.Sqrt(sum))
}

// arrange puts the n-grams feature by feature.
func (w *wordings) arrange(features int) {
	w.starts = make([]int32, features+1)
	for _, e := range w.grams {
		w.starts[e.index+1]++
	}
	for f := range features {
		w.starts[f+1] += w.starts[f]
	}
	next := slices.Clone(w.starts)
	w.at, w.share = make([]int32, len(w.grams)), make([]float32, len(w.grams))
	left := w.grams
	for i, n := range w.counts {
		for _, e := range left[:n] {
			w.at[next[e.index]], w.share[next[e.index]] = int32(i), e.value
			next[e.index]++
		}
		left = left[n:]
	}
}

// near is the cosine of x and each example.
func (w *wordings) near(x []entry) []float32 {
	out := make([]float32, len(w.counts))
	k := unit(x)
	for _, e := range x {
		v := e.value * k
		for p := w.starts[e.index]; p < w.starts[e.index+1]; p++ {
			out[w.at[p]] += v * w.share[p]
		}
	}
	return out
}

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

// score fills z, one a column; centred is the text's vector without the mean, x its
// n-grams.
func (k *kernel) score(z []float32, s *space, refs, centred []float32, x []entry) {
	clear(z)
	words := k.words.near(x)
	shift := blas.Sdot(s.dim, centred, 1, s.mean, 1)
	for i, length := range k.length {
		c := float32(0)
		if length > 0 {
			c = (blas.Sdot(s.dim, centred, 1, refs[i*s.dim:(i+1)*s.dim], 1) - shift) / length
		}
		blas.Saxpy(k.columns, alike(c, words[i]), k.weights[i*k.columns:(i+1)*k.columns], 1, z, 1)
	}
}

// fitKernel fits vectors without the mean and wordings, and of each the class. It is
// nil when ctx ends.
func fitKernel(ctx context.Context, xs [][]float32, words *wordings, class []int, kin kinship) *kernel {
	n, classes := len(xs), len(kin.group)
	k := &kernel{columns: kin.columns(), words: words}
	grams := words.grams
	rows := triangle(n)
	for i, row := range rows {
		if ctx.Err() != nil {
			return nil
		}
		near := words.near(grams[:words.counts[i]])
		grams = grams[words.counts[i]:]
		for j := range row {
			row[j] = alike(blas.Sdot(len(xs[i]), xs[i], 1, xs[j], 1), near[j])
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
		if kin.wide() {
			at(i)[classes+int(kin.topic[c])] = 1
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
