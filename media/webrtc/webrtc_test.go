package webrtc_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/sdp"
	"hotline/media/webrtc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = webrtc.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")}

// call has the browser call us; both hum.
func call(t *testing.T, e *webrtc.Endpoint, l sdp.Local) (*browser, *phone, []byte, sdp.Media) {
	t.Helper()
	b := newBrowser(t)
	offer := b.offer(nil)
	require.True(t, webrtc.IsBrowser(offer))
	answer, c, m, err := e.Answer(t.Context(), offer, l)
	require.NoError(t, err)
	p := pickUp(t, c, m)
	b.agreed(m)
	b.accept(answer)
	go b.hum(t.Context())
	return b, p, answer, m
}

func TestCall(t *testing.T) {
	for _, c := range []struct {
		codec  sdp.Codec
		events string
	}{
		{sdp.Opus, "110 telephone-event/48000"},
		{sdp.PCMU, "126 telephone-event/8000"},
		{sdp.G722, "126 telephone-event/8000"},
	} {
		t.Run(c.codec.Name, func(t *testing.T) {
			t.Parallel()
			e := startEndpoint(t, loopback)
			b, p, answer, m := call(t, e, sdp.Local{Codecs: []sdp.Codec{c.codec}})
			assert.Equal(t, c.codec.Name, m.Codec.Name)
			assert.Equal(t, sdp.SendRecv, m.Direction)
			// One codec, events of its clock alone, and the server's role in DTLS.
			assert.Len(t, attribute(answer, "rtpmap"), 2, string(answer))
			assert.Contains(t, attribute(answer, "rtpmap"), c.events)
			assert.Equal(t, []string{"passive"}, attribute(answer, "setup"))
			b.hears()
			p.hears()

			b.press('7')
			select {
			case k := <-p.session.Keys():
				assert.Equal(t, byte('7'), k.Digit)
			case <-time.After(patience):
				t.Fatal("the key has not come")
			}
			require.NoError(t, p.session.SendKeys(t.Context(), "5#"))
			require.Eventually(t, func() bool {
				b.mu.Lock()
				defer b.mu.Unlock()
				return b.pressed == "5#"
			}, patience, 10*time.Millisecond)
			assert.Equal(t, 1, e.Conns())
			p.stop()
			require.NoError(t, <-p.ended)
			assert.Equal(t, 0, e.Conns())
		})
	}
}

// The default is what browsers do best.
func TestPreference(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	b := newBrowser(t)
	_, c, m, err := e.Answer(t.Context(), b.offer(nil), sdp.Local{})
	require.NoError(t, err)
	assert.Equal(t, "opus", m.Codec.Name)
	assert.Equal(t, 48000, m.DTMFClock)
	require.NoError(t, c.Close())
}

// The first word is whole: it waits until the browser can hear it.
func TestFirstWord(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	b := newBrowser(t)
	answer, c, m, err := e.Answer(t.Context(), b.offer(nil), sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}})
	require.NoError(t, err)
	p := pickUp(t, c, m)
	for p.session.Elapsed() < 300*time.Millisecond { // the answer is on its way
		time.Sleep(10 * time.Millisecond)
	}
	assert.Zero(t, p.session.Stats().Sent)
	b.agreed(m)
	b.accept(answer)
	b.hears()
	assert.True(t, c.Connected())
}

// Hold and resume as browsers do it, and silence while it lasts.
func TestHold(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	l := sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}}
	b, p, _, _ := call(t, e, l)
	b.hears()
	for _, hold := range []struct{ theirs, ours string }{{"sendonly", "recvonly"}, {"inactive", "inactive"}} {
		reoffer := func(direction string) (answer []byte, m sdp.Media) {
			offer := strings.Replace(string(b.offer(nil)), "a=sendrecv", "a="+direction, 1)
			answer, m, err := p.conn.Update(t.Context(), []byte(offer), l)
			require.NoError(t, err)
			require.NoError(t, p.session.Update(m))
			return answer, m
		}
		answer, m := reoffer(hold.theirs)
		assert.Contains(t, attribute(answer, hold.ours), "")
		assert.False(t, m.Direction.Sends())
		// The peer takes an answer that fits; pion as a browser would stop its own side.
		b.accept([]byte(strings.Replace(string(answer), "a="+hold.ours, "a=sendrecv", 1)))
		before := p.session.Stats().Sent
		from := p.session.Elapsed()
		for p.session.Elapsed() < from+300*time.Millisecond {
			time.Sleep(10 * time.Millisecond)
		}
		assert.LessOrEqual(t, p.session.Stats().Sent, before+1)
		b.forget()

		answer, m = reoffer("sendrecv")
		assert.Equal(t, sdp.SendRecv, m.Direction)
		assert.Equal(t, []string{"passive"}, attribute(answer, "setup"))
		b.accept(answer)
		b.hears()
		p.hears()
	}
}

// New ICE credentials in mid-call, as when a telephone goes from Wi-Fi to mobile.
func TestICERestart(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	l := sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}}
	b, p, first, _ := call(t, e, l)
	b.hears()
	offer := b.offer(&pion.OfferOptions{ICERestart: true})
	answer, m, err := p.conn.Update(t.Context(), offer, l)
	require.NoError(t, err)
	require.NoError(t, p.session.Update(m))
	assert.NotEqual(t, attribute(first, "ice-ufrag"), attribute(answer, "ice-ufrag"))
	b.accept(answer)
	require.Eventually(t, p.conn.Connected, patience, 10*time.Millisecond)
	b.forget()
	b.hears()
	p.hears()
}

// Another codec in mid-call.
func TestCodecChange(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	l := sdp.Local{Codecs: []sdp.Codec{sdp.PCMU, sdp.PCMA}}
	b, p, _, m := call(t, e, l)
	assert.Equal(t, "PCMU", m.Codec.Name)
	b.hears()
	offer := string(b.offer(nil))
	answer, m, err := p.conn.Update(t.Context(), []byte(strings.ReplaceAll(strings.Replace(offer, "SAVPF 0", "SAVPF 8", 1), ":0 PCMU", ":8 PCMA")), l)
	require.NoError(t, err)
	assert.Equal(t, "PCMA", m.Codec.Name)
	require.NoError(t, p.session.Update(m))
	b.forget()
	b.agreed(m)
	b.accept(answer)
	b.hears()
	p.hears()
}

// The page is closed or loaded again: no BYE, and the call is over at once.
func TestPageGone(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	b, p, _, _ := call(t, e, sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}})
	b.hears()
	require.NoError(t, b.pc.Close())
	select {
	case err := <-p.ended:
		require.ErrorIs(t, err, webrtc.ErrLeft)
		var far interface{ CallerGone() bool }
		require.ErrorAs(t, err, &far)
		assert.True(t, far.CallerGone())
	case <-time.After(patience):
		t.Fatal("the call goes on without the browser")
	}
	assert.Zero(t, e.Conns())
}

// We call the browser; it answers, holds us, and we hear each other again.
func TestOffer(t *testing.T) {
	t.Parallel()
	for _, codecs := range [][]sdp.Codec{nil, {sdp.PCMU, sdp.PCMA}} {
		e := startEndpoint(t, loopback)
		b := newBrowser(t)
		l := sdp.Local{Codecs: codecs}
		offer, c, err := e.Offer(t.Context(), l)
		require.NoError(t, err)
		events := 0
		for _, v := range attribute(offer, "rtpmap") {
			if strings.Contains(v, "telephone-event") {
				events++
			}
		}
		assert.Equal(t, 1, events, "Chrome sends keys of the wrong clock when it is given two")
		answer := b.answer(offer)
		m, err := c.Accept(answer, l)
		require.NoError(t, err)
		p := pickUp(t, c, m)
		b.agreed(m)
		go b.hum(t.Context())
		b.hears()
		p.hears()

		reply, m, err := c.Update(t.Context(), b.offer(nil), l)
		require.NoError(t, err)
		require.NoError(t, p.session.Update(m))
		assert.Equal(t, []string{"passive"}, attribute(reply, "setup"), "the role in DTLS stays")
		b.accept(reply)
		b.forget()
		b.hears()

		// And we offer anew, which a re-INVITE without an offer asks for.
		again, err := c.Reoffer(l)
		require.NoError(t, err)
		m, err = c.Accept(b.answer(again), l)
		require.NoError(t, err)
		require.NoError(t, p.session.Update(m))
		b.forget()
		b.hears()
		_, err = c.Accept(answer, l)
		require.ErrorIs(t, err, webrtc.ErrNotAsked)
		p.stop()
		require.NoError(t, <-p.ended)
	}
}

// An offer of ours that the browser's crosses is taken back.
func TestCrossing(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	l := sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}}
	b, p, _, _ := call(t, e, l)
	b.hears()
	_, err := p.conn.Reoffer(l)
	require.NoError(t, err)
	answer, m, err := p.conn.Update(t.Context(), b.offer(nil), l)
	require.NoError(t, err)
	require.NoError(t, p.session.Update(m))
	b.accept(answer)
	b.forget()
	b.hears()
}

// Reports go both ways about the streams as they are on the wire, and one of each.
func TestReports(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	b, p, answer, _ := call(t, e, sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}})
	b.hears()
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.senders) > 0 && len(b.reports) > 0
	}, patience, 50*time.Millisecond)
	b.mu.Lock()
	assert.Contains(t, strings.Join(attribute(answer, "ssrc"), " "), "cname:hotline")
	assert.Equal(t, b.ssrc, b.reports[0].SSRC)
	b.mu.Unlock()
	p.stop()
	require.NoError(t, <-p.ended)
}

// Packets that are lost on the way are counted and made up for.
func TestLoss(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, loopback)
	b, p, _, _ := call(t, e, sdp.Local{Codecs: []sdp.Codec{sdp.Opus}})
	p.hears()
	b.mu.Lock()
	b.lose = 10
	b.mu.Unlock()
	require.Eventually(t, func() bool { return p.session.Stats().Concealed > 10 }, patience, 20*time.Millisecond)
	p.hears()
	assert.NotZero(t, p.session.Stats().Lost)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, webrtc.Config{Listen: loopback.Listen, MaxConns: 1})
	offer := newBrowser(t).offer(nil)
	for _, c := range []struct {
		name  string
		offer string
		codec sdp.Codec
		err   error
	}{
		{"nothing", "", sdp.PCMU, sdp.ErrSyntax},
		{"half a line", "v=0\r\no=", sdp.PCMU, sdp.ErrSyntax},
		{"no audio", strings.ReplaceAll(string(offer), "m=audio", "m=video"), sdp.PCMU, sdp.ErrNoAudio},
		{"no codec", string(offer), sdp.Codec{Name: "G729", ClockRate: 8000, PayloadType: 18}, sdp.ErrNoCodec},
		{"not encrypted", strings.ReplaceAll(string(offer), "a=fingerprint", "a=x"), sdp.PCMU, sdp.ErrNoAudio},
	} {
		_, _, _, err := e.Answer(t.Context(), []byte(c.offer), sdp.Local{Codecs: []sdp.Codec{c.codec}})
		require.ErrorIs(t, err, c.err, c.name)
	}
	assert.Zero(t, e.Conns(), "what is refused leaves nothing behind")
	_, c, _, err := e.Answer(t.Context(), offer, sdp.Local{})
	require.NoError(t, err)
	_, _, _, err = e.Answer(t.Context(), offer, sdp.Local{})
	require.ErrorIs(t, err, webrtc.ErrFull)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the caller has gone"))
	_, _, _, err = e.Answer(ctx, offer, sdp.Local{})
	if err == nil { // it was quicker than the end of ctx
		return
	}
	assert.Zero(t, e.Conns())
}

func TestNotRunning(t *testing.T) {
	t.Parallel()
	e, err := webrtc.New(loopback)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, _, _, err = e.Answer(ctx, newBrowser(t).offer(nil), sdp.Local{})
	require.ErrorIs(t, err, webrtc.ErrNotRunning)
	_, err = webrtc.New(webrtc.Config{Listen: e.Addr()})
	require.ErrorContains(t, err, "rtp.webrtc_port")
	require.NoError(t, e.Close())
}

// Addresses: the public one beside the local, on the one port.
func TestPublicAddress(t *testing.T) {
	t.Parallel()
	public := netip.MustParseAddr("203.0.113.9")
	e := startEndpoint(t, webrtc.Config{Listen: loopback.Listen, Public: []netip.Addr{public}})
	answer, c, _, err := e.Answer(t.Context(), newBrowser(t).offer(nil), sdp.Local{})
	require.NoError(t, err)
	candidates := strings.Join(attribute(answer, "candidate"), "\n")
	port := netip.AddrPortFrom(public, e.Addr().Port())
	assert.Contains(t, candidates, strings.Replace(port.String(), ":", " ", 1))
	assert.Contains(t, candidates, "127.0.0.1")
	require.NoError(t, c.Close())
}

// Both families on one port.
func TestAllAddresses(t *testing.T) {
	t.Parallel()
	e := startEndpoint(t, webrtc.Config{Listen: netip.AddrPortFrom(netip.IPv6Unspecified(), 0)})
	b, p, _, _ := call(t, e, sdp.Local{Codecs: []sdp.Codec{sdp.PCMU}})
	b.hears()
	p.hears()
}

func TestIsBrowser(t *testing.T) {
	assert.False(t, webrtc.IsBrowser(sdp.Offer(sdp.Local{Addr: netip.MustParseAddr("192.0.2.1"), Port: 4000})))
	assert.False(t, webrtc.IsBrowser(nil))
	assert.True(t, webrtc.IsBrowser(newBrowser(t).offer(nil)))
}

// The clock's work for a browser: what is ours allocates nothing.
func TestReceiveAllocatesNothing(t *testing.T) {
	e := startEndpoint(t, loopback)
	_, c, _, err := e.Answer(t.Context(), newBrowser(t).offer(nil), sdp.Local{})
	require.NoError(t, err)
	var b media.Batch
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = c.Receive(&b)
		_, _ = c.ReceiveControl(&b)
	}))
	require.NoError(t, c.Close())
}
