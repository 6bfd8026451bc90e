package sip

import (
	"bytes"
	"hash/fnv"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// The sieve decides over a message by its source, its first octets and its Call-ID,
// before it is parsed or anything is kept of it: it must cost next to nothing, since
// what floods a server comes in tens of thousands a second, from forged addresses
// too. Messages of calls in progress pass, up to what a call may need. All others
// share one budget, GuardConfig.All.

const (
	// strangersShare is how much of the budget those may use in all who have given no
	// proof that they are real, and sourceShare how much any one source.
	strangersShare = 0.25
	sourceShare    = 0.75
	// longestToken is where the first word of a message must end.
	longestToken = 64
	// sieveStep is how long a connection is not read while the budget is used up.
	sieveStep = 10 * time.Millisecond
)

// allRate is the budget of all sources that this machine can bear: reading and
// refusing one message takes some 20 µs.
func allRate() Rate {
	n := 2000 * runtime.GOMAXPROCS(0)
	return Rate{PerSecond: float64(n), Burst: n}
}

// kindOf tells by its first word what a message is counted as.
func kindOf(data []byte) class {
	word, _, ok := bytes.Cut(data[:min(len(data), longestToken)], []byte(" "))
	if !ok {
		return classMalformed
	}
	switch string(word) {
	case "INVITE":
		return classInvite
	case "REGISTER":
		return classRegister
	case "OPTIONS":
		return classOptions
	case "ACK", "CANCEL", "SIP/2.0":
		return classStray
	}
	for _, c := range word {
		if c <= ' ' || c >= 0x7f {
			return classMalformed
		}
	}
	return classOther
}

// sift tells whether a message that belongs to no call in progress is worth parsing.
func (g *sentry) sift(ip netip.Addr, c class, now time.Time) bool {
	trusted := g.trusted(ip)
	key := sourceOf(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	var s *source // not made here: forged addresses must not cost memory
	if e := g.sources[key]; e != nil {
		s = e.Value.(*source)
	}
	known := trusted || key.Addr().IsLoopback() || s != nil && s.isKnown(now)
	if s != nil && !trusted {
		// What would be neither taken nor refused need not be read.
		factor := s.factor(now)
		var over bool
		if c == classStray {
			over = !s.buckets[c].take(g.rates[c], factor, now)
		} else {
			over = !s.buckets[c].has(g.rates[c], factor, now) &&
				(c == classMalformed || !s.buckets[classRefusal].has(g.rates[classRefusal], factor, now))
		}
		if over {
			g.exceed(s, c, now)
			return false
		}
	}
	all := g.cfg.All
	switch {
	case s != nil && !s.share.take(all.times(sourceShare), 1, now):
		g.exceed(s, c, now)
		return false
	case !known && !g.strangers.take(all.times(strangersShare), 1, now), !g.all.take(all, 1, now):
		g.dropped.Add(1)
		g.audit.add(AuditEvent{At: now, Kind: AuditFlood, Detail: "more than all sources together may send"})
		return false
	}
	return true
}

// times is a part of a rate.
func (r Rate) times(share float64) Rate {
	return Rate{PerSecond: share * r.PerSecond, Burst: max(1, int(share*float64(r.Burst)))}
}

// has tells whether take would succeed.
func (b bucket) has(r Rate, factor float64, now time.Time) bool { return b.take(r, factor, now) }

// worthReading applies the sieve. Datagrams that do not pass are lost, as any may be;
// connections wait, so that their far ends do.
func (s *Server) worthReading(data []byte, f flow) bool {
	ip, now := f.remote.Addr(), time.Now()
	if s.sentry.drops(ip, now) {
		return false
	}
	if known, within := s.tx.calls.spend(callIDOf(data), now); known {
		if !within {
			s.sentry.dropped.Add(1)
		}
		return within
	}
	c := kindOf(data)
	for end := now.Add(s.cfg.MessageTimeout); !s.sentry.sift(ip, c, now); now = time.Now() {
		if !f.carrier.reliable() || !f.carrier.alive() || now.After(end) {
			return false
		}
		pause := time.NewTimer(sieveStep)
		<-pause.C
	}
	return true
}

// passes applies the guard to a request, before a transaction is made of it.
// Requests inside a call always pass: floods must not harm calls in progress.
func (s *Server) passes(req *sip.Request, f, back flow) bool {
	if req.Method == sip.ACK || req.Method == sip.CANCEL {
		return true // they begin nothing
	}
	ip, now := f.remote.Addr(), time.Now()
	if tag, _ := req.To().Params.Get("tag"); tag != "" {
		if l := s.legOf(req); l != nil {
			return true
		}
	}
	if h := req.GetHeader("User-Agent"); h != nil && s.sentry.isScanner(h.Value()) {
		s.sentry.scanner(ip, h.Value(), userOf(&req.To().Address), now)
		return false
	}
	c := classOther
	switch req.Method {
	case sip.INVITE:
		c = classInvite
	case sip.REGISTER:
		c = classRegister
	case sip.OPTIONS:
		c = classOptions
	default:
	}
	if s.sentry.allow(ip, c, now) || s.tx.known(req) {
		return true
	}
	s.sentry.flooded(ip, c, now)
	if s.sentry.allow(ip, classRefusal, now) {
		s.refuseStateless(req, back, 0)
	}
	return false
}

// refuseStateless answers 503 without remembering anything (RFC 3261 section 8.2.7).
func (s *Server) refuseStateless(req *sip.Request, back flow, wait time.Duration) {
	h := fnv.New64a() // the same To tag each time
	branch, _ := req.Via().Params.Get("branch")
	_, _ = h.Write([]byte(branch + "\x00" + req.CallID().Value()))
	res := s.response(req, 503, reasonPhrase(503), strconv.FormatUint(h.Sum64(), 36), s.retryIn(wait))
	if err := back.send(render(res)); err != nil {
		s.log.Debug("sip_respond", "method", string(req.Method), "status", 503, "error", err)
	}
}

// tolerates counts a malformed message; false says that it is not even answered.
func (s *Server) tolerates(f flow) bool {
	ip, now := f.remote.Addr(), time.Now()
	if s.sentry.allow(ip, classMalformed, now) {
		return true
	}
	s.sentry.flooded(ip, classMalformed, now)
	return false
}
