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
// a newer hotline is refused.
func migrate(ctx context.Context, db *sql.DB, now time.Time) (applied int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("bring the database up to date: %w", err)
		}
	}()
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`); err != nil {
		return 0, err
	}
	files, err := migrations.ReadDir("migrations") // sorted by name
	if err != nil {
		return 0, err
	}
	done, err := appliedVersions(ctx, db)
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version <= newest {
			return applied, fmt.Errorf("%s does not begin with a number behind %d", f.Name(), newest)
		}
		newest = version
	}
	for version := range done {
		if version > newest {
			return 0, fmt.Errorf("it was written by a newer hotline (schema %d, this one knows %d): install that version again", version, newest)
		}
	}
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		version, _ := strconv.ParseInt(number, 10, 64) // it is one, see above
		if done[version] {
			continue
		}
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return applied, err
		}
		if err := step(ctx, db, string(text), version, now); err != nil {
			return applied, fmt.Errorf("step %s: %w", f.Name(), err)
		}
		applied++
	}
	return applied, nil
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

func step(ctx context.Context, db *sql.DB, text string, version int64, now time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, text)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO migrations (version, applied_at) VALUES ($1, $2)`, version, now.UnixMilli())
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
