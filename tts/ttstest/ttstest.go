// Package ttstest is the contract that every tts.Synthesizer keeps, as tests.
package ttstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
)

// Options of Run.
type Options struct {
	Text     string // a sentence of some seconds that the voice can say
	Language string // default "en"
	Voice    string
	Slow     bool // the engine computes for seconds: the longest texts are left out
}

// Writer collects frames and watches how they are given.
type Writer struct {
	Hz   int
	Fail error // returned from frame FailAt on
	At   int   // the frame that fails, or at which Do is called
	Do   func()

	mu      sync.Mutex
	samples []int16
	frames  int
	wrong   int // frames of another length
	closed  bool
	late    int // frames after Close
	First   time.Time
}

// Rate implements media.Writer.
func (w *Writer) Rate() int { return w.Hz }

// WriteFrame implements media.Writer. It scribbles over the frame of a writer
// that keeps its own: nobody may rely on what it holds afterwards.
func (w *Writer) WriteFrame(f media.Frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		w.late++
	}
	if len(f) != w.Hz/50 {
		w.wrong++
	}
	if w.frames == 0 {
		w.First = time.Now()
	}
	if w.frames >= w.At {
		if w.Do != nil {
			w.Do()
			w.Do = nil
		}
		if w.Fail != nil {
			w.frames++
			return w.Fail
		}
	}
	w.frames++
	w.samples = append(w.samples, f...)
	return nil
}

// Close marks the moment behind which no frame may come.
func (w *Writer) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// Samples are what was spoken.
func (w *Writer) Samples() []int16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples
}

// Frames is the number of frames given, refused ones too.
func (w *Writer) Frames() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frames
}

func (w *Writer) check(tb testing.TB) {
	tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	assert.Zero(tb, w.wrong, "frames of another length than 20 ms")
	assert.Zero(tb, w.late, "frames after Synthesize had returned")
}

// speak runs one utterance with a limit far beyond what it may take.
func speak(tb testing.TB, s tts.Synthesizer, ctx context.Context, u tts.Utterance, w *Writer) error { //nolint:revive // a test helper's order
	tb.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("the synthesizer hangs"))
	defer cancel()
	err := s.Synthesize(ctx, u, w)
	w.Close()
	return err
}

// Run runs the contract against s.
func Run(t *testing.T, s tts.Synthesizer, o Options) {
	t.Helper()
	if o.Language == "" {
		o.Language = "en"
	}
	say := func(text string) tts.Utterance {
		return tts.Utterance{Text: text, Language: o.Language, Voice: o.Voice}
	}

	for _, rate := range []int{8000, 16000} {
		w := &Writer{Hz: rate}
		require.NoError(t, speak(t, s, t.Context(), say(o.Text), w))
		w.check(t)
		assert.Greater(t, w.Frames(), 25, "%q should last longer than half a second", o.Text)
		assert.Greater(t, dsp.ActiveLevelDB(w.Samples(), rate), -45.0, "nothing is heard at %d Hz", rate)
	}

	t.Run("cancelled at a frame", func(t *testing.T) {
		cause := errors.New("the caller spoke")
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &Writer{Hz: 8000, At: 5, Do: func() { cancel(cause) }}
		err := speak(t, s, ctx, say(o.Text), w)
		require.ErrorIs(t, err, cause)
		w.check(t)
		assert.LessOrEqual(t, w.Frames(), 5+3, "it goes on after the cancellation")
	})
	t.Run("cancelled before", func(t *testing.T) {
		cause := errors.New("hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		w := &Writer{Hz: 8000}
		require.ErrorIs(t, speak(t, s, ctx, say(o.Text), w), cause)
		assert.Zero(t, w.Frames())
	})
	t.Run("refused by the writer", func(t *testing.T) {
		full := errors.New("flushed")
		w := &Writer{Hz: 8000, At: 3, Fail: full}
		require.ErrorIs(t, speak(t, s, t.Context(), say(o.Text), w), full)
		w.check(t)
		assert.Equal(t, 4, w.Frames(), "it goes on after the writer's error")
	})
	t.Run("nothing to say", func(t *testing.T) {
		for _, text := range []string{"", " ", "\n\t", "😀👍🏽❤️", "。。。", "…", "\xff\xfe", "\u200b"} {
			w := &Writer{Hz: 8000}
			require.NoError(t, speak(t, s, t.Context(), say(text), w), "%q", text)
			w.check(t)
			if len(w.Samples()) > 0 {
				assert.Less(t, w.Frames(), 150, "%q is spoken for more than three seconds", text)
			}
		}
	})
	t.Run("very long", func(t *testing.T) {
		if o.Slow {
			t.Skip("the engine is too slow for it in a test")
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &Writer{Hz: 8000, At: 100, Do: func() { cancel(cause) }}
		require.ErrorIs(t, speak(t, s, ctx, say(strings.Repeat(o.Text+" ", 300)), w), cause)
		w.check(t)
	})
	t.Run("several at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				w := &Writer{Hz: 8000}
				err := speak(t, s, t.Context(), say(o.Text), w)
				assert.NoError(t, err) //nolint:testifylint // not in the test's goroutine
				w.check(t)
				assert.Greater(t, w.Frames(), 25)
			})
		}
		wg.Wait()
	})
}

// Tone is a synthesizer without a voice: a tone of 60 ms for each character, its
// pitch by the character, so that tests can tell what was spoken. It stands for an
// engine in tests of what is wrapped around engines.
type Tone struct {
	mu    sync.Mutex
	Said  []string                             // what was asked for, in order
	Err   error                                // returned before the first frame
	Begin func(context.Context, tts.Utterance) // called before the first frame
	Frame func(tts.Utterance, int)             // called before each frame
	Level float64                              // dBov; default -20
	Lead  int                                  // frames of silence around
}

// Texts are what was asked for so far.
func (s *Tone) Texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.Said...)
}

// Pitch is the tone of a character, Hz.
func Pitch(r rune) float64 { return 400 + float64(r%26)*60 }

// Synthesize implements tts.Synthesizer.
func (s *Tone) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	s.Said = append(s.Said, u.Text)
	s.mu.Unlock()
	if s.Begin != nil {
		s.Begin(ctx, u)
	}
	if s.Err != nil {
		return s.Err
	}
	level := s.Level
	if level == 0 {
		level = -20
	}
	out := tts.NewFrames(dst, 16000)
	silence := make([]int16, 320*s.Lead)
	if err := out.Write(ctx, silence); err != nil {
		return err
	}
	n := 0
	for _, r := range strings.ToValidUTF8(u.Text, "") {
		if strings.TrimSpace(string(r)) == "" || r > 0x2000 && r < 0x3040 || r > 0x1f000 || r == '\u200b' {
			continue
		}
		tone := dsp.NewTone(16000, level, Pitch(r))
		for range 3 {
			if s.Frame != nil {
				s.Frame(u, n)
			}
			n++
			f := make([]int16, 320)
			tone.Fill(f)
			if err := out.Write(ctx, f); err != nil {
				return err
			}
		}
	}
	if err := out.Write(ctx, silence); err != nil {
		return err
	}
	return out.Flush(ctx)
}
