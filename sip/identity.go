package sip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Identity is what the network says about an inbound call beyond From and To.
type Identity struct {
	// Asserted is who calls according to the network (P-Asserted-Identity of RFC
	// 3325, else Remote-Party-ID, else P-Preferred-Identity): of several values the
	// one with a number. Zero unless the sender is trusted to say so, see
	// Config.TrustedIdentity.
	Asserted Party
	// Privacy is what the caller asks to be kept (RFC 3323): "id", "id;user", …;
	// "" when nothing. Whoever shows the caller's number to others obeys it.
	Privacy string
	// Anonymous tells that the caller's number must not be shown: Privacy says so, or
	// From is anonymous.
	Anonymous bool
	// Diversions are the forwardings that led here, the latest first (RFC 5806; from
	// History-Info of RFC 7044 when there is no Diversion). Anybody can write them.
	Diversions []Diversion
	// UserToUser is the data that the caller's equipment sent along (RFC 7433), as it
	// came, with its parameters; the values are joined by ", ".
	UserToUser string
}

// Diversion is one forwarding of a call.
type Diversion struct {
	Party   Party  // who forwarded it
	Reason  string // "unconditional", "user-busy", "no-answer", …; may be empty
	Counter int    // how often, 0 when unknown
	Privacy string // "full", "name", "uri", "off" or ""
}

const (
	maxDiversions = 10
	maxUserToUser = 1024 // octets, all values together
)

// TrustIdentity sets who, besides the networks of Config.TrustedIdentity, may tell
// who calls. f must not ask for the leg's Identity.
func (s *Server) TrustIdentity(f func(*Leg) bool) { s.trust.Store(&f) }

func (s *Server) trusted(l *Leg) bool {
	ip := l.RemoteAddr().Addr().Unmap()
	if slices.ContainsFunc(s.cfg.TrustedIdentity, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return true
	}
	f := s.trust.Load()
	return f != nil && (*f)(l)
}

// Identity reads what the INVITE of an inbound leg says about its caller. On a leg
// that we dialled it is zero.
func (l *Leg) Identity() Identity {
	if !l.inbound {
		return Identity{}
	}
	id := identityOf(l.invite, l.s.trusted(l))
	host := strings.ToLower(l.from.Host)
	id.Anonymous = id.Anonymous || host == "anonymous.invalid" || strings.EqualFold(l.from.User, "anonymous")
	return id
}

func identityOf(m sip.Message, trusted bool) Identity {
	var id Identity
	kept := false
	if trusted {
		for _, name := range []string{"P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity"} {
			for _, v := range valuesOf(m, name) {
				p, params, ok := nameAddr(v)
				if !ok || !isNumber(id.Asserted.User) && id.Asserted.URI != "" && !isNumber(p.User) {
					continue
				}
				if name == "Remote-Party-ID" {
					if party, said := params.Get("party"); said && !strings.EqualFold(party, "calling") {
						continue
					}
					privacy, _ := params.Get("privacy")
					kept = kept || strings.EqualFold(privacy, "full") || strings.EqualFold(privacy, "uri")
				}
				if id.Asserted.URI == "" || !isNumber(id.Asserted.User) {
					p.Name = cmp.Or(p.Name, id.Asserted.Name)
					id.Asserted = p
				}
			}
			if id.Asserted.URI != "" {
				break
			}
		}
	}
	var privacy []string
	for _, h := range m.GetHeaders("Privacy") {
		for v := range strings.FieldsFuncSeq(h.Value(), func(r rune) bool { return r == ';' || r == ',' || r == ' ' || r == '\t' }) {
			if v = strings.ToLower(v); slices.Contains(privacies, v) && !slices.Contains(privacy, v) {
				privacy = append(privacy, v)
			}
		}
	}
	id.Privacy = strings.Join(privacy, ";")
	id.Anonymous = kept || hides(privacy)
	if id.Diversions = diversionsOf(m); id.Diversions == nil {
		id.Diversions = historyOf(m)
	}
	id.UserToUser = userToUser(m)
	return id
}

// privacies are the values of Privacy (RFC 3323 section 4.2, RFC 3325 section 9.3,
// RFC 7044 section 10.1).
var privacies = []string{"id", "user", "header", "session", "none", "critical", "history"}

// hides tells that a caller's number is not for others.
func hides(privacy []string) bool {
	return slices.Contains(privacy, "id") || slices.Contains(privacy, "user")
}

// valuesOf are the values of a header field, with lists taken apart.
func valuesOf(m sip.Message, name string) (out []string) {
	for _, h := range m.GetHeaders(name) {
		for _, v := range splitList(h.Value()) {
			if v != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

// nameAddr reads `"Name" <uri>;params`.
func nameAddr(v string) (Party, sip.HeaderParams, bool) {
	var u sip.Uri
	var params sip.HeaderParams
	v, err := tidy("From", v)
	if err != nil {
		return Party{}, nil, false
	}
	name, err := sip.ParseAddressValue(v, &u, &params)
	u.Headers = nil
	if err != nil || u.Wildcard || badAddress(&u) || !isCallURI(&u) || !isPlainURI(u.String()) {
		return Party{}, nil, false
	}
	return party(oneLine(name), &u), params, true
}

// isPlainURI tells that a URI can be written between brackets as it is.
func isPlainURI(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' {
			return false
		}
	}
	return s != ""
}

// isCallURI tells that a URI names somebody who can be called.
func isCallURI(u *sip.Uri) bool {
	switch u.Scheme {
	case "sip", "sips":
		return true
	case "tel":
		number, _, _ := strings.Cut(u.Raw(), ";")
		return isNumber(number)
	}
	return false
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "+")
	return s != "" && strings.Trim(s, "0123456789-.()") == "" && strings.ContainsAny(s, "0123456789")
}

func diversionsOf(m sip.Message) (out []Diversion) {
	for _, v := range valuesOf(m, "Diversion") {
		p, params, ok := nameAddr(v)
		if !ok || len(out) == maxDiversions {
			continue
		}
		d := Diversion{Party: p, Reason: paramToken(params, "reason"), Privacy: strings.ToLower(paramToken(params, "privacy"))}
		if n, err := strconv.ParseUint(paramToken(params, "counter"), 10, 7); err == nil {
			d.Counter = int(n)
		}
		out = append(out, d)
	}
	return out
}

// historyOf reads the forwardings from History-Info: each entry whose successor
// carries the reason why the call went on (RFC 7044 section 5).
func historyOf(m sip.Message) (out []Diversion) {
	var all []Diversion
	for _, v := range valuesOf(m, "History-Info") {
		addr, _, cut := strings.Cut(v, ">")
		uri, headers, _ := strings.Cut(addr, "?")
		if cut {
			uri += ">"
		}
		p, _, ok := nameAddr(uri)
		if !ok || len(all) > maxDiversions {
			continue
		}
		d := Diversion{Party: p}
		for name, value := range uriHeaders(headers) {
			switch {
			case strings.EqualFold(name, "Reason"):
				d.Reason = historyReason(value)
			case strings.EqualFold(name, "Privacy") && strings.EqualFold(value, "history"):
				d.Privacy = "full"
			}
		}
		all = append(all, d)
	}
	for i := len(all) - 2; i >= 0; i-- { // the last entry is where the call is now
		if d := all[i]; d.Reason != "" {
			out = append(out, d)
		}
	}
	return out
}

// historyReason names the cause of a Reason as RFC 4458 section 4 numbers it, in
// Diversion's words.
func historyReason(v string) string {
	_, params, _ := strings.Cut(v, ";")
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if !strings.EqualFold(name, "cause") {
			continue
		}
		switch value {
		case "302":
			return "unconditional"
		case "486", "600":
			return "user-busy"
		case "408", "480":
			return "no-answer"
		case "404", "503":
			return "unavailable"
		case "487":
			return "deflection"
		}
		return "unknown"
	}
	return ""
}

func paramToken(params sip.HeaderParams, name string) string {
	for _, p := range params {
		if v := strings.Trim(p.V, `"`); strings.EqualFold(p.K, name) && isToken(v) && len(v) <= 64 {
			return v
		}
	}
	return ""
}

func userToUser(m sip.Message) string {
	var b strings.Builder
	for _, h := range m.GetHeaders("User-To-User") {
		v := oneLine(h.Value())
		if v == "" || b.Len()+len(v) > maxUserToUser {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.ToValidUTF8(v, ""))
	}
	return b.String()
}

// identityFields are the header fields by which a DialRequest says who calls.
func (r *DialRequest) identityFields(host string) ([]field, error) {
	var out []field
	if r.Asserted != "" {
		uri, err := callURI(r.Asserted, host)
		if err != nil {
			return nil, fmt.Errorf("asserted identity: %w", err)
		}
		v := "<" + uri + ">"
		if name := quote(r.FromName); name != "" {
			v = `"` + name + `" ` + v
		}
		out = append(out, field{"P-Asserted-Identity", v})
	}
	if r.Privacy != "" {
		for p := range strings.SplitSeq(r.Privacy, ";") {
			if !slices.Contains(privacies, p) {
				return nil, fmt.Errorf("privacy %q: want values of RFC 3323 like \"id\" or \"id;user\"", r.Privacy)
			}
		}
		out = append(out, field{"Privacy", r.Privacy})
	}
	if len(r.Diversions) > maxDiversions {
		return nil, errors.New("too many diversions")
	}
	for _, d := range r.Diversions {
		uri, err := callURI(cmp.Or(d.Party.URI, d.Party.User), cmp.Or(d.Party.Host, host))
		if err != nil {
			return nil, fmt.Errorf("diversion: %w", err)
		}
		v := "<" + uri + ">"
		if name := quote(d.Party.Name); name != "" {
			v = `"` + name + `" ` + v
		}
		for _, p := range [][2]string{{"reason", d.Reason}, {"privacy", d.Privacy}} {
			if p[1] == "" {
				continue
			}
			if !isToken(p[1]) {
				return nil, fmt.Errorf("diversion: %s %q is no token", p[0], p[1])
			}
			v += ";" + p[0] + "=" + p[1]
		}
		if d.Counter > 0 {
			v += ";counter=" + strconv.Itoa(d.Counter)
		}
		out = append(out, field{"Diversion", v})
	}
	if r.UserToUser != "" {
		if oneLine(r.UserToUser) != r.UserToUser || len(r.UserToUser) > maxUserToUser {
			return nil, fmt.Errorf("user-to-user data must be one line of at most %d octets", maxUserToUser)
		}
		out = append(out, field{"User-To-User", r.UserToUser})
	}
	return out, nil
}

// hidden tells that From must not show the caller.
func (r *DialRequest) hidden() bool { return hides(strings.Split(r.Privacy, ";")) }

// callURI writes a number, or checks a whole SIP or tel URI.
func callURI(v, host string) (string, error) {
	scheme, _, whole := strings.Cut(v, ":")
	if !whole {
		if v == "" || host == "" {
			return "", fmt.Errorf("%q names nobody", v)
		}
		u := sip.Uri{Scheme: "sip", User: escapeUser(v), Host: host}
		return u.String(), nil
	}
	var u sip.Uri
	if !isPlainURI(v) || strings.ContainsAny(v, ",?") || sip.ParseUri(v, &u) != nil || badAddress(&u) || !isCallURI(&u) {
		return "", fmt.Errorf("%q is no SIP or tel URI (scheme %q)", v, scheme)
	}
	return u.String(), nil
}
