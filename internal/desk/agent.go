package desk

import (
	"slices"
	"time"

	"hotline/internal/call"
)

// Agent is a person who takes calls.
type Agent struct {
	Name      string         // user part of the registration
	Title     string         // shown to people
	Skills    []string       // names of skills; empty means all
	Levels    map[string]int // how well he knows a skill, 1 to 10; default 5
	Languages []string       // empty means all
	Team      string
	// OnShift tells whether he works at a time; nil is always.
	OnShift func(time.Time) bool
	// Capacity is how many calls he has at once. 1.
	Capacity int
	// WrapUp is how long he is left alone after a call, to finish his notes.
	WrapUp time.Duration
	// Rest is how long he is not ready after he did not answer. 1 min; negative is
	// until he says that he is back.
	Rest time.Duration
}

// State is what an agent is doing.
type State string

// The states of an agent.
const (
	Offline  State = "offline" // no telephone is registered, or he has signed off
	Ready    State = "ready"
	Ringing  State = "ringing"
	Talking  State = "talking"
	WrapUp   State = "wrap_up"   // after a call
	Break    State = "break"     // with a reason
	NotReady State = "not_ready" // did not answer, or does not want calls now
)

// States are all of them.
func States() []State { return []State{Offline, Ready, Ringing, Talking, WrapUp, Break, NotReady} }

// Chosen are the states that somebody can choose.
func Chosen() []State { return []State{Ready, Break, NotReady, Offline} }

// Reasons that are given to a state by us.
const (
	ReasonNoAnswer = "no_answer"
	ReasonRefused  = "refused"
	ReasonOffShift = "off_shift"
)

const (
	defaultRest = time.Minute
	// restAfterRefusal is how long an agent who refused is left alone.
	restAfterRefusal = 15 * time.Second
	defaultLevel     = 5
)

// Status is an agent as others see him.
type Status struct {
	Name      string    `json:"name"`
	Title     string    `json:"title"`
	Skills    []string  `json:"skills"`
	Languages []string  `json:"languages,omitempty"`
	Team      string    `json:"team,omitempty"`
	State     State     `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Since     time.Time `json:"since"`
	// Until is when the state ends by itself; zero when it does not.
	Until time.Time `json:"until,omitzero"`
	// Calls are those that he is rung for or talks in.
	Calls []string `json:"calls,omitempty"`
}

// Saved is what is kept of an agent over a restart.
type Saved struct {
	Name   string
	Mode   State // Ready, Break, NotReady, Offline: as chosen
	Reason string
	Since  time.Time // of the mode
	// RestUntil and WrapUntil end a rest and a wrap-up; zero when there is none.
	RestUntil, WrapUntil time.Time
	Idle                 time.Time // since when he has had no call
}

// member is an agent with what he does.
type member struct {
	Agent
	present bool
	mode    State // as chosen
	reason  string
	chosen  time.Time
	rest    time.Time // not ready until; forever is without end
	resting string    // why
	wrap    time.Time
	idle    time.Time
	held    []held

	told Status // the last that was published
}

// forever is the end of a rest that only the agent ends.
var forever = time.Unix(1<<40, 0)

// held is one call that an agent has.
type held struct {
	call    string
	skill   string
	talking time.Time // zero while it rings
}

func (m *member) state(now time.Time) (s State, reason string, until time.Time) {
	for _, h := range m.held {
		if !h.talking.IsZero() {
			return Talking, "", until
		}
	}
	switch {
	case len(m.held) > 0:
		return Ringing, "", until
	case !m.present || m.mode == Offline:
		return Offline, "", until
	case m.mode == Break:
		return Break, m.reason, until
	case m.mode == NotReady:
		return NotReady, m.reason, until
	case now.Before(m.rest):
		if m.rest.Equal(forever) {
			return NotReady, m.resting, until
		}
		return NotReady, m.resting, m.rest
	case now.Before(m.wrap):
		return WrapUp, "", m.wrap
	case m.OnShift != nil && !m.OnShift(now):
		return NotReady, ReasonOffShift, until
	default:
		return Ready, "", until
	}
}

func (m *member) status(now time.Time) Status {
	s := Status{
		Name: m.Name, Title: m.Title, Skills: slices.Clone(m.Skills), Languages: slices.Clone(m.Languages), Team: m.Team, Since: m.told.Since,
	}
	s.State, s.Reason, s.Until = m.state(now)
	for _, h := range m.held {
		s.Calls = append(s.Calls, h.call)
	}
	return s
}

// free tells whether he can be rung.
func (m *member) free(now time.Time) bool {
	if len(m.held) > 0 {
		if len(m.held) >= max(1, m.Capacity) || !m.present || m.mode != Ready {
			return false
		}
		return !slices.ContainsFunc(m.held, func(h held) bool { return h.talking.IsZero() })
	}
	s, _, _ := m.state(now)
	return s == Ready
}

// onDuty tells whether he can be counted on: he takes calls now or will soon.
func (m *member) onDuty(now time.Time) bool {
	if !m.present || m.mode == Offline || m.OnShift != nil && !m.OnShift(now) {
		return false
	}
	return true
}

// serving tells whether he takes calls, one after another.
func (m *member) serving(now time.Time) bool {
	return m.onDuty(now) && m.mode == Ready && !m.rest.Equal(forever)
}

func (m *member) has(skill string) bool {
	return skill == "" || len(m.Skills) == 0 || slices.Contains(m.Skills, skill)
}

func (m *member) speaks(language string) bool {
	return language == "" || len(m.Languages) == 0 || slices.Contains(m.Languages, language)
}

func (m *member) level(skill string) int {
	if l, ok := m.Levels[skill]; ok {
		return l
	}
	return defaultLevel
}

func (m *member) of(id string) int {
	return slices.IndexFunc(m.held, func(h held) bool { return h.call == id })
}

// release ends a call of his.
func (m *member) release(id string, r call.OfferResult, now time.Time) (talked time.Duration, skill string) {
	i := m.of(id)
	if i < 0 {
		return 0, ""
	}
	h := m.held[i]
	m.held = slices.Delete(m.held, i, i+1)
	if !h.talking.IsZero() {
		talked, skill = now.Sub(h.talking), h.skill
	}
	switch r {
	case call.OfferTaken:
		m.idle = now
		if m.WrapUp > 0 && talked > 0 {
			m.wrap = now.Add(m.WrapUp)
		}
	case call.OfferNoAnswer:
		m.resting = ReasonNoAnswer
		switch {
		case m.Rest < 0:
			m.rest = forever
		case m.Rest == 0:
			m.rest = now.Add(defaultRest)
		default:
			m.rest = now.Add(m.Rest)
		}
	case call.OfferRefused, call.OfferFailed:
		m.rest, m.resting = now.Add(restAfterRefusal), ReasonRefused
	case call.OfferGone:
	}
	return talked, skill
}

func (m *member) saved() Saved {
	return Saved{
		Name: m.Name, Mode: m.mode, Reason: m.reason, Since: m.chosen, RestUntil: m.rest, WrapUntil: m.wrap, Idle: m.idle,
	}
}

func (m *member) restore(s Saved) {
	if slices.Contains(Chosen(), s.Mode) {
		m.mode, m.reason, m.chosen = s.Mode, s.Reason, s.Since
	}
	m.rest, m.wrap = s.RestUntil, s.WrapUntil
	if !m.rest.IsZero() {
		m.resting = ReasonNoAnswer
	}
	if !s.Idle.IsZero() {
		m.idle = s.Idle
	}
}
