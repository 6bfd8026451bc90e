package main

import (
	"context"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/action"
	"hotline/internal/business"
	"hotline/internal/flowedit"
)

// flowEditor lets people change the businesses' tasks, and try them as callers would
// have them.
func (s *server) flowEditor() *flowedit.Editor {
	return flowedit.New(flowedit.Config{
		Dirs: s.cfg.Business, Store: s.db, Engine: s.trialEngine, Ask: &action.Actions{Web: &action.Web{}},
	})
}

// trialEngine makes what would answer a line, of a business that may be another than
// what takes calls. No language model is asked: a trial is held anew for each sentence,
// and must go the same way.
func (s *server) trialEngine(ctx context.Context, l business.Line, effects engine.Effects, now func() time.Time) (dialog.Engine, error) {
	x, err := s.kb.Trial(ctx, l)
	if err != nil {
		return nil, err
	}
	c := l.EngineConfig(knowledge.NewLive(x).Load)
	c.Now, c.Effects = now, effects
	if b := s.bots.named(l.Name); b != nil {
		if told := b.intents.Load(); told != nil {
			c.Routes.Intents = told
		}
	}
	return engine.New(c)
}
