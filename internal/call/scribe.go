package call

import (
	"context"
	"log/slog"
	"time"

	"hotline/internal/event"
)

// A scribe writes a call's record down without the conversation ever waiting for
// a disk. Its queue is bounded; what does not fit is counted and logged, the call
// goes on.
type scribe struct {
	journal Journal
	bus     *event.Bus
	log     *slog.Logger
	call    string
	queue   chan func(context.Context) error
	lost    int // entries that found the queue full; owned by the writing goroutine's producer (converse)
	// missing is the beginning while it could not be written; run owns it. What comes
	// later hangs on it.
	missing *Record
}

const (
	scribeQueue   = 512
	journalWait   = 5 * time.Second // one write, before it is given up and logged
	lastWriteWait = 10 * time.Second
)

func newScribe(j Journal, bus *event.Bus, call string, log *slog.Logger) *scribe {
	return &scribe{journal: j, bus: bus, log: log, call: call, queue: make(chan func(context.Context) error, scribeQueue)}
}

// run writes until the queue is closed. It outlives the call's ctx, since the
// last entries are the ones that tell how it ended.
func (s *scribe) run(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for write := range s.queue {
		s.write(ctx, write)
	}
}

func (s *scribe) write(ctx context.Context, write func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, journalWait)
	defer cancel()
	if s.missing != nil && s.journal.Begin(ctx, *s.missing) == nil {
		s.missing = nil
	}
	if err := write(ctx); err != nil {
		s.log.Error("writing the call's record", "call", s.call, "error", err)
	}
}

func (s *scribe) put(write func(context.Context) error) {
	select {
	case s.queue <- write:
	default:
		s.lost++
		s.log.Error("the record's queue is full; an entry is lost", "call", s.call, "lost", s.lost)
	}
}

func (s *scribe) publish(kind event.Kind, data any) {
	s.bus.Publish(event.Event{Kind: kind, At: time.Now(), Call: s.call, Data: data})
}

// begin writes the record's beginning, where the disk stalls again before what comes
// next; written, which may be nil, is closed after the first time.
func (s *scribe) begin(r Record, written chan<- struct{}) {
	s.put(func(ctx context.Context) error {
		if written != nil {
			defer close(written)
		}
		err := s.journal.Begin(ctx, r)
		if err != nil {
			s.missing = &r
		}
		return err
	})
	s.publish("call.started", r)
}

func (s *scribe) update(r Record) {
	s.put(func(ctx context.Context) error { return s.journal.Update(ctx, r) })
	s.publish("call.updated", r)
}

func (s *scribe) turn(t TurnRecord) {
	t.Call = s.call
	s.put(func(ctx context.Context) error { return s.journal.AddTurn(ctx, t) })
	s.publish("call.turn", t)
}

func (s *scribe) event(e Event) {
	s.put(func(ctx context.Context) error { return s.journal.AddEvents(ctx, s.call, []Event{e}) })
	s.publish("call.event", e)
}

func (s *scribe) wish(w Wishes, wish Wish) {
	s.put(func(ctx context.Context) error { return w.AddWish(ctx, wish) })
	s.publish("wish.added", wish)
}

func (s *scribe) end(r Record) {
	s.put(func(ctx context.Context) error {
		s.missing = nil
		return s.journal.End(ctx, r)
	})
	s.publish("call.ended", r)
}
