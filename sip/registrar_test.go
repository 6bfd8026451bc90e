package sip_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

type passwords map[string]string

func (p passwords) Password(user string) (string, bool) {
	s, ok := p[user]
	return s, ok
}

func TestRegister(t *testing.T) {
	ha1, err := sip.HA1(sip.MD5, "bob", "hotline", "hunter2")
	require.NoError(t, err)
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret", "bob": ha1}, nil)
	var mu sync.Mutex
	var changes []string
	stop := reg.OnChange(func(user string, online bool) {
		mu.Lock()
		defer mu.Unlock()
		changes = append(changes, user+map[bool]string{true: "+", false: "-"}[online])
	})
	_, addr := host(t, sip.Config{}, nil, reg)
	p, q := siptest.New(t, addr), siptest.New(t, addr)

	m := p.Register("ann", "secret", "", 300)
	require.Equal(t, 200, m.Status())
	require.Contains(t, m.Get("Contact"), ";expires=300")
	require.Equal(t, 200, q.Register("ann", "secret", "", 99999).Status())
	require.Equal(t, 200, q.Register("bob", "hunter2", "", 60).Status())
	got := reg.Contacts("ann")
	require.Len(t, got, 2)
	require.Equal(t, p.Addr(), got[0].Source.String())
	require.WithinDuration(t, time.Now().Add(2*time.Hour), got[1].Expires, time.Minute, "the longest that we grant")
	require.Len(t, reg.Registered(), 3)

	require.Equal(t, 200, p.Register("ann", "secret", "", 0).Status())
	require.Len(t, reg.Contacts("ann"), 1)
	require.Equal(t, 200, p.Register("ann", "secret", "*", 0).Status())
	require.Equal(t, 400, p.Register("ann", "secret", "*", 60).Status())
	m = p.Register("ann", "secret", "", 5)
	require.Equal(t, 423, m.Status())
	require.Equal(t, "30", m.Get("Min-Expires"))
	require.Equal(t, 403, p.Register("ann", "wrong", "", 60).Status())
	require.Equal(t, 403, p.Register("nobody", "", "", 60).Status(), "an unknown user looks like a wrong password")
	stop()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"ann+", "bob+", "ann-"}, changes)
}

func TestSomebodyElsesPassword(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a", "bob": "b"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	c := p.NewCall("sip:ann@"+addr, "sip:ann@"+addr)
	c.Request("REGISTER", "", "Expires: 60")
	m := p.Expect("401 REGISTER")
	c.Request("REGISTER", "", "Expires: 60", "Authorization: "+siptest.Digest(m.Get("WWW-Authenticate"), "REGISTER", "sip:"+addr, "bob", "b", "00000001"))
	p.Expect("403 REGISTER")
	require.Empty(t, reg.Registered())
}

func TestCredentialsCannotBeUsedTwice(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	c := p.NewCall("sip:ann@"+addr, "sip:ann@"+addr)
	c.Request("REGISTER", "", "Expires: 60")
	m := p.Expect("401 REGISTER")
	require.NotContains(t, m.Get("WWW-Authenticate"), "stale")
	auth := func(nc string) string {
		return "Authorization: " + siptest.Digest(m.Get("WWW-Authenticate"), "REGISTER", "sip:"+addr, "ann", "a", nc)
	}
	c.Request("REGISTER", "", "Expires: 60", auth("00000001"))
	p.Expect("200 REGISTER")
	c.Request("REGISTER", "", "Expires: 60", auth("00000001")) // heard on the wire
	require.Contains(t, p.Expect("401 REGISTER").Get("WWW-Authenticate"), "stale=true")
	c.Request("REGISTER", "", "Expires: 60", auth("00000002"))
	p.Expect("200 REGISTER")
	c.Request("REGISTER", "", "Expires: 60", strings.Replace(auth("00000003"), `nonce="`, `nonce="A`, 1))
	p.Expect("401 REGISTER")
}

func TestNonceExpires(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{NonceLife: time.Nanosecond}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	m := p.Register("ann", "a", "", 60)
	require.Equal(t, 401, m.Status())
	require.Contains(t, m.Get("WWW-Authenticate"), "stale=true")
}

func TestGuessingIsStopped(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{Guard: sip.GuardConfig{Logins: sip.Rate{PerSecond: 1.0 / 3600, Burst: 3}}}, nil, reg)
	p := siptest.New(t, addr)
	for range 3 {
		p.Register("ann", "guess", "", 60)
	}
	m := p.Register("ann", "a", "", 60) // even the right one
	require.Equal(t, 403, m.Status())
	require.Equal(t, "3600", m.Get("Retry-After"))
	require.Empty(t, reg.Registered())
}

func TestContactsAreBounded(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{MaxContacts: 2, MaxBindings: 3}, passwords{"ann": "a", "bob": "b"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "<sip:1@127.0.0.1>", 60).Status())
	require.Equal(t, 200, p.Register("ann", "a", "<sip:2@127.0.0.1>", 60).Status())
	require.Equal(t, 403, p.Register("ann", "a", "<sip:3@127.0.0.1>", 60).Status())
	require.Equal(t, 200, p.Register("ann", "a", "<sip:2@127.0.0.1>;q=0.3", 60).Status(), "a refresh")
	require.Equal(t, 200, p.Register("bob", "b", "<sip:1@127.0.0.1>", 60).Status())
	require.Equal(t, 503, p.Register("bob", "b", "<sip:2@127.0.0.1>", 60).Status())
	require.Len(t, reg.Registered(), 3)
	require.InDelta(t, 0.3, reg.Contacts("ann")[1].Q, 1e-9)
}

func TestPhoneThatFallsSilentGoesOffline(t *testing.T) {
	sideBySide(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{MinExpires: time.Second}, passwords{"ann": "a"}, nil)
	online := make(chan bool, 4)
	reg.OnChange(func(_ string, on bool) { online <- on })
	_, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "", 1).Status())
	require.True(t, wait(t, online))
	require.False(t, wait(t, online))
	require.Empty(t, reg.Contacts("ann"))
}

func TestRingAPhoneBehindNAT(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "a"}, nil)
	s, addr := host(t, sip.Config{}, nil, reg)
	p := siptest.New(t, addr)
	require.Equal(t, 200, p.Register("ann", "a", "<sip:ann@10.0.0.9:5060;x=1>", 60).Status())
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	call := p.Await()
	require.Contains(t, call.Incoming.Start, "sip:ann@10.0.0.9:5060;x=1", "the registered Contact, unchanged")
	call.Contact = "<sip:ann@10.0.0.9:5060>"
	call.Answer(siptest.SDP)
	got := wait(t, out)
	require.NoError(t, got.err)
	go func() { _ = got.leg.Hangup(context.Background()) }()
	call.HungUp()
}

func TestBothAlgorithms(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{Algorithms: []string{sip.SHA256, sip.MD5}, Realm: "r"}, passwords{"ann": "a"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	c, _ := host(t, sip.Config{}, nil, nil)
	granted, err := c.Register(t.Context(), sip.Registration{Registrar: "sip:" + addr, User: "ann", Auth: sip.Credentials{Password: "a"}, Expires: time.Minute})
	require.NoError(t, err)
	require.Equal(t, time.Minute, granted)
	_, err = c.Register(t.Context(), sip.Registration{Registrar: "sip:" + addr, User: "ann", Auth: sip.Credentials{Password: "b"}})
	var st *sip.StatusError
	require.ErrorAs(t, err, &st)
	require.Equal(t, 403, st.Status())
}

func TestKeepRegistered(t *testing.T) {
	sideBySide(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{MinExpires: 2 * time.Second}, passwords{"ann": "a"}, nil)
	online := make(chan bool, 4)
	reg.OnChange(func(_ string, on bool) { online <- on })
	hotline, addr := host(t, sip.Config{}, nil, reg)
	calls := newCalls(t)
	phone, _ := host(t, sip.Config{}, calls.handle, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outcomes, done := make(chan error, 16), make(chan error, 1)
	go func() {
		done <- phone.KeepRegistered(ctx, sip.Registration{
			Registrar: "sip:" + addr, User: "ann", Auth: sip.Credentials{Password: "a"}, Expires: time.Second, // too brief: 423
		}, func(err error) { outcomes <- err })
	}()
	require.NoError(t, wait(t, outcomes))
	require.True(t, wait(t, online))
	require.NoError(t, wait(t, outcomes), "renewed")
	l, err := hotline.Dial(t.Context(), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
	require.NoError(t, err)
	require.NoError(t, l.Hangup(t.Context()))
	cancel()
	require.NoError(t, wait(t, done))
	require.False(t, wait(t, online))
}
