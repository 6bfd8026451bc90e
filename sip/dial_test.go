package sip_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

type dialled struct {
	leg *sip.Leg
	err error
}

// dial rings in the background.
func dial(ctx context.Context, s *sip.Server, r sip.DialRequest, progress func(int, []byte)) <-chan dialled {
	if r.Offer == nil {
		r.Offer = []byte(siptest.SDP)
	}
	out := make(chan dialled, 1)
	go func() {
		l, err := s.Dial(ctx, r, progress)
		out <- dialled{l, err}
	}()
	return out
}

func TestDialIsAnswered(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	var mu sync.Mutex
	var rang []int
	var early string
	out := dial(t.Context(), s, sip.DialRequest{
		To: "sip:agent@" + p.Addr(), From: "138 0000", FromName: `客 "x"`, Headers: map[string]string{"X-Call": "7"},
	}, func(status int, sdp []byte) {
		mu.Lock()
		defer mu.Unlock()
		rang = append(rang, status)
		early += string(sdp)
	})
	call := p.Await()
	require.Equal(t, siptest.SDP, call.Incoming.Body)
	require.Equal(t, "7", call.Incoming.Get("X-Call"))
	require.Contains(t, call.Incoming.Get("From"), `"客 \"x\"" <sip:138%200000@`)
	call.Respond(call.Incoming, 100, "Trying", "")
	call.Ring()
	call.Respond(call.Incoming, 183, "Session Progress", "early")
	ack := call.Answer(siptest.SDP)
	require.Contains(t, ack.Start, "sip:siptest@"+p.Addr(), "to the Contact")
	got := wait(t, out)
	require.NoError(t, got.err)
	require.Equal(t, siptest.SDP, string(got.leg.Offer()))
	require.Equal(t, "agent", got.leg.To().User)
	mu.Lock()
	require.Equal(t, []int{180, 183}, rang)
	require.Equal(t, "early", early)
	mu.Unlock()

	call.Respond(call.Incoming, 200, "OK", siptest.SDP) // it missed our ACK
	p.ExpectAgain("ACK")

	got.leg.OnUpdate(func([]byte) ([]byte, error) { return []byte("held"), nil })
	call.Request("INVITE", "hold")
	require.Equal(t, "held", call.Expect("200 INVITE").Body)
	call.Ack("")
	call.Bye()
	<-got.leg.Context().Done()
	require.ErrorIs(t, context.Cause(got.leg.Context()), sip.ErrBye)
}

func TestDialIsRefused(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:agent@" + p.Addr()}, nil)
	call := p.Await()
	call.Reject(486, "Busy Here", "Retry-After: 5 (lunch)")
	got := wait(t, out)
	var st *sip.StatusError
	require.ErrorAs(t, got.err, &st)
	require.Equal(t, 486, st.Status())
	require.Equal(t, 5*time.Second, st.RetryAfter)

	_, err := s.Dial(t.Context(), sip.DialRequest{To: "agent:nobody", Offer: []byte("x")}, nil)
	require.ErrorAs(t, err, &st)
	for _, to := range []string{"", "agent", "sip:", "mailto:x@y", "sip:a@b>\r\nEvil: 1", "sips:x@127.0.0.1"} {
		_, err := s.Dial(t.Context(), sip.DialRequest{To: to, Offer: []byte("x")}, nil)
		require.Error(t, err, to)
	}
	_, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:a@127.0.0.1", Offer: []byte("x"), Headers: map[string]string{"via": "x"}}, nil)
	require.Error(t, err)
}

func TestDialCancelled(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	ctx, cancel := context.WithCancel(t.Context())
	out := dial(ctx, s, sip.DialRequest{To: "sip:agent@" + p.Addr()}, nil)
	call := p.Await()
	call.Ring()
	time.AfterFunc(50*time.Millisecond, cancel)
	c := p.Expect("CANCEL")
	got := wait(t, out)
	require.ErrorIs(t, got.err, context.Canceled)
	call.Respond(c, 200, "OK", "")
	call.Reject(487, "Request Terminated")
}

func TestDialCancelledBeforeAnyResponse(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	ctx, cancel := context.WithCancel(t.Context())
	out := dial(ctx, s, sip.DialRequest{To: "sip:agent@" + p.Addr()}, nil)
	call := p.Await()
	cancel()
	require.ErrorIs(t, wait(t, out).err, context.Canceled)
	p.Quiet("CANCEL", 60*time.Millisecond) // RFC 3261 section 9.1
	call.Ring()
	c := p.Expect("CANCEL")
	call.Respond(c, 200, "OK", "")
	call.Reject(487, "Request Terminated")
}

func TestAnswerThatCrossesTheCancel(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	ctx, cancel := context.WithCancel(t.Context())
	out := dial(ctx, s, sip.DialRequest{To: "sip:agent@" + p.Addr()}, nil)
	call := p.Await()
	call.Ring()
	cancel()
	require.Error(t, wait(t, out).err)
	c := p.Expect("CANCEL")
	call.Answer(siptest.SDP) // sent before the CANCEL came
	call.HungUp()
	call.Respond(c, 200, "OK", "")
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
}

func TestDialTimeout(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:agent@" + p.Addr(), Timeout: 100 * time.Millisecond}, nil)
	call := p.Await()
	call.Ring()
	c := p.Expect("CANCEL")
	call.Respond(c, 200, "OK", "")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, out).err, &st)
	require.Equal(t, 408, st.Status())
	call.Reject(487, "Request Terminated")
}

func TestDialIntoTheVoid(t *testing.T) {
	sideBySide(t)
	s, addr := host(t, sip.Config{T1: 5 * time.Millisecond}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:agent@" + p.Addr()}, nil)
	p.Expect("INVITE")
	p.ExpectAgain("INVITE")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, out).err, &st)
	require.Equal(t, 408, st.Status())
	require.Eventually(t, func() bool { return s.Stats().ClientTransactions == 0 }, siptest.Patience, time.Millisecond)
}

func TestDialWithCredentials(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	uri := "sip:agent@" + p.Addr()
	out := dial(t.Context(), s, sip.DialRequest{To: uri, Auth: &sip.Credentials{User: "bot", Password: "pass"}}, nil)
	challenge := `Digest realm="trunk", nonce="abc", algorithm=MD5, qop="auth"`
	call := p.Await()
	call.Reject(407, "Proxy Authentication Required", `Proxy-Authenticate: Digest realm="x", nonce="y", algorithm=SHA-512-256`, "Proxy-Authenticate: "+challenge)
	call = p.Await()
	auth := call.Incoming.Get("Proxy-Authorization")
	require.Contains(t, auth, `username="bot"`)
	require.Contains(t, auth, `qop=auth, nc=00000001`)
	require.Equal(t, "2 INVITE", call.Incoming.Get("CSeq"))
	ack := call.Answer(siptest.SDP)
	require.Equal(t, auth, ack.Get("Proxy-Authorization"))
	got := wait(t, out)
	require.NoError(t, got.err)
	call.Bye()
}

func TestAllPhonesOfAnAgentRing(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, udp, tcp := hostBoth(t, sip.Config{}, nil, reg)
	desk, mobile, tablet := siptest.New(t, udp), siptest.NewTCP(t, tcp), siptest.New(t, udp)
	for _, p := range []*siptest.Phone{desk, mobile, tablet} {
		require.Equal(t, 200, p.Register("ann", "secret", "", 300).Status())
	}
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	a, b, c := desk.Await(), mobile.Await(), tablet.Await()
	a.Ring()
	b.Ring()
	c.Reject(486, "Busy Here")
	b.Answer(siptest.SDP)
	cancel := desk.Expect("CANCEL")
	require.Contains(t, cancel.Get("Reason"), "elsewhere")
	a.Respond(cancel, 200, "OK", "")
	a.Answer(siptest.SDP) // its answer crosses our CANCEL
	a.HungUp()
	got := wait(t, out)
	require.NoError(t, got.err)
	require.Equal(t, mobile.Addr(), got.leg.RemoteAddr().String())
	b.Bye()

	out = dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	a, b, c = desk.Await(), mobile.Await(), tablet.Await()
	a.Reject(480, "Away")
	b.Reject(486, "Busy Here")
	c.Reject(500, "Broken")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, out).err, &st)
	require.Equal(t, 486, st.Status(), "the refusal that says most")
}

func TestConnectionLostWhileRinging(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, _, tcp := hostBoth(t, sip.Config{}, nil, reg)
	p := siptest.NewTCP(t, tcp)
	require.Equal(t, 200, p.Register("ann", "secret", "<sip:ann@x.invalid;transport=tcp>", 300).Status())
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
	p.Expect("INVITE")
	p.Close()
	require.Error(t, wait(t, out).err)
	require.Eventually(t, func() bool { return len(reg.Contacts("ann")) == 0 }, siptest.Patience, time.Millisecond)
}

func TestDialWhenNotRunning(t *testing.T) {
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(t, err)
	_, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:x@127.0.0.1", Offer: []byte("x")}, nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled)
}

func TestTwoServersTalk(t *testing.T) {
	for _, transport := range []string{"", ";transport=tcp"} {
		c := newCalls(t)
		_, udp, tcp := hostBoth(t, sip.Config{}, c.handle, nil)
		s, _ := host(t, sip.Config{}, nil, nil)
		addr := udp
		if transport != "" {
			addr = tcp
		}
		l, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:8000@" + addr + transport, From: "100", Offer: []byte(siptest.SDP)}, nil)
		require.NoError(t, err)
		far := wait(t, c.legs)
		require.NoError(t, far.Hangup(t.Context()))
		<-l.Context().Done()
		require.ErrorIs(t, context.Cause(l.Context()), sip.ErrBye)
	}
}

// A browser and a desk phone of one agent ring with an offer that each understands.
func TestBrowserAndDeskPhoneRing(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, addr := host(t, sip.Config{}, nil, reg)
	desk, browser := siptest.New(t, addr), siptest.NewWS(t, mount(t, s), nil)
	for _, p := range []*siptest.Phone{desk, browser} {
		require.Equal(t, 200, p.Register("ann", "secret", "", 300).Status())
	}
	rang := make(chan int, 4)
	out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann", BrowserOffer: []byte("for a browser")}, func(status int, _ []byte) { rang <- status })
	a, b := desk.Await(), browser.Await()
	require.Equal(t, siptest.SDP, a.Incoming.Body)
	require.Equal(t, "for a browser", b.Incoming.Body)
	a.Ring()
	wait(t, rang)
	b.Answer(siptest.SDP)
	c := desk.Expect("CANCEL")
	require.Contains(t, c.Get("Reason"), "SIP;cause=200")
	a.Respond(c, 200, "OK", "")
	a.Reject(487, "Request Terminated")
	got := wait(t, out)
	require.NoError(t, got.err)
	require.Equal(t, "ws", got.leg.Network())
	b.Bye()

	out = dial(t.Context(), s, sip.DialRequest{To: "agent:ann", Offer: []byte{}, BrowserOffer: []byte("for a browser")}, nil)
	b = browser.Await() // the desk phone would not understand it
	b.Reject(486, "Busy Here")
	require.Error(t, wait(t, out).err)
	require.Equal(t, 1, desk.Count("INVITE"))
}

// One phone answers while another says that nobody of the house does: whoever
// answered first has the call, and none is left behind.
func TestAnswerThatCrossesA600(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	s, addr := host(t, sip.Config{}, nil, reg)
	p, q := siptest.New(t, addr), siptest.New(t, addr)
	for _, phone := range []*siptest.Phone{p, q} {
		require.Equal(t, 200, phone.Register("ann", "secret", "", 300).Status())
	}
	for range 10 {
		out := dial(t.Context(), s, sip.DialRequest{To: "agent:ann"}, nil)
		a, b := p.Await(), q.Await()
		go b.Respond(b.Incoming, 603, "Decline", "")
		a.Respond(a.Incoming, 200, "OK", siptest.SDP)
		p.Expect("ACK")
		if got := wait(t, out); got.err == nil {
			a.Bye()
		} else {
			a.HungUp()
		}
		q.Expect("ACK")
	}
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
}
