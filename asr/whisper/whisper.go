// Package whisper runs OpenAI's Whisper on onnxruntime in a loop of its own, which
// gives what ready-made loops do not: a prompt, the probability of the text, and
// an encoding that is kept for a second pass.
//
// # Concepts
//
// A [Model] is an encoder (sound to keys and values of the cross attention) and a
// decoder (a token at a time, greedily). The model folder holds
// encoder.int8.onnx, decoder.int8.onnx (or both without ".int8"), tokens.txt and
// perhaps t2s-chars.txt, whose characters are then written simplified. The graph
// takes sound of any length up to 30 s; a tail of silence behind the utterance
// decides between text and endless repetition (see Options.Tail).
//
// # Concurrency
//
// A Model is safe for concurrent use: decodes share its weights and have buffers
// of their own. Each decode runs on one thread; bound their number with an
// asr.Pool. Nothing here starts a goroutine.
package whisper

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/asr"
	"hotline/asr/onnx"
	"hotline/media/dsp"
)

// Options of a Model. The zero value works.
type Options struct {
	// Tail is the silence put behind each utterance; default 5 s. With less than
	// 2.5 s Whisper base repeats itself, more costs time for little.
	Tail time.Duration
	// Threads of one decode; default 1. Two are 10–30 % faster and cost double.
	Threads int
	// CacheBytes is how much memory encodings may take that are kept for a second
	// pass; default 64 MB, about seven short utterances.
	CacheBytes int
	// Languages are those told apart where a segment names none; default zh, en.
	Languages []string
	// Name is what Transcript.Engine says; default the folder's name.
	Name string
}

// maxSound is the length that Whisper was trained on.
const maxSound = 30 * time.Second

// A Model is a loaded Whisper. It implements asr.Decoder.
type Model struct {
	o          Options
	spec       spec
	encoder    *onnx.Session
	decoder    *onnx.Session
	tokens     *tokens
	simplified map[rune]rune
	bank       *melBank
	seed       maphash.Seed

	inUse  sync.RWMutex // read-locked by a decode, locked by Close
	closed bool

	cache cache

	mu   sync.Mutex
	free []*scratch // guarded by mu
}

var _ asr.Decoder = (*Model)(nil)

// ErrClosed is returned by a Model after Close.
var ErrClosed = errors.New("the model is closed")

// Open loads the model in dir. onnx.Start must have been called.
func Open(dir string, o Options) (*Model, error) {
	if o.Tail <= 0 {
		o.Tail = 5 * time.Second
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 64 << 20
	}
	if len(o.Languages) == 0 {
		o.Languages = []string{"zh", "en"}
	}
	if o.Name == "" {
		o.Name = filepath.Base(dir)
	}
	m := &Model{o: o, seed: maphash.MakeSeed(), cache: cache{limit: o.CacheBytes}}
	if err := m.load(dir); err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("whisper model %s: %w", dir, err)
	}
	return m, nil
}

func (m *Model) load(dir string) error {
	encoder, decoder, err := graphs(dir)
	if err != nil {
		return err
	}
	if m.spec, err = readSpec(encoder, decoder); err != nil {
		return err
	}
	if m.tokens, err = openTokens(filepath.Join(dir, "tokens.txt")); err != nil {
		return err
	}
	if len(m.tokens.bytes) > m.spec.vocabulary || len(m.tokens.bytes) < m.spec.eot*9/10 {
		return fmt.Errorf("tokens.txt has %d tokens and the model %d: they do not belong together", len(m.tokens.bytes), m.spec.eot)
	}
	if f, err := os.Open(filepath.Join(dir, "t2s-chars.txt")); err == nil { //nolint:gosec // a model of the operator's
		m.simplified, err = readSimplified(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("reading t2s-chars.txt: %w", err)
		}
	}
	m.bank = newMelBank(m.spec.mels)
	// Lengths differ from utterance to utterance: an arena would keep the longest.
	so := onnx.Options{Threads: m.o.Threads, NoArena: true}
	if m.encoder, err = onnx.Open(encoder, encoderInputs, encoderOutputs, so); err != nil {
		return err
	}
	m.decoder, err = onnx.Open(decoder, decoderInputs, decoderOutputs, so)
	return err
}

// graphs finds the two files of a model folder.
func graphs(dir string) (encoder, decoder string, err error) {
	for _, kind := range []string{".int8.onnx", ".onnx"} {
		e, d := filepath.Join(dir, "encoder"+kind), filepath.Join(dir, "decoder"+kind)
		if onnx.CheckFile(e) == nil && onnx.CheckFile(d) == nil {
			return e, d, nil
		}
	}
	return "", "", errors.New("no encoder.int8.onnx and decoder.int8.onnx there: install it with \"hotline models pull\"")
}

// Close frees the model once the decodes under way have ended.
func (m *Model) Close() error {
	m.inUse.Lock()
	defer m.inUse.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.cache.clear()
	m.free = nil
	return errors.Join(m.encoder.Close(), m.decoder.Close())
}

// spec is what the model says of itself.
type spec struct {
	mels, vocabulary, context, width, layers, heads int
	sot, eot, transcribe, prev, noTimestamps        int
	noSpeech                                        int
	languages                                       map[string]int
}

var (
	encoderInputs  = []string{"mel"}
	encoderOutputs = []string{"n_layer_cross_k", "n_layer_cross_v"}
	decoderInputs  = []string{"tokens", "in_n_layer_self_k_cache", "in_n_layer_self_v_cache", "n_layer_cross_k", "n_layer_cross_v", "offset"}
	decoderOutputs = []string{"logits", "out_n_layer_self_k_cache", "out_n_layer_self_v_cache"}
)

func readSpec(encoder, decoder string) (spec, error) {
	info, err := onnx.Inspect(encoder)
	if err != nil {
		return spec{}, err
	}
	if err := info.Require(encoder, encoderInputs, encoderOutputs); err != nil {
		return spec{}, err
	}
	var s spec
	for key, to := range map[string]*int{
		"n_mels": &s.mels, "n_vocab": &s.vocabulary, "n_text_ctx": &s.context, "n_text_state": &s.width,
		"n_text_layer": &s.layers, "n_text_head": &s.heads, "sot": &s.sot, "eot": &s.eot, "transcribe": &s.transcribe,
		"sot_prev": &s.prev, "no_timestamps": &s.noTimestamps, "no_speech": &s.noSpeech,
	} {
		v, err := strconv.Atoi(info.Metadata[key])
		if err != nil || v <= 0 || v > 1<<20 {
			return spec{}, fmt.Errorf("%s has no usable metadata %q", encoder, key)
		}
		*to = v
	}
	ids := strings.Split(info.Metadata["all_language_tokens"], ",")
	codes := strings.Split(info.Metadata["all_language_codes"], ",")
	if len(ids) != len(codes) {
		return spec{}, fmt.Errorf("%s lists %d languages and %d tokens for them", encoder, len(codes), len(ids))
	}
	s.languages = make(map[string]int, len(ids))
	for i, c := range codes {
		id, err := strconv.Atoi(ids[i])
		if err != nil || id < 0 || id >= s.vocabulary {
			return spec{}, fmt.Errorf("%s has a bad token for language %q", encoder, c)
		}
		s.languages[c] = id
	}
	for _, id := range []int{s.sot, s.eot, s.transcribe, s.prev, s.noTimestamps, s.noSpeech} {
		if id >= s.vocabulary {
			return spec{}, fmt.Errorf("%s: token %d is outside its vocabulary of %d", encoder, id, s.vocabulary)
		}
	}
	// The open axis of the decoder's own cache tells this graph from those whose
	// cache is of one size.
	info, err = onnx.Inspect(decoder)
	if err != nil {
		return spec{}, err
	}
	if err := info.Require(decoder, decoderInputs, decoderOutputs); err != nil {
		return spec{}, err
	}
	if d := info.InputDims("n_layer_cross_k"); len(d) != 5 || d[2] != int64(s.heads) {
		return spec{}, fmt.Errorf("%s is of another layout: run it with the sherpa engine", decoder)
	}
	return s, nil
}

// Decode implements asr.Decoder. Sound may be up to 30 s long.
func (m *Model) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	m.inUse.RLock()
	defer m.inUse.RUnlock()
	if m.closed {
		return asr.Transcript{}, ErrClosed
	}
	start := time.Now()
	language := s.Language
	if language != "" {
		if _, ok := m.spec.languages[language]; !ok {
			return asr.Transcript{}, fmt.Errorf("this Whisper knows no language %q", language)
		}
	}
	if s.Rate <= 0 {
		return asr.Transcript{}, fmt.Errorf("a segment at %d Hz cannot be decoded", s.Rate)
	}
	sound := time.Duration(len(s.Samples)) * time.Second / time.Duration(s.Rate)
	if sound > maxSound {
		return asr.Transcript{}, fmt.Errorf("a segment of %v is longer than Whisper's %v", sound.Round(time.Millisecond), maxSound)
	}
	if len(s.Samples) == 0 {
		return asr.Transcript{Language: language, NoSpeech: 1, Engine: m.o.Name}, nil
	}
	sc := m.borrow()
	defer m.giveBack(sc)
	e, err := m.encode(ctx, sc, s)
	if err != nil {
		return asr.Transcript{}, err
	}
	defer m.cache.release(e)
	out, err := m.generate(ctx, sc, e, s, sound)
	if err != nil {
		return asr.Transcript{}, err
	}
	t := m.transcript(out)
	t.Took = time.Since(start)
	return t, nil
}

// encode computes what the decoder needs of the sound, or takes it from the cache. It is
// most of a decode's work and ends with ctx: who goes on speaking makes it useless.
func (m *Model) encode(ctx context.Context, sc *scratch, s asr.Segment) (*encoding, error) {
	key := m.key(s)
	if e := m.cache.get(key); e != nil {
		return e, nil
	}
	x := s.Samples
	if s.Rate != sampleRate {
		x = dsp.Resample(x, s.Rate, sampleRate)
	}
	rows := min(len(x)+int(m.o.Tail.Seconds()*sampleRate), int(maxSound.Seconds())*sampleRate) / hop
	rows = max(rows-rows%2, 2) // the encoder halves them
	sc.mel = grow(sc.mel, m.spec.mels*rows)
	if sc.features == nil {
		sc.features = newFeaturer(m.bank)
	}
	sc.features.logMel(sc.mel, x, rows)
	e := m.cache.alloc(m.spec.layers * m.spec.width * rows / 2)
	e.rows = rows / 2
	if err := m.runEncoder(ctx, sc, e, rows); err != nil {
		m.cache.release(e)
		return nil, fmt.Errorf("whisper encoder: %w", err)
	}
	m.cache.put(key, e)
	return e, nil
}

func (m *Model) key(s asr.Segment) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	var b [512]byte
	b[0], b[1], b[2] = byte(s.Rate), byte(s.Rate>>8), byte(s.Rate>>16)
	_, _ = h.Write(b[:3])
	for x := s.Samples; len(x) > 0; {
		n := min(len(x), len(b)/2)
		for i, v := range x[:n] {
			b[2*i], b[2*i+1] = byte(v), byte(uint16(v)>>8)
		}
		_, _ = h.Write(b[:2*n])
		x = x[n:]
	}
	return h.Sum64()
}

func (m *Model) borrow() *scratch {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		sc := m.free[n-1]
		m.free = m.free[:n-1]
		return sc
	}
	return &scratch{}
}

// maxFree is how many scratches are kept: a burst of decodes must not hold its
// memory for ever.
const maxFree = 8

func (m *Model) giveBack(sc *scratch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) < maxFree {
		m.free = append(m.free, sc)
	}
}

// grow returns a slice of length n, x's own memory if it is large enough.
func grow[T any](x []T, n int) []T {
	if cap(x) >= n {
		return x[:n]
	}
	return make([]T, n)
}
