package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// What a connection asks for where the URL does not say.
const (
	connectLimit    = 10 * time.Second
	statementLimit  = "30000" // ms; a statement of ours takes a few
	forgottenTxEnds = "60000" // ms; a node that vanished in a transaction holds no locks
)

// SQLSTATE codes after which the same transaction may succeed.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

const diskFull = "53100" // SQLSTATE

// migrationLock is the key of the advisory lock under which nodes that start together
// migrate one after another.
const migrationLock = "SELECT pg_advisory_xact_lock(7305793)"

// postgres is a database that several nodes share. dsn is a URL as libpq knows it.
func postgres(dsn string) (backend, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The library leaves the password out of what it says.
		return backend{}, fmt.Errorf("database: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectLimit
	}
	for name, value := range map[string]string{
		"application_name": "hotline", "statement_timeout": statementLimit, "idle_in_transaction_session_timeout": forgottenTxEnds,
	} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	return backend{
		open: func(bool) (*sql.DB, error) { return stdlib.OpenDB(*config), nil },
		// One leads and takes along what is queued, as with SQLite.
		writers: 1, readers: 8,
		rows:  250,
		begin: &sql.TxOptions{Isolation: sql.LevelSerializable},
		schema: `SELECT c.table_name, c.column_name, UPPER(c.data_type), COALESCE((
				SELECT k.ordinal_position FROM information_schema.table_constraints t
				JOIN information_schema.key_column_usage k ON k.constraint_name = t.constraint_name AND k.table_schema = t.table_schema
				WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name AND k.column_name = c.column_name
			), 0) FROM information_schema.columns c JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name
			WHERE c.table_schema = current_schema() AND b.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`,
		alone: migrationLock,
		again: func(err error) bool {
			var failed *pgconn.PgError
			return errors.As(err, &failed) && (failed.Code == serializationFailure || failed.Code == deadlockDetected)
		},
	}, nil
}
