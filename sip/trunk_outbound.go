package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// TrunkCall is a call out to the telephone network.
type TrunkCall struct {
	// Who wants it: an account, an agent, a campaign. Nobody may not.
	Who string
	// To is the number as people write it.
	To string
	// From is the number shown, if the trunk lets us show it; else the trunk's own.
	From     string
	FromName string // display name shown
	Withhold bool   // From is not to be shown (RFC 3325 section 9.3)
	// Trunk names the only trunk that may be used; "" for the one that fits best.
	Trunk   string
	Headers map[string]string // more header fields
	// Offer is our session description. OfferFor, when set, makes it for the trunk
	// that the call is about to go over instead.
	Offer    []byte
	OfferFor func(TrunkMedia) ([]byte, error)
	Timeout  time.Duration // of ringing; 0: as long as ctx
	// Progress, which may be nil, is called for each provisional response; it must
	// not block.
	Progress func(status int, sdp []byte)
}

// TrunkError tells that no trunk could take a call.
type TrunkError struct {
	Number string   // masked
	Why    []string // of each trunk that was left out or failed
	last   error
}

func (e *TrunkError) Error() string {
	if len(e.Why) == 0 {
		return "call to " + e.Number + ": no trunk has a rule for it; see the trunks' outbound rules"
	}
	return "call to " + e.Number + ": no trunk takes it: " + strings.Join(e.Why, "; ")
}

// Unwrap is the last trunk's error.
func (e *TrunkError) Unwrap() error { return e.last }

// Code is for machines.
func (e *TrunkError) Code() string { return "no_trunk" }

// Status is a SIP status that says as much.
func (e *TrunkError) Status() int {
	var st *StatusError
	if errors.As(e.last, &st) {
		return st.Code
	}
	return 503
}

const (
	rateWait   = time.Second      // a call waits for its turn on a trunk at most
	ledgerTime = 10 * time.Second // to write an account down after a call
	restAfter  = 10 * time.Second // of a trunk that failed and is not asked for its health
)

// Dial places a call: it asks the policy, chooses the trunk by the longest rule for
// the number, then by priority, leaves out those that are down, full or at their
// rate, and goes on to the next address and the next trunk when one fails: with a
// 5xx, or without any response. A carrier's 3xx is followed within the carrier, to
// numbers that may be called and cost no more. The leg is answered and acknowledged. The error is a
// *PolicyError, a *TrunkError, the *StatusError of the called side, or ctx's.
func (t *Trunks) Dial(ctx context.Context, c TrunkCall) (*Leg, error) {
	n, err := t.guard().check(c.Who, c.To, time.Now())
	if err != nil {
		return nil, err
	}
	ways := t.choose(n, c.Trunk)
	failure := &TrunkError{Number: MaskNumber(n.Text)}
	if len(ways) == 0 {
		return nil, failure
	}
	dearest := 0.0
	for _, w := range ways {
		dearest = max(dearest, w.price)
	}
	account, err := t.guard().begin(ctx, c.Who, n, dearest, time.Now())
	if err != nil {
		return nil, err
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, &StatusError{Code: 408, Reason: "No answer"})
		defer cancel()
	}
	for _, w := range ways {
		wait, why := w.trunk.enter(time.Now())
		if why != "" {
			failure.Why = append(failure.Why, w.trunk.cfg().Name+" "+why)
			continue
		}
		l, goOn, err := t.over(ctx, w, n, c, wait)
		if err == nil {
			t.answered(ctx, w, l, account)
			return l, nil
		}
		w.trunk.leave()
		if !goOn {
			t.refund(ctx, account)
			return nil, err
		}
		failure.Why, failure.last = append(failure.Why, w.trunk.cfg().Name+": "+plain(err)), err
	}
	t.refund(ctx, account)
	return nil, failure
}

func (t *Trunks) refund(ctx context.Context, a *account) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTime)
	defer cancel()
	if err := a.refund(ctx); err != nil {
		t.log.Error("ledger", "error", err)
	}
}

// answered begins the account of a call.
func (t *Trunks) answered(ctx context.Context, w route, l *Leg, a *account) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTime)
	defer cancel()
	if err := a.answered(ctx, w.trunk.cfg().Name, w.price); err != nil {
		t.log.Error("ledger", "error", err)
	}
	w.trunk.mu.Lock()
	w.trunk.answered++
	w.trunk.mu.Unlock()
	t.keep(&trunkLeg{trunk: w.trunk, leg: l, since: time.Now(), account: a}) //nolint:contextcheck // the leg outlives ctx
}

// settle counts the minutes of a call that has ended.
func (t *Trunks) settle(k *trunkLeg) {
	lasted := time.Since(k.since)
	k.trunk.mu.Lock()
	k.trunk.talked += lasted
	k.trunk.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.leg.Context()), ledgerTime)
	defer cancel()
	if err := k.account.lasted(ctx, lasted); err != nil {
		t.log.Error("ledger", "error", err)
	}
}

// route is one trunk that a number may go over.
type route struct {
	trunk *trunk
	rule  OutboundRule
	price float64
}

// choose is the trunks with a rule for a number, the best first.
func (t *Trunks) choose(n Number, only string) []route {
	var out []route
	for _, x := range t.list() {
		if only != "" && x.cfg().Name != only {
			continue
		}
		cfg, best := x.cfg(), -1
		for i, r := range cfg.Outbound {
			if strings.HasPrefix(n.Text, r.Match) && (best < 0 || len(r.Match) > len(cfg.Outbound[best].Match)) {
				best = i
			}
		}
		if best >= 0 {
			out = append(out, route{x, cfg.Outbound[best], x.price(n.Text)})
		}
	}
	slices.SortStableFunc(out, func(a, b route) int {
		return cmp.Or(len(b.rule.Match)-len(a.rule.Match), a.trunk.cfg().Priority-b.trunk.cfg().Priority)
	})
	return out
}

// price is that of a minute to a number.
func (x *trunk) price(number string) float64 {
	longest, price := -1, 0.0
	for prefix, p := range x.cfg().Costs {
		if len(prefix) > longest && strings.HasPrefix(number, prefix) {
			longest, price = len(prefix), p
		}
	}
	return price
}

// enter takes a channel and a turn of the trunk's rate; why says why not. The call
// must wait for its turn.
func (x *trunk) enter(now time.Time) (wait time.Duration, why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.rest.After(now):
		return 0, "rests, as the carrier asked"
	case x.cfg().Register && (!x.registered || now.After(x.until)):
		return 0, "is not registered"
	case !x.isUp(now):
		return 0, "is down"
	case x.cfg().Channels > 0 && x.channels >= x.cfg().Channels:
		return 0, "has no free channel"
	}
	if x.cfg().CallsPerSecond > 0 {
		turn := x.next
		if turn.Before(now) {
			turn = now
		}
		if wait = turn.Sub(now); wait > rateWait {
			return 0, "is at its rate of calls"
		}
		x.next = turn.Add(time.Duration(float64(time.Second) / x.cfg().CallsPerSecond))
	}
	x.channels++
	return wait, ""
}

// over tries one trunk, by all its addresses. goOn tells that another trunk may do
// better.
func (t *Trunks) over(ctx context.Context, w route, n Number, c TrunkCall, wait time.Duration) (l *Leg, goOn bool, err error) {
	if wait > 0 {
		turn := time.NewTimer(wait)
		defer turn.Stop()
		select {
		case <-turn.C:
		case <-ctx.Done():
			return nil, false, fmt.Errorf("dial: %w", context.Cause(ctx))
		}
	}
	x := w.trunk
	x.mu.Lock()
	x.calls++
	x.mu.Unlock()
	hops, err := x.ways(ctx)
	if err != nil {
		x.failedWith(err)
		return nil, true, err
	}
	r, err := x.request(w.rule, n, c)
	if err != nil {
		return nil, false, err
	}
	r.Redirects, r.AllowRedirect = maxRedirects, func(uri string) bool { return t.mayFollow(w, n, c.Who, uri) }
	rang := false
	for _, h := range hops {
		r.Through = h.String()
		l, err = t.s.Dial(ctx, r, func(status int, sdp []byte) {
			rang = true
			if c.Progress != nil {
				c.Progress(status, sdp)
			}
		})
		var st *StatusError
		switch {
		case err == nil:
			x.use(h)
			return l, false, nil
		case ctx.Err() != nil:
			return nil, false, err
		case errors.Is(err, errTooManyLegs), errors.Is(err, ErrServerClosed):
			return nil, false, err
		case rang: // the called side was reached; its phone must not ring twice
			return nil, false, err
		case errors.As(err, &st) && (st.Code == 401 || st.Code == 407): // our credentials, not the callee
			x.failedWith(err)
			return nil, true, err
		case !elsewhere(err):
			return nil, false, err
		}
		t.log.Warn("trunk_failed", "trunk", x.cfg().Name, "proxy", h.String(), "error", err)
		if st != nil && st.RetryAfter > 0 {
			break
		}
	}
	x.failedWith(err)
	return nil, true, err
}

// mayFollow tells whether a carrier may send a call on (3xx): to another number that
// the same carrier takes, that may be called, and that costs no more than the first,
// so that nobody who has a number forwarded makes us pay for another.
func (t *Trunks) mayFollow(w route, n Number, who, uri string) bool {
	var to sip.Uri
	if err := sip.ParseUri(uri, &to); err != nil || to.User == "" || !w.trunk.owns(to.Host) {
		return false
	}
	number, _, _ := strings.Cut(to.User, ";")
	if strings.Trim(strings.TrimPrefix(number, "+"), "0123456789*#") != "" {
		return false
	}
	// Without a country's code it is written as we write numbers to this carrier, if it
	// does not say itself that it goes abroad.
	if plain := t.guard().p.Plan(number); plain.Home {
		if number = strings.TrimPrefix(number, w.rule.Add); !strings.HasPrefix(number, "+") {
			if w.rule.Strip > 0 && strings.HasPrefix(number, "0") {
				return false // no number has it behind the country's code
			}
			number = n.Text[:w.rule.Strip] + number
		}
	}
	next, err := t.guard().check(who, number, time.Now())
	if err != nil {
		return false
	}
	return len(t.choose(next, w.trunk.cfg().Name)) > 0 && w.trunk.price(next.Text) <= w.price
}

// owns tells whether a host is one that the settings name for the carrier, or an
// address of it.
func (x *trunk) owns(host string) bool {
	domain, _, _ := strings.Cut(x.cfg().Domain, ":")
	if strings.EqualFold(host, domain) {
		return true
	}
	same := func(u *sip.Uri) bool { return strings.EqualFold(u.Host, host) }
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(x.cfg().hops, func(u sip.Uri) bool { return same(&u) }) ||
		slices.ContainsFunc(x.resolved, func(h hop) bool { return same(&h.uri) })
}

// failedWith notes that a call could not go over the trunk.
func (x *trunk) failedWith(err error) {
	x.update(func(now time.Time) {
		x.failed++
		x.lastError = "call: " + plain(err)
		var st *StatusError
		switch {
		case errors.As(err, &st) && st.RetryAfter > 0:
			x.restFor(now, st.RetryAfter)
		case x.health.unwatched:
			x.restFor(now, restAfter)
		}
	})
	x.soon()
}

// request is the INVITE as the carrier wants it.
func (x *trunk) request(rule OutboundRule, n Number, c TrunkCall) (DialRequest, error) {
	number := rule.Add + n.Text[rule.Strip:]
	account := cmp.Or(x.cfg().User, x.cfg().CallerNumber)
	shown := x.caller(c.From)
	uri := func(user string) string {
		u := sip.Uri{Scheme: "sip", User: escapeUser(user), Host: x.cfg().Domain}
		return u.String()
	}
	r := DialRequest{
		To: uri(number), From: uri(shown), FromName: c.FromName, Headers: make(map[string]string, len(c.Headers)+2),
		Offer: c.Offer, Patience: 8 * x.s.cfg.T1,
	}
	maps.Copy(r.Headers, c.Headers)
	if x.cfg().User != "" || x.cfg().Auth.Password != "" {
		r.Auth = &x.cfg().Auth
	}
	switch x.cfg().CallerStyle {
	case CallerAsserted:
		r.Headers["P-Asserted-Identity"] = "<" + uri(shown) + ">"
	case CallerAccount:
		r.Headers["P-Asserted-Identity"] = "<" + uri(shown) + ">"
		r.From = uri(account)
	case CallerRemote:
		privacy := "off"
		if c.Withhold {
			privacy = "full"
		}
		r.Headers["Remote-Party-ID"] = "<" + uri(shown) + ">;party=calling;screen=yes;privacy=" + privacy
	case CallerFrom:
	}
	if c.Withhold { // RFC 3323 section 4.1.1.3, RFC 3325 section 9.3
		r.From, r.FromName = "sip:anonymous@anonymous.invalid", "Anonymous"
		r.Headers["Privacy"] = "id"
	}
	if c.OfferFor != nil {
		var err error
		if r.Offer, err = c.OfferFor(x.cfg().Media); err != nil {
			return r, fmt.Errorf("offer for trunk %s: %w", x.cfg().Name, err)
		}
	}
	return r, nil
}

// caller is the number that may be shown.
func (x *trunk) caller(wanted string) string {
	if wanted == "" {
		return x.cfg().CallerNumber
	}
	normal := x.plan(wanted).Text
	for _, allowed := range append([]string{x.cfg().CallerNumber}, x.cfg().CallerNumbers...) {
		if prefix, ok := strings.CutSuffix(allowed, "*"); ok {
			if strings.HasPrefix(normal, prefix) || strings.HasPrefix(wanted, prefix) {
				return wanted
			}
		} else if allowed == wanted || x.plan(allowed).Text == normal {
			return wanted
		}
	}
	return x.cfg().CallerNumber
}

// meter counts the minutes of calls while they last, ends those that last too long,
// and notices when a rest or a registration is over.
func (t *Trunks) meter(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, x := range t.list() {
			x.update(func(time.Time) {})
		}
		t.mu.Lock()
		var out []*trunkLeg
		for _, k := range t.legs {
			if k.account != nil {
				out = append(out, k)
			}
		}
		t.mu.Unlock()
		for _, k := range out {
			lasted := time.Since(k.since)
			if lasted > t.guard().p.MaxCall {
				t.end(k) //nolint:contextcheck // the hang-up outlives ctx
				continue
			}
			if err := k.account.lasted(ctx, lasted); err != nil {
				t.log.Error("ledger", "error", err)
			}
		}
	}
}

// end hangs up a call that lasted too long.
func (t *Trunks) end(k *trunkLeg) {
	if k.ending.Swap(true) {
		return
	}
	t.log.Warn("call_out_too_long", "trunk", k.trunk.cfg().Name, "call_id", k.leg.ID(), "limit", t.guard().p.MaxCall)
	t.s.spawn(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(k.leg.Context()), t.s.tx.timers.longest())
		defer cancel()
		k.leg.SetReason("Q.850", 31, "The longest time of a call is over")
		_ = k.leg.Hangup(ctx)
	})
}
