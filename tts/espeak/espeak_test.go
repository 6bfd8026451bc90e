package espeak_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/espeak"
	"hotline/tts/ttstest"
)

func open(tb testing.TB) *espeak.Voice {
	tb.Helper()
	v, err := espeak.New(espeak.Config{})
	if errors.Is(err, espeak.ErrMissing) {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skip("MISSING-DATA: " + err.Error())
	}
	require.NoError(tb, err)
	return v
}

func TestContract(t *testing.T) {
	ttstest.Run(t, open(t), ttstest.Options{Text: "Your order 4417 was shipped yesterday.", Language: "en-GB"})
	ttstest.Run(t, open(t), ttstest.Options{Text: "您尾号4417的订单昨天发出，支持USB接口。", Language: "zh"})
}

func TestSlowerIsLonger(t *testing.T) {
	v := open(t)
	var frames [2]int
	for i, rate := range []float64{1, 0.7} {
		w := &ttstest.Writer{Hz: 8000}
		require.NoError(t, v.Synthesize(t.Context(), tts.Utterance{Text: "Please hold the line for a moment.", Language: "en", Rate: rate}, w))
		require.Greater(t, dsp.ActiveLevelDB(w.Samples(), 8000), -40.0)
		frames[i] = w.Frames()
	}
	require.Greater(t, frames[1], frames[0]*12/10)
}

func TestMissingAndBrokenPrograms(t *testing.T) {
	_, err := espeak.New(espeak.Config{Path: "no-such-program"})
	require.ErrorIs(t, err, espeak.ErrMissing)
	require.ErrorContains(t, err, "install the package")

	for name, script := range map[string]string{
		"it says why": "#!/bin/sh\necho 'voice not found' >&2\nexit 1\n",
		"it is mute":  "#!/bin/sh\ncat >/dev/null\n",
		"it babbles":  "#!/bin/sh\nhead -c 100 /dev/zero\n",
	} {
		path := filepath.Join(t.TempDir(), "espeak")
		require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
		v, err := espeak.New(espeak.Config{Path: path})
		require.NoError(t, err)
		err = v.Synthesize(t.Context(), tts.Utterance{Text: "hello", Language: "en"}, &ttstest.Writer{Hz: 8000})
		require.ErrorContains(t, err, "espeak-ng", name)
		if name == "it says why" {
			require.ErrorContains(t, err, "voice not found")
		}
	}
}

func TestHangingProgramIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "espeak")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700))
	v, err := espeak.New(espeak.Config{Path: path, Limit: 100e6})
	require.NoError(t, err)
	require.ErrorContains(t, v.Synthesize(t.Context(), tts.Utterance{Text: "hello"}, &ttstest.Writer{Hz: 8000}), "longer than")
	cause := errors.New("hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	v, err = espeak.New(espeak.Config{Path: path})
	require.NoError(t, err)
	go cancel(cause)
	require.ErrorIs(t, v.Synthesize(ctx, tts.Utterance{Text: "hello"}, &ttstest.Writer{Hz: 8000}), cause)
}
