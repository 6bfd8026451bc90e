package sip

import "time"

// lingering are the server transactions that have sent their last response and stay
// for what is sent again (timers J and L). Each stays 64 T1, so they leave in the
// order in which they came, and one timer serves them all: at a thousand calls a
// second some sixty thousand stay, whose own timers would cost more than they do.
type lingering struct {
	first, last *serverTx
	timer       *time.Timer
}

// linger lets a transaction end after 64 T1, or up to T1 later together with others.
func (l *transactions) linger(tx *serverTx) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tx.leaves = time.Now().Add(l.timers.longest())
	q := &l.lingering
	if q.last != nil {
		q.last.next = tx
		q.last = tx
		return
	}
	q.first, q.last = tx, tx
	l.leaveNext()
}

// leaveNext sets the timer for who leaves first. The caller holds l.mu.
func (l *transactions) leaveNext() {
	q := &l.lingering
	switch wait := time.Until(q.first.leaves) + l.timers.t1; {
	case l.down:
	case q.timer == nil:
		q.timer = time.AfterFunc(wait, l.leave)
	default:
		q.timer.Reset(wait)
	}
}

// leave ends the transactions whose time is over.
func (l *transactions) leave() {
	l.mu.Lock()
	q, now := &l.lingering, time.Now()
	gone := q.first
	var end *serverTx // the last one that goes
	for q.first != nil && !now.Before(q.first.leaves) {
		end, q.first = q.first, q.first.next
	}
	switch {
	case end == nil:
		gone = nil
	case q.first == nil:
		q.last = nil
	default:
		end.next = nil
	}
	if q.first != nil {
		l.leaveNext()
	}
	l.mu.Unlock()
	for gone != nil {
		next := gone.next
		gone.next = nil
		gone.end()
		gone = next
	}
}
