package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/sip/siptest"
)

// Floods of calls, registrations, garbage and slow connections against the real
// server. The call in progress hears its tone as well as before; what the floods took is given
// back, and the audit log tells of them.
func TestFloods(t *testing.T) {
	long(t)
	program := tool(t, "sipp")
	s := own(t, "HOTLINE_CALL_SILENCE=5s", "HOTLINE_OVERLOAD_LATE=100ms")
	ringWith(t, phone(t), s, "9197", func(c *caller) { c.pause(2 * time.Second) }) // what is made once and kept
	before := measure(t, s)

	var first held
	floods := map[string]func(ctx context.Context){
		"calls": func(ctx context.Context) {
			cmd := testdata.Child(exec.CommandContext(ctx, program, s.SIP, "-sf", filepath.Join(testdata.Root(t), "sip/testdata/sipp/uac_flood.xml"),
				"-s", "8000", "-i", "127.0.0.1", "-p", freeUDP(t), "-r", "200", "-m", "3000", "-l", "3000", "-recv_timeout", "8000", "-nostdin", "-timeout", "40s"))
			cmd.Dir = t.TempDir()
			_ = cmd.Run() // its calls may fail: they are the flood
		},
		"registrations": func(ctx context.Context) {
			pour(ctx, t, s, func(from string) string { return request("REGISTER", from) })
		},
		"garbage": func(ctx context.Context) {
			pour(ctx, t, s, func(from string) string {
				b := []byte(request("INVITE", from))
				for range 1 + rand.IntN(8) {
					b[rand.IntN(len(b))] = byte(rand.Uint32())
				}
				return string(b)
			})
		},
		"slow connections": func(ctx context.Context) { crawl(ctx, t, s) },
	}
	for i, name := range []string{"calls", "registrations", "garbage", "slow connections", "calls", "garbage"} {
		flood := floods[name]
		if i == len(floods) { // all lines were taken once
			first = measure(t, s)
		}
		t.Run(name, func(t *testing.T) {
			var calm, share float64
			_, rep := ringWith(t, phone(t), s, "9197", func(c *caller) {
				c.pause(time.Second)
				mark := c.now()
				c.pause(8 * time.Second)
				calm = pure(c.since(mark))
				mark = c.now()
				ctx, cancel := context.WithTimeout(c.ctx, 20*time.Second)
				defer cancel()
				done := make(chan struct{})
				go func() { defer close(done); flood(ctx) }()
				c.pause(15 * time.Second)
				share = pure(c.since(mark))
				cancel()
				<-done
			})
			t.Logf("the tone was heard in %.1f %% of the time, before the flood in %.1f %%, %d packets of %d lost, jitter %.1f ms",
				100*share, 100*calm, rep.Lost, rep.Received, rep.JitterMS)
			// A machine that is busy with other tests harms calls by itself.
			assert.Greater(t, share, calm-0.05, "the call in progress is harmed")
			assert.NotEqual(t, "far_end", rep.Ended)
			// Who never acknowledges holds a line for 32 s (RFC 3261 section 13.3.1.4).
			require.Eventually(t, func() bool {
				n, err := s.Metric(t.Context(), "hotline_calls")
				return err == nil && n == 0
			}, 90*time.Second, time.Second, "calls of the flood stay")
		})
	}
	_, rep := ringWith(t, phone(t), s, "9197", func(c *caller) { c.pause(2 * time.Second) })
	assert.True(t, rep.Answered, "afterwards calls are taken as before")
	after := measure(t, s)
	assert.Zero(t, after.ports)
	assert.LessOrEqual(t, after.goroutines, before.goroutines+10)
	assert.LessOrEqual(t, after.files, before.files+8)
	// As many calls at once as there are lines leave memory behind that the next as many use.
	assert.Less(t, after.memory, first.memory+150<<20, "memory grows from flood to flood")
	panics, err := s.Metric(t.Context(), "hotline_sip_panics_total")
	require.NoError(t, err)
	assert.Zero(t, panics)
	log, err := os.ReadFile(filepath.Join(s.Data, "audit.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), `"kind":"malformed"`)
	assert.Less(t, strings.Count(string(log), "\n"), 200, "a flood is no flood of entries")
}

// pure is the share of 100 ms pieces that are the tone of 1,004 Hz.
func pure(x []int16) float64 {
	good, all := 0, 0
	for ; len(x) >= 800; x = x[800:] {
		all++
		if level := dsp.LevelDB(x[:800]); level > audible && dsp.Goertzel(x[:800], 8000, 1004) > level-1 {
			good++
		}
	}
	return float64(good) / float64(max(1, all))
}

func request(method, from string) string {
	id := siptest.Random()
	return fmt.Sprintf("%s sip:%d@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:x@%s>;tag=%s\r\n"+
		"To: <sip:%d@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:x@%s>\r\nContent-Length: 0\r\n\r\n", method, rand.IntN(9999), from, id, from, id, rand.IntN(9999), id, method, from)
}

// pour sends 5,000 messages a second from 20 addresses.
func pour(ctx context.Context, t *testing.T, s *stand.Stand, text func(from string) string) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 20 {
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 3, byte(1+i))}}
		conn, err := d.DialContext(ctx, "udp", s.SIP)
		if err != nil {
			t.Error(err)
			return
		}
		wg.Go(func() {
			defer func() { _ = conn.Close() }()
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					for range 5 {
						_, _ = conn.Write([]byte(text(conn.LocalAddr().String())))
					}
				}
			}
		})
	}
	wg.Wait()
}

// crawl holds 500 connections, which send an octet now and then or nothing.
func crawl(ctx context.Context, t *testing.T, s *stand.Stand) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			for ctx.Err() == nil { // whoever is thrown out comes again
				conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.SIP)
				if err != nil {
					continue
				}
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				for _, octet := range []byte(request("INVITE", "127.0.0.1:5060")) {
					if _, err := conn.Write([]byte{octet}); err != nil {
						break
					}
					pause := time.NewTimer(time.Duration(100+i%300) * time.Millisecond)
					select {
					case <-ctx.Done():
					case <-pause.C:
					}
				}
				stop()
				_ = conn.Close()
			}
		})
	}
	wg.Wait()
}

func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	require.NoError(t, err)
	return port
}
