package asr_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/onnx/onnxtest"
	"hotline/asr/vad"
	"hotline/asr/whisper"
	"hotline/internal/testdata"
)

// The whole path on real sound: Silero, Whisper, the pool.

func realDetector(t *testing.T) func(rate int) (asr.Detector, error) {
	t.Helper()
	dir := testdata.Model(t, "vad/silero-v6")
	onnxtest.Start(t)
	s, err := vad.OpenSilero(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s.New
}

func realPool(t *testing.T) *asr.Pool {
	t.Helper()
	dir := testdata.Model(t, "asr/whisper-base")
	onnxtest.Start(t)
	m, err := whisper.Open(dir, whisper.Options{})
	require.NoError(t, err)
	p := asr.NewPool(m, asr.PoolConfig{Workers: 2, MaxWait: time.Minute})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		require.NoError(t, m.Close())
	})
	return p
}

// byEnergy makes the detector that is used without a model.
func byEnergy(rate int) (asr.Detector, error) { //nolint:unparam // as the listener wants it
	return vad.NewEnergy(rate), nil
}

func hear(t *testing.T, cfg asr.ListenerConfig, x []int16) []asr.Result {
	t.Helper()
	cfg.Unpaced = true
	cfg.DecodeTimeout = time.Minute
	l, err := asr.NewListener(cfg)
	require.NoError(t, err)
	return asrtest.Hear(t, l, 8000, x, 2*time.Second)
}

func TestPeopleAreHeard(t *testing.T) {
	cfg := asr.ListenerConfig{Detector: realDetector(t), Decoder: realPool(t)}
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		if strings.Contains(r.File, "far") {
			continue // pauses so long that one may take them for turns
		}
		for name, detector := range map[string]func(int) (asr.Detector, error){
			"silero": cfg.Detector,
			"energy": byEnergy,
		} {
			if name == "energy" && !strings.Contains(r.File, "sherpa") && !strings.Contains(r.File, "lk_") {
				continue // two of them do, in either language
			}
			cfg := cfg
			cfg.Detector, cfg.Language = detector, r.Language
			x := slices.Concat(asrtest.Silence(8000, time.Second), asrtest.Telephone(r.Samples, r.Rate))
			asrtest.Mix(x, asrtest.Noise("pink", 8000, time.Duration(len(x))*time.Second/8000, -55), 0)
			rs := hear(t, cfg, x)
			var b strings.Builder
			for _, v := range rs {
				if v.Kind == asr.Final {
					b.WriteString(v.Text)
					require.False(t, v.Noise)
					require.InDelta(t, 200, v.Prosody.PitchHz, 130, r.File)
					require.Greater(t, v.Prosody.Rate, 1.0, r.File)
					require.Less(t, v.Prosody.Rate, 9.0, r.File)
				}
			}
			require.LessOrEqual(t, asr.CER(r.Text, b.String()), 0.3, "%s by %s: %q", r.File, name, b.String())
		}
	}
}

func TestSixtySecondsOfNoiseStartNothing(t *testing.T) {
	detector := realDetector(t)
	for _, noise := range asrtest.Noises() {
		x := slices.Repeat(asrtest.Telephone(asrtest.Noise(noise, 8000, 10*time.Second, -35), 8000), 6)
		for name, d := range map[string]func(int) (asr.Detector, error){
			"silero": detector,
			"energy": byEnergy,
		} {
			rs := hear(t, asr.ListenerConfig{Detector: d, Decoder: &asrtest.Decoder{Answer: asrtest.Say("喂", 1)}}, x)
			require.Empty(t, rs, "%s in %s", name, noise)
		}
	}
}

func TestListenerContractOnRealSound(t *testing.T) {
	detector, pool := realDetector(t), realPool(t)
	var r asrtest.Recording
	for _, c := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		if strings.Contains(c.File, "weather") {
			r = c
		}
	}
	asrtest.TestRecognizer(t, func(t *testing.T) asr.Recognizer {
		t.Helper()
		l, err := asr.NewListener(asr.ListenerConfig{Detector: detector, Decoder: pool, Options: asr.Options{Unpaced: true, Language: "en", DecodeTimeout: time.Minute}})
		require.NoError(t, err)
		return l
	}, asrtest.Spoken{Rate: 8000, Samples: asrtest.Telephone(r.Samples, r.Rate), Text: r.Text, MaxCER: 0.2})
}

func TestCallsAtOnceDoNotMix(t *testing.T) {
	detector, pool := realDetector(t), realPool(t)
	rs := asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))
	var wg sync.WaitGroup
	for i := range 6 {
		r := rs[i%len(rs)]
		if strings.Contains(r.File, "far") {
			continue
		}
		wg.Go(func() {
			l, err := asr.NewListener(asr.ListenerConfig{Detector: detector, Decoder: pool, Options: asr.Options{Call: r.File, Unpaced: true, Language: r.Language, DecodeTimeout: time.Minute}})
			if err != nil {
				t.Error(err)
				return
			}
			text := ""
			x := slices.Concat(asrtest.Telephone(r.Samples, r.Rate), asrtest.Silence(8000, 2*time.Second))
			err = l.Recognize(t.Context(), &asrtest.Source{SampleRate: 8000, Samples: x}, func(v asr.Result) {
				if v.Kind == asr.Final {
					text += v.Text
				}
			})
			if err != nil || asr.CER(r.Text, text) > 0.35 {
				t.Errorf("%s: %q, %v", r.File, text, err)
			}
		})
	}
	wg.Wait()
}

func TestHangUpInTheMiddle(t *testing.T) {
	detector, pool := realDetector(t), realPool(t)
	r := asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[1]
	x := slices.Concat(asrtest.Telephone(r.Samples, r.Rate), asrtest.Silence(8000, 220*time.Millisecond))
	ctx, cancel := context.WithCancelCause(t.Context())
	hungUp := errors.New("hung up")
	l, err := asr.NewListener(asr.ListenerConfig{Detector: detector, Decoder: pool})
	require.NoError(t, err)
	err = l.Recognize(ctx, &asrtest.Source{SampleRate: 8000, Samples: x}, func(v asr.Result) {
		if v.Kind == asr.SpeechPause {
			cancel(hungUp) // while it is being decoded
		}
		require.NotEqual(t, asr.Final, v.Kind)
	})
	require.ErrorIs(t, err, hungUp)
}
