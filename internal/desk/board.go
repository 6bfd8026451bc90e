package desk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/internal/call"
)

// TierVIP is the tier of customers who go before others.
const TierVIP = "vip"

// Caller is who waits for a person.
type Caller struct {
	Call, Line, Language string
	Skill                string
	Kind                 string  // of request: the flow or the intent, "" unknown
	Tier                 string  // TierVIP or ""
	Asked                bool    // he asked for a person himself
	Urgent               bool    // upset or in danger
	Mood                 string  // as last heard
	Risk                 float64 // of a complaint, 0 to 1
	LastAgent            string  // whom he spoke with last
}

// Waiter is a caller in the queue, as others see him.
type Waiter struct {
	Caller
	Since     time.Time     // he has waited
	HeadStart time.Duration // counts as if he had waited that much longer
	Position  int           // 1 is the next, among those who wait for the same people
	Offered   string        // the agent who is rung for him
	Declined  int           // agents who did not take him
}

// Offer is an agent to be rung for a caller.
type Offer struct{ Call, Agent string }

// Standing is where a caller stands.
type Standing struct {
	Position int           // 1 is the next
	Wait     time.Duration // estimated; 0 with Known is at once
	Known    bool          // somebody is there by whom a wait can be reckoned
	Waited   time.Duration
}

// Errors of entering and of choosing a state.
var (
	ErrQueued  = errors.New("the caller is in the queue already")
	ErrFull    = errors.New("as many callers wait as the rules allow")
	ErrNobody  = errors.New("nobody who could take the caller is at work")
	ErrNoAgent = errors.New("there is no agent of this name")
	ErrState   = errors.New("an agent can be set ready, break, not_ready or offline")
)

// keepPlace is how long somebody who left the queue to choose something else keeps his
// place in it.
const keepPlace = 3 * time.Minute

// desertedAfter is how long a caller waits on when the last who could take him is gone:
// a browser that is loaded again is back within seconds.
const desertedAfter = 15 * time.Second

// Board is the queue and its people.
type Board struct {
	agents  []*member
	waiting []*waiter
	left    []leftAt // whose place is kept, oldest first
	talk    talkTimes
	entered int64
}

type waiter struct {
	Caller
	rules    *Rules
	since    time.Time // he has waited, also before he chose something else
	entered  time.Time // this time
	alone    time.Time // nobody who could take him is there; zero while somebody is
	start    time.Duration
	seq      int64
	offered  string
	declined []string
}

type leftAt struct {
	call      string
	since, at time.Time
}

// NewBoard returns a Board; nobody is present yet.
func NewBoard(agents []Agent, now time.Time) *Board {
	b := &Board{}
	for _, a := range agents {
		b.agents = append(b.agents, newMember(a, now))
	}
	return b
}

func newMember(a Agent, now time.Time) *member {
	return &member{Agent: a, mode: Ready, chosen: now, idle: now, told: Status{State: Offline, Since: now}}
}

func (b *Board) agent(name string) *member {
	for _, m := range b.agents {
		if m.Name == name {
			return m
		}
	}
	return nil
}

func (b *Board) waiter(id string) *waiter {
	for _, w := range b.waiting {
		if w.Call == id {
			return w
		}
	}
	return nil
}

// Present tells that an agent's telephone came or went.
func (b *Board) Present(name string, online bool, now time.Time) {
	m := b.agent(name)
	if m == nil {
		return
	}
	if online && !m.present {
		if !m.rest.Equal(forever) {
			m.rest = time.Time{} // he has just shown that he is there
		}
		if m.told.State == Offline && m.mode == Ready {
			m.idle = now
		}
	}
	m.present = online
}

// Choose sets what an agent wants to do from now on. A call that he has goes on.
func (b *Board) Choose(name string, s State, reason string, now time.Time) error {
	m := b.agent(name)
	if m == nil {
		return fmt.Errorf("%w: %q", ErrNoAgent, name)
	}
	if !slices.Contains(Chosen(), s) {
		return fmt.Errorf("%w, not %q", ErrState, s)
	}
	if s == Ready {
		m.rest, m.wrap, reason = time.Time{}, time.Time{}, ""
		if m.mode != Ready {
			m.idle = now
		}
	}
	m.mode, m.reason, m.chosen = s, reason, now
	return nil
}

// Enter puts a caller into the queue by rules, which must be filled and stay as they
// are. Who was in it a moment ago has his place back.
func (b *Board) Enter(c Caller, rules *Rules, now time.Time) error {
	if b.waiter(c.Call) != nil {
		return ErrQueued
	}
	b.forget(now)
	w := &waiter{Caller: c, rules: rules, since: now, entered: now, start: rules.HeadStart.start(&c, now)}
	i := slices.IndexFunc(b.left, func(l leftAt) bool { return l.call == c.Call })
	if i >= 0 {
		w.since = b.left[i].since
	}
	same := 0
	for _, o := range b.waiting {
		if o.Skill == c.Skill {
			same++
		}
	}
	if same >= rules.MaxWaiting {
		return ErrFull
	}
	if !slices.ContainsFunc(b.agents, func(m *member) bool { return m.onDuty(now) && b.takesEver(m, w) }) {
		return ErrNobody
	}
	if i >= 0 {
		b.left = slices.Delete(b.left, i, i+1)
	}
	b.entered++
	w.seq = b.entered
	b.waiting = append(b.waiting, w)
	return nil
}

// Leave takes a caller out; an agent who is rung for him is free again, one who talks
// to him goes on. keep lets him come back to his place.
func (b *Board) Leave(id string, keep bool, now time.Time) bool {
	i := slices.IndexFunc(b.waiting, func(w *waiter) bool { return w.Call == id })
	if i < 0 {
		return false
	}
	w := b.waiting[i]
	b.waiting = slices.Delete(b.waiting, i, i+1)
	if m := b.agent(w.offered); m != nil {
		if j := m.of(id); j >= 0 && m.held[j].talking.IsZero() {
			m.release(id, call.OfferGone, now)
		}
	}
	if keep {
		b.left = append(b.left, leftAt{id, w.since, now})
	}
	return true
}

func (b *Board) forget(now time.Time) {
	b.left = slices.DeleteFunc(b.left, func(l leftAt) bool { return now.Sub(l.at) > keepPlace })
}

// Reserve rings a ready agent for a call that does not wait in the queue: one who has
// the skill, the idlest first.
func (b *Board) Reserve(id, skill string, now time.Time) (Agent, bool) {
	var best *member
	for _, m := range b.agents {
		if m.free(now) && m.has(skill) && (best == nil || m.idle.Before(best.idle)) {
			best = m
		}
	}
	if best == nil {
		return Agent{}, false
	}
	best.held = append(best.held, held{call: id, skill: skill})
	return best.Agent, true
}

// ReserveAgent rings that agent, if he is ready.
func (b *Board) ReserveAgent(id, name string, now time.Time) (Agent, bool) {
	m := b.agent(name)
	if m != nil && m.of(id) >= 0 { // for whom he is kept already
		return m.Agent, true
	}
	if m == nil || !m.free(now) {
		return Agent{}, false
	}
	m.held = append(m.held, held{call: id})
	return m.Agent, true
}

// Talking tells that an agent has answered. A caller who waited keeps his place until
// he leaves: the agent may go before the two hear each other.
func (b *Board) Talking(name, id string, now time.Time) {
	if m := b.agent(name); m != nil {
		if i := m.of(id); i >= 0 && m.held[i].talking.IsZero() {
			m.held[i].talking = now
		}
	}
}

// Release tells what became of an agent's call. A caller for whom he was rung in vain
// waits on, at his place.
func (b *Board) Release(name, id string, r call.OfferResult, now time.Time) {
	m := b.agent(name)
	if m == nil {
		return
	}
	if talked, skill := m.release(id, r, now); talked > 0 && r == call.OfferTaken {
		b.talk.add(skill, talked)
	}
	if w := b.waiter(id); w != nil && w.offered == name {
		w.offered = ""
		w.declined = append(w.declined, name)
	}
}

// Assign rings agents for callers, as many as can be, and returns who for whom.
func (b *Board) Assign(now time.Time) []Offer {
	var offers []Offer
	for _, w := range b.order(now) {
		if w.offered != "" {
			continue
		}
		m := b.choose(w, now)
		if m == nil {
			continue
		}
		m.held = append(m.held, held{call: w.Call, skill: w.Skill})
		w.offered = m.Name
		offers = append(offers, Offer{w.Call, m.Name})
	}
	return offers
}

// order is the callers, the first to be served first.
func (b *Board) order(now time.Time) []*waiter {
	list := slices.Clone(b.waiting)
	slices.SortFunc(list, func(x, y *waiter) int {
		return cmp.Or(-cmp.Compare(x.rank(now), y.rank(now)), cmp.Compare(x.seq, y.seq))
	})
	return list
}

// rank is how long w counts as having waited.
func (w *waiter) rank(now time.Time) time.Duration { return now.Sub(w.since) + w.start }

// choose is the agent to be rung for w now; nil if none is.
func (b *Board) choose(w *waiter, now time.Time) *member {
	if last := b.lastAgent(w, now); last != nil {
		if last.free(now) && !slices.Contains(w.declined, last.Name) {
			return last
		}
		if !slices.Contains(w.declined, last.Name) && now.Sub(w.since) < w.rules.LastAgent {
			return nil // he waits for him
		}
	}
	var best *member
	for _, m := range b.agents {
		if m.free(now) && b.takes(m, w, now) && (best == nil || b.before(m, best, w)) {
			best = m
		}
	}
	return best
}

// lastAgent is whom w spoke with last, if he works now and can take him.
func (b *Board) lastAgent(w *waiter, now time.Time) *member {
	if w.LastAgent == "" || w.rules.LastAgent <= 0 {
		return nil
	}
	m := b.agent(w.LastAgent)
	if m == nil || !m.serving(now) || !b.takes(m, w, now) {
		return nil
	}
	return m
}

// before tells whether a is rung for w rather than o.
func (b *Board) before(a, o *member, w *waiter) bool {
	tried := func(m *member) int { // who did not take him comes last
		n := 0
		for _, d := range w.declined {
			if d == m.Name {
				n++
			}
		}
		return n
	}
	own := func(m *member) int { // and before him who helps out
		if b.home(m, w) {
			return 0
		}
		return 1
	}
	level := 0
	if w.rules.Strategy == BestSkill {
		level = cmp.Compare(o.level(w.Skill), a.level(w.Skill))
	}
	return cmp.Or(
		cmp.Compare(tried(a), tried(o)), cmp.Compare(own(a), own(o)), level, a.idle.Compare(o.idle), strings.Compare(a.Name, o.Name),
	) < 0
}

// home tells whether w's matter is m's own.
func (b *Board) home(m *member, w *waiter) bool {
	if !m.has(w.Skill) || !m.speaks(w.Language) {
		return false
	}
	team := w.rules.Teams[w.Skill]
	return team == "" || m.Team == team
}

// takes tells whether m may be rung for w, who has waited until now.
func (b *Board) takes(m *member, w *waiter, now time.Time) bool {
	if b.home(m, w) {
		return true
	}
	waited := now.Sub(w.since)
	return m.speaks(w.Language) && slices.ContainsFunc(w.rules.Overflow, func(o Overflow) bool { return waited >= o.After && o.takes(m, w.Skill) })
}

// takesEver tells whether m may be rung for w before w has waited too long.
func (b *Board) takesEver(m *member, w *waiter) bool {
	if b.home(m, w) {
		return true
	}
	return m.speaks(w.Language) && slices.ContainsFunc(w.rules.Overflow, func(o Overflow) bool { return o.After <= w.rules.MaxWait && o.takes(m, w.Skill) })
}

// takes tells whether an overflow reaches m: by a skill, by a team, or by both.
func (o Overflow) takes(m *member, skill string) bool {
	switch {
	case o.Skill != "" && o.Team != "":
		return m.has(o.Skill) && m.Team == o.Team
	case o.Skill != "":
		return m.has(o.Skill)
	case o.Team != "":
		return m.Team == o.Team
	default:
		return m.has(skill)
	}
}

// Expired are the callers who have waited as long as the rules allow and for whom
// nobody is rung, and those for whom nobody has been there for a while.
func (b *Board) Expired(now time.Time) (tooLong, deserted []string) {
	for _, w := range b.waiting {
		if slices.ContainsFunc(b.agents, func(m *member) bool { return m.onDuty(now) && b.takesEver(m, w) }) {
			w.alone = time.Time{}
		} else if w.alone.IsZero() {
			w.alone = now
		}
		switch {
		case w.offered != "":
		case now.Sub(w.entered) >= w.rules.MaxWait:
			tooLong = append(tooLong, w.Call)
		case !w.alone.IsZero() && now.Sub(w.alone) >= desertedAfter:
			deserted = append(deserted, w.Call)
		}
	}
	return tooLong, deserted
}

// Next is when something changes by itself; zero if nothing does.
func (b *Board) Next(now time.Time) time.Time {
	var next time.Time
	at := func(t time.Time) {
		if t.After(now) && !t.Equal(forever) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, m := range b.agents {
		at(m.rest)
		at(m.wrap)
	}
	for _, w := range b.waiting {
		at(w.entered.Add(w.rules.MaxWait))
		if !w.alone.IsZero() {
			at(w.alone.Add(desertedAfter))
		}
		at(w.since.Add(w.rules.LastAgent))
		for _, o := range w.rules.Overflow {
			at(w.since.Add(o.After))
		}
	}
	return next
}

// Waiting are the callers in their order.
func (b *Board) Waiting(now time.Time) []Waiter {
	var out []Waiter
	for _, w := range b.order(now) {
		out = append(out, b.view(w, now))
	}
	return out
}

func (b *Board) view(w *waiter, now time.Time) Waiter {
	return Waiter{
		Caller: w.Caller, Since: w.since, HeadStart: w.start, Position: b.position(w, now), Offered: w.offered, Declined: len(w.declined),
	}
}

// Statuses are the agents, in the order of the configuration.
func (b *Board) Statuses(now time.Time) []Status {
	out := make([]Status, 0, len(b.agents))
	for _, m := range b.agents {
		out = append(out, m.status(now))
	}
	return out
}

// changed are the agents whose state others do not know yet; it is told from now on.
func (b *Board) changed(now time.Time) []Status {
	var out []Status
	for _, m := range b.agents {
		s := m.status(now)
		if s.State == m.told.State && s.Reason == m.told.Reason && slices.Equal(s.Calls, m.told.Calls) {
			continue
		}
		switch {
		case s.State == m.mode && (s.State == Break || s.State == NotReady):
			s.Since = m.chosen // a reload or a restart in between does not count
		case s.State != m.told.State:
			s.Since = now
		}
		m.told = s
		out = append(out, s)
	}
	return out
}
