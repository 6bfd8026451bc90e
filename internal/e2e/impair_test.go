package e2e_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"hotline/media"
)

// faults is what a network does to the packets of a call, in both directions.
type faults struct {
	loss    float64       // share
	reorder float64       // share that is held back by 30 ms more
	jitter  time.Duration // each is delayed by up to so much
}

// badLine is what the soak rings over.
var badLine = faults{loss: 0.05, reorder: 0.03, jitter: 50 * time.Millisecond}

// wire is the socket of a caller with a network in between. It also counts what the
// server has sent, before anything was lost.
type wire struct {
	media.PacketConn
	faults

	mu      sync.Mutex // guards the rest
	rng     *rand.Rand
	queue   []delayed // on their way to the caller, by time
	ssrc    [4]byte
	last    uint16
	sent    int // by the server
	missing int // in the server's numbering
}

type delayed struct {
	data []byte
	from netip.AddrPort
	at   time.Time
}

func (f faults) over(c media.PacketConn, seed uint64) *wire {
	return &wire{PacketConn: c, faults: f, rng: rand.New(rand.NewPCG(seed, 2))}
}

// delay is for how long a packet is under way; false: for ever.
func (w *wire) delay() (time.Duration, bool) {
	if w.rng.Float64() < w.loss {
		return 0, false
	}
	var d time.Duration
	if w.jitter > 0 {
		d = time.Duration(w.rng.Int64N(int64(w.jitter)))
	}
	if w.rng.Float64() < w.reorder {
		d += 30 * time.Millisecond
	}
	return d, true
}

// Receive takes what has arrived, delays it, and gives what was delayed long enough.
func (w *wire) Receive(b *media.Batch) (int, error) {
	n, err := w.PacketConn.Receive(b)
	if err != nil {
		return n, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range n {
		p := &b.Packets[i]
		w.count(p.Data)
		if d, ok := w.delay(); ok {
			a := delayed{bytes.Clone(p.Data), p.From, p.At.Add(d)}
			k, _ := slices.BinarySearchFunc(w.queue, a, func(x, y delayed) int { return x.at.Compare(y.at) })
			w.queue = slices.Insert(w.queue, k, a)
		}
	}
	now, k := time.Now(), 0
	for k < len(b.Packets) && k < len(w.queue) && !w.queue[k].at.After(now) {
		b.Packets[k].Set(w.queue[k].data, w.queue[k].from, w.queue[k].at)
		k++
	}
	w.queue = slices.Delete(w.queue, 0, k)
	return k, nil
}

// count follows the numbering of the server's packets (RFC 3550 section 5.1).
func (w *wire) count(p []byte) {
	if len(p) < 12 {
		return
	}
	seq, ssrc := uint16(p[2])<<8|uint16(p[3]), [4]byte(p[8:12])
	if w.sent > 0 && ssrc == w.ssrc {
		if step := int16(seq - w.last); step > 1 {
			w.missing += int(step) - 1
		}
	}
	w.sent++
	w.ssrc, w.last = ssrc, seq
}

// Send passes a packet on later, or never.
func (w *wire) Send(p []byte, to netip.AddrPort) error {
	w.mu.Lock()
	d, ok := w.delay()
	w.mu.Unlock()
	if ok {
		p = bytes.Clone(p)
		// Of a socket that is closed by then it is lost, as on any network.
		time.AfterFunc(d, func() { _ = w.PacketConn.Send(p, to) })
	}
	return nil
}

// told is how many packets the server sent and how many of them it seems to have
// left out.
func (w *wire) told() (sent, missing int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent, w.missing
}
