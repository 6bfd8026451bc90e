package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Go's own threads have the timer slack that was set before any of them began.
func TestThreadsWakeSeldom(t *testing.T) {
	tasks, err := filepath.Glob("/proc/self/task/*")
	require.NoError(t, err)
	require.NotEmpty(t, tasks)
	for _, task := range tasks {
		slack, err := os.ReadFile(filepath.Join("/proc", filepath.Base(task), "timerslack_ns"))
		switch {
		case errors.Is(err, fs.ErrPermission):
			t.Skip("only who may set priorities may see the slack of other threads")
		case errors.Is(err, fs.ErrNotExist):
			continue // it has ended
		}
		require.NoError(t, err)
		assert.Equal(t, "200000", strings.TrimSpace(string(slack)), task)
	}
}
