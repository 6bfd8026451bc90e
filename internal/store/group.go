package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// group commits writers together: on a disk that takes 10 ms for a sync, each of
// a hundred calls' rows would otherwise wait for those before it.
//
// The first writer leads: it runs its own operation and those queued behind it in
// one transaction, then hands the lead to the next in the queue. The queue holds
// only writers that wait, so it is as long as there are writers.
type group struct {
	db *sql.DB

	mu      sync.Mutex
	queue   []*operation // guarded by mu
	leading bool         // guarded by mu: a leader exists
}

type operation struct {
	do   func(context.Context, *sql.Tx) error
	done chan error    // the result, once
	lead chan struct{} // it is this one's turn to lead
}

const (
	groupSize    = 128
	groupTimeout = 30 * time.Second
)

// write runs do in a transaction and returns when it is durable. When ctx ends
// first, do has not run, or its result is not known.
func (g *group) write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	o := &operation{do, make(chan error, 1), make(chan struct{}, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, o)
	if !g.leading {
		g.leading = true
		o.lead <- struct{}{}
	}
	g.mu.Unlock()

	select {
	case err := <-o.done:
		return err
	case <-o.lead:
		g.run(ctx)
		return <-o.done
	case <-ctx.Done():
	}
	g.mu.Lock()
	if i := slices.Index(g.queue, o); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		o.done <- context.Cause(ctx)
	}
	select {
	case <-o.lead: // given meanwhile: pass it on
		g.handOver()
	default:
	}
	g.mu.Unlock()
	select {
	case err := <-o.done:
		return err
	default:
		return fmt.Errorf("the database is slow, the row may be missing: %w", context.Cause(ctx))
	}
}

// handOver needs g.mu and the lead.
func (g *group) handOver() {
	if g.leading = len(g.queue) > 0; g.leading {
		g.queue[0].lead <- struct{}{}
	}
}

// run does what is queued as one transaction.
func (g *group) run(ctx context.Context) {
	g.mu.Lock()
	n := min(len(g.queue), groupSize)
	batch := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	g.mu.Unlock()

	// The leader's own ctx must not end the others' work.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTimeout)
	defer cancel()
	results := make([]error, n)
	err := g.commit(ctx, batch, results)
	for i, o := range batch {
		o.done <- errors.Join(results[i], err)
	}
	g.mu.Lock()
	g.handOver()
	g.mu.Unlock()
}

func (g *group) commit(ctx context.Context, batch []*operation, results []error) error {
	tx, err := g.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	for i, o := range batch {
		// A savepoint keeps one operation's failure from the others.
		if _, err := tx.ExecContext(ctx, "SAVEPOINT operation"); err != nil {
			return fmt.Errorf("write to the database: %w", err)
		}
		end := "RELEASE SAVEPOINT operation"
		if results[i] = guard(ctx, tx, o); results[i] != nil {
			end = "ROLLBACK TO SAVEPOINT operation"
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			return fmt.Errorf("write to the database: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}

// guard keeps a panic of one writer from those that it leads.
func guard(ctx context.Context, tx *sql.Tx, o *operation) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while writing: %v", p)
		}
	}()
	return o.do(ctx, tx)
}
