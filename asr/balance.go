package asr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Backend is one of several decoders that share the load.
type Backend struct {
	Name    string // for logs and figures
	Decoder Decoder
	Slots   int // decodes at once; 0: no limit
}

// BalanceConfig is what NewBalance needs.
type BalanceConfig struct {
	Backends []Backend
	// Retry bounds how long an urgent segment waits for a backend to come back
	// where all have failed: a worker that crashed is there again within seconds,
	// and the caller's words with it. Default 4 s; the caller's ctx bounds it too.
	Retry time.Duration
	Log   *slog.Logger // default: nothing is logged
}

// How long a failed backend is left alone: at first, doubling, and at most. A
// worker restarts in half a second.
const (
	cooldownFirst = 200 * time.Millisecond
	cooldownMost  = 2 * time.Second
	retryEvery    = 150 * time.Millisecond
)

// ErrNoBackend says that no backend could decode; it wraps their errors.
var ErrNoBackend = errors.New("no speech recognition is reachable")

// A Balance is a Decoder over several: each segment goes to the one with the
// fewest decodes under way, and to another one if that fails. A backend that
// fails is left alone for a while. It starts nothing.
type Balance struct {
	retry time.Duration
	log   *slog.Logger

	mu       sync.Mutex
	backends []backendState
	next     int // where the search begins, so that equals take turns
}

// backendState is guarded by Balance.mu.
type backendState struct {
	Backend
	running  int
	failures int // in a row
	until    time.Time
	last     error
	decoded  int64
	failed   int64
}

// BackendStats are the figures of one backend.
type BackendStats struct {
	Name    string
	Running int
	Healthy bool
	Decoded int64
	Failed  int64
	Error   string // the last one, "" while it works
}

var _ Decoder = (*Balance)(nil)

// NewBalance returns a Balance over at least one backend.
func NewBalance(cfg BalanceConfig) (*Balance, error) {
	if len(cfg.Backends) == 0 {
		return nil, errors.New("nothing to balance: no speech recognition is configured")
	}
	orDefault(&cfg.Retry, 4*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	b := &Balance{retry: cfg.Retry, log: cfg.Log}
	for _, k := range cfg.Backends {
		b.backends = append(b.backends, backendState{Backend: k})
	}
	return b, nil
}

// Decode implements Decoder.
func (b *Balance) Decode(ctx context.Context, s Segment) (Transcript, error) {
	deadline := time.Now().Add(b.retry)
	for {
		out, err := b.round(ctx, s)
		if err != nil && ctx.Err() != nil {
			return Transcript{}, context.Cause(ctx)
		}
		if err == nil || !errors.Is(err, ErrNoBackend) || !s.Urgent || time.Now().Add(retryEvery).After(deadline) {
			return out, err
		}
		timer := time.NewTimer(retryEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return Transcript{}, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// round tries each backend at most once.
func (b *Balance) round(ctx context.Context, s Segment) (Transcript, error) {
	var tried []int
	var errs []error
	busy := false
	for {
		i := b.take(tried)
		if i < 0 {
			break
		}
		tried = append(tried, i)
		out, err := b.use(ctx, i, s)
		switch {
		case err == nil:
			return out, nil
		case ctx.Err() != nil:
			return Transcript{}, context.Cause(ctx)
		case errors.Is(err, ErrOverloaded):
			busy = true
		case permanent(err):
			return Transcript{}, err
		default:
			errs = append(errs, err)
		}
	}
	if busy || len(errs) == 0 && b.full() {
		return Transcript{}, ErrOverloaded
	}
	if len(errs) == 0 {
		errs = b.errors()
	}
	return Transcript{}, fmt.Errorf("%w: %w", ErrNoBackend, errors.Join(errs...))
}

// permanent says whether an error is the request's own fault: every backend would
// answer the same.
func permanent(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && !t.Temporary()
}

// take reserves the least busy of the usable backends that are not among tried,
// -1 where there is none.
func (b *Balance) take(tried []int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	best := -1
	for k := range b.backends {
		i := (b.next + k) % len(b.backends)
		s := &b.backends[i]
		if slices.Contains(tried, i) || now.Before(s.until) || s.Slots > 0 && s.running >= s.Slots {
			continue
		}
		if best < 0 || s.running < b.backends[best].running {
			best = i
		}
	}
	if best >= 0 {
		b.backends[best].running++
		b.next = (best + 1) % len(b.backends)
	}
	return best
}

func (b *Balance) use(ctx context.Context, i int, s Segment) (Transcript, error) {
	b.mu.Lock()
	d := b.backends[i].Decoder
	b.mu.Unlock()
	out, err := d.Decode(ctx, s)
	b.mu.Lock()
	defer b.mu.Unlock()
	k := &b.backends[i]
	k.running--
	switch {
	case err == nil:
		if k.failures > 0 {
			b.log.Info("speech recognition is back", "backend", k.Name)
		}
		k.failures, k.last, k.until = 0, nil, time.Time{}
		k.decoded++
	case ctx.Err() != nil, errors.Is(err, ErrOverloaded), permanent(err):
		// says nothing about the backend's health
	default:
		if k.failures == 0 {
			b.log.Warn("speech recognition failed, trying another", "backend", k.Name, "err", err)
		}
		k.failed++
		k.last = err
		k.until = time.Now().Add(min(cooldownFirst<<min(k.failures, 8), cooldownMost))
		k.failures++
	}
	return out, err
}

// full says whether a healthy backend is there that has no free place.
func (b *Balance) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(b.backends, func(s backendState) bool { return !now.Before(s.until) })
}

func (b *Balance) errors() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, s := range b.backends {
		if s.last != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, s.last))
		}
	}
	return errs
}

// Idle says whether a working backend has nothing to do.
func (b *Balance) Idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(b.backends, func(s backendState) bool { return s.running == 0 && !now.Before(s.until) })
}

// Stats returns the figures of now, in the order of the configuration.
func (b *Balance) Stats() []BackendStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]BackendStats, 0, len(b.backends))
	for _, s := range b.backends {
		k := BackendStats{Name: s.Name, Running: s.running, Healthy: s.failures == 0, Decoded: s.decoded, Failed: s.failed}
		if s.last != nil {
			k.Error = s.last.Error()
		}
		out = append(out, k)
	}
	return out
}
