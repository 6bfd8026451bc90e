package media

import (
	"fmt"
	"net/netip"
	"time"

	pionrtp "github.com/pion/rtp"

	"hotline/media/rtp"
)

// comfortNoise is the static payload type of RFC 3389.
const comfortNoise = 13

// payloadKind is what a packet carries.
type payloadKind uint8

const (
	unknown payloadKind = iota
	audio
	keyEvent
	noise
)

// kind tells it by the payload type. It needs s.mu.
func (s *Session) kind(pt uint8) payloadKind {
	m := &s.media
	switch {
	case pt == m.Codec.PayloadType || m.OurType != 0 && pt == m.OurType:
		return audio
	case m.HasDTMF && (pt == m.DTMF || m.OurDTMF != 0 && pt == m.OurDTMF):
		return keyEvent
	case pt == comfortNoise || m.CN != 0 && pt == m.CN:
		return noise
	}
	return unknown
}

// staleAge is how long the first packet may have waited: what came before the
// session ran would only be heard as delay.
const staleAge = 3 * FrameTime

// parsed is a packet's header, reused.
type parsed struct{ header pionrtp.Header }

// parse returns the payload of an RTP packet, nil if it is none.
func (p *parsed) parse(b []byte) []byte {
	n, err := p.header.Unmarshal(b)
	if err != nil || p.header.Version != 2 || n > len(b) {
		return nil
	}
	payload := b[n:]
	if p.header.Padding {
		if len(payload) == 0 {
			return nil
		}
		pad := int(payload[len(payload)-1])
		if pad == 0 || pad > len(payload) {
			return nil
		}
		payload = payload[:len(payload)-pad]
	}
	return payload
}

// receive takes what has arrived since the last tick. The last n packets are left
// in the batch.
func (s *Session) receive(now time.Time, w *scratch) (n int) {
	for range 4 { // a flood is cut off here and waits in the kernel, which bounds it
		if n > 0 {
			s.takeMore(n, now, w)
		}
		var err error
		if n, err = s.cfg.Conn.Receive(&w.batch); err != nil {
			s.giveUp(fmt.Errorf("receiving RTP: %w", err))
			return 0
		}
		if n < batchSize {
			break
		}
	}
	return n
}

func (s *Session) takeMore(n int, now time.Time, w *scratch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(n, now, w)
}

// take sorts n packets of the batch. It needs s.mu.
func (s *Session) take(n int, now time.Time, w *scratch) {
	for i := range n {
		p := &w.batch.Packets[i]
		age := min(max(0, now.Sub(p.At)), time.Second)
		if s.media.RTCPMux && isControl(p.Data) {
			s.takeControl(p, now, age)
			continue
		}
		s.packet(p.Data, p.From, age, &w.parsed)
	}
}

// isControl tells RTCP from RTP on one port (RFC 5761 section 4).
func isControl(b []byte) bool { return len(b) >= 8 && b[1] >= 192 && b[1] <= 223 }

// packet takes one RTP packet. It needs s.mu.
func (s *Session) packet(b []byte, from netip.AddrPort, age time.Duration, p *parsed) {
	payload := p.parse(b)
	if payload == nil {
		s.stats.Malformed++
		return
	}
	h := &p.header
	kind := s.kind(h.PayloadType)
	if kind == unknown {
		s.unexpected(h.PayloadType)
		return
	}
	tick := s.ticks.Load()
	if !s.hasSSRC && age > staleAge {
		return
	}
	if !s.media.Direction.Receives() || !s.latch.accept(from, h.SSRC, h.SequenceNumber, tick) {
		s.stats.Foreign++
		return
	}
	s.heard = tick
	at := time.Duration(tick)*FrameTime - age
	if !s.stream(h.SSRC, kind == audio) {
		if kind == keyEvent { // some gateways send keys as a stream of their own
			s.key(h, payload, tick)
		}
		return
	}
	s.stats.Received++
	s.receiver.Put(h.SequenceNumber, h.Timestamp, at, kind == audio)
	var v rtp.Verdict
	switch kind {
	case audio:
		v = s.buffer.Put(h.SequenceNumber, h.Timestamp, payload, age)
	case noise:
		v = s.buffer.Skip(h.SequenceNumber, h.Timestamp)
		if len(payload) > 0 {
			s.conceal.background(payload[0])
		}
	default:
		v = s.buffer.Skip(h.SequenceNumber, h.Timestamp)
		s.key(h, payload, tick)
	}
	switch v {
	case rtp.Duplicate:
		s.stats.Duplicate++
	case rtp.Late:
		s.stats.Late++
	default:
	}
}

// unexpected counts a packet of a type that was not agreed, and tells the operator
// once when nothing else comes.
func (s *Session) unexpected(pt uint8) {
	s.stats.Unexpected++
	if s.stats.Unexpected == minJudged && s.stats.Received == 0 {
		s.log.Warn("the far end sends audio of a type that was not agreed: nothing is heard", "payload_type", pt, "agreed", s.media.Codec.PayloadType)
	}
}

// stream tells whether a packet belongs to the stream that is being played. Two
// packets in a row of another source make that the stream. It needs s.mu.
func (s *Session) stream(ssrc uint32, audio bool) bool {
	switch {
	case s.hasSSRC && ssrc == s.ssrcIn:
		s.newSSRC = s.ssrcIn
		return true
	case !audio && s.hasSSRC:
		return false
	case s.hasSSRC && ssrc != s.newSSRC:
		s.newSSRC = ssrc
		return false
	}
	if s.hasSSRC {
		s.buffer.Reset()
		s.receiver.Restart()
		s.keyIn = rtp.KeyReceiver{}
		s.conceal.comfort = 0
	}
	s.hasSSRC, s.ssrcIn, s.newSSRC = true, ssrc, ssrc
	s.ctrl.source(ssrc)
	return true
}

// keyTimeout is after how many ticks a key counts as released whose end was lost.
const keyTimeout = 10

// key takes a telephone event. It needs s.mu.
func (s *Session) key(h *pionrtp.Header, payload []byte, tick int64) {
	s.keyHeld = tick
	digit, ok := s.keyIn.Put(h.Timestamp, h.Marker, payload)
	if !ok {
		return
	}
	s.pressed(digit, byEvent)
}

// hear fills in with the far end's next 20 ms. It needs s.mu.
func (s *Session) hear(in Frame, w *scratch) {
	if s.keyIn.Active() && s.ticks.Load()-s.keyHeld > keyTimeout {
		s.keyIn.Release()
	}
	f := w.wide[:s.codec.SampleRate()/50]
	s.missing = false
	adjust := s.buffer.Adjust()
	switch {
	case adjust > 0:
		s.conceal.fill(f)
		s.buffer.Inserted()
	default:
		whole := s.pull(f)
		if adjust < 0 && whole && (s.conceal.quiet(f) || adjust == -2) {
			// Two frames become one; a crossfade hides the seam.
			g := w.other[:len(f)]
			s.pull(g)
			s.buffer.Dropped()
			for i := range f {
				f[i] = int16((int(f[i])*(len(f)-i) + int(g[i])*i) / len(f))
			}
		}
	}
	if s.fromRate == nil {
		copy(in, f)
	} else {
		s.fromRate.convert(in, f)
	}
	s.mute = s.findTones(in)
}

// maxCodecConceal is for how many frames in a row a codec is asked to make up sound;
// then there is nothing to go by.
const maxCodecConceal = 25

// makeUp fills x with what was lost. It needs s.mu.
func (s *Session) makeUp(x []int16) {
	if s.concealer != nil && s.run < maxCodecConceal {
		next := s.buffer.Peek(len(x) * s.media.Codec.ClockRate / s.codec.SampleRate())
		if s.concealer.Conceal(x, next) == nil && (next != nil || s.conceal.plausible(x)) {
			s.conceal.continued(x)
			return
		}
	}
	s.conceal.fill(x)
}

// Holes that are remembered, of which new ones count 1 and old ones less and less:
// how many make the buffer wait for the copies of lost packets in the next ones, and
// how few end that.
const (
	holesMany    = 2.0
	holesFew     = 0.3
	holesForgets = 0.95 // each half second
)

// weighHoles has the buffer wait a tick longer on a line that loses packets, if the
// codec's next ones may carry copies of them. It needs s.mu.
func (s *Session) weighHoles() {
	s.recent = s.recent*holesForgets + float64(s.holes-s.weighed)
	s.weighed = s.holes
	switch {
	case s.concealer == nil || s.recent < holesFew:
		s.buffer.Reserve(false)
	case s.recent > holesMany:
		s.buffer.Reserve(true)
	}
}

// paused fills x with what a far end that sends nothing on purpose sounds like: its
// comfort noise (RFC 3389), or a codec's own. It needs s.mu.
func (s *Session) paused(x []int16) {
	s.quiet++
	if s.concealer != nil && !s.keyIn.Active() && s.quiet < maxCodecConceal && s.concealer.Conceal(x, nil) == nil {
		s.conceal.continued(x)
		return
	}
	s.conceal.silence(x)
}

// pull fills f from the buffer. It returns whether all of it is real. It needs s.mu.
func (s *Session) pull(f Frame) bool {
	if s.fifo == nil {
		if s.buffer.Idle() { // and so it may stay: calls wait, on hold too, and take no memory for it
			clear(f)
			return false
		}
		s.fifo = make([]int16, 0, (MaxPacket+1)*s.codec.SampleRate()/50)
	}
	whole := true
	for len(s.fifo) < len(f) {
		payload, v := s.buffer.Next()
		if v == rtp.Play {
			s.played()
			if s.cross.wanted {
				seq, ts := s.buffer.Position()
				s.cross.note(payload, seq, ts)
			}
			if s.decode(payload) {
				continue
			}
			v = rtp.Lost
		}
		n := len(f) - len(s.fifo)
		rest := s.fifo[len(s.fifo) : len(s.fifo)+n]
		whole = false
		switch {
		case v == rtp.Lost && !s.keyIn.Active():
			s.makeUp(rest)
			if s.run == 0 {
				s.holes++
			}
			s.run++
			s.missing = true
			s.stats.Concealed++
		case v == rtp.Quiet:
			s.paused(rest)
		default:
			s.conceal.silence(rest)
		}
		s.fifo = s.fifo[:len(f)]
		if v != rtp.Idle {
			s.buffer.Concealed(n * s.media.Codec.ClockRate / s.codec.SampleRate())
		}
	}
	copy(f, s.fifo)
	s.fifo = s.fifo[:copy(s.fifo, s.fifo[len(f):])]
	return whole
}

// played ends a hole or a pause. What was made up before it was no loss if nothing
// is missing and the far end had just sent nothing (silence suppression without a
// word). It needs s.mu.
func (s *Session) played() {
	if s.run > 0 && s.buffer.Resumed() {
		s.stats.Concealed -= int64(s.run)
		s.holes--
	}
	s.run, s.quiet = 0, 0
}

// decode appends a packet's sound to the fifo. It needs s.mu.
func (s *Session) decode(payload []byte) bool {
	room := s.fifo[len(s.fifo):cap(s.fifo)]
	n, err := s.codec.Decode(room, payload)
	if err != nil || n == 0 {
		s.stats.Malformed++
		s.buffer.Played(s.media.Codec.ClockRate / 50)
		s.cross.noted(0)
		return false
	}
	duration := n * s.media.Codec.ClockRate / s.codec.SampleRate()
	s.buffer.Played(duration)
	s.cross.noted(duration)
	s.conceal.good(room[:n])
	s.fifo = s.fifo[:len(s.fifo)+n]
	return true
}
