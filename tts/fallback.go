package tts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/media"
)

// A Named synthesizer can be told apart in logs.
type Named struct {
	Name string
	Synthesizer
}

// Fallback speaks with the first of several synthesizers that yields sound. One
// that fails before its first frame, or takes longer than FirstFrame to it, is
// followed by the next; after two such failures in a row it is left alone for a
// while. An error behind the first frame is returned, since half a sentence has
// been spoken.
type Fallback struct {
	Of []Named
	// Share spreads utterances over those with the fewest under way instead of
	// taking the first: for several servers that are the same.
	Share bool
	// FirstFrame is how long the first frame may take; default 6 s.
	FirstFrame time.Duration
	// Rest is how long one that failed is left alone, doubling up to 12 times
	// that; default 5 s.
	Rest time.Duration
	// Log hears of failures that were covered; nil for silence.
	Log *slog.Logger

	mu     sync.Mutex
	states map[int]*health // guarded by mu
}

// health is what is known of one synthesizer.
type health struct {
	failures int
	until    time.Time
	busy     int
}

// ErrNoVoice says that no synthesizer could speak.
var ErrNoVoice = errors.New("no speech synthesis works")

var errSlow = errors.New("no sound in time")

// Synthesize implements Synthesizer.
func (f *Fallback) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	var errs []error
	for _, i := range f.order(u) {
		sent, err := f.try(ctx, i, u, dst)
		if err == nil || sent > 0 || ctx.Err() != nil {
			return err
		}
		errs = append(errs, fmt.Errorf("%s: %w", f.Of[i].Name, err))
		if f.Log != nil {
			f.Log.Warn("speech synthesis failed, trying the next", "engine", f.Of[i].Name, "error", err)
		}
	}
	return fmt.Errorf("%w: %w", ErrNoVoice, errors.Join(errs...))
}

// Ready implements Readier: the first that would be asked is.
func (f *Fallback) Ready(u Utterance) bool {
	order := f.order(u)
	return len(order) > 0 && Ready(f.Of[order[0]].Synthesizer, u)
}

// order lists those that have u ready, then those that are well, then those that
// rest: rather a bad chance than silence.
func (f *Fallback) order(u Utterance) []int {
	ready := make([]bool, len(f.Of)) // asked before the lock is held
	for i, s := range f.Of {
		ready[i] = Ready(s.Synthesizer, u)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	var has, well, ill []int
	for i := range f.Of {
		switch h := f.states[i]; {
		case ready[i]:
			has = append(has, i)
		case h != nil && now.Before(h.until):
			ill = append(ill, i)
		default:
			well = append(well, i)
		}
	}
	if f.Share {
		slices.SortStableFunc(well, func(a, b int) int { return cmp.Compare(f.busy(a), f.busy(b)) })
	}
	return slices.Concat(has, well, ill)
}

func (f *Fallback) busy(i int) int {
	if h := f.states[i]; h != nil {
		return h.busy
	}
	return 0
}

// try speaks with one and says how many frames came.
func (f *Fallback) try(ctx context.Context, i int, u Utterance, dst media.Writer) (int, error) {
	patience := f.FirstFrame
	if patience <= 0 {
		patience = 6 * time.Second
	}
	trying, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(patience, func() { cancel(errSlow) })
	defer timer.Stop()
	w := &firstFrame{dst: dst, timer: timer}
	var to media.Writer = w
	if m, ok := dst.(Marker); ok {
		to = markedFirst{w, m}
	}
	f.note(i, func(h *health) { h.busy++ })
	err := f.Of[i].Synthesize(trying, u, to)
	f.note(i, func(h *health) {
		h.busy--
		switch {
		case err == nil || w.sent > 0:
			h.failures = 0
		case ctx.Err() == nil && !w.refused:
			h.failures++
			if h.failures >= 2 {
				rest := f.Rest
				if rest <= 0 {
					rest = 5 * time.Second
				}
				h.until = time.Now().Add(rest * time.Duration(min(1<<(min(h.failures, 10)-2), 12)))
			}
		}
	})
	if w.refused {
		return max(w.sent, 1), err
	}
	return w.sent, err
}

func (f *Fallback) note(i int, do func(*health)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.states == nil {
		f.states = map[int]*health{}
	}
	if f.states[i] == nil {
		f.states[i] = &health{}
	}
	do(f.states[i])
}

// firstFrame stops the clock at the first frame.
type firstFrame struct {
	dst     media.Writer
	timer   *time.Timer
	sent    int
	refused bool // dst's error, not the engine's
}

func (w *firstFrame) Rate() int { return w.dst.Rate() }

func (w *firstFrame) WriteFrame(f media.Frame) error {
	if w.sent == 0 {
		w.timer.Stop()
	}
	if err := w.dst.WriteFrame(f); err != nil {
		w.refused = true
		return err
	}
	w.sent++
	return nil
}

type markedFirst struct {
	*firstFrame
	Marker
}
