package secure

import (
	"context"
	"crypto/sha1" //nolint:gosec // some phones name no better hash of their certificate
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/srtp/v3"

	"hotline/media/sdp"
)

// Certificate is what we show in DTLS handshakes.
type Certificate struct {
	tls tls.Certificate
	// Fingerprint is its hash as a session description has it (RFC 8122).
	Fingerprint string
}

// NewCertificate makes a certificate. It names nobody: its hash in the signalling
// says whose it is (RFC 5763 section 5).
func NewCertificate() (*Certificate, error) {
	c, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, fmt.Errorf("making a DTLS certificate: %w", err)
	}
	sum := sha256.Sum256(c.Certificate[0])
	var text strings.Builder
	for i, b := range sum {
		if i > 0 {
			text.WriteByte(':')
		}
		fmt.Fprintf(&text, "%02X", b)
	}
	return &Certificate{tls: c, Fingerprint: "sha-256 " + text.String()}, nil
}

// handshakeLimit is how long a handshake may take; callers will not wait longer
// for a sound.
const handshakeLimit = 20 * time.Second

// Work yields when there are handshakes to be done by Run. A call in the clear has
// none, and needs no goroutine for them.
func (c *Conn) Work() <-chan struct{} { return c.again }

// Run does the handshakes that were agreed, and those that later updates ask for,
// until ctx ends. A failed handshake is an error.
func (c *Conn) Run(ctx context.Context) error {
	for {
		if err := c.shakeHands(ctx); err != nil && ctx.Err() == nil {
			return err // what the end broke off is no failure
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.again:
		}
	}
}

// shakeHands runs the associations agreed until they end or are replaced.
func (c *Conn) shakeHands(ctx context.Context) error {
	c.mu.Lock()
	sides := c.sides
	c.mu.Unlock()
	var wg sync.WaitGroup
	errs := make([]error, len(sides))
	for at, s := range sides {
		if s.dtls != nil {
			wg.Go(func() { errs[at] = c.associate(ctx, at, s.dtls) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// associate does one handshake and keeps the association, which is how the far end
// could tell us that it closes.
func (c *Conn) associate(ctx context.Context, at int, a *association) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, a.abandon)
	defer stop()

	conn, err := a.handshake(ctx, c.cert)
	if err != nil {
		if a.unwanted.Load() {
			return nil
		}
		return fmt.Errorf("DTLS handshake with %s: %w", a.peer(), err)
	}
	defer func() { _ = conn.Close() }()
	in, out, err := keysOf(conn, a.agreed.Client)
	if err != nil {
		return fmt.Errorf("keys from DTLS: %w", err)
	}
	c.mu.Lock()
	if c.sides[at].dtls == a {
		c.sides[at].in, c.sides[at].out = in, out
	}
	c.mu.Unlock()
	buf := make([]byte, 512)
	for {
		if _, err := conn.Read(buf); err != nil {
			return nil // closed by either side: the signalling ends the call
		}
	}
}

// offeredProfiles are the SRTP profiles for DTLS (RFC 5764 section 4.1.2, RFC 7714
// section 14.2).
var offeredProfiles = []dtls.SRTPProtectionProfile{
	dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_32,
}

// keysOf takes the SRTP keys out of a finished handshake.
func keysOf(conn *dtls.Conn, client bool) (in, out *srtp.Context, err error) {
	chosen, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return nil, nil, errors.New("no SRTP profile in common")
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return nil, nil, errors.New("the handshake is not over")
	}
	profile := srtp.ProtectionProfile(chosen) // the same registry of numbers
	if chosen == dtls.SRTP_AES128_CM_HMAC_SHA1_32 {
		profile = srtp.ProtectionProfileAes128CmHmacSha1_32
	}
	cfg := srtp.Config{Profile: profile}
	if err := cfg.ExtractSessionKeysFromDTLS(&state, client); err != nil {
		return nil, nil, err
	}
	if in, err = newContext(profile, append(cfg.Keys.RemoteMasterKey, cfg.Keys.RemoteMasterSalt...)); err != nil {
		return nil, nil, err
	}
	out, err = newContext(profile, append(cfg.Keys.LocalMasterKey, cfg.Keys.LocalMasterSalt...))
	return in, out, err
}

// association carries one DTLS handshake between the library, which wants a socket,
// and the clock, which has it.
type association struct {
	agreed sdp.DTLS
	in     chan []byte
	gone   chan struct{}
	once   sync.Once

	unwanted atomic.Bool

	mu       sync.Mutex // guards what follows
	remote   netip.AddrPort
	heard    bool // a packet has come from remote
	out      [][]byte
	deadline time.Time
	moved    chan struct{} // closed when the deadline changes
}

const (
	maxQueued = 32   // packets of a handshake that wait, either way
	mtu       = 1200 // fits through tunnels
)

func newAssociation(d sdp.DTLS, remote netip.AddrPort) *association {
	return &association{agreed: d, remote: remote, in: make(chan []byte, maxQueued), gone: make(chan struct{}), moved: make(chan struct{})}
}

// abandon ends a handshake that nobody wants any more; its failure is none.
func (a *association) abandon() {
	a.unwanted.Store(true)
	_ = a.Close()
}

func (a *association) peer() netip.AddrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.remote
}

// deliver takes a packet of the handshake. Answers go where the first came from: the
// far end may be behind a NAT, and its certificate says who it is.
func (a *association) deliver(p []byte, from netip.AddrPort) {
	a.mu.Lock()
	known := !a.heard || from == a.remote
	if known {
		a.remote, a.heard = from, true
	}
	a.mu.Unlock()
	if !known {
		return // anyone can send packets here
	}
	select {
	case a.in <- append([]byte(nil), p...):
	default: // lost; it will be sent again
	}
}

// next is the next packet to be sent.
func (a *association) next() (p []byte, to netip.AddrPort, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.out) == 0 || !a.remote.IsValid() {
		return nil, a.remote, false
	}
	p = a.out[0]
	a.out = a.out[1:]
	return p, a.remote, true
}

// handshake agrees on keys and checks the far end's certificate against the hash in
// the signalling.
func (a *association) handshake(ctx context.Context, cert *Certificate) (*dtls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	var conn *dtls.Conn
	var err error
	peer := net.UDPAddrFromAddrPort(a.peer())
	if a.agreed.Client {
		conn, err = dtls.ClientWithOptions(a, peer,
			dtls.WithCertificates(cert.tls), dtls.WithSRTPProtectionProfiles(offeredProfiles...), dtls.WithMTU(mtu),
			dtls.WithInsecureSkipVerify(true), dtls.WithVerifyConnection(a.verify))
	} else {
		conn, err = dtls.ServerWithOptions(a, peer,
			dtls.WithCertificates(cert.tls), dtls.WithSRTPProtectionProfiles(offeredProfiles...), dtls.WithMTU(mtu),
			dtls.WithInsecureSkipVerify(true), dtls.WithVerifyConnection(a.verify), dtls.WithClientAuth(dtls.RequireAnyClientCert))
	}
	if err != nil {
		return nil, err
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// verify compares the certificate shown with the hashes told.
func (a *association) verify(state *dtls.State) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the far end shows no certificate")
	}
	for _, f := range a.agreed.Fingerprints {
		if sum := hashOf(f.Hash, state.PeerCertificates[0]); sum != nil && subtle.ConstantTimeCompare(sum, f.Value) == 1 {
			return nil
		}
	}
	return errors.New("the far end's certificate is not the one in its session description")
}

func hashOf(name string, der []byte) []byte {
	switch name {
	case "sha-1":
		h := sha1.Sum(der) //nolint:gosec // as above
		return h[:]
	case "sha-224":
		h := sha256.Sum224(der)
		return h[:]
	case "sha-256":
		h := sha256.Sum256(der)
		return h[:]
	case "sha-384":
		h := sha512.Sum384(der)
		return h[:]
	case "sha-512":
		h := sha512.Sum512(der)
		return h[:]
	}
	return nil
}

// The methods of net.PacketConn, for the library.

// ReadFrom implements net.PacketConn.
func (a *association) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		a.mu.Lock()
		deadline, moved := a.deadline, a.moved
		a.mu.Unlock()
		p, err := a.await(deadline, moved)
		if p != nil || err != nil {
			return copy(b, p), net.UDPAddrFromAddrPort(a.peer()), err
		}
	}
}

// await waits for a packet; nothing without an error means that the deadline moved.
func (a *association) await(deadline time.Time, moved <-chan struct{}) ([]byte, error) {
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case p := <-a.in:
		return p, nil
	case <-a.gone:
		return nil, net.ErrClosed
	case <-late:
		return nil, os.ErrDeadlineExceeded
	case <-moved:
		return nil, nil
	}
}

// WriteTo implements net.PacketConn. The packet goes out with the clock's next tick.
func (a *association) WriteTo(p []byte, _ net.Addr) (int, error) {
	select {
	case <-a.gone:
		return 0, net.ErrClosed
	default:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.out) >= maxQueued {
		a.out = a.out[1:]
	}
	a.out = append(a.out, append([]byte(nil), p...))
	return len(p), nil
}

// Close implements net.PacketConn.
func (a *association) Close() error {
	a.once.Do(func() { close(a.gone) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (a *association) LocalAddr() net.Addr { return &net.UDPAddr{} }

// SetDeadline implements net.PacketConn.
func (a *association) SetDeadline(t time.Time) error { return a.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn.
func (a *association) SetReadDeadline(t time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deadline = t
	close(a.moved)
	a.moved = make(chan struct{})
	return nil
}

// SetWriteDeadline implements net.PacketConn; writes do not wait.
func (a *association) SetWriteDeadline(time.Time) error { return nil }
