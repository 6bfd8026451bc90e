package sip

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// pointer is a NAPTR record.
func pointer(order, preference uint16, flags, service, regexp, replacement string) *dnsmessage.UnknownResource {
	b := binary.BigEndian.AppendUint16(nil, order)
	b = binary.BigEndian.AppendUint16(b, preference)
	for _, text := range []string{flags, service, regexp} {
		b = append(append(b, byte(len(text))), text...)
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(replacement, "."), ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return &dnsmessage.UnknownResource{Type: typeNAPTR, Data: append(b, 0)}
}

func host4(last byte) *dnsmessage.AResource {
	return &dnsmessage.AResource{A: [4]byte{192, 0, 2, last}}
}

// carrierZone is a carrier who wants TCP, then UDP, and has TLS under a name of its own.
func carrierZone(t *testing.T) *net.Resolver {
	t.Helper()
	return zone(t, map[string][]dnsmessage.ResourceBody{
		"carrier.test.": {
			pointer(20, 1, "s", "SIP+D2U", "", "_sip._udp.second.carrier.test."), // another order
			pointer(10, 30, "S", "sips+d2t", "", "_sips._tcp.safe.carrier.test."),
			pointer(10, 20, "s", "SIP+D2U", "", "_sip._udp.carrier.test."),
			pointer(10, 10, "s", "SIP+D2T", "", "_sip._tcp.carrier.test."),
			pointer(10, 5, "s", "SIP+D2S", "", "_sip._sctp.carrier.test."),               // SCTP
			pointer(10, 4, "u", "E2U+sip", "!^.*$!sip:info@elsewhere.test!", "."),        // ENUM
			pointer(10, 3, "s", "SIP+D2T", "!^.*$!sip:x@y.test!", "_sip._tcp.bad.test."), // both
			host4(99),
		},
		"_sip._tcp.carrier.test.":        {srv(20, 5064, "b.carrier.test."), srv(10, 5062, "a.carrier.test.")},
		"_sip._udp.carrier.test.":        {srv(10, 5066, "b.carrier.test.")},
		"_sip._udp.second.carrier.test.": {srv(10, 5099, "b.carrier.test.")},
		"_sips._tcp.safe.carrier.test.":  {srv(10, 5063, "a.carrier.test.")},
		"_sips._tcp.carrier.test.":       {srv(10, 7, "a.carrier.test.")},
		"a.carrier.test.":                {host4(1)},
		"b.carrier.test.":                {host4(2)},
		"broken.test.":                   {pointer(10, 10, "s", "SIP+D2T", "", "_sip._tcp.nowhere.test."), host4(3)},
	})
}

// A domain's NAPTR records say which transports it wants; where they lead nowhere the
// rest of RFC 3263 counts.
func TestTransportsOfADomain(t *testing.T) {
	resolver := carrierZone(t)
	for _, tt := range []struct {
		uri          string
		places, hops []string
	}{
		{
			"sip:carrier.test",
			[]string{"tcp 192.0.2.1:5062", "tcp 192.0.2.2:5064", "udp 192.0.2.2:5066", "tls 192.0.2.1:5063"},
			[]string{"sip:192.0.2.1:5062;transport=tcp", "sip:192.0.2.2:5064;transport=tcp", "sip:192.0.2.2:5066", "sip:carrier.test:5063;maddr=a.carrier.test;transport=tls"},
		},
		{"sips:carrier.test", []string{"tls 192.0.2.1:5063"}, []string{"sips:carrier.test:5063;maddr=a.carrier.test"}},
		{"sip:carrier.test;transport=udp", []string{"udp 192.0.2.2:5066"}, []string{"sip:192.0.2.2:5066;transport=udp"}},
		{"sip:carrier.test:5080", []string{"udp 192.0.2.99:5080"}, []string{"sip:192.0.2.99:5080"}},
		{"sip:broken.test", []string{"udp 192.0.2.3:5060"}, []string{"sip:192.0.2.3"}},
	} {
		t.Run(tt.uri, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var u sip.Uri
			require.NoError(t, sip.ParseUri(tt.uri, &u))
			network, err := networkOf(&u)
			require.NoError(t, err)
			if u.IsEncrypted() {
				network = anyTLS
			}
			got, err := places(ctx, resolver, network, u.Host, uint16(u.Port))
			require.NoError(t, err)
			var text []string
			for _, p := range got {
				text = append(text, p.network+" "+p.addr.String())
			}
			assert.Equal(t, tt.places, text)
			hops, err := lookup{u}.hops(ctx, resolver)
			require.NoError(t, err)
			text = nil
			for _, h := range hops {
				text = append(text, h.String())
			}
			assert.Equal(t, tt.hops, text)
		})
	}
}

// Of targets with one priority those with more weight come first more often (RFC 2782).
func TestWeightsOfTargets(t *testing.T) {
	heavy, light := srv(10, 5060, "a.test."), srv(10, 5070, "a.test.")
	heavy.Weight, light.Weight = 90, 10
	resolver := zone(t, map[string][]dnsmessage.ResourceBody{"_sip._udp.weighed.test.": {light, heavy, srv(20, 5080, "a.test.")}, "a.test.": {host4(1)}})
	first := map[uint16]int{}
	for range 200 {
		got, err := places(t.Context(), resolver, "udp", "weighed.test", 0)
		require.NoError(t, err)
		require.Len(t, got, 3)
		first[got[0].addr.Port()]++
		assert.Equal(t, uint16(5080), got[2].addr.Port(), "another priority")
	}
	assert.Greater(t, first[5060], 130, "%v", first)
	assert.Positive(t, first[5070], "%v", first)
}

// An answer that does not fit into a datagram is asked for again by TCP.
func TestTransportsByTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	answer := func(query []byte, cut bool) []byte {
		var m dnsmessage.Message
		if m.Unpack(query) != nil {
			return nil
		}
		m.Response, m.Truncated = true, cut
		if !cut {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: typeNAPTR, Class: dnsmessage.ClassINET},
				Body:   pointer(1, 1, "s", "SIP+D2T", "", "_sip._tcp.large.test."),
			}}
		}
		b, _ := m.Pack()
		return b
	}
	done := make(chan struct{}, 2)
	t.Cleanup(func() { _, _ = l.Close(), u.Close(); <-done; <-done })
	go func() {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, 1500)
		for {
			n, from, err := u.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = u.WriteTo(answer(buf[:n], true), from)
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			size := make([]byte, 2)
			if _, err := io.ReadFull(c, size); err == nil {
				query := make([]byte, binary.BigEndian.Uint16(size))
				if _, err := io.ReadFull(c, query); err == nil {
					b := answer(query, false)
					_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
				}
			}
			_ = c.Close()
		}
	}()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		at := l.Addr().String()
		if network == "udp" {
			at = u.LocalAddr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}}
	assert.Equal(t, []naptr{{1, 1, "tcp", "_sip._tcp.large.test"}}, transports(t.Context(), resolver, "large.test", false))
	assert.Empty(t, transports(t.Context(), resolver, "large.test", true), "sips: wants TLS")
	assert.Empty(t, transports(t.Context(), resolver, "localhost", false), "not asked for")
}

func FuzzNAPTR(f *testing.F) {
	name := dnsmessage.MustNewName("carrier.test.")
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{Response: true},
		Questions: []dnsmessage.Question{{Name: name, Type: typeNAPTR, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: name, Type: typeNAPTR, Class: dnsmessage.ClassINET},
			Body:   pointer(1, 2, "s", "SIP+D2U", "", "_sip._udp.carrier.test."),
		}},
	}
	b, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		found, whole, err := readNAPTR(b, name)
		if err != nil || !whole {
			return
		}
		assert.LessOrEqual(t, len(found), maxNAPTR)
		for _, n := range found {
			assert.NotEmpty(t, n.service)
			assert.Contains(t, []string{"udp", "tcp", "tls"}, n.network)
		}
	})
}
