package call

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"hotline/asr"
	"hotline/media"
)

// errAgentHungUp is the cause of a call that its agent ended.
var errAgentHungUp = errors.New("the agent hung up")

// agentError is why the agent who should ring somebody did not come on.
type agentError struct{ err error }

func (e *agentError) Error() string { return "the agent: " + e.err.Error() }
func (e *agentError) Unwrap() error { return e.err }

// connection is a call that an agent makes through us: his phone rings first and he is
// told whom he will talk to, or he calls by his phone; then the other side is rung
// while he hears it, and the two are joined. It is recorded and recognised; there is
// no bot in it.
type connection struct {
	Services
	id      string
	line    Line
	person  Person
	idle    bool // he is reserved for this call alone
	place   Placement
	target  Target
	begun   chan<- struct{}
	arrival *Arrival           // he called; nil when his phone rings first
	other   Person             // whom he calls
	rings   bool               // that one is an agent, reserved for this call
	seat    func(string) *seat // of any call, by its leg; nil: there is no other

	scribe   *scribe
	record   Record
	tape     *tape
	room     *room
	agent    *meeting
	callee   *meeting
	legs     []Leg
	seats    []*seat
	answer   time.Time
	turns    int
	feelings feelings
	spoken   chan connectionSaid
	holds    chan Event
	keys     chan connectionKey // by SIP INFO

	agentCtx  context.Context //nolint:containedctx // ends when he leaves
	agentGone context.CancelCauseFunc
	cancel    context.CancelCauseFunc // of the call
	ctx       context.Context         //nolint:containedctx // of the call, for who borrows its other side
	news      chan handoverNews
	loans     chan loan
	lentTo    *handover // whose other side talks to ours
	hide      func()    // takes the call off the list of those in progress
	released  bool

	callerHolds, agentHolds bool

	// Of an agent who calls, before he is answered.
	unfollow func()
	rung     chan struct{} // closed once he was told that it rings
	opening  chan struct{} // closed once he has heard early media, or cannot
}

// connectionKey is a key that one of the two pressed.
type connectionKey struct {
	by    string
	digit byte
}

// connectionSaid is something that one of the two said.
type connectionSaid struct {
	speaker string
	result  asr.Result
}

// connection reserves the agent and returns the call that he makes.
func (m *Manager) connection(id string, p Placement, target Target, begun chan<- struct{}) (*connection, error) {
	c := m.newConnection(id, p, target, begun)
	var found bool
	if c.person, found = m.services.Desk.ReserveAgent(id, p.AgentFirst); !found {
		if c.person, found = m.services.Desk.Reserve(id, p.AgentFirst); !found {
			return nil, refusedCall(RefusedAgent, "no agent %q is ready: name one whose phone is registered and free, or a skill", p.AgentFirst)
		}
	}
	c.idle = true
	return c, nil
}

func (m *Manager) newConnection(id string, p Placement, target Target, begun chan<- struct{}) *connection {
	return &connection{
		Services: m.services, id: id, line: *p.Line, place: p, target: target, begun: begun, seat: m.seat,
		other:  Person{Name: target.To, Title: target.To, Target: target},
		spoken: make(chan connectionSaid, 16), holds: make(chan Event, 8), keys: make(chan connectionKey, 16),
		news: make(chan handoverNews), loans: make(chan loan), hide: func() {},
	}
}

// Run is the whole call.
func (c *connection) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.ctx, c.cancel = ctx, cancel
	c.agentCtx, c.agentGone = context.WithCancelCause(ctx)
	defer c.agentGone(nil)
	early := context.AfterFunc(c.agentCtx, func() { cancel(errAgentHungUp) }) //nolint:contextcheck // it is ctx's child
	defer early()
	c.record = Record{
		ID: c.id, Line: c.line.Name, Language: c.line.Language, Direction: "outbound", Caller: c.target.From, Called: c.target.To,
		StartedAt: time.Now(), Outcome: InProgress, Agent: c.person.Name, Signalling: Signalling{Trunk: c.target.Trunk},
		Summary: c.place.about(),
	}
	c.scribe = newScribe(c.Services, c.id)
	var wg, writing sync.WaitGroup
	writing.Go(func() { c.scribe.run(ctx) })
	defer writing.Wait()
	defer close(c.scribe.queue)
	c.scribe.begin(c.record, c.begun)
	result := OfferFailed
	defer func() { c.release(result) }()
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		c.finish(ctx, err)
	}()
	defer func() {
		cancel(err)
		wg.Wait()
		if c.tape != nil && c.tape.recorder != nil {
			err := c.tape.recorder.Close()
			if c.answer.IsZero() {
				c.tape.discard(c.scribe)
				c.record.Recording = ""
				return
			}
			c.recordingLost(ctx, err)
			if !c.tape.told {
				c.tape.recordings.worked()
			}
		}
	}()
	run := func(f func() error) {
		wg.Go(func() {
			if err := guard(f); err != nil {
				cancel(err)
			}
		})
	}
	start := func(s *media.Session) { run(func() error { return s.Run(ctx) }) }

	if c.arrival != nil {
		result, err = c.hearAgent(ctx)
	} else if result, err = c.ringAgent(ctx, start); err == nil {
		err = c.tellAgent(ctx)
	}
	if err != nil {
		return err
	}
	if err = c.ringCallee(ctx, start, &wg); err != nil {
		return err
	}
	if !early() { // he has just left
		return errAgentHungUp
	}
	c.listen(ctx, run)
	return c.attend(ctx)
}

// release gives the agent back, once.
func (c *connection) release(result OfferResult) {
	if c.idle && !c.released {
		c.released = true
		c.Desk.Release(c.person.Name, c.id, result)
	}
}

// guard turns a panic into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	return f()
}

// ringAgent brings the agent on the line.
func (c *connection) ringAgent(ctx context.Context, start func(*media.Session)) (OfferResult, error) {
	target := c.person.Target
	target.From, target.FromName = c.target.To, c.line.Title
	if c.place.AgentAtOnce {
		target.Headers = answersItself()
	}
	d := dialing{audio: c.Audio, dialer: c.Dialer, target: target, ring: ringAgent, start: start}
	m, l, err := d.run(ctx)
	if l != nil {
		c.legs = append(c.legs, l)
	}
	if err != nil {
		if ctx.Err() != nil {
			return OfferGone, context.Cause(ctx)
		}
		return offerResult(err), &agentError{err}
	}
	c.agent = m
	c.sit(l, m, c.agentGone)
	c.room.enter(roleAgent, m.session)
	c.watch(m, "agent")
	c.Desk.Talking(c.person.Name, c.id)
	return OfferTaken, nil
}

// sit gives one of the two a place that another leg can take.
func (c *connection) sit(l Leg, m *meeting, over context.CancelCauseFunc) {
	side := "caller"
	if m == c.agent {
		side = "agent"
	}
	place := sit(side, l, m.sound, m.session, over)
	if m == c.agent && c.arrival != nil {
		place.lend = c.lend
	}
	c.seats = append(c.seats, place)
	c.room.place(place)
}

// tellAgent says to the agent alone whom he will talk to.
func (c *connection) tellAgent(ctx context.Context) error {
	whom := c.place.Fields["name"]
	if whom == "" {
		whom = strings.TrimPrefix(strings.TrimPrefix(c.target.To, "agent:"), "sip:")
		whom, _, _ = strings.Cut(whom, "@")
	}
	ctx, cancel := context.WithTimeout(ctx, whisperLimit)
	defer cancel()
	if err := announce(ctx, c.line, c.agent.session, connecting(c.line.Language, whom)); err != nil {
		if context.Cause(ctx) != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return context.Cause(ctx)
		}
		c.Log.Warn("telling the agent whom he calls", "call", c.id, "agent", c.person.Name, "error", err)
	}
	return nil
}

// connecting is what an agent hears before it rings at the other side.
func connecting(language, whom string) string {
	if language == "en" {
		return "Calling " + whom + "."
	}
	return "正在呼叫" + whom + "。"
}

// ringCallee rings the other side; the agent hears ringing of ours, or what the
// network sends.
func (c *connection) ringCallee(ctx context.Context, start func(*media.Session), wg *sync.WaitGroup) error {
	c.openTape(ctx)
	var rec *media.Recorder
	if c.tape != nil {
		if rec = c.tape.recorder; rec != nil {
			rec.Hold()
		}
	}
	tone := c.alert(ctx, wg)
	defer tone.stop()
	d := dialing{
		audio: c.agentAudio(), dialer: c.Dialer, target: c.target, ring: c.place.Timeout, recorder: rec, start: start,
		progress: func(_ int, m *meeting) {
			if m.session != nil { // the network speaks for itself
				tone.stop()
				c.room.enter(roleCaller, m.session)
				c.hearEarly(ctx, start, wg)
			}
		},
	}
	m, l, err := d.run(ctx)
	if l != nil {
		c.legs = append(c.legs, l)
		c.record.SIPCallID = l.ID()
	}
	if err != nil {
		return err
	}
	tone.stop()
	c.callee = m
	c.sit(l, m, c.cancel)
	c.room.enter(roleCaller, m.session)
	if err := c.answerAgent(ctx, start); err != nil {
		return err
	}
	if c.rings {
		c.Desk.Talking(c.other.Name, c.id)
	}
	if rec != nil {
		rec.Start()
	}
	c.answer = time.Now()
	if c.room != nil {
		c.room.answered.Store(true)
	}
	c.watch(m, "caller")
	c.record.AnsweredAt, c.record.Codec = c.answer, m.session.Media().Codec.Name
	c.record.Signalling = c.record.Signalling.with(m.signalling)
	c.scribe.update(c.record)
	c.mark(KindAnswered, map[string]any{"codec": c.record.Codec})
	return nil
}

// watch lets one of the two hold, resume and change the sound.
func (c *connection) watch(m *meeting, who string) {
	if m.onKey != nil {
		m.onKey(func(digit byte) {
			select {
			case c.keys <- connectionKey{who, digit}:
			default: // one who keys faster than we read loses keys
			}
		})
	}
	if m.onUpdate == nil {
		return
	}
	m.onUpdate(func(offer []byte) ([]byte, error) {
		answer, direction, err := m.sound.refresh(m.session, offer)
		if err == nil && len(offer) > 0 {
			select {
			case c.holds <- Event{Kind: KindHold, Data: holdData(direction, who)}:
			default: // a far end that changes its mind faster than we read
			}
		}
		return answer, err
	})
}

// listen writes down what both say.
func (c *connection) listen(ctx context.Context, run func(func() error)) {
	for who, m := range map[string]*meeting{"caller": c.callee, "agent": c.agent} {
		ear := c.line.Hear(Hearing{Call: c.id + "/" + who, Language: c.line.Language})
		run(func() error {
			err := ear.Recognize(ctx, m.session.In(), func(r asr.Result) {
				if r.Kind == asr.Final && r.Text != "" {
					select {
					case c.spoken <- connectionSaid{who, r}:
					case <-ctx.Done():
					}
				}
			})
			if err != nil && ctx.Err() == nil { // two people need no recogniser
				c.Log.Warn("listening to a call between people", "call", c.id, "speaker", who, "error", err)
			}
			return nil
		})
	}
}

// attend writes down what happens until one of the two leaves.
func (c *connection) attend(ctx context.Context) error {
	longest := c.line.MaxDuration
	if longest == 0 {
		longest = defaultMaxDuration
	}
	limit := time.NewTimer(longest)
	defer limit.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	hand := c.handover()
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := guard(func() error { c.talkOn(ctx, hand); return nil }); err != nil {
			c.cancel(err)
		}
	}()
	defer func() { // it may be telling us something
		c.agentGone(errHandoverOver)
		c.cancel(errHandoverOver)
		for done := false; !done; {
			select {
			case <-c.news:
			case <-over:
				done = true
			}
		}
	}()
	agentKeys, otherKeys, left := c.agent.session.Keys(), c.callee.session.Keys(), over
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-limit.C:
			if c.lentTo == nil { // the other call has a limit of its own
				return ErrMaxDuration
			}
		case <-left:
			if c.lentTo == nil {
				return errAgentHungUp
			}
			left = nil
		case s := <-c.spoken:
			c.said(ctx, s)
		case e := <-c.holds:
			c.mark(e.Kind, e.Data)
			c.held(e.Data["by"] == "agent", e.Data["state"] == "hold")
		case e := <-c.room.notes:
			c.mark(e.Kind, e.Data)
		case n := <-c.news:
			c.handoverNews(ctx, n)
		case l := <-c.loans:
			l.granted <- c.grant(ctx, l.to)
		case k, ok := <-agentKeys:
			if !ok {
				agentKeys = nil
				continue
			}
			c.pass(ctx, "agent", k.Digit, c.callee.session)
		case k, ok := <-otherKeys:
			if !ok {
				otherKeys = nil
				continue
			}
			c.passToAgent(ctx, hand, k.Digit)
		case k := <-c.keys:
			if k.by == "agent" {
				c.pass(ctx, k.by, k.digit, c.callee.session)
				continue
			}
			c.passToAgent(ctx, hand, k.digit)
		case <-tick.C:
			c.recordingLost(ctx, c.tape.lost())
		}
	}
}

// held shows that one of the two keeps the other on hold.
func (c *connection) held(byAgent, on bool) {
	side := &c.callerHolds
	if byAgent {
		side = &c.agentHolds
	}
	*side = on
	if held := c.callerHolds || c.agentHolds; held != c.record.Held && c.lentTo == nil {
		c.record.Held = held
		c.room.held.Store(held)
		c.scribe.update(c.record)
	}
}

// said writes down what one of the two has said.
func (c *connection) said(ctx context.Context, s connectionSaid) {
	if c.lentTo != nil {
		if s.speaker == "caller" {
			c.lentTo.tell(ctx, handoverNews{kind: "agent_said", person: c.other, said: s.result})
		}
		return
	}
	c.turns++
	r := s.result
	turn := TurnRecord{
		Index: c.turns, Speaker: s.speaker, Text: r.Text, StartMS: r.Start.Milliseconds(), EndMS: r.End.Milliseconds(),
		Confidence: r.Confidence, Emotion: r.Emotion,
	}
	if s.speaker == "caller" {
		turn.Mood = c.feelings.read(&c.line, r, "")
	}
	c.scribe.turn(turn)
}

// pass hands a key on to the other side: a menu may be there.
func (c *connection) pass(ctx context.Context, who string, digit byte, to *media.Session) {
	c.mark(KindDTMF, map[string]any{"digit": string(digit), "by": who})
	if err := to.SendKeys(ctx, string(digit)); err != nil && ctx.Err() == nil {
		c.Log.Warn("passing a key on", "call", c.id, "error", err)
	}
}

// passToAgent hands a key on to the agent, or to whom he has given the call to.
func (c *connection) passToAgent(ctx context.Context, hand *handover, digit byte) {
	if s := hand.agent.Load(); s != nil && c.lentTo == nil {
		c.pass(ctx, "caller", digit, s)
	}
}

func (c *connection) mark(kind string, data map[string]any) {
	if c.lentTo != nil {
		return // its record is closed
	}
	c.scribe.event(Event{MS: time.Since(c.answer).Milliseconds(), Kind: kind, Data: data})
}

// openTape begins the recording, which starts with the answer.
func (c *connection) openTape(ctx context.Context) {
	if c.Recordings == nil || c.line.Unrecorded {
		return
	}
	var err error
	if c.tape, err = openTape(c.Recordings, c.id, time.Now()); err != nil {
		c.tape.tell(ctx, c.scribe, err, 0)
		return
	}
	c.record.Recording = c.tape.name
}

func (c *connection) recordingLost(ctx context.Context, err error) {
	if err != nil && !c.tape.told {
		c.tape.tell(ctx, c.scribe, err, time.Since(c.answer).Milliseconds())
	}
}

// finish hangs both up and writes the last entry.
func (c *connection) finish(ctx context.Context, err error) {
	var wg sync.WaitGroup
	for _, s := range c.seats {
		s.unfollow()
		c.legs = append(c.legs, s.current())
	}
	for _, l := range c.legs {
		wg.Go(func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpWait(l, err))
			defer cancel()
			if e := guard(func() error { return c.hangUp(last, l, err) }); e != nil {
				c.Log.Warn("hanging up", "call", c.id, "error", e)
			}
		})
	}
	wg.Wait()
	if c.rings {
		c.Desk.Release(c.other.Name, c.id, c.otherResult(err))
	}
	c.close(err)
}

// hangUp ends one leg, or refuses it, telling why.
func (c *connection) hangUp(ctx context.Context, l Leg, cause error) error {
	if c.refuse(ctx, l, cause) {
		return nil
	}
	tellReason(l, cause)
	return l.Hangup(ctx)
}

// close writes the last entry, once.
func (c *connection) close(err error) {
	if c.lentTo != nil {
		return
	}
	r := &c.record
	r.EndedAt, r.Held = time.Now(), false
	r.end(err, Facts{Bridged: !c.answer.IsZero()})
	if c.callee != nil {
		r.Media = quality(c.callee.session)
		if c.agent != nil && c.agent.session != nil {
			r.AgentMedia = []LegMedia{{Name: c.person.agent(), Codec: c.agent.session.Media().Codec.Name, Media: quality(c.agent.session)}}
		}
		c.mark(KindHangup, map[string]any{"cause": r.EndCause})
	}
	c.scribe.end(*r)
}

// ringing is a ring-back tone that plays for somebody.
type ringing struct{ stop func() }

// ringFor plays the ring-back tone to s until stop, which may be repeated.
func ringFor(ctx context.Context, s *media.Session, language string, log interface{ Warn(string, ...any) }, wg *sync.WaitGroup) ringing {
	ctx, quiet := context.WithCancelCause(ctx)
	tone := s.Out().Utterance(ctx)
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		defer tone.Finish()
		if err := RingBack(language).play(ctx, tone); err != nil && ctx.Err() == nil && !errors.Is(err, media.ErrFlushed) {
			log.Warn("playing the ring-back tone", "error", fmt.Sprint(err))
		}
	})
	return ringing{stop: sync.OnceFunc(func() {
		quiet(errHandoverOver)
		s.Out().Flush()
		<-done
	})}
}
