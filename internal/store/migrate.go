package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the database does not have yet, each in its
// own transaction, and returns how many. Migrations only go forward; a database of
// a newer hotline is refused. alone keeps other nodes waiting meanwhile.
func migrate(ctx context.Context, db *sql.DB, alone string, now time.Time) (applied int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("bring the database up to date: %w", err)
		}
	}()
	if _, err := step(ctx, db, alone, `CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`, 0, now); err != nil {
		return 0, err
	}
	missing, err := missing(ctx, db)
	if err != nil {
		return 0, err
	}
	for _, m := range missing {
		text, err := migrations.ReadFile("migrations/" + m.file)
		if err != nil {
			return applied, err
		}
		did, err := step(ctx, db, alone, string(text), m.version, now)
		if err != nil {
			return applied, fmt.Errorf("step %s: %w", m.file, err)
		}
		if did {
			applied++
		}
	}
	return applied, nil
}

// ErrOlder is of a database that a start would bring up to date first.
var ErrOlder = errors.New("the database is of an older hotline; the next start brings it up to date")

// current tells whether the database is of the present schema, and changes nothing.
func current(ctx context.Context, db *sql.DB) error {
	switch left, err := missing(ctx, db); {
	case err != nil:
		return fmt.Errorf("look into the database: %w", err)
	case len(left) > 0:
		return ErrOlder
	}
	return nil
}

// migration is a step that brings a database up to date.
type migration struct {
	version int64
	file    string
}

// missing are the migrations that the database does not have, in their order.
func missing(ctx context.Context, db *sql.DB) (out []migration, err error) {
	files, err := migrations.ReadDir("migrations") // sorted by name
	if err != nil {
		return nil, err
	}
	done, err := appliedVersions(ctx, db)
	if err != nil {
		return nil, err
	}
	var newest int64
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version <= newest {
			return nil, fmt.Errorf("%s does not begin with a number behind %d", f.Name(), newest)
		}
		if newest = version; !done[version] {
			out = append(out, migration{version, f.Name()})
		}
	}
	var there int64
	for version := range done {
		there = max(there, version)
	}
	if there > newest {
		return nil, fmt.Errorf("it was written by a newer hotline (schema %d, this one knows %d): install that version again", there, newest)
	}
	return out, nil
}

// appliedVersions are the numbers of the migrations that the database has.
func appliedVersions(ctx context.Context, db *sql.DB) (done map[int64]bool, err error) {
	rows, err := db.QueryContext(ctx, `SELECT version FROM migrations`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	done = map[int64]bool{}
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		done[version] = true
	}
	return done, rows.Err()
}

// step runs one migration and notes it; false where another node has done so
// meanwhile. Version 0 is the table of versions itself and is not noted.
func step(ctx context.Context, db *sql.DB, alone, text string, version int64, now time.Time) (did bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if !did {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if alone != "" {
		if _, err := tx.ExecContext(ctx, alone); err != nil {
			return false, err
		}
	}
	if version > 0 {
		var there int64
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM migrations WHERE version = $1`, version).Scan(&there); err != nil || there > 0 {
			return false, err
		}
	}
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return false, err
	}
	if version > 0 {
		if _, err := tx.ExecContext(ctx, `INSERT INTO migrations (version, applied_at) VALUES ($1, $2)`, version, now.UnixMilli()); err != nil {
			return false, err
		}
	}
	did = true // whatever comes of it, the transaction is over
	return true, tx.Commit()
}
