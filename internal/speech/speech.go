// Package speech is the speech worker: an HTTP server with OpenAI's audio API
// over the engines of this machine, and the supervisor that keeps one running
// beside the process that serves calls.
//
// # Concepts
//
// A [Server] answers /v1/audio/transcriptions, /v1/audio/speech, /v1/embeddings
// and /v1/models; it loads models as they are asked for, or beforehand ([Server.Load]).
// What a model is loaded with is given to it as [Engines]. [Supervise] runs a
// worker as a child process at lower priority and restarts it: a crash of native
// code ends the worker, not the calls. [Endpoint] is how a client reaches a
// worker, by TCP or by a Unix socket.
//
// # Load
//
// Decoding, synthesis and embedding each have a bounded number of places and a
// bounded queue; when a queue is full or a wait too long the answer is 429 with
// Retry-After, so that callers degrade early and nobody is delayed by everybody.
//
// # Concurrency
//
// [Server.Run] and [Supervise] block, start goroutines and wait for them. The
// other methods of Server are safe for concurrent use. A panic in one request is
// answered with 500 and logged.
package speech

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"hotline/asr"
	"hotline/internal/models"
	"hotline/tts"
)

// Embedder turns texts into vectors; embed.Model is one.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// Engines load models. A loaded model that has a Close method is closed at the
// end.
type Engines struct {
	ASR   func(ctx context.Context, id, dir string) (asr.Decoder, error)
	TTS   func(ctx context.Context, id, dir string) (tts.Synthesizer, error)
	Embed func(ctx context.Context, id, dir string) (Embedder, error)
}

// Config of a Server; only Models is needed.
type Config struct {
	Models *models.Set // where models are found
	// ASR, TTS and Embed name the model for a language ("zh"), or for all ("").
	// Default: the best that is installed.
	ASR, TTS, Embed map[string]string
	// Languages are loaded beforehand, in this order; default zh, en.
	Languages []string
	// Decodes, Syntheses and Embeds run at once. Default: the number of cores,
	// half of it, and one.
	Decodes, Syntheses, Embeds int
	// Queue is how many requests of a kind may wait; default 64.
	Queue int
	// Wait is how long one waits at most; default 10 s.
	Wait time.Duration
	// Patience is how long a request waits for a model that is being loaded;
	// default 3 s. A caller on the telephone is better served by the next best
	// voice than by one that comes in ten seconds.
	Patience time.Duration
	// APIKey must be sent as bearer token where it is set.
	APIKey string
	Logger *slog.Logger // default: none
}

func (c Config) withDefaults() Config {
	cores := runtime.GOMAXPROCS(0)
	positive := func(n *int, deflt int) {
		if *n <= 0 {
			*n = deflt
		}
	}
	positive(&c.Decodes, cores)
	positive(&c.Syntheses, max(1, cores/2))
	positive(&c.Embeds, 1)
	positive(&c.Queue, 64)
	if c.Wait <= 0 {
		c.Wait = 10 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 3 * time.Second
	}
	if len(c.Languages) == 0 {
		c.Languages = []string{"zh", "en"}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Bounds on one request.
const (
	maxUpload   = 32 << 20         // bytes of a sound file, multipart included
	maxSound    = 10 * time.Minute // of one file
	maxText     = 4096             // characters to speak, as OpenAI has it
	maxTexts    = 2048             // of one embedding request
	maxJSON     = 4 << 20          // bytes of a JSON body
	bodyTime    = 30 * time.Second // for a body to arrive
	decodeTime  = 2 * time.Minute  // for a file to be decoded
	speakTime   = 5 * time.Minute  // for a text to be spoken and sent
	writeTime   = 30 * time.Second // for a client to take a piece of the answer
	soundRate   = 24000            // Hz of spoken sound, as OpenAI has it
	aheadFrames = 50 * 60          // frames made before the client takes them: 60 s
	stopTime    = 3 * time.Second  // for requests to end when the server does
	loadTime    = 2 * time.Minute  // for a model to load
)

// Errors that handlers turn into answers.
var (
	ErrBusy    = errors.New("too much to do at once")
	ErrNoModel = errors.New("no such model")
	ErrLoading = errors.New("the model is still being loaded")
)
