// Package asrtest has what tests of recognisers need: the contract that all of
// them keep ([TestRecognizer], [TestDecoder]), sources of sound, line noise, and
// stand-ins for what is out of process in production.
package asrtest

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"hotline/asr"
	"hotline/media"
)

// Source is a media.Reader over samples, which end with io.EOF. A paced one
// delivers a frame each 20 ms, as a line does.
type Source struct {
	SampleRate int
	Samples    []int16
	Paced      bool

	read  int
	start time.Time
}

// Rate implements media.Reader.
func (s *Source) Rate() int { return s.SampleRate }

// ReadFrame implements media.Reader. The last frame is filled up with silence.
func (s *Source) ReadFrame(f media.Frame) error {
	from := s.read * len(f)
	if from >= len(s.Samples) {
		return io.EOF
	}
	s.read++
	if s.Paced {
		if s.start.IsZero() {
			s.start = time.Now()
		}
		<-time.After(time.Until(s.start.Add(time.Duration(s.read) * media.FrameTime)))
	}
	clear(f[copy(f, s.Samples[from:]):])
	return nil
}

// Script is an asr.Detector that answers frame i with its i-th probability, and
// with 0 behind its end.
type Script struct {
	Probabilities []float64
	at            int
}

// Detect implements asr.Detector.
func (s *Script) Detect([]int16) (float64, error) {
	if s.at >= len(s.Probabilities) {
		return 0, nil
	}
	s.at++
	return s.Probabilities[s.at-1], nil
}

// Window implements asr.Detector.
func (s *Script) Window() time.Duration { return media.FrameTime }

// Reset implements asr.Detector.
func (s *Script) Reset() {}

// Close implements asr.Detector.
func (s *Script) Close() error { return nil }

// A Line is a made-up call: stretches of voice (a loud tone) and of silence, with
// the detector's answers to them.
type Line struct {
	Samples       []int16
	Probabilities []float64
}

// Voice appends d of voice.
func (l *Line) Voice(d time.Duration) *Line { return l.add(d, 0.95, 8000) }

// Silence appends d of silence.
func (l *Line) Silence(d time.Duration) *Line { return l.add(d, 0.02, 10) }

func (l *Line) add(d time.Duration, p float64, amplitude int16) *Line {
	for range d / media.FrameTime {
		l.Probabilities = append(l.Probabilities, p)
		for i := range 160 {
			v := amplitude
			if i/20%2 == 0 { // a square wave of 200 Hz
				v = -v
			}
			l.Samples = append(l.Samples, v)
		}
	}
	return l
}

// Source is the line as a paced source at 8 kHz.
func (l *Line) Source() *Source { return &Source{SampleRate: 8000, Samples: l.Samples, Paced: true} }

// Detector makes the line's detector.
func (l *Line) Detector(int) (asr.Detector, error) {
	return &Script{Probabilities: l.Probabilities}, nil
}

// Decoder is an asr.Decoder that takes Delay and answers with Answer.
type Decoder struct {
	Delay  time.Duration
	Answer func(s asr.Segment) (asr.Transcript, error)
	Busy   bool // it is not idle: no partial decodes

	mu       sync.Mutex
	segments []asr.Segment // guarded by mu
}

// Decode implements asr.Decoder.
func (d *Decoder) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	d.mu.Lock()
	d.segments = append(d.segments, s)
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		return asr.Transcript{}, context.Cause(ctx)
	case <-time.After(d.Delay):
	}
	return d.Answer(s)
}

// Idle tells a listener whether to have partial texts decoded.
func (d *Decoder) Idle() bool { return !d.Busy }

// Segments are those that were decoded so far.
func (d *Decoder) Segments() []asr.Segment {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.segments)
}

// Say answers every segment with text.
func Say(text string, confidence float64) func(asr.Segment) (asr.Transcript, error) {
	return func(asr.Segment) (asr.Transcript, error) {
		return asr.Transcript{Text: text, Language: "zh", Confidence: confidence, LogProb: -0.1}, nil
	}
}
