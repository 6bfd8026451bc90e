package main

import (
	"context"

	"hotline/internal/call"
	"hotline/media"
	"hotline/tts"
)

// testTone is the frequency of a milliwatt test line (ITU-T O.6 offers 1,004 to
// 1,020 Hz so that it beats with no sampling rate).
const testTone = 1004

// testLine is what answers the numbers that every installation has for measuring
// its sound; nil for other numbers.
func (s *server) testLine(called string) call.App {
	switch called {
	case "9196":
		return media.Echo
	case "9197":
		return func(ctx context.Context, m *media.Session) error { return media.Tone(ctx, m, testTone) }
	case "9198":
		return s.announcement()
	default:
		return nil
	}
}

// announcement repeats the default line's disclosure, as it was rendered; where it
// was not, the test tone.
func (s *server) announcement() call.App {
	return func(ctx context.Context, m *media.Session) error {
		b := s.bots.find("")
		samples, err := s.voice.samples(ctx, b, m.Rate())
		if err != nil || len(samples) == 0 {
			return media.Tone(ctx, m, testTone)
		}
		return media.Loop(ctx, m, media.Frames(samples, m.Rate()))
	}
}

// collector is a Writer that keeps what is spoken.
type collector struct {
	rate    int
	samples []int16
}

func (c *collector) Rate() int { return c.rate }

func (c *collector) WriteFrame(f media.Frame) error {
	c.samples = append(c.samples, f...)
	return nil
}

// speakAll renders an utterance into memory.
func speakAll(ctx context.Context, synth tts.Synthesizer, u tts.Utterance, rate int) ([]int16, error) {
	c := &collector{rate: rate}
	err := synth.Synthesize(ctx, u, c)
	return c.samples, err
}
