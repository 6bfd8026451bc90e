package sip

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Contact is one phone of an agent.
type Contact struct {
	User      string
	URI       string
	Network   string         // "udp", "tcp", "tls", "ws", "wss"
	Source    netip.AddrPort // where its REGISTER came from
	UserAgent string
	Expires   time.Time
	Q         float64
	// Path are the proxies between us and the phone, the nearest first (RFC 3327).
	Path []string
	// Unreachable tells that it used to answer our pings and does no more.
	Unreachable bool
	// RoundTrip is how long its answer to the last ping took; 0 when it gave none.
	RoundTrip time.Duration
}

// binding is a Contact with what is needed to reach it.
type binding struct {
	Contact

	target   sip.Uri
	flow     flow
	owner    *Server // whose flow that is
	instance string  // +sip.instance (RFC 5626 section 4.1), may be empty
	regID    string  // reg-id, likewise
	callID   string
	seq      uint32
	pulse    *pulse // what is known by pings; the Registrar's mutex guards it
}

// same tells that a REGISTER means this phone: it has the same contact, or is
// another flow's successor of the same instance (RFC 5626 section 6). Two phones
// behind two NATs may have the same private address, and their instances differ.
func (b *binding) same(o *binding) bool {
	if b.instance != "" && o.instance != "" {
		if b.instance != o.instance {
			return false
		}
		if b.regID != "" && b.regID == o.regID {
			return true
		}
	}
	return sameURI(&b.target, &o.target)
}

// behindNAT tells that the phone's own address is not where it was seen.
func (b *binding) behindNAT() bool {
	ip, err := netip.ParseAddr(strings.Trim(b.target.Host, "[]"))
	if err != nil {
		return strings.HasSuffix(b.target.Host, ".invalid")
	}
	return ip.Unmap() != b.Source.Addr() || b.target.Port != 0 && b.target.Port != int(b.Source.Port())
}

// needs tells that the phone can be reached by that connection alone: nobody can
// connect to a browser, nor through a NAT, and few phones have a certificate.
func (b *binding) needs(c carrier) bool {
	return b.flow.carrier == c && len(b.Path) == 0 && (isWebSocket(c) || c.network() == "tls" || b.behindNAT())
}

// routes are the Route header fields of requests to the phone (RFC 3327 section
// 5.1).
func (b *binding) routes() []sip.Header {
	var out []sip.Header
	for _, p := range b.Path {
		out = append(out, sip.NewHeader("Route", p))
	}
	return out
}

// bindingFlow is the way to a phone: where its REGISTER came from, or, when that
// connection is gone, a new one to its Contact or to the first proxy of its path.
func (s *Server) bindingFlow(ctx context.Context, b binding) (flow, error) {
	if isWebSocket(b.flow.carrier) && (len(b.Path) == 0 || b.flow.carrier.alive()) {
		return b.flow, nil // the only way there ever is
	}
	stays := b.flow.carrier.alive() && b.owner == s
	if b.target.IsEncrypted() && !b.flow.encrypts() && len(b.Path) == 0 && !s.isLocal(b.Source.Addr()) {
		return s.flowFor(ctx, &b.target, flow{}) // it came in the clear and wants TLS
	}
	if stays && b.flow.carrier.reliable() {
		return b.flow, nil
	}
	if len(b.Path) > 0 {
		var first sip.Uri
		if _, err := sip.ParseAddressValue(b.Path[0], &first, nil); err == nil {
			return s.flowFor(ctx, &first, b.flow)
		}
	}
	if stays && b.behindNAT() {
		return b.flow, nil
	}
	return s.flowFor(ctx, &b.target, b.flow)
}

// stays tells that a phone which names a contact is reached where its messages come
// from and not at that contact: that is how it is registered.
func (r *Registrar) stays(user string, contact *sip.Uri, f flow) bool {
	for _, b := range r.bindings(user) {
		if sameURI(&b.target, contact) {
			return b.Source == f.remote && len(b.Path) == 0 && b.behindNAT()
		}
	}
	return false
}
