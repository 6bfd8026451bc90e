package dsp_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
)

var rates = []int{8000, 16000, 22050, 24000, 44100, 48000}

func TestResampleKeepsTones(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			t.Run(fmt.Sprintf("%d-%d", from, to), func(t *testing.T) {
				low := min(from, to)
				for _, share := range []float64{0.025, 0.2, 0.425} {
					hz := share * float64(low)
					y := dsp.Resample(dsp.Sine(from, -13, time.Second/5, hz), from, to)
					require.Len(t, y, to/5)
					mid := y[to/20 : to*3/20]
					assert.InDelta(t, -13, dsp.Goertzel(mid, to, hz), 0.3, "%.0f Hz", hz)
					assert.InDelta(t, -13, dsp.LevelDB(mid), 0.3, "%.0f Hz: something else was added", hz)
				}
			})
		}
	}
}

// What the lower rate cannot carry must vanish instead of folding back.
func TestResampleAliases(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			if to >= from {
				continue
			}
			for hz := 0.502 * float64(to); hz < 0.49*float64(from); hz *= 1.15 {
				y := dsp.Resample(dsp.Sine(from, -4, time.Second/5, hz), from, to)
				mid := y[len(y)/4 : len(y)*3/4]
				assert.Less(t, dsp.LevelDB(mid), -64.0, "%d to %d at %.0f Hz", from, to, hz)
			}
		}
	}
}

func TestResampleImages(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			if to <= from {
				continue
			}
			hz := 0.41 * float64(from)
			y := dsp.Resample(dsp.Sine(from, -4, time.Second/2, hz), from, to)
			image := float64(from) - hz
			if image < 0.5*float64(to) {
				assert.Less(t, dsp.Goertzel(y[len(y)/4:len(y)*3/4], to, image), -64.0, "%d to %d", from, to)
			}
		}
	}
}

func TestStreamingEqualsOneShot(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]int16, 3001)
	for i := range x {
		x[i] = int16(rng.IntN(65536) - 32768)
	}
	for _, from := range rates {
		for _, to := range rates {
			want := dsp.Resample(x, from, to)
			r := dsp.NewResampler(from, to)
			for range 2 { // Flush makes it ready for another stream
				var got []int16
				for rest := x; len(rest) > 0; {
					n := min(len(rest), rng.IntN(700))
					got = r.Append(got, rest[:n])
					rest = rest[n:]
				}
				require.Equal(t, want, r.Flush(got), "%d to %d", from, to)
			}
		}
	}
}

func TestResampleNoDelay(t *testing.T) {
	x := make([]int16, 2400)
	x[1200] = 30000
	y := dsp.Resample(x, 24000, 8000)
	peak := 0
	for i, v := range y {
		if v > y[peak] {
			peak = i
		}
	}
	assert.Equal(t, 400, peak)
}

func TestResampleShort(t *testing.T) {
	for n := range 5 {
		assert.Len(t, dsp.Resample(make([]int16, n), 8000, 16000), 2*n)
		assert.Len(t, dsp.Resample(make([]int16, n), 48000, 8000), (n+5)/6)
	}
}

func TestLevels(t *testing.T) {
	assert.InDelta(t, dsp.Silence, dsp.LevelDB(make([]int16, 160)), 0)
	assert.InDelta(t, dsp.Silence, dsp.LevelDB(nil), 0)
	square := make([]int16, 100)
	for i := range square {
		square[i] = math.MinInt16
	}
	assert.InDelta(t, 0, dsp.LevelDB(square), 0.01)
	x := dsp.Sine(8000, -20, time.Second, 1004)
	assert.InDelta(t, -20, dsp.LevelDB(x), 0.05)
	// Half of the time a pause: the mean falls by 3 dB, the speech level does not.
	y := append(slices.Clone(x), make([]int16, 8000)...)
	assert.InDelta(t, -23, dsp.LevelDB(y), 0.05)
	assert.InDelta(t, -20, dsp.ActiveLevelDB(y, 8000), 0.05)
}

func TestNormalize(t *testing.T) {
	for _, level := range []float64{-45, -26, -8} {
		x := append(dsp.Sine(8000, level, time.Second, 440), make([]int16, 4000)...)
		dsp.Normalize(x, 8000, -20)
		assert.InDelta(t, -20, dsp.ActiveLevelDB(x, 8000), 0.5)
	}
	noise := dsp.Sine(8000, -80, time.Second, 440)
	assert.Less(t, dsp.LevelDB(dsp.Normalize(noise, 8000, -20)), -75.0, "silence must stay silence")
}

// A loud syllable in quiet speech is limited, not clipped: no overtones appear.
func TestLimitIsClean(t *testing.T) {
	x := append(dsp.Sine(8000, -30, time.Second, 500), dsp.Sine(8000, -6, time.Second, 500)...)
	dsp.Limit(x, 8000, dsp.Gain(12))
	for _, v := range x {
		require.Less(t, math.Abs(float64(v)), 32000.0)
	}
	assert.InDelta(t, -18, dsp.LevelDB(x[:7000]), 0.3)
	loud := x[8800:15800]
	assert.Greater(t, dsp.LevelDB(loud), -5.0)
	assert.Less(t, dsp.Goertzel(loud, 8000, 1500), dsp.LevelDB(loud)-45)
}

func TestTelephoneBand(t *testing.T) {
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		level := func(hz float64) float64 {
			x := dsp.Sine(rate, -10, time.Second, hz)
			dsp.NewTelephoneBand(rate).Process(x)
			return dsp.LevelDB(x[rate/2:]) + 10
		}
		assert.Less(t, level(100), -25.0, "%d", rate)
		assert.InDelta(t, 0, level(1000), 0.2, "%d", rate)
		assert.Greater(t, level(350), -1.5, "%d", rate)
		assert.Greater(t, level(3200), -3.0, "%d", rate)
		if rate > 8000 {
			assert.Less(t, level(5500), -25.0, "%d", rate)
		}
	}
}

func TestTone(t *testing.T) {
	x := dsp.Sine(8000, -15, time.Second, 350, 440)
	assert.InDelta(t, -15, dsp.Goertzel(x, 8000, 350), 0.1)
	assert.InDelta(t, -15, dsp.Goertzel(x, 8000, 440), 0.1)
	assert.Less(t, dsp.Goertzel(x, 8000, 1000), -60.0)
	long := dsp.NewTone(8000, -10, 1004)
	f := make([]int16, 160)
	for range 50 * 60 {
		long.Fill(f)
	}
	assert.InDelta(t, -10, dsp.LevelDB(f), 0.1, "the level must hold")
}

func BenchmarkResample(b *testing.B) {
	for _, c := range [][2]int{{8000, 16000}, {24000, 8000}, {22050, 8000}, {48000, 8000}, {8000, 48000}} {
		b.Run(fmt.Sprintf("%d-%d", c[0], c[1]), func(b *testing.B) {
			x := dsp.Sine(c[0], -10, time.Second/50, 440)
			r := dsp.NewResampler(c[0], c[1])
			var y []int16
			b.ReportAllocs()
			for b.Loop() {
				y = r.Append(y[:0], x)
			}
		})
	}
}
