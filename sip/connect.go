package sip

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

const connectTime = 5 * time.Second

// peer is the far end of stream connections that requests may go over.
type peer struct {
	network string
	addr    netip.AddrPort
	name    string // TLS: whom its certificate was checked for (RFC 5922 section 4)
}

// flowTo finds a way to an address, or connects there. name is the host that TLS
// must prove to be.
func (t *transport) flowTo(ctx context.Context, network string, to netip.AddrPort, name string) (flow, error) {
	to = unmapped(to)
	switch network {
	case "udp":
		if p := t.socketFor(to.Addr(), func() netip.Addr { return routeTo(to) }); p != nil {
			return flow{p, to}, nil
		}
		return flow{}, fmt.Errorf("no UDP socket that reaches %s: add one to the listen addresses", to)
	case "tcp":
		name = ""
	case "tls":
	default:
		return flow{}, fmt.Errorf("sip: no transport %q to %s", network, to)
	}
	far := peer{network, to, name}
	t.mu.Lock()
	c := t.peers[far]
	t.mu.Unlock()
	if c != nil && c.alive() {
		return flow{c, to}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	d := net.Dialer{KeepAlive: 30 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return flow{}, fmt.Errorf("connect for SIP: %w", err)
	}
	if network == "tls" {
		if conn, err = t.shakeHands(ctx, conn, far); err != nil {
			return flow{}, err
		}
	}
	if c, err = t.adopt(conn, far, true); err != nil { //nolint:contextcheck // the connection outlives ctx
		return flow{}, err
	}
	return flow{c, to}, nil
}

// shakeHands begins TLS on a connection of ours and checks who is there.
func (t *transport) shakeHands(ctx context.Context, raw net.Conn, far peer) (net.Conn, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.tls != nil {
		cfg = t.tls.Clone()
	}
	cfg.ServerName = far.name
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("connect for SIP over TLS to %s at %s: %s%w", far.name, far.addr, tlsAdvice(err), err)
	}
	return conn, nil
}

// tlsAdvice says what an operator can do about a handshake that failed.
func tlsAdvice(err error) string {
	var (
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &host):
		return "the certificate belongs to another name, use that one: "
	case errors.As(err, &unknown):
		return "nobody we trust has signed the certificate, name its authority's file in sip.tls_ca: "
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate is out of date, or our clock is wrong: "
	case errors.As(err, &record):
		return "no TLS is spoken there, check the port: "
	default:
		return ""
	}
}

// routeTo is our address on the way to a far end; the invalid one without a way.
func routeTo(to netip.AddrPort) netip.Addr {
	// Connecting a UDP socket sends nothing; the kernel only picks the route.
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = conn.Close() }()
	return addrPort(conn.LocalAddr()).Addr()
}

// flowFor resolves a URI (RFC 3263) and finds a way there. current
// is preferred when it leads there.
func (s *Server) flowFor(ctx context.Context, u *sip.Uri, current flow) (flow, error) {
	host := strings.Trim(u.Host, "[]")
	if strings.HasSuffix(strings.ToLower(host), ".invalid") { // RFC 2606; browsers name themselves so
		return flow{}, fmt.Errorf("sip: %s is no address: the connection of the browser is gone", u.String())
	}
	network, err := networkOf(u)
	if err != nil {
		return flow{}, err
	}
	name := host
	if maddr, ok := u.UriParams.Get("maddr"); ok && maddr != "" {
		host = strings.Trim(maddr, "[]")
	}
	wanted := network
	if !u.UriParams.Has("transport") && u.IsEncrypted() {
		wanted = anyTLS // its domain may say where
	}
	places, err := places(ctx, s.cfg.Resolver, wanted, host, uint16(u.Port))
	if err != nil {
		return flow{}, err
	}
	var failed error
	for _, p := range places {
		if current.carrier != nil && current.carrier.network() == p.network && current.carrier.alive() {
			if !current.carrier.reliable() && p.addr.Addr().Is4() == current.remote.Addr().Is4() || current.remote == p.addr {
				return flow{current.carrier, p.addr}, nil
			}
		}
		f, err := s.tp.flowTo(ctx, p.network, p.addr, name)
		if err == nil {
			return f, nil
		}
		failed = err
		if ctx.Err() != nil {
			break
		}
	}
	return flow{}, failed
}

// networkOf is the transport that a URI asks for; "" leaves it to us (RFC 3263
// section 4.1).
func networkOf(u *sip.Uri) (string, error) {
	network, _ := u.UriParams.Get("transport")
	network = strings.ToLower(network)
	switch {
	case u.IsEncrypted() && (network == "" || network == "tcp" || network == "tls"):
		return "tls", nil
	case u.IsEncrypted(), network != "" && network != "udp" && network != "tcp" && network != "tls":
		return "", fmt.Errorf("sip: no transport for %s", u.String())
	}
	return network, nil
}

// maxPlaces bounds where one request is tried.
const maxPlaces = 8

// anyTLS is the network of a sips: URI that names no transport.
const anyTLS = "sips"

// places are the addresses of a host, the most wanted first (RFC 3263 sections 4.1 and
// 4.2).
func places(ctx context.Context, resolver *net.Resolver, network, host string, port uint16) ([]peer, error) {
	asked := network
	if network == anyTLS {
		network = "tls"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		network = cmp.Or(network, "udp")
		return []peer{{network: network, addr: netip.AddrPortFrom(ip.Unmap(), cmp.Or(port, defaultPort(network)))}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	type target struct {
		network, host string
		port          uint16
	}
	var targets []target
	if port == 0 && (asked == "" || asked == anyTLS) {
		for _, way := range transports(ctx, resolver, host, asked == anyTLS) {
			_, records, err := resolver.LookupSRV(ctx, "", "", way.service)
			if err != nil {
				continue
			}
			for _, r := range records {
				targets = append(targets, target{way.network, strings.TrimSuffix(r.Target, "."), r.Port})
			}
		}
	}
	if port == 0 && len(targets) == 0 {
		for _, try := range []struct{ network, service, proto string }{{"udp", "sip", "udp"}, {"tcp", "sip", "tcp"}, {"tls", "sips", "tcp"}} {
			if len(targets) > 0 || network != "" && network != try.network || network == "" && try.network == "tls" {
				continue
			}
			_, records, err := resolver.LookupSRV(ctx, try.service, try.proto, host)
			if err != nil {
				continue
			}
			for _, r := range records { // sorted by priority and, at random, by weight (RFC 2782)
				targets = append(targets, target{try.network, strings.TrimSuffix(r.Target, "."), r.Port})
			}
		}
	}
	if len(targets) == 0 {
		network = cmp.Or(network, "udp")
		targets = []target{{network, host, cmp.Or(port, defaultPort(network))}}
	}
	var out []peer
	var failed error
	for _, t := range targets {
		ips, err := addresses(ctx, resolver, t.host)
		if err != nil {
			failed = err
			continue
		}
		for _, ip := range ips {
			out = append(out, peer{network: t.network, addr: netip.AddrPortFrom(ip.Unmap(), t.port)})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("look up SIP host: %w", failed)
	}
	return out[:min(len(out), maxPlaces)], nil
}

// serversFor are the servers of the domain that is called, as URIs for Through, the most
// wanted first: one that does not answer or has no room is passed over for the next
// (RFC 3263 section 4.3). A target that leaves nothing to look up, or whose certificate
// is for the domain's name, is called as it stands.
func (s *Server) serversFor(ctx context.Context, r *DialRequest) ([]string, error) {
	asItStands := []string{r.Through}
	var u sip.Uri
	if r.Through != "" || len(r.Route) > 0 || !strings.HasPrefix(strings.ToLower(r.To), "sip:") {
		return asItStands, nil
	}
	if err := sip.ParseUri(r.To, &u); err != nil {
		return nil, fmt.Errorf("%q is no SIP URI", r.To)
	}
	if isAddress(u.Host) || u.UriParams.Has("maddr") || badAddress(&u) || strings.HasSuffix(strings.ToLower(u.Host), ".invalid") {
		return asItStands, nil
	}
	network, err := networkOf(&u)
	if err != nil || network == "tls" {
		return asItStands, err
	}
	found, err := places(ctx, s.cfg.Resolver, network, u.Host, uint16(u.Port))
	if err != nil {
		return nil, err
	}
	var servers []string
	for _, p := range found {
		if p.network != "tls" {
			servers = append(servers, "sip:"+p.addr.String()+";transport="+p.network)
		}
	}
	if len(servers) < len(found) {
		return asItStands, nil
	}
	return servers, nil
}

// isAddress tells whether a URI's host is an address, so that no name is to be looked up.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// unavailable tells that a server was not reached or has no room now, so that another
// of its domain may do (RFC 3263 section 4.3).
func unavailable(err error) bool {
	var st *StatusError
	if errors.As(err, &st) {
		return st.Code == 408 || st.Code == 503
	}
	return true
}

// addresses looks a host up, IPv4 first: the more telephones have it.
func addresses(ctx context.Context, resolver *net.Resolver, host string) ([]netip.Addr, error) {
	ips, err := resolver.LookupNetIP(ctx, "ip", host)
	slices.SortStableFunc(ips, func(a, b netip.Addr) int {
		switch a4, b4 := a.Unmap().Is4(), b.Unmap().Is4(); {
		case a4 && !b4:
			return -1
		case b4 && !a4:
			return 1
		}
		return 0
	})
	return ips, err
}

func defaultPort(network string) uint16 {
	if network == "tls" { // RFC 3261 section 19.1.2
		return 5061
	}
	return 5060
}
