package tts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hotline/media"
)

// Voiced puts the language's voice into utterances that name none. It belongs
// above the cache and the packs, which go by the voice.
type Voiced struct {
	Next   Synthesizer
	Voices map[string]string // by language, "zh": "kokoro-v1.0/zf_xiaoxiao"
}

// Synthesize implements Synthesizer.
func (v Voiced) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	return v.Next.Synthesize(ctx, v.voiced(u), dst)
}

// Ready implements Readier.
func (v Voiced) Ready(u Utterance) bool { return Ready(v.Next, v.voiced(u)) }

func (v Voiced) voiced(u Utterance) Utterance {
	if u.Voice == "" {
		u.Voice = v.Voices[u.Language]
	}
	if u.Voice == "" {
		u.Voice = v.Voices[primary(u.Language)]
	}
	return u
}

// A Router sends an utterance to the engine that has its voice: the part of
// Utterance.Voice before the slash names the engine.
type Router map[string]Synthesizer

// ErrNoEngine says that no engine has the voice asked for.
var ErrNoEngine = errors.New("no speech engine has this voice")

// Synthesize implements Synthesizer.
func (r Router) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	s, err := r.route(u)
	if err != nil {
		return err
	}
	return s.Synthesize(ctx, u, dst)
}

// Ready implements Readier.
func (r Router) Ready(u Utterance) bool {
	s, err := r.route(u)
	return err == nil && Ready(s, u)
}

func (r Router) route(u Utterance) (Synthesizer, error) {
	model, _, _ := strings.Cut(u.Voice, "/")
	if s, ok := r[model]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("%w: %q for %q", ErrNoEngine, u.Voice, u.Language)
}
