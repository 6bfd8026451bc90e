package web

import (
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What an operator can mend is said to whoever changes something in the console: the log
// may be on another desk.
func TestFaultsOfTheDiskAreNamed(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler)}
	at := func(err error) *ProblemError {
		return s.internal(t.Context(), &fs.PathError{Op: "open", Path: "/etc/hotline/business/.writing-1", Err: err})
	}
	for err, code := range map[error]string{syscall.EACCES: "no_access", syscall.EROFS: "no_access", syscall.ENOSPC: "disk_full"} {
		p := at(err)
		assert.Equal(t, code, p.Code)
		assert.Equal(t, "/etc/hotline/business", p.Detail)
		assert.GreaterOrEqual(t, p.Status, http.StatusInternalServerError)
	}
	assert.Equal(t, "internal", at(syscall.EIO).Code)

	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "small.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), `PRAGMA max_page_count = 2; CREATE TABLE t (x BLOB); INSERT INTO t VALUES (zeroblob(100000))`)
	require.Error(t, err)
	s.cfg.DataDir = "/var/lib/hotline"
	p := s.internal(t.Context(), fmt.Errorf("write to the database: %w", err))
	assert.Equal(t, "disk_full", p.Code)
	assert.Equal(t, "/var/lib/hotline", p.Detail)

	_, err = os.Open(filepath.Join(t.TempDir(), "none"))
	p = s.internal(t.Context(), err)
	assert.Equal(t, "internal", p.Code)
	assert.NotContains(t, p.Detail, "none")
}
