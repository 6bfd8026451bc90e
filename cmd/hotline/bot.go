package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/action"
	"hotline/internal/assist"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/config"
	"hotline/internal/kb"
	"hotline/internal/models"
	"hotline/internal/speech"
)

// bots are the dialogue engines of all lines, by business folder and line.
type bots struct {
	businesses []*business.Business
	lines      []*bot
}

// bot is one line's dialogue.
type bot struct {
	line    business.Line                 // as read at the start
	last    atomic.Pointer[business.Line] // as read last
	answers atomic.Pointer[call.Line]     // what a call needs of it, made of that
	engine  *engine.Live
	talk    dialog.Engine // what answers callers: engine, or a system elsewhere behind it
	index   *knowledge.Live
	intents atomic.Pointer[router]
	helped  atomic.Pointer[assist.Line]                 // by what agents are helped with its calls
	scenes  func(f dialog.Facts, scene string) bool     // whether the bot does a scene for a caller; nil: always
	mind    func(business.Line) (*engine.Engine, error) // makes the engine, also of a line that was read again
}

// localMeaning is the embedder of commands that talk without a server; nil where no
// model is installed.
func localMeaning(ctx context.Context, c config.Config, log *slog.Logger) knowledge.Embedder {
	best, ok := models.Open(c.Models).Best(models.Embed, "zh")
	if !ok {
		return nil
	}
	m, err := speech.Local(1, 1).Embed(ctx, best.ID, best.Dir)
	if err != nil {
		log.Warn("questions are compared by words and sound only", "error", err)
		return nil
	}
	return m
}

// loadBots reads the businesses and builds the engine of each of their lines, which
// compare meanings too where meaning is given.
// Whatever is wrong in them is logged; a line that cannot be built is an error.
func loadBots(dirs []string, meaning knowledge.Embedder, effects engine.Effects, model engine.Model, log *slog.Logger) (*bots, error) {
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
			// Days and hours are those of where the business is, wherever the server stands.
			made, err := newBot(l, meaning, effects, model, func() time.Time { return calendar().In(l.Home.Location) })
			if err != nil {
				return nil, fmt.Errorf("line %q of %s: %w", l.Name, dir, err)
			}
			if err := made.elsewhere(log); err != nil {
				return nil, fmt.Errorf("line %q of %s: engine: %w", l.Name, dir, err)
			}
			bs.lines = append(bs.lines, made)
		}
	}
	return bs, nil
}

// trial does what tasks want where nobody is on the telephone: other systems are
// asked, bookings are forgotten.
func trial() engine.Effects {
	return &action.Actions{Web: &action.Web{}, Bookings: &action.Memory{}}
}

func newBot(l business.Line, meaning knowledge.Embedder, effects engine.Effects, model engine.Model, now func() time.Time) (*bot, error) {
	o := l.KnowledgeOptions()
	o.Now, o.Embedder = now, meaning
	index, err := knowledge.New(l.Pairs(), o)
	if err != nil {
		return nil, err
	}
	b := &bot{line: l, index: knowledge.NewLive(index)}
	b.mind = func(l business.Line) (*engine.Engine, error) {
		c := l.EngineConfig(b.index.Load)
		c.Now, c.Effects, c.Model = now, effects, model
		c.Bot = func(f dialog.Facts, scene string) bool { return b.scenes == nil || b.scenes(f, scene) }
		told, err := learnIntents(l.Home.IntentExamples(), l.Language, meaning)
		if err != nil {
			return nil, err
		}
		b.intents.Store(told)
		if told != nil {
			c.Routes.Intents = told
		}
		made, err := engine.New(c)
		if err == nil {
			b.helped.Store(helpedBy(l, c))
		}
		return made, err
	}
	e, err := b.mind(l)
	if err != nil {
		return nil, err
	}
	b.engine = engine.NewLive(e)
	b.talk = b.engine
	return b, nil
}

// lineLimits are the line's, the business's or the default ones.
func lineLimits(l business.Line) business.Limits {
	return l.Limits.Over(l.Home.Limits).Over(business.DefaultLimits())
}

// said is the line as its business says now. Its name, language and engine are those of
// the start.
func (b *bot) said() business.Line {
	if last := b.last.Load(); last != nil {
		return *last
	}
	return b.line
}

// home is the business that answers the line, as its files say now.
func (b *bot) home() *business.Business { return b.said().Home }

func (b *bot) limits() business.Limits { return lineLimits(b.said()) }

// homes are all businesses as their files say now, those of other folders whose lines
// are answered here included.
func (bs *bots) homes() []*business.Business {
	var out []*business.Business
	for _, b := range bs.lines {
		if home := b.home(); !slices.Contains(out, home) {
			out = append(out, home)
		}
	}
	return out
}

// find is the bot that answers a number.
func (bs *bots) find(number string) *bot {
	for _, b := range bs.lines {
		if slices.Contains(b.said().Numbers, number) {
			return b
		}
	}
	for _, b := range bs.lines {
		if b.said().Default {
			return b
		}
	}
	if len(bs.lines) == 0 {
		return nil
	}
	return bs.lines[0]
}

func (bs *bots) named(name string) *bot {
	for _, b := range bs.lines {
		if b.line.Name == name {
			return b
		}
	}
	return nil
}

// kbLines are the lines with their indexes, for the knowledge that follows its files.
func (bs *bots) kbLines() []kb.Line {
	out := make([]kb.Line, 0, len(bs.lines))
	for _, b := range bs.lines {
		out = append(out, kb.Line{Line: b.line, Live: b.index})
	}
	return out
}
