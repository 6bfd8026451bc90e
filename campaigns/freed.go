package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A campaign that has as many calls as it may have at once begins the next ones soon after
// others have ended, and does not wait for the next look: what calls of a second leave free
// would be empty for half of the time.

// soonest is how many times in a tick such campaigns are looked at at most.
const soonest = 4

// ended says that a call is over.
func (r *Runner) ended() {
	select {
	case r.endings <- struct{}{}:
	default: // that is known
	}
}

// soon is when campaigns that were full are looked at again, now that a call is over; nil
// where none was.
func (r *Runner) soon() <-chan time.Time {
	if len(r.full) == 0 {
		return nil
	}
	return time.After(r.cfg.Tick / soonest)
}

// fill queues what is due of campaigns that were full at the last look and have room now.
// What all of them together may begin was dealt then.
func (r *Runner) fill(ctx context.Context) error {
	full := r.full
	r.full = nil
	var errs []error
	for _, c := range full {
		busy, err := r.cfg.Store.Busy(ctx, c.ID)
		switch {
		case err == nil && busy >= c.Limits().Concurrency: // it is full still
			r.full = append(r.full, c)
		case err == nil:
			err = r.lookAt(ctx, c, r.cfg.Tick/soonest)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("campaign %s: %w", c.ID, err))
		}
	}
	return errors.Join(errs...)
}
