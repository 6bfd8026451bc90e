package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errInTheWay = errors.New("another node was in the way")

// batched runs operations as one transaction on a table of rows, and returns what each
// was told and which rows are kept.
func batched(t *testing.T, operations ...func(context.Context, *sql.Tx) error) (told []error, rows []int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "rows.db"))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	g := &group{db: db, again: func(err error) bool { return errors.Is(err, errInTheWay) }}
	t.Cleanup(func() { assert.NoError(t, g.close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE rows (id INTEGER)`)
	require.NoError(t, err)

	// The first to come would lead alone: the lead is given once all are queued.
	g.leading = true
	told = make([]error, len(operations))
	var wg sync.WaitGroup
	for i, do := range operations {
		wg.Go(func() { told[i] = g.write(t.Context(), do) })
		require.Eventually(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.queue) == i+1 }, 10*time.Second, time.Millisecond)
	}
	g.mu.Lock()
	g.handOver()
	g.mu.Unlock()
	wg.Wait()

	found, err := db.QueryContext(t.Context(), `SELECT id FROM rows ORDER BY id`)
	require.NoError(t, err)
	defer found.Close()
	for found.Next() {
		var id int
		require.NoError(t, found.Scan(&id))
		rows = append(rows, id)
	}
	require.NoError(t, found.Err())
	return told, rows
}

func keeps(id int) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO rows VALUES ($1)`, id)
		return err
	}
}

// Where another node is always in the way of one, nothing of its transaction is kept, and
// nobody in it is told that it was: a campaign would ring whom it has no record of.
func TestNothingIsKeptSilentlyLost(t *testing.T) {
	told, rows := batched(t, keeps(1), func(context.Context, *sql.Tx) error { return errInTheWay }, keeps(3))
	assert.Empty(t, rows)
	for _, err := range told {
		assert.ErrorIs(t, err, errInTheWay)
	}
}

// What is run again since another node was in its way has not been kept before, also
// where one of them fails for a reason of its own.
func TestWhatIsRunAgainIsKeptOnce(t *testing.T) {
	own := errors.New("no such campaign")
	tries := 0
	told, rows := batched(t, keeps(1), func(context.Context, *sql.Tx) error { return own }, func(ctx context.Context, tx *sql.Tx) error {
		if tries++; tries < 3 {
			return errInTheWay
		}
		return keeps(3)(ctx, tx)
	})
	assert.Equal(t, []int{1, 3}, rows)
	require.NoError(t, told[0])
	require.ErrorIs(t, told[1], own)
	require.NoError(t, told[2])
}
