package tts_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/ttstest"
)

func openCache(tb testing.TB, next tts.Synthesizer, cfg tts.CacheConfig) *tts.Cache {
	tb.Helper()
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	c, err := tts.NewCache(next, cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

func TestCacheKeepsTheContract(t *testing.T) {
	ttstest.Run(t, openCache(t, &ttstest.Tone{}, tts.CacheConfig{}), ttstest.Options{Text: "abcdefghijklmnop", Language: "en"})
}

func TestCachedSpeechIsTheSameSound(t *testing.T) {
	tone := &ttstest.Tone{}
	dir := t.TempDir()
	c := openCache(t, tone, tts.CacheConfig{Dir: dir})
	u := tts.Utterance{Text: "abcdefgh", Voice: "v", Language: "en"}
	require.False(t, c.Ready(u))
	first, second := &ttstest.Writer{Hz: 8000}, &ttstest.Writer{Hz: 8000}
	require.NoError(t, c.Synthesize(t.Context(), u, first))
	require.NoError(t, c.Close())
	require.True(t, c.Ready(u))
	again := openCache(t, tone, tts.CacheConfig{Dir: dir}) // after a restart
	require.True(t, again.Ready(u))
	require.NoError(t, again.Synthesize(t.Context(), u, second))
	require.Len(t, tone.Texts(), 1, "made twice")
	require.Equal(t, first.Frames(), second.Frames())
	x := second.Samples()
	for i, r := range u.Text { // each character's tone is where it was
		piece := x[8*(i*60+10) : 8*(i*60+50)]
		require.Greater(t, dsp.Goertzel(piece, 8000, ttstest.Pitch(r)), -28.0, "character %c", r)
	}
	require.Equal(t, tts.CacheStats{Hits: 1, Files: 1, Bytes: again.Stats().Bytes}, again.Stats())
}

func TestWhatSoundsDifferentIsKeptApart(t *testing.T) {
	base := tts.Utterance{Text: "好的", Voice: "v", Language: "zh"}
	for _, other := range []tts.Utterance{
		{Text: "好吧", Voice: "v", Language: "zh"},
		{Text: "好的", Voice: "w", Language: "zh"},
		{Text: "好的", Voice: "v", Language: "en"},
		{Text: "好的", Voice: "v", Language: "zh", Style: "calm"},
		{Text: "好的", Voice: "v", Language: "zh", Rate: 0.8},
		{Text: "好的？", Voice: "v", Language: "zh"},
	} {
		require.NotEqual(t, tts.Key(base), tts.Key(other), "%+v", other)
	}
	for _, same := range []tts.Utterance{{Text: " 好的。", Voice: "v", Language: "zh"}, {Text: "好的", Voice: "v", Language: "zh-CN", Rate: 1}} {
		require.Equal(t, tts.Key(base), tts.Key(same), "%+v", same)
	}
}

func TestTwoCallsShareOneSynthesis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tone := slow(time.Second)
		c := openCache(t, tone, tts.CacheConfig{})
		u := tts.Utterance{Text: "abcdefghij"}
		var wg sync.WaitGroup
		var frames [4]int
		for i := range frames {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 300 * time.Millisecond)
				w := &paced{Writer: ttstest.Writer{Hz: 8000}}
				if err := c.Synthesize(t.Context(), u, w); err != nil {
					t.Error(err)
				}
				frames[i] = w.Frames()
			})
		}
		wg.Wait()
		require.Len(t, tone.Texts(), 1)
		require.Equal(t, [4]int{30, 30, 30, 30}, frames)
	})
}

func TestOneLeavesTheOtherGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tone := slow(time.Second)
		c := openCache(t, tone, tts.CacheConfig{})
		u := tts.Utterance{Text: "abcdefghij"}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := c.Synthesize(ctx, u, &ttstest.Writer{Hz: 8000}); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		w := &ttstest.Writer{Hz: 8000}
		wg.Go(func() {
			if err := c.Synthesize(t.Context(), u, w); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		require.Equal(t, 30, w.Frames())
		require.Len(t, tone.Texts(), 1)
	})
}

func TestCancelledSynthesisIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tone := &ttstest.Tone{}
		c := openCache(t, tone, tts.CacheConfig{})
		u := tts.Utterance{Text: "abcdefghij"}
		ctx, cancel := context.WithCancel(t.Context())
		tone.Frame = func(_ tts.Utterance, n int) {
			if n == 10 {
				cancel()
				time.Sleep(time.Second)
			}
		}
		require.ErrorIs(t, c.Synthesize(ctx, u, &ttstest.Writer{Hz: 8000}), context.Canceled)
		require.False(t, c.Ready(u))
		tone.Frame = nil
		w := &ttstest.Writer{Hz: 8000}
		require.NoError(t, c.Synthesize(t.Context(), u, w))
		require.Equal(t, 30, w.Frames())
	})
}

func TestDamagedFileIsMadeAgain(t *testing.T) {
	tone := &ttstest.Tone{}
	dir := t.TempDir()
	c := openCache(t, tone, tts.CacheConfig{Dir: dir})
	u := tts.Utterance{Text: "abcdefghij"}
	require.NoError(t, c.Synthesize(t.Context(), u, &ttstest.Writer{Hz: 8000}))
	require.NoError(t, c.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.opus"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{"cut off": b[:len(b)/2], "empty": nil, "a bit turned": append(append([]byte{}, b[:200]...), append([]byte{b[200] ^ 1}, b[201:]...)...)} {
		require.NoError(t, os.WriteFile(files[0], damaged, 0o600))
		before := len(tone.Texts())
		w := &ttstest.Writer{Hz: 8000}
		require.NoError(t, c.Synthesize(t.Context(), u, w), name)
		require.Equal(t, 30, w.Frames(), name)
		require.Len(t, tone.Texts(), before+1, name)
		require.NoError(t, c.Close())
	}
	require.NoError(t, os.Remove(files[0]))
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(t, c.Synthesize(t.Context(), u, w), "removed by somebody")
	require.Equal(t, 30, w.Frames())
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	c := openCache(t, &ttstest.Tone{}, tts.CacheConfig{MaxBytes: 20000})
	say := func(r rune) tts.Utterance { return tts.Utterance{Text: strings.Repeat(string(r), 20)} }
	for i := range 30 {
		require.NoError(t, c.Synthesize(t.Context(), say('a'+rune(i)), &ttstest.Writer{Hz: 8000}))
		require.NoError(t, c.Synthesize(t.Context(), say('a'), &ttstest.Writer{Hz: 8000})) // asked for all the time
		require.NoError(t, c.Close())
		require.LessOrEqual(t, c.Stats().Bytes, int64(20000))
	}
	require.Less(t, c.Stats().Files, 20)
	require.True(t, c.Ready(say('a')), "what is used stays")
	require.False(t, c.Ready(say('b')), "what is not used goes")
}

func TestFailureReachesEveryListenerAndIsNotKept(t *testing.T) {
	broken := errors.New("engine gone")
	tone := &ttstest.Tone{Err: broken}
	c := openCache(t, tone, tts.CacheConfig{})
	require.ErrorIs(t, c.Synthesize(t.Context(), tts.Utterance{Text: "abc"}, &ttstest.Writer{Hz: 8000}), broken)
	tone.Err = nil
	require.NoError(t, c.Synthesize(t.Context(), tts.Utterance{Text: "abc"}, &ttstest.Writer{Hz: 8000}))
}

func TestKeepDecidesWhatStays(t *testing.T) {
	tone := &ttstest.Tone{}
	c := openCache(t, tone, tts.CacheConfig{Keep: func(u tts.Utterance) bool { return u.Text != "secret" }})
	for range 2 {
		for _, text := range []string{"secret", "public"} {
			require.NoError(t, c.Synthesize(t.Context(), tts.Utterance{Text: text}, &ttstest.Writer{Hz: 8000}))
			require.NoError(t, c.Close())
		}
	}
	require.Equal(t, []string{"secret", "public", "secret"}, tone.Texts())
}

func TestPanickingEngineEndsNothingElse(t *testing.T) {
	tone := &ttstest.Tone{Begin: func(context.Context, tts.Utterance) { panic("native code") }}
	c := openCache(t, tone, tts.CacheConfig{})
	require.ErrorContains(t, c.Synthesize(t.Context(), tts.Utterance{Text: "abc"}, &ttstest.Writer{Hz: 8000}), "panicked")
}

func TestManyCallersManyClauses(t *testing.T) {
	var made atomic.Int32
	tone := &ttstest.Tone{Begin: func(context.Context, tts.Utterance) { made.Add(1) }}
	c := openCache(t, tone, tts.CacheConfig{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				w := &ttstest.Writer{Hz: 8000}
				if (i+j)%5 == 0 {
					w.At, w.Do = 4, cancel
				}
				err := c.Synthesize(ctx, tts.Utterance{Text: strings.Repeat(string(rune('a'+j)), 8)}, w)
				if err == nil && w.Frames() != 24 {
					t.Errorf("%d frames instead of 24", w.Frames())
				}
				cancel()
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, made.Load(), int32(20*8))
}

// What a caller waits for when a sentence of four seconds is in the cache, and what
// the whole of it costs.
func BenchmarkCacheHit(b *testing.B) {
	c := openCache(b, &ttstest.Tone{}, tts.CacheConfig{})
	u := tts.Utterance{Text: strings.Repeat("abcdefghij", 7)}
	require.NoError(b, c.Synthesize(b.Context(), u, &ttstest.Writer{Hz: 8000}))
	require.NoError(b, c.Close())
	b.Run("first frame", func(b *testing.B) {
		for b.Loop() {
			ctx, cancel := context.WithCancel(b.Context())
			_ = c.Synthesize(ctx, u, &ttstest.Writer{Hz: 8000, Do: cancel})
			cancel()
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			_ = c.Synthesize(b.Context(), u, &ttstest.Writer{Hz: 8000})
		}
	})
}
