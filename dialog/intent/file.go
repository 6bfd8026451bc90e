package intent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A model's file is the mark with its version, the length and SHA-256 of what
// follows, and that: a gob of the model.
const (
	fileMark = "hotline intents 3\n"
	// maxFile bounds a file, bytes: 2^17 features of 500 intents would fit.
	maxFile = 512 << 20
)

// ErrFile says that a file is not a model, or a damaged one.
var ErrFile = errors.New("not a model of intents, or a damaged one")

type (
	wireModel struct {
		Intents []string
		Outside bool
		Group   []int32
		Topic   []int32
		Hashes  []uint64
		Blocks  []uint8
		Weight  []float32 // inverse document frequencies
		Sparse  []float32
		Wider   []float32
		Dim     int
		Trust   float32
		Mean    []float32
		Matrix  []float32
		Dense   []float32
		Plain   []float32
		Refs    []float32
		Starts  []int32
		Kernel  []float32
		// What the kernel's examples say: how many n-grams each, which, and their shares.
		Counts     []int32
		Grams      []int32
		Shares     []float32
		Words, All wireJudge
	}
	wireJudge struct {
		Sure, OutsideOf wireLogistic
		Threshold       float64
	}
	wireLogistic struct{ Mean, Scale, Weights []float64 }
)

func (l *logistic) wire() wireLogistic { return wireLogistic{l.mean, l.scale, l.weights} }

func (j *judge) wire() wireJudge { return wireJudge{j.sure.wire(), j.outside.wire(), j.threshold} }

// Save writes the model. Its embedder is not part of it.
func (m *Model) Save(w io.Writer) error {
	n := len(m.vocabulary.features)
	x := wireModel{
		Intents: m.intents, Outside: m.oos >= 0, Group: m.group, Topic: m.topic, Hashes: make([]uint64, n), Blocks: make([]uint8, n),
		Weight: make([]float32, n), Sparse: m.sparse.weights, Words: m.words.wire(), All: m.all.wire(),
	}
	for h, i := range m.vocabulary.index {
		x.Hashes[i] = h
	}
	for i, f := range m.vocabulary.features {
		x.Blocks[i], x.Weight[i] = f.block, f.idf
	}
	if m.wider != nil {
		x.Wider = m.wider.weights
	}
	if m.space != nil {
		x.Trust = m.space.trust
		x.Dim, x.Mean, x.Matrix, x.Dense, x.Plain = m.space.dim, m.space.mean, m.space.matrix, m.dense.weights, m.plain.weights
		x.Refs, x.Starts = m.refs, m.starts
		if m.kernel != nil {
			x.Kernel, x.Counts = m.kernel.weights, m.kernel.words.counts
			for _, e := range m.kernel.words.grams {
				x.Grams, x.Shares = append(x.Grams, e.index), append(x.Shares, e.value)
			}
		}
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(x); err != nil {
		return fmt.Errorf("writing a model of intents: %w", err)
	}
	sum := sha256.Sum256(body.Bytes())
	head := binary.LittleEndian.AppendUint64([]byte(fileMark), uint64(body.Len()))
	for _, part := range [][]byte{head, sum[:], body.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("writing a model of intents: %w", err)
		}
	}
	return nil
}

// Load reads a model. e must be of the kind that it was trained with; nil is words
// alone.
func Load(r io.Reader, e Embedder) (*Model, error) {
	head := make([]byte, len(fileMark)+8+sha256.Size)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(fileMark)]) != fileMark {
		return nil, fmt.Errorf("%w: train it again", ErrFile)
	}
	size := binary.LittleEndian.Uint64(head[len(fileMark):])
	if size > maxFile {
		return nil, fmt.Errorf("%w: train it again", ErrFile)
	}
	var body bytes.Buffer // grows with what really comes
	if _, err := io.Copy(&body, io.LimitReader(r, int64(size))); err != nil {
		return nil, fmt.Errorf("reading a model of intents: %w", err)
	}
	if sum := sha256.Sum256(body.Bytes()); uint64(body.Len()) != size || !bytes.Equal(sum[:], head[len(fileMark)+8:]) {
		return nil, fmt.Errorf("%w: train it again", ErrFile)
	}
	m, err := decode(body.Bytes())
	if err != nil {
		return nil, err
	}
	m.embedder = e
	return m, nil
}

func decode(body []byte) (*Model, error) {
	var x wireModel
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&x); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if !x.sound() {
		return nil, fmt.Errorf("%w: its parts do not fit together", ErrFile)
	}
	classes := len(x.Group)
	m := &Model{intents: x.Intents, oos: -1, words: x.Words.judge(), all: x.All.judge()}
	m.kinship = x.kinship()
	if x.Outside {
		m.oos = len(x.Intents)
	}
	m.vocabulary = &vocabulary{index: make(map[uint64]int32, len(x.Hashes)), features: make([]feature, len(x.Hashes))}
	for i, h := range x.Hashes {
		m.vocabulary.index[h] = int32(i)
		m.vocabulary.features[i] = feature{x.Blocks[i], x.Weight[i]}
	}
	m.sparse = &linear{classes, x.Sparse}
	if m.wide() {
		m.wider = &linear{m.topics, x.Wider}
	}
	if x.Dim > 0 {
		m.space = &space{x.Dim, x.Mean, x.Matrix, x.Trust}
		m.dense, m.plain = &linear{classes, x.Dense}, &linear{classes, x.Plain}
		m.refs, m.starts = x.Refs, x.Starts
		if len(x.Kernel) > 0 {
			m.kernel = &kernel{columns: m.columns(), weights: x.Kernel, words: &wordings{counts: x.Counts}}
			for i, g := range x.Grams {
				m.kernel.words.grams = append(m.kernel.words.grams, entry{g, x.Shares[i]})
			}
			m.kernel.words.arrange(len(x.Hashes))
			m.kernel.measure(m.space, m.refs)
		}
	}
	return m, nil
}

// sound says whether the parts have the sizes that they must have of each other.
func (x *wireModel) sound() bool {
	groups, classes, n, d := len(x.Intents), len(x.Group), len(x.Hashes), x.Dim
	if groups < 2 || classes > maxIntents || n > maxFeatures || d < 0 || d > maxDim || !slices.IsSorted(x.Intents) {
		return false
	}
	if x.Outside {
		groups++
	}
	if len(x.Topic) != classes || !covered(x.Group, groups) || !covered(x.Topic, int(slices.Max(x.Topic))+1) {
		return false
	}
	kin := x.kinship()
	if len(x.Blocks) != n || len(x.Weight) != n || len(x.Sparse) != (n+1)*classes || !x.Words.sound() {
		return false
	}
	if kin.wide() && len(x.Wider) != (n+1)*kin.topics {
		return false
	}
	for _, b := range x.Blocks {
		if b >= blocks {
			return false
		}
	}
	for _, list := range [][]float32{x.Weight, x.Sparse, x.Wider, x.Kernel, x.Mean, x.Matrix, x.Dense, x.Plain, x.Refs, x.Shares} {
		for _, v := range list {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return false
			}
		}
	}
	if d == 0 {
		return true
	}
	if !(x.Trust >= 0 && x.Trust <= 1) { // nor is it no number
		return false
	}
	if len(x.Mean) != d || len(x.Matrix) != d*d || len(x.Dense) != (d+1)*classes || len(x.Plain) != len(x.Dense) || len(x.Starts) != groups+1 || len(x.Refs)%d != 0 || !x.All.sound() {
		return false
	}
	if n := len(x.Kernel); n != 0 && (n != len(x.Refs)/d*kin.columns() || !x.soundWordings(len(x.Refs)/d)) {
		return false
	}
	return x.Starts[0] == 0 && slices.IsSorted(x.Starts) && int(x.Starts[groups]) == len(x.Refs)/d
}

// covered says whether list names each of n, and nothing else.
func covered(list []int32, n int) bool {
	if n < 1 || n > len(list) {
		return false
	}
	seen := make([]bool, n)
	for _, i := range list {
		if i < 0 || int(i) >= n {
			return false
		}
		seen[i] = true
	}
	return !slices.Contains(seen, false)
}

func (x *wireModel) kinship() kinship {
	return kinship{x.Group, int(slices.Max(x.Group)) + 1, x.Topic, int(slices.Max(x.Topic)) + 1}
}

// soundWordings says whether the n-grams are those of examples.
func (x *wireModel) soundWordings(examples int) bool {
	left := len(x.Grams)
	for _, n := range x.Counts {
		if n < 0 || int(n) > left {
			return false
		}
		left -= int(n)
	}
	for _, g := range x.Grams {
		if g < 0 || int(g) >= len(x.Hashes) {
			return false
		}
	}
	return left == 0 && len(x.Counts) == examples && len(x.Shares) == len(x.Grams)
}

func (j *wireJudge) sound() bool { return j.Sure.sound() && j.OutsideOf.sound() }

func (l *wireLogistic) sound() bool {
	return len(l.Weights) == len(l.Mean)+1 && len(l.Scale) == len(l.Mean) && !slices.Contains(l.Scale, 0)
}

func (j *wireJudge) judge() judge {
	of := func(l wireLogistic) logistic { return logistic{l.Mean, l.Scale, l.Weights} }
	return judge{of(j.Sure), of(j.OutsideOf), j.Threshold}
}
