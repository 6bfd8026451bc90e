package campaigns

import (
	"context"
	"fmt"
	"time"
)

// What takes the store longer than a look at all campaigns may take is done aside, one after
// the other: contacts are put off, and it is kept why.

// chore is something to be done aside; of those with one key one waits at most.
type chore struct {
	key string
	do  func(context.Context) error
}

// mostChores is how many may wait. What is not taken is asked for again by the next look.
const mostChores = 64

// aside has something done soon.
func (r *Runner) aside(key string, do func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked[key] {
		return
	}
	select {
	case r.chores <- chore{key, do}:
		r.asked[key] = true
	default:
	}
}

// choreWait bounds one chore.
const choreWait = time.Minute

// doChores works until ctx ends.
func (r *Runner) doChores(ctx context.Context) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-r.chores:
			err := r.doChore(ctx, c)
			if err != nil && !failing && ctx.Err() == nil {
				r.cfg.Log.ErrorContext(ctx, "why contacts are not called cannot be kept", "error", err)
			}
			failing = err != nil
		}
	}
}

func (r *Runner) doChore(ctx context.Context, c chore) (err error) {
	ctx, stop := context.WithTimeout(ctx, choreWait)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		r.mu.Lock()
		delete(r.asked, c.key)
		r.mu.Unlock()
	}()
	return c.do(ctx)
}

const (
	// putOffRows is how many contacts are looked at, and put off, in one transaction:
	// others write between two.
	putOffRows = 200
	// putOffMost bounds how often that is done until others of the chores have their turn.
	putOffMost = 50
)

// putOff puts those off who are due and may not be called now, until all who are due next
// may be.
func (r *Runner) putOff(c Campaign) {
	r.aside("put off "+c.ID, func(ctx context.Context) error {
		for range putOffMost {
			now := r.cfg.Now()
			open, _, err := r.open(ctx, c, now)
			if err != nil || len(open) == 0 {
				return err
			}
			due, err := r.cfg.Store.Due(ctx, c.ID, open, now, putOffRows)
			if err != nil {
				return err
			}
			_, later := r.sift(c, due, now)
			if len(later) == 0 {
				return nil
			}
			if err := r.cfg.Store.Postpone(ctx, later); err != nil {
				return err
			}
		}
		return nil
	})
}
