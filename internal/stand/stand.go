// Package stand is a server to test and to measure from outside: the program as it is
// shipped, on ports of the kernel's choice, with a data folder of its own.
//
// # Concepts
//
// [Start] runs `hotline serve` and returns once it takes calls. A [Stand] has its
// addresses, its API, and what the operating system knows of its process. [Business]
// makes the copy of a demo business that tests ring: open around the clock, with the
// voice that is asked for.
//
// # Concurrency
//
// A Stand may be used by several goroutines. One goroutine waits for the process;
// Stop and Kill end it and wait.
package stand

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Config says what to start.
type Config struct {
	Binary   string // path of hotline
	Business []string
	Data     string   // folder; its log is server.log in there
	Models   []string // empty: as the environment says
	// Settings is a file with more settings; those of Env and those made here go
	// before them.
	Settings string
	// Ports is how many ports for sound there are; default 1000.
	Ports int
	// Env is more settings, HOTLINE_X=y; they go before those made here.
	Env []string
}

// Password is that of the console's administrator and of the agents' telephones.
const Password = "stand-password-1"

// Stand is a running server.
type Stand struct {
	SIP      string // host:port of signalling, UDP and TCP
	Web      string // http://host:port
	Data     string
	RTP      [2]int // lowest and highest port for sound
	token    string
	cmd      *exec.Cmd
	log      *os.File
	exited   chan struct{}
	exitErr  error // once exited is closed
	config   Config
	attached []string // settings made here
}

const (
	startLimit = 90 * time.Second
	stopLimit  = 45 * time.Second // a little more than calls are given to end
)

// Start runs the server and waits until it takes calls.
func Start(ctx context.Context, c Config) (*Stand, error) {
	sip, err := freePort()
	if err != nil {
		return nil, err
	}
	web, err := freePort()
	if err != nil {
		return nil, err
	}
	if c.Ports == 0 {
		c.Ports = 1000
	}
	low := 26000 + 2*rand.IntN((39998-26000-c.Ports)/2)
	s := &Stand{
		SIP: fmt.Sprintf("127.0.0.1:%d", sip), Web: fmt.Sprintf("http://127.0.0.1:%d", web), Data: c.Data,
		RTP: [2]int{low, low + c.Ports - 1}, token: fmt.Sprintf("stand-%016x", rand.Uint64()), config: c,
	}
	s.attached = []string{
		"HOTLINE_SIP_LISTEN=" + s.SIP, "HOTLINE_HTTP_LISTEN=" + strings.TrimPrefix(s.Web, "http://"),
		fmt.Sprintf("HOTLINE_RTP_LOW=%d", s.RTP[0]), fmt.Sprintf("HOTLINE_RTP_HIGH=%d", s.RTP[1]),
		"HOTLINE_DATA_DIR=" + c.Data, "HOTLINE_API_TOKEN=" + s.token, "HOTLINE_LOG_FORMAT=json",
		"HOTLINE_DEMO_PASSWORD=" + Password,
		"HOTLINE_OVERLOAD_LATE=1s", // a machine that tests is busy with other tests
	}
	if len(c.Models) > 0 {
		s.attached = append(s.attached, "HOTLINE_MODELS="+strings.Join(c.Models, string(filepath.ListSeparator)))
	}
	return s, s.run(ctx)
}

// Restart starts a server that was stopped or killed, with the same ports and data.
func (s *Stand) Restart(ctx context.Context) error {
	<-s.exited
	return s.run(ctx)
}

func (s *Stand) run(ctx context.Context) (err error) {
	if s.log, err = os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	args := []string{"serve"}
	if s.config.Settings != "" {
		args = append(args, "--config", s.config.Settings)
	}
	for _, b := range s.config.Business {
		args = append(args, "--business", b)
	}
	// Not of the context's command: the server is asked to end, and only then killed.
	s.cmd = exec.Command(s.config.Binary, args...) //nolint:gosec,noctx // the program under test; Stop ends it
	s.cmd.Env = append(append(withoutSettings(os.Environ()), s.attached...), s.config.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it does not outlive who tries it
	if err := s.cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting %s: %w; make binary builds it", s.config.Binary, err), s.log.Close())
	}
	exited := make(chan struct{})
	s.exited = exited
	go func() {
		s.exitErr = s.cmd.Wait()
		_ = s.log.Close()
		close(exited)
	}()
	end := time.Now().Add(startLimit)
	for !s.Ready(ctx) {
		select {
		case <-exited:
			return fmt.Errorf("the server ended while it started (%w): %s", s.exitErr, s.LastWords())
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), s.Stop())
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(end) {
			return errors.Join(fmt.Errorf("the server was not ready within %v: %s", startLimit, s.LastWords()), s.Stop())
		}
	}
	return nil
}

// withoutSettings drops the settings of a server that runs elsewhere; where models
// lie stays.
func withoutSettings(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "HOTLINE_") || strings.HasPrefix(e, "HOTLINE_MODELS=") {
			out = append(out, e)
		}
	}
	return out
}

// Ready tells whether the server takes calls.
func (s *Stand) Ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Web+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Token lets programs in, with an administrator's rights.
func (s *Stand) Token() string { return s.token }

// URI is the SIP URI of a number of the server.
func (s *Stand) URI(number string) string { return "sip:" + number + "@" + s.SIP }

// LogFile is where the server's output goes.
func (s *Stand) LogFile() string { return filepath.Join(s.Data, "server.log") }

// AwaitLog waits until the server has logged a text; false when that took too long.
func (s *Stand) AwaitLog(ctx context.Context, text string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if b, err := os.ReadFile(s.LogFile()); err == nil && strings.Contains(string(b), text) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// LastWords is the end of the server's log.
func (s *Stand) LastWords() string {
	b, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// Exited is closed when the process has ended.
func (s *Stand) Exited() <-chan struct{} { return s.exited }

// Terminate asks the server to end (SIGTERM) and does not wait.
func (s *Stand) Terminate() error { return s.cmd.Process.Signal(syscall.SIGTERM) }

// Stop asks the server to end and waits; it is killed if it does not.
func (s *Stand) Stop() error {
	select {
	case <-s.exited:
		return nil
	default:
	}
	workers := s.WorkerPIDs()
	if err := s.Terminate(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-s.exited:
		return nil
	case <-limit.C:
		for _, p := range workers {
			_ = syscall.Kill(p, syscall.SIGKILL)
		}
		return errors.Join(fmt.Errorf("the server did not end within %v and was killed", stopLimit), s.Kill())
	}
}

// Kill ends the server as a crash does (SIGKILL) and waits.
func (s *Stand) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	return nil
}

// freePort is a port that is free for UDP and TCP at this moment.
func freePort() (int, error) {
	for range 100 {
		l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // does not wait
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port                  // a TCP listener's
		u, err := net.ListenPacket("udp4", l.Addr().String()) //nolint:noctx // does not wait
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port, nil
		}
	}
	return 0, errors.New("no port is free for UDP and TCP")
}
