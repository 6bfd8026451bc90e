package sip

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Presence. A far end that vanishes while the call is on hold leaves no sign: no sound
// is due from it, and no BYE comes. Where it has not agreed to a session timer, nobody
// would ever find out; where it has, after half an hour. So a far end that has said
// nothing for Config.CheckCalls is asked by OPTIONS inside the dialog (RFC 3261
// section 11), which any response answers. Since there are telephones that do not know
// their own calls in an OPTIONS, and networks that are away for a minute, a call ends
// only when several go unanswered and then a refresh of the session as well.

// presenceTries are how many questions go unanswered before the last.
const presenceTries = 2

// presence watches over the far end of a leg. Leg.mu guards it.
type presence struct {
	heard time.Time // from the far end, inside the dialog
	timer *time.Timer
}

func (p *presence) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// present notes a sign of life, and has the far end asked when it is the last for
// long. The caller holds l.mu.
func (l *Leg) present() {
	p := &l.presence
	p.heard = time.Now()
	if p.timer == nil && l.s.cfg.CheckCalls > 0 {
		p.timer = time.AfterFunc(l.s.cfg.CheckCalls, l.presenceDue)
	}
}

// presenceDue asks the far end unless it was heard meanwhile.
func (l *Leg) presenceDue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == legEnded {
		return
	}
	p := &l.presence
	if wait := l.s.cfg.CheckCalls - time.Since(p.heard); wait > 0 {
		p.timer.Reset(wait)
		return
	}
	if l.state != legConfirmed {
		p.timer.Reset(l.s.cfg.CheckCalls)
		return
	}
	asked := p.heard
	l.s.spawn(func() { l.seek(asked) })
}

// seek asks until the far end is heard, or is known to be gone.
func (l *Leg) seek(since time.Time) {
	ctx, cancel := context.WithCancel(l.s.base)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	for try := 1; ; try++ {
		var err error
		if try <= presenceTries {
			err = l.question(ctx)
		} else {
			err = l.refresh(ctx)
		}
		var st *StatusError
		gone := err != nil && (!errors.As(err, &st) || st.Code == 481 || !alive(st.Code))
		l.mu.Lock()
		heard := !l.presence.heard.Equal(since)
		if ended := l.state == legEnded; ended || !gone || heard {
			if !ended {
				l.presence.heard = time.Now()
				l.presence.timer.Reset(l.s.cfg.CheckCalls)
			}
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		if try > presenceTries {
			l.s.log.Warn("sip_far_end_gone", "call_id", l.callID, "tries", try)
			l.lost("it no longer answers", `SIP;cause=408;text="No answer inside the call"`)
			return
		}
		l.s.log.Info("sip_no_presence", "call_id", l.callID, "try", try, "error", err)
		if l.pause(ctx, l.s.tx.timers.longest()) != nil {
			return
		}
	}
}

// question sends OPTIONS inside the dialog; the error is a *StatusError for a refusal.
func (l *Leg) question(ctx context.Context) error {
	outcome := make(chan error, 1)
	if _, err := l.ask(ctx, sip.OPTIONS, func(req *sip.Request, _ flow) {
		req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
		req.SetBody(nil)
	}, func(_ *sip.Request, res *sip.Response) {
		switch {
		case res.StatusCode < 200:
		case res.StatusCode < 300:
			outcome <- nil
		default:
			outcome <- statusOf(res)
		}
	}, func(err error) { outcome <- err }); err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
