package main

import (
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
	"hotline/internal/kb"
)

// bots are the dialogue engines of all lines, by business folder and line. Which lines
// there are changes while calls go on; whoever asks has those of that moment.
type bots struct {
	businesses []*business.Business // as read at the start
	build      func(business.Line) (*bot, error)
	answering  atomic.Pointer[[]*bot] // in the order of the businesses and of their lines
	leaving    atomic.Pointer[[]*bot] // whose line was taken away, while calls of it are in progress
}

// lines are those that answer.
func (bs *bots) lines() []*bot { return held(&bs.answering) }

func held(p *atomic.Pointer[[]*bot]) []*bot {
	if list := p.Load(); list != nil {
		return *list
	}
	return nil
}

// bot is one line's dialogue.
type bot struct {
	line    business.Line                 // as it was first read; its name, language and home do not change
	of      string                        // the folder of the business that lists it
	last    atomic.Pointer[business.Line] // as read last
	answers atomic.Pointer[call.Line]     // what a call needs of it, made of that
	engine  *engine.Live
	talk    dialog.Engine // what answers callers: engine, or a system elsewhere behind it; whoever renews the bot sets it
	index   *knowledge.Live
	intents atomic.Pointer[router]
	helped  atomic.Pointer[assist.Line]                 // by what agents are helped with its calls
	scenes  func(f dialog.Facts, scene string) bool     // whether the bot does a scene for a caller; nil: always
	mind    func(business.Line) (*engine.Engine, error) // makes the engine, also of a line that was read again
}

// loadBots reads the businesses and builds the engine of each of their lines, which
// compare meanings too where meaning is given.
// Whatever is wrong in them is logged; a line that cannot be built is an error.
func loadBots(dirs []string, meaning senses, effects engine.Effects, model engine.Model, log *slog.Logger) (*bots, error) {
	bs := &bots{build: func(l business.Line) (*bot, error) {
		// Days and hours are those of where the business is, wherever the server stands.
		made, err := newBot(l, meaning, effects, model, calendar)
		if err != nil {
			return nil, err
		}
		if err := made.elsewhere(l, log); err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
		return made, nil
	}}
	var all []*bot
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
			made, err := bs.build(l)
			if err != nil {
				return nil, fmt.Errorf("line %q of %s: %w", l.Name, dir, err)
			}
			made.of = b.Dir
			all = append(all, made)
		}
	}
	bs.answering.Store(&all)
	return bs, nil
}

// trial does what tasks want where nobody is on the telephone: other systems are
// asked, bookings are forgotten.
func trial() engine.Effects {
	return &action.Actions{Web: &action.Web{}, Bookings: &action.Memory{}}
}

// patience bounds the embedding of a line's knowledge where there is no server that
// answers meanwhile: minutes on a machine that has other work.
const patience = 10 * time.Minute

// newBot makes a line's bot, whose clock is now where the business is.
func newBot(l business.Line, meaning senses, effects engine.Effects, model engine.Model, now func() time.Time) (*bot, error) {
	o := l.KnowledgeOptions()
	o.Now, o.Embedder = now, meaning.questions.In(l.Language)
	o.BuildWithin = patience // whoever talks with a model of this machine waits for it
	index, err := knowledge.New(l.Pairs(), o)
	if err != nil {
		return nil, err
	}
	b := &bot{line: l, index: knowledge.NewLive(index)}
	b.mind = func(l business.Line) (*engine.Engine, error) {
		c := l.EngineConfig(b.index.Load)
		c.Now, c.Effects, c.Model = func() time.Time { return now().In(l.Home.Location) }, effects, model
		c.Bot = func(f dialog.Facts, scene string) bool { return b.scenes == nil || b.scenes(f, scene) }
		told, err := learnIntents(l.Home.IntentExamples(), l.Language, meaning.intents.In(l.Language))
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

// said is the line as its business says now.
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
	for _, b := range bs.lines() {
		if home := b.home(); !slices.Contains(out, home) {
			out = append(out, home)
		}
	}
	return out
}

// put has all answer from now on. Those that do not any more are remembered as long as
// calls of their lines are in progress.
func (bs *bots) put(all []*bot, inProgress func(line string) bool) {
	var leaving []*bot
	for _, b := range held(&bs.leaving) {
		if inProgress(b.line.Name) {
			leaving = append(leaving, b)
		}
	}
	for _, b := range bs.lines() {
		if !slices.Contains(all, b) { // a call may be about to begin
			leaving = append([]*bot{b}, leaving...)
		}
	}
	bs.leaving.Store(&leaving)
	bs.answering.Store(&all)
}

// find is the bot that answers a number.
func (bs *bots) find(number string) *bot {
	lines := bs.lines()
	for _, b := range lines {
		if slices.Contains(b.said().Numbers, number) {
			return b
		}
	}
	for _, b := range lines {
		if b.said().Default {
			return b
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return lines[0]
}

// named is the bot of a line's name; for calls in progress also one whose line was taken
// away meanwhile.
func (bs *bots) named(name string) *bot {
	if b := bs.serving(name); b != nil {
		return b
	}
	return namedIn(held(&bs.leaving), name)
}

// serving is the bot that answers new calls of a line's name.
func (bs *bots) serving(name string) *bot { return namedIn(bs.lines(), name) }

func namedIn(list []*bot, name string) *bot {
	for _, b := range list {
		if b.line.Name == name {
			return b
		}
	}
	return nil
}

// kbLines are bots with their indexes, for the knowledge that follows its files.
func kbLines(list []*bot) []kb.Line {
	out := make([]kb.Line, 0, len(list))
	for _, b := range list {
		out = append(out, kb.Line{Line: b.line, Live: b.index})
	}
	return out
}
