package mediatest

import (
	"math"
	"math/cmplx"
)

// SpectralDistance is how far y sounds from x, in dB: the log-spectral distance in
// bands a third of an octave wide, from 200 Hz up, over those pieces of 20 ms in
// which x is not silent. What differs by less than about 1 dB is hard to tell apart.
func SpectralDistance(x, y []int16, rate int) float64 {
	n := rate / 50
	var sum float64
	count := 0
	for len(x) >= n && len(y) >= n {
		a, b := bands(x[:n], rate), bands(y[:n], rate)
		loud := false
		d := 0.0
		for i := range a {
			loud = loud || a[i] > -50
			// Below the floor nobody hears a difference.
			diff := max(-60, a[i]) - max(-60, b[i])
			d += diff * diff
		}
		if loud {
			sum += math.Sqrt(d / float64(len(a)))
			count++
		}
		x, y = x[n:], y[n:]
	}
	return sum / float64(max(1, count))
}

// bands are the levels of a frame's third-octave bands, dBov.
func bands(x []int16, rate int) []float64 {
	n := len(x)
	var out []float64
	for low := 200.0; low*1.26 < float64(rate)/2; low *= 1.26 {
		power := 0.0
		first, last := int(math.Ceil(low*float64(n)/float64(rate))), int(low*1.26*float64(n)/float64(rate))
		for k := first; k <= max(first, last); k++ {
			var s complex128
			for i, v := range x {
				w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
				s += complex(float64(v)/32768*w, 0) * cmplx.Rect(1, -2*math.Pi*float64(k*i%n)/float64(n))
			}
			m := cmplx.Abs(s) / float64(n)
			power += 2 * m * m
		}
		out = append(out, 10*math.Log10(power+1e-12))
	}
	return out
}
