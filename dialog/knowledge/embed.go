package knowledge

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/blas/gonum"

	"hotline/dialog/internal/lang"
)

// An Embedder turns texts into vectors whose cosine tells how near they are in
// meaning. It returns one vector for each text, all of one length, and obeys ctx.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// Embedders gives the Embedder for texts of a language; nil where there is none. A nil
// Embedders has none.
type Embedders func(language string) Embedder

// In is the Embedder of a language, or nil.
func (e Embedders) In(language string) Embedder {
	if e == nil {
		return nil
	}
	return e(language)
}

// A BulkEmbedder is given all texts of an index in one go, and divides them as is best
// for it. Any other gets few at a time, so that callers' questions get between them.
type BulkEmbedder interface {
	Embedder
	EmbedMany(ctx context.Context, texts []string) ([][]float32, error)
}

// guard leaves an Embedder alone for a while after it failed several times running.
type guard struct {
	failures atomic.Int32
	until    atomic.Int64 // unix nanoseconds
}

const (
	guardFailures = 3
	guardPause    = 5 * time.Second
)

func (g *guard) open(now time.Time) bool { return now.UnixNano() >= g.until.Load() }

func (g *guard) report(now time.Time, err error) {
	if err == nil {
		g.failures.Store(0)
		return
	}
	if g.failures.Add(1) >= guardFailures {
		g.failures.Store(0)
		g.until.Store(now.Add(guardPause).UnixNano())
	}
}

// unit scales v to length 1, in place; a zero vector stays.
func unit(v []float32) {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	if s == 0 || math.IsNaN(s) || math.IsInf(s, 0) {
		clear(v)
		return
	}
	f := float32(1 / math.Sqrt(s))
	for i := range v {
		v[i] *= f
	}
}

var blas gonum.Implementation // its loops are of the processor's own instructions

func dot(a, b []float32) float32 { return blas.Sdot(len(a), a, 1, b, 1) }

// vectors are an index's texts as the embedder sees them. All but raw have the mean
// of all wordings taken off, which spreads them, and length 1.
type vectors struct {
	dim      int
	mean     []float32
	raw      map[string][]float32 // as the embedder gave them, by text, for the next index
	variants []float32            // len(variants)*dim
	pairs    []float32            // centre of each pair's wordings
	answers  []float32            // subject and answer of each pair
	away     []float32            // background
	spread   spread               // of the cosine of a wording and another pair's centre
	learned  *learned
}

type spread struct{ mean, dev float32 }

func (v *vectors) variant(i int) []float32 { return v.variants[i*v.dim : (i+1)*v.dim] }
func (v *vectors) pair(i int) []float32    { return v.pairs[i*v.dim : (i+1)*v.dim] }
func (v *vectors) answer(i int) []float32  { return v.answers[i*v.dim : (i+1)*v.dim] }

// centred writes v without the mean, at length 1, into dst.
func (v *vectors) centred(dst, raw []float32) {
	for i := range dst {
		dst[i] = raw[i] - v.mean[i]
	}
	unit(dst)
}

// embed makes the vectors, taking those of equal texts from reuse.
func (x *Index) embed(ctx context.Context, e Embedder, reuse *Index) error {
	if len(x.variants) == 0 {
		return nil
	}
	m := &vectors{raw: make(map[string][]float32, len(x.variants)+len(x.pairs))}
	var missing []string
	need := func(text string) {
		if _, ok := m.raw[text]; ok {
			return
		}
		if reuse != nil && reuse.meaning != nil {
			if v, ok := reuse.meaning.raw[text]; ok {
				m.raw[text] = v
				return
			}
		}
		m.raw[text] = nil
		missing = append(missing, text)
	}
	for i := range x.variants {
		need(x.variants[i].text)
	}
	for i := range x.pairs {
		need(x.pairs[i].about())
	}
	away := background(lang.Chinese(x.o.Language))
	for _, text := range away {
		need(text)
	}
	out, err := embedAll(ctx, e, missing)
	if err != nil {
		return fmt.Errorf("embedding the knowledge: %w", err)
	}
	for i, text := range missing {
		m.raw[text] = slices.Clone(out[i])
		unit(m.raw[text])
	}
	m.dim = len(m.raw[x.variants[0].text])
	for _, v := range m.raw {
		if len(v) != m.dim || m.dim == 0 {
			return fmt.Errorf("embedding the knowledge: vectors of %d and %d numbers", m.dim, len(v))
		}
	}
	m.fill(x)
	if reuse != nil && reuse.meaning != nil && reuse.meaning.dim == m.dim {
		m.learned = m.relearn(ctx, x, reuse)
	} else {
		m.learned = m.learn(ctx, x)
	}
	if m.learned == nil {
		return fmt.Errorf("learning the knowledge: %w", context.Cause(ctx))
	}
	x.meaning = m
	return nil
}

func (v *vectors) fill(x *Index) {
	v.mean = make([]float32, v.dim)
	for i := range x.variants {
		for k, f := range v.raw[x.variants[i].text] {
			v.mean[k] += f / float32(len(x.variants))
		}
	}
	v.variants = make([]float32, len(x.variants)*v.dim)
	v.pairs = make([]float32, len(x.pairs)*v.dim)
	v.answers = make([]float32, len(x.pairs)*v.dim)
	for i := range x.variants {
		v.centred(v.variant(i), v.raw[x.variants[i].text])
		centre := v.pair(int(x.variants[i].pair))
		for k, f := range v.variant(i) {
			centre[k] += f
		}
	}
	for i := range x.pairs {
		unit(v.pair(i))
		v.centred(v.answer(i), v.raw[x.pairs[i].about()])
	}
	away := background(lang.Chinese(x.o.Language))
	v.away = make([]float32, len(away)*v.dim)
	for i, text := range away {
		v.centred(v.away[i*v.dim:(i+1)*v.dim], v.raw[text])
	}
	v.spread = v.measure(x)
}

// nearestAway is the cosine of q and the background that is nearest to it.
func (v *vectors) nearestAway(q []float32) float32 {
	best := float32(-1)
	for i := 0; i < len(v.away); i += v.dim {
		best = max(best, dot(q, v.away[i:i+v.dim]))
	}
	return best
}

// measure samples the cosine of wordings and centres of other pairs: the scale of
// this embedder, on which "near" is measured.
func (v *vectors) measure(x *Index) spread {
	var sum, sum2, n float64
	const samples = 4000
	step := max(1, len(x.variants)*len(x.pairs)/samples)
	for k := 0; k < len(x.variants)*len(x.pairs); k += step {
		i, j := k/len(x.pairs), k%len(x.pairs)
		if x.variants[i].pair == int32(j) {
			continue
		}
		c := float64(dot(v.variant(i), v.pair(j)))
		sum, sum2, n = sum+c, sum2+c*c, n+1
	}
	if n < 2 {
		return spread{0, 0.1}
	}
	mean := sum / n
	return spread{float32(mean), float32(math.Sqrt(max(sum2/n-mean*mean, 1e-4)))}
}
