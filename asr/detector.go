package asr

import "time"

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
