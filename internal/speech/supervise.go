package speech

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Phase is how the worker is.
type Phase string

// The phases of a supervised worker.
const (
	Starting Phase = "starting" // the process runs, its model for hearing is being loaded
	Ready    Phase = "ready"    // it hears; voices may still be loading (Health tells)
	Down     Phase = "down"     // no process; the next one is started after a pause
	Stopped  Phase = "stopped"  // Supervise has ended
)

// State is published whenever something changes.
type State struct {
	Phase    Phase
	PID      int
	Restarts int       // since Supervise began
	Since    time.Time // when the phase began
	Err      error     // with Down: why the last one ended
	Health   Health    // with Ready
}

// Supervision configures Supervise; only Socket is needed.
type Supervision struct {
	Executable string   // default: this program
	Args       []string // before --listen; default "speech"
	Env        []string // beyond this process's own
	Socket     string   // path of the Unix socket that the worker is told to listen on
	Nice       int      // the worker's nice value; default 5, below 0 leaves ours
	Logger     *slog.Logger
	// OnState is called for each change and each time the worker says how it is,
	// one at a time; it must not block.
	OnState func(State)

	ReadyTime time.Duration // for a new worker to hear; default 60 s
	StopTime  time.Duration // for a worker to end by itself; default 3 s
	MaxPause  time.Duration // between restarts, at most; default 10 s
	Probe     time.Duration // between questions how it is; default 2 s
	Answer    time.Duration // for an answer; after three without one it counts as hung; default 1.5 s
}

const (
	minPause  = 100 * time.Millisecond // before the first restart
	steady    = 30 * time.Second       // a worker that lived as long has its restarts forgiven
	startPoll = 50 * time.Millisecond  // between questions whether it hears yet
	maxMissed = 3                      // questions without an answer before it counts as hung
	maxLine   = 4 << 10                // bytes of a log line that is passed on
)

func (s Supervision) withDefaults() (Supervision, error) {
	if err := socketPath(s.Socket); err != nil {
		return s, err
	}
	if s.Executable == "" {
		exe, err := os.Executable()
		if err != nil {
			return s, fmt.Errorf("finding this program's own file: %w", err)
		}
		s.Executable = exe
	}
	if s.Args == nil {
		s.Args = []string{"speech"}
	}
	if s.Nice == 0 {
		s.Nice = 5
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.OnState == nil {
		s.OnState = func(State) {}
	}
	for _, d := range []struct {
		v     *time.Duration
		deflt time.Duration
	}{{&s.ReadyTime, time.Minute}, {&s.StopTime, 3 * time.Second}, {&s.MaxPause, 10 * time.Second}, {&s.Probe, 2 * time.Second}, {&s.Answer, 1500 * time.Millisecond}} {
		if *d.v <= 0 {
			*d.v = d.deflt
		}
	}
	return s, nil
}

// Supervise runs a speech worker until ctx ends, then stops it, with its whole
// process group, and returns nil. A worker that dies, hangs or does not get ready
// is replaced, at once the first time and with growing pauses after that. It
// returns an error only where the configuration cannot work at all.
//
// It keeps its goroutine on one thread: the kernel ends the child when the thread
// that started it ends (PR_SET_PDEATHSIG in prctl(2)), so that no worker outlives
// a server that was killed.
func Supervise(ctx context.Context, cfg Supervision) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	end, err := Client("unix:"+cfg.Socket, nil)
	if err != nil {
		return err
	}
	defer end.HTTP.CloseIdleConnections()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := supervisor{Supervision: cfg, end: end}
	pause := minPause
	for {
		begin := time.Now()
		err := s.once(ctx)
		if ctx.Err() != nil {
			s.publish(State{Phase: Stopped})
			return nil
		}
		if time.Since(begin) > steady {
			pause = minPause
		}
		s.restarts++
		s.publish(State{Phase: Down, Err: err})
		s.Logger.Error("speech worker ended, starting another", "error", err, "restarts", s.restarts, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, s.MaxPause)
	}
}

type supervisor struct {
	Supervision
	end      Endpoint
	restarts int
	last     State
}

func (s *supervisor) publish(st State) {
	st.Restarts, st.Since = s.restarts, time.Now()
	if st.Phase == s.last.Phase && st.PID == s.last.PID {
		st.Since = s.last.Since
	}
	s.last = st
	s.OnState(st)
}

// once runs one worker to its end and says why it ended.
func (s *supervisor) once(ctx context.Context) error {
	if err := removeSocket(s.Socket); err != nil {
		return err
	}
	cmd := exec.Command(s.Executable, append(append([]string(nil), s.Args...), "--listen", "unix:"+s.Socket)...) //nolint:gosec,noctx // our own program; it is stopped as a group below
	// relay reads JSON. glibc's many arenas kept 100 MB more after long use and
	// saved no time; whoever sets the variable himself is obeyed.
	cmd.Env = append([]string{"MALLOC_ARENA_MAX=2"}, os.Environ()...)
	cmd.Env = append(append(cmd.Env, s.Env...), "HOTLINE_LOG_FORMAT=json")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe for the worker's log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return fmt.Errorf("starting the speech worker: %w", err)
	}
	pid := cmd.Process.Pid
	if s.Nice > 0 {
		// The group, not the process: every thread that is there already counts.
		if err := unix.Setpriority(unix.PRIO_PGRP, pid, s.Nice); err != nil {
			s.Logger.Warn("speech worker runs at full priority", "error", err)
		}
	}
	s.publish(State{Phase: Starting, PID: pid})

	var reading sync.WaitGroup
	reading.Go(func() { passOn(ctx, r, s.Logger.With("worker", pid)) })
	exited := make(chan error, 1)
	reading.Go(func() { exited <- cmd.Wait() })

	err = s.watch(ctx, pid, exited)
	// Whatever the reason: the group goes, then the log is read to its end.
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	drain := time.AfterFunc(s.StopTime, func() { _ = r.Close() })
	reading.Wait()
	drain.Stop()
	_ = r.Close()
	return err
}

// watch follows the worker until it has ended, or must, or ctx has.
func (s *supervisor) watch(ctx context.Context, pid int, exited <-chan error) error {
	deadline := time.NewTimer(s.ReadyTime)
	defer deadline.Stop()
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	ready, missed := false, 0
	for {
		select {
		case <-ctx.Done():
			return s.stop(pid, exited)
		case err := <-exited:
			return ended(err)
		case <-deadline.C:
			if !ready {
				return fmt.Errorf("the worker was not ready within %v", s.ReadyTime)
			}
		case <-tick.C:
			probe, cancel := context.WithTimeout(ctx, s.Answer)
			h, err := s.end.Health(probe)
			cancel()
			switch {
			case err == nil:
				missed = 0
			case ready:
				if missed++; missed >= maxMissed {
					return fmt.Errorf("the worker does not answer any more: %w", err)
				}
			}
			if err != nil || h.Status == "loading" {
				continue
			}
			if !ready {
				ready = true
				tick.Reset(s.Probe)
				s.Logger.Info("speech worker ready", "pid", pid, "models", h.ASR, "restarts", s.restarts)
			}
			s.publish(State{Phase: Ready, PID: pid, Health: h})
		}
	}
}

// stop asks the worker to end and waits for it a while.
func (s *supervisor) stop(pid int, exited <-chan error) error {
	_ = syscall.Kill(pid, syscall.SIGTERM)
	select {
	case err := <-exited:
		return ended(err)
	case <-time.After(s.StopTime):
		return errors.New("the worker did not end by itself")
	}
}

func ended(err error) error {
	if err == nil {
		return errors.New("the worker ended by itself")
	}
	return fmt.Errorf("the worker ended: %w", err)
}

// passOn logs each line of the worker: its own records as they are, other lines
// (native libraries print some) as text.
func passOn(ctx context.Context, r io.Reader, log *slog.Logger) {
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, long, err := lines.ReadLine()
		if err != nil {
			return
		}
		for rest := long; rest && err == nil; { // what does not fit is dropped
			_, rest, err = lines.ReadLine()
		}
		relay(ctx, log, line)
	}
}

// relay logs one line. A record of slog's JSON handler keeps level and attributes.
func relay(ctx context.Context, log *slog.Logger, line []byte) {
	text := strings.TrimSpace(strings.ToValidUTF8(string(line), "?"))
	if text == "" {
		return
	}
	var record map[string]any
	if json.Unmarshal(line, &record) != nil || record["msg"] == nil {
		log.Info("speech worker prints", "line", text)
		return
	}
	level := slog.LevelInfo
	if l, ok := record["level"].(string); ok {
		_ = level.UnmarshalText([]byte(l)) // an unknown level stays info
	}
	attrs := []slog.Attr{slog.Any("said", record["msg"])}
	for k, v := range record {
		if k != "msg" && k != "level" && k != "time" {
			attrs = append(attrs, slog.Any(k, v))
		}
	}
	log.LogAttrs(ctx, level, "speech worker says", attrs...)
}
