package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/dialog"
	"hotline/media"
)

// Mode is how a supervisor takes part in a call.
type Mode string

// The modes.
const (
	Listen  Mode = "listen"  // hears all, is heard by nobody
	Whisper Mode = "whisper" // is heard by the agent only
	Barge   Mode = "barge"   // is heard by all
)

// ParseMode reads a Mode.
func ParseMode(text string) (Mode, bool) {
	m := Mode(text)
	return m, slices.Contains([]Mode{Listen, Whisper, Barge}, m)
}

// Errors of supervising.
var (
	ErrNoCall       = errors.New("no call of this id is in progress")
	ErrMode         = errors.New("a supervisor takes part as listen, whisper or barge")
	ErrNotThere     = errors.New("the supervisor does not listen to this call")
	ErrMustHear     = errors.New("the caller is told something just now that he must hear; try again in a moment")
	ErrSupervised   = errors.New("as many supervisors as a call bears listen to this one")
	errTakenOver    = errors.New("a supervisor has taken the call over")
	errAgentIsThere = errors.New("an agent talks to the caller")
	errSentAway     = errors.New("the supervisor has left")
)

// maxSupervisors bounds those of one call: each is a leg of its own.
const maxSupervisors = 4

// Supervisor is who takes part in a call to see that it goes well.
type Supervisor struct {
	Name   string // who he is, in the timeline and for SetMode, TakeOver and SendAway
	Agent  string // whom he is among the agents, for the record of a call that he takes over; "" nobody
	Target Target // the telephone that is rung for him
}

// Supervising is a supervisor in a call.
type Supervising struct {
	Name  string
	Mode  Mode
	Since time.Time
	Taken bool // he has the caller
}

// supervisor is one in a room.
type supervisor struct {
	Supervisor

	since    time.Time
	leg      Leg
	member   *member         // guarded by room.mu
	taken    bool            // guarded by room.mu
	ctx      context.Context //nolint:containedctx // of his leg
	cancel   context.CancelCauseFunc
	session  *media.Session
	reserved bool // with the desk
}

// take is a supervisor's wish to have the caller from the bot.
type take struct {
	by       *extension
	accepted chan error
}

// Join rings a supervisor and lets him take part in a call. It returns once he has
// answered; he stays until he or the call leaves, in Run. Who is there already changes
// his mode.
func (m *Manager) Join(ctx context.Context, id string, who Supervisor, mode Mode) error {
	if _, ok := ParseMode(string(mode)); !ok {
		return ErrMode
	}
	c, err := m.attended(id)
	if err != nil {
		return err
	}
	if c.room.supervisor(who.Name) != nil {
		return m.SetMode(id, who.Name, mode)
	}
	if len(m.Supervisors(id)) >= maxSupervisors {
		return ErrSupervised
	}
	result := make(chan error, 1)
	job := func(serving context.Context) {
		ctx, cancel := context.WithCancelCause(serving)
		defer cancel(nil)
		defer context.AfterFunc(c.over, func() { cancel(errHandoverOver) })() //nolint:contextcheck // that of the call
		defer m.caught(id)
		m.supervise(ctx, cancel, id, c.room, who, mode, result)
	}
	select {
	case m.placed <- job:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attended is a call in progress that somebody can listen to.
func (m *Manager) attended(id string) (*running, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.calls[id]
	if !ok || c.room == nil {
		return nil, ErrNoCall
	}
	return c, nil
}

// supervise is the supervisor's leg, top to bottom.
func (m *Manager) supervise(ctx context.Context, cancel context.CancelCauseFunc, id string, r *room, who Supervisor, mode Mode, answered chan<- error) {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	s := &supervisor{Supervisor: who, ctx: ctx, cancel: cancel}
	if name, ok := strings.CutPrefix(who.Target.To, "agent:"); ok && m.services.Desk != nil {
		// Nobody rings him meanwhile. Who is not ready can listen all the same.
		_, s.reserved = m.services.Desk.ReserveAgent(id, name)
		defer func() {
			if s.reserved && !r.tookOver(s) {
				m.services.Desk.Release(name, id, OfferGone)
			}
		}()
	}
	d := dialing{
		audio: m.services.Audio, dialer: m.services.Dialer, target: who.Target, ring: ringAgent,
		start: func(s *media.Session) {
			wg.Go(func() {
				if err := guard(func() error { return s.Run(ctx) }); err != nil {
					cancel(err)
				}
			})
		},
	}
	meet, l, err := d.run(ctx)
	if l != nil {
		defer func() {
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), lastWriteWait)
			defer stop()
			if err := l.Hangup(last); err != nil {
				m.services.Log.Warn("hanging up a supervisor's leg", "error", err)
			}
		}()
		defer follow(l, cancel)()
	}
	if err != nil {
		answered <- fmt.Errorf("ringing the supervisor: %w", err)
		return
	}
	if meet.onUpdate != nil {
		meet.onUpdate(func(offer []byte) ([]byte, error) {
			answer, _, err := meet.sound.refresh(meet.session, offer)
			return answer, err
		})
	}
	if s.reserved {
		m.services.Desk.Talking(strings.TrimPrefix(who.Target.To, "agent:"), id)
	}
	s.leg, s.session, s.since = l, meet.session, time.Now()
	leave := r.admit(s, mode)
	defer func() {
		leave()
		r.supervised(s, "left")
	}()
	r.supervised(s, "joined")
	answered <- nil
	<-ctx.Done()
}

// admit brings a supervisor in.
func (r *room) admit(s *supervisor, mode Mode) (leave func()) {
	out := r.join(roleSupervisor, mode, s.session)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.members {
		if m.session == s.session {
			s.member = m
		}
	}
	r.supervisors = append(r.supervisors, s)
	return func() {
		out()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.supervisors = slices.DeleteFunc(r.supervisors, func(o *supervisor) bool { return o == s })
	}
}

// supervised writes into the timeline what a supervisor does.
func (r *room) supervised(s *supervisor, state string) {
	r.noteSupervisor(s, r.modeOf(s), state)
}

func (r *room) modeOf(s *supervisor) Mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.member.mode
}

func (r *room) noteSupervisor(s *supervisor, mode Mode, state string) {
	mark := map[string]any{"supervisor": s.Name, "mode": string(mode), "state": state, "codec": s.session.Media().Codec.Name}
	if agent, ok := strings.CutPrefix(s.Target.To, "agent:"); ok {
		mark["telephone"] = agent // whose it is: a program's token has none of its own
	}
	r.note(mark)
}

func (r *room) tookOver(s *supervisor) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.taken
}

// supervisor is who listens under a name; nil for nobody.
func (r *room) supervisor(name string) *supervisor {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.supervisors {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Supervisors are those who take part in a call now.
func (m *Manager) Supervisors(id string) []Supervising {
	c, err := m.attended(id)
	if err != nil {
		return nil
	}
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	out := make([]Supervising, 0, len(c.room.supervisors))
	for _, s := range c.room.supervisors {
		out = append(out, Supervising{Name: s.Name, Mode: s.member.mode, Since: s.since, Taken: s.taken})
	}
	return out
}

// present is a call and a supervisor in it.
func (m *Manager) present(id, name string) (*running, *supervisor, error) {
	c, err := m.attended(id)
	if err != nil {
		return nil, nil, err
	}
	s := c.room.supervisor(name)
	if s == nil {
		return nil, nil, ErrNotThere
	}
	return c, s, nil
}

// SetMode changes who hears a supervisor, from one frame to the next.
func (m *Manager) SetMode(id, name string, mode Mode) error {
	if _, ok := ParseMode(string(mode)); !ok {
		return ErrMode
	}
	c, s, err := m.present(id, name)
	if err != nil {
		return err
	}
	c.room.mu.Lock()
	changed := !s.taken && s.member.mode != mode
	if changed {
		s.member.mode = mode
		c.room.connect()
	}
	c.room.mu.Unlock()
	if changed {
		c.room.supervised(s, "changed")
	}
	return nil
}

// SendAway ends a supervisor's part in a call.
func (m *Manager) SendAway(id, name string) error {
	_, s, err := m.present(id, name)
	if err != nil {
		return err
	}
	s.cancel(errSentAway)
	return nil
}

// TakeOver gives a supervisor the caller: the agent who talks to him is let go, the
// bot stops, and nobody waits in the queue any more. It returns when it is being done.
func (m *Manager) TakeOver(ctx context.Context, id, name string) error {
	c, s, err := m.present(id, name)
	if err != nil {
		return err
	}
	before := c.room.modeOf(s) // who has the caller is heard by all
	if !c.room.claim(s, true) {
		return nil // he has him already
	}
	err = m.takeFromWhoever(ctx, id, c, s)
	if err != nil {
		c.room.claim(s, false)
		return err
	}
	c.room.noteSupervisor(s, before, "taken_over")
	return nil
}

// claim notes that a supervisor has the caller, or that he did not get him; false when
// that is known.
func (r *room) claim(s *supervisor, taken bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.taken == taken {
		return false
	}
	s.taken = taken
	return true
}

func (m *Manager) takeFromWhoever(ctx context.Context, id string, c *running, s *supervisor) error {
	person := Person{Name: s.Agent, Title: s.Name, Target: s.Target}
	if person.Name == "" {
		person.Name = s.Name
	}
	for range 3 { // an agent comes, or leaves, at this very moment
		x := &extension{leg: s.leg, session: s.session, person: person, reserved: s.reserved, ctx: s.ctx, cancel: s.cancel}
		err := m.order(ctx, id, order{do: orderTake, by: x})
		if !errors.Is(err, ErrNoAgentTalks) {
			return err
		}
		if err = m.takeFromBot(ctx, c, x); !errors.Is(err, errAgentIsThere) {
			return err
		}
	}
	return ErrNoAgentTalks
}

func (m *Manager) takeFromBot(ctx context.Context, c *running, x *extension) error {
	k := take{by: x, accepted: make(chan error, 1)}
	ctx, cancel := context.WithTimeoutCause(ctx, orderWait, fmt.Errorf("%s: the call does not react", orderTake))
	defer cancel()
	select {
	case c.room.takes <- k:
	case <-c.over.Done():
		return ErrNoCall
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-k.accepted:
		return err
	case <-c.over.Done():
		return ErrNoCall
	}
}

// takenOver lets a supervisor have the caller, whom the bot has, or who waits.
func (t *talk) takenOver(ctx context.Context, k take) {
	switch {
	case t.hand != nil && t.hand.bridged():
		k.accepted <- errAgentIsThere
		return
	case t.turn.running() && t.floor.mustHear:
		k.accepted <- ErrMustHear
		return
	}
	if h := t.hand; h != nil {
		t.endHand(errTakenOver)
		t.record.AgentMedia = append(t.record.AgentMedia, h.sounds...)
	}
	t.cut()
	t.errand, t.pending, t.interrupt = nil, nil, nil
	t.silence.Stop()
	t.keyTimer.Stop()
	t.keys = t.keys[:0]
	t.stopPreparing()
	if t.message != nil {
		t.takeMessage()
	}
	t.record.TransferReason = "supervisor"
	t.hand = t.newHandover(dialog.Transfer{Reason: "supervisor"})
	t.hand.first = k.by
	t.hand.start(ctx)
	k.accepted <- nil
}

// adopt has a supervisor's leg end with the hand-over, and listens to him: from now on
// he is an agent. from is whom he has the caller from; the zero Person is the bot.
func (h *handover) adopt(ctx context.Context, x *extension, from Person) {
	context.AfterFunc(ctx, func() { x.cancel(errHandoverOver) })
	x.wg.Go(func() { h.listen(x.ctx, x.session, x.person) })
	h.tell(ctx, handoverNews{kind: "taken_over", person: x.person, detail: from.Name})
}
