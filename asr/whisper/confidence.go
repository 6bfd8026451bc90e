package whisper

import (
	"math"
	"time"

	"hotline/asr"
)

// confidence maps a text's mean log-probability and length to the chance that it
// is right enough to act upon.
func confidence(t asr.Transcript, stopped bool, sound time.Duration) float64 {
	c := 1 / (1 + math.Exp(-9*(t.LogProb+0.42)))
	if stopped {
		c *= 0.4
	}
	if t.NoSpeech > 0.5 {
		c *= 0.3
	}
	return c
}
