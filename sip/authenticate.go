package sip

import (
	"errors"
	"time"
)

// ErrNotAuthenticated is returned by [Leg.Authenticate] for a leg that it has
// refused.
var ErrNotAuthenticated = errors.New("sip: the caller has not shown who it is")

// Authenticate makes sure that a call comes from an agent's phone: it asks for the
// agent's password (RFC 3261 section 22.2), by a challenge that phones answer with
// another INVITE, whose leg comes to the Handler anew. After an error the leg is
// refused. What connection a call comes over proves nothing: a border controller has
// one for all.
func (l *Leg) Authenticate(user string) error {
	if !l.inbound || l.s.registrar == nil {
		return errors.New("sip: only who calls a registrar can show who it is")
	}
	l.mu.Lock()
	f := l.flow
	l.mu.Unlock()
	bad := l.s.registrar.authenticate(l.invite, user, f, l.s.sentry, time.Now())
	if bad == nil {
		return nil
	}
	if err := l.refuse(bad.status, bad.reason, bad.extra...); err != nil {
		return err
	}
	return ErrNotAuthenticated
}
