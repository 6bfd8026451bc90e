// Package tts turns text into speech.
//
// # Concepts
//
// A [Synthesizer] speaks one [Utterance] into a media.Writer. Engines, the disk
// cache, the pack's rendered sentences, clause splitting and the normalisation
// of numbers are Synthesizers too, wrapped around one another by cmd.
//
// # Concurrency
//
// Synthesize blocks until the writer has taken the last frame. Synthesizers are
// safe for concurrent use.
package tts

import (
	"context"

	"hotline/media"
)

// Utterance is one thing to say.
type Utterance struct {
	Text     string
	Voice    string  // "kokoro-v1.0/zf_xiaobei"; "" is the line's default
	Language string  // "zh", "en"
	Style    string  // "", "calm", "apologetic" …: a hint
	Rate     float64 // 1 is normal, 0 counts as 1
}

// A Synthesizer speaks u into dst, at dst's rate, and returns when dst has taken
// the last frame, when ctx ends (its cause) or when dst refuses (its error).
type Synthesizer interface {
	Synthesize(ctx context.Context, u Utterance, dst media.Writer) error
}
