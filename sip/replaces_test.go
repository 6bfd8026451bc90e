package sip_test

import (
	"context"
	"net/url"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// dialogOf names a phone's call as we see it: our tag first.
func dialogOf(c *siptest.Call) string {
	return c.CallID + ";to-tag=" + c.RemoteTag + ";from-tag=" + c.LocalTag
}

// takers is a handler that lets calls take over from others.
func takers(t *testing.T, c *calls) sip.Handler {
	t.Helper()
	return func(ctx context.Context, l *sip.Leg) {
		if l.Replaces() == nil {
			c.handle(ctx, l)
			return
		}
		if err := l.TakeOver(ctx, []byte(c.sdp)); err != nil {
			c.ends <- err
			return
		}
		c.legs <- l
		select {
		case <-l.Context().Done():
			c.ends <- context.Cause(l.Context())
		case <-ctx.Done():
		}
	}
}

func TestCallReplacesAnother(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, takers(t, c), nil)
	first, second := siptest.New(t, addr), siptest.New(t, addr)
	one := first.Invite("8000", siptest.SDP)
	one.Answered()
	old := wait(t, c.legs)
	two := second.Invite("8000", siptest.SDP, "Replaces: "+dialogOf(one), "Require: replaces")
	two.Answered()
	l := wait(t, c.legs)
	require.Same(t, old, l.Replaces())
	bye := one.HungUp()
	require.Contains(t, bye.Get("Reason"), "Replaced")
	require.ErrorIs(t, wait(t, c.ends), sip.ErrReplaced)
	require.NoError(t, l.Context().Err())

	third := siptest.New(t, addr)
	third.Invite("8000", siptest.SDP, "Replaces: "+dialogOf(one))
	third.Expect("481 INVITE")
	two.Bye()
}

func TestReplacesByTheBook(t *testing.T) {
	c := newCalls(t)
	ringing := make(chan struct{}, 1)
	answer := takers(t, c)
	_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		if l.Called() == "ring" {
			if err := l.Ring(ctx); err != nil {
				t.Error(err)
			}
			ringing <- struct{}{}
			<-l.Context().Done()
			return
		}
		answer(ctx, l)
	}, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	early := p.Invite("ring", siptest.SDP)
	early.Expect("180")
	wait(t, ringing)
	for _, tt := range []struct {
		status  string
		headers []string
	}{
		{"481", []string{"Replaces: nobody@x;to-tag=1;from-tag=2"}},
		{"481", []string{"Replaces: " + call.CallID + ";to-tag=" + call.RemoteTag + ";from-tag=other"}},
		{"481", []string{"Replaces: " + call.CallID + ";to-tag=" + call.LocalTag + ";from-tag=" + call.RemoteTag}}, // the wrong way round
		{"486", []string{"Replaces: " + dialogOf(call) + ";early-only"}},
		{"481", []string{"Replaces: " + dialogOf(early)}}, // it rings with us, we did not ring it
		{"400", []string{"Replaces: " + dialogOf(call), "Replaces: " + dialogOf(call)}},
		{"400", []string{"Replaces: " + dialogOf(call), "Join: " + dialogOf(call)}},
		{"400", []string{"Replaces: " + call.CallID}},
		{"400", []string{"Replaces: " + dialogOf(call) + ";to-tag=2"}},
	} {
		p.Invite("8000", siptest.SDP, tt.headers...)
		p.Expect(tt.status + " INVITE")
	}
	early.Cancel()
	p.Expect("487 INVITE")
	call.Bye()
}

// Whoever knows the tags does not get the call: it must be the same far end, or a
// phone that has logged in.
func TestStrangersReplaceNothing(t *testing.T) {
	c := newCalls(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	_, addr := host(t, sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, takers(t, c), reg)
	first := siptest.New(t, addr)
	one := first.Invite("8000", siptest.SDP)
	one.Answered()
	wait(t, c.legs)

	stranger := siptest.NewAt(t, addr, "127.0.0.2")
	invite := func(user string) *siptest.Call {
		call := stranger.NewCall("sip:8000@"+addr, "sip:"+user+"@"+stranger.Addr())
		call.Request("INVITE", siptest.SDP, "Replaces: "+dialogOf(one))
		return call
	}
	invite("ann")
	stranger.Expect("403 INVITE")
	require.Equal(t, 200, stranger.Register("ann", "secret", "", 300).Status())
	invite("bob")
	stranger.Expect("403 INVITE")
	call := invite("ann")
	call.Answered()
	one.HungUp()
	call.Bye()
}

func TestTwoTakeOverFromOne(t *testing.T) {
	c := newCalls(t)
	gate := make(chan struct{})
	answer := takers(t, c)
	_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		if l.Replaces() != nil {
			<-gate
		}
		answer(ctx, l)
	}, nil)
	p := siptest.New(t, addr)
	one := p.Invite("8000", siptest.SDP)
	one.Answered()
	wait(t, c.legs)
	a, b := siptest.New(t, addr), siptest.New(t, addr)
	rivals := map[*siptest.Phone]*siptest.Call{a: a.Invite("8000", siptest.SDP, "Replaces: "+dialogOf(one)), b: b.Invite("8000", siptest.SDP, "Replaces: "+dialogOf(one))}
	a.Expect("100")
	b.Expect("100")
	close(gate)
	for q, call := range rivals {
		if m := q.ExpectFinal("INVITE"); m.Status() == 200 {
			call.RemoteTag, call.Target = siptest.Tag(m.Get("To")), siptest.URI(m.Get("Contact"))
			call.Ack("")
		}
	}
	one.HungUp()
	wait(t, c.legs)
	ends := []error{wait(t, c.ends), wait(t, c.ends)}
	require.True(t, (ends[0] != nil && ends[1] != nil), ends)
	require.Equal(t, 1, a.Count("200 INVITE")+b.Count("200 INVITE"))
	require.Equal(t, 1, a.Count("603 INVITE")+b.Count("603 INVITE"))
}

// An agent's phone that holds a caller and a colleague joins them by REFER with
// Replaces: both dialogs are ours, so nobody is called.
func TestAttendedTransferOfTwoCallsOfOurs(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	one := p.Invite("8000", siptest.SDP)
	one.Answered()
	wait(t, c.legs)
	two := p.Invite("8001", siptest.SDP)
	two.Answered()
	second := wait(t, c.legs)
	one.Request("REFER", "", "Refer-To: <sip:8001@"+addr+"?Replaces="+url.QueryEscape(dialogOf(two))+"&Require=replaces>")
	r := wait(t, asked)
	require.Equal(t, dialogOf(two), r.Replaces)
	require.Same(t, second, r.Leg())
	require.NoError(t, r.Accept())
	report(t, one, p, "100", "active")
	require.NoError(t, r.Done(200))
	report(t, one, p, "200", "terminated")
	one.Bye()
	two.Bye()
}

func TestDialReplaces(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:bob@" + p.Addr(), Replaces: "abc@x;from-tag=2;to-tag=1;x=y"}, nil)
	call := p.Await()
	require.Equal(t, "abc@x;to-tag=1;from-tag=2", call.Incoming.Get("Replaces"))
	require.Equal(t, "replaces", call.Incoming.Get("Require"))
	call.Reject(420, "Bad Extension", "Unsupported: replaces")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, out).err, &st)
	for _, bad := range []string{"abc", "abc;to-tag=1", "a b;to-tag=1;from-tag=2", "a;to-tag=1\r\nX: y;from-tag=2"} {
		_, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:bob@" + p.Addr(), Offer: []byte("x"), Replaces: bad}, nil)
		require.Error(t, err, bad)
		require.NotErrorAs(t, err, &st)
	}
}

// Our server refers to our server: what one side writes the other understands.
func TestAttendedTransferBetweenServers(t *testing.T) {
	c := newCalls(t)
	_, far := host(t, sip.Config{}, takers(t, c), nil) // stands for the agent's PBX
	b, asked := referrals(t)
	mid, near := host(t, sip.Config{}, b.handle, nil) // stands for the customer's
	s, _ := host(t, sip.Config{}, nil, nil)
	offer := []byte(siptest.SDP)
	customer, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:c@" + near, Offer: offer}, nil)
	require.NoError(t, err)
	agent, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:a@" + far, Offer: offer}, nil)
	require.NoError(t, err)
	wait(t, c.legs)

	done := make(chan error, 1)
	go func() { done <- customer.TransferTo(context.Background(), agent) }()
	r := wait(t, asked)
	require.NotEmpty(t, r.Replaces)
	require.NoError(t, r.Accept())
	joined := make(chan dialled, 1)
	go func() { // the customer's side carries it out
		l, err := mid.Dial(context.Background(), sip.DialRequest{To: r.To, Offer: offer, Replaces: r.Replaces}, nil)
		joined <- dialled{l, err}
	}()
	direct := wait(t, joined)
	require.NoError(t, direct.err)
	require.NoError(t, r.Done(200))
	require.NoError(t, wait(t, done))
	<-agent.Context().Done()
	require.ErrorIs(t, context.Cause(agent.Context()), sip.ErrBye)
	require.ErrorIs(t, wait(t, c.ends), sip.ErrReplaced)
	require.NoError(t, customer.Hangup(t.Context()))
	require.NoError(t, direct.leg.Hangup(t.Context()))
	wait(t, c.ends)
	wait(t, b.ends)
}
