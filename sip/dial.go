package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// DialRequest says whom to ring and as whom.
type DialRequest struct {
	// To is a SIP URI, or "agent:NAME": then every phone that the agent has
	// registered rings, and the first to answer gets the call.
	To string
	// From is the caller number shown, or a whole SIP URI. Default: the UserAgent.
	From     string
	FromName string            // display name shown
	Headers  map[string]string // more header fields
	Offer    []byte            // our session description
	Auth     *Credentials      // answer to a digest challenge
	Timeout  time.Duration     // of ringing; 0: as long as ctx
}

var errTooManyLegs = errors.New("dial: too many calls at once")

// reserved header fields cannot be set by DialRequest.Headers.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route", "Record-Route",
	"Content-Length", "Content-Type", "Authorization", "Proxy-Authorization", "Require", "Supported", "Allow",
}

// Dial rings, and returns the leg that answered, acknowledged. progress, which may
// be nil, is called for each provisional response with its session description; it
// must not block. A refusal is a *StatusError; of several phones the one that says
// most counts. When ctx ends, ringing is cancelled at once, and a phone that
// answers all the same is hung up.
func (s *Server) Dial(ctx context.Context, r DialRequest, progress func(status int, sdp []byte)) (*Leg, error) {
	select {
	case <-s.ready:
	default:
		return nil, errors.New("dial: the SIP server does not run")
	}
	switch {
	case s.closed():
		return nil, ErrServerClosed
	case s.Stats().Legs >= s.cfg.MaxLegs:
		return nil, errTooManyLegs
	case len(r.Offer) == 0:
		return nil, errors.New("dial: no session description to offer")
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, &StatusError{Code: 408, Reason: "No answer"})
		defer cancel()
	}
	if progress == nil {
		progress = func(int, []byte) {}
	}
	forks, err := s.forks(ctx, &r)
	if err != nil {
		return nil, err
	}
	d := &dialing{
		s: s, r: &r, progress: progress, forks: forks,
		rings: make(chan dialEvent, 16), finals: make(chan dialEvent, 3*len(forks)),
	}
	return d.run(ctx)
}

// dialing is one Dial.
type dialing struct {
	s        *Server
	r        *DialRequest
	progress func(int, []byte)
	forks    []*fork
	rings    chan dialEvent // provisional responses, as many as fit
	finals   chan dialEvent // the end of each INVITE; they always fit

	mu     sync.Mutex // guards what follows and the forks' state
	winner *Leg
	extra  []*Leg // answered too late
	given  bool   // nobody waits any more
}

type dialEvent struct {
	fork   *fork
	status int
	sdp    []byte
	res    *sip.Response
	err    error
}

// fork is one phone that is rung.
type fork struct {
	target   sip.Uri // Request-URI
	flow     flow
	callID   string
	localTag string
	seq      uint32
	tried    bool // with credentials

	req       *sip.Request
	tx        *clientTx
	rung      bool // a provisional response came
	done      bool // final response, or failed
	cancelled bool
	wanted    bool // CANCEL as soon as RFC 3261 section 9.1 lets us
}

// forks finds where to ring.
func (s *Server) forks(ctx context.Context, r *DialRequest) ([]*fork, error) {
	for name, value := range r.Headers {
		long := cmp.Or(canonical[strings.ToLower(name)], name)
		if !isToken(name) || oneLine(value) != value || slices.Contains(reserved, long) {
			return nil, fmt.Errorf("dial: header field %q cannot be set", name)
		}
	}
	var forks []*fork
	add := func(u sip.Uri, f flow) {
		forks = append(forks, &fork{target: u, flow: f, callID: sip.GenerateTagN(24), localTag: sip.GenerateTagN(12), seq: 1})
	}
	if agent, ok := strings.CutPrefix(r.To, "agent:"); ok {
		if s.registrar == nil {
			return nil, &StatusError{Code: 404, Reason: "No registrar"}
		}
		var failed error
		for _, b := range s.registrar.bindings(agent) {
			f, err := s.bindingFlow(ctx, b)
			if err != nil {
				failed = err
				continue
			}
			add(b.target, f)
		}
		if len(forks) == 0 {
			if failed != nil {
				return nil, fmt.Errorf("ring agent %s: %w", agent, failed)
			}
			return nil, &StatusError{Code: 480, Reason: "Not registered"}
		}
		return forks, nil
	}
	var u sip.Uri
	if strings.ContainsAny(r.To, "<>\r\n\" ") {
		return nil, fmt.Errorf("dial: %q is no SIP URI", r.To)
	}
	if err := sip.ParseUri(r.To, &u); err != nil || badAddress(&u) || u.Raw() != "" {
		return nil, fmt.Errorf("dial: %q is no SIP URI", r.To)
	}
	f, err := s.flowFor(ctx, &u, flow{})
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	add(u, f)
	return forks, nil
}

// run rings all forks and waits for the first to answer.
func (d *dialing) run(ctx context.Context) (*Leg, error) {
	open := 0
	var worst *StatusError
	var lost error
	for _, f := range d.forks {
		if err := d.invite(f); err != nil { //nolint:contextcheck // the transaction outlives ctx, to cancel it
			lost = err
			continue
		}
		open++
	}
	for open > 0 {
		select {
		case e := <-d.rings:
			d.progress(e.status, e.sdp)
		case e := <-d.finals:
			for len(d.rings) > 0 { // they came before
				e := <-d.rings
				d.progress(e.status, e.sdp)
			}
			switch {
			case e.err != nil:
				lost = e.err
				if errors.Is(e.err, errTimeout) {
					worst = better(worst, &StatusError{Code: 408, Reason: "No response"})
				}
				open--
			case e.status < 300:
				l := d.take()
				d.giveUp("SIP;cause=200;text=\"Call completed elsewhere\"") // RFC 3326
				return l, nil
			case d.again(e): //nolint:contextcheck // as above
			default:
				worst = better(worst, statusOf(e.res))
				open--
				if e.status >= 600 && open > 0 { // RFC 3261 section 16.7: nobody else is asked
					d.giveUp("")
					return nil, worst
				}
			}
		case <-ctx.Done():
			if l := d.take(); l != nil { // answered in this moment
				d.hangUp(l) //nolint:contextcheck // ctx has ended
			}
			d.giveUp("")
			var st *StatusError
			if errors.As(context.Cause(ctx), &st) {
				return nil, st
			}
			return nil, fmt.Errorf("dial: %w", context.Cause(ctx))
		}
	}
	if worst != nil {
		return nil, worst
	}
	return nil, fmt.Errorf("dial: %w", lost)
}

// better picks the refusal that tells the caller most (after RFC 3261 section 16.7).
func better(a, b *StatusError) *StatusError {
	rank := func(e *StatusError) int {
		switch {
		case e.Code >= 600:
			return 0
		case e.Code == 486:
			return 1
		case e.Code/100 == 4 && e.Code != 408 && e.Code != 480:
			return 2
		case e.Code/100 == 3:
			return 3
		case e.Code == 480:
			return 4
		case e.Code == 408:
			return 5
		}
		return 6
	}
	if a == nil || rank(b) < rank(a) {
		return b
	}
	return a
}

// invite sends the INVITE of a fork.
func (d *dialing) invite(f *fork) error { return d.inviteWith(f, "", "") }

func (d *dialing) inviteWith(f *fork, authName, auth string) error {
	req := d.build(f)
	if auth != "" {
		req.AppendHeader(sip.NewHeader(authName, auth))
	}
	withSDP(req, d.r.Offer)
	d.mu.Lock()
	f.req, f.rung, f.done = req, false, false
	d.mu.Unlock()
	tx, err := d.s.tx.request(req, f.flow, func(res *sip.Response) { d.response(f, req, res) }, func(err error) {
		d.mu.Lock()
		f.done = true
		d.mu.Unlock()
		d.finals <- dialEvent{fork: f, err: err}
	})
	if err != nil {
		d.mu.Lock()
		f.done = true
		d.mu.Unlock()
		return err
	}
	d.mu.Lock()
	f.tx = tx
	d.mu.Unlock()
	return nil
}

func (d *dialing) build(f *fork) *sip.Request {
	s := d.s
	req := sip.NewRequest(sip.INVITE, f.target)
	req.AppendHeader(s.via(f.flow))
	req.AppendHeader(maxForwards())
	from := s.fromHeader(d.r, f)
	req.AppendHeader(from)
	to := sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: f.target.User, Host: f.target.Host, Port: f.target.Port}}
	req.AppendHeader(&to)
	id := sip.CallIDHeader(f.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: f.seq, MethodName: sip.INVITE})
	req.AppendHeader(s.contact(f.flow, userOf(&from.Address)))
	req.AppendHeader(sip.NewHeader("User-Agent", s.cfg.UserAgent))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	for name, value := range d.r.Headers {
		req.AppendHeader(sip.NewHeader(name, value))
	}
	return req
}

func (s *Server) fromHeader(r *DialRequest, f *fork) *sip.FromHeader {
	h := &sip.FromHeader{DisplayName: quote(r.FromName), Params: sip.HeaderParams{{K: "tag", V: f.localTag}}}
	if lower := strings.ToLower(r.From); strings.HasPrefix(lower, "sip:") || strings.HasPrefix(lower, "sips:") {
		if !strings.ContainsAny(r.From, "<>\r\n\" ") && sip.ParseUri(r.From, &h.Address) == nil && !badAddress(&h.Address) {
			return h
		}
	}
	host := s.cfg.Realm
	if host == "" {
		host, _ = s.contactHost(f.flow)
	}
	h.Address = sip.Uri{Scheme: "sip", User: escapeUser(cmp.Or(r.From, s.cfg.UserAgent)), Host: host}
	return h
}

// response takes a response to an INVITE, on the reading goroutine.
func (d *dialing) response(f *fork, req *sip.Request, res *sip.Response) {
	switch {
	case res.StatusCode < 200:
		d.mu.Lock()
		f.rung = true
		cancel := f.wanted && !f.cancelled
		given := d.given
		d.mu.Unlock()
		if cancel {
			d.cancel(f, "")
		}
		if res.StatusCode > 100 && !given {
			select {
			case d.rings <- dialEvent{fork: f, status: res.StatusCode, sdp: bodyOf(res)}:
			default: // a flood of progress
			}
		}
	case res.StatusCode < 300:
		d.answered(f, req, res)
	default:
		d.mu.Lock()
		f.done = true
		d.mu.Unlock()
		d.finals <- dialEvent{fork: f, status: res.StatusCode, res: res}
	}
}

func bodyOf(m sip.Message) []byte {
	if b := m.Body(); len(b) > 0 {
		return b
	}
	return nil
}

// answered takes a 2xx, also one that comes again or from another phone behind a
// proxy (RFC 3261 section 13.2.2.4).
func (d *dialing) answered(f *fork, req *sip.Request, res *sip.Response) {
	tag, _ := res.To().Params.Get("tag")
	d.mu.Lock()
	f.done = true
	win := d.winner
	fresh := win == nil && !d.given
	if fresh {
		win = d.leg(f, req, res, tag)
		d.winner = win
	}
	mine := win != nil && win.callID == f.callID && win.remoteTag == tag
	d.mu.Unlock()

	switch {
	case !mine:
		d.tooLate(f, req, res, tag)
	case fresh && !d.s.addLeg(win):
		win.sendAck()
		d.hangUp(win)
		d.mu.Lock()
		d.winner = nil
		d.mu.Unlock()
		d.finals <- dialEvent{fork: f, err: errTooManyLegs}
	case fresh:
		win.sendAck()
		d.finals <- dialEvent{fork: f, status: res.StatusCode, res: res}
	default:
		win.sendAck()
	}
}

// tooLate thanks a phone that answered when nobody wanted it any more, and says
// good-bye.
func (d *dialing) tooLate(f *fork, req *sip.Request, res *sip.Response, tag string) {
	d.mu.Lock()
	for _, l := range d.extra {
		if l.callID == f.callID && l.remoteTag == tag {
			d.mu.Unlock()
			l.sendAck()
			return
		}
	}
	l := d.leg(f, req, res, tag)
	if len(d.extra) < 16 {
		d.extra = append(d.extra, l)
	}
	d.mu.Unlock()
	d.s.addLeg(l)
	l.sendAck()
	d.hangUp(l)
}

// take gives the winner to the one who waits and tells that nobody will any more.
func (d *dialing) take() *Leg {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given = true
	return d.winner
}

// hangUp ends a leg that nobody wants, without waiting.
func (d *dialing) hangUp(l *Leg) {
	d.s.spawn(func() { // else the server closes, and hangs up what it has
		ctx, cancel := context.WithTimeout(context.Background(), d.s.tx.timers.longest())
		defer cancel()
		_ = l.Hangup(ctx)
	})
}

// giveUp cancels every phone that still rings.
func (d *dialing) giveUp(reason string) {
	d.mu.Lock()
	d.given = true
	var now []*fork
	for _, f := range d.forks {
		if f.done || f.cancelled || f.req == nil {
			continue
		}
		f.wanted = true
		if f.rung {
			now = append(now, f)
		} else if f.tx != nil {
			f.tx.abandon() // if it never heard of us, it need not any more
		}
	}
	d.mu.Unlock()
	for _, f := range now {
		d.cancel(f, reason)
	}
}

func (d *dialing) cancel(f *fork, reason string) {
	d.mu.Lock()
	if f.cancelled || f.done {
		d.mu.Unlock()
		return
	}
	f.cancelled = true
	req, tx := cancelOf(f.req, reason), f.tx
	d.mu.Unlock()
	if tx != nil {
		tx.abandon() // RFC 3261 section 9.1: the final response may never come
	}
	if _, err := d.s.tx.request(req, f.flow, func(*sip.Response) {}, nil); err != nil {
		d.s.log.Debug("sip_cancel", "error", err)
	}
}

// again answers a digest challenge, and tells whether it did.
func (d *dialing) again(e dialEvent) bool {
	if e.status != 401 && e.status != 407 || d.r.Auth == nil || e.fork.tried {
		return false
	}
	name, value, err := answerChallenge(e.res, string(sip.INVITE), e.fork.target.String(), *d.r.Auth)
	if err != nil {
		return false
	}
	e.fork.tried = true
	e.fork.seq++
	return d.inviteWith(e.fork, name, value) == nil
}

// leg makes the leg of a 2xx.
func (d *dialing) leg(f *fork, req *sip.Request, res *sip.Response, tag string) *Leg {
	l := &Leg{
		s: d.s, callID: f.callID, localTag: f.localTag, remoteTag: tag, invite: req, heard: res,
		state: legConfirmed, flow: f.flow, localSeq: f.seq, remoteSDP: bodyOf(res), localSDP: d.r.Offer,
		from: party(req.From().DisplayName, &req.From().Address), to: party(req.To().DisplayName, &req.To().Address),
	}
	l.target = targetOf(res, f.target)
	rr := res.GetHeaders("Record-Route") // RFC 3261 section 12.1.2: reversed
	for _, h := range slices.Backward(rr) {
		l.routes = append(l.routes, routeOf(h))
	}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// sendAck acknowledges the 2xx, and does so again each time it comes again.
func (l *Leg) sendAck() {
	l.mu.Lock()
	ack, f := l.ack, l.ackFlow
	l.mu.Unlock()
	if ack != nil {
		_ = f.send(ack)
		return
	}
	build := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		req, f, err := l.newRequestSeq(ctx, sip.ACK, l.invite.CSeq().SeqNo)
		if err != nil {
			l.s.log.Warn("sip_ack", "call_id", l.callID, "error", err)
			return
		}
		for _, name := range []string{"Authorization", "Proxy-Authorization"} { // RFC 3261 section 13.2.2.4
			for _, h := range l.invite.GetHeaders(name) {
				req.AppendHeader(h)
			}
		}
		req.SetBody(nil)
		msg := render(req)
		l.mu.Lock()
		l.ack, l.ackFlow = msg, f
		l.mu.Unlock()
		_ = f.send(msg)
	}
	if l.near() {
		build()
	} else {
		l.s.spawn(build)
	}
}
