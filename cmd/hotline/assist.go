package main

import (
	"slices"

	"hotline/dialog/engine"
	"hotline/internal/assist"
	"hotline/internal/business"
)

// helpedBy is what the people of a line are helped with: what its bot knows.
func helpedBy(l business.Line, c engine.Config) *assist.Line {
	return &assist.Line{
		Name: l.Name, Language: l.Language, Pairs: c.Pairs, Flows: c.Flows(), Words: c.Words,
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
	out := *l
	out.In = func(language string) (assist.Line, bool) { return bs.helpedIn(b, *l, language) }
	return out, true
}

// helpedIn is by what those are helped who talk with b's callers in another language: by
// the line on which they go on, and where there is none by the line's own knowledge and
// what is known of the language.
func (bs *bots) helpedIn(b *bot, own assist.Line, language string) (assist.Line, bool) {
	if other := bs.inLanguage(b, language); other != nil {
		if l := other.helped.Load(); l != nil {
			return *l, true
		}
	}
	if !slices.Contains(spokenLanguages, language) {
		return assist.Line{}, false
	}
	own.Language, own.Words = language, bs.wordsIn(b, language)
	return own, true
}

// assistant helps the agents; model may be nil.
func (s *server) assistant(model engine.Model) *assist.Assistant {
	return assist.New(assist.Config{Bus: s.bus, Records: s.db, Line: s.bots.helped, Model: model, Log: s.log})
}
