package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// hop is one address of a carrier.
type hop struct {
	uri  sip.Uri
	from int // which of the settings' proxies it is an address of
}

func (h hop) String() string { return h.uri.String() }

// hopURI reads a proxy of the settings.
func hopURI(text string) (sip.Uri, error) {
	var u sip.Uri
	given, lower := text, strings.ToLower(text)
	if !strings.HasPrefix(lower, "sip:") && !strings.HasPrefix(lower, "sips:") {
		text = "sip:" + text
	}
	if strings.ContainsAny(text, "<>\r\n\" ") {
		return u, fmt.Errorf("proxy %q: write sip:HOST[:PORT][;transport=tcp]", given)
	}
	if err := sip.ParseUri(text, &u); err != nil || badAddress(&u) || u.Raw() != "" || u.Host == "" {
		return u, fmt.Errorf("proxy %q: write sip:HOST[:PORT][;transport=tcp]", given)
	}
	u.User, u.Password = "", ""
	return u, nil
}

// hostPortOf is a URI's host, with its port when it has one.
func hostPortOf(u *sip.Uri) string {
	if u.Port > 0 {
		return fmt.Sprintf("%s:%d", u.Host, u.Port)
	}
	return u.Host
}

func (u lookup) network() string {
	if u.uri.IsEncrypted() {
		return "tls"
	}
	if n, ok := u.uri.UriParams.Get("transport"); ok && n != "" {
		return strings.ToLower(n)
	}
	return "udp"
}

// lookup finds the addresses of one proxy (RFC 3263 section 4).
type lookup struct{ uri sip.Uri }

func (u lookup) hops(ctx context.Context, resolver *net.Resolver) ([]sip.Uri, error) {
	host := strings.Trim(u.uri.Host, "[]")
	if isAddress(host) {
		return []sip.Uri{u.uri}, nil
	}
	network := u.network()
	if out, ok := u.offered(ctx, resolver, host); ok {
		return out, nil
	}
	targets := []sip.Uri{u.uri}
	if u.uri.Port == 0 {
		service, proto := "sip", network
		if network == "tls" {
			service, proto = "sips", "tcp"
		}
		// The resolver has sorted them by priority and, at random, by weight (RFC 2782).
		if _, records, err := resolver.LookupSRV(ctx, service, proto, host); err == nil && len(records) > 0 {
			targets = targets[:0]
			for _, r := range records {
				targets = append(targets, u.at(r, network))
			}
		}
	}
	if network == "tls" || network == "wss" {
		return targets, nil // the certificate is for the name
	}
	return resolved(ctx, resolver, host, targets)
}

// offered are the addresses of a proxy whose domain says by NAPTR records which
// transports it wants, where the settings name none.
func (u lookup) offered(ctx context.Context, resolver *net.Resolver, host string) (out []sip.Uri, ok bool) {
	if u.uri.Port != 0 || u.uri.UriParams.Has("transport") {
		return nil, false
	}
	for _, way := range transports(ctx, resolver, host, u.uri.IsEncrypted()) {
		_, records, err := resolver.LookupSRV(ctx, "", "", way.service)
		if err != nil {
			continue
		}
		var targets []sip.Uri
		for _, r := range records {
			t := u.at(r, way.network)
			if way.network != "udp" && !t.IsEncrypted() {
				t.UriParams.Add("transport", way.network)
			}
			targets = append(targets, t)
		}
		if way.network != "tls" { // its certificate is for the name
			if targets, err = resolved(ctx, resolver, host, targets); err != nil {
				continue
			}
		}
		out = append(out, targets...)
	}
	return out, len(out) > 0
}

// at is the proxy at one of its domain's servers. TLS must prove the domain, since
// whoever forges a name server's answer would choose the server's name (RFC 5922
// section 4): the server is only where it is asked.
func (u lookup) at(r *net.SRV, network string) sip.Uri {
	t, server := *u.uri.Clone(), strings.TrimSuffix(r.Target, ".")
	t.Port = int(r.Port)
	if network == "tls" || network == "wss" {
		t.UriParams.Add("maddr", server)
	} else {
		t.Host = server
	}
	return t
}

// resolved are the addresses of targets.
func resolved(ctx context.Context, resolver *net.Resolver, host string, targets []sip.Uri) ([]sip.Uri, error) {
	var out []sip.Uri
	var failed error
	for _, t := range targets {
		ips, err := addresses(ctx, resolver, strings.Trim(t.Host, "[]"))
		if err != nil {
			failed = err
			continue
		}
		for _, ip := range ips {
			one := *t.Clone()
			one.Host = ip.Unmap().String()
			if ip.Unmap().Is6() {
				one.Host = "[" + one.Host + "]"
			}
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("look up %s: %w", host, failed)
	}
	return out, nil
}

const (
	maxHops    = 16          // addresses of one trunk that are tried
	lookUpTime = time.Minute // addresses are looked up again after so long
	knownTime  = time.Hour   // an address that was a proxy's still counts as the carrier's
)

// locate looks the proxies' addresses up again. The one in use stays in use when it
// is still there.
func (x *trunk) locate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var found []hop
	var failed error
	set := x.cfg()
	for i, u := range set.hops {
		uris, err := lookup{u}.hops(ctx, x.s.cfg.Resolver)
		if err != nil {
			failed = err
			continue
		}
		for _, u := range uris {
			if len(found) < maxHops {
				found = append(found, hop{u, i})
			}
		}
	}
	now := time.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cfg() != set {
		found, failed = nil, errSettings // asked again soon, by the others
	} else {
		x.looked = now
	}
	if len(found) == 0 {
		if len(x.resolved) > 0 {
			return nil // the name server is away; what was good an hour ago may still be
		}
		return failed
	}
	inUse := ""
	if len(x.resolved) > 0 {
		inUse = x.resolved[x.current].String()
	}
	x.resolved = found
	x.current = max(0, slices.IndexFunc(found, func(h hop) bool { return h.String() == inUse }))
	for ip, seen := range x.known {
		if now.Sub(seen) > knownTime {
			delete(x.known, ip)
		}
	}
	for _, h := range found {
		if ip, err := netip.ParseAddr(strings.Trim(h.uri.Host, "[]")); err == nil {
			x.known[ip.Unmap()] = now
		}
	}
	return nil
}

// ways are the trunk's addresses, the one in use first.
func (x *trunk) ways(ctx context.Context) ([]hop, error) {
	x.mu.Lock()
	stale := len(x.resolved) == 0 || time.Since(x.looked) > lookUpTime
	x.mu.Unlock()
	if stale {
		if err := x.locate(ctx); err != nil {
			return nil, err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return append(slices.Clone(x.resolved[x.current:]), x.resolved[:x.current]...), nil
}

// use makes an address the one in use, if it still is one of the trunk's.
func (x *trunk) use(h hop) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if i := slices.IndexFunc(x.resolved, func(o hop) bool { return o.String() == h.String() }); i >= 0 {
		x.current = i
	}
}

// met notes that the carrier speaks from an address.
func (x *trunk) met(ip netip.Addr) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.known[ip.Unmap()] = time.Now()
}
