// Package mediatest has what tests of telephone audio need: packets in memory with
// the faults of a network, and ears.
//
// # Concepts
//
// [Pipe] joins two sessions without sockets; an [Impairment] loses, delays, reorders
// and repeats what passes. [Strongest], [Purity] and [Gaps] say what is heard, so
// that a test can assert on the sound itself.
//
// # Concurrency
//
// Nothing here starts a goroutine. A Conn may be used by its session and the test at
// once. Delays use package time, so that they work inside testing/synctest.
package mediatest

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"hotline/media"
)

// Impairment is what a network does to packets. Shares are 0 to 1.
type Impairment struct {
	Loss      float64
	Duplicate float64
	Reorder   float64       // share of packets that are held back by ReorderBy
	ReorderBy time.Duration // 0 means 25 ms
	Delay     time.Duration
	Jitter    time.Duration // each packet is delayed by up to so much more; they may overtake one another
	Seed      uint64
}

// Conn is one end of a Pipe.
type Conn struct {
	addr netip.AddrPort
	peer *Conn

	mu       sync.Mutex
	impaired Impairment // of what arrives here
	rng      *rand.Rand
	queue    [2][]arrival // RTP and RTCP
	sent     int
	closed   bool
	tap      [2]func(p []byte, to netip.AddrPort)
}

type arrival struct {
	at   time.Time
	from netip.AddrPort
	data []byte
}

// Pipe returns two ends whose packets come out at the other end.
func Pipe() (a, b *Conn) {
	a = &Conn{addr: netip.MustParseAddrPort("192.0.2.1:4000")}
	b = &Conn{addr: netip.MustParseAddrPort("192.0.2.2:4000")}
	a.peer, b.peer = b, a
	return a, b
}

// Addr is the end's address.
func (c *Conn) Addr() netip.AddrPort { return c.addr }

// Impair sets what happens to the packets that come to this end from now on.
func (c *Conn) Impair(i Impairment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i.ReorderBy == 0 {
		i.ReorderBy = 25 * time.Millisecond
	}
	c.impaired, c.rng = i, rand.New(rand.NewPCG(i.Seed, 1))
}

// Tap calls f for each RTP packet that this end sends, with what it was sent to.
func (c *Conn) Tap(f func(p []byte, to netip.AddrPort)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap[0] = f
}

// TapControl does so for RTCP.
func (c *Conn) TapControl(f func(p []byte, to netip.AddrPort)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap[1] = f
}

// Inject has a packet arrive now, from any address.
func (c *Conn) Inject(p []byte, from netip.AddrPort) { c.arrive(0, p, from) }

// InjectControl does so for RTCP.
func (c *Conn) InjectControl(p []byte, from netip.AddrPort) { c.arrive(1, p, from) }

// Sent is how many RTP packets this end has sent.
func (c *Conn) Sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// Closed tells whether the session has closed this end.
func (c *Conn) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *Conn) arrive(side int, p []byte, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	at, times := time.Now(), 1
	if i := c.impaired; c.rng != nil && side == 0 {
		if c.rng.Float64() < i.Loss {
			return
		}
		if c.rng.Float64() < i.Duplicate {
			times = 2
		}
		at = at.Add(i.Delay)
		if i.Jitter > 0 {
			at = at.Add(time.Duration(c.rng.Int64N(int64(i.Jitter))))
		}
		if c.rng.Float64() < i.Reorder {
			at = at.Add(i.ReorderBy)
		}
	}
	for range times {
		a := arrival{at, from, slices.Clone(p)}
		k := len(c.queue[side])
		for k > 0 && c.queue[side][k-1].at.After(at) {
			k--
		}
		c.queue[side] = slices.Insert(c.queue[side], k, a)
	}
}

// Receive takes RTP packets whose time has come.
func (c *Conn) Receive(b *media.Batch) (int, error) { return c.receive(0, b) }

// ReceiveControl takes RTCP packets.
func (c *Conn) ReceiveControl(b *media.Batch) (int, error) { return c.receive(1, b) }

func (c *Conn) receive(side int, b *media.Batch) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	now := time.Now()
	for n < len(b.Packets) && n < len(c.queue[side]) && !c.queue[side][n].at.After(now) {
		a := c.queue[side][n]
		b.Packets[n].Set(a.data, a.from, a.at)
		n++
	}
	c.queue[side] = slices.Delete(c.queue[side], 0, n)
	return n, nil
}

// Send sends an RTP packet to the other end, whatever the address.
func (c *Conn) Send(p []byte, to netip.AddrPort) error { return c.send(0, p, to) }

// SendControl sends an RTCP packet.
func (c *Conn) SendControl(p []byte, to netip.AddrPort) error { return c.send(1, p, to) }

func (c *Conn) send(side int, p []byte, to netip.AddrPort) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	tap := c.tap[side]
	if side == 0 {
		c.sent++
	}
	c.mu.Unlock()
	if tap != nil {
		tap(p, to)
	}
	c.peer.arrive(side, p, c.addr)
	return nil
}

// Close ends this end; packets to it are lost.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.queue = [2][]arrival{}
	return nil
}
