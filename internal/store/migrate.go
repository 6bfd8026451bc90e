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
	var present int64
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM migrations`).Scan(&present); err != nil {
		return 0, err
	}
	if present > int64(len(files)) {
		return 0, fmt.Errorf("it was written by a newer hotline (schema %d, this one knows %d): install that version again", present, len(files))
	}
	for i, f := range files {
		version := int64(i + 1)
		if number, _, _ := strings.Cut(f.Name(), "_"); number != fmt.Sprintf("%04d", version) {
			return applied, fmt.Errorf("%s is not number %d", f.Name(), version)
		}
		if version <= present {
			continue
		}
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return applied, err
		}
		if err := step(ctx, db, string(text), version, now); err != nil {
			return applied, fmt.Errorf("step %s: %w", strconv.FormatInt(version, 10), err)
		}
		applied++
	}
	return applied, nil
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
