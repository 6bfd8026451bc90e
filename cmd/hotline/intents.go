package main

import (
	"context"
	"slices"
	"time"

	"hotline/dialog/engine"
	"hotline/dialog/intent"
	"hotline/dialog/knowledge"
)

// router is a trained model as the dialogue asks it.
type router struct{ model *intent.Model }

func (r router) Classify(ctx context.Context, text string) (name string, confidence float64, ok bool) {
	got := r.model.Classify(ctx, text)
	return got.Intent, got.Confidence, !got.OutOfScope
}

// learnIntents trains on a business's examples in a line's language; nil where there
// are none. Without meaning, as in a server that is starting, words decide alone.
func learnIntents(all []intent.Example, language string, meaning knowledge.Embedder) (engine.Intents, error) {
	examples := slices.DeleteFunc(slices.Clone(all), func(e intent.Example) bool {
		return intent.Language([]intent.Example{e}) != language
	})
	names := map[string]bool{}
	for _, e := range examples {
		names[e.Intent] = true
	}
	delete(names, intent.OutOfScope)
	if len(names) < 2 {
		return nil, nil // nothing to tell apart
	}
	const limit = 5 * time.Minute // of the largest files
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	m, err := intent.Train(ctx, examples, intent.Options{Embedder: meaning})
	if err != nil {
		return nil, err
	}
	return router{m}, nil
}
