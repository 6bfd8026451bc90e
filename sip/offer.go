package sip

import (
	"math/rand/v2"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// negotiation is an offer that waits for its answer. A leg has one at most (RFC 3264
// section 4). Leg.mu guards Leg.negotiation; done is closed when it is over.
type negotiation struct {
	ours bool
	done chan struct{}
}

// endNegotiation lets the next offer in. The caller holds l.mu.
func (l *Leg) endNegotiation(x *negotiation) {
	if l.negotiation == x {
		l.negotiation = nil
		close(x.done)
	}
}

func (l *Leg) negotiated(x *negotiation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endNegotiation(x)
}

// update takes a re-INVITE or an UPDATE. The callback answers it later, in turn.
func (l *Leg) update(req *sip.Request, tx *serverTx, f flow, state legState) {
	reply := func(status int, extra ...field) {
		l.s.reply(tx, req, status, reasonPhrase(status), extra...)
	}
	later := func() { reply(500, field{"Retry-After", strconv.Itoa(rand.IntN(10))}) }
	offer := bodyOf(req)
	if state == legEnded {
		reply(481)
		return
	}
	if bad := l.s.sessionTooShort(req); bad != nil {
		reply(bad.status, bad.extra...)
		return
	}
	if ct := req.ContentType(); offer != nil && (ct == nil || !isSDP(ct.Value())) {
		reply(415, field{"Accept", "application/sdp"})
		return
	}
	l.mu.Lock()
	l.can.learn(req)
	settled := l.settled
	l.mu.Unlock()
	switch {
	case req.Method == sip.UPDATE && offer == nil: // a session refresh (RFC 4028)
		l.retarget(req, f)
		res, terms := l.accept(req, nil)
		if sent, err := tx.respond(200, render(res)); sent && err == nil && state != legEarly {
			l.startSession(terms)
		}
		return
	case req.Method == sip.INVITE && state == legEarly: // RFC 3261 section 14.2
		later()
		return
	case req.Method == sip.INVITE && state == legAnswering && !l.implied():
		reply(491)
		return
	}
	x, other := l.beginTheirs()
	switch {
	case other != nil && other.ours: // RFC 3261 section 14.2, RFC 3311 section 5.2
		reply(491)
		return
	case other != nil || !settled: // the offer of the INVITE has no answer yet
		l.negotiated(x)
		later()
		return
	}
	if req.Method == sip.INVITE {
		tx.setOnCancel(func(string) { reply(487) })
		_, _ = tx.respond(100, render(l.s.response(req, 100, "Trying", "")))
	}
	l.answerLater(req, tx, f, offer, x)
}

// beginTheirs opens a negotiation for an offer of the far end, or tells which one is
// in the way.
func (l *Leg) beginTheirs() (x, other *negotiation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.negotiation != nil {
		return nil, l.negotiation
	}
	l.negotiation = &negotiation{done: make(chan struct{})}
	return l.negotiation, nil
}

// answerLater has the callback answer an offer, in turn.
func (l *Leg) answerLater(req *sip.Request, tx *serverTx, f flow, offer []byte, x *negotiation) {
	if !l.later(func() { l.answerUpdate(req, tx, f, offer, x) }) {
		l.negotiated(x)
		l.s.reply(tx, req, 500, reasonPhrase(500), field{"Retry-After", "2"})
	}
}

func (l *Leg) answerUpdate(req *sip.Request, tx *serverTx, f flow, offer []byte, x *negotiation) {
	defer l.negotiated(x)
	defer l.s.guard("update of call "+l.callID, func() {
		l.negotiated(x)
		l.s.reply(tx, req, 500, reasonPhrase(500))
	})
	if !tx.open() {
		return // cancelled meanwhile
	}
	l.mu.Lock()
	callback, sdp, before := l.onUpdate, l.localSDP, l.remoteSDP
	l.mu.Unlock()
	if callback != nil {
		var err error
		if sdp, err = callback(offer); err != nil {
			l.s.log.Info("sip_update_refused", "call_id", l.callID, "error", err)
			l.negotiated(x) // the next one may follow at once
			l.s.reply(tx, req, 488, reasonPhrase(488))
			return
		}
	}
	l.mu.Lock()
	ended := l.state == legEnded
	l.mu.Unlock()
	if ended {
		l.s.reply(tx, req, 481, reasonPhrase(481))
		return
	}
	if req.Method != sip.PRACK {
		l.retarget(req, f)
	}
	res, terms := l.accept(req, sdp)
	msg := render(res)
	if req.Method != sip.INVITE {
		l.agreed(sdp, offer)
		l.negotiated(x) // the next one may follow at once
		if _, err := tx.respond(200, msg); err == nil && req.Method == sip.UPDATE {
			l.startSession(terms)
		}
		return
	}
	a := l.acceptance(req, tx, msg, offer == nil, x)
	l.mu.Lock()
	old := l.accepting
	l.accepting = a
	l.mu.Unlock()
	if old != nil && old.stop() {
		close(old.acked)
	}
	mine := l.description()
	l.agreed(sdp, offer)
	sent, err := tx.respond(200, msg)
	if !sent || err != nil {
		l.agreed(mine, before)
		a.stop()
		close(a.acked)
		if a.offered != nil {
			l.negotiated(a.offered)
		}
		if !sent && offer != nil && before != nil && callback != nil { // cancelled: the session stays as it was
			_, _ = callback(before)
		}
		return
	}
	a.start()
	l.startSession(terms)
}

// description is what we have said last.
func (l *Leg) description() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.localSDP
}

// agreed keeps what both ends have said last.
func (l *Leg) agreed(local, remote []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if local != nil {
		l.localSDP = local
	}
	if remote != nil {
		l.remoteSDP = remote
	}
	l.settled = true
}

// accept is a 2xx to an INVITE or UPDATE, with what it says about the session timer.
func (l *Leg) accept(req *sip.Request, sdp []byte) (*sip.Response, sessionTerms) {
	l.mu.Lock()
	f := l.flow
	l.mu.Unlock()
	var terms sessionTerms
	var about []field
	if req.Method != sip.PRACK {
		terms, about = l.answerTerms(req)
	}
	about = append(about, field{"Allow", allowed}, field{"Supported", l.s.supported})
	res := l.s.response(req, 200, "OK", l.localTag, about...)
	res.AppendHeader(l.contact(f))
	withSDP(res, sdp)
	return res, terms
}

// retarget follows a far end that has moved (RFC 3261 section 12.2.2).
func (l *Leg) retarget(req *sip.Request, f flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if req.Contact() != nil {
		l.target = targetOf(req, l.target)
	}
	if len(l.routes) == 0 && l.flow != f {
		l.move(f)
	}
}
