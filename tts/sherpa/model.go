// Package sherpa speaks with the models that sherpa-onnx runs: Kokoro, VITS with
// a lexicon (MeloTTS and other Chinese voices), and VITS with espeak's phonemes
// (piper).
//
// # Concepts
//
// A [Model] is one loaded model folder with one or many voices. The native
// library ends the whole process on a wrong file, so [Open] looks at everything
// first and returns an error instead.
//
// # Concurrency
//
// A Model may be used from any number of goroutines; at most Options.Parallel
// clauses are computed at a time. Synthesize starts one goroutine that computes
// while the caller's own one writes to dst, so that a slow writer never holds the
// engine. The native code can be stopped only between clauses: when ctx ends,
// Synthesize returns at once and the clause under way runs out in the background;
// [Model.Close] waits for it.
package sherpa

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	native "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"

	"hotline/media"
	"hotline/tts"
	"hotline/tts/spoken"
)

// Options of a Model; the zero value works.
type Options struct {
	Threads    int    // per clause; default 1
	Parallel   int    // clauses computed at a time; default 1
	EspeakData string // folder espeak-ng-data; default: the model's own, then the system's
	Voice      string // used when an utterance names none; default: the best known for its language
}

const (
	// maxPart bounds what the native code gets at a time: its text frontend is
	// recursive and ends the process on very long input.
	// FastSpeech models end the process beyond some 25 s of sound.
	maxPart = 120 // runes
	maxHan  = 40  // runes, where Chinese is among them
	maxWord = 24  // letters
	minRate = 0.5
	maxRate = 2.0
	// maxAhead bounds the sound that waits for a slow writer, seconds.
	maxAhead = 20
)

// Errors that callers branch on.
var (
	ErrClosed = errors.New("the speech model is closed")
	ErrVoice  = errors.New("unknown voice")
)

// A Model is one loaded model. It implements tts.Synthesizer.
type Model struct {
	name   string
	layout *layout
	tts    *native.OfflineTts
	rate   int
	words  map[string]bool // Latin words of the lexicon; nil where espeak says the rest
	deflt  string
	slots  chan struct{}

	mu      sync.Mutex // guards closed, and running.Add against Close
	closed  bool
	running sync.WaitGroup
}

// Open loads the model in dir. It takes seconds and up to a gigabyte for Kokoro.
func Open(dir string, o Options) (*Model, error) {
	l, err := detect(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open speech model: %w", err)
	}
	if o.Voice != "" && !slices.Contains(l.voices, path.Base(o.Voice)) {
		return nil, fmt.Errorf("open speech model %s: %w %q, it has %s", dir, ErrVoice, o.Voice, strings.Join(l.voices, ", "))
	}
	m := &Model{name: filepath.Base(filepath.Clean(dir)), layout: l, deflt: path.Base(o.Voice), slots: make(chan struct{}, max(o.Parallel, 1))}
	if o.Voice == "" {
		m.deflt = ""
	}
	if !l.espeak {
		if m.words, err = latinWords(l.lexicon); err != nil {
			return nil, fmt.Errorf("open speech model: %w", err)
		}
	}
	m.tts = native.NewOfflineTts(&l.config)
	if m.tts == nil {
		return nil, fmt.Errorf("open speech model %s: the library refused it, fetch the model again", dir)
	}
	m.rate = m.tts.SampleRate()
	return m, nil
}

// Name is the folder's name, "kokoro-v1.0".
func (m *Model) Name() string { return m.name }

// Kind is the layout that was found.
func (m *Model) Kind() Kind { return m.layout.kind }

// Rate is the sample rate that the model computes at, Hz.
func (m *Model) Rate() int { return m.rate }

// Voices are the names that an Utterance may ask for.
func (m *Model) Voices() []string { return slices.Clone(m.layout.voices) }

// Languages are those that the model says it speaks: "zh", "en".
func (m *Model) Languages() []string {
	var out []string
	text := strings.ToLower(m.layout.language)
	for _, l := range [...]struct{ name, tag string }{{"chinese", "zh"}, {"english", "en"}} {
		if strings.Contains(text, l.name) || text == l.tag {
			out = append(out, l.tag)
		}
	}
	return out
}

// DefaultVoice is the voice for an utterance that names none.
func (m *Model) DefaultVoice(language string) string {
	if m.deflt != "" {
		return m.deflt
	}
	for _, v := range preferred[primary(language)] {
		if slices.Contains(m.layout.voices, v) {
			return v
		}
	}
	return m.layout.voices[0]
}

// preferred voices by language, best understood over a telephone first: ten shop
// sentences at 8 kHz, recognised by Whisper base, had these error rates.
var preferred = map[string][]string{
	"zh": {"zm_yunxi", "zm_yunjian", "zf_xiaobei", "zf_xiaoxiao"}, // characters: 7.8, 8.4, 14.0, 14.0 %
	"en": {"af_heart", "am_michael", "af_bella", "bf_emma"},       // words: 2, 2, 2, 3 %
}

// Close waits for what is being computed and frees the model.
func (m *Model) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.running.Wait()
	native.DeleteOfflineTts(m.tts)
	return nil
}

// Synthesize implements tts.Synthesizer. A voice is "zf_xiaobei" or
// "kokoro-v1.0/zf_xiaobei". Text that is not normalised is normalised here.
func (m *Model) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	sid, err := m.speaker(u)
	if err != nil {
		return err
	}
	parts := m.parts(u)
	if len(parts) == 0 {
		return ctxErr(ctx)
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	m.running.Add(1)
	m.mu.Unlock()
	j := newJob(maxAhead * m.rate)
	go func() {
		defer m.running.Done()
		m.compute(j, parts, sid, u.Rate)
	}()
	return m.play(ctx, j, dst)
}

// play writes what the job yields.
func (m *Model) play(ctx context.Context, j *job, dst media.Writer) error {
	defer j.abandon()
	defer context.AfterFunc(ctx, j.abandon)()
	out := tts.NewFrames(dst, m.rate)
	var chunk []int16
	for {
		var err error
		chunk, err = j.next(chunk[:0])
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, errDone) {
			return out.Flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("speech model %s: %w", m.name, err)
		}
		if err := out.Write(ctx, chunk); err != nil {
			return err
		}
	}
}

// compute speaks the parts into j, holding an engine slot for one at a time.
func (m *Model) compute(j *job, parts []string, sid int, rate float64) {
	if rate <= 0 {
		rate = 1
	}
	cfg := native.GenerationConfig{Sid: sid, Speed: float32(min(max(rate, minRate), maxRate)), SilenceScale: 1}
	if m.layout.kind == Kokoro { // it makes 1.4 s at a comma
		cfg.SilenceScale = 0.2
	}
	for _, part := range parts {
		if !j.waitRoom() {
			return
		}
		select {
		case m.slots <- struct{}{}:
		case <-j.abandoned:
			return
		}
		heard := false
		audio := m.tts.GenerateWithConfig(part, &cfg, func(samples []float32, _ float32) bool {
			heard = true
			return j.add(samples)
		})
		<-m.slots
		if audio == nil {
			j.finish(errors.New("the library returned nothing"))
			return
		}
		if !heard && len(audio.Samples) > 0 {
			j.add(audio.Samples)
		}
	}
	j.finish(errDone)
}

// speaker is the number of the voice that u asks for.
func (m *Model) speaker(u tts.Utterance) (int, error) {
	name := m.DefaultVoice(u.Language)
	if u.Voice != "" && u.Voice != m.name {
		name = path.Base(u.Voice)
	}
	if i := slices.Index(m.layout.voices, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("speech model %s: %w %q, it has %s", m.name, ErrVoice, name, strings.Join(m.layout.voices, ", "))
}

// parts is the text as the engine can say it, in pieces that it can bear.
func (m *Model) parts(u tts.Utterance) []string {
	language := u.Language
	if language == "" && !strings.ContainsFunc(u.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		language = "en"
	}
	text := breakLong(spoken.Normalize(u.Text, language)) // text that is normalised already stays
	switch m.layout.kind {
	case VitsWords:
		text = spoken.Adapt(text, spoken.Ability{Chinese: true, Latin: func(w string) bool { return m.words[w] }})
	case VitsEspeak:
		text = spoken.Adapt(text, spoken.Ability{Chinese: !slices.Contains(m.Languages(), "en"), Latin: func(string) bool { return true }})
	case Kokoro:
	}
	var out []string
	for _, c := range tts.Clauses(text, u.Language) {
		limit := maxPart
		if m.layout.kind == VitsWords || strings.ContainsFunc(c.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			limit = maxHan
		}
		if u.Rate > 0 && u.Rate < 1 { // slower is longer
			limit = int(float64(limit) * max(u.Rate, minRate))
		}
		for _, p := range tts.Cut(c.Text, limit) {
			if spoken.Sayable(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// breakLong divides words of absurd length, whose sounds together would be more
// than a model takes.
func breakLong(text string) string {
	var out strings.Builder
	n := 0
	for _, r := range text {
		if r == ' ' || unicode.Is(unicode.Han, r) {
			n = 0
		} else if n++; n > maxWord {
			out.WriteByte(' ')
			n = 1
		}
		out.WriteRune(r)
	}
	return out.String()
}

func primary(language string) string {
	l, _, _ := strings.Cut(strings.ToLower(language), "-")
	return l
}

func ctxErr(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
