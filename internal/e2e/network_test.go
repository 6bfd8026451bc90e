package e2e_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/softphone"
	"hotline/internal/testdata"
	"hotline/media"
)

// bad is a socket on a bad network: what it sends is lost, doubled and overtaken.
type bad struct {
	media.PacketConn
	mu                     sync.Mutex
	r                      *rand.Rand
	held                   []byte
	lost, doubled, swapped int
}

func (b *bad) Send(p []byte, to netip.AddrPort) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.r.Float64()
	switch {
	case v < 0.05:
		b.lost++
		return nil
	case v < 0.08 && b.held == nil:
		b.swapped++
		b.held = bytes.Clone(p)
		return nil
	}
	if err := b.PacketConn.Send(p, to); err != nil {
		return err
	}
	if b.held != nil {
		p, b.held = b.held, nil
		return b.PacketConn.Send(p, to)
	}
	if v < 0.11 {
		b.doubled++
		return b.PacketConn.Send(p, to)
	}
	return nil
}

// One packet in twenty lost, others doubled and out of order: the caller is still
// understood and answered.
func TestBadNetwork(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	var b *bad
	var answers [][]int16
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		for range 2 {
			answers = append(answers, c.ask(question))
		}
	}, func(r *softphone.Request) {
		r.Conn = func(c media.PacketConn) media.PacketConn {
			b = &bad{PacketConn: c, r: rand.New(rand.NewPCG(11, 5))}
			return b
		}
	})
	for _, a := range answers {
		heard := recognise(t, s, a, "zh")
		assert.True(t, anyOf(heard, "十点", "10点", "十點") && anyOf(heard, "九点", "9点", "九點"), "heard: %q", heard)
	}
	assert.Len(t, rec.By("store-hours"), 2)
	require.Positive(t, b.lost*b.swapped*b.doubled)
	// Doubles make up for losses in the count (RFC 3550 section 6.4.1).
	assert.InDelta(t, b.lost-b.doubled, rec.Media.Lost, 8, "what the network lost is in the record")
}

// A telephone that is gone without a word: the call ends by itself and gives its
// ports back.
func TestMediaSilence(t *testing.T) {
	minutes(t)
	s := own(t, "HOTLINE_CALL_SILENCE=3s")
	var m *muted
	rec, rep := ring(t, s, "8000", func(c *caller) {
		c.pause(2 * time.Second)
		m.off.Store(true)
		c.untilHungUp()
	}, func(r *softphone.Request) {
		r.Conn = func(c media.PacketConn) media.PacketConn {
			m = &muted{PacketConn: c}
			return m
		}
	})
	assert.Equal(t, "far_end", rep.Ended, "it was told by a BYE")
	assert.Equal(t, "media_timeout", rec.EndCause)
	assert.InDelta(t, 5, rep.Seconds, 2.5)
	idle(t, s)
}
