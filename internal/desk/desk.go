package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
)

// Store keeps what a restart must find again.
type Store interface {
	// AgentStates are those of all agents that were ever kept.
	AgentStates(ctx context.Context) ([]Saved, error)
	// SaveAgentState returns when it is durable.
	SaveAgentState(ctx context.Context, s Saved) error
}

// Customers know who calls.
type Customers interface {
	// Customer is what is known of a number; the zero value when nothing is. It is
	// asked once for each caller who enters the queue.
	Customer(ctx context.Context, number string) (Customer, error)
}

// Customer is what the rules want to know of who calls.
type Customer struct {
	LastAgent string
	Tier      string
}

// Config sets a Desk up.
type Config struct {
	Agents []Agent
	// Rules are those of a line's callers; nil means the defaults.
	Rules func(line string) Rules
	// Open tells whether a line's people are there at a time; nil means always.
	Open      func(line, skill string, at time.Time) bool
	Store     Store     // nil: a restart forgets
	Customers Customers // nil: nobody is known
	Share     *Share    // nil: the work is divided as usual, always
	Bus       *event.Bus
	Log       *slog.Logger     // default discards
	Now       func() time.Time // default time.Now
}

// Desk implements call.Desk.
type Desk struct {
	cfg  Config
	now  func() time.Time
	log  *slog.Logger
	wake chan struct{} // something has changed; Run looks

	mu     sync.Mutex // guards the rest
	agents map[string]Agent
	board  *Board
	places map[string]*place
	dirty  map[string]bool // agents whose state is not written yet
}

// customerWait bounds the question who calls.
const customerWait = 2 * time.Second

// writeWait bounds one write of an agent's state.
const writeWait = 10 * time.Second

// New returns a Desk; nobody is present yet.
func New(c Config) *Desk {
	d := &Desk{
		cfg: c, now: c.Now, log: c.Log, wake: make(chan struct{}, 1), agents: map[string]Agent{},
		places: map[string]*place{}, dirty: map[string]bool{},
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.cfg.Bus == nil {
		d.cfg.Bus = &event.Bus{}
	}
	for _, a := range c.Agents {
		d.agents[a.Name] = a
	}
	d.board = NewBoard(c.Agents, d.now())
	return d
}

// Restore brings back what agents had chosen before the server ended.
func (d *Desk) Restore(ctx context.Context) error {
	if d.cfg.Store == nil {
		return nil
	}
	saved, err := d.cfg.Store.AgentStates(ctx)
	if err != nil {
		return fmt.Errorf("reading the agents' states: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range saved {
		if m := d.board.agent(s.Name); m != nil {
			m.restore(s)
		}
	}
	return nil
}

// Run lets time take effect and writes what has changed, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			d.write(context.WithoutCancel(ctx))
			return nil
		case <-d.wake:
		case <-timer.C:
		}
		timer.Reset(d.step())
		d.write(ctx)
	}
}

// idleStep is how often Run looks where no rule says when: shifts begin and end.
const idleStep = 15 * time.Second

// step lets rules that count time take effect, and tells when they will again.
func (d *Desk) step() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	now := d.now()
	if d.cfg.Share != nil {
		d.cfg.Share.Observe(d.board.load(now))
	}
	next := d.board.Next(now)
	if next.IsZero() {
		return idleStep
	}
	return min(idleStep, max(time.Millisecond, next.Sub(now)))
}

// settle is done after every change: callers get agents, or are told that there are
// none, and others learn what is new. It needs d.mu.
func (d *Desk) settle() {
	now := d.now()
	tooLong, deserted := d.board.Expired(now)
	for _, o := range d.board.Assign(now) {
		d.places[o.Call].turn(d.person(o.Agent), nil)
		d.queueEvent("queue.offered", o.Call, now, "")
		tooLong = slices.DeleteFunc(tooLong, func(id string) bool { return id == o.Call })
	}
	for _, id := range tooLong {
		d.places[id].turn(call.Person{}, call.ErrWaitedLong)
	}
	for _, id := range deserted {
		d.places[id].turn(call.Person{}, call.ErrNobodyThere)
	}
	for _, s := range d.board.changed(now) {
		d.dirty[s.Name] = true
		d.cfg.Bus.Publish(event.Event{Kind: "agent.state", At: now, Data: s})
	}
}

// look has Run see what has changed.
func (d *Desk) look() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Desk) person(name string) call.Person {
	a := d.agents[name]
	return call.Person{Name: a.Name, Title: a.Title, Target: call.Target{To: "agent:" + a.Name}}
}

// QueueEvent is what is published of the queue.
type QueueEvent struct {
	Waiter View   `json:"waiter"`
	Reason string `json:"reason,omitempty"` // of leaving: "answered", "hung_up" …
	Length int    `json:"length"`           // of the whole queue, afterwards
}

// queueEvent needs d.mu.
func (d *Desk) queueEvent(kind event.Kind, id string, now time.Time, reason string) {
	w := d.board.waiter(id)
	if w == nil {
		return
	}
	e := QueueEvent{Waiter: d.view(d.board.view(w, now), now), Reason: reason, Length: len(d.board.waiting)}
	if kind == "queue.left" {
		e.Length--
	}
	d.cfg.Bus.Publish(event.Event{Kind: kind, At: now, Call: id, Data: e})
}

// write keeps the states that have changed.
func (d *Desk) write(ctx context.Context) {
	d.mu.Lock()
	var list []Saved
	for name := range d.dirty {
		list = append(list, d.board.agent(name).saved())
	}
	clear(d.dirty)
	d.mu.Unlock()
	if d.cfg.Store == nil {
		return
	}
	for _, s := range list {
		if err := d.save(ctx, s); err != nil && ctx.Err() == nil {
			d.log.Error("keeping an agent's state; a restart may not find it", "agent", s.Name, "error", err)
		}
	}
}

func (d *Desk) save(ctx context.Context, s Saved) error {
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	return d.cfg.Store.SaveAgentState(ctx, s)
}

// Present tells that an agent's phone came or went.
func (d *Desk) Present(name string, online bool) {
	d.change(func(now time.Time) { d.board.Present(name, online, now) })
}

// Choose sets what an agent does from now on: ready, on a break with a reason, not
// ready, or offline. When it returns the choice survives a restart.
func (d *Desk) Choose(ctx context.Context, name string, s State, reason string) error {
	var saved Saved
	var err error
	d.change(func(now time.Time) {
		if err = d.board.Choose(name, s, reason, now); err == nil {
			saved = d.board.agent(name).saved()
		}
	})
	if err != nil || d.cfg.Store == nil {
		return err
	}
	if err := d.save(ctx, saved); err != nil {
		return fmt.Errorf("the state counts now, but a restart would not find it: %w", err)
	}
	return nil
}

// Renew has agents work by what is written of them now: skills, teams, shifts, wrap-up
// and rest. One who is new comes to the desk with his telephone; one who is not named any
// more is rung no more, and is gone at the next renewal after his last call.
func (d *Desk) Renew(agents []Agent) {
	d.change(func(now time.Time) {
		named := map[string]bool{}
		for _, a := range agents {
			named[a.Name], d.agents[a.Name] = true, a
			if m := d.board.agent(a.Name); m != nil {
				m.Agent = a
			} else {
				d.board.agents = append(d.board.agents, newMember(a, now))
			}
		}
		d.board.agents = slices.DeleteFunc(d.board.agents, func(m *member) bool { return !named[m.Name] && len(m.held) == 0 })
		for _, m := range d.board.agents {
			if !named[m.Name] { // he still talks
				m.mode, m.reason, m.chosen = Break, "", now
			}
		}
	})
}

func (d *Desk) change(f func(now time.Time)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.now())
	d.settle()
	d.look()
}

// Reserve implements call.Desk.
func (d *Desk) Reserve(id, skill string) (p call.Person, found bool) {
	d.change(func(now time.Time) {
		var a Agent
		if a, found = d.board.Reserve(id, skill, now); found {
			p = d.person(a.Name)
		}
	})
	return p, found
}

// ReserveAgent implements call.Desk.
func (d *Desk) ReserveAgent(id, name string) (p call.Person, found bool) {
	d.change(func(now time.Time) {
		if _, found = d.board.ReserveAgent(id, name, now); found {
			p = d.person(name)
		}
	})
	return p, found
}

// Talking implements call.Desk.
func (d *Desk) Talking(name, id string) {
	d.change(func(now time.Time) { d.board.Talking(name, id, now) })
}

// Release implements call.Desk.
func (d *Desk) Release(name, id string, result call.OfferResult) {
	d.change(func(now time.Time) { d.board.Release(name, id, result, now) })
}

// Agents lists all agents.
func (d *Desk) Agents() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.board.Statuses(d.now())
}

// Involved are the agents who talk, or are rung, in a call.
func (d *Desk) Involved(id string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, m := range d.board.agents {
		if m.of(id) >= 0 {
			out = append(out, m.Name)
		}
	}
	return out
}

// Load is how much there is to do for people.
type Load struct {
	Waiting int           // callers
	Longest time.Duration // that one of them has waited
	Wait    time.Duration // estimated for the last of them; 0 when nobody waits
	Ready   int           // agents who could take a call at once
	Serving int           // agents who take calls
}

// Load tells how much there is to do.
func (d *Desk) Load() Load {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.board.load(d.now())
}

func (b *Board) load(now time.Time) Load {
	var l Load
	for _, w := range b.order(now) {
		l.Waiting++
		l.Longest = max(l.Longest, now.Sub(w.since))
		if wait, known := b.estimate(w, b.position(w, now), now); known {
			l.Wait = max(l.Wait, wait)
		}
	}
	for _, m := range b.agents {
		if m.serving(now) {
			l.Serving++
		}
		if m.free(now) {
			l.Ready++
		}
	}
	return l
}

// Enter implements call.Desk.
func (d *Desk) Enter(ctx context.Context, w call.Waiting) (call.Place, error) {
	if d.cfg.Open != nil && !d.cfg.Open(w.Line, w.Skill, d.now()) {
		return nil, call.ErrQueueShut
	}
	if d.cfg.Share != nil && !w.Asked && !w.Urgent && d.cfg.Share.Level() == MoreBot {
		return nil, call.ErrQueueBusy
	}
	rules := Rules{}
	if d.cfg.Rules != nil {
		rules = d.cfg.Rules(w.Line)
	}
	rules = rules.Filled()
	known := d.customer(ctx, w.Number)
	c := Caller{
		Call: w.Call, Line: w.Line, Language: w.Language, Skill: w.Skill, Kind: w.Kind, Tier: known.Tier, Asked: w.Asked, Urgent: w.Urgent,
		Mood: w.Mood, Risk: w.Risk, LastAgent: known.LastAgent,
	}
	p := &place{desk: d, id: w.Call, language: w.Language, rules: &rules, signal: make(chan struct{}, 1)}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	switch err := d.board.Enter(c, &rules, now); {
	case errors.Is(err, ErrNobody):
		return nil, call.ErrNobodyThere
	case errors.Is(err, ErrFull):
		return nil, call.ErrQueueFull
	case err != nil:
		return nil, err
	}
	d.places[w.Call] = p
	d.queueEvent("queue.entered", w.Call, now, "")
	d.settle()
	d.look()
	return p, nil
}

func (d *Desk) customer(ctx context.Context, number string) Customer {
	if d.cfg.Customers == nil || number == "" {
		return Customer{}
	}
	ctx, cancel := context.WithTimeout(ctx, customerWait)
	defer cancel()
	c, err := d.cfg.Customers.Customer(ctx, number)
	if err != nil { // he waits like everybody
		d.log.Warn("finding out who calls", "error", err)
	}
	return c
}
