package media

import (
	"context"
	"errors"

	"hotline/media/dsp"
)

// SetEcho makes the session return to the far end what it says, or stops that. What
// comes back has passed the jitter buffer, both codecs and the clock.
func (s *Session) SetEcho(on bool) { s.echo.Store(on) }

// Tone is a second of a tone of hz at -10 dBm0, as test lines play it. Loop repeats
// it without a seam.
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
