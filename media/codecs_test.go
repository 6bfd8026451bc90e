package media_test

import (
	"encoding/binary"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/sdp"
)

var codecs = []sdp.Codec{sdp.PCMU, sdp.PCMA, sdp.G722, sdp.Opus}

// Every codec carries sound both ways, in packets of the length that the far end
// asks for, with timestamps of its clock.
func TestCodecsAndPacketTimes(t *testing.T) {
	for _, codec := range codecs {
		for _, ms := range []int{0, 10, 20, 30, 40, 60} {
			synctest.Test(t, func(t *testing.T) {
				a, b := pair(t, func(c *media.SessionConfig) {
					c.Rate, c.Media.Codec = 8000, codec
					c.Media.DTMFClock = codec.ClockRate
					c.Media.PTime = time.Duration(ms) * time.Millisecond
				})
				var steps []uint32
				var last uint32
				var mu sync.Mutex
				a.conn.Tap(func(p []byte, _ netip.AddrPort) {
					mu.Lock()
					defer mu.Unlock()
					if p[1]&0x7f != codec.PayloadType {
						return
					}
					ts := binary.BigEndian.Uint32(p[4:])
					steps = append(steps, ts-last)
					last = ts
				})
				says(t, a, 500)
				says(t, b, 700)
				ra, rb := a.In(), b.In()
				mediatest.Listen(ra, 2*time.Second)
				mediatest.Listen(rb, 2*time.Second)
				x, y := mediatest.Listen(ra, time.Second), mediatest.Listen(rb, time.Second)
				assert.Greater(t, mediatest.Purity(x, 8000, 700), 18.0, "%s %d ms", codec.Name, ms)
				assert.Greater(t, mediatest.Purity(y, 8000, 500), 18.0, "%s %d ms", codec.Name, ms)
				assert.InDelta(t, -20, dsp.Goertzel(x, 8000, 700), 1.5)
				require.NoError(t, a.SendKeys(t.Context(), "1"))
				time.Sleep(time.Second)
				assert.Equal(t, "1", pressed(b), "%s %d ms", codec.Name, ms)
				want := ms
				switch {
				case ms == 0:
					want = 20
				case codec == sdp.Opus && ms == 30:
					want = 20 // Opus has no such frame
				}
				mu.Lock()
				defer mu.Unlock()
				for _, v := range steps[1 : len(steps)/2] {
					assert.EqualValues(t, want*codec.ClockRate/1000, v, "%s %d ms", codec.Name, ms)
				}
				assert.Zero(t, b.Stats().Lost)
				assert.Zero(t, b.Stats().Malformed)
			})
		}
	}
}

// In mid-call the far end asks for other packets, and for none.
func TestPacketTimeChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		says(t, a, 500)
		in := b.In()
		for _, ms := range []int{60, 10, 40} {
			m := a.Media()
			m.PTime = time.Duration(ms) * time.Millisecond
			require.NoError(t, a.Update(m))
			mediatest.Listen(in, 2*time.Second)
			assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), 8000, 500), 25.0)
		}
	})
}

// Whoever answers may number the codec otherwise; its packets come with its number
// or with ours.
func TestTwoPayloadTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, _ := mediatest.Pipe()
		p := start(t, conn, described, func(c *media.SessionConfig) {
			c.Media.Codec.PayloadType, c.Media.OurType = 96, 111
			c.Media.OurDTMF = 102
		})
		for n := range 60 {
			b := packet(1, n, 0x55)
			b[1] = []byte{96, 111, 97}[n%3]
			conn.Inject(b, described)
			time.Sleep(media.FrameTime)
		}
		time.Sleep(media.FrameTime)
		assert.EqualValues(t, 40, p.Stats().Received)
		assert.EqualValues(t, 20, p.Stats().Unexpected)
	})
}

// A far end that suppresses silence: by comfort noise, which is made at its level, or
// without a word. Neither is a loss, nor does it end the call while reports come.
func TestSilenceSuppression(t *testing.T) {
	for _, level := range []int{0, 48, 62} {
		synctest.Test(t, func(t *testing.T) {
			conn, _ := mediatest.Pipe()
			p := start(t, conn, described, func(c *media.SessionConfig) { c.SilenceTimeout = 3 * time.Second })
			in := p.In()
			codec, err := media.NewCodec(sdp.PCMA)
			require.NoError(t, err)
			tone, seq, ts := dsp.NewTone(8000, -20, 500), 0, uint32(0)
			var heard []int16
			talk := func(frames int) {
				for range frames {
					x := make([]int16, 160)
					tone.Fill(x)
					b := packet(1, seq, 0)
					binary.BigEndian.PutUint32(b[4:], ts)
					b, _ = codec.Encode(b[:12], x)
					conn.Inject(b, described)
					seq, ts = seq+1, ts+160
					heard = append(heard, mediatest.Listen(in, media.FrameTime)...)
				}
			}
			pause := func(d time.Duration) {
				if level > 0 {
					b := packet(1, seq, 0)
					b[1] = 13
					binary.BigEndian.PutUint32(b[4:], ts)
					conn.Inject(append(b[:12], byte(level)), described)
					seq++
				}
				for range int(d / time.Second) {
					report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}, rtcp.NewCNAMESourceDescription(1, "x")})
					require.NoError(t, err)
					conn.InjectControl(report, netip.AddrPortFrom(described.Addr(), 61234))
					heard = append(heard, mediatest.Listen(in, time.Second)...)
				}
				ts += uint32(d.Milliseconds() * 8)
			}
			talk(50)
			pause(5 * time.Second)
			if level > 0 {
				assert.InDelta(t, -level, dsp.LevelDB(heard[len(heard)-16000:]), 2)
			} else {
				assert.Less(t, dsp.LevelDB(heard[len(heard)-16000:]), -90.0)
			}
			talk(50)
			pause(10 * time.Second)
			talk(100)
			st := p.Stats()
			assert.Zero(t, st.Lost)
			assert.LessOrEqual(t, st.Concealed, int64(2), "a pause is no loss")
			assert.Less(t, st.DelayMS, 61.0)
			assert.Greater(t, st.MOS, 4.2)
			assert.Greater(t, mediatest.Purity(heard[len(heard)-8000:], 8000, 500), 25.0)
			select {
			case err := <-p.err:
				t.Fatal(err)
			default:
			}
			began := time.Now()
			require.ErrorIs(t, <-p.err, media.ErrMediaTimeout, "without reports silence is the end")
			assert.InDelta(t, 3, time.Since(began).Seconds(), 0.2)
		})
	}
}

// Reports go where the far end's come from, not beside its RTP port.
func TestReportsThroughNAT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, _ := mediatest.Pipe()
		p := start(t, conn, described, nil)
		mapped := netip.AddrPortFrom(described.Addr(), 61234)
		var to atomic.Value
		conn.TapControl(func(_ []byte, a netip.AddrPort) { to.Store(a) })
		stream(p, described, 1, 0, 50)
		report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}, rtcp.NewCNAMESourceDescription(1, "x")})
		require.NoError(t, err)
		conn.InjectControl(report, mapped)
		stream(p, described, 1, 50, 600)
		assert.Equal(t, mapped, to.Load())
	})
}

// The worse the line, the worse the opinion: both of what we hear and of what the far
// end says it hears.
func TestOpinion(t *testing.T) {
	last := 5.0
	for _, loss := range []float64{0, 0.02, 0.05, 0.1, 0.3} {
		synctest.Test(t, func(t *testing.T) {
			a, b := pair(t, nil)
			b.conn.Impair(mediatest.Impairment{Loss: loss, Delay: 20 * time.Millisecond, Seed: 3})
			assert.Zero(t, b.Stats().MOS)
			time.Sleep(time.Minute)
			mos := b.Stats().MOS
			assert.Less(t, mos, last)
			last = mos
			assert.InDelta(t, mos, a.Stats().FarMOS, 0.35, "both ends agree, at %v", loss)
			t.Logf("loss %v: MOS %.2f, by the far end's reports %.2f", loss, mos, a.Stats().FarMOS)
			if loss == 0 {
				assert.Greater(t, mos, 4.3)
			}
		})
	}
	assert.Less(t, last, 2.2)
}

// What Opus makes of lost packets, by itself and with the copies in the next ones, is
// nearer to the sound than repeating it.
func TestOpusConceals(t *testing.T) {
	x := voice(8000, 4*time.Second)
	damage := func(conceal func(media.Concealer, []int16, []byte) bool) float64 {
		c := sdp.Opus
		c.SampleRate, c.Fmtp = 8000, "useinbandfec=1"
		codec, err := media.NewCodec(c)
		require.NoError(t, err)
		codec.(media.LossMinder).SetLoss(0.1)
		var packets [][]byte
		for _, f := range media.Frames(x, 8000) {
			p, err := codec.Encode(nil, f)
			require.NoError(t, err)
			packets = append(packets, p)
		}
		clean, holed := make([]int16, 0, len(x)), make([]int16, 0, len(x))
		other, err := media.NewCodec(c)
		require.NoError(t, err)
		f := make([]int16, 960)
		for i, p := range packets {
			n, err := codec.Decode(f, p)
			require.NoError(t, err)
			clean = append(clean, f[:n]...)
			if i%10 == 5 && i+1 < len(packets) && conceal(other.(media.Concealer), f[:160], packets[i+1]) {
				holed = append(holed, f[:160]...)
				continue
			}
			n, err = other.Decode(f, p)
			require.NoError(t, err)
			holed = append(holed, f[:n]...)
		}
		return mediatest.SpectralDistance(clean, holed, 8000)
	}
	silence := damage(func(_ media.Concealer, f []int16, _ []byte) bool { clear(f); return true })
	alone := damage(func(c media.Concealer, f []int16, _ []byte) bool { return c.Conceal(f, nil) == nil })
	copied := damage(func(c media.Concealer, f []int16, next []byte) bool { return c.Conceal(f, next) == nil })
	t.Logf("spectral distance: silence %.2f dB, concealed %.2f dB, with copies %.2f dB", silence, alone, copied)
	assert.Less(t, alone, silence)
	assert.Less(t, copied, alone)
}

// voice is a sound like a voice's: a pitch that wanders, with formants, and pauses.
func voice(rate int, d time.Duration) []int16 {
	x := make([]int16, int(d.Seconds()*float64(rate)))
	phase := 0.0
	for i := range x {
		t := float64(i) / float64(rate)
		pitch := 130 + 40*math.Sin(2*math.Pi*0.9*t) + 10*math.Sin(2*math.Pi*5*t)
		phase += 2 * math.Pi * pitch / float64(rate)
		first, second := 500+250*math.Sin(2*math.Pi*1.7*t), 1500+500*math.Sin(2*math.Pi*2.3*t)
		v := 0.0
		for h := 1.0; h*pitch < 3400; h++ {
			f := h * pitch
			a, b := (f-first)/180, (f-second)/250
			v += math.Sin(h*phase) * (math.Exp(-a*a) + 0.5*math.Exp(-b*b) + 0.02)
		}
		x[i] = int16(3500 * v * (0.55 + 0.45*math.Sin(2*math.Pi*2.1*t)))
	}
	return x
}
