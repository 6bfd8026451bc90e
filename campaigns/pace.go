package campaigns

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Agents are the people on this node who talk to whom campaigns call. A call is begun on
// the node where its agent is.
type Agents interface {
	// Team are those who may talk for a campaign.
	Team(ctx context.Context, c Campaign) ([]Agent, error)
	// Keep keeps an agent for a call: the one named, or who has been free longest.
	Keep(call string, c Campaign, name string) (agent string, ok bool)
	// Release gives back who was kept for a call and does not talk in it.
	Release(call, agent string)
}

// Agent is what a pacer wants to know of one.
type Agent struct {
	Name    string
	Free    bool
	Engaged bool // by a call or by the work after one
	Since   time.Time
}

// Stage is how far a call that agents are to talk in has come.
type Stage string

// The stages.
const (
	StageAnswered  Stage = "answered"  // the network says so
	StageOffered   Stage = "offered"   // by a person, and an agent is kept for him
	StageConnected Stage = "connected" // the two talk
	StageAbandoned Stage = "abandoned" // by a person, and no agent is free, or his has gone
	StageMachine   Stage = "machine"   // by no person
)

// Elsewhere is what other nodes have under way without an agent of their own.
type Elsewhere struct {
	Open      int // nobody knows yet what comes of them
	Abandoned int // not settled yet
}

// Rung is an attempt that is settled, as a pacer learns from it.
type Rung struct {
	ID                   int64
	ClaimedAt, SettledAt time.Time
	Outcome              Outcome
	Answered             bool
	Seconds              float64 // from answer to end
}

// age is how long it rang.
func (r Rung) age() time.Duration {
	return max(0, r.SettledAt.Sub(r.ClaimedAt)-time.Duration(r.Seconds*float64(time.Second)))
}

// met tells whether a person answered.
func (r Rung) met() bool { return r.Outcome == Person || r.Outcome == Abandoned }

// NotPlacedUnreached is the kind of a call that did not go out since the agent whose
// telephone was to ring first did not come on. It says nothing of the other agents.
const NotPlacedUnreached = "agent_unreachable"

// onWay is a call of this node that was begun without an agent of its own. It is kept
// until its settled attempt was counted.
type onWay struct {
	campaign string
	skill    string
	began    time.Time
	stage    Stage // "" rings
	given    bool  // up
	over     bool  // it waits to be counted
	attempt  int64 // 0: not claimed yet
	end      context.CancelFunc
}

// pace is what is known of one campaign with agents.
type pace struct {
	pacer     Pacer
	seen      map[int64]time.Time // attempts that it counts, settled lately
	from      time.Time           // where to look on
	elsewhere Elsewhere
	engaged   map[string]time.Time // agents, since when
}

// paces are those of all campaigns.
type paces struct {
	mu    sync.Mutex
	of    map[string]*pace
	calls map[string]*onWay // by call
}

const (
	// lookBack is by how much attempts are looked for again: one that was settled earlier
	// may be committed later.
	lookBack = time.Minute
	// paceMemory is how many attempts a pacer learns from when it begins.
	paceMemory = 300
)

// learn has a campaign's pace count what was settled since it last did, on all nodes.
func (r *Runner) learn(ctx context.Context, c Campaign) error {
	now := r.cfg.Now()
	r.paces.mu.Lock()
	p := r.paces.of[c.ID]
	r.paces.mu.Unlock()
	if p == nil {
		p = &pace{seen: map[int64]time.Time{}, engaged: map[string]time.Time{}, from: now.Add(-lookBack)}
		var err error
		if p.pacer.Answered, p.pacer.Abandoned, err = r.cfg.Store.Answers(ctx, c.ID, p.from); err != nil {
			return err
		}
		before, err := r.cfg.Store.Settled(ctx, c.ID, time.Time{}, p.from, paceMemory)
		if err != nil {
			return err
		}
		answered := p.pacer.Answered
		for _, a := range before {
			p.pacer.Rang(a.age(), a.met())
		}
		p.pacer.Answered = answered
	}
	settled, err := r.cfg.Store.Settled(ctx, c.ID, p.from, time.Time{}, 0)
	if err != nil {
		return err
	}
	elsewhere, err := r.cfg.Store.Ahead(ctx, c.ID, r.cfg.Node)
	if err != nil {
		return err
	}
	team, err := r.cfg.Agents.Team(ctx, c)
	if err != nil {
		return err
	}
	r.paces.mu.Lock()
	defer r.paces.mu.Unlock()
	r.paces.of[c.ID] = p
	p.elsewhere = elsewhere
	counted := map[int64]bool{}
	for _, a := range settled {
		counted[a.ID] = true
		if _, known := p.seen[a.ID]; known {
			continue
		}
		p.seen[a.ID] = a.SettledAt
		p.pacer.Rang(a.age(), a.met())
		if a.Outcome == Abandoned {
			p.pacer.Abandon()
		}
	}
	p.from = now.Add(-lookBack)
	for id, at := range p.seen {
		if at.Before(p.from) {
			delete(p.seen, id)
		}
	}
	for id, k := range r.paces.calls {
		if k.attempt != 0 && counted[k.attempt] {
			delete(r.paces.calls, id)
		}
	}
	p.watch(team)
	return nil
}

// watch learns from agents how long calls engage them.
func (p *pace) watch(team []Agent) {
	for _, a := range team {
		since, was := p.engaged[a.Name]
		switch {
		case a.Engaged && !was:
			p.engaged[a.Name] = a.Since
		case a.Free && was:
			p.pacer.Freed(a.Since.Sub(since))
			delete(p.engaged, a.Name)
		case !a.Engaged: // he has gone
			delete(p.engaged, a.Name)
		}
	}
}

// dropPaces forgets campaigns that run no more; what they have learnt is in the store.
func (r *Runner) dropPaces(running []Campaign) {
	r.paces.mu.Lock()
	defer r.paces.mu.Unlock()
	maps.DeleteFunc(r.paces.of, func(id string, _ *pace) bool {
		return !slices.ContainsFunc(running, func(c Campaign) bool { return c.ID == id })
	})
	maps.DeleteFunc(r.paces.calls, func(_ string, k *onWay) bool {
		return k.over && r.paces.of[k.campaign] == nil
	})
}

// moment is the present of a campaign, with what its pacer has counted by now. Campaigns
// that share a skill share its agents: calls of all of them are under way to these. It
// needs paces.mu.
func (r *Runner) moment(c Campaign, team []Agent) (Pacer, Moment) {
	now := time.Now()
	var m Moment
	var q Pacer
	if p := r.paces.of[c.ID]; p != nil {
		q = p.pacer
		m.Elsewhere = p.elsewhere.Open
		q.Answered += p.elsewhere.Abandoned
		q.Abandoned += p.elsewhere.Abandoned
	}
	for _, a := range team {
		switch {
		case a.Free:
			m.Free++
		case a.Engaged:
			since := a.Since
			if p := r.paces.of[c.ID]; p != nil {
				if first, ok := p.engaged[a.Name]; ok {
					since = first
				}
			}
			m.Engaged = append(m.Engaged, now.Sub(since))
		}
	}
	for _, k := range r.paces.calls {
		mine := k.campaign == c.ID
		switch {
		case k.stage == "" && !k.given && !k.over && (mine || k.skill == c.Skill):
			m.Ringing = append(m.Ringing, now.Sub(k.began))
		case k.stage == StageAnswered && !k.over && (mine || k.skill == c.Skill):
			m.Waiting++
		case k.stage == StageOffered && mine:
			q.Answered++
			m.Offered++
		case k.stage == StageConnected && mine:
			q.Answered++
		case k.stage == StageAbandoned && mine:
			q.Answered++
			q.Abandoned++
		}
	}
	return q, m
}

// cut gives calls of a campaign up that ring, where one more answer might find nobody and
// that is one too many. The youngest go first.
func (r *Runner) cut(ctx context.Context, c Campaign) {
	team, err := r.cfg.Agents.Team(ctx, c)
	if err != nil {
		team = nil // nobody is known to be free
	}
	r.paces.mu.Lock()
	defer r.paces.mu.Unlock()
	q, m := r.moment(c, team)
	n := q.Cut(m)
	if n == 0 {
		return
	}
	var mine []*onWay
	for _, k := range r.paces.calls {
		if k.campaign == c.ID && k.stage == "" && !k.given && k.end != nil {
			mine = append(mine, k)
		}
	}
	slices.SortFunc(mine, func(a, b *onWay) int { return b.began.Compare(a.began) })
	for _, k := range mine[:min(n, len(mine))] {
		k.given = true
		k.end()
	}
}

// lookForAgents begins calls of a campaign whose agents talk, as many as its mode allows.
func (r *Runner) lookForAgents(ctx context.Context, c Campaign, now time.Time, room, busy int) error {
	if r.cfg.Agents == nil {
		r.idle(ctx, c.ID, HoldAgents, time.Time{})
		return nil
	}
	if err := r.learn(ctx, c); err != nil {
		return err
	}
	r.cut(ctx, c)
	team, err := r.cfg.Agents.Team(ctx, c)
	if err != nil {
		return err
	}
	r.paces.mu.Lock()
	q, m := r.moment(c, team)
	r.paces.mu.Unlock()
	reserves, want := true, m.Free
	if c.Mode == Predictive {
		if reserves = q.Reserves(m); !reserves {
			want = q.Next(m)
		}
	}
	room = min(room, want)
	due, jobs, later, err := r.due(ctx, c, now, max(room, 1)+dueBeside, busy)
	if err != nil || len(due) == 0 {
		return err
	}
	switch {
	case len(jobs) == 0:
		r.idle(ctx, c.ID, HoldWindow, firstOf(later), string(mostOf(later)))
	case want <= 0:
		r.idle(ctx, c.ID, HoldAgents, time.Time{})
	}
	if room <= 0 || len(jobs) == 0 || !r.reach(ctx, c, due, jobs[0].Contact) {
		return nil
	}
	begun := false
	for _, j := range jobs {
		if room == 0 {
			break
		}
		i := slices.IndexFunc(due, func(k Contact) bool { return k.ID == j.Contact })
		own := reserves || due[i].Agent != "" || due[i].Reason == string(Abandoned)
		if own && m.Free == 0 {
			continue
		}
		if own {
			m.Free--
		}
		j.Agent = due[i].Agent
		if r.begin(ctx, func(ctx context.Context) { r.forAgents(ctx, c, j, own) }) {
			room--
			begun = true
		}
	}
	if begun {
		r.goesOn(ctx, c.ID)
	} else { // those who are due need an agent of their own
		r.idle(ctx, c.ID, HoldAgents, time.Time{})
	}
	return nil
}

// dueBeside is how many more contacts are looked at than are called: another node may
// call the first of them, and some need an agent of their own.
const dueBeside = 8

// forAgents makes one attempt whose agent was kept for it, or will be looked for.
func (r *Runner) forAgents(ctx context.Context, c Campaign, j Job, own bool) {
	err := r.attemptFor(ctx, c, j, own)
	if errors.Is(err, ErrAbandonedLately) {
		err = r.attemptFor(ctx, c, j, true)
	}
	if err != nil && !errors.Is(err, ErrNotDue) && !errors.Is(err, ErrPace) {
		r.cfg.Log.ErrorContext(ctx, "an attempt cannot be made", "campaign", j.Campaign, "contact", j.Contact, "error", err)
	}
}

func (r *Runner) attemptFor(ctx context.Context, c Campaign, j Job, own bool) error {
	if !r.cfg.Ready() {
		return ErrPace
	}
	call := r.cfg.NewCall()
	if own {
		agent, ok := r.cfg.Agents.Keep(call, c, j.Agent)
		if !ok {
			return ErrPace
		}
		defer r.cfg.Agents.Release(call, agent)
		_, err := r.claimed(ctx, c, j, Claim{Call: call}, agent)
		return err
	}
	team, err := r.cfg.Agents.Team(ctx, c)
	if err != nil {
		return fmt.Errorf("ask for the agents of campaign %s: %w", c.ID, err)
	}
	r.paces.mu.Lock()
	q, m := r.moment(c, team)
	r.paces.calls[call] = &onWay{campaign: c.ID, skill: c.Skill, began: time.Now()}
	r.paces.mu.Unlock()
	settled, err := r.claimed(ctx, c, j, Claim{Call: call, Ahead: func(e Elsewhere) bool {
		q := q // the store may ask more than once
		m := m
		m.Elsewhere = e.Open
		return !q.Reserves(m) && q.Next(m) > 0
	}}, "")
	r.paces.mu.Lock()
	defer r.paces.mu.Unlock()
	if settled.ID == 0 || settled.SettledAt.IsZero() {
		delete(r.paces.calls, call)
	} else if k := r.paces.calls[call]; k != nil {
		k.over = true
	}
	return err
}

// reached takes news of a call that was begun without an agent of its own.
func (r *Runner) reached(ctx context.Context, c Campaign, a Attempt, s Stage) {
	r.paces.mu.Lock()
	if k := r.paces.calls[a.Call]; k != nil {
		if p := r.paces.of[c.ID]; p != nil && k.stage == StageOffered && (s == StageConnected || s == StageAbandoned) {
			p.pacer.Offer(s == StageAbandoned)
		}
		k.stage = s
	}
	r.paces.mu.Unlock()
	if s == StageAnswered || s == StageAbandoned {
		r.cut(ctx, c)
	}
	if s == StageConnected || s == StageMachine || s == StageAbandoned {
		r.begin(ctx, func(ctx context.Context) {
			ctx, stop := context.WithTimeout(ctx, settleWait)
			defer stop()
			if err := r.cfg.Store.Met(ctx, a.ID, s == StageAbandoned); err != nil {
				r.cfg.Log.ErrorContext(ctx, "other nodes cannot be told how a call goes", "attempt", a.ID, "error", err)
			}
		})
	}
}

// begin runs f beside, until it returns; false once the runner ends.
func (r *Runner) begin(ctx context.Context, f func(ctx context.Context)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.beside.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				r.cfg.Log.Error("a campaign's attempt panicked", "panic", fmt.Sprint(p))
			}
		}()
		f(context.WithoutCancel(ctx))
	})
	return true
}
