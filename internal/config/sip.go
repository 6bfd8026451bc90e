package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Addresses are the entries of Listen, each with its network: "udp:HOST:PORT".
func (s SIP) Addresses() []string {
	var out []string
	for _, entry := range s.Listen {
		if network, addr := cutNetwork(entry); network != "" {
			out = append(out, network+":"+addr)
		} else {
			out = append(out, "udp:"+entry, "tcp:"+entry)
		}
	}
	return out
}

// Port is that of the first address, for people who want to ring us.
func (s SIP) Port() string {
	_, addr := cutNetwork(s.Listen[0])
	return addr[strings.LastIndexByte(addr, ':')+1:]
}

// Local are the networks of LocalNetworks, nil when there are none.
func (s SIP) Local() []netip.Prefix { return networks(s.LocalNetworks) }

// Believed are the networks of TrustedIdentity.
func (s SIP) Believed() []netip.Prefix { return networks(s.TrustedIdentity) }

func networks(texts []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		if p, err := Network(text); err == nil { // checked
			out = append(out, p)
		}
	}
	return out
}

var sipNetworks = []string{"udp", "tcp", "tls", "ws", "wss"}

// cutNetwork takes "tls:HOST:PORT" apart; network is "" for HOST:PORT.
func cutNetwork(entry string) (network, addr string) {
	if before, after, _ := strings.Cut(entry, ":"); slices.Contains(sipNetworks, strings.ToLower(before)) {
		return strings.ToLower(before), after
	}
	return "", entry
}

// checkSIP refuses what is wrong in the section sip, and in the certificate of http.
func (l *loader) checkSIP(bad func(key, format string, args ...any)) {
	c := l.config
	if len(c.SIP.Listen) == 0 {
		bad("sip.listen", "is empty; write :5060")
	}
	seen := map[string]bool{}
	secure := false
	for _, entry := range c.SIP.Listen {
		network, addr := cutNetwork(entry)
		secure = secure || network == "tls" || network == "wss"
		if err := hostPort(addr, true); err != nil {
			bad("sip.listen", "%q %v; write :PORT, ADDRESS:PORT or %s before it, and IPv6 addresses as [::1]:PORT", entry, err, strings.Join(sipNetworks, ":, ")+":")
		}
	}
	for _, a := range c.SIP.Addresses() {
		if seen[a] && !strings.HasSuffix(a, ":0") {
			bad("sip.listen", "%s is listed twice", a)
		}
		seen[a] = true
	}
	if secure && c.SIP.TLSCert == "" {
		bad("sip.tls_cert", "is missing; tls: and wss: need a certificate")
	}
	for _, p := range []struct{ section, cert, key string }{{"sip", c.SIP.TLSCert, c.SIP.TLSKey}, {"http", c.HTTP.TLSCert, c.HTTP.TLSKey}} {
		if (p.cert == "") != (p.key == "") {
			bad(p.section+".tls_cert", "a certificate needs its key, %s.tls_key, and a key its certificate", p.section)
		}
	}
	for _, text := range c.SIP.LocalNetworks {
		if _, err := Network(text); err != nil {
			bad("sip.local_networks", "%q is neither an address nor a network such as 192.168.0.0/16", text)
		}
	}
	for _, text := range c.SIP.TrustedIdentity {
		if _, err := Network(text); err != nil {
			bad("sip.trusted_identity", "%q is neither an address nor a network such as 192.0.2.0/24", text)
		}
	}
	if c.SIP.MinSession < 90*time.Second {
		bad("sip.min_session", "%s is too short; RFC 4028 has 90s at least", c.SIP.MinSession)
	}
	if e := c.SIP.SessionExpires; e > 0 && e < c.SIP.MinSession {
		bad("sip.session_expires", "%s is shorter than sip.min_session, %s", e, c.SIP.MinSession)
	}
	if d := c.SIP.CheckCalls; d != 0 && d < 30*time.Second {
		bad("sip.check_calls", "%s is too often for telephones; take at least 30s, or 0 for never", d)
	}
	switch c.SIP.Reliable {
	case "supported", "required", "off":
	default:
		bad("sip.reliable", "%q is neither supported, required nor off", c.SIP.Reliable)
	}
	for i, a := range c.SIP.Digest {
		c.SIP.Digest[i] = strings.ToUpper(a)
		if c.SIP.Digest[i] != "MD5" && c.SIP.Digest[i] != "SHA-256" {
			bad("sip.digest", "%q is neither MD5 nor SHA-256", a)
		}
	}
	if len(c.SIP.Digest) == 0 {
		bad("sip.digest", "is empty; write MD5")
	}
	if p := c.SIP.Ping; p > 0 && p.Seconds() < 5 {
		bad("sip.ping", "%s is too often for phones; take at least 5s", p)
	}
	for _, o := range c.SIP.Origins {
		if o == "" || strings.ContainsAny(o, " ,") || strings.Count(o, "/") > 2 {
			bad("sip.origins", "%q is no host; write HOST, *.DOMAIN or https://HOST:PORT", o)
		}
	}
}
