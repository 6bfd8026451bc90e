package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/media"
	"hotline/media/sdp"
)

const (
	ringAgent    = 20 * time.Second // where no rule says how long
	whisperLimit = 15 * time.Second

	// regainTime is how long a caller is kept for an agent whose page has gone, who is
	// looked for each regainPause.
	regainTime  = 10 * time.Second
	regainPause = 250 * time.Millisecond
)

var (
	errHandoverOver = errors.New("the hand-over is over")
	errAgentSound   = errors.New("the agent's audio")
	errAgentLeft    = errors.New("the agent hung up before he heard the caller")
)

// handover brings the caller to a person: the caller waits in the queue, with music or
// with the bot, until an agent is free; he is rung, told in a sentence what it is
// about, and joined with the caller. The call stays anchored here: recorded,
// recognised, and back with the bot when the agent hangs up.
type handover struct {
	act     dialog.Transfer
	wants   Waiting // of the queue
	wait    *waitRoom
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

	lost     bool       // the agent's page has gone without a word
	again    bool       // he is rung for a caller whom he had already
	released bool       // the agent is free again, since he has transferred the caller
	requeue  string     // the skill that the agent has sent the caller on to
	first    *extension // who has taken the caller over from the bot: nobody is looked for

	result dialog.Result // after done
	sounds []LegMedia    // of who spoke with the caller; after done
	err    error         // after done
}

// handoverNews is what converse must know while a hand-over goes on.
type handoverNews struct {
	kind   string // "queued", "turn", "ringing", "refused", "answered", "bridged", "agent_said", "agent_hold", "agent_gone"
	person Person
	detail string
	said   asr.Result

	direction sdp.Direction     // with "agent_hold"
	place     Place             // with "queued"
	errand    chan errandResult // with "to_bot"
	ready     chan struct{}     // with "turn": closed once the bot has fallen silent
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

// errLeftQueue ends the waiting of a caller who has chosen something else.
var errLeftQueue = errors.New("the caller has chosen something else than to wait")

func (h *handover) run(ctx context.Context) (dialog.Result, error) {
	defer h.wait.close()
	if h.first != nil {
		h.adopt(ctx, h.first, Person{})
		h.handOn(ctx, h.first)
		if h.requeue == "" || ctx.Err() != nil {
			return dialog.TransferDone, nil
		}
		h.onward()
	}
	for {
		result, err := h.queue(ctx)
		if h.requeue == "" || ctx.Err() != nil {
			return result, err
		}
		h.onward()
	}
}

// onward is what is wanted once an agent has sent the caller on. He has waited once.
func (h *handover) onward() {
	h.wants.Skill, h.wants.Asked, h.wants.Urgent = h.requeue, true, true
	h.act.Skill, h.requeue, h.released = h.requeue, "", false
}

// queue brings the caller to one agent, and returns when he is back.
func (h *handover) queue(ctx context.Context) (dialog.Result, error) {
	place, err := h.desk.Enter(ctx, h.wants)
	if err != nil {
		return turnedAway(err)
	}
	why := LeftHungUp
	defer func() { place.Leave(why) }()
	for {
		h.tell(ctx, handoverNews{kind: "queued", place: place})
		p, err := place.Next(ctx)
		if ctx.Err() != nil {
			switch cause := context.Cause(ctx); {
			case errors.Is(cause, errLeftQueue):
				why = LeftCallback
			case errors.Is(cause, errTakenOver):
				why = LeftAnswered
			}
			if p.Name != "" {
				h.desk.Release(p.Name, h.call, OfferGone)
			}
			return "", context.Cause(ctx)
		}
		if err != nil {
			why = LeftForChoice
			return turnedAway(err)
		}
		h.takeFloor(ctx)
		h.wait.ring(ctx)
		h.tell(ctx, handoverNews{kind: "ringing", person: p})
		answered := func() {
			why = LeftAnswered
			place.Leave(why)
			h.wait.quiet()
		}
		taken, err := h.offer(ctx, p, place.Ring(), answered)
		for taken && h.lost && !h.released && ctx.Err() == nil {
			h.lost = h.regain(ctx, p, answered)
		}
		if h.released {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return dialog.TransferDone, nil
		}
		if ctx.Err() != nil {
			h.desk.Release(p.Name, h.call, OfferGone)
			return "", context.Cause(ctx)
		}
		if taken {
			h.desk.Release(p.Name, h.call, OfferTaken)
			return dialog.TransferDone, nil
		}
		result := offerResult(err)
		h.desk.Release(p.Name, h.call, result)
		h.tell(ctx, handoverNews{kind: "refused", person: p, detail: string(result)})
		if result == OfferFailed {
			h.log.Warn("ringing an agent", "call", h.call, "agent", p.Name, "error", err)
		}
	}
}

// regain waits for an agent whose page was loaded again, or whose browser has lost its
// sound, and joins him with the caller again, who hears music meanwhile. lost tells that
// it has happened once more.
func (h *handover) regain(ctx context.Context, p Person, answered func()) (lost bool) {
	h.wait.music(ctx, nil)
	defer h.wait.quiet()
	h.tell(ctx, handoverNews{kind: "regaining", person: p})
	h.again, h.lost = true, false
	defer func() { h.again = false }()
	limited, cancel := context.WithTimeout(ctx, regainTime)
	defer cancel()
	for {
		began := time.Now()
		taken, err := h.offer(ctx, p, regainTime, answered)
		if taken {
			return h.lost
		}
		if offerResult(err) == OfferRefused || time.Since(began) > regainTime/2 {
			return false // he is there and does not want to
		}
		// His telephone is not registered yet.
		select {
		case <-limited.Done():
			return false
		case <-time.After(regainPause):
		}
	}
}

// turnedAway is what the dialogue learns of a caller who does not wait, or not longer.
func turnedAway(err error) (dialog.Result, error) {
	switch {
	case errors.Is(err, ErrQueueShut):
		return dialog.TransferOff, nil
	case errors.Is(err, ErrNobodyThere):
		return dialog.TransferNoAgent, nil
	case errors.Is(err, ErrQueueBusy):
		return dialog.TransferBusy, nil
	case errors.Is(err, ErrQueueFull), errors.Is(err, ErrWaitedLong):
		return dialog.TransferNoAnswer, nil
	default:
		return dialog.TransferNoAnswer, fmt.Errorf("entering the queue: %w", err)
	}
}

// takeFloor has the bot, if the caller talks with it while he waits, fall silent.
func (h *handover) takeFloor(ctx context.Context) {
	ready := make(chan struct{})
	h.tell(ctx, handoverNews{kind: "turn", ready: ready})
	select {
	case <-ready:
	case <-ctx.Done():
	case <-time.After(time.Second): // as in tell
	}
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
func (h *handover) offer(ctx context.Context, p Person, ring time.Duration, answered func()) (taken bool, err error) {
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(errHandoverOver)
	d := dialing{
		audio: h.audio.beside(h.caller), dialer: h.dialer, target: p.Target, reached: h.reached, ring: ring,
		start: func(s *media.Session) {
			wg.Go(func() {
				if err := guard(func() error { return s.Run(ctx) }); err != nil {
					cancel(fmt.Errorf("%w: %w", errAgentSound, err))
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
	h.desk.Talking(p.Name, h.call)
	h.tell(ctx, handoverNews{kind: "answered", person: p})
	wg.Go(func() { h.listen(ctx, m.session, p) })

	if h.act.Summary != "" && !h.again {
		if err := h.whisper(ctx, m.session); err != nil && ctx.Err() == nil {
			h.log.Warn("telling the agent what it is about", "call", h.call, "agent", p.Name, "error", err)
		}
	}
	h.wait.greeted(ctx)
	if ctx.Err() != nil {
		h.tell(parent, handoverNews{kind: "agent_gone", person: p})
		return false, errAgentLeft
	}
	answered() // the ring-back tone ends, and the waiting
	next := h.connected(parent, ctx, l, m.session, p)
	if next == nil {
		h.lost = m.sound.browser != nil && errors.Is(context.Cause(ctx), errAgentSound)
		return true, nil
	}
	place.unfollow()
	wg.Go(func() { h.hangUp(ctx, place.current(), p) }) // the caller does not wait for it
	cancel(errHandoverOver)
	h.released = true
	h.desk.Release(p.Name, h.call, OfferTaken) // he may take the next caller
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
