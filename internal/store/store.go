// Package store keeps the truth of calls, wishes, users and agents in a database:
// SQLite in a file, or PostgreSQL, which several nodes can share.
//
// # Concepts
//
// Personal fields (numbers, names, what was said) are sealed by a [seal.Sealer]
// before they are written, each bound to its table, column and row. Numbers are
// found by keyed hash, whole or by their last four digits: who reads the database
// without the key learns which rows have the same number or the same last four
// digits, and how long the texts are, not what they are. Statements use $1
// placeholders, ON CONFLICT and plain types, so that both databases run the same
// text; what differs stands in [backend].
//
// Write methods return when the row is durable (SQLite: WAL, synchronous=FULL;
// PostgreSQL as its synchronous_commit says). Every transaction that writes is
// serializable in both: what it read is true when it commits. Where PostgreSQL finds
// that two nodes were in each other's way, the operation is run again.
//
// # Concurrency
//
// A Store is safe for concurrent use and starts no goroutine. SQLite has one
// writer, so writers that meet are committed together: the first of them leads and
// takes along what is queued (see [group]). A slow disk makes writers wait, up to
// their ctx, and never readers; the call core writes from its own goroutine.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hotline/campaigns"
	"hotline/internal/seal"
	"hotline/internal/sqlitefile"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotFound is returned for a row that does not exist.
var ErrNotFound = errors.New("not found")

// Config says where the data lies.
type Config struct {
	// URL of the database: "sqlite:PATH", a path, or
	// "postgres://USER:PASSWORD@HOST/NAME". Default "data/hotline.db".
	URL string
	// Sealer for personal fields; required.
	Sealer *seal.Sealer
	// Node names this server among several on one database; default "main".
	Node string
	// Realm of the SIP digest that agents' credentials are kept for; default "hotline".
	Realm string
	// Session is how long a login lasts without use; default 12 hours. However much
	// it is used, it ends after a week.
	Session time.Duration
	// Settled is what another system is to be told of an attempt that ended; nil tells
	// nobody.
	Settled func(campaigns.Attempt, campaigns.Contact) (Delivery, bool)
	// Look opens what is there to be read, and makes and changes nothing: an error wraps
	// os.ErrNotExist where there is no file, ErrOlder where a start would bring it up to
	// date first.
	Look bool
	// Logger; default discards.
	Logger *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Store is an open database.
type Store struct {
	cfg     Config
	backend backend
	read    *sql.DB
	group   group
	hashing chan struct{} // bounds the memory and the cores that password hashing takes
	log     *slog.Logger
	now     func() time.Time
	addFull string // adds as many contacts as one statement does

	clocks clocks

	taking sync.Mutex
	taken  int // intakes that are open; guarded by taking
}

// backend is what differs between databases.
type backend struct {
	// path of the file; "" where it is none.
	path string
	// ready makes what is opened; nil where the database's operator has done so.
	ready   func(context.Context) error
	open    func(write bool) (*sql.DB, error)
	writers int // connections for writing
	readers int
	// rows is how many contacts one statement adds, whose parameters have no names where
	// unnamed.
	rows    int
	unnamed bool
	// busy and calm are statements for the connection that writes, run before and after
	// many contacts are added; "" where there is nothing to do.
	busy, calm string
	// begin are the options of a transaction that writes.
	begin *sql.TxOptions
	// alone is a statement that keeps other nodes' migrations waiting until the
	// transaction ends; "" where there is one node.
	alone string
	// again tells whether a transaction failed only because another one was in its way.
	again func(error) bool
	// copying opens a connection that may write files, for a copy of the whole; nil
	// where its rows are read for that.
	copying func() (*sql.DB, error)
	// schema is a query for the columns of all tables: table, column, type in capitals,
	// place in the primary key or 0; in the order of tables and columns.
	schema string
	// forget takes what was deleted out of the files; nil where that is the database's.
	forget func(ctx context.Context, db *sql.DB) error
}

// Open opens or creates the database and brings it to the present schema. A key
// that does not fit the data is an error here, not later.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Sealer == nil {
		return nil, errors.New("store: no sealer")
	}
	cfg.Node = cmp.Or(cfg.Node, "main")
	cfg.Realm = cmp.Or(cfg.Realm, "hotline")
	cfg.Session = cmp.Or(cfg.Session, 12*time.Hour)
	cfg.URL = cmp.Or(cfg.URL, filepath.Join("data", "hotline.db"))
	b, err := backendFor(cfg.URL)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Look && b.path != "":
		if _, err := os.Stat(b.path); err != nil {
			return nil, fmt.Errorf("look into the database: %w", err)
		}
	case !cfg.Look && b.ready != nil:
		if err := b.ready(ctx); err != nil {
			return nil, err
		}
	}
	write, err := b.open(!cfg.Look)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	write.SetMaxOpenConns(b.writers)
	write.SetMaxIdleConns(b.writers)
	read, err := b.open(false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), write.Close())
	}
	read.SetMaxOpenConns(b.readers)
	read.SetMaxIdleConns(b.readers)
	s := &Store{
		cfg: cfg, backend: b, read: read, group: group{db: write, begin: b.begin, again: b.again},
		hashing: make(chan struct{}, 2),
		log:     cfg.Logger, now: cfg.Now, addFull: addContacts(b.rows, b.unnamed),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.prepare(ctx, b.alone); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, alone string) error {
	if s.cfg.Look {
		if err := current(ctx, s.read); err != nil {
			return err
		}
		return s.checkKey(ctx)
	}
	n, err := migrate(ctx, s.group.db, alone, s.now())
	if err != nil {
		return err
	}
	if n > 0 {
		s.log.InfoContext(ctx, "database_migrated", "steps", n)
	}
	return s.checkKey(ctx)
}

// Close closes the database; calls in progress must have ended.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.group.close()) }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}

func backendFor(dsn string) (backend, error) {
	scheme, rest, ok := strings.Cut(dsn, ":")
	switch {
	case !ok || len(scheme) == 1: // a path, or one with a drive letter
		return sqlite(dsn)
	case scheme == "sqlite" || scheme == "file":
		return sqlite(strings.TrimPrefix(rest, "//"))
	case scheme == "postgres" || scheme == "postgresql":
		return postgres(dsn)
	default:
		return backend{}, fmt.Errorf("database %s: is not supported, use sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", scheme)
	}
}

func sqlite(path string) (backend, error) {
	if path == "" || strings.ContainsAny(path, "?#") {
		return backend{}, errors.New("database: the path of an SQLite file is missing or has a ? or # in it")
	}
	return backend{
		path:  path,
		ready: func(ctx context.Context) error { return sqlitefile.Prepare(ctx, path) },
		open: func(write bool) (*sql.DB, error) {
			if write {
				return sql.Open("sqlite", sqlitefile.Source(path, "synchronous(FULL)", "secure_delete(1)")+"&_txlock=immediate")
			}
			return sql.Open("sqlite", sqlitefile.Source(path, "query_only(1)"))
		},
		writers: 1, readers: 4,
		// SQLite looks for each parameter that has a name among all of the statement's.
		rows: 50, unnamed: true,
		// The index of numbers is added to all over: with SQLite's 2 MB of pages at hand,
		// each number takes a page out of the file and writes another one back. And a
		// statement of several rows keeps each page as it was, in a file but for temp_store.
		busy:    `PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY`,
		calm:    `PRAGMA temp_store = DEFAULT; PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000; PRAGMA shrink_memory`,
		again:   func(error) bool { return false }, // a locked file is waited for
		copying: func() (*sql.DB, error) { return sql.Open("sqlite", sqlitefile.Source(path)) },
		schema: `SELECT m.name, p.name, UPPER(p.type), p.pk FROM sqlite_master m
			JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, p.cid`,
		forget: emptyLog,
	}, nil
}

// Full tells whether an error comes of a full disk.
func Full(err error) bool {
	var refused *pgconn.PgError
	return sqlitefile.Full(err) || errors.As(err, &refused) && refused.Code == diskFull
}

// Sealer is the one that personal fields are sealed by.
func (s *Store) Sealer() *seal.Sealer { return s.cfg.Sealer }

// emptyLog takes what was deleted out of SQLite's log; its pages were overwritten by the
// deletion (secure_delete).
func emptyLog(ctx context.Context, db *sql.DB) error {
	var busy, log, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
		return fmt.Errorf("empty the database's log: %w", err)
	}
	return nil
}
