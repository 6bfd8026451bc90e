package call

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"

	"hotline/dialog"
	"hotline/internal/call/answer"
	"hotline/media"
)

// A Party is whom a call talks to: an [Arrival], or whom a [Placement] dials.
type Party interface {
	// about fills in what is known before the two talk.
	about(r *Record)
	// facts fills in what the dialogue should know.
	facts(f *dialog.Facts)
	// number is that of the far side, whom wishes are for.
	number() string
	// leg is the signalling; nil while there is none.
	leg() Leg
	// meet answers or dials, and returns when the two can talk. By then the sound
	// runs and the recording has begun.
	meet(ctx context.Context, s scene) (*meeting, error)
}

// scene is what a call lends to its party.
type scene struct {
	call     *Call
	recorder *media.Recorder      // may be nil
	start    func(*media.Session) // runs the sound until the call is over
	follow   func(Leg)            // ends the call with the leg
	spawn    func(func() error)   // runs something until the call is over, which an error ends
	found    func(answer.Outcome) // writes down who answered, or why nobody did
}

// begin starts the recording, which was held while early media played.
func (s scene) begin() {
	if s.recorder != nil {
		s.recorder.Start()
	}
}

// hold keeps early media out of the recording.
func (s scene) hold() {
	if s.recorder != nil {
		s.recorder.Hold()
	}
}

// meeting is a party on the line.
type meeting struct {
	session   *media.Session
	sound     *sound
	reached   netip.Addr // our address that the far end reached
	disclosed bool       // what must be heard was heard before the answer
	onUpdate  func(func(offer []byte) ([]byte, error))
	onKey     func(func(digit byte))

	signalling Signalling // of a leg that we dialled
	probe      *probe     // finds out who answered; nil: nobody asks
}

// updater is a Leg whose far end may change the session later.
type updater interface {
	OnUpdate(f func(offer []byte) (answer []byte, err error))
}

// keyed is a Leg whose far end may press keys by SIP INFO.
type keyed interface{ OnKey(f func(digit byte)) }

// keySender is a Leg that may have to send the keys for its far end, by SIP INFO.
type keySender interface {
	// KeySender sends one key; nil means that they go with the sound.
	KeySender() func(ctx context.Context, digit byte) error
}

// Arrival is an inbound call as the signalling hands it over.
type Arrival struct {
	Leg     Leg
	Caller  string     // number or user part, "" if withheld
	Called  string     // user part of the Request-URI
	Route   string     // what the number's answer is looked up by; default Called
	Reached netip.Addr // our address that the far end reached
	// Replaces is the ID of the leg whose place this one is to take (RFC 3891), the
	// last step of an attended transfer; "" for a call of its own.
	Replaces string
	// Signalling is what else was said about the call, for the record.
	Signalling Signalling
	// OnUpdate takes the handler of re-INVITE and UPDATE; may be nil.
	OnUpdate func(func(offer []byte) ([]byte, error))
	// OnKey takes the handler of keys sent by SIP INFO; may be nil.
	OnKey func(func(digit byte))
}

func (a Arrival) leg() Leg       { return a.Leg }
func (a Arrival) number() string { return a.Caller }

func (a Arrival) about(r *Record) {
	r.SIPCallID, r.Direction, r.Caller, r.Called, r.Signalling = a.Leg.ID(), "inbound", a.Caller, a.Called, a.Signalling
}

func (a Arrival) facts(f *dialog.Facts) {
	f.Direction, f.Caller, f.Called = "inbound", a.Caller, a.Called
}

// meet answers, after ringing or early media where the line wants it.
func (a Arrival) meet(ctx context.Context, s scene) (*meeting, error) {
	ours, err := s.call.Audio.answering(ctx, a.Leg.Offer(), a.Reached, s.recorder)
	if err != nil {
		return nil, err
	}
	m := &meeting{sound: ours, reached: a.Reached, onUpdate: a.OnUpdate, onKey: a.OnKey}
	if err := s.call.Line.Answer.before(ctx, a.Leg, s, m); err != nil {
		if m.session == nil {
			ours.drop()
		}
		return nil, err
	}
	if m.session != nil { // early media has opened it
		if err := a.Leg.Answer(ctx, ours.sdp); err != nil {
			return nil, fmt.Errorf("answering: %w", err)
		}
		s.begin()
		return m, nil
	}
	if m.session, err = ours.settle(ctx, a.Leg); err != nil {
		return nil, err
	}
	s.start(m.session)
	return m, nil
}

// muffle is what a listener reads: while the far end has put us on hold, its music
// is silence, and so is the rest of it that waits in the buffers when it comes back.
type muffle struct {
	media.Reader
	shut atomic.Bool
	rest int // frames still to be silenced; the reader's own
}

// onItsWay is how many frames of 20 ms the jitter buffer and the queue behind it may
// hold of what was said before.
const onItsWay = 10

// ReadFrame implements media.Reader.
func (m *muffle) ReadFrame(f media.Frame) error {
	err := m.Reader.ReadFrame(f)
	switch {
	case m.shut.Load():
		m.rest = onItsWay
		clear(f)
	case m.rest > 0:
		m.rest--
		clear(f)
	}
	return err
}
