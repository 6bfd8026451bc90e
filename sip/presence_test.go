package sip

import (
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// askedBy answers what a far end is asked within d, as answer says; nil answers
// nothing. It returns the methods asked, each once, and how long it took until a BYE.
func (a *air) askedBy(d time.Duration, answer func(m *siptest.Message)) (methods []string, bye time.Duration) {
	a.t.Helper()
	begun, last := time.Now(), ""
	for time.Since(begun) < d {
		time.Sleep(time.Second)
		for _, m := range a.said() {
			if m.Status() != 0 {
				continue
			}
			if m.Method() == "BYE" {
				return methods, time.Since(begun)
			}
			if m.Method() != "ACK" && m.Get("CSeq") != last {
				last, methods = m.Get("CSeq"), append(methods, m.Method())
				if answer != nil {
					answer(m)
				}
			}
		}
	}
	return methods, 0
}

// A caller puts the call on hold and vanishes: no sound is due from it, and no BYE
// comes.
func TestWhoVanishesOnHoldIsHungUpOn(t *testing.T) {
	for name, headers := range map[string][]string{
		"without a session timer": nil,
		"with a long one":         {"Supported: timer", "Session-Expires: 1800;refresher=uac", withUpdate},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &answerer{}
				a := onAir(t, Config{CheckCalls: 3 * time.Minute}, h.handle)
				defer a.end()
				a.call(headers...)
				a.ask("INVITE", siptest.SDP+"a=sendonly\r\n")
				a.one("200 INVITE")
				a.ask("ACK", "")
				asked, took := a.askedBy(time.Hour, nil)
				require.Len(t, asked, 3, "%v", asked)
				require.Equal(t, []string{"OPTIONS", "OPTIONS"}, asked[:2])
				require.Greater(t, took, 5*time.Minute, "a network that is away for a minute ends no call")
				require.Less(t, took, 7*time.Minute)
				require.ErrorIs(t, h.ended(), ErrTransport)
			})
		})
	}
}

// Whoever answers anything is there, and so is who does not know its own call in an
// OPTIONS but takes the refresh.
func TestWhoAnswersIsNotHungUpOn(t *testing.T) {
	for name, status := range map[string]int{"OPTIONS": 200, "unknown": 405, "busy": 486, "a call that it does not find": 481, "a proxy's word": 408} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &answerer{}
				a := onAir(t, Config{CheckCalls: 3 * time.Minute}, h.handle)
				defer a.end()
				a.call()
				asked, took := a.askedBy(5*time.Hour, func(m *siptest.Message) {
					if m.Method() == "OPTIONS" {
						a.answer(m, status, "")
					} else {
						a.answer(m, 200, siptest.SDP)
					}
				})
				require.Zero(t, took)
				require.Greater(t, len(asked), 60)
				require.Less(t, len(asked), 240)
				require.NoError(t, h.ended())
			})
		})
	}
}

// A far end that speaks up is not asked.
func TestWhoIsHeardIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &answerer{}
		a := onAir(t, Config{CheckCalls: 3 * time.Minute}, h.handle)
		defer a.end()
		a.call()
		for range 30 {
			asked, _ := a.askedBy(2*time.Minute, nil)
			require.Empty(t, asked)
			a.ask("OPTIONS", "")
			a.said()
		}
		require.NoError(t, h.ended())
	})
}
