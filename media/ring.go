package media

import (
	"io"
	"sync"
)

// ringFrames is how far a reader may fall behind: one second.
const ringFrames = 50

// Ring is a bounded Reader that drops its oldest frame when it is full, so that
// whoever writes never waits.
type Ring struct {
	rate int

	mu      sync.Mutex
	ready   sync.Cond // frames or the end have come; uses mu
	opened  bool      // somebody reads: before that frames are not kept
	waiting bool
	store   []int16 // ringFrames frames
	head, n int
	closed  bool
	dropped int64
}

// NewRing returns an empty Ring for audio of rate Hz.
func NewRing(rate int) *Ring {
	r := &Ring{rate: rate}
	r.ready.L = &r.mu
	return r
}

// open makes the Ring keep what is written from now on.
func (r *Ring) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.opened {
		r.opened = true
		r.store = make([]int16, ringFrames*r.rate/50)
	}
}

// Rate is the sample rate in Hz.
func (r *Ring) Rate() int { return r.rate }

// WriteFrame keeps a copy of f, of Rate/50 samples. It never waits.
func (r *Ring) WriteFrame(f Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return io.ErrClosedPipe
	}
	if !r.opened {
		return nil
	}
	if r.n == ringFrames {
		r.head, r.n = (r.head+1)%ringFrames, r.n-1
		r.dropped++
	}
	copy(r.frame((r.head+r.n)%ringFrames), f)
	r.n++
	if r.waiting {
		r.ready.Signal()
	}
	return nil
}

func (r *Ring) frame(i int) []int16 {
	n := r.rate / 50
	return r.store[i*n : (i+1)*n]
}

// ReadFrame waits for a frame and fills f. After Close it yields what is left and
// then io.EOF.
func (r *Ring) ReadFrame(f Frame) error {
	r.open()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == 0 && !r.closed {
		r.waiting = true
		r.ready.Wait()
	}
	r.waiting = false
	if r.n == 0 {
		return io.EOF
	}
	copy(f, r.frame(r.head))
	r.head, r.n = (r.head+1)%ringFrames, r.n-1
	return nil
}

// Dropped is how many frames its reader was too slow for.
func (r *Ring) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Close ends the stream.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.ready.Broadcast()
	return nil
}
