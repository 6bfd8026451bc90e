package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// ErrReplaced is the cause of the end of a leg that another one has taken over from
// (Leg.TakeOver).
var ErrReplaced = errors.New("replaced by another call of the far end")

// dialogID names a dialog as the one who is asked sees it: toTag is its own
// (RFC 3891 section 6.1).
type dialogID struct {
	callID, toTag, fromTag string
	early                  bool // early-only
}

const maxReplaces = 512 // octets of a Replaces value

// parseReplaces reads "callid;to-tag=x;from-tag=y;early-only".
func parseReplaces(v string) (dialogID, bool) {
	var d dialogID
	if len(v) > maxReplaces {
		return d, false
	}
	callID, params, _ := strings.Cut(v, ";")
	d.callID = strings.Trim(callID, " \t")
	var to, from int
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		value = strings.Trim(value, " \t")
		switch strings.ToLower(strings.Trim(name, " \t")) {
		case "to-tag":
			d.toTag = value
			to++
		case "from-tag":
			d.fromTag = value
			from++
		case "early-only":
			d.early = true
		}
	}
	ok := isCallID(d.callID) && to == 1 && from == 1 && isToken(d.toTag) && isToken(d.fromTag)
	return d, ok
}

// isCallID is RFC 3261's callid: word [ "@" word ].
func isCallID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || c == ';' || c == ',' {
			return false
		}
	}
	return s != ""
}

func (d dialogID) String() string {
	v := d.callID + ";to-tag=" + d.toTag + ";from-tag=" + d.fromTag
	if d.early {
		v += ";early-only"
	}
	return v
}

// escaped is the value as a URI carries it (RFC 3261 section 19.1.1).
func (d dialogID) escaped() string {
	return strings.ReplaceAll(url.QueryEscape(d.String()), "+", "%20")
}

// theirs names the dialog of a leg as its far end has to be told.
func (l *Leg) theirs() dialogID {
	return dialogID{callID: l.callID, toTag: l.remoteTag, fromTag: l.localTag}
}

// find looks up the leg of ours that a dialog id names.
func (s *Server) find(d dialogID) *Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.legs[legKey(d.callID, d.toTag, d.fromTag)]
	if l == nil && d.fromTag == "0" { // RFC 3891 section 3: for RFC 2543's missing tag
		l = s.legs[legKey(d.callID, d.toTag, "")]
	}
	return l
}

// replacing finds the leg that an INVITE is to replace (RFC 3891 section 3); nil
// when it replaces none.
func (s *Server) replacing(req *sip.Request, f flow) (*Leg, *malformed) {
	hs := req.GetHeaders("Replaces")
	if len(hs) == 0 {
		return nil, nil
	}
	d, ok := parseReplaces(hs[0].Value())
	if !ok || len(hs) > 1 || req.GetHeader("Join") != nil {
		return nil, &malformed{status: 400, reason: "Bad Replaces"}
	}
	old := s.find(d)
	if old == nil {
		return nil, &malformed{status: 481, reason: reasonPhrase(481)}
	}
	old.mu.Lock()
	state := old.state
	old.mu.Unlock()
	switch {
	case !s.mayReplace(old, f, userOf(&req.From().Address)):
		// RFC 3891 section 5: who merely knows the tags must not take a call away.
		s.log.Warn("sip_replaces_refused", "call_id", old.callID, "source", f.remote.String())
		return nil, &malformed{status: 403, reason: reasonPhrase(403)}
	case state == legEnded:
		return nil, &malformed{status: 603, reason: reasonPhrase(603)}
	case state == legEarly: // it rings here, and not by our doing
		return nil, &malformed{status: 481, reason: reasonPhrase(481)}
	case d.early:
		return nil, &malformed{status: 486, reason: reasonPhrase(486)}
	}
	return old, nil
}

// mayReplace is the rule by which a leg may be taken over: by who speaks from the
// address of its far end (the same phone, PBX or proxy), or by a phone that has
// logged in as the agent that its From names, from where it logged in.
func (s *Server) mayReplace(old *Leg, f flow, user string) bool {
	if sameHost(old.RemoteAddr(), f.remote) {
		return true
	}
	if s.registrar == nil {
		return false
	}
	for _, c := range s.registrar.Contacts(user) {
		if sameHost(c.Source, f.remote) {
			return true
		}
	}
	return false
}

func sameHost(a, b netip.AddrPort) bool { return a.Addr().Unmap() == b.Addr().Unmap() }

// Replaces is the leg that an inbound leg wants to take over from, as the last step
// of an attended transfer; nil for other calls. The Handler decides: TakeOver does
// it, Reject refuses, Answer takes a second call.
func (l *Leg) Replaces() *Leg { return l.replaces }

// TakeOver answers an inbound leg with our session description, like Answer, and
// then hangs up the leg that it replaces, whose Context ends with ErrReplaced. A leg
// can be replaced once; when it has ended meanwhile the call is refused with 603.
func (l *Leg) TakeOver(ctx context.Context, sdp []byte) error {
	old := l.replaces
	if old == nil {
		return errors.New("sip: the leg replaces none")
	}
	old.mu.Lock()
	free := !old.taken && old.state != legEnded
	old.taken = old.taken || free
	old.mu.Unlock()
	if !free {
		_ = l.Reject(ctx, 603, "")
		return errors.New("sip: the leg to be replaced has ended or is taken already")
	}
	if err := l.Answer(ctx, sdp); err != nil {
		old.mu.Lock()
		old.taken = false
		old.mu.Unlock()
		return fmt.Errorf("take over: %w", err)
	}
	old.SetReason("SIP", 200, "Replaced")
	l.s.spawn(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.s.tx.timers.longest())
		defer cancel()
		old.cancel(ErrReplaced)
		_ = old.Hangup(ctx)
	})
	return nil
}
