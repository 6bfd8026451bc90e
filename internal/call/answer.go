package call

import (
	"context"
	"errors"
	"time"

	"hotline/media"
)

// Answering is what a caller meets before the call is answered.
type Answering struct {
	// Ring is how long it rings (180) before the answer.
	Ring time.Duration
	// Early is what is said as early media (183) before the answer, in place of the
	// disclosure behind it; "" answers at once. A caller whose network cannot take
	// early media hears the disclosure after the answer.
	Early string
}

// Ringer is a Leg that can ring and send early media before its answer.
type Ringer interface {
	// Ring sends 180.
	Ring(ctx context.Context) error
	// Progress sends a provisional response with our session description, reliably
	// where the far end takes that (RFC 3262). To a far end that has offered nothing it
	// can only go reliably; its answer is then the leg's Offer (RFC 3262 section 5).
	Progress(ctx context.Context, status int, sdp []byte) error
}

const (
	maxRing  = 60 * time.Second // a caller's network gives up soon after
	maxEarly = 30 * time.Second
)

// before does what comes before the answer. With early media it leaves a session
// that runs in m.
func (a Answering) before(ctx context.Context, l Leg, s scene, m *meeting) error {
	ringer, ok := l.(Ringer)
	if !ok || a.Ring <= 0 && a.Early == "" {
		return nil
	}
	if a.Ring > 0 {
		if err := ringer.Ring(ctx); err != nil && ctx.Err() == nil {
			s.call.Log.Warn("ringing", "call", s.call.ID, "error", err)
		}
		if err := linger(ctx, min(a.Ring, maxRing)); err != nil {
			return err
		}
	}
	if a.Early == "" {
		return nil
	}
	var err error
	if m.session, err = m.sound.early(ctx, ringer, l); err != nil {
		var not *notEarlyError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.As(err, &not):
			return err
		}
		s.call.Log.Info("no early media", "call", s.call.ID, "error", err)
		return nil // he hears it after the answer
	}
	s.hold()
	s.start(m.session)
	err = announce(ctx, s.call.Line, m.session, a.Early)
	m.disclosed = err == nil
	if err != nil && ctx.Err() == nil {
		s.call.Log.Warn("speaking before the answer", "call", s.call.ID, "error", err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// notEarlyError tells that a far end takes no early media; the sound is still to be
// settled by the answer.
type notEarlyError struct{ err error }

func (e *notEarlyError) Error() string { return e.err.Error() }
func (e *notEarlyError) Unwrap() error { return e.err }

// early opens the sound before the answer. The offer of a far end that made none is
// ours, and its answer came with the acknowledgement (PRACK, RFC 3262 section 5).
func (s *sound) early(ctx context.Context, r Ringer, l Leg) (*media.Session, error) {
	if err := r.Progress(ctx, 183, s.sdp); err != nil {
		return nil, &notEarlyError{err}
	}
	if !s.offered {
		return s.open()
	}
	answer := l.Offer()
	if len(answer) == 0 {
		return nil, &notEarlyError{errors.New("the far end has not answered our offer yet")}
	}
	return s.accepted(answer)
}

// announce speaks a text and returns when it was sent.
func announce(ctx context.Context, line Line, s *media.Session, text string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxEarly, errors.New("the announcement takes too long"))
	defer cancel()
	u := s.Out().Utterance(ctx)
	defer u.Finish()
	if err := line.Speak.Synthesize(ctx, line.utterance(text), u); err != nil {
		return err
	}
	u.Finish()
	return wait(ctx, u.Done())
}
