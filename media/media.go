// Package media carries a call's audio: frames, the 20 ms clock, RTP sessions,
// playout, recording and bridging.
//
// # Concepts
//
// A [Frame] is 20 ms of mono linear audio. A [Session] is the audio of one call
// leg: it owns one clock, a jitter buffer in front of it, a [Ring] that what the
// far end says is read from, and a [Player] that what we say is written to.
// A [Bridge] joins sessions. A [Recorder] takes both directions, aligned by the
// session's clock.
//
// # Concurrency
//
// Only Session.Run (and the shared clock it may be handed) starts goroutines,
// and it waits for them. Frames move by direct call; the Ring is the only
// hand-off inbound and drops its oldest frame when full, the Player the only one
// outbound and blocks its writer when full.
package media

import "time"

// FrameTime is the length of every Frame.
const FrameTime = 20 * time.Millisecond

// A Frame is FrameTime of mono 16-bit linear audio: Rate/50 samples.
type Frame []int16

// A Reader yields frames.
type Reader interface {
	// Rate is the sample rate in Hz; it does not change.
	Rate() int
	// ReadFrame blocks, fills f (len Rate/50), and returns io.EOF at the end.
	ReadFrame(f Frame) error
}

// A Writer takes frames.
type Writer interface {
	// Rate is the sample rate in Hz; it does not change.
	Rate() int
	// WriteFrame may block. It must not keep f.
	WriteFrame(f Frame) error
}
