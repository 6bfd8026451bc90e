package sip

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxEarly bounds the dialogs that one INVITE of ours may begin.
const maxEarly = 16

// earlyDialogs are those that the provisional responses to one INVITE of ours have
// begun, by To tag: several when a proxy rings several phones (RFC 3261 section
// 12.1.2).
type earlyDialogs struct {
	mu   sync.Mutex
	legs map[string]*Leg
	over bool
}

// progress takes a provisional response, and acknowledges it when it was sent
// reliably. False says that it is no news: it came before, or too early (RFC 3262
// section 4). begin makes the leg of a tag that is new.
func (e *earlyDialogs) progress(res *sip.Response, begin func(tag string) *Leg) bool {
	tag, _ := res.To().Params.Get("tag")
	if tag == "" || res.StatusCode <= 100 {
		return true
	}
	e.mu.Lock()
	l := e.legs[tag]
	if e.over {
		e.mu.Unlock()
		return false
	}
	if l == nil && len(e.legs) >= maxEarly {
		e.mu.Unlock()
		return true
	}
	if l == nil {
		l = begin(tag)
		if e.legs == nil {
			e.legs = make(map[string]*Leg)
		}
		e.legs[tag] = l
		l.s.addLeg(l)
	}
	e.mu.Unlock()
	return l.progressed(res)
}

// confirm takes the leg of a 2xx, if the dialog began before it.
func (e *earlyDialogs) confirm(tag string) *Leg {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.legs[tag]
	delete(e.legs, tag)
	return l
}

// end ends what was not confirmed: nobody waits for it any more, or the INVITE was
// refused. The INVITE may be sent again.
func (e *earlyDialogs) end(again bool) {
	e.mu.Lock()
	legs := e.legs
	e.legs, e.over = nil, !again
	e.mu.Unlock()
	for _, l := range legs {
		l.finish(ErrHungUp)
		l.s.dropLeg(l)
	}
}

// begun makes the leg of a provisional response to an INVITE of ours.
func (d *dialing) begun(f *fork, req *sip.Request, res *sip.Response, tag string) *Leg {
	l := d.newLeg(f, req, res, tag)
	l.state, l.settled, l.remoteSDP = legEarly, false, nil
	return l
}

// progressed takes a provisional response of an early dialog.
func (l *Leg) progressed(res *sip.Response) (news bool) {
	sdp := bodyOf(res)
	h := res.GetHeader("RSeq")
	if h == nil || !lists(res, "Require", "100rel") {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.can.learn(res)
		if sdp != nil && !l.settled {
			l.remoteSDP = sdp // until the 2xx has it
		}
		return true
	}
	rseq, err := strconv.ParseUint(h.Value(), 10, 32)
	if err != nil || rseq == 0 {
		return true
	}
	l.mu.Lock()
	if l.state != legEarly || l.rseq != 0 && uint32(rseq) != l.rseq+1 {
		l.mu.Unlock()
		return false
	}
	l.rseq = uint32(rseq)
	l.can.learn(res)
	if sdp != nil && !l.settled { // our offer has its answer
		l.remoteSDP, l.settled = sdp, true
	}
	l.mu.Unlock()
	rack := h.Value() + " " + strconv.FormatUint(uint64(res.CSeq().SeqNo), 10) + " INVITE"
	send := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if _, err := l.ask(ctx, sip.PRACK, func(req *sip.Request, _ flow) {
			req.AppendHeader(sip.NewHeader("RAck", rack))
			req.SetBody(nil)
		}, func(_ *sip.Request, res *sip.Response) {
			if res.StatusCode >= 300 {
				l.s.log.Info("sip_prack_refused", "call_id", l.callID, "status", res.StatusCode)
			}
		}, nil); err != nil {
			l.s.log.Warn("sip_prack", "call_id", l.callID, "error", err)
		}
	}
	if l.near() {
		send()
	} else {
		l.s.spawn(send)
	}
	return true
}

// confirmed makes an early leg of ours an answered one.
func (l *Leg) confirmed(res *sip.Response, target sip.Uri, routes []sip.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.heard = legConfirmed, res
	l.target, l.routes = target, routes // RFC 3261 section 13.2.2.4: computed again
	l.can.learn(res)
	if sdp := bodyOf(res); sdp != nil && !l.settled {
		l.remoteSDP = sdp
	}
	l.settled = true
}

// inviteExtensions adds what an INVITE of ours says about extensions.
func (s *Server) inviteExtensions(req *sip.Request, f *fork) {
	req.AppendHeader(sip.NewHeader("Supported", s.supported))
	if s.cfg.Reliable == ReliableRequired {
		req.AppendHeader(sip.NewHeader("Require", "100rel"))
	}
	if f.terms.interval == 0 {
		f.terms = s.inviteTerms()
	}
	for _, h := range f.terms.request() {
		req.AppendHeader(sip.NewHeader(h.name, h.value))
	}
}
