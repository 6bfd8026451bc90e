package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// maxOffers bounds how often one offer is made, each time after a refusal that
	// asks for another try.
	maxOffers = 6
	// longestRetryAfter is what we wait for a far end that answers an offer with
	// 500 and Retry-After: RFC 3261 section 14.2 has it between 0 and 10 s.
	longestRetryAfter = 10 * time.Second
)

// ErrNoAnswer tells that the far end took our offer without an answer, or did not
// respond at all.
var ErrNoAnswer = errors.New("sip: the far end gave no answer to the offer")

// Reoffer gives the far end another session description of ours (hold, another
// codec, another address) and returns its answer. With nil the far end is asked for
// its offer: Reoffer returns that one, and the callback of OnUpdate answers it.
//
// Offers of both ends that cross are sorted out as RFC 3261 section 14.1 says, so
// Reoffer may take some seconds. A refusal is a *StatusError; then, and when ctx
// ends first, the session stays as it was. A far end that says that it does not know
// the call ends the leg.
func (l *Leg) Reoffer(ctx context.Context, offer []byte) (answer []byte, err error) {
	if answer, err = l.offer(ctx, offer, l.s.cfg.OfferByUpdate, l.refreshTerms()); err != nil {
		return nil, fmt.Errorf("new session description: %w", err)
	}
	return answer, nil
}

// offer makes an offer, again where the refusal says so.
func (l *Leg) offer(ctx context.Context, sdp []byte, byUpdate bool, terms sessionTerms) (answer []byte, err error) {
	for range maxOffers {
		var wait time.Duration
		method := sip.INVITE
		x, early, err := l.beginOurs(ctx)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		can := l.can.update
		l.mu.Unlock()
		if can && sdp != nil && byUpdate || early {
			method = sip.UPDATE
		}
		if early && (!can || sdp == nil) {
			l.negotiated(x)
			return nil, errNotAnswered
		}
		answer, err = l.offerOnce(ctx, method, sdp, terms, x)
		var st *StatusError
		if !errors.As(err, &st) {
			return answer, err
		}
		switch {
		case st.Code == 491:
			wait = l.glare()
		case st.Code == 500 && st.RetryAfter > 0 && st.RetryAfter <= longestRetryAfter:
			wait = st.RetryAfter
		case st.Code == 422 && terms.grow(st.minSE):
		case method == sip.UPDATE && !early && (st.Code == 405 || st.Code == 501 || st.Code == 504): // RFC 3311 section 5.2
			byUpdate = false
		case st.Code == 481: // RFC 3261 section 14.1
			l.lost("it does not know the call any more (481)", "") //nolint:contextcheck // what ends the leg outlives who found out
			return nil, err
		case st.Code == 408:
			l.lost("a request inside the call timed out (408)", `SIP;cause=408;text="Request Timeout"`) //nolint:contextcheck // what ends the leg outlives who found out
			return nil, err
		default:
			return nil, err
		}
		if err := l.pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w after %d tries", ErrNoAnswer, maxOffers)
}

var errNotAnswered = errors.New("sip: the leg is not answered yet")

// glare is how long to wait after offers have crossed (RFC 3261 section 14.1): the
// owner of the Call-ID longer, so that the other end comes first.
func (l *Leg) glare() time.Duration {
	if l.inbound {
		return time.Duration(rand.IntN(201)) * 10 * time.Millisecond
	}
	return 2100*time.Millisecond + time.Duration(rand.IntN(191))*10*time.Millisecond
}

func (l *Leg) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-l.ctx.Done():
		return l.cause()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// beginOurs waits until an offer of ours may go out: no other waits for its answer,
// and no INVITE of the far end for its ACK (RFC 3261 section 14.1).
func (l *Leg) beginOurs(ctx context.Context) (x *negotiation, early bool, err error) {
	for {
		l.mu.Lock()
		var wait <-chan struct{}
		a := l.accepting
		switch {
		case l.state == legEnded:
			l.mu.Unlock()
			return nil, false, l.cause()
		case l.negotiation != nil:
			wait = l.negotiation.done
		case a != nil && !a.stopped():
			wait = a.acked
		case l.state == legEarly && l.ringing.pending != nil && !l.ringing.pending.confirmed:
			wait = l.ringing.pending.done
		case l.state == legEarly && !l.settled:
			l.mu.Unlock()
			return nil, false, errNotAnswered
		case l.state == legAnswering && a == nil: // in this moment
			l.mu.Unlock()
			return nil, false, errNotAnswered
		default:
			x = &negotiation{ours: true, done: make(chan struct{})}
			l.negotiation, early = x, l.state == legEarly
			l.mu.Unlock()
			return x, early, nil
		}
		l.mu.Unlock()
		if err := l.await(ctx, wait); err != nil {
			return nil, false, err
		}
	}
}

// offering is one offer of ours under way.
type offering struct {
	leg     *Leg
	offer   []byte
	before  []byte // our description until then
	x       *negotiation
	outcome chan offered // one

	mu    sync.Mutex
	final bool
	ack   []byte
	way   flow
}

type offered struct {
	answer []byte
	err    error
}

// offerOnce sends one re-INVITE or UPDATE and waits for its outcome. It ends x.
func (l *Leg) offerOnce(ctx context.Context, method sip.RequestMethod, sdp []byte, terms sessionTerms, x *negotiation) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*l.s.tx.timers.longest(), ErrNoAnswer)
	defer cancel()
	l.mu.Lock()
	o := &offering{leg: l, offer: sdp, before: l.localSDP, x: x, outcome: make(chan offered, 1)}
	l.mu.Unlock()
	a, err := l.ask(ctx, method, func(req *sip.Request, f flow) {
		l.offerHeaders(req, f, terms)
		withSDP(req, sdp)
	}, o.response, o.failed)
	if err != nil {
		l.negotiated(x)
		return nil, err
	}
	select {
	case r := <-o.outcome:
		return r.answer, r.err
	case <-l.ctx.Done():
		err = l.cause()
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	a.cancel()
	l.s.spawn(o.late)
	return nil, err
}

// offerHeaders are what a re-INVITE or UPDATE says beside its description.
func (l *Leg) offerHeaders(req *sip.Request, f flow, terms sessionTerms) {
	req.AppendHeader(l.contact(f))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", l.s.supported))
	for _, h := range terms.request() {
		req.AppendHeader(sip.NewHeader(h.name, h.value))
	}
}

// late waits for the outcome of an offer that is not wanted any more. When the far
// end has accepted it all the same, it is given the description before it again.
func (o *offering) late() {
	r := <-o.outcome // within 64 T1
	if r.err != nil || o.offer == nil || bytes.Equal(o.before, o.offer) {
		return
	}
	l := o.leg
	ctx, cancel := context.WithTimeout(context.Background(), l.s.tx.timers.longest())
	defer cancel()
	if _, err := l.offer(ctx, o.before, false, l.refreshTerms()); err != nil {
		l.s.log.Info("sip_offer_not_undone", "call_id", l.callID, "error", err)
	}
}

func (o *offering) failed(err error) {
	if errors.Is(err, errTimeout) {
		err = fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	o.over(offered{err: err})
}

// response takes a response, on the reading goroutine: the next request of the far
// end, which may follow at once, must find the negotiation ended.
func (o *offering) response(req *sip.Request, res *sip.Response) {
	if res.StatusCode < 200 {
		return
	}
	o.mu.Lock()
	again := o.final
	o.final = true
	o.mu.Unlock()
	l := o.leg
	switch {
	case again: // a 2xx to an INVITE whose ACK was lost
		o.ackAgain()
		return
	case res.StatusCode >= 300:
		o.over(offered{err: statusOf(res)})
		return
	}
	l.refreshed(res)
	theirs := bodyOf(res)
	switch {
	case theirs == nil:
		o.acknowledge(req, nil, offered{err: ErrNoAnswer})
	case o.offer != nil:
		l.agreed(o.offer, theirs)
		o.acknowledge(req, nil, offered{answer: theirs})
	case !l.later(func() { o.answer(req, theirs) }):
		o.refused(req, errors.New("too much waits already"))
	}
}

// answer answers the offer that we have asked for, in the ACK (RFC 3261 section
// 13.2.2.4).
func (o *offering) answer(req *sip.Request, theirs []byte) {
	l := o.leg
	defer l.s.guard("offer of call "+l.callID, func() { o.refused(req, ErrNoAnswer) })
	l.mu.Lock()
	callback, sdp := l.onUpdate, l.localSDP
	l.mu.Unlock()
	if callback != nil {
		var err error
		if sdp, err = callback(theirs); err != nil {
			o.refused(req, err)
			return
		}
	}
	l.agreed(sdp, theirs)
	o.acknowledge(req, sdp, offered{answer: theirs})
}

// refused leaves the session as it was: the ACK must have an answer all the same.
func (o *offering) refused(req *sip.Request, why error) {
	o.acknowledge(req, o.before, offered{err: why})
}

// refreshed takes what a 2xx to a re-INVITE or UPDATE says beside its description.
func (l *Leg) refreshed(res *sip.Response) {
	l.mu.Lock()
	l.can.learn(res)
	if res.Contact() != nil { // RFC 3261 section 12.2.1.2
		l.target = targetOf(res, l.target)
	}
	l.mu.Unlock()
	l.startSession(l.termsOf(res))
}

// over ends the negotiation.
func (o *offering) over(r offered) {
	o.leg.negotiated(o.x)
	o.outcome <- r
}

// acknowledge sends the ACK of a 2xx to our re-INVITE, before anything else may
// follow, and ends the negotiation.
func (o *offering) acknowledge(req *sip.Request, sdp []byte, r offered) {
	if req.Method != sip.INVITE {
		o.over(r)
		return
	}
	l := o.leg
	build := func() {
		defer o.over(r)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ack, f, err := l.newRequestSeq(ctx, sip.ACK, req.CSeq().SeqNo)
		if err != nil {
			l.s.log.Warn("sip_ack", "call_id", l.callID, "error", err)
			return
		}
		for _, name := range []string{"Authorization", "Proxy-Authorization"} { // RFC 3261 section 13.2.2.4
			for _, h := range req.GetHeaders(name) {
				ack.AppendHeader(h)
			}
		}
		withSDP(ack, sdp)
		o.mu.Lock()
		o.ack, o.way = render(ack), f
		o.mu.Unlock()
		o.ackAgain()
	}
	if l.near() {
		build()
	} else if !l.s.spawn(build) {
		o.over(r)
	}
}

// ackAgain sends it for each 2xx that comes.
func (o *offering) ackAgain() {
	o.mu.Lock()
	ack, f := o.ack, o.way
	o.mu.Unlock()
	if ack != nil {
		_ = f.send(ack)
	}
}
