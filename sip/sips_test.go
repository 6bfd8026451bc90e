package sip_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/certs/certstest"
	"hotline/sip"
	"hotline/sip/siptest"
)

// elsewhere are local networks that the tests do not ring from.
func elsewhere() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }

// A request for a sips: URI that came from outside in the clear is refused; one that a
// proxy inside has passed on is taken (RFC 3261 section 26.2.2).
func TestSIPSInTheClear(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "ws"} {
		t.Run(network, func(t *testing.T) {
			for _, inside := range []bool{false, true} {
				cfg := sip.Config{Listen: []string{network + ":127.0.0.1:0"}}
				if !inside {
					cfg.LocalNetworks = elsewhere()
				}
				c := newCalls(t)
				s, _ := host(t, cfg, c.handle, nil)
				p := phoneOver(t, s, network, nil)
				call := p.NewCall("sips:8000@"+p.Server(), "sip:caller@"+p.Addr())
				call.Request("INVITE", siptest.SDP)
				if inside {
					require.Contains(t, call.Answered().Get("Contact"), "<sip:8000@", "no sips: without TLS")
					wait(t, c.legs)
					call.Bye()
					continue
				}
				refused := call.Expect("480 INVITE")
				require.True(t, strings.HasPrefix(refused.Get("Warning"), "380 127.0.0.1 "), refused.Get("Warning"))
				call.AckRefusal()
				asked := p.NewCall("sips:8000@"+p.Server(), "sip:caller@"+p.Addr())
				asked.Request("OPTIONS", "")
				p.Expect("480 OPTIONS")
				require.Empty(t, c.legs)
				plain := p.Invite("8000", siptest.SDP)
				plain.Answered()
				plain.Bye()
			}
		})
	}
}

// The Contact of our answer is a sips: URI where the far end has one, and only there.
func TestSIPSContact(t *testing.T) {
	ca := certstest.New(t)
	for _, network := range []string{"tls", "wss"} {
		for _, tt := range []struct {
			name, target string
			headers      []string
			want         bool
		}{
			{"Request-URI", "sips:8000@", nil, true},
			{"first Record-Route", "sip:8000@", []string{"Record-Route: <sips:proxy.test;lr>, <sip:inner.test;lr>"}, true},
			{"another Record-Route", "sip:8000@", []string{"Record-Route: <sip:proxy.test;lr>, <sips:inner.test;lr>"}, false},
			{"none", "sip:8000@", nil, false},
		} {
			t.Run(network+" "+tt.name, func(t *testing.T) {
				c := newCalls(t)
				s, _ := host(t, sip.Config{Listen: []string{network + ":127.0.0.1:0"}, TLS: secured(t, ca, "127.0.0.1")}, c.handle, nil)
				p := phoneOver(t, s, network, ca)
				call := p.NewCall(tt.target+p.Server(), "sip:caller@"+p.Addr())
				call.Request("INVITE", siptest.SDP, tt.headers...)
				contact := call.Answered().Get("Contact")
				require.Equal(t, tt.want, strings.HasPrefix(contact, "<sips:8000@"), contact)
				require.Equal(t, network == "wss", strings.Contains(contact, ";transport=ws"), contact)
				call.Bye()
			})
		}
	}
}

// A call to a sips: URI goes by TLS whatever proxy it goes through, or not at all.
func TestSIPSThroughProxies(t *testing.T) {
	ca := certstest.New(t)
	c := newCalls(t)
	far, _ := host(t, sip.Config{Listen: []string{"tls:127.0.0.1:0", "udp:127.0.0.1:0"}, TLS: secured(t, ca, "localhost")}, c.handle, nil)
	_, port, err := net.SplitHostPort(at(t, far, "tls"))
	require.NoError(t, err)
	_, udp, err := net.SplitHostPort(at(t, far, "udp"))
	require.NoError(t, err)
	s, _ := host(t, sip.Config{TLS: secured(t, ca, "us.test")}, nil, nil)
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	for _, r := range []sip.DialRequest{
		{To: "sips:8000@far.test", Through: "sip:localhost:" + port},
		{To: "sips:8000@far.test", Through: "sip:localhost:" + port + ";transport=tls"},
		{To: "sips:8000@far.test", Through: "sips:localhost:" + port},
		{To: "sips:8000@far.test", Route: []string{"sip:localhost:" + port}},
	} {
		r.Offer = []byte(siptest.SDP)
		l, err := s.Dial(ctx, r, nil)
		require.NoError(t, err)
		require.Equal(t, "tls", l.Network())
		require.Contains(t, wait(t, c.legs).Header("Contact"), "<sips:")
		require.NoError(t, l.Hangup(ctx))
		wait(t, c.ends)
	}
	for _, r := range []sip.DialRequest{
		{To: "sips:8000@far.test", Through: "sip:127.0.0.1:" + udp + ";transport=udp"},
		{To: "sips:8000@far.test", Route: []string{"sip:127.0.0.1:" + udp + ";transport=tcp"}},
	} {
		r.Offer = []byte(siptest.SDP)
		_, err := s.Dial(ctx, r, nil)
		require.ErrorContains(t, err, "TLS on each hop")
	}
	require.Empty(t, c.legs)
}

// Who answers a call to a sips: URI cannot send it on in the clear (section 8.1.3.4).
func TestSIPSIsNotRedirectedToSIP(t *testing.T) {
	ca := certstest.New(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, _ := host(t, sip.Config{Listen: []string{"tls:127.0.0.1:0", "udp:127.0.0.1:0"}, TLS: secured(t, ca, "127.0.0.1")}, nil, reg)
	p := siptest.NewTLS(t, at(t, s, "tls"), &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.Pool})
	require.Equal(t, 200, p.Register("ann", "secret", "<sips:ann@"+p.Addr()+">", 60).Status())
	other := siptest.New(t, at(t, s, "udp"))
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), siptest.Patience)
		defer cancel()
		_, err := s.Dial(ctx, sip.DialRequest{
			To: "agent:ann", Offer: []byte(siptest.SDP), Redirects: 2, AllowRedirect: func(string) bool { return true },
		}, nil)
		ended <- err
	}()
	in := p.Await()
	require.True(t, strings.HasPrefix(in.Incoming.Start, "INVITE sips:ann@"), in.Incoming.Start)
	require.Contains(t, in.Incoming.Get("Contact"), "<sips:")
	in.Reject(302, "Moved Temporarily", "Contact: <sip:home@"+other.Addr()+">")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, ended), &st)
	require.Equal(t, 302, st.Code)
	require.Zero(t, other.Count("INVITE"))
}

// A phone that registers a sips: Contact in the clear from outside is not rung in the
// clear.
func TestSIPSContactRegisteredInTheClear(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, udp := host(t, sip.Config{LocalNetworks: elsewhere()}, nil, reg)
	p := siptest.New(t, udp)
	require.Equal(t, 200, p.Register("ann", "secret", "<sips:ann@"+p.Addr()+">", 60).Status())
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	_, err := s.Dial(ctx, sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP), Timeout: 10 * time.Second}, nil)
	require.Error(t, err)
	require.Zero(t, p.Count("INVITE"))
}
