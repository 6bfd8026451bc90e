package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// SIP over WebSocket (RFC 7118): one SIP message is one WebSocket message.

const (
	pingEvery   = 20 * time.Second // less than NATs and proxies are patient
	pongTime    = 10 * time.Second
	goodbyeTime = time.Second // for the far end's part of the closing handshake
)

// WebSocket is the handler for SIP over WebSocket (RFC 7118), to be mounted on a
// server of net/http; it works while Run runs and holds each connection until it
// ends. Pages of the same host may connect, and those whose Origin matches one of
// origins: "example.com", "*.example.com" or "https://example.com:8443".
func (s *Server) WebSocket(origins []string) http.Handler {
	origins = slices.DeleteFunc(slices.Clone(origins), func(o string) bool {
		_, err := path.Match(o, "")
		if err != nil {
			s.log.Warn("sip_websocket_origin", "pattern", o, "error", err)
		}
		return err != nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveWebSocket(w, r, origins) })
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, origins []string) {
	select {
	case <-s.ready:
	default:
		s.refuseWebSocket(w, http.StatusServiceUnavailable, "the telephone does not run yet")
		return
	}
	switch {
	case !s.tp.room():
		s.refuseWebSocket(w, http.StatusServiceUnavailable, "too many SIP connections, or the server is closing")
		return
	case r.Header.Get("Upgrade") != "" && !offersSIP(r): // RFC 7118 section 4
		s.refuseWebSocket(w, http.StatusBadRequest, "the WebSocket subprotocol must be sip (RFC 7118)")
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		s.refuseWebSocket(w, http.StatusBadRequest, "no address to answer to")
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"sip"}, OriginPatterns: origins, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil { // it has answered
		s.log.Debug("sip_websocket_refused", "remote", r.RemoteAddr, "error", err)
		return
	}
	// The request's context ends with the HTTP server, ours with the SIP server.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	defer cancel(nil)
	c := &webSocketConn{conn: conn, net: "ws", timeout: s.tp.limits.writeTime, peer: unmapped(peer), ctx: ctx, cancel: cancel}
	if r.TLS != nil {
		c.net = "wss"
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		c.at = addrPort(a)
	}
	c.leaving, c.leave = context.WithCancelCause(ctx)
	if err := s.tp.admit(c); err != nil {
		_ = conn.Close(websocket.StatusTryAgainLater, "too many SIP connections, or the server is closing")
		return
	}
	defer s.tp.release(c)
	if err := s.tp.readWebSocket(c); err != nil { //nolint:contextcheck // it has a context of its own
		s.log.Debug("sip_connection_ended", "remote", peer.String(), "error", err)
	}
}

func (s *Server) refuseWebSocket(w http.ResponseWriter, status int, text string) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", s.retryAfter().value)
	}
	http.Error(w, text, status)
}

func offersSIP(r *http.Request) bool {
	for _, v := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(p), "sip") {
				return true
			}
		}
	}
	return false
}

// webSocketConn is the connection of one browser.
type webSocketConn struct {
	conn     *websocket.Conn
	net      string
	timeout  time.Duration
	at, peer netip.AddrPort
	dead     atomic.Bool

	ctx     context.Context //nolint:containedctx // the connection's life, which no call bounds
	cancel  context.CancelCauseFunc
	leaving context.Context //nolint:containedctx // ends when we want to say good-bye
	leave   context.CancelCauseFunc
}

// isWebSocket tells whether a far end is a browser, which can never be connected to.
func isWebSocket(c carrier) bool {
	_, ok := c.(*webSocketConn)
	return ok
}

func (c *webSocketConn) send(b []byte, _ netip.AddrPort) error {
	if c.dead.Load() {
		return fmt.Errorf("SIP connection of the browser at %s: %w", c.peer, net.ErrClosed)
	}
	kind := websocket.MessageText
	if !utf8.Valid(b) { // a browser ends the connection for text that is none
		kind = websocket.MessageBinary
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()
	if err := c.conn.Write(ctx, kind, b); err != nil {
		c.dead.Store(true)
		c.cancel(err)
		return fmt.Errorf("SIP connection of the browser at %s: %w", c.peer, err)
	}
	return nil
}

func (c *webSocketConn) network() string       { return c.net }
func (*webSocketConn) reliable() bool          { return true }
func (c *webSocketConn) local() netip.AddrPort { return c.at }
func (c *webSocketConn) alive() bool           { return !c.dead.Load() }

// close begins the closing handshake; readWebSocket returns when it is done.
func (c *webSocketConn) close() { c.goodbye(websocket.StatusGoingAway, "the server stops") }

func (c *webSocketConn) goodbye(code websocket.StatusCode, reason string) {
	c.dead.Store(true)
	c.leave(websocket.CloseError{Code: code, Reason: reason})
}

// readWebSocket takes messages until the connection ends.
func (t *transport) readWebSocket(c *webSocketConn) error {
	var keeper sync.WaitGroup
	keeper.Go(c.keep)
	defer func() {
		c.dead.Store(true)
		c.cancel(nil)
		keeper.Wait()
		_ = c.conn.CloseNow()
	}()
	c.conn.SetReadLimit(int64(t.limits.message))
	var (
		buf     bytes.Buffer
		strikes int
		idle    = t.limits.strangerIdle
	)
	watch := time.AfterFunc(idle, func() { c.cancel(errors.New("silent for too long")) })
	defer watch.Stop()
	for {
		watch.Reset(idle)
		_, r, err := c.conn.Reader(c.ctx)
		if err == nil {
			watch.Reset(t.limits.messageTime)
			buf.Reset()
			_, err = buf.ReadFrom(r)
		}
		if err != nil {
			return c.ended(err)
		}
		if !c.alive() {
			continue // until the far end has closed too
		}
		data := bytes.TrimLeft(buf.Bytes(), "\r\n")
		if len(data) == 0 { // a ping of RFC 5626 section 3.5.1, which some send here too
			_ = c.send([]byte("\r\n"), c.peer)
			continue
		}
		if err := t.received(data, flow{c, c.peer}); err == nil {
			idle, strikes = t.limits.friendIdle, 0
		} else if strikes++; strikes > maxStrikes {
			c.goodbye(websocket.StatusPolicyViolation, "too many bad messages")
		}
		if buf.Cap() > 16384 {
			buf = bytes.Buffer{} // give a large message's room back
		}
	}
}

// ended tells why reading ended; a good-bye is no error.
func (c *webSocketConn) ended(err error) error {
	if cause := context.Cause(c.ctx); cause != nil {
		return cause
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return nil
	default:
		return err
	}
}

// keep pings the far end, and says good-bye when it is time.
func (c *webSocketConn) keep() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.leaving.Done():
			var why websocket.CloseError
			if c.ctx.Err() == nil && errors.As(context.Cause(c.leaving), &why) {
				limit := time.AfterFunc(goodbyeTime, func() { c.cancel(why) })
				defer limit.Stop()
				_ = c.conn.Close(why.Code, why.Reason)
			}
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(c.leaving, pongTime)
			err := c.conn.Ping(ctx)
			cancel()
			if err != nil && c.leaving.Err() == nil {
				c.dead.Store(true)
				c.cancel(fmt.Errorf("no pong: %w", err))
			}
		}
	}
}
