package grow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"hotline/dialog/knowledge"
)

// remembering embeds the history's wordings many at a time, and hands the vectors to
// the index when that asks for them one by one.
type remembering struct {
	next  knowledge.Embedder
	known map[string][]float32 // not changed while others read

	mu  sync.Mutex
	err error
}

func (m *remembering) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 1 {
		if v, ok := m.known[texts[0]]; ok {
			return [][]float32{v}, nil
		}
	}
	vs, err := m.next.Embed(ctx, texts)
	if err == nil && len(vs) != len(texts) {
		err = errors.New("as many vectors as texts are needed")
	}
	if err != nil {
		m.mu.Lock()
		m.err = err
		m.mu.Unlock()
	}
	return vs, err
}

func (m *remembering) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return fmt.Errorf("comparing meanings: %w", m.err)
	}
	return nil
}

// learn embeds all wordings, some batches at once.
func (m *remembering) learn(ctx context.Context, all []*said, workers int) error {
	const batch = 32
	// Texts of one length together: shorter ones need not be padded.
	byLength := slices.Clone(all)
	slices.SortStableFunc(byLength, func(a, b *said) int { return len(a.text) - len(b.text) })
	parts := slices.Collect(slices.Chunk(byLength, batch))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(workers, len(parts)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				texts := make([]string, len(parts[i]))
				for k, s := range parts[i] {
					texts[k] = s.text
				}
				vs, err := m.Embed(ctx, texts)
				if errs[i] = err; err != nil {
					return
				}
				for k, s := range parts[i] {
					s.vector = slices.Clone(vs[k])
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("comparing meanings: %w", err)
	}
	m.known = make(map[string][]float32, len(all))
	for _, s := range all {
		m.known[s.text] = slices.Clone(s.vector)
	}
	return centre(all)
}

// centre takes the mean off, without which all sentences are alike.
func centre(all []*said) error {
	if len(all) == 0 {
		return nil
	}
	mean := make([]float32, len(all[0].vector))
	for _, s := range all {
		if len(s.vector) != len(mean) {
			return fmt.Errorf("comparing meanings: vectors of %d and %d numbers", len(mean), len(s.vector))
		}
		for k, f := range s.vector {
			mean[k] += f / float32(len(all))
		}
	}
	for _, s := range all {
		var sum float64
		for k := range s.vector {
			s.vector[k] -= mean[k]
			sum += float64(s.vector[k]) * float64(s.vector[k])
		}
		if sum == 0 {
			continue
		}
		f := float32(1 / math.Sqrt(sum))
		for k := range s.vector {
			s.vector[k] *= f
		}
	}
	return nil
}

// near is how alike two wordings are: by words and, where there are vectors, by
// meaning. 1 is the same, 0 nothing in common.
func near(a, b *said) float64 {
	words := jaccard(a.grams, b.grams)
	if len(a.vector) == 0 || len(a.vector) != len(b.vector) {
		return words
	}
	return 0.5*words + 0.5*max(cosine(a.vector, b.vector), 0)
}

// like is the same by meaning alone, by words where there are no vectors.
func like(a, b *said) float64 {
	if len(a.vector) == 0 || len(a.vector) != len(b.vector) {
		return jaccard(a.grams, b.grams)
	}
	return cosine(a.vector, b.vector)
}

// cosine of two vectors of length 1 and of as many numbers.
func cosine(v, w []float32) float64 {
	var s0, s1, s2, s3 float32
	w = w[:len(v)]
	i := 0
	for ; i+4 <= len(v); i += 4 {
		s0 += v[i] * w[i]
		s1 += v[i+1] * w[i+1]
		s2 += v[i+2] * w[i+2]
		s3 += v[i+3] * w[i+3]
	}
	for ; i < len(v); i++ {
		s0 += v[i] * w[i]
	}
	return float64(s0 + s1 + s2 + s3)
}

// score compares each wording with the pairs.
func score(ctx context.Context, index *knowledge.Index, all []*said, workers int) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) || ctx.Err() != nil {
					return
				}
				s := all[i]
				found := index.Find(ctx, knowledge.Query{Text: s.text})
				s.none = found.None
				for _, m := range found.Matches {
					s.found = append(s.found, likely{m.Pair.ID, m.Score, m.Lexical, m.Sound, m.Meaning, m.Exact})
				}
				if top := found.Top(); top != nil {
					s.lexical = top.Lexical
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("comparing wordings with the pairs: %w", err)
	}
	return nil
}
