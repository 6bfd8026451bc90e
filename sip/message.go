package sip

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// party reads a From or To.
func party(name string, u *sip.Uri) Party {
	p := Party{Name: unquote(name), Host: u.Host, URI: u.String()}
	if u.Raw() != "" { // tel:+8613800001111;phone-context=…
		p.User, _, _ = strings.Cut(u.Raw(), ";")
	} else {
		p.User = userOf(u)
	}
	return p
}

// userOf is the unescaped user part, without the parameters that some put there
// (sip:100;phone-context=x@host).
func userOf(u *sip.Uri) string {
	user, err := url.PathUnescape(u.User)
	if err != nil || strings.ContainsAny(user, "\x00\r\n") {
		return u.User
	}
	return user
}

func unquote(name string) string {
	if !strings.Contains(name, `\`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// quote escapes a display name; sipgo puts the quotes around it.
func quote(name string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Map(printable, name))
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// oneLine keeps a value from starting a header field of its own.
func oneLine(s string) string { return strings.Map(printable, s) }

// escapeUser writes a user part that may hold anything (RFC 3261 section 25.1).
func escapeUser(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func headerOf(m sip.Message, name string) sip.Header {
	if long, ok := canonical[strings.ToLower(name)]; ok {
		name = long
	}
	if hs := m.GetHeaders(name); len(hs) > 0 {
		return hs[0]
	}
	return nil
}

// targetOf is the remote target that a message names by its Contact.
func targetOf(m interface{ Contact() *sip.ContactHeader }, fallback sip.Uri) sip.Uri {
	u := fallback
	if c := m.Contact(); c != nil && !c.Address.Wildcard && c.Address.Host != "" {
		u = c.Address
	}
	u = *u.Clone()
	u.Headers = nil // RFC 3261 section 19.1.1: not in a Request-URI
	return u
}

// routeOf turns a Record-Route into a Route.
func routeOf(h sip.Header) sip.Header { return sip.NewHeader("Route", h.Value()) }

func withSDP(m interface {
	AppendHeader(sip.Header)
	SetBody([]byte)
}, sdp []byte,
) {
	if len(sdp) > 0 {
		ct := sip.ContentTypeHeader("application/sdp")
		m.AppendHeader(&ct)
	}
	m.SetBody(sdp)
}

func statusOf(res *sip.Response) *StatusError {
	least, _, _ := deltaSeconds(res, "Min-SE")
	e := &StatusError{minSE: least, Code: res.StatusCode, Reason: res.Reason}
	if h := res.GetHeader("Retry-After"); h != nil {
		digits := h.Value()
		if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = digits[:i]
		}
		if n, err := strconv.ParseUint(digits, 10, 31); err == nil {
			e.RetryAfter = time.Duration(n) * time.Second
		}
	}
	if h := res.GetHeader("Reason"); h != nil {
		e.Why = h.Value()
	}
	if res.StatusCode/100 == 3 {
		for _, u := range contactsOf(res) {
			e.Contacts = append(e.Contacts, u.String())
		}
	}
	return e
}

func reasonPhrase(status int) string {
	switch status {
	case 100:
		return "Trying"
	case 180:
		return "Ringing"
	case 181:
		return "Call Is Being Forwarded"
	case 182:
		return "Queued"
	case 183:
		return "Session Progress"
	case 200:
		return "OK"
	case 302:
		return "Moved Temporarily"
	case 400:
		return "Bad Request"
	case 202:
		return "Accepted"
	case 301:
		return "Moved Permanently"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 422:
		return "Session Interval Too Small"
	case 415:
		return "Unsupported Media Type"
	case 416:
		return "Unsupported URI Scheme"
	case 469:
		return "Bad Info Package"
	case 480:
		return "Temporarily Unavailable"
	case 481:
		return "Call/Transaction Does Not Exist"
	case 486:
		return "Busy Here"
	case 487:
		return "Request Terminated"
	case 488:
		return "Not Acceptable Here"
	case 489:
		return "Bad Event"
	case 491:
		return "Request Pending"
	case 500:
		return "Server Internal Error"
	case 501:
		return "Not Implemented"
	case 503:
		return "Service Unavailable"
	case 600:
		return "Busy Everywhere"
	case 603:
		return "Decline"
	}
	switch status / 100 {
	case 1:
		return "Session Progress"
	case 3:
		return "Moved"
	case 5:
		return "Server Failure"
	case 6:
		return "Global Failure"
	default:
		return "Request Failure"
	}
}

// via is the top Via of a new request.
func (s *Server) via(f flow) *sip.ViaHeader {
	host, port := s.contactHost(f)
	v := &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(f.carrier.network()),
		Host: host, Port: port,
	}
	v.Params = append(v.Params, sip.HeaderKV{K: "branch", V: sip.GenerateBranchN(16)}, sip.HeaderKV{K: "rport"})
	return v
}

// way is where the next request of the dialog goes: to the first route, else to the
// remote target, else, when that lies behind a NAT or on a connection that stands,
// where the far end's messages come from.
func (l *Leg) way(ctx context.Context) (flow, error) {
	l.mu.Lock()
	target, current := l.target, l.flow
	var route sip.Uri
	routed := false
	if len(l.routes) > 0 {
		_, err := sip.ParseAddressValue(l.routes[0].Value(), &route, nil)
		routed = err == nil
	}
	l.mu.Unlock()
	if routed {
		return l.s.flowFor(ctx, &route, current)
	}
	if isWebSocket(current.carrier) {
		return l.browserWay(ctx)
	}
	if current.carrier.reliable() && current.carrier.alive() {
		return current, nil
	}
	if l.staysWith(&target, current) {
		return current, nil
	}
	ip, err := netip.ParseAddr(strings.Trim(target.Host, "[]"))
	switch {
	case err != nil && strings.HasSuffix(target.Host, ".invalid"):
		return current, nil
	case err == nil && unreachable(ip, current.remote.Addr()):
		return current, nil
	}
	return l.s.flowFor(ctx, &target, current)
}

// staysWith tells that the far end is a registered phone behind a NAT: its contact
// stands for the way that it registered by.
func (l *Leg) staysWith(target *sip.Uri, current flow) bool {
	switch {
	case l.s.registrar == nil || !current.carrier.alive():
		return false
	case l.inbound:
		return l.s.registrar.stays(l.from.User, target, current)
	default:
		return l.agent != "" && samePlace(target, &l.invite.Recipient)
	}
}

// near tells that way will not have to look anything up or connect.
func (l *Leg) near() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.target
	if len(l.routes) > 0 {
		u = sip.Uri{}
		if _, err := sip.ParseAddressValue(l.routes[0].Value(), &u, nil); err != nil {
			return true
		}
	} else if l.flow.carrier.reliable() {
		return l.flow.carrier.alive()
	}
	transport, _ := u.UriParams.Get("transport")
	return isAddress(u.Host) && (transport == "" || strings.EqualFold(transport, "udp"))
}

// unreachable tells that a far end names an address that is not where it is.
func unreachable(named, seen netip.Addr) bool {
	named, seen = named.Unmap(), seen.Unmap()
	return named != seen && (named.IsPrivate() || named.IsLoopback() || named.IsUnspecified() || named.IsLinkLocalUnicast() || named.IsMulticast())
}
