package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/media"
	"hotline/media/sdp"
)

// Person is an agent who can be rung.
type Person struct {
	Name, Title string
	Target      Target
}

// agent is his name; "" for one at a number, which is nobody's business.
func (p Person) agent() string {
	if strings.HasPrefix(p.Target.To, "agent:") {
		return p.Name
	}
	return ""
}

// OfferResult is what became of ringing an agent.
type OfferResult string

// The results of an offer.
const (
	OfferTaken    OfferResult = "taken"
	OfferRefused  OfferResult = "refused"
	OfferNoAnswer OfferResult = "no_answer"
	OfferFailed   OfferResult = "failed"
	OfferGone     OfferResult = "caller_gone"
)

// A Desk knows who can take a call.
type Desk interface {
	// ReserveAgent reserves that agent, if he is ready.
	ReserveAgent(name string) (p Person, found bool)
	// Reserve picks the ready agent with the skill who has waited longest, leaving
	// out those tried already, and keeps others from ringing him. open is false
	// when the skill is out of hours.
	Reserve(skill string, tried []string) (p Person, found, open bool)
	// Talking marks a reserved agent as in a call.
	Talking(name string)
	// Release gives a reserved agent back.
	Release(name string, result OfferResult)
}

const (
	ringAgent    = 20 * time.Second // until the next agent is tried
	maxAgentTry  = 4                // agents rung for one wish
	whisperLimit = 15 * time.Second
)

var (
	errHandoverOver = errors.New("the hand-over is over")
	errAgentLeft    = errors.New("the agent hung up before he heard the caller")
)

// handover brings the caller to a person: it rings agents one after another while
// the caller hears the ring-back tone, tells the one who answers in a sentence
// what it is about, and joins the two. The call stays anchored here: recorded,
// recognised, and back with the bot when the agent hangs up.
type handover struct {
	act     dialog.Transfer
	call    string
	caller  *media.Session
	line    Line
	desk    Desk
	dialer  Dialer
	audio   *Audio
	room    *room
	from    string
	seat    func(leg string) *seat // of any call; nil: there is no other
	reached netip.Addr             // our address that the caller reached
	log     *slog.Logger

	report chan<- handoverNews
	cancel context.CancelCauseFunc
	done   chan struct{}
	agent  atomic.Pointer[media.Session] // while bridged: keys go there
	leg    func() Leg                    // the agent's while he is bridged; connected's

	released bool // the agent is free again, since he has transferred the caller

	result dialog.Result // after done
	sounds []LegMedia    // of who spoke with the caller; after done
	err    error         // after done
}

// handoverNews is what converse must know while a hand-over goes on.
type handoverNews struct {
	kind   string // "ringing", "refused", "answered", "bridged", "agent_said", "agent_hold", "agent_gone"
	person Person
	detail string
	said   asr.Result

	direction sdp.Direction // with "agent_hold"
}

func (h *handover) start(ctx context.Context) {
	ctx, h.cancel = context.WithCancelCause(ctx)
	h.done = make(chan struct{})
	go func() {
		defer close(h.done)
		defer h.cancel(nil)
		defer func() {
			if p := recover(); p != nil {
				h.err = &PanicError{Value: p, Stack: debug.Stack()}
				h.result = dialog.TransferNoAnswer
			}
		}()
		h.result, h.err = h.run(ctx)
	}()
}

// bridged tells whether caller and agent hear each other now.
func (h *handover) bridged() bool { return h.agent.Load() != nil }

// sendKeys passes the caller's keys on to the agent's side, for whatever answers
// there.
func (h *handover) sendKeys(ctx context.Context, keys string) error {
	if s := h.agent.Load(); s != nil {
		return s.SendKeys(ctx, keys)
	}
	return nil
}

func (h *handover) run(ctx context.Context) (dialog.Result, error) {
	ringing, quiet := context.WithCancelCause(ctx)
	tone := h.caller.Out().Utterance(ringing)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer tone.Finish()
		if err := RingBack(h.line.Language).play(ringing, tone); err != nil && ringing.Err() == nil && !errors.Is(err, media.ErrFlushed) {
			h.log.Warn("playing the ring-back tone", "call", h.call, "error", err)
		}
	})
	stopTone := func() {
		quiet(errHandoverOver)
		h.caller.Out().Flush()
		wg.Wait()
	}
	defer stopTone()

	var tried []string
	for range maxAgentTry {
		p, found, open := h.desk.Reserve(h.act.Skill, tried)
		switch {
		case !open:
			return dialog.TransferOff, nil
		case !found && len(tried) == 0:
			return dialog.TransferNoAgent, nil
		case !found:
			return dialog.TransferNoAnswer, nil
		}
		tried = append(tried, p.Name)
		h.tell(ctx, handoverNews{kind: "ringing", person: p})
		taken, err := h.offer(ctx, p, stopTone)
		if h.released {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return dialog.TransferDone, nil
		}
		if ctx.Err() != nil {
			h.desk.Release(p.Name, OfferGone)
			return "", context.Cause(ctx)
		}
		if taken {
			h.desk.Release(p.Name, OfferTaken)
			return dialog.TransferDone, nil
		}
		result := offerResult(err)
		h.desk.Release(p.Name, result)
		h.tell(ctx, handoverNews{kind: "refused", person: p, detail: string(result)})
		if result == OfferFailed {
			h.log.Warn("ringing an agent", "call", h.call, "agent", p.Name, "error", err)
		}
	}
	return dialog.TransferNoAnswer, nil
}

func offerResult(err error) OfferResult {
	if errors.Is(err, errRangOut) {
		return OfferNoAnswer
	}
	if errors.Is(err, errAgentLeft) {
		return OfferRefused
	}
	var status StatusError
	if !errors.As(err, &status) {
		return OfferFailed
	}
	switch status.Status() {
	case 408, 480, 487:
		return OfferNoAnswer
	case 486, 600, 603:
		return OfferRefused
	default:
		return OfferFailed
	}
}

// offer rings one agent and, when he answers, stays until he or the caller hangs
// up. taken is false if he did not answer, or left
// before he was joined with the caller.
func (h *handover) offer(ctx context.Context, p Person, answered func()) (taken bool, err error) {
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(errHandoverOver)
	d := dialing{
		audio: h.audio.beside(h.caller), dialer: h.dialer, target: p.Target, reached: h.reached, ring: ringAgent,
		start: func(s *media.Session) {
			wg.Go(func() {
				if err := guard(func() error { return s.Run(ctx) }); err != nil {
					cancel(fmt.Errorf("the agent's audio: %w", err))
				}
			})
		},
	}
	if _, ok := h.dialer.(Checker); ok {
		d.reached = netip.Addr{} // it may not be where the caller is
	}
	d.target.From, d.target.FromName = h.from, h.line.Title
	m, l, err := d.run(ctx)
	if l != nil {
		defer h.hangUp(ctx, l, p)
	}
	if err != nil {
		return false, err
	}
	place := sit("agent", l, m.sound, m.session, cancel)
	defer func() { h.hangUp(ctx, place.current(), p) }()
	defer place.unfollow()
	defer h.room.place(place)()
	if m.onUpdate != nil {
		m.onUpdate(func(offer []byte) ([]byte, error) { return h.agentUpdate(ctx, m.sound, m.session, p, offer) })
	}
	h.desk.Talking(p.Name)
	h.tell(ctx, handoverNews{kind: "answered", person: p})
	wg.Go(func() { h.listen(ctx, m.session, p) })

	if h.act.Summary != "" {
		if err := h.whisper(ctx, m.session); err != nil && ctx.Err() == nil {
			h.log.Warn("telling the agent what it is about", "call", h.call, "agent", p.Name, "error", err)
		}
	}
	if ctx.Err() != nil {
		h.tell(parent, handoverNews{kind: "agent_gone", person: p})
		return false, errAgentLeft
	}
	answered() // the ring-back tone ends
	next := h.connected(parent, ctx, l, m.session, p)
	if next == nil {
		return true, nil
	}
	place.unfollow()
	wg.Go(func() { h.hangUp(ctx, place.current(), p) }) // the caller does not wait for it
	cancel(errHandoverOver)
	h.released = true
	h.desk.Release(p.Name, OfferTaken) // he may take the next caller
	h.handOn(parent, next)
	return true, nil
}

// agentUpdate takes a re-INVITE of the agent's phone: hold, resume, another codec. It
// runs in the signalling's goroutine.
func (h *handover) agentUpdate(ctx context.Context, ours *sound, session *media.Session, p Person, offer []byte) ([]byte, error) {
	answer, direction, err := ours.refresh(session, offer)
	if err == nil && len(offer) > 0 {
		h.tell(ctx, handoverNews{kind: "agent_hold", person: p, direction: direction})
	}
	return answer, err
}

// whisper speaks the summary to the agent alone; the caller still hears ringing.
func (h *handover) whisper(ctx context.Context, agent *media.Session) error {
	ctx, cancel := context.WithTimeout(ctx, whisperLimit)
	defer cancel()
	u := agent.Out().Utterance(ctx)
	defer u.Finish()
	if err := h.line.Speak.Synthesize(ctx, h.line.utterance(h.act.Summary), u); err != nil {
		return err
	}
	u.Finish()
	return wait(ctx, u.Done())
}

// listen writes down what the agent says.
func (h *handover) listen(ctx context.Context, agent *media.Session, p Person) {
	rec := h.line.Hear(Hearing{Call: h.call + "/" + p.Name, Language: h.line.Language})
	err := rec.Recognize(ctx, agent.In(), func(r asr.Result) {
		if r.Kind == asr.Final && r.Text != "" && h.bridged() {
			h.tell(ctx, handoverNews{kind: "agent_said", person: p, said: r})
		}
	})
	if err != nil && ctx.Err() == nil {
		h.log.Warn("listening to the agent", "call", h.call, "agent", p.Name, "error", err)
	}
}

// tell hands news to converse, which is always reading until the hand-over is
// done; the limit guards against the opposite.
func (h *handover) tell(ctx context.Context, n handoverNews) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case h.report <- n:
	case <-ctx.Done():
	case <-timer.C:
	}
}
