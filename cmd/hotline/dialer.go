package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"hotline/internal/call"
	"hotline/media/sdp"
	"hotline/sip"
)

// dialer lets calls ring: agents' telephones, SIP addresses, and numbers by the
// trunks. Numbers pass the rules against toll fraud; addresses are rung where a
// setting allows their hosts.
type dialer struct {
	server *sip.Server
	trunks *sip.Trunks // none: no numbers can be called
	hosts  []string    // that sip: addresses may name; "*" is all
	// present tells whether an agent's telephone is registered.
	present func(agent string) bool
}

// Dial implements call.Dialer.
func (d dialer) Dial(ctx context.Context, t call.Target, offer []byte, progress func(status int, sdp []byte)) (call.Leg, error) {
	if !isAddress(t.To) {
		if d.trunks.Len() == 0 {
			return nil, errNoTrunks
		}
		l, err := d.trunks.Dial(ctx, sip.TrunkCall{
			Who: t.Who, To: t.To, From: t.From, FromName: t.FromName, Trunk: t.Trunk, Headers: t.Headers, Progress: progress,
			OfferFor: func(m sip.TrunkMedia) ([]byte, error) { return sdp.Prefer(offer, m.Codecs, !m.InBand), nil },
		})
		if err != nil {
			return nil, err // not a typed nil
		}
		trunk := d.trunks.Of(l)
		return phoneLeg{Leg: l, dialer: d, trunk: trunk, infoKeys: d.trunks.Media(trunk).Info}, nil
	}
	l, err := d.server.Dial(ctx, sip.DialRequest{
		To: t.To, From: t.From, FromName: t.FromName, Headers: t.Headers, Offer: offer, BrowserOffer: t.BrowserOffer, Replaces: t.Replaces,
	}, progress)
	if err != nil {
		return nil, err
	}
	return phoneLeg{Leg: l, dialer: d}, nil
}

// errNoTrunks is told to who wants to call a number.
var errNoTrunks = errors.New("there is no trunk to the telephone network; set one in the console, Settings, or in hotline.yaml")

// isAddress tells a SIP address or an agent from a number.
func isAddress(to string) bool {
	lower := strings.ToLower(to)
	return strings.HasPrefix(lower, "sip:") || strings.HasPrefix(lower, "sips:") || strings.HasPrefix(to, "agent:")
}

// Check implements call.Checker.
func (d dialer) Check(_ context.Context, t call.Target) error {
	switch {
	case strings.HasPrefix(t.To, "agent:"):
		return nil
	case isAddress(t.To):
		if host := hostOf(t.To); !d.allows(host) {
			return &call.RefusedError{
				Why: call.RefusedPolicy, Err: fmt.Errorf("calls to the host %q are not allowed; list it in call.hosts", host),
			}
		}
		return nil
	case d.trunks.Len() == 0:
		return &call.RefusedError{Why: call.RefusedTrunk, Err: errNoTrunks}
	}
	err := d.trunks.Permits(t.Who, t.To, t.Trunk)
	var policy *sip.PolicyError
	var none *sip.TrunkError
	switch {
	case errors.As(err, &policy) && policy.Rule == sip.RuleNoNumber:
		return &call.RefusedError{Why: call.RefusedNumber, Err: err}
	case errors.As(err, &policy):
		return &call.RefusedError{Why: call.RefusedPolicy, Err: err}
	case errors.As(err, &none):
		return &call.RefusedError{Why: call.RefusedTrunk, Err: err}
	}
	return err
}

func (d dialer) allows(host string) bool {
	for _, h := range d.hosts {
		if h == "*" || strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// hostOf is the host of a SIP address, without its port.
func hostOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	if _, host, ok := strings.Cut(rest, "@"); ok {
		rest = host
	}
	if i := strings.IndexAny(rest, ";?"); i >= 0 {
		rest = rest[:i]
	}
	if host, _, err := net.SplitHostPort(rest); err == nil {
		return host
	}
	return strings.Trim(rest, "[]")
}

// Local implements call.Checker.
func (d dialer) Local(ctx context.Context, t call.Target) netip.Addr {
	if isAddress(t.To) {
		return d.server.Toward(ctx, t.To)
	}
	if d.trunks.Len() == 0 {
		return netip.Addr{}
	}
	return d.trunks.Toward(ctx, t.Who, sip.TrunkCall{To: t.To, Trunk: t.Trunk})
}

// phoneLeg is a leg that we dialled, or an agent's, with what the record keeps of it.
type phoneLeg struct {
	*sip.Leg

	dialer   dialer
	trunk    string
	infoKeys bool // the carrier wants keys by INFO
}

// KeySender implements what a call asks a leg that keys are sent to.
func (l phoneLeg) KeySender() func(ctx context.Context, digit byte) error {
	if !l.infoKeys {
		return nil
	}
	return l.SendKeyInfo
}

// OnTransfer implements what a call asks the leg of an agent: his telephone's
// transfer key (REFER).
func (l phoneLeg) OnTransfer(f func(call.TransferRequest)) {
	l.OnRefer(func(r sip.Referral) {
		q := call.TransferRequest{Referral: r, Target: call.Target{To: l.dialer.referred(r.To), Replaces: r.Replaces}}
		if other := r.Leg(); other != nil {
			q.Leg = other.ID()
		}
		f(q)
	})
}

// referred is whom a telephone means by a URI: an agent whose telephone is
// registered, a number, or a SIP address elsewhere.
func (d dialer) referred(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, _ := strings.Cut(rest, "@")
	user, _, _ = strings.Cut(user, ";")
	if strings.HasPrefix(strings.ToLower(uri), "tel:") {
		return user
	}
	if d.present != nil && d.present(user) {
		return "agent:" + user
	}
	if digits := strings.TrimPrefix(user, "+"); digits != "" && strings.Trim(digits, "0123456789*#") == "" && !d.allows(hostOf(uri)) {
		return user
	}
	return uri
}

// Signalling implements what a call asks a leg that it dialled.
func (l phoneLeg) Signalling() call.Signalling {
	return call.Signalling{Trunk: l.trunk, Network: l.Network()}
}
