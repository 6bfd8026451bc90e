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
		begin: &sql.TxOptions{Isolation: sql.LevelSerializable},
		alone: migrationLock,
		again: func(err error) bool {
			var failed *pgconn.PgError
			return errors.As(err, &failed) && (failed.Code == serializationFailure || failed.Code == deadlockDetected)
		},
	}, nil
}
