package call_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	pion "github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/media"
	"hotline/media/webrtc"
	"hotline/sip"
	"hotline/sip/siptest"
)

// page is a browser's page in a call: SIP over a WebSocket, and pion for its sound.
type page struct {
	*siptest.Phone

	line *cable
}

// cable is a socket that can be cut: what is sent is lost, and nothing comes.
type cable struct {
	net.PacketConn

	isCut atomic.Bool
}

func (c *cable) cut() { c.isCut.Store(true) }

func (c *cable) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.isCut.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

func (c *cable) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	for {
		if n, from, err = c.PacketConn.ReadFrom(b); err != nil || !c.isCut.Load() {
			return n, from, err
		}
	}
}

// opens calls a line of the server at a ws: URL and returns when its ICE is through.
func opens(t *testing.T, url, line string) *page {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	p := &page{line: &cable{PacketConn: socket}}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: p.line})
	settings := pion.SettingEngine{}
	settings.SetICEUDPMux(mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	require.NoError(t, settings.SetAnsweringDTLSRole(pion.DTLSRoleClient))
	engine := &pion.MediaEngine{}
	require.NoError(t, engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: pion.RTPCodecCapability{MimeType: "audio/PCMA", ClockRate: 8000}, PayloadType: 8,
	}, pion.RTPCodecTypeAudio))
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings)).NewPeerConnection(pion.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = pc.GracefulClose(), mux.Close() })
	through := make(chan struct{})
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) {
		if s == pion.PeerConnectionStateConnected {
			close(through)
		}
	})
	_, err = pc.AddTransceiverFromKind(pion.RTPCodecTypeAudio)
	require.NoError(t, err)
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	gathered := pion.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-gathered
	p.Phone = siptest.NewWS(t, url, nil)
	answer := p.Invite(line, pc.LocalDescription().SDP).Answered()
	require.NoError(t, pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer.Body}))
	select {
	case <-through:
	case <-time.After(siptest.Patience):
		t.Fatal("the page is not connected")
	}
	return p
}

// deaf hears nothing.
type deaf struct{}

func (deaf) Recognize(ctx context.Context, _ media.Reader, _ func(asr.Result)) error {
	<-ctx.Done()
	return nil
}

// Browsers whose sound is gone are given some twenty seconds to come back; those that have
// taken their WebSocket with them, as who is closed does, much less, and none while the
// server drains. Whose sound goes on stays. The four are told apart by who goes first: no
// clock is looked at.
func TestBrowsersThatVanish(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	clock := &media.Clock{}
	browsers, err := webrtc.New(webrtc.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	require.NoError(t, err)
	line := call.Line{
		Title: "云上商城", Language: "zh", Engine: bot(t), Speak: tones{}, Silence: time.Hour,
		Hear: func(call.Hearing) asr.Recognizer { return deaf{} },
	}
	manager := call.NewManager(call.Services{
		Audio: &call.Audio{Clock: clock, Silence: -1, Browsers: browsers, Log: log},
		Desk:  &staff{}, Dialer: exchange{}, Journal: &journal{}, Wishes: &journal{}, Bus: &event.Bus{}, Log: log,
	}, func(called string) call.Route {
		line := line
		line.Name = called
		return call.Route{Line: &line}
	}, 10)
	server, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, func(ctx context.Context, l *sip.Leg) {
		manager.Serve(ctx, call.Arrival{Leg: l, Called: l.Called(), Reached: l.LocalIP(), OnUpdate: l.OnUpdate, OnKey: l.OnKey})
	}, nil, log)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{clock.Run, browsers.Run, manager.Run, server.Run} {
		wg.Go(func() { assert.NoError(t, run(ctx)) })
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-server.Ready()
	front := http.NewServeMux()
	front.Handle("/sip", server.WebSocket(nil))
	web := httptest.NewServer(front)
	t.Cleanup(web.Close)

	live := func() (lines []string) {
		for _, l := range manager.Live() {
			lines = append(lines, l.Line)
		}
		slices.Sort(lines)
		return lines
	}
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/sip"
	silent, roaming := opens(t, url, "silent"), opens(t, url, "roaming")
	silent.line.cut()
	closed, later := opens(t, url, "closed"), opens(t, url, "later")
	require.Equal(t, []string{"closed", "later", "roaming", "silent"}, live())
	closed.line.cut()
	later.line.cut()
	closed.Close()
	roaming.Close()
	require.Eventually(t, func() bool { return len(live()) < 4 }, siptest.Patience, 10*time.Millisecond)
	require.Equal(t, []string{"later", "roaming", "silent"}, live(), "one is closed; two are silent, one has lost its WebSocket")

	manager.Drain()
	server.SetDraining(true)
	later.Close()
	require.Eventually(t, func() bool { return len(live()) < 3 }, siptest.Patience, 10*time.Millisecond)
	require.Equal(t, []string{"roaming", "silent"}, live(), "who has only become silent may still come back")
}
