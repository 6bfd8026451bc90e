package main

import (
	"context"
	"sync"

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
		return call.Echo
	case "9197":
		return s.tone
	case "9198":
		return s.announcement
	default:
		return nil
	}
}

// tone plays the test tone.
func (s *server) tone(ctx context.Context, m *media.Session) error {
	m.SetLoop(s.toned.frames(m.Rate(), func() ([]media.Frame, error) { return media.Tone(m.Rate(), testTone), nil }))
	return m.Run(ctx)
}

// announcement repeats the default line's disclosure, as it was rendered; where it
// was not, the test tone.
func (s *server) announcement(ctx context.Context, m *media.Session) error {
	if frames := s.announced.kept(m.Rate()); frames != nil {
		m.SetLoop(frames)
		return m.Run(ctx)
	}
	return call.Playing(func(ctx context.Context, m *media.Session) error { // the sound runs while it is fetched
		m.SetLoop(s.announced.frames(m.Rate(), func() ([]media.Frame, error) {
			samples, err := s.voice.samples(ctx, s.bots.find(""), m.Rate())
			return media.Frames(samples, m.Rate()), err
		}))
		if s.announced.kept(m.Rate()) == nil {
			m.SetLoop(s.toned.frames(m.Rate(), func() ([]media.Frame, error) { return media.Tone(m.Rate(), testTone), nil }))
		}
		<-m.Done()
		return nil
	})(ctx, m)
}

// shared keeps sound for all calls that play it: a copy of the announcement for each
// would be 150 KiB, and making the tone anew 4 % of a short call.
type shared struct {
	mu     sync.Mutex
	byRate map[int][]media.Frame
}

// kept are those of a rate that have been made, nil without.
func (a *shared) kept(rate int) []media.Frame {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byRate[rate]
}

// frames are those of a rate; render makes them until it has once succeeded.
func (a *shared) frames(rate int, render func() ([]media.Frame, error)) []media.Frame {
	if frames := a.kept(rate); len(frames) > 0 {
		return frames
	}
	frames, err := render()
	if err != nil || len(frames) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byRate == nil {
		a.byRate = map[int][]media.Frame{}
	}
	a.byRate[rate] = frames // sessions have a few rates, so it stays small
	return frames
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
