package sip

import (
	"context"
	"math/rand/v2"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// request takes a request inside the dialog, on the reading goroutine.
func (l *Leg) request(req *sip.Request, tx *serverTx, f flow) {
	seq := req.CSeq().SeqNo
	l.mu.Lock()
	stale := seq < l.remoteSeq
	l.remoteSeq = max(l.remoteSeq, seq)
	state := l.state
	l.mu.Unlock()
	reply := func(status int, extra ...field) {
		l.s.reply(tx, req, status, reasonPhrase(status), extra...)
	}
	if stale { // RFC 3261 section 12.2.2
		reply(500)
		return
	}
	l.follow(f)
	switch req.Method {
	case sip.BYE:
		reply(200)
		l.farHangup(req, state)
	case sip.INVITE, sip.UPDATE:
		l.update(req, tx, f, state)
	case sip.INFO:
		l.info(req, reply)
	case sip.NOTIFY:
		l.notified(req, reply)
	case sip.REFER:
		l.refer(req, tx, state)
	case sip.SUBSCRIBE:
		l.subscribe(req, tx)
	case sip.OPTIONS:
		reply(200, abilities()...)
	default:
		reply(405, field{"Allow", allowed})
	}
}

// farHangup takes a BYE.
func (l *Leg) farHangup(req *sip.Request, state legState) {
	if state == legEnded {
		return // it crossed ours
	}
	if state == legEarly && l.inbound { // allowed to the caller (RFC 3261 section 15)
		_, _ = l.inviteTx.respond(487, render(l.s.response(l.invite, 487, "Request Terminated", l.localTag)))
	}
	reason := ""
	if h := req.GetHeader("Reason"); h != nil {
		reason = h.Value()
	}
	l.finish(endCause(ErrBye, reason))
	l.s.dropLeg(l)
}

// update takes a re-INVITE or an UPDATE. The callback answers it later, in turn.
func (l *Leg) update(req *sip.Request, tx *serverTx, f flow, state legState) {
	reply := func(status int, extra ...field) {
		l.s.reply(tx, req, status, reasonPhrase(status), extra...)
	}
	offer := req.Body()
	switch {
	case state == legEnded:
		reply(481)
		return
	case req.Method == sip.UPDATE && len(offer) == 0: // a session refresh (RFC 4028)
		l.retarget(req, f)
		_, _ = tx.respond(200, render(l.accept(req, nil)))
		return
	case state == legEarly: // RFC 3261 section 14.2
		reply(500, field{"Retry-After", strconv.Itoa(rand.IntN(10))})
		return
	}
	if ct := req.ContentType(); len(offer) > 0 && (ct == nil || !isSDP(ct.Value())) {
		reply(415, field{"Accept", "application/sdp"})
		return
	}
	l.mu.Lock()
	another := l.updating
	l.updating = true
	l.mu.Unlock()
	if another { // RFC 3261 section 14.2, RFC 3311 section 5.2
		reply(500, field{"Retry-After", strconv.Itoa(rand.IntN(10))})
		return
	}
	if req.Method == sip.INVITE {
		tx.setOnCancel(func(string) { reply(487) })
		_, _ = tx.respond(100, render(l.s.response(req, 100, "Trying", "")))
	}
	if len(offer) == 0 {
		offer = nil
	}
	if !l.later(func() { l.answerUpdate(req, tx, f, offer) }) {
		l.updated()
		reply(500, field{"Retry-After", "2"})
	}
}

// updated lets the next re-INVITE or UPDATE in.
func (l *Leg) updated() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.updating = false
}

func (l *Leg) answerUpdate(req *sip.Request, tx *serverTx, f flow, offer []byte) {
	defer l.s.guard("update of call "+l.callID, func() {
		l.updated()
		l.s.reply(tx, req, 500, reasonPhrase(500))
	})
	l.mu.Lock()
	callback, sdp := l.onUpdate, l.localSDP
	l.mu.Unlock()
	if callback != nil {
		var err error
		if sdp, err = callback(offer); err != nil {
			l.s.log.Info("sip_update_refused", "call_id", l.callID, "error", err)
			l.updated()
			l.s.reply(tx, req, 488, reasonPhrase(488))
			return
		}
	}
	l.retarget(req, f)
	l.mu.Lock()
	if l.state == legEnded {
		l.mu.Unlock()
		l.s.reply(tx, req, 481, reasonPhrase(481))
		return
	}
	l.localSDP, l.updating = sdp, false
	if offer != nil {
		l.remoteSDP = offer
	}
	l.mu.Unlock()
	res := render(l.accept(req, sdp))
	if req.Method != sip.INVITE {
		_, _ = tx.respond(200, res)
		return
	}
	a := l.acceptance(req, tx, res, offer == nil)
	l.mu.Lock()
	old := l.accepting
	l.accepting = a
	l.mu.Unlock()
	if old != nil {
		old.stop()
	}
	if sent, err := tx.respond(200, res); sent && err == nil {
		a.start()
	} else {
		a.stop()
	}
}

// accept is a 2xx inside the dialog.
func (l *Leg) accept(req *sip.Request, sdp []byte) *sip.Response {
	l.mu.Lock()
	f := l.flow
	l.mu.Unlock()
	res := l.s.response(req, 200, "OK", l.localTag, field{"Allow", allowed})
	res.AppendHeader(l.s.contact(f, l.ourUser()))
	withSDP(res, sdp)
	return res
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

// later runs f after what was given before it, in a goroutine that lives as long as
// there is work. False says that too much waits already.
func (l *Leg) later(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) >= maxJobs {
		return false
	}
	l.jobs = append(l.jobs, f)
	if l.busy {
		return true
	}
	l.busy = l.s.spawn(l.workOff)
	if !l.busy {
		l.jobs = nil
	}
	return l.busy
}

func (l *Leg) workOff() {
	for {
		l.mu.Lock()
		if len(l.jobs) == 0 {
			l.busy = false
			l.mu.Unlock()
			return
		}
		f := l.jobs[0]
		l.jobs = l.jobs[1:]
		l.mu.Unlock()
		func() {
			defer l.s.guard("callback of call "+l.callID, nil)
			f()
		}()
	}
}

// newRequest begins a request inside the dialog (RFC 3261 section 12.2.1.1). The
// caller adds what is special and the body.
func (l *Leg) newRequest(ctx context.Context, method sip.RequestMethod) (*sip.Request, flow, error) {
	l.mu.Lock()
	l.localSeq++
	seq := l.localSeq
	l.mu.Unlock()
	return l.newRequestSeq(ctx, method, seq)
}

func (l *Leg) newRequestSeq(ctx context.Context, method sip.RequestMethod, seq uint32) (*sip.Request, flow, error) {
	f, err := l.way(ctx)
	if err != nil {
		return nil, flow{}, err
	}
	l.mu.Lock()
	target, routes := l.target, l.routes
	l.mu.Unlock()
	req := sip.NewRequest(method, target)
	req.AppendHeader(l.s.via(f))
	for _, r := range routes {
		req.AppendHeader(r)
	}
	req.AppendHeader(maxForwards())
	from, to := l.dialogEnds()
	req.AppendHeader(from)
	req.AppendHeader(to)
	id := sip.CallIDHeader(l.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.AppendHeader(sip.NewHeader("User-Agent", l.s.cfg.UserAgent))
	return req, f, nil
}

// dialogEnds are From and To of our requests.
func (l *Leg) dialogEnds() (*sip.FromHeader, *sip.ToHeader) {
	if l.inbound {
		from := l.invite.To().AsFrom()
		to := l.invite.From().AsTo()
		from.Params = sip.HeaderParams{{K: "tag", V: l.localTag}}
		return &from, &to
	}
	to := sip.ToHeader{DisplayName: l.invite.To().DisplayName, Address: *l.invite.To().Address.Clone()}
	if l.remoteTag != "" {
		to.Params = sip.HeaderParams{{K: "tag", V: l.remoteTag}}
	}
	from := sip.FromHeader{DisplayName: l.invite.From().DisplayName, Address: *l.invite.From().Address.Clone(), Params: sip.HeaderParams{{K: "tag", V: l.localTag}}}
	return &from, &to
}

// ourUser is the user part of our Contact.
func (l *Leg) ourUser() string {
	if l.inbound {
		return l.Called()
	}
	return l.from.User
}

