package intent

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas/gonum"
)

// linear is a multinomial logistic regression: a row of weights, one a class, for
// each feature, and one more for the bias.
type linear struct {
	classes int
	weights []float32 // rows*classes, the bias last
}

var blas gonum.Implementation

// add puts k times row r on z.
func (l *linear) add(z []float32, r int, k float32) {
	blas.Saxpy(l.classes, k, l.weights[r*l.classes:(r+1)*l.classes], 1, z, 1)
}

func (l *linear) rows() int { return len(l.weights) / l.classes }

func (l *linear) sparse(z []float32, x []entry) {
	copy(z, l.weights[(l.rows()-1)*l.classes:])
	for _, e := range x {
		l.add(z, int(e.index), e.value)
	}
}

func (l *linear) dense(z, x []float32) {
	copy(z, l.weights[(l.rows()-1)*l.classes:])
	for i, v := range x {
		if v != 0 {
			l.add(z, i, v)
		}
	}
}

// softmax turns z into probabilities.
func softmax(z []float32) {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	var sum float32
	for i, v := range z {
		z[i] = exp(v - top)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

func exp(v float32) float32 {
	if v < -30 {
		return 0
	}
	return float32(math.Exp(float64(v)))
}

// settings of a descent.
type settings struct {
	epochs int
	rate   float32 // of the first step; it falls linearly to nothing
	doubt  float32 // how much of a label is taken for chance
}

// descend fits l to n samples by stochastic gradient descent, in an order of its own
// that is always the same. forward fills z with a sample's scores, update takes rate
// times g times the sample off the weights. It stops early when ctx ends.
func (l *linear) descend(ctx context.Context, n int, class []int, s settings, forward func(z []float32, i int), update func(g []float32, i int, rate float32)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(1, 2))
	z := make([]float32, l.classes)
	total := float32(s.epochs * n)
	step := 0
	bias := l.weights[(l.rows()-1)*l.classes:]
	for range s.epochs {
		random.Shuffle(n, func(a, b int) { order[a], order[b] = order[b], order[a] })
		for _, i := range order {
			if step%256 == 0 && ctx.Err() != nil {
				return
			}
			rate := s.rate * (1 - float32(step)/total)
			step++
			forward(z, i)
			softmax(z)
			if s.doubt > 0 {
				for k := range z {
					z[k] -= s.doubt / float32(len(z))
				}
			}
			z[class[i]] -= 1 - s.doubt
			update(z, i, rate)
			blas.Saxpy(l.classes, -rate/10, z, 1, bias, 1)
		}
	}
}

// dropped is the share of a text's n-grams that a step does without, always others:
// a caller says the same in other words, and the rest must do then.
const dropped = 0.3

// fitSparse fits texts' n-grams.
func fitSparse(ctx context.Context, xs [][]entry, class []int, classes, features int, s settings) *linear {
	l := &linear{classes, make([]float32, (features+1)*classes)}
	random := rand.New(rand.NewPCG(3, 4))
	var left []entry
	l.descend(ctx, len(xs), class, s, func(z []float32, i int) {
		left = left[:0]
		for _, e := range xs[i] {
			if random.Float32() >= dropped {
				left = append(left, entry{e.index, e.value / (1 - dropped)})
			}
		}
		l.sparse(z, left)
	},
		func(g []float32, _ int, rate float32) {
			for _, e := range left {
				blas.Saxpy(classes, -rate*e.value, g, 1, l.weights[int(e.index)*classes:], 1)
			}
		})
	return l
}

// fitDense fits vectors.
func fitDense(ctx context.Context, xs [][]float32, class []int, classes int, s settings) *linear {
	l := &linear{classes, make([]float32, (len(xs[0])+1)*classes)}
	l.descend(ctx, len(xs), class, s, func(z []float32, i int) { l.dense(z, xs[i]) },
		func(g []float32, i int, rate float32) {
			for k, v := range xs[i] {
				blas.Saxpy(classes, -rate*v, g, 1, l.weights[k*classes:], 1)
			}
		})
	return l
}
