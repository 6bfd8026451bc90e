package vad

import (
	"math"

	"hotline/media/dsp"
)

// gate keeps from the network what cannot hold voice: digital silence, and a line's
// own noise as long as nothing stands out of it. A caller who listens costs next to
// nothing then. It stays open for a while behind sound, for the network needs to
// hear the end of a word to let go of it.
type gate struct {
	high  *dsp.Filter // hum and rumble move the level and carry no words
	heard []int16
	loud  bool // a sample above silence in this window
	power int64
	n     int64
	quiet int     // windows in a row without anything
	floor float64 // the line's noise, dBov
}

// Levels in dB, times in windows of 32 ms.
const (
	gateHold = 8 // windows, about 250 ms
	gateLead = 4 // windows judged afterwards when the gate opens
	// A window that is no more than this above the line's noise holds no voice that
	// the network would find; that of noise is up to 4 dB above its floor.
	gateMargin = 5.0
	// The gate does not close while the network is this sure of voice, and the floor
	// does not rise.
	gateVoice = 0.1
	// The floor falls half way to a quieter window at once, and rises by so much a
	// window (3 dB a second).
	floorRise            = 0.1
	floorLeast, floorTop = -70.0, -40.0
)

func newGate(rate int) gate {
	return gate{high: dsp.NewHighPass(rate, 200, 2), heard: make([]int16, 0, rate/50), floor: floorTop}
}

func (g *gate) take(frame []int16) {
	if !g.loud {
		g.loud = !isSilent(frame)
	}
	g.heard = append(g.heard[:0], frame...)
	g.high.Process(g.heard)
	var sum int64
	for _, s := range g.heard {
		sum += int64(s) * int64(s)
	}
	g.power += sum
	g.n += int64(len(frame))
}

// open ends a window and says whether the network has to hear it, which thought the
// window before to be voice with probability p.
func (g *gate) open(p float64) bool {
	db := math.Inf(-1)
	if g.power > 0 {
		db = 10 * math.Log10(float64(g.power)/float64(g.n)/(32768*32768))
	}
	switch {
	case !g.loud: // tells nothing of the line's noise
		g.quiet++
	case p < gateVoice && db < g.floor+gateMargin:
		g.quiet++
	default:
		g.quiet = 0
	}
	if g.loud {
		switch {
		case db < g.floor:
			g.floor = max(g.floor+(db-g.floor)/2, floorLeast)
		case p < gateVoice:
			g.floor = min(g.floor+floorRise, db, floorTop)
		}
	}
	g.quiet = min(g.quiet, gateHold+1)
	g.loud, g.power, g.n = false, 0, 0
	return g.quiet <= gateHold
}
