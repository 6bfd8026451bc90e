package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Referral is a far end's wish that we call somebody in its stead (REFER, RFC
// 3515): a phone's transfer key. Accept or Refuse must be called soon, and after
// Accept the outcome reported by Done; what happens on the way may be told by
// Notify. Its methods may be called from any goroutine, do not block, and go on
// working after the far end has hung up, since many do when they have referred.
type Referral struct {
	To         string // SIP or tel URI to be called
	ReferredBy string // URI of who says so, by its own account; may be empty
	// Replaces is for DialRequest.Replaces: the call to To must take the place of a
	// dialog there, which makes the transfer an attended one. Empty for a blind one.
	Replaces string

	r *referral
}

// ErrReferralOver is returned when a referral is answered twice, or reported on
// after its end.
var ErrReferralOver = errors.New("sip: the referral is answered already or over")

// referral is a REFER of the far end, and the subscription to its outcome.
type referral struct {
	leg          *Leg
	req          *sip.Request
	tx           *serverTx
	id           string // of the Event, "" for the first of a dialog (RFC 3515 section 2.4.6)
	unsubscribed bool   // Refer-Sub: false (RFC 4488): there was never a subscription

	mu      sync.Mutex // never held across I/O; nothing else is locked under it
	silent  bool       // nothing more is reported
	state   referralState
	timer   *time.Timer
	until   time.Time // end of the subscription
	last    notice
	waiting []notice // not sent yet, at most maxNotices
	sending bool
	idle    chan struct{} // closed when nothing waits any more; nil where nobody wants to know
}

type referralState uint8

const (
	referralAsked referralState = iota
	referralAccepted
	referralOver
)

const (
	maxNotices = 8               // of one referral that wait to be sent
	byeWait    = 3 * time.Second // for the outcome to be told before we hang up
)

// notice is one NOTIFY.
type notice struct {
	status int
	reason string
	ended  string // why the subscription ends with it, "" when it goes on
}

// transfers are the REFERs of a leg, guarded by Leg.mu.
type transfers struct {
	onRefer func(Referral)
	theirs  *referral // the far end's, while it runs
	told    *referral // the far end's last one, which may still have to be told its outcome
	count   int       // of the far end's so far
	ours    *referring
	asked   bool // we have sent one
}

// OnRefer sets who takes the transfers that the far end asks for. Without it they
// are refused with 603.
func (l *Leg) OnRefer(f func(Referral)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refers.onRefer = f
}

// refer takes a REFER, on the reading goroutine.
func (l *Leg) refer(req *sip.Request, tx *serverTx, state legState) {
	reply := func(status int) { l.s.reply(tx, req, status, reasonPhrase(status)) }
	hs := req.GetHeaders("Refer-To")
	switch {
	case state == legEnded:
		reply(481)
		return
	case len(hs) != 1: // RFC 3515 section 2.4.2
		reply(400)
		return
	case state == legEarly:
		reply(403)
		return
	}
	to, status := parseReferTo(hs[0].Value())
	if status != 0 {
		reply(status)
		return
	}
	if h := req.GetHeader("Referred-By"); h != nil {
		if p, _, ok := nameAddr(h.Value()); ok {
			to.ReferredBy = p.URI
		}
	}
	r := &referral{leg: l, req: req, tx: tx}
	if h := req.GetHeader("Refer-Sub"); h != nil {
		v, _, _ := strings.Cut(h.Value(), ";")
		r.unsubscribed = strings.EqualFold(strings.TrimSpace(v), "false")
		r.silent = r.unsubscribed
	}
	to.r = r
	l.mu.Lock()
	f := l.refers.onRefer
	another := l.refers.theirs != nil || l.refers.ours != nil
	if f != nil && !another {
		if l.refers.count++; l.refers.count > 1 {
			r.id = strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)
		}
		l.refers.theirs, l.refers.told = r, r
	}
	l.mu.Unlock()
	switch {
	case f == nil:
		reply(603)
		return
	case another:
		reply(491)
		return
	}
	r.mu.Lock()
	r.timer = time.AfterFunc(16*l.s.tx.timers.t1, r.expire) // well before the far end gives up (timer F)
	r.mu.Unlock()
	if !l.later(func() { f(to) }) {
		_ = to.Refuse(503, "")
	}
}

// parseReferTo reads what a Refer-To names, or tells with what to refuse it.
func parseReferTo(v string) (Referral, int) {
	v = strings.TrimSpace(v)
	if i := strings.IndexByte(v, '<'); i >= 0 {
		end := strings.IndexByte(v[i:], '>')
		if end < 0 {
			return Referral{}, 400
		}
		v = v[i+1 : i+end]
	} else {
		v, _, _ = strings.Cut(v, ";") // RFC 3261 section 20.10: parameters of the field
	}
	var r Referral
	var headers string
	var u sip.Uri
	r.To, headers, _ = strings.Cut(v, "?")
	switch {
	case !isPlainURI(r.To) || sip.ParseUri(r.To, &u) != nil || badAddress(&u):
		return Referral{}, 400
	case !isCallURI(&u):
		return Referral{}, 416
	}
	if method, ok := u.UriParams.Get("method"); ok {
		if !strings.EqualFold(method, "INVITE") {
			return Referral{}, 501
		}
		u.UriParams.Remove("method")
	}
	r.To = u.String()
	for name, value := range uriHeaders(headers) {
		if !strings.EqualFold(name, "Replaces") {
			continue // RFC 3261 section 19.1.5: not ours to send for others
		}
		d, ok := parseReplaces(value)
		if !ok || r.Replaces != "" {
			return Referral{}, 400
		}
		r.Replaces = d.String()
	}
	return r, 0
}

// uriHeaders are the header fields of a URI, unescaped.
func uriHeaders(s string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for part := range strings.SplitSeq(s, "&") {
			name, value, _ := strings.Cut(part, "=")
			plain, err := url.PathUnescape(value)
			if name == "" || err != nil || oneLine(plain) != plain {
				continue
			}
			if !yield(name, plain) {
				return
			}
		}
	}
}

// Leg is the leg of ours that an attended transfer is to replace: then nobody needs
// to be called, the two calls can be joined here. Nil when Replaces names none of
// ours, or one that the far end has no right to (see Leg.Replaces).
func (r Referral) Leg() *Leg {
	d, ok := parseReplaces(r.Replaces)
	if !ok {
		return nil
	}
	l := r.r.leg
	l.mu.Lock()
	f := l.flow
	l.mu.Unlock()
	old := l.s.find(d)
	if old == nil || old == l || !l.s.mayReplace(old, f, userOf(&r.r.req.From().Address)) {
		return nil
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	if old.state != legConfirmed {
		return nil
	}
	return old
}

// Accept says that we will do it (202).
func (r Referral) Accept() error {
	limit := r.r.leg.s.cfg.ReferTimeout
	if err := r.r.answer(referralAccepted, 202, "Accepted", limit); err != nil {
		return err
	}
	r.r.report(notice{status: 100, reason: "Trying"}) // RFC 3515 section 2.4.4: at once
	return nil
}

// Refuse says that we will not; the status is 300 or more.
func (r Referral) Refuse(status int, reason string) error {
	if status < 300 || status > 699 {
		return fmt.Errorf("sip: %d is no refusal", status)
	}
	return r.r.answer(referralOver, status, reason, 0)
}

// Notify reports how the call to To gets on, by the status of its INVITE: 180 rings,
// 200 and more is the end, as for Done.
func (r Referral) Notify(status int, reason string) error {
	if status < 100 || status > 699 {
		return fmt.Errorf("sip: %d is no status", status)
	}
	n := notice{status: status, reason: cmp.Or(oneLine(reason), reasonPhrase(status))}
	if status >= 200 {
		n.ended = "noresource" // RFC 3515 section 2.4.7
	}
	if !r.r.report(n) {
		return ErrReferralOver
	}
	return nil
}

// Done reports the outcome: 200 that the far end's party is connected, else why not.
// After it the far end usually hangs up.
func (r Referral) Done(status int) error {
	if status < 200 {
		return fmt.Errorf("sip: %d is no final status", status)
	}
	return r.Notify(status, "")
}

// answer answers the REFER.
func (r *referral) answer(state referralState, status int, reason string, limit time.Duration) error {
	r.mu.Lock()
	if r.state != referralAsked {
		r.mu.Unlock()
		return ErrReferralOver
	}
	r.state = state
	r.timer.Stop()
	if state == referralAccepted {
		r.until = time.Now().Add(limit)
		r.timer = time.AfterFunc(limit, r.expire)
	}
	r.mu.Unlock()
	if state == referralOver {
		r.forget()
	}
	l := r.leg
	res := l.s.response(r.req, status, cmp.Or(oneLine(reason), reasonPhrase(status)), l.localTag)
	if status < 300 {
		l.mu.Lock()
		f := l.flow
		l.mu.Unlock()
		res.AppendHeader(l.contact(f))
		if r.unsubscribed {
			res.AppendHeader(sip.NewHeader("Refer-Sub", "false"))
		} else {
			l.s.keepReferral(r)
			res.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(max(1, int(limit.Seconds())))))
		}
	}
	res.SetBody(nil)
	_, err := r.tx.respond(status, render(res))
	return err
}

// forget lets the next REFER in.
func (r *referral) forget() {
	s, key := r.leg.s, r.leg.key()
	s.mu.Lock()
	if s.referrals[key] == r {
		delete(s.referrals, key)
	}
	s.mu.Unlock()
	r.leg.mu.Lock()
	defer r.leg.mu.Unlock()
	if r.leg.refers.theirs == r {
		r.leg.refers.theirs = nil
	}
}

// expire ends a referral that nobody cared for.
func (r *referral) expire() {
	r.mu.Lock()
	asked := r.state == referralAsked
	r.mu.Unlock()
	if asked {
		_ = Referral{r: r}.Refuse(603, "")
		return
	}
	r.report(notice{status: 503, reason: reasonPhrase(503), ended: "timeout"})
}

// report queues a NOTIFY.
func (r *referral) report(n notice) bool {
	r.mu.Lock()
	if r.state != referralAccepted {
		r.mu.Unlock()
		return false
	}
	if n.ended != "" {
		r.state = referralOver
		r.timer.Stop()
	}
	start := r.queue(n)
	r.mu.Unlock()
	if n.ended != "" {
		r.forget()
	}
	if start {
		r.start()
	}
	return true
}

// queue notes what is to be sent, and tells whether start must be called. The caller
// holds r.mu.
func (r *referral) queue(n notice) (start bool) {
	r.last = n
	if r.silent {
		return false
	}
	if len(r.waiting) == maxNotices { // a far end that is slow to answer hears the newest
		r.waiting = r.waiting[:maxNotices-1]
	}
	r.waiting = append(r.waiting, n)
	start = !r.sending
	r.sending = true
	return start
}

func (r *referral) start() {
	if !r.leg.s.spawn(r.deliver) {
		r.mu.Lock()
		r.rest()
		r.mu.Unlock()
	}
}

// rest notes that nothing is sent any more. The caller holds r.mu.
func (r *referral) rest() {
	r.sending = false
	if r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// outcomeTold waits, not for long, until the far end has heard what became of its
// REFER: the dialog ends with our BYE, and telephones answer 481 to a NOTIFY behind it
// and show a transfer that failed.
func (l *Leg) outcomeTold(ctx context.Context) {
	l.mu.Lock()
	r := l.refers.told
	l.mu.Unlock()
	if r == nil {
		return
	}
	r.mu.Lock()
	if !r.sending {
		r.mu.Unlock()
		return
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.mu.Unlock()
	limit := time.NewTimer(byeWait)
	defer limit.Stop()
	select {
	case <-idle:
	case <-l.ctx.Done():
	case <-ctx.Done():
	case <-limit.C:
	}
}

// deliver sends what waits, one after the other so that none overtakes another.
func (r *referral) deliver() {
	for {
		r.mu.Lock()
		if len(r.waiting) == 0 {
			r.rest()
			r.mu.Unlock()
			return
		}
		n := r.waiting[0]
		r.waiting = r.waiting[1:]
		left := time.Until(r.until)
		r.mu.Unlock()
		if err := r.notify(n, left); err != nil {
			r.leg.s.log.Debug("sip_refer_notify", "call_id", r.leg.callID, "error", err)
			r.mu.Lock()
			r.silent, r.waiting = true, nil // RFC 6665 section 4.2.2: a failed NOTIFY ends the subscription
			r.mu.Unlock()
		}
	}
}

// notify sends one NOTIFY (RFC 3515 section 2.4.4) and waits for its answer.
func (r *referral) notify(n notice, left time.Duration) error {
	ctx, cancel := context.WithTimeout(r.leg.s.base, r.leg.s.tx.timers.longest())
	defer cancel()
	res, err := r.leg.exchange(ctx, sip.NOTIFY, func(req *sip.Request, f flow) {
		event, state := "refer", "active;expires="+strconv.Itoa(max(1, int(left.Seconds())))
		if r.id != "" {
			event += ";id=" + r.id
		}
		if n.ended != "" {
			state = "terminated;reason=" + n.ended
		}
		req.AppendHeader(r.leg.contact(f))
		req.AppendHeader(sip.NewHeader("Event", event))
		req.AppendHeader(sip.NewHeader("Subscription-State", state))
		ct := sip.ContentTypeHeader("message/sipfrag;version=2.0")
		req.AppendHeader(&ct)
		req.SetBody([]byte("SIP/2.0 " + strconv.Itoa(n.status) + " " + n.reason + "\r\n"))
	})
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		return statusOf(res)
	}
	return nil
}
