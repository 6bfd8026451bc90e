package call

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hotline/internal/event"
)

// A scribe writes a call's record down without the conversation ever waiting for
// a disk. Its queue is bounded. While the disk stalls, entries wait, and are tried
// again; only when it really fails are they lost, which is counted and told. The call
// goes on.
type scribe struct {
	journal Journal
	bus     *event.Bus
	log     *slog.Logger
	losses  *losses
	call    string
	queue   chan entry
	// run owns what follows.
	missing *Record   // the beginning while it could not be written: what comes later hangs on it
	failed  time.Time // of the last entry that was given up; zero when the disk works
}

type entry struct {
	write   func(context.Context) error
	first   *Record         // instead of write: how the call began
	written chan<- struct{} // with first; may be nil
	last    bool            // how the call ended: all of it
}

const (
	scribeQueue   = 512
	journalWait   = 45 * time.Second // one try: longer than a transaction may take, so that its outcome is known
	lastWriteWait = 10 * time.Second

	// An entry that meets a disk which is slow is tried for stallPatience; one that is
	// refused at once for errorPatience.
	stallPatience = 2 * time.Minute
	errorPatience = 15 * time.Second
	// After an entry was given up one of each failedPause is tried, once.
	failedPause         = 5 * time.Second
	firstWait, mostWait = 100 * time.Millisecond, 5 * time.Second
)

func newScribe(s Services, call string) *scribe {
	l := s.losses
	if l == nil {
		l = &losses{log: s.Log}
	}
	return &scribe{journal: s.Journal, bus: s.Bus, log: s.Log, losses: l, call: call, queue: make(chan entry, scribeQueue)}
}

// run writes until the queue is closed. It outlives the call, since the last entries
// are the ones that tell how it ended.
func (s *scribe) run(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for e := range s.queue {
		s.write(ctx, e)
	}
}

func (s *scribe) write(ctx context.Context, e entry) {
	began := time.Now()
	if !e.last && !s.failed.IsZero() && began.Sub(s.failed) < failedPause {
		s.losses.add(s.call, errFailing)
		return
	}
	once := !e.last && !s.failed.IsZero()
	if e.first != nil {
		s.missing = e.first
	}
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		tried := time.Now()
		err := s.try(ctx, e, once)
		if e.written != nil {
			close(e.written)
			e.written = nil
		}
		now := time.Now()
		if err == nil {
			s.failed = time.Time{}
			return
		}
		patience := errorPatience
		switch {
		case once:
			patience = 0
		case s.losses.closed():
			patience = lastWriteWait
		case now.Sub(tried) > time.Second || errors.Is(err, context.DeadlineExceeded):
			patience = stallPatience
		}
		if now.Sub(began)+wait > patience {
			s.failed = now
			s.losses.add(s.call, err)
			return
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// try writes an entry, after the beginning if that is missing.
func (s *scribe) try(ctx context.Context, e entry, once bool) error {
	wait := journalWait
	if once || s.losses.closed() {
		wait = failedPause
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if s.missing != nil && !e.last {
		if err := s.journal.Begin(ctx, *s.missing); err != nil {
			return err
		}
		s.missing = nil
	}
	if e.write == nil {
		return nil
	}
	return e.write(ctx)
}

var (
	errFailing   = errors.New("the disk or database has failed before")
	errQueueFull = errors.New("the record's queue is full")
)

func (s *scribe) put(write func(context.Context) error) { s.queueUp(entry{write: write}) }

func (s *scribe) queueUp(e entry) {
	select {
	case s.queue <- e:
	default:
		s.losses.add(s.call, errQueueFull)
	}
}

// losses tells of the entries of all calls that are lost: of the first at once, of
// those that follow together.
type losses struct {
	log     *slog.Logger
	closing <-chan struct{} // closed when the server ends, and patience with it; nil: never

	mu      sync.Mutex // guards what follows
	all     int64
	lost    int    // not told yet
	waiting bool   // until they are
	call    string // the last
	err     error
}

const lossesEvery = 10 * time.Second

func (l *losses) closed() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

func (l *losses) add(call string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all++
	l.lost++
	l.call, l.err = call, err
	if !l.waiting {
		l.tell()
	}
}

// sum is how many have been lost since the start.
func (l *losses) sum() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// tell needs l.mu.
func (l *losses) tell() {
	l.log.Error("entries of call records are lost: see whether the disk is full or the database is down", "lost", l.lost, "call", l.call, "error", l.err)
	l.lost, l.waiting = 0, true
	time.AfterFunc(lossesEvery, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.waiting = false; l.lost > 0 {
			l.tell()
		}
	})
}

func (s *scribe) publish(kind event.Kind, data any) {
	s.bus.Publish(event.Event{Kind: kind, At: time.Now(), Call: s.call, Data: data})
}

// begin writes the record's beginning; written, which may be nil, is closed after the
// first try.
func (s *scribe) begin(r Record, written chan<- struct{}) {
	s.queueUp(entry{first: &r, written: written})
	s.publish("call.started", r)
}

func (s *scribe) update(r Record) {
	s.put(func(ctx context.Context) error { return s.journal.Update(ctx, r) })
	s.publish("call.updated", r)
}

// show tells of a record that has not changed. Who is rung may read of the call only from
// now on, and reads it before the disk has what was said last.
func (s *scribe) show(r Record) { s.publish("call.updated", r) }

func (s *scribe) turn(t TurnRecord) {
	t.Call = s.call
	s.put(func(ctx context.Context) error { return s.journal.AddTurn(ctx, t) })
	s.publish("call.turn", t)
}

func (s *scribe) event(e Event) {
	s.put(func(ctx context.Context) error { return s.journal.AddEvents(ctx, s.call, []Event{e}) })
	s.publish("call.event", e)
}

// wish keeps a promise. What becomes a ticket or a review is told of as that, by whom it
// becomes one.
func (s *scribe) wish(w Wishes, wish Wish) {
	s.put(func(ctx context.Context) error { return w.AddWish(ctx, wish) })
	if wish.Kind != KindTicket && wish.Kind != KindReview {
		s.publish("wish.added", wish)
	}
}

func (s *scribe) end(r Record) {
	s.queueUp(entry{last: true, write: func(ctx context.Context) error { return s.journal.End(ctx, r) }})
	s.publish("call.ended", r)
}
