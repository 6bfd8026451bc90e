package media

import (
	"strings"
	"time"

	"hotline/media/sdp"
)

// Where a party hears one other alone, in the codec that this one speaks, the
// packets themselves are sent on as they were: nothing is lost by coding twice, and
// coding costs nothing. They are decoded all the same, for the recording, for the
// recogniser, and for the moment when something else is to be heard beside them: a
// key, a prompt, a third party.

const (
	// relayDepth is how many packets of a party are kept for the others.
	relayDepth = 16
	// relayPatience is for how many ticks nothing is sent when the other party's
	// packets do not come, before its silence is coded like any other sound.
	relayPatience = 5
	// relayWanted is for how many ticks a party's packets are kept after they were
	// last asked for.
	relayWanted = 10
)

// relayed is a packet that was played.
type relayed struct {
	frame    int64 // of the port, in which it was heard
	seq, ts  int64 // of its stream
	duration int   // timestamps
	payload  []byte
}

// set copies o, reusing the payload's memory.
func (r *relayed) set(o *relayed) {
	memory := r.payload[:0]
	*r = *o
	r.payload = memory
	r.payload = append(r.payload, o.payload...)
}

// relayList is packets whose memory is reused. Most calls never need it, so it is
// made with the first one.
type relayList struct {
	list []relayed // relayDepth of them
	n    int
}

// next is room for another packet, nil if there is none.
func (l *relayList) next() *relayed {
	if l.n == relayDepth {
		return nil
	}
	if l.list == nil {
		l.list = make([]relayed, relayDepth)
	}
	l.n++
	return &l.list[l.n-1]
}

// crossing is what a session and its port say to each other in a tick beside sound.
// Only ticks use it.
type crossing struct {
	codec  sdp.Codec
	wanted bool // somebody sends on what this party says
	given  relayList

	alone bool // one other party is heard, as it is, and it speaks the same codec
	taken relayList
}

// note keeps a packet that is being played.
func (x *crossing) note(payload []byte, seq, ts int64) {
	if e := x.given.next(); e != nil {
		e.payload = append(e.payload[:0], payload...)
		e.seq, e.ts, e.duration = seq, ts, 0
	}
}

// noted tells how long it was; 0 takes it back.
func (x *crossing) noted(duration int) {
	switch {
	case x.given.n == 0:
	case duration == 0:
		x.given.n--
	default:
		x.given.list[x.given.n-1].duration = duration
	}
}

// sameCodec tells whether one's packets can be decoded as the other's.
func sameCodec(a, b *sdp.Codec) bool {
	return a.ClockRate == b.ClockRate && max(1, a.Channels) == max(1, b.Channels) && strings.EqualFold(a.Name, b.Name)
}

// relay is the bridge's part: it keeps p's packets and hands out those of the one
// party that p hears. It needs b.mu, and comes after mix.
func (p *Port) relay(x *crossing) {
	p.codec = x.codec
	for i := range x.given.n {
		e := &p.queue[p.given%relayDepth]
		e.set(&x.given.list[i])
		e.frame = p.written - 1
		p.given++
	}
	x.wanted = p.wanted > 0
	p.wanted--
	x.alone, x.taken.n = false, 0
	source := p.only()
	for i := range p.feeds {
		f := &p.feeds[i]
		from := f.from
		f.given = max(f.given, from.given-relayDepth)
		use := f == source && sameCodec(&from.codec, &p.codec)
		if use {
			x.alone = true
			from.wanted = relayWanted
		}
		// Packets and frames keep step, so that passing from one to the other neither
		// repeats nor leaves out a word.
		for ; f.given < from.given && from.queue[f.given%relayDepth].frame < f.read; f.given++ {
			if use {
				if e := x.taken.next(); e != nil {
					e.set(&from.queue[f.given%relayDepth])
				}
			}
		}
	}
}

// only is the one party that p hears, as loud as it is, nil if there is none or
// something else is heard too. It needs b.mu.
func (p *Port) only() *feed {
	var found *feed
	for i := range p.feeds {
		f := &p.feeds[i]
		switch {
		case f.own != 0 || f.ownWant != 0:
			return nil
		case f.gain == 0 && f.want == 0:
		case found != nil || f.gain != 1 || f.want != 1:
			return nil
		default:
			found = f
		}
	}
	return found
}

// passing is the state of sending on another's packets.
type passing struct {
	on       bool
	seq, ts  int64 // of the last one in its own stream
	duration int
	idle     int // ticks since
}

// pass sends on what the other party said in this tick. It returns false when there
// is nothing of the kind and the sound is to be coded.
func (s *Session) pass(m *plan, w *scratch) bool {
	x, t := &s.cross, &s.send
	r := &t.passing
	if !m.relay || x.taken.n > 0 && !fits(&x.taken.list[0], &m.media) {
		r.stop(t, m)
		return false
	}
	if x.taken.n == 0 {
		if !r.on {
			return false
		}
		if r.idle++; r.idle <= relayPatience {
			return true
		}
		r.stop(t, m)
		return false
	}
	if !r.on {
		s.finishPacket(m, w)
	}
	r.idle = 0
	for i := range x.taken.n {
		s.passOne(&x.taken.list[i], m, w)
	}
	return true
}

// passOne sends one packet; what was lost before it is missing in our stream too, so
// that the far end conceals it as it thinks best.
func (s *Session) passOne(e *relayed, m *plan, w *scratch) {
	const (
		maxHole  = 50
		maxPause = 5 // s
	)
	t := &s.send
	r := &t.passing
	missing, ahead := e.seq-r.seq-1, e.ts-r.ts-int64(r.duration)
	switch {
	case !r.on:
		t.marker = true
	case missing < 0 || missing > maxHole || ahead < 0 || ahead > maxPause*int64(m.media.Codec.ClockRate):
		// Another stream: ours goes on without a hole.
	default:
		t.seq += uint16(missing)
		t.ts += uint32(ahead)
		t.marker = missing == 0 && ahead > 0 // a talkspurt begins
	}
	r.on, r.seq, r.ts, r.duration = true, e.seq, e.ts, e.duration
	s.packetOut(m.media.Codec.PayloadType, t.ts, uint32(e.duration), append(w.packet[:rtpHeader], e.payload...), m, w)
	t.relayed++
}

// stop goes over to coding; time went on while nothing came.
func (r *passing) stop(t *sender, m *plan) {
	if !r.on {
		return
	}
	r.on = false
	t.skip(max(0, r.idle-1) * m.media.Codec.ClockRate / 50)
	r.idle = 0
}

// fits tells whether a packet is of a length that the far end of m takes.
func fits(e *relayed, m *sdp.Media) bool {
	d := time.Duration(e.duration) * time.Second / time.Duration(m.Codec.ClockRate)
	return (m.PTime == 0 || d == m.PacketTime()) && (m.MaxPTime == 0 || d <= m.MaxPTime)
}
