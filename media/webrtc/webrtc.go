// Package webrtc carries the audio of browsers: ICE, DTLS-SRTP and one UDP port for
// all of them, by pion/webrtc.
//
// # Concepts
//
// An [Endpoint] meets the offers of browsers and makes offers to them. A [Conn] is
// one browser's audio; to a media.Session it is a pair of sockets like any other, so
// that clock, jitter buffer, concealment, recording, RTCP reports and keys are the
// same for browsers and telephones. pion's own interceptors (reports, NACK, congestion
// control) are therefore left out: two parties would send reports for one stream.
//
// ICE is a full agent's, not a lite one's: it starts as fast where the browser offers
// and a second faster where we do, and it can tell itself that a browser is gone.
// The agent has host candidates only. Who sits behind a NAT sends to us first, and
// who runs this server behind one names the public address in [Config].
//
// What browsers need that a telephone does not:
//
//   - We are always the server of DTLS (RFC 8842 section 5.3 lets the answerer choose):
//     a browser that has been called holds and resumes only in the role that it had.
//   - pion is shown every description as sendrecv; hold is written into what goes over
//     the wire and obeyed by the Session. pion would stop an inactive stream for good.
//   - The answer names one codec, and telephone events of its clock alone: beside
//     telephone-event/8000 Chrome sends Opus callers' keys without their beginning.
//   - A page that is closed or loaded again sends no BYE. Its DTLS close ends the
//     Conn at once ([ErrLeft]); one that vanishes counts as gone after 20 s ([ErrLost]),
//     in which a re-INVITE with new ICE credentials brings it back.
//
// # Concurrency
//
// [New] opens the port and starts nothing. Run owns the goroutine that reads the port
// and ends with ctx. Each Conn has the goroutines of pion and three readers of its
// own, all of which Close waits for. A Conn has a mutex for negotiation, held while
// pion works, and the queues one each, held for a copy.
package webrtc

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"hotline/media/sdp"
)

// Errors of an Endpoint.
var (
	// ErrNotRunning is returned while Run does not run.
	ErrNotRunning = errors.New("the media endpoint for browsers is not running")
	// ErrFull is returned when Config.MaxConns browsers are there.
	ErrFull = errors.New("too many browsers at once")
)

// Config says where browsers send their sound.
type Config struct {
	// Listen is the UDP address of all browsers' media. Default: port 0, the kernel's
	// choice, of all IPv4 addresses. The unspecified IPv6 address stands for both families.
	Listen netip.AddrPort
	// Public are the addresses by which browsers reach Listen through a NAT that maps
	// its port to the same number; they are offered beside the local ones.
	Public []netip.Addr
	// MaxConns bounds the browsers at once; more are refused with ErrFull. Default 1000.
	MaxConns int
	// Logger is told what an operator should know; nil means nobody.
	Logger *slog.Logger
}

// How long a browser may be silent on the way of ICE (it checks every 2 s) before it
// counts as disconnected, and then until it counts as lost.
const (
	disconnected = 5 * time.Second
	grace        = 15 * time.Second
	keepAlive    = 2 * time.Second
)

// Endpoint is the media of all browsers.
type Endpoint struct {
	cfg    Config
	log    *slog.Logger
	socket *net.UDPConn
	pion   loggers
	up     chan struct{} // closed when Run runs

	mu       sync.Mutex // guards the rest
	mux      ice.UDPMux // nil unless Run runs
	conns    map[*Conn]struct{}
	identity webrtc.Certificate
	renewAt  time.Time
}

// New opens the port. Run must be called, or Close.
func New(cfg Config) (*Endpoint, error) {
	cfg.MaxConns = cmp.Or(cfg.MaxConns, 1000)
	if !cfg.Listen.Addr().IsValid() {
		cfg.Listen = netip.AddrPortFrom(netip.IPv4Unspecified(), cfg.Listen.Port())
	}
	e := &Endpoint{cfg: cfg, log: cfg.Logger, up: make(chan struct{}), conns: map[*Conn]struct{}{}}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.pion = loggers{e.log}
	network := "udp"
	if cfg.Listen.Addr().Unmap().Is4() {
		network = "udp4"
	}
	socket, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(cfg.Listen))
	if err != nil {
		return nil, fmt.Errorf("opening the UDP port for browsers' audio, set rtp.webrtc_port to a free one: %w", err)
	}
	// All browsers share this buffer: 4 MB are a second of 1,000 calls. The kernel
	// gives what it allows.
	_ = socket.SetReadBuffer(4 << 20)
	_ = socket.SetWriteBuffer(1 << 20)
	e.socket = socket
	return e, nil
}

// Addr is the address that the endpoint is bound to.
func (e *Endpoint) Addr() netip.AddrPort {
	a, _ := e.socket.LocalAddr().(*net.UDPAddr)
	return a.AddrPort()
}

// Close gives the port back; only for an Endpoint whose Run was not called.
func (e *Endpoint) Close() error { return e.socket.Close() }

// Run carries packets until ctx ends. Conns that are still open are then closed.
func (e *Endpoint) Run(ctx context.Context) error {
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: e.pion.NewLogger("mux"), UDPConn: e.socket})
	e.mu.Lock()
	e.mux = mux
	e.mu.Unlock()
	close(e.up)
	<-ctx.Done()
	e.mu.Lock()
	e.mux = nil
	left := make([]*Conn, 0, len(e.conns))
	for c := range e.conns {
		left = append(left, c)
	}
	e.mu.Unlock()
	for _, c := range left {
		c.fail(ErrNotRunning)
		_ = c.Close()
	}
	if err := mux.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the UDP port for browsers' audio: %w", err)
	}
	return nil
}

// Conns is how many browsers there are.
func (e *Endpoint) Conns() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.conns)
}

// certificate is our identity for DTLS. One serves all browsers and is renewed in
// time: pion's are valid for a month.
func (e *Endpoint) certificate() (webrtc.Certificate, error) {
	now := time.Now()
	if now.Before(e.renewAt) {
		return e.identity, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return webrtc.Certificate{}, fmt.Errorf("making a key for DTLS: %w", err)
	}
	c, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return webrtc.Certificate{}, fmt.Errorf("making a certificate for DTLS: %w", err)
	}
	e.identity, e.renewAt = *c, now.Add(7*24*time.Hour)
	return e.identity, nil
}

// connect makes the Conn of a browser that has these codecs. Before Run it waits.
func (e *Endpoint) connect(ctx context.Context, codecs []sdp.Codec) (*Conn, error) {
	select {
	case <-e.up:
	case <-ctx.Done():
		return nil, errors.Join(ErrNotRunning, context.Cause(ctx))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.mux == nil:
		return nil, ErrNotRunning
	case len(e.conns) >= e.cfg.MaxConns:
		return nil, fmt.Errorf("%w: %d", ErrFull, len(e.conns))
	}
	identity, err := e.certificate()
	if err != nil {
		return nil, err
	}
	engine, err := mediaEngine(codecs)
	if err != nil {
		return nil, err
	}
	settings, err := e.settings()
	if err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{identity}})
	if err != nil {
		return nil, fmt.Errorf("making a peer connection: %w", err)
	}
	c := &Conn{endpoint: e, pc: pc, codecs: codecs}
	if err := c.open(); err != nil {
		return nil, errors.Join(err, pc.GracefulClose())
	}
	e.conns[c] = struct{}{}
	return c, nil
}

func (e *Endpoint) forget(c *Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.conns, c)
}

// settings are pion's. It needs e.mu.
func (e *Endpoint) settings() (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: e.pion}
	s.SetICEUDPMux(e.mux)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(true)
	// A browser that hides its addresses behind mDNS names is found by its own checks.
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(disconnected, grace, keepAlive)
	// There is nothing better to wait for than the first way that works.
	s.SetHostAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	s.SetReceiveMTU(packetMTU)
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, err
	}
	if len(e.cfg.Public) == 0 {
		return s, nil
	}
	rule := webrtc.ICEAddressRewriteRule{AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend}
	for _, a := range e.cfg.Public {
		rule.External = append(rule.External, a.String())
	}
	if err := s.SetICEAddressRewriteRules(rule); err != nil {
		return s, fmt.Errorf("public addresses for browsers' audio: %w", err)
	}
	return s, nil
}

// mediaEngine knows the codecs and nothing else: no header extension, no feedback.
func mediaEngine(codecs []sdp.Codec) (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	for _, c := range codecs {
		err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: "audio/" + c.Name, ClockRate: uint32(c.ClockRate), Channels: uint16(c.Channels), SDPFmtpLine: c.Fmtp,
			},
			PayloadType: webrtc.PayloadType(c.PayloadType),
		}, webrtc.RTPCodecTypeAudio)
		if err != nil {
			return nil, fmt.Errorf("codec %s: %w", c.Name, err)
		}
	}
	return m, nil
}
