package intent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
)

// maxDim bounds the length of an embedding.
const maxDim = 4096

// effort is how thoroughly a model is fitted.
type effort struct {
	sparse, dense, plain settings
	kernel               bool
}

var (
	whole = effort{sparse: settings{epochs: 24, rate: 1, doubt: 0.05}, dense: settings{epochs: 8, rate: 0.002}, plain: settings{epochs: 10, rate: 3}}
	// quick is for the models of cross-validation, which are thrown away.
	quick = effort{sparse: settings{epochs: 10, rate: 1, doubt: 0.05}, dense: settings{epochs: 4, rate: 0.002}, plain: settings{epochs: 5, rate: 3}}
)

// fit trains the classifiers.
func fit(ctx context.Context, texts []string, vectors [][]float32, class []int, k kinship, e effort) (*parts, error) {
	classes := len(k.group)
	p := &parts{kinship: k, vocabulary: newVocabulary(texts)}
	xs := make([][]entry, len(texts))
	for i, t := range texts {
		xs[i], _ = p.vocabulary.vector(t)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		p.sparse = fitSparse(ctx, xs, class, classes, len(p.vocabulary.features), e.sparse)
		if !k.wide() {
			return
		}
		topic := make([]int, len(class))
		for i, c := range class {
			topic[i] = int(k.topic[c])
		}
		p.wider = fitSparse(ctx, xs, topic, k.topics, len(p.vocabulary.features), e.sparse)
	})
	err := p.fitMeaning(ctx, xs, vectors, class, classes, e)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("training intents: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("training intents: %w", err)
	}
	return p, nil
}

func (p *parts) fitMeaning(ctx context.Context, xs [][]entry, vectors [][]float32, class []int, classes int, e effort) (err error) {
	if vectors == nil {
		return nil
	}
	if p.space, err = newSpace(vectors, class, classes); err != nil {
		return err
	}
	ds := make([][]float32, len(vectors))
	for i, v := range vectors {
		ds[i] = p.space.place(v)
	}
	p.dense = fitDense(ctx, ds, class, classes, e.dense)
	for i, v := range vectors {
		ds[i] = p.space.centre(v)
	}
	p.plain = fitDense(ctx, ds, class, classes, e.plain)
	p.arrange(vectors, class)
	if e.kernel {
		p.fitKernel(ctx, xs, ds, class)
	}
	return nil
}

// arrange puts the vectors class by class.
func (p *parts) arrange(vectors [][]float32, class []int) {
	order := p.order(class)
	p.starts = make([]int32, p.groups+1)
	p.refs = make([]float32, 0, len(vectors)*p.space.dim)
	for _, i := range order {
		p.refs = append(p.refs, vectors[i]...)
		p.starts[p.group[class[i]]+1]++
	}
	for c := range p.groups {
		p.starts[c+1] += p.starts[c]
	}
}

// fitKernel fits in the order of refs.
func (p *parts) fitKernel(ctx context.Context, xs [][]entry, centred [][]float32, class []int) {
	order := p.order(class)
	ws, ds, cs := make([][]entry, len(order)), make([][]float32, len(order)), make([]int, len(order))
	for k, i := range order {
		ws[k], ds[k], cs[k] = xs[i], centred[i], class[i]
	}
	words := newWordings(ws, len(p.vocabulary.features))
	if p.kernel = fitKernel(ctx, ds, words, cs, p.kinship); p.kernel != nil {
		p.kernel.measure(p.space, p.refs)
	}
}

// order is that of refs.
func (p *parts) order(class []int) []int {
	order := make([]int, len(class))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.group[class[a]], p.group[class[b]]) })
	return order
}

const folds = 3

// judges fits the two judges on ballots over examples that their voters have not seen.
func (m *Model) judges(ctx context.Context, texts []string, vectors [][]float32, class []int, k kinship, worth float64) error {
	want := make([]int, len(class))
	for i, c := range class {
		want[i] = int(k.group[c])
	}
	fold := make([]int, len(class)) // each intent's examples spread over all folds
	seen := make([]int, len(k.group))
	for i, c := range class {
		fold[i] = seen[c] % folds
		seen[c]++
	}
	words, all := make([]ballot, len(class)), make([]ballot, len(class))
	kernel := len(class) <= maxKernel
	for f := range folds {
		var ts []string
		var vs [][]float32
		var cs, tests []int
		for i := range class {
			if fold[i] == f {
				tests = append(tests, i)
				continue
			}
			ts, cs = append(ts, texts[i]), append(cs, class[i])
			if vectors != nil {
				vs = append(vs, vectors[i])
			}
		}
		if len(ts) == 0 {
			continue
		}
		e := quick
		e.kernel = kernel
		p, err := fit(ctx, ts, vs, cs, k, e)
		if err != nil {
			return err
		}
		for _, i := range tests {
			words[i] = p.vote(texts[i], nil, m.oos)
			if vectors != nil {
				all[i] = p.vote(texts[i], vectors[i], m.oos)
			}
		}
	}
	m.words = newJudge(words, want, m.oos, worth)
	if vectors != nil {
		m.all = newJudge(all, want, m.oos, worth)
	}
	return nil
}
