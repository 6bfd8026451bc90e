package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

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
	switch req.Method {
	case sip.BYE:
		reply(200)
		l.farHangup(req, state)
	case sip.INVITE, sip.UPDATE:
		l.update(req, tx, f, state)
	case sip.INFO:
		l.info(req, reply)
	case sip.NOTIFY:
		reply(200)
		l.notified(req)
	case sip.REFER:
		reply(603)
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
	if len(l.routes) == 0 {
		l.flow = f
	}
}

// info takes the keys that some phones send by INFO: "Signal=5" in
// application/dtmf-relay, or the bare key in application/dtmf.
func (l *Leg) info(req *sip.Request, reply func(int, ...field)) {
	kind := ""
	if ct := req.ContentType(); ct != nil {
		kind, _, _ = strings.Cut(strings.ToLower(ct.Value()), ";")
	}
	switch strings.TrimSpace(kind) {
	case "":
		reply(200) // a keep-alive
	case "application/dtmf-relay", "application/dtmf":
		key, ok := infoKey(string(req.Body()))
		if !ok {
			reply(400)
			return
		}
		reply(200)
		l.mu.Lock()
		f := l.onKey
		l.mu.Unlock()
		if f != nil {
			l.later(func() { f(key) })
		}
	default:
		reply(415, field{"Accept", "application/dtmf-relay, application/dtmf"})
	}
}

func infoKey(body string) (byte, bool) {
	value := strings.TrimSpace(body)
	for line := range strings.Lines(body) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.EqualFold(strings.TrimSpace(k), "Signal") {
			value = strings.TrimSpace(v)
			break
		}
	}
	switch value {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(value) != 1 || strings.IndexByte("0123456789*#ABCDabcd", value[0]) < 0 {
		return 0, false
	}
	return strings.ToUpper(value)[0], true
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

// Transfer sends the far end to another URI (REFER, RFC 3515) and returns when it
// reports that it got there, or hung up on us to go. A *StatusError tells why it did
// not. The leg stays until Hangup or the far end's BYE.
func (l *Leg) Transfer(ctx context.Context, to string) error {
	if strings.ContainsAny(to, "<>\r\n\" ") {
		return fmt.Errorf("transfer: %q is no SIP URI", to)
	}
	var u sip.Uri
	if err := sip.ParseUri(to, &u); err != nil {
		return fmt.Errorf("transfer to %q: %w", to, err)
	}
	outcome := make(chan *StatusError, 4)
	l.mu.Lock()
	if l.state != legConfirmed || l.referred != nil {
		state := l.state
		l.mu.Unlock()
		if state == legEnded {
			return l.cause()
		}
		return errors.New("transfer: the leg is not answered, or another transfer runs")
	}
	l.referred = outcome
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.referred = nil
		l.mu.Unlock()
	}()

	req, f, err := l.newRequest(ctx, sip.REFER)
	if err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	req.AppendHeader(l.s.contact(f, l.ourUser()))
	req.AppendHeader(sip.NewHeader("Refer-To", "<"+to+">"))
	from, _ := l.dialogEnds()
	req.AppendHeader(sip.NewHeader("Referred-By", "<"+from.Address.String()+">"))
	req.SetBody(nil)
	final := make(chan *StatusError, 1)
	failed := make(chan error, 1)
	if _, err := l.s.tx.request(req, f, func(res *sip.Response) {
		if res.StatusCode >= 200 {
			final <- statusOf(res)
		}
	}, func(err error) { failed <- err }); err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	accepted := false
	for {
		select {
		case st := <-final:
			if st.Code >= 300 {
				return st
			}
			accepted = true
		case st := <-outcome:
			switch {
			case st.Code >= 300:
				return st
			case st.Code >= 200:
				return nil
			}
		case err := <-failed:
			return fmt.Errorf("transfer: %w", err)
		case <-l.ctx.Done():
			if accepted && errors.Is(l.cause(), ErrBye) {
				return nil // gone to where it was sent
			}
			return l.cause()
		case <-ctx.Done():
			return fmt.Errorf("transfer: %w", ctx.Err())
		}
	}
}

// notified takes the report of a transfer: a status line in message/sipfrag.
func (l *Leg) notified(req *sip.Request) {
	h := req.GetHeader("Event")
	if h == nil || !strings.HasPrefix(strings.ToLower(h.Value()), "refer") {
		return
	}
	line, _, _ := strings.Cut(string(req.Body()), "\n")
	_, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
	code, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if !ok || err != nil {
		return
	}
	l.mu.Lock()
	c := l.referred
	l.mu.Unlock()
	if c == nil {
		return
	}
	select {
	case c <- &StatusError{Code: status, Reason: reason}:
	default: // a flood of reports
	}
}
