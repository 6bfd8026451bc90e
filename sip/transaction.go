package sip

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// timers are RFC 3261's, derived from T1 (section 17 and table 4).
type timers struct{ t1, t2, t4 time.Duration }

func newTimers(t1 time.Duration) timers { return timers{t1: t1, t2: 8 * t1, t4: 10 * t1} }

// longest is how long a transaction tries (timers B, F, H, J, L, M).
func (t timers) longest() time.Duration { return 64 * t.t1 }

// Reasons why a client transaction ended without a final response.
var (
	errTimeout       = errors.New("no answer to the SIP request")
	errTransportLost = errors.New("the SIP connection was lost")
)

// transactions are those of one server.
type transactions struct {
	timers timers
	limit  int // server transactions at once

	larger func(req *sip.Request, f flow) (flow, bool) // another way for what is too large for UDP
	calls  *callTable                                  // whose messages are read whatever else comes

	mu        sync.Mutex
	server    map[string]*serverTx
	client    map[string]*clientTx
	lingering lingering
	down      bool
}

func newTransactions(t timers, limit int) *transactions {
	return &transactions{timers: t, limit: limit, calls: newCallTable(t.longest()), server: make(map[string]*serverTx), client: make(map[string]*clientTx)}
}

func (l *transactions) counts() (server, client int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.server), len(l.client)
}

// serverKey identifies the transaction of a request (RFC 3261 section 17.2.3). ACK
// and CANCEL are looked up as the INVITE that they belong to.
func serverKey(req *sip.Request, method sip.RequestMethod) string {
	if method == sip.ACK {
		method = sip.INVITE
	}
	via := req.Via()
	branch, _ := via.Params.Get("branch")
	if len(branch) > len(sip.RFC3261BranchMagicCookie) && strings.HasPrefix(branch, sip.RFC3261BranchMagicCookie) {
		return branch + "|" + strings.ToLower(via.Host) + "|" + strconv.Itoa(via.Port) + "|" + string(method)
	}
	// RFC 2543: no usable branch.
	tag, _ := req.From().Params.Get("tag")
	return "2543|" + req.CallID().Value() + "|" + tag + "|" + strconv.Itoa(int(req.CSeq().SeqNo)) + "|" + via.Value() + "|" + string(method)
}

// serverTx answers one request. It keeps the bytes of its last response and not the
// request, since it stays for 32 s after the end.
type serverTx struct {
	layer  *transactions
	key    string
	flow   flow // where responses go
	invite bool
	spare  bool // there was no room to keep it: it answers once and is forgotten

	leaves time.Time // guarded by layer.mu, as next is
	next   *serverTx // who lingers behind it

	mu       sync.Mutex
	state    txState
	last     []byte      // last response
	timer    *time.Timer // H, then I
	resend   *time.Timer
	trying   *time.Timer // until something is sent
	every    time.Duration
	accept   bool // a 2xx was sent: the leg retransmits it
	onCancel func(reason string)
}

type txState uint8

const (
	txProceeding txState = iota
	txCompleted
	txConfirmed // INVITE: ACK received
	txTerminated
)

// receive finds the transaction of a request or makes it. fresh tells that the
// request is new and must be handled; else it was a retransmission and is done with.
func (l *transactions) receive(req *sip.Request, f flow) (tx *serverTx, fresh bool) {
	key := serverKey(req, req.Method)
	l.mu.Lock()
	tx = l.server[key]
	if tx == nil {
		tx = &serverTx{layer: l, key: key, flow: f, invite: req.Method == sip.INVITE}
		if tx.spare = len(l.server) >= l.limit; !tx.spare {
			l.server[key] = tx
		}
		l.mu.Unlock()
		return tx, true
	}
	l.mu.Unlock()
	tx.retransmitted()
	return tx, false
}

// known tells whether a request came before.
func (l *transactions) known(req *sip.Request) bool {
	key := serverKey(req, req.Method)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server[key] != nil
}

// find looks up the INVITE transaction that an ACK or a CANCEL belongs to.
func (l *transactions) find(req *sip.Request) *serverTx {
	key := serverKey(req, sip.INVITE)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server[key]
}

// retransmitted answers a request that came again with the last response.
func (tx *serverTx) retransmitted() {
	tx.mu.Lock()
	last := tx.last
	if tx.accept || tx.state > txCompleted {
		last = nil // RFC 6026 section 7.1: absorbed
	}
	tx.mu.Unlock()
	if last != nil {
		_ = tx.flow.send(last)
	}
}

// respond sends a response. After a final one it does nothing and returns false.
func (tx *serverTx) respond(status int, msg []byte) (bool, error) {
	tx.mu.Lock()
	if tx.state != txProceeding {
		tx.mu.Unlock()
		return false, nil
	}
	tx.last = msg
	lingers := false
	if tx.trying != nil {
		tx.trying.Stop()
		tx.trying = nil
	}
	if status >= 200 {
		tx.state = txCompleted
		tx.onCancel = nil // what it knows of the call need not be kept for 32 s
		reliable, t := tx.flow.carrier.reliable(), tx.layer.timers
		switch {
		case tx.spare:
		case tx.invite && status < 300: // timer L
			tx.accept, tx.last, lingers = true, nil, true
		case tx.invite: // timers G and H
			tx.timer = time.AfterFunc(t.longest(), tx.end)
			if !reliable {
				tx.every = t.t1
				tx.resend = time.AfterFunc(t.t1, tx.again)
			}
		case reliable: // timer J is zero
			defer tx.end()
		default:
			lingers = true
		}
	}
	tx.mu.Unlock()
	if lingers {
		tx.layer.linger(tx)
	}
	return true, tx.flow.send(msg)
}

// patience is how long an INVITE may be without a response (RFC 3261 section 17.2.1).
const patience = 200 * time.Millisecond

// try sends 100 unless another response goes out soon. trying makes it.
func (tx *serverTx) try(trying func() []byte) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != txProceeding || tx.last != nil {
		return
	}
	tx.trying = time.AfterFunc(patience, func() {
		msg := trying()
		tx.mu.Lock()
		waits := tx.state == txProceeding && tx.last == nil
		if waits {
			tx.last = msg
		}
		tx.mu.Unlock()
		if waits {
			_ = tx.flow.send(msg)
		}
	})
}

// again is timer G.
func (tx *serverTx) again() {
	tx.mu.Lock()
	if tx.state != txCompleted {
		tx.mu.Unlock()
		return
	}
	tx.every = min(2*tx.every, tx.layer.timers.t2)
	tx.resend.Reset(tx.every)
	last := tx.last
	tx.mu.Unlock()
	_ = tx.flow.send(last)
}

// ack takes the ACK of a response that is no 2xx, and tells whether it was one.
func (tx *serverTx) ack() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.accept || tx.state == txProceeding {
		return false
	}
	if tx.state == txCompleted {
		tx.state, tx.last = txConfirmed, nil
		if tx.resend != nil {
			tx.resend.Stop()
		}
		wait := tx.layer.timers.t4 // timer I absorbs further ACKs
		if tx.flow.carrier.reliable() {
			wait = 0
		}
		tx.timer.Reset(wait)
	}
	return true
}

// setOnCancel names who is told of a CANCEL.
func (tx *serverTx) setOnCancel(f func(reason string)) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.onCancel = f
}

// open tells that no final response is sent yet.
func (tx *serverTx) open() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.state == txProceeding
}

// cancel tells the owner that a CANCEL came while there was no final response.
func (tx *serverTx) cancel(reason string) {
	tx.mu.Lock()
	f := tx.onCancel
	if tx.state != txProceeding {
		f = nil
	}
	tx.onCancel = nil
	tx.mu.Unlock()
	if f != nil {
		f(reason)
	}
}

func (tx *serverTx) end() {
	tx.mu.Lock()
	tx.state = txTerminated
	for _, t := range [...]*time.Timer{tx.timer, tx.resend, tx.trying} {
		if t != nil {
			t.Stop()
		}
	}
	tx.mu.Unlock()
	tx.layer.mu.Lock()
	if tx.layer.server[tx.key] == tx {
		delete(tx.layer.server, tx.key)
	}
	tx.layer.mu.Unlock()
}

// close ends everything; nothing is sent any more.
func (l *transactions) close() {
	l.mu.Lock()
	l.down = true
	if l.lingering.timer != nil {
		l.lingering.timer.Stop()
	}
	l.lingering.first, l.lingering.last = nil, nil
	servers := make([]*serverTx, 0, len(l.server))
	for _, tx := range l.server {
		servers = append(servers, tx)
	}
	clients := make([]*clientTx, 0, len(l.client))
	for _, tx := range l.client {
		clients = append(clients, tx)
	}
	l.mu.Unlock()
	for _, tx := range servers {
		tx.end()
	}
	for _, tx := range clients {
		tx.fail(ErrServerClosed)
	}
}
