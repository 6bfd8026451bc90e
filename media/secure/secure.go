// Package secure protects the packets of a media session.
//
// # Concepts
//
// A [Conn] stands between a session and its sockets. It encrypts and decrypts SRTP
// (RFC 3711) with keys that came in the session description (SDES, RFC 4568) or that
// a DTLS handshake agrees on (RFC 5764), and answers the connectivity checks of far
// ends that speak ICE, as a lite agent (RFC 8445). What of these it does is said by
// [sdp.Keys]. Packets that do not fit the keys are dropped as if they had never come.
//
// # Concurrency
//
// A Conn is used like any media.PacketConn: by the session's clock. Run, which the
// session runs beside the clock, does the handshakes and returns at their end or
// with ctx. The clock carries the handshake's packets, at most 20 ms late. One mutex
// guards the keys; it is held for a packet's encryption and never for I/O.
package secure

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"hotline/media"
	"hotline/media/sdp"
)

// Config says what a Conn stands in front of.
type Config struct {
	Conn media.PacketConn // the Conn closes it
	// Keys are what was agreed.
	Keys sdp.Keys
	// RTCPMux tells that RTCP comes on the RTP port.
	RTCPMux bool
	// Remote is where the far end was described to be: a handshake that we begin
	// starts there.
	Remote, RemoteRTCP netip.AddrPort
	// Certificate is ours, for DTLS.
	Certificate *Certificate
}

// Conn is a media.PacketConn with protected packets.
type Conn struct {
	inner media.PacketConn
	cert  *Certificate
	plain atomic.Bool // nothing is protected: packets pass as they are

	mu    sync.Mutex // guards what follows
	keys  sdp.Keys
	mux   bool
	sides [2]side
	ice   *agent
	again chan struct{} // handshakes are wanted

	rtpHeader  rtp.Header
	rtcpHeader rtcp.Header
	buf        []byte // for encryption; the clock's alone
}

// side is RTP's or RTCP's way. With RTCPMux there is only the first.
type side struct {
	in, out *srtp.Context
	dtls    *association // nil without DTLS
}

const (
	rtpSide  = 0
	rtcpSide = 1
)

// New returns a Conn. It does nothing until it is used.
func New(cfg Config) (*Conn, error) {
	c := &Conn{inner: cfg.Conn, cert: cfg.Certificate, again: make(chan struct{}, 1)}
	if err := c.agree(cfg); err != nil {
		return nil, err
	}
	if cfg.Keys.DTLS != nil {
		c.again <- struct{}{}
	}
	return c, nil
}

// agree takes what was agreed. It needs c.mu once the Conn is used.
func (c *Conn) agree(cfg Config) error {
	c.mux = cfg.RTCPMux
	switch {
	case cfg.Keys.SDES != nil:
		in, out, err := contexts(cfg.Keys.SDES)
		if err != nil {
			return err
		}
		// One master key serves RTP and RTCP alike (RFC 3711 section 4.3).
		c.sides = [2]side{{in: in, out: out}, {in: in, out: out}}
	case cfg.Keys.DTLS != nil:
		if c.cert == nil {
			return errors.New("DTLS was agreed, but there is no certificate")
		}
		for i, remote := range [2]netip.AddrPort{cfg.Remote, cfg.RemoteRTCP} {
			c.sides[i] = side{}
			if i == rtpSide || !cfg.RTCPMux {
				c.sides[i].dtls = newAssociation(*cfg.Keys.DTLS, remote)
			}
		}
	default:
		c.sides = [2]side{}
	}
	if cfg.Keys.ICE != nil {
		if c.ice == nil || c.ice.keys != *cfg.Keys.ICE {
			c.ice = newAgent(*cfg.Keys.ICE)
		}
	} else {
		c.ice = nil
	}
	c.keys = cfg.Keys
	c.plain.Store(!cfg.Keys.Encrypted() && c.ice == nil)
	return nil
}

// Update takes what a re-INVITE has agreed. The same keys go on as they were; so
// does a handshake with the same certificate (RFC 5763 section 5).
func (c *Conn) Update(cfg Config) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys.Same(cfg.Keys) && c.mux == cfg.RTCPMux {
		return nil
	}
	for _, s := range c.sides {
		if s.dtls != nil {
			s.dtls.abandon()
		}
	}
	if err := c.agree(cfg); err != nil {
		return err
	}
	select {
	case c.again <- struct{}{}:
	default:
	}
	return nil
}

// replayWindow is how far packets may be out of order (RFC 3711 section 3.3.2).
const replayWindow = 512

// contexts make what encrypts and decrypts out of keys in a description.
func contexts(k *sdp.SDES) (in, out *srtp.Context, err error) {
	profile, ok := profiles[k.Suite]
	if !ok {
		return nil, nil, fmt.Errorf("SRTP suite %q is not known", k.Suite)
	}
	if in, err = newContext(profile, k.Theirs); err != nil {
		return nil, nil, fmt.Errorf("the far end's SRTP key: %w", err)
	}
	if out, err = newContext(profile, k.Ours); err != nil {
		return nil, nil, fmt.Errorf("our SRTP key: %w", err)
	}
	return in, out, nil
}

var profiles = map[string]srtp.ProtectionProfile{
	"AES_CM_128_HMAC_SHA1_80": srtp.ProtectionProfileAes128CmHmacSha1_80,
	"AES_CM_128_HMAC_SHA1_32": srtp.ProtectionProfileAes128CmHmacSha1_32,
	"AES_256_CM_HMAC_SHA1_80": srtp.ProtectionProfileAes256CmHmacSha1_80,
	"AEAD_AES_128_GCM":        srtp.ProtectionProfileAeadAes128Gcm,
	"AEAD_AES_256_GCM":        srtp.ProtectionProfileAeadAes256Gcm,
}

func newContext(p srtp.ProtectionProfile, key []byte) (*srtp.Context, error) {
	n, err := p.KeyLen()
	if err != nil {
		return nil, err
	}
	if len(key) <= n {
		return nil, fmt.Errorf("%d octets are too few", len(key))
	}
	return srtp.CreateContext(key[:n], key[n:], p, srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
}

// Ready implements media.Readier: keys are agreed, or none are needed.
func (c *Conn) Ready() bool {
	if c.plain.Load() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.keys.Encrypted() || c.sides[rtpSide].out != nil
}

// Receive implements media.PacketConn.
func (c *Conn) Receive(b *media.Batch) (int, error) {
	if c.plain.Load() {
		return c.inner.Receive(b)
	}
	c.flush()
	n, err := c.inner.Receive(b)
	return c.sort(b, n, rtpSide), err
}

// ReceiveControl implements media.PacketConn.
func (c *Conn) ReceiveControl(b *media.Batch) (int, error) {
	n, err := c.inner.ReceiveControl(b)
	if c.plain.Load() {
		return n, err
	}
	return c.sort(b, n, rtcpSide), err
}

// sort takes out of the first n packets what is not for the session, and decrypts
// the rest where it lies.
func (c *Conn) sort(b *media.Batch, n, at int) int {
	kept := 0
	for i := range n {
		p := &b.Packets[i]
		if len(p.Data) == 0 {
			continue
		}
		if reply := c.open(p, at); reply != nil {
			_ = c.sendRaw(at, reply, p.From)
		}
		if len(p.Data) == 0 {
			continue
		}
		if kept != i { // Data is only a view: the buffers stay where they are
			q := &b.Packets[kept]
			q.Data, q.From, q.At = p.Data, p.From, p.At
		}
		kept++
	}
	return kept
}

// open tells the protocols on one port apart by their first octet (RFC 7983). What
// is not for the session it takes: Data is then empty.
func (c *Conn) open(p *media.Packet, at int) (reply []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data := p.Data
	p.Data = nil
	switch first := data[0]; {
	case first < 4:
		if c.ice != nil {
			return c.ice.check(data, p.From, at)
		}
	case first >= 20 && first < 64:
		if a := c.sides[at].dtls; a != nil {
			a.deliver(data, p.From)
		}
	case first >= 128 && first < 192:
		p.Data = c.decrypt(data, at)
	}
	return nil
}

func (c *Conn) decrypt(data []byte, at int) []byte {
	if !c.keys.Encrypted() {
		return data
	}
	control := at == rtcpSide || c.mux && isControl(data)
	in := c.sides[at].in
	var plain []byte
	var err error
	switch {
	case in == nil:
		return nil // the handshake is not over
	case control:
		plain, err = in.DecryptRTCP(data, data, &c.rtcpHeader)
	default:
		plain, err = in.DecryptRTP(data, data, &c.rtpHeader)
	}
	if err != nil {
		return nil
	}
	return plain
}

// isControl tells RTCP from RTP on one port (RFC 5761 section 4).
func isControl(b []byte) bool { return len(b) >= 8 && b[1] >= 192 && b[1] <= 223 }

// Send implements media.PacketConn.
func (c *Conn) Send(p []byte, to netip.AddrPort) error {
	if c.plain.Load() {
		return c.inner.Send(p, to)
	}
	out, to, err := c.seal(p, to, rtpSide, false)
	if err != nil || out == nil {
		return err
	}
	return c.inner.Send(out, to)
}

// SendControl implements media.PacketConn.
func (c *Conn) SendControl(p []byte, to netip.AddrPort) error {
	c.mu.Lock()
	at := rtcpSide
	if c.mux {
		at = rtpSide
	}
	c.mu.Unlock()
	out, to, err := c.seal(p, to, at, true)
	if err != nil || out == nil {
		return err
	}
	if at == rtpSide {
		return c.inner.Send(out, to)
	}
	return c.inner.SendControl(out, to)
}

// seal encrypts into a buffer of the Conn. Nil without an error means that the
// packet is lost: there are no keys yet.
func (c *Conn) seal(p []byte, to netip.AddrPort, at int, control bool) ([]byte, netip.AddrPort, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ice != nil {
		to = c.ice.target(at, to)
	}
	if !c.keys.Encrypted() {
		return p, to, nil
	}
	ctx := c.sides[at].out
	if ctx == nil {
		return nil, to, nil
	}
	var err error
	if control {
		c.buf, err = ctx.EncryptRTCP(c.buf[:0], p, &c.rtcpHeader)
	} else {
		c.buf, err = ctx.EncryptRTP(c.buf[:0], p, &c.rtpHeader)
	}
	if err != nil {
		return nil, to, fmt.Errorf("encrypting: %w", err)
	}
	return c.buf, to, nil
}

func (c *Conn) sendRaw(at int, p []byte, to netip.AddrPort) error {
	if at == rtcpSide {
		return c.inner.SendControl(p, to)
	}
	return c.inner.Send(p, to)
}

// flush sends what handshakes have to say.
func (c *Conn) flush() {
	c.mu.Lock()
	busy := c.sides[rtpSide].dtls != nil
	sides := c.sides
	c.mu.Unlock()
	if !busy {
		return
	}
	for at, s := range sides {
		if s.dtls == nil {
			continue
		}
		for {
			p, to, ok := s.dtls.next()
			if !ok {
				break
			}
			_ = c.sendRaw(at, p, to)
		}
	}
}

// Close implements media.PacketConn.
func (c *Conn) Close() error {
	c.mu.Lock()
	for _, s := range c.sides {
		if s.dtls != nil {
			s.dtls.abandon()
		}
	}
	c.mu.Unlock()
	return c.inner.Close()
}
