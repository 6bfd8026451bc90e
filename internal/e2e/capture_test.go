package e2e_test

import (
	"bytes"
	"encoding/hex"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/media/g711"
)

// capture is what went over the loopback interface while it ran.
type capture struct {
	t    *testing.T
	file string
	p    *program
}

// capturing begins to write down what passes; it needs the right to do so.
func capturing(t *testing.T, filter string) *capture {
	t.Helper()
	tool(t, "tshark")
	c := &capture{t: t, file: filepath.Join(t.TempDir(), "wire.pcapng")}
	c.p = start(t, nil, tool(t, "dumpcap"), "-q", "-i", "lo", "-B", "16", "-w", c.file, "-f", filter)
	for range 200 {
		if strings.Contains(c.p.said(), "Capturing on") {
			time.Sleep(300 * time.Millisecond) // it says so a little early
			return c
		}
		select {
		case <-c.p.exited:
			missing(t, "the right to capture on lo ("+strings.TrimSpace(c.p.said())+")")
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("dumpcap does not begin")
	return nil
}

// packet is a UDP packet on the wire.
type packet struct {
	at       float64 // seconds
	from, to int     // ports
	data     []byte
}

// rtp tells whether it is one of RTP and not of RTCP, STUN or DTLS (RFC 7983).
func (p packet) rtp() bool {
	return len(p.data) >= 12 && p.data[0]>>6 == 2 && (p.data[1] < 192 || p.data[1] > 223)
}

func (p packet) payload() []byte { return p.data[12:] }

// packets ends the capture and returns the UDP packets that passed.
func (c *capture) packets() []packet {
	c.t.Helper()
	time.Sleep(500 * time.Millisecond) // what the kernel still holds
	c.p.end(syscall.SIGINT)
	out := c.tshark("-Y", "udp", "-T", "fields", "-e", "frame.time_epoch", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.payload")
	var list []packet
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 {
			continue
		}
		var p packet
		var err error
		p.at, err = strconv.ParseFloat(f[0], 64)
		require.NoError(c.t, err)
		p.from, _ = strconv.Atoi(f[1])
		p.to, _ = strconv.Atoi(f[2])
		p.data, err = hex.DecodeString(strings.ReplaceAll(f[3], ":", ""))
		require.NoError(c.t, err)
		list = append(list, p)
	}
	return list
}

// tshark reads the capture.
func (c *capture) tshark(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "tshark", append([]string{"-n", "-r", c.file}, args...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	require.NoError(c.t, cmd.Run(), "%s", problems.String())
	return out.String()
}

// streams are the pairs of ports that RTP passed between.
func streams(list []packet) map[[2]int][]packet {
	out := map[[2]int][]packet{}
	for _, p := range list {
		if p.rtp() {
			k := [2]int{p.from, p.to}
			out[k] = append(out[k], p)
		}
	}
	return out
}

// g711Sound is the sound of the G.711 packets of a stream, as anyone hears it who
// listens in on the wire.
func g711Sound(list []packet) []int16 {
	var out []int16
	for _, p := range list {
		piece := make([]int16, min(160, len(p.payload())))
		switch p.data[1] & 0x7f {
		case 0:
			g711.DecodeULaw(piece, p.payload()[:len(piece)])
		case 8:
			g711.DecodeALaw(piece, p.payload()[:len(piece)])
		default:
			continue
		}
		out = append(out, piece...)
	}
	return out
}

// pacing is the time between packets that the best of a share are below: the 0.99
// quantile, for one.
func pacing(list []packet, share float64) time.Duration {
	var gaps []float64
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].at-list[i-1].at)
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return time.Duration(gaps[int(share*float64(len(gaps)-1))] * float64(time.Second))
}

// unix is a time as packets have it.
func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
