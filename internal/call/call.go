// Package call runs calls: it joins a signalling leg, audio, recognition, speech
// and dialogue.
//
// # Concepts
//
// A [Manager] admits an [Arrival], finds the [Line] of the number that was called
// and runs a [Call]. Call.Run is one call, top to bottom; its converse loop is the
// sole owner of the call's state. What it needs of the world stands behind small
// interfaces here: a [Leg] to signal, a [Dialer] and a [Desk] to find a person, a
// [Journal] to write the record.
//
// # Concurrency
//
// Run starts four goroutines (media, listen, converse, scribe) and waits for them.
// converse starts at most one turn and one hand-over at a time and waits for them.
// context.Cause of the call's ctx is its end reason. A panic ends its call alone.
package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"hotline/asr"
	"hotline/dialog"
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
	// Hear makes the recogniser of one listener.
	Hear  func(h Hearing) asr.Recognizer
	Speak tts.Synthesizer
	// Prepare makes speech in the background that will probably be said; may be nil.
	Prepare func(ctx context.Context, u tts.Utterance)
	// Silence is how long the caller may be silent; default 6 s.
	Silence time.Duration
	// MaxDuration ends a call; default 30 min.
	MaxDuration time.Duration
	// Filler covers a reply that takes long ("我查一下。").
	Filler string
	// Hold covers a recogniser that takes long ("请稍等。").
	Hold string
	// Farewell is said when MaxDuration is over.
	Farewell string
	// Unrecorded keeps the line's calls from being recorded.
	Unrecorded bool
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

// Arrival is an inbound call as the signalling hands it over.
type Arrival struct {
	Leg     Leg
	Caller  string     // number or user part, "" if withheld
	Called  string     // user part of the Request-URI
	Reached netip.Addr // our address that the far end reached
	// OnUpdate takes the handler of re-INVITE and UPDATE; may be nil.
	OnUpdate func(func(offer []byte) ([]byte, error))
	// OnKey takes the handler of keys sent by SIP INFO; may be nil.
	OnKey func(func(digit byte))
}

// Services are what every call shares.
type Services struct {
	Audio   *Audio
	Desk    Desk
	Dialer  Dialer
	Journal Journal
	Wishes  Wishes
	Bus     *event.Bus
	// Data is the folder below which recordings are kept; "" records nothing.
	Data string
	Log  *slog.Logger
}

// Call is one call with the bot.
type Call struct {
	ID      string
	Arrival Arrival
	Line    Line
	Services
}

// Run answers, talks, and returns when the call is over and all of its goroutines
// have returned. Its error is nil when the call ended as calls end.
func (c *Call) Run(ctx context.Context) (err error) {
	ctx, cancel, stop := Until(ctx, c.Arrival.Leg)
	defer stop()
	defer cancel(nil)

	rec := Record{
		ID: c.ID, SIPCallID: c.Arrival.Leg.ID(), Line: c.Line.Name, Language: c.Line.Language, Direction: "inbound",
		Caller: c.Arrival.Caller, Called: c.Arrival.Called, StartedAt: time.Now(), Outcome: InProgress,
	}
	s := newScribe(c.Journal, c.Bus, c.ID, c.Log)
	var writing sync.WaitGroup
	writing.Go(func() { s.run(ctx) })
	defer writing.Wait()
	defer close(s.queue)

	t := &talk{call: c, record: rec, scribe: s}
	s.begin(rec)
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
		c.finish(ctx, t, err)
	}()
	return c.run(ctx, cancel, t)
}

func (c *Call) run(ctx context.Context, cancel context.CancelCauseFunc, t *talk) error {
	recorder, err := c.record(t)
	if err != nil {
		// A call without a recording is better than no call.
		c.Log.Error("recording", "call", c.ID, "error", err)
	}
	if recorder != nil {
		defer func() {
			if err := recorder.Close(); err != nil {
				c.Log.Error("closing the recording", "call", c.ID, "error", err)
			}
		}()
	}
	in, err := c.Audio.answering(c.Arrival.Leg.Offer(), c.Arrival.Reached, recorder)
	if err != nil {
		return err
	}
	facts := dialog.Facts{
		CallID: c.ID, Line: c.Line.Name, Language: c.Line.Language, Caller: c.Arrival.Caller,
		Called: c.Arrival.Called, Direction: "inbound", Now: time.Now(),
	}
	t.bot, err = c.Line.Engine.Begin(ctx, facts)
	if err != nil {
		_ = in.socket.Close()
		return fmt.Errorf("beginning the conversation: %w", err)
	}
	session, err := in.settle(ctx, c.Arrival.Leg)
	if err != nil {
		return err
	}
	t.begin(session, in)

	var wg sync.WaitGroup
	run := func(f func() error) {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					cancel(&PanicError{Value: p, Stack: debug.Stack()})
				}
			}()
			if err := f(); err != nil {
				cancel(err)
			}
		})
	}
	heard := make(chan asr.Result, 32)
	listener, _ := t.bot.(dialog.Listener)
	ear := c.Line.Hear(Hearing{Call: c.ID, Language: c.Line.Language, Listener: listener})
	run(func() error { return session.Run(ctx) })
	run(func() error {
		return ear.Recognize(ctx, session.In(), func(r asr.Result) {
			select {
			case heard <- r:
			case <-ctx.Done():
			}
		})
	})
	run(func() error { return t.converse(ctx, heard) })
	<-ctx.Done()
	wg.Wait()
	return context.Cause(ctx)
}

// record opens the recording of today's folder.
func (c *Call) record(t *talk) (*media.Recorder, error) {
	if c.Data == "" || c.Line.Unrecorded {
		return nil, nil
	}
	name := filepath.Join("recordings", time.Now().UTC().Format("2006/01/02"), c.ID+".wav")
	path := filepath.Join(c.Data, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of recordings: %w", err)
	}
	r, err := media.NewRecorder(path, telephoneRate)
	if err != nil {
		return nil, err
	}
	t.record.Recording = filepath.ToSlash(name)
	return r, nil
}

// finish hangs up, settles the outcome and writes the last entry.
func (c *Call) finish(ctx context.Context, t *talk, err error) {
	cause := context.Cause(ctx)
	if cause == nil {
		cause = err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWriteWait)
	defer cancel()
	if e := c.Arrival.Leg.Hangup(last); e != nil {
		c.Log.Warn("hanging up", "call", c.ID, "error", e)
	}
	t.settle(cause)
	t.scribe.end(t.record)
}

// EndCause names why a call ended, for its record.
func EndCause(cause error) (name string, callerLeft bool) {
	var far FarEnd
	var crash *PanicError
	switch {
	case errors.Is(cause, ErrDone):
		return "bot_hangup", false
	case errors.Is(cause, ErrShutdown):
		return "shutdown", false
	case errors.Is(cause, ErrHungUp):
		return "console_hangup", false
	case errors.Is(cause, ErrMaxDuration):
		return "max_duration", false
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
