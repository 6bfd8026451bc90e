package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Reliable says which provisional responses are sent reliably (RFC 3262).
type Reliable string

// Values of Config.Reliable.
const (
	// ReliableSupported is the default: those with a session description to callers
	// that support it, and all to callers that require it.
	ReliableSupported Reliable = "supported"
	// ReliableRequired is all of them; who does not support it can neither call nor
	// be called.
	ReliableRequired Reliable = "required"
	// ReliableOff is none; callers that require it are refused with 420.
	ReliableOff Reliable = "off"
)

// ErrNoEarlyOffer tells that a provisional response went out without the session
// description: the caller has made no offer, and ours can only go to a caller that
// acknowledges it (RFC 3261 section 13.2.1).
var ErrNoEarlyOffer = errors.New("sip: the caller made no offer and takes no reliable provisional responses: no early media")

// errNoPrack is part of the cause of a leg's end.
var errNoPrack = errors.New("the ringing was not acknowledged")

const (
	// ringAgain is how often a provisional response is repeated, lest a proxy on the
	// way gives up (RFC 3261 section 13.3.1.1).
	ringAgain = time.Minute
	// ringReliably is the same for a reliable one (RFC 3262 section 3).
	ringReliably = 150 * time.Second
)

// ringing is what a leg has answered to its INVITE so far. Leg.mu guards it.
type ringing struct {
	seq     uint32 // RSeq of the latest reliable response
	pending *provisional
	status  int    // of the latest
	msg     []byte // the latest, when it was not sent reliably
	timer   *time.Timer
}

func (r *ringing) stop() {
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.pending != nil {
		r.pending.stop()
	}
}

// provisional is a provisional response that is sent again until its PRACK comes
// (RFC 3262 section 3).
type provisional struct {
	repeater
	seq       uint32
	described bool         // it has a session description
	offered   *negotiation // ... that is our offer: the PRACK holds the answer
	confirmed bool         // Leg.mu: the PRACK has come
	done      chan struct{}
}

// Ring tells the caller that it rings (180).
func (l *Leg) Ring(ctx context.Context) error { return l.Progress(ctx, 180, nil) }

// Progress sends a provisional response: 180 (ringing), 181 (forwarded), 182
// (queued) or 183 (progress). With sdp there is early media: sdp is our answer, or
// our offer when the caller made none. Where the caller acknowledges it (RFC 3262,
// Config.Reliable), Progress returns when it has, and the description is agreed
// then: Answer need not repeat it, and Offer has the answer to our offer. The
// response is repeated until the call is answered or refused, so that no proxy
// gives up. ErrNoEarlyOffer says that it went without sdp.
func (l *Leg) Progress(ctx context.Context, status int, sdp []byte) error {
	if status <= 100 || status > 199 {
		return fmt.Errorf("sip: %d is no provisional status", status)
	}
	for {
		wait, err := l.progress(status, sdp)
		if wait == nil {
			return err
		}
		if err := l.await(ctx, wait); err != nil {
			return err
		}
		if errors.Is(err, errSent) {
			return nil
		}
	}
}

// errSent tells that the wait is for the acknowledgement.
var errSent = errors.New("sent")

// progress sends one, or tells what to wait for.
func (l *Leg) progress(status int, sdp []byte) (wait <-chan struct{}, err error) {
	l.mu.Lock()
	if err := l.early(); err != nil {
		l.mu.Unlock()
		return nil, err
	}
	// RFC 3262 section 3: not before the one before is acknowledged.
	if p := l.ringing.pending; p != nil && !p.confirmed {
		l.mu.Unlock()
		return p.done, nil
	}
	if sdp != nil && l.settled {
		sdp = nil // agreed already
	}
	mode := l.s.cfg.Reliable
	reliable := mode != ReliableOff && (lists(l.invite, "Require", "100rel") ||
		lists(l.invite, "Supported", "100rel") && (sdp != nil || mode == ReliableRequired))
	var refused error
	if sdp != nil && l.remoteSDP == nil && !reliable {
		sdp, refused = nil, ErrNoEarlyOffer
	}
	if sdp != nil {
		l.localSDP = sdp
	}
	f := l.flow
	var p *provisional
	if reliable {
		p = l.reliably(sdp)
	}
	l.mu.Unlock()

	res := l.s.response(l.invite, status, reasonPhrase(status), l.localTag, field{"Allow", allowed})
	res.AppendHeader(l.contact(f))
	if p != nil {
		res.AppendHeader(sip.NewHeader("Require", "100rel"))
		res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(p.seq), 10)))
	}
	withSDP(res, sdp)
	msg := render(res)
	if p != nil {
		p.again = func() { _, _ = l.inviteTx.respond(status, msg) }
	}
	if _, err := l.inviteTx.respond(status, msg); err != nil {
		return nil, err
	}
	l.ringOn(status, msg, p != nil)
	if p != nil {
		p.start()
		return p.done, errSent
	}
	return nil, refused
}

// reliably prepares a reliable response. The caller holds l.mu.
func (l *Leg) reliably(sdp []byte) *provisional {
	if l.ringing.seq == 0 {
		l.ringing.seq = rand.Uint32N(1 << 30) // RFC 3262 section 3
	}
	l.ringing.seq++
	p := &provisional{seq: l.ringing.seq, described: sdp != nil, done: make(chan struct{})}
	p.timers = l.s.tx.timers
	p.failed = func() { l.unconfirmed(p) }
	if sdp != nil && l.remoteSDP == nil {
		p.offered = &negotiation{ours: true, done: make(chan struct{})}
		l.negotiation = p.offered
	}
	l.ringing.pending = p
	return p
}

// ringOn has the latest response repeated.
func (l *Leg) ringOn(status int, msg []byte, reliable bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != legEarly {
		return
	}
	every := ringAgain
	l.ringing.status, l.ringing.msg = status, msg
	if reliable {
		every, l.ringing.msg = ringReliably, nil
	}
	if l.ringing.timer != nil {
		l.ringing.timer.Stop()
	}
	l.ringing.timer = time.AfterFunc(every, l.ringMore)
}

func (l *Leg) ringMore() {
	l.mu.Lock()
	status, msg, early := l.ringing.status, l.ringing.msg, l.state == legEarly
	if early && msg != nil {
		l.ringing.timer.Reset(ringAgain)
	}
	l.mu.Unlock()
	switch {
	case !early:
	case msg != nil:
		_, _ = l.inviteTx.respond(status, msg)
	default:
		l.s.spawn(func() {
			ctx, cancel := context.WithTimeout(context.Background(), l.s.tx.timers.longest())
			defer cancel()
			_ = l.Progress(ctx, status, nil) // it ends the leg when it is not acknowledged
		})
	}
}

// unconfirmed refuses a call whose caller does not acknowledge what it has to (RFC
// 3262 section 3).
func (l *Leg) unconfirmed(p *provisional) {
	l.mu.Lock()
	early := l.state == legEarly && !p.confirmed
	if early {
		l.state = legAnswering
	}
	l.mu.Unlock()
	if !early {
		return
	}
	l.s.log.Warn("sip_no_prack", "call_id", l.callID)
	_, _ = l.inviteTx.respond(504, render(l.s.response(l.invite, 504, "Server Time-out", l.localTag)))
	l.finish(fmt.Errorf("%w: %w", ErrTransport, errNoPrack))
	l.s.dropLeg(l)
}

// prack takes the acknowledgement of a provisional response, which may hold the
// answer to our offer, or a new offer (RFC 3262 section 5).
func (l *Leg) prack(req *sip.Request, tx *serverTx, f flow) {
	reply := func(status int, extra ...field) {
		l.s.reply(tx, req, status, reasonPhrase(status), extra...)
	}
	h := headerOf(req, "RAck")
	if h == nil {
		reply(400)
		return
	}
	rseq, seq, method, err := parseRAck(h.Value())
	if err != nil {
		reply(400)
		return
	}
	body := bodyOf(req)
	if ct := req.ContentType(); body != nil && (ct == nil || !isSDP(ct.Value())) {
		reply(415, field{"Accept", "application/sdp"})
		return
	}
	l.mu.Lock()
	p := l.ringing.pending
	if !l.inbound || p == nil || p.confirmed || p.seq != rseq || method != string(sip.INVITE) || seq != l.invite.CSeq().SeqNo {
		l.mu.Unlock()
		reply(481)
		return
	}
	p.confirmed = true
	p.stop()
	switch {
	case p.offered != nil:
		if body != nil { // without, the 2xx offers again
			l.remoteSDP, l.settled = body, true
			body = nil
		}
		l.endNegotiation(p.offered)
	case p.described:
		l.settled = true
	}
	var x *negotiation
	open := l.settled && l.negotiation == nil
	if body != nil && open {
		x = &negotiation{done: make(chan struct{})}
		l.negotiation = x
	}
	l.mu.Unlock()
	defer close(p.done)
	switch {
	case body == nil:
		reply(200)
	case x == nil: // the offer of the INVITE waits
		reply(500, field{"Retry-After", strconv.Itoa(rand.IntN(10))})
	default:
		l.answerLater(req, tx, f, body, x)
	}
}

// parseRAck reads "776656 1 INVITE".
func parseRAck(v string) (rseq, seq uint32, method string, err error) {
	number, rest, _ := strings.Cut(strings.TrimSpace(v), " ")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, 0, "", bad("RAck")
	}
	seq, method, err = parseCSeq(strings.TrimSpace(rest))
	return uint32(n), seq, method, err
}

// lists tells whether a header field that is a list of tokens has one of them.
func lists(m sip.Message, name, token string) bool {
	for _, h := range m.GetHeaders(name) {
		for _, v := range splitList(h.Value()) {
			if strings.EqualFold(v, token) {
				return true
			}
		}
	}
	return false
}

// capabilities are what a far end has said that it can.
type capabilities struct {
	update bool // RFC 3311
	timer  bool // RFC 4028
}

func (a *capabilities) learn(m sip.Message) {
	if len(m.GetHeaders("Allow")) > 0 {
		a.update = lists(m, "Allow", string(sip.UPDATE))
	}
	if lists(m, "Supported", "timer") || lists(m, "Require", "timer") {
		a.timer = true
	}
}
