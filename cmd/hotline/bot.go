package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
)

// bots are the dialogue engines of all lines, by business folder and line.
type bots struct {
	businesses []*business.Business
	lines      []*bot
}

// bot is one line's dialogue.
type bot struct {
	line   business.Line
	engine *engine.Engine
	index  *knowledge.Live
}

// loadBots reads the businesses and builds the engine of each of their lines.
// Whatever is wrong in them is logged; a line that cannot be built is an error.
func loadBots(dirs []string, log *slog.Logger) (*bots, error) {
	bs := &bots{}
	for _, dir := range dirs {
		b, report := business.Load(dir)
		for _, p := range report.Problems {
			if p.Severity == business.Error {
				log.Warn("the business has an error; see hotline check", "business", dir, "problem", p.String())
			}
		}
		if len(b.Lines) == 0 {
			return nil, fmt.Errorf("the business %s has no line that can be answered: %w", dir, report.Err())
		}
		bs.businesses = append(bs.businesses, b)
		for _, l := range b.Lines {
			made, err := newBot(l)
			if err != nil {
				return nil, fmt.Errorf("line %q of %s: %w", l.Name, dir, err)
			}
			bs.lines = append(bs.lines, made)
		}
	}
	return bs, nil
}

func newBot(l business.Line) (*bot, error) {
	index, err := knowledge.New(l.Pairs(), knowledge.Options{Language: l.Language, Terms: l.Home.Terms})
	if err != nil {
		return nil, err
	}
	live := knowledge.NewLive(index)
	e, err := engine.New(lineConfig(l, live))
	if err != nil {
		return nil, err
	}
	return &bot{line: l, engine: e, index: live}, nil
}

func lineConfig(l business.Line, live *knowledge.Live) engine.Config {
	home := l.Home
	limits := l.Limits.Over(home.Limits).Over(business.DefaultLimits())
	c := engine.Config{
		Name: l.Name, Language: l.Language, Pairs: live.Load, Skill: home.Escalation.Skill,
		Open:   func(now time.Time, _ string) bool { return home.Hours.Open(now) },
		Limits: engine.Limits{Silences: limits.Silences},
	}
	for _, s := range l.Opening() {
		if s.MustHear {
			c.Disclosure += s.Text
		} else {
			c.Greeting += s.Text
		}
	}
	for _, key := range slices.Sorted(keysOf(l.Menu)) {
		m := l.Menu[key]
		if key < "1" || key > "9" {
			continue // 0, * and # mean the same everywhere
		}
		item := engine.MenuItem{Key: key, Label: m.Say, Skill: m.Skill}
		if row, ok := home.RowByID(m.Pair); ok {
			item.Ask = row.Question
		}
		if item.Ask != "" || item.Skill != "" {
			c.Menu = append(c.Menu, item)
		}
	}
	return c
}

func keysOf[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// find is the bot that answers a number.
func (bs *bots) find(number string) *bot {
	l, ok := business.Find(bs.businesses, number)
	if !ok {
		return nil
	}
	return bs.named(l.Name)
}

func (bs *bots) named(name string) *bot {
	for _, b := range bs.lines {
		if b.line.Name == name {
			return b
		}
	}
	return nil
}

// embed teaches the indexes to compare meanings, as soon as an embedder answers.
// Until then, and whenever it is lost, they do without.
func (bs *bots) embed(ctx context.Context, e knowledge.Embedder, log *slog.Logger) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, b := range bs.lines {
		wg.Go(func() {
			for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
				better, err := b.index.Load().WithEmbedder(ctx, e, nil)
				if err == nil {
					b.index.Swap(better)
					log.Info("the knowledge is compared by meaning too", "line", b.line.Name, "questions", better.Len(), "wordings", better.Variants())
					return
				}
				log.Debug("no embeddings yet", "line", b.line.Name, "error", err)
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		})
	}
}

var _ dialog.Engine = (*engine.Engine)(nil)
