package dsp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/media/dsp"
	"hotline/media/g711"
)

// A tone is found at its frequency in a noisy line, in one frame.
func TestPure(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, hz := range []float64{380, 425, 450, 1000, 1100, 1400, 1776.7, 2100, 2600} {
		x := dsp.Sine(8000, -20, 20*time.Millisecond, hz)
		for i := range x {
			x[i] += int16(r.NormFloat64() * 60)
		}
		line := make([]byte, len(x))
		g711.EncodeULaw(line, x)
		g711.DecodeULaw(x, line)
		got, level, share := dsp.Pure(x, 8000)
		assert.InDelta(t, hz, got, 8)
		assert.InDelta(t, -20, level, 0.7, "%v Hz", hz)
		assert.Greater(t, share, 0.95, "%v Hz", hz)
	}
	for _, hz := range [][]float64{{440, 480}, {480, 620}, {697, 1209}} {
		_, _, share := dsp.Pure(dsp.Sine(8000, -20, 60*time.Millisecond, hz...), 8000)
		assert.Less(t, share, 0.8, "two tones are not one: %v", hz)
	}
	_, _, share := dsp.Pure(make([]int16, 160), 8000)
	assert.Zero(t, share)
}

func TestBins(t *testing.T) {
	b := dsp.NewBins(8000, 440, 450, 480)
	x := dsp.Sine(8000, -20, 100*time.Millisecond, 440, 480)
	for ; len(x) > 0; x = x[160:] {
		b.Add(x[:160])
	}
	assert.InDelta(t, 0.5, b.Share(0), 0.05)
	assert.InDelta(t, 0.5, b.Share(2), 0.05)
	assert.Equal(t, 800, b.Len())
	b.Reset()
	assert.Zero(t, b.Share(0))
	frame := dsp.Sine(8000, -20, 20*time.Millisecond, 440)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		b.Add(frame)
		_, _, _ = dsp.Pure(frame, 8000)
	}))
}

// Two sines are told from one, from three and from noise.
func TestPair(t *testing.T) {
	for _, hz := range [][2]float64{{620, 950}, {440, 480}, {853, 960}, {400, 1900}} {
		low, high, share := dsp.Pair(dsp.Sine(8000, -14, 20*time.Millisecond, hz[0], hz[1]), 8000)
		assert.InDelta(t, hz[0], low, 3)
		assert.InDelta(t, hz[1], high, 3)
		if hz[1]-hz[0] > 100 { // less is not told apart in 20 ms
			assert.Greater(t, share, 0.8, "%v", hz)
		}
	}
	x := dsp.Sine(8000, -14, 20*time.Millisecond, 620, 950)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] += int16(40 * r.NormFloat64())
	}
	line := make([]byte, len(x))
	g711.EncodeALaw(line, x)
	g711.DecodeALaw(x, line)
	low, _, share := dsp.Pair(x, 8000)
	assert.InDelta(t, 620, low, 8)
	assert.Greater(t, share, 0.8)
	_, _, share = dsp.Pair(dsp.Sine(8000, -14, 20*time.Millisecond, 300, 700, 1900), 8000)
	assert.Less(t, share, 0.75)
	_, _, share = dsp.Pair(make([]int16, 160), 8000)
	assert.Zero(t, share)
}
