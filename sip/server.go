package sip

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Handler runs one inbound call. The leg is ended when it returns.
type Handler func(ctx context.Context, l *Leg)

// allowed are the methods that we take, for Allow (RFC 3261 section 20.5).
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY, REGISTER"

// Server is a SIP user agent: it answers calls, places them and keeps the register.
type Server struct {
	cfg        Config
	handler    Handler
	registrar  *Registrar
	log        *slog.Logger
	listen     []listenAddr
	publicHost string
	publicPort uint16

	parser *sip.Parser
	tx     *transactions
	tp     *transport
	ready  chan struct{}

	draining atomic.Bool
	panics   atomic.Int64
	routes   routeCache
	work     sync.WaitGroup // handlers and callbacks

	mu      sync.Mutex // guards what follows
	running bool
	closing bool
	base    context.Context //nolint:containedctx // parent of every inbound leg, set by Run
	legs    map[string]*Leg // by Call-ID and local tag
	invites map[string]*Leg // inbound INVITEs not yet ended, to find merged requests
}

// New makes a server. h may be nil: then calls are refused and the server only
// dials and registers. reg may be nil: then REGISTER is refused.
func New(cfg Config, h Handler, reg *Registrar, log *slog.Logger) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg: cfg, handler: h, registrar: reg, log: log,
		parser: sip.NewParser(), ready: make(chan struct{}),
		tx:   newTransactions(newTimers(cfg.T1)),
		legs: make(map[string]*Leg), invites: make(map[string]*Leg),
	}
	s.parser.MaxMessageLength = 2 * cfg.MaxMessage // its plain form may be a little longer
	var err error
	if s.publicHost, s.publicPort, err = cfg.public(); err != nil {
		return nil, err
	}
	for _, entry := range cfg.Listen {
		a, err := parseListen(entry)
		if err != nil {
			return nil, err
		}
		s.listen = append(s.listen, a)
	}
	s.tp = &transport{
		log: log, received: s.received, closed: s.connectionLost,
		limits: limits{
			message: cfg.MaxMessage, connections: cfg.MaxConnections, messageTime: cfg.MessageTimeout,
			strangerIdle: cfg.MessageTimeout, friendIdle: cfg.IdleTimeout, writeTime: cfg.MessageTimeout / 2,
		},
	}
	return s, nil
}

// Run listens and serves until ctx ends. Then no more calls are admitted, the
// handlers' ctx ends with it, and Run returns when every handler has and the last
// BYE is sent. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("sip server runs already")
	}
	s.running = true
	s.base = ctx
	s.mu.Unlock()

	if err := s.tp.open(ctx, s.listen); err != nil {
		return err
	}
	s.tp.start()
	close(s.ready)
	for _, a := range s.tp.addrs() {
		s.log.Info("sip_listening", "network", a.Network(), "addr", a.String())
	}

	sweep, stopSweep := context.WithCancel(context.WithoutCancel(ctx))
	var swept sync.WaitGroup
	if s.registrar != nil {
		swept.Go(func() { s.registrar.sweep(sweep) })
	}

	<-ctx.Done()
	s.draining.Store(true)
	s.mu.Lock()
	s.closing = true // nothing is added to work from here on
	s.mu.Unlock()
	s.work.Wait()

	s.hangUpAll(ctx)
	s.tx.close()
	s.tp.close()
	s.tp.wait()
	stopSweep()
	swept.Wait()
	return nil
}

// Ready is closed once the server listens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addrs are the addresses listened on, with real ports; nil before Ready.
func (s *Server) Addrs() []net.Addr {
	select {
	case <-s.ready:
		return s.tp.addrs()
	default:
		return nil
	}
}

// SetDraining refuses new calls with 503 and Retry-After, or takes them again.
func (s *Server) SetDraining(on bool) { s.draining.Store(on) }

// Stats is a snapshot of what the server holds.
type Stats struct {
	Legs               int
	ServerTransactions int
	ClientTransactions int
	Connections        int
	Panics             int64 // handlers and messages that ended in a panic
}

// Stats tells what the server holds now.
func (s *Server) Stats() Stats {
	var st Stats
	st.ServerTransactions, st.ClientTransactions = s.tx.counts()
	s.mu.Lock()
	st.Legs = len(s.legs)
	s.mu.Unlock()
	s.tp.mu.Lock()
	st.Connections = len(s.tp.conns)
	s.tp.mu.Unlock()
	st.Panics = s.panics.Load()
	return st
}

// spawn runs f in a goroutine that Run waits for; false when the server closes.
func (s *Server) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || !s.running {
		return false
	}
	s.work.Go(f)
	return true
}

func (s *Server) allLegs() []*Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Leg, 0, len(s.legs))
	for _, l := range s.legs {
		out = append(out, l)
	}
	return out
}

// hangUpAll ends the legs that Dial gave away and nobody ended.
func (s *Server) hangUpAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*s.cfg.T1)
	defer cancel()
	var wg sync.WaitGroup
	for _, l := range s.allLegs() {
		wg.Go(func() { _ = l.Hangup(ctx) })
	}
	wg.Wait()
}

func (s *Server) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

func legKey(callID, localTag string) string { return callID + "\x00" + localTag }

// addLeg admits a leg while there is room.
func (s *Server) addLeg(l *Leg) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.legs) >= s.cfg.MaxLegs || s.closing && l.inbound {
		return false
	}
	s.legs[legKey(l.callID, l.localTag)] = l
	if l.inviteID != "" {
		s.invites[l.inviteID] = l
	}
	return true
}

func (s *Server) dropLeg(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, legKey(l.callID, l.localTag))
	if l.inviteID != "" {
		delete(s.invites, l.inviteID)
	}
}

// legOf finds the leg that a request inside a dialog belongs to.
func (s *Server) legOf(req *sip.Request) *Leg {
	localTag, _ := req.To().Params.Get("tag")
	remoteTag, _ := req.From().Params.Get("tag")
	s.mu.Lock()
	l := s.legs[legKey(req.CallID().Value(), localTag)]
	s.mu.Unlock()
	if l == nil || l.remoteTag != remoteTag {
		return nil
	}
	return l
}

func (s *Server) connectionLost(c carrier) {
	s.tx.lost(c)
	if s.registrar != nil {
		s.registrar.connectionLost(c)
	}
}

// guard keeps a panic from going further than the message or call it belongs to.
func (s *Server) guard(what string, after func()) {
	if p := recover(); p != nil {
		s.panics.Add(1)
		s.log.Error("sip_panic", "in", what, "panic", p, "stack", string(debug.Stack()))
		if after != nil {
			after()
		}
	}
}

// received takes one message from a reading goroutine. An error says that the
// connection cannot be trusted any further.
func (s *Server) received(data []byte, f flow) error {
	defer s.guard("message", nil)
	msg, err := read(data, s.parser)
	if err != nil {
		var bad *malformed
		if errors.As(err, &bad) {
			s.log.Debug("sip_malformed", "remote", f.remote.String(), "reason", bad.reason)
			if bad.status != 0 {
				_ = bad.replyTo(f).send(bad.reply(f, s.cfg.UserAgent))
			}
		}
		return err
	}
	switch m := msg.(type) {
	case *sip.Request:
		s.request(m, f)
	case *sip.Response:
		s.tx.response(m)
	}
	return nil
}

// request takes one well-formed request.
func (s *Server) request(req *sip.Request, f flow) {
	via := req.Via()
	back := responseFlow(via, f)
	switch req.Method {
	case sip.ACK:
		s.ack(req)
		return
	case sip.CANCEL:
		s.cancel(req, back)
		return
	case sip.INVITE:
		if tag, _ := req.To().Params.Get("tag"); tag == "" {
			s.invite(req, f, back)
			return
		}
	default:
	}
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	if bad := s.extensions(req); bad != nil {
		s.reply(tx, req, bad.status, bad.reason, bad.extra...)
		return
	}
	if tag, _ := req.To().Params.Get("tag"); tag != "" && req.Method != sip.REGISTER && req.Method != sip.OPTIONS {
		l := s.legOf(req)
		if l == nil {
			// A NOTIFY that follows a transfer may come after the BYE, and is no news.
			s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
			return
		}
		l.request(req, tx, f)
		return
	}
	switch req.Method {
	case sip.OPTIONS:
		s.options(req, tx)
	case sip.REGISTER:
		s.register(req, tx, f)
	case sip.BYE, sip.INFO, sip.UPDATE, sip.NOTIFY, sip.REFER, sip.PRACK:
		s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
	case sip.MESSAGE, sip.SUBSCRIBE, sip.PUBLISH:
		s.reply(tx, req, 405, "Method Not Allowed", field{"Allow", allowed})
	default:
		s.reply(tx, req, 501, "Not Implemented", field{"Allow", allowed})
	}
}

// responseFlow is where responses go (RFC 3261 section 18.2.2 and RFC 3581): always
// to the address that the request came from, so that nobody can point us at others.
func responseFlow(via *sip.ViaHeader, f flow) flow {
	ip := f.remote.Addr().Unmap().String()
	if _, ok := via.Params.Get("rport"); ok {
		via.Params.Add("rport", strconv.Itoa(int(f.remote.Port())))
		via.Params.Add("received", ip)
		return f
	}
	if strings.Trim(via.Host, "[]") != ip {
		via.Params.Add("received", ip)
	}
	if f.carrier.reliable() {
		return f
	}
	port := uint16(5060)
	if via.Port > 0 {
		port = uint16(via.Port)
	}
	return flow{f.carrier, withPort(f.remote, port)}
}

// extensions refuses what a request requires and we do not have (RFC 3261 section
// 8.2.2.3).
func (s *Server) extensions(req *sip.Request) *malformed {
	var unknown []string
	for _, name := range []string{"Require", "Proxy-Require"} {
		for _, h := range req.GetHeaders(name) {
			for _, tag := range splitList(h.Value()) {
				if tag != "" && !strings.EqualFold(tag, "timer") {
					unknown = append(unknown, tag)
				}
			}
		}
	}
	if len(unknown) > 0 {
		return &malformed{status: 420, reason: "Bad Extension", extra: []field{{"Unsupported", strings.Join(unknown, ", ")}}}
	}
	return nil
}

// response builds a response to req with our To tag.
func (s *Server) response(req *sip.Request, status int, reason, tag string, extra ...field) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.SipVersion = "SIP/2.0"
	if to := res.To(); to != nil && tag != "" && status > 100 {
		if _, ok := req.To().Params.Get("tag"); !ok {
			to.Params.Add("tag", tag)
		}
	}
	for _, h := range extra {
		res.AppendHeader(sip.NewHeader(h.name, h.value))
	}
	res.AppendHeader(sip.NewHeader("Server", s.cfg.UserAgent))
	return res
}

func (s *Server) reply(tx *serverTx, req *sip.Request, status int, reason string, extra ...field) {
	if _, err := tx.respond(status, render(s.response(req, status, reason, "", extra...))); err != nil {
		s.log.Debug("sip_respond", "method", string(req.Method), "status", status, "error", err)
	}
}

// options answers a question for what we can do; monitors use it to see whether we
// take calls.
func (s *Server) options(req *sip.Request, tx *serverTx) {
	about := []field{{"Allow", allowed}, {"Accept", "application/sdp"}, {"Accept-Encoding", "identity"}, {"Supported", "timer"}}
	if s.draining.Load() {
		s.reply(tx, req, 503, "Service Unavailable", append(about, s.retryAfter())...)
		return
	}
	s.reply(tx, req, 200, "OK", about...)
}

func (s *Server) retryAfter() field {
	return field{"Retry-After", strconv.Itoa(max(1, int(s.cfg.RetryAfter.Seconds())))}
}

// ack takes an ACK: of a refusal it ends the transaction, of a 2xx it is the leg's.
func (s *Server) ack(req *sip.Request) {
	if tx := s.tx.find(req); tx != nil && tx.ack() {
		return
	}
	if l := s.legOf(req); l != nil {
		l.acknowledged(req)
	}
}

// cancel answers a CANCEL and ends the INVITE that it belongs to, if that is not
// too late (RFC 3261 section 9.2).
func (s *Server) cancel(req *sip.Request, back flow) {
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	invite := s.tx.find(req)
	if invite == nil {
		s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	s.reply(tx, req, 200, "OK")
	reason := ""
	if h := req.GetHeader("Reason"); h != nil {
		reason = h.Value()
	}
	invite.cancel(reason)
}

// invite takes an INVITE that begins a call.
func (s *Server) invite(req *sip.Request, f, back flow) {
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	refuse := func(status int, reason string, extra ...field) {
		s.reply(tx, req, status, reason, extra...)
	}
	if bad := s.extensions(req); bad != nil {
		refuse(bad.status, bad.reason, bad.extra...)
		return
	}
	if ct := req.ContentType(); len(req.Body()) > 0 && (ct == nil || !isSDP(ct.Value())) {
		refuse(415, "Unsupported Media Type", field{"Accept", "application/sdp"})
		return
	}
	if !acceptsSDP(req) {
		refuse(406, "Not Acceptable")
		return
	}
	tag, _ := req.From().Params.Get("tag")
	id := req.CallID().Value() + "\x00" + tag + "\x00" + strconv.Itoa(int(req.CSeq().SeqNo))
	s.mu.Lock()
	_, merged := s.invites[id]
	s.mu.Unlock()
	switch {
	case merged: // RFC 3261 section 8.2.2.2
		refuse(482, "Loop Detected")
		return
	case s.handler == nil:
		refuse(480, "Temporarily Unavailable")
		return
	case s.draining.Load():
		refuse(503, "Service Unavailable", s.retryAfter())
		return
	}
	l := s.inboundLeg(req, tx, f, id)
	if !s.addLeg(l) {
		refuse(503, "Service Unavailable", s.retryAfter())
		return
	}
	tx.setOnCancel(l.cancelled)
	_, _ = tx.respond(100, render(s.response(req, 100, "Trying", "")))
	if !s.spawn(func() { s.handle(l) }) {
		l.finish(ErrServerClosed)
		s.dropLeg(l)
		refuse(503, "Service Unavailable", s.retryAfter())
	}
}

// handle runs the Handler of one call and ends its leg.
func (s *Server) handle(l *Leg) {
	ctx, cancel := context.WithCancel(s.base)
	defer cancel()
	defer s.endLeg(l)
	defer s.guard("call "+l.ID(), func() { l.failed() })
	s.handler(ctx, l)
}

func (s *Server) endLeg(l *Leg) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), s.tx.timers.longest())
	defer cancel()
	// A far end that is gone must not hold up a shutdown.
	stop := context.AfterFunc(s.base, func() { time.AfterFunc(4*s.cfg.T1, cancel) })
	defer stop()
	defer s.guard("end of call", nil)
	_ = l.Hangup(ctx)
}

func isSDP(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/sdp")
}

func acceptsSDP(req *sip.Request) bool {
	hs := req.GetHeaders("Accept")
	if len(hs) == 0 {
		return true
	}
	for _, h := range hs {
		for _, v := range splitList(h.Value()) {
			kind, _, _ := strings.Cut(v, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/sdp", "application/*", "*/*":
				return true
			}
		}
	}
	return false
}

// contactHost is the host and port that we name ourselves by towards a far end.
func (s *Server) contactHost(f flow) (host string, port int) {
	host, port = s.publicHost, int(s.publicPort)
	if host == "" {
		host = s.routes.local(f).String()
	}
	if port == 0 {
		if port = int(s.tp.port(f.carrier.network())); port == 0 {
			port = int(f.carrier.local().Port())
		}
	}
	return host, port
}

// contact is our Contact towards a far end.
func (s *Server) contact(f flow, user string) *sip.ContactHeader {
	host, port := s.contactHost(f)
	u := sip.Uri{Scheme: "sip", User: escapeUser(user), Host: host, Port: port}
	if n := f.carrier.network(); n != "udp" {
		u.UriParams.Add("transport", n)
	}
	return &sip.ContactHeader{Address: u}
}

// routeCache remembers localAddr for some far ends.
type routeCache struct {
	mu    sync.Mutex
	m     map[netip.Addr]netip.Addr
	since time.Time
}

func (r *routeCache) local(f flow) netip.Addr {
	if ip := f.carrier.local().Addr(); !ip.IsUnspecified() {
		return ip
	}
	key := f.remote.Addr()
	r.mu.Lock()
	ip, ok := r.m[key]
	ok = ok && time.Since(r.since) < time.Minute
	r.mu.Unlock()
	if ok {
		return ip
	}
	ip = localAddr(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.m == nil || len(r.m) >= 4096 || now.Sub(r.since) > time.Minute { // routes change
		r.m, r.since = make(map[netip.Addr]netip.Addr), now
	}
	r.m[key] = ip
	return ip
}
