package media_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
)

var (
	benchCalls   = flag.String("calls", "100,400", "numbers of calls in BenchmarkCalls")
	benchSeconds = flag.Int("seconds", 5, "length of each measurement in BenchmarkCalls")
	benchBase    = flag.Int("base", 0, "first RTP port in BenchmarkCalls; 0 lets the kernel choose")
)

// clientEnv makes this binary the far ends of BenchmarkCalls: their RTP ports.
const clientEnv = "MEDIA_BENCH_CLIENT"

func TestMain(m *testing.M) {
	if ports := os.Getenv(clientEnv); ports != "" {
		farEnds(strings.Split(ports, ","))
		return
	}
	if path := os.Getenv(crashEnv); path != "" {
		recordUntilKilled(path)
		return
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// BenchmarkCalls runs whole calls over loopback, their far ends in another process,
// and reports this process's CPU time in ms per call and second, and its memory.
//
//	go test ./media -run - -bench Calls -args -calls 100,400 -seconds 10
func BenchmarkCalls(b *testing.B) {
	for _, mode := range []string{"echo", "play", "own"} { // own is echo without a shared clock
		for n := range strings.SplitSeq(*benchCalls, ",") {
			calls, err := strconv.Atoi(n)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", mode, calls), func(b *testing.B) { benchmarkCalls(b, mode, calls) })
		}
	}
}

func benchmarkCalls(b *testing.B, mode string, calls int) {
	b.Helper()
	high := 0
	if *benchBase > 0 {
		high = *benchBase + 2*calls + 200
	}
	ports := media.NewPorts(netip.MustParseAddr("127.0.0.1"), *benchBase, high)
	before := resident(b)
	ctx, cancel := context.WithCancel(b.Context())
	clock := &media.Clock{}
	done := make(chan error)
	go func() { done <- clock.Run(ctx) }()
	loop := media.Frames(dsp.Sine(8000, -20, 2*time.Second, 440, 660), 8000)
	var list []string
	var sessions []*media.Session
	for range calls {
		socket, err := ports.Listen()
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, strconv.Itoa(int(socket.Addr().Port())))
		cfg := media.SessionConfig{Conn: socket, Media: sdp.Media{Codec: sdp.PCMU}, Clock: clock}
		if mode == "own" {
			cfg.Clock = nil
		}
		s := media.NewSession(cfg)
		sessions = append(sessions, s)
		go func() { done <- s.Run(ctx) }()
		go func() {
			if mode == "play" {
				done <- media.Loop(ctx, s, loop)
			} else {
				s.SetEcho(true)
				done <- nil
			}
		}()
	}
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), clientEnv+"="+strings.Join(list, ","))
	client.Stderr = os.Stderr
	out, err := client.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := client.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	var ms0, ms1 runtime.MemStats
	runtime.ReadMemStats(&ms0)
	cpu, start := cpuTime(b), time.Now()
	b.ResetTimer()
	time.Sleep(time.Duration(*benchSeconds) * time.Second)
	b.StopTimer()
	used, took := cpuTime(b)-cpu, time.Since(start)
	runtime.ReadMemStats(&ms1)
	var st media.Stats
	for _, s := range sessions {
		v := s.Stats()
		st.Received += v.Received
		st.Sent += v.Sent
		st.Concealed += v.Concealed
		st.Late += v.Late
		st.DelayMS += v.DelayMS / float64(calls)
	}
	in.Close()
	line, _ := bufio.NewReader(out).ReadString('\n')
	if err := client.Wait(); err != nil {
		b.Fatal(err)
	}
	perCall := float64(calls) * took.Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(used.Microseconds())/1000/perCall, "cpu-ms/call-s")
	b.ReportMetric(float64(resident(b)-before)/float64(calls), "kB/call")
	b.ReportMetric(float64(ms1.Mallocs-ms0.Mallocs)/perCall, "allocs/call-s")
	b.Logf("%s %d: client %s; received %d sent %d concealed %d late %d delay %.1f ms", mode, calls, strings.TrimSpace(line), st.Received, st.Sent, st.Concealed, st.Late, st.DelayMS)
	cancel()
	for range 2*calls + 1 {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	if n := ports.InUse(); n != 0 {
		b.Errorf("%d ports are still open", n)
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is this process's memory in kB.
func resident(b *testing.B) int {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc here")
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(v)[0])
			return kb
		}
	}
	return 0
}

// farEnds is a telephone on each port's far side until standard input ends: 50
// packets a second each way.
func farEnds(ports []string) {
	runtime.GOMAXPROCS(1)
	type phone struct {
		conn *net.UDPConn
		got  int
		top  uint16
		lost int
	}
	var phones []*phone
	for _, p := range ports {
		addr, err := net.ResolveUDPAddr("udp4", "127.0.0.1:"+p)
		if err != nil {
			panic(err)
		}
		conn, err := net.DialUDP("udp4", nil, addr)
		if err != nil {
			panic(err)
		}
		ph := &phone{conn: conn}
		phones = append(phones, ph)
		go func() {
			buf := make([]byte, 1500)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				if n < 12 {
					continue
				}
				seq := binary.BigEndian.Uint16(buf[2:])
				if ph.got > 0 {
					ph.lost += int(int16(seq - ph.top - 1))
				}
				ph.got, ph.top = ph.got+1, seq
			}
		}()
	}
	stop := make(chan bool)
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(stop)
	}()
	packet := make([]byte, 172)
	for i := range packet {
		packet[i] = byte(0x55 + i%7)
	}
	packet[0], packet[1] = 0x80, 0
	next := time.Now()
	for n := 0; ; n++ {
		for i := n % 20; i < len(phones); i += 20 {
			binary.BigEndian.PutUint16(packet[2:], uint16(n/20))
			binary.BigEndian.PutUint32(packet[4:], uint32(n/20*160))
			binary.BigEndian.PutUint32(packet[8:], uint32(i+1))
			_, _ = phones[i].conn.Write(packet)
		}
		next = next.Add(time.Millisecond)
		select {
		case <-stop:
			got, lost := 0, 0
			for _, p := range phones {
				got, lost = got+p.got, lost+p.lost
			}
			fmt.Printf("received %d lost %d\n", got, lost)
			return
		case <-time.After(time.Until(next)):
		}
	}
}
