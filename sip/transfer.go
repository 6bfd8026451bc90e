package sip

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ErrTransferUnknown is returned when the far end took a transfer on and never said
// how it went. The leg stands.
var ErrTransferUnknown = errors.New("transfer: the far end did not report the outcome")

// Transfer sends the far end to another URI (REFER, RFC 3515) and returns when it
// reports that it got there, or hung up on us to go. A *StatusError tells why it did
// not; ErrTransferUnknown, that it never told. The leg stays until Hangup or the far
// end's BYE.
func (l *Leg) Transfer(ctx context.Context, to string) error {
	var u sip.Uri
	if !isPlainURI(to) || strings.Contains(to, "?") || sip.ParseUri(to, &u) != nil || badAddress(&u) || !isCallURI(&u) {
		return fmt.Errorf("transfer: %q is no SIP or tel URI", to)
	}
	return l.sendRefer(ctx, to)
}

// TransferTo joins the far end with that of another leg (RFC 5589 section 7): it is
// referred to the other's far end with a Replaces that takes the other leg over.
// After success the other leg is ended by its far end, and this one is the caller's
// to hang up, if its far end does not. After an error both stand as before.
func (l *Leg) TransferTo(ctx context.Context, other *Leg) error {
	if other == nil || other == l || other.s != l.s {
		return errors.New("transfer: the other leg must be another one of this server")
	}
	other.mu.Lock()
	state, target := other.state, *other.target.Clone()
	other.mu.Unlock()
	switch {
	case state == legEnded:
		return fmt.Errorf("transfer: the other leg has ended: %w", other.cause())
	case state != legConfirmed || other.remoteTag == "":
		return errors.New("transfer: the other leg is not answered")
	}
	target.Headers = sip.HeaderParams{{K: "Replaces", V: other.theirs().escaped()}}
	return l.sendRefer(ctx, target.String())
}

// referring is a REFER of ours: what the far end has reported so far.
type referring struct {
	changed chan struct{} // holds one when there is news

	mu    sync.Mutex
	heard bool
	last  StatusError
	over  bool // the subscription has ended
}

func (r *referring) report(status int, reason string, over bool) {
	r.mu.Lock()
	r.heard = true
	r.over = r.over || over
	if status > 0 && r.last.Code < 200 { // the first outcome counts
		r.last = StatusError{Code: status, Reason: reason}
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// outcome is nil and true after success, an error and true after failure.
func (r *referring) outcome() (err error, known bool) { //nolint:revive // the error is the value here
	r.mu.Lock()
	defer r.mu.Unlock()
	switch last := r.last; {
	case last.Code >= 300:
		return &last, true
	case last.Code >= 200:
		return nil, true
	case r.over:
		return ErrTransferUnknown, true
	}
	return nil, false
}

// sendRefer refers the far end and waits for what becomes of it.
func (l *Leg) sendRefer(ctx context.Context, to string) error {
	mine := &referring{changed: make(chan struct{}, 1)}
	l.mu.Lock()
	state, busy := l.state, l.refers.ours != nil || l.refers.theirs != nil
	if state == legConfirmed && !busy {
		l.refers.ours, l.refers.asked = mine, true
	}
	l.mu.Unlock()
	switch {
	case state == legEnded:
		return l.cause()
	case state != legConfirmed || busy:
		return errors.New("transfer: the leg is not answered, or another transfer runs")
	}
	defer func() {
		l.mu.Lock()
		l.refers.ours = nil
		l.mu.Unlock()
	}()

	accepted := make(chan error, 1)
	asking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() { accepted <- l.askRefer(asking, to) })

	limit := time.NewTimer(l.s.cfg.ReferTimeout)
	defer limit.Stop()
	for taken := false; ; {
		select {
		case err := <-accepted:
			if err != nil {
				return err
			}
			taken, accepted = true, nil
			if mine.silent() {
				limit.Reset(min(l.s.cfg.ReferTimeout, l.s.tx.timers.longest())) // RFC 6665 section 4.1.2.4: timer N
			}
		case <-mine.changed:
			if err, known := mine.outcome(); known {
				return err
			}
			limit.Reset(l.s.cfg.ReferTimeout)
		case <-limit.C:
			return ErrTransferUnknown
		case <-l.ctx.Done():
			if accepted != nil { // did it answer before?
				stop()
				taken = <-accepted == nil
			}
			switch err, known := mine.outcome(); {
			case known && !errors.Is(err, ErrTransferUnknown):
				return err
			case taken && errors.Is(l.cause(), ErrBye):
				return nil // gone to where it was sent
			}
			return l.cause()
		case <-ctx.Done():
			return fmt.Errorf("transfer: %w", ctx.Err())
		}
	}
}

func (r *referring) silent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.heard
}

// askRefer sends the REFER and waits for its answer.
func (l *Leg) askRefer(ctx context.Context, to string) error {
	res, err := l.exchange(ctx, sip.REFER, func(req *sip.Request, f flow) {
		from, _ := l.dialogEnds()
		req.AppendHeader(l.contact(f))
		req.AppendHeader(sip.NewHeader("Refer-To", "<"+to+">"))
		req.AppendHeader(sip.NewHeader("Referred-By", "<"+from.Address.String()+">"))
		req.AppendHeader(sip.NewHeader("Supported", l.s.supported))
		req.SetBody(nil)
	})
	switch {
	case err != nil:
		return fmt.Errorf("transfer: %w", err)
	case res.StatusCode >= 300:
		return statusOf(res)
	}
	return nil
}

// notified takes a NOTIFY: the report of a transfer, a status line in
// message/sipfrag.
func (l *Leg) notified(req *sip.Request, reply func(int, ...field)) {
	name, _ := eventOf(req)
	if name != "refer" {
		reply(489, field{"Allow-Events", "refer"})
		return
	}
	l.mu.Lock()
	mine, asked := l.refers.ours, l.refers.asked
	l.mu.Unlock()
	if !asked { // RFC 6665 section 4.1.3
		reply(481)
		return
	}
	reply(200) // late news of a transfer that was given up are welcome, too
	if mine == nil {
		return
	}
	status, reason := sipfrag(string(req.Body()))
	over := false
	if h := headerOf(req, "Subscription-State"); h != nil {
		state, _, _ := strings.Cut(h.Value(), ";")
		over = strings.EqualFold(strings.TrimSpace(state), "terminated")
	}
	mine.report(status, reason, over)
}

// sipfrag reads the status line of a message/sipfrag body (RFC 3420); 0 without one.
func sipfrag(body string) (status int, reason string) {
	line, _, _ := strings.Cut(strings.TrimLeft(body, "\r\n"), "\n")
	version, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	code, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseUint(code, 10, 16)
	if !strings.EqualFold(version, "SIP/2.0") || err != nil || n < 100 || n > 699 {
		return 0, ""
	}
	return int(n), oneLine(reason)
}

// exchange sends a request inside the dialog and waits for its final response.
// complete adds what is special about it, and the body. A digest challenge is
// answered when the leg was dialled with credentials.
func (l *Leg) exchange(ctx context.Context, method sip.RequestMethod, complete func(*sip.Request, flow)) (*sip.Response, error) {
	final, failed := make(chan *sip.Response, 1), make(chan error, 1)
	if _, err := l.ask(ctx, method, complete, func(_ *sip.Request, res *sip.Response) {
		if res.StatusCode >= 200 {
			final <- res
		}
	}, func(err error) { failed <- err }); err != nil {
		return nil, err
	}
	select {
	case res := <-final:
		return res, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		select {
		case res := <-final: // in this moment
			return res, nil
		default:
			return nil, ctx.Err()
		}
	}
}
