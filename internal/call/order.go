package call

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors of what is wanted with a call. Each says why nothing was done.
var (
	ErrNoAgentTalks = errors.New("no agent talks to the caller now")
	ErrOnHold       = errors.New("the caller is on hold already")
	ErrNotOnHold    = errors.New("the caller is not on hold")
	ErrGuest        = errors.New("somebody else is in the call, or is being rung, already")
	ErrNoGuest      = errors.New("nobody is being asked: begin with a transfer that is attended, or a conference")
	ErrBusyAgent    = errors.New("the agent is not ready: his telephone is off, or he has a call or a break")
	ErrNobodyReady  = errors.New("nobody with this skill is ready")
	ErrNoBot        = errors.New("there is no bot in this call")
	ErrDestination  = errors.New("it is not said where the caller is to go")
	ErrWithBot      = errors.New("the caller is with the bot just now")
)

// Destination is whom a caller is to be brought to: one of the three.
type Destination struct {
	Agent  string // his name
	Skill  string
	Number string // outside, or a sip: address
}

func (d Destination) String() string {
	switch {
	case d.Agent != "":
		return "agent:" + d.Agent
	case d.Skill != "":
		return "skill:" + d.Skill
	default:
		return d.Number
	}
}

func (d Destination) valid() error {
	n := 0
	for _, s := range []string{d.Agent, d.Skill, d.Number} {
		if s != "" {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%w: name an agent, a skill or a number, and one of them only", ErrDestination)
	}
	return nil
}

// order is what somebody wants done with a caller and the agent he talks to.
type order struct {
	do       orderKind
	to       Destination
	flow     string
	by       *extension // with orderTake
	accepted chan error // buffered: whether it is being done
}

type orderKind string

const (
	orderHold       orderKind = "hold"
	orderUnhold     orderKind = "unhold"
	orderTransfer   orderKind = "transfer"   // the agent leaves when the other answers
	orderConsult    orderKind = "consult"    // he speaks with the other before
	orderComplete   orderKind = "complete"   // of a consultation
	orderCancel     orderKind = "cancel"     // of a consultation or a conference
	orderConference orderKind = "conference" // all hear each other
	orderBot        orderKind = "bot"
	orderEnd        orderKind = "end"
	orderTake       orderKind = "take_over" // the agent leaves, and by has the caller
)

// orderWait bounds how long it takes until an order is being done, or is not.
const orderWait = 10 * time.Second

// Hold keeps the caller of a call on hold: he hears music, and the two do not hear each
// other.
func (m *Manager) Hold(ctx context.Context, id string) error {
	return m.order(ctx, id, order{do: orderHold})
}

// Unhold brings the two together again.
func (m *Manager) Unhold(ctx context.Context, id string) error {
	return m.order(ctx, id, order{do: orderUnhold})
}

// TransferTo brings a caller from the agent he talks to to somebody else. Blind, the
// agent leaves as soon as that one answers, and a skill's caller goes back into the
// queue. Attended, the caller is on hold while the agent speaks with that one, until
// CompleteTransfer or CancelTransfer; an agent who hangs up completes it. It returns
// when it is being done; how it goes on stands in the call's timeline.
func (m *Manager) TransferTo(ctx context.Context, id string, to Destination, attended bool) error {
	o := order{do: orderTransfer, to: to}
	if attended {
		o.do = orderConsult
	}
	if err := to.valid(); err != nil {
		return err
	}
	return m.order(ctx, id, o)
}

// CompleteTransfer leaves the caller with whom the agent has spoken.
func (m *Manager) CompleteTransfer(ctx context.Context, id string) error {
	return m.order(ctx, id, order{do: orderComplete})
}

// CancelTransfer sends whom the agent has asked away; agent and caller are together
// again.
func (m *Manager) CancelTransfer(ctx context.Context, id string) error {
	return m.order(ctx, id, order{do: orderCancel})
}

// Conference brings a third one into the call. With a zero Destination it is the one
// whom the agent speaks with beside it.
func (m *Manager) Conference(ctx context.Context, id string, with Destination) error {
	if with != (Destination{}) {
		if err := with.valid(); err != nil {
			return err
		}
	}
	return m.order(ctx, id, order{do: orderConference, to: with})
}

// BackToBot has the bot do a flow with the caller and then return him to the agent,
// who stays on the line.
func (m *Manager) BackToBot(ctx context.Context, id, flow string) error {
	if strings.TrimSpace(flow) == "" {
		return fmt.Errorf("%w: name the flow that the bot is to do", ErrDestination)
	}
	return m.order(ctx, id, order{do: orderBot, flow: flow})
}

// EndCall takes the agent out of the call; the bot says goodbye to the caller.
func (m *Manager) EndCall(ctx context.Context, id string) error {
	return m.order(ctx, id, order{do: orderEnd})
}

// order has the agent's side of a call do something, and returns when it is being
// done.
func (m *Manager) order(ctx context.Context, id string, o order) error {
	m.mu.Lock()
	c, ok := m.calls[id]
	m.mu.Unlock()
	if !ok || c.room == nil {
		return ErrNoCall
	}
	c.room.mu.Lock()
	orders := c.room.orders
	c.room.mu.Unlock()
	if orders == nil {
		return ErrNoAgentTalks
	}
	o.accepted = make(chan error, 1)
	ctx, cancel := context.WithTimeoutCause(ctx, orderWait, fmt.Errorf("%s: the call does not react", o.do))
	defer cancel()
	select {
	case orders <- o:
	case <-c.over.Done():
		return ErrNoCall
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-o.accepted:
		return err
	case <-c.over.Done():
		return ErrNoCall
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// orderReferral answers who wants a blind transfer as it does a telephone.
type orderReferral struct{ accepted chan error }

func (r orderReferral) Accept() error {
	r.tell(nil)
	return nil
}

func (r orderReferral) Refuse(status int, reason string) error {
	switch status {
	case 486:
		r.tell(ErrBusyAgent)
	case 403:
		r.tell(&RefusedError{Why: RefusedPolicy, Err: errors.New("calls to this number are not allowed")})
	default:
		r.tell(fmt.Errorf("the transfer is refused: %d %s", status, reason))
	}
	return nil
}

func (r orderReferral) Notify(int, string) error { return nil }
func (r orderReferral) Done(int) error           { return nil }

func (r orderReferral) tell(err error) {
	select {
	case r.accepted <- err:
	default:
	}
}
