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
	missing uint64  // a bit for each frame of the store that did not arrive
	last    bool    // the frame read last did not
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
func (r *Ring) WriteFrame(f Frame) error { return r.write(f, false) }

// write is WriteFrame, of a frame that may be made up in place of one that is missing.
func (r *Ring) write(f Frame, missing bool) error {
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
	i := (r.head + r.n) % ringFrames
	copy(r.frame(i), f)
	r.missing &^= 1 << i
	if missing {
		r.missing |= 1 << i
	}
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
	r.last = r.missing>>r.head&1 == 1
	r.head, r.n = (r.head+1)%ringFrames, r.n-1
	return nil
}

// Missing tells whether the frame that was read last is made up in place of one that
// did not arrive.
func (r *Ring) Missing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
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
