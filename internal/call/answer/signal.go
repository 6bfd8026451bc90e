package answer

import (
	"strconv"
	"strings"
)

// code is what a SIP status or a Q.850 cause says.
type code struct {
	who    Who
	notice Notice
}

// ofStatus is what a final response to our INVITE says (RFC 3261 section 21).
func ofStatus(status int) code {
	switch status {
	case 404, 410, 484, 485, 604:
		return code{Failed, InvalidNumber}
	case 408, 487:
		return code{NoAnswer, ""}
	case 480:
		return code{NoAnswer, Unreachable}
	case 486, 600:
		return code{Busy, ""}
	case 603, 607, 608: // RFC 8197, RFC 8688
		return code{Busy, Declined}
	case 403, 433:
		return code{Failed, IncomingBarred}
	case 503:
		return code{Failed, CircuitsBusy}
	default:
		return code{Failed, ""}
	}
}

// ofCause is what a cause of Q.850 says; ok is false for one that says nothing more
// than the status does.
func ofCause(cause int) (c code, ok bool) {
	switch cause {
	case 1, 2, 3, 22, 28:
		return code{Failed, InvalidNumber}, true
	case 17:
		return code{Busy, ""}, true
	case 18, 19:
		return code{NoAnswer, ""}, true
	case 20: // subscriber absent
		return code{NoAnswer, Unreachable}, true
	case 21:
		return code{Busy, Declined}, true
	case 27, 38:
		return code{Failed, Unreachable}, true
	case 34, 41, 42, 44, 47:
		return code{Failed, CircuitsBusy}, true
	case 50, 55, 57:
		return code{Failed, IncomingBarred}, true
	}
	return code{}, false
}

// causeOf is the Q.850 cause in a Reason header field (RFC 3326), 0 without one:
// `Q.850;cause=17;text="User busy"`, perhaps beside one of SIP.
func causeOf(reason string) int {
	for part := range strings.SplitSeq(reason, ",") {
		protocol, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			continue
		}
		for p := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.EqualFold(name, "cause") && n > 0 && n < 128 {
				return n
			}
		}
	}
	return 0
}
