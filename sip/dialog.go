package sip

import (
	"context"
	"slices"

	"github.com/emiago/sipgo/sip"
)

// request takes a request inside the dialog, on the reading goroutine.
func (l *Leg) request(req *sip.Request, tx *serverTx, f flow) {
	seq := req.CSeq().SeqNo
	l.mu.Lock()
	stale := seq < l.remoteSeq
	l.remoteSeq = max(l.remoteSeq, seq)
	state := l.state
	if state == legConfirmed {
		l.present()
	}
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
	case sip.PRACK:
		l.prack(req, tx, f)
	case sip.INFO:
		l.info(req, reply)
	case sip.NOTIFY:
		l.notified(req, reply)
	case sip.REFER:
		l.refer(req, tx, state)
	case sip.SUBSCRIBE:
		l.s.subscribe(req, tx, l.referral())
	case sip.OPTIONS:
		reply(200, l.s.abilities()...)
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

// nextSeq is the CSeq of our next request.
func (l *Leg) nextSeq() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.localSeq++
	return l.localSeq
}

// newRequestSeq begins a request inside the dialog (RFC 3261 section 12.2.1.1). The
// caller adds what is special and the body.
func (l *Leg) newRequestSeq(ctx context.Context, method sip.RequestMethod, seq uint32) (*sip.Request, flow, error) {
	f, err := l.way(ctx)
	if err != nil {
		return nil, flow{}, err
	}
	return l.requestOn(f, method, seq), f, nil
}

func (l *Leg) requestOn(f flow, method sip.RequestMethod, seq uint32) *sip.Request {
	l.mu.Lock()
	target, routes := strict(l.target, l.routes)
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
	return req
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

// strict moves the remote target to the end of the route set when its first proxy
// is a strict router (RFC 3261 section 12.2.1.1).
func strict(target sip.Uri, routes []sip.Header) (sip.Uri, []sip.Header) {
	if len(routes) == 0 {
		return target, routes
	}
	var first sip.Uri
	if _, err := sip.ParseAddressValue(routes[0].Value(), &first, nil); err != nil {
		return target, routes
	}
	if _, loose := first.UriParams.Get("lr"); loose {
		return target, routes
	}
	first.Headers = nil
	first.UriParams.Remove("method")
	routes = append(slices.Clone(routes[1:]), sip.NewHeader("Route", "<"+target.String()+">"))
	return first, routes
}
