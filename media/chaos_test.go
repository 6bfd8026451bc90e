package media_test

import (
	"encoding/binary"
	"math/rand/v2"
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

// Whatever a sender does to its stream (another source, jumps of numbers and of
// times, packets five places late, twice, cut, of other types, a clock that is
// 200 ppm off), the call goes on: a second later it sounds as it should, without
// delay, and time has not stopped meanwhile.
func TestSendersThatMisbehave(t *testing.T) {
	codec, err := media.NewCodec(sdp.PCMA)
	require.NoError(t, err)
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			p := alone(t)
			in := p.In()
			tone := dsp.NewTone(8000, -20, 500)
			drift := time.Duration(r.IntN(3)-1) * 4 * time.Microsecond // of 20 ms
			ssrc, seq, ts := r.Uint32(), uint16(r.Uint32()), r.Uint32()
			var held [][]byte
			send := func(wild bool) {
				x := make([]int16, 160)
				tone.Fill(x)
				b := packet(ssrc, 0, 0)
				binary.BigEndian.PutUint16(b[2:], seq)
				binary.BigEndian.PutUint32(b[4:], ts)
				b, _ = codec.Encode(b[:12], x)
				seq, ts = seq+1, ts+160
				times := 1
				if wild {
					switch r.IntN(60) {
					case 0:
						ssrc, seq, ts = r.Uint32(), uint16(r.Uint32()), r.Uint32()
					case 1:
						seq += uint16(r.Uint32())
					case 2:
						ts += r.Uint32()
					case 3:
						ts -= uint32(r.IntN(8000))
					case 4:
						b[1] = byte(r.Uint32())
					case 5:
						b = b[:r.IntN(len(b))]
					case 6:
						times = 2 + r.IntN(3)
					case 7:
						times = 0
					case 8, 9, 10:
						if len(held) < 5 {
							held = append(held, b)
							times = 0
						}
					case 11:
						b[1] |= 0x80
					case 12:
						time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
					}
				}
				for range times {
					p.conn.Inject(b, described)
				}
				if len(held) > 0 && (!wild || r.IntN(5) == 0) {
					p.conn.Inject(held[0], described)
					held = held[1:]
				}
				time.Sleep(media.FrameTime + drift)
			}
			heard := make(chan []int16)
			go func() { heard <- mediatest.Listen(in, 45*time.Second) }()
			for range 1000 {
				send(true)
			}
			before := p.Elapsed()
			for range 1000 {
				send(false)
			}
			assert.InDelta(t, 20, (p.Elapsed() - before).Seconds(), 0.1)
			st := p.Stats()
			assert.LessOrEqual(t, st.DelayMS, 100.0, "seed %d", seed)
			for range 400 {
				send(false)
			}
			x := <-heard
			assert.Greater(t, mediatest.Purity(x[len(x)-16000:], 8000, 500), 22.0, "seed %d: %+v", seed, st)
		})
	}
}
