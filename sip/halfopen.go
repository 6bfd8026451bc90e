package sip

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Half-open calls: they ring, or were answered and not acknowledged. Each holds a
// line, ports and memory, up to 64 T1 after the answer (RFC 3261 section 13.3.1.4),
// and costs a far end that never acknowledges one forged datagram. So their number
// is bounded, of one source and of all.

// half is a call's part in the count.
type half struct {
	ip       netip.Addr
	stranger bool // counted among those who are not known
}

// begin counts a call that begins; false says that there are too many that have not
// got further. A trusted source has no bound.
func (g *sentry) begin(ip netip.Addr, now time.Time) (*half, bool) {
	if g.trusted(ip) {
		return nil, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	known := s.isKnown(now)
	event := AuditEvent{At: now, Kind: AuditHalfOpen}
	switch {
	case s.halfOpen >= g.cfg.HalfOpen && !known, s.halfOpen >= knownFactor*g.cfg.HalfOpen:
		event.Source, event.Detail = s.key, "calls that ring or are not acknowledged: "+strconv.Itoa(s.halfOpen)
	case g.halfOpen >= g.cfg.HalfOpenAll, !known && g.halfStrange >= (g.cfg.HalfOpenAll+1)/2:
		event.Detail = "calls of all sources that ring or are not acknowledged: " + strconv.Itoa(g.halfOpen)
	default:
		s.halfOpen++
		g.halfOpen++
		if !known {
			g.halfStrange++
		}
		return &half{ip, !known}, true
	}
	g.audit.add(event)
	return nil, false
}

// settled ends what begin began.
func (g *sentry) settled(h *half) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.halfOpen--
	if h.stranger {
		g.halfStrange--
	}
	if e := g.sources[sourceOf(h.ip)]; e != nil {
		s := e.Value.(*source)
		s.halfOpen = max(0, s.halfOpen-1)
	}
}

// halfOver takes the leg out of the half-open calls: it is acknowledged, or over.
func (l *Leg) halfOver() {
	if h := l.half.Swap(nil); h != nil {
		l.s.sentry.settled(h)
	}
}

// decline refuses a call that there is no room for with 503. While few are refused
// it is remembered and sent again until its ACK comes; the refusals of a flood, which
// nobody acknowledges, would be a flood of our own.
func (s *Server) decline(req *sip.Request, tx *serverTx, back flow, wait time.Duration) {
	if s.sentry.refuses(time.Now()) {
		s.reply(tx, req, 503, "Service Unavailable", s.retryIn(wait))
		return
	}
	tx.end()
	s.refuseStateless(req, back, wait)
}

// refuses tells whether there is room for another refusal that is remembered.
func (g *sentry) refuses(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.declined.take(declineRate, 1, now)
}

var declineRate = Rate{PerSecond: 50, Burst: 200}
