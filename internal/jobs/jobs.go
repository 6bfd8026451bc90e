// Package jobs queues attempts of campaigns that are due, by River: in a file of its own
// beside the embedded database, or in a schema of its own in PostgreSQL, where several
// nodes share the work.
//
// # Concepts
//
// A job is ids. What is true stands in the store: a job that is lost is queued again in
// the next minute, and one that comes twice finds its attempt claimed. So nothing here
// needs to be backed up.
//
// # Concurrency
//
// A [Queue] is safe for concurrent use. Open starts nothing; Run does and waits.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"hotline/campaigns"
	"hotline/internal/sqlitefile"
)

// Config says where jobs are queued.
type Config struct {
	// Database is the store's: "postgres://…" is shared, any other has its jobs in File.
	Database string
	// File of the embedded queue.
	File string
	// Workers is how many jobs this node works on at once; default 100.
	Workers int
	// Poll is how often new jobs are looked for; default 250 ms.
	Poll time.Duration
	// Log gets River's warnings; default discards.
	Log *slog.Logger
}

// schema is where River's tables lie in PostgreSQL: they are not the store's.
const schema = "hotline_jobs"

// Queue implements campaigns.Queue.
type Queue struct {
	enqueue func(context.Context, []campaigns.Job) error
	run     func(context.Context) error
	close   func() error
	worker  *worker
	handed  chan []campaigns.Job // until Run has written them
	log     *slog.Logger
}

// mostHanded is how many times jobs may be handed over that are not written yet; then
// who queues more waits for the database.
const mostHanded = 16

var _ campaigns.Queue = (*Queue)(nil)

// Open prepares the queue's tables.
func Open(ctx context.Context, cfg Config) (q *Queue, err error) {
	if cfg.Workers <= 0 {
		cfg.Workers = 100
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 250 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the queue of campaigns: %w", err)
		}
	}()
	if strings.HasPrefix(cfg.Database, "postgres://") || strings.HasPrefix(cfg.Database, "postgresql://") {
		pool, err := pgxpool.New(ctx, cfg.Database)
		if err != nil {
			return nil, err
		}
		q, err := shared(ctx, cfg, pool)
		if err != nil {
			pool.Close()
		}
		return q, err
	}
	db, err := openFile(ctx, cfg.File)
	if err != nil {
		return nil, err
	}
	q, err = build[*sql.Tx](ctx, cfg, riversqlite.New(db), "")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	q.close = db.Close
	return q, nil
}

// openFile opens the embedded queue. Its jobs need not survive a power cut.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	if err := sqlitefile.Prepare(ctx, path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqlitefile.Source(path, "synchronous(NORMAL)")+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // as riversqlite asks
	return db, nil
}

func shared(ctx context.Context, cfg Config, pool *pgxpool.Pool) (*Queue, error) {
	// Nodes that start together migrate one after another: the lock is this connection's.
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7305794)"); err != nil {
		return nil, err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(7305794)") }()
	if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema); err != nil {
		return nil, err
	}
	driver := riverpgxv5.New(pool)
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet(cfg.Log), Schema: schema})
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	q, err := build[pgx.Tx](ctx, cfg, driver, schema)
	if err != nil {
		return nil, err
	}
	q.close = func() error { pool.Close(); return nil }
	return q, nil
}

// build makes River's client. T is the driver's transaction.
func build[T any](ctx context.Context, cfg Config, driver riverdriver.Driver[T], schema string) (*Queue, error) {
	if schema == "" {
		m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet(cfg.Log)})
		if err != nil {
			return nil, err
		}
		if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return nil, err
		}
	}
	q := &Queue{worker: &worker{}, handed: make(chan []campaigns.Job, mostHanded), log: cfg.Log}
	workers := river.NewWorkers()
	river.AddWorker(workers, q.worker)
	client, err := river.NewClient(driver, &river.Config{
		Logger: quiet(cfg.Log), Schema: schema, Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cfg.Workers}},
		// A call lasts as long as it does. A job of a dead node is not run again: its
		// attempt is settled from the call's record, and what was not claimed is queued
		// anew.
		JobTimeout: -1, MaxAttempts: 1, RescueStuckJobsAfter: 24 * time.Hour,
		FetchPollInterval: cfg.Poll, FetchCooldown: min(cfg.Poll, 100*time.Millisecond),
		CompletedJobRetentionPeriod: 10 * time.Minute, DiscardedJobRetentionPeriod: 10 * time.Minute, CancelledJobRetentionPeriod: 10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	q.enqueue = func(ctx context.Context, jobs []campaigns.Job) error {
		params := make([]river.InsertManyParams, len(jobs))
		for i, j := range jobs {
			params[i] = river.InsertManyParams{Args: args{j}, InsertOpts: &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateRetryable,
			}}}}
		}
		_, err := client.InsertMany(ctx, params)
		return err
	}
	q.run = func(ctx context.Context) error {
		// The calls in progress outlive ctx: Stop waits for them.
		if err := client.Start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		<-ctx.Done()
		return client.Stop(context.WithoutCancel(ctx))
	}
	return q, nil
}

// quiet leaves out what River tells of its everyday work.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(atLeast{log.Handler()}) }

type atLeast struct{ slog.Handler }

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler { return atLeast{h.Handler.WithAttrs(a)} }
func (h atLeast) WithGroup(name string) slog.Handler   { return atLeast{h.Handler.WithGroup(name)} }

// Enqueue implements campaigns.Queue. Run writes the jobs: a quarter of a millisecond of
// processor for each in SQLite, which the runner's look at all campaigns does not wait for.
func (q *Queue) Enqueue(ctx context.Context, jobs []campaigns.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	select {
	case q.handed <- jobs:
		return nil
	default:
		return q.write(ctx, jobs)
	}
}

func (q *Queue) write(ctx context.Context, jobs []campaigns.Job) error {
	if err := q.enqueue(ctx, jobs); err != nil {
		return fmt.Errorf("queue attempts: %w", err)
	}
	return nil
}

// Run implements campaigns.Queue. It may be called once.
func (q *Queue) Run(ctx context.Context, work func(context.Context, campaigns.Job)) error {
	q.worker.work = work
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() { q.take(ctx) })
	if err := q.run(ctx); err != nil {
		return fmt.Errorf("work on the queue of attempts: %w", err)
	}
	return nil
}

// take writes what was handed over. What fails is due in the next look as well.
func (q *Queue) take(ctx context.Context) {
	failing := false
	for {
		select {
		case jobs := <-q.handed:
			err := q.write(ctx, jobs)
			if err != nil && !failing && ctx.Err() == nil {
				q.log.ErrorContext(ctx, "no calls of campaigns begin", "error", err)
			}
			failing = err != nil
		case <-ctx.Done():
			return
		}
	}
}

// Close closes the queue's database; Run must have returned.
func (q *Queue) Close() error { return q.close() }

type args struct{ campaigns.Job }

// Kind implements river.JobArgs.
func (args) Kind() string { return "attempt" }

type worker struct {
	river.WorkerDefaults[args]
	work func(context.Context, campaigns.Job)
}

// Work implements river.Worker. What fails is told by the runner, and never tried again
// from here.
func (w *worker) Work(ctx context.Context, j *river.Job[args]) error {
	w.work(ctx, j.Args.Job)
	return nil
}
