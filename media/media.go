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
// Only Session.Run and Clock.Run start goroutines, and they wait for them. A few
// workers of the [Clock] tick all sessions, each every 20 ms: packets are taken
// from the socket, put in order, decoded or made up for, recorded, bridged and
// handed to the Ring; then a frame of the Player and of the Bridge is encoded and
// sent. There is no goroutine for receiving: a packet could not be used before the
// next tick, and the kernel notes when it came. Frames move by direct call; the
// Ring is the only hand-off inbound and drops its oldest frame when full, the
// Player the only one outbound and blocks its writer when full. The Recorder has a
// goroutine that writes, so that no tick waits for a disk.
//
// A tick holds its place in the Clock for its whole length, so that a session that
// is taken out knows when its last tick is over. Session, Player, Ring, Recorder,
// Bridge and Socket each have a lock of their own; none is held while another of
// them is taken, nor while anything waits.
//
// Sockets are Linux's (recvmmsg, kernel timestamps).
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
