package grow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas/gonum"

	"hotline/dialog/knowledge"
)

// bulk embeds many texts at a time, and keeps the vectors where kept is not nil.
type bulk struct {
	next    knowledge.Embedder
	workers int
	kept    map[string][]float32
}

func (m *bulk) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return m.EmbedMany(ctx, texts)
}

// EmbedMany embeds some batches at once.
func (m *bulk) EmbedMany(ctx context.Context, texts []string) ([][]float32, error) {
	batch := 32 // a server's callers get between
	if m.workers > 1 {
		batch = 256
	}
	// Texts of one length together: shorter ones need not be padded.
	byLength := make([]int, len(texts))
	for i := range byLength {
		byLength[i] = i
	}
	slices.SortStableFunc(byLength, func(a, b int) int { return len(texts[a]) - len(texts[b]) })
	parts := slices.Collect(slices.Chunk(byLength, batch))
	errs := make([]error, len(parts))
	out := make([][]float32, len(texts))
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(m.workers, len(parts)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				part := make([]string, len(parts[i]))
				for k, at := range parts[i] {
					part[k] = texts[at]
				}
				vs, err := m.next.Embed(ctx, part)
				if err == nil && len(vs) != len(part) {
					err = errors.New("as many vectors as texts are needed")
				}
				if errs[i] = err; err != nil {
					return
				}
				for k, at := range parts[i] {
					out[at] = vs[k]
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if m.kept != nil {
		for i, text := range texts {
			m.kept[text] = out[i]
		}
	}
	return out, nil
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

var blas gonum.Implementation // its loops are of the processor's own instructions

// cosine of two vectors of length 1 and of as many numbers.
func cosine(v, w []float32) float64 { return float64(blas.Sdot(len(v), v, 1, w, 1)) }

// score compares each wording with the pairs.
func score(ctx context.Context, index *knowledge.Index, all []*said, workers int) error {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.text
	}
	results, err := index.FindAll(ctx, texts, workers)
	if err != nil {
		return fmt.Errorf("comparing wordings with the pairs: %w", err)
	}
	for i, s := range all {
		s.none = results[i].None
		for _, m := range results[i].Matches {
			s.found = append(s.found, likely{m.Pair.ID, m.Score, m.Lexical, m.Sound, m.Meaning, m.Exact})
		}
		if top := results[i].Top(); top != nil {
			s.lexical = top.Lexical
		}
	}
	return nil
}
