package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
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
//
// A transaction costs much more than a row in it. So while transactions follow each
// other, the leader lets a moment pass after the one before, the longer the more had
// come to that one: hundreds of calls a second then share some ten transactions. A
// writer that comes alone never waits. Nor is there a moment before and after the
// transactions of who writes thousands of rows (a bulk), one such after the other: those
// are long themselves. Each has its own, and the others' operations are between two of
// them: who comes meanwhile waits for what is left of one.
type group struct {
	db    *sql.DB
	begin *sql.TxOptions
	again func(error) bool // a transaction failed for another's sake only

	mu      sync.Mutex
	queue   []*operation  // guarded by mu
	leading bool          // guarded by mu: a leader exists
	full    chan struct{} // guarded by mu: closed when the queue of a leader that waits is long enough

	last       time.Time            // of the last commit; only the leader uses what follows
	bulky      bool                 // it was a bulk
	size       int                  // operations in it
	statements map[string]*sql.Stmt // by text
	wanted     []string             // texts to be prepared
}

type operation struct {
	do   func(context.Context, *sql.Tx) error
	bulk bool
	done chan error    // the result, once
	lead chan struct{} // it is this one's turn to lead

	yielded bool // only the leader uses it
}

const (
	groupSize    = 128
	groupTimeout = 30 * time.Second
	// Between transactions that follow each other pass groupPace, and up to longPace as
	// the last one held more.
	groupPace = 25 * time.Millisecond
	longPace  = 100 * time.Millisecond
	// bulkYields is how long a bulk waits behind the others' transaction for what they
	// write next: a request writes more than once.
	bulkYields = 3 * time.Millisecond
	// maxStatements is more than there are texts; more would be texts with values in them.
	maxStatements = 80
)

// write runs do in a transaction and returns when it is durable. When ctx ends
// first, do has not run, or its result is not known. do is run a second time when
// another operation of its transaction fails: it must leave alone what it reads.
func (g *group) write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return g.queued(ctx, do, false)
}

// writeBulk is write for one of many writes of many rows each.
func (g *group) writeBulk(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return g.queued(ctx, do, true)
}

func (g *group) queued(ctx context.Context, do func(context.Context, *sql.Tx) error, bulk bool) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	o := &operation{do: do, bulk: bulk, done: make(chan error, 1), lead: make(chan struct{}, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, o)
	if g.full != nil && (bulk || len(g.queue) >= groupSize) { // nobody gathers while thousands of rows wait
		close(g.full)
		g.full = nil
	}
	if !g.leading {
		g.leading = true
		o.lead <- struct{}{}
	}
	g.mu.Unlock()

	for {
		select {
		case err := <-o.done:
			return err
		case <-o.lead:
			if bulk && g.yield(ctx, o) {
				continue
			}
			g.run(ctx, bulk)
			return <-o.done
		case <-ctx.Done():
			return g.withdraw(ctx, o)
		}
	}
}

// withdraw takes an operation back whose ctx has ended.
func (g *group) withdraw(ctx context.Context, o *operation) error {
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

// handOver needs g.mu and the lead. Behind a bulk come the others, and behind them a bulk.
func (g *group) handOver() {
	if g.leading = len(g.queue) > 0; g.leading {
		next := max(0, slices.IndexFunc(g.queue, func(o *operation) bool { return o.bulk != g.bulky }))
		g.queue[next].lead <- struct{}{}
	}
}

// yield hands the lead of a bulk to who has come just behind another transaction, once.
func (g *group) yield(ctx context.Context, o *operation) bool {
	if o.yielded || g.bulky || time.Since(g.last) > bulkYields {
		return false
	}
	o.yielded = true
	pause := time.NewTimer(bulkYields)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	next := slices.IndexFunc(g.queue, func(o *operation) bool { return !o.bulk })
	if next >= 0 {
		g.queue[next].lead <- struct{}{}
	}
	return next >= 0
}

// take takes a batch out of the queue: the first bulk, or others as many as there are.
func (g *group) take(bulk bool) (batch []*operation) {
	most := groupSize
	if bulk {
		most = 1
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = slices.DeleteFunc(g.queue, func(o *operation) bool {
		if o.bulk != bulk || len(batch) == most {
			return false
		}
		batch = append(batch, o)
		return true
	})
	return batch
}

// run does what is queued as one transaction.
func (g *group) run(ctx context.Context, bulk bool) {
	if !bulk && !g.bulky {
		g.gather(ctx)
	}
	batch := g.take(bulk)
	n := len(batch)

	// The leader's own ctx must not end the others' work.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTimeout)
	defer cancel()
	results := make([]error, n)
	err := g.commit(ctx, batch, results)
	g.prepare(ctx)
	g.last, g.size = time.Now(), n
	g.bulky = bulk
	for i, o := range batch {
		o.done <- errors.Join(results[i], err)
	}
	g.mu.Lock()
	g.handOver()
	g.mu.Unlock()
}

// gather lets others join when a transaction has just been, until its pace is kept or
// there are enough.
func (g *group) gather(ctx context.Context) {
	wait := min(max(groupPace, time.Duration(g.size)*groupPace/2), longPace) - time.Since(g.last)
	if g.last.IsZero() || wait <= 0 {
		return
	}
	full := make(chan struct{})
	g.mu.Lock()
	if len(g.queue) >= groupSize || slices.ContainsFunc(g.queue, func(o *operation) bool { return o.bulk }) {
		wait = 0
	}
	g.full = full
	g.mu.Unlock()
	if wait > 0 {
		pause := time.NewTimer(wait)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-full:
		case <-ctx.Done():
		}
	}
	g.mu.Lock()
	g.full = nil
	g.mu.Unlock()
}

// exec runs a statement in the group's transaction. From the second time that its
// text is met it is prepared. Only operations of the group may call it.
func (g *group) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (sql.Result, error) {
	if s := g.statements[text]; s != nil {
		return tx.StmtContext(ctx, s).ExecContext(ctx, args...) //nolint:sqlclosecheck // the transaction closes it
	}
	if len(g.statements)+len(g.wanted) < maxStatements && !slices.Contains(g.wanted, text) {
		g.wanted = append(g.wanted, text)
	}
	return tx.ExecContext(ctx, text, args...)
}

// prepare makes the statements that were wanted. The transaction that wanted them
// must be over: there may be one connection only.
func (g *group) prepare(ctx context.Context) {
	for _, text := range g.wanted {
		s, err := g.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // close does, once the store ends
		if err != nil {
			continue // its next use says why
		}
		if g.statements == nil {
			g.statements = map[string]*sql.Stmt{}
		}
		g.statements[text] = s
	}
	g.wanted = g.wanted[:0]
}

func (g *group) close() error {
	var errs []error
	for _, s := range g.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, g.db.Close())...)
}

// attempts bounds how often a batch is run that another node is in the way of.
const attempts = 8

// commit runs a batch as one transaction, again where only another node was in its way.
// Where it always is, nothing is kept, and each operation is told so.
func (g *group) commit(ctx context.Context, batch []*operation, results []error) (err error) {
	for n := range attempts {
		clear(results)
		err = g.once(ctx, batch, results)
		if i := slices.IndexFunc(results, g.again); i >= 0 && err == nil {
			err = fmt.Errorf("write to the database: %w", results[i])
		}
		if !g.again(err) {
			return err
		}
		// The others shall be through by then, each after a time of its own.
		pause := time.NewTimer(rand.N(time.Duration(n+1) * 10 * time.Millisecond))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(err, context.Cause(ctx))
		}
	}
	return err
}

// once runs a batch as one transaction. Savepoints, which would keep one
// operation's failure from the others, cost as much as the operations: they are set
// only once one has failed, when all of it is run again.
func (g *group) once(ctx context.Context, batch []*operation, results []error) error {
	whole, err := g.try(ctx, batch, results, false)
	if err != nil || whole || len(batch) == 1 || slices.ContainsFunc(results, g.again) { // the failure of a single one is the transaction's
		return err
	}
	clear(results)
	_, err = g.try(ctx, batch, results, true)
	return err
}

// try runs a batch. Without savepoints the first failure ends it and nothing is kept,
// which whole tells.
func (g *group) try(ctx context.Context, batch []*operation, results []error, savepoints bool) (whole bool, err error) {
	tx, err := g.db.BeginTx(ctx, g.begin)
	if err != nil {
		return false, fmt.Errorf("write to the database: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	// The transaction ends with ctx, between two statements. To end them as well the
	// driver would start a goroutine for each; a locked file has its own limit.
	within := context.WithoutCancel(ctx)
	for i, o := range batch {
		if savepoints {
			if _, err := g.exec(within, tx, "SAVEPOINT operation"); err != nil {
				return false, fmt.Errorf("write to the database: %w", err)
			}
		}
		results[i] = guard(within, tx, o)
		if !savepoints || g.again(results[i]) { // what is run again must not be kept
			if results[i] != nil {
				return false, nil
			}
			continue
		}
		end := "RELEASE SAVEPOINT operation"
		if results[i] != nil {
			end = "ROLLBACK TO SAVEPOINT operation"
		}
		if _, err := g.exec(within, tx, end); err != nil {
			return false, fmt.Errorf("write to the database: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("write to the database: %w", err)
	}
	return true, nil
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
