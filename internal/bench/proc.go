package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// userHz is what /proc counts CPU time in (USER_HZ, proc(5)).
const userHz = 100

// usage is what processes have used.
type usage struct {
	at   time.Time
	busy time.Duration // of all CPUs, by everybody
	own  time.Duration // by the processes asked for and the bench
}

func readUsage(pids ...int) usage {
	u := usage{at: time.Now(), busy: busyTime()}
	for _, p := range append(pids, os.Getpid()) {
		u.own += cpuTime(p)
	}
	return u
}

// others is how many cores everybody else used since before.
func (u usage) others(before usage) float64 {
	d := u.at.Sub(before.at)
	if d <= 0 {
		return 0
	}
	return max(0, round3((u.busy-before.busy-(u.own-before.own)).Seconds()/d.Seconds()))
}

// busyTime is what all CPUs have worked.
func busyTime() time.Duration {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	var ticks int64
	for i, f := range strings.Fields(string(line)) {
		if i == 0 || i == 4 || i == 5 || i > 7 { // the name, idle, iowait, guest times (counted before)
			continue
		}
		v, _ := strconv.ParseInt(f, 10, 64)
		ticks += v
	}
	return time.Duration(ticks) * time.Second / userHz
}

// cpuTime is what a process has used: from its threads' schedstat, to the
// nanosecond, and at least what its stat says, which keeps threads that have ended.
func cpuTime(pid int) time.Duration {
	stat := statTime(pid)
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return stat
	}
	var sum time.Duration
	for _, t := range tasks {
		b, err := os.ReadFile(t) //nolint:gosec // below /proc
		if err != nil {
			continue
		}
		if f := strings.Fields(string(b)); len(f) > 0 {
			ns, _ := strconv.ParseInt(f[0], 10, 64)
			sum += time.Duration(ns)
		}
	}
	if stat-sum > time.Second {
		return stat
	}
	return sum
}

func statTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / userHz
}

// machine tells what the figures were taken on.
func machine() Line {
	l := Line{Bench: "machine", More: map[string]any{
		"cores": runtime.NumCPU(), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH, "at": time.Now().UTC().Format(time.RFC3339),
	}}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				l.More["cpu"] = strings.TrimSpace(v)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 0 {
			load, _ := strconv.ParseFloat(f[0], 64)
			l.More["load"] = load
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		l.More["kernel"] = strings.TrimSpace(string(b))
	}
	return l
}
