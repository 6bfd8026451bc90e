package call

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"hotline/media"
)

// Rate is the rule by which a call's outcome is told from what happened in it:
//
//   - transferred: a person took the call.
//   - abandoned: the caller left before anything was answered and before a wish
//     (callback, message) was taken: while the greeting or the ringing of an agent
//     played, or without having said anything.
//   - resolved: the last thing that the caller asked was answered, and nothing
//     that was asked afterwards was left open; or a wish was taken.
//   - unresolved: everything else.
func Rate(f Facts) Outcome {
	switch {
	case f.Bridged:
		return Transferred
	case f.WishTaken:
		return Resolved
	case f.WaitingForAgent && f.CallerLeft:
		return Abandoned
	case f.Asked == 0 && f.CallerLeft:
		return Abandoned
	case f.LastResolved:
		return Resolved
	default:
		return Unresolved
	}
}

// Facts are what Rate judges by.
type Facts struct {
	Asked           int  // turns in which the caller said or keyed something
	LastResolved    bool // the last such turn was answered
	WishTaken       bool // a callback, message or ticket was noted
	WaitingForAgent bool // the call ended while an agent was being rung
	Bridged         bool // a person took the call
	CallerLeft      bool // the caller ended it
}

// end fills in how a call ended.
func (r *Record) end(cause error, f Facts) {
	var left bool
	r.EndCause, left = EndCause(cause)
	if r.EndCause == "error" && cause != nil {
		r.Error = cause.Error()
	}
	var reason interface{ FarReason() string }
	if errors.As(cause, &reason) {
		r.EndReason = reason.FarReason()
		r.SIPStatus = reasonStatus(r.EndReason)
	}
	f.CallerLeft = left
	r.Outcome = Rate(f)
	if !r.AnsweredAt.IsZero() {
		return
	}
	var dial *DialError
	var agent *agentError
	var machine *notPersonError
	switch {
	case r.Direction != "outbound":
		if left {
			r.Outcome = Abandoned
			r.SIPStatus = cmp.Or(r.SIPStatus, 487) // what its INVITE was answered with
		}
	case errors.As(cause, &agent):
		r.Outcome, r.Error = Failed, cause.Error()
	case errors.As(cause, &machine):
		r.Outcome, r.EndReason = machine.unanswered(), machine.Error()
	case errors.As(cause, &dial):
		r.Outcome, r.SIPStatus = dial.Outcome, dial.Status
		if dial.Rule != "" {
			r.Error = dial.Rule + ": " + dial.Error()
		}
		if r.EndReason == "" {
			r.EndReason = dial.Error()
		}
	case r.EndCause == "error":
		r.Outcome = Failed
	default:
		r.Outcome = Cancelled
	}
}

// reasonStatus is the SIP status in a Reason header field (RFC 3326), 0 without one:
// `SIP;cause=200;text="Call completed elsewhere"`, perhaps beside one of Q.850.
func reasonStatus(reason string) int {
	for part := range strings.SplitSeq(reason, ",") {
		protocol, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(protocol), "SIP") {
			continue
		}
		for p := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if n, err := strconv.Atoi(value); err == nil && strings.EqualFold(name, "cause") && n >= 100 && n < 700 {
				return n
			}
		}
	}
	return 0
}

// quality is what the record keeps of a session's counters.
func quality(s *media.Session) Quality {
	st := s.Stats()
	return Quality{
		Security: string(st.Security),
		Received: st.Received, Sent: st.Sent, Lost: st.Lost, Late: st.Late, Concealed: st.Concealed,
		JitterMS: st.JitterMS, LossRate: st.LossRate,
		MOS: st.MOS, FarMOS: st.FarMOS, FarReports: st.FarReports, FarLossRate: st.FarLossRate, FarJitterMS: st.FarJitterMS,
		RoundTripMS: float64(st.RoundTrip.Microseconds()) / 1000,
	}
}
