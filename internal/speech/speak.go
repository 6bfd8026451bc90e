package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"hotline/media"
	"hotline/media/opus"
	"hotline/media/wav"
	"hotline/tts"
	"hotline/tts/sherpa"
)

// utterance is a request for sound.
type utterance struct {
	Model    string  `json:"model"`
	Input    string  `json:"input"`
	Voice    string  `json:"voice"`
	Format   string  `json:"response_format"` // pcm, wav, opus
	Speed    float64 `json:"speed"`
	Stream   string  `json:"stream_format"` // "audio" or nothing
	Language string  `json:"language"`      // ours; else it is guessed from the letters
}

// OpenAI's own voices, which its clients name when nobody chose: our default.
var openaiVoices = []string{"alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"}

func (u *utterance) check() error {
	switch u.Format {
	case "":
		u.Format = "wav"
	case "pcm", "wav", "opus":
	default:
		return bad("the response_format %q is not known here: pcm, wav or opus", u.Format)
	}
	if u.Stream != "" && u.Stream != "audio" {
		return bad("the stream_format %q is not known here: audio", u.Stream)
	}
	if strings.TrimSpace(u.Input) == "" {
		return bad("the input is empty")
	}
	if n := utf8.RuneCountInString(u.Input); n > maxText {
		return bad("the input has %d characters, %d are allowed", n, maxText)
	}
	if u.Speed != 0 && (u.Speed < 0.25 || u.Speed > 4) {
		return bad("the speed must be 0.25 to 4")
	}
	for _, v := range openaiVoices {
		if u.Voice == v {
			u.Voice = ""
		}
	}
	if u.Language == "" {
		u.Language = guessLanguage(u.Input)
	}
	return nil
}

// name takes model and speaker from the voice: "kokoro-v1.0/zf_xiaobei" names both,
// "piper-en-us-joe", where such a model is installed, the model alone.
func (u *utterance) name(installed func(id string) bool) {
	voice := strings.TrimPrefix(u.Voice, "tts/")
	if model, speaker, ok := strings.Cut(voice, "/"); ok {
		u.Model, u.Voice = model, speaker
	} else if voice != "" && installed("tts/"+voice) {
		u.Model, u.Voice = voice, ""
	}
}

// guessLanguage is "zh" where Chinese characters stand in the text.
func guessLanguage(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "zh"
	}
	return "en"
}

func (s *Server) speak(w http.ResponseWriter, r *http.Request) {
	var u utterance
	err := readJSON(w, r, &u)
	if err == nil {
		err = u.check()
	}
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), speakTime, fmt.Errorf("speaking took longer than %v: %w", speakTime, context.DeadlineExceeded))
	defer cancel()
	u.name(func(id string) bool {
		_, ok := s.cfg.Models.Find(id)
		return ok
	})
	id, err := s.tts.choose(u.Model, u.Language)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	engine, err := s.tts.soon(ctx, id, s.cfg.Patience)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	leave, _, err := s.speaks.enter(ctx)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	body := newSoundWriter(w, u.Format)
	sound := newSound(aheadFrames)
	var making sync.WaitGroup
	making.Go(func() {
		defer leave() // the place is for the computing, not for a client that listens slowly
		voice := u.Voice
		if voice != "" {
			voice = path.Base(id) + "/" + voice
		}
		sound.end(synthesize(ctx, engine, tts.Utterance{Text: u.Input, Voice: voice, Language: u.Language, Rate: u.Speed}, sound))
	})
	err = body.copy(ctx, sound)
	sound.stop(errors.New("the client has gone"))
	cancel()
	making.Wait()
	if err == nil {
		return
	}
	if !body.begun {
		if errors.Is(err, sherpa.ErrVoice) {
			err = badRequestError{err}
		}
		s.answerError(w, r, err)
		return
	}
	if r.Context().Err() == nil {
		s.log.Warn("speaking broke off", "model", id, "error", err)
	}
	panic(http.ErrAbortHandler) // the only way to tell a client that a stream is cut short
}

// synthesize turns a panic of the engine into an error: it runs beside the
// handler, where the guard would not see it.
func synthesize(ctx context.Context, engine tts.Synthesizer, u tts.Utterance, dst media.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("speaking: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return engine.Synthesize(ctx, u, dst)
}

// sound is what was made and not yet sent: a media.Writer on one side.
type sound struct {
	limit int // samples that may wait

	mu      sync.Mutex // guards all below
	changed *sync.Cond
	samples []int16
	ended   bool
	err     error
}

func newSound(frames int) *sound {
	s := &sound{limit: frames * soundRate / 50}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Rate is OpenAI's for PCM.
func (*sound) Rate() int { return soundRate }

// WriteFrame waits while too much waits already.
func (s *sound) WriteFrame(f media.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.samples) >= s.limit && !s.ended {
		s.changed.Wait()
	}
	if s.ended {
		return s.err
	}
	s.samples = append(s.samples, f...)
	s.changed.Broadcast()
	return nil
}

// end says that no more comes, because of err or because all is there.
func (s *sound) end(err error) { s.stop(err) }

func (s *sound) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.err = true, err
		s.changed.Broadcast()
	}
}

// take moves all that is there to x, waiting for some; more is false behind the
// last.
func (s *sound) take(x []int16) (_ []int16, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.samples) == 0 && !s.ended {
		s.changed.Wait()
	}
	x = append(x, s.samples...)
	s.samples = s.samples[:0]
	s.changed.Broadcast()
	if len(x) > 0 {
		return x, true, nil
	}
	return x, false, s.err
}

// soundWriter writes samples to a client in its format.
type soundWriter struct {
	w     http.ResponseWriter
	ctrl  *http.ResponseController
	kind  string // content type
	begun bool

	header []byte
	encode func(b []byte, x []int16, last bool) ([]byte, error)
}

func newSoundWriter(w http.ResponseWriter, format string) *soundWriter {
	sw := &soundWriter{w: w, ctrl: http.NewResponseController(w), encode: pcm}
	switch format {
	case "pcm":
		sw.kind = fmt.Sprintf("audio/pcm;rate=%d;channels=1", soundRate)
	case "wav":
		h := wav.Header(soundRate, 1, math.MaxUint32) // of unknown length, as a stream has it
		sw.kind, sw.header = "audio/wav", h[:]
	case "opus":
		sw.kind, sw.encode = "audio/ogg; codecs=opus", new(oggOpus).encode
	}
	return sw
}

func pcm(b []byte, x []int16, _ bool) ([]byte, error) {
	for _, s := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b, nil
}

// oggOpus makes an Ogg Opus file, which is sent when all the sound is there.
type oggOpus struct{ samples []int16 }

func (o *oggOpus) encode(b []byte, x []int16, last bool) ([]byte, error) {
	o.samples = append(o.samples, x...)
	if !last {
		return b, nil
	}
	out := bytes.NewBuffer(b)
	err := opus.Write(out, o.samples, soundRate, opus.Options{})
	return out.Bytes(), err
}

// copy sends what the sound yields, each piece at once, until its end.
func (sw *soundWriter) copy(ctx context.Context, s *sound) error {
	defer context.AfterFunc(ctx, func() { s.stop(context.Cause(ctx)) })()
	var x []int16
	var b []byte
	for {
		var more bool
		var err error
		x, more, err = s.take(x[:0])
		if err != nil {
			return err
		}
		if b, err = sw.encode(b[:0], x, !more); err != nil {
			return fmt.Errorf("encoding: %w", err)
		}
		if len(b) > 0 || !more {
			if err := sw.write(b); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

func (sw *soundWriter) write(b []byte) error {
	_ = sw.ctrl.SetWriteDeadline(time.Now().Add(writeTime))
	if !sw.begun {
		sw.begun = true
		sw.w.Header().Set("Content-Type", sw.kind)
		if len(sw.header) > 0 {
			if _, err := sw.w.Write(sw.header); err != nil {
				return err
			}
		}
	}
	if len(b) == 0 {
		return nil
	}
	if _, err := sw.w.Write(b); err != nil {
		return err
	}
	return sw.ctrl.Flush()
}
