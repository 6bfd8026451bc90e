package sip

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// How we name ourselves: in Contact, Via and, by Leg.LocalIP, in session
// descriptions.

// privateNetworks are on our side of any NAT: who is seen with such an address has
// not come through one.
func privateNetworks() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range []string{
		"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", // RFC 1918, RFC 3927
		"::1/128", "fc00::/7", "fe80::/10", // RFC 4193, RFC 4291
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// isLocal tells that a far end is on our side of the NAT.
func (s *Server) isLocal(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(s.cfg.LocalNetworks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// showsPublic tells whether a far end is shown the public address: it is outside,
// and the address is of its family.
func (s *Server) showsPublic(far netip.Addr) bool {
	if s.publicHost == "" || s.isLocal(far) {
		return false
	}
	ip, err := netip.ParseAddr(s.publicHost)
	return err != nil || sameFamily(ip, far)
}

func sameFamily(a, b netip.Addr) bool { return a.Unmap().Is4() == b.Unmap().Is4() }

// localIP is the address of ours that a far end reaches with its sound.
func (s *Server) localIP(f flow) netip.Addr {
	far := f.remote.Addr()
	if ip := s.cfg.MediaAddr; ip.IsValid() && !s.isLocal(far) && sameFamily(ip, far) {
		return ip
	}
	if s.showsPublic(far) {
		if ip, err := netip.ParseAddr(s.publicHost); err == nil {
			return ip
		}
	}
	return s.routes.local(f)
}

// contactHost is the host and port that we name ourselves by towards a far end. An
// IPv6 address is in brackets where the message is written.
func (s *Server) contactHost(f flow) (host string, port int) {
	ours := s.routes.local(f)
	port = int(s.portFor(f, ours))
	if !s.showsPublic(f.remote.Addr()) {
		return ours.String(), port
	}
	if n := f.carrier.network(); s.publicPort != 0 && (n == "udp" || n == "tcp") {
		port = int(s.publicPort)
	}
	return s.publicHost, port
}

// portFor is our port towards a far end: that of the socket, or of the listener of
// the same network when we have connected.
func (s *Server) portFor(f flow, ours netip.Addr) uint16 {
	if c, ok := f.carrier.(*streamConn); ok && c.ours {
		if port := s.tp.port(c.net, ours); port != 0 {
			return port
		}
	}
	return f.carrier.local().Port()
}

// contact is our Contact towards a far end.
func (s *Server) contact(f flow, user string) *sip.ContactHeader {
	host, port := s.contactHost(f)
	u := sip.Uri{Scheme: "sip", User: escapeUser(user), Host: host, Port: port}
	switch n := f.carrier.network(); n {
	case "udp":
	case "wss": // RFC 7118 section 5.2: there is no transport=wss
		u.UriParams.Add("transport", "ws")
	default:
		u.UriParams.Add("transport", n)
	}
	return &sip.ContactHeader{Address: u}
}

// contact is our Contact inside a dialog.
func (l *Leg) contact(f flow) *sip.ContactHeader {
	l.mu.Lock()
	wanted := l.isSIPS()
	l.mu.Unlock()
	return secured(l.s.contact(f, l.ourUser()), f, wanted)
}

// routeCache remembers our addresses towards some far ends.
type routeCache struct {
	mu    sync.Mutex
	m     map[netip.Addr]netip.Addr
	since time.Time
}

// local is our address on the way to a far end.
func (r *routeCache) local(f flow) netip.Addr {
	if ip := f.carrier.local().Addr(); ip.IsValid() && !ip.IsUnspecified() {
		return ip.WithZone("")
	}
	key := f.remote.Addr()
	r.mu.Lock()
	ip, ok := r.m[key]
	ok = ok && time.Since(r.since) < time.Minute
	r.mu.Unlock()
	if ok {
		return ip
	}
	if ip = routeTo(f.remote).WithZone(""); !ip.IsValid() {
		ip = key.WithZone("") // no way there now: as good as any
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.m == nil || len(r.m) >= 4096 || now.Sub(r.since) > time.Minute { // routes change
		r.m, r.since = make(map[netip.Addr]netip.Addr), now
	}
	r.m[key] = ip
	return ip
}
