package kb

import "context"

// turn is held by one at a time. Unlike a mutex it is not waited for any longer than ctx
// lasts.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn; leave gives it back.
func (t turn) take(ctx context.Context) (leave func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
