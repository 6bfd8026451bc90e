package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
)

func mustURI(t *testing.T, text string) *sip.Uri {
	t.Helper()
	var u sip.Uri
	require.NoError(t, sip.ParseUri(text, &u))
	return &u
}

const withUpdate = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"

// TestSessionTermsAsUAS is table 2 of RFC 4028 section 9.
func TestSessionTermsAsUAS(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		want    string // Session-Expires of the 200
		require string
	}{
		{"knows nothing of it", nil, "", ""},
		{"supports it", []string{"Supported: timer"}, "1800;refresher=uas", ""},
		{"asks for it", []string{"Supported: timer", "Session-Expires: 600"}, "600;refresher=uas", ""},
		{"will refresh", []string{"Supported: timer", "Session-Expires: 600;refresher=uac"}, "600;refresher=uac", "timer"},
		{"wants us to", []string{"k: timer", "x: 600;refresher=uas"}, "600;refresher=uas", ""},
		{"asks for more than we like", []string{"Supported: timer", "Session-Expires: 7200"}, "1800;refresher=uas", ""},
		{"has a longer minimum", []string{"Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"}, "3600;refresher=uas", ""},
		{"as JsSIP does", []string{"Supported: timer,ice,replaces,outbound", "Session-Expires: 90"}, "90;refresher=uas", ""},
		{"a proxy asks for a phone that cannot", []string{"Session-Expires: 600"}, "600;refresher=uas", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &answerer{}
				a := onAir(t, Config{}, h.handle)
				defer a.end()
				ok := a.call(c.headers...)
				require.Equal(t, c.want, ok.Get("Session-Expires"))
				require.Equal(t, c.require, ok.Get("Require"))
				require.Contains(t, ok.Get("Supported"), "timer")
			})
		})
	}
}

func TestTooShortAnIntervalIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{MinSE: 120 * time.Second}, h.handle)
		defer a.end()
		a.ask("INVITE", siptest.SDP, "Supported: timer", "Session-Expires: 90")
		require.Equal(t, "120", a.one("422 INVITE").Get("Min-SE"))
		a.ask("ACK", "")
		a.call("Supported: timer", "Session-Expires: 120;refresher=uac", "Min-SE: 120", withUpdate)
		a.ask("UPDATE", "", "Supported: timer", "Session-Expires: 100;refresher=uac")
		require.Equal(t, "120", a.one("422 UPDATE").Get("Min-SE"))
		a.ask("UPDATE", "", "Supported: timer", "Session-Expires: 120;refresher=uac")
		require.Equal(t, "120;refresher=uac", a.one("200 UPDATE").Get("Session-Expires"))
	})
}

func TestWeRefreshByUpdateAtHalfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 90", withUpdate)
		for range 100 { // two hours and a half
			time.Sleep(44 * time.Second)
			a.nothing()
			time.Sleep(time.Second)
			up := a.one("UPDATE")
			require.Empty(t, up.Body)
			require.Equal(t, "90;refresher=uac", up.Get("Session-Expires"))
			a.answer(up, 200, "", "Session-Expires: 90;refresher=uac", "Require: timer")
		}
		require.NoError(t, h.ended())
	})
}

func TestWeRefreshByInviteWhereUpdateIsUnknown(t *testing.T) {
	for _, allow := range []string{"Allow: INVITE, ACK, BYE", withUpdate} {
		synctest.Test(t, func(t *testing.T) {
			h := &answerer{}
			a := onAir(t, Config{}, h.handle)
			defer a.end()
			a.call("Supported: timer", "Session-Expires: 600", allow)
			time.Sleep(301 * time.Second)
			if allow == withUpdate { // it said so, and does not
				a.answer(a.one("UPDATE"), 501, "")
			}
			re := a.one("INVITE")
			require.Equal(t, siptest.SDP, re.Body, "unchanged")
			a.answer(re, 200, siptest.SDP, "Session-Expires: 600;refresher=uac", "Require: timer")
			a.one("ACK")
			a.answer(re, 200, siptest.SDP, "Session-Expires: 600;refresher=uac", "Require: timer")
			require.Len(t, a.w.all()[a.next:], 1, "acknowledged again")
			a.said()
			time.Sleep(301 * time.Second)
			a.answer(a.one("INVITE"), 200, siptest.SDP, "Session-Expires: 600;refresher=uac")
			a.one("ACK")
		})
	}
}

func TestTheirRefreshesKeepTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 90;refresher=uac", withUpdate)
		for range 50 {
			time.Sleep(45 * time.Second)
			a.ask("UPDATE", "", "Supported: timer", "Session-Expires: 90;refresher=uac")
			require.Equal(t, "90;refresher=uac", a.one("200 UPDATE").Get("Session-Expires"))
		}
		require.NoError(t, h.ended())
	})
}

// TestALateRefreshEndsNoCall: a phone in a mobile network owes the refresh, and is
// out of reach for a while.
func TestALateRefreshEndsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 90;refresher=uac", withUpdate)
		time.Sleep(61 * time.Second) // 90 s - 90 s / 3
		first := a.one("UPDATE")
		require.Equal(t, "90;refresher=uac", first.Get("Session-Expires"), "we take the refresh over")
		time.Sleep(38 * time.Second) // it is lost, all eleven times; 5 s later we try again
		second := a.one("UPDATE")
		require.NotEqual(t, first.Get("CSeq"), second.Get("CSeq"))
		a.answer(second, 200, "", "Session-Expires: 90;refresher=uac", "Require: timer")
		time.Sleep(44 * time.Second)
		a.nothing()
		require.NoError(t, h.ended())
	})
}

func TestAFarEndThatIsGoneIsHungUp(t *testing.T) {
	for _, refresher := range []string{"uac", "uas"} {
		synctest.Test(t, func(t *testing.T) {
			h := &answerer{}
			a := onAir(t, Config{}, h.handle)
			defer a.end()
			a.call("Supported: timer", "Session-Expires: 90;refresher="+refresher, withUpdate)
			begun := time.Now()
			var bye *siptest.Message
			updates := 0
			for bye == nil && time.Since(begun) < 10*time.Minute {
				time.Sleep(time.Second)
				for _, m := range a.said() {
					switch m.Method() {
					case "UPDATE":
						updates++
					case "BYE":
						bye = m
					}
				}
			}
			require.NotNil(t, bye)
			require.Contains(t, bye.Get("Reason"), "Session expired")
			require.GreaterOrEqual(t, updates, 2)
			require.Greater(t, time.Since(begun), 90*time.Second)
			require.Less(t, time.Since(begun), 3*time.Minute)
			require.ErrorIs(t, h.ended(), ErrTransport)
		})
	}
}

func TestRefreshIsTriedAgainAfter408(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 600", withUpdate)
		time.Sleep(301 * time.Second)
		a.answer(a.one("UPDATE"), 408, "") // a proxy's
		time.Sleep(6 * time.Second)
		a.answer(a.one("UPDATE"), 200, "", "Session-Expires: 600;refresher=uac")
		time.Sleep(290 * time.Second)
		a.nothing()
		require.NoError(t, h.ended())
	})
}

func TestARefusedRefreshIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 600")
		for range 10 {
			time.Sleep(301 * time.Second)
			a.answer(a.one("INVITE"), 488, "")
			a.one("ACK")
		}
		require.NoError(t, h.ended())
	})
}

func TestRefreshOfACallThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Supported: timer", "Session-Expires: 600", withUpdate)
		time.Sleep(301 * time.Second)
		a.answer(a.one("UPDATE"), 481, "")
		require.ErrorIs(t, h.ended(), ErrTransport)
		a.nothing() // there is nobody to say BYE to
		require.Zero(t, a.s.Stats().Legs)
	})
}

func TestWithoutAgreementSilenceEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{}, h.handle)
		defer a.end()
		a.call("Session-Expires: 90") // of a proxy; the phone knows nothing of it
		time.Sleep(20 * time.Minute)
		for _, m := range a.said() {
			require.NotEqual(t, "BYE", m.Method())
		}
		require.NoError(t, h.ended())
	})
}

func TestSessionTermsAsUAC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := onAir(t, Config{SessionExpires: 100 * time.Second}, nil)
		defer a.end()
		invite, out := a.dial()
		require.Equal(t, "100", invite.Get("Session-Expires"))
		require.Contains(t, invite.Get("Supported"), "timer")
		a.answer(invite, 422, "", "Min-SE: 300")
		sent := a.said()
		require.Len(t, sent, 2)
		require.Equal(t, "ACK", sent[0].Method())
		invite = sent[1]
		require.Equal(t, "300", invite.Get("Session-Expires"))
		require.Equal(t, "300", invite.Get("Min-SE"))
		require.Equal(t, "2 INVITE", invite.Get("CSeq"))
		a.answer(invite, 200, siptest.SDP, "Session-Expires: 300;refresher=uas", "Require: timer", withUpdate)
		a.one("ACK")
		l := (<-out).leg
		time.Sleep(200 * time.Second) // the far end refreshes
		a.callID, a.ours, a.seq = l.callID, l.localTag, 0
		a.nothing()
		time.Sleep(69 * time.Second) // 300 s - 32 s: it should have
		up := a.one("UPDATE")
		require.Equal(t, "300;refresher=uac", up.Get("Session-Expires"))
		a.answer(up, 200, "", "Session-Expires: 300;refresher=uac", "Require: timer")
		time.Sleep(151 * time.Second)
		a.answer(a.one("UPDATE"), 422, "", "Min-SE: 900")
		up = a.one("UPDATE")
		require.Equal(t, "900;refresher=uac", up.Get("Session-Expires"))
		a.answer(up, 200, "", "Session-Expires: 900;refresher=uac", "Require: timer")
		require.NoError(t, l.Context().Err())
	})
}

func TestNoTimersWhenTheyAreOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{SessionExpires: -1}, h.handle)
		defer a.end()
		ok := a.call("Supported: timer", "Session-Expires: 30")
		require.Empty(t, ok.Get("Session-Expires"))
		require.NotContains(t, ok.Get("Supported"), "timer")
		time.Sleep(time.Hour)
		a.nothing()
	})
}

func TestHastyIntervalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := onAir(t, Config{}, nil)
		defer a.end()
		invite, out := a.dial()
		a.answer(invite, 200, siptest.SDP, "Session-Expires: 1;refresher=uac", "Require: timer", withUpdate)
		a.one("ACK")
		<-out
		time.Sleep(14 * time.Second)
		a.nothing()
		time.Sleep(2 * time.Second)
		a.answer(a.one("UPDATE"), 200, "", "Session-Expires: 0")
	})
}

func FuzzSessionExpires(f *testing.F) {
	for _, v := range []string{"1800", "90;refresher=uac", " 90 ; refresher = UAS ;x", "-1", "99999999999", ";", ""} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if strings.ContainsAny(v, "\r\n") {
			return
		}
		req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", Host: "x"})
		req.AppendHeader(sip.NewHeader("Session-Expires", v))
		interval, refresher, ok := sessionExpires(req)
		if ok && interval < 0 {
			t.Fatal("negative")
		}
		if strings.ContainsAny(refresher, " ;") && strings.Contains(refresher, ";") {
			t.Fatal(refresher)
		}
	})
}
