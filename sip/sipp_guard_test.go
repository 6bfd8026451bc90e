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

func TestSippGuard(t *testing.T) {
	sideBySide(t)
	answer := func(ctx context.Context, l *sip.Leg) {
		if l.Answer(ctx, []byte(siptest.SDP)) == nil {
			select {
			case <-l.Context().Done():
			case <-time.After(time.Second): // no sound comes
				l.SetReason("SIP", 408, "No sound came")
			}
		}
	}
	t.Run("not admitted", func(t *testing.T) {
		sideBySide(t)
		s, udp, tcp := hostBoth(t, sip.Config{T1: 20 * time.Millisecond, Admit: func(context.Context) (time.Duration, bool) { return 7 * time.Second, false }}, answer, nil)
		runSIPp(t, "uac_overload.xml", udp, "-m", "20", "-r", "100")
		runSIPp(t, "uac_overload.xml", tcp, "-t", "t1")
		require.Zero(t, s.Stats().Legs)
	})
	t.Run("draining", func(t *testing.T) {
		sideBySide(t)
		s, udp := host(t, sip.Config{T1: 20 * time.Millisecond, RetryAfter: 7 * time.Second}, answer, nil)
		s.SetDraining(true)
		runSIPp(t, "uac_overload.xml", udp)
	})
	t.Run("scanner", func(t *testing.T) {
		sideBySide(t)
		var mu sync.Mutex
		told := map[string]int{}
		s, udp := host(t, sip.Config{Audit: func(e sip.AuditEvent) {
			mu.Lock()
			defer mu.Unlock()
			told[e.Kind] += e.Count
		}}, answer, nil)
		runSIPp(t, "uac_scanner.xml", udp)
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return told[sip.AuditScanner] == 1
		}, siptest.Patience, 10*time.Millisecond, "the first is told at once, the others within a minute")
		require.EqualValues(t, 3, s.Stats().Dropped)
		runSIPp(t, "uac_basic.xml", udp) // who is called on this machine is not shut out
	})
	t.Run("gone without BYE", func(t *testing.T) {
		sideBySide(t)
		s, udp := host(t, sip.Config{T1: 20 * time.Millisecond}, answer, nil)
		runSIPp(t, "uac_vanish.xml", udp, "-m", "50", "-r", "200")
		require.Eventually(t, func() bool {
			st := s.Stats()
			return st.Legs == 0 && st.ServerTransactions == 0 && st.ClientTransactions == 0
		}, 2*siptest.Patience, 10*time.Millisecond)
	})
}
