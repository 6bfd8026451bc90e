package dsp

import "math"

// Filter design. A Kaiser window of this shape is about 78 dB down; the
// transition band is the last 15 % below the lower Nyquist frequency, so that at
// 8 kHz the telephone band (to 3.4 kHz) passes whole and nothing folds back.
const (
	kaiserBeta = 7.6
	halfWidth  = 34   // zero crossings on each side, at the lower of the two rates
	cutoff     = 0.92 // -6 dB point as a fraction of the lower Nyquist frequency
)

// A Resampler converts a stream of samples from one rate to another. What it
// returns in pieces is sample for sample what [Resample] returns at once. It has
// no delay in its time axis: output sample k is the signal at time k/to.
type Resampler struct {
	up, down int         // reduced ratio: up/down output samples per input sample
	taps     int         // length of one phase
	phase    [][]float32 // up filters of taps coefficients
	buf      []float32   // input not yet done with, the first taps/2-1 of it before the stream's start
	index    int         // position in buf of the first tap of the next output sample
	frac     int         // its phase, 0 ≤ frac < up
	in, out  int64       // samples taken and given
}

// NewResampler returns a Resampler. Rates are in Hz and must be positive.
func NewResampler(from, to int) *Resampler {
	g := gcd(from, to)
	r := &Resampler{up: to / g, down: from / g}
	if r.up == r.down {
		return r
	}
	// scale stretches the filter when the rate goes down: the cutoff follows the
	// lower rate.
	scale := max(1, float64(r.down)/float64(r.up))
	half := int(math.Ceil(halfWidth * scale))
	r.taps = 2 * half
	r.phase = make([][]float32, r.up)
	all := make([]float32, r.up*r.taps)
	h := make([]float64, r.taps)
	for p := range r.phase {
		// Output time lies frac = p/up after input sample half-1.
		sum := 0.0
		for i := range h {
			t := (float64(i-half+1) - float64(p)/float64(r.up)) / scale
			h[i] = sinc(t*cutoff) * kaiser(t/halfWidth)
			sum += h[i]
		}
		row := all[p*r.taps : (p+1)*r.taps]
		for i := range h {
			row[i] = float32(h[i] / sum) // unity at 0 Hz in every phase
		}
		r.phase[p] = row
	}
	r.reset()
	return r
}

func (r *Resampler) reset() {
	r.buf = append(r.buf[:0], make([]float32, max(0, r.taps/2-1))...)
	r.index, r.frac, r.in, r.out = 0, 0, 0, 0
}

// Append takes src and appends to dst what can be computed so far.
func (r *Resampler) Append(dst, src []int16) []int16 {
	if r.up == r.down {
		return append(dst, src...)
	}
	r.in += int64(len(src))
	for _, v := range src {
		r.buf = append(r.buf, float32(v))
	}
	dst = r.run(dst, math.MaxInt64)
	// Move what is still needed to the front: seldom, so that it costs nothing.
	if r.index > 4*r.taps || r.index >= len(r.buf) {
		k := min(r.index, len(r.buf))
		r.buf = r.buf[:copy(r.buf, r.buf[k:])]
		r.index -= k
	}
	return dst
}

// Flush appends the rest of the stream, so that ceil(n*to/from) samples have come
// out for n that went in, and makes the Resampler ready for another stream.
func (r *Resampler) Flush(dst []int16) []int16 {
	if r.up == r.down {
		return dst
	}
	total := (r.in*int64(r.up) + int64(r.down) - 1) / int64(r.down)
	for range r.taps {
		r.buf = append(r.buf, 0)
	}
	dst = r.run(dst, total-r.out)
	r.reset()
	return dst
}

// run computes up to limit samples.
func (r *Resampler) run(dst []int16, limit int64) []int16 {
	for ; limit > 0 && r.index+r.taps <= len(r.buf); limit-- {
		dst = append(dst, round16(dot(r.phase[r.frac], r.buf[r.index:])))
		r.out++
		r.frac += r.down
		r.index += r.frac / r.up
		r.frac %= r.up
	}
	return dst
}

// Resample converts x at once.
func Resample(x []int16, from, to int) []int16 {
	if from == to {
		return append([]int16(nil), x...)
	}
	r := NewResampler(from, to)
	n := (int64(len(x))*int64(to) + int64(from) - 1) / int64(from)
	return r.Flush(r.Append(make([]int16, 0, n), x))
}

// dot is the inner product over len(h); four sums keep the adder busy. The order
// of summation depends on len(h) alone, so pieces equal the whole exactly.
func dot(h, x []float32) float32 {
	x = x[:len(h)]
	var a, b, c, d float32
	for len(h) >= 4 && len(x) >= 4 {
		a += h[0] * x[0]
		b += h[1] * x[1]
		c += h[2] * x[2]
		d += h[3] * x[3]
		h, x = h[4:], x[4:]
	}
	for i := range h {
		a += h[i] * x[i]
	}
	return a + b + c + d
}

func round16(v float32) int16 {
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v >= 0:
		return int16(v + 0.5)
	}
	return int16(v - 0.5)
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}

// kaiser is the Kaiser window over -1…1.
func kaiser(t float64) float64 {
	if t <= -1 || t >= 1 {
		return 0
	}
	return bessel0(kaiserBeta*math.Sqrt(1-t*t)) / bessel0(kaiserBeta)
}

// bessel0 is the modified Bessel function of the first kind and order 0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
