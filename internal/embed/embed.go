// Package embed turns sentences into vectors whose inner product tells how close
// their meanings are.
//
// # Concepts
//
// A [Model] is a sentence-embedding model on this machine: a tokenizer (unigram
// for e5-small-zhen, WordPiece for MiniLM) and a graph on onnxruntime. A [Client]
// asks a speech worker's /v1/embeddings, or any server that speaks OpenAI's API,
// so that the process that serves calls needs no graph of its own.
//
// # Concurrency
//
// Both are safe for concurrent use and start no goroutine.
package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"hotline/asr/onnx"
)

// ErrNoModel says that a folder holds no embedding model of a known layout.
var ErrNoModel = errors.New("no embedding model of a known layout")

const (
	// maxTokens bounds a sentence; the graphs know 512 positions, and a question
	// on the telephone has fewer than 100.
	maxTokens = 256
	// maxBatch bounds the texts of one run, and so its memory.
	maxBatch = 16
)

// Options of a Model; the zero value works.
type Options struct {
	Threads int // of one run; default 1
}

// tokenizer turns a text into token numbers, markers at both ends included.
type tokenizer interface {
	encode(text string, limit int) []int64
}

// Model is a loaded model.
type Model struct {
	name    string
	tok     tokenizer
	prefix  string // what the model was trained to see before a text
	session *onnx.Session
	dim     int
}

// Open loads the model in dir. onnx.Start must have been called.
func Open(dir string, o Options) (*Model, error) {
	m := &Model{name: filepath.Base(filepath.Clean(dir))}
	var err error
	switch {
	case exists(dir, "tokenizer.tsv"):
		m.tok, err = loadUnigram(filepath.Join(dir, "tokenizer.tsv"))
		m.prefix = "query: " // e5 was trained with it; both sides are questions here
	case exists(dir, "vocab.txt"):
		m.tok, err = loadWordPiece(filepath.Join(dir, "vocab.txt"))
	default:
		err = ErrNoModel
	}
	if err != nil {
		return nil, fmt.Errorf("opening embedding model %s: %w", dir, err)
	}
	m.session, err = onnx.Open(filepath.Join(dir, "model.int8.onnx"), []string{"input_ids", "attention_mask"}, []string{"embedding"}, onnx.Options{Threads: o.Threads, NoArena: true})
	if err != nil {
		return nil, fmt.Errorf("opening embedding model %s: %w", dir, err)
	}
	v, err := m.run([][]int64{m.tok.encode("warm-up", maxTokens)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening embedding model %s: %w", dir, err), m.session.Close())
	}
	m.dim = len(v[0])
	return m, nil
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// Name is the folder's name.
func (m *Model) Name() string { return m.name }

// Dim is the length of a vector.
func (m *Model) Dim() int { return m.dim }

// Close frees the model. No Embed may be under way.
func (m *Model) Close() error { return m.session.Close() }

// Embed returns one vector of length 1 for each text, in their order.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	ids := make([][]int64, len(texts))
	order := make([]int, len(texts))
	for i, t := range texts {
		ids[i] = m.tok.encode(m.prefix+t, maxTokens)
		order[i] = i
	}
	// Texts of like length run together, so that little is padding.
	slices.SortStableFunc(order, func(a, b int) int { return len(ids[a]) - len(ids[b]) })
	out := make([][]float32, len(texts))
	for batch := range slices.Chunk(order, maxBatch) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		rows := make([][]int64, len(batch))
		for k, i := range batch {
			rows[k] = ids[i]
		}
		vectors, err := m.run(rows)
		if err != nil {
			return nil, fmt.Errorf("embedding with %s: %w", m.name, err)
		}
		for k, i := range batch {
			out[i] = vectors[k]
		}
	}
	return out, nil
}

// run computes one batch; rows are padded to the longest.
func (m *Model) run(rows [][]int64) (vectors [][]float32, err error) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	ids := make([]int64, len(rows)*width)
	mask := make([]int64, len(rows)*width)
	for i, r := range rows {
		copy(ids[i*width:], r)
		for k := range r {
			mask[i*width+k] = 1
		}
	}
	shape := ort.NewShape(int64(len(rows)), int64(width))
	a, err := ort.NewTensor(shape, ids)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Destroy()) }()
	b, err := ort.NewTensor(shape, mask)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Destroy()) }()
	out := []ort.Value{nil} // onnxruntime makes it, of the model's own width
	if err := m.session.Run([]ort.Value{a, b}, out); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out[0].Destroy()) }()
	t, ok := out[0].(*ort.Tensor[float32])
	if !ok || len(t.GetShape()) != 2 || t.GetShape()[0] != int64(len(rows)) {
		return nil, fmt.Errorf("the graph's result has the shape %v", out[0].GetShape())
	}
	dim := int(t.GetShape()[1])
	for i := range rows {
		v := slices.Clone(t.GetData()[i*dim : (i+1)*dim])
		normalise(v)
		vectors = append(vectors, v)
	}
	return vectors, nil
}

// normalise gives v the length 1; the zero vector stays.
func normalise(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	k := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= k
	}
}
