package asr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// ErrOverloaded says that a segment was turned away because it would have had to
// wait too long. The dialogue then offers the keypad or a person.
var ErrOverloaded = errors.New("speech recognition is overloaded")

// ErrSuperseded says that a newer segment of the same call took the place of a
// partial one that was still waiting.
var ErrSuperseded = errors.New("superseded by a newer segment of the call")

// ErrStopped says that the Pool's Run has ended.
var ErrStopped = errors.New("speech recognition has stopped")

// PoolConfig bounds a Pool. The zero value works.
type PoolConfig struct {
	Workers    int           // decodes at once; default one per core
	MaxWaiting int           // segments that wait; default 16 per worker
	MaxWait    time.Duration // a segment that would wait longer is turned away; default 2 s
	Log        *slog.Logger  // default: nothing is logged
}

// A Pool shares a Decoder between calls: so many decodes at once, urgent segments
// before partial ones, calls in turn. It is a Decoder itself.
type Pool struct {
	cfg     PoolConfig
	decoder Decoder
	wake    chan struct{} // as many tokens as workers: one may find work

	mu      sync.Mutex
	stopped bool
	calls   map[string]*callQueue
	turns   [2][]*callQueue // calls with waiting urgent, partial segments, in their order
	waiting [2]int
	stats   PoolStats
	mean    time.Duration // moving mean of a decode's time
	load    float64       // moving mean of the share of workers that decode
	loadAt  time.Time     // when load was brought up to date
}

// Partial texts are a comfort and cost as much as those that count: they are made
// while the workers have been busy for no more than this share of the time lately.
// Without the bound they took a third of the processors at forty calls.
const (
	partialLoad = 0.2
	loadMemory  = 4 * time.Second
)

// PoolStats says what a Pool has done and is doing.
type PoolStats struct {
	Workers    int
	Running    int
	Waiting    int
	Decoded    int64
	Failed     int64
	Overloaded int64         // turned away
	Superseded int64         // gave way to a newer segment, or were given up waiting
	MeanDecode time.Duration // moving mean
	Wait       time.Duration // what an urgent segment would have to wait now
	Load       float64       // the share of the workers that were busy lately, 0–1
}

// Which of a call's queues: urgent segments first.
const (
	queueUrgent = iota
	queuePartial
)

type callQueue struct {
	call  string
	tasks [2][]*task
}

type task struct {
	ctx      context.Context //nolint:containedctx // a request on its way to the worker that serves it
	segment  Segment
	queued   time.Time
	took     chan struct{} // closed once the outcome is there
	out      Transcript
	err      error
	finished bool // guarded by Pool.mu until took is closed
}

var _ Decoder = (*Pool)(nil)

// NewPool returns a Pool over d. Nothing is decoded before Run.
func NewPool(d Decoder, cfg PoolConfig) *Pool {
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.MaxWaiting <= 0 {
		cfg.MaxWaiting = 16 * cfg.Workers
	}
	if cfg.MaxWait <= 0 {
		cfg.MaxWait = 2 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Pool{
		cfg: cfg, decoder: d, wake: make(chan struct{}, cfg.Workers),
		calls: map[string]*callQueue{}, mean: 250 * time.Millisecond,
	}
}

// Run decodes until ctx ends, then turns away what still waits and returns once
// the workers have. It may be called once.
func (p *Pool) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range p.cfg.Workers {
		wg.Go(func() { p.work(ctx) })
	}
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for _, q := range p.calls {
		for _, tasks := range q.tasks {
			for _, t := range tasks {
				p.finish(t, Transcript{}, ErrStopped)
			}
		}
	}
	clear(p.calls)
	p.turns, p.waiting = [2][]*callQueue{}, [2]int{}
	return context.Cause(ctx)
}

// Decode queues s and waits for its turn and its text. It returns ErrOverloaded
// at once where the wait would be too long.
func (p *Pool) Decode(ctx context.Context, s Segment) (Transcript, error) {
	t := &task{ctx: ctx, segment: s, queued: time.Now(), took: make(chan struct{})}
	if err := p.enqueue(t); err != nil {
		return Transcript{}, err
	}
	select {
	case p.wake <- struct{}{}:
	default: // every worker is awake already
	}
	select {
	case <-t.took:
		return t.out, t.err
	case <-ctx.Done():
		p.abandon(t)
		return Transcript{}, context.Cause(ctx)
	}
}

// Idle says whether there is room for what is not urgent: nothing waits, less than
// half of the workers are busy and they were not much busy lately, so that it delays
// nobody and does not take the processors from calls.
func (p *Pool) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weigh()
	return !p.stopped && p.load < partialLoad && 2*p.stats.Running < p.cfg.Workers && p.waiting[queueUrgent]+p.waiting[queuePartial] == 0
}

// Stats returns the figures of now.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Workers, s.Waiting, s.MeanDecode = p.cfg.Workers, p.waiting[queueUrgent]+p.waiting[queuePartial], p.mean
	s.Wait = p.expected(queueUrgent)
	p.weigh()
	s.Load = p.load
	return s
}

// weigh brings the load up to date; it is called before Running changes. p.mu is held.
func (p *Pool) weigh() {
	now := time.Now()
	if !p.loadAt.IsZero() {
		share := float64(p.stats.Running) / float64(p.cfg.Workers)
		p.load += (share - p.load) * (1 - math.Exp(-now.Sub(p.loadAt).Seconds()/loadMemory.Seconds()))
	}
	p.loadAt = now
}

func (p *Pool) enqueue(t *task) error {
	kind := queuePartial
	if t.segment.Urgent {
		kind = queueUrgent
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return ErrStopped
	}
	q := p.calls[t.segment.Call]
	if q != nil {
		// Whatever is newer of a call holds what its waiting partial one does.
		for _, old := range slices.Clone(q.tasks[queuePartial]) {
			p.remove(old)
			p.stats.Superseded++
			p.finish(old, Transcript{}, ErrSuperseded)
		}
		q = p.calls[t.segment.Call]
	}
	if p.waiting[queueUrgent]+p.waiting[queuePartial] >= p.cfg.MaxWaiting || p.expected(kind) > p.cfg.MaxWait {
		p.stats.Overloaded++
		return ErrOverloaded
	}
	if q == nil {
		q = &callQueue{call: t.segment.Call}
		p.calls[q.call] = q
	}
	if len(q.tasks[kind]) == 0 {
		p.turns[kind] = append(p.turns[kind], q)
	}
	q.tasks[kind] = append(q.tasks[kind], t)
	p.waiting[kind]++
	return nil
}

// expected is how long a new segment of that kind would wait.
func (p *Pool) expected(kind int) time.Duration {
	ahead := p.waiting[queueUrgent]
	if kind == queuePartial {
		ahead += p.waiting[queuePartial]
	}
	free := p.cfg.Workers - p.stats.Running
	if ahead < free {
		return 0
	}
	// Those that run are half done in the mean.
	return time.Duration(float64(p.mean) * (float64(ahead-max(free, 0)) + 0.5) / float64(p.cfg.Workers))
}

func (p *Pool) work(ctx context.Context) {
	for {
		t := p.next(ctx)
		if t == nil {
			select {
			case <-ctx.Done():
				return
			case <-p.wake:
				continue
			}
		}
		p.serve(ctx, t)
	}
}

// next takes the task whose turn it is, nil where there is none.
func (p *Pool) next(ctx context.Context) *task {
	if ctx.Err() != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for kind := range p.turns {
		if len(p.turns[kind]) == 0 {
			continue
		}
		t := p.turns[kind][0].tasks[kind][0]
		q := p.turns[kind][0]
		p.remove(t)
		if len(q.tasks[kind]) > 0 { // to the end of the line
			i := slices.Index(p.turns[kind], q)
			p.turns[kind] = append(slices.Delete(p.turns[kind], i, i+1), q)
		}
		p.weigh()
		p.stats.Running++
		return t
	}
	return nil
}

// remove takes a waiting task out of its queue. p.mu is held.
func (p *Pool) remove(t *task) bool {
	q := p.calls[t.segment.Call]
	if q == nil {
		return false
	}
	for kind := range q.tasks {
		i := slices.Index(q.tasks[kind], t)
		if i < 0 {
			continue
		}
		q.tasks[kind] = slices.Delete(q.tasks[kind], i, i+1)
		p.waiting[kind]--
		if len(q.tasks[kind]) == 0 {
			if k := slices.Index(p.turns[kind], q); k >= 0 {
				p.turns[kind] = slices.Delete(p.turns[kind], k, k+1)
			}
		}
		if len(q.tasks[queueUrgent])+len(q.tasks[queuePartial]) == 0 {
			delete(p.calls, q.call)
		}
		return true
	}
	return false
}

func (p *Pool) serve(ctx context.Context, t *task) {
	queued := time.Since(t.queued)
	start := time.Now()
	// The pool's end ends its decodes, whoever asked for them.
	own, cancel := context.WithCancelCause(t.ctx)
	stop := context.AfterFunc(ctx, func() { cancel(ErrStopped) })
	out, err := p.decode(own, t.segment) //nolint:contextcheck // the task carries the ctx of who asked
	stop()
	cancel(nil)
	took := time.Since(start)
	out.Queued += queued
	if out.Took == 0 {
		out.Took = took
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weigh()
	p.stats.Running--
	if err != nil {
		if t.ctx.Err() == nil {
			p.stats.Failed++
		}
	} else {
		p.stats.Decoded++
		p.mean += (took - p.mean) / 8
	}
	p.finish(t, out, err)
}

func (p *Pool) decode(ctx context.Context, s Segment) (t Transcript, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.cfg.Log.Error("decoder panicked", "call", s.Call, "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("decoder panicked: %v", r)
		}
	}()
	return p.decoder.Decode(ctx, s)
}

// finish hands a task its outcome. p.mu is held.
func (p *Pool) finish(t *task, out Transcript, err error) {
	if t.finished {
		return
	}
	t.finished, t.out, t.err = true, out, err
	close(t.took)
}

// abandon gives up a task whose caller is gone. One that is being decoded ends by
// its own ctx.
func (p *Pool) abandon(t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.remove(t) {
		p.stats.Superseded++
	}
}

// idle says whether a decoder has nothing to do; one that cannot tell is not
// bothered with partial decodes.
func idle(d Decoder) bool {
	i, ok := d.(interface{ Idle() bool })
	return ok && i.Idle()
}
