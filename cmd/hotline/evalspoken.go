package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/internal/acceptance"
	"hotline/internal/config"
	"hotline/media/dsp"
	"hotline/media/wav"
	"hotline/tts"
	"hotline/tts/spoken"
)

// mouth is a caller who speaks over a telephone line, and the ears at its other end.
// What is between the two is as in a call, but for the time that decoding takes: the
// line waits for it.
type mouth struct {
	cfg      config.Config
	language string
	voices   []string
	dir      string // "" keeps nothing
	reading  *reading
	open     map[string]tts.Synthesizer // by model
	closers  []func()
	heard    *heardBefore
}

// newMouth makes a caller; heard is a file of what was heard before, "" for none.
func newMouth(ctx context.Context, c config.Config, language string, voices []string, dir, heard string) (*mouth, func(), error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, nil, err
		}
	}
	r, closeReading, err := newReading(ctx, c, language)
	if err != nil {
		return nil, nil, err
	}
	m := &mouth{cfg: c, language: language, voices: voices, dir: dir, reading: r, open: map[string]tts.Synthesizer{}, closers: []func(){closeReading}}
	if m.heard, err = openHeard(heard); err != nil {
		closeReading()
		return nil, nil, err
	}
	return m, func() {
		for _, f := range m.closers {
			f()
		}
	}, nil
}

// voice is the one that says a text: always the same for the same text.
func (m *mouth) voice(text string) string {
	sum := sha256.Sum256([]byte(text))
	return m.voices[binary.BigEndian.Uint32(sum[:])%uint32(len(m.voices))]
}

// speak is a text in a voice, from the folder where it was made before.
func (m *mouth) speak(ctx context.Context, voice, text string) (wav.Audio, error) {
	sum := sha256.Sum256([]byte(voice + "\x00" + text))
	path := filepath.Join(m.dir, hex.EncodeToString(sum[:12])+".wav")
	if m.dir != "" {
		a, err := wav.ReadFile(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
	}
	id, _, _ := strings.Cut(voice, "/")
	if m.open[id] == nil {
		synth, closeIt, err := localVoice(ctx, m.cfg, voice, m.language)
		if err != nil {
			return wav.Audio{}, err
		}
		m.open[id], m.closers = synth, append(m.closers, closeIt)
	}
	x, err := speakAll(ctx, &tts.Split{Normalize: spoken.Normalize, Next: m.open[id]}, tts.Utterance{Text: text, Voice: voice, Language: m.language}, tts.PackRate)
	if err != nil {
		return wav.Audio{}, fmt.Errorf("speaking %q: %w", text, err)
	}
	a := wav.Audio{Rate: tts.PackRate, Channels: [][]int16{x}}
	if m.dir == "" {
		return a, nil
	}
	if err := wav.WriteFile(path+".part", a); err != nil {
		return a, err
	}
	return a, os.Rename(path+".part", path)
}

// onLine is sound as it arrives over a telephone line: its band, a level and a noise
// that go by seed, µ-law. slowly plays it so many times as slow.
func onLine(a wav.Audio, seed string, slowly float64) []int16 {
	sum := sha256.Sum256([]byte(seed))
	r := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), 1))
	const loud, spread, hiss, hisses = -18.0, 12.0, -62.0, 14.0 // dBov
	x := dsp.Resample(a.Mono(), int(math.Round(float64(a.Rate)/slowly)), lineRate)
	dsp.NewTelephoneBand(lineRate).Process(x)
	x = dsp.Normalize(x, lineRate, loud-spread*r.Float64())
	before, behind := lineRate/2, 4*lineRate // the bot has ended; the caller waits
	line := make([]int16, before+len(x)+behind)
	copy(line[before:], x)
	level := 32768 * math.Sqrt(2) * dsp.Gain(hiss+hisses*r.Float64())
	last := 0.0
	for i, v := range line {
		last = 0.6*last + 0.4*r.NormFloat64() // more of it below, as on lines
		line[i] = int16(max(-32768, min(32767, math.Round(float64(v)+level*last))))
	}
	return throughULaw(line)
}

// tell says a text to the bot and gives its last reply: a sentence that was taken for two
// gets two.
func (m *mouth) tell(ctx context.Context, conv *acceptance.Conversation, voice, text string, slowly float64, now time.Time) (acceptance.Reply, error) {
	turns, err := m.hear(ctx, conv, voice, text, slowly)
	if err != nil {
		return acceptance.Reply{}, fmt.Errorf("hearing %q: %w", text, err)
	}
	if len(turns) == 0 {
		turns = append(turns, dialog.Turn{Kind: dialog.Silent})
	}
	var r acceptance.Reply
	var heard []string
	for i, t := range turns {
		t.At = now
		if i > 0 { // it spoke on before it had the reply's first word
			t.Interrupted = &dialog.Interruption{Unheard: conv.Last()}
		}
		if r, err = conv.Take(ctx, t); err != nil {
			return r, err
		}
		heard = append(heard, t.Text)
	}
	r.Heard = strings.Join(heard, " / ")
	return r, nil
}

// hear is what arrives of a text that is spoken, as a call would have it.
func (m *mouth) hear(ctx context.Context, conv *acceptance.Conversation, voice, text string, slowly float64) ([]dialog.Turn, error) {
	key := fmt.Sprintf("%s %g %s", voice, slowly, text)
	if turns, ok := m.heard.find(key); ok {
		return turns, nil
	}
	a, err := m.speak(ctx, voice, text)
	if err != nil {
		return nil, err
	}
	o := asr.Options{Call: "question", Language: m.language, Unpaced: true, DecodeTimeout: time.Minute}
	if l, ok := conv.Conversation.(dialog.Listener); ok {
		o.Vocabulary, o.Patience, o.Suggest = l.Vocabulary(), l.Patience, l.Suggest
	}
	if x, ok := conv.Conversation.(dialog.Expecter); ok {
		o.Expect = x.Expect
	}
	if x, ok := conv.Conversation.(dialog.Polyglot); ok {
		o.Languages = x.Languages
	}
	l, err := asr.NewListener(asr.ListenerConfig{Options: o, Detector: m.reading.detector, Decoder: m.reading.decoder})
	if err != nil {
		return nil, err
	}
	var turns []dialog.Turn
	var fault error
	err = l.Recognize(ctx, &tape{rate: lineRate, samples: onLine(a, key, slowly)}, func(x asr.Result) {
		switch {
		case x.Kind == asr.Fault:
			fault = x.Err
		case x.Kind != asr.Final:
		case x.Text == "" && x.Noise:
		case x.Text == "":
			turns = append(turns, dialog.Turn{Kind: dialog.Unheard})
		default:
			turns = append(turns, dialog.Turn{
				Kind: dialog.Spoke, Text: x.Text, Alternatives: x.Alternatives, Language: x.Language, Confidence: x.Confidence, Mood: x.Emotion,
				Prosody: dialog.Prosody{
					LevelDB: x.Prosody.LevelDB, PitchHz: x.Prosody.PitchHz, PitchVar: x.Prosody.PitchVar,
					Rate: x.Prosody.Rate, VoicedFor: x.Prosody.VoicedFor,
				},
			})
		}
	})
	if err := cmp.Or(err, fault); err != nil {
		return nil, err
	}
	return turns, m.heard.keep(key, turns)
}

// heardBefore is a file of what was heard, a line of JSON for each sentence in a voice, so
// that a change of the dialogue is measured without decoding anew.
type heardBefore struct {
	path string
	of   map[string][]dialog.Turn
}

type heardLine struct {
	Said  string        `json:"said"`
	Turns []dialog.Turn `json:"turns"`
}

func openHeard(path string) (*heardBefore, error) {
	h := &heardBefore{path: path, of: map[string][]dialog.Turn{}}
	if path == "" {
		return h, nil
	}
	b, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	} else if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		var l heardLine
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return h, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		h.of[l.Said] = l.Turns
	}
}

func (h *heardBefore) find(key string) ([]dialog.Turn, bool) {
	turns, ok := h.of[key]
	return slices.Clone(turns), ok
}

func (h *heardBefore) keep(key string, turns []dialog.Turn) (err error) {
	h.of[key] = turns
	if h.path == "" {
		return nil
	}
	f, err := os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return json.NewEncoder(f).Encode(heardLine{key, turns})
}
