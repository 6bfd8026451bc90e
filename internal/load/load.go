// Package load tells whether the machine can bear another call.
//
// A [Monitor] samples what runs out: lines, ports, processor, memory, files. Its
// [Monitor.Admit] is asked before each new call; while anything has run out, the
// answer is no, and it stays no until there is clearly room again (hysteresis), so
// that a server at its limit does not flutter. Calls in progress are never touched.
//
// The best sign of too much work is not the processor's load, which other programs
// of lower priority may use up without harm, but how late the clock of the calls'
// sound ticks: that is what callers hear.
//
// # Concurrency
//
// Run samples in one goroutine until its ctx ends. The other methods may be called
// from any.
package load

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what is watched and what is too much. The functions may be nil, and
// must be quick.
type Config struct {
	// Calls are those in progress and how many there may be.
	Calls func() (live, limit int)
	// Ports are the pairs in use and how many there are; of is 0 when they have no end.
	Ports func() (used, of int)
	// Lateness is the clock's, as media.Clock tells it.
	Lateness func() (moments int64, late time.Duration)

	CPU float64 // share of the processors that our process may use; default 0.9
	// Memory is the share of the memory, ours or the machine's, from which no more
	// calls are taken when less than 512 MB are left as well; default 0.92.
	Memory float64
	Files  float64       // share of the file descriptors; default 0.9
	Late   time.Duration // how late the sound may be on average; default 100 ms

	// RetryAfter is what those who are refused are told. Default 10 s.
	RetryAfter time.Duration
	// Probe measures the machine. Default: this one, by /proc and the control group.
	Probe Probe
	Log   *slog.Logger
}

// Probe measures process and machine.
type Probe interface {
	Measure() (Reading, error)
}

// Reading is one measurement.
type Reading struct {
	At        time.Time
	CPU       time.Duration // used by our process since its start
	Cores     float64       // that it may use
	Busy, All float64       // the machine's processor time at our priority and in all
	Memory    float64       // share in use: of the control group's limit or the machine
	Room      float64       // octets of memory that are left
	Files     float64       // share of the descriptors in use
}

const (
	every = 200 * time.Millisecond
	// smooth is the weight of a new sample: a change shows by two thirds in a second.
	smooth = 0.2
	// quick is the weight for lateness, which must act before callers hear it.
	quick = 0.5
	// enough memory is left, whatever its share: a call takes a few hundred kilobytes.
	enough = 512 << 20
)

// State is how things are.
type State struct {
	CPU, Machine, Memory, Files float64 // shares, 0 to 1
	Room                        float64 // octets of memory that are left
	Late                        time.Duration
	Reasons                     []string // why no call is taken; empty when calls are
}

// Monitor watches the load.
type Monitor struct {
	cfg     Config
	log     *slog.Logger
	full    atomic.Bool // of what is sampled
	refused atomic.Int64

	mu    sync.Mutex // guards what follows
	state State
	over  [things]bool
}

// thing is what may run out.
type thing int

const (
	calls thing = iota
	ports
	sound
	cpu
	memory
	files
	things
)

// New makes a monitor that has measured nothing yet.
func New(c Config) *Monitor {
	c.CPU = cmp.Or(c.CPU, 0.9)
	c.Memory = cmp.Or(c.Memory, 0.92)
	c.Files = cmp.Or(c.Files, 0.9)
	c.Late = cmp.Or(c.Late, 100*time.Millisecond)
	c.RetryAfter = cmp.Or(c.RetryAfter, 10*time.Second)
	if c.Probe == nil {
		c.Probe = &Machine{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Monitor{cfg: c, log: c.Log}
}

// Admit tells whether another call can be borne, and if not when to ask again.
func (m *Monitor) Admit(context.Context) (retryAfter time.Duration, ok bool) {
	if m.full.Load() || m.taken() {
		m.refused.Add(1)
		return m.cfg.RetryAfter, false
	}
	return 0, true
}

// taken tells whether the last line or port is taken at this moment.
func (m *Monitor) taken() bool {
	if m.cfg.Calls != nil {
		if live, limit := m.cfg.Calls(); live >= limit {
			return true
		}
	}
	if m.cfg.Ports != nil {
		if used, of := m.cfg.Ports(); of > 0 && used >= of {
			return true
		}
	}
	return false
}

// Refused is how many calls Admit has turned away.
func (m *Monitor) Refused() int64 { return m.refused.Load() }

// State is what the last sample showed.
func (m *Monitor) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Reasons = slices.Clone(s.Reasons)
	return s
}

// Run samples until ctx ends.
func (m *Monitor) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var s sampler
	s.failed = m.sample(&s)
	if s.failed != nil {
		m.log.Warn("the machine's load cannot be measured: calls are limited by lines and sound only", "error", s.failed)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := m.sample(&s); err != nil && s.failed == nil {
				s.failed = err
				m.log.Warn("the machine's load cannot be measured: calls are limited by lines and sound only", "error", err)
			}
		}
	}
}

// sampler is what one sample needs of the last.
type sampler struct {
	last    Reading
	moments int64
	late    time.Duration
	state   State
	failed  error
}

// sample measures once and judges.
func (m *Monitor) sample(s *sampler) error {
	now, err := m.cfg.Probe.Measure()
	st := &s.state
	if err == nil {
		if d := now.At.Sub(s.last.At); !s.last.At.IsZero() && d > 0 && now.Cores > 0 {
			follow(&st.CPU, (now.CPU-s.last.CPU).Seconds()/(d.Seconds()*now.Cores), smooth)
			if all := now.All - s.last.All; all > 0 {
				follow(&st.Machine, (now.Busy-s.last.Busy)/all, smooth)
			}
		}
		st.Memory, st.Room, st.Files = now.Memory, now.Room, now.Files
		s.last = now
	}
	if m.cfg.Lateness != nil {
		n, late := m.cfg.Lateness()
		average := 0.0
		if n > s.moments {
			average = float64(late-s.late) / float64(n-s.moments)
		}
		x := float64(st.Late)
		follow(&x, average, quick)
		st.Late = time.Duration(x)
		s.moments, s.late = n, late
	}
	m.judge(*st)
	return err
}

func follow(x *float64, to, weight float64) { *x += weight * (to - *x) }

// judge decides what has run out. Each thing has run out from its limit on and is
// back well below it.
func (m *Monitor) judge(s State) {
	c := &m.cfg
	m.mu.Lock()
	was := slices.Contains(m.over[:], true)
	before := m.state.Reasons
	set := func(t thing, value, limit, back float64) {
		m.over[t] = value >= limit || m.over[t] && value > back
	}
	if c.Calls != nil {
		live, limit := c.Calls()
		set(calls, float64(live), float64(limit), 0.95*float64(limit))
	}
	if c.Ports != nil {
		if used, of := c.Ports(); of > 0 {
			set(ports, float64(used), float64(of), 0.95*float64(of))
		}
	}
	set(sound, float64(s.Late), float64(c.Late), float64(c.Late)/3)
	// A machine that is busy with what others do is none of our business until our
	// sound begins to suffer.
	load := s.CPU
	if s.Late >= c.Late/10 {
		load = max(load, s.Machine)
	}
	set(cpu, load, c.CPU, c.CPU-0.1)
	m.over[memory] = s.Room < enough && s.Memory >= c.Memory || m.over[memory] && s.Room < 1.25*enough && s.Memory > c.Memory-0.03
	set(files, s.Files, c.Files, c.Files-0.05)
	// Lines and ports are counted at each call; here they are only told.
	m.full.Store(slices.Contains(m.over[sound:], true))
	s.Reasons = m.reasons(s)
	is := slices.Contains(m.over[:], true)
	m.state = s
	m.mu.Unlock()
	switch {
	case is && !was:
		m.log.Warn("no more calls are taken", "reasons", s.Reasons)
	case was && !is:
		m.log.Info("calls are taken again", "after", before)
	}
}

func (m *Monitor) reasons(s State) []string {
	var out []string
	say := func(t thing, format string, args ...any) {
		if m.over[t] {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(calls, "all lines are taken")
	say(ports, "no RTP port is free: widen rtp.low to rtp.high")
	say(sound, "the sound is %d ms late: too many calls for this machine", s.Late.Milliseconds())
	say(cpu, "the processors are busy to %.0f %%", 100*max(s.CPU, s.Machine))
	say(memory, "the memory is full to %.0f %%", 100*s.Memory)
	say(files, "the file descriptors are used to %.0f %%: raise the limit (ulimit -n)", 100*s.Files)
	return out
}
