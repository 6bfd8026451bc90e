package media

import (
	"time"

	"hotline/media/dsp"
)

// KeyTones says when keys are listened for in the sound itself.
type KeyTones uint8

// The choices.
const (
	TonesIfNeeded KeyTones = iota // while the far end has agreed on no telephone events
	TonesAlways
	TonesNever
)

// keySource is how a key was told.
type keySource uint8

const (
	byEvent  keySource = iota + 1 // RFC 4733
	bySignal                      // SIP INFO
	byTone
)

const (
	// keyDouble is for how many ticks a key that is told in a second way is the same
	// key: half a second.
	keyDouble = 25
	// keyEcho is for how many ticks our own tones may come back.
	keyEcho = 25
)

// keyInput decides what counts as a key. Fields are guarded by the session's mu.
type keyInput struct {
	tones  *dsp.KeyDetector // nil while nobody listens for tones
	last   byte
	source keySource // of last
	at     int64     // its tick
	told   bool      // the far end tells its keys by events or signals: tones are their shadow
}

// listens takes what was agreed.
func (k *keyInput) listens(want KeyTones, events bool, rate int) {
	if want == TonesNever || want == TonesIfNeeded && events {
		k.tones = nil
	} else if k.tones == nil {
		k.tones = dsp.NewKeyDetector(rate)
	}
}

// counts tells whether a key is a new one.
func (k *keyInput) counts(digit byte, source keySource, tick int64) bool {
	if source != byTone {
		k.told = true
	}
	if source != k.source && digit == k.last && tick-k.at < keyDouble {
		return false
	}
	if source == byTone && k.told {
		return false
	}
	k.last, k.source, k.at = digit, source, tick
	return true
}

// pressed hands a key on. It needs s.mu.
func (s *Session) pressed(digit byte, source keySource) {
	tick := s.ticks.Load()
	if s.ended || !s.keysIn.counts(digit, source, tick) {
		return
	}
	select {
	case s.keys <- Key{Digit: digit, At: time.Duration(tick) * FrameTime}:
	default:
		s.stats.KeysDropped++
	}
}

// TakeKey takes a key that the far end told by signalling, as SIP INFO does: it
// comes out of Keys like the others, and once if it comes by several ways.
func (s *Session) TakeKey(digit byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pressed(digit, bySignal)
}

// findTones listens for keys in what was heard, and tells whether it is their
// tones: those are kept from the recogniser. It needs s.mu.
func (s *Session) findTones(in Frame) bool {
	d := s.keysIn.tones
	if d == nil || !s.heeded.Load() {
		return false
	}
	digit, ok := d.Process(in)
	if s.ticks.Load()-s.keyOut.toned < keyEcho {
		return false // our own, coming back
	}
	if ok {
		s.pressed(digit, byTone)
	}
	return d.Sounding()
}
