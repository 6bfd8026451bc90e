package sip

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"
	"time"
)

// TrunkMatch tells what a carrier's call is for.
type TrunkMatch struct {
	Trunk  string
	Called string // the number called, in normal form
	Line   string // by the trunk's Inbound; "" when it names none
	Rest   bool   // the trunk does not name the number: Line is the one for the rest (*)
	Caller string // the caller's number in normal form; "" when withheld
	Media  TrunkMedia
}

// Match tells which carrier an inbound leg comes from, by its source address or by
// the token that only the carrier's registrar was shown; false for a stranger.
func (t *Trunks) Match(l *Leg) (TrunkMatch, bool) {
	x := t.source(l)
	if x == nil {
		return TrunkMatch{}, false
	}
	return x.match(l), true
}

func (t *Trunks) source(l *Leg) *trunk {
	if !l.inbound {
		return nil
	}
	token, _ := l.invite.Recipient.UriParams.Get("line")
	ip := l.RemoteAddr().Addr().Unmap()
	var best *trunk
	rank := 0
	for _, x := range t.list() {
		r := 0
		for _, p := range x.cfg().Addresses {
			if p.Contains(ip) {
				r = max(r, 2+p.Bits())
			}
		}
		x.mu.Lock()
		_, known := x.known[ip]
		x.mu.Unlock()
		if known {
			r = max(r, 200)
		}
		// Two accounts with one carrier come from one address; the account tells.
		if r > 0 && x.cfg().User != "" && l.Called() == x.cfg().User {
			r += 300
		}
		if x.cfg().Register && token == x.token {
			r = 1000
		}
		if r > rank {
			best, rank = x, r
		}
	}
	return best
}

func (x *trunk) match(l *Leg) TrunkMatch {
	m := TrunkMatch{Trunk: x.cfg().Name, Media: x.cfg().Media}
	dialled := l.Called()
	if dialled == x.cfg().User && l.To().User != "" {
		dialled = l.To().User // a registered account is called by its Contact; the number is in To
	}
	m.Called = cmp.Or(x.plan(dialled).Text, dialled)
	m.Line, m.Rest = x.line(m.Called, dialled)
	if from := l.From().User; strings.Trim(from, "+0123456789") == "" {
		m.Caller = x.plan(from).Text
	}
	return m
}

// line is the line of a called number, by the longest beginning of its normal form
// or of what was dialled; rest tells that none fits but *.
func (x *trunk) line(called, dialled string) (line string, rest bool) {
	longest := -1
	line, rest = x.cfg().Inbound["*"]
	for number, name := range x.cfg().Inbound {
		if number != "*" && len(number) > longest && (strings.HasPrefix(called, number) || strings.HasPrefix(dialled, number)) {
			longest, line, rest = len(number), name, false
		}
	}
	return line, rest
}

// Admit takes an inbound leg in: it tells whose it is, and takes one of the trunk's
// channels until the leg ends. The error is a *StatusError to refuse with. A
// stranger's leg has no trunk and is admitted unless Policy.RefuseStrangers.
func (t *Trunks) Admit(l *Leg) (TrunkMatch, error) {
	x := t.source(l)
	if x == nil {
		if t.guard().p.RefuseStrangers && !t.friend(l) {
			t.log.Warn("stranger_refused", "remote", l.RemoteAddr().String())
			return TrunkMatch{}, &StatusError{Code: 403, Reason: "Forbidden"}
		}
		return TrunkMatch{}, nil
	}
	x.mu.Lock()
	if x.cfg().Channels > 0 && x.channels >= x.cfg().Channels {
		x.mu.Unlock()
		t.log.Warn("trunk_full", "trunk", x.cfg().Name, "channels", x.cfg().Channels)
		return TrunkMatch{}, &StatusError{Code: 503, Reason: "All channels of the trunk are taken"}
	}
	x.channels++
	x.inbound++
	x.mu.Unlock()
	t.keep(&trunkLeg{trunk: x, leg: l, since: time.Now()})
	return x.match(l), nil
}

// friend tells whether a leg comes from where one of our phones is registered.
func (t *Trunks) friend(l *Leg) bool {
	if t.s.registrar == nil {
		return false
	}
	from := l.RemoteAddr()
	for _, c := range t.s.registrar.Registered() {
		if c.Source == from {
			return true
		}
	}
	return false
}

// trunkLeg is a leg over a trunk.
type trunkLeg struct {
	trunk   *trunk
	leg     *Leg
	since   time.Time
	account *account // of a call out
	ending  atomic.Bool
}

// keep remembers a leg until it ends, and gives its channel back then.
func (t *Trunks) keep(k *trunkLeg) {
	t.mu.Lock()
	t.legs[k.leg] = k
	t.mu.Unlock()
	context.AfterFunc(k.leg.Context(), func() {
		t.mu.Lock()
		delete(t.legs, k.leg)
		t.mu.Unlock()
		k.trunk.leave()
		if k.account != nil {
			t.settle(k)
		}
	})
}

// leave gives a channel back.
func (x *trunk) leave() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.channels--
}
