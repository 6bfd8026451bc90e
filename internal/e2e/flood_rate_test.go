package e2e_test

import (
	"context"
	bytesof "encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sys "golang.org/x/sys/unix"

	"hotline/internal/stand"
	"hotline/sip/siptest"
)

// Twenty thousand messages a second, of every kind, while twenty calls are in
// progress, also beside a process that takes all it gets of the machine: the calls
// get as many packets as before, and are still there. The kernel stamps the packets
// when the server sends them, so what is measured is the server and not this test.
func TestFloodsOfTwentyThousand(t *testing.T) {
	long(t)
	s := own(t, "HOTLINE_OVERLOAD_CPU=100", "HOTLINE_OVERLOAD_MEMORY=100", "HOTLINE_OVERLOAD_LATE=30s")
	p := siptest.New(t, s.SIP)
	listeners := make([]*packetTimes, 20)
	calls := make([]*siptest.Call, len(listeners))
	for i := range listeners {
		listeners[i] = newPacketTimes(t)
		calls[i] = p.Invite("9197", strings.Replace(siptest.SDP, "m=audio 9 ", "m=audio "+listeners[i].port()+" ", 1))
		listeners[i].speakTo(t, calls[i].Answered().Body)
	}
	kinds := map[string]func(from string) []byte{
		"INVITE":   func(from string) []byte { return []byte(request("INVITE", from)) },
		"REGISTER": func(from string) []byte { return []byte(request("REGISTER", from)) },
		"OPTIONS":  func(from string) []byte { return []byte(request("OPTIONS", from)) },
		"BYE":      func(from string) []byte { return []byte(request("BYE", from)) },
		"responses": func(from string) []byte {
			return []byte("SIP/2.0 200 OK\r\n" + strings.SplitN(request("OPTIONS", from), "\r\n", 2)[1])
		},
		"garbage": func(from string) []byte {
			b := []byte(request("INVITE", from))
			for range 1 + rand.IntN(8) {
				b[rand.IntN(len(b))] = byte(rand.Uint32())
			}
			return b
		},
	}
	for _, busy := range []bool{false, true} {
		for _, name := range []string{"INVITE", "REGISTER", "OPTIONS", "BYE", "responses", "garbage"} {
			t.Run(fmt.Sprintf("%s/busy=%t", name, busy), func(t *testing.T) {
				if busy {
					keepBusy(t)
				}
				const d = 6 * time.Second
				// A machine that has other things to do loses packets without a flood, too:
				// what a flood does, it does each time.
				var calm, share float64
				for range 3 {
					var pace, cpu float64
					calm, pace, cpu = paced(s, listeners, d)
					t.Logf("calm: %.2f %% of the packets, p99 %.1f ms apart, the server took %.0f %% of a core", 100*calm, pace, 100*cpu)
					ctx, cancel := context.WithCancel(t.Context())
					done := make(chan int64)
					go func() { done <- torrent(ctx, t, s, kinds[name]) }()
					share, pace, cpu = paced(s, listeners, d)
					cancel()
					sent := <-done
					t.Logf("flood of %d/s: %.2f %% of the packets, p99 %.1f ms apart, the server took %.0f %% of a core",
						sent/int64(d/time.Second), 100*share, pace, 100*cpu)
					if share > calm-0.05 {
						break
					}
				}
				assert.Greater(t, share, calm-0.05, "the calls in progress are harmed")
			})
		}
	}
	for _, c := range calls {
		c.Bye()
	}
}

// keepBusy has another process compute until the test ends.
func keepBusy(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// paced is what arrives within d: the share of the packets that were due, the time
// between two that 99 of 100 keep, in ms, and what the server took of a core.
func paced(s *stand.Stand, listeners []*packetTimes, d time.Duration) (share, p99, cpu float64) {
	marks := make([]int, len(listeners))
	for i, l := range listeners {
		marks[i] = l.count()
	}
	used, began := cpuOf(s.PID()), time.Now()
	time.Sleep(d)
	took := time.Since(began)
	cpu = (cpuOf(s.PID()) - used).Seconds() / took.Seconds()
	var gaps []time.Duration
	n := 0
	for i, l := range listeners {
		x := l.since(marks[i])
		n += len(x)
		for j := 1; j < len(x); j++ {
			gaps = append(gaps, x[j].Sub(x[j-1]))
		}
	}
	if len(gaps) == 0 {
		return 0, 0, cpu
	}
	slices.Sort(gaps)
	due := float64(len(listeners)) * took.Seconds() * 50
	return float64(n) / due, float64(gaps[len(gaps)*99/100].Microseconds()) / 1000, cpu
}

// cpuOf is the time that a process has computed.
func cpuOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// torrent sends 20,000 messages a second from 20 addresses until ctx ends.
func torrent(ctx context.Context, t *testing.T, s *stand.Stand, text func(from string) []byte) (sent int64) {
	t.Helper()
	var all atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 4, byte(1+i))}}
		conn, err := d.DialContext(ctx, "udp", s.SIP)
		if err != nil {
			t.Error(err)
			break
		}
		// Made beforehand: it is the server's time that is measured.
		kept := make([][]byte, 2000)
		for j := range kept {
			kept[j] = text(conn.LocalAddr().String())
		}
		wg.Go(func() {
			defer func() { _ = conn.Close() }()
			began, n := time.Now(), 0
			for ctx.Err() == nil {
				for due := int(time.Since(began).Seconds() * 1000); n < due; n++ {
					m := kept[n%len(kept)]
					if i := strings.Index(string(m), "branch=z9hG4bK"); i > 0 && i+22 < len(m) {
						copy(m[i+14:], strconv.Itoa(10_000_000+n)) // each is a request of its own
					}
					_, _ = conn.Write(m)
					all.Add(1)
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	return all.Load()
}

// packetTimes is a socket that sound comes to. It keeps when the kernel took each packet.
type packetTimes struct {
	conn *net.UDPConn

	mu sync.Mutex
	at []time.Time
}

func newPacketTimes(t *testing.T) *packetTimes {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	l := &packetTimes{conn: conn}
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = sys.SetsockoptInt(int(fd), sys.SOL_SOCKET, sys.SO_TIMESTAMPNS, 1)
	}))
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(l.read)
	t.Cleanup(func() { _ = conn.Close(); wg.Wait() })
	return l
}

func (l *packetTimes) read() {
	buf, oob := make([]byte, 2048), make([]byte, 256)
	for {
		_, n, _, _, err := l.conn.ReadMsgUDP(buf, oob)
		if err != nil {
			return
		}
		parts, err := sys.ParseSocketControlMessage(oob[:n])
		if err != nil || len(parts) == 0 || len(parts[0].Data) < 16 {
			continue
		}
		sec, nsec := bytesof.NativeEndian.Uint64(parts[0].Data), bytesof.NativeEndian.Uint64(parts[0].Data[8:])
		l.mu.Lock()
		l.at = append(l.at, time.Unix(int64(sec), int64(nsec)))
		l.mu.Unlock()
	}
}

// speakTo sends what keeps the call's sound alive until the test ends.
func (l *packetTimes) speakTo(t *testing.T, sdp string) {
	t.Helper()
	_, rest, _ := strings.Cut(sdp, "m=audio ")
	port, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		packet := make([]byte, 172)
		packet[0] = 0x80
		for i := uint16(0); ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			bytesof.BigEndian.PutUint16(packet[2:], i)
			bytesof.BigEndian.PutUint32(packet[4:], uint32(i)*800)
			_, _ = l.conn.WriteToUDP(packet, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		}
	})
	t.Cleanup(func() { stop(); wg.Wait() })
}

func (l *packetTimes) port() string {
	return strconv.Itoa(l.conn.LocalAddr().(*net.UDPAddr).Port)
}

func (l *packetTimes) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.at)
}

func (l *packetTimes) since(mark int) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.at[mark:])
}
