package sip_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// pong answers pings until stop is called, and tells how many came.
func pong(p *siptest.Phone, user string) (stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	count := make(chan int, 1)
	go func() {
		n := 0
		for {
			m := p.NextUntil(ctx)
			if m == nil {
				count <- n
				return
			}
			if m.Status() == 0 && m.Method() == "OPTIONS" {
				n++
				p.NewCall("sip:"+user+"@x", "sip:"+user+"@x").Respond(m, 404, "Not Found", "") // any answer will do
			}
		}
	}()
	return func() int { cancel(); return <-count }
}

func TestPhoneThatStopsAnsweringIsUnreachable(t *testing.T) {
	sideBySide(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: 40 * time.Millisecond, PingFailures: 2}, passwords{"ann": "a"}, nil)
	online := make(chan bool, 8)
	reg.OnChange(func(_ string, on bool) { online <- on })
	s, addr := host(t, sip.Config{T1: 10 * time.Millisecond}, nil, reg)
	p, q := siptest.New(t, addr), siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "<sip:ann@10.0.0.9>", 60).Status())
	require.True(t, wait(t, online))
	stop := pong(p, "ann")
	require.Eventually(t, func() bool { return reg.Contacts("ann")[0].RoundTrip > 0 }, siptest.Patience, time.Millisecond)
	require.False(t, reg.Contacts("ann")[0].Unreachable)
	require.Positive(t, stop())

	require.False(t, wait(t, online), "an agent whose phone is dead is away")
	got := reg.Contacts("ann")
	require.Len(t, got, 1)
	require.True(t, got[0].Unreachable)
	require.Zero(t, got[0].RoundTrip)

	// A second phone is rung alone. It has never answered a ping, as some never do.
	require.Equal(t, 200, q.Register("ann", "a", "", 60).Status())
	require.True(t, wait(t, online))
	require.Equal(t, q.Addr(), reg.Contacts("ann")[0].Source.String(), "the one that can be reached comes first")
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	call := q.Await()
	call.Answer(siptest.SDP)
	l := wait(t, out).leg
	go func() { _ = l.Hangup(context.WithoutCancel(t.Context())) }()
	call.HungUp()
	require.Zero(t, p.Count("INVITE"))
	require.Equal(t, 200, q.Register("ann", "a", "*", 0).Status(), "all are gone")
	require.False(t, wait(t, online))

	// It is back when it registers, and when it answers again.
	require.Equal(t, 200, p.Register("ann", "a", "<sip:ann@10.0.0.9>", 60).Status())
	require.True(t, wait(t, online))
	stop = pong(p, "ann")
	require.Eventually(t, func() bool { return reg.Contacts("ann")[0].RoundTrip > 0 }, siptest.Patience, time.Millisecond)
	stop()
	require.False(t, wait(t, online))
	stop = pong(p, "ann")
	require.True(t, wait(t, online))
	stop()
}

func TestPhoneThatNeverAnswersPingsIsRung(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: 20 * time.Millisecond, PingFailures: 1}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{T1: 5 * time.Millisecond}, nil, reg)
	p := siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "", 60).Status())
	require.Eventually(t, func() bool { return p.Count("OPTIONS") > 8 }, siptest.Patience, time.Millisecond)
	require.False(t, reg.Contacts("ann")[0].Unreachable)
}

func TestPingsCanBeLeftOut(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: -1}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "", 60).Status())
	p.Quiet("OPTIONS", 50*time.Millisecond)
}

// The proxies that a REGISTER came by (RFC 3327) lie on the way of what goes to the
// phone.
func TestPath(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: 20 * time.Millisecond}, passwords{"ann": "a"}, nil)
	s, addr := host(t, sip.Config{}, nil, reg)
	edge, proxy := siptest.New(t, addr), siptest.New(t, addr)
	first, second := "<sip:"+edge.Addr()+";lr>", "<sip:inner@192.0.2.9;lr>"
	// The REGISTER comes from one address of the proxy, its Path names another.
	m := proxy.Register("ann", "a", "<sip:ann@10.0.0.9:5060>", 60)
	require.Equal(t, 200, m.Status())
	require.Empty(t, m.All("Path"))
	require.Equal(t, 200, proxy.Register("ann", "a", "*", 0).Status())

	m = register(t, proxy, "ann", "a", "Path: "+first+", "+second, "Require: path", "Supported: path, outbound", "Contact: <sip:ann@10.0.0.9:5060;ob>")
	require.Equal(t, 200, m.Status())
	require.Equal(t, []string{first, second}, m.All("Path"))
	require.Contains(t, m.Get("Supported"), "path")
	require.Equal(t, []string{first, second}, reg.Contacts("ann")[0].Path)

	ping := edge.Expect("OPTIONS")
	require.Equal(t, []string{first, second}, ping.All("Route"))
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	call := edge.Await()
	require.Contains(t, call.Incoming.Start, "sip:ann@10.0.0.9:5060;ob")
	require.Equal(t, []string{first, second}, call.Incoming.All("Route"))
	call.Reject(486, "Busy Here")
	require.Error(t, wait(t, out).err)

	require.Equal(t, 400, register(t, proxy, "ann", "a", "Path: nonsense").Status())
	require.Equal(t, 400, register(t, proxy, "ann", "a", "Path: "+strings.Repeat("<sip:192.0.2.9;lr>, ", 40)+"<sip:192.0.2.9;lr>").Status())
}

// register registers with more header fields.
func register(t *testing.T, p *siptest.Phone, user, password string, headers ...string) *siptest.Message {
	t.Helper()
	uri := "sip:" + p.Server()
	c := p.NewCall("sip:"+user+"@"+p.Server(), "sip:"+user+"@"+p.Server())
	c.Target = uri
	for _, h := range headers {
		if contact, ok := strings.CutPrefix(h, "Contact: "); ok {
			c.Contact = contact
		}
	}
	more := []string{"Expires: 60"}
	for _, h := range headers {
		if !strings.HasPrefix(h, "Contact: ") {
			more = append(more, h)
		}
	}
	c.Request("REGISTER", "", more...)
	m := p.Expect("401 REGISTER")
	c.Request("REGISTER", "", append(more, "Authorization: "+siptest.Digest(m.Get("WWW-Authenticate"), "REGISTER", uri, user, password, "00000001"))...)
	for {
		if m = p.Next(); m.Method() == "REGISTER" && m.Status() >= 200 {
			return m
		}
	}
}

// Two phones at home may have the same private address; the same phone on another
// flow has not.
func TestContactsByInstance(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p, q := siptest.New(t, addr), siptest.New(t, addr)
	contact := func(host, instance, regID string) string {
		return "<sip:ann@" + host + `;ob>;+sip.instance="<urn:uuid:` + instance + `>";reg-id=` + regID
	}
	require.Equal(t, 200, p.Register("ann", "a", contact("192.168.1.2", "1", "1"), 60).Status())
	require.Equal(t, 200, q.Register("ann", "a", contact("192.168.1.2", "2", "1"), 60).Status())
	require.Len(t, reg.Contacts("ann"), 2, "two phones")
	require.Equal(t, 200, q.Register("ann", "a", contact("192.168.1.77", "2", "1"), 60).Status())
	got := reg.Contacts("ann")
	require.Len(t, got, 2, "it has moved")
	require.Contains(t, got[1].URI, "192.168.1.77")
	require.Equal(t, 200, q.Register("ann", "a", contact("10.7.0.2", "2", "2"), 60).Status())
	require.Len(t, reg.Contacts("ann"), 3, "its second flow")
}

func TestDigestsOfStoredSecrets(t *testing.T) {
	var both []string
	for _, a := range []string{sip.MD5, sip.SHA256} {
		h, err := sip.HA1(a, "ann", "hotline", "secret")
		require.NoError(t, err)
		both = append(both, h)
	}
	for _, tt := range []struct {
		name, secret string
		offered      []string
		want         int
	}{
		{"both kept, both offered", strings.Join(both, " "), []string{sip.SHA256, sip.MD5}, 200},
		{"both kept, MD5 offered", strings.Join(both, " "), []string{sip.MD5}, 200},
		{"both kept, SHA-256 offered", strings.Join(both, " "), []string{sip.SHA256}, 200},
		{"MD5 kept alone", both[0], []string{sip.SHA256}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := sip.NewRegistrar(sip.RegistrarConfig{Algorithms: tt.offered}, passwords{"ann": tt.secret}, nil)
			_, addr := host(t, sip.Config{}, nil, reg)
			c, _ := host(t, sip.Config{}, nil, nil)
			for password, want := range map[string]int{"secret": tt.want, "wrong": 403} {
				_, err := c.Register(t.Context(), sip.Registration{Registrar: "sip:" + addr, User: "ann", Auth: sip.Credentials{Password: password}})
				if want == 200 {
					require.NoError(t, err)
					continue
				}
				var refused *sip.StatusError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, want, refused.Code)
			}
		})
	}
}

func TestBrowsersAreOfferedMD5(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{Algorithms: []string{sip.SHA256, sip.MD5}}, passwords{"ann": "a"}, nil)
	s, addr := host(t, sip.Config{}, nil, reg)
	require.Len(t, unauthorised(siptest.New(t, addr), "ann").All("WWW-Authenticate"), 2)
	got := unauthorised(siptest.NewWS(t, mount(t, s), nil), "ann").All("WWW-Authenticate")
	require.Len(t, got, 1)
	require.Contains(t, got[0], "algorithm=MD5,")
}
