package tts

import (
	"context"
	"sync"

	"hotline/media"
)

// pipe is a bounded queue of frames between the goroutine that makes sound and
// the one that plays it. It implements media.Writer on the making side.
type pipe struct {
	rate, size, limit int // limit in samples

	mu      sync.Mutex // guards all below
	changed *sync.Cond
	samples []int16 // from read on
	read    int
	marks   []mark
	written int // samples ever
	taken   int
	done    bool
	err     error
	stopped error // why the reader left
}

// mark says that a clause begins at a sample.
type mark struct {
	at   int
	text string
}

func newPipe(rate, limit int) *pipe {
	p := &pipe{rate: rate, size: frameSize(rate), limit: limit}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *pipe) Rate() int { return p.rate }

// WriteFrame blocks while the queue is full.
func (p *pipe) WriteFrame(f media.Frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.samples)-p.read >= p.limit && p.stopped == nil {
		p.changed.Wait()
	}
	if p.stopped != nil {
		return p.stopped
	}
	if p.read > 0 && len(p.samples)+len(f) > cap(p.samples) {
		p.samples = p.samples[:copy(p.samples, p.samples[p.read:])]
		p.read = 0
	}
	p.samples = append(p.samples, f...)
	p.written += len(f)
	p.changed.Broadcast()
	return nil
}

// mark notes that text begins with the next frame.
func (p *pipe) mark(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marks = append(p.marks, mark{p.written, text})
}

// finish ends the stream with the maker's error.
func (p *pipe) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.err = true, err
	p.changed.Broadcast()
}

// stop makes the maker's writes fail with cause.
func (p *pipe) stop(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil {
		p.stopped = cause
		p.changed.Broadcast()
	}
}

// next fills f and returns the clause that begins with it, if one does. more is
// false behind the last frame.
func (p *pipe) next(f media.Frame) (begins []string, more bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.samples) == p.read && !p.done && p.stopped == nil {
		p.changed.Wait()
	}
	if p.stopped != nil {
		return nil, false, p.stopped
	}
	if len(p.samples) == p.read {
		return nil, false, p.err
	}
	for len(p.marks) > 0 && p.marks[0].at <= p.taken {
		begins = append(begins, p.marks[0].text)
		p.marks = p.marks[1:]
	}
	p.read += copy(f, p.samples[p.read:])
	p.taken += len(f)
	p.changed.Broadcast()
	return begins, true, nil
}

// A Marker is a media.Writer that wants to know which words the frames that
// follow speak, so that an interrupted speaker can tell what was heard.
type Marker interface {
	Mark(text string)
}

// play moves frames from p to dst until the maker has finished.
func (p *pipe) play(ctx context.Context, dst media.Writer) error {
	defer context.AfterFunc(ctx, func() { p.stop(context.Cause(ctx)) })()
	marker, _ := dst.(Marker)
	f := make(media.Frame, p.size)
	for {
		begins, more, err := p.next(f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || !more {
			return err
		}
		if marker != nil {
			for _, text := range begins {
				marker.Mark(text)
			}
		}
		if err := dst.WriteFrame(f); err != nil {
			p.stop(err)
			return err
		}
	}
}
