package tts_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/ttstest"
)

func TestLeveledKeepsTheContract(t *testing.T) {
	ttstest.Run(t, tts.Telephone{Next: &tts.Leveled{Next: &ttstest.Tone{}}}, ttstest.Options{Text: "abcdefghijklmnop", Language: "en"})
}

func TestEveryVoiceComesOutAtOneLevel(t *testing.T) {
	for _, level := range []float64{-40, -30, -19, -8, -4} {
		l := &tts.Leveled{Next: &ttstest.Tone{Level: level, Lead: 30}}
		for i := range 3 { // the first utterance of a voice, and those after it
			w := &ttstest.Writer{Hz: 8000}
			require.NoError(t, l.Synthesize(t.Context(), tts.Utterance{Text: "abcdefghijklmnopqrstuvwxyz"}, w))
			x := w.Samples()
			require.InDelta(t, -19, dsp.ActiveLevelDB(x, 8000), 1.2, "a voice of %v dB, utterance %d", level, i)
			peak := 0.0
			for _, s := range x {
				peak = max(peak, math.Abs(float64(s)))
			}
			require.Less(t, peak, 28500.0)
			require.Less(t, len(x), 8*(26*60+40+60+60), "silence around it is left")
			require.GreaterOrEqual(t, len(x), 8*26*60, "speech is cut off")
		}
	}
}

func TestSuddenLoudnessIsLimitedNotClipped(t *testing.T) {
	l := &tts.Leveled{Next: &ttstest.Tone{Level: -25}}
	u := tts.Utterance{Text: "aaaaaaaaaaaaaaaaaaaaaaaaa"}
	require.NoError(t, l.Synthesize(t.Context(), u, &ttstest.Writer{Hz: 8000}))
	l.Next = &ttstest.Tone{Level: -3.1} // the same voice shouts: its known gain would clip
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(t, l.Synthesize(t.Context(), u, w))
	x := w.Samples()[8*100 : 8*1200]
	f := ttstest.Pitch('a')
	require.Less(t, dsp.Goertzel(x, 8000, 3*f), dsp.Goertzel(x, 8000, f)-35, "distorted")
}

func TestTelephoneBand(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		w := &ttstest.Writer{Hz: rate}
		require.NoError(t, tts.Telephone{Next: hum{}}.Synthesize(t.Context(), tts.Utterance{}, w))
		x := w.Samples()[rate/2:]
		low, mid := dsp.Goertzel(x, rate, 100), dsp.Goertzel(x, rate, 1000)
		require.InDelta(t, -23, mid, 1)
		if rate == 8000 {
			require.Less(t, low, mid-15)
		} else {
			require.InDelta(t, mid, low, 1, "a wideband line carries it")
		}
	}
}
