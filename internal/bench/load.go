package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/g711"
	"hotline/media/sdp"
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
	calls []*loadCall
	late  atomic.Int64 // sends that were more than 5 ms late
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
}

// take notes a packet (RFC 3550 appendix A).
func (c *loadCall) take(p []byte, at time.Time) {
	if len(p) < 12 || p[0]>>6 != 2 || p[1]&0x7f > 34 {
		return
	}
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
					c.take(batch.Packets[k].Data, batch.Packets[k].At)
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
	before, cpu, began := readUsage(pids...), cpuTime(pid), time.Now()
	if err := sleep(ctx, b.cfg.Hold); err != nil {
		return r, err
	}
	used, took := cpuTime(pid)-cpu, time.Since(began)
	r.others = readUsage(pids...).others(before)
	r.memory = float64(stand.Memory(pid)-empty) / float64(n) / 1024
	stop()
	wg.Wait()
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

// media measures what calls cost without speech, and the floor for it: a loop that
// only echoes packets.
func (b *Bench) media(ctx context.Context) error {
	agent, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}, UserAgent: "hotline-bench"}, nil, nil, b.cfg.Log)
	if err != nil {
		return err
	}
	signalling, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- agent.Run(signalling) }()
	defer func() {
		stop()
		<-done
	}()
	select {
	case <-agent.Ready():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	floors := map[int]float64{}
	for _, n := range b.cfg.Load {
		if floors[n], err = b.floor(ctx, n); err != nil {
			return err
		}
	}
	for _, target := range []struct{ number, name string }{{"9196", "echo"}, {"9198", "playback"}} {
		for _, n := range b.cfg.Load {
			r, err := b.strain(ctx, b.server.PID(), n, func(ctx context.Context, i int, s *media.Socket) (netip.AddrPort, *sip.Leg, error) {
				return ring(ctx, agent, b.uri(target.number), i, s)
			})
			if err != nil {
				return fmt.Errorf("%d %s calls: %w", n, target.name, err)
			}
			l := Line{Bench: "media", Calls: n, N: r.n, Others: r.others, More: map[string]any{
				"line": target.name, "cpu_ms_per_call_second": round3(r.cost), "floor": round3(floors[n]), "over_floor": round3(r.cost / floors[n]),
				"kib_per_call": round1(r.memory), "loss_pct": r.lossPct, "jitter_ms": r.jitter, "setup_ms": r.setup, "generator_late": r.late,
			}}
			if err := b.print(l); err != nil {
				return err
			}
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

// ring sets one call up.
func ring(ctx context.Context, agent *sip.Server, uri string, i int, s *media.Socket) (netip.AddrPort, *sip.Leg, error) {
	local := sdp.Local{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Port: int(s.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMA}, SessionID: uint64(i) + 1}
	leg, err := agent.Dial(ctx, sip.DialRequest{To: uri, From: "load" + strconv.Itoa(i), Offer: sdp.Offer(local), Timeout: 10 * time.Second}, nil)
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	m, err := sdp.Accept(local, leg.Offer())
	if err != nil {
		return netip.AddrPort{}, nil, errors.Join(err, leg.Hangup(ctx))
	}
	return m.Remote, leg, nil
}

// floor measures the echo of packets in a process that does nothing else.
func (b *Bench) floor(ctx context.Context, n int) (float64, error) {
	if len(b.cfg.Floor) == 0 {
		return 0, errors.New("there is no command for the floor")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.cfg.Floor[0], append(b.cfg.Floor[1:], strconv.Itoa(n))...) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the floor: %w", err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}()
	buf := make([]byte, 8*n+64)
	read := 0
	for read < len(buf) && !strings.HasSuffix(string(buf[:read]), "\n") {
		k, err := out.Read(buf[read:])
		read += k
		if err != nil {
			return 0, fmt.Errorf("starting the floor: %w", err)
		}
	}
	ports := strings.Fields(string(buf[:read]))
	if len(ports) != n {
		return 0, fmt.Errorf("the floor has %d ports of %d", len(ports), n)
	}
	r, err := b.strain(ctx, cmd.Process.Pid, n, func(_ context.Context, i int, _ *media.Socket) (netip.AddrPort, *sip.Leg, error) {
		port, err := strconv.ParseUint(ports[i], 10, 16)
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), nil, err
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the floor: %w", err)
	}
	return r.cost, b.print(Line{Bench: "media", Calls: n, N: r.n, Others: r.others, More: map[string]any{
		"line": "floor", "cpu_ms_per_call_second": round3(r.cost), "loss_pct": r.lossPct, "jitter_ms": r.jitter, "generator_late": r.late,
	}})
}

// Echo is the floor: n sockets of which each sends back what it receives, in the way
// of Go, a goroutine each. It writes their ports in one line and runs until ctx ends.
func Echo(ctx context.Context, n int, ready func(ports string)) error {
	var list []string
	var wg sync.WaitGroup
	defer wg.Wait()
	for range n {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { _ = c.Close() })
		defer stop()
		list = append(list, strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port))
		wg.Go(func() {
			buf := make([]byte, 1500)
			for {
				k, from, err := c.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				if _, err := c.WriteToUDPAddrPort(buf[:k], from); err != nil {
					return
				}
			}
		})
	}
	ready(strings.Join(list, " "))
	<-ctx.Done()
	return nil
}
