package intent

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ring are vectors of length 1: class 0 on both ends of every axis, class 1 between,
// which no line tells apart.
func ring(seed uint64, n int) (xs [][]float32, class []int) {
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		a := math.Pi/2*float64(r.IntN(4)) + 0.3*(r.Float64()-0.5)
		if i%2 == 1 {
			a += math.Pi / 4
		}
		xs, class = append(xs, []float32{float32(math.Cos(a)), float32(math.Sin(a))}), append(class, i%2)
	}
	return xs, class
}

func TestTheKernelTellsApartWhatNoLineDoes(t *testing.T) {
	xs, class := ring(1, 90)
	mute := newWordings(make([][]entry, len(xs)), 0)
	k := fitKernel(t.Context(), xs, mute, class, kinship{[]int32{0, 1}, 2, []int32{0, 1}, 2})
	require.NotNil(t, k)
	s := &space{dim: 2, mean: make([]float32, 2)}
	var refs []float32
	for _, x := range xs {
		refs = append(refs, x...)
	}
	k.measure(s, refs)
	tests, want := ring(2, 200)
	z := make([]float32, k.columns)
	for i, x := range tests {
		k.score(z, s, refs, x, nil)
		assert.Greater(t, z[want[i]], z[1-want[i]], "%v", x)
	}
}

// What the weights give for the examples is the labels, but for the ridge.
func TestTheKernelSolvesItsEquations(t *testing.T) {
	xs, class := ring(3, 37) // not a multiple of a block
	texts := make([][]entry, len(xs))
	r := rand.New(rand.NewPCG(4, 1))
	for i := range texts {
		for f := range int32(5) {
			if r.IntN(2) == 0 {
				texts[i] = append(texts[i], entry{f, 0.5 + r.Float32()})
			}
		}
	}
	k := fitKernel(t.Context(), xs, newWordings(texts, 5), class, kinship{[]int32{0, 0}, 1, []int32{0, 0}, 1})
	require.NotNil(t, k)
	require.Equal(t, 3, k.columns, "two classes, and what they are taken together to")
	for i := range xs {
		for c := range k.columns {
			got := ridge * float64(k.weights[i*k.columns+c])
			for j := range xs {
				got += float64(alike(xs[i][0]*xs[j][0]+xs[i][1]*xs[j][1], cosine(texts[i], texts[j])) * k.weights[j*k.columns+c])
			}
			want := 0.0
			if c == 2 || c == class[i] {
				want = 1
			}
			assert.InDelta(t, want, got, 1e-3)
		}
	}
}

// cosine is worked out the plain way.
func cosine(a, b []entry) float32 {
	var ab, aa, bb float64
	for _, x := range a {
		aa += float64(x.value) * float64(x.value)
		for _, y := range b {
			if x.index == y.index {
				ab += float64(x.value) * float64(y.value)
			}
		}
	}
	for _, y := range b {
		bb += float64(y.value) * float64(y.value)
	}
	if ab == 0 {
		return 0
	}
	return float32(ab / math.Sqrt(aa*bb))
}
