package main

import (
	"hotline/dialog/engine"
	"hotline/internal/assist"
	"hotline/internal/business"
)

// helpedBy is what the people of a line are helped with: what its bot knows.
func helpedBy(l business.Line, c engine.Config) *assist.Line {
	return &assist.Line{
		Language: l.Language, Pairs: c.Pairs, Flows: c.Flows(), Words: c.Words, Moods: c.Moods, Feelings: c.Feelings,
		Complaint: c.Thresholds.Complaint, Now: c.Now,
	}
}

// helped is what the agents of a line are helped with now.
func (bs *bots) helped(name string) (assist.Line, bool) {
	b := bs.named(name)
	if b == nil {
		return assist.Line{}, false
	}
	l := b.helped.Load()
	if l == nil {
		return assist.Line{}, false
	}
	return *l, true
}

// assistant helps the agents; model may be nil.
func (s *server) assistant(model engine.Model) *assist.Assistant {
	return assist.New(assist.Config{Bus: s.bus, Records: s.db, Line: s.bots.helped, Model: model, Log: s.log})
}
