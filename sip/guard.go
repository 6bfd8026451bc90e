package sip

import (
	"container/list"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	knownFactor = 20 // a known source may do so much more
	maxBlock    = time.Hour
	// floodBlock is how many requests over the rate, in bursts, block a source.
	floodBlock = 4
)

// class is what a rate is kept for.
type class uint8

const (
	classInvite class = iota
	classRegister
	classOptions
	classOther
	classMalformed
	classUnknownUser
	classLogin
	classRefusal // answers to requests over the rate
	classStray   // ACK, CANCEL and responses of no call in progress
	classes
)

// errNotRead is why a message was not looked into.
var errNotRead = errors.New("the source is blocked, or there is too much of its like")

// sentry keeps account of sources. Its methods are called from reading goroutines.
type sentry struct {
	cfg      GuardConfig
	rates    [classes]Rate
	log      *slog.Logger
	audit    *auditor
	carriers atomic.Pointer[[]netip.Prefix] // of the trunks of the moment, trusted too

	blocks  atomic.Int64 // sources blocked now: without one, nothing need be looked up
	dropped atomic.Int64 // messages neither answered nor looked into

	mu             sync.Mutex // guards what follows
	all, strangers bucket     // see sieve.go
	declined       bucket     // refusals that are remembered
	halfOpen       int        // see halfopen.go
	halfStrange    int        // of those, by who is not known
	sources        map[netip.Prefix]*list.Element
	lists          [2]*list.List // of *source, the latest first: strangers, then the known and blocked
}

// source is what is remembered of one.
type source struct {
	key      netip.Prefix
	kept     bool // in the second list
	known    time.Time
	blocked  time.Time     // until then
	block    time.Duration // the last one
	ended    time.Time     // of the last block
	unread   int64         // messages dropped during this block
	over     int           // requests over the rate since the last rest
	conns    int
	halfOpen int
	buckets  [classes]bucket
	share    bucket // of the budget of all sources
}

// bucket holds tokens, full when it has not been used.
type bucket struct {
	tokens float64
	at     time.Time
}

// take uses a token up if there is one.
func (b *bucket) take(r Rate, factor float64, now time.Time) bool {
	burst := float64(r.Burst) * factor
	if b.at.IsZero() {
		b.tokens = burst
	} else if d := now.Sub(b.at); d > 0 {
		b.tokens = min(burst, b.tokens+d.Seconds()*r.PerSecond*factor)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func newSentry(cfg GuardConfig, audit func(AuditEvent), log *slog.Logger) *sentry {
	cfg.fill()
	scanners := make([]string, len(cfg.Scanners))
	for i, s := range cfg.Scanners {
		scanners[i] = strings.ToLower(s)
	}
	cfg.Scanners = scanners
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &sentry{
		cfg: cfg, log: log, audit: newAuditor(audit),
		rates: [classes]Rate{
			classInvite: cfg.Invites, classRegister: cfg.Registers, classOptions: cfg.Options, classOther: cfg.Others,
			classMalformed: cfg.Malformed, classUnknownUser: cfg.UnknownUsers, classLogin: cfg.Logins,
			classRefusal: {PerSecond: 10, Burst: 20},
			classStray:   cfg.Invites.times(2),
		},
		sources: make(map[netip.Prefix]*list.Element),
		lists:   [2]*list.List{list.New(), list.New()},
	}
}

// sourceOf is what counts as one source: an IPv4 address, or the IPv6 network of one
// customer.
func sourceOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

func (g *sentry) trusted(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	holds := func(p netip.Prefix) bool { return p.Contains(ip) }
	if slices.ContainsFunc(g.cfg.Trusted, holds) {
		return true
	}
	carriers := g.carriers.Load()
	return carriers != nil && slices.ContainsFunc(*carriers, holds)
}

// of finds or makes the account of a source. The caller holds g.mu.
func (g *sentry) of(key netip.Prefix) *source {
	if e := g.sources[key]; e != nil {
		s := e.Value.(*source)
		g.lists[kept(s)].MoveToFront(e)
		return s
	}
	s := &source{key: key}
	g.put(s)
	return s
}

func kept(s *source) int {
	if s.kept {
		return 1
	}
	return 0
}

// put adds a source to its list, which drops the one that was quiet longest. Those
// who have shown nothing can only push out their like.
func (g *sentry) put(s *source) {
	l := g.lists[kept(s)]
	if l.Len() >= g.cfg.MaxSources {
		for e := l.Back(); e != nil; e = e.Prev() {
			old := e.Value.(*source)
			if old.conns > 0 || old.halfOpen > 0 {
				continue // as bounded as the connections and the calls
			}
			if !old.blocked.IsZero() {
				g.blocks.Add(-1)
			}
			l.Remove(e)
			delete(g.sources, old.key)
			break
		}
	}
	g.sources[s.key] = l.PushFront(s)
}

// keep moves a source to the other list. The caller holds g.mu.
func (g *sentry) keep(s *source, on bool) {
	if s.kept == on {
		return
	}
	g.lists[kept(s)].Remove(g.sources[s.key])
	s.kept = on
	g.put(s)
}

// factor is how many times the rates a source may have.
func (s *source) factor(now time.Time) float64 {
	if s.isKnown(now) {
		return knownFactor
	}
	return 1
}

func (s *source) isKnown(now time.Time) bool { return now.Before(s.known) || s.key.Addr().IsLoopback() }

// drops tells whether a message need not be read.
func (g *sentry) drops(ip netip.Addr, now time.Time) bool {
	if g.blocks.Load() == 0 {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.sources[sourceOf(ip)]
	if e == nil {
		return false
	}
	s := e.Value.(*source)
	if !now.Before(s.blocked) {
		return false
	}
	s.unread++
	g.dropped.Add(1)
	return true
}

// know notes a proof that a source is real and means well. It ends a block.
func (g *sentry) know(ip netip.Addr, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	s.known = now.Add(g.cfg.KnownTime)
	s.over = 0
	if !s.blocked.IsZero() {
		g.unblock(s, now, "it was called, or has proved to be a partner")
	}
	g.keep(s, true)
}

// unblock ends a block. The caller holds g.mu.
func (g *sentry) unblock(s *source, now time.Time, why string) {
	g.blocks.Add(-1)
	s.blocked, s.ended = time.Time{}, now
	detail := why + "; " + strconv.FormatInt(s.unread, 10) + " messages were not read"
	s.unread = 0
	g.audit.add(AuditEvent{At: now, Kind: AuditUnblocked, Source: s.key, Detail: detail})
}

// block stops reading from a source, unless it is known. The caller holds g.mu.
func (g *sentry) block(s *source, now time.Time, why string) {
	if s.isKnown(now) || !s.blocked.IsZero() {
		return
	}
	if s.ended.IsZero() || now.Sub(s.ended) > 2*maxBlock {
		s.block = 0
	}
	s.block = min(maxBlock, max(g.cfg.BlockTime, 2*s.block))
	s.blocked, s.over = now.Add(s.block), 0
	g.blocks.Add(1)
	g.keep(s, true)
	g.log.Warn("sip_source_blocked", "source", s.key.String(), "reason", why, "for", s.block.String())
	g.audit.add(AuditEvent{At: now, Kind: AuditBlocked, Source: s.key, Detail: why + ", for " + s.block.String()})
}

// allow counts one of a class; false says that it is too many.
func (g *sentry) allow(ip netip.Addr, c class, now time.Time) bool {
	if g.trusted(ip) {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	return s.buckets[c].take(g.rates[c], s.factor(now), now)
}

// flooded notes a request over the rate.
func (g *sentry) flooded(ip netip.Addr, c class, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exceed(g.of(sourceOf(ip)), c, now)
}

// exceed notes that a source sends more of a class than it may. The caller holds g.mu.
func (g *sentry) exceed(s *source, c class, now time.Time) {
	g.dropped.Add(1)
	s.over++
	kind := AuditFlood
	if c == classMalformed {
		kind = AuditMalformed
	}
	g.audit.add(AuditEvent{At: now, Kind: kind, Source: s.key, Detail: c.tooMany()})
	if s.over > floodBlock*g.rates[c].Burst {
		g.block(s, now, "a flood; "+c.tooMany())
	}
}

// tooMany says of what there was too much.
func (c class) tooMany() string {
	switch c {
	case classInvite:
		return "too many: INVITE"
	case classRegister:
		return "too many: REGISTER"
	case classOptions:
		return "too many: OPTIONS"
	case classMalformed:
		return "too many: malformed messages"
	case classStray:
		return "too many: messages of no call"
	default:
		return "too many: other requests"
	}
}

// scanner notes a message of a program that searches for open servers.
func (g *sentry) scanner(ip netip.Addr, agent, user string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropped.Add(1)
	s := g.of(sourceOf(ip))
	g.audit.add(AuditEvent{At: now, Kind: AuditScanner, Source: s.key, User: maskUser(user), Detail: "User-Agent " + strconv.Quote(clip(agent))})
	if !g.trusted(ip) {
		g.block(s, now, "a scanner")
	}
}

// isScanner tells whether a User-Agent is a scanner's.
func (g *sentry) isScanner(agent string) bool {
	if agent == "" {
		return false
	}
	agent = strings.ToLower(agent)
	for _, s := range g.cfg.Scanners {
		if s != "" && strings.Contains(agent, s) {
			return true
		}
	}
	return false
}

// mayLogin tells whether a password of that source is looked at.
func (g *sentry) mayLogin(ip netip.Addr, now time.Time) bool {
	if g.trusted(ip) {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.sources[sourceOf(ip)]
	if e == nil {
		return true
	}
	b := e.Value.(*source).buckets[classLogin] // a look at a copy uses nothing up
	return b.take(g.rates[classLogin], 1, now)
}

// loginWait tells when a password will be looked at again.
func (g *sentry) loginWait() field {
	wait := maxBlock.Seconds()
	if r := g.rates[classLogin]; r.PerSecond > 0 {
		wait = min(wait, math.Ceil(1/r.PerSecond))
	}
	return field{"Retry-After", strconv.Itoa(int(wait))}
}

// loginFailed notes a wrong password. The nonce was one that we gave to this very
// source, so its address is real.
func (g *sentry) loginFailed(ip netip.Addr, user string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	g.audit.add(AuditEvent{At: now, Kind: AuditLoginFailed, Source: s.key, User: maskUser(user), Detail: "REGISTER"})
	b := &s.buckets[classLogin]
	if !g.trusted(ip) && (!b.take(g.rates[classLogin], 1, now) || b.tokens < 1) {
		g.block(s, now, "wrong passwords")
	}
}

// unknownUser notes a call to a number that nobody has.
func (g *sentry) unknownUser(ip netip.Addr, user string, now time.Time) {
	if g.trusted(ip) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	if s.buckets[classUnknownUser].take(g.rates[classUnknownUser], s.factor(now), now) {
		return
	}
	g.audit.add(AuditEvent{At: now, Kind: AuditUnknownUser, Source: s.key, User: maskUser(user), Detail: "calls to numbers that nobody has"})
	g.block(s, now, "calls to numbers that nobody has")
}

// connected counts a connection of a source; false says that it may have no more.
func (g *sentry) connected(ip netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.of(sourceOf(ip))
	switch {
	case now.Before(s.blocked):
		s.unread++
		return false
	case s.conns >= g.cfg.MaxConnections && !s.isKnown(now) && !g.trusted(ip):
		g.audit.add(AuditEvent{At: now, Kind: AuditConnections, Source: s.key, Detail: "too many connections"})
		return false
	}
	s.conns++
	return true
}

// disconnected ends what connected began.
func (g *sentry) disconnected(ip netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.sources[sourceOf(ip)]; e != nil {
		s := e.Value.(*source)
		s.conns = max(0, s.conns-1)
	}
}

// sweep ends blocks whose time is over.
func (g *sentry) sweep(now time.Time) {
	g.mu.Lock()
	var next *list.Element
	for e := g.lists[1].Front(); e != nil; e = next {
		next = e.Next()
		s := e.Value.(*source)
		if !s.blocked.IsZero() && !now.Before(s.blocked) {
			g.unblock(s, now, "the time is over")
		}
		if s.blocked.IsZero() && !now.Before(s.known) && now.Sub(s.ended) > 2*maxBlock {
			g.keep(s, false)
		}
	}
	g.mu.Unlock()
}

// run sweeps every second, and tells what is to be told, until done.
func (g *sentry) run(done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			g.audit.deliver(time.Now(), true)
			return
		case <-g.audit.wake:
			g.audit.deliver(time.Now(), false)
		case now := <-tick.C:
			g.sweep(now)
			g.audit.deliver(now, false)
		}
	}
}

// callerOf is where a connection comes from; theirs is false for one that we made.
func callerOf(c connection) (ip netip.Addr, theirs bool) {
	switch c := c.(type) {
	case *streamConn:
		return c.peer.Addr(), !c.ours
	case *webSocketConn:
		return c.peer.Addr(), true
	default:
		return netip.Addr{}, false
	}
}

// idler is the oldest connection that has not brought a message within a second,
// nil without one. The caller holds t.mu.
func (t *transport) idler() *streamConn {
	var found *streamConn
	for c := range t.conns {
		s, ok := c.(*streamConn)
		if ok && !s.ours && !s.met.Load() && s.alive() && (found == nil || s.since.Before(found.since)) {
			found = s
		}
	}
	if found == nil || time.Since(found.since) < time.Second {
		return nil
	}
	return found
}

// evict ends the connection of a stranger who says nothing, so that many of them
// cannot keep a phone out. The caller holds t.mu.
func (t *transport) evict() bool {
	c := t.idler()
	if c == nil {
		return false
	}
	delete(t.conns, c)
	c.drop() // its reading ends now and releases it
	return true
}
