package sip

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Answer accepts the call with our session description, our answer or, when Offer
// is nil, our offer. It returns when the far end has acknowledged. After a Progress
// whose description the caller has acknowledged, that one is agreed and sdp is not
// sent (RFC 6337 section 3.1); after any other, nil repeats it.
func (l *Leg) Answer(ctx context.Context, sdp []byte) error {
	body, offered, err := l.beginAnswer(ctx, sdp)
	if err != nil {
		return err
	}
	res, terms := l.accept(l.invite, body)
	a := l.acceptance(l.invite, l.inviteTx, render(res), offered, nil)
	l.mu.Lock()
	l.accepting = a
	l.mu.Unlock()

	sent, err := l.inviteTx.respond(200, a.msg)
	if !sent { // cancelled in this moment
		<-l.ctx.Done()
		return l.cause()
	}
	if err != nil {
		l.finish(ErrTransport)
		l.s.dropLeg(l)
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	a.start()
	l.startSession(terms) //nolint:contextcheck // the timer outlives the answering
	return l.await(ctx, a.acked)
}

// beginAnswer waits until a 2xx may be sent: not before the PRACK of a provisional
// response with a session description (RFC 3262 section 3), nor while an offer waits
// for its answer. body is what the 2xx must hold, offered that it is our offer.
func (l *Leg) beginAnswer(ctx context.Context, sdp []byte) (body []byte, offered bool, err error) {
	for {
		l.mu.Lock()
		if err := l.early(); err != nil {
			l.mu.Unlock()
			return nil, false, err
		}
		var wait <-chan struct{}
		switch p := l.ringing.pending; {
		case p != nil && p.described && !p.confirmed:
			wait = p.done
		case l.negotiation != nil:
			wait = l.negotiation.done
		}
		if wait == nil {
			break
		}
		l.mu.Unlock()
		if err := l.await(ctx, wait); err != nil {
			return nil, false, err
		}
	}
	defer l.mu.Unlock()
	l.state = legAnswering
	l.ringing.stop()
	if l.settled {
		return nil, false, nil
	}
	if sdp != nil {
		l.localSDP = sdp
	}
	offered = l.remoteSDP == nil
	l.settled = !offered
	return l.localSDP, offered, nil
}

// await waits for c, and no longer than for ctx and the leg.
func (l *Leg) await(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-l.ctx.Done():
		return l.cause()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// repeater sends a message again, at first after T1 and then after twice as long
// each time, until it is stopped or 64 T1 are over.
type repeater struct {
	timers timers
	most   time.Duration // the longest pause, 0: any
	again  func()
	failed func() // after 64 T1

	mu    sync.Mutex
	timer *time.Timer
	every time.Duration
	until time.Time
	over  bool
}

func (r *repeater) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.every, r.until = r.timers.t1, time.Now().Add(r.timers.longest())
	r.timer = time.AfterFunc(r.every, r.fire)
}

func (r *repeater) fire() {
	r.mu.Lock()
	if r.over {
		r.mu.Unlock()
		return
	}
	left := time.Until(r.until)
	if left <= 0 {
		r.mu.Unlock()
		r.failed()
		return
	}
	r.every *= 2
	if r.most > 0 {
		r.every = min(r.every, r.most)
	}
	r.timer.Reset(min(r.every, left))
	r.mu.Unlock()
	r.again()
}

func (r *repeater) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// stop ends the repetition, and tells whether it was not ended yet.
func (r *repeater) stop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.over = true
	if r.timer != nil {
		r.timer.Stop()
	}
	return true
}

// acceptance is a 2xx to an INVITE, sent again until its ACK comes, over any
// transport (RFC 3261 section 13.3.1.4).
type acceptance struct {
	repeater
	seq     uint32
	msg     []byte
	offered *negotiation // it holds our offer, so the ACK holds the answer
	acked   chan struct{}
}

// acceptance prepares a 2xx to an INVITE.
// If it holds our offer, that one follows x, which has ended.
func (l *Leg) acceptance(req *sip.Request, tx *serverTx, msg []byte, offered bool, x *negotiation) *acceptance {
	a := &acceptance{seq: req.CSeq().SeqNo, msg: msg, acked: make(chan struct{})}
	a.timers, a.most = l.s.tx.timers, l.s.tx.timers.t2
	a.again = func() { _ = tx.flow.send(msg) }
	a.failed = l.unacknowledged
	l.mu.Lock()
	defer l.mu.Unlock()
	if x != nil {
		l.endNegotiation(x)
	}
	if offered {
		a.offered = &negotiation{ours: true, done: make(chan struct{})}
		l.negotiation = a.offered
	}
	return a
}

// unacknowledged ends a leg whose ACK never came (RFC 3261 section 13.3.1.4).
func (l *Leg) unacknowledged() {
	if l.hasEnded() {
		return
	}
	l.s.log.Warn("sip_no_ack", "call_id", l.callID)
	l.lost("the answer was not acknowledged", `SIP;cause=408;text="ACK missing"`)
}

// acknowledged takes the ACK of a 2xx.
func (l *Leg) acknowledged(req *sip.Request) {
	l.mu.Lock()
	a := l.accepting
	if a == nil || a.seq != req.CSeq().SeqNo || !a.stop() {
		l.mu.Unlock()
		return // of an earlier one, or again
	}
	update := l.onUpdate
	first := l.state == legAnswering
	if first {
		l.state = legConfirmed
	}
	body := bodyOf(req)
	if a.offered != nil {
		l.endNegotiation(a.offered)
		if body != nil {
			l.remoteSDP, l.settled = body, true
		}
	}
	l.mu.Unlock()
	l.halfOver()
	close(a.acked)
	if !first && a.offered != nil && body != nil && update != nil {
		l.later(func() { _, _ = update(body) })
	}
}

// implied takes a re-INVITE that came instead of the ACK: the ACK was lost, and the
// far end has our answer (RFC 5407 section 3.1.5). False says that we still need what the ACK
// would have brought.
func (l *Leg) implied() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accepting
	if a == nil {
		return true
	}
	if a.offered != nil && l.negotiation == a.offered {
		return false
	}
	if a.stop() {
		if l.state == legAnswering {
			l.state = legConfirmed
		}
		l.halfOver()
		close(a.acked)
	}
	return true
}
