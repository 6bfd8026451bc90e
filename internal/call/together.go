package call

import (
	"context"
	"maps"
	"slices"
	"strings"

	"hotline/media"
	"hotline/media/sdp"
)

// together is a caller and the agent whom he talks to, while they do, with whoever is
// asked for advice: it does what is wanted with them. One goroutine uses it, that of
// connected.
type together struct {
	h       *handover
	parent  context.Context //nolint:containedctx // of the hand-over: it outlives the agent
	person  Person
	session *media.Session // the agent's
	music   *waitRoom

	held    bool
	guest   *extension    // who is asked, or in conference
	leave   func()        // takes him out of the room
	private bool          // the caller does not hear the two
	rings   *ringingGuest // he is being rung
	errand  chan errandResult
}

// ringingGuest is somebody who is being rung for the agent.
type ringingGuest struct {
	guest *extension
	all   bool // he comes into the conference at once
	done  chan error
}

// errandResult is what the bot has learnt for the agent.
type errandResult struct {
	done  bool
	slots map[string]string
}

func (h *handover) together(parent context.Context, p Person, session *media.Session) *together {
	return &together{
		h: h, parent: parent, person: p, session: session,
		music: &waitRoom{session: h.caller, line: h.line, call: h.call, log: h.log},
	}
}

// do carries an order out. next is whom the caller talks to from now on, over that the
// agent is to leave.
func (t *together) do(o order) (next *extension, over bool) {
	switch o.do {
	case orderHold:
		o.accepted <- t.hold()
	case orderUnhold:
		o.accepted <- t.unhold()
	case orderTransfer:
		return t.transfer(o)
	case orderConsult:
		o.accepted <- t.ask(o.to, false)
	case orderConference:
		o.accepted <- t.conference(o.to)
	case orderComplete:
		if t.guest == nil {
			o.accepted <- ErrNoGuest
			return nil, false
		}
		o.accepted <- nil
		return t.handToGuest(), false
	case orderCancel:
		o.accepted <- t.cancel()
	case orderBot:
		o.accepted <- t.toBot(o.flow)
	case orderEnd:
		o.accepted <- nil
		return nil, true
	case orderTake:
		if t.errand != nil {
			o.accepted <- ErrWithBot
			return nil, false
		}
		t.dismiss("left")
		t.apart(false)
		o.accepted <- nil
		t.h.adopt(t.parent, o.by, t.person)
		return o.by, false
	}
	return nil, false
}

// occupied tells why the caller cannot be taken elsewhere now.
func (t *together) occupied() error {
	switch {
	case t.errand != nil:
		return ErrWithBot
	case t.guest != nil || t.rings != nil:
		return ErrGuest
	default:
		return nil
	}
}

func (t *together) hold() error {
	switch {
	case t.errand != nil:
		return ErrWithBot
	case t.held:
		return ErrOnHold
	}
	t.apart(true)
	return nil
}

func (t *together) unhold() error {
	switch {
	case t.errand != nil:
		return ErrWithBot
	case !t.held:
		return ErrNotOnHold
	case t.guest != nil || t.rings != nil:
		return ErrGuest // complete it, cancel it, or make it a conference
	}
	t.apart(false)
	return nil
}

// apart puts the caller on hold, or takes him off it.
func (t *together) apart(hold bool) {
	if hold == t.held {
		return
	}
	t.held = hold
	direction := sdp.SendRecv
	if hold {
		t.h.room.separate(true)
		t.music.music(t.parent, nil)
		direction = sdp.Inactive
	} else {
		t.music.quiet()
		t.h.room.separate(false)
	}
	t.h.tell(t.parent, handoverNews{kind: "agent_hold", person: t.person, direction: direction})
}

// transfer lets the caller go without further ado.
func (t *together) transfer(o order) (next *extension, over bool) {
	if err := t.occupied(); err != nil {
		o.accepted <- err
		return nil, false
	}
	h := t.h
	if o.to.Skill != "" && h.wants.Call != "" {
		h.requeue = o.to.Skill
		o.accepted <- nil
		h.tell(t.parent, handoverNews{kind: "requeued", person: t.person, detail: o.to.Skill})
		return nil, true
	}
	target := Target{To: o.to.String()}
	if o.to.Skill != "" {
		p, found := h.desk.Reserve(h.call, o.to.Skill)
		if !found {
			o.accepted <- ErrNobodyReady
			return nil, false
		}
		h.desk.Release(p.Name, h.call, OfferGone) // transfer reserves him by his name
		target = p.Target
	}
	t.apart(false) // he hears it ring
	return h.transfer(t.parent, TransferRequest{Referral: orderReferral{o.accepted}, Target: target}, t.person), false
}

// ask rings somebody for the agent; the caller is on hold meanwhile, unless all are to
// hear each other.
func (t *together) ask(to Destination, all bool) error {
	if err := t.occupied(); err != nil {
		return err
	}
	h := t.h
	p, reserved, err := t.find(to)
	if err != nil {
		return err
	}
	x := &extension{person: p, reserved: reserved}
	x.ctx, x.cancel = context.WithCancelCause(t.parent)
	if !all {
		t.apart(true)
	}
	t.private = !all
	h.tell(t.parent, handoverNews{kind: "asking", person: p})
	tone := ringFor(x.ctx, t.session, h.line.Language, h.log, &x.wg)
	t.rings = &ringingGuest{guest: x, all: all, done: make(chan error, 1)}
	done := t.rings.done
	x.wg.Go(func() {
		err := guard(func() error { return h.ring(x) })
		tone.stop()
		done <- err
	})
	return nil
}

// find is who is meant by a Destination, reserved where he is an agent.
func (t *together) find(to Destination) (p Person, reserved bool, err error) {
	h := t.h
	var found bool
	switch {
	case to.Agent != "":
		if p, found = h.desk.ReserveAgent(h.call, to.Agent); !found {
			return p, false, ErrBusyAgent
		}
		return p, true, nil
	case to.Skill != "":
		if p, found = h.desk.Reserve(h.call, to.Skill); !found {
			return p, false, ErrNobodyReady
		}
		return p, true, nil
	}
	wanted := Placement{To: to.Number}
	target, err := wanted.target()
	if err != nil {
		return p, false, err
	}
	target.Who = "agent:" + t.person.Name
	if c, ok := h.dialer.(Checker); ok {
		if err := c.Check(t.parent, target); err != nil {
			return p, false, err
		}
	}
	return Person{Name: target.To, Title: target.To, Target: target}, false, nil
}

// ring brings an extension on the line. It may be used by one goroutine per extension.
func (h *handover) ring(x *extension) error {
	target := x.person.Target
	target.From, target.FromName = h.from, h.line.Title
	d := dialing{
		audio: h.audio, dialer: h.dialer, target: target, ring: defaultRing, start: func(s *media.Session) {
			x.wg.Go(func() {
				if err := guard(func() error { return s.Run(x.ctx) }); err != nil {
					x.cancel(err)
				}
			})
		},
	}
	m, l, err := d.run(x.ctx)
	if l != nil {
		x.leg = l
		follow(l, x.cancel)
	}
	if err != nil {
		return err
	}
	x.session = m.session
	if m.onUpdate != nil {
		m.onUpdate(func(offer []byte) ([]byte, error) { return h.agentUpdate(x.ctx, m.sound, m.session, x.person, offer) })
	}
	return nil
}

// rung takes the result of ringing.
func (t *together) rung(err error) {
	r := t.rings
	t.rings = nil
	h := t.h
	if err != nil {
		result := offerResult(err)
		h.tell(t.parent, handoverNews{kind: "refused", person: r.guest.person, detail: string(result)})
		h.end(r.guest, result)
		t.private = false
		t.apart(false)
		return
	}
	t.guest = r.guest
	if t.guest.reserved {
		h.desk.Talking(t.guest.person.Name, h.call)
	}
	guest := t.guest
	guest.wg.Go(func() { h.listen(guest.ctx, guest.session, guest.person) })
	t.leave = h.room.enter(roleGuest, guest.session)
	kind := "consulting"
	if r.all {
		kind = "conference"
	}
	h.tell(t.parent, handoverNews{kind: kind, person: guest.person})
}

// conference lets all hear each other.
func (t *together) conference(to Destination) error {
	switch {
	case to != (Destination{}):
		return t.ask(to, true)
	case t.guest == nil:
		return ErrNoGuest
	}
	t.private = false
	t.apart(false)
	t.h.tell(t.parent, handoverNews{kind: "conference", person: t.guest.person})
	return nil
}

// cancel sends the guest away.
func (t *together) cancel() error {
	if t.guest == nil && t.rings == nil {
		return ErrNoGuest
	}
	t.dismiss("cancelled")
	t.apart(false)
	return nil
}

// dismiss ends whoever is asked or rung.
func (t *together) dismiss(why string) {
	x, result := t.guest, OfferTaken
	if r := t.rings; r != nil {
		x, result = r.guest, OfferGone
		r.guest.cancel(errHandoverOver)
		<-r.done
	}
	if x == nil {
		return
	}
	if t.leave != nil {
		t.leave()
	}
	t.h.tell(t.parent, handoverNews{kind: why, person: x.person})
	t.h.end(x, result)
	t.guest, t.rings, t.leave, t.private = nil, nil, nil, false
}

// handToGuest lets the caller go on with whom the agent has asked.
func (t *together) handToGuest() *extension {
	x := t.guest
	t.leave()
	t.apart(false)
	t.guest, t.leave = nil, nil
	t.h.tell(t.parent, handoverNews{kind: "completed", person: x.person})
	return x
}

// agentLeft is whom the caller goes on with when the agent has hung up; nil for
// nobody. Somebody who is still being rung is waited for.
func (t *together) agentLeft() *extension {
	if r := t.rings; r != nil {
		t.music.ring(t.parent)
		select {
		case err := <-r.done:
			t.music.quiet()
			t.rung(err)
		case <-t.parent.Done():
		}
	}
	if t.guest != nil && t.guest.ctx.Err() == nil && t.parent.Err() == nil {
		return t.handToGuest()
	}
	return nil
}

// end gives back what is left when the two part.
func (t *together) end() {
	t.dismiss("left")
	t.music.close()
	t.h.room.separate(false)
}

// toBot lets the bot do something with the caller; the agent waits.
func (t *together) toBot(flow string) error {
	if err := t.occupied(); err != nil {
		return err
	}
	if t.h.wants.Call == "" {
		return ErrNoBot
	}
	t.apart(false)
	t.h.room.separate(true)
	t.errand = make(chan errandResult, 1)
	t.h.tell(t.parent, handoverNews{kind: "to_bot", person: t.person, detail: flow, errand: t.errand})
	return nil
}

// fromBot brings the caller back to the agent, who is told what was learnt.
func (t *together) fromBot(ctx context.Context, r errandResult) {
	t.errand = nil
	text := returned(t.h.line.Language, r)
	limited, cancel := context.WithTimeout(ctx, whisperLimit)
	defer cancel()
	if err := announce(limited, t.h.line, t.session, text); err != nil && ctx.Err() == nil {
		t.h.log.Warn("telling the agent what the bot has learnt", "call", t.h.call, "agent", t.person.Name, "error", err)
	}
	t.h.room.separate(false)
}

// returned is what an agent hears when the bot brings the caller back.
func returned(language string, r errandResult) string {
	var values []string
	for _, name := range slices.Sorted(maps.Keys(r.slots)) {
		if v := r.slots[name]; v != "" {
			values = append(values, v)
		}
	}
	switch {
	case language == "en" && r.done:
		return strings.TrimSpace("Your caller is back. " + strings.Join(values, ", "))
	case language == "en":
		return "Your caller is back. It was not finished."
	case r.done:
		return "客户回来了。" + strings.Join(values, "，")
	default:
		return "客户回来了，没有办完。"
	}
}

// gone is closed when the guest has left; nil without one.
func (t *together) gone() <-chan struct{} {
	if t.guest == nil {
		return nil
	}
	return t.guest.ctx.Done()
}

func (t *together) ringsDone() <-chan error {
	if t.rings == nil {
		return nil
	}
	return t.rings.done
}
