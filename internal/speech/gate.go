package speech

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// gate lets a bounded number of requests in at once and a bounded number wait.
type gate struct {
	places chan struct{}
	queue  int64
	wait   time.Duration

	waiting atomic.Int64
	refused atomic.Int64
	served  atomic.Int64
}

func newGate(places, queue int, wait time.Duration) *gate {
	return &gate{places: make(chan struct{}, places), queue: int64(queue), wait: wait}
}

// enter waits for a place and returns how to give it back, and how long the wait
// was. It fails with ErrBusy when the queue is full or the wait too long, and
// with ctx's cause.
func (g *gate) enter(ctx context.Context) (leave func(), waited time.Duration, err error) {
	leave = func() { <-g.places; g.served.Add(1) }
	select {
	case g.places <- struct{}{}:
		return leave, 0, nil
	default:
	}
	if g.waiting.Add(1) > g.queue {
		g.waiting.Add(-1)
		g.refused.Add(1)
		return nil, 0, fmt.Errorf("%w: %d requests wait already", ErrBusy, g.queue)
	}
	defer g.waiting.Add(-1)
	begin := time.Now()
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return leave, time.Since(begin), nil
	case <-timer.C:
		g.refused.Add(1)
		return nil, 0, fmt.Errorf("%w: no place within %v", ErrBusy, g.wait)
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
}

// load is the gate's state for /healthz.
type load struct {
	Places  int   `json:"places"`
	Busy    int   `json:"busy"`
	Waiting int64 `json:"waiting"`
	Served  int64 `json:"served"`
	Refused int64 `json:"refused"`
}

func (g *gate) load() load {
	return load{cap(g.places), len(g.places), g.waiting.Load(), g.served.Load(), g.refused.Load()}
}
