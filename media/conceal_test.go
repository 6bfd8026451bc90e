package media_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/wav"
)

// A voice-like sound with every tenth frame missing stays far cleaner than with
// silence in the holes.
func TestConcealmentSpectrum(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		x := dsp.Sine(rate, -20, 2*time.Second, 150, 300, 450, 600)
		lost := func(i int) bool { return i%10 == 5 }
		concealed := media.Conceal(append([]int16(nil), x...), rate, lost)
		silent := append([]int16(nil), x...)
		n := rate / 50
		for i := range len(x) / n {
			if lost(i) {
				clear(silent[i*n : (i+1)*n])
			}
		}
		a, b := errorDB(x, concealed), errorDB(x, silent)
		assert.Less(t, a, b-8, "%d Hz: %.1f dB against %.1f dB", rate, a, b)
		gaps, _ := mediatest.Gaps(concealed, rate, -40)
		assert.Zero(t, gaps, "%d Hz", rate)
		for _, hz := range []float64{150, 300, 450, 600} {
			assert.InDelta(t, -20, dsp.Goertzel(concealed, rate, hz), 1)
		}
	}
}

// errorDB is the level of the difference, relative to x.
func errorDB(x, y []int16) float64 {
	d := make([]int16, len(x))
	for i := range d {
		d[i] = int16(max(math.MinInt16, min(math.MaxInt16, int(x[i])-int(y[i]))))
	}
	return dsp.LevelDB(d) - dsp.LevelDB(x)
}

// A long hole fades away within 100 ms instead of buzzing, and the sound comes back
// softly.
func TestConcealmentFades(t *testing.T) {
	x := dsp.Sine(8000, -12, time.Second, 200)
	y := media.Conceal(x, 8000, func(i int) bool { return i >= 20 && i < 40 })
	assert.Greater(t, dsp.LevelDB(y[20*160:21*160]), -16.0)
	assert.Less(t, dsp.LevelDB(y[26*160:40*160]), -90.0)
	for i := 20 * 160; i < 42*160; i++ {
		assert.Less(t, math.Abs(float64(y[i])-float64(y[i-1])), 4500.0, "a click at sample %d", i)
	}
}

// On real speech, made-up frames are far nearer to what they stand for than silence.
func TestConcealmentOfSpeech(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "speech"), "*", "*.wav"))
	require.NoError(t, err)
	var made, silent float64
	frames := 0
	for k, file := range files[:min(8, len(files))] {
		a, err := wav.ReadFile(file)
		require.NoError(t, err)
		x := a.At(8000)
		x = x[:min(len(x), 10*8000)/160*160]
		rng := rand.New(rand.NewPCG(uint64(k), 1))
		missing := map[int]bool{}
		for i := range len(x) / 160 {
			missing[i] = i > 10 && rng.Float64() < 0.05
		}
		y := media.Conceal(slices.Clone(x), 8000, func(i int) bool { return missing[i] })
		assert.InDelta(t, dsp.LevelDB(x), dsp.LevelDB(y), 1, file)
		for i := range len(x) / 160 {
			f := x[i*160 : (i+1)*160]
			if missing[i] && dsp.LevelDB(f) > -45 {
				made += spectralDistance(f, y[i*160:(i+1)*160])
				silent += spectralDistance(f, make([]int16, 160))
				frames++
			}
		}
	}
	made, silent = made/float64(frames), silent/float64(frames)
	t.Logf("%d frames: %.1f dB from the truth, silence %.1f dB", frames, made, silent)
	assert.Greater(t, frames, 30)
	assert.Less(t, made, 0.6*silent, "mean distance of the spectra, dB")
}

// spectralDistance is how far the levels of two frames lie apart over the telephone
// band, in dB; an ear is deaf to phase, and so is this.
func spectralDistance(x, y []int16) float64 {
	sum, n := 0.0, 0.0
	floor := dsp.LevelDB(x) - 45
	for hz := 200.0; hz <= 3400; hz += 100 {
		a, b := max(floor, dsp.Goertzel(x, 8000, hz)), max(floor, dsp.Goertzel(y, 8000, hz))
		sum += math.Abs(a - b)
		n++
	}
	return sum / n
}
