package webtest

import (
	"context"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/flowedit"
	"hotline/internal/store"
)

// FlowEditor changes and tries the tasks of folders, without a model of meanings.
func FlowEditor(s *store.Store, folders []string) *flowedit.Editor {
	return flowedit.New(flowedit.Config{Dirs: folders, Store: s, Engine: TrialEngine})
}

// TrialEngine is the real engine of a line, as it is tried.
func TrialEngine(_ context.Context, l business.Line, effects engine.Effects, now func() time.Time) (dialog.Engine, error) {
	x, err := knowledge.New(l.Pairs(), l.KnowledgeOptions()) //nolint:contextcheck // without an embedder it asks nobody
	if err != nil {
		return nil, err
	}
	c := l.EngineConfig(knowledge.NewLive(x).Load)
	c.Now, c.Effects = now, effects
	return engine.New(c)
}
