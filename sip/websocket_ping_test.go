package sip

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// pipes is a listener whose connections are in memory, so that their time can be
// that of a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.done); return nil }

func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- addressed{ours}
	return theirs, nil
}

type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4711} }
func (addressed) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// A browser that answers pings stays, however silent; one that does not is lost
// within half a minute.
func TestWebSocketPings(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Config{}, nil, nil, nil)
			require.NoError(t, err)
			lost := make(chan carrier, 1)
			s.tp = bareTransport(func(c carrier) { lost <- c })
			close(s.ready)
			p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
			web := &http.Server{Handler: s.WebSocket(nil), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
			go func() { _ = web.Serve(p) }()
			transport := &http.Transport{DialContext: p.dial}
			c, _, err := websocket.Dial(t.Context(), "ws://pbx.test/sip", &websocket.DialOptions{
				HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"sip"},
			})
			require.NoError(t, err)
			require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte("OPTIONS")))
			began := time.Now()
			if answers {
				read := c.CloseRead(t.Context())
				time.Sleep(50 * time.Minute)
				require.NoError(t, read.Err())
				require.Empty(t, lost)
				require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
			}
			<-lost
			if !answers {
				require.LessOrEqual(t, time.Since(began), pingEvery+pongTime)
			}
			_ = c.CloseNow()
			s.tp.wait()
			require.NoError(t, web.Close())
			transport.CloseIdleConnections()
		})
	}
}
