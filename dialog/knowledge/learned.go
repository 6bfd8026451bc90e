package knowledge

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// learned is what the wordings of all pairs together teach: a row of weights for each
// pair, by which a text's vector is multiplied. A cosine tells what is near; a row tells
// what sets its pair apart from those that speak of the same things. The background has
// a row too, behind the pairs'.
type learned struct {
	dim  int
	rows []float32
	bias []float32
	// settled is false where rows of another index stand in for a while.
	settled bool
}

func newLearned(pairs, dim int) *learned {
	return &learned{dim: dim, rows: make([]float32, (pairs+1)*dim), bias: make([]float32, pairs+1)}
}

func (l *learned) row(pair int) []float32 { return l.rows[pair*l.dim : (pair+1)*l.dim] }

func (l *learned) score(v []float32, pair int) float32 { return dot(v, l.row(pair)) + l.bias[pair] }

const (
	// rivals is how many pairs a wording is told apart from: those nearest to it. The
	// others, of hundreds, have no share in it that counts.
	rivals = 48
	// begun is what a pair's row starts with, times the centre of its wordings.
	begun = 10
	// learnRounds is how often each wording is looked at, learnRate the first step's
	// size; it falls to nothing. caution is how much of a wording's pair is taken for
	// chance, and slight what is not worth a step.
	learnRounds = 8
	learnRate   = 3
	caution     = 0.1
	slight      = 1e-4
)

// learn fits a multinomial logistic regression to the wordings, by stochastic gradient
// descent in an order that is always the same. It is nil when ctx ends.
func (v *vectors) learn(ctx context.Context, x *Index) *learned {
	l := newLearned(len(x.pairs), v.dim)
	for p := range x.pairs {
		v.begin(l, p)
	}
	texts := v.background(x)
	for p := range x.pairs {
		texts = v.wordings(texts, x, p)
	}
	if !v.descend(ctx, l, texts) {
		return nil
	}
	l.settled = true
	return l
}

// relearn takes the rows of another index's pairs that have stayed as they are and
// learns the others beside them, so that an edit is heard at once. What comes of it
// depends on what was edited when, and is to be replaced by learn.
func (v *vectors) relearn(ctx context.Context, x, from *Index) *learned {
	old := from.meaning.learned
	l := newLearned(len(x.pairs), v.dim)
	l.settled = old.settled && len(x.pairs) == len(from.pairs)
	l.take(len(x.pairs), old, len(from.pairs))
	var texts []lesson
	for p := range x.pairs {
		o, known := from.byID[x.pairs[p].ID]
		if known && slices.EqualFunc(x.of(p), from.of(o), func(a, b variant) bool { return a.text == b.text }) {
			l.take(p, old, o)
			l.settled = l.settled && p == o
			continue
		}
		l.settled = false
		v.begin(l, p)
		texts = v.wordings(texts, x, p)
	}
	if !v.descend(ctx, l, texts) {
		return nil
	}
	return l
}

// of are the wordings of a pair.
func (x *Index) of(pair int) []variant { return x.variants[x.first[pair]:x.first[pair+1]] }

func (v *vectors) begin(l *learned, pair int) {
	blas.Saxpy(v.dim, begun, v.pair(pair), 1, l.row(pair), 1)
}

func (l *learned) take(row int, from *learned, of int) {
	copy(l.row(row), from.row(of))
	l.bias[row] = from.bias[of]
}

// lesson is a text and whose it is.
type lesson struct {
	text []float32
	row  int32
}

func (v *vectors) wordings(to []lesson, x *Index, pair int) []lesson {
	for i := x.first[pair]; i < x.first[pair+1]; i++ {
		to = append(to, lesson{v.variant(int(i)), int32(pair)})
	}
	return to
}

func (v *vectors) background(x *Index) []lesson {
	var out []lesson
	for text := range slices.Chunk(v.away, v.dim) {
		out = append(out, lesson{text, int32(len(x.pairs))})
	}
	return out
}

// descend teaches l; false when ctx ends.
func (v *vectors) descend(ctx context.Context, l *learned, texts []lesson) bool {
	most := min(rivals+1, len(l.bias))
	near := v.rivals(ctx, l, texts, most)
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(1, 2))
	z := make([]float32, most)
	total, step := float32(learnRounds*len(texts)), 0
	for range learnRounds {
		random.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		for _, i := range order {
			if step%1024 == 0 && ctx.Err() != nil {
				return false
			}
			rate := learnRate * (1 - float32(step)/total)
			step++
			l.step(z, texts[i], near[i*most:(i+1)*most], rate)
		}
	}
	return ctx.Err() == nil
}

// step moves the rows against which a text is held, its own among them.
func (l *learned) step(z []float32, t lesson, against []int32, rate float32) {
	top := float32(math.Inf(-1))
	for k, p := range against {
		z[k] = l.score(t.text, int(p))
		top = max(top, z[k])
	}
	sum := float32(0)
	for k := range z {
		z[k] = float32(math.Exp(float64(z[k] - top)))
		sum += z[k]
	}
	for k, p := range against {
		g := z[k]/sum - caution/float32(len(against))
		if p == t.row {
			g -= 1 - caution
		}
		if g > -slight && g < slight {
			continue
		}
		blas.Saxpy(l.dim, -rate*g, t.text, 1, l.row(int(p)), 1)
		l.bias[p] -= rate / 10 * g
	}
}

// rivals are, text by text, the rows that it is held against: of the most pairs whose
// centres are nearest, its own, and the background's. It works on two cores, since
// most of learning's time goes here.
func (v *vectors) rivals(ctx context.Context, l *learned, texts []lesson, most int) []int32 {
	out := make([]int32, len(texts)*most)
	const workers = 2
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			near := make([]float32, len(l.bias))
			order := make([]int32, len(l.bias))
			for i := w; i < len(texts) && ctx.Err() == nil; i += workers {
				for p := range len(near) - 1 {
					near[p], order[p] = dot(texts[i].text, v.pair(p)), int32(p)
				}
				away := len(near) - 1
				near[away], order[away] = 2, int32(away) // both before all others
				near[texts[i].row] = 2
				greatest(order, near, most)
				copy(out[i*most:(i+1)*most], order)
			}
		})
	}
	wg.Wait()
	return out
}

// greatest puts the most indexes of the greatest values first, in an order that is
// always the same.
func greatest(order []int32, of []float32, most int) {
	before := func(a, b int32) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) }
	for low, high := 0, len(order)-1; low < high; {
		pivot := order[(low+high)/2]
		i, j := low, high
		for i <= j {
			for before(order[i], pivot) < 0 {
				i++
			}
			for before(order[j], pivot) > 0 {
				j--
			}
			if i <= j {
				order[i], order[j] = order[j], order[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case most-1 <= j:
			high = j
		case most-1 >= i:
			low = i
		default:
			low = high
		}
	}
}
