package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A copy of the whole database is a file of SQLite, whichever database it is of: the
// schema is the same text in both. So a backup of either can be brought into either.

// migrationsTable says of which schema a database is; a copy has its own.
const migrationsTable = "migrations"

// keyCheck is the one setting that a database has from its first opening on.
const keyCheck = "seal.check"

// ErrNotNew is returned for a database that has something in it.
var ErrNotNew = errors.New("the database has something in it; restore into an empty one (database.url)")

// Snapshot writes the database as it is at one moment into a new file of SQLite, while
// others write.
func (s *Store) Snapshot(ctx context.Context, file string) error {
	if err := s.snapshot(ctx, file); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

func (s *Store) snapshot(ctx context.Context, file string) (err error) {
	if s.backend.copying == nil {
		return s.export(ctx, file)
	}
	db, err := s.backend.copying()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, file)
	return errors.Join(err, db.Close())
}

// export writes PostgreSQL's rows into a file of SQLite.
func (s *Store) export(ctx context.Context, file string) (err error) {
	to, err := Open(ctx, Config{URL: "sqlite:" + file, Sealer: s.cfg.Sealer, Now: s.now})
	if err != nil {
		return err
	}
	// Its last connection to be closed leaves all in the one file.
	defer func() { err = errors.Join(err, to.Close()) }()
	tables, err := to.inOrder(ctx)
	if err != nil {
		return err
	}
	return s.pgx(ctx, func(conn *pgx.Conn) error {
		// The rows of a moment between two transactions, as if these had run one after
		// another; it waits for such a moment, and then is in nobody's way.
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
		if err := unhurried(ctx, tx); err != nil {
			return err
		}
		rows := func(t table) iter.Seq2[[]any, error] {
			return func(yield func([]any, error) bool) {
				rows, err := tx.Query(ctx, t.selecting())
				if err != nil {
					yield(nil, err)
					return
				}
				defer rows.Close()
				for rows.Next() {
					if !yield(rows.Values()) {
						return
					}
				}
				if err := rows.Err(); err != nil {
					yield(nil, err)
				}
			}
		}
		return to.fill(ctx, tables, rows, func() error { return nil })
	})
}

// Fill brings all that another database holds into this one, which must be empty. last is
// called when everything is there but not yet durable: if it fails, nothing was brought.
func (s *Store) Fill(ctx context.Context, from *Store, last func() error) error {
	if err := s.fillFrom(ctx, from, last); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	return nil
}

func (s *Store) fillFrom(ctx context.Context, from *Store, last func() error) error {
	tables, err := from.inOrder(ctx)
	if err != nil {
		return err
	}
	rows := func(t table) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			rows, err := from.read.QueryContext(ctx, t.selecting())
			if err != nil {
				yield(nil, err)
				return
			}
			defer func() { _ = rows.Close() }() // what went wrong is in Err
			for rows.Next() {
				if !yield(scanAny(rows, len(t.columns))) {
					return
				}
			}
			if err := rows.Err(); err != nil {
				yield(nil, err)
			}
		}
	}
	if s.backend.copying != nil {
		return s.fill(ctx, tables, rows, last)
	}
	return s.pgx(ctx, func(conn *pgx.Conn) error { return fillPostgres(ctx, conn, tables, rows, last) })
}

// source yields the rows of a table, the values in the order of its columns.
type source func(table) iter.Seq2[[]any, error]

// fill writes rows into SQLite in one transaction.
func (s *Store) fill(ctx context.Context, tables []table, rows source, last func() error) (err error) {
	tx, err := s.group.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	err = filling{
		count: func(query string) (there int, err error) { return there, tx.QueryRowContext(ctx, query).Scan(&there) },
		do: func(statement string) error {
			_, err := tx.ExecContext(ctx, statement)
			return err
		},
		insert: func(t table, rows iter.Seq2[[]any, error]) error { return insertAll(ctx, tx, t, rows) },
	}.all(tables, rows, last)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// filling is what a transaction of either database does to be filled.
type filling struct {
	count  func(query string) (int, error)
	do     func(statement string) error
	insert func(table, iter.Seq2[[]any, error]) error
}

// all empties the tables, which must have nothing in them, fills them, and calls last.
func (f filling) all(tables []table, rows source, last func() error) error {
	for _, t := range tables {
		if err := f.emptied(t); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := f.insert(t, rows(t)); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return last()
}

func insertAll(ctx context.Context, tx *sql.Tx, t table, rows iter.Seq2[[]any, error]) (err error) {
	insert, err := tx.PrepareContext(ctx, t.inserting())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for values, err := range rows {
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
}

// fillPostgres writes rows into PostgreSQL in one transaction. Servers that start on the
// database meanwhile wait for its end, as for a migration.
func fillPostgres(ctx context.Context, conn *pgx.Conn, tables []table, rows source, last func() error) (err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
		}
	}()
	if err := unhurried(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, migrationLock); err != nil {
		return err
	}
	err = filling{
		count: func(query string) (there int, err error) { return there, tx.QueryRow(ctx, query).Scan(&there) },
		do: func(statement string) error {
			_, err := tx.Exec(ctx, statement)
			return err
		},
		insert: func(t table, rows iter.Seq2[[]any, error]) error { return copyIn(ctx, tx, t, rows) },
	}.all(tables, rows, last)
	if err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// copyIn has COPY take the rows of a table.
func copyIn(ctx context.Context, tx pgx.Tx, t table, rows iter.Seq2[[]any, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	_, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		values, err, _ := next() // nothing, at the end
		return values, err
	}))
	return err
}

// emptied refuses a table with rows, but for the one that a first opening makes, which it
// takes away.
func (f filling) emptied(t table) error {
	query := `SELECT COUNT(*) FROM ` + t.name
	if t.name == "settings" {
		query += ` WHERE key <> '` + keyCheck + `'`
	}
	switch there, err := f.count(query); {
	case err != nil:
		return err
	case there > 0:
		return fmt.Errorf("%w: table %s", ErrNotNew, t.name)
	case t.name == "settings":
		return f.do(`DELETE FROM settings`)
	}
	return nil
}

// unhurried lifts the limits that keep calls from waiting for a lost connection: a copy
// takes its time.
func unhurried(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`)
	return err
}

// pgx runs f with a connection of the library's own, for what database/sql does not know.
func (s *Store) pgx(ctx context.Context, f func(*pgx.Conn) error) (err error) {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of PostgreSQL was expected, not %T", driver)
		}
		return f(c.Conn())
	})
}

// inOrder are the tables of an SQLite database that are copied, those that others refer to
// first.
func (s *Store) inOrder(ctx context.Context) (ordered []table, err error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	tables = slices.DeleteFunc(tables, func(t table) bool { return t.name == migrationsTable })
	needs := map[string][]string{}
	for _, t := range tables {
		if needs[t.name], err = s.texts(ctx, `SELECT "table" FROM pragma_foreign_key_list($1)`, t.name); err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
	}
	placed := map[string]bool{}
	for len(tables) > 0 {
		var later []table
		for _, t := range tables {
			if slices.ContainsFunc(needs[t.name], func(n string) bool { return n != t.name && !placed[n] }) {
				later = append(later, t)
				continue
			}
			placed[t.name] = true
			ordered = append(ordered, t)
		}
		if len(later) == len(tables) {
			return nil, fmt.Errorf("the tables %s and others refer to each other in a circle", tables[0].name)
		}
		tables = later
	}
	return ordered, nil
}

func (t table) selecting() string {
	return "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name
}

func (t table) inserting() string {
	marks := make([]string, len(t.columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
}
