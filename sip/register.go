package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Registration is an account with somebody else's registrar.
type Registration struct {
	Registrar string        // "sip:HOST[:PORT][;transport=tcp]"
	User      string        // the account: user part of To, From and Contact
	Domain    string        // of the account; default: the registrar's host
	Auth      Credentials   // User defaults to the account's
	Expires   time.Duration // asked for; default 5 min
}

// registering is the state that one registration keeps between its requests.
type registering struct {
	s        *Server
	r        Registration
	uri      sip.Uri
	callID   string
	localTag string
	seq      uint32

	hop    *sip.Uri       // where to send it; nil: to uri
	token  string         // shown in our Contact, for the registrar to show it to us
	least  time.Duration  // the registrar takes no shorter time
	remote netip.AddrPort // where the last one went
}

func (s *Server) registering(r Registration) (*registering, error) {
	g := &registering{s: s, r: r, callID: sip.GenerateTagN(24), localTag: sip.GenerateTagN(12)}
	if err := sip.ParseUri(r.Registrar, &g.uri); err != nil || badAddress(&g.uri) || strings.ContainsAny(r.Registrar, "<>\r\n\" ") {
		return nil, fmt.Errorf("register: %q is no SIP URI", r.Registrar)
	}
	if r.User == "" {
		return nil, errors.New("register: no user")
	}
	g.uri.User = "" // RFC 3261 section 10.2
	g.r.Domain = cmp.Or(r.Domain, g.uri.Host)
	g.r.Expires = cmp.Or(r.Expires, 5*time.Minute)
	g.r.Auth.User = cmp.Or(r.Auth.User, r.User)
	return g, nil
}

// Register registers this server's address once and returns for how long it was
// granted. A refusal is a *StatusError.
func (s *Server) Register(ctx context.Context, r Registration) (time.Duration, error) {
	g, err := s.registering(r)
	if err != nil {
		return 0, err
	}
	return g.once(ctx, g.r.Expires)
}

// KeepRegistered registers, renews in time, tries again with growing pauses after
// failures, and unregisters when ctx ends. outcome, which may be nil, is told the
// result of each attempt.
func (s *Server) KeepRegistered(ctx context.Context, r Registration, outcome func(error)) error {
	g, err := s.registering(r)
	if err != nil {
		return err
	}
	if outcome == nil {
		outcome = func(error) {}
	}
	pause := 2 * time.Second
	for ctx.Err() == nil {
		granted, err := g.once(ctx, g.r.Expires)
		if ctx.Err() != nil {
			break
		}
		outcome(err)
		next := refreshAfter(granted)
		if err != nil {
			var st *StatusError
			if errors.As(err, &st) && st.RetryAfter > 0 {
				pause = max(pause, min(st.RetryAfter, 10*time.Minute))
			}
			next = pause + rand.N(pause/2) // RFC 5626 section 4.5: not all at once
			pause = min(2*pause, 5*time.Minute)
		} else {
			pause = 2 * time.Second
		}
		timer := time.NewTimer(max(next, time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*s.cfg.T1)
	defer cancel()
	_, err = g.once(bye, 0)
	return err
}

// refreshAfter leaves time to try again before a registration ends.
func refreshAfter(granted time.Duration) time.Duration {
	return granted - min(granted/5, 30*time.Second)
}

// once sends one REGISTER, with credentials when it is asked for them.
func (g *registering) once(ctx context.Context, expires time.Duration) (time.Duration, error) {
	select {
	case <-g.s.ready:
	default:
		return 0, errors.New("register: the SIP server does not run")
	}
	hop := &g.uri
	if g.hop != nil {
		hop = g.hop
	}
	f, err := g.s.flowFor(ctx, hop, flow{})
	if err != nil {
		return 0, fmt.Errorf("register: %w", err)
	}
	g.remote = f.remote
	if expires > 0 {
		expires = max(expires, g.least)
	}
	name, auth := "", ""
	for tries := 0; ; tries++ {
		req := g.request(f, expires)
		if auth != "" {
			req.AppendHeader(sip.NewHeader(name, auth))
		}
		req.SetBody(nil)
		res, err := g.s.roundTrip(ctx, req, f)
		if err != nil {
			return 0, fmt.Errorf("register: %w", err)
		}
		switch {
		case res.StatusCode < 300:
			return g.granted(res, expires), nil
		case (res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired) && tries < 4 && (auth == "" || isStale(res)):
			if name, auth, err = answerChallenge(res, string(sip.REGISTER), g.uri.String(), g.r.Auth); err != nil {
				return 0, fmt.Errorf("register: %w", err)
			}
		case res.StatusCode == sip.StatusIntervalToBrief && tries < 4 && expires > 0: // RFC 3261 section 10.2.8
			h := res.GetHeader("Min-Expires")
			if h == nil {
				return 0, statusOf(res)
			}
			n, err := strconv.ParseUint(h.Value(), 10, 31)
			if err != nil {
				return 0, statusOf(res)
			}
			expires, auth = time.Duration(n)*time.Second, "" // the nonce is used up
			g.least = expires
		default:
			return 0, statusOf(res)
		}
	}
}

func isStale(res *sip.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if p, ok := parseDigest(h.Value()); ok && strings.EqualFold(p["stale"], "true") {
				return true
			}
		}
	}
	return false
}

func (g *registering) request(f flow, expires time.Duration) *sip.Request {
	g.seq++
	req := sip.NewRequest(sip.REGISTER, g.uri)
	aor := sip.Uri{Scheme: "sip", User: escapeUser(g.r.User), Host: g.r.Domain}
	req.AppendHeader(g.s.via(f))
	req.AppendHeader(maxForwards())
	req.AppendHeader(&sip.FromHeader{Address: aor, Params: sip.HeaderParams{{K: "tag", V: g.localTag}}})
	req.AppendHeader(&sip.ToHeader{Address: aor})
	id := sip.CallIDHeader(g.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: g.seq, MethodName: sip.REGISTER})
	contact := g.s.contact(f, g.r.User)
	if g.token != "" {
		contact.Address.UriParams.Add("line", g.token)
	}
	req.AppendHeader(contact)
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires.Seconds()))))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("User-Agent", g.s.cfg.UserAgent))
	return req
}

// granted is how long our contact is kept, by the 2xx.
func (g *registering) granted(res *sip.Response, asked time.Duration) time.Duration {
	for _, h := range res.GetHeaders("Contact") {
		if c, ok := h.(*sip.ContactHeader); ok && userOf(&c.Address) == g.r.User {
			if n, err := strconv.ParseUint(c.Params.GetOr("expires", ""), 10, 31); err == nil && n > 0 {
				asked = min(asked, time.Duration(n)*time.Second)
			}
		}
	}
	if h := res.GetHeader("Expires"); h != nil {
		if n, err := strconv.ParseUint(h.Value(), 10, 31); err == nil && n > 0 {
			asked = min(asked, time.Duration(n)*time.Second)
		}
	}
	return asked
}

// roundTrip sends a request that is no INVITE and waits for its final response.
func (s *Server) roundTrip(ctx context.Context, req *sip.Request, f flow) (*sip.Response, error) {
	final, failed := make(chan *sip.Response, 1), make(chan error, 1)
	tx, err := s.tx.request(req, f, func(res *sip.Response) {
		if res.StatusCode >= 200 {
			final <- res
		}
	}, func(err error) { failed <- err })
	if err != nil {
		return nil, err
	}
	select {
	case res := <-final:
		return res, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		tx.end()
		return nil, ctx.Err()
	}
}
