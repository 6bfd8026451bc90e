package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/g711"
	"hotline/sip"
)

const (
	ramp       = 10 * time.Millisecond // between two calls
	loadSlots  = 20                    // the calls are spread over a frame time in so many steps
	packetSize = 12 + 160
)

// load is many calls of which only the packets matter. One goroutine sends and
// receives for all, without a thread woken by a packet, so that the generator costs
// less than what it measures.
type load struct {
	calls     []*loadCall
	late      atomic.Int64      // sends that were more than 5 ms late
	measuring atomic.Bool       // deviations count
	deviation [deviations]int64 // packets by how far from 20 ms they came after the one before; the pump's
}

// Deviations are counted in steps of 50 µs, up to 100 ms.
const (
	deviationStep = 50 * time.Microsecond
	deviations    = 2000
)

// percentile is below what the share q of the deviations lies, ms.
func (l *load) percentile(q float64) float64 {
	var all, sum int64
	for _, n := range l.deviation {
		all += n
	}
	for i, n := range l.deviation {
		if sum += n; all > 0 && float64(sum) >= q*float64(all) {
			return ms(time.Duration(i+1) * deviationStep)
		}
	}
	return 0
}

type loadCall struct {
	socket *media.Socket
	to     netip.AddrPort
	leg    *sip.Leg

	seq     uint16
	ts      uint32
	sent    int64
	got     int64
	highest uint16
	base    int64 // highest sequence number with its cycles
	first   int64
	have    bool
	jitter  float64 // RFC 3550 section 6.4.1, ms
	transit float64
	at      time.Time // of the last packet
}

// take notes a packet (RFC 3550 appendix A), and how far from 20 ms it came after
// the one before.
func (l *load) take(c *loadCall, p []byte, at time.Time) {
	if len(p) < 12 || p[0]>>6 != 2 || p[1]&0x7f > 34 {
		return
	}
	if gap := at.Sub(c.at); l.measuring.Load() && !c.at.IsZero() {
		d := max(gap-media.FrameTime, media.FrameTime-gap)
		l.deviation[min(deviations-1, int(d/deviationStep))]++
	}
	c.at = at
	seq, ts := binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint32(p[4:])
	c.got++
	transit := float64(at.UnixMicro())/1000 - float64(ts)/8
	switch {
	case !c.have:
		c.have, c.highest, c.base, c.first = true, seq, int64(seq), int64(seq)
	default:
		if d := int16(seq - c.highest); d > 0 {
			c.base += int64(d)
			c.highest = seq
		}
		d := transit - c.transit
		if d < 0 {
			d = -d
		}
		if d < 1000 { // not over a wrap of the time stamp
			c.jitter += (d - c.jitter) / 16
		}
	}
	c.transit = transit
}

// pump sends and receives until ctx ends.
func (l *load) pump(ctx context.Context, calls func() []*loadCall) {
	var batch media.Batch
	packet := make([]byte, packetSize)
	packet[0], packet[1] = 0x80, 8
	f := make([]int16, 160)
	for i := range f { // a tone, so that echoes are not silence
		f[i] = int16(4000 * (i%16 - 8) / 8)
	}
	g711.EncodeALaw(packet[12:], f)
	next := time.Now()
	for slot := 0; ctx.Err() == nil; slot = (slot + 1) % loadSlots {
		all := calls()
		for i := slot; i < len(all); i += loadSlots {
			c := all[i]
			for {
				n, err := c.socket.Receive(&batch)
				if err != nil {
					break
				}
				for k := range n {
					l.take(c, batch.Packets[k].Data, batch.Packets[k].At)
				}
				if n < len(batch.Packets) {
					break
				}
			}
			c.seq++
			c.ts += 160
			binary.BigEndian.PutUint16(packet[2:], c.seq)
			binary.BigEndian.PutUint32(packet[4:], c.ts)
			binary.BigEndian.PutUint32(packet[8:], uint32(i)+1)
			if c.socket.Send(packet, c.to) == nil {
				c.sent++
			}
		}
		next = next.Add(media.FrameTime / loadSlots)
		wait := time.Until(next)
		if wait < -5*time.Millisecond {
			l.late.Add(1)
		}
		if wait < -time.Second {
			next = time.Now()
		}
		_ = sleep(ctx, wait)
	}
}

// rate is what load made of a target.
type rate struct {
	cost    float64 // CPU-ms for each second of a call
	memory  float64 // KiB for each call
	others  float64
	lossPct float64
	jitter  Spread
	sends   float64 // ms from 20 that 99 % of the packets keep within
	setup   Spread
	late    int64
	n       int
}

// strain rings n calls by dial and measures a process while they stand.
func (b *Bench) strain(ctx context.Context, pid, n int, dial func(ctx context.Context, i int, s *media.Socket) (netip.AddrPort, *sip.Leg, error)) (r rate, err error) {
	l := &load{}
	ports := media.NewPorts(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 50000, 58999)
	var mu sync.Mutex
	var current atomic.Pointer[[]*loadCall]
	current.Store(&[]*loadCall{})
	pumping, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { l.pump(pumping, func() []*loadCall { return *current.Load() }) })
	defer func() {
		stop()
		wg.Wait()
		err = errors.Join(err, l.hangUp(ctx))
	}()

	empty := stand.Memory(pid)
	var setups []float64
	var dialling sync.WaitGroup
	var failed error
	for i := range n {
		socket, err := ports.Listen()
		if err != nil {
			return r, err
		}
		dialling.Go(func() {
			began := time.Now()
			to, leg, err := dial(ctx, i, socket)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, err, socket.Close())
				return
			}
			setups = append(setups, ms(time.Since(began)))
			l.calls = append(l.calls, &loadCall{socket: socket, to: to, leg: leg})
			list := append([]*loadCall(nil), l.calls...)
			current.Store(&list)
		})
		if err := sleep(ctx, ramp); err != nil {
			break
		}
	}
	dialling.Wait()
	if failed != nil {
		return r, failed
	}
	if err := sleep(ctx, 2*time.Second); err != nil { // let it settle
		return r, err
	}
	pids := b.server.PIDs()
	if pid != b.server.PID() {
		pids = append(pids, pid)
	}
	l.measuring.Store(true)
	before, cpu, began := readUsage(pids...), cpuTime(pid), time.Now()
	if err := sleep(ctx, b.cfg.Hold); err != nil {
		return r, err
	}
	used, took := cpuTime(pid)-cpu, time.Since(began)
	r.others = readUsage(pids...).others(before)
	r.memory = float64(stand.Memory(pid)-empty) / float64(n) / 1024
	stop()
	wg.Wait()
	r.sends = l.percentile(0.99)
	r.n, r.late, r.setup = len(l.calls), l.late.Load(), spread(setups)
	r.cost = ms(used) / took.Seconds() / float64(n)
	var expected, got int64
	var jitters []float64
	for _, c := range l.calls {
		if c.have {
			expected += c.base - c.first + 1
		}
		got += min(c.got, max(0, c.base-c.first+1))
		jitters = append(jitters, c.jitter)
	}
	if expected > 0 {
		r.lossPct = round3(100 * float64(expected-got) / float64(expected))
	}
	r.jitter = spread(jitters)
	if got == 0 {
		return r, errors.New("no packet came back")
	}
	return r, nil
}

func (l *load) hangUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 16)
	var mu sync.Mutex
	var errs error
	for _, c := range l.calls {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			var err error
			if c.leg != nil {
				err = c.leg.Hangup(ctx)
			}
			err = errors.Join(err, c.socket.Close())
			mu.Lock()
			defer mu.Unlock()
			if errs == nil {
				errs = err
			}
		})
	}
	wg.Wait()
	return errs
}
