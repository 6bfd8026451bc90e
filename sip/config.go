package sip

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Config configures a Server. The zero value listens on UDP and TCP port 5060.
type Config struct {
	// Listen holds entries NETWORK:HOST:PORT, like "udp:0.0.0.0:5060", "tcp::5060",
	// "tls:[::1]:5061". The networks are udp, tcp, tls, ws and wss; an address of one
	// family means that family alone, no address means all. See also
	// Server.WebSocket. Default: udp and tcp on port 5060 of all addresses.
	Listen []string
	// TLS holds the certificate for tls and wss, and in RootCAs who may sign those of
	// far ends that we connect to. Default: none, and the system's authorities.
	TLS *tls.Config
	// Origins are the pages that may connect to ws and wss listeners, as
	// Server.WebSocket has them. Default: those of the same host.
	Origins []string
	// Resolver finds far ends by the names of their domains. Default: the system's.
	Resolver *net.Resolver
	// PublicAddr is the address (HOST or HOST:PORT) that far ends reach us by when
	// a NAT lies between; it is shown in Contact, Via and, by Leg.LocalIP, in SDP. A
	// port counts for udp and tcp. Default: the local address of the route to the far
	// end.
	PublicAddr string
	// MediaAddr is shown by Leg.LocalIP instead of PublicAddr, for sound that comes in
	// by another address.
	MediaAddr netip.Addr
	// LocalNetworks are on our side of that NAT: who is seen with such an address is
	// shown our own. nil: the private and local networks (RFC 1918, RFC 3927, RFC
	// 4193); empty: none.
	LocalNetworks []netip.Prefix
	// UserAgent is shown in User-Agent and Server. Default "hotline".
	UserAgent string
	// Realm is the domain we call ourselves in From and, when the Registrar names
	// none, in challenges. Default: the local address in From.
	Realm string

	// MaxLegs bounds the legs at once; more INVITEs are refused with 503.
	// Default 2000.
	MaxLegs int
	// MaxTransactions bounds the requests that are remembered, each for 64 T1, to
	// answer them alike when they come again. Beyond it calls are refused with 503
	// and other requests are answered without being remembered. Default 200,000.
	MaxTransactions int
	// MaxConnections bounds the stream connections at once. Default 2000.
	MaxConnections int
	// MaxMessage bounds one message, in octets. Default 65535.
	MaxMessage int
	// MessageTimeout bounds the time that a connection may take to deliver one
	// message, from its first octet. Default 10 s.
	MessageTimeout time.Duration
	// IdleTimeout closes a connection that has been silent for so long; one that
	// never sent a message is closed after MessageTimeout. Default 2 h.
	IdleTimeout time.Duration
	// T1 is RFC 3261's estimate of the round-trip time, from which all SIP timers
	// derive: raise it for satellite links. Default 500 ms.
	T1 time.Duration
	// Reliable says which provisional responses are sent reliably (RFC 3262).
	// Default ReliableSupported.
	Reliable Reliable
	// SessionExpires is the interval of session timers (RFC 4028) that we ask for and
	// the longest that we agree to; below 0 there are none. Default 30 min.
	SessionExpires time.Duration
	// MinSE is the shortest interval of session timers that a far end may ask for.
	// Default, and the least that RFC 4028 allows: 90 s.
	MinSE time.Duration
	// CheckCalls is how long a far end may say nothing inside a call before it is asked
	// whether it is still there, see presence.go; below 0 it never is. Default 3 min.
	CheckCalls time.Duration
	// OfferByUpdate has Leg.Reoffer send an UPDATE instead of a re-INVITE to far ends
	// that take it. RFC 3311 section 5.1 recommends the re-INVITE. Default false.
	OfferByUpdate bool
	// RetryAfter is what callers are told when they are refused for load or
	// draining. Default 10 s.
	RetryAfter time.Duration
	// ReferTimeout is how long a transfer (REFER) may take from being accepted to its
	// next report, whoever asked for it. Default 3 min.
	ReferTimeout time.Duration
	// TrustedIdentity are the networks that may tell who calls: an outbound proxy,
	// a PBX. See Leg.Identity and Server.TrustIdentity.
	TrustedIdentity []netip.Prefix

	// Admit is asked before each new call; false refuses it with 503 and that time
	// in Retry-After (0: RetryAfter). OPTIONS is answered alike. It is called from
	// reading goroutines and must not block. nil admits all.
	Admit func(ctx context.Context) (retryAfter time.Duration, ok bool)
	// Guard bounds what one source may ask.
	Guard GuardConfig
	// Audit is told who tried what; one call at a time. nil: nobody is told.
	Audit func(AuditEvent)
}

func (c *Config) fill() error {
	if len(c.Listen) == 0 {
		c.Listen = []string{"udp::5060", "tcp::5060"}
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.LocalNetworks == nil {
		c.LocalNetworks = privateNetworks()
	}
	c.UserAgent = cmp.Or(c.UserAgent, "hotline")
	c.MaxLegs = cmp.Or(c.MaxLegs, 2000)
	c.MaxTransactions = cmp.Or(c.MaxTransactions, 200_000)
	c.MaxConnections = cmp.Or(c.MaxConnections, 2000)
	c.MaxMessage = cmp.Or(c.MaxMessage, 65535)
	c.MessageTimeout = cmp.Or(c.MessageTimeout, 10*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 2*time.Hour)
	c.T1 = cmp.Or(c.T1, 500*time.Millisecond)
	c.ReferTimeout = cmp.Or(c.ReferTimeout, 3*time.Minute)
	c.CheckCalls = cmp.Or(c.CheckCalls, 3*time.Minute)
	c.RetryAfter = cmp.Or(c.RetryAfter, 10*time.Second)
	switch c.Reliable = cmp.Or(c.Reliable, ReliableSupported); c.Reliable {
	case ReliableSupported, ReliableRequired, ReliableOff:
	default:
		return fmt.Errorf("sip: reliable provisional responses are %q; want supported, required or off", c.Reliable)
	}
	if err := c.fillSession(); err != nil {
		return err
	}
	if strings.ContainsAny(c.UserAgent+c.Realm, "\r\n\"") {
		return errors.New("sip user agent and realm must be one line without quotes")
	}
	return nil
}

// public splits PublicAddr; port 0 means the port we listen on.
func (c *Config) public() (host string, port uint16, err error) {
	if c.PublicAddr == "" {
		return "", 0, nil
	}
	host, p, noPort := net.SplitHostPort(c.PublicAddr)
	if noPort != nil {
		host, p = strings.Trim(c.PublicAddr, "[]"), "0"
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || host == "" || strings.ContainsAny(host, " <>;@\r\n") {
		return "", 0, fmt.Errorf("sip public address %q: want HOST or HOST:PORT", c.PublicAddr)
	}
	return host, uint16(n), nil
}

// Causes of a Leg's Context. They may be wrapped in an *EndError that keeps the
// Reason header.
var (
	ErrBye          error = &departure{"the far end hung up", true}
	ErrCancelled    error = &departure{"the caller gave up before the answer", true}
	ErrTransport    error = &departure{"the far end can no longer be reached", false}
	ErrServerClosed       = errors.New("the SIP server is closed")
	ErrHungUp             = errors.New("hung up by us")
)

// departure is how a far end left.
type departure struct {
	text  string
	meant bool
}

func (d *departure) Error() string { return d.text }

// CallerGone tells whether the far end left of its own will.
func (d *departure) CallerGone() bool { return d.meant }

// EndError is a cause of a Leg's end with what the far end said about it.
type EndError struct {
	Err    error  // ErrBye or ErrCancelled
	Reason string // its Reason header (RFC 3326): `Q.850;cause=16;text="..."`
}

func (e *EndError) Error() string { return e.Err.Error() + " (" + e.Reason + ")" }

// FarReason is what the far end said about it.
func (e *EndError) FarReason() string { return e.Reason }

// Unwrap makes errors.Is find the sentinel.
func (e *EndError) Unwrap() error { return e.Err }

func endCause(err error, reason string) error {
	if reason == "" {
		return err
	}
	return &EndError{Err: err, Reason: reason}
}

// StatusError is a refusal by the far end.
type StatusError struct {
	Code   int
	Reason string // reason phrase
	// RetryAfter is what the far end asked for, 0 when it did not.
	RetryAfter time.Duration
	// Why is the Reason header field (RFC 3326; in responses RFC 6432): the telephone
	// network's cause, `Q.850;cause=1`.
	Why string
	// Contacts are the other targets that a 3xx names, the most wanted first.
	Contacts []string

	minSE time.Duration // of a 422
}

func (e *StatusError) Error() string {
	return "refused with " + strconv.Itoa(e.Code) + " " + e.Reason
}

// Status is the SIP status code.
func (e *StatusError) Status() int { return e.Code }

// FarReason is what the far end said about it.
func (e *StatusError) FarReason() string { return e.Why }

// Party is one end of a call as its messages name it.
type Party struct {
	Name string // display name, may be empty
	User string // user part of the URI: a number, mostly
	Host string
	URI  string
}

// Credentials answer a digest challenge.
type Credentials struct{ User, Password string }
