package media

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClockStopped is returned by Session.Run when the shared Clock's Run has ended.
var ErrClockStopped = errors.New("media clock has stopped")

const (
	clockSlots = 10                     // a frame time is divided into so many moments
	slotTime   = FrameTime / clockSlots // between them
	slotFirst  = 25                     // sessions that a moment takes before the next one is used: each costs a wake-up
	fillFirst  = 250                    // sessions that a worker takes before the next one is used
	maxBehind  = 3                      // ticks made up for after a stall; the rest is skipped
)

// A Clock ticks many sessions every 20 ms, each at a moment of its own, from a few
// goroutines: with hundreds of calls that costs half of what a goroutine and a
// timer for each does. The zero value is ready.
type Clock struct {
	// Workers is how many goroutines tick; 0 means half of the CPUs.
	Workers int

	mu      sync.Mutex
	workers []*worker
	stopped chan struct{}
}

// ticker is what a Clock ticks. The scratch memory is the worker's. If the clock was
// held up, skip tells how many ticks fell out before this one.
type ticker interface {
	tick(now time.Time, w *scratch, skip int)
	panicked(err error)
}

// entry is one ticker's place.
type entry struct {
	w    *worker
	slot int

	mu   sync.Mutex // held during a tick, so that remove waits for its end
	t    ticker
	gone bool
}

type worker struct {
	wake    chan struct{} // a slot is no longer empty
	scratch *scratch
	moments atomic.Int64 // that have come
	late    atomic.Int64 // nanoseconds that they came too late, together

	mu    sync.Mutex
	slots [clockSlots][]*entry // each slice is replaced, never changed
	count int
}

// init needs c.mu.
func (c *Clock) init() {
	if c.workers != nil {
		return
	}
	n := c.Workers
	if n <= 0 {
		n = max(1, runtime.GOMAXPROCS(0)/2)
	}
	c.stopped = make(chan struct{})
	for range n {
		c.workers = append(c.workers, &worker{wake: make(chan struct{}, 1)})
	}
}

// Run ticks until ctx ends. It must be called once.
func (c *Clock) Run(ctx context.Context) error {
	c.mu.Lock()
	c.init()
	workers := c.workers
	c.mu.Unlock()
	defer close(c.stopped)
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
	return nil
}

// Sessions is how many sessions are being ticked.
func (c *Clock) Sessions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, w := range c.workers {
		w.mu.Lock()
		n += w.count
		w.mu.Unlock()
	}
	return n
}

// Lateness tells how well the clock keeps time: how many moments have come since the
// start, and how late they came, together. Where the machine has too much to do, the
// average of what came lately grows before anything else shows it.
func (c *Clock) Lateness() (moments int64, late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.workers {
		moments += w.moments.Load()
		late += time.Duration(w.late.Load())
	}
	return moments, late
}

// done is closed when Run has ended.
func (c *Clock) done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.init()
	return c.stopped
}

// add has t ticked from now on.
func (c *Clock) add(t ticker) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.init()
	w := c.workers[0]
	for _, v := range c.workers {
		if v.load() < fillFirst {
			w = v
			break
		}
		if v.load() < w.load() {
			w = v
		}
	}
	w.mu.Lock()
	e := &entry{w: w, t: t}
	for i := range w.slots {
		if len(w.slots[i]) < slotFirst {
			e.slot = i
			break
		}
		if len(w.slots[i]) < len(w.slots[e.slot]) {
			e.slot = i
		}
	}
	w.slots[e.slot] = append(slices.Clip(w.slots[e.slot]), e)
	w.count++
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return e
}

func (w *worker) load() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// remove returns when the last tick is over.
func (e *entry) remove() {
	e.w.mu.Lock()
	s := slices.Clone(e.w.slots[e.slot])
	e.w.slots[e.slot] = slices.DeleteFunc(s, func(v *entry) bool { return v == e })
	e.w.count--
	e.w.mu.Unlock()
	e.mu.Lock()
	e.gone = true
	e.mu.Unlock()
}

func (w *worker) run(ctx context.Context) {
	w.scratch = newScratch()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due [clockSlots]time.Time // when each slot is next, zero while it is empty
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		var soonest time.Time
		for i := range due {
			w.mu.Lock()
			entries := w.slots[i]
			w.mu.Unlock()
			if len(entries) == 0 {
				due[i] = time.Time{}
				continue
			}
			now := time.Now()
			if due[i].IsZero() {
				due[i] = nextMoment(start, now, i)
			}
			if !due[i].After(now) {
				w.moments.Add(1)
				w.late.Add(int64(now.Sub(due[i])))
				behind := int(now.Sub(due[i]) / FrameTime)
				skip := max(0, behind-maxBehind)
				due[i] = due[i].Add(time.Duration(skip) * FrameTime)
				for ; !due[i].After(now); due[i] = due[i].Add(FrameTime) {
					for _, e := range entries {
						e.tick(now, w.scratch, skip)
					}
					skip = 0
				}
			}
			if soonest.IsZero() || due[i].Before(soonest) {
				soonest = due[i]
			}
		}
		if soonest.IsZero() {
			timer.Stop()
			continue
		}
		timer.Reset(time.Until(soonest))
	}
}

// nextMoment is when slot i, counted from start, is next.
func nextMoment(start, now time.Time, i int) time.Time {
	first := start.Add(time.Duration(i) * slotTime)
	if first.After(now) {
		return first
	}
	return now.Add(FrameTime - now.Sub(first)%FrameTime)
}

func (e *entry) tick(now time.Time, w *scratch, skip int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			e.gone = true // one call's fault is no other's
			e.t.panicked(fmt.Errorf("panic in the media clock: %v\n%s", r, debug.Stack()))
		}
	}()
	e.t.tick(now, w, skip)
}
