package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Registered phones are asked by OPTIONS whether they are there. That keeps the way
// through NATs open, and an agent whose phone has lost its power is not rung.

// pulse is what pings have told of one phone.
type pulse struct {
	due       time.Time
	busy      bool
	answered  bool // ever: phones that never do are taken for reachable
	failures  int  // since the last answer
	roundTrip time.Duration
}

const maxPings = 64 // begun at once

// pingPhones pings the phones that are registered over this server, until ctx ends.
func (s *Server) pingPhones(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, s.registrar.cfg.Ping/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, b := range s.registrar.due(s, now) {
				// Behind a name or a lost connection the way may take time to find.
				if begun := s.spawn(func() { s.ping(ctx, b) }); !begun {
					return // the server closes
				}
			}
		}
	}
}

// due are the phones whose time for a ping has come.
func (r *Registrar) due(s *Server, now time.Time) []binding {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []binding
	for _, bs := range r.agents {
		for _, b := range bs {
			if b.owner != s || b.pulse.busy || now.Before(b.pulse.due) || isWebSocket(b.flow.carrier) { // WebSocket has its own
				continue
			}
			if len(out) == maxPings {
				return out
			}
			b.pulse.busy = true
			out = append(out, b)
		}
	}
	return out
}

// ping sends one OPTIONS and notes what becomes of it.
func (s *Server) ping(ctx context.Context, b binding) {
	defer s.guard("ping", nil)
	began := time.Now()
	find, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	f, err := s.bindingFlow(find, b)
	if err != nil {
		s.registrar.pinged(b, 0, err)
		return
	}
	tx, err := s.tx.request(s.pingRequest(b, f), f, func(res *sip.Response) {
		switch {
		case res.StatusCode < 200:
		case len(b.Path) > 0 && (res.StatusCode == sip.StatusRequestTimeout || res.StatusCode == 430 || res.StatusCode >= 500): // a proxy in the phone's place
			s.registrar.pinged(b, 0, statusOf(res))
		default: // whatever it says, it is there
			s.registrar.pinged(b, time.Since(began), nil)
		}
	}, func(err error) { s.registrar.pinged(b, 0, err) })
	if err != nil {
		s.registrar.pinged(b, 0, err)
		return
	}
	time.AfterFunc(8*s.cfg.T1, func() { tx.fail(errTimeout) })
}

func (s *Server) pingRequest(b binding, f flow) *sip.Request {
	req := sip.NewRequest(sip.OPTIONS, b.target)
	req.AppendHeader(s.via(f))
	for _, h := range b.routes() {
		req.AppendHeader(h)
	}
	req.AppendHeader(maxForwards())
	host := s.cfg.Realm
	if host == "" {
		host, _ = s.contactHost(f)
	}
	req.AppendHeader(&sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "ping", Host: host}, Params: sip.HeaderParams{{K: "tag", V: sip.GenerateTagN(12)}}})
	req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: escapeUser(b.User), Host: host}})
	id := sip.CallIDHeader(sip.GenerateTagN(24))
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.OPTIONS})
	req.AppendHeader(s.contact(f, "ping"))
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	req.AppendHeader(sip.NewHeader("User-Agent", s.cfg.UserAgent))
	req.SetBody(nil)
	return req
}

// pinged notes the outcome of a ping and tells the watchers when an agent's phones
// are reachable no more, or again.
func (r *Registrar) pinged(b binding, took time.Duration, err error) {
	r.mu.Lock()
	h := b.pulse
	h.busy = false
	was := r.unreachable(h)
	now := time.Now()
	switch {
	case errors.Is(err, ErrServerClosed):
		r.mu.Unlock()
		return
	case err == nil:
		h.answered, h.failures, h.roundTrip = true, 0, took
		h.due = now.Add(r.cfg.Ping - rand.N(r.cfg.Ping/8+1))
	default:
		h.failures++
		h.roundTrip = 0
		h.due = now.Add(r.cfg.Ping / 6) // sooner: it may be a lost packet
		if h.failures >= r.cfg.PingFailures {
			h.due = now.Add(r.cfg.Ping)
		}
	}
	is := r.unreachable(h)
	r.mu.Unlock()
	if was == is {
		return
	}
	r.log.Info("sip_phone_reachable", "user", b.User, "source", b.Source.String(), "reachable", !is)
	_, _ = r.change(b.User, func(bs []binding) ([]binding, *malformed) { return bs, nil })
}

// unreachable: see RegistrarConfig.Ping. The caller holds r.mu.
func (r *Registrar) unreachable(h *pulse) bool {
	return h.answered && h.failures >= r.cfg.PingFailures
}

// samePlace compares two contacts by where they are.
func samePlace(a, b *sip.Uri) bool {
	ipA, errA := netip.ParseAddr(strings.Trim(a.Host, "[]"))
	ipB, errB := netip.ParseAddr(strings.Trim(b.Host, "[]"))
	if errA == nil && errB == nil {
		return ipA.Unmap() == ipB.Unmap() && a.Port == b.Port
	}
	return strings.EqualFold(a.Host, b.Host) && a.Port == b.Port
}
