package media

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// stalling is a ticker that is held up once.
type stalling struct {
	at      int
	stall   time.Duration
	ticks   int
	skipped int
	last    time.Time
	gaps    []time.Duration
}

func (s *stalling) panicked(error) {}

func (s *stalling) tick(_ time.Time, _ *scratch, skip int) {
	now := time.Now()
	if s.ticks > 0 {
		s.gaps = append(s.gaps, now.Sub(s.last))
	}
	s.last = now
	s.ticks++
	s.skipped += skip
	if s.ticks == s.at {
		time.Sleep(s.stall)
	}
}

// However long the clock is held up, time on its axis is right afterwards, and no
// more than a few ticks come in a burst.
func TestClockCatchesUp(t *testing.T) {
	for _, stall := range []time.Duration{0, 30 * time.Millisecond, 90 * time.Millisecond, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			clock := &Clock{Workers: 1}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- clock.Run(ctx) }()
			s := &stalling{at: 10, stall: stall}
			e := clock.add(s)
			time.Sleep(10 * time.Second)
			e.remove()
			cancel()
			<-done
			if n := s.ticks + s.skipped; n < 499 || n > 501 {
				t.Errorf("stall of %v: %d ticks in 10 s", stall, n)
			}
			burst := 0
			for _, g := range s.gaps {
				if g < time.Millisecond {
					burst++
				}
			}
			if burst > maxBehind+1 {
				t.Errorf("stall of %v: %d ticks in a burst", stall, burst)
			}
		})
	}
}

// Sessions share moments, so that few calls wake the machine seldom, and spread
// over all of them when there are many.
func TestClockSpreads(t *testing.T) {
	clock := &Clock{Workers: 2}
	var all []*entry
	for range 20 {
		all = append(all, clock.add(&stalling{}))
	}
	for _, e := range all {
		if e.slot != 0 || e.w != clock.workers[0] {
			t.Fatal("twenty calls fit into one moment")
		}
	}
	for range 980 {
		all = append(all, clock.add(&stalling{}))
	}
	for _, w := range clock.workers {
		if w.load() != 500 {
			t.Errorf("a worker has %d of 1000", w.load())
		}
		for i, s := range w.slots {
			if len(s) != 50 {
				t.Errorf("moment %d has %d of 500", i, len(s))
			}
		}
	}
	for _, e := range all {
		e.remove()
	}
	if clock.Sessions() != 0 {
		t.Error("sessions are left")
	}
}
