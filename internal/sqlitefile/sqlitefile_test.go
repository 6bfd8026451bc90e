package sqlitefile_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/sqlitefile"
)

// Without the second try one in fifty of these finds the file locked.
func TestManyPrepareAFileAtOnce(t *testing.T) {
	dir := t.TempDir()
	for round := range 40 {
		path := filepath.Join(dir, "data "+strconv.Itoa(round), "hotline.db")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { assert.NoError(t, prepareAndWrite(t.Context(), path)) })
		}
		wg.Wait()
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func prepareAndWrite(ctx context.Context, path string) (err error) {
	if err := sqlitefile.Prepare(ctx, path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqlitefile.Source(path, "synchronous(FULL)")+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS t (n BIGINT)`)
	return err
}

func TestPrepareTellsWhatStandsInTheWay(t *testing.T) {
	dir := t.TempDir()
	require.ErrorContains(t, sqlitefile.Prepare(t.Context(), dir), "cannot be written")

	path := filepath.Join(dir, "other.db")
	require.NoError(t, os.WriteFile(path, []byte("this is a letter to the bank and no database at all, whatever it is called"), 0o600))
	assert.ErrorContains(t, sqlitefile.Prepare(t.Context(), path), "not a database")
}
