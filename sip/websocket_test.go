package sip_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// mount serves s over WebSocket, as the console's web server does, and returns the
// URL.
func mount(t *testing.T, s *sip.Server, origins ...string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /sip", s.WebSocket(origins))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return "ws" + strings.TrimPrefix(web.URL, "http") + "/sip"
}

func dialWS(t *testing.T, url string, header http.Header, protocols ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: protocols, HTTPHeader: header})
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, res, err
}

func options(callID string) string {
	return "OPTIONS sip:hotline SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK" + siptest.Random() +
		"\r\nMax-Forwards: 70\r\nFrom: <sip:a@x.invalid>;tag=1\r\nTo: <sip:hotline>\r\nCall-ID: " + callID + "\r\nCSeq: 1 OPTIONS\r\n\r\n"
}

func TestWebSocketHandshake(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	url := mount(t, s, "*.example.com", "https://shop.test:8443")
	for _, tt := range []struct {
		name, origin, protocol string
		status                 int
	}{
		{"no browser", "", "sip", 101},
		{"same host", "http" + strings.TrimPrefix(strings.TrimSuffix(url, "/sip"), "ws"), "sip", 101},
		{"listed host", "https://pbx.example.com", "sip", 101},
		{"listed origin", "https://shop.test:8443", "sip", 101},
		{"listed host, other scheme", "http://shop.test:8443", "sip", 403},
		{"another page", "https://evil.test", "sip", 403},
		{"no subprotocol", "", "", 400},
		{"another subprotocol", "", "xmpp", 400},
		{"several subprotocols", "", "xmpp, sip", 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sideBySide(t)
			h := http.Header{}
			if tt.origin != "" {
				h.Set("Origin", tt.origin)
			}
			var protocols []string
			if tt.protocol != "" {
				protocols = []string{tt.protocol}
			}
			c, res, err := dialWS(t, url, h, protocols...)
			require.NotNil(t, res)
			require.Equal(t, tt.status, res.StatusCode)
			if err == nil {
				require.Equal(t, "sip", c.Subprotocol())
			}
		})
	}
	res, err := http.Get("http" + strings.TrimPrefix(url, "ws"))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, res.StatusCode)
}

func TestWebSocketOnlyWhileTheServerRuns(t *testing.T) {
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(t, err)
	_, res, err := dialWS(t, mount(t, s), nil, "sip")
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
}

func TestWebSocketMessages(t *testing.T) {
	s, _ := host(t, sip.Config{MaxMessage: 4000}, nil, nil)
	url := mount(t, s)
	c, _, err := dialWS(t, url, nil, "sip")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	answer := func(want string) {
		t.Helper()
		kind, data, err := c.Read(ctx)
		require.NoError(t, err)
		require.Equal(t, websocket.MessageText, kind)
		require.Contains(t, string(data), want)
	}

	require.NoError(t, c.Write(ctx, websocket.MessageText, []byte(options("text"))))
	answer("Call-ID: text\r\n")
	require.NoError(t, c.Write(ctx, websocket.MessageBinary, []byte(options("binary"))))
	answer("Call-ID: binary\r\n")
	w, err := c.Writer(ctx, websocket.MessageText) // a frame for each Write
	require.NoError(t, err)
	message := options("parts")
	for _, part := range []string{message[:7], message[7:100], message[100:]} {
		_, err = w.Write([]byte(part))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	answer("Call-ID: parts\r\n")
	require.NoError(t, c.Write(ctx, websocket.MessageText, []byte("\r\n\r\n")))
	answer("\r\n")

	for range 5 { // bad ones do not end it
		require.NoError(t, c.Write(ctx, websocket.MessageText, []byte("nonsense")))
	}
	require.NoError(t, c.Write(ctx, websocket.MessageText, []byte(options("after"))))
	answer("Call-ID: after\r\n")
	for range 20 { // but nothing else for long does
		_ = c.Write(ctx, websocket.MessageText, []byte("nonsense"))
	}
	_, _, err = c.Read(ctx)
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))

	c, _, err = dialWS(t, url, nil, "sip")
	require.NoError(t, err)
	require.NoError(t, c.Write(ctx, websocket.MessageText, []byte(strings.Repeat("x", 4001))))
	_, _, err = c.Read(ctx)
	require.Equal(t, websocket.StatusMessageTooBig, websocket.CloseStatus(err))
}

func TestWebSocketsAreConnections(t *testing.T) {
	s, _, tcp := hostBoth(t, sip.Config{MaxConnections: 2}, nil, nil)
	url := mount(t, s)
	ws := siptest.NewWS(t, url, nil)
	siptest.NewTCP(t, tcp)
	require.Eventually(t, func() bool { return s.Stats().Connections == 2 }, siptest.Patience, time.Millisecond)
	_, res, err := dialWS(t, url, nil, "sip")
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("Retry-After"))
	ws.Close()
	require.Eventually(t, func() bool { return s.Stats().Connections == 1 }, siptest.Patience, time.Millisecond)
}

func TestWebSocketClosingHandshake(t *testing.T) {
	sideBySide(t)
	s, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, nil, nil, nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	url := mount(t, s)
	polite, _, err := dialWS(t, url, nil, "sip")
	require.NoError(t, err)
	_, _, err = dialWS(t, url, nil, "sip") // it reads nothing, so it does not answer
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Stats().Connections == 2 }, siptest.Patience, time.Millisecond)
	stop()
	reading, cancel := context.WithTimeout(context.Background(), siptest.Patience)
	defer cancel()
	_, _, err = polite.Read(reading)
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.NoError(t, wait(t, done))
}

func TestBrowserRegistersAndIsCalled(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, _ := host(t, sip.Config{}, nil, reg)
	p := siptest.NewWS(t, mount(t, s), nil)
	c := p.NewCall("sip:ann@"+p.Server(), "sip:ann@"+p.Server())
	c.Request("REGISTER", "", "Expires: 60")
	require.Contains(t, p.Expect("401 REGISTER").Get("WWW-Authenticate"), "algorithm=MD5,", "JsSIP takes it in upper case alone")
	require.Equal(t, 200, p.Register("ann", "secret", "", 60).Status())
	got := reg.Contacts("ann")
	require.Len(t, got, 1)
	require.Equal(t, "ws", got[0].Network)

	legs := make(chan *sip.Leg, 1)
	go func() {
		l, err := s.Dial(context.WithoutCancel(t.Context()), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
		if err == nil {
			legs <- l
		}
	}()
	call := p.Await()
	require.Contains(t, call.Incoming.Start, ".invalid;transport=ws")
	require.True(t, strings.HasPrefix(call.Incoming.Get("Via"), "SIP/2.0/WS 127.0.0.1:"), call.Incoming.Get("Via"))
	require.Contains(t, call.Incoming.Get("Contact"), ";transport=ws>")
	call.Ring()
	call.Answer(siptest.SDP)
	l := wait(t, legs)
	require.Equal(t, "ws", l.Network())
	go func() { _ = l.Hangup(context.WithoutCancel(t.Context())) }()
	call.HungUp()

	p.Close()
	require.Eventually(t, func() bool { return len(reg.Contacts("ann")) == 0 }, siptest.Patience, time.Millisecond)
	_, err := s.Dial(t.Context(), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
	var refused *sip.StatusError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 480, refused.Code)
	_, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:x@abc.invalid;transport=ws", Offer: []byte(siptest.SDP)}, nil)
	require.ErrorContains(t, err, "connection of the browser is gone")
}

func TestBrowserIsLostWhileItRings(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, _ := host(t, sip.Config{}, nil, reg)
	p := siptest.NewWS(t, mount(t, s), nil)
	require.Equal(t, 200, p.Register("ann", "secret", "", 60).Status())
	failed := make(chan error, 1)
	go func() {
		_, err := s.Dial(context.WithoutCancel(t.Context()), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
		failed <- err
	}()
	p.Await().Ring()
	p.Close()
	require.ErrorContains(t, wait(t, failed), "connection was lost")
}

// A browser whose WebSocket broke is back within seconds; the call goes on and
// follows it.
func TestCallFollowsABrowser(t *testing.T) {
	for _, back := range []string{"registers first", "registers later", "speaks in the dialog", "same instance"} {
		t.Run(back, func(t *testing.T) {
			reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
			c := newCalls(t)
			s, _ := host(t, sip.Config{}, c.handle, reg)
			url := mount(t, s)
			p := siptest.NewWS(t, url, nil)
			contact := fmt.Sprintf("<sip:ann@%s;transport=ws>;+sip.instance=\"<urn:uuid:1>\"", p.Addr())
			require.Equal(t, 200, p.Register("ann", "secret", contact, 60).Status())

			var call *siptest.Call
			var l *sip.Leg
			if back == "same instance" { // ours to it
				legs := make(chan *sip.Leg, 1)
				go func() {
					l, _ := s.Dial(context.WithoutCancel(t.Context()), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
					legs <- l
				}()
				call = p.Await()
				call.Answer(siptest.SDP)
				l = wait(t, legs)
			} else {
				call = p.NewCall("sip:8000@"+p.Server(), "sip:ann@"+p.Server())
				call.Contact = contact
				call.Request("INVITE", siptest.SDP)
				call.Answered()
				l = wait(t, c.legs)
			}
			require.True(t, l.Connected())
			p.Close()
			require.Eventually(t, func() bool { return len(reg.Contacts("ann")) == 0 }, siptest.Patience, time.Millisecond)
			require.False(t, l.Connected())
			require.NoError(t, l.Context().Err(), "a lost connection does not end the call")

			ended := make(chan error, 1)
			hangUp := func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), siptest.Patience)
				defer cancel()
				ended <- l.Hangup(ctx)
			}
			q := siptest.NewWS(t, url, nil)
			switch back {
			case "registers first":
				require.Equal(t, 200, q.Register("ann", "secret", contact, 60).Status())
				require.True(t, l.Connected(), "by its registration")
				go hangUp()
			case "registers later":
				go hangUp()
				r := q.NewCall("sip:ann@"+q.Server(), "sip:ann@"+q.Server())
				r.Contact, r.Target = contact, "sip:"+q.Server()
				r.Request("REGISTER", "")
				m := q.Expect("401 REGISTER")
				r.Request("REGISTER", "", "Authorization: "+siptest.Digest(m.Get("WWW-Authenticate"), "REGISTER", r.Target, "ann", "secret", "00000001"))
				// The BYE may come before the answer.
			case "speaks in the dialog":
				q.As(p)
				again := *call
				again.On(q)
				again.Request("INFO", "")
				q.Expect("200 INFO")
				require.True(t, l.Connected(), "by what it said")
				go hangUp()
			case "same instance":
				moved := fmt.Sprintf("<sip:other@%s;transport=ws>;+sip.instance=\"<urn:uuid:1>\"", q.Addr())
				require.Equal(t, 200, q.Register("ann", "secret", moved, 60).Status())
				go hangUp()
			}
			bye := q.Expect("BYE")
			call.On(q)
			call.Respond(bye, 200, "OK", "")
			require.NoError(t, wait(t, ended))
		})
	}
}

func unauthorised(p *siptest.Phone, user string) *siptest.Message {
	c := p.NewCall("sip:"+user+"@"+p.Server(), "sip:"+user+"@"+p.Server())
	c.Request("REGISTER", "", "Expires: 60")
	return p.Expect("401 REGISTER")
}

func TestBrowserNeverComesBack(t *testing.T) {
	c := newCalls(t)
	s, _ := host(t, sip.Config{}, c.handle, nil)
	p := siptest.NewWS(t, mount(t, s), nil)
	p.Invite("8000", siptest.SDP).Answered()
	l := wait(t, c.legs)
	p.Close()
	require.Eventually(t, func() bool { return s.Stats().Connections == 0 }, siptest.Patience, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, l.Hangup(ctx))
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
}
