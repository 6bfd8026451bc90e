package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// The subscription that a REFER makes (RFC 3515 section 2.4.4). It may outlive its
// call.

// keepReferral remembers an accepted referral: many phones hang up at once, and then
// ask for its reports all the same (RFC 5057 section 4.1).
func (s *Server) keepReferral(r *referral) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.referrals[r.leg.key()] = r
}

// referralOf finds the referral that a request belongs to whose call has ended.
func (s *Server) referralOf(req *sip.Request) *referral {
	localTag, _ := req.To().Params.Get("tag")
	remoteTag, _ := req.From().Params.Get("tag")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.referrals[legKey(req.CallID().Value(), localTag, remoteTag)]
}

// referral is the far end's, while it runs.
func (l *Leg) referral() *referral {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refers.theirs
}

// subscribe takes a SUBSCRIBE inside the dialog: the far end prolongs or ends its
// subscription to a referral (RFC 3515 section 2.4.4).
func (s *Server) subscribe(req *sip.Request, tx *serverTx, r *referral) {
	reply := func(status int, extra ...field) {
		s.reply(tx, req, status, reasonPhrase(status), extra...)
	}
	name, id := eventOf(req)
	if name != "refer" {
		reply(489, field{"Allow-Events", "refer"})
		return
	}
	if r == nil || id != r.id && id != strconv.FormatUint(uint64(r.req.CSeq().SeqNo), 10) {
		reply(481)
		return
	}
	r.mu.Lock()
	state, until := r.state, r.until
	if r.silent {
		state = referralOver
	}
	r.mu.Unlock()
	if state != referralAccepted {
		reply(481)
		return
	}
	expires := uint64(60)
	if h := req.GetHeader("Expires"); h != nil {
		expires, _ = strconv.ParseUint(h.Value(), 10, 32) // checked when it was read
	}
	// We may shorten what is asked, and never wait longer than our own limit.
	expires = min(expires, uint64(max(1, time.Until(until).Seconds())))
	reply(200, field{"Expires", strconv.FormatUint(expires, 10)})
	r.again(expires == 0)
}

// again tells the last state once more, and then nothing when the far end is leaving.
func (r *referral) again(leaving bool) {
	r.mu.Lock()
	n := r.last
	if leaving {
		n.ended = "timeout" // RFC 6665 section 4.1.2.3
	}
	start := r.queue(n)
	r.silent = r.silent || leaving
	r.mu.Unlock()
	if start {
		r.start()
	}
}

// eventOf is the package and the id of an Event.
func eventOf(req *sip.Request) (name, id string) {
	h := headerOf(req, "Event")
	if h == nil {
		return "", ""
	}
	name, params, _ := strings.Cut(h.Value(), ";")
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, "id") {
			id = strings.TrimSpace(v)
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), id
}
