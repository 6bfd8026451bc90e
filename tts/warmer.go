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

// mostTold is how many reasons for sentences that fail are told.
const mostTold = 5

// Run makes the sentences of the given utterances one at a time, in their order,
// and returns when all are ready or ctx ends. A sentence that fails is tried once more
// as soon as another one succeeds: the first ones, which every caller hears, meet a
// voice that is still being loaded.
func (w *Warmer) Run(ctx context.Context, wanted []Utterance) (Warmed, error) {
	type sentence struct {
		Utterance
		failed bool
	}
	var queue, again []sentence
	for _, u := range wanted {
		for _, text := range Sentences(u.Text) {
			queue = append(queue, sentence{Utterance: w.Split.spoken(u, text)})
		}
	}
	var done Warmed
	told := map[string]bool{} // why sentences failed
	for len(queue) > 0 {
		one := queue[0]
		queue = queue[1:]
		if Ready(w.Split.Next, one.Utterance) {
			done.Ready++
		} else {
			switch err := w.make(ctx, one.Utterance); {
			case ctx.Err() != nil:
				return done, context.Cause(ctx)
			case err == nil:
				done.Made++
				queue, again = append(again, queue...), nil
			case !one.failed:
				again = append(again, sentence{one.Utterance, true})
			default:
				done.Failed++
				// One reason usually holds for all; a thousand lines would say no more.
				if why := err.Error(); w.Log != nil && !told[why] && len(told) < mostTold {
					told[why] = true
					w.Log.Warn("a sentence could not be prepared; it is made when it is said", "voice", one.Voice, "sentence", one.Text, "error", err)
				}
			}
		}
		if len(queue) == 0 {
			queue, again = again, nil
		}
	}
	return done, nil
}

// make makes one sentence when calls leave the cores alone, and pauses.
func (w *Warmer) make(ctx context.Context, one Utterance) error {
	pause := w.Pause
	if pause <= 0 {
		pause = 500 * time.Millisecond
	}
	for w.Busy != nil && w.Busy() {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if err := w.Split.Next.Synthesize(ctx, one, discard(PackRate)); err != nil {
		return err
	}
	return sleep(ctx, pause)
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
