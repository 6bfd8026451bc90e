package call

import (
	"context"
	"errors"

	"hotline/media"
)

// Drain refuses new calls, in and out; those in progress go on.
func (m *Manager) Drain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.draining = true
}

// Draining tells whether Drain was called.
func (m *Manager) Draining() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.draining
}

// EndAll ends the calls in progress, after Drain has given them their time: the bot
// tells each caller, also one who talks to an agent, and hangs up. Calls without a bot
// are hung up at once. It does not wait.
func (m *Manager) EndAll() { m.endAll() }

// endedBy ends a call that has no bot who could say so.
func (m *Manager) endedBy(cancel context.CancelCauseFunc) (stop func() bool) {
	return context.AfterFunc(m.closing, func() { cancel(ErrShutdown) })
}

// closing is closed when the call must end, nil when that is known already.
func (t *talk) closing() <-chan struct{} {
	if t.call.closing == nil || t.closed != nil {
		return nil
	}
	return t.call.closing.Done()
}

// closeDown tells the caller that the call must end.
func (t *talk) closeDown(ctx context.Context) error {
	return t.lastWords(ctx, ErrShutdown, t.line().Closing, "shutdown")
}

// reasoner is a Leg that tells the far end why we hang up (RFC 3326).
type reasoner interface {
	SetReason(protocol string, cause int, text string)
}

// tellReason sets why a leg is hung up, where that is no normal end of a call.
func tellReason(l Leg, cause error) {
	r, ok := l.(reasoner)
	switch {
	case !ok:
	case errors.Is(cause, ErrShutdown):
		r.SetReason("SIP", 503, "The server stops")
	case errors.Is(cause, ErrCalledOff):
		r.SetReason("Q.850", 16, "Called off") // normal call clearing
	case errors.Is(cause, media.ErrMediaTimeout):
		r.SetReason("SIP", 408, "No sound came")
	}
}
