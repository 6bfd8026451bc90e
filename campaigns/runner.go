package campaigns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Job is an attempt that is due, as it is queued: ids only.
type Job struct {
	Campaign string `json:"campaign"`
	Contact  int64  `json:"contact"`
	Number   int    `json:"number"` // of the attempt, from 1
	// Agent is who dials in preview mode, and is to talk; "" is as the campaign says.
	Agent string `json:"agent,omitempty"`
	// Minute that it was queued in, since 1970. One that was lost with its node is
	// queued again in the next.
	Minute int64 `json:"minute"`
}

// Queue brings jobs to nodes. A job may be lost or come twice: what is right is decided
// when its attempt is claimed.
type Queue interface {
	// Enqueue queues jobs; one that is queued already is left out.
	Enqueue(ctx context.Context, jobs []Job) error
	// Run works on jobs, several at once, until ctx ends and those begun are done.
	// work's ctx does not end with it.
	Run(ctx context.Context, work func(context.Context, Job)) error
}

// RunnerConfig says how a Runner works.
type RunnerConfig struct {
	// Node names this server among several.
	Node  string
	Store Store
	Rules *Rules
	// Dialer makes the calls.
	Dialer Dialer
	Queue  Queue
	// NewCall makes the id of a call.
	NewCall func() string
	// Ready tells whether this node begins calls now; nil is always.
	Ready func() bool
	// Reach tells why a contact cannot be called now for a fault of ours, such as a trunk
	// that is down; then none of the campaign's are, and no attempt is lost. nil: all can.
	Reach func(ctx context.Context, c Campaign, k Contact) error
	// Budget is how many calls all campaigns together may begin now; nil is no bound.
	Budget func(ctx context.Context) (Budget, error)
	// Elsewhere are the standings of the other nodes that live; nil: there are none.
	Elsewhere func() []Standing
	// Held is told why a campaign that runs begins no calls, when that changes; nil tells
	// nobody.
	Held func(ctx context.Context, h Hold)
	// Agents takes part in modes with agents; nil: none is there, and such campaigns wait.
	Agents Agents
	// SMS sends the variant's short message to a contact whom no attempt reached; nil:
	// none are sent.
	SMS func(ctx context.Context, k Contact, a Attempt, text string) error
	// Publish is told what happens; nil tells nobody. It must not block.
	Publish func(Event)
	// Log; default discards.
	Log *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Tick is how often due contacts are looked for; default a second.
	Tick time.Duration
	// Silent is how long a node may not be heard of before it is taken for dead; default
	// 30 s.
	Silent time.Duration
}

// Runner calls whom the campaigns of a store want called.
type Runner struct {
	cfg   RunnerConfig
	began time.Time
	pulse pulse // only tend uses it

	troubled map[string]bool // campaigns that wait until calls can go out; only watch uses it
	full     []Campaign      // whose calls at once may be as many as they may be before the next look; only watch uses it
	endings  chan struct{}   // a call was settled

	mu      sync.Mutex
	dialled map[string]dialled  // calls in progress here, by id; guarded by mu
	begun   map[string]int      // calls since the last look, by campaign; guarded by mu
	shut    map[clocksShut]bool // clocks of which it was kept that nobody is called; guarded by mu
	asked   map[string]bool     // chores that wait, by key; guarded by mu
	over    bool                // nothing more is begun beside; guarded by mu
	beside  sync.WaitGroup      // attempts for agents
	chores  chan chore

	paces paces
	waits waits
}

type dialled struct {
	campaign string
	end      context.CancelFunc
}

// NewRunner fills what cfg leaves out.
func NewRunner(cfg RunnerConfig) *Runner {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Tick <= 0 {
		cfg.Tick = time.Second
	}
	if cfg.Silent <= 0 {
		cfg.Silent = 30 * time.Second
	}
	if cfg.Publish == nil {
		cfg.Publish = func(Event) {}
	}
	if cfg.Ready == nil {
		cfg.Ready = func() bool { return true }
	}
	return &Runner{
		cfg: cfg, dialled: map[string]dialled{}, troubled: map[string]bool{},
		begun: map[string]int{}, shut: map[clocksShut]bool{}, asked: map[string]bool{}, chores: make(chan chore, mostChores), endings: make(chan struct{}, 1),
		paces: paces{of: map[string]*pace{}, calls: map[string]*onWay{}},
	}
}

// Run works until ctx ends and the calls that it has begun are over and on record. What
// a dead node, or this one before, has left in progress is settled first.
func (r *Runner) Run(ctx context.Context) error {
	r.began = r.cfg.Now()
	r.tend(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.watch(ctx) })
	wg.Go(func() { r.doChores(ctx) })
	err := r.cfg.Queue.Run(ctx, r.work)
	wg.Wait()
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.beside.Wait()
	if err != nil {
		return fmt.Errorf("campaigns: %w", err)
	}
	return nil
}

// tendEach is how often the node says that it lives and looks for those that do not.
const tendEach = 5

func (r *Runner) watch(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Tick)
	defer tick.Stop()
	failing := false
	var soon <-chan time.Time
	for n := 0; ; {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-r.endings:
			if soon == nil {
				soon = r.soon()
			}
			continue
		case <-soon:
			soon = nil
			err = r.fill(ctx)
		case <-tick.C:
			if n++; n%tendEach == 0 {
				r.tend(ctx)
			}
			err = r.look(ctx)
		}
		if err != nil && !failing && ctx.Err() == nil {
			r.cfg.Log.ErrorContext(ctx, "campaigns cannot go on", "error", err)
		}
		failing = err != nil
	}
}

// tend settles what dead nodes have left in progress, and ends calls that are no longer
// wanted.
func (r *Runner) tend(ctx context.Context) {
	alive := time.Now() // whatever the calendar shows: nodes must not die of a leap
	err := r.cfg.Store.Beat(ctx, r.cfg.Node, alive)
	var left []Attempt
	if err == nil {
		left, err = r.cfg.Store.Orphans(ctx, r.cfg.Node, r.began, r.pulse.silent(alive, r.cfg.Silent))
	}
	for _, a := range left {
		result, ok, failed := r.cfg.Store.Ended(ctx, a.Call)
		if failed != nil {
			err = failed
			break
		}
		if !ok {
			result = Result{Outcome: Interrupted}
		}
		r.settle(ctx, a, result)
		r.cfg.Log.WarnContext(ctx, "an attempt was settled for a node that died", "campaign", a.Campaign, "attempt", a.ID, "node", a.Node, "outcome", result.Outcome)
	}
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.ErrorContext(ctx, "attempts of dead nodes cannot be settled", "error", err)
	}
}

// look queues what is due.
func (r *Runner) look(ctx context.Context) error {
	if err := r.hangUp(ctx); err != nil {
		return err
	}
	running, err := r.cfg.Store.Running(ctx)
	if err != nil {
		return err
	}
	r.dropPaces(running)
	r.full = nil
	if ready, err := r.deal(ctx, running); err != nil || !ready {
		return err
	}
	var errs []error
	for _, c := range running {
		if err := r.lookAt(ctx, c, r.cfg.Tick); err != nil {
			errs = append(errs, fmt.Errorf("campaign %s: %w", c.ID, err))
		}
	}
	r.stand()
	return errors.Join(errs...)
}

// ahead is how many looks' worth of calls are queued at once: as much as may be begun until
// the next, and as much for those who are refused meanwhile and for looks that come late.
// What is too many costs a question after the rate.
const ahead = 2

// lookAt queues what of a campaign may be begun until the next look at it.
func (r *Runner) lookAt(ctx context.Context, c Campaign, next time.Duration) error {
	now := r.cfg.Now()
	if now.Before(c.Start) {
		r.idle(ctx, c.ID, HoldStart, c.Start)
		return nil
	}
	if !c.End.IsZero() && !now.Before(c.End) {
		return r.finish(ctx, c, true)
	}
	busy, err := r.cfg.Store.Busy(ctx, c.ID)
	if err != nil {
		return err
	}
	limits := c.Limits()
	free := limits.Concurrency - busy
	room := r.grant(ctx, c, now, min(free, max(1, int(limits.PerSecond*next.Seconds()*ahead))))
	if c.Mode == Progressive || c.Mode == Predictive {
		return r.lookForAgents(ctx, c, now, room, busy)
	}
	if c.Mode == Preview { // an agent dials
		open, shut, err := r.open(ctx, c, now)
		switch {
		case err != nil:
			return err
		case len(open) == 0 && len(shut) > 0:
			r.waitForWindow(ctx, c, shut)
			return nil
		case room > 0:
			r.goesOn(ctx, c.ID)
		}
		if busy == 0 {
			return r.finish(ctx, c, false)
		}
		return nil
	}
	if float64(free) < limits.PerSecond*r.cfg.Tick.Seconds() {
		r.full = append(r.full, c)
	}
	if room <= 0 {
		return nil
	}
	due, jobs, later, err := r.due(ctx, c, now, room+dueBeside, busy)
	switch {
	case err != nil || len(due) == 0:
		return err
	case len(jobs) == 0: // others behind them may be called; they come forward meanwhile
		r.idle(ctx, c.ID, HoldWindow, firstOf(later), string(mostOf(later)))
		return nil
	case !r.reach(ctx, c, due, jobs[0].Contact):
		return nil
	}
	r.goesOn(ctx, c.ID)
	return r.cfg.Queue.Enqueue(ctx, jobs[:min(len(jobs), room)])
}

// due are contacts that are due, at most so many: those of them who may be called now, and
// the others, who are put off aside. With nobody due the campaign says why, and ends once
// nobody waits and none of its calls is in progress.
func (r *Runner) due(ctx context.Context, c Campaign, now time.Time, most, busy int) (due []Contact, jobs []Job, later []Postponed, err error) {
	open, shut, err := r.open(ctx, c, now)
	if err == nil && len(open) > 0 {
		due, err = r.cfg.Store.Due(ctx, c.ID, open, now, most)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if len(due) > 0 {
		if jobs, later = r.sift(c, due, now); len(later) > 0 {
			r.putOff(c)
		}
		return due, jobs, later, nil
	}
	if len(shut) > 0 {
		r.waitForWindow(ctx, c, shut)
		return nil, nil, nil, nil
	}
	r.idle(ctx, c.ID, HoldNobody, time.Time{})
	if busy == 0 {
		err = r.finish(ctx, c, false)
	}
	return nil, nil, nil, err
}

// waitForWindow notes that nobody may be called before the first of some windows opens.
func (r *Runner) waitForWindow(ctx context.Context, c Campaign, shut []Verdict) {
	first := slices.MinFunc(shut, func(a, b Verdict) int { return a.Next.Compare(b.Next) })
	r.idle(ctx, c.ID, HoldWindow, first.Next, string(first.Refusal))
}

// reach tells whether calls of a campaign can go out, by one contact for all. Why not is
// logged when it begins.
func (r *Runner) reach(ctx context.Context, c Campaign, due []Contact, id int64) bool {
	i := slices.IndexFunc(due, func(k Contact) bool { return k.ID == id })
	if r.cfg.Reach == nil || i < 0 {
		return true
	}
	err := r.cfg.Reach(ctx, c, due[i])
	if err != nil && !r.troubled[c.ID] {
		r.cfg.Log.WarnContext(ctx, "a campaign waits until its calls can go out", "campaign", c.ID, "error", err)
	}
	if err == nil {
		delete(r.troubled, c.ID)
		return true
	}
	r.troubled[c.ID] = true
	why := HoldReach
	if known := (*ReachError)(nil); errors.As(err, &known) {
		why = known.Why
	}
	r.idle(ctx, c.ID, why, time.Time{}, err.Error())
	return false
}

// sift parts contacts that may be called from those that may not now whatever the store
// knows of their numbers: most of them wait for their window.
func (r *Runner) sift(c Campaign, due []Contact, now time.Time) (jobs []Job, later []Postponed) {
	agreed := Facts{Consents: []Consent{{Purpose: c.Purpose, Given: true}}} // the claim looks for it
	for _, k := range due {
		if v := r.cfg.Rules.Allowed(now, c, k, agreed); v.Refusal != "" {
			later = append(later, Postponed{k, v})
			continue
		}
		jobs = append(jobs, Job{Campaign: c.ID, Contact: k.ID, Number: k.Made + 1, Minute: now.Unix() / 60})
	}
	return jobs, later
}

// finish ends a campaign that has nothing more to do, or whose time is over.
func (r *Runner) finish(ctx context.Context, c Campaign, late bool) error {
	waiting, dialling, err := r.cfg.Store.ContactsLeft(ctx, c.ID)
	if err != nil || dialling || waiting && !late {
		return err
	}
	if late {
		if _, err := r.cfg.Store.Withdraw(ctx, c.ID, string(RefusedEnded)); err != nil {
			return err
		}
	} else if c.Open {
		return nil // contacts may still come
	}
	c, err = r.cfg.Store.SetState(ctx, c.ID, Done, Running)
	if err != nil || c.State != Done {
		return err
	}
	r.cfg.Publish(Event{Campaign: c.ID, Kind: "state", At: r.cfg.Now(), State: c.State})
	return nil
}

// hangUp ends the calls of campaigns that were stopped with their calls.
func (r *Runner) hangUp(ctx context.Context) error {
	r.mu.Lock()
	n := len(r.dialled)
	r.mu.Unlock()
	if n == 0 {
		return nil
	}
	ended, err := r.cfg.Store.HangUps(ctx)
	if err != nil {
		return err
	}
	for _, id := range ended {
		r.HangUp(id)
	}
	return nil
}

// HangUp ends the calls of a campaign that are in progress on this node.
func (r *Runner) HangUp(campaign string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.dialled {
		if d.campaign == campaign {
			d.end()
		}
	}
}

// work makes one attempt.
func (r *Runner) work(ctx context.Context, j Job) {
	if _, err := r.attempt(ctx, j); err != nil && !errors.Is(err, ErrNotDue) && !errors.Is(err, ErrPace) {
		r.cfg.Log.ErrorContext(ctx, "an attempt cannot be made", "campaign", j.Campaign, "contact", j.Contact, "error", err)
	}
}

// ErrAgentNotFree is returned for an agent who wants to dial and cannot be rung.
var ErrAgentNotFree = errors.New("the agent is not ready, or his telephone is not registered here")

// Dial makes the attempt of a contact at once: an agent has seen him and dials. Whether
// it is allowed is decided as for any other; it is made on this node, where the agent is.
func (r *Runner) Dial(ctx context.Context, c Campaign, k Contact, agent string) error {
	if r.cfg.Agents == nil {
		return ErrAgentNotFree
	}
	call := r.cfg.NewCall()
	if _, ok := r.cfg.Agents.Keep(call, c, agent); !ok {
		return ErrAgentNotFree
	}
	j := Job{Campaign: k.Campaign, Contact: k.ID, Number: k.Made + 1, Agent: agent}
	begun := r.begin(ctx, func(ctx context.Context) {
		defer r.cfg.Agents.Release(call, agent)
		if _, err := r.claimed(ctx, c, j, Claim{Call: call}, agent); err != nil {
			r.cfg.Log.WarnContext(ctx, "a contact whom an agent dialled is not called", "campaign", j.Campaign, "contact", j.Contact, "error", err)
		}
	})
	if !begun {
		r.cfg.Agents.Release(call, agent)
		return ErrPace
	}
	return nil
}

// attempt claims an attempt, dials, and settles it. A refusal is in the claim's verdict.
func (r *Runner) attempt(ctx context.Context, j Job) (Claimed, error) {
	if !r.cfg.Ready() {
		return Claimed{}, ErrPace
	}
	got, err := r.claim(ctx, j, Claim{Call: r.cfg.NewCall()})
	if err != nil || got.Attempt.ID == 0 {
		return got, err
	}
	got.Attempt = r.settle(ctx, got.Attempt, r.dial(ctx, got, r.dialOf(got, j.Agent)))
	return got, nil
}

// claim puts an attempt on record, or why there is none.
func (r *Runner) claim(ctx context.Context, j Job, q Claim) (Claimed, error) {
	now := r.cfg.Now()
	q.Campaign, q.Contact, q.Number, q.Node, q.Now = j.Campaign, j.Contact, j.Number, r.cfg.Node, now
	got, err := r.cfg.Store.Claim(ctx, q, r.cfg.Rules.Judge(now))
	if err != nil {
		return got, err
	}
	if got.Attempt.ID == 0 {
		r.cfg.Publish(Event{Campaign: j.Campaign, Kind: "contact", At: now})
		return got, nil
	}
	a := got.Attempt
	r.mu.Lock()
	r.begun[a.Campaign]++
	r.mu.Unlock()
	r.cfg.Publish(Event{Campaign: a.Campaign, Kind: "attempt", At: now, Attempt: &a})
	return got, nil
}

// claimed makes an attempt in which agents talk: the one who is kept for it, or, with
// none, whoever is free when it is answered.
func (r *Runner) claimed(ctx context.Context, c Campaign, j Job, q Claim, agent string) (Attempt, error) {
	got, err := r.claim(ctx, j, q)
	if err != nil || got.Attempt.ID == 0 {
		return got.Attempt, err
	}
	a := got.Attempt
	o := r.dialOf(got, agent)
	if agent == "" {
		o.Agent, o.Team = "", c.Skill
		o.Abandoned = Fill(got.Campaign.VariantNamed(a.Variant).Abandoned, o.Fields)
		beside := context.WithoutCancel(ctx) // the call does not wait for it
		o.Tell = func(s Stage) { r.reached(beside, c, a, s) }
	}
	result := r.dial(ctx, got, o)
	r.paces.mu.Lock()
	if k := r.paces.calls[a.Call]; k != nil && k.given && !result.Answered {
		result.Outcome, result.Kind = NoAnswer, GivenUp // his telephone rang: it is an attempt
	}
	r.paces.mu.Unlock()
	return r.settle(ctx, a, result), nil
}

// GivenUp is the kind of a call that we ended while it rang, since no agent would have
// been free for an answer.
const GivenUp = "given_up"

// dial makes the call of an attempt and says what came of it.
func (r *Runner) dial(ctx context.Context, got Claimed, o Dial) (result Result) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	a := got.Attempt
	r.mu.Lock()
	r.dialled[a.Call] = dialled{a.Campaign, end}
	r.mu.Unlock()
	r.paces.mu.Lock()
	if k := r.paces.calls[a.Call]; k != nil {
		k.attempt, k.end = a.ID, end
	}
	r.paces.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.dialled, a.Call)
		r.mu.Unlock()
		if p := recover(); p != nil {
			result = Result{Outcome: Failed, Error: fmt.Sprint("panic: ", p)}
		}
	}()
	result, err := r.cfg.Dialer.Dial(ctx, o)
	if err != nil {
		result = Result{Outcome: Failed, Error: err.Error()}
	}
	result.Goal = got.Campaign.Reached(result)
	r.placed(a.Campaign, result)
	return result
}

// dialOf is what the dialer is told.
func (r *Runner) dialOf(got Claimed, agent string) Dial {
	c, k := got.Campaign, got.Contact
	v := c.VariantNamed(got.Attempt.Variant)
	fields := fieldsOf(k)
	if agent == "" {
		agent = k.Agent
	}
	if agent == "" && c.Mode != Agentless {
		agent = c.Skill
	}
	ring := c.Ring
	if ring <= 0 {
		ring = 40 * time.Second
	}
	return Dial{
		Zone: r.cfg.Rules.Zone(c, k),
		Call: got.Attempt.Call, Campaign: c.ID, Line: c.Line, Trunk: c.Trunk, To: k.Number, From: c.From, FromName: c.FromName,
		Fields: fields, Greeting: Fill(v.Greeting, fields), Task: v.Task, Voicemail: Fill(v.Voicemail, fields), OptOut: c.OptOut, Agent: agent, AtOnce: c.Mode == Predictive, Goals: c.Goals, Ring: ring,
	}
}

// fieldsOf is what a script knows of a contact.
func fieldsOf(k Contact) map[string]string {
	fields := make(map[string]string, len(k.Fields)+1)
	maps.Copy(fields, k.Fields)
	if k.Name != "" && fields["name"] == "" {
		fields["name"] = k.Name
	}
	return fields
}

// settleWait bounds one try to put a result on record.
const settleWait = 30 * time.Second

// settle puts a result on record, however long that takes while the node lives: an
// attempt that is not settled holds its number and its place among the calls at once.
func (r *Runner) settle(ctx context.Context, a Attempt, result Result) Attempt {
	now := r.cfg.Now()
	var ended ending
	rules := r.cfg.Rules.Settle(now)
	try := func(ctx context.Context) (Attempt, error) {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), settleWait)
		defer stop()
		ended = ending{}
		return r.cfg.Store.Settle(ctx, a.ID, result, now, func(c Campaign, k Contact, made map[Outcome]int, result Result) Next {
			next := rules(c, k, made, result)
			ended = ending{c, k, next.State}
			return next
		})
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		settled, err := try(ctx)
		if errors.Is(err, ErrNoAttempt) {
			return a
		}
		if err == nil {
			r.ended()
			e := Event{Campaign: a.Campaign, Kind: "settled", At: now, Attempt: &settled}
			if result.Outcome == NotPlaced {
				e = Event{Campaign: a.Campaign, Kind: "contact", At: now}
			}
			r.cfg.Publish(e)
			r.message(ctx, ended, settled)
			return settled
		}
		r.cfg.Log.ErrorContext(ctx, "the result of an attempt cannot be kept yet", "campaign", a.Campaign, "attempt", a.ID, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // the next start settles it from the call's record
			return a
		}
	}
}

// ending is what became of a contact by an attempt; empty where the attempt had been
// settled before.
type ending struct {
	campaign Campaign
	contact  Contact
	state    ContactState
}

// message sends the variant's short message to a contact whom no attempt has reached.
func (r *Runner) message(ctx context.Context, e ending, a Attempt) {
	text := Fill(e.campaign.VariantNamed(a.Variant).SMS, fieldsOf(e.contact))
	if e.state != Exhausted || text == "" || r.cfg.SMS == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), settleWait)
	defer stop()
	if err := r.cfg.SMS(ctx, e.contact, a, text); err != nil {
		r.cfg.Log.ErrorContext(ctx, "the short message to a contact cannot be queued", "campaign", a.Campaign, "contact", a.Contact, "error", err)
	}
}
