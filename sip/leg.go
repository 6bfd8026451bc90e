package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Leg is the signalling of one party of a call, rung by it or by us. Its methods
// may be called from any goroutine.
type Leg struct {
	s        *Server
	inbound  bool
	callID   string
	localTag string
	inviteID string       // inbound: identifies the INVITE among merged ones
	invite   *sip.Request // inbound: the INVITE; outbound: what we sent
	inviteTx *serverTx    // inbound
	heard    sip.Message  // the message that Header looks into
	from, to Party

	remoteTag string // set before others can find the leg
	replaces  *Leg   // inbound: whose place it wants

	half atomic.Pointer[half] // inbound, until its ACK: see halfopen.go

	agent, instance string // outbound: the registration that was rung, see follow.go

	ctx    context.Context //nolint:containedctx // the far end's presence; handed out by Context
	cancel context.CancelCauseFunc

	mu          sync.Mutex // guards what follows
	state       legState
	flow        flow
	moved       chan struct{} // closed when flow changes; nil when nobody waits
	target      sip.Uri       // remote target (RFC 3261 section 12.1)
	routes      []sip.Header  // route set, in the order to be sent
	localSeq    uint32
	remoteSeq   uint32
	remoteSDP   []byte
	localSDP    []byte
	settled     bool         // the first offer has its answer, for good
	negotiation *negotiation // an offer that waits for its answer
	accepting   *acceptance  // the latest 2xx of ours to an INVITE
	ringing     ringing      // inbound: our provisional responses
	rseq        uint32       // outbound: RSeq of the latest provisional response
	can         capabilities // of the far end
	session     sessionTimer
	presence    presence
	auth        *Credentials // answer to a digest challenge inside the dialog
	reason      string       // Reason of the BYE that we will send
	ack         []byte       // outbound: our ACK, and its way
	ackFlow     flow
	onUpdate    func(offer []byte) (answer []byte, err error)
	onKey       func(digit byte)
	jobs        []func()
	busy        bool
	refers      transfers // see refer.go and transfer.go
	taken       bool      // another leg takes its place
}

type legState uint8

const (
	legEarly     legState = iota
	legAnswering          // our 2xx is out, or about to be
	legConfirmed
	legEnded
)

const maxJobs = 32 // callbacks of one leg that may wait

// normalClearing is the Reason of a BYE when nothing else was said (RFC 3326).
const normalClearing = `Q.850;cause=16;text="Normal call clearing"`

// ID is the Call-ID.
func (l *Leg) ID() string { return l.callID }

// Context ends when the leg has ended, with the cause: ErrBye, ErrCancelled,
// ErrTransport, ErrServerClosed or ErrHungUp.
func (l *Leg) Context() context.Context { return l.ctx }

func (l *Leg) cause() error { return context.Cause(l.ctx) }

// Offer is the far end's latest session description; nil before it sent one. On a
// leg whose INVITE had none it is the answer from the ACK, once Answer has returned.
func (l *Leg) Offer() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remoteSDP
}

// From is who calls.
func (l *Leg) From() Party { return l.from }

// To is who is called, as the To header says; see also Called.
func (l *Leg) To() Party { return l.to }

// Called is the user part of the Request-URI: what was really dialled.
func (l *Leg) Called() string {
	if l.invite.Recipient.Raw() != "" { // tel:
		number, _, _ := strings.Cut(l.invite.Recipient.Raw(), ";")
		return number
	}
	return userOf(&l.invite.Recipient)
}

// Header is the first value of a header field of the INVITE, or, on a leg that we
// dialled, of the response that accepted; "" without one.
func (l *Leg) Header(name string) string {
	if h := headerOf(l.heard, name); h != nil {
		return h.Value()
	}
	return ""
}

// RemoteAddr is where the far end's messages come from.
func (l *Leg) RemoteAddr() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flow.remote
}

// Network is what the far end speaks over: "udp", "tcp", "tls", "ws" or "wss".
func (l *Leg) Network() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flow.carrier.network()
}

// LocalIP is the address of ours that the far end reaches: the public one when one
// is set and the far end is outside. It belongs into the session description.
func (l *Leg) LocalIP() netip.Addr {
	l.mu.Lock()
	f := l.flow
	l.mu.Unlock()
	return l.s.localIP(f)
}

// OnUpdate sets who answers a new offer of the far end (re-INVITE, UPDATE): hold,
// resume, another codec. With a nil offer the far end asks for ours; its answer is
// then handed to a second call, whose result is dropped. An error refuses with 488.
// Without a callback the last description of ours is repeated.
func (l *Leg) OnUpdate(f func(offer []byte) (answer []byte, err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onUpdate = f
}

// inboundLeg makes the leg of an INVITE.
func (s *Server) inboundLeg(req *sip.Request, tx *serverTx, f flow, id string) *Leg {
	l := &Leg{
		s: s, inbound: true, callID: req.CallID().Value(), localTag: sip.GenerateTagN(12), inviteID: id,
		invite: req, inviteTx: tx, heard: req, flow: f, remoteSeq: req.CSeq().SeqNo,
		from: party(req.From().DisplayName, &req.From().Address), to: party(req.To().DisplayName, &req.To().Address),
	}
	l.remoteTag, _ = req.From().Params.Get("tag")
	if len(req.Body()) > 0 {
		l.remoteSDP = req.Body()
	}
	l.can.learn(req)
	l.target = targetOf(req, req.From().Address)
	for _, h := range req.GetHeaders("Record-Route") { // RFC 3261 section 12.1.1
		l.routes = append(l.routes, routeOf(h))
	}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// early tells why the leg can no longer be answered. The caller holds l.mu.
func (l *Leg) early() error {
	switch {
	case !l.inbound:
		return errors.New("sip: a leg that we dialled is answered by the far end")
	case l.state == legEnded:
		return l.cause()
	case l.state != legEarly:
		return errors.New("sip: the leg is answered already")
	}
	return nil
}

// Reject refuses the call before it is answered. What it says of a session description
// that cannot be taken (488) goes into a Warning, where RFC 3261 section 21.4.26 wants it.
func (l *Leg) Reject(_ context.Context, status int, reason string) error {
	if status < 300 || status > 699 {
		return fmt.Errorf("sip: %d is no refusal", status)
	}
	return l.refuse(status, reason)
}

func (l *Leg) refuse(status int, reason string, extra ...field) error {
	l.mu.Lock()
	if err := l.early(); err != nil {
		l.mu.Unlock()
		return err
	}
	l.state = legAnswering
	l.mu.Unlock()
	l.stopTimers()
	switch status {
	case 404, 604:
		l.s.sentry.unknownUser(l.RemoteAddr().Addr(), l.Called(), time.Now())
	case 503:
		extra = append(extra, l.s.retryAfter())
	case 488:
		if why := oneLine(reason); why != "" && why != reasonPhrase(status) {
			extra, reason = append(extra, field{"Warning", `399 hotline "` + quote(why) + `"`}), ""
		}
	}
	res := l.s.response(l.invite, status, cmp.Or(oneLine(reason), reasonPhrase(status)), l.localTag, extra...)
	_, err := l.inviteTx.respond(status, render(res))
	l.finish(ErrHungUp)
	l.s.dropLeg(l)
	return err
}

// Hangup ends the leg: BYE after the answer, a refusal before it. It returns when
// the far end has confirmed or ctx has ended. On a leg that has ended it does nothing.
func (l *Leg) Hangup(ctx context.Context) error {
	l.mu.Lock()
	state, a := l.state, l.accepting
	l.mu.Unlock()
	switch {
	case state == legEnded:
		return nil
	case state == legEarly && !l.inbound: // its INVITE is cancelled by who dialled
		l.finish(ErrHungUp)
		l.s.dropLeg(l)
		return nil
	case state == legEarly:
		status, phrase := 480, ""
		if l.s.closed() {
			status = 503
		}
		return l.Reject(ctx, status, phrase)
	case state == legAnswering && a != nil:
		// RFC 3261 section 15: no BYE before the ACK, or the time for it is over.
		select {
		case <-a.acked:
		case <-l.ctx.Done():
			return nil
		case <-ctx.Done():
		}
	}
	l.outcomeTold(ctx)
	return l.bye(ctx, cmp.Or(l.byeReason(), normalClearing))
}

// SetCredentials sets the answer to a digest challenge of a request inside the
// dialog. A leg that was dialled with credentials has them.
func (l *Leg) SetCredentials(c Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.auth = &c
}

func (l *Leg) byeReason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// SetReason sets the Reason header of the BYE that Hangup will send (RFC 3326):
// protocol "Q.850" with an ISDN cause, or "SIP" with a status.
func (l *Leg) SetReason(protocol string, cause int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reason = fmt.Sprintf("%s;cause=%d;text=%q", oneLine(protocol), cause, strings.Map(printable, text))
}

// failed makes the leg end as broken: its handler has panicked.
func (l *Leg) failed() {
	l.SetReason("Q.850", 41, "Internal error")
	l.mu.Lock()
	early := l.early() == nil
	l.mu.Unlock()
	if early {
		_ = l.Reject(l.ctx, 500, "Server Internal Error")
	}
}

// bye ends an answered leg and waits for the far end's confirmation.
func (l *Leg) bye(ctx context.Context, reason string) error {
	l.mu.Lock()
	if l.state == legEnded {
		l.mu.Unlock()
		return nil
	}
	l.state = legEnded
	l.mu.Unlock()
	l.stopTimers()
	l.cancel(ErrHungUp)

	done := make(chan struct{})
	over := sync.OnceFunc(func() {
		l.s.dropLeg(l) // until now a BYE that crosses ours finds the leg
		close(done)
	})
	if _, err := l.ask(ctx, sip.BYE, func(req *sip.Request, _ flow) {
		req.AppendHeader(sip.NewHeader("Reason", reason))
		req.SetBody(nil)
	}, func(_ *sip.Request, res *sip.Response) {
		if res.StatusCode >= 200 {
			over()
		}
	}, func(error) { over() }); err != nil {
		over()
		return fmt.Errorf("hang up: %w", err)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hang up: the far end did not confirm: %w", ctx.Err())
	}
}

func (l *Leg) hasEnded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state == legEnded
}

// finish marks the leg as ended; the caller takes it out of the server's table.
func (l *Leg) finish(cause error) {
	l.mu.Lock()
	l.state = legEnded
	l.mu.Unlock()
	l.stopTimers()
	l.cancel(cause)
}

// stopTimers ends what is sent again and what watches over the session.
func (l *Leg) stopTimers() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accepting != nil {
		l.accepting.stop()
	}
	l.ringing.stop()
	l.session.stop()
	l.presence.stop()
}

// lost ends a leg whose far end has lost the call, or is lost itself: with a BYE
// when it may still hear it.
func (l *Leg) lost(why, byeReason string) {
	cause := fmt.Errorf("%w: %s", ErrTransport, why)
	if byeReason == "" {
		l.finish(cause)
		l.s.dropLeg(l)
		return
	}
	l.s.spawn(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.s.base), l.s.tx.timers.t2)
		defer cancel()
		l.cancel(cause)
		_ = l.bye(ctx, byeReason)
	})
}

// cancelled takes the CANCEL of the INVITE.
func (l *Leg) cancelled(reason string) {
	res := l.s.response(l.invite, 487, "Request Terminated", l.localTag)
	if sent, _ := l.inviteTx.respond(487, render(res)); !sent {
		return // answered or refused in this moment
	}
	l.finish(endCause(ErrCancelled, reason))
	l.s.dropLeg(l)
}
