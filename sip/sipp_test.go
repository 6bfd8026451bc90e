package sip_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/internal/testdata"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// runSIPp runs a scenario of testdata/sipp to its end, once unless args say more
// (-m), and fails the test with what sipp wrote down when the scenario was not
// kept. target is the server's host:port, or "" for a scenario that waits for a
// call; -p in args names the port then.
func runSIPp(t *testing.T, scenario, target string, args ...string) {
	t.Helper()
	if !slices.Contains(args, "-p") {
		args = append(args, "-p", freePort(t))
	}
	if report, err := runSIPpErr(t, sippProgram(t), scenario, target, args...); err != nil {
		t.Fatalf("sipp %s: %v\n%s", scenario, err, report)
	}
}

// startSIPp starts a scenario that waits for a call and returns where it waits;
// done gives its end and fails the test when the scenario was not kept.
func startSIPp(t *testing.T, scenario string, args ...string) (addr string, done func()) {
	t.Helper()
	program, port := sippProgram(t), freePort(t)
	type result struct {
		report string
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		report, err := runSIPpErr(t, program, scenario, "", append(args, "-p", port)...)
		ended <- result{report, err}
	}()
	addr = net.JoinHostPort("127.0.0.1", port)
	listening(t, port)
	return addr, func() {
		t.Helper()
		if r := <-ended; r.err != nil {
			t.Fatalf("sipp %s: %v\n%s", scenario, r.err, r.report)
		}
	}
}

// listening waits until somebody has the UDP port. It does not try to have it itself,
// which would keep sipp from it.
func listening(t *testing.T, port string) {
	t.Helper()
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	bound := fmt.Sprintf(":%04X ", n)
	require.Eventually(t, func() bool {
		b, err := os.ReadFile("/proc/net/udp")
		return err == nil && strings.Contains(string(b), bound)
	}, siptest.Patience, 5*time.Millisecond, "sipp does not listen")
}

// sippProgram finds sipp, and skips the test without it.
func sippProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("sipp")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sipp is missing, and CI must have it")
		}
		t.Skip("MISSING-DATA: sipp is not installed (Debian: sip-tester)")
	}
	return program
}

func runSIPpErr(t *testing.T, program, scenario, target string, args ...string) (report string, err error) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", scenario))
	if err != nil {
		return "", err
	}
	dir := t.TempDir()
	all := []string{"-sf", file, "-nostdin", "-timeout", "40s", "-timeout_error", "-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"}
	if !slices.Contains(args, "-i") {
		all = append(all, "-i", "127.0.0.1")
	}
	if !slices.Contains(args, "-m") {
		all = append(all, "-m", "1")
	}
	if target != "" {
		if !slices.Contains(args, "-s") {
			all = append(all, "-s", "8000")
		}
		all = append(all, target)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := testdata.Child(exec.CommandContext(ctx, program, append(all, args...)...))
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err = cmd.Run(); err == nil {
		return "", nil
	}
	var b strings.Builder
	for _, name := range []string{"errors.log", "messages.log"} {
		if text, readErr := os.ReadFile(filepath.Join(dir, name)); readErr == nil {
			b.WriteString("--- " + name + "\n")
			b.Write(text)
		}
	}
	if b.Len() == 0 {
		b.Write(out.Bytes())
	}
	return b.String(), err
}

func TestSIPpBasicCall(t *testing.T) {
	sideBySide(t)
	for _, transport := range []string{"u1", "t1"} {
		t.Run(transport, func(t *testing.T) {
			sideBySide(t)
			c := newCalls(t)
			s, udp, tcp := hostBoth(t, sip.Config{}, c.handle, nil)
			target := udp
			if transport == "t1" {
				target = tcp
			}
			runSIPp(t, "uac_basic.xml", target, "-t", transport, "-d", "100")
			require.ErrorIs(t, wait(t, c.ends), sip.ErrBye)
			require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
		})
	}
}
