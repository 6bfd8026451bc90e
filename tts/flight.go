package tts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"hotline/media"
)

// errUnheard is why a synthesis is cancelled whose listeners have all left.
var errUnheard = errors.New("nobody listens any more")

// maxFlight bounds the sound of one utterance, seconds.
const maxFlight = 180

// flight is one synthesis with any number of listeners. It implements
// media.Writer for the engine.
type flight struct {
	rate   int
	cancel context.CancelCauseFunc
	landed chan struct{} // closed when its goroutine has ended

	mu        sync.Mutex // guards all below
	changed   *sync.Cond
	samples   []int16 // only ever appended to
	done      bool
	err       error
	listeners int
	left      bool // the last listener has gone
}

// newFlight returns a flight with one listener on board.
func newFlight(rate int, cancel context.CancelCauseFunc) *flight {
	f := &flight{rate: rate, cancel: cancel, landed: make(chan struct{}), listeners: 1}
	f.changed = sync.NewCond(&f.mu)
	return f
}

// board adds a listener, unless all had left and the flight is being cancelled or
// it has failed.
func (f *flight) board() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left || f.err != nil {
		return false
	}
	f.listeners++
	return true
}

func (f *flight) begun() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.samples) > 0 && !f.left && f.err == nil
}

// Rate implements media.Writer.
func (f *flight) Rate() int { return f.rate }

// WriteFrame implements media.Writer.
func (f *flight) WriteFrame(x media.Frame) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left {
		return errUnheard
	}
	if len(f.samples) > maxFlight*f.rate {
		return fmt.Errorf("speech of more than %d s", maxFlight)
	}
	f.samples = append(f.samples, x...)
	f.changed.Broadcast()
	return nil
}

// make runs the engine.
func (f *flight) make(ctx context.Context, next Synthesizer, u Utterance) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("speech synthesis panicked: %v", v)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.done, f.err = true, err
		f.changed.Broadcast()
	}()
	return next.Synthesize(ctx, u, f)
}

// sound is all of it, once done.
func (f *flight) sound() []int16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.samples
}

// listen plays the flight from its beginning and leaves it.
func (f *flight) listen(ctx context.Context, dst media.Writer) error {
	defer f.leave()
	defer context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changed.Broadcast()
	})()
	out := NewFrames(dst, f.rate)
	for pos := 0; ; {
		x, done, err := f.wait(ctx, pos)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(x) > 0 {
			if err := out.Write(ctx, x); err != nil {
				return err
			}
			pos += len(x)
			continue
		}
		if err != nil {
			return err
		}
		if done {
			return out.Flush(ctx)
		}
	}
}

// wait returns what has been made beyond pos, which is never written again.
func (f *flight) wait(ctx context.Context, pos int) (x []int16, done bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.samples) <= pos && !f.done && ctx.Err() == nil {
		f.changed.Wait()
	}
	return f.samples[pos:len(f.samples):len(f.samples)], f.done, f.err
}

// leave ends one listener. The last one cancels what is still being made and
// waits until the engine has let go.
func (f *flight) leave() {
	f.mu.Lock()
	f.listeners--
	abandoned := f.listeners == 0 && !f.done
	f.left = f.left || abandoned
	f.mu.Unlock()
	if abandoned {
		f.cancel(errUnheard)
		<-f.landed
	}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
