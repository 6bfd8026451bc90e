package load_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/load"
)

// rig is a machine whose load the test sets.
type rig struct {
	mu            sync.Mutex
	cpu, machine  float64
	memory, files float64
	room          float64
	late          time.Duration // of each moment
	live, used    int

	reading load.Reading
	moments int64
	sum     time.Duration
}

func (r *rig) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Measure adds what the time since the last call has brought.
func (r *rig) Measure() (load.Reading, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if last := r.reading.At; !last.IsZero() {
		d := now.Sub(last)
		r.reading.CPU += time.Duration(r.cpu * 2 * float64(d))
		r.reading.Busy += r.machine * d.Seconds()
		r.reading.All += d.Seconds()
		n := int64(d / (20 * time.Millisecond))
		r.moments += n
		r.sum += time.Duration(n) * r.late
	}
	r.reading.At, r.reading.Cores, r.reading.Memory, r.reading.Room, r.reading.Files = now, 2, r.memory, r.room, r.files
	return r.reading, nil
}

func (r *rig) config() load.Config {
	locked := func(v *int) int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return *v
	}
	return load.Config{
		Probe: r,
		Calls: func() (int, int) { return locked(&r.live), 100 },
		Ports: func() (int, int) { return locked(&r.used), 200 },
		Lateness: func() (int64, time.Duration) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.moments, r.sum
		},
	}
}

func TestEachThingRunsOutAndComesBack(t *testing.T) {
	for _, c := range []struct {
		name            string
		over, less, few func(*rig) // too much; less, but not clearly; clearly less
		exact           bool       // counted at each call, so that less is enough
		reason          string
	}{
		{"lines", func(r *rig) { r.live = 100 }, func(r *rig) { r.live = 99 }, func(r *rig) { r.live = 90 }, true, "all lines are taken"},
		{"ports", func(r *rig) { r.used = 200 }, func(r *rig) { r.used = 199 }, func(r *rig) { r.used = 150 }, true, "no RTP port is free"},
		{"sound", func(r *rig) { r.late = 130 * time.Millisecond }, func(r *rig) { r.late = 50 * time.Millisecond }, func(r *rig) { r.late = time.Millisecond }, false, "the sound is"},
		{"processor", func(r *rig) { r.cpu = 0.97 }, func(r *rig) { r.cpu = 0.85 }, func(r *rig) { r.cpu = 0.3 }, false, "the processors are busy to"},
		{"machine", func(r *rig) { r.machine, r.late = 1, 15*time.Millisecond }, func(r *rig) { r.machine = 0.85 }, func(r *rig) { r.machine = 0.2 }, false, "the processors are busy to"},
		{"memory", func(r *rig) { r.memory = 0.95 }, func(r *rig) { r.memory = 0.9 }, func(r *rig) { r.memory = 0.7 }, false, "the memory is full to 95 %"},
		{"files", func(r *rig) { r.files = 0.93 }, func(r *rig) { r.files = 0.88 }, func(r *rig) { r.files = 0.5 }, false, "the file descriptors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{}
				m := load.New(r.config())
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- m.Run(ctx) }()
				settle := func(f func(*rig)) (admitted bool) {
					r.set(func() { f(r) })
					time.Sleep(10 * time.Second)
					synctest.Wait()
					_, ok := m.Admit(ctx)
					return ok
				}
				require.True(t, settle(func(*rig) {}))
				require.Empty(t, m.State().Reasons)
				require.False(t, settle(c.over))
				wait, _ := m.Admit(ctx)
				require.Equal(t, 10*time.Second, wait)
				require.EqualValues(t, 2, m.Refused())
				require.Contains(t, strings.Join(m.State().Reasons, ";"), c.reason)
				require.Equal(t, c.exact, settle(c.less), "it does not flutter")
				require.NotEmpty(t, m.State().Reasons)
				require.True(t, settle(c.few))
				require.Empty(t, m.State().Reasons)
				cancel()
				require.NoError(t, <-done)
			})
		})
	}
}

// A machine that is busy with what others do takes calls as long as they sound well.
func TestOthersMayUseTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{machine: 1, cpu: 0.2, late: time.Millisecond}
		m := load.New(r.config())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(time.Minute)
		_, ok := m.Admit(ctx)
		require.True(t, ok)
		require.InDelta(t, 1, m.State().Machine, 0.01)
		cancel()
		require.NoError(t, <-done)
	})
}

// On a large machine a small share of the memory is plenty.
func TestEnoughMemoryIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{memory: 0.95, room: 1 << 30}
		m := load.New(r.config())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(10 * time.Second)
		_, ok := m.Admit(ctx)
		require.True(t, ok)
		cancel()
		require.NoError(t, <-done)
	})
}

// A sudden flood is stopped within half a second of the first late sound.
func TestLateSoundActsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{}
		m := load.New(r.config())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(10 * time.Second)
		r.set(func() { r.late = 220 * time.Millisecond })
		time.Sleep(500 * time.Millisecond)
		_, ok := m.Admit(ctx)
		require.False(t, ok)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestThisMachine(t *testing.T) {
	m := &load.Machine{}
	a, err := m.Measure()
	require.NoError(t, err)
	until := time.Now().Add(50 * time.Millisecond)
	for time.Now().Before(until) { // it uses the processor
		_, err = m.Measure()
		require.NoError(t, err)
	}
	b, err := m.Measure()
	require.NoError(t, err)
	require.Greater(t, b.CPU, a.CPU)
	require.Positive(t, a.Cores)
	require.Greater(t, b.All, 0.0)
	require.GreaterOrEqual(t, b.All, b.Busy)
	for _, share := range []float64{a.Memory, a.Files} {
		require.Greater(t, share, 0.0)
		require.Less(t, share, 1.0)
	}
}

func TestControlGroups(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"none", nil, 0.5},
		{"second version, the parent is fuller", map[string]string{
			"proc/self/cgroup":             "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "1000\n",
			"sys/fs/cgroup/a/memory.current": "900\n", "sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 60\nactive_file 40\n",
		}, 0.8},
		{"first version", map[string]string{
			"proc/self/cgroup": "9:cpu:/\n4:memory:/x\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes":  "1000\n",
			"sys/fs/cgroup/memory/x/memory.usage_in_bytes":  "950\n",
			"sys/fs/cgroup/memory/x/memory.stat":            "total_inactive_file 50\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":    "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":    "5\n",
			"sys/fs/cgroup/memory/memory.stat":              "x 1\n",
			"sys/fs/cgroup/memory/unrelated/memory.current": "1\n",
		}, 0.9},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(root, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			write("proc/stat", "cpu  10 20 30 40 5 0 1 2 7 7\ncpu0 1 1 1\n")
			write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 500 kB\n")
			write("proc/self/fd/0", "")
			for name, text := range c.files {
				write(name, text)
			}
			r, err := (&load.Machine{Root: root}).Measure()
			require.NoError(t, err)
			require.InDelta(t, c.want, r.Memory, 1e-9)
			require.InDelta(t, map[bool]float64{true: 500 * 1024, false: (1 - c.want) * 1000}[c.want == 0.5], r.Room, 1e-6)
			require.InDelta(t, 108, r.All, 1e-9)
			require.InDelta(t, 43, r.Busy, 1e-9)
		})
	}
}
