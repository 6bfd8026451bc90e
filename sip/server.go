package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Handler runs one inbound call. The leg is ended when it returns.
type Handler func(ctx context.Context, l *Leg)

// allowed are the methods that we take, for Allow (RFC 3261 section 20.5).
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY, REFER, SUBSCRIBE, REGISTER"

// extensions are those that we have, for Supported and Require.
func (c *Config) extensions() string {
	out := "replaces, norefersub"
	if c.SessionExpires > 0 {
		out = "timer, " + out
	}
	if c.Reliable != ReliableOff {
		out = "100rel, " + out
	}
	return out
}

// Server is a SIP user agent: it answers calls, places them and keeps the register.
type Server struct {
	cfg        Config
	handler    Handler
	registrar  *Registrar
	log        *slog.Logger
	listen     []listenAddr
	publicHost string
	publicPort uint16
	supported  string // extensions

	parsers sip.HeadersParser
	sentry  *sentry
	tx      *transactions
	tp      *transport
	ready   chan struct{}

	draining atomic.Bool
	panics   atomic.Int64
	trust    atomic.Pointer[func(*Leg) bool] // see TrustIdentity
	routes   routeCache
	refused  tcpRefusals
	work     sync.WaitGroup // handlers and callbacks

	mu        sync.Mutex // guards what follows
	running   bool
	closing   bool
	base      context.Context      //nolint:containedctx // parent of every inbound leg, set by Run
	legs      map[string]*Leg      // by dialog ID
	referrals map[string]*referral // that were accepted and run, also after their call
	invites   map[string]*Leg      // inbound INVITEs not yet ended, to find merged requests
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
		cfg: cfg, supported: cfg.extensions(), handler: h, registrar: reg, log: log,
		parsers: sip.DefaultHeadersParser(), ready: make(chan struct{}), sentry: newSentry(cfg.Guard, cfg.Audit, log),
		tx:   newTransactions(newTimers(cfg.T1), cfg.MaxTransactions),
		legs: make(map[string]*Leg), invites: make(map[string]*Leg), referrals: make(map[string]*referral),
	}
	var err error
	if s.publicHost, s.publicPort, err = cfg.public(); err != nil {
		return nil, err
	}
	for _, entry := range cfg.Listen {
		a, err := parseListen(entry)
		if err != nil {
			return nil, err
		}
		if a.secure() && cfg.TLS == nil {
			return nil, fmt.Errorf("sip listen address %q: a certificate is needed, set Config.TLS", entry)
		}
		s.listen = append(s.listen, a)
	}
	s.tp = &transport{
		log: log, tls: cfg.TLS, web: s.WebSocket(cfg.Origins), received: s.received, closed: s.connectionLost, sentry: s.sentry,
		limits: limits{
			message: cfg.MaxMessage, connections: cfg.MaxConnections, messageTime: cfg.MessageTimeout,
			strangerIdle: cfg.MessageTimeout, friendIdle: cfg.IdleTimeout, writeTime: cfg.MessageTimeout / 2,
		},
	}
	s.tx.larger = s.large
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
	sweep, stopSweep := context.WithCancel(context.WithoutCancel(ctx))
	var swept sync.WaitGroup
	swept.Go(func() { s.sentry.run(sweep.Done()) })
	if s.registrar != nil {
		swept.Go(func() { s.registrar.sweep(sweep) })
		if s.registrar.cfg.Ping > 0 {
			swept.Go(func() { s.pingPhones(sweep) })
		}
	}
	s.tp.start() //nolint:contextcheck // the sockets outlive ctx, for the last BYE
	close(s.ready)
	for _, a := range s.tp.addrs() {
		s.log.Info("sip_listening", "network", a.Network(), "addr", a.String())
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
	Blocked            int   // sources that nothing is read from
	Dropped            int64 // messages that were not read or not answered, see GuardConfig
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
	st.Blocked, st.Dropped = int(s.sentry.blocks.Load()), s.sentry.dropped.Load()
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

// legKey is the dialog ID. Where a proxy forks an INVITE of ours, dialogs differ in
// the remote tag only.
func legKey(callID, localTag, remoteTag string) string {
	return callID + "\x00" + localTag + "\x00" + remoteTag
}

func (l *Leg) key() string { return legKey(l.callID, l.localTag, l.remoteTag) }

// addLeg admits a leg while there is room.
func (s *Server) addLeg(l *Leg) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := l.key()
	if s.legs[key] == l {
		return true
	}
	if len(s.legs) >= s.cfg.MaxLegs || s.closing && l.inbound {
		return false
	}
	s.legs[key] = l
	s.tx.calls.add(l.callID)
	if l.inviteID != "" {
		s.invites[l.inviteID] = l
	}
	return true
}

func (s *Server) dropLeg(l *Leg) {
	l.halfOver()
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := l.key(); s.legs[key] == l {
		delete(s.legs, key)
		s.tx.calls.remove(l.callID)
	}
	if l.inviteID != "" {
		delete(s.invites, l.inviteID)
	}
}

// legOf finds the leg that a request inside a dialog belongs to.
func (s *Server) legOf(req *sip.Request) *Leg {
	localTag, _ := req.To().Params.Get("tag")
	remoteTag, _ := req.From().Params.Get("tag")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[legKey(req.CallID().Value(), localTag, remoteTag)]
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

// received takes one message from a reading goroutine. An error says that it was
// malformed.
func (s *Server) received(data []byte, f flow) error {
	defer s.guard("message", nil)
	if !s.worthReading(data, f) {
		return errNotRead
	}
	msg, err := read(data, s.parsers)
	if err != nil {
		var bad *malformed
		if errors.As(err, &bad) && s.tolerates(f) {
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
		if s.tx.response(m) {
			s.sentry.know(f.remote.Addr(), time.Now())
		}
	}
	return nil
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
	if l.hasEnded() { // as most have: by a BYE, or by their handler
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), s.tx.timers.longest())
	defer cancel()
	// A far end that is gone must not hold up a shutdown.
	stop := context.AfterFunc(s.base, func() { time.AfterFunc(4*s.cfg.T1, cancel) })
	defer stop()
	defer s.guard("end of call", nil)
	_ = l.Hangup(ctx)
}
