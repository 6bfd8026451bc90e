// Package assist helps an agent while he talks and when he writes down what was said.
//
// # Concepts
//
// An [Assistant] follows the calls that people have, on the event bus. Each finished
// sentence of the caller yields a [Suggestion]: answers of the knowledge, phrases to
// say, the next step of the flow that the bot was in. Each sentence of either side may
// yield a [Warning]: a sensitive word, a promise, anger that rises, a complaint that
// threatens. Both are events for the agent who talks, and for nobody else. When he has
// left, a [store.Draft] of his wrap-up is written: sentences of the call, or those of a
// language model that passed its guards.
//
// # Concurrency
//
// Nothing here is on a call's path. [Assistant.Run] reads events and never waits; a few
// workers do the work, one sentence of a call at a time and in order. What comes too
// fast is left out, what comes too late is not looked up.
package assist

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
	"hotline/dialog/language"
	"hotline/dialog/moderation"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
)

// Line is what a line's calls are helped by. Any part may be missing.
type Line struct {
	Name     string // by which it asks its knowledge; "" is that of the call's record
	Language string // "zh", "en"
	Pairs    func() *knowledge.Index
	Flows    *flow.Set
	Words    *moderation.Matcher
	// Complaint is the risk from which an agent is warned; default 0.6.
	Complaint float64
	// Now is the time where the business is; default time.Now.
	Now func() time.Time
	// In is by what the line's calls are helped that go on in another language; nil, or
	// false for a language, is as in its own.
	In func(language string) (Line, bool)
}

// in is the line in the language of a text that is by itself.
func (l Line) in(text string) Line {
	if other := language.Of(text); other != "" && other != l.Language && l.In != nil {
		if x, ok := l.In(other); ok {
			return x
		}
	}
	return l
}

// Records is where calls are read and drafts kept.
type Records interface {
	Call(ctx context.Context, id string) (call.Record, error)
	Turns(ctx context.Context, id string) ([]call.TurnRecord, error)
	Events(ctx context.Context, id string) ([]call.Event, error)
	KeepDraft(ctx context.Context, call, agent string, d store.Draft) error
}

// Config says what calls are helped by.
type Config struct {
	Bus     *event.Bus
	Records Records
	// Line is what a line is helped by; false for a line that is not known.
	Line func(name string) (Line, bool)
	// Model writes the summaries, where there is one.
	Model engine.Model
	Log   *slog.Logger
	// Late is how old a sentence may be that answers are still looked up for; 4 s.
	Late time.Duration
}

const (
	workers    = 2
	maxTalks   = 4096
	maxPending = 8 // sentences of one call that wait
	lookTime   = time.Second
	draftTime  = 15 * time.Second
	maxShown   = 20 // warnings of a call that are remembered
)

// Assistant helps agents.
type Assistant struct {
	cfg     Config
	ready   chan *talk
	dropped atomic.Int64

	mu    sync.Mutex
	talks map[string]*talk // guarded by mu
}

// talk is a call that a person has, or had.
type talk struct {
	id string

	mu        sync.Mutex // guards what follows
	line      string
	agent     string
	person    bool // he talks now, not the bot
	pending   []job
	scheduled bool
	view      Help

	ear *ear // of the worker that has the talk
}

// job is one thing to be done for a talk.
type job struct {
	turn  call.TurnRecord
	at    time.Time
	draft string // instead: the agent who has left
	over  bool   // with draft: so has everybody
}

// Help is what a page shows that was opened in the middle of a call.
type Help struct {
	Agent      string      `json:"-"`
	Suggestion *Suggestion `json:"suggestion,omitempty" doc:"the latest"`
	Warnings   []Warning   `json:"warnings" doc:"oldest first"`
}

// ForAgent is what only one agent is told.
type ForAgent interface{ Recipient() string }

// Kinds of events.
const (
	Suggested event.Kind = "assist.suggested"
	Warned    event.Kind = "assist.warned"
	Drafted   event.Kind = "assist.drafted"
)

// New returns an Assistant; it does nothing until Run.
func New(cfg Config) *Assistant {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Late <= 0 {
		cfg.Late = 4 * time.Second
	}
	return &Assistant{cfg: cfg, ready: make(chan *talk, maxTalks), talks: map[string]*talk{}}
}

// Dropped is how many sentences were left out because there was no time for them.
func (a *Assistant) Dropped() int64 { return a.dropped.Load() }

// View is what was suggested and warned of in a call in progress, for its agent.
func (a *Assistant) View(id, agent string) (Help, bool) {
	a.mu.Lock()
	t := a.talks[id]
	a.mu.Unlock()
	if t == nil {
		return Help{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.view
	v.Warnings = append([]Warning{}, v.Warnings...)
	return v, agent != "" && t.agent == agent
}

// Blocked is the word for which a text may not be sent to a caller of a line.
func (a *Assistant) Blocked(line, text string) (word string, blocked bool) {
	l, ok := a.cfg.Line(line)
	if l = l.in(text); !ok || l.Words == nil {
		return "", false
	}
	h, blocked := l.Words.Blocked(text)
	if !blocked {
		return "", false
	}
	return text[h.Start:h.End], true
}

// Run follows the calls until ctx ends.
func (a *Assistant) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range workers {
		wg.Go(func() { a.work(ctx) })
	}
	for ctx.Err() == nil {
		sub := a.cfg.Bus.Subscribe("call.event", "call.turn", "call.updated", "call.ended")
		a.follow(ctx, sub)
		sub.Close()
	}
}

func (a *Assistant) follow(ctx context.Context, sub *event.Subscription) {
	for {
		select {
		case e, ok := <-sub.C():
			if !ok {
				a.cfg.Log.WarnContext(ctx, "suggestions_fell_behind")
				return
			}
			a.take(e)
		case <-ctx.Done():
			return
		}
	}
}

// take notes an event; it waits for nothing.
func (a *Assistant) take(e event.Event) {
	a.mu.Lock()
	t := a.talks[e.Call]
	a.mu.Unlock()
	switch d := e.Data.(type) {
	case call.Event:
		if agent, _ := d.Data["agent"].(string); d.Kind == call.KindBridge && agent != "" {
			a.begin(t, e.Call, "", agent)
		}
	case call.Record:
		switch {
		case e.Kind == "call.ended":
			if t != nil {
				t.mu.Lock()
				agent := t.agent
				t.mu.Unlock()
				a.put(t, job{draft: agent, over: true, at: e.At})
			}
		case d.Agent != "" && !d.AnsweredAt.IsZero() && t == nil:
			a.begin(nil, d.ID, d.Line, d.Agent) // he rang himself
		}
	case call.TurnRecord:
		if t == nil {
			return
		}
		t.mu.Lock()
		t.person = t.person && d.Speaker != "bot" || d.Speaker == "agent"
		talks := t.person
		t.mu.Unlock()
		if talks {
			a.put(t, job{turn: d, at: e.At})
		}
	}
}

// begin notes that a person has the caller now.
func (a *Assistant) begin(t *talk, id, line, agent string) {
	if t == nil {
		t = &talk{id: id, line: line, agent: agent, view: Help{Agent: agent}}
		a.mu.Lock()
		if len(a.talks) >= maxTalks {
			a.mu.Unlock()
			a.dropped.Add(1)
			return
		}
		a.talks[id] = t
		a.mu.Unlock()
	}
	t.mu.Lock()
	before := t.agent
	t.agent, t.person = agent, true
	if before != agent {
		t.view = Help{Agent: agent}
	}
	t.mu.Unlock()
	if before != agent && before != "" {
		a.put(t, job{draft: before})
	}
	a.put(t, job{}) // the bot's part is read, and its flow shown
}

// put queues a job. Of too many sentences the oldest goes; drafts stay.
func (a *Assistant) put(t *talk, j job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) >= maxPending {
		for i, p := range t.pending {
			if p.draft == "" {
				t.pending = append(t.pending[:i:i], t.pending[i+1:]...)
				a.dropped.Add(1)
				break
			}
		}
	}
	t.pending = append(t.pending, j)
	if t.scheduled {
		return
	}
	select {
	case a.ready <- t:
		t.scheduled = true
	default: // as many wait as there can be talks: the next sentence tries again
		a.dropped.Add(1)
	}
}

func (a *Assistant) work(ctx context.Context) {
	for {
		select {
		case t := <-a.ready:
			a.serve(ctx, t)
		case <-ctx.Done():
			return
		}
	}
}

// serve does a talk's next job, and puts it behind the others if there is more.
func (a *Assistant) serve(ctx context.Context, t *talk) {
	t.mu.Lock()
	j := t.pending[0]
	t.pending = t.pending[1:]
	t.mu.Unlock()
	a.safely(t, func() { a.do(ctx, t, j) })
	if j.over {
		a.mu.Lock()
		delete(a.talks, t.id)
		a.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.scheduled = len(t.pending) > 0; t.scheduled {
		select {
		case a.ready <- t:
		default:
			t.scheduled = false
		}
	}
}

// safely keeps what one call's words bring about from harming another's.
func (a *Assistant) safely(t *talk, f func()) {
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Log.Error("helping an agent", "call", t.id, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
}

func (a *Assistant) do(ctx context.Context, t *talk, j job) {
	if j.draft != "" {
		a.draft(ctx, t, j.draft)
		return
	}
	if t.ear == nil && !a.open(ctx, t) {
		return
	}
	t.mu.Lock()
	agent := t.agent
	t.mu.Unlock()
	if j.turn.Text == "" {
		if s := t.ear.first(); s != nil {
			a.suggest(t, agent, *s)
		}
		return
	}
	for _, w := range t.ear.warn(ctx, j.turn) {
		t.mu.Lock()
		t.view.Warnings = append(t.view.Warnings, w)
		t.view.Warnings = t.view.Warnings[max(0, len(t.view.Warnings)-maxShown):]
		t.mu.Unlock()
		w.Call, w.agent = t.id, agent
		a.cfg.Bus.Publish(event.Event{Kind: Warned, At: time.Now(), Call: t.id, Data: w})
	}
	if j.turn.Speaker != "caller" {
		t.ear.asks(j.turn.Text)
		return
	}
	if time.Since(j.at) > a.cfg.Late {
		a.dropped.Add(1)
		return
	}
	looking, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if s := t.ear.suggest(looking, j.turn); s != nil {
		a.suggest(t, agent, *s)
	}
}

func (a *Assistant) suggest(t *talk, agent string, s Suggestion) {
	t.mu.Lock()
	t.view.Suggestion = &s
	t.mu.Unlock()
	s.Call, s.agent = t.id, agent
	a.cfg.Bus.Publish(event.Event{Kind: Suggested, At: time.Now(), Call: t.id, Data: s})
}

// open reads what was before a person came; false where nothing can be done for the
// call.
func (a *Assistant) open(ctx context.Context, t *talk) bool {
	t.mu.Lock()
	name := t.line
	t.mu.Unlock()
	r, err := a.cfg.Records.Call(ctx, t.id)
	if err == nil {
		name = r.Line
	}
	line, ok := a.cfg.Line(name)
	if !ok {
		return false
	}
	events, err := a.cfg.Records.Events(ctx, t.id)
	if err != nil && ctx.Err() == nil {
		a.cfg.Log.WarnContext(ctx, "reading_what_the_bot_did", "call", t.id, "error", err)
	}
	t.ear = newEar(name, line, r.Caller, events)
	return true
}

// draft writes what an agent may correct. Without a language model it is done at once.
func (a *Assistant) draft(ctx context.Context, t *talk, agent string) {
	ctx, cancel := context.WithTimeout(ctx, draftTime)
	defer cancel()
	d, err := a.Draft(ctx, t.id)
	if err == nil {
		d = a.byModel(ctx, t.id, d)
		err = a.cfg.Records.KeepDraft(ctx, t.id, agent, d.Draft)
	}
	if err != nil {
		if ctx.Err() == nil {
			a.cfg.Log.WarnContext(ctx, "drafting_a_wrap_up", "call", t.id, "error", err)
		}
		return
	}
	a.cfg.Bus.Publish(event.Event{Kind: Drafted, At: time.Now(), Call: t.id, Data: Done{Call: t.id, Draft: d.Draft, agent: agent}})
}

// Done tells an agent that his wrap-up is drafted.
type Done struct {
	Call  string      `json:"call"`
	Draft store.Draft `json:"draft"`

	agent string
}

// Recipient implements ForAgent.
func (d Done) Recipient() string { return d.agent }
