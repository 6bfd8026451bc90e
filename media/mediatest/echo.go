package mediatest

import (
	"math"
	"math/rand/v2"
	"time"

	"hotline/media/dsp"
)

// EchoPath is a loudspeaker and a microphone in a room: what is played comes back
// later, softer, without its lowest and highest parts, and with the room's sound.
type EchoPath struct {
	delay   []int16
	at      int
	room    []float32
	past    []float32
	filter  *dsp.Filter
	clipped float64
}

// NewEchoPath returns a path for sound of rate Hz: delay is that of the line and the
// network, loss (dB, positive) what is lost on the way, and reverberation how long
// the room rings, to 60 dB below.
func NewEchoPath(rate int, delay, reverberation time.Duration, loss float64, seed uint64) *EchoPath {
	r := rand.New(rand.NewPCG(seed, 1))
	n := max(1, int(reverberation.Seconds()*float64(rate)/3)) // 20 dB is enough
	e := &EchoPath{
		delay: make([]int16, max(1, int(delay.Seconds()*float64(rate)))),
		room:  make([]float32, n), past: make([]float32, 2*n),
		filter: dsp.NewHighPass(rate, 350, 2), clipped: 12000,
	}
	power := 0.0
	for i := range e.room {
		v := r.NormFloat64() * math.Pow(10, -3*float64(i)/(reverberation.Seconds()*float64(rate)))
		if i == 0 {
			v = 2 // the direct way
		}
		e.room[i] = float32(v)
		power += v * v
	}
	g := float32(dsp.Gain(-loss) / math.Sqrt(power))
	for i := range e.room {
		e.room[i] *= g
	}
	return e
}

// Process turns what is played in x into what the microphone hears of it.
func (e *EchoPath) Process(x []int16) {
	n := len(e.room)
	for i, v := range x {
		v, e.delay[e.at] = e.delay[e.at], v
		e.at = (e.at + 1) % len(e.delay)
		// A small loudspeaker does not go further than it can.
		s := float32(e.clipped * math.Tanh(float64(v)/e.clipped))
		copy(e.past[1:n], e.past[:n-1])
		e.past[0] = s
		y := float32(0)
		for k, c := range e.room {
			y += c * e.past[k]
		}
		x[i] = int16(max(-32768, min(32767, y)))
	}
	e.filter.Process(x)
}
