package sip

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// fork is one phone that is rung.
type fork struct {
	target   sip.Uri // Request-URI
	to       sip.Uri // of the To header field, whatever redirection makes of the target
	flow     flow
	routes   []sip.Header
	offer    []byte
	next     []detour // other targets, see redirect.go
	agent    string   // whose registration this is, and the phone's instance
	instance string
	callID   string
	localTag string
	seq      uint32
	tried    int // times with credentials
	early    earlyDialogs
	terms    sessionTerms // asked for

	req       *sip.Request
	tx        *clientTx
	rung      bool // a provisional response came
	done      bool // final response, or failed
	cancelled bool
	wanted    bool   // CANCEL as soon as RFC 3261 section 9.1 lets us
	why       string // Reason of the CANCEL
}

// invite sends the INVITE of a fork.
func (d *dialing) invite(f *fork) error { return d.inviteWith(f, "", "") }

func (d *dialing) inviteWith(f *fork, authName, auth string) error {
	req := d.build(f)
	if auth != "" {
		req.AppendHeader(sip.NewHeader(authName, auth))
	}
	withSDP(req, f.offer)
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
	for _, r := range f.routes {
		req.AppendHeader(r)
	}
	req.AppendHeader(maxForwards())
	from := s.fromHeader(d.r, f)
	req.AppendHeader(from)
	to := sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: f.to.User, Host: f.to.Host, Port: f.to.Port}}
	req.AppendHeader(&to)
	id := sip.CallIDHeader(f.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: f.seq, MethodName: sip.INVITE})
	req.AppendHeader(secured(s.contact(f.flow, userOf(&from.Address)), f.flow, f.target.IsEncrypted()))
	req.AppendHeader(sip.NewHeader("User-Agent", s.cfg.UserAgent))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	s.inviteExtensions(req, f)
	for _, h := range d.fields {
		req.AppendHeader(sip.NewHeader(h.name, h.value))
	}
	return req
}

func (s *Server) fromHeader(r *DialRequest, f *fork) *sip.FromHeader {
	h := &sip.FromHeader{DisplayName: quote(r.FromName), Params: sip.HeaderParams{{K: "tag", V: f.localTag}}}
	if r.hidden() { // RFC 3323 section 4.1.1.3
		h.DisplayName, h.Address = "Anonymous", sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
		return h
	}
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
		given, why := d.given, f.why
		d.mu.Unlock()
		if cancel {
			d.cancel(f, why)
		}
		news := f.early.progress(res, func(tag string) *Leg { return d.begun(f, req, res, tag) })
		if res.StatusCode > 100 && res.StatusCode != 199 && !given && news { // RFC 6228: the end of one of several
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
		d.hangUp(win, callRefused)
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
	reason := cmp.Or(f.why, callElsewhere)
	if len(d.extra) < maxExtra {
		d.extra = append(d.extra, l)
	}
	d.s.addLeg(l)
	d.mu.Unlock()
	l.sendAck()
	d.hangUp(l, reason)
}

const maxExtra = 16 // answers too late that are told apart from those that come again

// take gives the winner to the one who waits and tells that nobody will any more.
func (d *dialing) take() *Leg {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given = true
	return d.winner
}

// heard tells whether anybody has said anything.
func (d *dialing) heard() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.forks, func(f *fork) bool { return f.rung || f.done || f.tried > 0 })
}

// hangUp ends a leg that nobody wants, without waiting.
func (d *dialing) hangUp(l *Leg, reason string) {
	l.mu.Lock()
	l.reason = reason
	l.mu.Unlock()
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
		f.wanted, f.why = true, reason
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
	way := f.flow
	if tx != nil {
		way = tx.flow // as the INVITE
	}
	if _, err := d.s.tx.request(req, way, func(*sip.Response) {}, nil); err != nil {
		d.s.log.Debug("sip_cancel", "error", err)
	}
}

// again answers a digest challenge, or a demand for a longer session interval (RFC
// 4028 section 7.3), and tells whether it did.
func (d *dialing) again(e dialEvent) bool {
	e.fork.early.end(true) // RFC 3261 section 12.3
	if e.status == 422 && e.fork.terms.grow(statusOf(e.res).minSE) {
		d.mu.Lock()
		e.fork.seq++
		d.mu.Unlock()
		return d.inviteWith(e.fork, "", "") == nil
	}
	if e.status != 401 && e.status != 407 || d.r.Auth == nil || e.fork.tried > 0 && !isStale(e.res) || e.fork.tried > 3 {
		return false
	}
	name, value, err := answerChallenge(e.res, string(sip.INVITE), e.fork.target.String(), *d.r.Auth)
	if err != nil {
		return false
	}
	d.mu.Lock()
	e.fork.tried++
	e.fork.seq++
	d.mu.Unlock()
	return d.inviteWith(e.fork, name, value) == nil
}

// leg makes the leg of a 2xx, or takes the early dialog that it answers.
func (d *dialing) leg(f *fork, req *sip.Request, res *sip.Response, tag string) *Leg {
	l := d.newLeg(f, req, res, tag)
	if early := f.early.confirm(tag); early != nil {
		early.confirmed(res, l.target, l.routes)
		l = early
	}
	l.startSession(l.termsOf(res))
	return l
}

func (d *dialing) newLeg(f *fork, req *sip.Request, res *sip.Response, tag string) *Leg {
	l := &Leg{
		s: d.s, callID: f.callID, localTag: f.localTag, remoteTag: tag, invite: req, heard: res,
		state: legConfirmed, flow: f.flow, agent: f.agent, instance: f.instance, localSeq: f.seq, remoteSDP: bodyOf(res), localSDP: f.offer, auth: d.r.Auth,
		from: party(req.From().DisplayName, &req.From().Address), to: party(req.To().DisplayName, &req.To().Address),
	}
	l.target = targetOf(res, f.target)
	rr := res.GetHeaders("Record-Route") // RFC 3261 section 12.1.2: reversed
	for _, h := range slices.Backward(rr) {
		l.routes = append(l.routes, routeOf(h))
	}
	l.settled = true
	l.can.learn(res)
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
