package media

import (
	"context"
	"net/netip"
	"time"
)

// PacketConn is what a Session sends and receives by: a pair of UDP sockets, or
// something that carries packets as they do. Nothing in it waits. A Session calls it
// from one goroutine at a time; only Close may come from another.
type PacketConn interface {
	// Receive puts RTP packets that have arrived into b, at most len(b.Packets), and
	// returns how many. 0 means that there are none.
	Receive(b *Batch) (int, error)
	// ReceiveControl does so for RTCP.
	ReceiveControl(b *Batch) (int, error)
	// Send sends an RTP packet and does not keep p. A packet that finds no room is lost.
	Send(p []byte, to netip.AddrPort) error
	// SendControl does so for RTCP.
	SendControl(p []byte, to netip.AddrPort) error
	// Close gives the sockets back; the other methods then return net.ErrClosed.
	Close() error
}

// A Readier is a PacketConn that cannot carry packets from the start, because keys
// are agreed on the way. Until it is Ready nothing is sent and what is to be said
// waits, so that the first word is not lost.
type Readier interface{ Ready() bool }

// A Runner is a PacketConn with work of its own beside the clock, as agreeing on
// keys is. The Session runs it; it returns when ctx ends, and an error ends the
// Session.
type Runner interface {
	Run(ctx context.Context) error
}

// A Waiter is a Runner that most calls have no work for: Run need not be called
// before Work has yielded something.
type Waiter interface {
	Work() <-chan struct{}
}

const (
	batchSize = 8    // packets taken at once
	packetMTU = 1500 // longer ones are cut and dropped
)

// Packet is one received datagram.
type Packet struct {
	Data []byte
	From netip.AddrPort
	At   time.Time // of arrival
	buf  [packetMTU]byte
}

// Set copies data into the packet's own memory; what is longer than a packet may
// be is cut.
func (p *Packet) Set(data []byte, from netip.AddrPort, at time.Time) {
	p.Data, p.From, p.At = p.buf[:copy(p.buf[:], data)], from, at
}

// Batch is memory to receive into. It is reused and serves many sessions.
type Batch struct {
	Packets [batchSize]Packet
	sys     batchSys
}
