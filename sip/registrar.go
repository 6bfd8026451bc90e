package sip

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RegistrarConfig configures a Registrar; its zero value is useful.
type RegistrarConfig struct {
	Realm string // shown in challenges; default "hotline"
	// Algorithms offered, the first most wanted. Default MD5 alone: some phones give
	// up when they meet another one.
	Algorithms     []string
	DefaultExpires time.Duration // when the phone names none; default 1 h
	MinExpires     time.Duration // less is refused with 423; default 30 s
	MaxExpires     time.Duration // more is shortened; default 2 h
	MaxContacts    int           // phones of one agent; default 10
	MaxBindings    int           // of all agents; default 10,000
	NonceLife      time.Duration // default 5 min
	// Ping is how often phones are asked by OPTIONS whether they are there, which
	// keeps NATs open; default 30 s, negative: never. One that has answered before and
	// fails PingFailures times is unreachable until it answers or registers again.
	Ping         time.Duration
	PingFailures int // default 3
}

// PasswordLookup knows the agents. The secret is a password, or what HA1 returned
// (with spaces between for several algorithms, or several passwords that are good); ok
// is false for an unknown user. It is called from a reading goroutine and must answer
// from memory.
type PasswordLookup interface {
	Password(user string) (secret string, ok bool)
}

// Registrar authenticates the agents' phones and remembers where they are (RFC 3261
// section 10). Several servers may share one.
type Registrar struct {
	cfg    RegistrarConfig
	lookup PasswordLookup
	log    *slog.Logger
	nonces *nonces

	tell sync.Mutex // one change is told at a time, in order

	mu       sync.Mutex // guards what follows
	agents   map[string][]binding
	total    int
	online   map[string]bool // as the watchers were told
	watchers map[int]func(user string, online bool)
	next     int
	changed  chan struct{} // closed at the next change; nil when nobody waits
}

// NewRegistrar makes a registrar for the users that lookup knows.
func NewRegistrar(cfg RegistrarConfig, lookup PasswordLookup, log *slog.Logger) *Registrar {
	cfg.Realm = cmp.Or(oneLine(strings.ReplaceAll(cfg.Realm, `"`, "")), "hotline")
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []string{MD5}
	}
	cfg.DefaultExpires = cmp.Or(cfg.DefaultExpires, time.Hour)
	cfg.MinExpires = cmp.Or(cfg.MinExpires, 30*time.Second)
	cfg.MaxExpires = cmp.Or(cfg.MaxExpires, 2*time.Hour)
	cfg.MaxContacts = cmp.Or(cfg.MaxContacts, 10)
	cfg.MaxBindings = cmp.Or(cfg.MaxBindings, 10_000)
	cfg.NonceLife = cmp.Or(cfg.NonceLife, 5*time.Minute)
	cfg.Ping = cmp.Or(cfg.Ping, 30*time.Second)
	cfg.PingFailures = cmp.Or(cfg.PingFailures, 3)
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Registrar{
		cfg: cfg, lookup: lookup, log: log,
		nonces:   newNonces(cfg.NonceLife, 2*cfg.MaxBindings),
		agents:   make(map[string][]binding),
		online:   make(map[string]bool),
		watchers: make(map[int]func(string, bool)),
	}
}

// Realm is the realm of the challenges, needed to compute an HA1.
func (r *Registrar) Realm() string { return r.cfg.Realm }

// Contacts are the phones of an agent, those that can be reached and are most wanted
// first.
func (r *Registrar) Contacts(user string) []Contact {
	var out []Contact
	for _, b := range r.bindings(user) {
		out = append(out, b.Contact)
	}
	return out
}

// shown is a binding with what its pings have told. The caller holds r.mu.
func (r *Registrar) shown(b binding) binding {
	b.Unreachable, b.RoundTrip = r.unreachable(b.pulse), b.pulse.roundTrip
	return b
}

// Registered are all phones of all agents, by agent.
func (r *Registrar) Registered() []Contact {
	now := time.Now()
	var out []Contact
	r.mu.Lock()
	for _, bs := range r.agents {
		for _, b := range bs {
			if now.Before(b.Expires) {
				out = append(out, r.shown(b).Contact)
			}
		}
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b Contact) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.URI, b.URI)) })
	return out
}

// OnChange calls f when an agent's first phone can be reached or its last no more, until cancel
// is called. Calls come one at a time; f must not block, nor call the Registrar's
// OnChange.
func (r *Registrar) OnChange(f func(user string, online bool)) (cancel func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.next
	r.next++
	r.watchers[id] = f
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, id)
	}
}

func (r *Registrar) bindings(user string) []binding {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []binding
	for _, b := range r.agents[user] {
		if now.Before(b.Expires) {
			out = append(out, r.shown(b))
		}
	}
	slices.SortStableFunc(out, func(a, b binding) int {
		if a.Unreachable != b.Unreachable {
			if b.Unreachable {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Q, a.Q)
	})
	return out
}

// change replaces the phones of an agent and tells the watchers. edit gets the
// phones that have not expired; its error leaves all as it was.
func (r *Registrar) change(user string, edit func([]binding) ([]binding, *malformed)) ([]binding, *malformed) {
	now := time.Now()
	r.tell.Lock()
	defer r.tell.Unlock()
	r.mu.Lock()
	stored := r.agents[user]
	live := slices.DeleteFunc(slices.Clone(stored), func(b binding) bool { return !now.Before(b.Expires) })
	after, bad := edit(live)
	if bad == nil && r.total-len(stored)+len(after) > r.cfg.MaxBindings {
		bad = &malformed{status: 503, reason: "Too many registrations"}
	}
	if bad != nil {
		after = live
	}
	r.total += len(after) - len(stored)
	if len(after) == 0 {
		delete(r.agents, user)
	} else {
		r.agents[user] = after
	}
	was, is := r.online[user], slices.ContainsFunc(after, func(b binding) bool { return !r.unreachable(b.pulse) })
	if is {
		r.online[user] = true
	} else {
		delete(r.online, user)
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	watchers := make([]func(string, bool), 0, len(r.watchers))
	for _, w := range r.watchers {
		watchers = append(watchers, w)
	}
	r.mu.Unlock()
	if was != is {
		r.log.Info("sip_agent_presence", "user", user, "online", is)
		for _, w := range watchers {
			w(user, is)
		}
	}
	return after, bad
}

// sweep drops what has expired, until ctx ends.
func (r *Registrar) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			r.expire(now)
		}
	}
}

func (r *Registrar) expire(now time.Time) {
	r.mu.Lock()
	var users []string
	for user, bs := range r.agents {
		if slices.ContainsFunc(bs, func(b binding) bool { return !now.Before(b.Expires) }) {
			users = append(users, user)
		}
	}
	r.mu.Unlock()
	for _, user := range users {
		_, _ = r.change(user, func(bs []binding) ([]binding, *malformed) { return bs, nil })
	}
	r.nonces.sweep(now)
}

// Forget forgets the phones of an agent that match, as if their time had run out.
func (r *Registrar) Forget(user string, match func(Contact) bool) {
	_, _ = r.change(user, func(bs []binding) ([]binding, *malformed) {
		return slices.DeleteFunc(bs, func(b binding) bool { return match(b.Contact) }), nil
	})
}

// connectionLost forgets the phones that can be reached by that connection alone.
func (r *Registrar) connectionLost(c carrier) {
	r.mu.Lock()
	var users []string
	for user, bs := range r.agents {
		if slices.ContainsFunc(bs, func(b binding) bool { return b.flow.carrier == c }) {
			users = append(users, user)
		}
	}
	r.mu.Unlock()
	for _, user := range users {
		_, _ = r.change(user, func(bs []binding) ([]binding, *malformed) {
			return slices.DeleteFunc(bs, func(b binding) bool { return b.needs(c) }), nil
		})
	}
}

// register answers a REGISTER.
func (s *Server) register(req *sip.Request, tx *serverTx, f flow) {
	if s.registrar == nil {
		s.reply(tx, req, 405, reasonPhrase(405), field{"Allow", strings.TrimSuffix(allowed, ", REGISTER")})
		return
	}
	status, reason, extra := s.registrar.register(req, f, s, time.Now())
	s.reply(tx, req, status, reason, extra...)
}

func (r *Registrar) register(req *sip.Request, f flow, s *Server, now time.Time) (int, string, []field) {
	user := userOf(&req.To().Address)
	if scheme := req.To().Address.Scheme; user == "" || scheme != "sip" && scheme != "sips" {
		return 400, "No user to register", nil
	}
	if bad := r.authenticate(req, user, f, s.sentry, now); bad != nil {
		return bad.status, bad.reason, bad.extra
	}
	if n := len(req.GetHeaders("Contact")); n > r.cfg.MaxContacts {
		return 403, "Too many contacts", nil
	}
	path, bad := pathOf(req)
	if bad != nil {
		return bad.status, bad.reason, bad.extra
	}
	via := binding{Contact: Contact{User: user, Network: f.carrier.network(), Source: f.remote, Path: path}, flow: f, owner: s}
	after, bad := r.change(user, func(live []binding) ([]binding, *malformed) { return r.update(req, via, now, live) })
	if bad != nil {
		return bad.status, bad.reason, bad.extra
	}
	out := []field{{"Supported", "path"}}
	for _, p := range path { // RFC 3327 section 5.3
		out = append(out, field{"Path", p})
	}
	for _, b := range after {
		left := max(1, int(b.Expires.Sub(now).Round(time.Second).Seconds()))
		out = append(out, field{"Contact", "<" + b.URI + ">;expires=" + strconv.Itoa(left)})
	}
	return 200, "OK", append(out, field{"Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")})
}

// pathOf are the proxies that a REGISTER has come by (RFC 3327).
func pathOf(req *sip.Request) ([]string, *malformed) {
	var out []string
	for _, h := range req.GetHeaders("Path") {
		for _, v := range splitList(h.Value()) {
			var u sip.Uri
			if _, err := sip.ParseAddressValue(v, &u, nil); err != nil || badAddress(&u) || u.Raw() != "" || !strings.HasPrefix(v, "<") || oneLine(v) != v {
				return nil, &malformed{status: 400, reason: "Bad Path"}
			}
			if out = append(out, v); len(out) > maxVia {
				return nil, &malformed{status: 400, reason: "Too many proxies in Path"}
			}
		}
	}
	return out, nil
}

// update applies the contacts of a REGISTER (RFC 3261 section 10.3, steps 6 and 7)
// that came the way of via.
func (r *Registrar) update(req *sip.Request, via binding, now time.Time, live []binding) ([]binding, *malformed) {
	seq, callID := req.CSeq().SeqNo, req.CallID().Value()
	general := r.cfg.DefaultExpires
	if h := req.GetHeader("Expires"); h != nil {
		n, _ := strconv.ParseUint(h.Value(), 10, 32) // checked when it was read
		general = time.Duration(n) * time.Second
	}
	if h := req.GetHeader("User-Agent"); h != nil {
		via.UserAgent = h.Value()[:min(len(h.Value()), 80)]
	}
	old := func(b binding) bool { return b.callID == callID && b.seq > seq }
	contacts := req.GetHeaders("Contact")
	for _, h := range contacts {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			return nil, &malformed{status: 400, reason: "Bad Contact"}
		}
		if c.Address.Wildcard {
			if general != 0 || len(contacts) != 1 || req.GetHeader("Expires") == nil {
				return nil, &malformed{status: 400, reason: "Contact * needs Expires 0"}
			}
			if slices.ContainsFunc(live, old) {
				return nil, &malformed{status: 500, reason: "Out of order"}
			}
			return nil, nil
		}
		life, bad := r.life(c, general)
		if bad != nil {
			return nil, bad
		}
		b := via
		b.Expires, b.Q, b.target, b.callID, b.seq = now.Add(life), quality(c), *c.Address.Clone(), callID, seq
		b.target.Headers = nil
		b.instance, _ = c.Params.Get("+sip.instance")
		b.regID, _ = c.Params.Get("reg-id")
		b.URI = b.target.String()
		b.pulse = &pulse{due: now.Add(r.cfg.Ping/2 + rand.N(max(1, r.cfg.Ping/2)))}
		i := slices.IndexFunc(live, func(o binding) bool { return o.same(&b) })
		switch {
		case i >= 0 && old(live[i]):
			return nil, &malformed{status: 500, reason: "Out of order"}
		case life == 0 && i >= 0:
			live = slices.Delete(live, i, i+1)
		case life == 0:
		case i >= 0:
			if live[i].flow == b.flow { // the pings go on; another way is another matter
				b.pulse = live[i].pulse
				b.pulse.failures = 0 // it has just spoken
			}
			live[i] = b
		case len(live) >= r.cfg.MaxContacts:
			return nil, &malformed{status: 403, reason: "Too many contacts"}
		default:
			live = append(live, b)
		}
	}
	return live, nil
}

// life is how long a contact is kept.
func (r *Registrar) life(c *sip.ContactHeader, general time.Duration) (time.Duration, *malformed) {
	life := general
	if v, ok := c.Params.Get("expires"); ok {
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil { // RFC 3261 section 20.10: as if 3600
			n = 3600
		}
		life = time.Duration(n) * time.Second
	}
	if life > 0 && life < r.cfg.MinExpires {
		return 0, &malformed{status: 423, reason: "Interval Too Brief", extra: []field{{"Min-Expires", strconv.Itoa(int(r.cfg.MinExpires.Seconds()))}}}
	}
	return min(life, r.cfg.MaxExpires), nil
}

func quality(c *sip.ContactHeader) float64 {
	if v, ok := c.Params.Get("q"); ok {
		if q, err := strconv.ParseFloat(v, 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
	}
	return 1
}

// sameURI compares what tells two phones of one agent apart (after RFC 3261 section
// 19.1.4).
func sameURI(a, b *sip.Uri) bool {
	ta, _ := a.UriParams.Get("transport")
	tb, _ := b.UriParams.Get("transport")
	return strings.EqualFold(a.Scheme, b.Scheme) && a.User == b.User && strings.EqualFold(a.Host, b.Host) &&
		a.Port == b.Port && strings.EqualFold(cmp.Or(ta, "udp"), cmp.Or(tb, "udp"))
}

// authenticate checks the credentials of a request for a user.
func (r *Registrar) authenticate(req *sip.Request, user string, f flow, g *sentry, now time.Time) *malformed {
	ip := f.remote.Addr()
	var p digestParams
	for _, h := range req.GetHeaders("Authorization") {
		if q, ok := parseDigest(h.Value()); ok && q["realm"] == r.cfg.Realm && r.offers(q["algorithm"]) {
			p = q
			break
		}
	}
	if p == nil {
		return r.challenge(f, now, false)
	}
	if !r.isHere(user, ip) && !g.mayLogin(ip, now) {
		return &malformed{status: 403, reason: "Too many failures", extra: []field{g.loginWait()}}
	}
	secret, known := r.lookup.Password(user)
	// The same work for a user that does not exist: its absence must not show.
	good := verify(p, string(req.Method), secret) && known && p["username"] == user
	switch {
	case !r.nonces.fresh(p["nonce"], ip, now):
		return r.challenge(f, now, good)
	case !good:
		g.loginFailed(ip, user, now)
		return &malformed{status: 403, reason: "Forbidden"}
	case p["qop"] != "" && p["nc"] == "" || !r.nonces.use(p["nonce"], p["nc"], now):
		return r.challenge(f, now, true) // played again, or a phone that does not count
	}
	g.know(ip, now)
	return nil
}

// isHere tells whether a phone of the user is registered from that address: it may
// always try again, whoever else fails there.
func (r *Registrar) isHere(user string, ip netip.Addr) bool {
	return slices.ContainsFunc(r.bindings(user), func(b binding) bool { return sourceOf(b.Source.Addr()) == sourceOf(ip) })
}

func (r *Registrar) offers(algorithm string) bool {
	return slices.ContainsFunc(r.cfg.Algorithms, func(a string) bool { return strings.EqualFold(a, cmp.Or(algorithm, MD5)) })
}

func (r *Registrar) challenge(f flow, now time.Time, stale bool) *malformed {
	m := &malformed{status: 401, reason: "Unauthorized"}
	nonce := r.nonces.issue(f.remote.Addr(), now)
	algorithms := r.cfg.Algorithms
	if isWebSocket(f.carrier) && r.offers(MD5) { // JsSIP and SIP.js know no other, and look at the first alone
		algorithms = []string{MD5}
	}
	for _, a := range algorithms {
		v := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, r.cfg.Realm, nonce, a)
		if stale {
			v += ", stale=true"
		}
		m.extra = append(m.extra, field{"WWW-Authenticate", v})
	}
	return m
}
