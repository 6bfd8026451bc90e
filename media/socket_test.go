package media_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/sdp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// freeRange is the first of a run of free ports, as far as one can know.
func freeRange(t *testing.T) int {
	t.Helper()
	s, err := media.NewPorts(loopback, 0, 0).Listen()
	require.NoError(t, err)
	defer s.Close()
	return int(s.Addr().Port())
}

func TestPorts(t *testing.T) {
	low := freeRange(t)
	p := media.NewPorts(loopback, low, low+7)
	var all []*media.Socket
	for {
		s, err := p.Listen()
		if err != nil {
			require.ErrorIs(t, err, media.ErrNoPort)
			break
		}
		assert.Zero(t, s.Addr().Port()%2)
		all = append(all, s)
	}
	require.NotEmpty(t, all)
	require.LessOrEqual(t, len(all), 4)
	assert.Equal(t, len(all), p.InUse())
	require.NoError(t, all[0].Close())
	require.NoError(t, all[0].Close())
	assert.Equal(t, len(all)-1, p.InUse())
	again, err := p.Listen()
	require.NoError(t, err)
	assert.Equal(t, all[0].Addr(), again.Addr())
	for _, s := range append(all, again) {
		require.NoError(t, s.Close())
	}
	assert.Zero(t, p.InUse())
}

// A pair is used again by a later call, but not at once, and not one that somebody still
// sends to; in the end it is closed.
func TestPortsRest(t *testing.T) {
	low := freeRange(t)
	p := media.NewPorts(loopback, low, low+39)
	var passed atomic.Int64
	start := time.Now()
	p.SetNow(func() time.Time { return start.Add(time.Duration(passed.Load())) })
	sender, err := media.NewPorts(loopback, 0, 0).Listen()
	require.NoError(t, err)
	defer sender.Close()

	quiet, err := p.Listen()
	require.NoError(t, err)
	loud, err := p.Listen()
	require.NoError(t, err)
	require.NoError(t, loud.Close())
	require.NoError(t, quiet.Close())
	assert.Zero(t, p.InUse())
	other, err := p.Listen()
	require.NoError(t, err)
	assert.NotContains(t, []netip.AddrPort{quiet.Addr(), loud.Addr()}, other.Addr(), "they rest")
	require.NoError(t, sender.Send([]byte{1}, loud.Addr()))

	var batch media.Batch
	passed.Store(int64(300 * time.Millisecond))
	again, err := p.Listen()
	require.NoError(t, err)
	assert.NotEqual(t, loud.Addr(), again.Addr())
	_, err = quiet.Receive(&batch)
	require.ErrorIs(t, err, net.ErrClosed, "who has closed it has done with it")
	require.NoError(t, sender.Send([]byte{2}, again.Addr()))
	require.Eventually(t, func() bool {
		n, err := again.Receive(&batch)
		return err == nil && n == 1
	}, 10*time.Second, time.Millisecond)
	assert.Equal(t, []byte{2}, batch.Packets[0].Data)
	assert.Equal(t, 2, p.InUse())
	require.NoError(t, again.Close())
	require.NoError(t, other.Close())
	passed.Store(int64(time.Minute))
	for _, port := range []uint16{again.Addr().Port(), other.Addr().Port(), loud.Addr().Port()} {
		require.Eventually(t, func() bool {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
			return err == nil && c.Close() == nil
		}, 10*time.Second, 10*time.Millisecond, "port %d is still held", port)
	}
	assert.Zero(t, p.InUse())
}

// A port that another program holds is passed over.
func TestPortTaken(t *testing.T) {
	low := freeRange(t)
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: low + 1})
	if err != nil {
		t.Skip("the port has been taken meanwhile")
	}
	defer other.Close()
	p := media.NewPorts(loopback, low, low+3)
	s, err := p.Listen()
	require.NoError(t, err)
	assert.EqualValues(t, low+2, s.Addr().Port())
	require.NoError(t, s.Close())
}

func TestSocket(t *testing.T) {
	for _, bind := range []string{"127.0.0.1", "::1"} {
		p := media.NewPorts(netip.MustParseAddr(bind), 0, 0)
		a, err := p.Listen()
		if err != nil {
			t.Logf("no %s here: %v", bind, err)
			continue
		}
		b, err := p.Listen()
		require.NoError(t, err)
		var batch media.Batch
		n, err := b.Receive(&batch)
		require.NoError(t, err)
		assert.Zero(t, n)
		for i := range 20 {
			require.NoError(t, a.Send([]byte{1, byte(i)}, b.Addr()))
		}
		require.NoError(t, a.SendControl([]byte{2}, netip.AddrPortFrom(b.Addr().Addr(), b.Addr().Port()+1)))
		require.NoError(t, a.Send(make([]byte, 3000), b.Addr()))
		got := 0
		for range 3 {
			n, err = b.Receive(&batch)
			require.NoError(t, err)
			for i := range n {
				if got < 20 {
					assert.Equal(t, []byte{1, byte(got)}, batch.Packets[i].Data)
				} else {
					assert.Empty(t, batch.Packets[i].Data, "what is longer than a packet is dropped")
				}
				assert.Equal(t, a.Addr(), batch.Packets[i].From)
				assert.Less(t, time.Since(batch.Packets[i].At), time.Minute)
				got++
			}
		}
		assert.Equal(t, 21, got)
		n, err = b.ReceiveControl(&batch)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
		_, err = a.Receive(&batch)
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, a.Send([]byte{1}, b.Addr()), net.ErrClosed)
	}
}

// Fifty calls come and go on one clock: nothing is left.
func TestManyCalls(t *testing.T) {
	p := media.NewPorts(loopback, 0, 0)
	clock := &media.Clock{}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = clock.Run(ctx) })
	for range 3 {
		calls, hangup := context.WithCancel(ctx)
		var running sync.WaitGroup
		var all []*media.Session
		for range 50 {
			a, err := p.Listen()
			require.NoError(t, err)
			s := media.NewSession(media.SessionConfig{Conn: a, Clock: clock, Media: sdp.Media{Codec: sdp.PCMU, Remote: a.Addr()}})
			all = append(all, s)
			running.Go(func() { assert.NoError(t, s.Run(calls)) })
		}
		for _, s := range all {
			s.In()
		}
		for _, s := range all { // each hears itself
			mediaFrames(t, s, 10)
		}
		assert.Equal(t, 50, clock.Sessions())
		hangup()
		running.Wait()
		assert.Zero(t, clock.Sessions())
		assert.Zero(t, p.InUse())
	}
	cancel()
	wg.Wait()
}

func mediaFrames(t *testing.T, s *media.Session, n int) {
	t.Helper()
	in := s.In()
	f := make(media.Frame, in.Rate()/50)
	for range n {
		require.NoError(t, in.ReadFrame(f))
	}
}

// Sessions on a shared clock have the same 20 ms.
func TestSharedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &media.Clock{Workers: 2}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = clock.Run(ctx) })
		var all []*party
		for range 60 {
			a, b := pair(t, func(c *media.SessionConfig) { c.Clock = clock })
			all = append(all, a, b)
		}
		before := make([]time.Duration, len(all))
		for i, p := range all {
			before[i] = p.Elapsed()
		}
		time.Sleep(10 * time.Second)
		for i, p := range all {
			assert.InDelta(t, 10, (p.Elapsed() - before[i]).Seconds(), 0.021)
		}
		for _, p := range all {
			p.stop()
			<-p.Done()
		}
		cancel()
		wg.Wait()
	})
}
