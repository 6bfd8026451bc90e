package knowledge

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// compares are a text's vector, centred, and its cosine with each wording.
type compares struct{ vector, cos []float32 }

// FindAll is Find for many texts that no caller waits for. The embedder is asked for all
// at once, without a limit of time, and an embedder that fails is an error. It works with
// as many goroutines as workers and waits for them.
func (x *Index) FindAll(ctx context.Context, texts []string, workers int) ([]Result, error) {
	asked := make([]string, len(texts))
	for i, text := range texts {
		asked[i] = x.ungreeted(text)
	}
	texts = asked
	out, err := x.findEach(ctx, texts, workers)
	if err != nil {
		return nil, err
	}
	for _, reading := range x.readings() {
		var read []string
		var of []int
		for i, r := range out {
			if r.sure() {
				continue
			}
			if text, ok := reading.of(texts[i]); ok {
				read, of = append(read, text), append(of, i)
			}
		}
		others, err := x.findEach(ctx, read, workers)
		if err != nil {
			return nil, err
		}
		for k, i := range of {
			if reading.taken(others[k]) {
				out[i] = better(out[i], others[k], discount)
			}
		}
	}
	return out, nil
}

// findEach searches for each text as it stands.
func (x *Index) findEach(ctx context.Context, texts []string, workers int) ([]Result, error) {
	var vectors map[string][]float32
	if x.meaning != nil && len(texts) > 0 {
		different := slices.Compact(slices.Sorted(slices.Values(texts)))
		breaths := make([]string, len(different))
		for i, text := range different {
			breaths[i] = x.inOneBreath(text)
		}
		vs, err := embedAll(ctx, x.o.Embedder, breaths)
		if err != nil {
			return nil, err
		}
		vectors = make(map[string][]float32, len(vs))
		for i, v := range vs {
			if len(v) != x.meaning.dim {
				return nil, errShape
			}
			raw := slices.Clone(v)
			unit(raw)
			vectors[different[i]] = make([]float32, len(raw))
			x.meaning.centred(vectors[different[i]], raw)
		}
	}
	out := make([]Result, len(texts))
	// Some texts together: a wording's vector comes from memory once for all of them.
	const together = 8
	var wg sync.WaitGroup
	var next atomic.Int64
	for range max(workers, 1) {
		wg.Go(func() {
			var block [together]compares
			for ctx.Err() == nil {
				from := int(next.Add(together)) - together
				if from >= len(texts) {
					return
				}
				part := texts[from:min(from+together, len(texts))]
				if vectors != nil {
					x.compareAll(part, vectors, block[:len(part)])
				}
				for i, text := range part {
					q := Query{Text: text}
					if vectors != nil {
						q.bulk = &block[i]
					}
					out[from+i] = x.find(ctx, text, q)
				}
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// compareAll fills block with the cosines of texts and all wordings.
func (x *Index) compareAll(texts []string, vectors map[string][]float32, block []compares) {
	for i, text := range texts {
		block[i].vector = vectors[text]
		if block[i].cos == nil {
			block[i].cos = make([]float32, len(x.variants))
		}
	}
	for v := range x.variants {
		row := x.meaning.variant(v)
		for i := range block {
			block[i].cos[v] = dot(block[i].vector, row)
		}
	}
}

// embedAll embeds any number of texts.
func embedAll(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	embed, atOnce := e.Embed, 32
	if bulk, ok := e.(BulkEmbedder); ok {
		embed, atOnce = bulk.EmbedMany, max(len(texts), 1)
	}
	out := make([][]float32, 0, len(texts))
	for part := range slices.Chunk(texts, atOnce) {
		vs, err := embed(ctx, part)
		if err != nil {
			return nil, err
		}
		if len(vs) != len(part) {
			return nil, fmt.Errorf("%d vectors for %d texts", len(vs), len(part))
		}
		out = append(out, vs...)
	}
	return out, nil
}
