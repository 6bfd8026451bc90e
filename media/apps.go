package media

import (
	"context"
	"errors"

	"hotline/media/dsp"
)

// Echo returns to the far end what it says, until ctx or the session ends. What
// comes back has passed the jitter buffer, both codecs and the clock.
func Echo(ctx context.Context, s *Session) error {
	s.echo.Store(true)
	defer s.echo.Store(false)
	select {
	case <-ctx.Done():
	case <-s.Done():
	}
	return nil
}

// Tone plays a tone of hz at -10 dBm0, as test lines do, until ctx or the session
// ends.
func Tone(ctx context.Context, s *Session, hz float64) error {
	const level = -10 - 6.15 // dBm0 to dBov (ITU-T G.100.1)
	tone := dsp.NewTone(s.Rate(), level, hz)
	f := make(Frame, s.Rate()/50)
	return play(ctx, s, func() Frame {
		tone.Fill(f)
		return f
	})
}

// Loop plays frames over and over until ctx or the session ends.
func Loop(ctx context.Context, s *Session, frames []Frame) error {
	if len(frames) == 0 {
		return nil
	}
	i := -1
	return play(ctx, s, func() Frame {
		i = (i + 1) % len(frames)
		return frames[i]
	})
}

// play says what next yields; stopped by ctx or the session's end it returns nil.
func play(ctx context.Context, s *Session, next func() Frame) error {
	u := s.Out().Utterance(ctx)
	defer u.Finish()
	for {
		err := u.WriteFrame(next())
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
