package bench

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/g711"
)

const (
	audible = -50.0 // dBov, from which a packet counts as sound; the server's comfort noise is at -75
	voiced  = -45.0 // dBov, from which a packet of the caller counts as voice
)

// heard is one packet of G.711.
type heard struct {
	at time.Time
	db float64
}

// wire is a caller's socket that notes when what was sent and came.
type wire struct {
	media.PacketConn

	mu        sync.Mutex
	sent, got []heard
	frame     [media.MaxPacket * 160]int16
}

func newWire(c media.PacketConn) *wire {
	return &wire{PacketConn: c, sent: make([]heard, 0, 4096), got: make([]heard, 0, 4096)}
}

// Receive implements media.PacketConn. The time is the kernel's.
func (w *wire) Receive(b *media.Batch) (int, error) {
	n, err := w.PacketConn.Receive(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range n {
		if db, ok := w.level(b.Packets[i].Data); ok {
			w.got = append(w.got, heard{b.Packets[i].At, db})
		}
	}
	return n, err
}

// Send implements media.PacketConn.
func (w *wire) Send(p []byte, to netip.AddrPort) error {
	w.mu.Lock()
	db, ok := w.level(p)
	w.mu.Unlock()
	at := time.Now()
	err := w.PacketConn.Send(p, to)
	if ok {
		w.mu.Lock()
		w.sent = append(w.sent, heard{at, db})
		w.mu.Unlock()
	}
	return err
}

// level is that of an RTP packet's sound; false for keys and what is no sound. It
// needs w.mu.
func (w *wire) level(p []byte) (float64, bool) {
	const header = 12
	if len(p) <= header || p[0] != 0x80 || len(p)-header > len(w.frame) {
		return 0, false
	}
	x := w.frame[:len(p)-header]
	switch p[1] & 0x7f {
	case 0:
		g711.DecodeULaw(x, p[header:])
	case 8:
		g711.DecodeALaw(x, p[header:])
	default:
		return 0, false
	}
	return dsp.LevelDB(x), true
}

// lastVoiced is when the caller's last voiced packet went out, after since.
func (w *wire) lastVoiced(since time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range slices.Backward(w.sent) {
		if h.db > voiced || h.at.Before(since) {
			return h.at
		}
	}
	return time.Time{}
}

// firstVoiced is when the first voiced packet went out after since.
func (w *wire) firstVoiced(since time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range after(w.sent, since) {
		if h.db > voiced {
			return h.at, true
		}
	}
	return time.Time{}, false
}

// firstAudible is when the first packet with sound came after since.
func (w *wire) firstAudible(since time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range after(w.got, since) {
		if h.db > audible {
			return h.at, true
		}
	}
	return time.Time{}, false
}

// quietFor is for how long no sound has come.
func (w *wire) quietFor(since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := since
	for _, h := range slices.Backward(after(w.got, since)) {
		if h.db > audible {
			last = h.at
			break
		}
	}
	return time.Since(last)
}

// came are the packets received after since.
func (w *wire) came(since time.Time) []heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(after(w.got, since))
}

// after is the part of list that is later than since; the kernel's times and ours
// are in order.
func after(list []heard, since time.Time) []heard {
	i, _ := slices.BinarySearchFunc(list, since, func(h heard, t time.Time) int { return h.at.Compare(t) })
	return list[i:]
}

// step is how often waits look.
const step = 10 * time.Millisecond

// awaitAudible waits for sound after since; false when it did not come in limit.
func (w *wire) awaitAudible(ctx context.Context, since time.Time, limit time.Duration) bool {
	return poll(ctx, limit, func() bool { _, ok := w.firstAudible(since); return ok })
}

// awaitQuiet waits until the far end has been silent for d.
func (w *wire) awaitQuiet(ctx context.Context, since time.Time, d, limit time.Duration) bool {
	return poll(ctx, limit, func() bool { return w.quietFor(since) >= d })
}

func poll(ctx context.Context, limit time.Duration, done func() bool) bool {
	end := time.Now().Add(limit)
	for !done() {
		if time.Now().After(end) || sleep(ctx, step) != nil {
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
