// Package sherpa decodes with the offline models that sherpa-onnx publishes:
// SenseVoice, Paraformer, Zipformer transducers and Whisper.
//
// # Concepts
//
// [Open] recognises a model folder's layout by its files and their metadata
// ([Detect]) and checks all of it first, because sherpa-onnx ends the whole
// process where something is missing. SenseVoice tells language, emotion and what
// kind of sound it was. Whisper is better run by package whisper, which has its
// scores; here it is for the models whose graph that package does not know.
//
// # Concurrency
//
// A Model is safe for concurrent use. Decodes run at once, except that a change of
// Whisper's language waits for those under way. Nothing here starts a goroutine.
package sherpa

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	sherpa "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"

	"hotline/asr"
	"hotline/media/dsp"
)

const sampleRate = 16000

// sherpa-onnx stops Whisper at 6 tokens for each second that it was given, so
// that short quick utterances were cut; and with a short tail whole sentences came
// out twice. Both are cured by half a second of silence and this tail (frames of
// 10 ms).
const (
	whisperPad  = sampleRate / 2
	whisperTail = 250
)

// maxSound is the longest segment taken: Whisper's, and long enough for a turn.
const maxSound = 30 * time.Second

// Options of a Model. The zero value works.
type Options struct {
	Threads int    // of one decode; default 1
	Name    string // what Transcript.Engine says; default the folder's name
	// Hotwords are terms that a transducer is biased towards. They are the same
	// for all calls: sherpa-onnx's Go API takes none with a segment, so those of
	// asr.Segment have no effect here.
	Hotwords     []string
	HotwordScore float64 // default 1.5
}

// A Model is a loaded recogniser. It implements asr.Decoder.
type Model struct {
	o          Options
	layout     Layout
	simplified map[rune]rune

	// mu is read-locked by a decode, locked by a change of language and by Close.
	mu         sync.RWMutex
	recognizer *sherpa.OfflineRecognizer
	language   string
	hotwords   string // path of the file of hotwords
}

var _ asr.Decoder = (*Model)(nil)

// ErrClosed is returned by a Model after Close.
var ErrClosed = errors.New("the model is closed")

// Open checks and loads the model in dir.
func Open(dir string, o Options) (*Model, error) {
	if o.Threads <= 0 {
		o.Threads = 1
	}
	if o.Name == "" {
		o.Name = filepath.Base(dir)
	}
	if o.HotwordScore == 0 {
		o.HotwordScore = 1.5
	}
	layout, err := Detect(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{o: o, layout: layout, language: "zh"}
	if layout.Kind == SenseVoice {
		m.language = "auto"
	}
	if m.simplified, err = readSimplified(filepath.Join(dir, "t2s-chars.txt")); err != nil {
		return nil, fmt.Errorf("speech model %s: %w", dir, err)
	}
	if len(o.Hotwords) > 0 && layout.Kind == Transducer {
		if m.hotwords, err = writeHotwords(o.Hotwords); err != nil {
			return nil, fmt.Errorf("speech model %s: %w", dir, err)
		}
	}
	m.recognizer = sherpa.NewOfflineRecognizer(layout.config(o, m.language, m.hotwords))
	if m.recognizer == nil {
		_ = m.Close()
		return nil, fmt.Errorf("speech model %s: sherpa-onnx could not load it, its log on standard error says why", dir)
	}
	return m, nil
}

// Kind is the family of the model.
func (m *Model) Kind() Kind { return m.layout.Kind }

// Close frees the model once the decodes under way have ended.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.recognizer != nil {
		sherpa.DeleteOfflineRecognizer(m.recognizer)
		m.recognizer = nil
	}
	if m.hotwords != "" {
		err := os.Remove(m.hotwords)
		m.hotwords = ""
		return err
	}
	return nil
}

// writeHotwords writes a term a line, as sherpa-onnx reads them.
func writeHotwords(terms []string) (string, error) {
	f, err := os.CreateTemp("", "hotline-hotwords-*.txt")
	if err != nil {
		return "", fmt.Errorf("writing hotwords: %w", err)
	}
	for _, t := range terms {
		t = strings.Join(strings.Fields(t), " ")
		if t == "" {
			continue
		}
		if _, err := f.WriteString(t + "\n"); err != nil {
			return "", errors.Join(fmt.Errorf("writing hotwords: %w", err), f.Close(), os.Remove(f.Name()))
		}
	}
	if err := f.Close(); err != nil {
		return "", errors.Join(fmt.Errorf("writing hotwords: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Decode implements asr.Decoder. The decode itself cannot be interrupted; it takes
// a fraction of a second.
func (m *Model) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	if err := ctx.Err(); err != nil {
		return asr.Transcript{}, context.Cause(ctx)
	}
	if s.Rate <= 0 {
		return asr.Transcript{}, fmt.Errorf("a segment at %d Hz cannot be decoded", s.Rate)
	}
	sound := time.Duration(len(s.Samples)) * time.Second / time.Duration(s.Rate)
	if sound > maxSound {
		return asr.Transcript{}, fmt.Errorf("a segment of %v is longer than %v", sound.Round(time.Millisecond), maxSound)
	}
	if len(s.Samples) == 0 {
		return asr.Transcript{Language: s.Language, NoSpeech: 1, Engine: m.o.Name}, nil
	}
	begin := time.Now()
	if err := m.lock(s.Language); err != nil {
		return asr.Transcript{}, err
	}
	defer m.mu.RUnlock()
	stream := sherpa.NewOfflineStream(m.recognizer)
	defer sherpa.DeleteOfflineStream(stream)
	stream.AcceptWaveform(sampleRate, m.floats(s))
	m.recognizer.Decode(stream)
	t := m.transcript(stream.GetResult(), s.Language, sound)
	t.Took = time.Since(begin)
	return t, nil
}

// lock read-locks m with the language set that the segment needs.
func (m *Model) lock(language string) error {
	for range 100 {
		m.mu.RLock()
		if m.recognizer == nil {
			m.mu.RUnlock()
			return ErrClosed
		}
		if m.layout.Kind != Whisper || language == m.language {
			return nil
		}
		m.mu.RUnlock()
		m.mu.Lock()
		if m.recognizer != nil && language != m.language {
			m.recognizer.SetConfig(m.layout.config(m.o, language, m.hotwords))
			m.language = language
		}
		m.mu.Unlock()
	}
	return fmt.Errorf("%w: the language of one model changes too often, load it once for each language", asr.ErrOverloaded)
}

func (m *Model) floats(s asr.Segment) []float32 {
	x := s.Samples
	if s.Rate != sampleRate {
		x = dsp.Resample(x, s.Rate, sampleRate)
	}
	n := len(x)
	if m.layout.Kind == Whisper {
		n += whisperPad
	}
	f := make([]float32, n)
	for i, v := range x {
		f[i] = float32(v) / 32768
	}
	return f
}

func (m *Model) transcript(r *sherpa.OfflineRecognizerResult, language string, sound time.Duration) asr.Transcript {
	text, tags := splitTags(bytesOfPrivate(r.Text))
	t := asr.Transcript{Language: language, Engine: m.o.Name}
	for _, tag := range append([]string{tagName(r.Lang), tagName(r.Emotion), tagName(r.Event)}, tags...) {
		switch {
		case tag == "zh" || tag == "yue":
			t.Language = "zh"
		case tag == "en" || tag == "ja" || tag == "ko":
			t.Language = tag
		case emotions[tag] != "":
			t.Emotion = emotions[tag]
		case noSpeech[tag]:
			t.NoSpeech = 0.7
		case tag == "nospeech":
			t.NoSpeech = 0.95
		}
	}
	if t.Language == "" && strings.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		t.Language = "zh"
	}
	if m.simplified != nil && t.Language != "ja" {
		text = strings.Map(func(r rune) rune {
			if s, ok := m.simplified[r]; ok {
				return s
			}
			return r
		}, text)
	}
	var looped bool
	t.Text, looped = asr.CutLoop(strings.TrimSpace(text))
	if n := len(r.YsLogProbs); n > 0 {
		for _, p := range r.YsLogProbs {
			t.LogProb += min(float64(p), 0) / float64(n)
		}
	}
	t.Confidence = confidence(t, sound)
	if looped {
		t.Confidence *= 0.5
	}
	return t
}

// confidence of models that tell no probability goes by what is plausible: a text
// as long as the sound allows. Those that tell one are judged by it.
func confidence(t asr.Transcript, sound time.Duration) float64 {
	n := utf8.RuneCountInString(t.Text)
	if n == 0 {
		return 0
	}
	c := 0.8
	if t.LogProb < 0 {
		c = math.Exp(t.LogProb)
	}
	perSecond := float64(n) / max(sound.Seconds(), 0.3)
	if perSecond > 25 || perSecond < 0.4 {
		c *= 0.5
	}
	return c * (1 - t.NoSpeech*t.NoSpeech)
}

// SenseVoice's names for what it heard beside the words.
var (
	emotions = map[string]string{
		"happy": "happy", "sad": "sad", "angry": "angry", "neutral": "neutral",
		"fearful": "fearful", "disgusted": "disgusted", "surprised": "surprised",
	}
	noSpeech = map[string]bool{"bgm": true, "applause": true, "laughter": true, "cry": true, "sneeze": true, "breath": true, "cough": true}
)

// tagName is the name in "<|NAME|>", in lower case.
func tagName(s string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<|"), "|>"))
}

// splitTags takes the tags "<|…|>" out of text.
func splitTags(text string) (plain string, tags []string) {
	for {
		before, rest, ok := strings.Cut(text, "<|")
		tag, after, closed := strings.Cut(rest, "|>")
		if !ok || !closed {
			return plain + text, tags
		}
		plain += before
		tags = append(tags, strings.ToLower(tag))
		text = after
	}
}

// bytesOfPrivate undoes what the conversion of Whisper's vocabulary had to do: a
// byte that is only a part of a character stands there as U+E000+byte, because
// sherpa-onnx drops what is no whole character.
func bytesOfPrivate(s string) string {
	if strings.IndexFunc(s, isPrivate) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if isPrivate(r) {
			b = append(b, byte(r-0xE000))
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return strings.ToValidUTF8(string(b), "")
}

func isPrivate(r rune) bool { return r >= 0xE000 && r <= 0xE0FF }

// readSimplified reads lines of "TRADITIONAL SIMPLIFIED"; without the file
// characters stay as they are.
func readSimplified(path string) (map[rune]rune, error) {
	b, err := os.ReadFile(path) //nolint:gosec // a model of the operator's
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the table of simplified characters: %w", err)
	}
	m := map[rune]rune{}
	for line := range strings.Lines(string(b)) {
		from, to, ok := strings.Cut(strings.TrimSpace(line), " ")
		f, n := utf8.DecodeRuneInString(from)
		t, k := utf8.DecodeRuneInString(to)
		if ok && n == len(from) && k == len(to) {
			m[f] = t
		}
	}
	return m, nil
}
