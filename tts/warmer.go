package tts

import (
	"context"
	"log/slog"
	"time"

	"hotline/media"
)

// Warmer makes sentences before they are asked for, so that they start at once.
type Warmer struct {
	// Split is what calls speak through; only what it has not ready is made.
	Split *Split
	// Busy says whether calls need the cores; nil: never. It is asked before each
	// sentence.
	Busy func() bool
	// Pause between two sentences, and between two looks at Busy; default 500 ms.
	Pause time.Duration
	Log   *slog.Logger // nil for silence
}

// Warmed says what Run did.
type Warmed struct {
	Ready, Made, Failed int // sentences
}

// Run makes the sentences of the given utterances one at a time, in their order,
// and returns when all are ready or ctx ends. A sentence that fails is passed over.
func (w *Warmer) Run(ctx context.Context, wanted []Utterance) (Warmed, error) {
	pause := w.Pause
	if pause <= 0 {
		pause = 500 * time.Millisecond
	}
	var done Warmed
	for _, u := range wanted {
		for _, sentence := range Sentences(u.Text) {
			one := w.Split.spoken(u, sentence)
			if Ready(w.Split.Next, one) {
				done.Ready++
				continue
			}
			for w.Busy != nil && w.Busy() {
				if err := sleep(ctx, pause); err != nil {
					return done, err
				}
			}
			err := w.Split.Next.Synthesize(ctx, one, discard(PackRate))
			switch {
			case ctx.Err() != nil:
				return done, context.Cause(ctx)
			case err != nil:
				done.Failed++
				if w.Log != nil {
					w.Log.Warn("a sentence could not be prepared", "error", err)
				}
			default:
				done.Made++
			}
			if err := sleep(ctx, pause); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// Sentences divides text where sentences end.
func Sentences(text string) []string {
	var out []string
	as := atoms(text)
	begin := 0
	for i, a := range as {
		if a.strong || i == len(as)-1 || i-begin+1 == longestRun {
			out = append(out, text[as[begin].start:a.end])
			begin = i + 1
		}
	}
	return out
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// discard is a writer of a rate that keeps nothing.
type discard int

func (d discard) Rate() int { return int(d) }

func (d discard) WriteFrame(media.Frame) error { return nil }
