package sip

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// callsFrom begins n calls, over UDP and TCP in turn, and counts those that are taken.
func (b *lab) callsFrom(addr string, n int) (taken, refused int) {
	b.t.Helper()
	for i := range n {
		w := &wire{stream: i%2 == 1}
		_ = b.received([]byte(b.ask("INVITE", "8000")), flow{w, netip.MustParseAddrPort(addr)})
		synctest.Wait()
		all := w.all()
		require.NotEmpty(b.t, all)
		last := siptest.Parse([]byte(all[len(all)-1]))
		if last.Status() == 503 {
			require.NotEmpty(b.t, last.Get("Retry-After"))
			refused++
			continue
		}
		taken++
	}
	return taken, refused
}

func TestHalfOpenCallsAreBounded(t *testing.T) {
	ring := func(ctx context.Context, l *Leg) {
		_ = l.Ring(ctx)
		<-l.Context().Done()
	}
	for name, h := range map[string]Handler{"ringing": ring, "not acknowledged": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLab(t, Config{Guard: GuardConfig{
					HalfOpen: 10, HalfOpenAll: 40, Trusted: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
				}}, h, nil)
				taken, refused := b.callsFrom("192.0.2.1:5060", 15)
				require.Equal(t, 10, taken)
				require.Equal(t, 5, refused)
				taken, _ = b.callsFrom("192.0.2.2:5060", 15)
				require.Equal(t, 10, taken)
				taken, _ = b.callsFrom("192.0.2.3:5060", 15)
				require.Zero(t, taken, "strangers may have half of all")
				taken, _ = b.callsFrom("127.0.0.1:5060", 300)
				require.Equal(t, 20, taken, "who is known has the other half")
				taken, _ = b.callsFrom("203.0.113.1:5060", 60)
				require.Equal(t, 60, taken, "who is trusted has no bound")
				require.Len(t, b.allLegs(), 100)
				require.Contains(t, b.kinds(), AuditHalfOpen)
				require.Less(t, len(b.kinds()), 5, "a flood is no flood of events")
				if name == "ringing" {
					for _, l := range b.allLegs() {
						_ = l.Hangup(t.Context())
					}
				}
				time.Sleep(70 * time.Second) // 64 T1, and our BYE is given up
				require.Empty(t, b.allLegs())
				require.Zero(t, b.sentry.halfOpen)
				require.Zero(t, b.sentry.halfStrange)
				taken, _ = b.callsFrom("192.0.2.3:5060", 15)
				require.Equal(t, 10, taken)
			})
		})
	}
}

// Who acknowledges makes room for the next call.
func TestAcknowledgedCallsAreNotHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{Guard: GuardConfig{HalfOpen: 2, HalfOpenAll: 4}}, nil, nil)
		for i := range 20 {
			b.talk(fmt.Sprintf("192.0.2.%d:5060", 1+i%3))
		}
		require.Len(t, b.allLegs(), 20)
		require.Zero(t, b.sentry.halfOpen)
	})
}

// The refusals of a flood are not kept and sent again: nobody acknowledges them.
func TestRefusalsOfAFloodAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{MaxLegs: 1, Guard: GuardConfig{Invites: Rate{5000, 5000}}}, nil, nil)
		for i := range 2000 {
			_, _ = b.callsFrom(fmt.Sprintf("127.0.0.%d:5060", 1+i%10), 1)
		}
		require.LessOrEqual(t, b.Stats().ServerTransactions, declineRate.Burst+1)
	})
}
