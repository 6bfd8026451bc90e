package dsp

import "math"

// Pure finds the one sine that x may be: its frequency in Hz, its level in dBov and
// the share of x's power that is in it, 0 to 1. A share near 1 is a tone; voices,
// music of several notes and noise stay below. The frequency is found by the reformed
// Pisarenko estimate (H. C. So and K. W. Chan, IEEE Trans. Signal Processing 52(4),
// 2004), which white noise does not draw aside. It allocates nothing.
func Pure(x []int16, rate int) (hz, level, share float64) {
	if len(x) < 8 {
		return 0, Silence, 0
	}
	var a, b, total float64
	for n := 2; n < len(x); n++ {
		sum, mid := float64(x[n])+float64(x[n-2]), float64(x[n-1])
		a += sum * mid
		b += sum*sum - 2*mid*mid
	}
	for _, v := range x {
		total += float64(v) * float64(v)
	}
	total /= float64(len(x)) * 32768 * 32768
	if a == 0 || powerDB(total) <= Silence {
		return 0, Silence, 0
	}
	c := (b + math.Sqrt(b*b+8*a*a)) / (4 * a)
	if c >= 1 || c <= -1 {
		return 0, Silence, 0
	}
	hz = math.Acos(c) / (2 * math.Pi) * float64(rate)
	level = Goertzel(x, rate, hz)
	return hz, level, math.Pow(10, level/10) / total
}

// Pair finds the two sines that x may be: their frequencies in Hz and the share of x's
// power that is in them, 0 to 1. Two sines obey x[n+2k]+x[n-2k] = p(x[n+k]+x[n-k]) + q·x[n];
// p and q are found by least squares and tell the frequencies. They lie below 2 kHz: with
// steps k of 1/4000 s noise draws them aside little. It allocates nothing.
func Pair(x []int16, rate int) (low, high, share float64) {
	var uu, uv, vv, uy, vy, total float64
	k := max(1, rate/4000)
	for n := 2 * k; n+2*k < len(x); n++ {
		u, v, y := float64(x[n+k])+float64(x[n-k]), float64(x[n]), float64(x[n+2*k])+float64(x[n-2*k])
		uu += u * u
		uv += u * v
		vv += v * v
		uy += u * y
		vy += v * y
	}
	for _, v := range x {
		total += float64(v) * float64(v)
	}
	det := uu*vv - uv*uv
	if det <= 1e-9*uu*vv || total == 0 {
		return 0, 0, 0
	}
	total /= float64(len(x)) * 32768 * 32768
	// 2(c1+c2) = p and -(2+4·c1·c2) = q, c being the frequencies' cosines.
	p, q := (uy*vv-vy*uv)/det, (vy*uu-uy*uv)/det
	half, product := p/4, -(q+2)/4
	root := half*half - product
	if root <= 0 {
		return 0, 0, 0
	}
	a, b := half+math.Sqrt(root), half-math.Sqrt(root)
	if a >= 1 || b <= -1 {
		return 0, 0, 0
	}
	turn := float64(rate) / (2 * math.Pi * float64(k))
	low, high = math.Acos(a)*turn, math.Acos(b)*turn
	power := math.Pow(10, Goertzel(x, rate, low)/10) + math.Pow(10, Goertzel(x, rate, high)/10)
	return low, high, power / total
}

// Bins measures the power of a few frequencies over blocks that span several calls of
// Add. It allocates nothing after NewBins.
type Bins struct {
	c      []float64
	s1, s2 []float64
	energy float64
	n      int
}

// NewBins returns Bins for frequencies in Hz.
func NewBins(rate int, hz ...float64) *Bins {
	b := &Bins{c: make([]float64, len(hz)), s1: make([]float64, len(hz)), s2: make([]float64, len(hz))}
	for i, f := range hz {
		b.c[i] = 2 * math.Cos(2*math.Pi*f/float64(rate))
	}
	return b
}

// Add takes the block's next samples.
func (b *Bins) Add(x []int16) {
	for i, c := range b.c {
		s1, s2 := b.s1[i], b.s2[i]
		for _, v := range x {
			s1, s2 = float64(v)/32768+c*s1-s2, s1
		}
		b.s1[i], b.s2[i] = s1, s2
	}
	b.energy += power(x) * float64(len(x))
	b.n += len(x)
}

// Share is the share of the block's power that is at frequency i, 0 to 1.
func (b *Bins) Share(i int) float64 {
	if b.n == 0 || b.energy == 0 {
		return 0
	}
	p := b.s1[i]*b.s1[i] + b.s2[i]*b.s2[i] - b.c[i]*b.s1[i]*b.s2[i]
	return 2 * p / (float64(b.n) * b.energy)
}

// Len is how many samples the block has.
func (b *Bins) Len() int { return b.n }

// Reset begins a new block.
func (b *Bins) Reset() {
	clear(b.s1)
	clear(b.s2)
	b.energy, b.n = 0, 0
}
