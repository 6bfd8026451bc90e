package network_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/softphone"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/sip/siptest"
	"hotline/sip/siptest/network"
)

// by is a network in which a number's last two digits name its manner.
func by(t *testing.T) (*network.Network, func(network.Manner) string) {
	t.Helper()
	all := network.Manners()
	n, err := network.Start(network.Config{
		Ring: 50 * time.Millisecond, Longest: 3 * time.Second,
		Manner: func(number string, _ int) network.Manner {
			var i int
			_, err := fmt.Sscanf(number[len(number)-2:], "%d", &i)
			if err != nil || i >= len(all) {
				return ""
			}
			return all[i]
		},
		Say: func(text string) []int16 { return dsp.Sine(8000, -20, 300*time.Millisecond, 300+float64(len(text))) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n, func(m network.Manner) string {
		for i, other := range all {
			if other == m {
				return fmt.Sprintf("+861380000%04d", i)
			}
		}
		t.Fatalf("no manner %q", m)
		return ""
	}
}

func phone(t *testing.T) *softphone.Phone {
	t.Helper()
	p, err := softphone.New(softphone.Config{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, p.Run(ctx)) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-p.Ready()
	return p
}

// Each number does what its manner says, and the network's own record of it is true.
func TestEachManner(t *testing.T) {
	t.Parallel()
	n, number := by(t)
	p := phone(t)
	var wg sync.WaitGroup
	for _, m := range network.Manners() {
		wg.Go(func() {
			var heard int
			_, err := p.Call(t.Context(), softphone.Request{
				URI: "sip:" + number(m) + "@" + n.Addr(), From: "02112345678", Ring: 2 * time.Second,
				Heard: func(f media.Frame) {
					if dsp.LevelDB(f) > -40 {
						heard++
					}
				},
				// The bot: it greets, and answers what is said with as much.
				Talk: func(ctx context.Context, s *media.Session) error {
					for ctx.Err() == nil {
						if err := s.Out().Play(ctx, dsp.Sine(s.Rate(), -20, 800*time.Millisecond, 500)); err != nil {
							return nil //nolint:nilerr // hung up
						}
						time.Sleep(1200 * time.Millisecond)
					}
					return nil
				},
			})
			if !assert.NoError(t, err, m) { //nolint:testifylint // not in the test's goroutine
				return
			}
			switch m {
			case network.Talks, network.Voicemail, network.Fax, network.Screens:
				assert.Positive(t, heard, m)
			default:
			}
		})
	}
	wg.Wait()
	got := map[network.Manner]network.Call{}
	require.Eventually(t, func() bool { now, _ := n.Open(); return now == 0 }, 30*time.Second, 20*time.Millisecond)
	for _, c := range n.Calls() {
		got[c.Manner] = c
	}
	require.Len(t, got, len(network.Manners()))
	status := map[network.Manner]int{
		network.Busy: 486, network.Declines: 603, network.Missing: 404, network.RingsOut: 487,
	}
	for m, c := range got {
		switch {
		case m == network.Announces:
			assert.GreaterOrEqual(t, c.Status, 400, "%+v", c)
			assert.NotEmpty(t, c.Said) // who rings gives up when he has heard enough
			continue
		case status[m] != 0:
			assert.Equal(t, status[m], c.Status, "%+v", c)
			assert.True(t, c.Answered.IsZero(), "%+v", c)
			continue
		}
		assert.Equal(t, 200, c.Status, "%+v", c)
		assert.False(t, c.Answered.IsZero(), "%+v", c)
		assert.False(t, c.Ended.IsZero(), "%+v", c)
		if m != network.HangsUp {
			assert.Positive(t, c.HeardMS, "%+v", c)
		}
	}
	assert.Equal(t, "9", got[network.PressesNo].Keyed)
	assert.NotEmpty(t, got[network.SaysNo].Said)
	_, most := n.Open()
	assert.Greater(t, most, 1)
}

// The same number does the same in each run; the shares are as asked.
func TestMannersAreDrawn(t *testing.T) {
	t.Parallel()
	start := func(seed uint64) *network.Network {
		n, err := network.Start(network.Config{Seed: seed, Mix: map[network.Manner]int{network.Talks: 3, network.Busy: 1}})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, n.Close()) })
		return n
	}
	a, b, other := start(1), start(1), start(2)
	busy, same := 0, 0
	const all = 4000
	for i := range all {
		number := fmt.Sprintf("+86138%08d", i)
		require.Equal(t, a.Manner(number, 1), b.Manner(number, 1))
		if a.Manner(number, 1) == network.Busy {
			busy++
		}
		if a.Manner(number, 1) == other.Manner(number, 1) {
			same++
		}
	}
	assert.InDelta(t, all/4, busy, all/20)
	assert.InDelta(t, all*10/16, same, all/10, "another seed draws anew")
}

// In trouble, calls are refused or not answered at all; what is in progress goes on.
func TestTrouble(t *testing.T) {
	t.Parallel()
	n, number := by(t)
	n.Fail(503)
	p := siptest.New(t, n.Addr())
	c := p.Invite(number(network.Talks), siptest.SDP)
	m := c.Expect("503 INVITE")
	c.AckRefusal()
	assert.Equal(t, 503, m.Status())
	n.Fail(network.Mute)
	p.Invite(number(network.Talks), siptest.SDP)
	p.Quiet("100", 300*time.Millisecond)
	n.Fail(network.Well)
	c = p.Invite(number(network.Busy), siptest.SDP)
	c.Expect("486 INVITE")
	c.AckRefusal()
	calls := n.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, "trouble", calls[0].By)
	assert.Equal(t, network.Busy, calls[1].Manner)
}
