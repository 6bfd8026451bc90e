package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
)

// Who changes to a newer hotline makes a backup before, maybe by the new program: it must
// not change the database for that.
func TestABackupOfAnOlderDatabaseChangesNothing(t *testing.T) {
	data := t.TempDir()
	t.Setenv("HOTLINE_DATA_DIR", data)
	older := filepath.Join(testdata.Root(t), "internal", "store", "testdata", "older")
	key, err := os.ReadFile(filepath.Join(older, "0022.sqlite.key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(data, "master.key"), key, 0o600))
	text, err := os.ReadFile(filepath.Join(older, "0022.sqlite.sql"))
	require.NoError(t, err)
	db, err := sql.Open("sqlite", filepath.Join(data, "hotline.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), string(text))
	require.NoError(t, err)
	steps := func() (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM migrations`).Scan(&n))
		return n
	}
	before := steps()

	shop := filepath.Join(testdata.Root(t), "examples", "dental-zh")
	file := filepath.Join(t.TempDir(), "backup.tar")
	out, code := typed(t, "", "backup", file, "--business", shop)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "make the backup with the version that it is of")
	require.Equal(t, before, steps())
	require.NoFileExists(t, file)

	out, code = typed(t, "", "audit", "check", "--business", shop) // any other command brings it up to date
	require.Zero(t, code, out)
	require.Less(t, before, steps())
	out, code = typed(t, "", "backup", file, "--business", shop)
	require.Zero(t, code, out)
	require.FileExists(t, file)
}
