package sip

import (
	"context"
	"strconv"
	"time"
)

// Admission. A call that is not admitted costs a 503 with Retry-After and nothing
// else: it is refused before a leg exists, and calls in progress are never touched.

// admission tells whether a new call may begin, and if not when to try again.
func (s *Server) admission() (retryAfter time.Duration, ok bool) {
	if s.draining.Load() {
		return s.cfg.RetryAfter, false
	}
	if s.cfg.Admit == nil {
		return 0, true
	}
	ctx := s.base
	if ctx == nil {
		ctx = context.Background()
	}
	return s.cfg.Admit(ctx)
}

// retryAfter is the header field that tells when to try again.
func (s *Server) retryAfter() field { return s.retryIn(0) }

// retryIn is the same for a wait; 0 means Config.RetryAfter.
func (s *Server) retryIn(wait time.Duration) field {
	if wait <= 0 {
		wait = s.cfg.RetryAfter
	}
	// RFC 3261 section 20.33 counts whole seconds.
	return field{"Retry-After", strconv.Itoa(max(1, int((wait + time.Second - 1).Seconds())))}
}
