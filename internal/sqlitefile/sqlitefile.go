// Package sqlitefile makes files of SQLite ready for use: private, in write-ahead mode,
// with connections that wait for each other.
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// patience is how long a connection waits for another one's lock.
	patience = 10 * time.Second
	// between two tries to change a file's mode.
	pause = 20 * time.Millisecond
)

// Prepare makes the file where it is missing, with its folder, readable by its owner
// alone, and puts it into write-ahead mode, which it keeps. SQLite does not wait for a
// lock while it changes the mode (it would be a deadlock for two that do so at once), so
// nodes that start together have to try again: up to ten seconds.
func Prepare(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("the database cannot be written: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("another program holds it"))
	defer cancel()
	for {
		err := enterWAL(ctx, path)
		var refused *sqlite.Error
		if err == nil || !errors.As(err, &refused) || refused.Code()&0xff != sqlite3.SQLITE_BUSY { // the low byte is the primary code
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

// enterWAL changes the mode over a connection of its own.
func enterWAL(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", Source(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode(WAL)`).Scan(&mode); err != nil {
		return fmt.Errorf("put the database into write-ahead mode: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("the database %s cannot be put into write-ahead mode (it is in %q): keep it on a disk of this machine", path, mode)
	}
	return nil
}

// Full tells whether an error of SQLite comes of a full disk.
func Full(err error) bool {
	var refused *sqlite.Error
	return errors.As(err, &refused) && refused.Code()&0xff == sqlite3.SQLITE_FULL
}

// Source is the name that the driver "sqlite" opens the file by. Its connections check
// foreign keys and wait for each other; pragmas, such as synchronous(FULL), come on top.
func Source(path string, pragmas ...string) string {
	q := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "foreign_keys(1)"}}
	q["_pragma"] = append(q["_pragma"], pragmas...)
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}
