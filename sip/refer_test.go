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

// referrals makes a handler whose legs hand out the transfers asked of them.
func referrals(t *testing.T) (*calls, chan sip.Referral) {
	t.Helper()
	c, asked := newCalls(t), make(chan sip.Referral, 8)
	c.setUp = func(l *sip.Leg) { l.OnRefer(func(r sip.Referral) { asked <- r }) }
	return c, asked
}

// report waits for a NOTIFY of a transfer and answers it.
func report(t *testing.T, call *siptest.Call, p *siptest.Phone, status, state string) *siptest.Message {
	t.Helper()
	n := p.Expect("NOTIFY")
	require.True(t, strings.HasPrefix(n.Body, "SIP/2.0 "+status), n.Body)
	require.Contains(t, n.Get("Subscription-State"), state)
	require.Equal(t, "message/sipfrag;version=2.0", n.Get("Content-Type"))
	require.NotEmpty(t, n.Get("Contact"))
	call.Respond(n, 200, "OK", "")
	return n
}

func TestPhoneTransfers(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	wait(t, c.legs)

	call.Request("REFER", "", `Refer-To: "Ann" <sip:ann@example.com;method=INVITE?Subject=x>`, "Referred-By: <sip:caller@example.com>;cid=1")
	r := wait(t, asked)
	require.Equal(t, "sip:ann@example.com", r.To)
	require.Equal(t, "sip:caller@example.com", r.ReferredBy)
	require.Empty(t, r.Replaces)
	require.Nil(t, r.Leg())
	call.Request("REFER", "", "Refer-To: <sip:bob@example.com>")
	p.Expect("491 REFER")

	require.NoError(t, r.Accept())
	ok := p.Expect("202 REFER")
	require.NotEmpty(t, ok.Get("Contact"))
	first := report(t, call, p, "100", "active;expires=")
	require.Equal(t, "refer", first.Get("Event"))
	require.NoError(t, r.Notify(180, "Ringing"))
	report(t, call, p, "180 Ringing", "active")
	require.NoError(t, r.Done(200))
	report(t, call, p, "200 OK", "terminated;reason=noresource")
	require.ErrorIs(t, r.Done(200), sip.ErrReferralOver)
	require.ErrorIs(t, r.Accept(), sip.ErrReferralOver)

	// The second of a dialog is told apart by its id (RFC 3515 section 2.4.6).
	sent := siptest.Parse([]byte(call.Request("REFER", "", "Refer-To: sip:bob@example.com")))
	r = wait(t, asked)
	require.Equal(t, "sip:bob@example.com", r.To)
	require.NoError(t, r.Accept())
	seq, _, _ := strings.Cut(sent.Get("CSeq"), " ")
	require.Equal(t, "refer;id="+seq, report(t, call, p, "100", "active").Get("Event"))
	require.NoError(t, r.Notify(486, ""))
	report(t, call, p, "486 Busy Here", "terminated")

	call.Request("REFER", "", "Refer-To: <sip:bob@example.com>")
	r = wait(t, asked)
	require.Error(t, r.Refuse(200, ""))
	require.NoError(t, r.Refuse(403, "Not\r\nallowed: x"))
	require.Equal(t, "SIP/2.0 403 Notallowed: x", p.Expect("403 REFER").Start)
	require.ErrorIs(t, r.Notify(180, ""), sip.ErrReferralOver)
	call.Bye()
}

func TestReferThatCannotBe(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	for _, tt := range []struct {
		want    string
		headers []string
	}{
		{"400", nil},
		{"400", []string{"Refer-To: <sip:a@x>", "Refer-To: <sip:b@x>"}},
		{"416", []string{"Refer-To: <http://example.com/>"}},
		{"416", []string{"Refer-To: <tel:hello>"}},
		{"501", []string{"Refer-To: <sip:a@x;method=BYE>"}},
		{"400", []string{"Refer-To: <sip:a@x?Replaces=abc>"}},
		{"420", []string{"Refer-To: <sip:a@x>", "Require: multiple-refer"}},
	} {
		call.Request("REFER", "", tt.headers...)
		p.Expect(tt.want + " REFER")
	}
	require.Empty(t, asked)
	call.Bye()
	call.Request("REFER", "", "Refer-To: <sip:a@x>") // the dialog is over
	p.Expect("481 REFER")
	p.NewCall("sip:8000@"+addr, "sip:x@"+p.Addr()).Request("REFER", "", "Refer-To: <sip:a@x>")
	p.Expect("403 REFER")

	plain := newCalls(t) // where nobody transfers
	_, addr = host(t, sip.Config{}, plain.handle, nil)
	p = siptest.New(t, addr)
	call = p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("REFER", "", "Refer-To: <sip:a@x>")
	p.Expect("603 REFER")
	call.Bye()
}

func TestReferWhileItRings(t *testing.T) {
	asked := make(chan sip.Referral, 1)
	_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		l.OnRefer(func(r sip.Referral) { asked <- r })
		if err := l.Ring(ctx); err != nil {
			t.Error(err)
		}
		<-l.Context().Done()
	}, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Expect("180")
	call.Request("REFER", "", "Refer-To: <sip:a@x>")
	p.Expect("403 REFER")
	require.Empty(t, asked)
	call.Request("BYE", "")
	p.Expect("200 BYE")
}

func TestReferWithoutSubscription(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("REFER", "", "Refer-To: <sip:ann@example.com>", "Refer-Sub: false", "Require: norefersub") // RFC 4488
	r := wait(t, asked)
	require.NoError(t, r.Accept())
	require.Equal(t, "false", p.Expect("202 REFER").Get("Refer-Sub"))
	require.NoError(t, r.Notify(180, ""))
	require.NoError(t, r.Done(200))
	p.Quiet("NOTIFY", 2*testT1)
	call.Bye()
}

func TestSubscriptionOfAReferral(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("SUBSCRIBE", "", "Event: refer", "Expires: 60")
	p.Expect("481 SUBSCRIBE")
	call.Request("SUBSCRIBE", "", "Event: dialog")
	require.Equal(t, "refer", p.Expect("489 SUBSCRIBE").Get("Allow-Events"))

	call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
	r := wait(t, asked)
	require.NoError(t, r.Accept())
	report(t, call, p, "100", "active")
	require.NoError(t, r.Notify(180, ""))
	report(t, call, p, "180", "active")
	call.Request("SUBSCRIBE", "", "Event: refer", "Expires: 100000")
	require.NotEqual(t, "100000", p.Expect("200 SUBSCRIBE").Get("Expires"))
	report(t, call, p, "180", "active")
	call.Request("SUBSCRIBE", "", "Event: refer", "Expires: 0")
	p.Expect("200 SUBSCRIBE")
	report(t, call, p, "180", "terminated;reason=timeout")
	require.NoError(t, r.Done(200), "the transfer goes on unheard")
	p.Quiet("NOTIFY", 2*testT1)
	call.Request("REFER", "", "Refer-To: <sip:bob@example.com>")
	require.NoError(t, wait(t, asked).Refuse(486, ""))
	p.Expect("486 REFER")
	call.Bye()
}

// A telephone hears what became of its transfer before we hang up; one that does not
// listen keeps us from nothing.
func TestOutcomeOfAReferralComesBeforeTheBye(t *testing.T) {
	for name, answers := range map[string]bool{"answers": true, "stays silent": false} {
		t.Run(name, func(t *testing.T) {
			c, asked := referrals(t)
			_, addr := host(t, sip.Config{}, c.handle, nil)
			p := siptest.New(t, addr)
			call := p.Invite("8000", siptest.SDP)
			call.Answered()
			l := wait(t, c.legs)
			call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
			r := wait(t, asked)
			require.NoError(t, r.Accept())
			require.NoError(t, r.Done(200))
			hungUp := make(chan error, 1)
			go func() { hungUp <- l.Hangup(t.Context()) }()
			if answers {
				report(t, call, p, "100", "active")
				require.Zero(t, p.Count("BYE"))
				report(t, call, p, "200 OK", "terminated")
			}
			call.HungUp()
			require.NoError(t, wait(t, hungUp))
		})
	}
}

func TestReferralThatNobodyCaresFor(t *testing.T) {
	sideBySide(t)
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{T1: 10 * time.Millisecond, ReferTimeout: 100 * time.Millisecond}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
	r := wait(t, asked)
	p.Expect("603 REFER")
	require.ErrorIs(t, r.Accept(), sip.ErrReferralOver)

	call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
	r = wait(t, asked)
	require.NoError(t, r.Accept())
	report(t, call, p, "100", "active")
	report(t, call, p, "503", "terminated;reason=timeout")
	require.ErrorIs(t, r.Done(200), sip.ErrReferralOver)
	call.Bye()
}

// A phone that hangs up as soon as it has referred still hears how it went, and one
// that wants to hear no more is left in peace (RFC 5057).
func TestReferralOutlivesTheCall(t *testing.T) {
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
	r := wait(t, asked)
	require.NoError(t, r.Accept())
	report(t, call, p, "100", "active")
	call.Bye()
	wait(t, c.ends)
	require.NoError(t, r.Notify(180, ""))
	report(t, call, p, "180", "active")
	call.Request("SUBSCRIBE", "", "Event: refer", "Expires: 60") // baresip does, after its BYE
	p.Expect("200 SUBSCRIBE")
	report(t, call, p, "180", "active")
	require.NoError(t, r.Notify(183, ""))
	call.Respond(p.Expect("NOTIFY"), 481, "Call/Transaction Does Not Exist", "")
	require.Eventually(t, func() bool { return r.Notify(180, "") != nil || p.Count("NOTIFY") == 4 }, siptest.Patience, time.Millisecond)
	require.NoError(t, r.Done(200))
	call.Request("SUBSCRIBE", "", "Event: refer", "Expires: 60")
	p.Expect("481 SUBSCRIBE")
}

func TestTransferReports(t *testing.T) {
	sideBySide(t)
	for name, tt := range map[string]struct {
		script func(p *siptest.Phone, call *siptest.Call, refer *siptest.Message)
		check  func(is *require.Assertions, err error)
	}{
		"the report overtakes the answer": {
			func(p *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Request("NOTIFY", "SIP/2.0 200 OK\r\n", "Event: refer;id=9", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag")
				p.Expect("200 NOTIFY")
				call.Respond(refer, 202, "Accepted", "")
			},
			func(is *require.Assertions, err error) { is.NoError(err) },
		},
		"it hangs up to go": {
			func(_ *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 202, "Accepted", "")
				call.Bye()
			},
			func(is *require.Assertions, err error) { is.NoError(err) },
		},
		"it hangs up instead": {
			func(_ *siptest.Phone, call *siptest.Call, _ *siptest.Message) { call.Bye() },
			func(is *require.Assertions, err error) { is.ErrorIs(err, sip.ErrBye) },
		},
		"it accepts and is silent": {
			func(_ *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 202, "Accepted", "")
			},
			func(is *require.Assertions, err error) { is.ErrorIs(err, sip.ErrTransferUnknown) },
		},
		"it says that it tries and no more": {
			func(p *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 202, "Accepted", "")
				call.Request("NOTIFY", "SIP/2.0 100 Trying", "Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag")
				p.Expect("200 NOTIFY")
			},
			func(is *require.Assertions, err error) { is.ErrorIs(err, sip.ErrTransferUnknown) },
		},
		"it ends the subscription without an outcome": {
			func(p *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 202, "Accepted", "")
				call.Request("NOTIFY", "", "Event: refer", "Subscription-State: terminated;reason=giveup")
				p.Expect("200 NOTIFY")
			},
			func(is *require.Assertions, err error) { is.ErrorIs(err, sip.ErrTransferUnknown) },
		},
		"the outcome and the BYE come together": {
			func(_ *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 202, "Accepted", "")
				call.Request("NOTIFY", "SIP/2.0 503 Service Unavailable", "Event: refer", "Subscription-State: terminated", "Content-Type: message/sipfrag")
				call.Request("BYE", "")
			},
			func(is *require.Assertions, err error) {
				var st *sip.StatusError
				is.ErrorAs(err, &st)
				is.Equal(503, st.Code)
			},
		},
		"it is refused for now": {
			func(_ *siptest.Phone, call *siptest.Call, refer *siptest.Message) {
				call.Respond(refer, 491, "Request Pending", "", "Retry-After: 2")
			},
			func(is *require.Assertions, err error) {
				var st *sip.StatusError
				is.ErrorAs(err, &st)
				is.Equal(491, st.Code)
				is.Equal(2*time.Second, st.RetryAfter)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCalls(t)
			_, addr := host(t, sip.Config{T1: 10 * time.Millisecond, ReferTimeout: 200 * time.Millisecond}, c.handle, nil)
			p := siptest.New(t, addr)
			call := p.Invite("8000", siptest.SDP)
			call.Answered()
			l := wait(t, c.legs)
			done := make(chan error, 1)
			go func() { done <- l.Transfer(context.Background(), "sip:human@192.0.2.1") }()
			refer := p.Expect("REFER")
			require.NotEmpty(t, refer.Get("Contact"))
			require.NotEmpty(t, refer.Get("Referred-By"))
			tt.script(p, call, refer)
			tt.check(require.New(t), wait(t, done))
			require.NoError(t, contextless(l))
		})
	}
}

// contextless hangs up without caring whether the phone confirms.
func contextless(l *sip.Leg) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_ = l.Hangup(ctx)
	return nil
}

func TestTransferRefusesNonsense(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	l := wait(t, c.legs)
	for _, to := range []string{"", "x", "http://x/", "sip:a@b?Replaces=x", "sip:a@b>\r\nX: y", "tel:", "tel:abc"} {
		require.Error(t, l.Transfer(t.Context(), to), to)
	}
	require.Error(t, l.TransferTo(t.Context(), nil))
	require.Error(t, l.TransferTo(t.Context(), l))
	call.Request("NOTIFY", "SIP/2.0 200 OK", "Event: refer", "Content-Type: message/sipfrag")
	p.Expect("481 NOTIFY") // we have referred nobody
	call.Request("NOTIFY", "x", "Event: message-summary", "Content-Type: text/plain")
	p.Expect("489 NOTIFY")
	call.Bye()
	wait(t, c.ends)
	require.ErrorIs(t, l.Transfer(t.Context(), "sip:a@b"), sip.ErrBye)
	require.Zero(t, s.Stats().Panics)
}

func TestTransferWithCredentials(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:x@" + p.Addr(), Auth: &sip.Credentials{User: "bot", Password: "pass"}}, nil)
	call := p.Await()
	call.Answer(siptest.SDP)
	l := wait(t, out).leg
	done := make(chan error, 1)
	go func() { done <- l.Transfer(context.Background(), "tel:+8610") }()
	refer := p.Expect("REFER")
	call.Respond(refer, 407, "Proxy Authentication Required", "", `Proxy-Authenticate: Digest realm="trunk", nonce="abc", qop="auth"`)
	refer = p.Expect("REFER")
	require.Contains(t, refer.Get("Proxy-Authorization"), `username="bot"`)
	call.Respond(refer, 407, "Proxy Authentication Required", "", `Proxy-Authenticate: Digest realm="trunk", nonce="abc", qop="auth"`)
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, done), &st)
	require.Equal(t, 407, st.Code)
	call.Bye()
}

// Two callers of ours are joined: each phone does its part, and both legs end.
func TestAttendedTransferByUs(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	customer, agent := siptest.New(t, addr), siptest.New(t, addr)
	one := customer.Invite("8000", siptest.SDP)
	one.Answered()
	caller := wait(t, c.legs)
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:ann@" + agent.Addr()}, nil)
	two := agent.Await()
	two.Answer(siptest.SDP)
	consulted := wait(t, out).leg

	done := make(chan error, 1)
	go func() { done <- caller.TransferTo(context.Background(), consulted) }()
	refer := customer.Expect("REFER")
	to := siptest.URI(refer.Get("Refer-To"))
	target, replaces, ok := strings.Cut(to, "?Replaces=")
	require.True(t, ok, to)
	require.Contains(t, target, agent.Addr())
	// As the agent's phone sees its dialog with us: to-tag is its own.
	require.Equal(t, two.CallID+"%3Bto-tag%3D"+two.LocalTag+"%3Bfrom-tag%3D"+two.RemoteTag, strings.ReplaceAll(replaces, "%40", "@"))
	one.Respond(refer, 202, "Accepted", "")
	one.Request("NOTIFY", "SIP/2.0 100 Trying", "Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag")
	customer.Expect("200 NOTIFY")
	two.Bye(`Reason: SIP;cause=200;text="Replaced"`) // the agent's phone has the customer now
	require.NoError(t, consulted.Hangup(t.Context()))
	one.Request("NOTIFY", "SIP/2.0 200 OK", "Event: refer", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag")
	customer.Expect("200 NOTIFY")
	require.NoError(t, wait(t, done))
	one.Bye()

	require.Error(t, caller.TransferTo(t.Context(), consulted))
}

// A transfer asked for, reported on and given up while the phone hangs up.
func TestReferCrossesBye(t *testing.T) {
	c, asked := referrals(t)
	s, addr := host(t, sip.Config{T1: 5 * time.Millisecond}, c.handle, nil)
	for i := range 20 {
		p := siptest.New(t, addr)
		call := p.Invite("8000", siptest.SDP)
		call.Answered()
		l := wait(t, c.legs)
		call.Request("REFER", "", "Refer-To: <sip:ann@example.com>")
		r := wait(t, asked)
		done := make(chan struct{}, 2)
		go func() {
			_ = r.Accept()
			_ = r.Notify(180, "")
			_ = r.Done(200)
			done <- struct{}{}
		}()
		go func() {
			if i%2 == 0 {
				_ = contextless(l)
			}
			done <- struct{}{}
		}()
		call.Request("BYE", "")
		p.Expect("200 BYE")
		wait(t, done)
		wait(t, done)
		wait(t, c.ends)
		p.Close()
	}
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
	require.Zero(t, s.Stats().Panics)
}

// Our transfers cross the far end's BYE, its answers and our own hang-up in every
// order: each ends with a word, and nothing is left.
func TestTransferCrossesBye(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{T1: 5 * time.Millisecond, ReferTimeout: 200 * time.Millisecond}, c.handle, nil)
	for i := range 24 {
		p := siptest.New(t, addr)
		call := p.Invite("8000", siptest.SDP)
		call.Answered()
		l := wait(t, c.legs)
		done, gone := make(chan error, 1), make(chan struct{})
		go func() { done <- l.Transfer(context.Background(), "sip:human@192.0.2.1") }()
		go func() {
			defer close(gone)
			if i%3 == 0 {
				_ = contextless(l)
			}
		}()
		if i%2 == 0 && i%3 != 0 {
			call.Respond(p.Expect("REFER"), 202, "Accepted", "")
			call.Request("NOTIFY", "SIP/2.0 100 Trying", "Event: refer", "Subscription-State: active", "Content-Type: message/sipfrag")
		}
		call.Request("BYE", "")
		err := wait(t, done)
		switch {
		case i%3 == 0: // whoever was first
			require.Error(t, err)
		case i%2 == 0:
			require.NoError(t, err, "it went where it was sent")
		default:
			require.ErrorIs(t, err, sip.ErrBye)
		}
		<-gone
		wait(t, c.ends)
		p.Close()
	}
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
	require.Zero(t, s.Stats().Panics)
}
