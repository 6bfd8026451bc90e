package rtp

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Keys are the digits of telephone events 0 to 15 (RFC 4733 section 3.2).
const Keys = "0123456789*#ABCD"

// ErrEvent is returned for a payload that is no telephone event.
var ErrEvent = errors.New("telephone event is shorter than four bytes")

// Event is the payload of a telephone event (RFC 4733 section 2.3).
type Event struct {
	Code     uint8
	End      bool
	Volume   uint8  // -dBm0
	Duration uint16 // timestamps since the event's start
}

// ParseEvent reads a payload; of several events in one it reads the first.
func ParseEvent(b []byte) (Event, error) {
	if len(b) < 4 {
		return Event{}, ErrEvent
	}
	return Event{Code: b[0], End: b[1]&0x80 != 0, Volume: b[1] & 0x3f, Duration: binary.BigEndian.Uint16(b[2:])}, nil
}

// Append adds the payload to b.
func (e Event) Append(b []byte) []byte {
	v := e.Volume & 0x3f
	if e.End {
		v |= 0x80
	}
	return binary.BigEndian.AppendUint16(append(b, e.Code, v), e.Duration)
}

// A KeyReceiver makes one key of the many packets of an event. The key counts from
// the first of them that arrives, so that no number of lost ones loses it.
type KeyReceiver struct {
	have     bool
	ts       uint32
	code     uint8
	duration uint16
	ended    bool
}

// Put takes a telephone event with its packet's timestamp and marker. ok is true
// once for each key.
func (r *KeyReceiver) Put(ts uint32, marker bool, payload []byte) (digit byte, ok bool) {
	e, err := ParseEvent(payload)
	if err != nil {
		return 0, false
	}
	// All packets of one event carry the timestamp of its start (section 2.2.1).
	d := int32(ts - r.ts)
	switch {
	case !r.have:
	case d == 0:
		r.ended = r.ended || e.End
		r.duration = max(r.duration, e.Duration)
		return 0, false
	case d < 0 && d > -1<<18: // a straggler of an earlier event
		return 0, false
	case d == 0xffff && !marker && !r.ended && e.Code == r.code:
		// A key held longer than the duration field can tell goes on as a new segment (section 2.5.1.3).
		r.ts, r.duration, r.ended = ts, e.Duration, e.End
		return 0, false
	}
	*r = KeyReceiver{have: true, ts: ts, code: e.Code, duration: e.Duration, ended: e.End}
	if int(e.Code) >= len(Keys) {
		return 0, false // hook flash and the tones of modems
	}
	return Keys[e.Code], true
}

// Active tells whether a key is being held.
func (r *KeyReceiver) Active() bool { return r.have && !r.ended }

// Release ends a key whose last packets were lost.
func (r *KeyReceiver) Release() { r.ended = true }

// A KeySender makes the packets of one key after another, one packet a tick.
type KeySender struct {
	code  uint8
	tick  uint16 // timestamps a tick
	step  int
	steps int
}

// Length of a key and of the rest after it, in ticks. The end is sent three times
// (RFC 4733 section 2.5.1.4).
const (
	keyTicks = 5
	keyEnds  = 3
	restTick = 3
)

// Start begins a key. It returns false for a digit that no key has.
func (s *KeySender) Start(digit byte, clockRate int) bool {
	i := strings.IndexByte(Keys, digit)
	if i < 0 {
		return false
	}
	*s = KeySender{code: uint8(i), tick: uint16(clockRate / 50), steps: keyTicks + keyEnds + restTick}
	return true
}

// Busy tells whether the key, or the rest after it, is still to be sent.
func (s *KeySender) Busy() bool { return s.step < s.steps }

// Next is the packet of this tick. send is false in the rest between keys; first
// is true for the first packet, which carries the marker and whose timestamp all
// the others repeat.
func (s *KeySender) Next() (e Event, first, send bool) {
	i := s.step
	s.step++
	if i >= keyTicks+keyEnds {
		return Event{}, false, false
	}
	n := min(i+1, keyTicks)
	return Event{Code: s.code, Volume: 10, Duration: s.tick * uint16(n), End: i >= keyTicks}, i == 0, true
}
