package dsp

import "math"

// Times of an EchoGate in blocks of 10 ms.
const (
	echoLags    = 52  // the longest echo: 520 ms after it was sent
	echoMemory  = 64  // levels kept, a power of two
	echoLearns  = 110 // blocks of our own sound until an echo would be known
	echoHold    = 30  // for how long somebody who spoke up is heard
	echoPasses  = 2   // blocks of three that must be louder than the echo
	echoForgets = 0.995
)

// Levels of an EchoGate, dB.
const (
	echoActive  = -45.0 // what we say is loud enough to come back
	echoFloor   = -65.0 // softer is nothing
	echoMargin  = 7.0   // by which somebody must be louder than the echo to be heard
	echoShout   = 14.0  // and at once
	echoTail    = 1.0   // by which the sound of a room falls in 10 ms
	echoUnknown = 8.0   // what is so much softer than we are may be an echo, while we do not know
	echoEarly   = 0.85  // correlation from which there is an echo, in the first two seconds
	echoSure    = 0.75  // correlation from which there is an echo
	echoDoubt   = 0.50  // and below which there is none any more
	echoRise    = 0.27  // by which the gain of the echo is corrected each block: up,
	echoFall    = 0.03  // and down, so that nine blocks of ten are softer
	echoSpread  = 5.0   // by which that gain is above the mean, to begin with
	quietLine   = -50.0 // its noise, to begin with
	noiseRise   = 0.04  // by which the line's noise may rise each block
	noiseMargin = 9.0   // by which somebody is louder than it
)

// An EchoGate tells whether what comes in is only what was sent out: the far end's
// loudspeaker in its microphone, or a line that reflects. It compares how the levels
// of the two rise and fall, for which neither codecs nor rooms nor distortions
// matter much, and learns delay and loss of the echo by it. Somebody who speaks at
// the same time is heard as soon as he is louder than the echo.
type EchoGate struct {
	blocks int // seen
	sent   [2][echoMemory]float64

	weight   float64 // of what the sums below hold, in blocks
	in, in2  [2]float64
	out      [2][echoLags]float64
	out2     [2][echoLags]float64
	cross    [2][echoLags]float64
	learned  int // blocks of our own sound compared
	lag      int
	loss     [2]float64 // it is negative: the gain of the echo
	noise    [2]float64 // of the line
	known    bool
	doubt    bool       // there may be one
	expected [2]float64 // level of the echo now, before its loss
	passes   uint8      // one bit a block: it was louder than the echo
	hold     int        // blocks left for which all is let through
	silence  int        // blocks since we said anything
	lastOut  int16
	lastIn   int16
}

// NewEchoGate returns an EchoGate that knows no echo yet.
func NewEchoGate() *EchoGate {
	// Who speaks before it has heard the line alone must not be taken for its noise.
	return &EchoGate{silence: echoMemory, noise: [2]float64{quietLine, quietLine}}
}

// Take takes 20 ms of what was sent and of what came in meanwhile, at one rate, and
// tells whether the latter is only the echo of what was sent.
func (g *EchoGate) Take(sent, heard []int16) bool {
	n := len(sent) / 2
	first := g.block(sent[:n], heard[:n])
	second := g.block(sent[n:], heard[n:])
	return first && second
}

// Echo is the loss of the echo in dB and its delay in ms; ok is false while there is
// none that is known.
func (g *EchoGate) Echo() (loss float64, delay int, ok bool) {
	return -g.loss[0], 10 * g.lag, g.known
}

// unsure tells whether it may still turn out that there is an echo.
func (g *EchoGate) unsure() bool {
	return !g.known && (g.learned < echoLearns || g.doubt && g.learned < 2*echoLearns)
}

// levels are those of a block and of its slope, which is its higher part.
func levels(x []int16, last *int16) (l [2]float64) {
	var sum, slope int64
	prev := int64(*last)
	for _, v := range x {
		w := int64(v)
		sum += w * w
		slope += (w - prev) * (w - prev)
		prev = w
	}
	*last = int16(prev)
	n := float64(max(1, len(x))) * (1 << 30)
	l[0] = max(echoFloor, powerDB(float64(sum)/n))
	l[1] = max(echoFloor, powerDB(float64(slope)/n))
	return l
}

func (g *EchoGate) block(sent, heard []int16) bool {
	out := levels(sent, &g.lastOut)
	at := g.blocks & (echoMemory - 1)
	g.sent[0][at], g.sent[1][at] = out[0], out[1]
	g.blocks++
	if out[0] > echoActive {
		g.silence = 0
	} else {
		g.silence++
	}
	if g.silence >= echoMemory {
		g.lastIn = heard[len(heard)-1]
		g.expected = [2]float64{echoFloor, echoFloor}
		g.passes, g.hold = 0, max(0, g.hold-1)
		return false // nothing is under way
	}
	in := levels(heard, &g.lastIn)
	for f, v := range in {
		if v < g.noise[f] {
			g.noise[f] += (v - g.noise[f]) / 2
		} else {
			g.noise[f] += noiseRise
		}
	}
	g.learn(in)
	return g.judge(in)
}

// past is a level of what was sent lag blocks ago.
func (g *EchoGate) past(feature, lag int) float64 {
	return g.sent[feature][(g.blocks-1-lag)&(echoMemory-1)]
}

// learn compares what came in with what was sent before, at every delay.
func (g *EchoGate) learn(in [2]float64) {
	if g.blocks < echoMemory {
		return
	}
	g.weight = g.weight*echoForgets + 1
	if g.silence < echoLags {
		g.learned++
	}
	for f := range 2 {
		y := in[f]
		g.in[f] = g.in[f]*echoForgets + y
		g.in2[f] = g.in2[f]*echoForgets + y*y
		out, out2, cross := &g.out[f], &g.out2[f], &g.cross[f]
		for lag := range echoLags {
			x := g.past(f, lag)
			out[lag] = out[lag]*echoForgets + x
			out2[lag] = out2[lag]*echoForgets + x*x
			cross[lag] = cross[lag]*echoForgets + x*y
		}
	}
	if g.blocks%8 == 0 && g.learned >= echoLearns-8 {
		g.find()
	}
}

// find looks for the delay at which the two go together best.
func (g *EchoGate) find() {
	best, lag := 0.0, g.lag
	for l := range echoLags {
		if c := min(g.correlation(0, l), g.correlation(1, l)); c > best {
			best, lag = c, l
		}
	}
	g.doubt = best > echoSure-0.1
	switch {
	case best > echoSure && (!g.known && g.learned < 2*echoLearns && best < echoEarly):
		// Two voices that began together, it may be.
	case best > echoSure && (!g.known || abs(lag-g.lag) > 2):
		g.known, g.lag = true, lag
		for f := range 2 {
			g.loss[f] = (g.in[f]-g.out[f][lag])/g.weight + echoSpread
		}
	case best > echoSure:
		g.lag = lag
	case best < echoDoubt:
		g.known = false
	}
}

func (g *EchoGate) correlation(f, lag int) float64 {
	n := g.weight
	x, y := g.out[f][lag]/n, g.in[f]/n
	vx, vy := g.out2[f][lag]/n-x*x, g.in2[f]/n-y*y
	if vx < 4 || vy < 4 {
		return 0 // without ups and downs there is nothing to compare
	}
	return (g.cross[f][lag]/n - x*y) / math.Sqrt(vx*vy)
}

// judge tells whether a block is the echo alone.
func (g *EchoGate) judge(in [2]float64) bool {
	over := math.Inf(-1) // by how much it is louder than the echo
	switch {
	case g.known:
		for f := range 2 {
			x := g.past(f, g.lag)
			if g.lag > 0 {
				x = max(x, g.past(f, g.lag-1))
			}
			if g.lag+1 < echoLags {
				x = max(x, g.past(f, g.lag+1))
			}
			g.expected[f] = max(x, g.expected[f]-echoTail)
			d := in[f] - g.expected[f]
			if x > echoActive && in[f] > echoFloor {
				// Vowels differ in what a loudspeaker and a room make of them.
				step := -echoFall
				if d > g.loss[f] {
					step = echoRise
				}
				if g.hold > 0 { // somebody speaks, most likely
					step /= 8
				}
				g.loss[f] += step
			}
			if in[f] > g.noise[f]+noiseMargin {
				over = max(over, d-g.loss[f])
			}
		}
	case g.unsure():
		loudest := echoFloor
		for lag := range echoLags {
			loudest = max(loudest, g.past(0, lag))
		}
		if in[0] > g.noise[0]+noiseMargin {
			over = in[0] - loudest + echoUnknown + echoMargin
		}
	default:
		return false
	}
	g.passes <<= 1
	if over > echoMargin {
		g.passes |= 1
	}
	p := g.passes & 7
	if int(p&1+p>>1&1+p>>2&1) >= echoPasses || over > echoShout {
		g.hold = echoHold
	}
	if g.hold > 0 {
		g.hold--
		return false
	}
	return true
}

func abs(v int) int { return max(v, -v) }
