package media_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
)

// A tick of a whole call does not allocate: received, decoded, heard, recorded,
// bridged, played, encoded and sent.
func TestTickDoesNotAllocate(t *testing.T) {
	ports := media.NewPorts(loopback, 0, 0)
	rec, err := media.NewRecorder(filepath.Join(t.TempDir(), "call.wav"), 8000)
	require.NoError(t, err)
	bridge := media.NewBridge(8000)
	var ticks []func()
	var sessions []*media.Session
	for i := range 2 {
		conn, err := ports.Listen()
		require.NoError(t, err)
		defer conn.Close()
		cfg := media.SessionConfig{Conn: conn, Media: sdp.Media{Codec: sdp.PCMU, Remote: conn.Addr()}}
		if i == 0 {
			cfg.Recorder = rec
		}
		s := media.NewSession(cfg) // it hears itself
		s.In()
		bridge.Join(s)
		sessions = append(sessions, s)
		ticks = append(ticks, media.Ticker(s))
	}
	u := sessions[0].Out().Utterance(t.Context())
	frames := media.Frames(dsp.Sine(8000, -20, media.FrameTime, 500), 8000)
	var wg sync.WaitGroup
	wg.Go(rec.Drain)
	tick := func() {
		_ = u.WriteFrame(frames[0])
		for _, f := range ticks {
			f()
		}
	}
	for range 400 {
		tick()
	}
	assert.Zero(t, testing.AllocsPerRun(1000, tick))
	assert.Greater(t, sessions[0].Stats().Received, int64(1000))
	require.NoError(t, rec.Close())
	wg.Wait()
}
