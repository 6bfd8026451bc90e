package sip

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Toward is the address of ours that a target of Dial will reach, for the session
// description that is offered to it; invalid when the target cannot be found.
func (s *Server) Toward(ctx context.Context, to string) netip.Addr {
	if agent, ok := strings.CutPrefix(to, "agent:"); ok {
		if s.registrar == nil {
			return netip.Addr{}
		}
		for _, b := range s.registrar.bindings(agent) {
			if f, err := s.bindingFlow(ctx, b); err == nil {
				return s.localIP(f)
			}
		}
		return netip.Addr{}
	}
	var u sip.Uri
	if strings.ContainsAny(to, "<>\r\n\" ") || sip.ParseUri(to, &u) != nil || badAddress(&u) {
		return netip.Addr{}
	}
	f, err := s.flowFor(ctx, &u, flow{})
	if err != nil {
		return netip.Addr{}
	}
	return s.localIP(f)
}

// Toward is the address of ours that the carrier reaches which a number would go
// over first.
func (t *Trunks) Toward(ctx context.Context, who string, c TrunkCall) netip.Addr {
	n, err := t.guard().check(who, c.To, time.Now())
	if err != nil {
		return netip.Addr{}
	}
	for _, w := range t.choose(n, c.Trunk) {
		hops, err := w.trunk.ways(ctx)
		if err != nil {
			continue
		}
		for _, h := range hops {
			if a := t.s.Toward(ctx, h.String()); a.IsValid() {
				return a
			}
		}
	}
	return netip.Addr{}
}

// Permits tells whether a number may be called by who and over a trunk that could
// take it; the error is a *PolicyError or a *TrunkError.
func (t *Trunks) Permits(who, number, trunk string) error {
	n, err := t.guard().check(who, number, time.Now())
	if err != nil {
		return err
	}
	ways := t.choose(n, trunk)
	failure := &TrunkError{Number: MaskNumber(n.Text)}
	for _, w := range ways {
		w.trunk.mu.Lock()
		up := w.trunk.isUp(time.Now())
		w.trunk.mu.Unlock()
		if up {
			return nil
		}
		failure.Why = append(failure.Why, w.trunk.cfg().Name+" is down")
	}
	return failure
}
