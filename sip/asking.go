package sip

import (
	"context"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// asking is a request of ours inside a dialog on its way. A digest challenge is
// answered once, with a new request; only its outcome is told.
type asking struct {
	leg    *Leg
	method sip.RequestMethod
	flow   flow
	fill   func(*sip.Request, flow)          // adds what is special, the body too
	on     func(*sip.Request, *sip.Response) // each response to which request, see clientTx
	failed func(error)                       // may be nil

	mu        sync.Mutex
	req       *sip.Request
	tx        *clientTx
	tried     int  // times with credentials
	rung      bool // a provisional response came
	done      bool
	unwanted  bool // CANCEL as soon as RFC 3261 section 9.1 lets us
	cancelled bool
}

// ask sends a request inside the dialog. The error tells that it could not be sent
// at all; neither callback is called then.
func (l *Leg) ask(ctx context.Context, method sip.RequestMethod, fill func(*sip.Request, flow), on func(*sip.Request, *sip.Response), failed func(error)) (*asking, error) {
	f, err := l.way(ctx)
	if err != nil {
		return nil, err
	}
	a := &asking{leg: l, method: method, flow: f, fill: fill, on: on, failed: failed}
	return a, a.send("", "")
}

func (a *asking) send(authName, auth string) error {
	req := a.leg.requestOn(a.flow, a.method, a.leg.nextSeq())
	if auth != "" {
		req.AppendHeader(sip.NewHeader(authName, auth))
	}
	a.fill(req, a.flow)
	a.mu.Lock()
	a.req, a.rung = req, false
	a.mu.Unlock()
	tx, err := a.leg.s.tx.request(req, a.flow, func(res *sip.Response) { a.response(req, res) }, func(err error) {
		a.end()
		if a.failed != nil {
			a.failed(err)
		}
	})
	if err != nil {
		a.end()
		return err
	}
	a.mu.Lock()
	a.tx = tx
	late := a.unwanted && !a.done
	a.mu.Unlock()
	if late {
		a.cancel()
	}
	return nil
}

func (a *asking) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
}

func (a *asking) response(req *sip.Request, res *sip.Response) {
	if res.StatusCode < 200 {
		a.mu.Lock()
		a.rung = true
		wanted := !a.unwanted
		a.mu.Unlock()
		if !wanted {
			a.cancel()
		}
		a.on(req, res)
		return
	}
	if isChallenge(res.StatusCode) && a.again(req, res) {
		return
	}
	a.end()
	a.on(req, res)
}

func isChallenge(status int) bool { return status == 401 || status == 407 }

// again answers a digest challenge, and tells whether it did.
func (a *asking) again(req *sip.Request, res *sip.Response) bool {
	a.leg.mu.Lock()
	auth := a.leg.auth
	a.leg.mu.Unlock()
	a.mu.Lock()
	over := a.unwanted || a.tried > 0 && !isStale(res) || a.tried > 3
	a.tried++
	a.mu.Unlock()
	if auth == nil || over {
		return false
	}
	name, value, err := answerChallenge(res, string(a.method), req.Recipient.String(), *auth)
	return err == nil && a.send(name, value) == nil
}

// cancel gives an INVITE up; other requests cannot be cancelled (RFC 3261 section
// 9.1). The outcome comes all the same, within 64 T1.
func (a *asking) cancel() {
	a.mu.Lock()
	a.unwanted = true
	if a.done || a.cancelled || a.tx == nil || a.method != sip.INVITE || !a.rung {
		if a.tx != nil && !a.done && a.method == sip.INVITE && !a.rung {
			a.tx.abandon() // if it never heard of us, it need not any more
		}
		a.mu.Unlock()
		return
	}
	a.cancelled = true
	req, tx := cancelOf(a.req, callGivenUp), a.tx
	a.mu.Unlock()
	tx.abandon()
	if _, err := a.leg.s.tx.request(req, tx.flow, func(*sip.Response) {}, nil); err != nil {
		a.leg.s.log.Debug("sip_cancel", "error", err)
	}
}
