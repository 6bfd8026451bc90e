package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hotline/dialog/emotion"
	"hotline/dialog/knowledge"
	"hotline/internal/assist"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web/webtest"
)

// script is what is said in the calls that an agent has: the lines hum, so the tests say
// what would have been recognised.
type script struct {
	db  *store.Store
	bus *event.Bus

	mu    sync.Mutex
	n     int                         // guarded by mu
	moods map[string]*emotion.Tracker // guarded by mu: of the calls
}

// feel is how a caller sounds, as his call would have read it.
func (s *script) feel(id, text string) (*emotion.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moods[id] == nil {
		moods, err := emotion.New(emotion.Config{Language: "zh"})
		if err != nil {
			return nil, err
		}
		if s.moods == nil {
			s.moods = map[string]*emotion.Tracker{}
		}
		begun := emotion.NewTracker(moods, emotion.Thresholds{})
		s.moods[id] = &begun
	}
	r := s.moods[id].Next(emotion.Turn{Text: text})
	return &r, nil
}

// say has a speaker say a text in a call, as the scribe would have written it down.
func (s *script) say(ctx context.Context, id, speaker, text string) error {
	s.mu.Lock()
	s.n++
	index := 1000 + s.n // behind what the call itself writes down
	s.mu.Unlock()
	r, err := s.db.Call(ctx, id)
	if err != nil {
		return err
	}
	at := time.Since(r.AnsweredAt).Milliseconds()
	t := call.TurnRecord{Call: id, Index: index, Speaker: speaker, Text: text, StartMS: max(0, at-1000), EndMS: at}
	if speaker == "caller" {
		if t.Mood, err = s.feel(id, text); err != nil {
			return err
		}
	}
	if err := s.db.AddTurn(ctx, t); err != nil {
		return err
	}
	s.bus.Publish(event.Event{Kind: "call.turn", At: time.Now(), Call: id, Data: t})
	return nil
}

// obey takes a line such as {"say": "…", "as": "caller"}.
func (s *script) obey(ctx context.Context, line string, calls []string) error {
	var c struct{ Say, As string }
	if err := json.Unmarshal([]byte(line), &c); err != nil || strings.TrimSpace(c.Say) == "" {
		return err
	}
	for _, id := range calls {
		if err := s.say(ctx, id, c.As, c.Say); err != nil {
			return err
		}
	}
	return nil
}

// helper helps the agents by one of the packs.
func helper(db *store.Store, bus *event.Bus, dir string) (*assist.Assistant, error) {
	businesses := filepath.Join(dir, "businesses")
	if err := webtest.Businesses(businesses); err != nil {
		return nil, err
	}
	b, report := business.Load(filepath.Join(businesses, "retail-zh"))
	if err := report.Err(); err != nil {
		return nil, err
	}
	l := b.Lines[0]
	index, err := knowledge.New(l.Pairs(), l.KnowledgeOptions())
	if err != nil {
		return nil, err
	}
	c := l.EngineConfig(func() *knowledge.Index { return index })
	line := assist.Line{Language: l.Language, Pairs: c.Pairs, Flows: c.Flows(), Words: c.Words}
	return assist.New(assist.Config{Bus: bus, Records: db, Line: func(string) (assist.Line, bool) { return line, true }}), nil
}
