package sip

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

type reoffered struct {
	answer string
	err    error
	after  time.Duration
}

// reoffer makes an offer in the background.
func reoffer(ctx context.Context, l *Leg, sdp string) <-chan reoffered {
	out := make(chan reoffered, 1)
	begun := time.Now()
	go func() {
		answer, err := l.Reoffer(ctx, sdpOf(sdp))
		out <- reoffered{string(answer), err, time.Since(begun)}
	}()
	synctest.Wait()
	return out
}

// answered has the server answer a call, and gives its leg.
func answered(t *testing.T, cfg Config, headers ...string) (*air, *answerer, *Leg) {
	t.Helper()
	h := &answerer{}
	a := onAir(t, cfg, h.handle)
	a.call(headers...)
	return a, h, h.leg
}

// dialled has the server ring the test, which answers.
func dialled(t *testing.T, cfg Config, headers ...string) (*air, *Leg) {
	t.Helper()
	a := onAir(t, cfg, nil)
	invite, out := a.dial()
	a.answer(invite, 200, siptest.SDP, headers...)
	a.one("ACK")
	l := (<-out).leg
	a.ours = l.localTag
	return a, l
}

func TestReofferByInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{}, withUpdate)
		defer a.end()
		out := reoffer(t.Context(), l, "v=hold")
		re := a.one("INVITE")
		require.Equal(t, "v=hold", re.Body)
		require.Equal(t, "70", re.Get("Max-Forwards"))
		require.Contains(t, re.Get("Allow"), "PRACK")
		require.Contains(t, re.Get("Supported"), "100rel")
		a.answer(re, 100, "")
		a.answer(re, 200, "v=held", "Contact: <sip:moved@127.0.0.2>")
		got := <-out
		require.NoError(t, got.err)
		require.Equal(t, "v=held", got.answer)
		ack := a.one("ACK")
		require.Contains(t, ack.Start, "sip:moved@127.0.0.2", "the Contact is the new target")
		require.Equal(t, strings.TrimSuffix(re.Get("CSeq"), " INVITE"), strings.TrimSuffix(ack.Get("CSeq"), " ACK"))
		require.Equal(t, "v=held", string(l.Offer()))
		a.answer(re, 200, "v=held") // the ACK was lost
		synctest.Wait()
		require.Equal(t, ack.Raw, a.w.all()[a.next], "the same ACK again")
		a.said()
		a.ask("INVITE", "v=theirs") // their turn, with the description that stands
		require.Equal(t, "v=hold", a.one("200 INVITE").Body)
		a.ask("ACK", "")
	})
}

func TestReofferByUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{OfferByUpdate: true}, withUpdate)
		defer a.end()
		out := reoffer(t.Context(), l, "v=hold")
		a.answer(a.one("UPDATE"), 200, "v=held")
		require.Equal(t, "v=held", (<-out).answer)
		a.nothing()
		out = reoffer(t.Context(), l, "v=resume") // this one needs a person's consent (RFC 3311 section 5.2)
		a.answer(a.one("UPDATE"), 504, "")
		re := a.one("INVITE")
		a.answer(re, 200, "v=resumed")
		require.Equal(t, "v=resumed", (<-out).answer)
	})
}

func TestEarlyReofferIsAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRinger()
		a := onAir(t, Config{}, r.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: 100rel", withUpdate)
		a.said()
		_, err := r.leg.Reoffer(t.Context(), []byte("v=too soon"))
		require.ErrorIs(t, err, errNotAnswered)
		r.play("v=early")
		early := a.one("183 INVITE")
		a.ours = siptest.Tag(early.Get("To"))
		out := reoffer(t.Context(), r.leg, "v=changed")
		a.nothing() // the answer is not acknowledged yet
		a.ask("PRACK", "", "RAck: "+early.Get("RSeq")+" 1 INVITE")
		sent := a.said()
		require.Len(t, sent, 2)
		up := sent[len(sent)-1]
		if up.Method() != "UPDATE" {
			up = sent[0]
		}
		a.answer(up, 200, "v=fine")
		got := <-out
		require.NoError(t, got.err)
		require.Equal(t, "v=fine", got.answer)
	})
}

func TestGlare(t *testing.T) {
	for _, side := range []string{"their call", "our call"} {
		synctest.Test(t, func(t *testing.T) {
			var a *air
			var l *Leg
			low, high := time.Duration(0), 2*time.Second
			if side == "our call" { // RFC 3261 section 14.1: the owner of the Call-ID waits longer
				low, high = 2100*time.Millisecond, 4*time.Second
				a, l = dialled(t, Config{})
			} else {
				a, _, l = answered(t, Config{})
			}
			defer a.end()
			var offers []string
			l.OnUpdate(func(offer []byte) ([]byte, error) {
				offers = append(offers, string(offer))
				return []byte("v=answer"), nil
			})
			begun := time.Now()
			out := reoffer(t.Context(), l, "v=ours")
			re := a.one("INVITE")
			if side == "their call" {
				a.ask("INVITE", "v=theirs") // crosses ours
				a.one("491 INVITE")
				a.ask("ACK", "")
				a.ask("UPDATE", "v=theirs")
				a.one("491 UPDATE")
				a.ask("UPDATE", "") // holds no offer, collides with nothing
				a.one("200 UPDATE")
			}
			a.answer(re, 491, "")
			for re = nil; re == nil && time.Since(begun) < 10*time.Second; {
				for _, m := range a.said() {
					if m.Method() == "INVITE" {
						re = m
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
			require.NotNil(t, re)
			require.GreaterOrEqual(t, time.Since(begun), low)
			require.LessOrEqual(t, time.Since(begun), high+20*time.Millisecond)
			a.answer(re, 200, "v=answered")
			got := <-out
			require.NoError(t, got.err)
			require.Equal(t, "v=answered", got.answer)
			require.Empty(t, offers)
		})
	}
}

func TestReofferIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h, l := answered(t, Config{})
		defer a.end()
		out := reoffer(t.Context(), l, "v=ours")
		a.answer(a.one("INVITE"), 488, "")
		a.one("ACK")
		var st *StatusError
		require.ErrorAs(t, (<-out).err, &st)
		require.Equal(t, 488, st.Code)
		require.Equal(t, siptest.SDP, string(l.description()), "the session is as it was")
		require.NoError(t, h.ended())

		out = reoffer(t.Context(), l, "v=ours") // they are about to offer something themselves
		a.answer(a.one("INVITE"), 500, "", "Retry-After: 3")
		a.one("ACK")
		time.Sleep(3100 * time.Millisecond)
		a.answer(a.one("INVITE"), 200, "v=theirs")
		require.NoError(t, (<-out).err)
		a.one("ACK")

		out = reoffer(t.Context(), l, "v=ours")
		offers := 0
		for range maxOffers { // a far end that never lets us
			for _, m := range a.said() {
				if m.Method() == "INVITE" {
					offers++
					a.answer(m, 491, "")
				}
			}
			time.Sleep(5 * time.Second) // at most 2 s pass between two, none at least
		}
		for _, m := range a.said() {
			require.Equal(t, "ACK", m.Method())
		}
		require.Equal(t, maxOffers, offers)
		require.ErrorIs(t, (<-out).err, ErrNoAnswer)
		a.nothing()
		require.NoError(t, h.ended())
	})
}

func TestReofferToAFarEndThatIsGone(t *testing.T) {
	for status, bye := range map[int]bool{481: false, 408: true} {
		synctest.Test(t, func(t *testing.T) {
			a, h, l := answered(t, Config{})
			defer a.end()
			out := reoffer(t.Context(), l, "v=ours")
			a.answer(a.one("INVITE"), status, "")
			require.Error(t, (<-out).err)
			sent := a.said()
			require.Equal(t, "ACK", sent[0].Method())
			if bye {
				require.Len(t, sent, 2)
				require.Contains(t, sent[1].Get("Reason"), "cause=408")
				a.answer(sent[1], 200, "")
			} else {
				require.Len(t, sent, 1)
			}
			require.ErrorIs(t, h.ended(), ErrTransport)
		})
	}
}

func TestReofferWithoutAnyResponseChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h, l := answered(t, Config{})
		defer a.end()
		out := reoffer(t.Context(), l, "v=ours")
		time.Sleep(33 * time.Second)
		require.ErrorIs(t, (<-out).err, ErrNoAnswer)
		require.NoError(t, h.ended(), "it may be a tunnel")
		require.Equal(t, siptest.SDP, string(l.description()))
		a.said()
		out = reoffer(t.Context(), l, "v=ours")
		a.answer(a.one("INVITE"), 200, "v=theirs")
		require.NoError(t, (<-out).err)
	})
}

func TestReofferThatIsGivenUp(t *testing.T) {
	for _, outcome := range []string{"487", "200"} {
		synctest.Test(t, func(t *testing.T) {
			a, h, l := answered(t, Config{})
			defer a.end()
			ctx, cancel := context.WithCancel(t.Context())
			out := reoffer(ctx, l, "v=ours")
			re := a.one("INVITE")
			a.answer(re, 180, "")
			cancel()
			require.ErrorIs(t, (<-out).err, context.Canceled)
			c := a.one("CANCEL")
			a.answer(c, 200, "")
			if outcome == "487" {
				a.answer(re, 487, "")
				a.one("ACK")
			} else { // they crossed: the far end has our description now, and is given the one before
				a.answer(re, 200, "v=theirs")
				sent := a.said()
				require.Len(t, sent, 2)
				require.Equal(t, "ACK", sent[0].Method())
				require.Equal(t, siptest.SDP, sent[1].Body)
				a.answer(sent[1], 200, "v=as before")
				a.one("ACK")
			}
			require.Equal(t, siptest.SDP, string(l.description()))
			require.NoError(t, h.ended())
			out = reoffer(t.Context(), l, "v=ours")
			a.answer(a.one("INVITE"), 200, "v=theirs")
			require.NoError(t, (<-out).err)
		})
	}
}

func TestReofferAsksForTheirOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{})
		defer a.end()
		refuse := false
		l.OnUpdate(func(offer []byte) ([]byte, error) {
			if refuse {
				return nil, errors.New("no")
			}
			return append([]byte("to "), offer...), nil
		})
		out := reoffer(t.Context(), l, "")
		re := a.one("INVITE")
		require.Empty(t, re.Body)
		a.answer(re, 200, "v=their offer")
		require.Equal(t, "to v=their offer", a.one("ACK").Body)
		got := <-out
		require.NoError(t, got.err)
		require.Equal(t, "v=their offer", got.answer)
		refuse = true
		out = reoffer(t.Context(), l, "")
		a.answer(a.one("INVITE"), 200, "v=another")
		require.Equal(t, "to v=their offer", a.one("ACK").Body, "an ACK must answer all the same")
		require.Error(t, (<-out).err)
	})
}

func TestReofferWithCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{})
		defer a.end()
		l.SetCredentials(Credentials{User: "bot", Password: "pass"})
		out := reoffer(t.Context(), l, "v=ours")
		a.answer(a.one("INVITE"), 407, "", `Proxy-Authenticate: Digest realm="trunk", nonce="abc", algorithm=MD5, qop="auth"`)
		sent := a.said()
		require.Len(t, sent, 2)
		re := sent[1]
		require.Contains(t, re.Get("Proxy-Authorization"), `username="bot"`)
		a.answer(re, 200, "v=theirs")
		require.NoError(t, (<-out).err)
		require.Equal(t, re.Get("Proxy-Authorization"), a.one("ACK").Get("Proxy-Authorization"))
		go func() { _ = l.Hangup(t.Context()) }()
		a.answer(a.one("BYE"), 401, "", `WWW-Authenticate: Digest realm="trunk", nonce="abd", algorithm=MD5, qop="auth"`)
		bye := a.one("BYE")
		require.Contains(t, bye.Get("Authorization"), `nonce="abd"`)
		require.Contains(t, bye.Get("Reason"), "cause=16")
		a.answer(bye, 200, "")
		require.Zero(t, a.s.Stats().Legs)
	})
}

func TestReoffersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{})
		defer a.end()
		first := reoffer(t.Context(), l, "v=one")
		one := a.one("INVITE")
		second := reoffer(t.Context(), l, "v=two")
		a.nothing()
		a.answer(one, 200, "v=a")
		require.NoError(t, (<-first).err)
		sent := a.said()
		require.Len(t, sent, 2)
		a.answer(sent[1], 200, "v=b")
		require.Equal(t, "v=b", (<-second).answer)
	})
}

func TestReofferWaitsForTheirAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{})
		defer a.end()
		a.ask("INVITE", "v=theirs")
		a.one("200 INVITE")
		out := reoffer(t.Context(), l, "v=ours")
		a.nothing()
		a.ask("ACK", "")
		a.answer(a.one("INVITE"), 200, "v=fine")
		require.NoError(t, (<-out).err)
	})
}

func TestReofferOfALegThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{})
		defer a.end()
		out := reoffer(t.Context(), l, "v=ours")
		re := a.one("INVITE")
		a.ask("BYE", "")
		a.one("200 BYE")
		require.ErrorIs(t, (<-out).err, ErrBye)
		a.answer(re, 481, "")
		a.one("ACK")
		_, err := l.Reoffer(t.Context(), []byte("v=late"))
		require.ErrorIs(t, err, ErrBye)
		require.Empty(t, a.s.allLegs())
	})
}

// TestReinviteInsteadOfTheAck: the ACK is lost, and the far end goes on (RFC 5407
// section 3.1.5).
func TestReinviteInsteadOfTheAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP)
		a.ours = siptest.Tag(a.one("200 INVITE").Get("To"))
		a.ask("INVITE", "v=hold")
		a.one("200 INVITE")
		a.ask("ACK", "")
		time.Sleep(time.Minute)
		a.nothing()
		require.NoError(t, h.ended())
	})
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.ask("INVITE", "") // our offer needs its answer
		a.ours = siptest.Tag(a.one("200 INVITE").Get("To"))
		a.ask("INVITE", "v=hold")
		a.one("491 INVITE")
	})
}

func TestReinviteIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h, l := answered(t, Config{})
		defer a.end()
		var mu sync.Mutex
		var offers []string
		release := make(chan struct{})
		l.OnUpdate(func(offer []byte) ([]byte, error) {
			mu.Lock()
			offers = append(offers, string(offer))
			mu.Unlock()
			<-release
			return []byte("v=answer"), nil
		})
		a.ask("INVITE", "v=hold")
		a.nothingButTrying()
		a.ask("CANCEL", "")
		sent := a.said()
		require.Len(t, sent, 2)
		a.ask("ACK", "")
		close(release)
		synctest.Wait()
		mu.Lock()
		require.Equal(t, []string{"v=hold", siptest.SDP}, offers, "the session is put back")
		mu.Unlock()
		require.Equal(t, siptest.SDP, string(l.Offer()))
		require.Equal(t, siptest.SDP, string(l.description()))
		require.NoError(t, h.ended())
		a.nothing()
		a.ask("INVITE", "v=hold")
		require.Equal(t, "v=answer", a.one("200 INVITE").Body)
	})
}

func (a *air) nothingButTrying() {
	a.t.Helper()
	for _, m := range a.said() {
		require.Equal(a.t, 100, m.Status())
	}
}

func TestStrictRouting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, l := answered(t, Config{}, "Record-Route: <sip:127.0.0.2:5061>", "Record-Route: <sip:127.0.0.2:5062;lr>")
		defer a.end()
		out := reoffer(t.Context(), l, "v=ours")
		re := a.one("INVITE")
		require.True(t, strings.HasPrefix(re.Start, "INVITE sip:127.0.0.2:5061 "), re.Start) // RFC 3261 section 12.2.1.1
		require.Equal(t, []string{"<sip:127.0.0.2:5062;lr>", "<sip:caller@127.0.0.2>"}, re.All("Route"))
		require.EqualValues(t, 5061, a.w.to[len(a.w.to)-1].Port())
		a.answer(re, 200, "v=theirs", "Record-Route: <sip:127.0.0.2:9999;lr>")
		require.NoError(t, (<-out).err)
		require.Equal(t, re.All("Route")[0], a.one("ACK").All("Route")[0], "the route set stays for the dialog's life")
	})
}

// TestMaxForwards: who is the last hop does not look at it (RFC 3261 section 16.3
// is for proxies).
func TestMaxForwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		for _, method := range []string{"OPTIONS", "INVITE"} {
			a.seq++
			a.hear(message([]string{
				method + " sip:8000@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK0" + method, "Max-Forwards: 0",
				"From: <sip:caller@127.0.0.2>;tag=theirs", "To: <sip:8000@127.0.0.1>", "Call-ID: air", "CSeq: 1 " + method, "Contact: <sip:caller@127.0.0.2>",
			}, ""))
			a.one("200 " + method)
		}
	})
}
