package call

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"hotline/media"
)

// Referral is how a telephone learns what becomes of a transfer that it asked for by
// REFER (RFC 3515). Its methods do not block and go on working after the telephone
// has hung up.
type Referral interface {
	Accept() error
	Refuse(status int, reason string) error
	Notify(status int, reason string) error
	// Done reports the outcome, 200 when the other party is connected.
	Done(status int) error
}

// TransferRequest is an agent's wish, by the transfer key of his telephone, that the
// caller goes to somebody else.
type TransferRequest struct {
	Referral

	Target Target
	// Leg is the ID of another leg of ours with the same telephone: the caller is to
	// talk to whom it talks to there, and the telephone leaves both. "" when somebody
	// is to be rung.
	Leg string

	passed bool // by the other of the two calls, which cannot do it
}

// transferring is a leg whose far end may ask for a transfer. Without a function
// it is refused.
type transferring interface{ OnTransfer(f func(TransferRequest)) }

// extension is who the caller was transferred to, in the agent's place.
type extension struct {
	leg      Leg
	session  *media.Session
	person   Person
	reserved bool // with the desk

	ctx    context.Context //nolint:containedctx // ends when he leaves
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// connected lets the caller and somebody talk until he leaves, or hands the caller
// on: then it returns to whom. parent is the hand-over's ctx, ctx ends with his leg.
func (h *handover) connected(parent, ctx context.Context, l Leg, session *media.Session, p Person) *extension {
	leave := h.room.enter(roleAgent, session)
	defer func() {
		h.sounds = append(h.sounds, LegMedia{Name: p.agent(), Codec: session.Media().Codec.Name, Media: quality(session)})
	}()
	h.agent.Store(session)
	asked := make(chan TransferRequest, 1)
	ask := func(q TransferRequest) {
		select {
		case asked <- q:
		default:
			h.answer(q.Refuse(491, "Request Pending"))
		}
	}
	if t, ok := l.(transferring); ok {
		t.OnTransfer(ask)
	}
	h.leg = func() Leg { return l }
	if place := h.room.find(l.ID()); place != nil {
		h.leg = place.current
		place.asks(ask)
		defer place.asks(nil)
	}
	// Who hears of the bridge may want something of it at once.
	orders := make(chan order)
	closed := h.room.takeOrders(orders)
	h.tell(ctx, handoverNews{kind: "bridged", person: p, detail: session.Media().Codec.Name})
	both := h.together(parent, p, session)
	defer both.end()
	defer closed()
	left := func() {
		h.agent.Store(nil)
		leave()
		h.tell(context.WithoutCancel(ctx), handoverNews{kind: "agent_gone", person: p})
	}
	for {
		var next *extension
		over := false
		select {
		case <-ctx.Done():
			if next = both.agentLeft(); next == nil {
				left()
				return nil
			}
		case q := <-asked:
			if both.occupied() != nil {
				h.answer(q.Refuse(491, "Request Pending"))
				continue
			}
			next = h.transfer(parent, q, p)
		case o := <-orders:
			next, over = both.do(o)
		case err := <-both.ringsDone():
			both.rung(err)
		case <-both.gone():
			both.dismiss("left")
			both.apart(false)
		case r := <-both.errand:
			both.fromBot(ctx, r)
		}
		switch {
		case next != nil:
			leave()
			return next
		case over:
			left()
			return nil
		}
	}
}

// transfer rings whom the agent's telephone names, while the caller hears that; nil
// if he does not come on. The rules of calls that go out hold for it.
func (h *handover) transfer(ctx context.Context, q TransferRequest, by Person) *extension {
	if q.Leg != "" {
		return h.join(ctx, q, by)
	}
	target := q.Target
	target.Who, target.From, target.FromName = "agent:"+by.Name, h.from, h.line.Title
	if c, ok := h.dialer.(Checker); ok {
		if err := c.Check(ctx, target); err != nil {
			h.log.Warn("a transfer that an agent asked for is not allowed", "call", h.call, "agent", by.Name, "error", err)
			h.answer(q.Refuse(403, "Forbidden"))
			h.tell(ctx, handoverNews{kind: "refused", person: by, detail: "transfer"})
			return nil
		}
	}
	next := &extension{person: Person{Name: target.To, Title: target.To, Target: target}}
	if name, ok := strings.CutPrefix(target.To, "agent:"); ok {
		p, found := h.desk.ReserveAgent(h.call, name)
		if !found {
			h.answer(q.Refuse(486, "Busy Here"))
			h.tell(ctx, handoverNews{kind: "refused", person: Person{Name: name}, detail: "busy"})
			return nil
		}
		next.person, next.reserved = p, true
	}
	h.answer(q.Accept())
	h.tell(ctx, handoverNews{kind: "ringing", person: next.person, detail: "transfer"})
	next.ctx, next.cancel = context.WithCancelCause(ctx)
	tone := ringFor(next.ctx, h.caller, h.line.Language, h.log, &next.wg) //nolint:contextcheck // it is ctx's child
	d := dialing{
		audio: h.audio, dialer: h.dialer, target: target, ring: defaultRing, start: func(s *media.Session) {
			next.wg.Go(func() {
				if err := guard(func() error { return s.Run(next.ctx) }); err != nil {
					next.cancel(err)
				}
			})
		},
		progress: func(status int, _ *meeting) { h.answer(q.Notify(status, "")) },
	}
	m, l, err := d.run(next.ctx) //nolint:contextcheck // it is ctx's child
	tone.stop()
	if l != nil {
		next.leg = l
		follow(l, next.cancel)
	}
	if err != nil {
		status, result := 500, offerResult(err)
		var failed *DialError
		if errors.As(err, &failed) {
			switch {
			case failed.Outcome == NoAnswer:
				status = 480
			case failed.Status >= 300:
				status = failed.Status
			}
		}
		h.answer(q.Done(status))
		h.tell(ctx, handoverNews{kind: "refused", person: next.person, detail: string(result)})
		h.end(next, result)
		return nil
	}
	h.answer(q.Done(200))
	next.session = m.session
	if m.onUpdate != nil {
		m.onUpdate(func(offer []byte) ([]byte, error) {
			return h.agentUpdate(next.ctx, m.sound, m.session, next.person, offer)
		})
	}
	if next.reserved {
		h.desk.Talking(next.person.Name, h.call)
	}
	next.wg.Go(func() { h.listen(next.ctx, next.session, next.person) })
	return next
}

// handOn lets the caller talk with those that he is transferred to, one after
// another, until one of them leaves.
func (h *handover) handOn(ctx context.Context, next *extension) {
	for next != nil {
		after := h.connected(ctx, next.ctx, next.leg, next.session, next.person)
		h.end(next, OfferTaken)
		next = after
	}
}

// end hangs an extension up and gives back what it held.
func (h *handover) end(x *extension, result OfferResult) {
	if x.leg != nil {
		h.hangUp(x.ctx, x.leg, x.person)
	}
	x.cancel(errHandoverOver)
	x.wg.Wait()
	if x.reserved {
		h.desk.Release(x.person.Name, h.call, result)
	}
}

// hangUp ends a leg of an agent's side.
func (h *handover) hangUp(ctx context.Context, l Leg, p Person) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpWait(l, context.Cause(ctx)))
	defer cancel()
	if err := l.Hangup(ctx); err != nil {
		h.log.Warn("hanging up the agent's leg", "call", h.call, "agent", p.Name, "error", err)
	}
}

// answer notes that a telephone could not be told about its transfer.
func (h *handover) answer(err error) {
	if err != nil {
		h.log.Warn("telling a telephone about its transfer", "call", h.call, "error", err)
	}
}

// A seat is the place of one far end in a call, which another leg can take (RFC
// 3891): the new one speaks through the same session, so that the other side, the
// recording and the recogniser notice nothing.
type seat struct {
	session *media.Session
	sound   *sound
	cancel  context.CancelCauseFunc // ends what the leg's end ends
	side    string                  // "caller", "agent"
	in      *room

	// lend lets another call have who talks to the leg; nil where it cannot be had.
	lend func(ctx context.Context, to *handover) (*extension, error)

	mu   sync.Mutex // guards the rest
	leg  Leg
	stop func()
	ask  func(TransferRequest) // has the call transfer; nil where it cannot
}

// asks sets who takes transfers that the telephone asked for in another call.
func (s *seat) asks(f func(TransferRequest)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask = f
}

func (s *seat) asking() func(TransferRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ask
}

// sit gives a leg a place.
func sit(side string, l Leg, s *sound, session *media.Session, cancel context.CancelCauseFunc) *seat {
	return &seat{side: side, leg: l, sound: s, session: session, cancel: cancel, stop: follow(l, cancel)}
}

// current is the leg that holds the place.
func (s *seat) current() Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leg
}

// unfollow lets the leg end without the call.
func (s *seat) unfollow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// TakesOver is a leg whose INVITE takes the place of another one of ours.
type TakesOver interface {
	Leg
	// TakeOver answers with our session description and ends the leg that it
	// replaces.
	TakeOver(ctx context.Context, sdp []byte) error
}

// take puts the arrival in the leg's place.
func (s *seat) take(ctx context.Context, a Arrival) error {
	l, ok := a.Leg.(TakesOver)
	if !ok {
		return errors.New("the leg cannot take another one's place")
	}
	answer, _, err := s.sound.refresh(s.session, l.Offer())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.stop()
	s.leg, s.stop = l, follow(l, s.cancel)
	s.mu.Unlock()
	if a.OnUpdate != nil {
		a.OnUpdate(func(offer []byte) ([]byte, error) {
			answer, _, err := s.sound.refresh(s.session, offer)
			return answer, err
		})
	}
	if err := l.TakeOver(ctx, answer); err != nil {
		return err
	}
	s.in.note(map[string]any{"by": s.side, "state": "replaced", "codec": s.session.Media().Codec.Name})
	return nil
}

// replaceWait bounds the answering of a leg that takes another one's place.
const replaceWait = 35 * time.Second
