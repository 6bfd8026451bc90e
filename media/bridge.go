package media

import (
	"slices"
	"sync"

	"hotline/media/sdp"
)

// bridgeFrames is how many frames of each party are kept for the others, whose
// clocks tick at other moments.
const bridgeFrames = 4

// A Bridge joins sessions: each hears the others, by a matrix of gains. Listening
// in, whispering, barging in and conferences are rows of it. Where a party hears one
// other alone and both speak one codec, packets pass as they are. Each session keeps its
// own clock, player, recording and recognition; what is mixed for it is added to
// what its player says. There is one lock, held for the few microseconds of a mix.
type Bridge struct {
	rate int

	mu    sync.Mutex
	ports []*Port
}

// NewBridge returns an empty Bridge that mixes at rate Hz.
func NewBridge(rate int) *Bridge { return &Bridge{rate: rate} }

// Port is a session's place in a Bridge.
type Port struct {
	b *Bridge
	s *Session

	// guarded by b.mu
	left    bool
	store   []int16 // the last frames that this party said, at the bridge's rate
	own     []int16 // and what our player said to it, nil while nobody hears that
	written int64
	feeds   []feed // the other parties, as this one hears them
	sum     []int32
	mixed   []int16
	toRate  *converter // session's rate to the bridge's
	ownRate *converter // the same, for own
	out     *converter // and back
	outBuf  []int16

	codec  sdp.Codec // what the party speaks
	queue  [relayDepth]relayed
	given  int64 // packets put into queue
	wanted int   // ticks for which somebody still wants them
}

// feed is one party as another hears it.
type feed struct {
	from       *Port
	read       int64 // frames taken
	given      int64 // packets taken or passed over
	gain, want float32
	// The same of what our player says to that party.
	own, ownWant float32
}

// Join brings s in, all gains being 1, and takes it out of the Bridge that it was
// in. It leaves by Leave or when the session ends.
func (b *Bridge) Join(s *Session) *Port { return b.join(s, 1) }

// JoinSilent does so with all gains to and from it being 0, for SetGain to open.
func (b *Bridge) JoinSilent(s *Session) *Port { return b.join(s, 0) }

func (b *Bridge) join(s *Session, gain float32) *Port {
	n := b.rate / 50
	p := &Port{
		b: b, s: s,
		store: make([]int16, bridgeFrames*n),
		sum:   make([]int32, n),
		mixed: make([]int16, n),
	}
	if s.rate != b.rate {
		p.toRate, p.out = newConverter(s.rate, b.rate), newConverter(b.rate, s.rate)
		p.outBuf = make([]int16, s.rate/50)
	}
	s.mu.Lock()
	before, ended := s.port, s.ended
	if !ended {
		s.port = p
	}
	s.mu.Unlock()
	if before != nil {
		before.Leave()
	}
	if ended {
		p.left = true
		return p
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.left { // the session has ended meanwhile
		return p
	}
	for _, o := range b.ports {
		o.feeds = append(o.feeds, feed{from: p, gain: gain, want: gain})
		p.feeds = append(p.feeds, feed{from: o, read: o.written, given: o.given, gain: gain, want: gain})
	}
	b.ports = append(b.ports, p)
	return p
}

// Leave takes the session out. It may be repeated.
func (p *Port) Leave() {
	p.s.mu.Lock()
	if p.s.port == p {
		p.s.port = nil
	}
	p.s.mu.Unlock()
	b := p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	p.left = true
	p.feeds = nil
	b.ports = slices.DeleteFunc(b.ports, func(o *Port) bool { return o == p })
	for _, o := range b.ports {
		o.feeds = slices.DeleteFunc(o.feeds, func(f feed) bool { return f.from == p })
	}
}

// SetGain sets how loud to hears from, 0 for not at all; it fades within a frame.
func (b *Bridge) SetGain(from, to *Port, gain float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range to.feeds {
		if to.feeds[i].from == from {
			to.feeds[i].want = float32(gain)
		}
	}
}

// SetOwnGain sets how loud to hears what our own side says to from, 0 (the default)
// for not at all: who listens in on a bot's call hears the bot too.
func (b *Bridge) SetOwnGain(from, to *Port, gain float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if gain != 0 && from.own == nil {
		from.own = make([]int16, len(from.store))
		if from.toRate != nil {
			from.ownRate = newConverter(from.s.rate, b.rate)
		}
	}
	for i := range to.feeds {
		if to.feeds[i].from == from {
			to.feeds[i].ownWant = float32(gain)
		}
	}
}

// exchange takes what the party says and adds what it hears of the others to out,
// which is nil if it cannot hear. Packets cross beside the sound, in x.
func (p *Port) exchange(in, out Frame, x *crossing) {
	b := p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.left {
		x.wanted, x.alone, x.taken.n = false, false, 0
		return
	}
	n := b.rate / 50
	mine := p.store[int(p.written%bridgeFrames)*n:][:n]
	if p.toRate != nil {
		p.toRate.convert(mine, in)
	} else {
		copy(mine, in)
	}
	p.tap(out, n)
	p.written++
	heard := p.mix(n)
	p.relay(x)
	if !heard || out == nil {
		return
	}
	add := Frame(p.mixed)
	if p.out != nil {
		add = p.outBuf
		p.out.convert(add, p.mixed)
	}
	for i, v := range add {
		out[i] = saturate(int32(out[i]) + int32(v))
	}
}

// tap keeps what our side says to the party, for those who hear that. It needs b.mu.
func (p *Port) tap(out Frame, n int) {
	if p.own == nil {
		return
	}
	mine := p.own[int(p.written%bridgeFrames)*n:][:n]
	switch {
	case out == nil:
		clear(mine)
	case p.ownRate != nil:
		p.ownRate.convert(mine, out)
	default:
		copy(mine, out)
	}
}

// mix sums a frame of each feed. It needs b.mu.
func (p *Port) mix(n int) bool {
	clear(p.sum)
	heard := p.out != nil // a rate converter must see every frame
	for i := range p.feeds {
		f := &p.feeds[i]
		behind := f.from.written - f.read
		if behind <= 0 {
			continue // that party's clock is a little later than ours: next time
		}
		if behind >= bridgeFrames {
			f.read = f.from.written - 1
		}
		x := f.from.store[int(f.read%bridgeFrames)*n:][:n]
		f.read++
		heard = f.addOwn(p.sum, f.read-1, n) || heard
		if f.gain == 0 && f.want == 0 {
			continue
		}
		heard = true
		g, step := f.gain, (f.want-f.gain)/float32(n)
		for k, v := range x {
			p.sum[k] += int32(float32(v) * g)
			g += step
		}
		f.gain = f.want
	}
	if heard {
		for k, v := range p.sum {
			p.mixed[k] = saturate(v)
		}
	}
	return heard
}

// addOwn adds what our side said to the feed's party in frame i, and tells whether
// anybody hears that.
func (f *feed) addOwn(sum []int32, i int64, n int) bool {
	if f.own == 0 && f.ownWant == 0 || f.from.own == nil {
		return false
	}
	g, step := f.own, (f.ownWant-f.own)/float32(n)
	for k, v := range f.from.own[int(i%bridgeFrames)*n:][:n] {
		sum[k] += int32(float32(v) * g)
		g += step
	}
	f.own = f.ownWant
	return true
}

func saturate(v int32) int16 { return int16(max(-32768, min(32767, v))) }
