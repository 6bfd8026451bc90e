package sip_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/internal/certs/certstest"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// secured is what a server and its far ends need for TLS.
func secured(t *testing.T, ca *certstest.Authority, names ...string) *tls.Config {
	t.Helper()
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{ca.Issue(t, names...)}, RootCAs: ca.Pool}
}

// at is the address that a server listens on for a network.
func at(t *testing.T, s *sip.Server, network string) string {
	t.Helper()
	for _, a := range s.Addrs() {
		if a.Network() == network {
			return a.String()
		}
	}
	t.Fatalf("nobody listens on %s", network)
	return ""
}

// hasIPv6 tells whether this machine has it.
func hasIPv6(t *testing.T) bool {
	t.Helper()
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Log("no IPv6 here: ", err)
		return false
	}
	require.NoError(t, c.Close())
	return true
}

func phoneOver(t *testing.T, s *sip.Server, network string, ca *certstest.Authority) *siptest.Phone {
	t.Helper()
	addr := at(t, s, network)
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		trust.RootCAs = ca.Pool
	}
	switch network {
	case "udp":
		return siptest.New(t, addr)
	case "tcp":
		return siptest.NewTCP(t, addr)
	case "tls":
		return siptest.NewTLS(t, addr, trust)
	case "ws":
		return siptest.NewWS(t, "ws://"+addr+"/sip", nil)
	default:
		return siptest.NewWS(t, "wss://"+addr+"/sip", &http.Client{Transport: &http.Transport{TLSClientConfig: trust}})
	}
}

// Calls both ways over every network and both families, with what we call ourselves
// on them.
func TestEveryListener(t *testing.T) {
	ca := certstest.New(t)
	for _, host6 := range []bool{false, true} {
		ip := "127.0.0.1"
		if host6 {
			ip = "::1"
			if !hasIPv6(t) {
				continue
			}
		}
		for _, network := range []string{"udp", "tcp", "tls", "ws", "wss"} {
			t.Run(network+" "+ip, func(t *testing.T) {
				reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
				c := newCalls(t)
				bind := network + ":" + net.JoinHostPort(ip, "0")
				s, _ := host(t, sip.Config{Listen: []string{bind}, TLS: secured(t, ca, "127.0.0.1", "::1")}, c.handle, reg)
				p := phoneOver(t, s, network, ca)
				us := at(t, s, network)

				call := p.Invite("8000", siptest.SDP)
				ok := call.Answered()
				require.Contains(t, ok.Get("Contact"), "8000@"+us)
				if network == "udp" {
					require.NotContains(t, ok.Get("Contact"), "transport=")
				} else {
					require.Contains(t, ok.Get("Contact"), ";transport="+strings.Replace(network, "wss", "ws", 1))
				}
				l := wait(t, c.legs)
				require.Equal(t, network, l.Network())
				require.Equal(t, netip.MustParseAddr(ip), l.LocalIP())
				require.Equal(t, netip.MustParseAddr(ip), l.RemoteAddr().Addr())
				call.Request("OPTIONS", "")
				require.Contains(t, p.Expect("200 OPTIONS").Get("Via"), ";rport="+strconv.Itoa(int(l.RemoteAddr().Port())))
				call.Bye()
				wait(t, c.ends)

				require.Equal(t, 200, p.Register("ann", "secret", "", 60).Status())
				require.Equal(t, network, reg.Contacts("ann")[0].Network)
				legs := make(chan *sip.Leg, 1)
				go func() {
					l, _ := s.Dial(context.WithoutCancel(t.Context()), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
					legs <- l
				}()
				in := p.Await()
				require.True(t, strings.HasPrefix(in.Incoming.Get("Via"), "SIP/2.0/"+strings.ToUpper(network)+" "+us+";"), in.Incoming.Get("Via"))
				in.Answer(siptest.SDP)
				l = wait(t, legs)
				go func() { _ = l.Hangup(context.WithoutCancel(t.Context())) }()
				in.HungUp()
			})
		}
	}
}

func TestDialOverTLS(t *testing.T) {
	ca, stranger := certstest.New(t), certstest.New(t)
	far := func(t *testing.T, cert tls.Certificate) (port string, c *calls) {
		t.Helper()
		c = newCalls(t)
		s, _ := host(t, sip.Config{
			Listen: []string{"tls:127.0.0.1:0"},
			TLS:    &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		}, c.handle, nil)
		_, port, err := net.SplitHostPort(at(t, s, "tls"))
		require.NoError(t, err)
		return port, c
	}
	dial := func(t *testing.T, s *sip.Server, to string) (*sip.Leg, error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
		defer cancel()
		return s.Dial(ctx, sip.DialRequest{To: to, Offer: []byte(siptest.SDP)}, nil)
	}
	us := func(t *testing.T) *sip.Server {
		t.Helper()
		s, _ := host(t, sip.Config{Listen: []string{"udp:127.0.0.1:0", "tls:127.0.0.1:0"}, TLS: secured(t, ca, "us.test")}, nil, nil)
		return s
	}
	t.Run("reached", func(t *testing.T) {
		port, c := far(t, ca.Issue(t, "localhost"))
		s := us(t)
		for _, to := range []string{"sip:8000@localhost:" + port + ";transport=tls", "sips:8000@localhost:" + port} {
			l, err := dial(t, s, to)
			require.NoError(t, err)
			require.Equal(t, "tls", l.Network())
			far := wait(t, c.legs)
			require.Equal(t, "tls", far.Network())
			if strings.HasPrefix(to, "sips:") {
				require.Contains(t, far.Header("Contact"), "<sips:")
				require.Contains(t, l.Header("Contact"), "<sips:")
			} else {
				require.Contains(t, far.Header("Contact"), ";transport=tls>")
			}
			require.NoError(t, l.Hangup(t.Context()))
			require.ErrorIs(t, wait(t, c.ends), sip.ErrBye)
		}
		require.Equal(t, 1, s.Stats().Connections, "the second call goes over the same connection")
	})
	for _, tt := range []struct {
		name, host, err string
		cert            tls.Certificate
	}{
		{"another name", "localhost", "belongs to another name", ca.Issue(t, "carrier.test")},
		{"address not in the certificate", "127.0.0.1", "belongs to another name", ca.Issue(t, "localhost")},
		{"unknown authority", "localhost", "sip.tls_ca", stranger.Issue(t, "localhost")},
		{"expired", "localhost", "out of date", ca.Expired(t, "localhost")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port, _ := far(t, tt.cert)
			_, err := dial(t, us(t), "sips:8000@"+tt.host+":"+port)
			require.ErrorContains(t, err, tt.err)
			require.ErrorContains(t, err, tt.host)
		})
	}
	t.Run("no TLS there", func(t *testing.T) {
		_, _, tcp := hostBoth(t, sip.Config{}, nil, nil)
		_, port, _ := net.SplitHostPort(tcp)
		ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
		defer cancel()
		s, _ := host(t, sip.Config{TLS: secured(t, ca, "us.test")}, nil, nil)
		_, err := s.Dial(ctx, sip.DialRequest{To: "sips:8000@localhost:" + port, Offer: []byte(siptest.SDP)}, nil)
		require.Error(t, err)
	})
}

func TestOldTLSIsRefused(t *testing.T) {
	ca := certstest.New(t)
	s, _ := host(t, sip.Config{Listen: []string{"tls:127.0.0.1:0"}, TLS: secured(t, ca, "127.0.0.1")}, nil, nil)
	d := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, RootCAs: ca.Pool}}
	_, err := d.DialContext(t.Context(), "tcp", at(t, s, "tls"))
	require.Error(t, err)
}

func TestStrangerWithoutHandshakeIsLetGo(t *testing.T) {
	ca := certstest.New(t)
	s, _ := host(t, sip.Config{Listen: []string{"tls:127.0.0.1:0"}, TLS: secured(t, ca, "127.0.0.1"), MessageTimeout: 100 * time.Millisecond}, nil, nil)
	c, err := net.Dial("tcp", at(t, s, "tls"))
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(siptest.Patience)))
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { return s.Stats().Connections == 0 }, siptest.Patience, time.Millisecond)
}

func TestListenAddresses(t *testing.T) {
	for entry, want := range map[string]string{
		"udp":          "want NETWORK:HOST:PORT",
		"sctp::5060":   "want NETWORK:HOST:PORT",
		"udp:5060":     "missing port",
		"udp:::1:5060": "too many colons",
		"tls::5061":    "a certificate is needed",
		"wss::443":     "a certificate is needed",
	} {
		_, err := sip.New(sip.Config{Listen: []string{entry}}, nil, nil, nil)
		require.ErrorContains(t, err, want, entry)
		require.ErrorContains(t, err, entry)
	}
	// Both families side by side, which one socket for both would not let happen.
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Log("no IPv6 here: ", err)
		return
	}
	port := strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port)
	require.NoError(t, c.Close())
	calls := newCalls(t)
	s, _ := host(t, sip.Config{Listen: []string{"udp:0.0.0.0:" + port, "udp:[::]:" + port}}, calls.handle, nil)
	require.Len(t, s.Addrs(), 2)
	for _, ip := range []string{"127.0.0.1", "::1"} {
		p := siptest.New(t, net.JoinHostPort(ip, port))
		call := p.Invite("8000", siptest.SDP)
		require.Contains(t, call.Answered().Get("Contact"), "@"+net.JoinHostPort(ip, port)+">")
		require.Equal(t, netip.MustParseAddr(ip), wait(t, calls.legs).LocalIP())
		call.Bye()
	}
}

// One socket for both families shows IPv4 far ends as IPv4.
func TestDualSocketShowsNoMappedAddresses(t *testing.T) {
	c := newCalls(t)
	s, _ := host(t, sip.Config{Listen: []string{"udp::0", "tcp::0"}}, c.handle, nil)
	for _, network := range []string{"udp", "tcp"} {
		_, port, err := net.SplitHostPort(at(t, s, network))
		require.NoError(t, err)
		for _, ip := range []string{"127.0.0.1", "::1"} {
			var p *siptest.Phone
			if addr := net.JoinHostPort(ip, port); network == "udp" {
				p = siptest.New(t, addr)
			} else {
				p = siptest.NewTCP(t, addr)
			}
			call := p.Invite("8000", siptest.SDP)
			ok := call.Answered()
			require.NotContains(t, ok.Raw, "::ffff")
			require.Contains(t, ok.Get("Contact"), "@"+net.JoinHostPort(ip, port))
			require.Contains(t, ok.Get("Via"), ";received="+ip)
			require.Equal(t, p.Addr(), wait(t, c.legs).RemoteAddr().String())
			call.Bye()
		}
	}
}
