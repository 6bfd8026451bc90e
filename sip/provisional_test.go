package sip

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// ringer is a Handler that does step by step what the test tells it to.
type ringer struct {
	mu    sync.Mutex
	leg   *Leg
	steps chan func(context.Context, *Leg) error
	errs  []error
}

func newRinger() *ringer { return &ringer{steps: make(chan func(context.Context, *Leg) error)} }

func (r *ringer) handle(ctx context.Context, l *Leg) {
	r.mu.Lock()
	r.leg = l
	r.mu.Unlock()
	for {
		select {
		case f := <-r.steps:
			err := f(ctx, l)
			r.mu.Lock()
			r.errs = append(r.errs, err)
			r.mu.Unlock()
		case <-l.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *ringer) do(f func(context.Context, *Leg) error) {
	r.steps <- f
	synctest.Wait()
}

func (r *ringer) ring() { r.do(func(ctx context.Context, l *Leg) error { return l.Ring(ctx) }) }
func (r *ringer) answer(sdp string) {
	r.do(func(ctx context.Context, l *Leg) error { return l.Answer(ctx, sdpOf(sdp)) })
}

func (r *ringer) play(sdp string) {
	r.do(func(ctx context.Context, l *Leg) error { return l.Progress(ctx, 183, sdpOf(sdp)) })
}

func sdpOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// done is what the steps that have returned gave.
func (r *ringer) done() []error {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.errs...)
}

func TestRingingIsRepeatedEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP)
		a.said()
		r.ring()
		ringing := a.one("180 INVITE")
		require.NotEmpty(t, siptest.Tag(ringing.Get("To")))
		require.Contains(t, ringing.Get("Contact"), "8000@")
		require.Empty(t, ringing.Get("RSeq"))
		require.Empty(t, ringing.Get("Require"))
		for range 5 { // RFC 3261 section 13.3.1.1
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Len(t, a.w.all()[a.next:], 1)
			a.said()
		}
		r.answer(siptest.SDP)
		ok := a.one("200 INVITE")
		require.Equal(t, siptest.Tag(ringing.Get("To")), siptest.Tag(ok.Get("To")))
		a.ours = siptest.Tag(ok.Get("To"))
		a.ask("ACK", "")
		time.Sleep(5 * time.Minute)
		a.nothing()
		require.Equal(t, []error{nil, nil}, r.done())
	})
}

func TestEarlyMediaIsSentReliably(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.ring() // without a description: need not be reliable
		require.Empty(t, a.one("180 INVITE").Get("RSeq"))
		r.play("v=early")
		early := a.one("183 INVITE")
		require.Equal(t, "100rel", early.Get("Require"))
		require.Equal(t, "v=early", early.Body)
		require.Len(t, r.done(), 1, "Progress waits")

		before := len(offsets(a.w))
		start := int(time.Since(a.w.start) / t1)
		time.Sleep(16 * t1)
		synctest.Wait()
		var after []int
		for _, at := range offsets(a.w)[before:] {
			after = append(after, at-start)
		}
		require.Equal(t, []int{1, 3, 7, 15}, after, "T1 doubling (RFC 3262 section 3)")
		a.said()

		a.ours = siptest.Tag(early.Get("To"))
		a.ask("PRACK", "", "RAck: 1 1 INVITE") // of something else
		a.one("481 PRACK")
		a.ask("PRACK", "")
		a.one("400 PRACK")
		a.ask("PRACK", "", "RAck: "+early.Get("RSeq")+" 1 INVITE")
		a.one("200 PRACK")
		require.Equal(t, []error{nil, nil}, r.done())
		a.ask("PRACK", "", "RAck: "+early.Get("RSeq")+" 1 INVITE") // a second time, and no retransmission
		a.one("481 PRACK")
		time.Sleep(time.Minute)
		a.nothing()

		r.answer("v=other") // agreed already (RFC 6337 section 3.1)
		ok := a.one("200 INVITE")
		require.Empty(t, ok.Body)
		a.hear(strings.ReplaceAll(message([]string{
			"ACK sip:8000@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKa", "Max-Forwards: 70",
			"From: <sip:caller@127.0.0.2>;tag=theirs", "To: <sip:8000@127.0.0.1>;tag=" + a.ours, "Call-ID: air", "CSeq: 1 ACK",
		}, ""), "\r\n\r\n\r\n", "\r\n\r\n"))
		require.Equal(t, []error{nil, nil, nil}, r.done())
	})
}

func TestReliableRingingIsRepeatedByANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Require: 100rel")
		a.said()
		r.ring()
		first := a.one("180 INVITE")
		require.Equal(t, "100rel", first.Get("Require"), "the caller requires it of all")
		a.ours = siptest.Tag(first.Get("To"))
		a.ask("PRACK", "", "RAck: "+first.Get("RSeq")+" 1 INVITE")
		a.one("200 PRACK")
		time.Sleep(151 * time.Second)
		second := a.one("180 INVITE")
		require.Equal(t, next(t, first.Get("RSeq")), second.Get("RSeq"))
		a.ask("PRACK", "", "RAck: "+second.Get("RSeq")+" 1 INVITE")
		a.one("200 PRACK")
		a.ask("BYE", "") // allowed to the caller (RFC 3261 section 15)
		var got []string
		for _, m := range a.said() {
			got = append(got, m.Start[8:11]+" "+m.Method())
		}
		require.ElementsMatch(t, []string{"200 BYE", "487 INVITE"}, got)
	})
}

func next(t *testing.T, number string) string {
	t.Helper()
	n, _, _, err := parseRAck(number + " 1 INVITE")
	require.NoError(t, err)
	return seconds(time.Duration(n+1) * time.Second)
}

func TestRingingThatIsNotAcknowledgedEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.play(siptest.SDP)
		a.one("183 INVITE")
		time.Sleep(33 * time.Second) // 64 T1
		a.one("504 INVITE")
		errs := r.done()
		require.Len(t, errs, 1)
		require.ErrorIs(t, errs[0], ErrTransport)
		require.Zero(t, a.s.Stats().Legs)
	})
}

func TestTheAnswerWaitsForThePrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.do(func(ctx context.Context, l *Leg) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return l.Progress(ctx, 183, []byte(siptest.SDP))
		})
		early := a.one("183 INVITE")
		time.Sleep(2 * time.Second) // Progress has given up waiting; the response has not
		r.answer(siptest.SDP)
		for _, m := range a.said() {
			require.Equal(t, 183, m.Status(), "no 2xx before the PRACK (RFC 3262 section 3)")
		}
		a.ours = siptest.Tag(early.Get("To"))
		a.ask("PRACK", "", "RAck: "+early.Get("RSeq")+" 1 INVITE")
		got := a.said()
		require.Len(t, got, 2)
		require.Equal(t, "PRACK", got[0].Method())
		require.Equal(t, 200, got[1].Status())
		require.Empty(t, got[1].Body)
	})
}

func TestDelayedOfferInTheRinging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", "", "Supported: 100rel")
		a.said()
		r.play("v=our offer")
		early := a.one("183 INVITE")
		require.Equal(t, "v=our offer", early.Body)
		a.ours = siptest.Tag(early.Get("To"))
		a.ask("UPDATE", "v=crossing", withUpdate)
		a.one("491 UPDATE")
		a.ask("PRACK", "v=their answer", "RAck: "+early.Get("RSeq")+" 1 INVITE")
		a.one("200 PRACK")
		require.Equal(t, "v=their answer", string(r.leg.Offer()))
		r.leg.OnUpdate(func(offer []byte) ([]byte, error) { return append([]byte("to "), offer...), nil })
		a.ask("UPDATE", "v=early update") // RFC 3311: before the answer
		require.Equal(t, "to v=early update", a.one("200 UPDATE").Body)
		r.answer("v=x")
		require.Empty(t, a.one("200 INVITE").Body)
	})
}

func TestEarlyOfferNeedsAReliableWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", "")
		a.said()
		r.play("v=our offer")
		require.Empty(t, a.one("183 INVITE").Body)
		require.ErrorIs(t, r.done()[0], ErrNoEarlyOffer)
		r.answer("v=our offer")
		require.Equal(t, "v=our offer", a.one("200 INVITE").Body)
	})
}

func TestOfferInThePrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.leg.OnUpdate(func(offer []byte) ([]byte, error) { return append([]byte("to "), offer...), nil })
		r.play(siptest.SDP)
		early := a.one("183 INVITE")
		a.ours = siptest.Tag(early.Get("To"))
		a.ask("PRACK", "v=another", "RAck: "+early.Get("RSeq")+" 1 INVITE")
		require.Equal(t, "to v=another", a.one("200 PRACK").Body)
		require.Equal(t, "v=another", string(r.leg.Offer()))
	})
}

func TestUpdateBeforeTheFirstAnswerHasToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP)
		a.said()
		r.ring()
		a.ours = siptest.Tag(a.one("180 INVITE").Get("To"))
		a.ask("UPDATE", "v=too soon")
		require.NotEmpty(t, a.one("500 UPDATE").Get("Retry-After"))
		a.ask("INVITE", "v=too soon") // RFC 3261 section 14.2
		require.NotEmpty(t, a.one("500 INVITE").Get("Retry-After"))
	})
}

func TestReliableSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{Reliable: ReliableOff}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Require: 100rel")
		require.Equal(t, "100rel", a.one("420 INVITE").Get("Unsupported"))
		a.ask("ACK", "")
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.play(siptest.SDP)
		require.Empty(t, a.one("183 INVITE").Get("RSeq"))
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{Reliable: ReliableRequired}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP)
		require.Equal(t, "100rel", a.one("421 INVITE").Get("Require"))
		a.ask("ACK", "")
		a.ask("INVITE", siptest.SDP, "Supported: 100rel")
		a.said()
		r.ring()
		require.NotEmpty(t, a.one("180 INVITE").Get("RSeq"))
	})
	_, err := New(Config{Reliable: "sometimes"}, nil, nil, nil)
	require.ErrorContains(t, err, "sometimes")
}

func TestReliableRingingAsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := onAir(t, Config{}, nil)
		defer a.end()
		invite, out := a.dial()
		require.Contains(t, invite.Get("Supported"), "100rel")
		reliable := []string{"Require: 100rel", withUpdate, "Record-Route: <sip:127.0.0.2:5070;lr>"}
		a.answer(invite, 183, "v=early", append(reliable, "RSeq: 77")...)
		prack := a.one("PRACK")
		require.Equal(t, "77 1 INVITE", prack.Get("RAck"))
		require.Equal(t, "<sip:127.0.0.2:5070;lr>", prack.Get("Route"), "the early dialog has its route set")
		require.Contains(t, prack.Start, "sip:callee@127.0.0.2")
		require.Equal(t, "theirs", siptest.Tag(prack.Get("To")))
		a.answer(invite, 183, "v=early", append(reliable, "RSeq: 77")...) // again
		a.answer(invite, 180, "", append(reliable, "RSeq: 79")...)        // one is missing: not acknowledged
		a.nothing()
		a.answer(prack, 200, "")
		a.answer(invite, 180, "", append(reliable, "RSeq: 78")...)
		second := a.one("PRACK")
		require.Equal(t, "78 1 INVITE", second.Get("RAck"))
		a.answer(second, 200, "")

		// Another phone behind the proxy counts for itself.
		m := siptest.Parse([]byte(invite.Raw))
		for i := range m.Fields {
			if m.Fields[i][0] == "To" {
				m.Fields[i][1] += ";tag=another"
			}
		}
		a.answer(m, 183, "", "Require: 100rel", "RSeq: 5")
		third := a.one("PRACK")
		require.Equal(t, "another", siptest.Tag(third.Get("To")))
		a.answer(third, 200, "")

		a.answer(invite, 200, "", withUpdate, "Record-Route: <sip:127.0.0.2:5080;lr>")
		ack := a.one("ACK")
		require.Equal(t, "1 ACK", ack.Get("CSeq"))
		require.Equal(t, "<sip:127.0.0.2:5080;lr>", ack.Get("Route"), "the route set is computed again (RFC 3261 section 13.2.2.4)")
		l := (<-out).leg
		require.Equal(t, "v=early", string(l.Offer()), "the answer came in the 183")
		require.Equal(t, 1, a.s.Stats().Legs, "the other early dialog is gone")
	})
}

func TestUpdateOfTheCalleeBeforeItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := onAir(t, Config{}, nil)
		defer a.end()
		invite, out := a.dial()
		a.answer(invite, 183, "v=early", "Require: 100rel", "RSeq: 1")
		a.answer(a.one("PRACK"), 200, "")
		a.hear(message([]string{
			"UPDATE sip:hotline@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKu", "Max-Forwards: 70",
			"From: <sip:callee@127.0.0.2>;tag=theirs", "To: <sip:x@127.0.0.1>;tag=ours", "Call-ID: air", "CSeq: 1 UPDATE", "Contact: <sip:callee@127.0.0.2>",
		}, "v=on hold"))
		require.Equal(t, siptest.SDP, a.one("200 UPDATE").Body)
		a.answer(invite, 200, "")
		a.one("ACK")
		require.Equal(t, "v=on hold", string((<-out).leg.Offer()))
	})
}

func TestEarlyDialogsEndWithTheInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := onAir(t, Config{}, nil)
		defer a.end()
		invite, out := a.dial()
		a.answer(invite, 183, "v=early", "Require: 100rel", "RSeq: 1")
		a.answer(a.one("PRACK"), 200, "")
		require.Equal(t, 1, a.s.Stats().Legs)
		a.answer(invite, 486, "")
		require.Error(t, (<-out).err)
		require.Zero(t, a.s.Stats().Legs)
	})
}

func FuzzRAck(f *testing.F) {
	for _, v := range []string{"776656 1 INVITE", "1  1\tINVITE", "-1 1 INVITE", "1", "", "4294967296 1 INVITE", "1 4294967295 INVITE"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if _, seq, method, err := parseRAck(v); err == nil && (seq > maxSequence || !isToken(method)) {
			t.Fatalf("%q: %d %q", v, seq, method)
		}
	})
}
