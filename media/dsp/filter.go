package dsp

import "math"

// A Filter is a cascade of second-order sections over a stream of samples.
type Filter struct {
	sections []section
}

// section is a biquad in transposed direct form II.
type section struct {
	b0, b1, b2, a1, a2 float64
	z1, z2             float64
}

// NewLowPass returns a Butterworth low-pass filter of even order, 3 dB down at hz.
func NewLowPass(rate int, hz float64, order int) *Filter {
	return butterworth(rate, hz, order, false)
}

// NewHighPass returns a Butterworth high-pass filter of even order, 3 dB down at hz.
func NewHighPass(rate int, hz float64, order int) *Filter {
	return butterworth(rate, hz, order, true)
}

// NewTelephoneBand returns a filter that leaves what a telephone line carries, 300
// to 3,400 Hz. At rates of 8 kHz it leaves the upper edge to the line itself.
func NewTelephoneBand(rate int) *Filter {
	f := NewHighPass(rate, 270, 4)
	if rate > 8000 {
		f.sections = append(f.sections, NewLowPass(rate, 3500, 8).sections...)
	}
	return f
}

func butterworth(rate int, hz float64, order int, high bool) *Filter {
	f := &Filter{}
	w := 2 * math.Pi * min(hz, 0.49*float64(rate)) / float64(rate)
	sin, cos := math.Sincos(w)
	for k := range order / 2 {
		// Pole pairs of the Butterworth circle give each section its own Q.
		q := 1 / (2 * math.Sin(math.Pi*float64(2*k+1)/float64(2*order)))
		alpha := sin / (2 * q)
		a0 := 1 + alpha
		s := section{a1: -2 * cos / a0, a2: (1 - alpha) / a0}
		if high {
			s.b0, s.b1 = (1+cos)/2/a0, -(1+cos)/a0
		} else {
			s.b0, s.b1 = (1-cos)/2/a0, (1-cos)/a0
		}
		s.b2 = s.b0
		f.sections = append(f.sections, s)
	}
	return f
}

// Process filters x in place; the stream goes on with the next call.
func (f *Filter) Process(x []int16) {
	for i, v := range x {
		y := float64(v)
		for k := range f.sections {
			s := &f.sections[k]
			in := y
			y = s.b0*in + s.z1
			s.z1 = s.b1*in - s.a1*y + s.z2
			s.z2 = s.b2*in - s.a2*y
		}
		x[i] = round16(float32(y))
	}
}
