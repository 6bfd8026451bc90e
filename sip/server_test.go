package sip_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

const testT1 = 50 * time.Millisecond

// host runs a server, and checks that nothing of it is left after the test.
func host(t *testing.T, cfg sip.Config, h sip.Handler, reg *sip.Registrar) (*sip.Server, string) {
	t.Helper()
	s, udp, _ := hostBoth(t, cfg, h, reg)
	return s, udp
}

func hostBoth(t *testing.T, cfg sip.Config, h sip.Handler, reg *sip.Registrar) (s *sip.Server, udp, tcp string) {
	t.Helper()
	leakFree(t)
	if cfg.Listen == nil {
		cfg.Listen = []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}
	}
	if cfg.T1 == 0 {
		cfg.T1 = testT1
	}
	s, err := sip.New(cfg, h, reg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
			require.Zero(t, s.Stats().Legs)
		case <-time.After(30 * time.Second):
			t.Fatal("the server does not end")
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		t.Fatal(err)
	}
	addrs := s.Addrs()
	return s, addrs[0].String(), addrs[len(addrs)-1].String()
}

// calls is a handler that answers, and hands each leg and the cause of its end out.
type calls struct {
	t     *testing.T
	sdp   string
	setUp func(*sip.Leg)
	legs  chan *sip.Leg
	ends  chan error
}

func newCalls(t *testing.T) *calls {
	t.Helper()
	return &calls{t: t, sdp: siptest.SDP, legs: make(chan *sip.Leg, 64), ends: make(chan error, 64)}
}

func (c *calls) handle(ctx context.Context, l *sip.Leg) {
	if c.setUp != nil {
		c.setUp(l)
	}
	if err := l.Answer(ctx, []byte(c.sdp)); err != nil {
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

func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(siptest.Patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestCallOverEachTransport(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			c := newCalls(t)
			_, udp, tcp := hostBoth(t, sip.Config{}, c.handle, nil)
			var p *siptest.Phone
			if network == "tcp" {
				p = siptest.NewTCP(t, tcp)
			} else {
				p = siptest.New(t, udp)
			}
			call := p.Invite("8000", siptest.SDP, `X-Customer: 42`)
			ok := call.Answered()
			require.Equal(t, siptest.SDP, ok.Body)
			require.Contains(t, ok.Get("Contact"), "8000@127.0.0.1:")
			l := wait(t, c.legs)
			require.Equal(t, "8000", l.Called())
			require.Equal(t, "caller", l.From().User)
			require.Equal(t, siptest.SDP, string(l.Offer()))
			require.Equal(t, "42", l.Header("x-customer"))
			require.Equal(t, call.CallID, l.ID())
			require.Equal(t, p.Addr(), l.RemoteAddr().String())
			require.Equal(t, "127.0.0.1", l.LocalIP().String())
			call.Bye(`Reason: Q.850;cause=16`)
			end := wait(t, c.ends)
			require.ErrorIs(t, end, sip.ErrBye)
			var why *sip.EndError
			require.ErrorAs(t, end, &why)
			require.Equal(t, "Q.850;cause=16", why.Reason)
		})
	}
}

func TestOurHangupSaysWhy(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	l := wait(t, c.legs)
	l.SetReason("Q.850", 31, "said \"good bye\"\r\nEvil: x")
	done := make(chan error, 1)
	go func() { done <- l.Hangup(t.Context()) }()
	bye := call.HungUp()
	require.Contains(t, bye.Get("Reason"), "Q.850;cause=31;")
	require.Empty(t, bye.Get("Evil"))
	require.NoError(t, wait(t, done))
	require.ErrorIs(t, wait(t, c.ends), sip.ErrHungUp)
	require.NoError(t, l.Hangup(t.Context()), "harmless when it has ended")
}

func TestCancelWhileItRings(t *testing.T) {
	ends := make(chan error, 1)
	_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		if err := l.Ring(ctx); err != nil {
			t.Error(err)
		}
		<-l.Context().Done()
		ends <- l.Answer(ctx, []byte(siptest.SDP))
	}, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Expect("180")
	call.Cancel(`Reason: SIP;cause=200;text="Call completed elsewhere"`)
	p.Expect("200 CANCEL")
	p.Expect("487 INVITE")
	call.AckRefusal()
	end := wait(t, ends)
	require.ErrorIs(t, end, sip.ErrCancelled)
	require.ErrorContains(t, end, "elsewhere")
}

func TestCancelAfterTheAnswerChangesNothing(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Expect("200 INVITE")
	call.Cancel()
	p.Expect("200 CANCEL")
	call.Ack("")
	wait(t, c.legs)
	call.Bye()
	require.ErrorIs(t, wait(t, c.ends), sip.ErrBye)
}

func TestAnswerIsRepeatedUntilTheAck(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} { // RFC 3261 section 13.3.1.4: over any transport
		t.Run(network, func(t *testing.T) {
			c := newCalls(t)
			_, udp, tcp := hostBoth(t, sip.Config{}, c.handle, nil)
			p := siptest.New(t, udp)
			if network == "tcp" {
				p = siptest.NewTCP(t, tcp)
			}
			call := p.Invite("8000", siptest.SDP)
			call.Expect("200 INVITE")
			p.ExpectAgain("200 INVITE")
			p.ExpectAgain("200 INVITE")
			select {
			case <-c.legs:
				t.Fatal("answered without an ACK")
			default:
			}
			call.Ack("")
			wait(t, c.legs)
			call.Ack("") // again, because a 2xx crossed it
			call.Bye()
		})
	}
}

func TestMissingAckEndsTheCall(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{T1: 5 * time.Millisecond}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Expect("200 INVITE")
	bye := call.HungUp()
	require.Contains(t, bye.Get("Reason"), "408")
	require.ErrorIs(t, wait(t, c.ends), sip.ErrTransport)
}

func TestRepeatedInviteIsOneCall(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	p.Impair(func(out bool, _ *siptest.Message) int {
		if out {
			return 3
		}
		return 1
	})
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	wait(t, c.legs)
	require.Equal(t, 1, s.Stats().Legs)
	call.Bye()
	wait(t, c.ends)
	require.Empty(t, c.legs)
}

func TestLossyLine(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{T1: 20 * time.Millisecond}, c.handle, nil)
	for i := range 5 {
		p := siptest.New(t, addr)
		lost := map[string]bool{}
		var mu sync.Mutex
		p.Impair(func(_ bool, m *siptest.Message) int { // the first of each is lost
			mu.Lock()
			defer mu.Unlock()
			if key := m.Start + m.Get("CSeq"); !lost[key] {
				lost[key] = true
				return 0
			}
			return 2
		})
		call := p.NewCall("sip:8000@"+addr, "sip:caller@"+p.Addr())
		raw := call.Request("INVITE", siptest.SDP)
		p.Send(raw)
		call.Expect("200 INVITE")
		call.Ack("")
		call.Ack("")
		wait(t, c.legs)
		raw = call.Request("BYE", "")
		p.Send(raw)
		p.Send(raw)
		p.Expect("200 BYE")
		require.ErrorIs(t, wait(t, c.ends), sip.ErrBye, "call %d", i)
	}
}

func TestRefusal(t *testing.T) {
	_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		if l.Called() == "busy" {
			if err := l.Reject(ctx, 486, ""); err != nil {
				t.Error(err)
			}
		}
	}, nil)
	p := siptest.New(t, addr)
	call := p.Invite("busy", siptest.SDP)
	p.Expect("486")
	p.ExpectAgain("486") // until the ACK
	call.AckRefusal()
	call = p.Invite("nobody", siptest.SDP) // the handler just returns
	p.Expect("480")
	call.AckRefusal()
}

func TestDelayedOffer(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", "")
	ok := call.Expect("200 INVITE")
	require.Equal(t, siptest.SDP, ok.Body, "our offer")
	call.Ack("v=0\r\ns=answer\r\n")
	l := wait(t, c.legs)
	require.Equal(t, "v=0\r\ns=answer\r\n", string(l.Offer()))
	call.Bye()
}

func TestUpdatesOfTheSession(t *testing.T) {
	var mu sync.Mutex
	var offers []string
	var keys []byte
	c := newCalls(t)
	c.setUp = func(l *sip.Leg) {
		l.OnUpdate(func(offer []byte) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			offers = append(offers, string(offer))
			switch {
			case strings.Contains(string(offer), "refuse"):
				return nil, errors.New("no such codec")
			case strings.Contains(string(offer), "panic"):
				panic("in a callback")
			}
			return []byte("answer to " + string(offer)), nil
		})
		l.OnKey(func(k byte) {
			mu.Lock()
			defer mu.Unlock()
			keys = append(keys, k)
		})
	}
	s, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	l := wait(t, c.legs)

	call.Request("INVITE", "hold")
	ok := call.Expect("200 INVITE")
	require.Equal(t, "answer to hold", ok.Body)
	p.ExpectAgain("200 INVITE")
	call.Ack("")
	require.Equal(t, "hold", string(l.Offer()))

	call.Request("UPDATE", "resume")
	require.Equal(t, "answer to resume", p.Expect("200 UPDATE").Body)
	call.Request("UPDATE", "") // a session refresh (RFC 4028)
	p.Expect("200 UPDATE")

	call.Request("INVITE", "") // delayed offer inside the dialog
	require.Equal(t, "answer to ", call.Expect("200 INVITE").Body)
	call.Ack("their answer")

	call.Request("INVITE", "refuse")
	p.Expect("488")
	call.AckRefusal()
	call.Request("INVITE", "panic")
	p.Expect("500")
	call.AckRefusal()
	require.EqualValues(t, 1, s.Stats().Panics)

	for _, k := range "123*" {
		call.Request("INFO", "Signal="+string(k)+"\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay")
		p.Expect("200 INFO")
	}
	call.Request("INFO", "11", "Content-Type: application/dtmf")
	p.Expect("200 INFO")
	call.Request("INFO", "<x/>", "Content-Type: application/media_control+xml")
	p.Expect("415 INFO")
	call.Request("OPTIONS", "")
	require.Contains(t, p.Expect("200 OPTIONS").Get("Allow"), "UPDATE")
	call.Bye()
	wait(t, c.ends)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return string(keys) == "123*#"
	}, siptest.Patience, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"hold", "resume", "", "their answer", "refuse", "panic"}, offers)
}

func TestRequestsThatBelongToNothing(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	ask := func(want, method, body string, inside bool, headers ...string) *siptest.Message {
		t.Helper()
		call := p.NewCall("sip:x@"+addr, "sip:y@"+p.Addr())
		if inside {
			call.RemoteTag = "unknown"
		}
		call.Request(method, body, headers...)
		m := p.Expect(want)
		if method == "INVITE" {
			call.AckRefusal()
		}
		return m
	}
	ask("481 BYE", "BYE", "", true)
	ask("481 BYE", "BYE", "", false)
	ask("481 INVITE", "INVITE", siptest.SDP, true)
	ask("481 CANCEL", "CANCEL", "", false)
	ask("481 INFO", "INFO", "", true)
	ask("200 OPTIONS", "OPTIONS", "", false)
	ask("405 MESSAGE", "MESSAGE", "", false)
	ask("501 FLY", "FLY", "", false)
	ask("405 REGISTER", "REGISTER", "", false) // no registrar here
	require.Equal(t, "precondition", ask("420 INVITE", "INVITE", siptest.SDP, false, "Require: precondition").Get("Unsupported"))
	require.Equal(t, "application/sdp", ask("415 INVITE", "INVITE", "x", false, "Content-Type: text/plain").Get("Accept"))
	require.Empty(t, c.legs)
}

func TestMergedRequest(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.NewCall("sip:8000@"+addr, "sip:caller@"+p.Addr())
	raw := call.Request("INVITE", siptest.SDP)
	call.Expect("200 INVITE")
	p.Send(strings.Replace(raw, call.Branch, "z9hG4bKanotherway", 1)) // RFC 3261 section 8.2.2.2
	p.Expect("482")
	call.Ack("")
	call.Bye()
}

func TestPanicEndsOneCallOnly(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		switch l.Called() {
		case "early":
			panic("before the answer")
		case "late":
			_ = l.Answer(ctx, []byte(siptest.SDP))
			panic("after the answer")
		}
		c.handle(ctx, l)
	}, nil)
	p := siptest.New(t, addr)
	call := p.Invite("early", siptest.SDP)
	p.Expect("500")
	call.AckRefusal()
	call = p.Invite("late", siptest.SDP)
	call.Answered()
	require.Contains(t, call.HungUp().Get("Reason"), "cause=41")
	call = p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Bye()
	require.EqualValues(t, 2, s.Stats().Panics)
}

func TestAdmission(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{MaxLegs: 1, RetryAfter: 7 * time.Second}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	wait(t, c.legs)
	second := p.Invite("8000", siptest.SDP)
	require.Equal(t, "7", p.Expect("503 INVITE").Get("Retry-After"))
	second.AckRefusal()
	call.Bye()
	wait(t, c.ends)

	s.SetDraining(true)
	third := p.Invite("8000", siptest.SDP)
	p.Expect("503 INVITE")
	third.AckRefusal()
	p.NewCall("sip:x@"+addr, "sip:y@"+p.Addr()).Request("OPTIONS", "")
	p.Expect("503 OPTIONS")
	s.SetDraining(false)
	call = p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Bye()
}

func TestByesThatCross(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	l := wait(t, c.legs)
	done := make(chan error, 1)
	go func() { done <- l.Hangup(t.Context()) }()
	ours := p.Expect("BYE")
	call.Bye()
	call.Respond(ours, 200, "OK", "")
	require.NoError(t, wait(t, done))
}

func TestShutdownHangsUp(t *testing.T) {
	leakFree(t)
	c := newCalls(t)
	s, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}, T1: testT1}, c.handle, nil, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	p := siptest.New(t, s.Addrs()[0].String())
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	wait(t, c.legs)
	vanished := siptest.New(t, s.Addrs()[0].String())
	vanished.Invite("8000", siptest.SDP).Answered()
	wait(t, c.legs)
	vanished.Close()
	cancel()
	call.HungUp()
	require.NoError(t, wait(t, done))
}

func TestByeBehindAProxy(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	route := "<sip:" + p.Addr() + ";lr>"
	call := p.NewCall("sip:8000@"+addr, "sip:caller@far.example")
	call.Request("INVITE", siptest.SDP, "Record-Route: "+route, "Record-Route: <sip:192.0.2.9;lr>")
	ok := call.Expect("200 INVITE")
	require.Equal(t, []string{route, "<sip:192.0.2.9;lr>"}, ok.All("Record-Route"))
	call.Ack("")
	l := wait(t, c.legs)
	go func() { _ = l.Hangup(context.Background()) }()
	bye := call.HungUp()
	require.Equal(t, []string{route, "<sip:192.0.2.9;lr>"}, bye.All("Route"))
}

func TestPhoneBehindNAT(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{PublicAddr: "203.0.113.7", LocalNetworks: []netip.Prefix{}}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.NewCall("sip:8000@"+addr, "sip:caller@10.0.0.9")
	call.Request("INVITE", siptest.SDP)
	ok := call.Expect("200 INVITE")
	require.Contains(t, ok.Get("Contact"), "203.0.113.7")
	call.Ack("")
	l := wait(t, c.legs)
	require.Equal(t, netip.MustParseAddr("203.0.113.7"), l.LocalIP())
	call.Bye()

	call = p.NewCall("sip:8000@"+addr, "sip:caller@10.0.0.9")
	call.Contact = "<sip:caller@10.0.0.9:5060>" // cannot be reached from here
	call.Request("INVITE", siptest.SDP)
	call.Answered()
	l = wait(t, c.legs)
	go func() { _ = l.Hangup(context.Background()) }()
	bye := call.HungUp()
	require.Contains(t, bye.Start, "sip:caller@10.0.0.9:5060")
}

func TestTransfer(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	for _, frag := range []string{"SIP/2.0 200 OK", "SIP/2.0 486 Busy Here", ""} {
		call := p.Invite("8000", siptest.SDP)
		call.Answered()
		l := wait(t, c.legs)
		done := make(chan error, 1)
		go func() { done <- l.Transfer(context.Background(), "sip:human@192.0.2.1") }()
		refer := p.Expect("REFER")
		require.Equal(t, "<sip:human@192.0.2.1>", refer.Get("Refer-To"))
		if frag == "" {
			call.Respond(refer, 603, "Decline", "")
			var st *sip.StatusError
			require.ErrorAs(t, wait(t, done), &st)
			require.Equal(t, 603, st.Status())
			call.Bye()
			continue
		}
		call.Respond(refer, 202, "Accepted", "")
		for _, f := range []string{"SIP/2.0 100 Trying", frag} {
			call.Request("NOTIFY", f, "Event: refer", "Content-Type: message/sipfrag")
			p.Expect("200 NOTIFY")
		}
		err := wait(t, done)
		if strings.Contains(frag, "200") {
			require.NoError(t, err)
		} else {
			var st *sip.StatusError
			require.ErrorAs(t, err, &st)
			require.Equal(t, 486, st.Status())
		}
		call.Bye()
	}
}

func TestSlowAndGreedyConnections(t *testing.T) {
	c := newCalls(t)
	_, _, tcp := hostBoth(t, sip.Config{MessageTimeout: 100 * time.Millisecond, MaxMessage: 4096, MaxConnections: 3}, c.handle, nil)
	silent := siptest.NewTCP(t, tcp)
	slow := siptest.NewTCP(t, tcp)
	slow.Send("INVITE sip:8000@example.com SIP/2.0\r\nVia: ")
	greedy := siptest.NewTCP(t, tcp)
	greedy.Send("OPTIONS sip:x@y SIP/2.0\r\nSubject: " + strings.Repeat("x", 8192))
	wait(t, greedy.Done())
	wait(t, slow.Done())
	wait(t, silent.Done())
	p := siptest.NewTCP(t, tcp)
	p.Send("\r\n\r\n") // RFC 5626 section 3.5.1
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Bye()
}

func TestSecondUpdateWaitsItsTurn(t *testing.T) {
	release := make(chan struct{})
	c := newCalls(t)
	c.setUp = func(l *sip.Leg) {
		l.OnUpdate(func(offer []byte) ([]byte, error) {
			<-release
			return offer, nil
		})
	}
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("UPDATE", "one")
	call.Request("UPDATE", "two")
	require.NotEmpty(t, p.Expect("500 UPDATE").Get("Retry-After"))
	close(release)
	require.Equal(t, "one", p.Expect("200 UPDATE").Body)
	call.Request("UPDATE", "three")
	require.Equal(t, "three", p.Expect("200 UPDATE").Body)
	call.Bye()
}

func TestBadMessageSparesTheConnection(t *testing.T) {
	c := newCalls(t)
	_, _, tcp := hostBoth(t, sip.Config{}, c.handle, nil)
	p := siptest.NewTCP(t, tcp)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	const bad = "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n"
	for range 3 {
		p.Send(bad)
	}
	p.Expect("400")
	call.Bye()
	for range 20 { // this is no phone
		p.Send(bad)
	}
	wait(t, p.Done())
}

func TestFloodOfRequests(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{MaxTransactions: 10}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	for range 50 {
		p.NewCall("sip:x@"+addr, "sip:y@"+p.Addr()).Request("OPTIONS", "")
		p.Expect("200 OPTIONS")
	}
	require.LessOrEqual(t, s.Stats().ServerTransactions, 10)
	p.Invite("8000", siptest.SDP)
	p.Expect("503 INVITE")
	call.Bye() // the call in progress is not harmed
}
