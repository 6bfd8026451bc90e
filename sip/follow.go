package sip

import (
	"context"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A browser cannot be connected to: it is there while its WebSocket is. When that
// breaks, browsers are back within seconds on another one, and a call that has sound
// goes on meanwhile. So a leg over WebSocket follows the browser: to the connection
// that its requests come over, or that the same contact has registered by.

// reconnectTime is how long a request waits for a browser to come back; JsSIP tries
// again after 2 s, and registers then.
const reconnectTime = 8 * time.Second

// stoppingTime is how long while the server drains: it is not to wait for who is not there.
const stoppingTime = time.Second

// follow keeps to the connection that a request inside the dialog came over. Who
// knows Call-ID and both tags is the far end.
func (l *Leg) follow(f flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if isWebSocket(f.carrier) && isWebSocket(l.flow.carrier) && l.flow.carrier != f.carrier {
		l.move(f)
	}
}

// move changes the way to the far end. The caller holds l.mu.
func (l *Leg) move(f flow) {
	l.flow = f
	if l.moved != nil {
		close(l.moved)
		l.moved = nil
	}
}

// Connected tells whether there is a connection to the far end. Of a browser that has lost
// its own it says no, until it is back; others can be connected to at any time.
func (l *Leg) Connected() bool {
	l.mu.Lock()
	f, target := l.flow, l.target
	l.mu.Unlock()
	if !isWebSocket(f.carrier) || f.carrier.alive() {
		return true
	}
	if l.s.registrar == nil {
		return false
	}
	_, back := l.s.registrar.browser(l.browserUser(), l.instance, &target)
	return back
}

// browserWay is the way to a far end on a WebSocket: the connection that it has, or
// will have in a moment.
func (l *Leg) browserWay(ctx context.Context) (flow, error) {
	patience := reconnectTime
	if l.s.draining.Load() {
		patience = stoppingTime
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w: the browser's connection is gone", ErrTransport))
	defer cancel()
	for {
		l.mu.Lock()
		f, target := l.flow, l.target
		if l.moved == nil {
			l.moved = make(chan struct{})
		}
		moved := l.moved
		l.mu.Unlock()
		if f.carrier.alive() {
			return f, nil
		}
		var registered <-chan struct{}
		if r := l.s.registrar; r != nil {
			registered = r.changes() // before looking, so that none is missed
			if f, ok := r.browser(l.browserUser(), l.instance, &target); ok {
				l.mu.Lock()
				l.move(f)
				l.mu.Unlock()
				return f, nil
			}
		}
		select {
		case <-moved:
		case <-registered:
		case <-ctx.Done():
			return flow{}, context.Cause(ctx)
		}
	}
}

// browserUser is the agent whose registration leads to the far end.
func (l *Leg) browserUser() string {
	if l.inbound {
		return l.from.User
	}
	return l.agent
}

// changes is closed at the next change of a registration.
func (r *Registrar) changes() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// browser is the live connection of an agent's browser, told by its instance (RFC
// 5626 section 4.1) or its contact.
func (r *Registrar) browser(user, instance string, contact *sip.Uri) (flow, bool) {
	for _, b := range r.bindings(user) {
		if !isWebSocket(b.flow.carrier) || !b.flow.carrier.alive() {
			continue
		}
		if instance != "" && b.instance == instance || sameURI(&b.target, contact) {
			return b.flow, true
		}
	}
	return flow{}, false
}
