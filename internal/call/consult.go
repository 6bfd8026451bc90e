package call

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/media"
)

// Connect serves a call that an agent makes by his own telephone, to another agent or
// to a number: whom he calls is rung, and the two are joined without the bot. It may
// be a consultation, which an attended transfer ends by joining whom he asks with the
// caller that he has beside. p.AgentFirst is who calls and must have shown it; p.To
// is who is called. It returns when the call is over.
func (m *Manager) Connect(ctx context.Context, a Arrival, p Placement) {
	target, err := p.target()
	if err == nil {
		if c, ok := m.services.Dialer.(Checker); ok {
			err = c.Check(ctx, target)
		}
	}
	if err != nil {
		m.services.Log.Warn("an agent's call is not allowed", "agent", p.AgentFirst, "error", err)
		status, reason := refusalStatus(err)
		m.refuse(ctx, a.Leg, status, reason)
		return
	}
	id := ulid.Make().String()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := m.newConnection(id, p, target, nil)
	c.arrival, c.room = &a, newRoom()
	c.person = Person{Name: p.AgentFirst, Target: Target{To: "agent:" + p.AgentFirst}}
	if name, ok := strings.CutPrefix(target.To, "agent:"); ok {
		if c.other, c.rings = m.services.Desk.ReserveAgent(id, name); !c.rings {
			m.refuse(ctx, a.Leg, 486, "Busy Here")
			return
		}
	}
	if !m.admit(id, &running{cancel: cancel, line: c.line.Name, room: c.room, over: ctx}) {
		if c.rings {
			m.services.Desk.Release(c.other.Name, id, OfferGone)
		}
		m.refuse(ctx, a.Leg, 503, "Service Unavailable")
		return
	}
	defer m.leave(id)
	defer m.caught(id)
	defer m.endedBy(cancel)()
	c.hide = func() { m.hide(id) }
	if p, free := m.services.Desk.ReserveAgent(id, p.AgentFirst); free { // else he talks to a caller already
		c.person, c.idle = p, true
	}
	m.report(id, c.Run(ctx))
}

// hide takes a call that has become a part of another one off the list.
func (m *Manager) hide(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.calls[id]; ok {
		c.hidden = true
	}
}

// refusalStatus is what a telephone is told about a call that is not placed.
func refusalStatus(err error) (status int, reason string) {
	var refused *RefusedError
	if errors.As(err, &refused) {
		switch refused.Why {
		case RefusedPolicy:
			return 403, "Forbidden"
		case RefusedNumber:
			return 404, "Not Found"
		case RefusedDraining, RefusedFull, RefusedTrunk, RefusedAgent:
		}
	}
	return 503, "Service Unavailable"
}

// hearAgent takes the agent's call, without an answer yet.
func (c *connection) hearAgent(ctx context.Context) (OfferResult, error) {
	a := c.arrival
	c.legs = append(c.legs, a.Leg)
	stop := follow(a.Leg, c.agentGone)
	c.unfollow = stop
	ours, err := c.Audio.answering(ctx, a.Leg.Offer(), a.Reached, nil)
	if err != nil {
		return OfferFailed, err
	}
	c.agent = &meeting{sound: ours, reached: a.Reached, onUpdate: a.OnUpdate, onKey: a.OnKey}
	if c.idle {
		c.Desk.Talking(c.person.Name, c.id)
	}
	return OfferTaken, nil
}

// agentAudio is how whom the agent calls is offered his codec.
func (c *connection) agentAudio() *Audio {
	if c.agent.session != nil {
		return c.Audio.beside(c.agent.session)
	}
	b := *c.Audio
	b.prefer = c.agent.sound.media.Codec.Name
	return &b
}

// alert lets the agent know that it rings.
func (c *connection) alert(ctx context.Context, wg *sync.WaitGroup) ringing {
	if c.arrival == nil {
		return ringFor(ctx, c.agent.session, c.line.Language, c.Log, wg)
	}
	if r, ok := c.arrival.Leg.(Ringer); ok {
		c.rung = make(chan struct{})
		wg.Go(func() {
			defer close(c.rung)
			if err := r.Ring(ctx); err != nil && ctx.Err() == nil {
				c.Log.Warn("ringing", "call", c.id, "error", err)
			}
		})
	}
	return ringing{stop: func() {}}
}

// hearEarly lets an agent who calls hear what the network says before the answer. It
// does not block.
func (c *connection) hearEarly(ctx context.Context, start func(*media.Session), wg *sync.WaitGroup) {
	r, ok := Ringer(nil), false
	if c.arrival != nil {
		r, ok = c.arrival.Leg.(Ringer)
	}
	if !ok || c.opening != nil {
		return
	}
	c.opening = make(chan struct{})
	wg.Go(func() {
		defer close(c.opening)
		<-c.rung
		s, err := c.agent.sound.early(ctx, r, c.arrival.Leg)
		if err != nil {
			if ctx.Err() == nil {
				c.Log.Info("no early media", "call", c.id, "error", err)
			}
			return
		}
		c.agent.session = s
		start(s)
		c.room.enter(roleAgent, s)
	})
}

// answerAgent answers an agent who called, now that the other side has.
func (c *connection) answerAgent(ctx context.Context, start func(*media.Session)) error {
	if c.arrival == nil {
		return nil
	}
	if c.opening != nil {
		<-c.opening
	}
	leg, m := c.arrival.Leg, c.agent
	if m.session != nil {
		if err := leg.Answer(ctx, m.sound.sdp); err != nil {
			return err
		}
	} else {
		var err error
		if m.session, err = m.sound.settle(ctx, leg); err != nil {
			return err
		}
		start(m.session)
	}
	c.unfollow()
	c.sit(leg, m, c.agentGone)
	c.room.enter(roleAgent, m.session)
	c.watch(m, "agent")
	return nil
}

// refuse tells an agent whose call was not answered why; false if he was answered.
func (c *connection) refuse(ctx context.Context, l Leg, err error) bool {
	if c.arrival == nil || l.ID() != c.arrival.Leg.ID() || !c.answer.IsZero() {
		return false
	}
	if c.agent != nil && c.agent.session == nil {
		c.agent.sound.drop()
	}
	r, ok := l.(Refuser)
	if !ok || l.Context().Err() != nil {
		return false
	}
	status, reason := 480, "Temporarily Unavailable"
	var dial *DialError
	switch {
	case errors.Is(err, ErrShutdown):
		status, reason = 503, "Service Unavailable"
	case !errors.As(err, &dial):
		status, reason = 500, "Server Internal Error"
	case dial.Status >= 300:
		status, reason = dial.Status, ""
	case dial.Outcome == Failed:
		status, reason = 503, "Service Unavailable"
	}
	if err := r.Reject(ctx, status, reason); err != nil {
		c.Log.Warn("refusing a call", "call", c.id, "error", err)
	}
	return true
}

// otherResult is what became of an agent who was called by another.
func (c *connection) otherResult(err error) OfferResult {
	switch {
	case !c.answer.IsZero():
		return OfferTaken
	case errors.Is(err, errAgentHungUp):
		return OfferGone
	default:
		return offerResult(err)
	}
}

// handover lets the agent transfer whom he talks to, as one does to whom the bot has
// brought a caller.
func (c *connection) handover() *handover {
	return &handover{
		call: c.id, caller: c.callee.session, line: c.line, desk: c.Desk, dialer: c.Dialer, audio: c.Audio, room: c.room,
		from: c.target.To, seat: c.seat, log: c.Log, report: c.news, reached: c.callee.reached,
	}
}

// talkOn lets the two talk until the agent leaves, and then those that he has
// transferred the other one to.
func (c *connection) talkOn(ctx context.Context, h *handover) {
	place := c.agentSeat()
	next := h.connected(ctx, c.agentCtx, place.current(), c.agent.session, c.person)
	if next == nil {
		return
	}
	place.unfollow()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { h.hangUp(ctx, place.current(), c.person) }) // the other one does not wait for it
	c.agentGone(errHandoverOver)
	h.tell(ctx, handoverNews{kind: "left", person: c.person})
	h.handOn(ctx, next)
}

func (c *connection) agentSeat() *seat {
	for _, s := range c.seats {
		if s.session == c.agent.session {
			return s
		}
	}
	return nil
}

func (c *connection) calleeSeat() *seat {
	for _, s := range c.seats {
		if s.session == c.callee.session {
			return s
		}
	}
	return nil
}

// handoverNews writes down what becomes of the agent's side.
func (c *connection) handoverNews(ctx context.Context, n handoverNews) {
	switch n.kind {
	case "bridged":
		if strings.HasPrefix(n.person.Target.To, "agent:") { // a number is no agent
			c.record.Agent = n.person.Name
		}
		c.mark(KindBridge, map[string]any{"agent": n.person.Name, "codec": n.detail})
		c.held(true, false)
		if c.lentTo == nil {
			c.scribe.update(c.record)
		}
	case "left":
		c.release(OfferTaken) // he may take the next caller
	case "agent_said":
		c.said(ctx, connectionSaid{"agent", n.said})
	case "agent_hold":
		c.mark(KindHold, holdData(n.direction, "agent"))
		c.held(true, !n.direction.Sends())
	default:
		c.mark(KindTransfer, map[string]any{"state": n.kind, "agent": n.person.Name, "detail": n.detail})
	}
}

// A loan is the wish of another call to have whom the agent talks to in this one.
type loan struct {
	to      *handover
	granted chan *extension
}

var errNotLent = errors.New("the other call is over or has been transferred already")

// lend is how another call asks.
func (c *connection) lend(ctx context.Context, to *handover) (*extension, error) {
	l := loan{to, make(chan *extension, 1)}
	select {
	case c.loans <- l:
	case <-c.ctx.Done():
		return nil, errNotLent
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if x := <-l.granted; x != nil {
		return x, nil
	}
	return nil, errNotLent
}

// grant lets the other call have him, hangs up the agent, and closes the record: from
// now on this is a part of that call, until one of the two ends it.
func (c *connection) grant(ctx context.Context, to *handover) *extension {
	if c.lentTo != nil || ctx.Err() != nil {
		return nil
	}
	lastWords(ctx, c.agent.session)
	c.mark(KindTransfer, map[string]any{"state": "joined", "agent": c.person.Name, "call": to.call})
	if c.tape != nil && c.tape.recorder != nil {
		c.tape.recorder.Hold() // the other call's recording has him now
	}
	c.close(errJoined)
	c.lentTo = to
	c.hide()
	c.agentSeat().unfollow()
	c.agentGone(errHandoverOver)
	c.release(OfferTaken)
	leg := c.agentSeat().current()
	x := &extension{leg: c.calleeSeat().current(), session: c.callee.session, person: c.other, ctx: c.ctx, cancel: c.cancel}
	x.wg.Go(func() { to.hangUp(ctx, leg, c.person) })
	return x
}

// lastWords waits until what an agent said before he pressed the key has been heard: it
// is still on the line, in his jitter buffer and in the bridge, and would be cut off
// with him, a tenth of a second of it.
func lastWords(ctx context.Context, s *media.Session) {
	const (
		onTheWay = 4 * media.FrameTime // beside what the buffer holds
		most     = 300 * time.Millisecond
	)
	delay := time.Duration(s.Stats().DelayMS * float64(time.Millisecond))
	pause := time.NewTimer(min(delay+onTheWay, most))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-s.Done():
	case <-ctx.Done():
	}
}

// errJoined ends the record of a call that has become a part of another one.
var errJoined = errors.New("the agent joined the two calls")

// join brings together the two that the agent's telephone talks to.
func (h *handover) join(ctx context.Context, q TransferRequest, by Person) *extension {
	refuse := func() *extension {
		h.answer(q.Refuse(481, "Call/Transaction Does Not Exist"))
		h.tell(ctx, handoverNews{kind: "refused", person: by, detail: "transfer"})
		return nil
	}
	if h.seat == nil {
		return refuse()
	}
	place := h.seat(q.Leg)
	switch {
	case place == nil:
		return refuse()
	case place.lend != nil:
		x, err := place.lend(ctx, h)
		if err != nil {
			h.log.Warn("joining two calls", "call", h.call, "agent", by.Name, "error", err)
			return refuse()
		}
		h.answer(q.Accept())
		h.answer(q.Done(200))
		return x
	}
	ask := place.asking()
	if ask == nil || q.passed || h.leg == nil {
		return refuse()
	}
	// The other call is the one with the caller: let that one have ours.
	q.Leg, q.passed = h.leg().ID(), true
	ask(q)
	return nil
}
