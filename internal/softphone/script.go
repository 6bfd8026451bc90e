package softphone

import (
	"context"
	"errors"
	"sync"
	"time"

	"hotline/media"
	"hotline/media/dsp"
)

// A Step is one thing that a scripted caller does: speak, press keys, or only wait.
type Step struct {
	// Sound is spoken, mono at Rate.
	Sound []int16
	Rate  int
	Keys  string
	// Over begins it so long after the far end has begun to answer the step before,
	// over its voice; 0 is when it has finished.
	Over time.Duration
	// After is a pause before it, behind what the far end says.
	After time.Duration
}

// A Script is a caller who knows what he will say. Hear takes what he hears
// (Request.Heard), Talk is what he does (Request.Talk).
type Script struct {
	Steps []Step
	// Next is asked for more, each time the far end has finished, once Steps are done;
	// none ends the call.
	Next func(ctx context.Context) ([]Step, error)

	mu     sync.Mutex
	frames int // heard so far
	voiced int // number of the last audible one, 0 before the first
	first  int // number of the first audible one since mark, 0 for none
}

const (
	// finished is how long the far end must be silent to have finished: longer than
	// the pause between two of its sentences, or behind a word that covers a wait.
	finished = 1200 * time.Millisecond
	// patience is how long a caller waits for the far end to say anything, talkative
	// how long he lets it talk.
	patience  = 20 * time.Second
	talkative = 45 * time.Second
	// voice is the level from which a frame is the far end's voice; comfort noise is far
	// below.
	voice = -45.0
)

// Hear takes a frame of what the far end says.
func (s *Script) Hear(f media.Frame) {
	loud := dsp.LevelDB(f) > voice
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames++
	if loud {
		s.voiced = s.frames
		if s.first == 0 {
			s.first = s.frames
		}
	}
}

// mark begins to wait for the far end anew.
func (s *Script) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = 0
}

// since is how long the far end has spoken and how long it has been silent.
func (s *Script) since() (speaking, silent time.Duration, began bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == 0 {
		return 0, 0, false
	}
	return time.Duration(s.frames-s.first) * media.FrameTime, time.Duration(s.frames-s.voiced) * media.FrameTime, true
}

// Talk goes through the steps, each when the far end has finished, and returns when it
// has answered the last one.
func (s *Script) Talk(ctx context.Context, session *media.Session) error {
	if err := s.act(ctx, session, s.Steps); err != nil {
		return err
	}
	for s.Next != nil {
		if err := s.listen(ctx); err != nil {
			return err
		}
		more, err := s.Next(ctx)
		if err != nil || len(more) == 0 {
			return err
		}
		if err := s.act(ctx, session, more); err != nil {
			return err
		}
	}
	return s.listen(ctx)
}

// act does steps, one after another.
func (s *Script) act(ctx context.Context, session *media.Session, steps []Step) error {
	for _, step := range steps {
		if step.Over > 0 {
			if err := s.await(ctx, patience, func() bool { d, _, _ := s.since(); return d >= step.Over }); err != nil {
				return err
			}
		} else if err := s.listen(ctx); err != nil {
			return err
		}
		if err := pauseFor(ctx, step.After); err != nil {
			return err
		}
		if err := step.do(ctx, session); err != nil {
			return err
		}
		s.mark() // what is heard from now on answers him
	}
	return nil
}

// listen waits until the far end has spoken and finished.
func (s *Script) listen(ctx context.Context) error {
	if err := s.await(ctx, patience, func() bool { _, _, began := s.since(); return began }); err != nil {
		return err
	}
	return s.await(ctx, talkative, func() bool { _, silent, began := s.since(); return !began || silent >= finished })
}

func (s *Script) await(ctx context.Context, limit time.Duration, done func() bool) error {
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-timer.C:
			return nil // he goes on nevertheless
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (s *Step) do(ctx context.Context, session *media.Session) error {
	if s.Keys != "" {
		return session.SendKeys(ctx, s.Keys)
	}
	if len(s.Sound) == 0 {
		return nil
	}
	return play(ctx, session, s.Sound, s.Rate)
}

// play speaks samples and returns when the last frame was sent.
func play(ctx context.Context, s *media.Session, samples []int16, rate int) error {
	if rate <= 0 {
		return errors.New("sound without a sample rate")
	}
	return s.Out().Play(ctx, dsp.Resample(samples, rate, s.Rate()))
}
