package webrtc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"hotline/media"
	"hotline/media/sdp"
)

// The causes by which a browser's audio ends.
var (
	ErrLeft error = &departure{"the browser has left the page", true}
	ErrLost error = &departure{"the browser can no longer be reached", false}
)

// departure is how a browser left.
type departure struct {
	text  string
	meant bool
}

func (d *departure) Error() string { return d.text }

// CallerGone tells whether the far end left of its own will.
func (d *departure) CallerGone() bool { return d.meant }

// peer stands for the browser: where its packets go is ICE's business and may change
// at any time. It is an address that nothing answers at (RFC 6666).
var peer = netip.AddrPortFrom(netip.MustParseAddr("100::"), 9)

const (
	packetMTU   = 1500
	rtpQueue    = 32 // packets; a Session takes as many in a tick
	rtcpQueue   = 4
	rtpHeader   = 12
	senderBlock = 28 // where the report blocks of a sender's report begin (RFC 3550 section 6.4.1)
	reportBlock = 8  // and of a receiver's report
	blockLength = 24
)

// Conn is the audio of one browser. It implements media.PacketConn.
type Conn struct {
	endpoint *Endpoint
	pc       *webrtc.PeerConnection
	sender   *webrtc.RTPSender
	codecs   []sdp.Codec // that pion knows of

	ready  atomic.Bool
	writer atomic.Pointer[webrtc.TrackLocalWriter]
	wire   atomic.Uint32 // the SSRC in our descriptions
	ours   atomic.Uint32 // the Session's
	rtp    *queue
	rtcp   *queue
	header rtp.Header // of the packet that is being sent; Send's alone

	negotiation sync.Mutex                 // guards the next one, and pion's descriptions
	offer       *webrtc.SessionDescription // ours in mid-call, which pion does not know of yet

	mu      sync.Mutex // guards the rest
	gone    error      // why it is over
	closed  bool
	readers sync.WaitGroup
}

// open attaches us to the peer connection.
func (c *Conn) open() (err error) {
	c.rtp, c.rtcp = newQueue(rtpQueue), newQueue(rtcpQueue)
	c.pc.OnConnectionStateChange(c.changed)
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		c.start(func() { c.read(t) })
		c.start(func() { c.readControl(r.Read, false) })
	})
	if c.sender, err = c.pc.AddTrack(track{c}); err != nil {
		return fmt.Errorf("adding our track: %w", err)
	}
	c.start(func() { c.readControl(c.sender.Read, true) })
	return nil
}

// start runs a reader, unless all is over.
func (c *Conn) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.readers.Go(f)
	}
}

// changed is told by pion.
func (c *Conn) changed(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		c.ready.Store(true)
	case webrtc.PeerConnectionStateFailed:
		c.fail(ErrLost)
	case webrtc.PeerConnectionStateClosed: // by the far end's DTLS, or by Close
		c.fail(ErrLeft)
	default:
	}
}

// GiveUp ends it with ErrLost, for who knows by other signs that the browser has vanished.
func (c *Conn) GiveUp() { c.fail(ErrLost) }

// fail ends it; the first cause counts.
func (c *Conn) fail(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = cause
	}
}

func (c *Conn) over() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return c.gone
}

// Security is what browsers insist on.
func (c *Conn) Security() media.Security { return media.DTLS }

// Ready implements media.Readier.
func (c *Conn) Ready() bool { return c.ready.Load() }

// Connected tells whether the browser is reached at this moment.
func (c *Conn) Connected() bool { return c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected }

// read takes the RTP packets of a track. Telephone events come on the same track as
// the sound, so the payload type is the Session's to look at.
func (c *Conn) read(t *webrtc.TrackRemote) {
	b := make([]byte, packetMTU)
	for {
		n, _, err := t.Read(b)
		if n > 0 && (err == nil || errors.Is(err, webrtc.ErrCodecNotFound)) {
			c.rtp.put(b[:n], time.Now())
			continue
		}
		if err != nil && !errors.Is(err, io.ErrShortBuffer) {
			return // renegotiated, or the end, which the state tells
		}
	}
}

// readControl takes RTCP. pion hands a compound that speaks of both directions to
// both of its readers; of those, one takes the compounds that do not also reach the
// other.
func (c *Conn) readControl(read func([]byte) (int, interceptor.Attributes, error), sender bool) {
	b := make([]byte, packetMTU)
	for {
		n, _, err := read(b)
		if err != nil {
			if errors.Is(err, io.ErrShortBuffer) {
				continue
			}
			return
		}
		if sender && n > 1 && b[1] != byte(rtcp.TypeReceiverReport) {
			continue
		}
		c.toOurs(b[:n])
		c.rtcp.put(b[:n], time.Now())
	}
}

// toOurs writes the Session's SSRC into the report blocks about our stream.
func (c *Conn) toOurs(b []byte) {
	wire, ours := c.wire.Load(), c.ours.Load()
	each(b, func(kind rtcp.PacketType, p []byte) {
		at := len(p)
		switch kind {
		case rtcp.TypeSenderReport:
			at = senderBlock
		case rtcp.TypeReceiverReport:
			at = reportBlock
		default:
		}
		for range p[0] & 31 {
			if at+blockLength > len(p) {
				return
			}
			if binary.BigEndian.Uint32(p[at:]) == wire {
				binary.BigEndian.PutUint32(p[at:], ours)
			}
			at += blockLength
		}
	})
}

// each calls f for each packet of an RTCP compound.
func each(b []byte, f func(kind rtcp.PacketType, p []byte)) {
	for len(b) >= 8 {
		n := 4 * (1 + int(binary.BigEndian.Uint16(b[2:])))
		if n > len(b) || n < 8 {
			return
		}
		f(rtcp.PacketType(b[1]), b[:n])
		b = b[n:]
	}
}

// Receive implements media.PacketConn. When nothing is left it returns why the
// browser is gone: ErrLeft or ErrLost.
func (c *Conn) Receive(b *media.Batch) (int, error) {
	if n := c.rtp.take(b); n > 0 {
		return n, nil
	}
	return 0, c.over()
}

// ReceiveControl implements media.PacketConn.
func (c *Conn) ReceiveControl(b *media.Batch) (int, error) { return c.rtcp.take(b), nil }

// Send implements media.PacketConn.
func (c *Conn) Send(p []byte, _ netip.AddrPort) error {
	w := c.writer.Load()
	if w == nil || !c.ready.Load() {
		return c.over()
	}
	if len(p) < rtpHeader || p[0] != 2<<6 {
		return fmt.Errorf("an RTP packet of %d octets with more than the plain header", len(p))
	}
	c.ours.Store(binary.BigEndian.Uint32(p[8:]))
	h := &c.header
	h.Version, h.Marker, h.PayloadType = 2, p[1]&0x80 != 0, p[1]&0x7f
	h.SequenceNumber, h.Timestamp = binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint32(p[4:])
	h.SSRC = c.wire.Load()
	_, err := (*w).WriteRTP(h, p[rtpHeader:])
	if errors.Is(err, io.ErrClosedPipe) {
		return c.over()
	}
	return err
}

// SendControl implements media.PacketConn.
func (c *Conn) SendControl(p []byte, _ netip.AddrPort) error {
	if !c.ready.Load() {
		return c.over()
	}
	packets, err := rtcp.Unmarshal(p)
	if err != nil {
		return fmt.Errorf("reading our own RTCP: %w", err)
	}
	wire := c.wire.Load()
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			c.ours.Store(p.SSRC)
			p.SSRC = wire
		case *rtcp.ReceiverReport:
			c.ours.Store(p.SSRC)
			p.SSRC = wire
		case *rtcp.SourceDescription:
			for i := range p.Chunks {
				p.Chunks[i].Source = wire
			}
		case *rtcp.Goodbye:
			p.Sources = []uint32{wire}
		}
	}
	return c.pc.WriteRTCP(packets)
}

// Close implements media.PacketConn. It returns when all goroutines of the Conn have.
func (c *Conn) Close() error {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if closed {
		c.readers.Wait()
		return nil
	}
	err := c.pc.GracefulClose()
	c.readers.Wait()
	c.endpoint.forget(c)
	if err != nil {
		return fmt.Errorf("closing a browser's audio: %w", err)
	}
	return nil
}

// track is what we send, as pion sees it.
type track struct{ c *Conn }

// Bind implements webrtc.TrackLocal. Which payload type each packet has is written
// in the packet.
func (t track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w := ctx.WriteStream()
	t.c.wire.Store(uint32(ctx.SSRC()))
	t.c.writer.Store(&w)
	codecs := ctx.CodecParameters()
	if len(codecs) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	return codecs[0], nil
}

// Unbind implements webrtc.TrackLocal.
func (t track) Unbind(webrtc.TrackLocalContext) error {
	t.c.writer.Store(nil)
	return nil
}

func (track) ID() string                { return "voice" }
func (track) RID() string               { return "" }
func (track) StreamID() string          { return "hotline" }
func (track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
