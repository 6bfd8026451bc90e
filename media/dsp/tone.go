package dsp

import (
	"math"
	"math/cmplx"
	"time"
)

// A Tone is an endless sum of sines of equal level.
type Tone struct {
	amplitude float64
	phase     []complex128 // where each sine is on the unit circle
	step      []complex128
}

// NewTone returns a tone of the given frequencies, each at level dBov (a single
// full-scale sine is at -3.01).
func NewTone(rate int, level float64, hz ...float64) *Tone {
	t := &Tone{amplitude: Gain(level) * math.Sqrt2 * 32768}
	for _, f := range hz {
		t.phase = append(t.phase, 1)
		t.step = append(t.step, cmplx.Rect(1, 2*math.Pi*f/float64(rate)))
	}
	return t
}

// Fill writes the next len(x) samples of the tone to x.
func (t *Tone) Fill(x []int16) {
	for i := range x {
		v := 0.0
		for k, p := range t.phase {
			v += imag(p)
			t.phase[k] = p * t.step[k]
		}
		x[i] = round16(float32(v * t.amplitude))
	}
	for k, p := range t.phase {
		t.phase[k] = p / complex(cmplx.Abs(p), 0) // rounding must not change the level
	}
}

// Sine returns d of a tone.
func Sine(rate int, level float64, d time.Duration, hz ...float64) []int16 {
	x := make([]int16, int(int64(rate)*int64(d)/int64(time.Second)))
	NewTone(rate, level, hz...).Fill(x)
	return x
}

// Goertzel is the level, in dBov, of the frequency hz in x, never below
// [Silence]. It resolves rate/len(x) Hz.
func Goertzel(x []int16, rate int, hz float64) float64 {
	if len(x) == 0 {
		return Silence
	}
	w := 2 * math.Pi * hz / float64(rate)
	c := 2 * math.Cos(w)
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = float64(v)/32768+c*s1-s2, s1
	}
	n := float64(len(x))
	// |X|² of a sine of amplitude a is (a·n/2)²; its power is a²/2.
	return powerDB(2 * (s1*s1 + s2*s2 - c*s1*s2) / (n * n))
}
