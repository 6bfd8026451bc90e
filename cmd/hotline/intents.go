package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"hotline/dialog/intent"
	"hotline/dialog/knowledge"
)

// router is a trained model as the dialogue asks it.
type router struct {
	language string
	examples []intent.Example
	model    atomic.Pointer[intent.Model]
	deep     atomic.Bool // it has learned the examples' meaning too
}

func (r *router) Classify(ctx context.Context, text string) (name string, confidence float64, ok bool) {
	const within = 250 * time.Millisecond // a caller waits; words decide then
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	got := r.model.Load().Classify(ctx, text)
	return got.Intent, got.Confidence, !got.OutOfScope
}

// learn trains and lets the new model decide from then on. Without meaning, as in a
// server that is starting, words decide alone.
func (r *router) learn(ctx context.Context, meaning intent.Embedder) error {
	const limit = 5 * time.Minute // of the largest files
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m, err := intent.Train(ctx, r.examples, intent.Options{Embedder: meaning})
	if err != nil {
		return err
	}
	r.model.Store(m)
	r.deep.Store(meaning != nil)
	return nil
}

// learnIntents trains on a business's examples in a line's language; nil where there
// are none.
func learnIntents(all []intent.Example, language string, meaning knowledge.Embedder) (*router, error) {
	r := &router{language: language, examples: slices.DeleteFunc(slices.Clone(all), func(e intent.Example) bool {
		return intent.Language([]intent.Example{e}) != language
	})}
	names := map[string]bool{}
	for _, e := range r.examples {
		names[e.Intent] = true
	}
	delete(names, intent.OutOfScope)
	if len(names) < 2 {
		return nil, nil // nothing to tell apart
	}
	return r, r.learn(context.Background(), meaning)
}

// routers are those of the lines that have intents.
func (bs *bots) routers() (out []*router) {
	for _, b := range bs.lines() {
		if r := b.intents.Load(); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// learnIntentsByMeaning gives the lines' intents the meaning that the speech worker
// knows, once it is there, and again whenever they were read anew. The examples'
// vectors are kept on disk.
func (s *server) learnIntentsByMeaning(ctx context.Context) {
	m := newMeanings(func(language string) knowledge.Embedder {
		worker := s.workersMeaning(language)
		if best, ok := intentsModel(s.cfg, language); ok && s.ears.own != "" {
			worker.Model = best.ID // others' workers choose by themselves
		}
		return keepVectors(s.cfg, "intents", language, worker)
	})
	deepen(ctx, s.bots.routers, m.in, s.log)
	if err := m.close(); err != nil {
		s.log.Warn("the vectors of the intents' examples may not be kept whole", "error", err)
	}
}

// deepen lets routers learn by meaning until ctx ends; those that cannot now are
// tried again.
func deepen(ctx context.Context, routers func() []*router, meaning knowledge.Embedders, log *slog.Logger) {
	const least, most = 2 * time.Second, time.Minute
	pause := least
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		var failed error
		for _, r := range routers() {
			if r.deep.Load() {
				continue
			}
			if err := r.learn(ctx, meaning.In(r.language)); err != nil {
				failed = fmt.Errorf("learning %d examples: %w", len(r.examples), err)
				break // the others would have to wait for the same
			}
			log.Info("intents are told by their meaning too", "examples", len(r.examples))
		}
		switch {
		case failed == nil:
			pause = least
		case ctx.Err() != nil:
			return
		default:
			if pause == least {
				log.Warn("intents are told by words alone until the speech worker gives embeddings", "error", failed)
			}
			pause = min(2*pause, most)
		}
	}
}
