package media_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
)

// The far end is a loudspeaker in front of a microphone. What In yields while we
// speak is silence, until the caller speaks too; the recording and the bridge have
// it all.
func TestEchoIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := mediatest.Pipe()
		a := start(t, ca, cb.Addr(), func(c *media.SessionConfig) { c.SuppressEcho = true })
		time.Sleep(7 * time.Millisecond)
		b := start(t, cb, ca.Addr(), nil)
		ear, mouth := b.In(), b.Out().Utterance(t.Context())
		path := mediatest.NewEchoPath(8000, 100*time.Millisecond, 120*time.Millisecond, 12, 1)
		caller := dsp.NewTone(8000, -20, 500, 1500)
		speaks := make(chan bool, 1)
		go func() {
			f, v := make(media.Frame, 160), make(media.Frame, 160)
			talking := false
			for ear.ReadFrame(f) == nil {
				path.Process(f)
				select {
				case talking = <-speaks:
				default:
				}
				if talking {
					caller.Fill(v)
					for i := range f {
						f[i] += v[i]
					}
				}
				if mouth.WriteFrame(f) != nil {
					return
				}
			}
		}()
		u := a.Out().Utterance(t.Context())
		go func() {
			for _, f := range media.Frames(syllables(8000, 30*time.Second), 8000) {
				_ = u.WriteFrame(f)
			}
			u.Finish()
		}()
		in := a.In()
		mediatest.Listen(in, 4*time.Second)
		x := mediatest.Listen(in, 8*time.Second)
		loud := 0
		for _, f := range media.Frames(x, 8000) {
			if dsp.LevelDB(f) > -50 {
				loud++
			}
		}
		assert.Less(t, loud, 20, "of 400 frames")
		st := a.Stats()
		assert.True(t, st.Echo)
		assert.Greater(t, st.EchoFrames, int64(300))
		assert.InDelta(t, 12, st.EchoLossDB, 6)
		assert.Greater(t, st.EchoDelay, 100*time.Millisecond)
		assert.Less(t, st.EchoDelay, 250*time.Millisecond)
		speaks <- true
		mediatest.Listen(in, 300*time.Millisecond)
		require.Greater(t, dsp.Goertzel(mediatest.Listen(in, 500*time.Millisecond), 8000, 1500), -24.0)
		t.Logf("echo %.0f dB softer after %v", st.EchoLossDB, st.EchoDelay)
	})
}

// syllables are vowels of a voice in a rhythm that does not repeat, with pauses.
func syllables(rate int, d time.Duration) []int16 {
	r := rand.New(rand.NewPCG(5, 5))
	var x []int16
	for len(x) < int(d.Seconds()*float64(rate)) {
		for range 3 + r.IntN(9) {
			pitch := 110 + 60*r.Float64()
			y := dsp.Sine(rate, -24-8*r.Float64(), time.Duration(70+r.IntN(180))*time.Millisecond, 3*pitch, 4*pitch, 9*pitch, 13*pitch)
			for i := range y {
				y[i] = int16(float64(y[i]) * math.Sin(math.Pi*float64(i)/float64(len(y))))
			}
			x = append(append(x, y...), make([]int16, rate*r.IntN(60)/1000)...)
		}
		x = append(x, make([]int16, rate*(200+r.IntN(600))/1000)...)
	}
	return x
}
