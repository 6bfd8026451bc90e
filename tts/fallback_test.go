package tts_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/ttstest"
)

// hum is an engine that yields 100 and 1,000 Hz for a second.
type hum struct{}

func (hum) Synthesize(ctx context.Context, _ tts.Utterance, dst media.Writer) error {
	out := tts.NewFrames(dst, dst.Rate())
	if err := out.Write(ctx, dsp.Sine(dst.Rate(), -23, time.Second, 100, 1000)); err != nil {
		return err
	}
	return out.Flush(ctx)
}

func TestFallbackKeepsTheContract(t *testing.T) {
	ttstest.Run(t, &tts.Fallback{Of: []tts.Named{{Name: "broken", Synthesizer: &ttstest.Tone{Err: errors.New("no model")}}, {Name: "works", Synthesizer: &ttstest.Tone{}}}}, ttstest.Options{Text: "abcdefghijklmnop", Language: "en"})
}

func TestFallbackRestsAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &ttstest.Tone{Err: errors.New("down")}, &ttstest.Tone{}
		f := &tts.Fallback{Of: []tts.Named{{Name: "a", Synthesizer: first}, {Name: "b", Synthesizer: second}}}
		say := func() {
			require.NoError(t, f.Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000}))
		}
		for range 5 {
			say()
		}
		require.Len(t, first.Texts(), 2, "left alone after two failures")
		require.Len(t, second.Texts(), 5)
		first.Err = nil
		time.Sleep(6 * time.Second)
		say()
		say()
		require.Len(t, first.Texts(), 4, "asked again later")
		require.Len(t, second.Texts(), 5)
	})
}

func TestFallbackDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := &ttstest.Tone{Begin: func(ctx context.Context, _ tts.Utterance) { <-ctx.Done() }}
		works := &ttstest.Tone{}
		f := &tts.Fallback{Of: []tts.Named{{Name: "stuck", Synthesizer: stuck}, {Name: "works", Synthesizer: works}}, FirstFrame: 2 * time.Second}
		start := time.Now()
		require.NoError(t, f.Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000}))
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestHalfASentenceIsNotBegunAgain(t *testing.T) {
	broken := errors.New("crashed")
	f := &tts.Fallback{Of: []tts.Named{{Name: "a", Synthesizer: half{broken}}, {Name: "b", Synthesizer: &ttstest.Tone{}}}}
	w := &ttstest.Writer{Hz: 8000}
	require.ErrorIs(t, f.Synthesize(t.Context(), tts.Utterance{Text: "x"}, w), broken)
	require.Equal(t, 1, w.Frames())
	f = &tts.Fallback{Of: []tts.Named{{Name: "a", Synthesizer: &ttstest.Tone{Err: broken}}}}
	err := f.Synthesize(t.Context(), tts.Utterance{Text: "x"}, w)
	require.ErrorIs(t, err, tts.ErrNoVoice)
	require.ErrorIs(t, err, broken)
}

type half struct{ err error }

func (h half) Synthesize(_ context.Context, _ tts.Utterance, dst media.Writer) error {
	if err := dst.WriteFrame(make(media.Frame, dst.Rate()/50)); err != nil {
		return err
	}
	return h.err
}

func TestSharedServersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := slow(time.Second), slow(time.Second)
		f := &tts.Fallback{Share: true, Of: []tts.Named{{Name: "a", Synthesizer: a}, {Name: "b", Synthesizer: b}}}
		done := make(chan error)
		for range 4 {
			go func() { done <- f.Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000}) }()
			synctest.Wait()
		}
		for range 4 {
			require.NoError(t, <-done)
		}
		require.Len(t, a.Texts(), 2)
		require.Len(t, b.Texts(), 2)
	})
}

func TestRouterAndDefaultVoice(t *testing.T) {
	zh, en := &ttstest.Tone{}, &ttstest.Tone{}
	s := tts.Voiced{Voices: map[string]string{"zh": "kokoro/zf", "en": "piper/joe"}, Next: tts.Router{"kokoro": zh, "piper": en}}
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(t, s.Synthesize(t.Context(), tts.Utterance{Text: "a", Language: "zh-CN"}, w))
	require.NoError(t, s.Synthesize(t.Context(), tts.Utterance{Text: "b", Language: "en-GB"}, w))
	require.NoError(t, s.Synthesize(t.Context(), tts.Utterance{Text: "c", Language: "en", Voice: "kokoro/af"}, w))
	require.Equal(t, []string{"a", "c"}, zh.Texts())
	require.Equal(t, []string{"b"}, en.Texts())
	require.ErrorIs(t, s.Synthesize(t.Context(), tts.Utterance{Text: "d", Language: "fr"}, w), tts.ErrNoEngine)
}

func TestWhatIsReadyIsSpokenAlthoughItsEngineRests(t *testing.T) {
	down := &rendered{has: map[string]bool{"greeting": true}}
	last := &ttstest.Tone{}
	f := &tts.Fallback{Of: []tts.Named{{Name: "cache over a dead worker", Synthesizer: down}, {Name: "last", Synthesizer: last}}}
	down.Err = errors.New("down")
	for range 3 {
		require.NoError(t, f.Synthesize(t.Context(), tts.Utterance{Text: "new"}, &ttstest.Writer{Hz: 8000}))
	}
	down.Err = nil
	require.True(t, f.Ready(tts.Utterance{Text: "greeting"}))
	require.NoError(t, f.Synthesize(t.Context(), tts.Utterance{Text: "greeting"}, &ttstest.Writer{Hz: 8000}))
	require.NotContains(t, last.Texts(), "greeting")
}
