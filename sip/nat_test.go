package sip_test

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// What a request says of where it was sent from, and where its response goes (RFC
// 3261 section 18.2.2, RFC 3581).
func TestResponsesGoWhereTheRequestCameFrom(t *testing.T) {
	_, addr := host(t, sip.Config{}, nil, nil)
	asker, listener := siptest.New(t, addr), siptest.New(t, addr)
	_, port, err := net.SplitHostPort(asker.Addr())
	require.NoError(t, err)
	_, other, err := net.SplitHostPort(listener.Addr())
	require.NoError(t, err)
	for _, tt := range []struct {
		name, sentBy, params string
		at                   *siptest.Phone
		has                  []string
		hasNot               string
	}{
		{"symmetric", "10.0.0.9:5060", ";rport", asker, []string{";received=127.0.0.1", ";rport=" + port}, ""},
		{"asks for nothing, sent by another port", "127.0.0.1:" + other, "", listener, nil, "received"},
		{"asks for nothing, names another host", "192.0.2.7:" + other, "", listener, []string{";received=127.0.0.1"}, "rport"},
		{"a name", "phone.invalid:" + other, "", listener, []string{";received=127.0.0.1"}, ""},
		{"lies about received", "10.0.0.9:" + other, ";received=192.0.2.1;rport=7", asker, []string{";received=127.0.0.1", ";rport=" + port}, "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asker.Send("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP " + tt.sentBy + ";branch=z9hG4bK" + siptest.Random() + tt.params +
				"\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: " + siptest.Random() + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
			via := tt.at.Expect("200 OPTIONS").Get("Via")
			for _, want := range tt.has {
				require.Contains(t, via, want)
			}
			if tt.hasNot != "" {
				require.NotContains(t, via, tt.hasNot)
			}
		})
	}
}

// Where requests inside a call go, by the contact that the far end names.
func TestContactBehindNATStandsForTheSource(t *testing.T) {
	for _, tt := range []struct {
		name, host  string
		registered  bool
		atTheSource bool
	}{
		{"private address", "10.0.0.9:5060", false, true},
		{"a browser's name", "abc.invalid", false, true},
		{"another port of its address, as asymmetric systems have", "", false, false},
		{"another port of its address, registered so", "", true, true},
		{"private address, registered", "192.168.7.7:5060", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a"}, nil)
			c := newCalls(t)
			_, addr := host(t, sip.Config{}, c.handle, reg)
			p, other := siptest.New(t, addr), siptest.New(t, addr)
			contact := tt.host
			if contact == "" {
				contact = other.Addr()
			}
			contact = "<sip:ann@" + contact + ">"
			if tt.registered {
				require.Equal(t, 200, p.Register("ann", "a", contact, 60).Status())
			}
			call := p.NewCall("sip:8000@"+addr, "sip:ann@"+addr)
			call.Contact = contact
			call.Request("INVITE", siptest.SDP)
			call.Answered()
			l := wait(t, c.legs)
			ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- l.Hangup(ctx) }()
			at := other
			if tt.atTheSource {
				at = p
			}
			bye := at.Expect("BYE")
			require.Contains(t, bye.Start, strings.Trim(contact, "<>"), "the contact, unchanged")
			call.On(at)
			call.Respond(bye, 200, "OK", "")
			require.NoError(t, wait(t, ended))
		})
	}
}

func TestPublicAddressIsForTheOutside(t *testing.T) {
	outside := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // not where the test rings from
	for _, tt := range []struct {
		name       string
		cfg        sip.Config
		network    string
		host, port string // of Contact; "" is the real one
		ip         string
	}{
		{"from inside", sip.Config{PublicAddr: "203.0.113.7:5070"}, "udp", "", "", "127.0.0.1"},
		{"from outside", sip.Config{PublicAddr: "203.0.113.7:5070", LocalNetworks: outside}, "udp", "203.0.113.7", "5070", "203.0.113.7"},
		{"from outside by TCP", sip.Config{PublicAddr: "203.0.113.7", LocalNetworks: outside}, "tcp", "203.0.113.7", "", "203.0.113.7"},
		{"a name", sip.Config{PublicAddr: "pbx.example.com", LocalNetworks: outside}, "udp", "pbx.example.com", "", "127.0.0.1"},
		{"sound elsewhere", sip.Config{PublicAddr: "pbx.example.com", MediaAddr: netip.MustParseAddr("203.0.113.8"), LocalNetworks: outside}, "udp", "pbx.example.com", "", "203.0.113.8"},
		{"another family", sip.Config{PublicAddr: "2001:db8::1", LocalNetworks: outside}, "udp", "", "", "127.0.0.1"},
		{"inside by the setting", sip.Config{PublicAddr: "203.0.113.7", LocalNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, "udp", "", "", "127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCalls(t)
			s, _ := host(t, tt.cfg, c.handle, nil)
			us := at(t, s, tt.network)
			p := phoneOver(t, s, tt.network, nil)
			call := p.Invite("8000", siptest.SDP)
			ok := call.Answered()
			realHost, realPort, err := net.SplitHostPort(us)
			require.NoError(t, err)
			if tt.host != "" {
				realHost = tt.host
			}
			if tt.port != "" {
				realPort = tt.port
			}
			require.Contains(t, ok.Get("Contact"), "sip:8000@"+realHost+":"+realPort)
			l := wait(t, c.legs)
			require.Equal(t, tt.ip, l.LocalIP().String())
			call.Target = "sip:8000@" + us // the way there is not what is tested
			go func() { _ = l.Hangup(context.WithoutCancel(t.Context())) }()
			bye := call.HungUp()
			require.Contains(t, bye.Get("Via"), " "+realHost+":"+realPort+";")
		})
	}
}

// freeBoth is a port that neither UDP nor TCP uses.
func freeBoth(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		c, err := net.ListenPacket("udp", l.Addr().String())
		require.NoError(t, l.Close())
		if err == nil {
			require.NoError(t, c.Close())
			_, port, err := net.SplitHostPort(l.Addr().String())
			require.NoError(t, err)
			return port
		}
	}
}

func TestLargeRequestsGoByTCP(t *testing.T) {
	large := siptest.SDP + strings.Repeat("a=x-filler:0123456789012345678901234567890123456789\r\n", 30)
	t.Run("the far end takes TCP", func(t *testing.T) {
		port := freeBoth(t)
		c := newCalls(t)
		far, _ := host(t, sip.Config{Listen: []string{"udp:127.0.0.1:" + port, "tcp:127.0.0.1:" + port}}, c.handle, nil)
		s, _ := host(t, sip.Config{}, nil, nil)
		l, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:8000@127.0.0.1:" + port, Offer: []byte(large)}, nil)
		require.NoError(t, err)
		require.Equal(t, "tcp", wait(t, c.legs).Network())
		require.NoError(t, l.Hangup(t.Context()))
		l, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:8000@127.0.0.1:" + port, Offer: []byte(siptest.SDP)}, nil)
		require.NoError(t, err)
		require.Equal(t, "udp", wait(t, c.legs).Network(), "a small one")
		require.NoError(t, l.Hangup(t.Context()))
		l, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:8000@127.0.0.1:" + port + ";transport=udp", Offer: []byte(large)}, nil)
		require.NoError(t, err)
		require.Equal(t, "udp", wait(t, c.legs).Network(), "as the URI asks")
		require.NoError(t, l.Hangup(t.Context()))
		require.Equal(t, 1, far.Stats().Connections)
	})
	t.Run("the far end has no TCP", func(t *testing.T) {
		s, addr := host(t, sip.Config{}, nil, nil)
		p := siptest.New(t, addr)
		legs := make(chan *sip.Leg, 1)
		go func() {
			l, _ := s.Dial(context.WithoutCancel(t.Context()), sip.DialRequest{To: "sip:8000@" + p.Addr(), Offer: []byte(large)}, nil)
			legs <- l
		}()
		call := p.Await()
		require.Equal(t, large, call.Incoming.Body)
		require.True(t, strings.HasPrefix(call.Incoming.Get("Via"), "SIP/2.0/UDP "))
		call.Answer(siptest.SDP)
		l := wait(t, legs)
		go func() { _ = l.Hangup(context.WithoutCancel(t.Context())) }()
		call.HungUp()
	})
	t.Run("given up", func(t *testing.T) { // CANCEL goes the way of the INVITE
		port := freeBoth(t)
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		require.NoError(t, err)
		defer func() { _ = l.Close() }()
		heard := make(chan string, 8)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			buf := make([]byte, 65536)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				m := siptest.Parse(buf[:n])
				heard <- m.Method()
				if m.Method() == "INVITE" {
					lines := []string{"SIP/2.0 180 Ringing", "Via: " + m.Get("Via"), "From: " + m.Get("From"), "To: " + m.Get("To") + ";tag=1", "Call-ID: " + m.Get("Call-ID"), "CSeq: " + m.Get("CSeq"), "Content-Length: 0", "", ""}
					_, _ = conn.Write([]byte(strings.Join(lines, "\r\n")))
				}
			}
		}()
		s, _ := host(t, sip.Config{}, nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		_, err = s.Dial(ctx, sip.DialRequest{To: "sip:8000@127.0.0.1:" + port, Offer: []byte(large)}, func(int, []byte) { cancel() })
		cancel()
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "INVITE", wait(t, heard))
		require.Equal(t, "CANCEL", wait(t, heard))
	})
}

// A response whose connection is gone finds its way to where the request says that it
// was sent from.
func TestResponseOverANewConnection(t *testing.T) {
	ringing := make(chan *sip.Leg, 1)
	answer := make(chan struct{})
	s, _, tcp := hostBoth(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		ringing <- l
		<-answer
		_ = l.Answer(ctx, []byte(siptest.SDP))
		<-l.Context().Done()
	}, nil)
	back, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = back.Close() }()
	_, port, err := net.SplitHostPort(back.Addr().String())
	require.NoError(t, err)

	p := siptest.NewTCP(t, tcp)
	p.Send("INVITE sip:8000@" + tcp + " SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:" + port + ";branch=z9hG4bKback;rport\r\nMax-Forwards: 70\r\n" +
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:8000@" + tcp + ">\r\nCall-ID: back\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:" + port + ";transport=tcp>\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(len(siptest.SDP)) + "\r\n\r\n" + siptest.SDP)
	wait(t, ringing)
	p.Close()
	require.Eventually(t, func() bool { return s.Stats().Connections == 0 }, siptest.Patience, time.Millisecond)
	close(answer)
	conn, err := back.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(siptest.Patience)))
	buf := make([]byte, 65536)
	n, err := conn.Read(buf)
	require.NoError(t, err)
	m := siptest.Parse(buf[:n])
	require.Equal(t, 200, m.Status())
	// And the call goes on over the new connection.
	dialog := "Max-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\nTo: " + m.Get("To") + "\r\nCall-ID: back\r\n"
	via := "Via: SIP/2.0/TCP 127.0.0.1:" + port + ";branch=z9hG4bK"
	_, err = conn.Write([]byte("ACK sip:8000@" + tcp + " SIP/2.0\r\n" + via + "ack\r\n" + dialog + "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n" +
		"BYE sip:8000@" + tcp + " SIP/2.0\r\n" + via + "bye\r\n" + dialog + "CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n"))
	require.NoError(t, err)
	for {
		n, err = conn.Read(buf)
		require.NoError(t, err)
		if strings.Contains(string(buf[:n]), "CSeq: 2 BYE") {
			break
		}
	}
}
