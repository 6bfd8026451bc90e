package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hotline/internal/call"
)

// server is the program that is measured, running.
type server struct {
	cmd    *exec.Cmd
	sip    string // host:port
	api    string
	token  string
	data   string
	log    *os.File
	exited chan struct{}
	err    error // once exited is closed
}

const (
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
)

// start runs the program on ports of its own and waits until it takes calls.
func start(ctx context.Context, c Config, data string) (s *server, err error) {
	sip, err := freePort()
	if err != nil {
		return nil, err
	}
	web, err := freePort()
	if err != nil {
		return nil, err
	}
	s = &server{
		sip: fmt.Sprintf("127.0.0.1:%d", sip), api: fmt.Sprintf("http://127.0.0.1:%d", web), token: "bench-" + randomText(),
		data: data, exited: make(chan struct{}),
	}
	if s.log, err = os.OpenFile(filepath.Join(data, "server.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil { //nolint:gosec // in a folder of our own
		return nil, err
	}
	// Not of the context's command: the server is asked to end, and only then killed.
	s.cmd = exec.Command(c.Binary, "serve", "--business", c.Business) //nolint:gosec,noctx // the program under test; stop ends it
	low := 20000 + 2*rand.IntN(4000)
	s.cmd.Env = append(withoutSettings(os.Environ()),
		"HOTLINE_SIP_LISTEN="+s.sip, "HOTLINE_HTTP_LISTEN="+strings.TrimPrefix(s.api, "http://"),
		fmt.Sprintf("HOTLINE_RTP_LOW=%d", low), fmt.Sprintf("HOTLINE_RTP_HIGH=%d", low+3999),
		"HOTLINE_DATA_DIR="+data, "HOTLINE_API_TOKEN="+s.token, "HOTLINE_LOG_FORMAT=json",
		"HOTLINE_DEMO_PASSWORD="+randomText())
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w; make binary builds it", c.Binary, err), s.log.Close())
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	end := time.Now().Add(startLimit)
	for !s.ready(ctx) {
		select {
		case <-s.exited:
			return nil, fmt.Errorf("the server ended while it started (%w): %s", s.err, s.lastWords())
		default:
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil || time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("the server was not ready within %v: %s", startLimit, s.lastWords()), err, s.stop())
		}
	}
	return s, nil
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

func (s *server) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+"/readyz", nil)
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

// awaitWarm waits until the fixed sentences have been made, which the server writes
// in its log; false when that took too long.
func (s *server) awaitWarm(ctx context.Context, limit time.Duration) bool {
	return poll(ctx, limit, func() bool {
		b, err := os.ReadFile(s.log.Name())
		return err == nil && bytes.Contains(b, []byte("the fixed sentences are ready"))
	})
}

// lastWords is the end of the server's log.
func (s *server) lastWords() string {
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// stop asks the server to end, and kills it if it does not.
func (s *server) stop() error {
	defer func() { _ = s.log.Close() }()
	select {
	case <-s.exited:
		return nil
	default:
	}
	workers := children(s.cmd.Process.Pid)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(stopLimit)
	defer t.Stop()
	select {
	case <-s.exited:
		return nil
	case <-t.C:
		_ = s.cmd.Process.Kill()
		for _, p := range workers {
			_ = syscall.Kill(p, syscall.SIGKILL)
		}
		<-s.exited
		return fmt.Errorf("the server did not end within %v and was killed", stopLimit)
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// pids are the server's and its speech worker's.
func (s *server) pids() []int { return append([]int{s.pid()}, children(s.pid())...) }

// worker is the address of the server's own speech worker.
func (s *server) worker() string { return "unix:" + filepath.Join(s.data, "speech.sock") }

// record is what the server wrote down about a call.
type record struct {
	ID         string            `json:"id"`
	SIPCallID  string            `json:"sip_call_id"`
	AnsweredAt time.Time         `json:"answered_at"`
	EndedAt    time.Time         `json:"ended_at"`
	Turns      []call.TurnRecord `json:"turns"`
	Timeline   []call.Event      `json:"timeline"`
}

// record fetches the record of a call that is over.
func (s *server) record(ctx context.Context, sipCallID string) (record, error) {
	var last error
	for range 50 {
		var list struct {
			Items []record `json:"items"`
		}
		if last = s.get(ctx, "/api/v1/calls?limit=100", &list); last == nil {
			for _, r := range list.Items {
				if r.SIPCallID != sipCallID || r.EndedAt.IsZero() {
					continue
				}
				var full record
				if last = s.get(ctx, "/api/v1/calls/"+r.ID, &full); last == nil {
					return full, nil
				}
			}
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return record{}, err
		}
	}
	if last == nil {
		last = errors.New("the server does not list it")
	}
	return record{}, fmt.Errorf("the record of call %s: %w", sipCallID, last)
}

func (s *server) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.Unmarshal(b, into)
}

// freePort is a port that is free for UDP and TCP at this moment.
func freePort() (int, error) {
	for range 100 {
		l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // does not wait
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp4", l.Addr().String()) //nolint:noctx // does not wait
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port, nil
		}
	}
	return 0, errors.New("no port is free for UDP and TCP")
}

func randomText() string { return fmt.Sprintf("%016x", rand.Uint64()) }
