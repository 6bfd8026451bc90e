package speech_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/speech"
	"hotline/internal/testdata"
)

// supervised runs a worker in the given mode until the test ends.
type supervised struct {
	t      *testing.T
	end    speech.Endpoint
	states chan speech.State
	stop   context.CancelFunc
	done   chan error
	log    *testdata.Log
}

// socket is a short path: the address of a Unix socket has little room.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hl") //nolint:usetesting // the path of t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "speech.sock")
}

func supervise(t *testing.T, mode string, change func(*speech.Supervision)) *supervised {
	t.Helper()
	s := &supervised{t: t, states: make(chan speech.State, 1000), done: make(chan error, 1), log: &testdata.Log{}}
	cfg := speech.Supervision{
		Args: []string{}, Socket: socket(t), Env: []string{workerMode + "=" + mode, "HOTLINE_TEST_MODELS=" + modelFolder(t, "asr/whisper-base")},
		Logger: slog.New(slog.NewTextHandler(s.log, nil)), OnState: func(st speech.State) { s.states <- st },
		MaxPause: 200 * time.Millisecond, Probe: 50 * time.Millisecond, Answer: time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	s.end, err = speech.Client("unix:"+cfg.Socket, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.done <- speech.Supervise(ctx, cfg) }()
	t.Cleanup(func() { cancel(); <-s.done; s.done <- nil })
	return s
}

// wait returns the next state that fits.
func (s *supervised) wait(what string, fits func(speech.State) bool) speech.State {
	s.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case st := <-s.states:
			if fits(st) {
				return st
			}
		case <-limit:
			s.t.Fatalf("never %s; the log says:\n%s", what, s.log)
		}
	}
}

func (s *supervised) ready() speech.State {
	s.t.Helper()
	return s.wait("ready", func(st speech.State) bool { return st.Phase == speech.Ready })
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestSuperviseKeepsAWorker(t *testing.T) {
	s := supervise(t, "fake", nil)
	first := s.ready()
	assert.Contains(t, first.Health.ASR, "asr/whisper-base")

	require.NoError(t, syscall.Kill(first.PID, syscall.SIGKILL))
	down := s.wait("down", func(st speech.State) bool { return st.Phase == speech.Down })
	require.ErrorContains(t, down.Err, "killed")
	second := s.ready()
	assert.NotEqual(t, first.PID, second.PID)
	assert.Equal(t, 1, second.Restarts)
	_, err := s.end.Health(t.Context())
	require.NoError(t, err, "the same address works again")

	s.stop()
	require.NoError(t, <-s.done)
	s.done <- nil
	assert.False(t, alive(second.PID), "the worker ends with its supervisor")
	assert.Equal(t, speech.Stopped, s.wait("stopped", func(st speech.State) bool { return st.Phase == speech.Stopped }).Phase)
}

// Each thread has a nice value of its own; one that kept the old one would
// compete with the calls' clocks.
func TestSuperviseLowersPriority(t *testing.T) {
	own := nice(t, os.Getpid())[0]
	s := supervise(t, "fake", func(c *speech.Supervision) { c.Nice = min(own+5, 19) })
	for _, n := range nice(t, s.ready().PID) {
		assert.Equal(t, min(own+5, 19), n)
	}
}

// nice reads the nice values of a process's threads (field 19 in proc(5)).
func nice(t *testing.T, pid int) (values []int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		field := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		var n int
		_, err = fmt.Sscan(field[16], &n)
		require.NoError(t, err)
		values = append(values, n)
	}
	require.NotEmpty(t, values)
	return values
}

func TestSupervisePassesTheLogOn(t *testing.T) {
	s := supervise(t, "fake", nil)
	s.ready()
	s.stop()
	require.NoError(t, <-s.done)
	s.done <- nil
	assert.Contains(t, s.log.String(), `level=WARN msg="speech worker says"`)
	assert.Contains(t, s.log.String(), `said="a line of the worker" mode=fake`)
	assert.Contains(t, s.log.String(), `line="native code prints this"`)
}

func TestSuperviseReplacesAHungWorker(t *testing.T) {
	s := supervise(t, "hang", func(c *speech.Supervision) { c.Answer, c.StopTime = 100*time.Millisecond, 100*time.Millisecond })
	first := s.ready()
	down := s.wait("down", func(st speech.State) bool { return st.Phase == speech.Down })
	require.ErrorContains(t, down.Err, "does not answer")
	assert.NotEqual(t, first.PID, s.ready().PID)
	assert.False(t, alive(first.PID))
}

func TestSuperviseGivesUpOnAWorkerThatNeverHears(t *testing.T) {
	s := supervise(t, "never", func(c *speech.Supervision) { c.ReadyTime = 200 * time.Millisecond })
	down := s.wait("down", func(st speech.State) bool { return st.Phase == speech.Down })
	require.ErrorContains(t, down.Err, "not ready within")
}

func TestSuperviseOutlastsAWorkerThatCannotRun(t *testing.T) {
	for name, change := range map[string]func(*speech.Supervision){
		"crashes": nil,
		"missing": func(c *speech.Supervision) { c.Executable = "/nonexistent" },
	} {
		t.Run(name, func(t *testing.T) {
			s := supervise(t, "crash", change)
			st := s.wait("restarted twice", func(st speech.State) bool { return st.Restarts == 2 })
			assert.Equal(t, speech.Down, st.Phase)
			require.Error(t, st.Err)
			s.stop()
			require.NoError(t, <-s.done)
			s.done <- nil
		})
	}
}

func TestSuperviseEndsAStubbornWorker(t *testing.T) {
	s := supervise(t, "stubborn", func(c *speech.Supervision) { c.StopTime = 100 * time.Millisecond })
	pid := s.ready().PID
	s.stop()
	require.NoError(t, <-s.done)
	s.done <- nil
	assert.False(t, alive(pid))
}

// A server that is killed cannot stop its worker; the kernel does.
func TestNoWorkerOutlivesAKilledServer(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), workerMode+"=supervisor", "HOTLINE_TEST_SOCKET="+socket(t), "HOTLINE_TEST_MODELS="+modelFolder(t, "asr/whisper-base"))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pid int
	for phase := ""; phase != string(speech.Ready); {
		_, err = fmt.Fscan(out, &phase, &pid)
		require.NoError(t, err)
	}
	require.True(t, alive(pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool { return !alive(pid) || zombie(pid) }, 10*time.Second, 10*time.Millisecond)
}

// zombie says whether a process has ended and waits for somebody to notice.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.HasPrefix(string(b[bytes.LastIndexByte(b, ')')+1:]), " Z")
}

func TestSuperviseRefusesWhatCannotWork(t *testing.T) {
	require.ErrorContains(t, speech.Supervise(t.Context(), speech.Supervision{}), "socket")
	require.ErrorContains(t, speech.Supervise(t.Context(), speech.Supervision{Socket: strings.Repeat("x", 200)}), "shorter")
}

func TestListen(t *testing.T) {
	path := socket(t)
	ln, err := speech.Listen(t.Context(), "unix:"+path)
	require.NoError(t, err)
	_, err = speech.Listen(t.Context(), "unix:"+path)
	require.ErrorContains(t, err, "already")
	require.NoError(t, ln.Close())

	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err = speech.Listen(t.Context(), "unix:"+path)
	require.ErrorContains(t, err, "no socket")
	b, _ := os.ReadFile(path)
	assert.Equal(t, "precious", string(b))
}

func TestEndpoints(t *testing.T) {
	list, err := speech.Clients([]string{"http://a:8000", "https://b/v1/", "unix:/run/x.sock"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "http://a:8000/v1", list[0].BaseURL)
	assert.Equal(t, "https://b/v1", list[1].BaseURL)
	assert.Equal(t, "http://speech/v1", list[2].BaseURL)
	for _, wrong := range []string{"", "a:8000", "ftp://a", "unix:"} {
		_, err := speech.Client(wrong, nil)
		require.Error(t, err, wrong)
	}
}
