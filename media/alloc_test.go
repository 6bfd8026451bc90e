package media_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
)

// A tick of a whole call does not allocate: received, decoded, listened to for keys,
// heard, recorded, bridged, played, encoded or passed on, and sent.
func TestTickDoesNotAllocate(t *testing.T) {
	for _, codec := range codecs {
		for _, talks := range []bool{true, false} {
			for _, ptime := range []time.Duration{0, 30 * time.Millisecond} {
				assert.Zero(t, allocations(t, sdp.Media{Codec: codec, PTime: ptime}, talks), "%s %v, talks %t", codec.Name, ptime, talks)
			}
		}
	}
}

func allocations(t *testing.T, m sdp.Media, talks bool) float64 {
	t.Helper()
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
		m.Remote = conn.Addr()
		cfg := media.SessionConfig{Conn: conn, Media: m, Rate: 8000, KeyTones: media.TonesAlways}
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
	defer u.Finish()
	frames := media.Frames(dsp.Sine(8000, -20, media.FrameTime, 500), 8000)
	var wg sync.WaitGroup
	wg.Go(rec.Drain)
	tick := func() {
		if talks {
			_ = u.WriteFrame(frames[0])
		}
		for _, f := range ticks {
			f()
		}
	}
	for range 400 {
		tick()
	}
	n := testing.AllocsPerRun(500, tick)
	assert.Greater(t, sessions[0].Stats().Received, int64(400))
	rec.Finish()
	wg.Wait() // as Session.Run has returned before a call closes its recording
	require.NoError(t, rec.Close())
	return n
}
