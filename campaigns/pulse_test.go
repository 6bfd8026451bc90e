package campaigns

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// After an outage of the store all nodes have been silent: none takes the others for dead
// until they have had as long to be heard of again.
func TestPulse(t *testing.T) {
	t.Parallel()
	const most = 30 * time.Second
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	nobody := time.Unix(0, 0)
	var p pulse
	beat := func(times int) (silent time.Time) {
		for range times {
			at = at.Add(5 * time.Second)
			silent = p.silent(at, most)
		}
		return silent
	}
	require.Equal(t, nobody, beat(1), "it has just begun")
	require.Equal(t, nobody, beat(5))
	require.Equal(t, at.Add(5*time.Second-most), beat(1))
	require.Equal(t, at.Add(10*5*time.Second-most), beat(10))
	at = at.Add(10 * time.Second) // two beats were lost
	require.Equal(t, at.Add(5*time.Second-most), beat(1))
	at = at.Add(time.Minute)
	require.Equal(t, nobody, beat(1), "the store was away")
	require.Equal(t, nobody, beat(5))
	require.Equal(t, at.Add(5*time.Second-most), beat(1))
}
