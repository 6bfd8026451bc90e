package media

import (
	"net/netip"
	"time"
)

// Stats is what a Session has counted.
type Stats struct {
	Received   int64 // packets of the stream being played
	Sent       int64
	Relayed    int64 // of those, passed on from another session as they came
	Lost       int64 // never came
	Late       int64 // came after their time
	Duplicate  int64
	Reordered  int64
	Concealed  int64 // frames made up
	Foreign    int64 // packets of sources that are not the far end
	Unexpected int64 // packets of types that were not agreed
	Malformed  int64
	SendErrors int64

	KeysDropped int64 // keys that nobody took
	RingDropped int64 // frames that the reader of In was too slow for

	JitterMS float64
	LossRate float64 // 0-1: lost or late
	DelayMS  float64 // of the jitter buffer, now
	Grown    int64   // frames by which that delay grew
	Shrunk   int64
	// MOS estimates how the far end sounds to us, from 1 to 4.5, since the start, by
	// the E-model of ITU-T G.107; 0 before there is a second to judge by.
	MOS float64

	// What the far end reports of our stream.
	FarReports  int64
	FarLossRate float64 // 0-1, in its last interval
	FarJitterMS float64
	FarMOS      float64 // how we sound there, as far as its reports tell; 0 without any
	RoundTrip   time.Duration

	// What of our own sound comes back from the far end.
	Echo       bool          // there is one
	EchoLossDB float64       // how much softer it is
	EchoDelay  time.Duration // after what time
	EchoFrames int64         // frames that were nothing else: In yields silence for them

	Codec    string
	Security Security
	Remote   netip.AddrPort // whom we send to

	ssrc      uint32
	farJitter uint32
	farLost   uint32
}

// Security is how the packets are protected.
type Security string

// The kinds of Security.
const (
	Plain Security = "plain"
	SDES  Security = "sdes" // SRTP, keys in the session description (RFC 4568)
	DTLS  Security = "dtls" // SRTP, keys by DTLS (RFC 5764)
)

// secured is a Conn that protects packets without keys in the session description.
type secured interface{ Security() Security }

func (s *Session) security() Security {
	if c, ok := s.cfg.Conn.(secured); ok {
		return c.Security()
	}
	switch keys := s.media.Keys; {
	case keys.DTLS != nil:
		return DTLS
	case keys.SDES != nil:
		return SDES
	default:
		return Plain
	}
}

// Stats is the present state of the counters.
func (s *Session) Stats() Stats {
	dropped := s.in.Dropped()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Codec, st.Security = s.media.Codec.Name, s.security()
	st.Remote = s.latch.target()
	st.RingDropped = dropped
	if s.receiver == nil {
		return st
	}
	st.Lost, st.Reordered = s.receiver.Lost(), s.receiver.Reordered()
	st.JitterMS = milliseconds(s.receiver.Jitter())
	if expected := s.receiver.Expected(); expected > 0 {
		st.LossRate = float64(st.Lost+st.Late) / float64(expected)
	}
	st.DelayMS = milliseconds(s.buffer.Delay())
	st.Grown, st.Shrunk = s.buffer.Changes()
	st.FarJitterMS = float64(st.farJitter) * 1000 / float64(s.media.Codec.ClockRate)
	s.judge(&st)
	return st
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// netipAddrPort is where the RTCP that belongs to an RTP address is taken to be.
func netipAddrPort(rtp netip.AddrPort, mux bool) netip.AddrPort {
	if mux || rtp.Port() == 65535 {
		return rtp
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}
