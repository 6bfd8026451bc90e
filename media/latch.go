package media

import "net/netip"

const (
	latchPackets = 3   // in sequence, of the agreed type, before a source is believed
	relatchSame  = 10  // ticks of silence after which the same stream may come from elsewhere (a NAT rebinding)
	relatchOther = 150 // and after which another stream may
)

// latch decides whom to listen and send to. The far end's description often names
// an address behind a NAT, so that the address it really sends from counts; but
// anyone can send packets here. So a source must show a few consistent packets of
// the agreed type, and once there is one no other is heard before it has fallen
// silent, for long if it does not know the stream's SSRC.
type latch struct {
	expected netip.AddrPort // as described
	source   netip.AddrPort // as found; not valid before the first packet
	ssrc     uint32
	heard    int64

	candidate netip.AddrPort
	candSSRC  uint32
	candSeq   uint16
	count     int
}

func (l *latch) reset(expected netip.AddrPort) { *l = latch{expected: expected} }

// accept tells whether a packet is to be heard.
func (l *latch) accept(from netip.AddrPort, ssrc uint32, seq uint16, tick int64) bool {
	if from == l.source {
		l.ssrc, l.heard = ssrc, tick
		l.count = 0
		return true
	}
	if l.source.IsValid() {
		silence := tick - l.heard
		if silence < relatchSame || ssrc != l.ssrc && silence < relatchOther {
			l.count = 0
			return false
		}
	} else if from == l.expected {
		l.take(from, ssrc, tick)
		return true
	}
	if from != l.candidate || ssrc != l.candSSRC || seq != l.candSeq+1 {
		l.candidate, l.candSSRC, l.count = from, ssrc, 0
	}
	l.candSeq = seq
	if l.count++; l.count < latchPackets {
		return false
	}
	l.take(from, ssrc, tick)
	return true
}

func (l *latch) take(from netip.AddrPort, ssrc uint32, tick int64) {
	l.source, l.ssrc, l.heard, l.count = from, ssrc, tick, 0
}

// target is where to send.
func (l *latch) target() netip.AddrPort {
	if l.source.IsValid() {
		return l.source
	}
	return l.expected
}
