package call

import (
	"cmp"
	"context"
	"sync"
	"time"

	"hotline/internal/event"
	"hotline/media"
)

// An App answers a test line: echo, tone, announcement. It returns when it is done
// or ctx ends.
type App func(ctx context.Context, s *media.Session) error

// TestLine is the line in the records of calls that an App answers. No business has
// a name with a space.
const TestLine = "test line"

// app runs a call to a test line. Its record is written once, when it is over:
// monitors ring these lines all day, and of a call that says nothing the end tells
// everything.
func (m *Manager) app(ctx context.Context, id string, a Arrival, app App) error {
	ctx, cancel, stop := Until(ctx, a.Leg)
	defer stop()
	defer cancel(nil)
	defer m.endedBy(cancel)()
	rec := Record{ID: id, Line: TestLine, StartedAt: time.Now()}
	a.about(&rec)
	session, err := m.answerTest(ctx, a, &rec)
	if err == nil {
		m.runTest(ctx, cancel, session, app)
		err = context.Cause(ctx)
	}
	m.endTest(ctx, a, rec, session, err)
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

func (m *Manager) runTest(ctx context.Context, cancel context.CancelCauseFunc, s *media.Session, app App) {
	var wg sync.WaitGroup
	wg.Go(func() { cancel(guard(func() error { return s.Run(ctx) })) })
	err := guard(func() error { return app(ctx, s) })
	cancel(cmp.Or(err, ErrDone))
	wg.Wait()
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
