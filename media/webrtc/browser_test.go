package webrtc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	pionrtp "github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/rtp"
	"hotline/media/sdp"
	"hotline/media/webrtc"
)

const (
	patience = 20 * time.Second
	weSay    = 1004.0 // Hz
	theySay  = 440.0
)

// browser is pion in the part of a browser: its own peer connection, with the codecs
// that Chrome offers, and a microphone that hums.
type browser struct {
	t      *testing.T
	pc     *pion.PeerConnection
	sender *pion.RTPSender

	mu      sync.Mutex // guards the rest
	stream  pion.TrackLocalWriter
	ssrc    uint32
	codec   media.Codec
	pt      uint8
	events  uint8
	clock   int
	seq     uint16
	ts      uint32
	key     rtp.KeySender
	keyTS   uint32
	lose    int // one packet of so many; 0: none
	heard   []int16
	packets int
	reports []rtcp.ReceptionReport // about what we send
	senders []rtcp.SenderReport
	keys    rtp.KeyReceiver
	pressed string
}

// chrome are the formats that Chrome offers, in its order.
var chrome = []sdp.Codec{
	{Name: "opus", PayloadType: 111, ClockRate: 48000, Channels: 2, Fmtp: "minptime=10;useinbandfec=1"},
	{Name: "G722", PayloadType: 9, ClockRate: 8000},
	{Name: "PCMU", PayloadType: 0, ClockRate: 8000},
	{Name: "PCMA", PayloadType: 8, ClockRate: 8000},
	{Name: "CN", PayloadType: 13, ClockRate: 8000},
	{Name: "telephone-event", PayloadType: 110, ClockRate: 48000},
	{Name: "telephone-event", PayloadType: 126, ClockRate: 8000},
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	engine := &pion.MediaEngine{}
	for _, c := range chrome {
		require.NoError(t, engine.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: "audio/" + c.Name, ClockRate: uint32(c.ClockRate), Channels: uint16(c.Channels), SDPFmtpLine: c.Fmtp},
			PayloadType:        pion.PayloadType(c.PayloadType),
		}, pion.RTPCodecTypeAudio))
	}
	settings := pion.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetPrflxAcceptanceMinWait(0)
	settings.SetHostAcceptanceMinWait(0)
	require.NoError(t, settings.SetAnsweringDTLSRole(pion.DTLSRoleClient)) // as browsers do
	pc, err := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithSettingEngine(settings)).NewPeerConnection(pion.Configuration{})
	require.NoError(t, err)
	b := &browser{t: t, pc: pc}
	pc.OnTrack(func(track *pion.TrackRemote, r *pion.RTPReceiver) {
		go b.readControl(func() ([]rtcp.Packet, error) { p, _, err := r.ReadRTCP(); return p, err })
		b.listen(track)
	})
	b.sender, err = pc.AddTrack(b)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return b
}

// Bind and the rest implement pion.TrackLocal.
func (b *browser) Bind(ctx pion.TrackLocalContext) (pion.RTPCodecParameters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stream, b.ssrc = ctx.WriteStream(), uint32(ctx.SSRC())
	return ctx.CodecParameters()[0], nil
}

func (b *browser) Unbind(pion.TrackLocalContext) error { return nil }
func (b *browser) ID() string                          { return "mic" }
func (b *browser) RID() string                         { return "" }
func (b *browser) StreamID() string                    { return "page" }
func (b *browser) Kind() pion.RTPCodecType             { return pion.RTPCodecTypeAudio }

// describe is our description with all addresses.
func (b *browser) describe(d pion.SessionDescription, err error) []byte {
	b.t.Helper()
	require.NoError(b.t, err)
	gathered := pion.GatheringCompletePromise(b.pc)
	require.NoError(b.t, b.pc.SetLocalDescription(d))
	<-gathered
	return []byte(b.pc.LocalDescription().SDP)
}

func (b *browser) offer(o *pion.OfferOptions) []byte {
	b.t.Helper()
	d, err := b.pc.CreateOffer(o)
	return b.describe(d, err)
}

func (b *browser) accept(answer []byte) {
	b.t.Helper()
	require.NoError(b.t, b.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: string(answer)}))
}

func (b *browser) answer(offer []byte) []byte {
	b.t.Helper()
	require.NoError(b.t, b.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: string(offer)}))
	d, err := b.pc.CreateAnswer(nil)
	return b.describe(d, err)
}

// agreed takes what is sent from what the server's description says.
func (b *browser) agreed(m sdp.Media) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	c := m.Codec
	if c.Name == "opus" {
		c.SampleRate = 48000
	}
	codec, err := media.NewCodec(c)
	require.NoError(b.t, err)
	b.codec, b.pt, b.events, b.clock = codec, c.PayloadType, m.DTMF, c.ClockRate
}

// hum speaks a tone until ctx ends, and presses keys in between.
func (b *browser) hum(ctx context.Context) {
	b.mu.Lock()
	rate := b.codec.SampleRate()
	b.mu.Unlock()
	tone := dsp.NewTone(rate, -16, theySay)
	f := make(media.Frame, rate/50)
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			tone.Fill(f)
			b.speak(f)
		}
	}
}

func (b *browser) speak(f media.Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stream == nil {
		return
	}
	b.seq++
	b.ts += uint32(b.clock / 50)
	h := pionrtp.Header{Version: 2, PayloadType: b.pt, SequenceNumber: b.seq, Timestamp: b.ts, SSRC: b.ssrc}
	payload, err := b.codec.Encode(nil, f)
	if err != nil {
		b.t.Error(err)
	}
	if b.key.Busy() {
		e, first, send := b.key.Next()
		if first {
			b.keyTS = b.ts
		}
		if send {
			h.PayloadType, h.Timestamp, h.Marker, payload = b.events, b.keyTS, first, e.Append(nil)
		}
	}
	if b.lose > 0 && int(b.seq)%b.lose == 0 {
		return
	}
	_, _ = b.stream.WriteRTP(&h, payload)
}

func (b *browser) press(digit byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.key.Start(digit, b.clock)
}

func (b *browser) listen(track *pion.TrackRemote) {
	pcm := make([]int16, 48000)
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		b.mu.Lock()
		switch {
		case b.codec == nil:
		case p.PayloadType == b.pt:
			if n, err := b.codec.Decode(pcm, p.Payload); err == nil {
				b.heard = append(b.heard, pcm[:n]...)
				b.packets++
			}
		case p.PayloadType == b.events:
			if digit, ok := b.keys.Put(p.Timestamp, p.Marker, p.Payload); ok {
				b.pressed += string(digit)
			}
		}
		b.mu.Unlock()
	}
}

func (b *browser) readControl(read func() ([]rtcp.Packet, error)) {
	for {
		packets, err := read()
		if err != nil {
			return
		}
		b.mu.Lock()
		for _, p := range packets {
			if s, ok := p.(*rtcp.SenderReport); ok {
				b.senders = append(b.senders, *s)
				b.reports = append(b.reports, s.Reports...)
			}
		}
		b.mu.Unlock()
	}
}

// forget empties what was heard.
func (b *browser) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard, b.packets = nil, 0
}

// hears waits until the last half second is what we say.
func (b *browser) hears() {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.codec == nil {
			return false
		}
		rate := b.codec.SampleRate()
		n := len(b.heard) - rate/2
		return n > 0 && mediatest.Hears(b.heard[n:], rate, weSay)
	}, patience, 20*time.Millisecond, "the browser does not hear us")
}

// phone is our side: an endpoint, and a session that says a tone.
type phone struct {
	t       *testing.T
	conn    *webrtc.Conn
	session *media.Session
	ended   chan error
	stop    context.CancelFunc
}

func startEndpoint(t *testing.T, cfg webrtc.Config) *webrtc.Endpoint {
	t.Helper()
	e, err := webrtc.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return e
}

// pickUp runs a session over the conn that says a tone.
func pickUp(t *testing.T, c *webrtc.Conn, m sdp.Media) *phone {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &phone{t: t, conn: c, ended: make(chan error, 1), stop: cancel}
	p.session = media.NewSession(media.SessionConfig{Conn: c, Media: m, Rate: 8000, SilenceTimeout: -1})
	p.session.In() // from the first frame on
	var wg sync.WaitGroup
	wg.Go(func() { p.ended <- p.session.Run(ctx) })
	wg.Go(func() {
		if err := media.Loop(ctx, p.session, media.Tone(p.session.Rate(), weSay)); err != nil && !errors.Is(err, media.ErrFlushed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return p
}

// hears waits until a quarter of a second of what comes is what the browser says.
func (p *phone) hears() {
	p.t.Helper()
	in, until := p.session.In(), time.Now().Add(patience)
	for time.Now().Before(until) {
		if mediatest.Hears(mediatest.Listen(in, 250*time.Millisecond), in.Rate(), theySay) {
			return
		}
	}
	require.Fail(p.t, "we do not hear the browser")
}

// attribute is the values of a= lines of a description.
func attribute(description []byte, key string) (values []string) {
	for line := range strings.Lines(string(description)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "a="+key); ok {
			values = append(values, strings.TrimPrefix(v, ":"))
		}
	}
	return values
}
