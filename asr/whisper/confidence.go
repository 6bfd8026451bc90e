package whisper

import (
	"math"

	"hotline/asr"
)

// The chance that a text is right enough to act upon (no more than a fifth of its
// characters wrong) by its mean log-probability, as a logistic curve. Fitted on
// 135 Chinese utterances of nine synthesised voices at telephone band, first and
// prompted passes; English is right far more often at the same probability, and
// what Whisper writes on noise lies below -1.3 in both.
const (
	chineseSlope, chineseMiddle = 9.8, -0.39
	englishSlope, englishMiddle = 6, -0.75
)

// confidence maps a transcript to the chance that it is right enough to act upon.
func confidence(t asr.Transcript, stopped bool) float64 {
	slope, middle := chineseSlope, chineseMiddle
	if t.Language == "en" {
		slope, middle = englishSlope, englishMiddle
	}
	c := 1 / (1 + math.Exp(-slope*(t.LogProb-middle)))
	if stopped { // it ran into repetition or past the length of the sound
		c *= 0.4
	}
	if t.NoSpeech > 0.5 {
		c *= 0.3
	}
	return c
}
