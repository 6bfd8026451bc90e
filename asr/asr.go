// Package asr turns a caller's audio into text.
//
// # Concepts
//
// A [Recognizer] listens to one call. The one built here ([Listener]) runs a
// voice activity detector on each frame, cuts utterances, hands each segment to
// a [Decoder] at the first short pause, while it is still open whether the turn
// is over, and emits a [Result] for everything that the conversation must know.
// A Decoder turns one segment into text; engines (Whisper, SenseVoice,
// Paraformer, a server that speaks OpenAI's API) are Decoders, and the [Pool]
// that shares them fairly between calls is one too. A streaming engine (FunASR)
// is a Recognizer of its own.
//
// # Concurrency
//
// Recognize is called once per call and blocks. It calls emit one at a time and
// in order, from its own goroutine, and never after it has returned. It never
// waits for a decode: audio goes on being read while segments are decoded.
// Decoders are safe for concurrent use.
package asr

import (
	"context"
	"time"

	"hotline/media"
)

// Kind says what a Result reports.
type Kind uint8

// The kinds of Result, in the order in which one utterance produces them.
const (
	// SpeechStart: voice began at Start. Emitted within 100 ms of the first
	// voiced frame, so that the bot can fall silent.
	SpeechStart Kind = iota + 1
	// SpeechPause: no voice since End; a decode of the utterance so far has begun.
	SpeechPause
	// SpeechResume: voice again before the turn was over.
	SpeechResume
	// Partial: Text so far; it may be revised.
	Partial
	// Final: the turn is over and Text is not revised. Empty Text means that the
	// sound was not speech (a cough, noise) or could not be understood; Noise tells.
	Final
	// Fault: the utterance ended but could not be decoded (Err); overload and a
	// lost engine arrive here. The recogniser goes on listening.
	Fault
)

// Result is what a Recognizer heard. Times are offsets on the source's own clock
// (the number of frames read so far times 20 ms).
type Result struct {
	Kind       Kind
	Utterance  int           // numbers utterances from 1; a resumed one keeps its number
	Start, End time.Duration // first and last voiced frame
	Text       string
	Language   string  // "zh", "en"
	Confidence float64 // 0–1: the chance that Text is right enough to act upon
	LogProb    float64 // mean log-probability of a token, 0 where the engine has none
	NoSpeech   float64 // 0–1, 0 where the engine has none
	Noise      bool    // with Final and empty Text: sound, but no speech
	// Alternatives are other readings, best first, where the engine has them.
	Alternatives []string
	Emotion      string // where the engine tells (SenseVoice): "angry", "happy" …
	Prosody      Prosody
	Queued       time.Duration // time the decode waited for a worker
	Decode       time.Duration // time the decode took, waiting excluded
	Engine       string        // the model that decoded it
	Err          error         // with Fault
}

// Prosody is how an utterance sounded.
type Prosody struct {
	LevelDB   float64 // mean level of voiced frames, dBFS
	PitchHz   float64 // median pitch, 0 where not voiced
	PitchVar  float64 // interquartile range of the pitch in semitones
	Rate      float64 // voiced-energy peaks (about syllables) a second
	VoicedFor time.Duration
}

// A Recognizer reads src until io.EOF or the end of ctx and calls emit, from the
// calling goroutine, one at a time and in order, never after it has returned.
type Recognizer interface {
	Recognize(ctx context.Context, src media.Reader, emit func(Result)) error
}

// Segment is a piece of speech to be decoded.
type Segment struct {
	Call     string // whose it is: the Pool is fair between calls
	Rate     int    // Hz
	Samples  []int16
	Language string // "zh", "en"; "" lets the engine decide
	// Also are languages that may be spoken in place of Language: an engine that surely
	// hears one of them decodes in it, and Transcript.Language says so.
	Also []string
	// Prompt is text that the engine is biased towards: the business's own terms
	// in a first pass, the likely questions in a second one.
	Prompt string
	// Hotwords are single terms for engines that take them.
	Hotwords []string
	// Urgent segments end a turn and go before partial ones.
	Urgent bool
}

// Transcript is what a Decoder made of a Segment.
type Transcript struct {
	Text         string
	Language     string
	LogProb      float64
	NoSpeech     float64
	Confidence   float64
	Alternatives []string
	Emotion      string
	Engine       string
	Queued       time.Duration
	Took         time.Duration
}

// A Decoder turns one segment into text. It is safe for concurrent use.
type Decoder interface {
	Decode(ctx context.Context, s Segment) (Transcript, error)
}
