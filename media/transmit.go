package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"hotline/media/dsp"
	"hotline/media/rtp"
)

// sender is the state of the stream that we send. Only ticks use it, and after the
// last of them the goodbye.
type sender struct {
	ssrc    uint32
	seq     uint16
	ts      uint32
	keyTS   uint32
	marker  bool
	sent    int64
	octets  int64
	noise   uint32
	last    int16 // where the player broke off, for a soft end
	errors  int64
	failing int
	codecs  int // as in Session, of what is in pcm
	passing passing
	relayed int64
	pcm     []int16 // at the codec's rate: what waits for its packet to be full
}

// maxFailing is how many packets in a row may fail to be sent: 5 s.
const maxFailing = 250

func newSender() sender {
	var s sender
	s.ssrc, s.seq, s.ts = randomBits() // RFC 3550 section 5.1
	s.noise = s.ssrc | 1
	s.marker = true
	return s
}

func (s *sender) skip(ts int) {
	s.ts += uint32(ts)
	s.marker = true
}

// outMode is what the clock does this tick with what we say.
type outMode struct {
	hold   bool // the far end does not listen: nothing is sent and the player waits
	to     netip.AddrPort
	event  bool
	first  bool
	key    rtp.Event
	tone   *dsp.Tone
	relay  bool // what the other party's packets carry is all that is to be said
	keying bool // a key, or the rest after it: the player waits
}

// outgoing decides it. It needs s.mu.
func (s *Session) outgoing() outMode {
	m := outMode{to: s.latch.target()}
	r, waits := s.cfg.Conn.(Readier)
	if waits && !r.Ready() || !s.media.Direction.Sends() || !m.to.IsValid() || m.to.Addr().IsUnspecified() {
		m.hold = true
		return m
	}
	m.keying = s.keyOut.step(s.media.Codec.ClockRate, s.rate, s.media.HasDTMF, &m)
	if m.tone != nil {
		s.keyOut.toned = s.ticks.Load()
	}
	return m
}

// speak fills out with what is to be sent: the player, the bridge, or an echo.
func (s *Session) speak(out, in Frame, m *plan) {
	active, idle := false, false
	switch {
	case m.hold:
		clear(out)
		if m.port != nil {
			m.port.exchange(in, nil, &s.cross)
		}
		return
	case m.tone != nil:
		m.tone.Fill(out)
		active = true
	case m.keying:
	case s.echo.Load():
		copy(out, in)
		active = true
	default:
		active = s.out.next(out) || s.looped(out)
		idle = !active
	}
	if active {
		s.spoken = true
		s.send.last = out[len(out)-1]
	} else {
		s.send.comfort(out)
	}
	if m.port != nil {
		m.port.exchange(in, out, &s.cross)
		m.relay = idle && s.cross.alone
	}
}

// comfort fills out with noise at about -75 dBov, so that a pause does not sound
// like a dead line, beginning softly where sound broke off.
func (s *sender) comfort(out Frame) {
	n, last := len(out)/4, int32(s.last)
	x := s.noise
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		v := int32(x>>28) - 8
		if i < n {
			v += last * int32(n-i) / int32(n)
		}
		out[i] = int16(max(-32768, min(32767, v)))
	}
	s.noise, s.last = x, 0
}

// transmit sends out, or a key event in its place, in packets of the length that the
// far end asks for.
func (s *Session) transmit(out Frame, m *plan, w *scratch) {
	t := &s.send
	step := uint32(m.media.Codec.ClockRate / 50)
	if t.codecs != m.codecs {
		t.codecs, t.pcm = m.codecs, t.pcm[:0]
	}
	if s.pass(m, w) {
		return
	}
	switch {
	case m.hold:
		t.pcm = t.pcm[:0]
		t.skip(int(step))
	case m.event:
		if m.first {
			s.finishPacket(m, w) // a key begins when it begins
			t.keyTS, t.marker = t.ts, true
		}
		s.packetOut(m.media.DTMF, t.keyTS, step, m.key.Append(w.packet[:rtpHeader]), m, w)
	default:
		f := out
		if m.toRate != nil {
			f = w.wide[:m.codec.SampleRate()/50]
			m.toRate.convert(f, out)
		}
		if len(t.pcm) == 0 && len(f) == m.samples {
			s.encode(f, m, w)
			return
		}
		t.pcm = append(t.pcm, f...)
		n := 0
		for ; len(t.pcm)-n >= m.samples; n += m.samples {
			s.encode(t.pcm[n:n+m.samples], m, w)
		}
		t.pcm = t.pcm[:copy(t.pcm, t.pcm[n:])]
	}
}

// finishPacket sends what waits for its packet to be full.
func (s *Session) finishPacket(m *plan, w *scratch) {
	if t := &s.send; len(t.pcm) > 0 {
		s.encode(t.pcm, m, w)
		t.pcm = t.pcm[:0]
	}
}

// encode sends f as one packet.
func (s *Session) encode(f []int16, m *plan, w *scratch) {
	t := &s.send
	p, err := m.codec.Encode(w.packet[:rtpHeader], f)
	if err != nil {
		s.giveUp(fmt.Errorf("encoding audio: %w", err))
		return
	}
	step := uint32(len(f) * m.media.Codec.ClockRate / m.codec.SampleRate())
	if len(p) == rtpHeader { // the codec has nothing to say: the next one begins a talkspurt
		t.skip(int(step))
		return
	}
	s.packetOut(m.media.Codec.PayloadType, t.ts, step, p, m, w)
}

// packetOut sends the packet in p, whose header it fills in. The stream goes on step
// timestamps later.
func (s *Session) packetOut(pt uint8, ts, step uint32, p []byte, m *plan, w *scratch) {
	t := &s.send
	p[0], p[1] = 2<<6, pt
	if t.marker {
		p[1] |= 0x80
		t.marker = false
	}
	binary.BigEndian.PutUint16(p[2:], t.seq)
	binary.BigEndian.PutUint32(p[4:], ts)
	binary.BigEndian.PutUint32(p[8:], t.ssrc)
	w.packet = p
	t.seq++
	t.ts += step
	if err := s.cfg.Conn.Send(p, m.to); err != nil {
		s.sendFailed(err)
		return
	}
	t.failing = 0
	t.sent++
	t.octets += int64(len(p) - rtpHeader)
}

const rtpHeader = 12

// sendFailed ends the session when sending has failed for long; a route that is
// away for a moment is only lost packets.
func (s *Session) sendFailed(err error) {
	s.send.errors++
	s.send.failing++
	switch {
	case errors.Is(err, net.ErrClosed):
		s.giveUp(err)
	case s.send.failing == 1:
		s.log.Warn("sending RTP", "error", err)
	case s.send.failing > maxFailing:
		s.giveUp(fmt.Errorf("sending RTP: %w", err))
	}
}

// Errors of SendKeys.
var (
	ErrKey         = errors.New("not a telephone key")
	ErrTooManyKeys = errors.New("too many keys are waiting to be sent")
)

// maxKeys is how many keys may wait to be sent.
const maxKeys = 64

// keyQueue is what SendKeys has left to do.
type keyQueue struct {
	by     func(ctx context.Context, digit byte) error // sends keys in place of the sound; may be nil
	digits []byte
	waits  []keyWait
	sender rtp.KeySender
	tone   *dsp.Tone
	toned  int64 // tick of the last tone sent
	sent   int
}

// keyWait is closed when so many keys have been sent.
type keyWait struct {
	after int
	done  chan struct{}
}

// step says what this tick does for the keys; false means that there are none.
func (q *keyQueue) step(clockRate, rate int, events bool, m *outMode) bool {
	if !q.sender.Busy() {
		if len(q.digits) == 0 {
			return false
		}
		q.sender.Start(q.digits[0], clockRate)
		q.tone = nil
		if !events {
			q.tone = dsp.KeyTone(rate, keyToneLevel, q.digits[0])
		}
		q.digits = q.digits[1:]
	}
	e, first, send := q.sender.Next()
	if send && q.tone != nil {
		m.tone = q.tone
	} else if send {
		m.event, m.first, m.key = true, first, e
	}
	if !q.sender.Busy() {
		q.sent++
		for len(q.waits) > 0 && q.waits[0].after <= q.sent {
			close(q.waits[0].done)
			q.waits = q.waits[1:]
		}
	}
	return true
}

func (q *keyQueue) end() {
	q.digits = nil
	for _, w := range q.waits {
		close(w.done)
	}
	q.waits = nil
}

// SendKeysBy has keys sent by f, one after another, in place of the sound: for far ends
// that want them in the signalling.
func (s *Session) SendKeysBy(f func(ctx context.Context, digit byte) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyOut.by = f
}

// keyToneLevel is that of each tone of a key sent in the sound, for far ends without
// telephone events, dBov.
const keyToneLevel = -12

// SendKeys presses keys (0-9 * # A-D), one after another, while the player waits,
// and returns when the last has been sent, ctx has ended (its cause) or the session
// has (ErrClosed). After SendKeysBy they go another way.
func (s *Session) SendKeys(ctx context.Context, digits string) error {
	digits = strings.ToUpper(digits)
	for i := range len(digits) {
		if strings.IndexByte(rtp.Keys, digits[i]) < 0 {
			return fmt.Errorf("%w: %q", ErrKey, digits[i])
		}
	}
	if digits == "" {
		return nil
	}
	done := make(chan struct{})
	s.mu.Lock()
	q := &s.keyOut
	if s.ended {
		s.mu.Unlock()
		return ErrClosed
	}
	if by := q.by; by != nil {
		s.mu.Unlock()
		for i := range len(digits) {
			if err := by(ctx, digits[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(q.digits)+len(digits) > maxKeys {
		s.mu.Unlock()
		return ErrTooManyKeys
	}
	busy := 0
	if q.sender.Busy() {
		busy = 1
	}
	q.digits = append(q.digits, digits...)
	q.waits = append(q.waits, keyWait{q.sent + busy + len(q.digits), done})
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-done:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ErrClosed
	}
	return nil
}
