package media

import (
	"math"

	"hotline/media/dsp"
)

// concealer makes up sound where packets are missing: the last pitch period is
// repeated and fades, and joins are crossfaded, as ITU-T G.711 appendix I
// describes, but without its delay.
type concealer struct {
	rate    int     // its memory is taken with the first sound
	history []int16 // what was heard last
	period  []int16 // what is repeated
	at      int     // position in it
	made    int     // samples made up since the last good one
	step    float32 // offset at the join, decaying
	floor   float32 // background level, mean magnitude
	scratch []int16
	comfort float32 // level of the far end's background by its own word; 0 when it did not say
	noise   uint32
	dull    float32
}

// Fade and joins, in fractions of a second.
const (
	fadeStart = 100 // the first 10 ms are at full level
	fadeEnd   = 11  // nothing is left after 90 ms
	joinTime  = 200 // 5 ms
)

func newConcealer(rate int) *concealer {
	return &concealer{rate: rate, floor: math.MaxInt16}
}

// ready takes the memory.
func (c *concealer) ready() {
	if c.history == nil {
		c.history = make([]int16, c.rate*60/1000)
		c.period = make([]int16, 0, c.rate*15/1000)
		c.scratch = make([]int16, c.rate/joinTime)
	}
}

// good takes real sound, smoothing its start after a hole.
func (c *concealer) good(x []int16) {
	if c.made > 0 {
		n := min(len(c.scratch), len(x))
		c.make(c.scratch[:n])
		for i := range n {
			x[i] = int16((int(c.scratch[i])*(n-i) + int(x[i])*i) / n)
		}
		c.made = 0
	}
	c.remember(x)
}

// continued takes what the codec has made up itself.
func (c *concealer) continued(x []int16) {
	c.made = 0
	c.remember(x)
}

// plausible tells whether x may follow what was heard: a codec that falls silent in
// the middle of a sound, as for tones some do, is not believed.
func (c *concealer) plausible(x []int16) bool {
	last := c.history[max(0, len(c.history)-len(x)):]
	return 3*magnitude(x)+8 >= magnitude(last)
}

// magnitude is the mean absolute value of x.
func magnitude(x []int16) int {
	sum := 0
	for _, v := range x {
		if v < 0 {
			v = ^v
		}
		sum += int(v)
	}
	return sum / max(1, len(x))
}

// background takes the level that the far end says its noise has, in -dBov (RFC 3389
// section 3.1). Louder than -30 is no background.
func (c *concealer) background(level byte) {
	c.comfort = float32(dsp.Gain(-float64(max(30, level&0x7f))) * 32768)
}

// silence takes a pause that the far end intended.
func (c *concealer) silence(x []int16) {
	c.ready()
	clear(x)
	if c.comfort >= 1 {
		c.hiss(x)
	}
	if c.made == 0 && c.history[len(c.history)-1] != 0 {
		last := int(c.history[len(c.history)-1])
		n := min(len(c.scratch), len(x))
		for i := range n {
			x[i] += int16(last * (n - i) / n)
		}
	}
	c.made = 0
	c.remember(x)
}

// hiss fills x with noise of the level c.comfort, duller than white noise as rooms are.
func (c *concealer) hiss(x []int16) {
	const pole = 0.5
	s := c.noise | 1
	// Uniform noise of ±1 has a level of 1/√3, and the filter takes some of it.
	gain := c.comfort * float32(math.Sqrt(3*(1-pole*pole)))
	for i := range x {
		s ^= s << 13
		s ^= s >> 17
		s ^= s << 5
		c.dull = pole*c.dull + gain*float32(int32(s))/(1<<31)
		x[i] = int16(c.dull)
	}
	c.noise = s
}

func (c *concealer) remember(x []int16) {
	c.ready()
	n := len(c.history)
	if len(x) >= n {
		copy(c.history, x[len(x)-n:])
		return
	}
	copy(c.history, c.history[len(x):])
	copy(c.history[n-len(x):], x)
}

// fill makes up len(x) samples.
func (c *concealer) fill(x []int16) {
	if c.made == 0 {
		c.begin()
	}
	c.make(x)
}

func (c *concealer) make(x []int16) {
	start, end := c.rate/fadeStart, c.rate/fadeEnd
	for i := range x {
		if c.made >= end {
			clear(x[i:])
			c.made += len(x) - i
			return
		}
		v := float32(c.period[c.at]) + c.step
		c.step *= 0.9
		if c.made > start {
			v *= float32(end-c.made) / float32(end-start)
		}
		x[i] = int16(max(math.MinInt16, min(math.MaxInt16, v)))
		c.made++
		if c.at++; c.at == len(c.period) {
			c.at = 0
		}
	}
}

// begin chooses what to repeat.
func (c *concealer) begin() {
	c.ready()
	h, n := c.history, len(c.history)
	lag := c.pitch()
	c.period = append(c.period[:0], h[n-lag:]...)
	// The end of the period must lead into its start: blend it with what came before
	// the start.
	q := lag / 4
	for j := lag - q; j < lag; j++ {
		w := j - (lag - q) + 1
		c.period[j] = int16((int(h[n-lag+j])*(q-w) + int(h[n-2*lag+j])*w) / q)
	}
	c.at = 0
	c.step = float32(h[n-1]) - float32(h[n-lag-1])
}

// pitch is the lag, between 2.5 and 15 ms, at which the last 20 ms repeat best.
func (c *concealer) pitch() int {
	h, n := c.history, len(c.history)
	stride := max(1, c.rate/8000)
	low, high, window := c.rate/400, c.rate*15/1000, c.rate/50
	best, score := high, float32(0)
	for lag := low; lag <= high; lag += stride {
		var cross, energy float32 = 0, 1
		for i := n - window; i < n; i += stride {
			a, b := float32(h[i]), float32(h[i-lag])
			cross += a * b
			energy += b * b
		}
		if cross <= 0 {
			continue
		}
		if s := cross * cross / energy; s > score*1.0001 {
			best, score = lag, s
		}
	}
	return best
}

// quiet tells whether x is background, so that a piece of time may be left out of
// it unheard, and follows the background's level.
func (c *concealer) quiet(x []int16) bool {
	level := float32(magnitude(x))
	c.floor = max(1, min(c.floor*1.01, level))
	// Background is no louder than about -40 dBov: a steady tone is none.
	return level < max(50, min(250, 1.6*c.floor))
}
