package call

import (
	"cmp"
	"context"
	"sync"
	"time"

	"hotline/internal/event"
	"hotline/media"
)

// An App answers a test line: echo, tone, announcement. It runs the session, and returns
// when that is over or there is nothing more to do.
type App func(ctx context.Context, s *media.Session) error

// Echo returns to the far end what it says. What comes back has passed the jitter
// buffer, both codecs and the clock.
func Echo(ctx context.Context, s *media.Session) error {
	s.SetEcho(true)
	return s.Run(ctx)
}

// Playing is an App that runs the session while something is played on it.
func Playing(play func(ctx context.Context, s *media.Session) error) App {
	return func(ctx context.Context, s *media.Session) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var wg sync.WaitGroup
		var over error
		wg.Go(func() {
			defer cancel()
			over = guard(func() error { return s.Run(ctx) })
		})
		err := guard(func() error { return play(ctx, s) })
		cancel()
		wg.Wait()
		return cmp.Or(over, err)
	}
}

// TestLine is the line in the records of calls that an App answers. No business has
// a name with a space.
const TestLine = "test line"

// app runs a call to a test line. Its record is written once, when it is over:
// monitors ring these lines all day, and of a call that says nothing the end tells
// everything.
//
//nolint:contextcheck,nolintlint // the leg's own ctx is the call's: see below
func (m *Manager) app(whole context.Context, end context.CancelCauseFunc, id string, a Arrival, app App) error {
	// The call's ctx is a child of its leg's, so that hanging up ends it without
	// another goroutine; what ends a call seldom costs one.
	ctx, cancel := context.WithCancelCause(a.Leg.Context())
	defer cancel(nil)
	defer context.AfterFunc(whole, func() { cancel(context.Cause(whole)) })()
	defer m.endedBy(end)()
	rec := Record{ID: id, Line: TestLine, StartedAt: time.Now()}
	a.about(&rec)
	var session *media.Session
	err := aside(func() (err error) {
		session, err = m.answerTest(ctx, a, &rec)
		return err
	})
	if err == nil {
		err = guard(func() error { return app(ctx, session) })
		cancel(cmp.Or(err, ErrDone))
		err = context.Cause(ctx)
	}
	if e := aside(func() error {
		m.endTest(ctx, a, rec, session, err)
		return nil
	}); e != nil {
		return e
	}
	return err
}

func (m *Manager) answerTest(ctx context.Context, a Arrival, rec *Record) (*media.Session, error) {
	in, err := m.services.Audio.answering(ctx, a.Leg.Offer(), a.Reached, nil)
	if err != nil {
		return nil, err
	}
	s, err := in.settle(ctx, a.Leg)
	if err != nil {
		return nil, err
	}
	rec.AnsweredAt, rec.Codec = time.Now(), s.Media().Codec.Name
	if a.OnUpdate != nil {
		a.OnUpdate(func(offer []byte) ([]byte, error) {
			answer, _, err := in.refresh(s, offer)
			return answer, err
		})
	}
	return s, nil
}

// endTest hangs up and writes the record.
func (m *Manager) endTest(ctx context.Context, a Arrival, rec Record, s *media.Session, cause error) {
	tellReason(a.Leg, cause)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWriteWait)
	defer cancel()
	if err := endLeg(last, a.Leg, cause); err != nil {
		m.services.Log.Warn("hanging up", "error", err)
	}
	rec.EndedAt = time.Now()
	rec.end(cause, Facts{Asked: 1, LastResolved: true}) // whoever hung up, it has served
	if s != nil {
		rec.Media = quality(s)
	}
	if err := m.services.Journal.End(last, rec); err != nil {
		m.services.Log.Error("writing the call's record", "call", rec.ID, "error", err)
	}
	m.services.Bus.Publish(event.Event{Kind: "call.ended", At: rec.EndedAt, Call: rec.ID, Data: rec})
}
