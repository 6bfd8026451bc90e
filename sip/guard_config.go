package sip

import (
	"cmp"
	"net/netip"
	"time"
)

// Rate is how often something may happen.
type Rate struct {
	PerSecond float64 // in the long run
	Burst     int     // at once, after a time of rest
}

// GuardConfig bounds what one source, an IPv4 address or an IPv6 network of 64
// bits, may ask of a Server. The zero value is useful.
//
// A source is known while one of its phones is registered, when it has acknowledged
// a call or answered a request of ours within KnownTime, or when it is this machine.
// None of these can be had by forging the source of a datagram: each shows that the
// far end has read what we sent there. A known source is never blocked and may send
// twenty times the rates below; what is wrong is refused message by message. So
// nobody can lock a phone or a carrier out by sending in its name. Only sources that
// have given no such proof are blocked.
type GuardConfig struct {
	// Trusted are the networks of carriers, proxies and the like: neither rates nor
	// blocks apply there. Their messages are read as critically as all others.
	Trusted []netip.Prefix
	// Scanners are parts of a User-Agent, in any case, of programs that search for
	// open servers: what they send is not answered. nil means DefaultScanners.
	Scanners []string
	Invites  Rate // calls begun; default 100/s, 500 at once
	// Registers default to 20/s and 100 at once, Options to 10/s and 50, Others
	// (requests outside any call) to 20/s and 100.
	Registers, Options, Others Rate
	Malformed                  Rate // default 5/s, 50 at once
	// All bounds what is parsed of all sources together, trusted ones included, beside
	// the messages of calls in progress, which always are. One source may use three
	// quarters of it, all that are not known together one. Default 2,000/s for each
	// processor, and as many at once.
	All          Rate
	UnknownUsers Rate // calls to numbers that nobody has; default 0.5/s, 30 at once
	// Logins are failed log-ins. More are refused without looking at the password,
	// except of phones that are registered from there. Default 0.2/s, 10 at once.
	Logins Rate
	// BlockTime is how long nothing is read from a source; it doubles each time, up
	// to an hour. Default 1 min.
	BlockTime time.Duration
	// KnownTime is how long a proof counts. Default 24 h.
	KnownTime time.Duration
	// MaxSources bounds the sources remembered: as many known ones or blocked ones
	// as others. Default 16,384 each.
	MaxSources int
	// HalfOpen bounds the calls of one source that ring or wait for their ACK; a known
	// source may have twenty times as many. HalfOpenAll bounds those of all sources,
	// of which such that are not known may have half. More are refused with 503.
	// Trusted sources are neither counted nor refused. Default 50 and 500.
	HalfOpen, HalfOpenAll int
	// MaxConnections bounds the stream connections of one source that is not known.
	// Default 200.
	MaxConnections int
}

func (c *GuardConfig) fill() {
	if c.Scanners == nil {
		c.Scanners = DefaultScanners()
	}
	for _, r := range []struct {
		rate *Rate
		std  Rate
	}{
		{&c.Invites, Rate{100, 500}},
		{&c.Registers, Rate{20, 100}},
		{&c.Options, Rate{10, 50}},
		{&c.Others, Rate{20, 100}},
		{&c.Malformed, Rate{5, 50}},
		{&c.All, allRate()},
		{&c.UnknownUsers, Rate{0.5, 30}},
		{&c.Logins, Rate{0.2, 10}},
	} {
		if *r.rate == (Rate{}) {
			*r.rate = r.std
		}
	}
	c.BlockTime = cmp.Or(c.BlockTime, time.Minute)
	c.KnownTime = cmp.Or(c.KnownTime, 24*time.Hour)
	c.MaxSources = cmp.Or(c.MaxSources, 16_384)
	c.HalfOpen = cmp.Or(c.HalfOpen, 50)
	c.HalfOpenAll = cmp.Or(c.HalfOpenAll, 500)
	c.MaxConnections = cmp.Or(c.MaxConnections, 200)
}

// DefaultScanners are programs whose only use on a telephone server is to look for
// a way in.
func DefaultScanners() []string {
	return []string{
		"friendly-scanner", "friendly-request", "sipvicious", "sipcli", "sip-scan", "sipscan", "sundayddr", "pplsip", "vaxsipuseragent",
		"vaxasip", "iwar", "sivus", "smap", "siparmyknife", "svmap", "svwar", "svcrack", "eyebeam-scan", "nmap", "masscan", "zgrab",
	}
}
