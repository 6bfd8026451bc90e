package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/sdp"
	"hotline/sip"
)

// Marks of the cost of media: times the ticker floor, and of many calls on one core
// the share of packets lost and how regularly they are sent.
const (
	echoMark     = 1.3
	playbackMark = 1.5
	sendsMark    = 5.0 // ms, p99
	oneCoreCalls = 1000
)

// media measures what calls cost without speech beside floors: programs that do no
// more than move the packets.
func (b *Bench) media(ctx context.Context) error {
	agent, stop, err := b.agent(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := settle(ctx, b.server); err != nil {
		return err
	}
	for _, n := range b.cfg.Load {
		floors := map[string]float64{}
		for _, f := range b.floors() {
			if floors[f.name], err = b.floor(ctx, f, n); err != nil {
				return err
			}
		}
		for _, t := range []target{{"9196", "echo", echoMark}, {"9198", "playback", playbackMark}} {
			if err := b.cost(ctx, agent, b.server, t, n, floors); err != nil {
				return err
			}
		}
	}
	return b.oneCore(ctx, agent)
}

type target struct {
	number, name string
	mark         float64 // of the ticker floor
}

// agent is what dials for the load.
func (b *Bench) agent(ctx context.Context) (agent *sip.Server, stop func(), err error) {
	agent, err = sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}, UserAgent: "hotline-bench"}, nil, nil, b.cfg.Log)
	if err != nil {
		return nil, nil, err
	}
	signalling, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- agent.Run(signalling) }()
	stop = func() {
		cancel()
		<-done
	}
	select {
	case <-agent.Ready():
		return agent, stop, nil
	case <-ctx.Done():
		stop()
		return nil, nil, context.Cause(ctx)
	}
}

// cost measures n calls to a test line.
func (b *Bench) cost(ctx context.Context, agent *sip.Server, server *stand.Stand, t target, n int, floors map[string]float64) error {
	r, err := b.strain(ctx, server.PID(), n, func(ctx context.Context, i int, s *media.Socket) (netip.AddrPort, *sip.Leg, error) {
		return ring(ctx, agent, server.URI(t.number), i, s)
	})
	if err != nil {
		return fmt.Errorf("%d %s calls: %w", n, t.name, err)
	}
	l := r.line(t.name, n)
	l.More["kib_per_call"], l.More["setup_ms"] = round1(r.memory), r.setup
	for name, floor := range floors {
		l.More["over_"+name] = round3(r.cost / floor)
	}
	if n >= oneCoreCalls/4 { // a few calls cost what wake-ups cost
		l.Marks = map[string]float64{"over_ticker": t.mark}
		l.judge(map[string]float64{"over_ticker": r.cost / floors["ticker"]})
	}
	if err := b.print(l); err != nil {
		return err
	}
	return sleep(ctx, time.Second)
}

func (r *rate) line(name string, n int) Line {
	return Line{Bench: "media", Calls: n, N: r.n, Others: r.others, More: map[string]any{
		"line": name, "cpu_ms_per_call_second": round3(r.cost), "loss_pct": r.lossPct, "jitter_ms": r.jitter,
		"send_p99_ms": round3(r.sends), "generator_late": r.late,
	}}
}

// oneCore measures many playback calls of a server that has one core.
func (b *Bench) oneCore(ctx context.Context, agent *sip.Server) (err error) {
	n := oneCoreCalls
	if b.cfg.Quick {
		n = slices.Max(b.cfg.Load)
	}
	one, stop, err := b.fresh(ctx, "GOMAXPROCS=1", "HOTLINE_OVERLOAD_CPU=100") // it is to be loaded
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := pin(one.PID()); err != nil {
		return fmt.Errorf("keeping the server to one core: %w", err)
	}
	if err := settle(ctx, one); err != nil {
		return err
	}
	r, err := b.strain(ctx, one.PID(), n, func(ctx context.Context, i int, s *media.Socket) (netip.AddrPort, *sip.Leg, error) {
		return ring(ctx, agent, one.URI("9198"), i, s)
	})
	if err != nil {
		return fmt.Errorf("%d calls on one core: %w", n, err)
	}
	l := r.line("playback on one core", n)
	l.Marks = map[string]float64{"loss_pct": 0, "send_p99_ms": sendsMark}
	l.judge(map[string]float64{"loss_pct": r.lossPct, "send_p99_ms": r.sends})
	return b.print(l)
}

// fresh starts another server, for what the calls before would change: memory that
// was used once is used again.
func (b *Bench) fresh(ctx context.Context, env ...string) (_ *stand.Stand, stop func() error, err error) {
	data, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return nil, nil, err
	}
	s, err := stand.Start(ctx, stand.Config{
		Binary: b.cfg.Binary, Business: []string{b.cfg.Business}, Data: data, Ports: rtpPorts, Env: append(env, b.cfg.Settings...),
	})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(data))
	}
	return s, func() error { return errors.Join(s.Stop(), os.RemoveAll(data)) }, nil
}

// pin keeps a process's threads, and those that they will start, to one core.
func pin(pid int) error {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return err
	}
	var have, one unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &have); err != nil {
		return err
	}
	for i := range len(have) * 64 {
		if have.IsSet(i) {
			one.Set(i)
			break
		}
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &one); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
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

// A floorProgram moves packets and does nothing else.
type floorProgram struct {
	name    string
	command func(ctx context.Context, n int) (*exec.Cmd, error)
	ports   func(n int) []string // nil: it prints them
}

// floors are ours, and, where the project's measuring kit and a C compiler are, the
// echo in C.
func (b *Bench) floors() []floorProgram {
	own := func(mode string) floorProgram {
		return floorProgram{name: mode, command: func(ctx context.Context, n int) (*exec.Cmd, error) {
			if len(b.cfg.Floor) == 0 {
				return nil, errors.New("there is no command for the floor")
			}
			return exec.CommandContext(ctx, b.cfg.Floor[0], append(b.cfg.Floor[1:], mode, strconv.Itoa(n))...), nil //nolint:gosec // ourselves
		}}
	}
	list := []floorProgram{own("ticker"), own("echo")}
	source := filepath.Join(os.Getenv("HOTLINE_SHARED"), "floor", "echo.c")
	compiler, err := exec.LookPath("cc")
	if _, missing := os.Stat(source); err != nil || missing != nil { //nolint:gosec // who starts the bench says where the kit is
		b.cfg.Log.Info("no floor in C: it needs cc, and HOTLINE_SHARED that names the measuring kit")
		return list
	}
	const base = 61000 // above the ports that the kernel gives away
	return append(list, floorProgram{
		name: "c_echo",
		command: func(ctx context.Context, n int) (*exec.Cmd, error) {
			program := filepath.Join(b.server.Data, "c_echo")
			out, err := exec.CommandContext(ctx, compiler, "-O2", "-o", program, source).CombinedOutput() //nolint:gosec // found by LookPath
			if err != nil {
				return nil, fmt.Errorf("building %s: %w: %s", source, err, out)
			}
			return exec.CommandContext(ctx, program, "echo", strconv.Itoa(n), strconv.Itoa(base)), nil //nolint:gosec // built just now
		},
		ports: func(n int) []string {
			list := make([]string, n)
			for i := range list {
				list[i] = strconv.Itoa(base + 2*i)
			}
			return list
		},
	})
}

// floor measures one.
func (b *Bench) floor(ctx context.Context, f floorProgram, n int) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, err := f.command(ctx, n)
	if err != nil {
		return 0, err
	}
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
	var ports []string
	if f.ports != nil {
		ports = f.ports(n)
	} else {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			return 0, fmt.Errorf("starting the floor: %w", err)
		}
		ports = strings.Fields(line)
	}
	if len(ports) != n {
		return 0, fmt.Errorf("the floor has %d ports of %d", len(ports), n)
	}
	r, err := b.strain(ctx, cmd.Process.Pid, n, func(_ context.Context, i int, _ *media.Socket) (netip.AddrPort, *sip.Leg, error) {
		port, err := strconv.ParseUint(ports[i], 10, 16)
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), nil, err
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the floor %s: %w", f.name, err)
	}
	return r.cost, b.print(r.line("floor "+f.name, n))
}

// Floor is a floor in the usual way of Go: n sockets with a goroutine each that
// reads. In the mode "echo" it sends each packet back, in the mode "ticker" another
// goroutine sends a packet every 20 ms. It writes the ports in one line and runs
// until ctx ends.
func Floor(ctx context.Context, mode string, n int, ready func(ports string)) error {
	if mode != "echo" && mode != "ticker" {
		return fmt.Errorf("there is no floor %q: choose echo or ticker", mode)
	}
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
		if mode == "echo" {
			wg.Go(func() { echoPackets(c) })
			continue
		}
		var peer atomic.Pointer[netip.AddrPort]
		wg.Go(func() { findPeer(c, &peer) })
		wg.Go(func() { sendTicks(ctx, c, &peer) })
	}
	ready(strings.Join(list, " "))
	<-ctx.Done()
	return nil
}

func echoPackets(c *net.UDPConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if _, err := c.WriteToUDPAddrPort(buf[:n], from); err != nil {
			return
		}
	}
}

func findPeer(c *net.UDPConn, peer *atomic.Pointer[netip.AddrPort]) {
	buf := make([]byte, 1500)
	for {
		_, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if p := peer.Load(); p == nil || *p != from {
			peer.Store(&from)
		}
	}
}

func sendTicks(ctx context.Context, c *net.UDPConn, peer *atomic.Pointer[netip.AddrPort]) {
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	p := make([]byte, packetSize)
	p[0] = 0x80
	for seq := uint16(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		to := peer.Load()
		if to == nil {
			continue
		}
		seq++
		binary.BigEndian.PutUint16(p[2:], seq)
		binary.BigEndian.PutUint32(p[4:], uint32(seq)*160)
		if _, err := c.WriteToUDPAddrPort(p, *to); err != nil {
			return
		}
	}
}
