package media_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
)

// What is looped goes on for as long as it is wanted, one loop for several sessions;
// what the player has to say comes before it.
func TestSetLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := mediatest.Pipe()
		a, b := start(t, ca, cb.Addr(), nil), start(t, cb, ca.Addr(), nil)
		tone := media.Tone(a.Rate(), 1004)
		a.SetLoop(tone)
		b.SetLoop(tone)
		in := b.In()
		mediatest.Listen(in, time.Second)
		assert.True(t, mediatest.Hears(mediatest.Listen(in, 3*time.Second), 8000, 1004), "over the seam, too")

		said := make(chan error, 1)
		go func() { said <- a.Out().Play(t.Context(), dsp.Sine(8000, -12, time.Second, 1500)) }()
		mediatest.Listen(in, 400*time.Millisecond)
		assert.True(t, mediatest.Hears(mediatest.Listen(in, 500*time.Millisecond), 8000, 1500))
		mediatest.Listen(in, 400*time.Millisecond)
		require.NoError(t, <-said)
		assert.True(t, mediatest.Hears(mediatest.Listen(in, time.Second), 8000, 1004), "it goes on behind it")

		a.SetLoop(nil)
		mediatest.Listen(in, 400*time.Millisecond)
		assert.Less(t, dsp.LevelDB(mediatest.Listen(in, time.Second)), -60.0)
		assert.Equal(t, media.Tone(8000, 1004), tone, "nobody writes into what is shared")
	})
}
