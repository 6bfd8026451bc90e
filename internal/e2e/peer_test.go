package e2e_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// patience is how long a peer may take for what it does at once.
const patience = 20 * time.Second

// program is a peer that runs beside the server: a telephone, a proxy.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	exited chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// start runs a program until the test ends; what it said is shown when the test fails.
func start(t *testing.T, env []string, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, exited: make(chan struct{})}
	p.cmd = testdata.Child(exec.Command(name, args...))
	if filepath.Base(name) == "kamailio" {
		p.cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM // asked so, it ends its own processes
	}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	var err error
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), tail(p.said(), 3000))
		}
	})
	return p
}

// Write takes what the program says.
func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// said is all that the program has said.
func (p *program) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// types writes to the program's standard input.
func (p *program) types(text string) {
	p.t.Helper()
	_, err := io.WriteString(p.in, text)
	require.NoError(p.t, err)
}

// awaits waits until the program has said a text n times.
func (p *program) awaits(text string, n int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Count(p.said(), text) >= n }, patience, 20*time.Millisecond,
		"%s did not say %q", filepath.Base(p.cmd.Path), text)
}

// end ends the program and all that it has started.
func (p *program) end(s syscall.Signal) {
	select {
	case <-p.exited:
		return
	default:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}

// tail is the end of a long text.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// freePort is a port of an address that is free for UDP and TCP at this moment.
func freePort(t *testing.T, host string) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		require.NoError(t, err)
		u, err := net.ListenPacket("udp", l.Addr().String())
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// certificate makes one for the loopback addresses; it is its own authority.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	return cert, key
}

// node is a server without speech models, whose lines are worked by keys and whose
// test lines hum and echo. It listens on all transports and both families.
type node struct {
	*stand.Stand
	tls       int // the port for TLS
	cert, key string
}

// light starts a node.
func light(t *testing.T, env ...string) *node {
	t.Helper()
	return lightWith(t, nil, env...)
}

// lightWith starts a node with a business that edit has changed.
func lightWith(t *testing.T, edit func(business string) string, env ...string) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotline-peer") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	n := &node{tls: freePort(t, "127.0.0.1")}
	n.cert, n.key = certificate(t, dir)
	port := freePort(t, "127.0.0.1")
	var listen []string
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		listen = append(listen, fmt.Sprintf("udp:%s:%d", host, port), fmt.Sprintf("tcp:%s:%d", host, port), fmt.Sprintf("tls:%s:%d", host, n.tls))
	}
	folders, err := stand.Business(dir, nil, filepath.Join(testdata.Root(t), "examples/retail-zh"))
	require.NoError(t, err)
	if edit != nil {
		file := filepath.Join(folders[0], "business.yaml")
		require.NoError(t, os.WriteFile(file, []byte(edit(readText(file))), 0o600))
	}
	data := filepath.Join(dir, "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	low := 12000 + 200*mathrand.IntN(40) // where nobody else's sound is captured
	n.Stand, err = stand.Start(t.Context(), stand.Config{
		Binary: binary(t), Business: folders, Data: data, Models: []string{filepath.Join(dir, "none")},
		Env: append([]string{
			"HOTLINE_SIP_LISTEN=" + strings.Join(listen, ","), "HOTLINE_SIP_TLS_CERT=" + n.cert, "HOTLINE_SIP_TLS_KEY=" + n.key,
			"HOTLINE_SIP_TLS_CA=" + n.cert, fmt.Sprintf("HOTLINE_RTP_LOW=%d", low), fmt.Sprintf("HOTLINE_RTP_HIGH=%d", low+199),
		}, env...),
	})
	require.NoError(t, err)
	n.RTP = [2]int{low, low + 199}
	n.SIP = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)).String()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(n.LastWords())
		}
		require.NoError(t, n.Stop())
		_ = os.RemoveAll(dir)
	})
	return n
}

// uri is a number of the node, as a caller over a transport writes it.
func (n *node) uri(number, transport string) string {
	host, port, _ := net.SplitHostPort(n.SIP)
	if strings.HasSuffix(transport, "6") {
		host = "[::1]"
	}
	switch transport = strings.TrimSuffix(transport, "6"); transport {
	case "tls":
		return fmt.Sprintf("sip:%s@%s:%d;transport=tls", number, host, n.tls)
	case "udp":
		return fmt.Sprintf("sip:%s@%s:%s", number, host, port)
	}
	return fmt.Sprintf("sip:%s@%s:%s;transport=%s", number, host, port, transport)
}

// record is that of a caller's last call.
func (n *node) record(t *testing.T, caller string) stand.Call {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rec, err := n.RecordOf(ctx, caller)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(rec.Text())
		}
	})
	return rec
}

// complains tells whether a line of a server's log is an error, but for what it says of
// the models that some servers do without here.
func complains(line string) bool {
	return !strings.Contains(line, `"msg":"a line hears nothing: `) && (strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "panic"))
}

// quietLog fails the test when the server's log has errors.
func (n *node) quietLog(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(n.LogFile())
	require.NoError(t, err)
	for line := range strings.Lines(string(b)) {
		if complains(line) {
			t.Error(line)
		}
	}
}

// melody is sound that no other is like: notes of random pitch, length and loudness,
// with pauses between, at 8 kHz.
func melody(seed uint64, length time.Duration) []int16 {
	var out []int16
	samples := int(length.Seconds() * 8000)
	next := func(n uint64) float64 { // a generator of its own: each run hears the same
		seed = seed*6364136223846793005 + 1442695040888963407
		return float64(seed >> 33 % n)
	}
	phase := 0.0
	for len(out) < samples {
		hz, n, loud := 300+next(1500), int(8*(80+next(240))), 2000+next(8000)
		for i := range n {
			phase += 2 * math.Pi * hz / 8000
			fade := min(1, float64(min(i, n-i))/160)
			out = append(out, int16(loud*fade*math.Sin(phase)))
		}
		out = append(out, make([]int16, int(8*next(160)))...)
	}
	return out[:samples]
}

// microphone writes sound for a telephone to send, with silence behind it that lasts
// longer than any call.
func microphone(t *testing.T, path string, rate int, x []int16) {
	t.Helper()
	a := wav.Audio{Rate: 8000, Channels: [][]int16{append(append([]int16{}, x...), make([]int16, 90*8000)...)}}
	if rate != 8000 {
		a = wav.Audio{Rate: rate, Channels: [][]int16{a.At(rate)}}
	}
	require.NoError(t, wav.WriteFile(path, a))
}

// portRange is a capture's filter for the node's sound.
func portRange(n *node) string {
	return fmt.Sprintf("udp and portrange %d-%d", n.RTP[0], n.RTP[1])
}

// loudest is the piece of a length with the most energy.
func loudest(x []int16, length int) []int16 {
	best, at := -200.0, 0
	for i := 0; i+length <= len(x); i += 400 {
		if l := dsp.LevelDB(x[i : i+length]); l > best {
			best, at = l, i
		}
	}
	return x[at:min(len(x), at+length)]
}

// findProgram finds a program on the path or where Debian has it.
func findProgram(name, usual string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(usual)
}

// readText is a file, or "" without it.
func readText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// recognisable is the likeness from which a melody was heard: another one comes to
// less than 0.5, the same on a machine that is kept from its work to 0.7 and more.
const recognisable = 0.65

// side is a channel of a recording: 0 is whom we talk to, 1 is us.
func side(t *testing.T, path string, channel int) []int16 {
	t.Helper()
	a, err := wav.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, a.Channels, 2)
	return wav.Audio{Rate: a.Rate, Channels: a.Channels[channel : channel+1]}.At(8000)
}
