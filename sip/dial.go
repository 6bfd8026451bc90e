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
	Auth     *Credentials      // answer to a digest challenge
	Timeout  time.Duration     // of ringing; 0: as long as ctx
	// Through is the next hop, a SIP URI, when that is not where To points. It is
	// not shown in a Route.
	Through string
	// Patience is how long the far end may take to its first response, were it 100;
	// then the error is a *StatusError of 408. Default: 64 T1.
	Patience time.Duration
}

var errTooManyLegs = errors.New("dial: too many calls at once")

// reserved header fields cannot be set by DialRequest.Headers.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route", "Record-Route",
	"Content-Length", "Content-Type", "Authorization", "Proxy-Authorization", "Require", "Supported", "Allow",
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
	case len(r.Offer) == 0:
		return nil, errors.New("dial: no session description to offer")
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, &StatusError{Code: 408, Reason: "No answer"})
		defer cancel()
	}
	if progress == nil {
		progress = func(int, []byte) {}
	}
	forks, err := s.forks(ctx, &r)
	if err != nil {
		return nil, err
	}
	d := &dialing{
		s: s, r: &r, progress: progress, forks: forks,
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

// forks finds where to ring.
func (s *Server) forks(ctx context.Context, r *DialRequest) ([]*fork, error) {
	for name, value := range r.Headers {
		long := cmp.Or(canonical[strings.ToLower(name)], name)
		if !isToken(name) || oneLine(value) != value || slices.Contains(reserved, long) {
			return nil, fmt.Errorf("dial: header field %q cannot be set", name)
		}
	}
	var forks []*fork
	add := func(u sip.Uri, f flow) *fork {
		forks = append(forks, &fork{target: u, flow: f, callID: sip.GenerateTagN(24), localTag: sip.GenerateTagN(12), seq: 1})
		return forks[len(forks)-1]
	}
	if agent, ok := strings.CutPrefix(r.To, "agent:"); ok {
		if s.registrar == nil {
			return nil, &StatusError{Code: 404, Reason: "No registrar"}
		}
		var failed error
		for _, b := range s.registrar.bindings(agent) {
			f, err := s.bindingFlow(ctx, b)
			if err != nil {
				failed = err
				continue
			}
			k := add(b.target, f)
			k.agent, k.instance = agent, b.instance
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
		var err error
		if next, err = hopURI(r.Through); err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
	}
	f, err := s.flowFor(ctx, &next, flow{})
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	add(u, f)
	return forks, nil
}

// run rings all forks and waits for the first to answer.
func (d *dialing) run(ctx context.Context) (*Leg, error) {
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
			d.giveUp("")
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
			case e.err != nil:
				lost = e.err
				if errors.Is(e.err, errTimeout) {
					worst = better(worst, &StatusError{Code: 408, Reason: "No response"})
				}
				open--
			case e.status < 300:
				l := d.take()
				d.giveUp("SIP;cause=200;text=\"Call completed elsewhere\"") // RFC 3326
				return l, nil
			case d.again(e): //nolint:contextcheck // as above
			default:
				worst = better(worst, statusOf(e.res))
				open--
				if e.status >= 600 && open > 0 { // RFC 3261 section 16.7: nobody else is asked
					d.giveUp("")
					return nil, worst
				}
			}
		case <-ctx.Done():
			if l := d.take(); l != nil { // answered in this moment
				d.hangUp(l) //nolint:contextcheck // ctx has ended
			}
			d.giveUp("")
			var st *StatusError
			if errors.As(context.Cause(ctx), &st) {
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

