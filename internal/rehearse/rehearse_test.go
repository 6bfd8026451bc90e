package rehearse_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/rehearse"
)

// The calendar follows its file, and never goes back.
func TestCalendar(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "calendar")
	_, err := rehearse.Open(path)
	require.Error(t, err, "there is no file")
	require.NoError(t, rehearse.Leap(path, time.Hour))
	c, err := rehearse.Open(path)
	require.NoError(t, err)
	ahead := func() time.Duration { return time.Until(c.Now()).Round(time.Minute) }
	assert.Equal(t, time.Hour, ahead())
	require.NoError(t, rehearse.Leap(path, 24*time.Hour))
	require.Eventually(t, func() bool { return ahead() == 24*time.Hour }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, rehearse.Leap(path, 0))
	time.Sleep(100 * time.Millisecond)
	assert.Equal(t, 24*time.Hour, ahead(), "not back")
	require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o600))
	time.Sleep(100 * time.Millisecond)
	assert.Equal(t, 24*time.Hour, ahead())
}
