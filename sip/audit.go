package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kinds of an AuditEvent.
const (
	AuditScanner     = "scanner"      // a program that searches for open servers
	AuditLoginFailed = "login_failed" // a wrong password, from an address that is real
	AuditUnknownUser = "unknown_user" // calls to numbers that nobody has
	AuditMalformed   = "malformed"    // more broken messages than a fault explains
	AuditFlood       = "flood"        // more requests than one source may send
	AuditHalfOpen    = "half_open"    // more calls that ring or are not acknowledged than there may be
	AuditConnections = "connections"  // more connections than one source may hold
	AuditBlocked     = "blocked"      // nothing is read from a source any more
	AuditUnblocked   = "unblocked"    // its time is over
	AuditTollFraud   = "toll_fraud"   // a call out that the policy forbids
)

// AuditEvent is something that an operator may have to answer for: who tried what.
type AuditEvent struct {
	At     time.Time    // of the first of Count
	Kind   string       // one of the Audit constants
	Source netip.Prefix // an IPv4 address or an IPv6 network of 64 bits; invalid: many
	User   string       // who was tried last, masked
	Detail string
	// Count is how many alike this stands for. The first is told at once, those of
	// the next minute together at its end.
	Count int
}

const (
	auditWindow = time.Minute
	auditKeys   = 1024 // sources and kinds counted apart; more are counted together
)

// auditor keeps a flood from being a flood of events. What is added is told by the
// goroutine that calls deliver, one at a time.
type auditor struct {
	tell func(AuditEvent)
	wake chan struct{} // something waits to be told

	mu    sync.Mutex
	open  map[auditKey]*auditCount
	ready []AuditEvent // to be told; as many as can be open, and as many again
}

type auditKey struct {
	kind   string
	source netip.Prefix
}

// auditCount is what came after an event that was told.
type auditCount struct {
	ends time.Time
	more AuditEvent // Count 0: nothing
}

func newAuditor(tell func(AuditEvent)) *auditor {
	return &auditor{tell: tell, wake: make(chan struct{}, 1), open: make(map[auditKey]*auditCount)}
}

// add tells e, or counts it when one alike was told within the last minute.
func (a *auditor) add(e AuditEvent) {
	if a.tell == nil {
		return
	}
	e.Count = max(1, e.Count)
	a.mu.Lock()
	defer a.mu.Unlock()
	key := auditKey{e.Kind, e.Source}
	c := a.open[key]
	if c == nil && len(a.open) >= auditKeys {
		key.source, e.Source = netip.Prefix{}, netip.Prefix{}
		c = a.open[key]
	}
	if c == nil && len(a.ready) < 2*auditKeys {
		a.open[key] = &auditCount{ends: e.At.Add(auditWindow)}
		a.ready = append(a.ready, e)
		select {
		case a.wake <- struct{}{}:
		default:
		}
		return
	}
	if c == nil {
		c = &auditCount{ends: e.At.Add(auditWindow)}
		a.open[key] = c
	}
	at, count := e.At, c.more.Count+e.Count
	if c.more.Count > 0 {
		at = c.more.At
	}
	c.more = e
	c.more.At, c.more.Count = at, count
}

// deliver tells what is ready, and what was counted and is a minute old, or all.
func (a *auditor) deliver(now time.Time, all bool) {
	if a.tell == nil {
		return
	}
	a.mu.Lock()
	due := a.ready
	a.ready = nil
	told := len(due)
	for k, c := range a.open {
		switch {
		case !all && now.Before(c.ends):
		case c.more.Count == 0:
			delete(a.open, k)
		default:
			due = append(due, c.more)
			c.more, c.ends = AuditEvent{}, now.Add(auditWindow)
		}
	}
	a.mu.Unlock()
	slices.SortFunc(due[told:], func(x, y AuditEvent) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Kind, y.Kind)) })
	for _, e := range due {
		a.tell(e)
	}
}

// maskUser leaves of a name or number what tells it apart without telling it.
func maskUser(user string) string {
	r := []rune(strings.Map(printable, user))
	if len(r) > 32 {
		r = r[:32]
	}
	switch n := len(r); {
	case n == 0:
		return ""
	case n <= 4:
		return string(r[:1]) + strings.Repeat("*", n-1)
	default:
		return string(r[:2]) + strings.Repeat("*", n-4) + string(r[n-2:])
	}
}

// Audit adds what a layer above has seen to what Config.Audit is told.
func (s *Server) Audit(e AuditEvent) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	s.sentry.audit.add(e)
}
