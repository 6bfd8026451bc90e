package sip

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// bareTransport takes every message and has no sockets.
func bareTransport(closed func(carrier)) *transport {
	log := slog.New(slog.DiscardHandler)
	return &transport{
		log:    log,
		limits: limits{message: 65535, connections: 4, messageTime: 10 * time.Second, strangerIdle: 10 * time.Second, friendIdle: time.Hour, writeTime: 5 * time.Second},
		sentry: newSentry(GuardConfig{}, nil, log), received: func([]byte, flow) error { return nil }, closed: closed,
		conns: make(map[connection]struct{}), peers: make(map[peer]*streamConn),
	}
}

// A flow that we have opened is pinged while it lives, and its pongs are not taken for
// the beginning of a message.
func TestKeepAliveOfFlowsWeOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		closed := make(chan carrier, 1)
		tp := bareTransport(func(c carrier) { closed <- c })
		c, err := tp.adopt(ours, peer{network: "tcp"}, true)
		require.NoError(t, err)
		began := time.Now()
		buf := make([]byte, 16)
		for range 5 {
			n, err := theirs.Read(buf)
			require.NoError(t, err)
			require.Equal(t, "\r\n\r\n", string(buf[:n]))
			_, err = theirs.Write([]byte("\r\n"))
			require.NoError(t, err)
		}
		each := time.Since(began) / 5
		require.GreaterOrEqual(t, each, 80*time.Second)
		require.LessOrEqual(t, each, 2*time.Minute)
		require.True(t, c.alive())
		require.NoError(t, theirs.Close())
		<-closed
		synctest.Wait()
		require.False(t, c.alive())
		tp.wait()
	})
}

// A far end that connected is answered, and may be slow with the second half of a
// ping.
func TestPingsOfFarEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		tp := bareTransport(func(carrier) {})
		_, err := tp.adopt(ours, peer{network: "tcp"}, false)
		require.NoError(t, err)
		write := func(s string) {
			t.Helper()
			_, err := theirs.Write([]byte(s))
			require.NoError(t, err)
		}
		write("OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n") // a friend from here on
		for range 3 {
			time.Sleep(time.Minute)
			write("\r\n")
			time.Sleep(time.Minute)
			write("\r\n")
			buf := make([]byte, 4)
			n, err := theirs.Read(buf)
			require.NoError(t, err)
			require.Equal(t, "\r\n", string(buf[:n]))
		}
		time.Sleep(2 * time.Hour)
		_, err = theirs.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, "silent for too long")
		tp.wait()
	})
}

func TestNetworkOfURI(t *testing.T) {
	for text, want := range map[string]string{
		"sip:a@b":                "",
		"sip:a@b;transport=UDP":  "udp",
		"sip:a@b;transport=tcp":  "tcp",
		"sip:a@b;transport=tls":  "tls",
		"sips:a@b":               "tls",
		"sips:a@b;transport=tcp": "tls",
		"sips:a@b;transport=udp": "error",
		"sip:a@b;transport=sctp": "error",
		"sip:a@b;transport=ws":   "error",
	} {
		var u sip.Uri
		require.NoError(t, sip.ParseUri(text, &u))
		network, err := networkOf(&u)
		if want == "error" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, network, text)
	}
}

// Where requests to a domain go, by its SRV records (RFC 3263 section 4).
func TestPlacesOfADomain(t *testing.T) {
	resolver := zone(t, map[string][]dnsmessage.ResourceBody{
		"_sip._udp.both.test.":  {srv(20, 5064, "b.both.test."), srv(10, 5062, "a.both.test.")},
		"_sip._tcp.both.test.":  {srv(10, 5070, "a.both.test.")},
		"_sips._tcp.both.test.": {srv(10, 5063, "a.both.test.")},
		"_sip._tcp.tcp.test.":   {srv(10, 5060, "a.both.test.")},
		"a.both.test.":          {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::1").As16()}},
		"b.both.test.":          {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}},
		"plain.test.":           {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 3}}},
		"six.test.":             {&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::6").As16()}},
	})
	for _, tt := range []struct {
		network, host string
		port          uint16
		want          []string
	}{
		{"", "both.test", 0, []string{"udp 192.0.2.1:5062", "udp [2001:db8::1]:5062", "udp 192.0.2.2:5064"}},
		{"tcp", "both.test", 0, []string{"tcp 192.0.2.1:5070", "tcp [2001:db8::1]:5070"}},
		{"tls", "both.test", 0, []string{"tls 192.0.2.1:5063", "tls [2001:db8::1]:5063"}},
		{"", "tcp.test", 0, []string{"tcp 192.0.2.1:5060", "tcp [2001:db8::1]:5060"}},
		{"", "plain.test", 0, []string{"udp 192.0.2.3:5060"}},
		{"tls", "plain.test", 0, []string{"tls 192.0.2.3:5061"}},
		{"tls", "plain.test", 7, []string{"tls 192.0.2.3:7"}},
		{"", "six.test", 0, []string{"udp [2001:db8::6]:5060"}},
		{"", "192.0.2.9", 0, []string{"udp 192.0.2.9:5060"}},
		{"tls", "2001:db8::9", 0, []string{"tls [2001:db8::9]:5061"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		got, err := places(ctx, resolver, tt.network, tt.host, tt.port)
		cancel()
		require.NoError(t, err, tt.host)
		var text []string
		for _, p := range got {
			text = append(text, p.network+" "+p.addr.String())
		}
		require.Equal(t, tt.want, text, tt.network+" "+tt.host)
	}
	_, err := places(t.Context(), resolver, "", "nowhere.test", 0)
	require.ErrorContains(t, err, "nowhere.test")
}

func srv(priority, port uint16, target string) *dnsmessage.SRVResource {
	return &dnsmessage.SRVResource{Priority: priority, Weight: 1, Port: port, Target: dnsmessage.MustNewName(target)}
}

// zone is a resolver that asks a name server on loopback.
func zone(t *testing.T, records map[string][]dnsmessage.ResourceBody) *net.Resolver {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			bodies, known := records[strings.ToLower(q.Name.String())]
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if !known {
				m.RCode = dnsmessage.RCodeNameError
			}
			for _, b := range bodies {
				var kind dnsmessage.Type
				switch b.(type) {
				case *dnsmessage.AResource:
					kind = dnsmessage.TypeA
				case *dnsmessage.AAAAResource:
					kind = dnsmessage.TypeAAAA
				case *dnsmessage.SRVResource:
					kind = dnsmessage.TypeSRV
				case *dnsmessage.UnknownResource:
					kind = typeNAPTR
				}
				if kind == q.Type {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: kind, Class: dnsmessage.ClassINET, TTL: 1}, Body: b})
				}
			}
			answer, err := m.Pack()
			if err == nil {
				_, _ = conn.WriteToUDPAddrPort(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// One of several sockets is chosen as the kernel would route.
func TestSocketForADestination(t *testing.T) {
	socket := func(addr string, both bool) *packetSocket {
		p := &packetSocket{at: netip.MustParseAddrPort(addr)}
		p.v6 = p.at.Addr().Is6()
		p.v4 = !p.v6 || both
		return p
	}
	for _, tt := range []struct {
		sockets  []*packetSocket
		to, from string
		want     int // -1: none
	}{
		{[]*packetSocket{socket("0.0.0.0:5060", false)}, "192.0.2.1", "10.0.0.1", 0},
		{[]*packetSocket{socket("0.0.0.0:5060", false)}, "2001:db8::1", "::1", -1},
		{[]*packetSocket{socket("[::]:5060", true)}, "192.0.2.1", "10.0.0.1", 0},
		{[]*packetSocket{socket("[::]:5060", false)}, "192.0.2.1", "10.0.0.1", -1},
		{[]*packetSocket{socket("10.0.0.1:5060", false), socket("192.168.0.1:5060", false)}, "192.168.0.7", "192.168.0.1", 1},
		{[]*packetSocket{socket("127.0.0.1:5060", false), socket("0.0.0.0:5070", false)}, "192.0.2.1", "10.0.0.1", 1},
		{[]*packetSocket{socket("0.0.0.0:5070", false), socket("127.0.0.1:5060", false)}, "127.0.0.1", "127.0.0.1", 1},
		{[]*packetSocket{socket("0.0.0.0:5060", false), socket("[::]:5060", false)}, "2001:db8::1", "2001:db8::2", 1},
		{[]*packetSocket{socket("127.0.0.1:5060", false), socket("10.0.0.1:5060", false)}, "192.0.2.1", "172.16.0.1", 1},
	} {
		tp := &transport{packets: tt.sockets}
		got := tp.socketFor(netip.MustParseAddr(tt.to), func() netip.Addr { return netip.MustParseAddr(tt.from) })
		require.Equal(t, tt.want, slices.Index(tt.sockets, got), tt.to)
	}
}
