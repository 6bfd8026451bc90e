package media

import (
	"context"
	"errors"

	"hotline/media/dsp"
)

// SetEcho makes the session return to the far end what it says, or stops that. What
// comes back has passed the jitter buffer, both codecs and the clock.
func (s *Session) SetEcho(on bool) { s.echo.Store(on) }

// SetLoop has the session say frames over and over where its player has nothing to say;
// none stops that. They are of the session's rate and may be shared: a tone that a
// thousand calls hear needs no goroutine and no queue of each.
func (s *Session) SetLoop(frames []Frame) {
	if len(frames) == 0 {
		s.loop.Store(nil)
		return
	}
	s.loop.Store(&frames)
}

// looped fills out with the loop's next frame; false without a loop.
func (s *Session) looped(out Frame) bool {
	loop := s.loop.Load()
	if loop == nil {
		return false
	}
	frames := *loop
	s.turn %= len(frames)
	clear(out[copy(out, frames[s.turn]):])
	s.turn++
	return true
}

// Tone is a second of a tone of hz at -10 dBm0, as test lines play it. Loop and
// SetLoop repeat it without a seam.
func Tone(rate, hz int) []Frame {
	const level = -10 - 6.15 // dBm0 to dBov (ITU-T G.100.1)
	samples := make([]int16, rate)
	dsp.NewTone(rate, level, float64(hz)).Fill(samples)
	return Frames(samples, rate)
}

// Loop plays frames over and over until ctx or the session ends.
func Loop(ctx context.Context, s *Session, frames []Frame) error {
	if len(frames) == 0 {
		return nil
	}
	u := s.Out().Utterance(ctx)
	defer u.Finish()
	for i := 0; ; i = (i + 1) % len(frames) {
		err := u.WriteFrame(frames[i])
		switch {
		case ctx.Err() != nil, errors.Is(err, ErrClosed):
			return nil
		case err != nil:
			return err
		}
	}
}

// Frames cuts samples into frames of rate Hz; the last is filled up with silence.
func Frames(samples []int16, rate int) []Frame {
	n := rate / 50
	var frames []Frame
	for len(samples) > 0 {
		f := make(Frame, n)
		samples = samples[copy(f, samples):]
		frames = append(frames, f)
	}
	return frames
}
