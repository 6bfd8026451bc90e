package asr

import (
	"math"
	"time"
)

// A Gate makes of a detector's probabilities and the frames' levels (dBov) the
// decision when voice begins and where it ends. It belongs to one call.
type Gate struct {
	noise float64 // level of the line without voice, dB
	level float64 // level of the voice, dB
	run   int     // frames in a row at voiceStart
	sure  int     // frames in a row at voiceSure
}

// The line's noise follows a quieter frame at once, half way, and rises by so much
// a frame; the voice's level falls by so much a frame (7.5 dB a second), so that
// a soft speaker is heard again soon after a bang.
const (
	noiseRise, levelFall = 0.06, 0.15
	quietLine            = -70.0
)

// NewGate returns a Gate that knows nothing of its line yet.
func NewGate() *Gate { return &Gate{noise: math.NaN(), level: quietLine} }

// Rest is to be called when a turn is over; the line's noise is still known.
func (g *Gate) Rest() { g.run, g.sure = 0, 0 }

func (g *Gate) hear(db float64) {
	db = max(db, quietLine)
	switch {
	case math.IsNaN(g.noise):
		g.noise = db
	case db < g.noise:
		g.noise += (db - g.noise) / 2
	default:
		g.noise = min(g.noise+noiseRise, db)
	}
}

// Starts says whether voice has begun with this frame. It began Run frames ago.
func (g *Gate) Starts(p, db float64) bool {
	g.hear(db)
	if p < voiceStart {
		g.run, g.sure = 0, 0
		return false
	}
	g.run++
	if g.sure++; p < voiceSure {
		g.sure = 0
	}
	if g.run < startFrames && g.sure < sureFrames {
		return false
	}
	g.level = max(db, quietLine)
	return true
}

// Run is the number of voiced frames in a row before a turn.
func (g *Gate) Run() int { return g.run }

// GoesOn says whether a frame of a turn is voiced.
func (g *Gate) GoesOn(p, db float64) bool {
	g.hear(db)
	g.level = max(g.level-levelFall, quietLine)
	if p < voiceStop {
		return false
	}
	if db < g.level-softBelowLevelDB || db < g.noise+softAboveNoiseDB && db < g.level-softAboveNoiseDB {
		return false
	}
	g.level = max(g.level, db)
	return true
}

// ring keeps the last frames before a turn.
type ring struct {
	frames [][]int16
	n      int // frames taken since the last reset
}

func newRing(frames, frameLen int) *ring {
	r := &ring{frames: make([][]int16, frames)}
	all := make([]int16, frames*frameLen)
	for i := range r.frames {
		r.frames[i] = all[i*frameLen : (i+1)*frameLen]
	}
	return r
}

func (r *ring) reset() { r.n = 0 }

func (r *ring) push(f []int16) {
	copy(r.frames[r.n%len(r.frames)], f)
	r.n++
}

func (r *ring) appendTo(dst []int16) []int16 {
	for i := max(0, r.n-len(r.frames)); i < r.n; i++ {
		dst = append(dst, r.frames[i%len(r.frames)]...)
	}
	return dst
}

// quietest returns where to cut x: the middle of the quietest 100 ms among its
// last n samples.
func quietest(x []int16, n, frameLen int) int {
	frames := int(100 * time.Millisecond / frameTime)
	from := max(0, len(x)-n)
	best, cut := math.Inf(1), len(x)
	for i := from; i+frames*frameLen <= len(x); i += frameLen {
		var e float64
		for _, v := range x[i : i+frames*frameLen] {
			e += float64(v) * float64(v)
		}
		if e <= best {
			best, cut = e, i+frames*frameLen/2
		}
	}
	return cut
}
