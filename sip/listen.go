package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// listenAddr is one entry of Config.Listen.
type listenAddr struct{ network, addr string }

var networks = []string{"udp", "tcp", "tls", "ws", "wss"}

func parseListen(s string) (listenAddr, error) {
	network, addr, ok := strings.Cut(s, ":")
	network = strings.ToLower(network)
	if !ok || !slices.Contains(networks, network) {
		return listenAddr{}, fmt.Errorf("sip listen address %q: want NETWORK:HOST:PORT, NETWORK being udp, tcp, tls, ws or wss", s)
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return listenAddr{}, fmt.Errorf("sip listen address %q: %w", s, err)
	}
	return listenAddr{network, addr}, nil
}

// secure tells that a certificate is needed.
func (a listenAddr) secure() bool { return a.network == "tls" || a.network == "wss" }

// socket is the network for package net: an address of one family means that family
// alone, so that 0.0.0.0 and [::] may both be listed; no address means both.
func (a listenAddr) socket(kind string) string {
	host, _, _ := net.SplitHostPort(a.addr)
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return kind
	case ip.Unmap().Is4():
		return kind + "4"
	default:
		return kind + "6"
	}
}

// listener is one address that connections are taken on.
type listener struct {
	net.Listener
	network string
	web     *http.Server // of WebSocket
}

// Addr names the network as Config.Listen does.
func (l *listener) Addr() net.Addr { return listenerAddr{l.Listener.Addr(), l.network} }

type listenerAddr struct {
	net.Addr
	network string
}

func (a listenerAddr) Network() string { return a.network }

// open binds every address, or none.
func (t *transport) open(ctx context.Context, addrs []listenAddr) (err error) {
	t.conns, t.peers = make(map[connection]struct{}), make(map[peer]*streamConn)
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	var lc net.ListenConfig
	for _, a := range addrs {
		if a.network == "udp" {
			conn, err := lc.ListenPacket(ctx, a.socket("udp"), a.addr)
			if err != nil {
				return fmt.Errorf("listen for SIP on udp %s: %w", a.addr, err)
			}
			udp := conn.(*net.UDPConn)
			// A burst of calls must survive a busy moment; the kernel may give less.
			_ = udp.SetReadBuffer(4 << 20)
			socket, err := newUDPSocket(udp)
			if err != nil {
				_ = udp.Close()
				return fmt.Errorf("listen for SIP on udp %s: %w", a.addr, err)
			}
			p := &packetSocket{conn: socket, at: addrPort(udp.LocalAddr())}
			p.v6 = p.at.Addr().Is6()
			p.v4 = !p.v6 || p.at.Addr().IsUnspecified() && a.socket("udp") == "udp"
			t.packets = append(t.packets, p)
			continue
		}
		raw, err := lc.Listen(ctx, a.socket("tcp"), a.addr)
		if err != nil {
			return fmt.Errorf("listen for SIP on %s %s: %w", a.network, a.addr, err)
		}
		t.listeners = append(t.listeners, t.listener(a, raw))
	}
	return nil
}

func (t *transport) listener(a listenAddr, raw net.Listener) *listener {
	l := &listener{Listener: raw, network: a.network}
	if a.network != "ws" && a.network != "wss" {
		return l
	}
	l.Listener = netutil.LimitListener(raw, t.limits.connections)
	if a.network == "wss" {
		cfg := t.tls.Clone()
		cfg.NextProtos = []string{"http/1.1"} // a WebSocket begins there
		l.Listener = tls.NewListener(l.Listener, cfg)
	}
	l.web = &http.Server{
		Handler:           t.web,
		ReadHeaderTimeout: t.limits.messageTime,
		ReadTimeout:       t.limits.messageTime,
		WriteTimeout:      t.limits.messageTime,
		IdleTimeout:       t.limits.strangerIdle,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(t.log.Handler(), slog.LevelDebug),
	}
	return l
}

// start begins reading; close ends it and wait returns when all has ended.
func (t *transport) start() {
	for _, p := range t.packets {
		t.wg.Go(func() { t.readPackets(p) })
	}
	for _, l := range t.listeners {
		if l.web == nil {
			t.wg.Go(func() { t.accept(l) })
			continue
		}
		t.wg.Go(func() {
			if err := l.web.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
				t.log.Warn("sip_websocket_listener", "error", err)
			}
		})
	}
}

func (t *transport) close() {
	t.mu.Lock()
	t.down = true
	conns := slices.Collect(maps.Keys(t.conns))
	t.mu.Unlock()
	for _, p := range t.packets {
		_ = p.conn.Close()
	}
	for _, l := range t.listeners {
		_ = l.Close()
		if l.web != nil {
			_ = l.web.Close()
		}
	}
	for _, c := range conns {
		c.close()
	}
}

func (t *transport) wait() { t.wg.Wait() }

func (t *transport) addrs() []net.Addr {
	var out []net.Addr
	for _, p := range t.packets {
		out = append(out, p.conn.LocalAddr())
	}
	for _, l := range t.listeners {
		out = append(out, l.Addr())
	}
	return out
}

// port is where far ends reach us over a network at one of our addresses, 0 when
// they do not.
func (t *transport) port(network string, ip netip.Addr) uint16 {
	var port uint16
	for _, l := range t.listeners {
		if l.network != network {
			continue
		}
		at := addrPort(l.Listener.Addr())
		if at.Addr() == ip {
			return at.Port()
		}
		if port == 0 && (at.Addr().IsUnspecified() || at.Addr().Is4() == ip.Is4()) {
			port = at.Port()
		}
	}
	return port
}

// socketFor is the UDP socket for an address; from is our address on the way there,
// which decides when there are several.
func (t *transport) socketFor(to netip.Addr, from func() netip.Addr) *packetSocket {
	var fit []*packetSocket
	for _, p := range t.packets {
		if to.Is4() && p.v4 || to.Is6() && p.v6 {
			fit = append(fit, p)
		}
	}
	if len(fit) < 2 {
		return first(fit)
	}
	ours := from()
	if i := slices.IndexFunc(fit, func(p *packetSocket) bool { return p.at.Addr() == ours }); i >= 0 {
		return fit[i]
	}
	if i := slices.IndexFunc(fit, func(p *packetSocket) bool { return p.at.Addr().IsUnspecified() }); i >= 0 {
		return fit[i]
	}
	if i := slices.IndexFunc(fit, func(p *packetSocket) bool { return p.at.Addr().IsLoopback() == to.IsLoopback() }); i >= 0 {
		return fit[i]
	}
	return fit[0]
}

func first(p []*packetSocket) *packetSocket {
	if len(p) == 0 {
		return nil
	}
	return p[0]
}

// accept takes connections as long as there is room.
func (t *transport) accept(l *listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			t.log.Warn("sip_accept", "error", err)
			pause := time.NewTimer(50 * time.Millisecond) // out of files: let some go
			<-pause.C
			continue
		}
		if l.network == "tls" { // the reading goroutine shakes hands
			conn = tls.Server(conn, t.tls)
		}
		if _, err := t.adopt(conn, peer{network: l.network}, false); err != nil {
			t.log.Debug("sip_connection_refused", "error", err)
		}
	}
}
