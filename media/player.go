package media

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hotline/media/dsp"
)

// Errors of writing to a Player.
var (
	ErrFlushed = errors.New("utterance was flushed")
	ErrClosed  = errors.New("audio session has ended")
)

const (
	queueFrames = 25 // half a second: what a writer may be ahead
	lowFrames   = 12 // a writer that had to wait is woken this late, so that it writes in bursts
	backFrames  = 6  // how far Resume steps back
)

// Player queues what is to be said; the session's clock drains it. Several
// Utterances may be open; each is heard whole before the next one that writes.
type Player struct {
	rate int
	size int // samples a frame

	mu      sync.Mutex
	changed sync.Cond // room in the queue, an utterance ended; uses mu
	waiters int
	store   []int16      // queueFrames+backFrames frames: the queue, and behind its head what was played last
	owner   []*Utterance // of each frame
	head, n int
	played  int // frames behind head that are still whole
	live    []*Utterance
	writing *Utterance
	closed  bool

	paused    bool
	pausing   bool    // the next frame fades out
	gain, aim float32 // what the last frame ended with, and what is wanted
	duck      float32
}

// NewPlayer returns an empty Player for audio of rate Hz.
func NewPlayer(rate int) *Player {
	p := &Player{rate: rate, size: rate / 50, gain: 1, aim: 1, duck: 1}
	p.changed.L = &p.mu
	return p
}

// Rate is the sample rate in Hz.
func (p *Player) Rate() int { return p.rate }

const storeFrames = queueFrames + backFrames + 1

func (p *Player) frame(i int) []int16 {
	i = (i + storeFrames) % storeFrames
	return p.store[i*p.size : (i+1)*p.size]
}

func (p *Player) at(i int) *Utterance { return p.owner[(i+storeFrames)%storeFrames] }

// next fills f with the next frame; false means that there is nothing to say.
func (p *Player) next(f Frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pausing && p.n == 0 {
		p.pausing, p.paused = false, true
	}
	if p.paused || p.n == 0 {
		return false
	}
	copy(f, p.frame(p.head))
	u := p.at(p.head)
	p.head = (p.head + 1) % storeFrames
	p.n--
	p.played = min(p.played+1, backFrames)
	aim := p.aim
	if p.pausing {
		aim = 0
		p.pausing, p.paused = false, true
	}
	ramp(f, p.gain, aim)
	p.gain = aim
	u.queued--
	u.sent++
	if !u.startClosed {
		u.startClosed, u.startedAt = true, time.Now()
		close(u.started)
	}
	if u.queued == 0 && (u.finished || u.ctx.Err() != nil) {
		p.end(u)
	}
	if p.waiters > 0 && p.n <= lowFrames {
		p.changed.Broadcast()
	}
	return true
}

// ramp multiplies f by a gain that goes from a to b.
func ramp(f Frame, a, b float32) {
	if a == 1 && b == 1 {
		return
	}
	step := (b - a) / float32(len(f))
	for i, v := range f {
		f[i] = int16(float32(v) * a)
		a += step
	}
}

// Flush drops what is queued, ends all open utterances, undoes Pause and Duck, and
// tells how much was not played. Nothing that was written before it is heard after it.
func (p *Player) Flush() (unplayed time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unplayed = time.Duration(p.n) * FrameTime
	p.flush()
	return unplayed
}

func (p *Player) flush() {
	for len(p.live) > 0 {
		u := p.live[len(p.live)-1]
		u.flushed = true
		p.end(u)
	}
	clear(p.owner)
	p.head, p.n, p.played = 0, 0, 0
	p.paused, p.pausing = false, false
	p.gain, p.aim, p.duck = 1, 1, 1
	p.changed.Broadcast()
}

// close ends the player for good.
func (p *Player) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.flush()
	if p.store != nil && p.rate == pooledRate {
		stores.Put((*pooledStore)(p.store))
	}
	p.store, p.owner = nil, nil // with an empty queue nobody looks into them
}

// take makes the queue. It needs p.mu.
func (p *Player) take() {
	p.owner = make([]*Utterance, storeFrames)
	if p.rate == pooledRate {
		p.store = stores.Get().(*pooledStore)[:]
		return
	}
	p.store = make([]int16, storeFrames*p.size)
}

// pooledRate is that of nearly all sessions. A queue is a sixth of what a short call
// allocates, so theirs are used again. What another call has left in one is never
// heard: a frame is written whole before it is played.
const pooledRate = 8000

type pooledStore [storeFrames * pooledRate / 50]int16

var stores = sync.Pool{New: func() any { return new(pooledStore) }}

// Pause fades out within a frame and keeps the rest.
func (p *Player) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		p.pausing = true
	}
}

// Resume fades in again where Pause stopped, and a little before, so that the
// syllable that was cut is heard whole.
func (p *Player) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pausing = false
	if !p.paused {
		return
	}
	p.paused = false
	p.gain, p.aim = 0, p.duck
	var u *Utterance
	for p.played > 0 {
		v := p.at(p.head - 1)
		if v == nil || v.ended || u != nil && v != u {
			break
		}
		u = v
		p.head = (p.head - 1 + storeFrames) % storeFrames
		p.n++
		p.played--
		u.sent--
		u.queued++
	}
	p.played = 0
}

// Duck changes the level of what is played by db (negative is softer), fading
// within a frame; 0 restores it.
func (p *Player) Duck(db float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.duck = float32(dsp.Gain(min(db, 0)))
	p.aim = p.duck
}

// Queued is how much waits to be played.
func (p *Player) Queued() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.n) * FrameTime
}

// Drain waits until every utterance has been finished and played, until ctx ends
// (its cause) or the session ends (ErrClosed).
func (p *Player) Drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.wake)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case p.closed:
			return ErrClosed
		case len(p.live) == 0 && p.n == 0:
			return nil
		}
		p.wait()
	}
}

func (p *Player) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// wait needs p.mu.
func (p *Player) wait() {
	p.waiters++
	p.changed.Wait()
	p.waiters--
}

// Utterance opens one utterance. It must be finished by Finish or Close, by a
// Flush, or by the end of ctx, which stops the writing but lets what is queued be
// heard.
func (p *Player) Utterance(ctx context.Context) *Utterance {
	u := &Utterance{p: p, ctx: ctx, started: make(chan struct{}), done: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		u.ended = true
		close(u.done)
		return u
	}
	if p.store == nil {
		p.take()
	}
	p.live = append(p.live, u)
	u.stop = context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		u.release()
	})
	return u
}

// Play says samples of the player's rate and returns when the last of them was sent.
func (p *Player) Play(ctx context.Context, samples []int16) error {
	u := p.Utterance(ctx)
	defer u.Finish()
	if err := u.Write(samples); err != nil {
		return err
	}
	u.Finish()
	select {
	case <-u.Done():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end needs p.mu.
func (p *Player) end(u *Utterance) {
	if u.ended {
		return
	}
	u.ended = true
	if u.stop != nil {
		u.stop()
	}
	close(u.done)
	p.live = slices.DeleteFunc(p.live, func(v *Utterance) bool { return v == u })
	if p.writing == u {
		p.writing = nil
	}
	p.changed.Broadcast()
}

// Utterance is one thing being said: a Writer for whoever synthesizes it, and what
// became of it for whoever asked for it.
type Utterance struct {
	p             *Player
	ctx           context.Context //nolint:containedctx // the utterance lives as long as the ctx it was opened with
	stop          func() bool
	started, done chan struct{}

	// guarded by p.mu
	queued, sent int
	finished     bool // no more will be written
	flushed      bool
	ended        bool // done is closed
	startClosed  bool
	startedAt    time.Time
}

// Rate is the sample rate in Hz.
func (u *Utterance) Rate() int { return u.p.rate }

// WriteFrame queues a copy of f; a short frame is filled up with silence. It waits
// while the queue is full or another utterance is being written, and returns
// ErrFlushed, ErrClosed or the cause of ctx's end.
func (u *Utterance) WriteFrame(f Frame) error {
	p := u.p
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := queueFrames
	for {
		switch {
		case p.closed:
			return ErrClosed
		case u.flushed:
			return ErrFlushed
		case u.ctx.Err() != nil:
			return context.Cause(u.ctx)
		case u.finished:
			return ErrClosed
		}
		if (p.writing == nil || p.writing == u) && p.n < limit {
			break
		}
		if p.n >= limit {
			limit = lowFrames + 1
		}
		p.wait()
	}
	p.writing = u
	i := (p.head + p.n) % storeFrames
	dst := p.frame(i)
	clear(dst[copy(dst, f):])
	p.owner[i] = u
	p.n++
	// The new frame may have taken the place of an old one.
	p.played = min(p.played, storeFrames-p.n)
	u.queued++
	return nil
}

// Write queues samples, the last frame filled up with silence. It waits as WriteFrame
// does.
func (u *Utterance) Write(samples []int16) error {
	for f := range slices.Chunk(samples, u.p.size) {
		if err := u.WriteFrame(f); err != nil {
			return err
		}
	}
	return nil
}

// Finish says that nothing more will be written. It does not wait.
func (u *Utterance) Finish() {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	u.finished = true
	u.release()
}

// Close is Finish.
func (u *Utterance) Close() error {
	u.Finish()
	return nil
}

// release lets the next utterance write, and ends this one if nothing of it is
// queued. It needs p.mu.
func (u *Utterance) release() {
	if u.p.writing == u {
		u.p.writing = nil
	}
	if u.queued == 0 {
		u.p.end(u)
	}
	u.p.changed.Broadcast()
}

// Played is how much of the utterance went out on the wire. It is final once Done
// is closed.
func (u *Utterance) Played() time.Duration {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	return time.Duration(u.sent) * FrameTime
}

// Flushed tells whether the utterance was cut off by Flush or the session's end.
func (u *Utterance) Flushed() bool {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	return u.flushed
}

// Started is closed when the first frame goes out on the wire.
func (u *Utterance) Started() <-chan struct{} { return u.started }

// StartedAt is when the first frame went out; zero before.
func (u *Utterance) StartedAt() time.Time {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	return u.startedAt
}

// Done is closed when the last frame has gone out, or the utterance was flushed.
func (u *Utterance) Done() <-chan struct{} { return u.done }
