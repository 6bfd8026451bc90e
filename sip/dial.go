package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// DialRequest says whom to ring and as whom.
type DialRequest struct {
	// To is a SIP URI, or "agent:NAME": then every phone that the agent has
	// registered rings, and the first to answer gets the call.
	To string
	// From is the caller number shown, or a whole SIP URI. Default: the UserAgent.
	From     string
	FromName string            // display name shown
	Headers  map[string]string // more header fields
	Offer    []byte            // our session description
	// BrowserOffer is what phones are offered instead that registered over a
	// WebSocket (Contact.Network "ws" or "wss"). Without Offer only those ring.
	BrowserOffer []byte
	Auth         *Credentials // answer to a digest challenge, also later in the dialog
	// Timeout bounds the whole of it, from looking up the host to the answer; then
	// the error is a *StatusError of 408. 0: as long as ctx.
	Timeout time.Duration
	// Route is a preloaded route set, SIP URIs of proxies: the first is the next hop
	// (RFC 3261 section 8.1.2). They are taken for loose routers.
	Route []string
	// Through is the next hop, a SIP URI, when that is not where To points. It is
	// not shown in a Route.
	Through string
	// Patience is how long the far end may take to its first response, were it 100;
	// then the error is a *StatusError of 408. Default: 64 T1.
	Patience time.Duration

	// Replaces makes the call take the place of a dialog at the far end, for an
	// attended transfer: Referral.Replaces, or "callid;to-tag=x;from-tag=y" as the
	// far end sees its dialog (RFC 3891). Phones that cannot refuse with 420.
	Replaces string
	// Asserted is who calls in P-Asserted-Identity (RFC 3325): a number or a SIP or
	// tel URI. Only for a far end that may know it whatever Privacy says.
	Asserted string
	// Privacy is asked of the far end (RFC 3323): "id", "id;user". With "id" or
	// "user" From is anonymous, too.
	Privacy string
	// Diversions tell whom the call was meant for before, the latest first (RFC 5806).
	// Of a Party URI, or User and Host, is needed.
	Diversions []Diversion
	// UserToUser is sent along as it is (RFC 7433): "hex data;encoding=hex".
	UserToUser string

	// Redirects is how many other targets may be tried that a far end names in a
	// 3xx, at most 5. 0: a 3xx is a refusal, whose *StatusError has them.
	Redirects int
	// AllowRedirect says whether such a target may be called; it is asked for each,
	// with its URI. nil allows no other host than the one that was called: who pays
	// for calls decides by number, too.
	AllowRedirect func(uri string) bool
}

var (
	errTooManyLegs = errors.New("dial: too many calls at once")
	errNoOffer     = errors.New("dial: no session description to offer")
)

// reserved header fields cannot be set by DialRequest.Headers.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route", "Record-Route",
	"Content-Length", "Content-Type", "Authorization", "Proxy-Authorization", "Require", "Supported", "Allow", "Replaces",
}

// Dial rings, and returns the leg that answered, acknowledged. progress, which may
// be nil, is called for each provisional response with its session description; it
// must not block. A refusal is a *StatusError; of several phones the one that says
// most counts. When ctx ends, ringing is cancelled at once, and a phone that
// answers all the same is hung up.
func (s *Server) Dial(ctx context.Context, r DialRequest, progress func(status int, sdp []byte)) (*Leg, error) {
	select {
	case <-s.ready:
	default:
		return nil, errors.New("dial: the SIP server does not run")
	}
	switch {
	case s.closed():
		return nil, ErrServerClosed
	case s.Stats().Legs >= s.cfg.MaxLegs:
		return nil, errTooManyLegs
	case len(r.Offer) == 0 && len(r.BrowserOffer) == 0:
		return nil, errNoOffer
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, &StatusError{Code: 408, Reason: "No answer"})
		defer cancel()
	}
	if progress == nil {
		progress = func(int, []byte) {}
	}
	servers, err := s.serversFor(ctx, &r)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	for i, server := range servers {
		r.Through = server
		heard := false
		l, err := s.dial(ctx, r, func(status int, sdp []byte) {
			heard = true
			progress(status, sdp)
		})
		if err == nil || heard || i == len(servers)-1 || ctx.Err() != nil || !unavailable(err) {
			return l, err
		}
	}
	return nil, errors.New("dial: no server") // there is always one
}

// dial is Dial by one server.
func (s *Server) dial(ctx context.Context, r DialRequest, progress func(int, []byte)) (*Leg, error) {
	forks, err := s.forks(ctx, &r)
	if err != nil {
		return nil, err
	}
	fields, err := s.dialFields(&r, forks[0].flow)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	d := &dialing{
		s: s, r: &r, progress: progress, forks: forks, fields: fields,
		rings: make(chan dialEvent, 16), finals: make(chan dialEvent, 3*len(forks)),
	}
	return d.run(ctx)
}

// dialing is one Dial.
type dialing struct {
	s        *Server
	r        *DialRequest
	progress func(int, []byte)
	forks    []*fork
	fields   []field        // that say more about the call
	tried    []string       // targets so far, once somebody has redirected us
	rings    chan dialEvent // provisional responses, as many as fit
	finals   chan dialEvent // the end of each INVITE; they always fit

	mu     sync.Mutex // guards what follows and the forks' state
	winner *Leg
	extra  []*Leg // answered too late
	given  bool   // nobody waits any more
}

type dialEvent struct {
	fork   *fork
	status int
	sdp    []byte
	res    *sip.Response
	err    error
}

// dialFields are the header fields that say more about the call.
func (s *Server) dialFields(r *DialRequest, f flow) ([]field, error) {
	host := s.cfg.Realm
	if host == "" {
		host, _ = s.contactHost(f)
	}
	out, err := r.identityFields(host)
	if err != nil {
		return nil, err
	}
	if r.Replaces != "" {
		id, ok := parseReplaces(r.Replaces)
		if !ok {
			return nil, fmt.Errorf("%q names no dialog to replace", clip(r.Replaces))
		}
		out = append(out, field{"Replaces", id.String()}, field{"Require", "replaces"})
	}
	for name, value := range r.Headers {
		long := cmp.Or(canonical[strings.ToLower(name)], name)
		if !isToken(name) || oneLine(value) != value || slices.ContainsFunc(reserved, func(n string) bool { return strings.EqualFold(n, long) }) {
			return nil, fmt.Errorf("header field %q cannot be set", name)
		}
		out = append(out, field{name, value})
	}
	return out, nil
}

// route reads the preloaded route set; hop is its first URI.
func (r *DialRequest) route() (routes []sip.Header, hop *sip.Uri, err error) {
	for _, v := range r.Route {
		u, err := hopURI(v)
		if err != nil {
			return nil, nil, err
		}
		if hop == nil {
			hop = u.Clone()
		}
		if !u.UriParams.Has("lr") {
			u.UriParams.Add("lr", "")
		}
		routes = append(routes, sip.NewHeader("Route", "<"+u.String()+">"))
	}
	if len(routes) > maxVia {
		return nil, nil, errors.New("too many routes")
	}
	return routes, hop, nil
}

// offerFor is what the phone at the end of a flow is offered.
func (r *DialRequest) offerFor(f flow) []byte {
	if isWebSocket(f.carrier) && len(r.BrowserOffer) > 0 {
		return r.BrowserOffer
	}
	return r.Offer
}

// forks finds where to ring.
func (s *Server) forks(ctx context.Context, r *DialRequest) ([]*fork, error) {
	routes, hop, err := r.route()
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	var forks []*fork
	add := func(u sip.Uri, f flow) *fork {
		k := &fork{target: u, to: u, flow: f, routes: routes, callID: sip.GenerateTagN(24), localTag: sip.GenerateTagN(12), seq: 1}
		k.offer = r.offerFor(f)
		forks = append(forks, k)
		return k
	}
	if agent, ok := strings.CutPrefix(r.To, "agent:"); ok {
		if s.registrar == nil {
			return nil, &StatusError{Code: 404, Reason: "No registrar"}
		}
		var failed error
		for _, b := range s.registrar.bindings(agent) {
			if b.Unreachable && len(forks) > 0 {
				break // they come last, and are rung when there is no other
			}
			f, err := s.bindingFlow(ctx, b)
			if err == nil && len(r.offerFor(f)) == 0 {
				err = errNoOffer
			}
			if err != nil {
				failed = err
				continue
			}
			k := add(b.target, f)
			k.agent, k.instance = agent, b.instance
			k.routes = append(b.routes(), k.routes...)
		}
		if len(forks) == 0 {
			if failed != nil {
				return nil, fmt.Errorf("ring agent %s: %w", agent, failed)
			}
			return nil, &StatusError{Code: 480, Reason: "Not registered"}
		}
		return forks, nil
	}
	var u sip.Uri
	if strings.ContainsAny(r.To, "<>\r\n\" ") {
		return nil, fmt.Errorf("dial: %q is no SIP URI", r.To)
	}
	if err := sip.ParseUri(r.To, &u); err != nil || badAddress(&u) || u.Raw() != "" {
		return nil, fmt.Errorf("dial: %q is no SIP URI", r.To)
	}
	next := u
	if r.Through != "" {
		if next, err = hopURI(r.Through); err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
	} else if hop != nil {
		next = *hop
	}
	if err := firstHop(&u, &next); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	f, err := s.flowFor(ctx, &next, flow{})
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if len(r.offerFor(f)) == 0 {
		return nil, errNoOffer
	}
	add(u, f)
	return forks, nil
}

// run rings all forks and waits for the first to answer.
func (d *dialing) run(ctx context.Context) (*Leg, error) {
	defer func() {
		for _, f := range d.forks {
			f.early.end(false)
		}
	}()
	open := 0
	var worst *StatusError
	var lost error
	for _, f := range d.forks {
		if err := d.invite(f); err != nil { //nolint:contextcheck // the transaction outlives ctx, to cancel it
			lost = err
			continue
		}
		open++
	}
	var impatient <-chan time.Time
	if d.r.Patience > 0 {
		timer := time.NewTimer(d.r.Patience)
		defer timer.Stop()
		impatient = timer.C
	}
	for open > 0 {
		select {
		case <-impatient:
			if d.heard() {
				continue
			}
			l := d.take()
			d.giveUp(callTimeout)
			if l != nil { // answered in this moment
				return l, nil
			}
			return nil, &StatusError{Code: 408, Reason: "No response"}
		case e := <-d.rings:
			d.progress(e.status, e.sdp)
		case e := <-d.finals:
			for len(d.rings) > 0 { // they came before
				e := <-d.rings
				d.progress(e.status, e.sdp)
			}
			switch {
			case e.err != nil && d.detour(ctx, e):
			case e.err != nil:
				lost = e.err
				if errors.Is(e.err, errTimeout) {
					worst = better(worst, &StatusError{Code: 408, Reason: "No response"})
				}
				open--
			case e.status < 300:
				l := d.take()
				d.giveUp(callElsewhere)
				return l, nil
			case d.again(e): //nolint:contextcheck // as above
			case d.detour(ctx, e):
			default:
				worst = better(worst, statusOf(e.res))
				open--
				if e.status >= 600 && open > 0 { // RFC 3261 section 16.7: nobody else is asked
					l := d.take()
					d.giveUp(reasonOf(worst))
					if l != nil { // answered in this moment
						return l, nil
					}
					return nil, worst
				}
			}
		case <-ctx.Done():
			reason := callGivenUp
			var st *StatusError
			if errors.As(context.Cause(ctx), &st) {
				reason = callTimeout
			}
			if l := d.take(); l != nil { // answered in this moment
				d.hangUp(l, reason) //nolint:contextcheck // ctx has ended
			}
			d.giveUp(reason)
			if st != nil {
				return nil, st
			}
			return nil, fmt.Errorf("dial: %w", context.Cause(ctx))
		}
	}
	if worst != nil {
		return nil, worst
	}
	return nil, fmt.Errorf("dial: %w", lost)
}

// Reasons of a CANCEL, or of a BYE after an answer that nobody waited for (RFC 3326).
const (
	callElsewhere = `SIP;cause=200;text="Call completed elsewhere"`
	callTimeout   = `SIP;cause=408;text="No answer"`
	callGivenUp   = `SIP;cause=487;text="The caller gave up"`
	callRefused   = `SIP;cause=503;text="Too many calls"`
)

func reasonOf(e *StatusError) string {
	return fmt.Sprintf("SIP;cause=%d;text=%q", e.Code, strings.Map(printable, e.Reason))
}

// better picks the refusal that tells the caller most (after RFC 3261 section 16.7).
func better(a, b *StatusError) *StatusError {
	rank := func(e *StatusError) int {
		switch {
		case e.Code >= 600:
			return 0
		case e.Code == 486:
			return 1
		case e.Code/100 == 4 && e.Code != 408 && e.Code != 480:
			return 2
		case e.Code/100 == 3:
			return 3
		case e.Code == 480:
			return 4
		case e.Code == 408:
			return 5
		}
		return 6
	}
	if a == nil || rank(b) < rank(a) {
		return b
	}
	return a
}
