package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
	"hotline/internal/testdata"
)

// trunked is a server without speech of its own that calls by the trunks of its settings.
func trunked(t *testing.T, settings string, change ...func(*stand.Config)) *stand.Stand {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotline-trunk") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	root := testdata.Root(t)
	folders, err := stand.Business(dir, nil, filepath.Join(root, "examples/retail-zh"), filepath.Join(root, "examples/retail-en"))
	require.NoError(t, err)
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "hotline.yaml")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))
	c := stand.Config{Binary: binary(t), Business: folders[:1], Data: data, Models: []string{filepath.Join(dir, "none")}, Settings: file}
	for _, f := range change {
		f(&c)
	}
	s, err := stand.Start(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.LastWords())
		}
		require.NoError(t, s.Stop())
		if t.Failed() && os.Getenv("HOTLINE_E2E_KEEP") != "" {
			t.Log("kept: " + dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return s
}
