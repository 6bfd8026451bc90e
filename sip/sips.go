package sip

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A sips: URI wants TLS on every hop (RFC 3261 sections 19.1 and 26.2.2, RFC 5630).

// encrypts tells whether messages on a flow cannot be read on their way.
func (f flow) encrypts() bool {
	n := f.carrier.network()
	return n == "tls" || n == "wss"
}

// exposed refuses a request for a sips: URI that came in the clear. A proxy of our own
// that takes TLS from outside and passes messages on inside, with the URI that it got,
// is no such hop: within its domain each decides for itself (section 26.2.2).
func (s *Server) exposed(req *sip.Request, f flow) *malformed {
	if !req.Recipient.IsEncrypted() || f.encrypts() || s.isLocal(f.remote.Addr()) {
		return nil
	}
	host, _ := s.contactHost(f)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return &malformed{status: 480, reason: "Temporarily Unavailable", extra: []field{{"Warning", "380 " + host + ` "SIPS Not Allowed"`}}} // RFC 5630 section 5.1.2, as proxies by 5.3
}

// secured makes a Contact a sips: URI where the other end has one (RFC 3261 sections
// 8.1.1.8 and 12.1.1).
func secured(c *sip.ContactHeader, f flow, wanted bool) *sip.ContactHeader {
	if !wanted || !f.encrypts() || c.Address.Scheme == "sips" {
		return c
	}
	c.Address.Scheme = "sips"
	if f.carrier.network() == "tls" { // else transport=ws stays (RFC 7118 section 5.2)
		c.Address.UriParams = nil
	}
	return c
}

// isSIPS tells whether a leg's dialog began with a sips: URI: in the INVITE, in the
// first Record-Route, or in the far end's Contact (RFC 3261 section 12.1.1). The caller
// holds l.mu.
func (l *Leg) isSIPS() bool {
	if l.invite.Recipient.IsEncrypted() || l.target.IsEncrypted() {
		return true
	}
	return len(l.routes) > 0 && strings.Contains(strings.ToLower(l.routes[0].Value()), "<sips:")
}

// firstHop makes the next hop of a call to a sips: URI one over TLS (RFC 3261 section
// 8.1.2).
func firstHop(target, hop *sip.Uri) error {
	if !target.IsEncrypted() || hop.IsEncrypted() {
		return nil
	}
	switch network, _ := hop.UriParams.Get("transport"); strings.ToLower(network) {
	case "tls":
	case "":
		hop.Scheme = "sips"
	default:
		return fmt.Errorf("a sips: URI wants TLS on each hop, and the proxy %s is reached without: give it transport=tls, or call the sip: URI", hop.String())
	}
	return nil
}
