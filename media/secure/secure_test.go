package secure_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/sdp"
	"hotline/media/secure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// party is one side of a call: its description and its protected socket.
type party struct {
	local  sdp.Local
	cert   *secure.Certificate
	socket *media.Socket
	conn   *secure.Conn
	media  sdp.Media
}

func newParty(t *testing.T, s sdp.Security) *party {
	t.Helper()
	socket, err := media.NewPorts(netip.MustParseAddr("127.0.0.1"), 0, 0).Listen()
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	cert, err := secure.NewCertificate()
	require.NoError(t, err)
	s.Secrets = &sdp.Secrets{}
	if s.Fingerprint != "" {
		s.Fingerprint = cert.Fingerprint
	}
	return &party{
		local: sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Security: s},
		cert:  cert, socket: socket,
	}
}

func (p *party) open(t *testing.T, m sdp.Media) {
	t.Helper()
	var err error
	p.media = m
	p.conn, err = secure.New(secure.Config{Conn: p.socket, Keys: m.Keys, RTCPMux: m.RTCPMux, Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Certificate: p.cert})
	require.NoError(t, err)
}

// agree makes the caller offer and the callee answer; edit may change the offer.
func agree(t *testing.T, caller, callee *party, edit func(string) string) {
	t.Helper()
	offer := sdp.Offer(caller.local)
	if edit != nil {
		offer = []byte(edit(string(offer)))
	}
	answer, m, err := sdp.Answer(offer, callee.local)
	require.NoError(t, err, "%s", offer)
	callee.open(t, m)
	m, err = sdp.Accept(caller.local, answer)
	require.NoError(t, err, "%s", answer)
	caller.open(t, m)
}

// conversation is two sessions that say a tone each.
type conversation struct {
	sessions [2]*media.Session
	parties  [2]*party
	errs     [2]error
	stop     context.CancelFunc
	wg       sync.WaitGroup
	heard    [2]chan bool
}

// talk starts a conversation; hear waits until each has heard the other.
func talk(t *testing.T, caller, callee *party) *conversation {
	t.Helper()
	c := &conversation{parties: [2]*party{caller, callee}}
	ctx, cancel := context.WithCancel(t.Context())
	c.stop = cancel
	for i, p := range c.parties {
		s := media.NewSession(media.SessionConfig{Conn: p.conn, Media: p.media})
		c.sessions[i], c.heard[i] = s, make(chan bool, 1)
		in := s.In()
		c.wg.Go(func() { c.errs[i] = s.Run(ctx) })
		c.wg.Go(func() { _ = media.Loop(ctx, s, media.Tone(s.Rate(), int(tones[i]))) })
		c.wg.Go(func() {
			f := make(media.Frame, in.Rate()/50)
			var last []int16
			for in.ReadFrame(f) == nil {
				if last = append(last, f...); len(last) < in.Rate()/5 {
					continue
				}
				hears := mediatest.Hears(last, in.Rate(), tones[1-i])
				select {
				case <-c.heard[i]:
				default:
				}
				c.heard[i] <- hears
				last = last[:0]
			}
		})
	}
	t.Cleanup(c.end)
	return c
}

// hear waits until both hear the other's tone.
func (c *conversation) hear(t *testing.T) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for i := range c.heard {
		for heard := false; !heard; {
			select {
			case heard = <-c.heard[i]:
			case <-limit:
				t.Fatalf("party %d hears nothing: %+v", i, c.sessions[i].Stats())
			}
		}
	}
}

func (c *conversation) end() {
	c.stop()
	c.wg.Wait()
}

var tones = [2]float64{700, 1300}

func TestKeysInTheDescription(t *testing.T) {
	for _, suite := range []string{"AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_32"} {
		t.Run(suite, func(t *testing.T) {
			caller := newParty(t, sdp.Security{Protection: sdp.Required})
			callee := newParty(t, sdp.Security{Protection: sdp.Optional})
			agree(t, caller, callee, func(offer string) string {
				var kept []string
				for line := range strings.Lines(offer) {
					if !strings.HasPrefix(line, "a=crypto") || strings.Contains(line, suite) {
						kept = append(kept, line)
					}
				}
				return strings.Join(kept, "")
			})
			require.Equal(t, suite, callee.media.Keys.SDES.Suite)
			require.Equal(t, callee.media.Keys.SDES.Ours, caller.media.Keys.SDES.Theirs)
			c := talk(t, caller, callee)
			c.hear(t)
			c.end()
			require.NoError(t, c.errs[0])
			require.NoError(t, c.errs[1])
			assert.Zero(t, c.sessions[0].Stats().Malformed)
		})
	}
}

// Both plain and encrypted peers are served by one offer (RFC 8643).
func TestOpportunistic(t *testing.T) {
	caller := newParty(t, sdp.Security{Protection: sdp.Optional})
	plain := newParty(t, sdp.Security{})
	agree(t, caller, plain, nil)
	assert.False(t, caller.media.Keys.Encrypted())
	talk(t, caller, plain).hear(t)

	caller = newParty(t, sdp.Security{Protection: sdp.Optional})
	secured := newParty(t, sdp.Security{Protection: sdp.Optional})
	agree(t, caller, secured, nil)
	assert.True(t, caller.media.Keys.Encrypted())
	talk(t, caller, secured).hear(t)
}

// Our offer has the keys of both kinds beside a stream that may be plain: whoever knows
// one of them takes it, and who knows none talks in the clear.
func TestOfferOfBothKinds(t *testing.T) {
	for name, test := range map[string]struct {
		edit       func(line string) bool // what of the offer the telephone understands
		phone      sdp.Security
		sdes, dtls bool
	}{
		"DTLS alone": {func(l string) bool { return !strings.HasPrefix(l, "a=crypto") }, sdp.Security{Protection: sdp.Optional, Fingerprint: "yes"}, false, true},
		"SDES alone": {func(string) bool { return true }, sdp.Security{Protection: sdp.Optional}, true, false},
		"both":       {func(string) bool { return true }, sdp.Security{Protection: sdp.Optional, Fingerprint: "yes"}, false, true},
		"neither":    {func(string) bool { return true }, sdp.Security{}, false, false},
	} {
		for kind, protection := range map[string]sdp.Protection{"optional": sdp.Optional, "required": sdp.Required} {
			if protection == sdp.Required && !test.sdes && !test.dtls {
				continue
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				we := newParty(t, sdp.Security{Protection: protection, Fingerprint: "yes"})
				phone := newParty(t, test.phone)
				agree(t, we, phone, func(offer string) string {
					var out strings.Builder
					for l := range strings.Lines(offer) {
						if test.edit(l) {
							out.WriteString(l)
						}
					}
					return out.String()
				})
				require.Equal(t, test.sdes, we.media.Keys.SDES != nil)
				require.Equal(t, test.dtls, we.media.Keys.DTLS != nil)
				c := talk(t, we, phone)
				c.hear(t)
				c.end()
				require.NoError(t, c.errs[0])
				require.NoError(t, c.errs[1])
			})
		}
	}
}

func TestDTLS(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(string) string
	}{
		{"the far end begins, one port", nil},
		{"we begin", func(o string) string { return strings.Replace(o, "actpass", "passive", 1) }},
		{"two ports", func(o string) string { return strings.Replace(o, "a=rtcp-mux\r\n", "", 1) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			caller := newParty(t, sdp.Security{Protection: sdp.Required, OfferDTLS: true, Fingerprint: "yes"})
			callee := newParty(t, sdp.Security{Protection: sdp.Optional, Fingerprint: "yes"})
			agree(t, caller, callee, test.edit)
			require.NotNil(t, caller.media.Keys.DTLS)
			require.Equal(t, !callee.media.Keys.DTLS.Client, caller.media.Keys.DTLS.Client)
			c := talk(t, caller, callee)
			c.hear(t)
			c.end()
			require.NoError(t, c.errs[0])
			require.NoError(t, c.errs[1])
		})
	}
}

// A certificate that is not the one in the description ends the call.
func TestStrangersCertificate(t *testing.T) {
	caller := newParty(t, sdp.Security{Protection: sdp.Required, OfferDTLS: true, Fingerprint: "yes"})
	callee := newParty(t, sdp.Security{Protection: sdp.Optional, Fingerprint: "yes"})
	agree(t, caller, callee, nil)
	stranger, err := secure.NewCertificate()
	require.NoError(t, err)
	caller.cert = stranger
	caller.open(t, caller.media)
	c := talk(t, caller, callee)
	select {
	case <-c.sessions[1].Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the call goes on")
	}
	c.end()
	require.ErrorContains(t, c.errs[1], "certificate is not the one")
}

// A re-INVITE changes the keys, takes them away and brings them back.
func TestRekey(t *testing.T) {
	caller := newParty(t, sdp.Security{Protection: sdp.Optional})
	callee := newParty(t, sdp.Security{Protection: sdp.Optional})
	agree(t, caller, callee, nil)
	c := talk(t, caller, callee)
	c.hear(t)
	again := func(protection sdp.Protection, fresh bool) {
		caller.local.Security.Protection = protection
		if fresh {
			caller.local.Security.Secrets = &sdp.Secrets{}
		}
		answer, m, err := sdp.Answer(sdp.Offer(caller.local), callee.local)
		require.NoError(t, err)
		mine, err := sdp.Accept(caller.local, answer)
		require.NoError(t, err)
		for i, m := range []sdp.Media{mine, m} {
			p := c.parties[i]
			require.NoError(t, p.conn.Update(secure.Config{Keys: m.Keys, RTCPMux: m.RTCPMux, Remote: m.Remote, RemoteRTCP: m.RemoteRTCP}))
			require.NoError(t, c.sessions[i].Update(m))
		}
		for i := range c.heard { // what was heard before does not count
			select {
			case <-c.heard[i]:
			default:
			}
			<-c.heard[i]
		}
		c.hear(t)
	}
	again(sdp.Optional, true)
	again(sdp.Plain, false)
	again(sdp.Required, true)
	again(sdp.Required, false)
}

// What goes over the wire is not the sound, and what was changed or repeated on the
// way is not heard.
func TestOnTheWire(t *testing.T) {
	a, b := mediatest.Pipe()
	key := bytes.Repeat([]byte{7}, 30)
	other := bytes.Repeat([]byte{9}, 30)
	make2 := func(inner media.PacketConn, ours, theirs []byte) *secure.Conn {
		c, err := secure.New(secure.Config{Conn: inner, Keys: sdp.Keys{SDES: &sdp.SDES{Tag: 1, Suite: "AES_CM_128_HMAC_SHA1_80", Ours: ours, Theirs: theirs}}})
		require.NoError(t, err)
		return c
	}
	ca, cb := make2(a, key, other), make2(b, other, key)
	var wire [][]byte
	a.Tap(func(p []byte, _ netip.AddrPort) { wire = append(wire, bytes.Clone(p)) })
	packet := make([]byte, 172)
	packet[0] = 0x80
	var batch media.Batch
	for seq := range uint16(3) {
		binary.BigEndian.PutUint16(packet[2:], seq)
		copy(packet[12:], "hello, this is the sound of a call")
		require.NoError(t, ca.Send(packet, b.Addr()))
		require.NotContains(t, string(wire[seq]), "hello")
		require.Len(t, wire[seq], len(packet)+10)
		n, err := cb.Receive(&batch)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, packet, batch.Packets[0].Data)
	}
	b.Inject(wire[1], a.Addr()) // a replay
	changed := bytes.Clone(wire[2])
	changed[3], changed[40] = 9, changed[40]^1
	b.Inject(changed, a.Addr())
	b.Inject([]byte{0x80}, a.Addr())
	b.Inject(packet, a.Addr()) // in the clear
	n, err := cb.Receive(&batch)
	require.NoError(t, err)
	require.Zero(t, n)
}

// The short tag is RTP's alone: RTCP keeps its 80 bits (RFC 4568 section 6.2.2).
func TestShortTag(t *testing.T) {
	key, salted := bytes.Repeat([]byte{1}, 30), bytes.Repeat([]byte{2}, 30)
	a, b := mediatest.Pipe()
	ours, err := secure.New(secure.Config{Conn: a, Keys: sdp.Keys{SDES: &sdp.SDES{Tag: 1, Suite: "AES_CM_128_HMAC_SHA1_32", Ours: key, Theirs: salted}}})
	require.NoError(t, err)
	var rtp, rtcp [][]byte
	a.Tap(func(p []byte, _ netip.AddrPort) { rtp = append(rtp, bytes.Clone(p)) })
	a.TapControl(func(p []byte, _ netip.AddrPort) { rtcp = append(rtcp, bytes.Clone(p)) })
	plain := append([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 160)...)
	require.NoError(t, ours.Send(plain, b.Addr()))
	report := []byte{0x80, 201, 0, 1, 0, 0, 0, 1} // an empty RR
	require.NoError(t, ours.SendControl(report, b.Addr()))
	require.Len(t, rtp, 1)
	assert.Len(t, rtp[0], len(plain)+4, "a tag of 32 bits")
	assert.Equal(t, plain[:12], rtp[0][:12])
	assert.NotEqual(t, plain[12:], rtp[0][12:len(plain)])
	require.Len(t, rtcp, 1)
	assert.Len(t, rtcp[0], len(report)+4+10, "its index and a tag of 80 bits")
}

func TestNoAllocation(t *testing.T) {
	a, b := mediatest.Pipe()
	keys := sdp.Keys{SDES: &sdp.SDES{Tag: 1, Suite: "AES_CM_128_HMAC_SHA1_80", Ours: make([]byte, 30), Theirs: make([]byte, 30)}}
	c, err := secure.New(secure.Config{Conn: nowhere{a}, Keys: keys})
	require.NoError(t, err)
	_ = b
	packet := make([]byte, 172)
	packet[0] = 0x80
	seq := uint16(0)
	got := testing.AllocsPerRun(500, func() {
		seq++
		binary.BigEndian.PutUint16(packet[2:], seq)
		if err := c.Send(packet, b.Addr()); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, got, 3.0, "the library's share of each packet")
}

// nowhere is a socket whose packets are dropped.
type nowhere struct{ *mediatest.Conn }

func (nowhere) Send([]byte, netip.AddrPort) error { return nil }

func TestLiteICE(t *testing.T) {
	a, b := mediatest.Pipe()
	ice := &sdp.ICE{Ufrag: "ours", Password: "our-password-of-22-chars", TheirUfrag: "them", TheirPassword: "x"}
	c, err := secure.New(secure.Config{Conn: b, Keys: sdp.Keys{ICE: ice}})
	require.NoError(t, err)
	from := netip.MustParseAddrPort("192.0.2.77:1234")
	request := func(user, password string, extra ...stun.Setter) *stun.Message {
		parts := append([]stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(user), stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)}}, extra...)
		return stun.MustBuild(append(parts, stun.NewShortTermIntegrity(password), stun.Fingerprint)...)
	}
	var batch media.Batch
	var reply []byte
	b.Tap(func(p []byte, to netip.AddrPort) { reply = append(bytes.Clone(p), fmt.Sprint(to)...) })
	ask := func(m *stun.Message) *stun.Message {
		reply = nil
		b.Inject(m.Raw, from)
		n, err := c.Receive(&batch)
		require.NoError(t, err)
		require.Zero(t, n)
		if reply == nil {
			return nil
		}
		require.True(t, strings.HasSuffix(string(reply), from.String()))
		out := &stun.Message{Raw: bytes.TrimSuffix(reply, []byte(from.String()))}
		require.NoError(t, out.Decode())
		return out
	}
	require.Nil(t, ask(request("ours:them", "wrong")))
	require.Nil(t, ask(request("other:them", ice.Password)))

	sent := func() netip.AddrPort {
		var to netip.AddrPort
		b.Tap(func(_ []byte, at netip.AddrPort) { to = at })
		require.NoError(t, c.Send([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, a.Addr()))
		b.Tap(func(p []byte, to netip.AddrPort) { reply = append(bytes.Clone(p), fmt.Sprint(to)...) })
		return to
	}
	require.Equal(t, a.Addr(), sent(), "nobody has proved himself yet")
	answer := ask(request("ours:them", ice.Password))
	require.NotNil(t, answer)
	require.Equal(t, stun.BindingSuccess, answer.Type)
	require.NoError(t, stun.NewShortTermIntegrity(ice.Password).Check(answer))
	var mapped stun.XORMappedAddress
	require.NoError(t, mapped.GetFrom(answer))
	require.Equal(t, from.Port(), uint16(mapped.Port))
	require.Equal(t, from, sent())

	nominated := from
	require.NotNil(t, ask(request("ours:them", ice.Password, stun.RawAttribute{Type: stun.AttrUseCandidate})))
	from = netip.MustParseAddrPort("192.0.2.78:999")
	require.NotNil(t, ask(request("ours:them", ice.Password)))
	require.Equal(t, nominated, sent(), "a further check does not move what was nominated")

	conflict := ask(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("ours:them"),
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}, stun.NewShortTermIntegrity(ice.Password), stun.Fingerprint))
	require.Equal(t, stun.BindingError, conflict.Type)
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1}, false)
	f.Add([]byte{22, 254, 253, 0, 0}, true)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("ours:them")).Raw, true)
	cert, err := secure.NewCertificate()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, dtls bool) {
		_, b := mediatest.Pipe()
		keys := sdp.Keys{ICE: &sdp.ICE{Ufrag: "ours", Password: "p"}}
		if dtls {
			keys.DTLS = &sdp.DTLS{Fingerprints: []sdp.Fingerprint{{Hash: "sha-256", Value: make([]byte, 32)}}}
		} else {
			keys.SDES = &sdp.SDES{Suite: "AES_CM_128_HMAC_SHA1_80", Ours: make([]byte, 30), Theirs: make([]byte, 30)}
		}
		c, err := secure.New(secure.Config{Conn: b, Keys: keys, RTCPMux: true, Certificate: cert})
		require.NoError(t, err)
		var batch media.Batch
		b.Inject(data, netip.MustParseAddrPort("192.0.2.9:9"))
		n, err := c.Receive(&batch)
		require.NoError(t, err)
		require.Zero(t, n, "nobody knows the keys")
	})
}
