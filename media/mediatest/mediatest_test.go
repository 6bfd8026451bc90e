package mediatest_test

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

func TestEars(t *testing.T) {
	x := dsp.Sine(8000, -20, time.Second, 440)
	hz, level := mediatest.Strongest(x, 8000)
	assert.InDelta(t, 440, hz, 5)
	assert.InDelta(t, -20, level, 0.5)
	assert.True(t, mediatest.Hears(x, 8000, 440))
	assert.False(t, mediatest.Hears(x, 8000, 600))
	assert.Greater(t, mediatest.Purity(x, 8000, 440), 50.0)
	clear(x[2000:2800])
	n, total := mediatest.Gaps(x, 8000, -60)
	assert.Equal(t, 1, n)
	assert.Equal(t, 100*time.Millisecond, total)
}

func TestImpairments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mediatest.Pipe()
		b.Impair(mediatest.Impairment{Loss: 0.2, Duplicate: 0.1, Reorder: 0.1, Delay: 50 * time.Millisecond, Seed: 1})
		got, swapped, last := 0, 0, -1
		var batch media.Batch
		drain := func() {
			for {
				n, err := b.Receive(&batch)
				require.NoError(t, err)
				if n == 0 {
					return
				}
				for _, p := range batch.Packets[:n] {
					v := int(p.Data[0]) | int(p.Data[1])<<8
					if v < last {
						swapped++
					}
					last = max(last, v)
					got++
					assert.Equal(t, a.Addr(), p.From)
				}
			}
		}
		for i := range 1000 {
			require.NoError(t, a.Send([]byte{byte(i), byte(i >> 8)}, b.Addr()))
			time.Sleep(20 * time.Millisecond)
			drain()
			if i == 1 {
				assert.Zero(t, got, "delayed")
			}
		}
		time.Sleep(time.Second)
		drain()
		assert.InDelta(t, 880, got, 40)
		assert.InDelta(t, 90, swapped, 40)
		assert.Equal(t, 1000, a.Sent())
	})
}
