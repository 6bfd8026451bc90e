package media

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// reportTicks is the mean time between our reports: 5 s (RFC 3550 section 6.2).
const reportTicks = 250

// control is the RTCP side of a session. Fields are guarded by the session's mu.
type control struct {
	cname  string
	due    int
	sent   bool   // a report of ours
	remote uint32 // the far end's SSRC
	has    bool
	lastSR uint32 // middle bits of its last sender report's time
	lastAt time.Time
	from   netip.AddrPort // where its reports come from
}

func newControl(cname string) control {
	if cname == "" {
		cname = "hotline"
	}
	return control{cname: cname, due: reportTicks/4 + rand.IntN(reportTicks/4)}
}

// source notes whose stream we hear.
func (c *control) source(ssrc uint32) { c.remote, c.has, c.lastSR = ssrc, true, 0 }

// lives tells whether a packet's source is the far end whose stream we hear, as far
// as we know that, and has not said goodbye.
func (c *control) lives(ssrc uint32) bool { return !c.has || ssrc == c.remote }

// control says whether RTCP is to be read in this tick, and what is to be sent. It
// needs s.mu.
func (s *Session) control(now time.Time) (read bool, report []rtcp.Packet) {
	s.ctrl.due--
	if read = s.ctrl.due%25 == 0; read && s.hasSSRC {
		s.delaySum += s.buffer.Delay()
		s.delays++
		s.weighHoles()
	}
	if s.ctrl.due <= 0 {
		s.ctrl.due = reportTicks/2 + rand.IntN(reportTicks)
		report, s.ctrl.sent = s.compound(now), true
	}
	return read, report
}

func (s *Session) receiveControl(now time.Time, w *scratch) {
	n, err := s.cfg.Conn.ReceiveControl(&w.batch)
	if err != nil {
		return // the RTP side meets the same failure and says so
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		p := &w.batch.Packets[i]
		s.takeControl(p, now, max(0, now.Sub(p.At)))
	}
}

// takeControl takes RTCP from where RTP comes from or is expected from. It needs
// s.mu.
func (s *Session) takeControl(p *Packet, now time.Time, age time.Duration) {
	if p.From != s.media.RemoteRTCP && p.From.Addr() != s.latch.target().Addr() {
		s.stats.Foreign++
		return
	}
	if !s.ctrl.take(p.Data, now, age, &s.stats) {
		return
	}
	// Who reports is there, though it may say nothing for long: silence suppression.
	s.heard = s.ticks.Load()
	if m, ok := s.codec.(LossMinder); ok {
		m.SetLoss(s.stats.FarLossRate)
	}
	s.ctrl.from = p.From // its NAT may map RTCP to a port of its own choice
}

// ntp is the middle 32 bits of the network time (RFC 3550 section 4), and all 64.
func ntp(t time.Time) (mid uint32, full uint64) {
	const epoch = 2208988800 // 1900 to 1970
	full = uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/1e9
	return uint32(full >> 16), full
}

// take reads a compound packet that came age ago. It tells whether the far end that
// we know sent it, and is still there.
func (c *control) take(b []byte, now time.Time, age time.Duration, stats *Stats) (alive bool) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		stats.Malformed++
		return false
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if c.has && p.SSRC == c.remote {
				c.lastSR, c.lastAt = uint32(p.NTPTime>>16), now.Add(-age)
			}
			c.far(p.Reports, now.Add(-age), stats)
			alive = alive || c.lives(p.SSRC)
		case *rtcp.ReceiverReport:
			c.far(p.Reports, now.Add(-age), stats)
			alive = alive || c.lives(p.SSRC)
		case *rtcp.Goodbye: // RFC 3550 section 6.6
			return false
		}
	}
	return alive
}

// far reads what the far end says of our stream.
func (c *control) far(reports []rtcp.ReceptionReport, at time.Time, stats *Stats) {
	for _, r := range reports {
		if r.SSRC != stats.ssrc {
			continue
		}
		stats.FarReports++
		stats.FarLossRate = float64(r.FractionLost) / 256
		stats.farJitter = r.Jitter
		stats.farLost = r.TotalLost
		if r.TotalLost > 1<<23-1 { // it is negative: more has come than was sent
			stats.farLost = 0
		}
		if r.LastSenderReport != 0 {
			// Section 6.4.1: the time since our report went out, less what the far end
			// kept it, in 1/65536 s.
			mid, _ := ntp(at)
			if rtt := int32(mid - r.LastSenderReport - r.Delay); rtt >= 0 {
				stats.RoundTrip = time.Duration(rtt) * time.Second >> 16
			}
		}
	}
}

// compound is our report with our name. It needs s.mu.
func (s *Session) compound(now time.Time) []rtcp.Packet {
	var blocks []rtcp.ReceptionReport
	if s.ctrl.has {
		r := s.receiver.Report()
		b := rtcp.ReceptionReport{
			SSRC: s.ctrl.remote, FractionLost: r.FractionLost, TotalLost: r.TotalLost,
			LastSequenceNumber: r.HighestSeq, Jitter: r.Jitter, LastSenderReport: s.ctrl.lastSR,
		}
		if b.LastSenderReport != 0 {
			b.Delay = uint32(now.Sub(s.ctrl.lastAt) << 16 / time.Second)
		}
		blocks = append(blocks, b)
	}
	var first rtcp.Packet = &rtcp.ReceiverReport{SSRC: s.send.ssrc, Reports: blocks}
	if s.send.sent > 0 {
		_, full := ntp(now)
		first = &rtcp.SenderReport{
			SSRC: s.send.ssrc, NTPTime: full, RTPTime: s.send.ts,
			PacketCount: uint32(s.send.sent), OctetCount: uint32(s.send.octets), Reports: blocks,
		}
	}
	return []rtcp.Packet{first, rtcp.NewCNAMESourceDescription(s.send.ssrc, s.ctrl.cname)}
}

func (s *Session) sendControl(packets []rtcp.Packet) {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		s.log.Warn("building RTCP", "error", err)
		return
	}
	s.mu.Lock()
	to, mux := s.media.RemoteRTCP, s.media.RTCPMux
	if target := s.latch.target(); target != s.media.Remote && target.IsValid() {
		// The far end sits behind a NAT: its RTCP port is most likely mapped beside.
		to = netipAddrPort(target, mux)
	}
	if from := s.ctrl.from; !mux && from.IsValid() && from.Addr() == to.Addr() {
		to = from
	}
	s.mu.Unlock()
	if !to.IsValid() || to.Addr().IsUnspecified() || to.Port() == 0 {
		return
	}
	// RTCP is worth no retry and no complaint: RTP meets the same failures.
	if mux {
		_ = s.cfg.Conn.Send(b, to)
		return
	}
	_ = s.cfg.Conn.SendControl(b, to)
}

// sayGoodbye ends our stream (RFC 3550 section 6.6). Who has sent nothing says nothing
// (section 6.3.7).
func (s *Session) sayGoodbye() {
	s.mu.Lock()
	s.stats.Sent = s.send.sent
	if s.send.sent == 0 && !s.ctrl.sent {
		s.mu.Unlock()
		return
	}
	packets := append(s.compound(time.Now()), &rtcp.Goodbye{Sources: []uint32{s.send.ssrc}})
	s.mu.Unlock()
	s.sendControl(packets)
}
