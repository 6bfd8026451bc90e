package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A carrier moves whole messages: a UDP socket, or one connection of a stream
// transport. A transport that is added (TLS, WebSocket) is another carrier.
type carrier interface {
	// send writes one message; to is ignored by connections.
	send(b []byte, to netip.AddrPort) error
	network() string // "udp", "tcp"
	reliable() bool  // RFC 3261 section 17: no retransmissions needed
	local() netip.AddrPort
	alive() bool
}

// connection is a carrier that ends.
type connection interface {
	carrier
	close()
}

// flow is a way to one far end.
type flow struct {
	carrier carrier
	remote  netip.AddrPort
}

func (f flow) send(b []byte) error { return f.carrier.send(b, f.remote) }

func withPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}

// limits bound what strangers can make us hold.
type limits struct {
	message     int           // octets of one message
	connections int           // stream connections at once
	messageTime time.Duration // from the first octet of a message to its last
	strangerIdle,
	friendIdle time.Duration // silence on a connection before and after its first good message
	writeTime time.Duration // one write to a connection
}

// transport owns all sockets. received is called by the reading goroutines, one
// message at a time for each socket or connection.
type transport struct {
	log      *slog.Logger
	limits   limits
	tls      *tls.Config                     // nil: none is listened on, and the system's authorities count
	web      http.Handler                    // of WebSocket listeners
	received func(data []byte, f flow) error // an error tells that the message was bad
	closed   func(c carrier)
	sentry   *sentry

	wg sync.WaitGroup

	mu        sync.Mutex // guards what follows
	down      bool
	backs     int // connections being made for responses
	packets   []*packetSocket
	listeners []*listener
	conns     map[connection]struct{}
	peers     map[peer]*streamConn // those that requests may go over
}

// datagrams is what is used of a UDP socket.
type datagrams interface {
	readAll(limit int, take func(data []byte, from netip.AddrPort)) error
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	LocalAddr() net.Addr
	Close() error
}

// packetSocket is a UDP socket.
type packetSocket struct {
	conn   datagrams
	at     netip.AddrPort
	v4, v6 bool // what it reaches
}

func (p *packetSocket) send(b []byte, to netip.AddrPort) error {
	if ip := to.Addr(); ip.IsMulticast() || ip.IsUnspecified() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return fmt.Errorf("%s is no address to send SIP to", to)
	}
	if p.at.Addr().Is6() && !p.at.Addr().Is4In6() && to.Addr().Is4() {
		to = netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())
	}
	if _, err := p.conn.WriteToUDPAddrPort(b, to); err != nil {
		return fmt.Errorf("send SIP by UDP: %w", err)
	}
	return nil
}

func (*packetSocket) network() string         { return "udp" }
func (*packetSocket) reliable() bool          { return false }
func (p *packetSocket) local() netip.AddrPort { return p.at }
func (*packetSocket) alive() bool             { return true }

func (t *transport) readPackets(p *packetSocket) {
	take := func(data []byte, from netip.AddrPort) {
		if len(data) <= 4 || len(data) > t.limits.message {
			return // a keep-alive (RFC 5626 section 4.4), or more than we take
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		_ = t.received(data, flow{p, from})
	}
	for {
		err := p.conn.readAll(t.limits.message, take)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// An ICMP error of an earlier datagram, say: the socket is still good.
		t.log.Debug("sip_udp_read", "error", err)
	}
}

// adopt makes a connection ours and begins to read it. far names the network and,
// when we connected, whom its certificate was checked for.
func (t *transport) adopt(conn net.Conn, far peer, ours bool) (*streamConn, error) {
	c := &streamConn{
		conn: conn, ours: ours, net: far.network, name: far.name, timeout: t.limits.writeTime, since: time.Now(),
		at: addrPort(conn.LocalAddr()), peer: addrPort(conn.RemoteAddr()),
	}
	if err := t.admit(c); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if ours {
		c.keepAlive()
	}
	go func() {
		defer t.release(c)
		if err := t.readStream(c); err != nil {
			t.log.Debug("sip_connection_ended", "remote", c.peer.String(), "error", err)
		}
		c.close()
	}()
	return c, nil
}

// room tells whether another connection would be taken.
func (t *transport) room() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.down && (len(t.conns) < t.limits.connections || t.idler() != nil)
}

// admit counts a connection in; release must follow when its reading has ended.
func (t *transport) admit(c connection) (err error) {
	if ip, theirs := callerOf(c); theirs {
		if !t.sentry.connected(ip, time.Now()) {
			return errors.New("too many SIP connections of that source, or it is blocked")
		}
		defer func() {
			if err != nil {
				t.sentry.disconnected(ip)
			}
		}()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.down:
		return ErrServerClosed
	case len(t.conns) >= t.limits.connections && !t.evict():
		return errors.New("too many SIP connections")
	}
	t.conns[c] = struct{}{}
	if s, ok := c.(*streamConn); ok {
		t.peers[s.far()] = s
	}
	t.wg.Add(1)
	return nil
}

// release forgets a connection that has ended.
func (t *transport) release(c connection) {
	defer t.wg.Done()
	if ip, theirs := callerOf(c); theirs {
		t.sentry.disconnected(ip)
	}
	t.mu.Lock()
	delete(t.conns, c)
	if s, ok := c.(*streamConn); ok && t.peers[s.far()] == s {
		delete(t.peers, s.far())
	}
	t.mu.Unlock()
	t.closed(c)
}

// streamConn is one connection.
type streamConn struct {
	conn     net.Conn
	ours     bool // we connected
	net      string
	name     string // TLS: whom the far end's certificate was checked for
	timeout  time.Duration
	at, peer netip.AddrPort
	since    time.Time
	met      atomic.Bool // a good message has come
	dead     atomic.Bool
	mu       sync.Mutex // one write at a time

	pings sync.Mutex // guards ping
	ping  *time.Timer
}

func (c *streamConn) far() peer { return peer{c.net, c.peer, c.name} }

func (c *streamConn) send(b []byte, _ netip.AddrPort) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead.Load() {
		return fmt.Errorf("SIP connection to %s: %w", c.peer, net.ErrClosed)
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.timeout))
	if _, err := c.conn.Write(b); err != nil {
		c.close() // half a message may be out: nothing can follow it
		return fmt.Errorf("SIP connection to %s: %w", c.peer, err)
	}
	return nil
}

func (c *streamConn) close() {
	c.end(c.conn)
}

// drop ends the connection at once, without the good-bye of TLS.
func (c *streamConn) drop() {
	if tc, ok := c.conn.(*tls.Conn); ok {
		c.end(tc.NetConn())
		return
	}
	c.end(c.conn)
}

func (c *streamConn) end(conn net.Conn) {
	if c.dead.Swap(true) {
		return
	}
	_ = conn.Close()
	c.pings.Lock()
	defer c.pings.Unlock()
	if c.ping != nil {
		c.ping.Stop()
	}
}

func (c *streamConn) network() string       { return c.net }
func (*streamConn) reliable() bool          { return true }
func (c *streamConn) local() netip.AddrPort { return c.at }
func (c *streamConn) alive() bool           { return !c.dead.Load() }

// maxStrikes is how many bad messages in a row a connection may send.
const maxStrikes = 10

// readStream cuts the stream into messages (RFC 3261 section 18.3).
func (t *transport) readStream(c *streamConn) error {
	var (
		buf     = make([]byte, 0, 4096)
		friend  = c.ours
		strikes int
		started time.Time // of the message that is in buf
	)
	if tc, ok := c.conn.(*tls.Conn); ok && !c.ours {
		if err := tc.SetDeadline(time.Now().Add(t.limits.strangerIdle)); err != nil {
			return err
		}
		if err := tc.HandshakeContext(context.Background()); err != nil {
			return err
		}
	}
	for {
		rest := skipNewlines(c, buf)
		n, err := messageLength(rest, t.limits.message)
		if n > 0 {
			// A bad message is no reason to end those that share the connection, as
			// long as its end is known.
			if err := t.received(rest[:n], flow{c, c.peer}); err == nil {
				friend, strikes = true, 0
				c.met.Store(true)
			} else if strikes++; strikes > maxStrikes {
				return err
			}
			started = time.Time{}
			buf = append(buf[:0], rest[n:]...)
			if cap(buf) > 16384 && len(buf) == 0 {
				buf = make([]byte, 0, 4096) // give a large message's room back
			}
			continue
		}
		if err != nil {
			_ = t.received(rest, flow{c, c.peer}) // it answers what can be answered
			return err
		}
		buf = append(buf[:0], rest...)

		now := time.Now()
		wait := t.limits.strangerIdle
		switch {
		case len(bytes.TrimLeft(buf, "\r\n")) > 0 || len(buf) > 0 && !friend:
			if started.IsZero() {
				started = now
			}
			wait = t.limits.messageTime - now.Sub(started)
		case friend:
			wait = t.limits.friendIdle
		}
		if err := c.conn.SetReadDeadline(now.Add(wait)); err != nil {
			return err
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		got, err := c.conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+got]
		if err != nil && got == 0 {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
	}
}

// skipNewlines drops line ends before a message, and answers a ping (RFC 5626
// section 3.5.1) of a far end that has connected.
func skipNewlines(c *streamConn, buf []byte) []byte {
	rest := bytes.TrimLeft(buf, "\r\n")
	switch {
	case len(rest) > 0 || c.ours: // what follows a message, and answers to our pings
	case len(buf) >= 4:
		_ = c.send([]byte("\r\n"), c.peer)
	default:
		return buf // perhaps half a ping
	}
	return rest
}

// keepAlive pings a far end that we have connected to, so that NATs and firewalls
// on the way keep the flow and a dead one is noticed (RFC 5626 section 4.4.1).
func (c *streamConn) keepAlive() {
	c.pings.Lock()
	defer c.pings.Unlock()
	if c.alive() {
		c.ping = time.AfterFunc(keepAliveEvery-rand.N(keepAliveEvery/5), func() {
			if c.send([]byte("\r\n\r\n"), c.peer) == nil {
				c.keepAlive()
			}
		})
	}
}

const keepAliveEvery = 120 * time.Second

// messageLength is the length of the first message in buf, 0 when it is not whole
// yet. The error tells that its end cannot be known.
func messageLength(buf []byte, limit int) (int, error) {
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 {
		if len(buf) > limit {
			return 0, errors.New("SIP message is too large")
		}
		if i := bytes.IndexByte(buf, '\n'); i > 0 && buf[i-1] != '\r' {
			return 0, errors.New("not SIP")
		}
		return 0, nil
	}
	raw, err := split(buf[:end+4])
	if err != nil {
		return 0, err
	}
	n, err := raw.contentLength()
	switch {
	case err != nil:
		return 0, err
	case n < 0 && raw.get("Content-Type") != "":
		// Against RFC 3261 section 20.14, as RFC 2543 allowed it: the end cannot be
		// known, so what has come is taken for all.
		return min(len(buf), limit), nil
	case n < 0:
		return end + 4, nil
	case n > limit-end-4:
		return 0, errors.New("SIP message is too large")
	case len(buf) < end+4+n:
		return 0, nil
	}
	return end + 4 + n, nil
}

func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	default:
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return unmapped(ap)
}

// unmapped writes an IPv4 address that a dual socket shows as ::ffff:… as IPv4.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
