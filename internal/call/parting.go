package call

import (
	"context"
	"errors"
	"time"

	"hotline/dialog"
)

// ErrCalledOff ends a call that is not wanted any more by whom it was made for.
var ErrCalledOff = errors.New("the call was called off")

// maxParting is how long the bot may take until it says goodbye: what it is saying, and
// what the other side says and is answered.
const maxParting = 20 * time.Second

// CallOff ends a call politely: the bot finishes what it says, answers who is speaking,
// says goodbye and hangs up. People who talk with each other go on, nobody is told in
// the middle of a sentence that he does not matter; a telephone that rings stops. It does
// not wait. false if there is no call of that id.
func (m *Manager) CallOff(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.calls[id]
	switch {
	case !ok:
	case c.room == nil || !c.room.answered.Load():
		c.cancel(ErrCalledOff)
	default:
		c.room.callOff()
	}
	return ok
}

// callOff tells the bot that the call is not wanted any more.
func (r *room) callOff() { r.off.Do(func() { close(r.calledOff) }) }

// calledOff is closed when the call is not wanted any more, nil when that is known.
func (t *talk) calledOff() <-chan struct{} {
	if !t.parting.IsZero() {
		return nil
	}
	return t.call.room.calledOff
}

// part says goodbye as soon as that interrupts nobody. It is asked each tick.
func (t *talk) part(ctx context.Context, now time.Time) error {
	if t.parting.IsZero() || t.closed != nil || t.engaged() {
		return nil //nolint:nilerr // what has closed the call already ends it
	}
	late := now.Sub(t.parting) > maxParting
	switch {
	case t.unsure(): // who answered is being found out, or a machine gets its message
		if late {
			return ErrCalledOff
		}
		return nil
	case late, t.turn == nil && t.pending == nil && !t.undecided && t.message == nil:
		return t.lastWords(ctx, ErrCalledOff, t.line().Goodbye, "called_off")
	}
	return nil
}

// lastWords are said whatever is going on, and end the call with a cause.
func (t *talk) lastWords(ctx context.Context, cause error, text, reason string) error {
	t.closed = cause
	t.stopAll() // an agent's leg too: the words are for the caller
	t.pending = nil
	if text == "" || t.hold.held() {
		return cause
	}
	t.perform(ctx, dialog.Say{Text: text, MustHear: true}, dialog.Hangup{Reason: reason})
	return nil
}
