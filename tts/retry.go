package tts

import (
	"cmp"
	"context"
	"errors"
	"time"

	"hotline/media"
)

// Retry tries Next again while it fails before its first frame, for a server that
// is being restarted. What the server refuses for good should not come here: Again
// tells.
type Retry struct {
	Next Synthesizer
	// Within is how long it is tried; default 5 s.
	Within time.Duration
	// Pause between two tries; default 200 ms.
	Pause time.Duration
	// Again tells whether an error may pass; nil: every error.
	Again func(error) bool
}

// Synthesize implements Synthesizer.
func (r Retry) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	limit := time.Now().Add(cmp.Or(r.Within, 5*time.Second))
	for {
		w := &begun{dst: dst}
		err := r.Next.Synthesize(ctx, u, w)
		if err == nil || w.yes || ctx.Err() != nil || r.Again != nil && !r.Again(err) {
			return err
		}
		if time.Now().After(limit) {
			return err
		}
		if e := sleep(ctx, cmp.Or(r.Pause, 200*time.Millisecond)); e != nil {
			return errors.Join(err, e)
		}
	}
}

// Ready implements Readier.
func (r Retry) Ready(u Utterance) bool { return Ready(r.Next, u) }

// begun notes whether a frame was written.
type begun struct {
	dst media.Writer
	yes bool
}

func (w *begun) Rate() int { return w.dst.Rate() }

func (w *begun) WriteFrame(f media.Frame) error {
	w.yes = true
	return w.dst.WriteFrame(f)
}
