package call

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/internal/call/answer"
	"hotline/media"
)

// Placement is a call to be made.
type Placement struct {
	// ID is what the call's record is called, for who must know it beforehand; "" makes
	// one.
	ID string
	// To is a number, a SIP URI, or "agent:NAME" for an agent's phones.
	To string
	// From and FromName are shown to whom is called.
	From, FromName string
	// Line speaks.
	Line *Line
	// AgentFirst is an agent or a skill: his phone rings first, and then he is joined
	// with whom is called, without the bot.
	AgentFirst string
	// Greeting is said in place of the line's; "" is the line's.
	Greeting string
	// Fields is what the dialogue knows of whom is called.
	Fields map[string]string
	// Discloses: Greeting says itself who calls, that it is a machine and that the call is
	// recorded, so that the line's disclosure is not said before it.
	Discloses bool
	// Task is the flow that begins behind the greeting; "" is none.
	Task string
	// OptOut is the key against more calls that the greeting offers; "" is none.
	OptOut string
	// Zone is where it is called, for the times that are said; nil is the business's.
	Zone *time.Location
	// Trunk is the one to go by; "" leaves it to the rules.
	Trunk string
	// Campaign is the id of the one that calls, which sees itself to who wants to be
	// called at another time.
	Campaign string
	// By is who wants the call: an account, an agent, a campaign.
	By string
	// Timeout is how long it may ring; default 60 s.
	Timeout time.Duration
	// Detect has the call find out who answers before the bot speaks; nil: it speaks
	// at once, to whomever.
	Detect *answer.Config
	// AgentAtOnce asks the telephone that rings first to answer without a key: the agent
	// has not asked for the call himself.
	AgentAtOnce bool
	// Team has agents talk to whom is called once he has answered, in place of the bot;
	// nil: the bot does. Who answers is found out by it.
	Team *Team
	// Voicemail is what is left on a voicemail, after its beep, with Detect; "" hangs up
	// on one.
	Voicemail string
}

// defaultRing is how long it rings at whom is called.
const defaultRing = time.Minute

// Refusal is why a call is not placed.
type Refusal string

// The refusals.
const (
	RefusedDraining Refusal = "draining"    // the server ends, or has not begun
	RefusedFull     Refusal = "all_busy"    // as many calls as the node takes
	RefusedNumber   Refusal = "bad_number"  // what was given is no number or address
	RefusedPolicy   Refusal = "not_allowed" // the rules for calls that go out
	RefusedTrunk    Refusal = "no_trunk"    // nothing would take the call
	RefusedAgent    Refusal = "no_agent"    // nobody to be rung first
)

// RefusedError is returned for a call that is not placed.
type RefusedError struct {
	Why Refusal
	Err error
}

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

func refusedCall(why Refusal, format string, args ...any) error {
	return &RefusedError{Why: why, Err: fmt.Errorf(format, args...)}
}

// target checks whom to call, and takes what people write between digits out of a
// number.
func (p *Placement) target() (Target, error) {
	t := Target{From: p.From, FromName: p.FromName, Trunk: p.Trunk, Who: p.By}
	to := strings.TrimSpace(p.To)
	lower := strings.ToLower(to)
	switch {
	case strings.HasPrefix(lower, "sip:"), strings.HasPrefix(lower, "sips:"):
		if _, rest, _ := strings.Cut(to, ":"); rest == "" || strings.ContainsAny(rest, " <>\"\r\n") {
			return t, refusedCall(RefusedNumber, "%q is no SIP address: write sip:NUMBER@HOST", p.To)
		}
	case strings.HasPrefix(to, "agent:"):
		if len(to) == len("agent:") || strings.ContainsAny(to, " <>\"\r\n@") {
			return t, refusedCall(RefusedNumber, "%q names no agent: write agent:NAME", p.To)
		}
	default:
		number := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(strings.TrimPrefix(lower, "tel:"))
		digits := strings.TrimPrefix(number, "+")
		if len(digits) < 2 || len(digits) > 32 || strings.Trim(digits, "0123456789*#") != "" {
			return t, refusedCall(RefusedNumber, "%q is no number: write digits, with + before a country's, or sip:… or agent:NAME", p.To)
		}
		to = number
	}
	t.To = to
	return t, nil
}

// outbound is a party that is dialled.
type outbound struct {
	placement Placement
	target    Target
	l         Leg
}

func (o *outbound) leg() Leg       { return o.l }
func (o *outbound) number() string { return o.target.To }

func (o *outbound) about(r *Record) {
	r.Direction, r.Caller, r.Called = "outbound", o.target.From, o.target.To
	r.Signalling.Trunk = o.target.Trunk
}

func (o *outbound) facts(f *dialog.Facts) {
	f.Direction, f.Caller, f.Called = "outbound", o.target.From, o.target.To
	f.Values, f.Greeting = o.placement.Fields, o.placement.Greeting
	f.Discloses = o.placement.Discloses
	f.Task, f.OptOut, f.Zone = o.placement.Task, o.placement.OptOut, o.placement.Zone
	if f.Greeting == "" {
		f.Greeting = o.placement.Line.Greeting
	}
}

// meet rings until the far end answers. What it sends before is heard by the bot only to
// find out who is there, and a carrier's announcement ends the call: it is no caller
// who speaks there.
func (o *outbound) meet(ctx context.Context, s scene) (*meeting, error) {
	s.hold()
	d := dialing{audio: s.call.Audio, dialer: s.call.Dialer, target: o.target, ring: o.placement.Timeout, recorder: s.recorder, start: s.start}
	var p *probe
	early := func(bool) {}
	if detect := o.placement.detection(); detect != nil {
		p = newProbe(*detect, o.placement.Voicemail)
		ctx, early = p.early(ctx, s, &d)
		d.progress = p.progress
	}
	m, l, err := d.run(ctx)
	early(err != nil && ctx.Err() == nil)
	if l != nil { // it is hung up whatever happens
		o.l = l
		s.follow(l)
	}
	if err != nil {
		if p != nil {
			p.refused(err, s.found)
		}
		return nil, err
	}
	if p != nil {
		p.with(func(d *answer.Detector) { d.Answered() })
		p.missing = m.session.Missing
		m.probe = p
	}
	if w := o.placement.Team; w != nil && w.Tell != nil {
		w.Tell(StageAnswered)
	}
	s.begin()
	return m, nil
}

// dialing rings one far end and opens its sound, with early media from the moment
// that there is some.
type dialing struct {
	audio    *Audio
	dialer   Dialer
	target   Target
	reached  netip.Addr // our address for the offer; invalid: the dialer knows
	ring     time.Duration
	recorder *media.Recorder
	start    func(*media.Session)             // runs its sound
	heed     func(*media.Session)             // listens to what comes before the answer; may be nil
	progress func(status int, early *meeting) // may be nil; must not block
}

// run returns once the far end has answered. A leg that is returned has to be hung
// up, with an error too.
func (d *dialing) run(ctx context.Context) (*meeting, Leg, error) {
	if c, ok := d.dialer.(Checker); ok && !d.reached.IsValid() {
		d.reached = c.Local(ctx, d.target)
	}
	ours, err := d.audio.offering(d.reached, d.recorder)
	if err != nil {
		return nil, nil, err
	}
	m := &meeting{sound: ours, reached: d.reached}
	target := ours.ringing(ctx, d.target)
	ring := d.ring
	if ring <= 0 {
		ring = defaultRing
	}
	limited, stop := context.WithTimeoutCause(ctx, ring, errRangOut)
	defer stop()
	var early error
	rang := false // Dial calls back one at a time, and not after it has returned
	ringOnce := func() (Leg, error) {
		return d.dialer.Dial(limited, target, ours.sdp, func(status int, sdp []byte) {
			rang = rang || status > 100
			// Where browsers ring too, only the answer tells whose sound it will be.
			if len(sdp) > 0 && early == nil && target.BrowserOffer == nil {
				early = d.early(m, sdp)
			}
			if d.progress != nil {
				d.progress(status, m)
			}
		})
	}
	l, err := ringOnce()
	for err != nil && notAcceptable(err) && m.session == nil && early == nil && ours.stricter() {
		l, err = ringOnce()
	}
	if err != nil {
		if m.session == nil {
			ours.drop()
		}
		err := dialError(ctx, limited, err)
		if failed := (*DialError)(nil); rang && errors.As(err, &failed) {
			failed.Rule = ""
		}
		return nil, nil, err
	}
	if early != nil && m.session == nil {
		return nil, l, early // its sockets are gone
	}
	if m.session != nil {
		err = ours.confirm(m.session, l.Offer())
	} else if m.session, err = ours.accepted(l.Offer()); err == nil {
		d.start(m.session)
	}
	if err != nil {
		return nil, l, err
	}
	if u, ok := l.(updater); ok {
		m.onUpdate = u.OnUpdate
	}
	if k, ok := l.(keyed); ok {
		m.onKey = k.OnKey
	}
	if k, ok := l.(keySender); ok {
		if send := k.KeySender(); send != nil {
			m.session.SendKeysBy(send)
		}
	}
	if s, ok := l.(interface{ Signalling() Signalling }); ok {
		m.signalling = s.Signalling()
	}
	return m, l, nil
}

// notAcceptable tells that a far end would not have our offer, as we made it (RFC
// 3261 sections 21.4.26 and 21.6.4).
func notAcceptable(err error) bool {
	var status StatusError
	return errors.As(err, &status) && (status.Status() == 488 || status.Status() == 606)
}

// early opens the sound of a far end that sends some before its answer (RFC 3960).
func (d *dialing) early(m *meeting, sdp []byte) error {
	if m.session != nil {
		return m.sound.confirm(m.session, sdp)
	}
	session, err := m.sound.accepted(sdp)
	if err != nil {
		return err
	}
	m.session = session
	d.start(session)
	if d.heed != nil {
		d.heed(session)
	}
	return nil
}

// confirm takes a further answer to our offer: another early one, or the last.
func (s *sound) confirm(session *media.Session, answer []byte) error {
	s.mu.Lock()
	s.asked = true
	s.mu.Unlock()
	_, _, err := s.refresh(session, answer)
	return err
}

// errRangOut ends a ringing that nobody answers.
var errRangOut = errors.New("nobody answered")

// DialError is why a call that we placed was not answered.
type DialError struct {
	Outcome Outcome // Busy, NoAnswer, Refused, Failed
	Status  int     // of the far end's response, 0 without one
	// Rule is why nobody was rung for a reason of ours: what the guard of calls out or the
	// trunks call it; "" where somebody was.
	Rule string
	Err  error
}

func (e *DialError) Error() string { return e.Err.Error() }
func (e *DialError) Unwrap() error { return e.Err }

// ruleTrunk is what the trunks call it that none of them takes a call.
const ruleTrunk = "no_trunk"

// dialError judges a failed Dial. parent is the call's ctx, limited that of the
// ringing.
func dialError(parent, limited context.Context, err error) error {
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	e := &DialError{Outcome: Failed, Err: err}
	var status StatusError
	var ours interface {
		error
		Code() string
	}
	switch {
	case errors.Is(context.Cause(limited), errRangOut):
		e.Outcome, e.Err = NoAnswer, errRangOut
	case errors.As(err, &ours) && ours.Code() != "":
		e.Rule = ours.Code()
		if e.Rule == ruleTrunk && errors.As(err, &status) {
			e.Status = status.Status() // of the last carrier that was asked
		}
	case errors.As(err, &status):
		e.Status = status.Status()
		e.Outcome = statusOutcome(e.Status)
	}
	return e
}

// statusOutcome is what a refusal means to who wanted the call.
func statusOutcome(status int) Outcome {
	switch status {
	case 486, 600:
		return Busy
	case 408, 480, 487:
		return NoAnswer
	case 403, 433, 603, 607, 608: // RFC 5079, RFC 8197, RFC 8688
		return Refused
	default:
		return Failed
	}
}
