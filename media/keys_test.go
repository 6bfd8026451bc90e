package media_test

import (
	"encoding/binary"
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

func pressed(p *party) string {
	var got []byte
	for len(p.Keys()) > 0 {
		got = append(got, (<-p.Keys()).Digit)
	}
	return string(got)
}

// Two ends without telephone events press keys by tones, over every codec and a line
// that loses packets; a recogniser hears nothing of them.
func TestKeysAsTones(t *testing.T) {
	for _, c := range []sdp.Codec{sdp.PCMA, sdp.G722, sdp.Opus} {
		synctest.Test(t, func(t *testing.T) {
			a, b := pair(t, func(cfg *media.SessionConfig) {
				cfg.Media.HasDTMF, cfg.Media.Codec, cfg.Rate = false, c, 8000
			})
			b.conn.Impair(mediatest.Impairment{Loss: 0.01, Jitter: 10 * time.Millisecond, Seed: 2})
			in := b.In()
			mediatest.Listen(in, time.Second)
			go func() { _ = a.SendKeys(t.Context(), "15900#D*") }()
			x := mediatest.Listen(in, 4*time.Second)
			assert.Equal(t, "15900#D*", pressed(b), c.Name)
			assert.Empty(t, pressed(a))
			loud := time.Duration(0)
			for _, f := range media.Frames(x, 8000) {
				if dsp.LevelDB(f) > -30 {
					loud += media.FrameTime
				}
			}
			assert.LessOrEqual(t, loud, 8*2*media.FrameTime, "of 1.3 s of tones")
		})
	}
}

// Tones are not listened for where events were agreed, unless a setting says so; and
// a key that comes in two ways counts once.
func TestKeysAreNotDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := func(t *testing.T, p *party) {
			t.Helper()
			codec, err := media.NewCodec(sdp.PCMA)
			require.NoError(t, err)
			n := 0
			for _, digit := range []byte("112") {
				tone := dsp.KeyTone(8000, -12, digit)
				first := uint32(n * 160)
				for i := range 12 {
					x := make([]int16, 160)
					b := packet(1, n, 0)
					binary.BigEndian.PutUint32(b[4:], uint32(n*160))
					switch {
					case i < 2: // the gateway lets the tone through until it knows it
						tone.Fill(x)
					case i < 6:
						b[1], b = 101, b[:12]
						binary.BigEndian.PutUint32(b[4:], first+320)
						b = append(b, digit-'0', 10, 0, byte(160*(i-1)>>8))
					}
					if len(b) != 16 {
						b, _ = codec.Encode(b[:12], x)
					}
					p.conn.Inject(b, described)
					n++
					time.Sleep(media.FrameTime)
				}
			}
		}
		for _, c := range []struct {
			want   string
			events bool
			tones  media.KeyTones
		}{{"112", true, media.TonesAlways}, {"112", true, media.TonesIfNeeded}, {"", false, media.TonesNever}} {
			conn, _ := mediatest.Pipe()
			p := start(t, conn, described, func(cfg *media.SessionConfig) {
				cfg.KeyTones, cfg.Media.HasDTMF = c.tones, c.events
			})
			send(t, p)
			time.Sleep(time.Second)
			assert.Equal(t, c.want, pressed(p), "%+v", c)
		}
	})
}

// Keys by SIP INFO come out with the others, and once.
func TestKeysBySignalling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(cfg *media.SessionConfig) { cfg.Media.HasDTMF = false })
		time.Sleep(time.Second)
		b.TakeKey('7')
		b.TakeKey('7')
		require.NoError(t, a.SendKeys(t.Context(), "7"))
		time.Sleep(time.Second)
		assert.Equal(t, "77", pressed(b))
		b.stop()
		<-b.Done()
		b.TakeKey('1')
	})
}
