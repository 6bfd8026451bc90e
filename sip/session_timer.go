package sip

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Session timers (RFC 4028) let both ends, and proxies between, find out that a call
// is gone. They must not be what ends a call: a phone in a mobile network may be out
// of reach for half a minute. So a refresh that is lost is tried again, a refresh
// that the far end owes us is asked for by one of ours, any answer of the far end
// counts as a sign of life, and only a far end that agreed to the timer and stays
// silent through all of it is hung up on.

// smallestSE is the smallest interval there is (RFC 4028 section 4).
const smallestSE = 90 * time.Second

// hastiest is the shortest interval that we keep, whatever the far end says.
const hastiest = 30 * time.Second

// sessionTerms are what a message says, or both ends have agreed, about the timer.
type sessionTerms struct {
	interval time.Duration // 0: no timer
	least    time.Duration // Min-SE of a request of ours
	role     string        // refresher of a request of ours: "uac", "uas" or "" for any
	ours     bool          // we refresh
	theirs   bool          // the far end has agreed, so that silence means that it is gone
}

// grow follows a 422, and tells whether that makes a difference.
func (t *sessionTerms) grow(least time.Duration) bool {
	if least <= t.least || least <= 0 || t.interval == 0 {
		return false
	}
	t.least = least
	t.interval = max(t.interval, least)
	return true
}

// request is what a request of ours says.
func (t *sessionTerms) request() []field {
	if t.interval <= 0 {
		return nil
	}
	value := seconds(t.interval)
	if t.role != "" {
		value += ";refresher=" + t.role
	}
	fields := []field{{"Session-Expires", value}}
	if t.least > smallestSE {
		fields = append(fields, field{"Min-SE", seconds(t.least)})
	}
	return fields
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// deltaSeconds reads the number that a header field begins with.
func deltaSeconds(m sip.Message, name string) (d time.Duration, params string, ok bool) {
	h := headerOf(m, name)
	if h == nil {
		return 0, "", false
	}
	number, params, _ := strings.Cut(h.Value(), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
	return time.Duration(n) * time.Second, strings.ToLower(params), err == nil
}

// sessionExpires reads Session-Expires.
func sessionExpires(m sip.Message) (interval time.Duration, refresher string, ok bool) {
	interval, params, ok := deltaSeconds(m, "Session-Expires")
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(p, "="); strings.TrimSpace(name) == "refresher" {
			refresher = strings.TrimSpace(value)
		}
	}
	return interval, refresher, ok
}

// sessionTooShort refuses an interval below ours, where the far end can ask for
// another (RFC 4028 section 9).
func (s *Server) sessionTooShort(req *sip.Request) *malformed {
	interval, _, ok := sessionExpires(req)
	if !ok || s.cfg.SessionExpires < 0 || interval >= s.cfg.MinSE || !lists(req, "Supported", "timer") {
		return nil
	}
	return &malformed{status: 422, reason: reasonPhrase(422), extra: []field{{"Min-SE", seconds(s.cfg.MinSE)}}}
}

// inviteTerms are what an INVITE of ours asks for.
func (s *Server) inviteTerms() sessionTerms {
	if s.cfg.SessionExpires < 0 {
		return sessionTerms{}
	}
	return sessionTerms{interval: s.cfg.SessionExpires, least: s.cfg.MinSE}
}

// refreshTerms are what a re-INVITE or UPDATE of ours asks for: roles stay as they
// are (RFC 4028 section 7.4).
func (l *Leg) refreshTerms() sessionTerms {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.session.terms
	switch {
	case l.s.cfg.SessionExpires < 0 || t.interval == 0 && !l.can.timer:
		return sessionTerms{}
	case t.interval == 0:
		t = l.s.inviteTerms()
		t.role = "uac"
	case t.ours:
		t.role = "uac"
	default:
		t.role = "uas"
	}
	t.least = max(t.least, l.s.cfg.MinSE)
	return t
}

// answerTerms are what we say to a request of the far end (RFC 4028 section 9).
func (l *Leg) answerTerms(req *sip.Request) (sessionTerms, []field) {
	cfg := &l.s.cfg
	asked, refresher, has := sessionExpires(req)
	can := lists(req, "Supported", "timer") || lists(req, "Require", "timer")
	if cfg.SessionExpires < 0 || !has && !can {
		return sessionTerms{}, nil
	}
	least, _, _ := deltaSeconds(req, "Min-SE")
	least = max(least, cfg.MinSE)
	t := sessionTerms{interval: max(cfg.SessionExpires, least), least: least, theirs: can}
	if has {
		t.interval = min(t.interval, asked)
	}
	l.mu.Lock()
	current := l.session.terms
	l.mu.Unlock()
	switch {
	case !can:
		t.ours = true
	case has && refresher == "uac":
	case has && refresher == "uas":
		t.ours = true
	case current.interval > 0:
		t.ours = current.ours
	default:
		t.ours = true // we are always on the air
	}
	if t.ours {
		return t, []field{{"Session-Expires", seconds(t.interval) + ";refresher=uas"}}
	}
	return t, []field{{"Session-Expires", seconds(t.interval) + ";refresher=uac"}, {"Require", "timer"}}
}

// termsOf are what a 2xx to a request of ours says (RFC 4028 section 7.2).
func (l *Leg) termsOf(res *sip.Response) sessionTerms {
	interval, refresher, ok := sessionExpires(res)
	if !ok || l.s.cfg.SessionExpires < 0 {
		return sessionTerms{}
	}
	least, _, _ := deltaSeconds(res, "Min-SE")
	return sessionTerms{
		interval: interval, least: least, ours: refresher != "uas",
		theirs: refresher == "uas" || lists(res, "Require", "timer") || lists(res, "Supported", "timer"),
	}
}

// sessionTimer watches over the session of a leg. Leg.mu guards it.
type sessionTimer struct {
	terms sessionTerms
	since time.Time // of the last refresh
	turn  uint64    // counts them
	timer *time.Timer
}

func (t *sessionTimer) stop() {
	t.turn++
	if t.timer != nil {
		t.timer.Stop()
	}
}

// startSession starts the timer anew: the session has been agreed or refreshed.
func (l *Leg) startSession(t sessionTerms) {
	if t.interval > 0 {
		t.interval = max(t.interval, hastiest)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == legEnded {
		return
	}
	l.present()
	s := &l.session
	s.stop()
	s.terms, s.since = t, time.Now()
	if t.interval == 0 {
		return
	}
	wait := t.interval / 2 // RFC 4028 section 7.2
	if !t.ours {
		wait = t.interval - min(32*time.Second, t.interval/3) // section 10
	}
	turn := s.turn
	s.timer = time.AfterFunc(wait, func() { l.s.spawn(func() { l.sessionDue(turn) }) })
}

// sessionDue refreshes the session, or asks for the refresh that is missing.
func (l *Leg) sessionDue(turn uint64) {
	ctx, cancel := context.WithCancel(l.s.base)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	wait := l.s.tx.timers.t4
	for try := 1; ; try++ {
		l.mu.Lock()
		t, since, stale := l.session.terms, l.session.since, l.session.turn != turn
		l.mu.Unlock()
		if stale {
			return // refreshed by the far end, or ended
		}
		err := l.refresh(ctx)
		if ctx.Err() != nil || err == nil {
			return // a success has started the timer anew
		}
		var st *StatusError
		switch {
		case errors.As(err, &st) && st.Code == 481:
			return // it has ended
		case errors.As(err, &st) && alive(st.Code):
			l.s.log.Info("sip_refresh_refused", "call_id", l.callID, "status", st.Code)
			l.goOn(turn, t)
			return
		case try >= 2 && !time.Now().Before(since.Add(t.interval)):
			if t.theirs {
				l.s.log.Warn("sip_session_expired", "call_id", l.callID, "tries", try)
				l.lost("it no longer keeps the session alive", `SIP;cause=408;text="Session expired"`)
			} else {
				l.goOn(turn, t) // it never promised to be there
			}
			return
		}
		l.s.log.Info("sip_refresh", "call_id", l.callID, "try", try, "error", err)
		if l.pause(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, t.interval/4)
	}
}

// goOn starts the timer anew unless that has happened.
func (l *Leg) goOn(turn uint64, t sessionTerms) {
	l.mu.Lock()
	stale := l.session.turn == turn
	l.mu.Unlock()
	if stale {
		l.startSession(t)
	}
}

// alive tells that a refusal is the far end's own word, and no proxy's about it.
func alive(status int) bool {
	switch status {
	case 404, 408, 410, 430, 480, 502, 503, 504:
		return false
	}
	return true
}

// refresh sends one, and asks that we do so from now on if the far end was late.
func (l *Leg) refresh(ctx context.Context) error {
	terms := l.refreshTerms()
	terms.role = "uac"
	l.mu.Lock()
	update, sdp, before := l.can.update, l.localSDP, l.remoteSDP
	l.mu.Unlock()
	for range 3 {
		if !update {
			break
		}
		err := l.refreshByUpdate(ctx, terms)
		var st *StatusError
		switch {
		case !errors.As(err, &st):
			return err
		case st.Code == 422 && terms.grow(st.minSE):
		case st.Code == 405 || st.Code == 501:
			update = false
			l.mu.Lock()
			l.can.update = false
			l.mu.Unlock()
		case st.Code == 481:
			l.lost("it does not know the call any more (481)", "") //nolint:contextcheck // what ends the leg outlives who found out
			return err
		default:
			return err
		}
	}
	answer, err := l.offer(ctx, sdp, false, terms)
	if err == nil && string(answer) != string(before) {
		l.mu.Lock()
		callback := l.onUpdate
		l.mu.Unlock()
		if callback != nil { // the far end has taken the opportunity
			l.later(func() { _, _ = callback(answer) })
		}
	}
	return err
}

// refreshByUpdate sends an UPDATE without a session description, which cannot
// collide with an offer.
func (l *Leg) refreshByUpdate(ctx context.Context, terms sessionTerms) error {
	outcome := make(chan error, 1)
	if _, err := l.ask(ctx, sip.UPDATE, func(req *sip.Request, f flow) {
		l.offerHeaders(req, f, terms)
		req.SetBody(nil)
	}, func(_ *sip.Request, res *sip.Response) { //nolint:contextcheck // the timer outlives the refresh
		switch {
		case res.StatusCode < 200:
		case res.StatusCode < 300:
			l.refreshed(res)
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

// session settings of a Config.
func (c *Config) fillSession() error {
	c.SessionExpires = cmp.Or(c.SessionExpires, 30*time.Minute)
	c.MinSE = cmp.Or(c.MinSE, smallestSE)
	if c.MinSE < smallestSE {
		return errors.New("sip: the smallest session interval (MinSE) is 90 s at least (RFC 4028 section 4)")
	}
	if c.SessionExpires > 0 && c.SessionExpires < c.MinSE {
		return errors.New("sip: the session interval (SessionExpires) is shorter than the smallest (MinSE)")
	}
	return nil
}
