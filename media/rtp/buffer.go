package rtp

import "time"

// Tick is the period at which a Buffer is read.
const Tick = 20 * time.Millisecond

const (
	slots = 64 // packets held at most: 1.28 s of 20 ms, 640 ms of 10 ms
	// fewSlots are what most streams need, and what memory is taken for at first.
	fewSlots = 16
	// MaxDelay bounds how much sound waits in a Buffer.
	MaxDelay = 500 * time.Millisecond
	// maxJump is a hole in the timestamps that is not waited for: another source.
	maxJump = time.Second
	// maxDropout is a jump in sequence numbers beyond which the next packet must
	// confirm it (RFC 3550 appendix A.1).
	maxDropout = 1000
	// margin is how early packets must come, beyond a tick, before the delay shrinks.
	margin = 4 * time.Millisecond
	// A period of observation, in ticks: no packet came close to its time in two of them, and
	// the delay shrinks.
	minHold, maxHold = 75, 400
	// lateWindow is within how many ticks two late packets make the delay grow.
	lateWindow = 100
)

// Verdict says what became of a packet, or what is to be heard.
type Verdict uint8

// What Put says.
const (
	Accepted  Verdict = iota
	Duplicate         // seen before
	Late              // its time has passed
	Strange           // far from the others; believed if the next one follows it
)

// What Next says.
const (
	Idle  Verdict = iota + 16 // nothing has come yet
	Play                      // decode the payload, then call Played
	Lost                      // conceal, then call Concealed
	Quiet                     // the far end pauses: silence, then call Concealed
)

type slot struct {
	used    bool
	audio   bool
	seq, ts int64
	payload []byte
}

// A Buffer evens out the arrival of packets. Its delay is as small as the arrivals
// of the last seconds allow: it grows when the buffer runs dry (the sound that
// fills the hole pushes the rest back) or when packets come too late to be of use,
// and shrinks, by [Buffer.Adjust], when for some seconds every packet was early. The
// same rule follows a sender whose clock is faster or slower than ours.
type Buffer struct {
	clock    int64    // Hz
	tick     int64    // timestamps a tick
	slots    []slot   // none before the first packet; a power of two
	free     [][]byte // payload memory not in use
	held     []byte   // payload that Next gave away
	count    int
	started  bool
	next     int64  // sequence number of the next packet; below it all is done with
	top      int64  // the highest one seen
	seen     uint64 // bit i: top-i has been seen
	lastTS   int64
	play     int64 // timestamp of what is decoded next
	pending  int64 // decoded, but not heard yet
	credit   int64 // made up since the last packet; it counts against the next hole
	quiet    bool  // the far end pauses by its own word
	resumed  bool  // the packet given last came after a pause
	suspect  uint16
	suspects int
	backward int

	now         int64 // ticks
	min, before time.Duration
	samples     int
	full        bool // before holds a whole period
	hold, since int
	lateAt      int64
	insert      int
	lastDrop    int64
	reserve     bool

	grown, shrunk int64
}

// NewBuffer returns a Buffer for streams with RTP timestamps of clockRate Hz.
func NewBuffer(clockRate int) *Buffer {
	return &Buffer{clock: int64(clockRate), tick: int64(clockRate) / 50, hold: minHold}
}

// Idle tells that nothing has come since the beginning or the last Reset.
func (b *Buffer) Idle() bool { return !b.started }

// slot is the place of a sequence number; there must be some.
func (b *Buffer) slot(seq int64) *slot { return &b.slots[seq&int64(len(b.slots)-1)] }

// grow makes more places, or the first ones.
func (b *Buffer) grow() {
	few, n := b.slots, slots
	if b.top-b.next < fewSlots {
		n = fewSlots
	}
	b.slots = make([]slot, n)
	for _, s := range few {
		if s.used {
			*b.slot(s.seq) = s
		}
	}
}

// Reset forgets the stream, as after a change of source.
func (b *Buffer) Reset() {
	for i := range b.slots {
		b.drop(&b.slots[i])
	}
	b.started, b.quiet, b.suspects, b.backward = false, false, 0, 0
	b.credit, b.insert, b.lateAt = 0, 0, 0
	b.forget()
}

// forget begins a new period of observation.
func (b *Buffer) forget() { b.samples, b.full, b.since = 0, false, 0 }

// Advance ends a tick. pending is how much of what was decoded is left to be heard
// in the next one, in timestamps.
func (b *Buffer) Advance(pending int) {
	b.pending = int64(pending)
	b.now++
	if !b.started || b.quiet {
		return
	}
	if b.since++; b.since >= b.hold && b.samples >= b.hold/4 {
		b.before, b.full = b.min, true
		b.samples, b.since = 0, 0
		b.hold = max(minHold, b.hold*3/4)
	}
}

// Put takes an audio packet that arrived age ago. It copies payload.
func (b *Buffer) Put(seq uint16, ts uint32, payload []byte, age time.Duration) Verdict {
	return b.put(seq, ts, payload, age, true)
}

// Skip takes the place of a packet that is no audio: a key event or comfort noise.
func (b *Buffer) Skip(seq uint16, ts uint32) Verdict {
	return b.put(seq, ts, nil, 0, false)
}

func (b *Buffer) put(seq uint16, ts uint32, payload []byte, age time.Duration, audio bool) Verdict {
	if !b.started {
		b.start(seq, ts)
	}
	s := extend16(b.top, seq)
	switch d := s - b.top; {
	case d > maxDropout || d < -maxDropout:
		// RFC 3550 appendix A.1: two in sequence make a restarted sender.
		if b.suspects > 0 && seq == b.suspect {
			b.Reset()
			b.start(seq, ts)
			s = extend16(b.top, seq)
			break
		}
		b.suspect, b.suspects = seq+1, 1
		return Strange
	case d >= slots: // a hole longer than the buffer: begin again behind it
		b.Reset()
		b.start(seq, ts)
		s = extend16(b.top, seq)
	}
	b.suspects = 0
	if s > b.top {
		b.seen = b.seen<<uint(s-b.top) | 1
		b.top = s
		for ; b.next <= b.top-slots; b.next++ {
			if old := b.slot(b.next); old.seq == b.next {
				b.drop(old)
			}
		}
	} else {
		back := uint(b.top - s)
		if back >= 64 {
			return Late
		}
		if b.seen>>back&1 == 1 {
			return Duplicate
		}
		b.seen |= 1 << back
	}
	t := extend32(b.lastTS, ts)
	if s < b.next {
		if audio {
			b.late()
		}
		return Late
	}
	b.lastTS = t
	if audio && !b.quiet {
		b.observe(t, age)
	}
	if b.top-b.next >= int64(len(b.slots)) {
		b.grow()
	}
	slot := b.slot(s)
	slot.used, slot.audio, slot.seq, slot.ts = true, audio, s, t
	slot.payload = append(b.memory(), payload...)
	b.count++
	b.bound()
	return Accepted
}

// start anchors the stream at its first packet, which is heard one tick from now.
func (b *Buffer) start(seq uint16, ts uint32) {
	b.started = true
	b.next = int64(seq) + 1<<32 // far from zero, so that nothing turns negative
	b.top = b.next - 1
	b.seen = 0
	b.lastTS = int64(ts) + 1<<40
	b.play = b.lastTS - b.tick
}

// observe notes how early a packet came: the time from its arrival to the tick at
// which it must be there.
func (b *Buffer) observe(ts int64, age time.Duration) {
	ahead := (ts - (b.play - b.pending)) / b.tick * b.tick
	early := b.duration(ahead-b.credit) + age
	if b.samples == 0 || early < b.min {
		b.min = early
	}
	b.samples++
}

func (b *Buffer) duration(ts int64) time.Duration {
	const limit = 1 << 32 // what strangers send must not overflow
	ts = max(-limit, min(limit, ts))
	return time.Duration(ts) * time.Second / time.Duration(b.clock)
}

// late notes a packet that came too late to be heard. A single one may be an accident.
func (b *Buffer) late() {
	if b.lateAt > 0 && b.now-b.lateAt < lateWindow {
		b.insert = 1
		b.lateAt = 0
		return
	}
	b.lateAt = b.now
}

// bound gives up the oldest sound when more than MaxDelay waits.
func (b *Buffer) bound() {
	for b.count > 1 {
		s := b.first()
		if b.duration(b.lastTS-b.play-b.credit) <= MaxDelay {
			return
		}
		b.shrunk++
		if s.ts > b.play+b.credit { // a hole goes first
			b.play, b.credit = s.ts, 0
			continue
		}
		b.next = s.seq + 1
		b.drop(s)
		b.play, b.credit = max(b.play, b.first().ts), 0
	}
}

// first is the used slot with the lowest sequence number; there must be one.
func (b *Buffer) first() *slot {
	for s := b.next; ; s++ {
		if slot := b.slot(s); slot.used && slot.seq == s {
			return slot
		}
	}
}

func (b *Buffer) drop(s *slot) {
	if !s.used {
		return
	}
	b.free = append(b.free, s.payload)
	*s = slot{}
	b.count--
}

func (b *Buffer) memory() []byte {
	if n := len(b.free); n > 0 {
		m := b.free[n-1]
		b.free = b.free[:n-1]
		return m[:0]
	}
	return make([]byte, 0, 192)
}

// Next says what is to be heard now. payload is valid until the next call of Put,
// Skip or Next.
func (b *Buffer) Next() (payload []byte, v Verdict) {
	if b.held != nil {
		b.free = append(b.free, b.held)
		b.held = nil
	}
	if !b.started {
		return nil, Idle
	}
	for b.count > 0 {
		s := b.first()
		gap := s.ts - b.play
		if gap > 0 && b.duration(gap-b.credit) < maxJump {
			if gap > b.credit {
				if s.seq == b.next || b.quiet {
					return nil, Quiet // no packet is missing: the far end has paused
				}
				return nil, Lost
			}
		}
		b.resumed = s.seq == b.next && gap > 0
		b.next = s.seq + 1
		if !s.audio {
			b.quiet = true
			b.drop(s)
			continue
		}
		if gap < 0 && b.duration(-gap) < maxJump {
			// It lies before what has been heard: an overlap, or timestamps that were set
			// back. Three in a row are the latter.
			if b.backward++; b.backward < 3 {
				b.drop(s)
				continue
			}
		}
		b.backward = 0
		if gap == 0 && b.credit > 0 && !b.quiet {
			b.grew() // it was awaited: everything is heard later from now on
		}
		b.play = s.ts
		b.credit, b.quiet = 0, false
		b.held, s.payload = s.payload, nil
		s.used = false
		b.count--
		return b.held, Play
	}
	if b.quiet {
		return nil, Quiet
	}
	return nil, Lost
}

// Resumed tells whether the packet that Next gave last came after a pause of the far
// end: no packet before it is missing, and its timestamp is later than the others'
// length explains.
func (b *Buffer) Resumed() bool { return b.resumed }

// Position is the sequence number and the timestamp of the packet that Next gave
// last, counted on without wrapping around.
func (b *Buffer) Position() (seq, ts int64) { return b.next - 1, b.play }

// Peek is the payload of the packet that follows when the next ts timestamps are
// lost, nil if it is not here.
func (b *Buffer) Peek(ts int) []byte {
	if b.count == 0 {
		return nil
	}
	s := b.first()
	if gap := s.ts - b.play - b.credit; !s.audio || gap <= 0 || gap > int64(ts) {
		return nil
	}
	return s.payload
}

// Played says how long the packet was, in timestamps.
func (b *Buffer) Played(ts int) { b.play += int64(ts) }

// Concealed says how much was made up where a packet was missing, in timestamps.
func (b *Buffer) Concealed(ts int) { b.credit += int64(ts) }

func (b *Buffer) grew() {
	b.grown++
	if b.lastDrop > 0 && b.now-b.lastDrop < maxHold {
		b.hold = min(maxHold, b.hold*2) // it had shrunk too soon
	}
	b.forget()
}

// Adjust says, once a tick, how the delay is to change: +1 asks for a made-up tick
// to be inserted (then call Inserted), -1 for one to be left out at the next quiet
// moment (then call Dropped), -2 for the same at once.
func (b *Buffer) Adjust() int {
	if b.insert > 0 {
		if b.Delay() >= MaxDelay/2 {
			b.insert = 0
			return 0
		}
		return 1
	}
	if b.samples == 0 || b.count == 0 {
		return 0
	}
	// Much delay, left over from a stall, disturbs the conversation: after one good
	// second it is worked off at once, a tick in five.
	if b.samples >= 50 && b.min > 5*Tick && b.now-b.lastDrop >= 5 {
		return -2
	}
	if !b.full {
		return 0
	}
	early := min(b.min, b.before)
	if b.reserve {
		early -= Tick
	}
	switch {
	case early < Tick+margin:
		return 0
	case early > 3*Tick && b.now-b.lastDrop >= 50:
		return -2
	}
	return -1
}

// Reserve makes packets wait a tick longer than they must, so that the next one is
// mostly here when one is missing.
func (b *Buffer) Reserve(on bool) {
	if on && !b.reserve {
		b.insert = 1
	}
	b.reserve = on
}

// Inserted says that a tick was inserted.
func (b *Buffer) Inserted() {
	b.insert--
	b.grew()
}

// Dropped says that a tick was left out.
func (b *Buffer) Dropped() {
	b.shrunk++
	b.lastDrop = b.now
	b.min -= Tick
	b.before -= Tick
}

// Delay is how much sound waits, in the buffer and decoded.
func (b *Buffer) Delay() time.Duration {
	if b.count == 0 {
		return b.duration(b.pending)
	}
	return max(0, b.duration(b.lastTS+b.tick-b.play-b.credit+b.pending))
}

// Changes tells by how many ticks the delay has grown and shrunk so far.
func (b *Buffer) Changes() (grown, shrunk int64) { return b.grown, b.shrunk }
