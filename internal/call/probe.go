package call

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/internal/call/answer"
	"hotline/media"
)

// A probe finds out who answers a call that we made. It reads what the far end sends
// together with the recogniser, so that both have the same clock, and tells converse
// when something has changed.
type probe struct {
	message string        // for a voicemail; "" leaves none
	missing func() bool   // the frame read last did not arrive; nil before the answer
	told    chan struct{} // holds one

	mu       sync.Mutex // guards what follows
	detector *answer.Detector
	outcome  answer.Outcome
	clear    bool
	expired  bool
}

func newProbe(cfg answer.Config, message string) *probe {
	return &probe{message: message, told: make(chan struct{}, 1), detector: answer.New(telephoneRate, cfg)}
}

// with changes the detector, and tells when that changed what it says.
func (p *probe) with(f func(d *answer.Detector)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.detector)
	o, free, expired := p.detector.Outcome(), p.detector.Clear(), p.detector.Expired()
	if o.Who == p.outcome.Who && o.Notice == p.outcome.Notice && o.BeepMS == p.outcome.BeepMS && free == p.clear && expired == p.expired {
		return
	}
	p.outcome, p.clear, p.expired = o, free, expired
	select {
	case p.told <- struct{}{}:
	default:
	}
}

// progress takes a provisional response.
func (p *probe) progress(status int, _ *meeting) {
	if status == 181 { // Call Is Being Forwarded, RFC 3261 section 21.1.3
		p.with(func(d *answer.Detector) { d.Forwarded("SIP 181") })
	}
}

// finding is what a probe knows.
type finding struct {
	answer.Outcome
	clear     bool // one may speak
	expired   bool // the greeting does not end
	revisable bool
}

func (p *probe) finding() finding {
	p.mu.Lock()
	defer p.mu.Unlock()
	return finding{Outcome: p.detector.Outcome(), clear: p.clear, expired: p.expired, revisable: p.detector.Revisable()}
}

// changed is where news come; a nil probe has none.
func (p *probe) changed() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.told
}

// tap is a reader whose frames the detector sees too.
func (p *probe) tap(src media.Reader) media.Reader { return &tapped{Reader: src, probe: p} }

type tapped struct {
	media.Reader
	probe *probe
}

// ReadFrame implements media.Reader.
func (t *tapped) ReadFrame(f media.Frame) error {
	err := t.Reader.ReadFrame(f)
	if err == nil {
		missing := t.probe.missing != nil && t.probe.missing()
		t.probe.with(func(d *answer.Detector) {
			if missing {
				d.Missing()
			}
			d.Frame(f)
		})
	}
	return err
}

// now is the detector's time: that of the frames it was given.
func (p *probe) now() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.detector.Now()
}

// listen recognises what comes from src, which is tapped, for the detector alone, until
// ctx ends or done says so.
func (p *probe) listen(ctx context.Context, ear asr.Recognizer, src media.Reader, done func() bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := p.now()
	err := ear.Recognize(ctx, &until{Reader: src, done: done, cancel: cancel}, func(r asr.Result) { p.hear(r, from) })
	if ctx.Err() != nil {
		return nil // the caller knows why
	}
	return err
}

// hear passes on what a recogniser heard that began at a time of the detector.
func (p *probe) hear(r asr.Result, from time.Duration) {
	r.Start, r.End = r.Start+from, r.End+from
	p.with(func(d *answer.Detector) { d.Heard(r) })
}

// until ends a recogniser once something is done.
type until struct {
	media.Reader
	done   func() bool
	cancel context.CancelFunc
}

// ReadFrame implements media.Reader.
func (u *until) ReadFrame(f media.Frame) error {
	if u.done() {
		u.cancel()
		return context.Canceled
	}
	return u.Reader.ReadFrame(f)
}

// talks tells that the conversation may begin.
func (p *probe) talks() bool {
	f := p.finding()
	return f.Talks() && f.clear
}

// early has the dialling listen to what comes before the answer, and ends it once a
// carrier has surely said why there will be none. stop must be called; it returns when
// nobody listens any more, so that another may.
func (p *probe) early(ctx context.Context, s scene, d *dialing) (_ context.Context, stop func(refused bool)) {
	ctx, end := context.WithCancelCause(ctx)
	listening, quit := context.WithCancel(ctx)
	begun, over := make(chan struct{}, 1), make(chan struct{})
	var last atomic.Bool
	d.heed = func(m *media.Session) {
		begun <- struct{}{} // a call has one session
		s.spawn(func() error {
			defer close(over)
			ear := s.call.Line.Hear(Hearing{Call: s.call.ID, Language: s.call.Line.Language})
			err := p.listen(listening, ear, &cut{Reader: p.tap(m.In()), end: &last}, func() bool {
				f := p.finding()
				if f.Decided() {
					end(&notPersonError{f.Outcome})
				}
				return f.Decided()
			})
			if err != nil {
				s.call.Log.Warn("listening before the answer", "call", s.call.ID, "error", err)
			}
			return nil // the answer may still come
		})
	}
	return ctx, func(refused bool) {
		defer quit()
		select {
		case <-begun:
		default:
			return
		}
		if refused { // what was said just before it may tell why
			last.Store(true)
			select {
			case <-over:
			case <-time.After(lastDecode):
			}
		}
		quit()
		<-over
		begun <- struct{}{}
	}
}

// lastDecode is how long a refusal waits for the text of what was said before it.
const lastDecode = 5 * time.Second

// cut is a reader that ends when it is told to, so that its recogniser comes to an end
// with what it has.
type cut struct {
	media.Reader
	end *atomic.Bool
}

// ReadFrame implements media.Reader.
func (c *cut) ReadFrame(f media.Frame) error {
	if c.end.Load() {
		return io.EOF
	}
	return c.Reader.ReadFrame(f)
}

// refused settles who answered a call that nobody did.
func (p *probe) refused(err error, found func(answer.Outcome)) {
	var machine *notPersonError
	var dial *DialError
	switch {
	case errors.As(err, &machine):
		found(machine.outcome)
	case errors.As(err, &dial):
		status, reason := dial.Status, ""
		if status == 0 && dial.Outcome == NoAnswer {
			status = 408
		}
		var far interface{ FarReason() string }
		if errors.As(err, &far) {
			reason = far.FarReason()
		}
		p.mu.Lock()
		o := p.detector.Refused(status, reason)
		p.mu.Unlock()
		o.SIPStatus = dial.Status
		found(o)
	}
}

// notPersonError ends a call because of who answered it, or what a carrier said in
// place of an answer.
type notPersonError struct{ outcome answer.Outcome }

func (e *notPersonError) Error() string {
	text := "answered by " + string(e.outcome.Who)
	if e.outcome.Early {
		text = "before the answer: " + string(e.outcome.Who)
	}
	if e.outcome.Notice != "" {
		text += " (" + string(e.outcome.Notice) + ")"
	}
	return text
}

// unanswered is the call's outcome by what a carrier said.
func (e *notPersonError) unanswered() Outcome {
	switch {
	case e.outcome.Who == answer.Busy, e.outcome.Notice == answer.InCall:
		return Busy
	case e.outcome.Who == answer.NoAnswer:
		return NoAnswer
	}
	switch e.outcome.Notice {
	case answer.NotAnswered, answer.PoweredOff, answer.Unreachable, answer.MissedCallService:
		return NoAnswer
	case answer.Declined:
		return Refused
	case answer.InCall:
		return Busy
	case "", answer.InvalidNumber, answer.Suspended, answer.IncomingBarred, answer.CircuitsBusy, answer.MailboxFull, answer.OtherNotice:
	}
	return Failed
}

// foundOut takes what the probe knows by now, and does what follows from it: a person is
// greeted, an assistant when it has asked, a voicemail gets its message, and what else
// answers is hung up on.
func (t *talk) foundOut(ctx context.Context) error {
	f := t.probe.finding()
	if !f.Decided() {
		return nil
	}
	revised := t.answeredBy(f.Outcome)
	if t.team != nil {
		return t.forTeam(ctx, f)
	}
	switch {
	case f.Talks():
		if revised && f.Who == answer.Screening && t.greeting { // it was taken for a person
			t.cut()
			t.pending, t.greeting = nil, false
		}
		if !t.screened.IsZero() && f.Who != answer.Screening { // it has let us through
			t.cut()
			t.screened, t.greeting = time.Time{}, false
		}
		if f.clear && !t.greeting {
			t.greeting = true
			if f.Who == answer.Screening {
				t.screened = time.Now()
				t.probe.with(func(d *answer.Detector) { d.Told() })
			}
			t.reply(ctx, dialog.Turn{Kind: dialog.Opened, Disclosed: t.meeting.disclosed, At: time.Now()}, 0)
		}
	case f.Who != answer.Voicemail, t.probe.message == "", f.expired:
		t.cut()
		return &notPersonError{f.Outcome}
	default:
		if t.greeting && !t.leaving {
			t.cut()
			t.pending, t.greeting, t.screened = nil, false, time.Time{}
			t.silence.Stop()
		}
		if f.clear && !t.leaving {
			t.leaving = true
			t.say(ctx, t.probe.message, dialog.Hangup{Reason: "voicemail"})
		}
	}
	return nil
}

// answeredBy writes down who answered; true when that has changed.
func (t *talk) answeredBy(o answer.Outcome) bool {
	old := t.record.AnsweredBy
	if old != nil && old.Who == o.Who && old.Notice == o.Notice && old.BeepMS == o.BeepMS {
		return false
	}
	o.Evidence, o.Before = slices.Clone(o.Evidence), slices.Clone(o.Before)
	t.record.AnsweredBy = &o
	data := map[string]any{"who": o.Who, "evidence": o.Evidence}
	if o.Notice != "" {
		data["notice"] = o.Notice
	}
	if o.Early {
		data["early"] = true
	}
	if o.BeepMS > 0 {
		data["beep_ms"] = o.BeepMS
	}
	ms := o.AtMS
	if t.began.IsZero() {
		ms = 0 // the call's time begins with the answer
	}
	t.mark(KindAnsweredBy, ms, data)
	t.scribe.update(t.record)
	return old == nil || old.Who != o.Who
}

// unsure tells that the bot does not converse: it is not known yet who answered, or it
// is a machine. An assistant hears once who calls and why; then it is left to ask whom it
// answers for.
func (t *talk) unsure() bool { return t.probe != nil && (!t.greeting || !t.screened.IsZero()) }

// screeningWait is how long an assistant may take to let us through.
const screeningWait = 45 * time.Second

// screenedOut ends a call that an assistant does not let through.
func (t *talk) screenedOut(now time.Time) error {
	if t.screened.IsZero() || now.Sub(t.screened) < screeningWait {
		return nil
	}
	return &notPersonError{t.probe.finding().Outcome}
}

// doubt lets the bot fall silent, even in what must be heard, when the one that was
// taken for a person speaks on: it may be a greeting. What must be heard goes on from
// there.
func (t *talk) doubt(r asr.Result, now time.Time) {
	if t.probe == nil {
		return
	}
	switch r.Kind {
	case asr.SpeechStart, asr.SpeechResume:
		if t.turn.running() && t.floor.mustHear && !t.turn.system && t.probe.finding().revisable {
			t.doubted = now
			t.session.Out().Pause()
		}
	case asr.Final, asr.Fault:
		t.relieve()
	case asr.SpeechPause, asr.Partial:
	}
}

// relieve ends the doubt.
func (t *talk) relieve() {
	if !t.doubted.IsZero() {
		t.doubted = time.Time{}
		if !t.floor.held {
			t.session.Out().Resume()
		}
	}
}
