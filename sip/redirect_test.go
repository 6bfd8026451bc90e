package sip_test

import (
	"context"
	"strings"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func TestRedirectIsARefusalUnlessAllowed(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	for name, r := range map[string]sip.DialRequest{
		"not asked for": {},
		"another host":  {Redirects: 5},
		"by the hook":   {Redirects: 5, AllowRedirect: func(string) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			r.To = "sip:agent@" + p.Addr()
			out := dial(t.Context(), s, r, nil)
			p.Await().Reject(302, "Moved Temporarily", "Contact: <sip:00900123@192.0.2.7>;q=0.2, <sip:b@192.0.2.8?X=y>", "Contact: <tel:+86>")
			var st *sip.StatusError
			require.ErrorAs(t, wait(t, out).err, &st)
			require.Equal(t, 302, st.Code)
			require.Equal(t, []string{"sip:b@192.0.2.8", "sip:00900123@192.0.2.7"}, st.Contacts)
		})
	}
}

func TestRedirectIsFollowed(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p, q := siptest.New(t, addr), siptest.NewAt(t, addr, "127.0.0.2")
	var asked []string
	out := dial(t.Context(), s, sip.DialRequest{
		To: "sip:agent@" + p.Addr(), Redirects: 5,
		AllowRedirect: func(uri string) bool {
			asked = append(asked, uri)
			return !strings.Contains(uri, "expensive")
		},
	}, nil)
	call := p.Await()
	first := call.Incoming
	call.Reject(301, "Moved Permanently",
		"Contact: <sip:expensive@192.0.2.9>;q=1.0", "Contact: <sip:later@"+q.Addr()+">;q=0.3",
		"Contact: <sip:home@"+p.Addr()+"?Evil=1>;q=0.9", "Contact: <sip:agent@"+p.Addr()+">;q=0.8")
	call = p.Await() // the most wanted of those that may be
	require.Contains(t, call.Incoming.Start, "sip:home@"+p.Addr()+" SIP/2.0")
	require.Equal(t, first.Get("Call-ID"), call.Incoming.Get("Call-ID"))
	require.Equal(t, first.Get("From"), call.Incoming.Get("From"))
	require.Equal(t, first.Get("To"), call.Incoming.Get("To"), "the one meant in the beginning")
	require.Equal(t, "2 INVITE", call.Incoming.Get("CSeq"))
	call.Reject(486, "Busy Here")
	call = q.Await() // and then the next, but never again the first
	require.Contains(t, call.Incoming.Start, "sip:later@")
	call.Answer(siptest.SDP)
	got := wait(t, out)
	require.NoError(t, got.err)
	require.Equal(t, q.Addr(), got.leg.RemoteAddr().String())
	require.Len(t, asked, 4)
	call.Bye()
}

func TestRedirectsInACircle(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:0@" + p.Addr(), Redirects: 99}, nil)
	n := 0
	for ; n < 5; n++ {
		p.Await().Reject(302, "Moved Temporarily", "Contact: <sip:0@"+p.Addr()+">, <sip:"+strings.Repeat("1", n+1)+"@"+p.Addr()+">")
	}
	p.Await().Reject(302, "Moved Temporarily", "Contact: <sip:more@"+p.Addr()+">")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, out).err, &st)
	require.Equal(t, 302, st.Code)
	require.Equal(t, 6, p.Count("INVITE"))
}

func TestUseProxy(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p, proxy := siptest.New(t, addr), siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:agent@" + p.Addr(), Redirects: 1}, nil)
	p.Await().Reject(305, "Use Proxy", "Contact: <sip:"+proxy.Addr()+">")
	call := proxy.Await()
	require.Contains(t, call.Incoming.Start, "sip:agent@"+p.Addr())
	require.Equal(t, "<sip:"+proxy.Addr()+";lr>", call.Incoming.Get("Route"))
	call.Answer(siptest.SDP)
	require.NoError(t, wait(t, out).err)
	call.Bye()
}

func TestRedirectedWhenCancelled(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	ctx, cancel := context.WithCancel(t.Context())
	out := dial(ctx, s, sip.DialRequest{To: "sip:agent@" + p.Addr(), Redirects: 1}, nil)
	p.Await().Reject(302, "Moved Temporarily", "Contact: <sip:home@"+p.Addr()+">")
	call := p.Await()
	call.Ring()
	cancel()
	c := p.Expect("CANCEL")
	require.Contains(t, c.Start, "sip:home@")
	require.Contains(t, c.Get("Reason"), "SIP;cause=487")
	call.Respond(c, 200, "OK", "")
	call.Reject(487, "Request Terminated")
	require.ErrorIs(t, wait(t, out).err, context.Canceled)
}

func TestPreloadedRoute(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	proxy := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{
		To: "sip:+8610@carrier.invalid", Route: []string{"sip:" + proxy.Addr(), "sip:second.invalid;lr"}, Offer: []byte(siptest.SDP),
	}, nil)
	call := proxy.Await()
	require.Equal(t, []string{"<sip:" + proxy.Addr() + ";lr>", "<sip:second.invalid;lr>"}, call.Incoming.All("Route"))
	require.Contains(t, call.Incoming.Start, "sip:+8610@carrier.invalid")
	call.Respond(call.Incoming, 503, "Service Unavailable", "")
	ack := proxy.Expect("ACK")
	require.Len(t, ack.All("Route"), 2) // RFC 3261 section 17.1.1.3
	require.Error(t, wait(t, out).err)
}

// Behind a proxy several phones may ring and answer: one is kept, and the others
// are thanked and hung up (RFC 3261 section 13.2.2.4).
func TestForkingProxy(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	rang := make(chan int, 16)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:group@" + p.Addr()}, func(status int, _ []byte) { rang <- status })
	call := p.Await()
	branch := func(tag string) *siptest.Call {
		b := *call
		b.LocalTag, b.Contact = tag, "<sip:"+tag+"@"+p.Addr()+">"
		return &b
	}
	desk, mobile, late := branch("desk"), branch("mobile"), branch("late")
	desk.Ring()
	mobile.Respond(call.Incoming, 183, "Session Progress", "early")
	late.Respond(call.Incoming, 199, "Early Dialog Terminated", "")
	late.Ring()
	for _, want := range []int{180, 183, 180} {
		require.Equal(t, want, wait(t, rang))
	}
	mobile.Respond(call.Incoming, 200, "OK", siptest.SDP)
	desk.Respond(call.Incoming, 200, "OK", siptest.SDP)
	late.Respond(call.Incoming, 200, "OK", siptest.SDP)
	acks, byes := map[string]bool{}, map[string]bool{}
	for len(acks) < 3 || len(byes) < 2 {
		m := p.Next()
		switch tag := siptest.Tag(m.Get("To")); m.Method() {
		case "ACK":
			acks[tag] = true
		case "BYE":
			byes[tag] = true
			require.Contains(t, m.Start, "sip:"+tag+"@")
			require.Contains(t, m.Get("Reason"), "SIP;cause=200")
			call.Respond(m, 200, "OK", "")
		}
	}
	require.Equal(t, map[string]bool{"desk": true, "mobile": true, "late": true}, acks)
	require.Equal(t, map[string]bool{"desk": true, "late": true}, byes)
	got := wait(t, out)
	require.NoError(t, got.err)
	require.NoError(t, got.leg.Context().Err())
	mobile.Respond(call.Incoming, 200, "OK", siptest.SDP)
	require.Equal(t, "mobile", siptest.Tag(p.ExpectAgain("ACK").Get("To")))
	mobile.Request("INFO", "5", "Content-Type: application/dtmf") // the dialog that was kept still stands
	p.Expect("200 INFO")
	mobile.Bye()
	<-got.leg.Context().Done()
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, 1e6)
}

// When nobody waits any more, all that answer are hung up, each with a reason.
func TestForkingProxyWhenGivenUp(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	ctx, cancel := context.WithCancel(t.Context())
	out := dial(ctx, s, sip.DialRequest{To: "sip:group@" + p.Addr()}, nil)
	call := p.Await()
	call.Ring()
	cancel()
	c := p.Expect("CANCEL")
	require.ErrorIs(t, wait(t, out).err, context.Canceled)
	for _, tag := range []string{"one", "two"} { // their answers cross our CANCEL
		b := *call
		b.LocalTag = tag
		b.Respond(call.Incoming, 200, "OK", siptest.SDP)
	}
	for range 2 {
		bye := p.Expect("BYE")
		require.Contains(t, bye.Get("Reason"), "SIP;cause=487")
		call.Respond(bye, 200, "OK", "")
	}
	call.Respond(c, 200, "OK", "")
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, 1e6)
}
