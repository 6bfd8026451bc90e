// Package intent recognises what a text is about, trained on examples: any file of
// texts and the name of what each wants.
//
// # Concepts
//
// Four classifiers vote. Three are logistic regressions: over n-grams, which are words,
// characters, those that follow each other, any two of a text and, in Chinese, sounds;
// over sentence embeddings; and over the same in a space that is scaled so that texts
// of one intent spread equally in all directions, which counts less where few examples
// tell that spread. The fourth, where there are up to 6,000 examples, is a ridge
// regression over how near a text is to each of them in meaning and in words. They err
// differently, which is worth more than any one's accuracy. Labels are taken to be
// wrong now and then.
//
// Where examples have a finer name beside the intent, that is what is learned; what
// the finer names have is added up. What is wider than what is learned, the intent
// then or else its topic, is learned too and votes on all that belong to it.
//
// Cross-validation inside the training examples then fits two small judges on what
// the votes look like when they are right, when they are wrong, and when the text is
// none of the intents (examples named [OutOfScope]): how sure the answer is, and
// whether it is out of scope. Without an embedder the n-grams decide alone.
//
// Training is deterministic: the same examples in the same order make the same model.
//
// # Concurrency
//
// A Model is safe for concurrent use; it starts no goroutine. Train fits words and
// meaning at the same time and waits for both.
package intent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// OutOfScope is the name of examples that are none of the intents.
const OutOfScope = "oos"

// Limits of what is trained, so that no file takes all memory.
const (
	maxExamples = 200_000
	maxIntents  = 5_000
	maxText     = 2_000 // bytes of a text that are looked at
)

// Example is a text and what it wants. Where there are finer or coarser names of it,
// both help to learn: intents in detail are learned more easily, and then taken
// together; of two intents that are as likely, that of the likelier topic is right.
type Example struct{ Text, Intent, Detail, Topic string }

// Embedder turns texts into vectors whose inner product tells how close their
// meanings are, one for each text.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// Options of training; the zero value works.
type Options struct {
	// Embedder adds meaning; nil is words alone.
	Embedder Embedder
	// Worth is how much a text out of scope that is found counts against a right
	// answer, both as shares; default 0.02. More of it finds more, and loses answers.
	Worth float64
}

// Result is what a text seems to want.
type Result struct {
	Intent     string  // the likeliest, also where the text is out of scope
	Confidence float64 // probability that Intent is right
	OutOfScope bool
	Second     string
}

// Model is a trained recogniser.
type Model struct {
	intents []string // sorted; OutOfScope is not among them but may be the last class
	oos     int      // its class, -1 for none
	parts
	words, all judge // without and with meaning
	embedder   Embedder
}

// parts are the classifiers.
type parts struct {
	kinship
	vocabulary *vocabulary
	sparse     *linear
	wider      *linear // over the same n-grams, to topics; nil where none is wider than a class
	// Without embedder the rest is nil.
	space  *space
	dense  *linear   // over the scaled space
	plain  *linear   // over the vectors as they are, without the mean
	refs   []float32 // the examples' vectors, class by class
	starts []int32   // of each class in refs, and the end
	kernel *kernel   // over refs; nil where there are too many
}

// kinship is how classes in detail belong together.
type kinship struct {
	group  []int32 // the intent of each
	groups int
	topic  []int32 // what is wider than a class: its intent or, where that is none, its topic
	topics int
}

// wide says whether anything is wider than a class.
func (k *kinship) wide() bool { return k.topics < len(k.group) }

// columns is how many scores there are where the topics have some of their own.
func (k *kinship) columns() int {
	if k.wide() {
		return len(k.group) + k.topics
	}
	return len(k.group)
}

// Voters.
const (
	voterSparse = iota
	voterDense
	voterPlain
	voterKernel
	// To what is wider than a class:
	voterTopics // the kernel's
	voterWider
	voters
)

// voice is what a voter's scores are multiplied by; those of a kernel are shares.
var voice = [voters]float32{1, 1, 1, 20, 20, 1}

// judge tells from the votes how far they are to be believed.
type judge struct {
	sure, outside logistic
	// threshold is the probability of being outside from which a text is.
	threshold float64
}

// Intents are the names that the model knows, sorted.
func (m *Model) Intents() []string { return slices.Clone(m.intents) }

func clip(text string) string { return text[:min(len(text), maxText)] }

// Train learns from examples. Their order is part of what decides the result.
func Train(ctx context.Context, examples []Example, o Options) (*Model, error) {
	if o.Worth <= 0 {
		o.Worth = 0.02
	}
	if len(examples) > maxExamples {
		return nil, fmt.Errorf("training intents: %d examples, at most %d are taken", len(examples), maxExamples)
	}
	m := &Model{oos: -1, embedder: o.Embedder}
	texts := make([]string, len(examples))
	outside := false
	for i, e := range examples {
		texts[i] = clip(e.Text)
		if e.Intent == OutOfScope {
			outside = true
			continue
		}
		m.intents = append(m.intents, e.Intent)
	}
	slices.Sort(m.intents)
	m.intents = slices.Compact(m.intents)
	if len(m.intents) < 2 {
		return nil, errors.New("training intents: examples of at least two intents are needed")
	}
	if len(m.intents) > maxIntents {
		return nil, fmt.Errorf("training intents: %d intents, at most %d are taken", len(m.intents), maxIntents)
	}
	if outside {
		m.oos = len(m.intents)
	}
	detailed := func(e Example) string { return e.Intent + "\x00" + e.Detail }
	var names []string
	for _, e := range examples {
		names = append(names, detailed(e))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxIntents {
		return nil, fmt.Errorf("training intents: %d intents in detail, at most %d are taken", len(names), maxIntents)
	}
	class := make([]int, len(examples))
	k := kinship{group: make([]int32, len(names)), groups: len(m.intents)}
	for i, e := range examples {
		class[i], _ = slices.BinarySearch(names, detailed(e))
		g := m.oos
		if e.Intent != OutOfScope {
			g, _ = slices.BinarySearch(m.intents, e.Intent)
		}
		k.group[class[i]] = int32(g)
	}
	if outside {
		k.groups++
	}
	k.widen(examples, class)
	var vectors [][]float32
	if o.Embedder != nil {
		var err error
		if vectors, err = embedAll(ctx, o.Embedder, texts); err != nil {
			return nil, fmt.Errorf("training intents: %w", err)
		}
	}
	if err := m.judges(ctx, texts, vectors, class, k, o.Worth); err != nil {
		return nil, err
	}
	e := whole
	e.kernel = len(texts) <= maxKernel
	p, err := fit(ctx, texts, vectors, class, k, e)
	if err != nil {
		return nil, err
	}
	m.parts = *p
	return m, nil
}

// widen finds what is wider than a class. A class of several topics is of the first
// that is met, one without any is by itself.
func (k *kinship) widen(examples []Example, class []int) {
	k.topic, k.topics = k.group, k.groups
	if k.groups < len(k.group) {
		return
	}
	topic, known := make([]int32, len(k.group)), map[string]int32{}
	for i := range topic {
		topic[i] = -1
	}
	for i, e := range examples {
		if topic[class[i]] >= 0 {
			continue
		}
		name := e.Topic
		if name == "" {
			name = "\x00" + e.Intent
		}
		if _, ok := known[name]; !ok {
			known[name] = int32(len(known))
		}
		topic[class[i]] = known[name]
	}
	if len(known) > 1 {
		k.topic, k.topics = topic, len(known)
	}
}

func embedAll(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	out := make([][]float32, 0, len(texts))
	const batch = 512
	for part := range slices.Chunk(texts, batch) {
		vs, err := e.Embed(ctx, part)
		if err != nil {
			return nil, err
		}
		if len(vs) != len(part) {
			return nil, fmt.Errorf("%d vectors for %d texts", len(vs), len(part))
		}
		out = append(out, vs...)
	}
	for _, v := range out {
		if len(v) == 0 || len(v) != len(out[0]) || len(v) > maxDim {
			return nil, fmt.Errorf("vectors of %d and %d numbers", len(out[0]), len(v))
		}
	}
	return out, nil
}

// Classify tells what text wants. When the embedder fails, words decide alone.
func (m *Model) Classify(ctx context.Context, text string) Result {
	text = clip(text)
	var v []float32
	if m.embedder != nil && m.space != nil {
		if vs, err := m.embedder.Embed(ctx, []string{text}); err == nil && len(vs) == 1 && len(vs[0]) == m.space.dim {
			v = vs[0]
		}
	}
	x := m.vote(text, v, m.oos)
	j := &m.words
	if v != nil {
		j = &m.all
	}
	r := Result{Intent: m.intents[x.top], Confidence: j.sure.probability(x.evidence)}
	r.OutOfScope = j.outside.probability(x.evidence) >= j.threshold
	if x.second >= 0 {
		r.Second = m.intents[x.second]
	}
	return r
}

// ballot is the outcome of a vote and what it looked like.
type ballot struct {
	top, second int
	evidence    []float64
}

// scores are what the voters say of a text; those that have no say are nil.
type scores struct {
	z       [voters][]float32
	known   int // n-grams
	novel   float32
	place   []float32
	centred []float32
}

// ask asks the voters; v is nil where meaning is not known.
func (p *parts) ask(text string, v []float32) scores {
	var s scores
	var x []entry
	x, s.novel = p.vocabulary.vector(text)
	s.known = len(x)
	classes := len(p.group)
	flat := make([]float32, 3*classes+p.columns()+p.topics)
	next := func(n int) (z []float32) { z, flat = flat[:n:n], flat[n:]; return z }
	s.z[voterSparse] = next(classes)
	p.sparse.sparse(s.z[voterSparse], x)
	if p.wider != nil {
		s.z[voterWider] = next(p.topics)
		p.wider.sparse(s.z[voterWider], x)
	}
	if v == nil {
		return s
	}
	s.place, s.centred = p.space.place(v), p.space.centre(v)
	s.z[voterDense], s.z[voterPlain] = next(classes), next(classes)
	p.dense.dense(s.z[voterDense], s.place)
	p.plain.dense(s.z[voterPlain], s.centred)
	if p.kernel != nil {
		z := next(p.kernel.columns)
		p.kernel.score(z, p.space, p.refs, s.centred, x)
		s.z[voterKernel] = z[:classes:classes]
		if len(z) > classes {
			s.z[voterTopics] = z[classes:]
		}
	}
	return s
}

// vote asks the classifiers; v is nil where meaning is not known.
func (p *parts) vote(text string, v []float32, oos int) ballot {
	s := p.ask(text, v)
	raw := slices.Max(s.z[voterSparse])
	rawDense := float32(0)
	if v != nil {
		rawDense = slices.Max(s.z[voterDense])
	}
	all := make([]float32, len(p.group))
	for i, z := range s.z {
		if z == nil {
			continue
		}
		blas.Sscal(len(z), voice[i], z, 1)
		logSoftmax(z)
		if i >= voterTopics {
			for c, t := range p.topic {
				all[c] += z[t]
			}
			continue
		}
		blas.Saxpy(len(z), p.weight(i), z, 1, all, 1)
	}
	logSoftmax(all)
	words := p.together(s.z[voterSparse])
	z := p.together(all)
	var d []float32
	if v != nil {
		d = p.together(s.z[voterDense])
	}
	b := ballot{top: -1, second: -1}
	third := -1
	for i := range z {
		switch {
		case i == oos:
		case b.top < 0 || z[i] > z[b.top]:
			b.top, b.second, third = i, b.top, b.second
		case b.second < 0 || z[i] > z[b.second]:
			b.second, third = i, b.second
		case third < 0 || z[i] > z[third]:
			third = i
		}
	}
	entropy := 0.0
	for _, l := range z {
		entropy -= math.Exp(float64(l)) * float64(l)
	}
	at := func(z []float32, i int) float64 {
		if i < 0 {
			return -12
		}
		return math.Max(float64(z[i]), -12)
	}
	b.evidence = []float64{
		at(z, b.top), at(z, b.second), at(z, oos), entropy, float64(s.novel), float64(raw),
		math.Log(float64(s.known + 1)), at(words, b.top), at(words, oos),
	}
	if v == nil {
		return b
	}
	best, mean := p.near(v, b.top)
	other, _ := p.near(v, b.second)
	far, _ := p.near(v, oos)
	if third >= 0 {
		t, _ := p.near(v, third)
		other = max(other, t)
	}
	var length float64
	for _, f := range s.place {
		length += float64(f) * float64(f)
	}
	b.evidence = append(b.evidence, at(d, b.top), at(d, oos), float64(rawDense), math.Sqrt(length/float64(len(s.place))),
		best, other, far, mean)
	return b
}

// weight is how much a voter counts. Of few examples the scaled space is not learned
// well: the vectors as they are then count for it.
func (p *parts) weight(voter int) float32 {
	switch voter {
	case voterDense:
		return p.space.trust
	case voterPlain:
		return 2 - p.space.trust
	}
	return 1
}

// together adds up what the classes in detail of each intent have, as logarithms.
func (p *parts) together(z []float32) []float32 {
	out := make([]float32, p.groups)
	for i, l := range z {
		out[p.group[i]] += exp(l)
	}
	for i, v := range out {
		out[i] = float32(math.Log(float64(v) + 1e-13))
	}
	return out
}

// near is the cosine of v and the nearest example of a class, and the mean of the
// three nearest.
func (p *parts) near(v []float32, class int) (best, mean float64) {
	if class < 0 {
		return 0, 0
	}
	top := [3]float32{-1, -1, -1}
	n := len(v)
	for i := int(p.starts[class]); i < int(p.starts[class+1]); i++ {
		c := blas.Sdot(n, v, 1, p.refs[i*n:(i+1)*n], 1)
		for k := range top {
			if c > top[k] {
				c, top[k] = top[k], c
			}
		}
	}
	return float64(top[0]), float64(top[0]+top[1]+top[2]) / 3
}

func logSoftmax(z []float32) {
	top := slices.Max(z)
	var sum float32
	for _, v := range z {
		sum += exp(v - top)
	}
	l := top + float32(math.Log(float64(sum)))
	for i := range z {
		z[i] -= l
	}
}
