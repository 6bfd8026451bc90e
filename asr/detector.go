package asr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hotline/media"
)

// A Detector judges one call's audio, frame by frame; package vad has some. It
// belongs to one call and one goroutine at a time.
type Detector interface {
	// Detect takes the next frame, of any length, at the rate the Detector was
	// made for, and returns the probability of voice, 0–1, in the last whole
	// window. It does not keep the frame.
	Detect(frame []int16) (float64, error)
	// Window is how much sound one judgement takes; the answer to a frame is as
	// old as that at most.
	Window() time.Duration
	// Reset forgets what was heard.
	Reset()
	// Close frees what the Detector holds.
	Close() error
}

// EachFrame gives take the frames of src, each n samples, with the detector's judgement,
// until src ends (nil), ctx does (its cause), or one of the three fails.
func EachFrame(ctx context.Context, src media.Reader, d Detector, n int, take func(f media.Frame, voice float64) error) error {
	f := make(media.Frame, n)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := src.ReadFrame(f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		voice, err := d.Detect(f)
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		if err := take(f, voice); err != nil {
			return err
		}
	}
}
