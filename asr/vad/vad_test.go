package vad_test

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/onnx/onnxtest"
	"hotline/asr/vad"
	"hotline/internal/testdata"
	"hotline/media/dsp"
)

func silero(tb testing.TB) *vad.Silero {
	tb.Helper()
	dir := testdata.Model(tb, "vad/silero-v6")
	onnxtest.Start(tb)
	s, err := vad.OpenSilero(dir)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// detectors are those under test, by name.
func detectors(t *testing.T) map[string]func(rate int) asr.Detector {
	t.Helper()
	s := silero(t)
	return map[string]func(rate int) asr.Detector{
		"silero": func(rate int) asr.Detector {
			d, err := s.New(rate)
			require.NoError(t, err)
			return d
		},
		"energy": vad.NewEnergy,
	}
}

// probabilities feeds x to d in frames of 20 ms.
func probabilities(t *testing.T, d asr.Detector, x []int16, rate int) []float64 {
	t.Helper()
	n := rate / 50
	var ps []float64
	for i := 0; i+n <= len(x); i += n {
		p, err := d.Detect(x[i : i+n])
		require.NoError(t, err)
		ps = append(ps, p)
	}
	require.NoError(t, d.Close())
	return ps
}

// longest is the longest run of frames above p.
func longest(ps []float64, p float64) int {
	best, run := 0, 0
	for _, v := range ps {
		if run++; v < p {
			run = 0
		}
		best = max(best, run)
	}
	return best
}

// A minute of each is heard by the listener's tests.
func TestNoFalseStartInTelephoneNoise(t *testing.T) {
	made := detectors(t)
	for _, noise := range asrtest.Noises() {
		loud := asrtest.Noise(noise, 8000, 10*time.Second, -25)
		for _, db := range []float64{-50, -35, -25} {
			x := slices.Clone(loud)
			dsp.Scale(x, dsp.Gain(db+25))
			x = asrtest.Telephone(x, 8000)
			for name, make := range made {
				ps := probabilities(t, make(8000), x, 8000)
				// the listener's rule for a start
				require.Less(t, longest(ps, 0.5), 3, "%s in %s at %v dB", name, noise, db)
				require.Less(t, longest(ps, 0.7), 2, "%s in %s at %v dB", name, noise, db)
			}
		}
	}
}

// speaking says which frames of a recording hold voice: those within 30 dB of its
// loudest, on the clean sound.
func speaking(x []int16, rate int) []bool {
	n := rate / 50
	top := -100.0
	var db []float64
	for i := 0; i+n <= len(x); i += n {
		db = append(db, dsp.LevelDB(x[i:i+n]))
		top = max(top, db[len(db)-1])
	}
	out := make([]bool, len(db))
	for i, v := range db {
		out[i] = v > top-30
	}
	return out
}

func TestSpeechIsFound(t *testing.T) {
	for name, make := range detectors(t) {
		for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
			clean := asrtest.Telephone(r.Samples, r.Rate)
			for _, noise := range []string{"silence", "pink"} {
				x := slices.Concat(asrtest.Silence(8000, time.Second), clean, asrtest.Silence(8000, time.Second))
				asrtest.Mix(x, asrtest.Noise(noise, 8000, time.Duration(len(x))*time.Second/8000, -50), 0)
				ps := probabilities(t, make(8000), x, 8000)
				truth := speaking(clean, 8000)
				first := 50 + slices.Index(truth, true)
				start := slices.IndexFunc(ps, func(p float64) bool { return p >= 0.5 })
				require.GreaterOrEqual(t, start, first-3, "%s, %s: begins before the voice", name, r.File)
				require.LessOrEqual(t, start, first+10, "%s, %s in %s: begins late", name, r.File, noise)
				hit, voiced := 0, 0
				for i, v := range truth {
					if v {
						voiced++
						if ps[50+i] > 0.35 {
							hit++
						}
					}
				}
				require.Greater(t, float64(hit)/float64(voiced), 0.7, "%s, %s in %s: voice is missed", name, r.File, noise)
				require.Less(t, slices.Max(ps[len(ps)-25:]), 0.35, "%s, %s in %s: it does not end", name, r.File, noise)
			}
		}
	}
}

func TestRates(t *testing.T) {
	s := silero(t)
	r := asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[0]
	var starts []int
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		d, err := s.New(rate)
		require.NoError(t, err)
		require.Equal(t, 32*time.Millisecond, d.Window())
		ps := probabilities(t, d, dsp.Resample(r.Samples, r.Rate, rate), rate)
		starts = append(starts, slices.IndexFunc(ps, func(p float64) bool { return p >= 0.5 }))
	}
	require.LessOrEqual(t, slices.Max(starts)-slices.Min(starts), 5, "they agree on the start: %v", starts)
	_, err := s.New(4000)
	require.ErrorContains(t, err, "too low")
}

func TestResetForgets(t *testing.T) {
	for name, make := range detectors(t) {
		x := asrtest.Telephone(asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[0].Samples, 16000)
		d := make(8000)
		var first, second []float64
		for i := 0; i+160 <= len(x); i += 160 {
			p, err := d.Detect(x[i : i+160])
			require.NoError(t, err)
			first = append(first, p)
		}
		d.Reset()
		for i := 0; i+160 <= len(x); i += 160 {
			p, err := d.Detect(x[i : i+160])
			require.NoError(t, err)
			second = append(second, p)
		}
		if name == "silero" {
			require.InDeltaSlice(t, first, second, 1e-6)
		}
		require.Greater(t, longest(second, 0.5), 20, name)
		require.NoError(t, d.Close())
	}
}

func TestCallsDoNotMix(t *testing.T) {
	s := silero(t)
	speech := asrtest.Telephone(asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[0].Samples, 16000)
	a, err := s.New(8000)
	require.NoError(t, err)
	b, err := s.New(8000)
	require.NoError(t, err)
	quiet := asrtest.Noise("white", 8000, 20*time.Millisecond, -50)
	spoke := 0.0
	for i := 0; i+160 <= len(speech); i += 160 {
		p, err := a.Detect(speech[i : i+160])
		require.NoError(t, err)
		spoke = max(spoke, p)
		p, err = b.Detect(quiet)
		require.NoError(t, err)
		require.Less(t, p, 0.3)
	}
	require.Greater(t, spoke, 0.9)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

func TestDigitalSilenceEndsVoice(t *testing.T) {
	for name, make := range detectors(t) {
		speech := asrtest.Telephone(asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[0].Samples, 16000)
		d := make(8000)
		for i := 0; i+160 <= len(speech)/2; i += 160 {
			_, err := d.Detect(speech[i : i+160])
			require.NoError(t, err)
		}
		var p float64
		var err error
		for range 25 { // half a second of what A-law makes of silence
			p, err = d.Detect(slices.Repeat([]int16{8}, 160))
			require.NoError(t, err)
		}
		require.Less(t, p, 0.1, name)
		require.NoError(t, d.Close())
	}
}

type broken struct {
	asrtest.Script
	closed bool
}

func (*broken) Detect([]int16) (float64, error) { return 0, errors.New("native crash") }
func (b *broken) Close() error                  { b.closed = true; return nil }

func TestFallback(t *testing.T) {
	first := &broken{}
	d := vad.WithFallback(first, &asrtest.Script{Probabilities: []float64{0.25, 0.75}}, slog.New(slog.DiscardHandler))
	for _, want := range []float64{0.25, 0.75, 0} {
		p, err := d.Detect(make([]int16, 160))
		require.NoError(t, err)
		require.InDelta(t, want, p, 0)
	}
	require.True(t, first.closed)
	require.NoError(t, d.Close())
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	onnxtest.Start(t)
	_, err := vad.OpenSilero(t.TempDir())
	require.ErrorContains(t, err, "model.onnx")
}

func BenchmarkDetect(b *testing.B) {
	s := silero(b)
	x := asrtest.Noise("pink", 8000, 20*time.Millisecond, -40)
	for name, d := range map[string]asr.Detector{"silero": must(s.New(8000)), "energy": vad.NewEnergy(8000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Detect(x); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)*50/1e6, "CPU-ms/call-s")
		})
		_ = d.Close()
	}
	quiet := make([]int16, 160)
	d := must(s.New(8000))
	b.Run("silence", func(b *testing.B) {
		for b.Loop() {
			_, _ = d.Detect(quiet)
		}
	})
	_ = d.Close()
	for _, kind := range asrtest.Noises() {
		line := asrtest.Noise(kind, 8000, 20*time.Second, -55)
		call := slices.Clone(line)
		asrtest.Mix(call, asrtest.Noise("babble", 8000, 3*time.Second, -20), 8*8000)
		for name, x := range map[string][]int16{"line": line, "call": call} {
			d := must(s.New(8000))
			b.Run(name+"/"+kind, func(b *testing.B) {
				at := 0
				for b.Loop() {
					_, _ = d.Detect(x[at : at+160])
					at = (at + 160) % len(x)
				}
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)*50/1e6, "CPU-ms/call-s")
			})
			_ = d.Close()
		}
	}
}

func must(d asr.Detector, err error) asr.Detector {
	if err != nil {
		panic(err)
	}
	return d
}
