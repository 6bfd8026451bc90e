package stand

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// PID is the server's process id.
func (s *Stand) PID() int { return s.cmd.Process.Pid }

// PIDs are the server's process and its speech workers'.
func (s *Stand) PIDs() []int { return append([]int{s.PID()}, s.WorkerPIDs()...) }

// WorkerPIDs are the speech workers that the server has started. (Not every kernel
// has /proc/PID/task/TID/children, so all processes are asked for their parent.)
func (s *Stand) WorkerPIDs() []int {
	var list []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	for _, path := range stats {
		b, err := os.ReadFile(path) //nolint:gosec // below /proc
		if err != nil {
			continue // it has ended
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) < 2 || f[1] != strconv.Itoa(s.PID()) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			list = append(list, child)
		}
	}
	return list
}

// KillWorkers ends the speech workers as a crash does.
func (s *Stand) KillWorkers() error {
	for _, p := range s.WorkerPIDs() {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil {
			return err
		}
	}
	return nil
}

// Files are the open files and sockets of the server, and how many there are of a
// kind.
func (s *Stand) Files() (n int, kinds map[string]int) {
	dir := fmt.Sprintf("/proc/%d/fd", s.PID())
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, nil
	}
	kinds = map[string]int{}
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		kind, _, _ := strings.Cut(to, ":")
		if strings.HasPrefix(to, "/") {
			kind = filepath.Base(to)
		}
		kinds[kind]++
		n++
	}
	return n, kinds
}

// OpenRTP is how many of the server's UDP sockets are bound to its ports for sound.
func (s *Stand) OpenRTP() (int, error) {
	own, err := s.sockets()
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 10 || !own[f[9]] {
			continue
		}
		_, port, ok := strings.Cut(f[1], ":")
		p, err := strconv.ParseInt(port, 16, 32)
		if ok && err == nil && int(p) >= s.RTP[0] && int(p) <= s.RTP[1] {
			n++
		}
	}
	return n, nil
}

// sockets are the inodes of the server's sockets; none once it has ended.
func (s *Stand) sockets() (map[string]bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", s.PID())
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // closed just now
		}
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own, nil
}

// Memory is the server's resident memory, bytes.
func (s *Stand) Memory() int64 { return Memory(s.PID()) }

// Memory is a process's resident memory, bytes; 0 once it has ended.
func Memory(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}

// Metric is the value of a Prometheus metric without labels.
func (s *Stand) Metric(ctx context.Context, name string) (float64, error) {
	b, err := s.Raw(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for l := bufio.NewScanner(bytes.NewReader(b)); l.Scan(); {
		if v, ok := strings.CutPrefix(l.Text(), name+" "); ok {
			return strconv.ParseFloat(v, 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %q", name)
}
