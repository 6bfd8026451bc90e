package audit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/audit"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func entry(i int) audit.Entry {
	return audit.Entry{At: start.Add(time.Duration(i) * time.Second), Kind: "scanner", Source: "192.0.2.1/32", Detail: fmt.Sprint(i), Count: 1}
}

func TestTheLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.log")
	l, err := audit.Open(path, audit.Config{MaxBytes: 2000, Keep: 2})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for j := range 100 {
				l.Add(entry(100*i + j))
			}
		})
	}
	wg.Wait()
	l.Add(entry(5000))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(2000))
		require.EqualValues(t, 0o600, info.Mode().Perm())
	}
	got, err := l.Recent(10, time.Time{})
	require.NoError(t, err)
	require.Len(t, got, 10)
	require.Equal(t, entry(5000), got[0])
	require.NoError(t, l.Close())
}

func TestTheLogOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "audit.log")
	l, err := audit.Open(path, audit.Config{})
	require.NoError(t, err)
	for i := range 5 {
		l.Add(entry(i))
	}
	require.NoError(t, l.Close())
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"at":"2026-03-01T` + "\n") // a crash
	require.NoError(t, err)
	require.NoError(t, f.Close())

	l, err = audit.Open(path, audit.Config{})
	require.NoError(t, err)
	l.Add(entry(5))
	got, err := l.Recent(3, entry(5).At)
	require.NoError(t, err)
	require.Equal(t, []audit.Entry{entry(4), entry(3), entry(2)}, got)
	require.NoError(t, l.Close())
	l.Add(entry(6)) // opens it again
	got, err = l.Recent(1, time.Time{})
	require.NoError(t, err)
	require.Equal(t, entry(6), got[0])
	require.NoError(t, l.Close())
}

func TestADiskThatCannotBeWrittenIsToldOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	var said bytes.Buffer
	l, err := audit.Open(path, audit.Config{Log: slog.New(slog.NewTextHandler(&said, nil))})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	for i := range 10 {
		l.Add(entry(i))
	}
	require.Equal(t, 1, strings.Count(said.String(), "cannot be written"))
	require.NoError(t, os.Remove(path))
	l.Add(entry(1))
	got, err := l.Recent(5, time.Time{})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, l.Close())
}
