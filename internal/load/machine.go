package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine measures this process on this machine, as Linux shows it. The zero value
// is ready.
type Machine struct {
	// Root is where proc and sys are mounted; default "/". For tests.
	Root string

	ticks  int // files are counted every fifth time: with thousands that takes a millisecond
	files  float64
	groups []string // folders of the control group's memory, found at first
	sought bool
}

// Measure implements Probe. What cannot be read counts as nothing used.
func (m *Machine) Measure() (Reading, error) {
	r := Reading{At: time.Now(), Cores: float64(runtime.GOMAXPROCS(0))} // the runtime obeys cpu.max
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return r, fmt.Errorf("measuring our processor time: %w", err)
	}
	r.CPU = time.Duration(use.Utime.Nano() + use.Stime.Nano())
	var errs []error
	var err error
	if r.Busy, r.All, err = m.processors(); err != nil {
		errs = append(errs, err)
	}
	if r.Memory, r.Room, err = m.memory(); err != nil {
		errs = append(errs, err)
	}
	if m.ticks%5 == 0 {
		if m.files, err = m.descriptors(); err != nil {
			errs = append(errs, err)
		}
	}
	m.ticks++
	r.Files = m.files
	return r, errors.Join(errs...)
}

func (m *Machine) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join("/", m.Root, path)) //nolint:gosec // below /proc and /sys
}

// processors sums up the machine's time. What runs at lower priority than ours, such
// as the speech worker, gives way and does not count.
func (m *Machine) processors() (busy, all float64, err error) {
	b, err := m.read("proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("measuring the machine: %w", err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	const nice, idle, iowait, guest = 1, 3, 4, 8
	_, line, _ = bytes.Cut(line, []byte(" ")) // "cpu"
	for i, f := range bytes.Fields(line) {
		if i >= guest { // guests are in user already
			break
		}
		v, err := strconv.ParseFloat(string(f), 64)
		if err != nil {
			return 0, 0, fmt.Errorf("measuring the machine: %w", err)
		}
		all += v
		if i != nice && i != idle && i != iowait {
			busy += v
		}
	}
	return busy, all, nil
}

// memory is the share in use: of the machine's, or of the control group's that is
// fuller. What the kernel only caches counts as free.
func (m *Machine) memory() (share, room float64, err error) {
	b, err := m.read("proc/meminfo")
	if err != nil {
		return 0, 0, fmt.Errorf("measuring the memory: %w", err)
	}
	if total, free := field(b, "MemTotal:"), field(b, "MemAvailable:"); total > 0 && free > 0 {
		share, room = 1-free/total, free*1024
	}
	for _, dir := range m.memoryGroups() {
		limit := m.number(dir, "memory.max", "memory.limit_in_bytes")
		if limit <= 0 || limit > 1<<60 { // none
			continue
		}
		stat, err := m.read(filepath.Join(dir, "memory.stat"))
		if err != nil {
			continue
		}
		cached := 0.0 // pages of files, which the kernel drops when it needs room
		for _, list := range []string{"inactive_file", "active_file"} {
			cached += max(field(stat, list), field(stat, "total_"+list))
		}
		used := m.number(dir, "memory.current", "memory.usage_in_bytes") - cached
		if used/limit > share {
			share, room = used/limit, limit-used
		}
	}
	return share, room, nil
}

// memoryGroups are the folders whose limits hold for us: our control group and those
// above it.
func (m *Machine) memoryGroups() []string {
	if m.sought {
		return m.groups
	}
	m.sought = true
	b, err := m.read("proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		var root string
		switch {
		case parts[1] == "":
			root = "sys/fs/cgroup"
		case strings.Contains(","+parts[1]+",", ",memory,"):
			root = "sys/fs/cgroup/memory"
		default:
			continue
		}
		for dir := filepath.Clean("/" + parts[2]); ; dir = filepath.Dir(dir) {
			folder := filepath.Join(root, dir)
			if m.number(folder, "memory.max", "memory.limit_in_bytes") > 0 {
				m.groups = append(m.groups, folder)
			}
			if dir == "/" {
				break
			}
		}
	}
	return m.groups
}

// number reads the first of several files that holds one; 0 without.
func (m *Machine) number(dir string, names ...string) float64 {
	for _, name := range names {
		b, err := m.read(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64); err == nil {
			return v
		}
	}
	return 0
}

// field is the number after a name at the start of a line.
func field(b []byte, name string) float64 {
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) > 1 && string(f[0]) == name {
			v, _ := strconv.ParseFloat(string(f[1]), 64)
			return v
		}
	}
	return 0
}

// descriptors is the share of our file descriptors that are open.
func (m *Machine) descriptors() (float64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur == 0 {
		return 0, fmt.Errorf("asking for the limit of open files: %w", err)
	}
	d, err := os.Open(filepath.Join("/", m.Root, "proc/self/fd"))
	if err != nil {
		return 0, fmt.Errorf("counting open files: %w", err)
	}
	defer func() { _ = d.Close() }()
	n := 0
	for {
		names, err := d.Readdirnames(1024)
		n += len(names)
		if err != nil {
			return float64(n) / float64(limit.Cur), nil
		}
	}
}
