package sip

import (
	"bytes"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// clientTx sends one request. on is called for each response, in order and from the
// reading goroutine: every provisional one, the final one once, and each 2xx of an
// INVITE again (RFC 6026 section 7.2); failed at most once instead of a final one.
// Neither may block.
type clientTx struct {
	layer  *transactions
	key    string
	flow   flow
	req    *sip.Request
	invite bool
	on     func(*sip.Response)
	failed func(error)

	mu     sync.Mutex
	state  clientState
	bytes  []byte // the request; after a refusal the ACK
	resend *time.Timer
	every  time.Duration
	timer  *time.Timer
}

type clientState uint8

const (
	ctCalling clientState = iota
	ctProceeding
	ctAccepted  // INVITE: 2xx, further ones go up
	ctCompleted // final response received
	ctTerminated
)

func clientKey(branch string, method sip.RequestMethod) string { return branch + "|" + string(method) }

// request starts a client transaction. The error tells that the request could not
// be sent at all; failed is not called then.
func (l *transactions) request(req *sip.Request, f flow, on func(*sip.Response), failed func(error)) (*clientTx, error) {
	branch, _ := req.Via().Params.Get("branch")
	msg := render(req)
	if len(msg) > maxDatagram && !f.carrier.reliable() && l.larger != nil {
		var other bool
		if f, other = l.larger(req, f); other {
			msg = render(req)
		}
	}
	tx := &clientTx{
		layer: l, key: clientKey(branch, req.Method), flow: f, req: req, invite: req.Method == sip.INVITE,
		on: on, failed: failed, bytes: msg,
	}
	l.mu.Lock()
	l.client[tx.key] = tx
	l.mu.Unlock()
	l.calls.add(req.CallID().Value())

	tx.mu.Lock()
	tx.timer = time.AfterFunc(l.timers.longest(), func() { tx.fail(errTimeout) }) // timers B and F
	if !f.carrier.reliable() {
		tx.every = l.timers.t1
		tx.resend = time.AfterFunc(tx.every, tx.again) // timers A and E
	}
	tx.mu.Unlock()
	if err := f.send(tx.bytes); err != nil {
		tx.end()
		return nil, err
	}
	return tx, nil
}

// again is timer A or E.
func (tx *clientTx) again() {
	tx.mu.Lock()
	if tx.state > ctProceeding || tx.invite && tx.state != ctCalling {
		tx.mu.Unlock()
		return
	}
	tx.every *= 2
	if !tx.invite {
		tx.every = min(tx.every, tx.layer.timers.t2)
		if tx.state == ctProceeding {
			tx.every = tx.layer.timers.t2
		}
	}
	tx.resend.Reset(tx.every)
	msg := tx.bytes
	tx.mu.Unlock()
	_ = tx.flow.send(msg)
}

// abandon stops sending the INVITE again and bounds the wait for its end: nobody
// wants it any more.
func (tx *clientTx) abandon() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state > ctProceeding {
		return
	}
	tx.quiet()
	tx.timer = time.AfterFunc(tx.layer.timers.longest(), func() { tx.fail(errTimeout) })
}

// response hands a response to the transaction that it belongs to.
func (l *transactions) response(res *sip.Response) bool {
	branch, _ := res.Via().Params.Get("branch")
	l.mu.Lock()
	tx := l.client[clientKey(branch, res.CSeq().MethodName)]
	l.mu.Unlock()
	if tx == nil || len(res.GetHeaders("Via")) != 1 { // RFC 3261 section 8.1.3.3
		return false
	}
	tx.receive(res)
	return true
}

func (tx *clientTx) receive(res *sip.Response) {
	t := tx.layer.timers
	tx.mu.Lock()
	up := false
	var ack []byte
	switch {
	case tx.state == ctTerminated:
	case res.StatusCode < 200:
		if tx.state <= ctProceeding {
			tx.state, up = ctProceeding, true
			if tx.invite {
				tx.quiet() // the owner decides how long it may ring
			}
		}
	case tx.invite && res.StatusCode < 300:
		if tx.state <= ctAccepted {
			up = true
			if tx.state != ctAccepted {
				tx.quiet()
				tx.timer = time.AfterFunc(t.longest(), tx.end) // timer M
			}
			tx.state, tx.bytes = ctAccepted, nil
		}
	case tx.invite:
		switch tx.state {
		case ctCalling, ctProceeding:
			up = true
			tx.quiet()
			tx.state, tx.bytes = ctCompleted, render(ackRefusal(tx.req, res))
			wait := t.longest() // timer D
			if tx.flow.carrier.reliable() {
				wait = 0
			}
			tx.timer = time.AfterFunc(wait, tx.end)
			ack = tx.bytes
		case ctCompleted:
			ack = tx.bytes
		default:
		}
	case tx.state <= ctProceeding:
		up = true
		tx.quiet()
		tx.state, tx.bytes = ctCompleted, nil
		wait := t.t4 // timer K
		if tx.flow.carrier.reliable() {
			wait = 0
		}
		tx.timer = time.AfterFunc(wait, tx.end)
	}
	tx.mu.Unlock()
	if ack != nil {
		_ = tx.flow.send(ack)
	}
	if up {
		tx.on(res)
	}
}

// quiet stops the timers. The caller holds tx.mu.
func (tx *clientTx) quiet() {
	if tx.resend != nil {
		tx.resend.Stop()
	}
	if tx.timer != nil {
		tx.timer.Stop()
	}
}

// fail ends a transaction that has no final response.
func (tx *clientTx) fail(err error) {
	if open := tx.terminate(); open && tx.failed != nil {
		tx.failed(err)
	}
}

func (tx *clientTx) end() { tx.terminate() }

// terminate ends the transaction and tells whether it still waited for a final response.
func (tx *clientTx) terminate() (open bool) {
	tx.mu.Lock()
	open = tx.state <= ctProceeding
	tx.state = ctTerminated
	tx.quiet()
	tx.mu.Unlock()
	tx.layer.mu.Lock()
	ours := tx.layer.client[tx.key] == tx
	if ours {
		delete(tx.layer.client, tx.key)
	}
	tx.layer.mu.Unlock()
	if ours {
		tx.layer.calls.remove(tx.req.CallID().Value())
	}
	return open
}

// lost fails what waits for a response on a connection that has ended.
func (l *transactions) lost(c carrier) {
	l.mu.Lock()
	var hit []*clientTx
	for _, tx := range l.client {
		if tx.flow.carrier == c {
			hit = append(hit, tx)
		}
	}
	l.mu.Unlock()
	for _, tx := range hit {
		tx.fail(errTransportLost)
	}
}

// render writes a message down, in no more memory than it needs: transactions keep
// it for 32 s.
func render(m sip.Message) []byte {
	b := drafts.Get().(*bytes.Buffer)
	defer drafts.Put(b)
	b.Reset()
	m.StringWrite(b)
	return bytes.Clone(b.Bytes())
}

// drafts are buffers of messages being written; the longest message bounds them.
var drafts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ackRefusal is the ACK of a final response that is no 2xx (RFC 3261 section
// 17.1.1.3).
func ackRefusal(invite *sip.Request, res *sip.Response) *sip.Request {
	ack := sip.NewRequest(sip.ACK, *invite.Recipient.Clone())
	ack.AppendHeader(sip.HeaderClone(invite.Via()))
	for _, h := range invite.GetHeaders("Route") {
		ack.AppendHeader(sip.HeaderClone(h))
	}
	ack.AppendHeader(maxForwards())
	ack.AppendHeader(sip.HeaderClone(invite.From()))
	ack.AppendHeader(sip.HeaderClone(res.To()))
	ack.AppendHeader(sip.HeaderClone(invite.CallID()))
	ack.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.ACK})
	ack.SetBody(nil)
	return ack
}

// cancelOf is the CANCEL of a request (RFC 3261 section 9.1).
func cancelOf(invite *sip.Request, reason string) *sip.Request {
	req := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	req.AppendHeader(sip.HeaderClone(invite.Via()))
	for _, h := range invite.GetHeaders("Route") {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(maxForwards())
	req.AppendHeader(sip.HeaderClone(invite.From()))
	req.AppendHeader(sip.HeaderClone(invite.To()))
	req.AppendHeader(sip.HeaderClone(invite.CallID()))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	if reason != "" {
		req.AppendHeader(sip.NewHeader("Reason", reason))
	}
	req.SetBody(nil)
	return req
}

func maxForwards() sip.Header {
	n := sip.MaxForwardsHeader(70)
	return &n
}
