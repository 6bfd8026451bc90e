package media_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/sdp"
	"hotline/media/wav"
)

// Two sessions over real sockets: a tone goes over, is echoed, recorded on both
// sides, and keys arrive.
func TestLoopback(t *testing.T) {
	ports := media.NewPorts(netip.MustParseAddr("127.0.0.1"), 0, 0)
	a, err := ports.Listen()
	require.NoError(t, err)
	b, err := ports.Listen()
	require.NoError(t, err)
	assert.Equal(t, 2, ports.InUse())

	path := filepath.Join(t.TempDir(), "call.wav")
	rec, err := media.NewRecorder(path, 8000)
	require.NoError(t, err)
	m := sdp.Media{Codec: sdp.PCMA, HasDTMF: true, DTMF: 101, DTMFClock: 8000}
	ma, mb := m, m
	ma.Remote, mb.Remote = b.Addr(), a.Addr()
	sa := media.NewSession(media.SessionConfig{Conn: a, Media: ma, Recorder: rec})
	sb := media.NewSession(media.SessionConfig{Conn: b, Media: mb})
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 4)
	go func() { errs <- sa.Run(ctx) }()
	go func() { errs <- sb.Run(ctx) }()
	go func() { errs <- media.Loop(ctx, sa, media.Tone(sa.Rate(), 1004)) }()
	sb.SetEcho(true)

	in := sa.In()
	var heard []int16
	f := make(media.Frame, in.Rate()/50)
	for range 500 { // a busy machine is late at times
		require.NoError(t, in.ReadFrame(f))
		if heard = append(heard, f...); len(heard) >= 8000 && mediatest.Hears(heard[len(heard)-4000:], 8000, 1004) {
			break
		}
	}
	assert.True(t, mediatest.Hears(heard[len(heard)-4000:], 8000, 1004))
	require.NoError(t, sa.SendKeys(t.Context(), "1#"))
	for _, want := range "1#" {
		select {
		case k := <-sb.Keys():
			assert.Equal(t, byte(want), k.Digit)
		case <-time.After(time.Minute):
			t.Fatal("no key")
		}
	}
	st := sb.Stats()
	assert.Zero(t, st.Lost)
	assert.Positive(t, st.Received)
	cancel()
	for range 3 {
		require.NoError(t, <-errs)
	}
	require.NoError(t, rec.Close())
	assert.Zero(t, ports.InUse())
	w, err := wav.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, w.Channels, 2)
	for side, x := range w.Channels {
		found := false
		for ; len(x) >= 4000 && !found; x = x[1000:] {
			found = mediatest.Hears(x[:4000], 8000, 1004)
		}
		assert.True(t, found, "side %d", side)
	}
	assert.Equal(t, sa.Elapsed(), time.Duration(len(w.Channels[0]))*time.Second/8000)
}
