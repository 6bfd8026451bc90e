package media_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/wav"
)

// person is a far end with a telephone, and our session that serves it.
type person struct {
	far, near *party
	ear       media.Reader
	hz        float64
}

func newPerson(t *testing.T, hz float64, edit func(*media.SessionConfig)) *person {
	t.Helper()
	ca, cb := mediatest.Pipe()
	far := start(t, ca, cb.Addr(), nil)
	time.Sleep(3 * time.Millisecond)
	p := &person{far: far, near: start(t, cb, ca.Addr(), edit), hz: hz}
	says(t, p.far, hz)
	p.ear = p.far.In()
	time.Sleep(4 * time.Millisecond)
	return p
}

// hears is what of the others' tones the person hears, over half a second.
func (p *person) hears(t *testing.T, all ...*person) []float64 {
	t.Helper()
	mediatest.Listen(p.ear, 500*time.Millisecond) // what was on its way
	x := mediatest.Listen(p.ear, 500*time.Millisecond)
	var list []float64
	for _, o := range all {
		if dsp.Goertzel(x, 8000, o.hz) > -45 {
			list = append(list, o.hz)
		}
	}
	return list
}

// everybody listens at once, so that the ears stay in step.
func everybody(t *testing.T, all ...*person) [][]float64 {
	t.Helper()
	result := make([][]float64, len(all))
	done := make(chan struct{})
	for i, p := range all {
		go func() {
			result[i] = p.hears(t, all...)
			done <- struct{}{}
		}()
	}
	for range all {
		<-done
	}
	return result
}

func TestBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller, agent, chief := newPerson(t, 400, nil), newPerson(t, 600, nil), newPerson(t, 900, nil)
		all := []*person{caller, agent, chief}
		b := media.NewBridge(8000)
		pc, pa := b.Join(caller.near.Session), b.Join(agent.near.Session)
		assert.Equal(t, [][]float64{{600}, {400}, nil}, everybody(t, all...), "two talk, the third hears nothing")

		ps := b.JoinSilent(chief.near.Session)
		b.SetGain(pc, ps, 1)
		b.SetGain(pa, ps, 1)
		assert.Equal(t, [][]float64{{600}, {400}, {400, 600}}, everybody(t, all...), "listening in")

		b.SetGain(ps, pa, 1)
		assert.Equal(t, [][]float64{{600}, {400, 900}, {400, 600}}, everybody(t, all...), "whispering")

		b.SetGain(ps, pc, 1)
		assert.Equal(t, [][]float64{{600, 900}, {400, 900}, {400, 600}}, everybody(t, all...), "a conference")

		pa.Leave()
		pa.Leave()
		assert.Equal(t, [][]float64{{900}, nil, {400}}, everybody(t, all...))

		chief.near.stop()
		<-chief.near.Done()
		assert.Equal(t, [][]float64{nil, nil}, everybody(t, caller, agent), "who hangs up is gone")
		late := b.Join(chief.near.Session)
		late.Leave()
	})
}

// The player of a session is heard by its own party alone, and is mixed with what
// comes over the bridge; levels stay what they were, without a pause.
func TestBridgeAndPlayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller, agent := newPerson(t, 400, nil), newPerson(t, 600, nil)
		b := media.NewBridge(8000)
		b.Join(caller.near.Session)
		b.Join(agent.near.Session)
		says(t, agent.near, 1000) // a whisper to the agent
		done := make(chan []int16)
		go func() {
			mediatest.Listen(caller.ear, time.Second)
			done <- mediatest.Listen(caller.ear, time.Second)
		}()
		mediatest.Listen(agent.ear, time.Second)
		x := mediatest.Listen(agent.ear, time.Second)
		assert.InDelta(t, -20, dsp.Goertzel(x, 8000, 400), 0.3)
		assert.InDelta(t, -20, dsp.Goertzel(x, 8000, 1000), 0.3)
		gaps, _ := mediatest.Gaps(x, 8000, -40)
		assert.Zero(t, gaps)
		y := <-done
		assert.Less(t, dsp.Goertzel(y, 8000, 1000), -60.0)
		assert.Greater(t, mediatest.Purity(y, 8000, 600), 20.0)
	})
}

// Parties of other rates meet at the bridge's.
func TestBridgeOfRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := newPerson(t, 400, func(c *media.SessionConfig) { c.Rate = 16000 })
		agent := newPerson(t, 600, func(c *media.SessionConfig) { c.Rate = 48000 })
		b := media.NewBridge(24000)
		b.Join(caller.near.Session)
		b.Join(agent.near.Session)
		go mediatest.Listen(caller.ear, 2*time.Second)
		mediatest.Listen(agent.ear, time.Second)
		x := mediatest.Listen(agent.ear, 900*time.Millisecond)
		assert.Greater(t, mediatest.Purity(x, 8000, 400), 20.0)
	})
}

// The caller's recording has the caller on the left, the bot and the agent on the
// right; recognition of the caller goes on.
func TestBridgeIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "call.wav")
		rec, err := media.NewRecorder(path, 8000)
		require.NoError(t, err)
		caller := newPerson(t, 400, func(c *media.SessionConfig) { c.Recorder = rec })
		agent := newPerson(t, 600, nil)
		hearing := caller.near.In()
		b := media.NewBridge(8000)
		b.Join(caller.near.Session)
		b.Join(agent.near.Session)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = media.Loop(ctx, caller.near.Session, media.Tone(caller.near.Rate(), 1000)) }()
		mediatest.Listen(hearing, time.Second)
		assert.Greater(t, mediatest.Purity(mediatest.Listen(hearing, time.Second), 8000, 400), 20.0)
		caller.near.stop()
		<-caller.near.Done()
		require.NoError(t, rec.Close())
		w, err := wav.ReadFile(path)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(w.Channels[0]), 15000)
		left, right := w.Channels[0][8000:15000], w.Channels[1][8000:15000]
		assert.Greater(t, mediatest.Purity(left, 8000, 400), 20.0)
		assert.True(t, mediatest.Hears(right, 8000, 600))
		assert.True(t, mediatest.Hears(right, 8000, 1000))
		assert.Less(t, dsp.Goertzel(right, 8000, 400), -60.0)
	})
}

// Ten parties at full level saturate instead of wrapping around.
func TestBridgeSaturates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := media.NewBridge(8000)
		var all []*person
		for range 10 {
			p := newPerson(t, 500, nil)
			all = append(all, p)
			b.Join(p.near.Session)
		}
		time.Sleep(time.Second)
		for _, p := range all {
			p.far.Out().Flush()
		}
		x := mediatest.Listen(all[0].ear, 500*time.Millisecond)
		assert.Less(t, dsp.LevelDB(x), 0.1)
	})
}
