package web_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/internal/certs/certstest"
	"hotline/internal/web"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// The console over https: its pages, and telephones of browsers at /sip through all
// that lies around the routes.
func TestSIPOverWebSocketAtTheConsole(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			legs := make(chan *sip.Leg, 1)
			telephone, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, func(ctx context.Context, l *sip.Leg) {
				if l.Answer(ctx, []byte(siptest.SDP)) == nil {
					legs <- l
					<-l.Context().Done()
				}
			}, nil, nil)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- telephone.Run(ctx) }()
			t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
			<-telephone.Ready()

			ca := certstest.New(t)
			st := start(t, func(c *web.Config) {
				c.SIP = telephone.WebSocket(nil)
				if scheme == "https" {
					c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{ca.Issue(t, "127.0.0.1")}}
				}
			})
			client := &http.Client{Transport: &http.Transport{
				ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.Pool},
			}}
			t.Cleanup(client.CloseIdleConnections)
			url := scheme + strings.TrimPrefix(st.url, "http")
			res, err := client.Get(url + "/healthz")
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)

			ws := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.Pool}}}
			socket := strings.Replace(url, "http", "ws", 1) + "/sip"
			p := siptest.NewWS(t, socket, ws)
			call := p.Invite("8000", siptest.SDP)
			call.Answered()
			l := <-legs
			require.Equal(t, strings.Replace(scheme, "http", "ws", 1), l.Network())
			call.Bye()

			_, res, err = websocket.Dial(t.Context(), socket, &websocket.DialOptions{
				HTTPClient: ws, Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"Origin": {"https://evil.test"}},
			})
			require.Error(t, err)
			require.Equal(t, http.StatusForbidden, res.StatusCode)
			q := siptest.NewWS(t, socket, ws)
			st.stop() // the web server ends, the telephone does not
			select {
			case <-q.Done():
				t.Fatal("the browser's connection is the telephone's")
			case <-time.After(50 * time.Millisecond):
			}
		})
	}
}
