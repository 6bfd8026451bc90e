// Package call runs calls: it joins a signalling leg, audio, recognition, speech
// and dialogue.
//
// # Concepts
//
// A [Manager] admits an [Arrival], finds the [Line] of the number that was called
// and runs a [Call]; [Manager.Place] makes one that goes out. A call has a [Party],
// which has arrived or is dialled. Call.Run is one call, top to bottom; its converse
// loop is the sole owner of the call's state. What it needs of the world stands
// behind small interfaces here: a [Leg] to signal, a [Dialer] and a [Desk] to find a
// person, a [Journal] to write the record.
//
// # Concurrency
//
// Run starts four goroutines (media, listen, converse, scribe) and waits for them.
// converse starts at most one turn and one hand-over at a time and waits for them.
// context.Cause of the call's ctx is its end reason. A panic ends its call alone.
// Manager.Run owns the goroutines of the calls that go out.
package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/internal/call/answer"
	"hotline/internal/event"
	"hotline/media"
	"hotline/tts"
)

// The causes by which we end a call ourselves.
var (
	ErrDone        = errors.New("the bot ended the call")
	ErrShutdown    = errors.New("the server is shutting down")
	ErrHungUp      = errors.New("ended from the console")
	ErrMaxDuration = errors.New("the longest time of a call is over")
)

// A FarEnd cause of Leg.Context tells how the far end left.
type FarEnd interface {
	error
	// CallerGone is true for BYE and CANCEL, false for a lost transport.
	CallerGone() bool
}

// Line is a telephone line's bot, as a call needs it.
type Line struct {
	Name     string
	Title    string // the business's name, shown to agents
	Language string // "zh", "en"
	Voice    string
	Rate     float64 // of speech; 0 counts as 1
	Engine   dialog.Engine
	// In is how the line hears and speaks in another language, where its dialogue changes
	// to one; nil, or nil for a language, is as in its own.
	In func(language string) *Line
	// Moods tells how callers feel who speak its language, with Feelings, whatever they
	// speak; nil: nobody does.
	Moods    *emotion.Recognizer
	Feelings emotion.Thresholds
	// Hear makes the recogniser of one listener.
	Hear  func(h Hearing) asr.Recognizer
	Speak tts.Synthesizer
	// Prepare makes speech in the background that will probably be said; may be nil.
	Prepare func(ctx context.Context, u tts.Utterance)
	// Silence is how long the caller may be silent; default 6 s.
	Silence time.Duration
	// MaxDuration ends a call; default 30 min. The time that the caller keeps the bot
	// on hold does not count: that has a limit of its own, MaxHold. Between two people
	// it goes on.
	MaxDuration time.Duration
	// MaxHold is how long the caller may put us on hold; default 30 min.
	MaxHold time.Duration
	// Message is how long a message may last that the caller leaves; nil is 2 min.
	Message func() time.Duration
	// Answer is what comes before the answer.
	Answer Answering
	// Greeting is said in place of the dialogue's when the line calls somebody.
	Greeting string
	// Filler covers a reply that takes long ("我查一下。").
	Filler string
	// Hold covers a recogniser that takes long ("请稍等。").
	Hold string
	// Farewell is said when MaxDuration is over.
	Farewell string
	// Closing is said when the server stops before the call is over.
	Closing string
	// Goodbye is said when a call that we made is called off.
	Goodbye string
	// Straight brings some callers to people at once; nil brings none.
	Straight *Straight
	// Music is what callers hear who wait for a person; nil is a tune of ours.
	Music *Music
	// Unrecorded keeps the line's calls from being recorded.
	Unrecorded bool
}

// in is the line in a language that its dialogue speaks; "" is its own.
func (l *Line) in(language string) *Line {
	if language == "" || language == l.Language || l.In == nil {
		return l
	}
	if other := l.In(language); other != nil {
		return other
	}
	return l
}

// utterance is text in the line's voice.
func (l *Line) utterance(text string) tts.Utterance {
	return tts.Utterance{Text: text, Voice: l.Voice, Language: l.Language, Rate: cmp.Or(l.Rate, 1)}
}

// Hearing is what a recogniser is made for.
type Hearing struct {
	Call     string
	Language string
	Listener dialog.Listener // nil for an agent's side
}

// spoken is the language that a conversation speaks now, "" if it has one only.
func spoken(bot dialog.Conversation) string {
	if p, ok := bot.(dialog.Polyglot); ok {
		if all := p.Languages(); len(all) > 0 {
			return all[0]
		}
	}
	return ""
}

// Services are what every call shares.
type Services struct {
	Audio   *Audio
	Desk    Desk
	Dialer  Dialer
	Journal Journal
	Wishes  Wishes
	Bus     *event.Bus
	// Recordings keeps what is said; nil records nothing.
	Recordings *Recordings
	Log        *slog.Logger

	losses *losses // of all calls; the Manager's
}

// Call is one call with the bot.
type Call struct {
	ID    string
	Party Party
	Line  Line
	Services

	room    *room                  // who is in the call; the Manager's, to let others in
	seats   func(leg string) *seat // of any call; the Manager's
	begun   chan<- struct{}        // closed once the record has begun; may be nil
	closing context.Context        //nolint:containedctx // ends when the call must; may be nil
}

// Run meets the party, talks, and returns when the call is over and all of its
// goroutines have returned. Its error is nil when the call ended as calls end.
func (c *Call) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if c.room == nil {
		c.room = newRoom()
	}

	rec := Record{
		ID: c.ID, Line: c.Line.Name, Language: c.Line.Language, StartedAt: time.Now(), Outcome: InProgress,
	}
	c.Party.about(&rec)
	s := newScribe(c.Services, c.ID)
	var writing sync.WaitGroup
	writing.Go(func() { s.run(ctx) })
	defer writing.Wait()
	defer close(s.queue)

	t := &talk{call: c, record: rec, scribe: s}
	s.begin(rec, c.begun)
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		c.finish(ctx, t, err)
	}()
	return c.run(ctx, cancel, t)
}

func (c *Call) run(ctx context.Context, cancel context.CancelCauseFunc, t *talk) error {
	unfollow := func() {}
	defer func() { unfollow() }()
	if l := c.Party.leg(); l != nil {
		unfollow = follow(l, cancel)
	}
	recorder := t.openRecording(ctx)
	if recorder != nil {
		defer t.closeRecording(ctx)
	}
	facts := dialog.Facts{CallID: c.ID, Line: c.Line.Name, Language: c.Line.Language, Now: time.Now()}
	c.Party.facts(&facts)
	t.straight = c.Line.Straight.takes(facts)
	var err error
	if t.bot, err = c.Line.Engine.Begin(ctx, facts); err != nil {
		return fmt.Errorf("beginning the conversation: %w", err)
	}

	t.team = c.team()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil) // a panic ends what runs already
	run := func(f func() error) {
		wg.Go(func() {
			if err := guard(f); err != nil {
				cancel(err)
			}
		})
	}
	if t.team != nil {
		team := t.team
		run(func() error { team.ready(ctx, &c.Line); return nil })
	}
	m, err := c.Party.meet(ctx, scene{
		call: c, recorder: recorder,
		start:  func(s *media.Session) { run(func() error { return s.Run(ctx) }) },
		follow: func(l Leg) { unfollow = follow(l, cancel) },
		spawn:  run,
		found:  func(o answer.Outcome) { t.answeredBy(o) },
	})
	if err != nil {
		cancel(err)
		return err
	}
	t.seat = sit("caller", c.Party.leg(), m.sound, m.session, cancel)
	defer t.seat.unfollow()
	unfollow()
	defer c.room.place(t.seat)()
	t.begin(m)

	heard := make(chan asr.Result, 32)
	listener, _ := t.bot.(dialog.Listener)
	ear := c.Line.Hear(Hearing{Call: c.ID, Language: c.Line.Language, Listener: listener})
	t.ear = &muffle{Reader: m.session.In()}
	run(func() error { return c.listen(ctx, t, ear, heard) })
	run(func() error { return t.converse(ctx, heard) })
	<-ctx.Done()
	wg.Wait()
	return context.Cause(ctx)
}

// listen recognises what the far end says. Of a call that we made it may first be for
// finding out who answered: without the dialogue's expectations, which would draw a
// carrier's words to themselves.
func (c *Call) listen(ctx context.Context, t *talk, ear asr.Recognizer, heard chan<- asr.Result) error {
	pass := func(r asr.Result) {
		select {
		case heard <- r:
		case <-ctx.Done():
		}
	}
	if t.probe == nil {
		return ear.Recognize(ctx, t.ear, pass)
	}
	src := t.probe.tap(t.ear)
	answered := t.probe.now()
	first := c.Line.Hear(Hearing{Call: c.ID, Language: c.Line.Language})
	if err := t.probe.listen(ctx, first, src, t.probe.talks); err != nil || ctx.Err() != nil {
		return err
	}
	from := t.probe.now()
	return ear.Recognize(ctx, src, func(r asr.Result) {
		t.probe.hear(r, from)
		r.Start, r.End = r.Start+from-answered, r.End+from-answered
		pass(r)
	})
}

// finish hangs up, settles the outcome and writes the last entry.
func (c *Call) finish(ctx context.Context, t *talk, err error) {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(cause, context.Canceled) && err != nil {
		cause = err
	}
	l := c.Party.leg()
	if t.seat != nil {
		l = t.seat.current()
	}
	if l != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpWait(l, cause))
		defer cancel()
		tellReason(l, cause)
		if e := endLeg(last, l, cause); e != nil {
			c.Log.Warn("hanging up", "call", c.ID, "error", e)
		}
	}
	t.settle(cause)
	t.scribe.end(t.record)
}

// Causes of an end that others go by.
const (
	CauseCalledOff = "called_off"
	CauseNotPlaced = "not_placed" // nobody was rung, for a reason of ours
)

// EndCause names why a call ended, for its record.
func EndCause(cause error) (name string, callerLeft bool) {
	var far FarEnd
	var crash *PanicError
	var dial *DialError
	var agent *agentError
	var machine *notPersonError
	switch {
	case errors.Is(cause, ErrDone):
		return "bot_hangup", false
	case errors.Is(cause, ErrShutdown):
		return "shutdown", false
	case errors.Is(cause, ErrHungUp):
		return "console_hangup", false
	case errors.Is(cause, ErrCalledOff):
		return CauseCalledOff, false
	case errors.Is(cause, ErrMaxDuration):
		return "max_duration", false
	case errors.Is(cause, errJoined):
		return "joined", false
	case errors.Is(cause, errAgentHungUp):
		return "agent_hangup", false
	case errors.Is(cause, errHeldTooLong):
		return "held_too_long", true
	case errors.As(cause, &agent):
		return "agent_unreachable", false
	case errors.As(cause, &machine):
		return string(machine.outcome.Who), false
	case errors.As(cause, &dial) && dial.Rule != "":
		return CauseNotPlaced, false
	case errors.As(cause, &dial):
		return string(dial.Outcome), false
	case errors.Is(cause, media.ErrMediaTimeout):
		return "media_timeout", true
	case errors.As(cause, &crash):
		return "error", false
	case errors.As(cause, &far):
		if far.CallerGone() {
			return "caller_hangup", true
		}
		return "transport_lost", true
	default:
		return "error", false
	}
}
