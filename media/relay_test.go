package media_test

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/sdp"
)

func speaks(c sdp.Codec) func(*media.SessionConfig) {
	return func(cfg *media.SessionConfig) { cfg.Media.Codec, cfg.Rate = c, 8000 }
}

// newPersonWith is a person whose telephone speaks a codec.
func newPersonWith(t *testing.T, hz float64, near, far func(*media.SessionConfig)) *person {
	t.Helper()
	ca, cb := mediatest.Pipe()
	p := &person{far: start(t, ca, cb.Addr(), far), hz: hz}
	time.Sleep(3 * time.Millisecond)
	p.near = start(t, cb, ca.Addr(), near)
	says(t, p.far, hz)
	p.ear = p.far.In()
	time.Sleep(4 * time.Millisecond)
	return p
}

// Between two of one codec packets pass as they came, without a hole in sound or
// stream, over a line that loses some; of two codecs they are coded anew.
func TestBridgePassesPackets(t *testing.T) {
	for _, c := range []struct {
		a, b   sdp.Codec
		passes bool
	}{
		{sdp.PCMA, sdp.PCMA, true},
		{sdp.G722, sdp.G722, true},
		{sdp.Opus, sdp.Opus, true},
		{sdp.PCMA, sdp.PCMU, false},
		{sdp.Opus, sdp.G722, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			caller, agent := newPersonWith(t, 400, speaks(c.a), speaks(c.a)), newPersonWith(t, 600, speaks(c.b), speaks(c.b))
			b := media.NewBridge(8000)
			b.Join(caller.near.Session)
			b.Join(agent.near.Session)
			heard := everybody(t, caller, agent)
			assert.Equal(t, [][]float64{{600}, {400}}, heard, "%s and %s", c.a.Name, c.b.Name)
			go mediatest.Listen(caller.ear, 10*time.Second)
			x := mediatest.Listen(agent.ear, 10*time.Second)
			gaps, _ := mediatest.Gaps(x, 8000, -40)
			assert.Zero(t, gaps)
			st := agent.near.Stats()
			if !c.passes {
				assert.Zero(t, st.Relayed)
				return
			}
			assert.Greater(t, st.Relayed, int64(500), c.a.Name)
			assert.Zero(t, agent.far.Stats().Lost)
			assert.LessOrEqual(t, agent.far.Stats().Concealed, int64(3))
			caller.near.conn.Impair(mediatest.Impairment{Loss: 0.1, Seed: 1})
			go mediatest.Listen(caller.ear, 10*time.Second)
			x = mediatest.Listen(agent.ear, 10*time.Second)
			gaps, _ = mediatest.Gaps(x, 8000, -40)
			if c.a != sdp.Opus { // whose concealment is made for voices, not for tones
				assert.Zero(t, gaps, "what is lost before us is concealed behind us: %s", c.a.Name)
			}
			assert.InDelta(t, 50, float64(agent.far.Stats().Lost), 30)
		})
	}
}

// The bytes that pass are those that came.
func TestBridgeKeepsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, _ := mediatest.Pipe()
		cb, _ := mediatest.Pipe()
		caller, agent := start(t, ca, described, nil), start(t, cb, described, nil)
		b := media.NewBridge(8000)
		b.Join(caller.Session)
		b.Join(agent.Session)
		var mu sync.Mutex
		var got []byte
		cb.Tap(func(p []byte, _ netip.AddrPort) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, p[12])
		})
		for n := range 200 {
			ca.Inject(packet(1, n, byte(n)), described)
			time.Sleep(media.FrameTime)
		}
		mu.Lock()
		defer mu.Unlock()
		at := 0
		for at < len(got) && got[at] != 100 {
			at++
		}
		require.Greater(t, len(got), at+90)
		for i := range 90 {
			require.Equal(t, byte(100+i), got[at+i])
		}
	})
}

// A prompt, a key and a third party are heard beside the other one, and afterwards
// packets pass again.
func TestBridgeMixesWhenItMust(t *testing.T) {
	for _, codec := range []sdp.Codec{sdp.PCMA, sdp.G722, sdp.Opus} {
		synctest.Test(t, func(t *testing.T) {
			caller, agent := newPersonWith(t, 400, speaks(codec), speaks(codec)), newPersonWith(t, 600, speaks(codec), speaks(codec))
			b := media.NewBridge(8000)
			pc, pa := b.Join(caller.near.Session), b.Join(agent.near.Session)
			relays := func(p *person) bool {
				before := p.near.Stats().Relayed
				go mediatest.Listen(caller.ear, 2500*time.Millisecond)
				mediatest.Listen(agent.ear, 2500*time.Millisecond)
				return p.near.Stats().Relayed > before+70
			}
			everybody(t, caller, agent)
			require.True(t, relays(agent))
			require.True(t, relays(caller))

			u := agent.near.Out().Utterance(t.Context())
			go func() {
				for _, f := range media.Frames(dsp.Sine(8000, -20, 2*time.Second, 1000), 8000) {
					_ = u.WriteFrame(f)
				}
				u.Finish()
			}()
			mediatest.Listen(agent.ear, 500*time.Millisecond)
			x := mediatest.Listen(agent.ear, time.Second)
			assert.True(t, dsp.Goertzel(x, 8000, 1000) > -25 && dsp.Goertzel(x, 8000, 400) > -25, "a whisper beside the caller")
			<-u.Done()
			assert.True(t, relays(agent))
			require.NoError(t, agent.near.SendKeys(t.Context(), "5"))
			time.Sleep(500 * time.Millisecond)
			assert.Equal(t, "5", pressed(agent.far))
			assert.True(t, relays(agent))

			chief := newPersonWith(t, 900, speaks(codec), speaks(codec))
			ps := b.JoinSilent(chief.near.Session)
			b.SetGain(pc, ps, 1)
			b.SetGain(pa, ps, 1)
			assert.True(t, relays(agent), "who only listens changes nothing for the others")
			b.SetGain(ps, pa, 1)
			assert.Equal(t, [][]float64{{600}, {400, 900}, {400, 600}}, everybody(t, caller, agent, chief))
			assert.False(t, relays(agent))
			assert.True(t, relays(caller), "the whisper is for the agent alone")
			ps.Leave()
			assert.True(t, relays(agent))

			pa.Leave()
			before := caller.near.conn.Sent()
			time.Sleep(time.Second)
			assert.InDelta(t, 50, caller.near.conn.Sent()-before, 1, "who is alone hears comfort noise")
		})
	}
}

// A far end that wants other packets than come gets its own; one that falls silent is
// not followed by silence on the wire.
func TestBridgeOfPacketTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := func(c *media.SessionConfig) { c.Media.PTime = 40 * time.Millisecond }
		caller, agent := newPersonWith(t, 400, long, nil), newPersonWith(t, 600, nil, nil)
		b := media.NewBridge(8000)
		b.Join(caller.near.Session)
		b.Join(agent.near.Session)
		assert.Equal(t, [][]float64{{600}, {400}}, everybody(t, caller, agent))
		assert.Zero(t, caller.near.Stats().Relayed)
		assert.Positive(t, agent.near.Stats().Relayed)
		var mu sync.Mutex
		var last, longest uint32
		agent.near.conn.Tap(func(p []byte, _ netip.AddrPort) {
			mu.Lock()
			defer mu.Unlock()
			ts := binary.BigEndian.Uint32(p[4:])
			if last != 0 {
				longest = max(longest, ts-last)
			}
			last = ts
		})
		before := agent.near.conn.Sent()
		caller.far.stop()
		time.Sleep(2 * time.Second)
		assert.InDelta(t, 100, agent.near.conn.Sent()-before, 10)
		mu.Lock()
		defer mu.Unlock()
		assert.LessOrEqual(t, longest, uint32(160*7))
	})
}
