package call_test

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/sip"
	"hotline/sip/siptest"
)

// exchangeOffice is signalling, calls and sound on real sockets, answering with an
// echo.
type exchangeOffice struct {
	sip     *sip.Server
	manager *call.Manager
	ports   *media.Ports
	addr    string
	log     testdata.Log
}

func newExchangeOffice(t *testing.T, silence time.Duration) *exchangeOffice {
	t.Helper()
	o := &exchangeOffice{ports: media.NewPorts(netip.MustParseAddr("127.0.0.1"), 0, 0)}
	log := slog.New(slog.NewTextHandler(&o.log, nil))
	clock := &media.Clock{}
	o.manager = call.NewManager(call.Services{
		Audio: &call.Audio{Clock: clock, Silence: silence, Log: log, Listen: func(netip.Addr) (call.Socket, error) {
			s, err := o.ports.Listen()
			if err != nil {
				return nil, err
			}
			return s, nil
		}},
		Journal: &journal{}, Bus: &event.Bus{}, Log: log,
	}, func(string) call.Route { return call.Route{App: call.Echo} }, 10)
	var err error
	o.sip, err = sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}, T1: 10 * time.Millisecond}, func(ctx context.Context, l *sip.Leg) {
		o.manager.Serve(ctx, call.Arrival{Leg: l, Called: l.Called(), Reached: l.LocalIP(), OnUpdate: l.OnUpdate, OnKey: l.OnKey})
	}, nil, log)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, clock.Run(ctx)) })
	wg.Go(func() { assert.NoError(t, o.sip.Run(ctx)) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-o.sip.Ready()
	o.addr = o.sip.Addrs()[0].String()
	return o
}

// A telephone that is gone without a word, whenever that is, leaves nothing behind:
// no port, no call, no leg, no transaction.
func TestVanishing(t *testing.T) {
	for name, play := range map[string]func(p *siptest.Phone, c *siptest.Call){
		"before the answer arrives":     func(p *siptest.Phone, _ *siptest.Call) { p.Next() },
		"before it has acknowledged":    func(_ *siptest.Phone, c *siptest.Call) { c.Expect("200 INVITE") },
		"in the call":                   func(_ *siptest.Phone, c *siptest.Call) { c.Answered() },
		"after it cancelled":            func(p *siptest.Phone, c *siptest.Call) { c.Cancel(); p.Expect("200 CANCEL") },
		"after a BYE that nobody heard": func(_ *siptest.Phone, c *siptest.Call) { c.Answered(); c.Request("BYE", "") },
		"in a change of the call": func(p *siptest.Phone, c *siptest.Call) {
			c.Answered()
			c.Request("INVITE", siptest.SDP)
			p.Expect("200 INVITE")
		},
		"after a change of the call": func(p *siptest.Phone, c *siptest.Call) {
			c.Answered()
			c.Request("INVITE", siptest.SDP)
			p.Expect("200 INVITE")
			c.Ack("")
		},
		"after its offer came with the ACK": func(p *siptest.Phone, c *siptest.Call) {
			c.Answered()
			c.Request("INVITE", "")
			p.Expect("200 INVITE")
			c.Ack(siptest.SDP)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newExchangeOffice(t, 400*time.Millisecond)
			for range 3 {
				p := siptest.New(t, o.addr)
				play(p, p.Invite("9196", siptest.SDP))
				p.Close()
			}
			_, was, _ := o.manager.Counts()
			require.Eventually(t, func() bool {
				live, total, _ := o.manager.Counts()
				st := o.sip.Stats()
				return total >= was && live == 0 && o.ports.InUse() == 0 && st.Legs == 0 && st.ServerTransactions == 0 && st.ClientTransactions == 0
			}, siptest.Patience, 10*time.Millisecond, "something stays: %d ports, %+v", o.ports.InUse(), o.sip.Stats())
		})
	}
}
