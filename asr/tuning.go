package asr

import "time"

// The listener's thresholds, in one place. Those a deployment may want to change
// are in Options; these follow from how voice and the detectors behave and were
// set on telephone-band recordings (docs of the package's tests say how).
const (
	// frameTime is the listener's tick.
	frameTime = 20 * time.Millisecond

	// A start is voiceSure in two frames (one window of the detector's 32 ms) or
	// voiceStart in three (two windows): a loud click reached 0.55 in one window.
	// Ten kinds of line noise at -60 to -25 dBov, a minute each, start nothing.
	voiceStart, startFrames = 0.5, 3
	voiceSure, sureFrames   = 0.7, 2
	// Below voiceStop a frame is silence. Lower than voiceStart, for the soft ends
	// of words.
	voiceStop = 0.35
	// A detector lets go of a word 60–100 ms late. A frame that is so far below
	// the utterance's level and so near the line's noise is silence, whatever
	// the detector still says.
	softBelowLevelDB, softAboveNoiseDB = 24.0, 5.0
	// Voice during a pause resumes the turn after so many frames.
	resumeFrames = 2

	// preRoll goes in front of the first voiced frame: the start of a word is
	// quieter than what a detector calls voice.
	preRoll = 300 * time.Millisecond

	// idlePause is the silence at which a decode begins where the decoder is idle.
	idlePause = 80 * time.Millisecond

	// softCut is the length from which a piece ends at its next pause and the
	// following words make a new one, so that one need not decode a monologue
	// again at each pause. cutSearch is where a piece without any pause is cut: at
	// the quietest spot of its last seconds.
	softCut   = 9 * time.Second
	cutSearch = 3 * time.Second

	// A partial decode runs after so much new speech, if the decoder is idle.
	partialEvery = 1000 * time.Millisecond

	// The second pass, prompted with likely questions, halves the error rate of a
	// small model and more, and costs 40 ms since the encoding is kept: it is left
	// out only for texts that are surely right, and for noise.
	secondBelow, secondAbove = 0.95, 0.001
	secondSuggestions        = 4
	// The prompted reading is taken unless it is less likely than the first by
	// more than this. (135 questions of nine synthesised voices at telephone band,
	// character errors: 20.4 % first pass, 8.1 % so, 9.6 % had it to be likelier by 0.1.)
	secondLoss = 0.10
	// It may hold a finished turn up for so long.
	secondExtra = 160 * time.Millisecond

	// nothingHeard is the silence that ends a turn in which there was no word.
	nothingHeard = 400 * time.Millisecond

	// Sounds with less voice than shortVoice are taken for words only with a fair
	// confidence; with less than tinyVoice never.
	tinyVoice, shortVoice = 60 * time.Millisecond, 300 * time.Millisecond
	shortConfidence       = 0.12
	noSpeechLimit         = 0.6

	// vocabularyRunes bounds the prompt that is made of the vocabulary: a longer
	// one costs time in each decode and draws texts to itself.
	vocabularyRunes = 60

	// maxRunning bounds the decodes that one listener has under way, stale ones
	// of a decoder that does not heed its ctx among them.
	maxRunning = 4
)
