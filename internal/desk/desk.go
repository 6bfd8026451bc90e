// Package desk knows the people: which agents there are, who is registered and
// ready, and who is to be rung next.
//
// # Concepts
//
// An [Agent] has skills. His phone's registration makes him present; ringing and
// talking make him busy; not answering makes him not ready for a while, so that
// the next caller is not kept waiting for an empty chair.
//
// # Concurrency
//
// All methods of [Desk] are safe for concurrent use; nothing blocks.
package desk

import (
	"slices"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
)

// Agent is a person who takes calls.
type Agent struct {
	Name   string   // user part of the registration
	Title  string   // shown to people
	Skills []string // names of skills; empty means all
}

// State is what an agent is doing.
type State string

// The states of an agent.
const (
	Offline  State = "offline"
	Ready    State = "ready"
	Ringing  State = "ringing"
	Talking  State = "talking"
	NotReady State = "not_ready" // did not answer; ready again after a while or at a new registration
)

// Status is an agent as the console shows him.
type Status struct {
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	Skills []string  `json:"skills"`
	State  State     `json:"state"`
	Since  time.Time `json:"since"`
}

// restAfterNoAnswer is how long an agent who did not answer is left alone.
const restAfterNoAnswer = time.Minute

// restAfterRefusal is how long an agent who refused is left alone.
const restAfterRefusal = 15 * time.Second

// Config sets a Desk up.
type Config struct {
	Agents []Agent
	// Open tells whether a skill is staffed at a time; nil means always.
	Open func(skill string, at time.Time) bool
	Bus  *event.Bus
	Now  func() time.Time // default time.Now
}

// Desk implements call.Desk.
type Desk struct {
	open func(skill string, at time.Time) bool
	bus  *event.Bus
	now  func() time.Time

	mu     sync.Mutex
	agents []*agent // guarded by mu; in the order of the configuration
}

type agent struct {
	Agent
	present bool
	busy    State // Ringing, Talking or ""
	rest    time.Time
	since   time.Time
	idle    time.Time // since when he has had no call
}

// New returns a Desk; nobody is present yet.
func New(c Config) *Desk {
	d := &Desk{open: c.Open, bus: c.Bus, now: c.Now}
	if d.now == nil {
		d.now = time.Now
	}
	for _, a := range c.Agents {
		d.agents = append(d.agents, &agent{Agent: a, since: d.now(), idle: d.now()})
	}
	return d
}

func (a *agent) state(now time.Time) State {
	switch {
	case a.busy != "":
		return a.busy
	case !a.present:
		return Offline
	case now.Before(a.rest):
		return NotReady
	default:
		return Ready
	}
}

func (a *agent) has(skill string) bool {
	return skill == "" || len(a.Skills) == 0 || slices.Contains(a.Skills, skill)
}

// Present tells that an agent's phone came or went.
func (d *Desk) Present(name string, online bool) {
	d.change(name, func(a *agent, now time.Time) {
		if online && !a.present {
			a.rest = time.Time{}
			a.idle = now
		}
		a.present = online
	})
}

// Reserve implements call.Desk: of the ready agents with the skill, the one who
// has been idle longest.
func (d *Desk) Reserve(skill string, tried []string) (p call.Person, found, open bool) {
	now := d.now()
	if d.open != nil && !d.open(skill, now) {
		return p, false, false
	}
	d.mu.Lock()
	var best *agent
	for _, a := range d.agents {
		if a.state(now) != Ready || !a.has(skill) || slices.Contains(tried, a.Name) {
			continue
		}
		if best == nil || a.idle.Before(best.idle) {
			best = a
		}
	}
	if best == nil {
		d.mu.Unlock()
		return p, false, true
	}
	best.busy, best.since = Ringing, now
	st := best.status(now)
	d.mu.Unlock()
	d.publish(st)
	return call.Person{Name: best.Name, Title: best.Title, Target: call.Target{To: "agent:" + best.Name}}, true, true
}

// ReserveAgent implements call.Desk.
func (d *Desk) ReserveAgent(name string) (p call.Person, found bool) {
	now := d.now()
	d.mu.Lock()
	i := slices.IndexFunc(d.agents, func(a *agent) bool { return a.Name == name })
	if i < 0 || d.agents[i].state(now) != Ready {
		d.mu.Unlock()
		return p, false
	}
	a := d.agents[i]
	a.busy, a.since = Ringing, now
	st := a.status(now)
	d.mu.Unlock()
	d.publish(st)
	return call.Person{Name: a.Name, Title: a.Title, Target: call.Target{To: "agent:" + a.Name}}, true
}

// Talking implements call.Desk.
func (d *Desk) Talking(name string) {
	d.change(name, func(a *agent, _ time.Time) { a.busy = Talking })
}

// Release implements call.Desk.
func (d *Desk) Release(name string, result call.OfferResult) {
	d.change(name, func(a *agent, now time.Time) {
		a.busy = ""
		switch result {
		case call.OfferTaken:
			a.idle = now
		case call.OfferNoAnswer:
			a.rest = now.Add(restAfterNoAnswer)
		case call.OfferRefused, call.OfferFailed:
			a.rest = now.Add(restAfterRefusal)
		case call.OfferGone:
		}
	})
}

// Agents lists all agents.
func (d *Desk) Agents() []Status {
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Status, 0, len(d.agents))
	for _, a := range d.agents {
		list = append(list, a.status(now))
	}
	return list
}

func (a *agent) status(now time.Time) Status {
	return Status{Name: a.Name, Title: a.Title, Skills: slices.Clone(a.Skills), State: a.state(now), Since: a.since}
}

func (d *Desk) change(name string, f func(a *agent, now time.Time)) {
	now := d.now()
	d.mu.Lock()
	i := slices.IndexFunc(d.agents, func(a *agent) bool { return a.Name == name })
	if i < 0 {
		d.mu.Unlock()
		return
	}
	a := d.agents[i]
	before := a.state(now)
	f(a, now)
	changed := a.state(now) != before
	if changed {
		a.since = now
	}
	st := a.status(now)
	d.mu.Unlock()
	if changed {
		d.publish(st)
	}
}

func (d *Desk) publish(s Status) {
	if d.bus != nil {
		d.bus.Publish(event.Event{Kind: "agent.state", At: s.Since, Data: s})
	}
}
