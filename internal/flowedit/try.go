package flowedit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/internal/action"
	"hotline/internal/business"
)

// Bounds on a trial.
const (
	maxTurns  = 40
	trialTime = 25 * time.Second
	turnEvery = 15 * time.Second // of the trial's own clock
)

// Trial is a conversation over a text that need not be saved. It is held anew, from its
// beginning, each time.
type Trial struct {
	Business, Name string
	Text           string
	Line           string    // "" is the business's first
	Caller         string    // the number that rings
	At             time.Time // when it begins; zero: now
	Turns          []TrialTurn
	Systems        bool // other systems may be asked that the saved text does not ask
}

// TrialTurn is what the caller does: one of the fields.
type TrialTurn struct {
	Say     string
	Keys    string
	Silence bool
}

// Tried is how a trial went.
type Tried struct {
	Line  string
	At    time.Time
	Turns []TriedTurn // the first is the opening
}

// TriedTurn is one turn of it.
type TriedTurn struct {
	Caller      string
	Said        []string
	Acts        []TriedAct
	Flow, Step  string // where it is then; the path of the step in the file
	Slots       []TriedSlot
	Source      string
	KnowledgeID string
	Question    string
	Confidence  float64
	Ended       bool // the call is over, or with a person
}

// TriedAct is something that would have been done.
type TriedAct struct {
	Kind string // transfer, callback, ticket, sms, review, message, rating, hangup, asked, unasked
	Text string
}

// TriedSlot is what the task knows.
type TriedSlot struct{ Name, Title, Value string }

// Try holds a conversation.
func (e *Editor) Try(ctx context.Context, t Trial) (Tried, error) {
	if e.cfg.Engine == nil {
		return Tried{}, ErrNoTrial
	}
	if len(t.Text) > maxText || len(t.Turns) > maxTurns {
		return Tried{}, ErrLong
	}
	p, err := e.find(ctx, t.Business, t.Name)
	if err != nil {
		return Tried{}, err
	}
	if !t.Systems && asksMore(p.now.Text, t.Text) {
		return Tried{}, ErrSystems
	}
	b, view, _ := p.with(&t.Text)
	if err := invalid(view); err != nil {
		return Tried{}, err
	}
	p.b = b
	lines := p.lines()
	if len(lines) == 0 {
		return Tried{}, ErrNoTrial
	}
	line := lines[0]
	for _, l := range lines {
		if l.Name == t.Line {
			line = l
		}
	}
	free, ctx, err := e.begin(ctx)
	if err != nil {
		return Tried{}, err
	}
	defer free()
	if t.At.IsZero() {
		t.At = time.Now()
	}
	stamp, err := stampOf(p.dir)
	if err != nil {
		return Tried{}, err
	}
	made, err := e.kept.of(stamp+"\x00"+line.Name+"\x00"+t.Text, func() (*trial, error) {
		return e.make(ctx, line)
	})
	if err != nil {
		return Tried{}, err
	}
	return made.hold(ctx, line, t, b)
}

// begin waits until there is room for a trial.
func (e *Editor) begin(ctx context.Context) (func(), context.Context, error) {
	select {
	case e.trials <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	return func() { cancel(); <-e.trials }, ctx, nil
}

func invalid(view business.FlowView) error {
	var wrong []business.Problem
	for _, q := range view.Problems {
		if q.Severity == business.Error {
			wrong = append(wrong, q.Problem)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &InvalidError{wrong}
}

func stampOf(dir string) (string, error) {
	settings, err := business.SettingsStamp([]string{dir})
	if err != nil {
		return "", err
	}
	knowledge, err := business.KnowledgeStamp(dir)
	return dir + "\x00" + settings + "\x00" + knowledge, err
}

// trial is an engine that is tried, and its clock.
type trial struct {
	engine  dialog.Engine
	effects *dry
	now     time.Time
}

func (e *Editor) make(ctx context.Context, line business.Line) (*trial, error) {
	t := &trial{effects: &dry{ask: e.cfg.Ask}}
	var err error
	t.engine, err = e.cfg.Engine(ctx, line, t.effects, func() time.Time { return t.now })
	return t, err
}

// hold holds the conversation from its beginning.
func (t *trial) hold(ctx context.Context, line business.Line, want Trial, b *business.Business) (Tried, error) {
	t.effects.begin(len(want.Turns) == 0)
	t.now = want.At.In(line.Home.Location)
	called := ""
	if len(line.Numbers) > 0 {
		called = line.Numbers[0]
	}
	c, err := t.engine.Begin(ctx, dialog.Facts{
		CallID: "trial", Line: line.Name, Language: line.Language, Caller: want.Caller, Called: called, Direction: "inbound", Now: t.now,
	})
	if err != nil {
		return Tried{}, fmt.Errorf("begin the trial: %w", err)
	}
	out := Tried{Line: line.Name, At: want.At}
	turns := append([]TrialTurn{{}}, want.Turns...)
	for i, w := range turns {
		turn := dialog.Turn{At: t.now, Confidence: 1}
		switch {
		case i == 0:
			turn.Kind = dialog.Opened
		case w.Keys != "":
			turn.Kind, turn.Keys = dialog.Pressed, w.Keys
		case w.Silence || strings.TrimSpace(w.Say) == "":
			turn.Kind = dialog.Silent
		default:
			turn.Kind, turn.Text, turn.Language = dialog.Spoke, strings.TrimSpace(w.Say), line.Language
		}
		done, err := t.reply(ctx, c, turn, b)
		if err != nil {
			return out, err
		}
		done.Caller = cmp.Or(turn.Text, turn.Keys)
		out.Turns = append(out.Turns, done)
		if done.Ended {
			break
		}
		t.now = t.now.Add(turnEvery)
	}
	return out, nil
}

func (t *trial) reply(ctx context.Context, c dialog.Conversation, turn dialog.Turn, b *business.Business) (TriedTurn, error) {
	var out TriedTurn
	act := func(kind, text string) { out.Acts = append(out.Acts, TriedAct{kind, text}) }
	taken := false
	err := c.Reply(ctx, turn, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Say:
			out.Said = append(out.Said, a.Text)
		case dialog.Transfer:
			act("transfer", b.SkillTitle(a.Skill))
			out.Ended = true
		case dialog.Callback:
			act("callback", strings.TrimSpace(a.When+" "+a.Reason))
		case dialog.Message:
			act("message", a.Reason)
			taken = true
		case dialog.Ticket:
			act("ticket", strings.TrimSpace(a.Kind+" "+a.Summary))
		case dialog.SMS:
			act("sms", a.Text)
		case dialog.Review:
			act("review", strings.TrimSpace(a.Kind+" "+a.Summary))
		case dialog.Refusal:
			act("refusal", string(a.Kind))
		case dialog.Rating:
			act("rating", fmt.Sprint(a.Score))
		case dialog.Hangup:
			act("hangup", "")
			out.Ended = true
		case dialog.Note:
			out.Flow, out.Step, out.Source = a.Flow, a.Step, a.Source
			out.KnowledgeID, out.Question, out.Confidence = a.KnowledgeID, a.Question, a.Confidence
			out.Slots = slotsOf(b, a)
		}
		return nil
	})
	for _, r := range t.effects.told() {
		act(r.Kind, r.Text)
	}
	if err != nil {
		return out, fmt.Errorf("hold the trial: %w", err)
	}
	if !taken {
		return out, nil
	}
	// The caller has left his message.
	more, err := t.reply(ctx, c, dialog.Turn{Kind: dialog.Returned, Result: dialog.MessageTaken, At: turn.At, Confidence: 1}, b)
	more.Said, more.Acts = append(out.Said, more.Said...), append(out.Acts, more.Acts...)
	return more, err
}

// slotsOf are what the task knows, in its own order.
func slotsOf(b *business.Business, n dialog.Note) (out []TriedSlot) {
	f, ok := b.Flows.Flow(n.Flow)
	if !ok {
		return nil
	}
	for _, s := range f.Slots {
		if v := n.Slots[s.Name]; v != "" {
			out = append(out, TriedSlot{s.Name, cmp.Or(s.Title, s.Name), v})
		}
	}
	return out
}

// trials are the engines made last: who tries a text says one sentence after the other.
type trials struct {
	mu   sync.Mutex
	keys []string // guarded by mu; the newest last
	made map[string]*trial
}

const keptTrials = 4

func (t *trials) of(key string, build func() (*trial, error)) (*trial, error) {
	t.mu.Lock()
	found := t.made[key]
	t.mu.Unlock()
	if found != nil {
		return found, nil
	}
	built, err := build()
	if err != nil {
		return nil, fmt.Errorf("make the engine of the trial: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made == nil {
		t.made = map[string]*trial{}
	}
	t.made[key] = built
	t.keys = append(t.keys, key)
	if len(t.keys) > keptTrials {
		delete(t.made, t.keys[0])
		t.keys = t.keys[1:]
	}
	return built, nil
}

// Dialog is how one of the business's own conversations goes.
type Dialog struct {
	business.ScriptResult
	Before bool // it goes as it must with the text that is saved
}

// Dialogs holds the business's own conversations (dialogs/*.yaml) over a text.
func (e *Editor) Dialogs(ctx context.Context, of, name, text string, systems bool) ([]Dialog, error) {
	if e.cfg.Engine == nil {
		return nil, ErrNoTrial
	}
	if len(text) > maxText {
		return nil, ErrLong
	}
	p, err := e.find(ctx, of, name)
	if err != nil {
		return nil, err
	}
	if !systems && asksMore(p.now.Text, text) {
		return nil, ErrSystems
	}
	b, view, broken := p.with(&text)
	if err := invalid(view); err != nil {
		return nil, err
	}
	if len(broken) > 0 {
		return nil, &InvalidError{broken}
	}
	free, ctx, err := e.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	done, err := e.run(ctx, b)
	if err != nil {
		return nil, err
	}
	// Only what the text breaks is its fault.
	was := map[string]bool{}
	if text != p.now.Text && slices.ContainsFunc(done, func(r business.ScriptResult) bool { return !r.Passed }) {
		before, err := e.run(ctx, p.b)
		if err != nil {
			return nil, err
		}
		for _, r := range before {
			was[placeOf(r)] = r.Passed
		}
	}
	out := make([]Dialog, 0, len(done))
	for _, r := range done {
		before, ok := was[placeOf(r)]
		if !ok {
			before = r.Passed
		}
		out = append(out, Dialog{r, before})
	}
	return out, nil
}

func placeOf(r business.ScriptResult) string { return fmt.Sprint(r.File, ":", r.Line) }

func (e *Editor) run(ctx context.Context, b *business.Business) ([]business.ScriptResult, error) {
	effects := &dry{ask: e.cfg.Ask}
	effects.begin(true)
	return business.RunDialogs(ctx, b, func(l business.Line, now func() time.Time) (dialog.Engine, error) {
		return e.cfg.Engine(ctx, l, effects, now)
	})
}

// dry does what tasks want without consequences: places are counted in memory, and
// other systems are asked once for what they know, and told nothing.
type dry struct {
	ask engine.Effects

	mu       sync.Mutex
	bookings *action.Actions // guarded by mu, as all below
	answers  map[string]flow.Response
	log      []TriedAct
}

var errDry = errors.New("a trial tells other systems nothing")

// maxAnswers bounds what is remembered of other systems.
const maxAnswers = 100

// begin forgets the places taken; what other systems said only where fresh.
func (d *dry) begin(fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bookings, d.log = &action.Actions{Bookings: &action.Memory{}}, nil
	if fresh || d.answers == nil || len(d.answers) > maxAnswers {
		d.answers = map[string]flow.Response{}
	}
}

// told is what other systems were asked since.
func (d *dry) told() []TriedAct {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.log
	d.log = nil
	return out
}

// Do implements engine.Effects.
func (d *dry) Do(ctx context.Context, q flow.Request) flow.Response {
	if q.HTTP == nil {
		d.mu.Lock()
		bookings := d.bookings
		d.mu.Unlock()
		return bookings.Do(ctx, q)
	}
	method := cmp.Or(q.HTTP.Method, http.MethodGet)
	what := method + " " + q.HTTP.URL
	d.mu.Lock()
	answer, known := d.answers[what]
	d.mu.Unlock()
	switch {
	case known:
	case d.ask == nil || method != http.MethodGet:
		d.note("unasked", what)
		return flow.Response{Err: errDry}
	default:
		answer = d.ask.Do(ctx, q)
		d.mu.Lock()
		d.answers[what] = answer
		d.mu.Unlock()
	}
	d.note("asked", what)
	return answer
}

func (d *dry) note(kind, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, TriedAct{kind, text})
}
