package media_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"sync"
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

// party is a session on one end of a pipe.
type party struct {
	*media.Session
	conn *mediatest.Conn
	stop context.CancelFunc
	err  chan error
}

var agreed = sdp.Media{Codec: sdp.PCMA, HasDTMF: true, DTMF: 101, DTMFClock: 8000}

// start runs a session; it ends with the test.
func start(t *testing.T, conn *mediatest.Conn, remote netip.AddrPort, edit func(*media.SessionConfig)) *party {
	t.Helper()
	cfg := media.SessionConfig{Conn: conn, Media: agreed}
	cfg.Media.Remote = remote
	cfg.Media.RemoteRTCP = netip.AddrPortFrom(remote.Addr(), remote.Port()+1)
	if edit != nil {
		edit(&cfg)
	}
	p := &party{media.NewSession(cfg), conn, nil, make(chan error, 1)}
	var ctx context.Context
	ctx, p.stop = context.WithCancel(t.Context())
	go func() { p.err <- p.Run(ctx) }()
	t.Cleanup(func() {
		p.stop()
		<-p.Done()
	})
	return p
}

// pair is two sessions that hear each other.
func pair(t *testing.T, edit func(*media.SessionConfig)) (a, b *party) {
	t.Helper()
	ca, cb := mediatest.Pipe()
	a = start(t, ca, cb.Addr(), edit)
	time.Sleep(7 * time.Millisecond) // clocks in step would make the order of events a matter of chance
	return a, start(t, cb, ca.Addr(), edit)
}

// says has p say tones until the test ends.
func says(t *testing.T, p *party, hz ...float64) {
	t.Helper()
	u := p.Out().Utterance(t.Context())
	tone := dsp.NewTone(p.Rate(), -20, hz...)
	go func() {
		f := make(media.Frame, p.Rate()/50)
		for {
			tone.Fill(f)
			if u.WriteFrame(f) != nil {
				return
			}
		}
	}()
}

func TestBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		says(t, a, 500)
		says(t, b, 700)
		ra, rb := a.In(), b.In()
		mediatest.Listen(ra, time.Second)
		mediatest.Listen(rb, time.Second)
		x, y := mediatest.Listen(ra, time.Second), mediatest.Listen(rb, time.Second)
		assert.Greater(t, mediatest.Purity(x, 8000, 700), 30.0)
		assert.Greater(t, mediatest.Purity(y, 8000, 500), 30.0)
		assert.InDelta(t, -20, dsp.Goertzel(x, 8000, 700), 0.2)
		assert.Less(t, a.Stats().DelayMS, 41.0)
	})
}

// 5 % lost, 5 % overtaken, 2 % doubled, 30 ms of jitter: the tone goes on without a
// pause, and the counters tell what happened.
func TestBadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		b.conn.Impair(mediatest.Impairment{Loss: 0.05, Reorder: 0.05, Duplicate: 0.02, Jitter: 30 * time.Millisecond, Delay: 40 * time.Millisecond, Seed: 1})
		says(t, a, 500)
		in := b.In()
		mediatest.Listen(in, 4*time.Second)
		x := mediatest.Listen(in, 20*time.Second)
		gaps, _ := mediatest.Gaps(x, 8000, -40)
		assert.Zero(t, gaps)
		assert.Greater(t, mediatest.Purity(x, 8000, 500), 5.0)
		st := b.Stats()
		assert.InDelta(t, 1200*0.05, float64(st.Lost), 30)
		assert.InDelta(t, 1200*0.02, float64(st.Duplicate), 20)
		assert.Positive(t, st.Reordered)
		assert.Less(t, st.Late, int64(20))
		assert.InDelta(t, 0.05, st.LossRate, 0.03)
		assert.Greater(t, st.JitterMS, 3.0)
		assert.Less(t, st.DelayMS, 140.0)
	})
}

// What has not arrived is told from what is silent.
func TestMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		in := b.In()
		missing := func(d time.Duration) (all time.Duration) {
			f := make(media.Frame, b.Rate()/50)
			for range d / media.FrameTime {
				require.NoError(t, in.ReadFrame(f))
				if b.Missing() {
					all += media.FrameTime
				}
			}
			return all
		}
		missing(time.Second)
		assert.Zero(t, missing(2*time.Second), "it says nothing, and sends that")
		says(t, a, 500)
		assert.Zero(t, missing(2*time.Second))
		b.conn.Impair(mediatest.Impairment{Loss: 1})
		assert.InDelta(t, 0.4, missing(400*time.Millisecond).Seconds(), 0.1, "a hole")
		b.conn.Impair(mediatest.Impairment{})
		missing(400 * time.Millisecond)
		assert.Zero(t, missing(2*time.Second))
	})
}

// The way gets 300 ms longer for a while: no word is lost, and the delay goes back
// afterwards.
func TestStalledNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		says(t, a, 500)
		in := b.In()
		mediatest.Listen(in, 2*time.Second)
		b.conn.Impair(mediatest.Impairment{Delay: 300 * time.Millisecond})
		mediatest.Listen(in, time.Second)
		b.conn.Impair(mediatest.Impairment{})
		mediatest.Listen(in, 400*time.Millisecond)
		assert.Greater(t, b.Stats().DelayMS, 200.0)
		mediatest.Listen(in, 15*time.Second)
		assert.Less(t, b.Stats().DelayMS, 61.0)
		x := mediatest.Listen(in, time.Second)
		assert.Greater(t, mediatest.Purity(x, 8000, 500), 30.0)
	})
}

func TestKeysBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		b.conn.Impair(mediatest.Impairment{Loss: 0.3, Duplicate: 0.3, Seed: 3})
		says(t, a, 500)
		time.Sleep(time.Second)
		require.NoError(t, a.SendKeys(t.Context(), "12#ad0"))
		time.Sleep(time.Second)
		var got []byte
		var at time.Duration
		for len(b.Keys()) > 0 {
			k := <-b.Keys()
			got = append(got, k.Digit)
			assert.Greater(t, k.At, at)
			at = k.At
		}
		assert.Equal(t, "12#AD0", string(got))
		require.NoError(t, b.SendKeys(t.Context(), "9"))
		time.Sleep(time.Second)
		assert.Equal(t, byte('9'), (<-a.Keys()).Digit)
		require.ErrorIs(t, a.SendKeys(t.Context(), "1x"), media.ErrKey)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.SendKeys(ctx, "123456"), context.DeadlineExceeded)
		a.stop()
		<-a.Done()
		assert.ErrorIs(t, a.SendKeys(t.Context(), "1"), media.ErrClosed)
	})
}

// While a key is pressed nothing is made up in the audio, and a sentence that is
// being said is not cut but waits.
func TestKeysAndSpeech(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		u := a.Out().Utterance(t.Context())
		go func() {
			for _, f := range media.Frames(dsp.Sine(8000, -20, 2*time.Second, 500), 8000) {
				_ = u.WriteFrame(f)
			}
			u.Finish()
		}()
		time.Sleep(time.Second)
		before := b.Stats().Concealed
		require.NoError(t, a.SendKeys(t.Context(), "1"))
		<-u.Done()
		assert.Equal(t, 2*time.Second, u.Played())
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, before, b.Stats().Concealed)
	})
}

func TestSilenceTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(c *media.SessionConfig) { c.SilenceTimeout = 5 * time.Second })
		time.Sleep(3 * time.Second)
		began := time.Now()
		b.stop()
		<-b.Done()
		err := <-a.err
		require.ErrorIs(t, err, media.ErrMediaTimeout)
		assert.InDelta(t, 5, time.Since(began).Seconds(), 0.1)
		assert.True(t, a.conn.Closed())
		_, open := <-a.Keys()
		assert.False(t, open)
		assert.LessOrEqual(t, len(mediatest.Listen(a.In(), time.Hour)), 8000, "In ends")
	})
}

// A far end that is put on hold may be silent for as long as it likes.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(c *media.SessionConfig) { c.SilenceTimeout = 2 * time.Second })
		says(t, a, 500)
		time.Sleep(time.Second)
		held := a.Media()
		held.Direction = sdp.Inactive
		require.NoError(t, a.Update(held))
		other := b.Media()
		other.Direction = sdp.Inactive
		require.NoError(t, b.Update(other))
		sent := a.conn.Sent()
		time.Sleep(time.Minute)
		assert.Equal(t, sent, a.conn.Sent(), "nothing is sent to a party on hold")
		held.Direction = sdp.SendRecv
		other.Direction = sdp.SendRecv
		require.NoError(t, a.Update(held))
		require.NoError(t, b.Update(other))
		in := b.In()
		mediatest.Listen(in, time.Second)
		assert.True(t, mediatest.Hears(mediatest.Listen(in, time.Second), 8000, 500))
		select {
		case err := <-a.err:
			t.Fatal(err)
		default:
		}
	})
}

// What a far end goes on sending while nobody is to hear it is not counted as lost
// afterwards, and is heard at once when the hold is over.
func TestSendingIntoAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		says(t, a, 500)
		in := b.In()
		mediatest.Listen(in, time.Second)
		m := b.Media()
		m.Direction = sdp.Inactive
		require.NoError(t, b.Update(m))
		time.Sleep(20 * time.Second)
		m.Direction = sdp.SendRecv
		require.NoError(t, b.Update(m))
		mediatest.Listen(in, 21*time.Second)
		assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), 8000, 500), 30.0)
		st := b.Stats()
		assert.Zero(t, st.Lost)
		assert.Zero(t, st.LossRate)
		assert.Greater(t, st.Received, int64(100), "what came before counts on")
	})
}

// A re-INVITE changes the codec and the address in mid-call.
func TestUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		says(t, a, 500)
		in := b.In()
		mediatest.Listen(in, time.Second)
		ma, mb := a.Media(), b.Media()
		ma.Codec, mb.Codec = sdp.PCMU, sdp.PCMU
		require.NoError(t, b.Update(mb))
		require.NoError(t, a.Update(ma))
		mediatest.Listen(in, time.Second)
		assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), 8000, 500), 30.0)
		for _, c := range []sdp.Codec{sdp.G722, sdp.Opus, sdp.PCMA} {
			ma.Codec, mb.Codec = c, c
			require.NoError(t, b.Update(mb))
			require.NoError(t, a.Update(ma))
			mediatest.Listen(in, time.Second)
			assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), 8000, 500), 20.0, c.Name)
		}
		ma.Codec = sdp.Codec{Name: "G729", PayloadType: 18, ClockRate: 8000, SampleRate: 8000}
		assert.ErrorContains(t, a.Update(ma), "G729")
	})
}

// wideCodec stands for G.722 and Opus: 16 kHz samples as they are.
type wideCodec struct{}

func (wideCodec) SampleRate() int { return 16000 }

func (wideCodec) Encode(dst []byte, f media.Frame) ([]byte, error) {
	for _, v := range f {
		dst = binary.BigEndian.AppendUint16(dst, uint16(v))
	}
	return dst, nil
}

func (wideCodec) Decode(dst []int16, p []byte) (int, error) {
	for i := range len(p) / 2 {
		dst[i] = int16(binary.BigEndian.Uint16(p[2*i:]))
	}
	return len(p) / 2, nil
}

// A codec of another rate and clock works at the session's rate.
func TestWideCodec(t *testing.T) {
	for _, rate := range []int{0, 8000, 48000} {
		synctest.Test(t, func(t *testing.T) {
			a, b := pair(t, func(c *media.SessionConfig) {
				c.Rate = rate
				c.Media.Codec = sdp.Codec{Name: "L16", PayloadType: 96, ClockRate: 16000, SampleRate: 16000}
				c.NewCodec = func(sdp.Codec) (media.Codec, error) { return wideCodec{}, nil }
			})
			says(t, a, 3000)
			in := b.In()
			mediatest.Listen(in, time.Second)
			assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), in.Rate(), 3000), 30.0)
		})
	}
}

// Packets of 10 to 60 ms are taken.
func TestPacketTimes(t *testing.T) {
	for _, ms := range []int{10, 30, 40, 60} {
		synctest.Test(t, func(t *testing.T) {
			p := alone(t)
			in := p.In()
			tone := dsp.NewTone(8000, -20, 500)
			codec, err := media.NewCodec(sdp.PCMA)
			require.NoError(t, err)
			x := make([]int16, ms*8)
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() {
				for n := range 4000 / ms {
					tone.Fill(x)
					b := packet(1, n, 0)
					binary.BigEndian.PutUint32(b[4:], uint32(n*len(x)))
					b, _ = codec.Encode(b[:12], x)
					p.conn.Inject(b, described)
					time.Sleep(time.Duration(ms) * time.Millisecond)
				}
			})
			mediatest.Listen(in, time.Second)
			y := mediatest.Listen(in, 2*time.Second)
			assert.Greater(t, mediatest.Purity(y, 8000, 500), 25.0, "%d ms", ms)
		})
	}
}

func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		b.conn.Impair(mediatest.Impairment{Loss: 0.1, Seed: 4, Delay: 30 * time.Millisecond})
		time.Sleep(30 * time.Second)
		st := a.Stats()
		assert.Positive(t, st.FarReports)
		assert.InDelta(t, 0.1, st.FarLossRate, 0.07, "the far end says how badly it hears us")
		assert.Less(t, st.RoundTrip, 100*time.Millisecond)
	})
}

// Reports arrive on the RTP port too, where that was agreed, and strangers' do not
// count.
func TestMultiplexedReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(c *media.SessionConfig) {
			c.Media.RTCPMux, c.Media.RemoteRTCP = true, c.Media.Remote
		})
		time.Sleep(20 * time.Second)
		assert.Positive(t, a.Stats().FarReports)
		assert.Zero(t, a.Stats().Malformed)
		report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}})
		require.NoError(t, err)
		b.conn.Inject(report, stranger)
		time.Sleep(2 * media.FrameTime)
		assert.Equal(t, int64(1), b.Stats().Foreign)
	})
}

// Speech that is cut off ends softly: no click, and silence within a frame.
func TestFlushIsSoft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		in := b.In()
		says(t, a, 500)
		mediatest.Listen(in, time.Second)
		a.Out().Flush()
		x := mediatest.Listen(in, 200*time.Millisecond)
		assert.Less(t, dsp.LevelDB(x[1200:]), -65.0)
		steepest := 0
		for i := 1; i < len(x); i++ {
			steepest = max(steepest, int(x[i])-int(x[i-1]), int(x[i-1])-int(x[i]))
		}
		assert.Less(t, steepest, 2200, "a sine of 500 Hz at this level moves by 1,820 between samples")
	})
}

// What came before the session ran is not heard as delay.
func TestStalePackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, _ := mediatest.Pipe()
		for n := range 25 {
			conn.Inject(packet(1, n, 0x55), described)
			time.Sleep(media.FrameTime)
		}
		p := start(t, conn, described, nil)
		stream(p, described, 1, 25, 50)
		assert.LessOrEqual(t, p.Stats().DelayMS, 80.0)
	})
}

// The last words of a session are a BYE.
func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := mediatest.Pipe()
		a := start(t, ca, cb.Addr(), nil)
		time.Sleep(time.Second)
		a.stop()
		<-a.Done()
		var batch media.Batch
		n, err := cb.ReceiveControl(&batch)
		require.NoError(t, err)
		require.Positive(t, n)
		packets, err := rtcp.Unmarshal(batch.Packets[n-1].Data)
		require.NoError(t, err)
		assert.IsType(t, &rtcp.SenderReport{}, packets[0])
		assert.IsType(t, &rtcp.Goodbye{}, packets[len(packets)-1])
	})
}

// Who has sent nothing takes no leave (RFC 3550 section 6.3.7).
func TestNoGoodbyeOfTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := mediatest.Pipe()
		a := start(t, ca, cb.Addr(), nil)
		time.Sleep(media.FrameTime / 4) // before its first packet
		a.stop()
		<-a.Done()
		var batch media.Batch
		n, err := cb.ReceiveControl(&batch)
		require.NoError(t, err)
		assert.Zero(t, a.Stats().Sent)
		assert.Zero(t, n)
	})
}

// faultyCodec fails in one call only.
type faultyCodec struct{ media.Codec }

func (faultyCodec) Decode([]int16, []byte) (int, error) { panic("a bug in a codec") }

// A panic in one call ends that call; the others on the same clock go on.
func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &media.Clock{Workers: 1}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = clock.Run(ctx) })
		shared := func(c *media.SessionConfig) { c.Clock = clock }
		a, b := pair(t, shared)
		ca, cb := mediatest.Pipe()
		bad := start(t, ca, cb.Addr(), func(c *media.SessionConfig) {
			c.Clock = clock
			c.NewCodec = func(m sdp.Codec) (media.Codec, error) {
				good, err := media.NewCodec(m)
				return faultyCodec{good}, err
			}
		})
		start(t, cb, ca.Addr(), shared)
		says(t, a, 500)
		require.ErrorContains(t, <-bad.err, "a bug in a codec")
		in := b.In()
		mediatest.Listen(in, time.Second)
		assert.True(t, mediatest.Hears(mediatest.Listen(in, time.Second), 8000, 500))
		cancel()
		wg.Wait()
		assert.ErrorIs(t, <-a.err, media.ErrClockStopped)
	})
}

func TestCodecThatIsNotThere(t *testing.T) {
	conn, _ := mediatest.Pipe()
	s := media.NewSession(media.SessionConfig{Conn: conn, Media: sdp.Media{Codec: sdp.Codec{Name: "G729", PayloadType: 18, ClockRate: 8000}}, Logger: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, s.Run(t.Context()), "G729")
	assert.True(t, conn.Closed())
}

func TestApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		in := a.In()
		done := make(chan error, 3)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- media.Loop(ctx, b.Session, media.Tone(b.Rate(), 1004)) }()
		mediatest.Listen(in, time.Second)
		x := mediatest.Listen(in, time.Second)
		assert.Greater(t, mediatest.Purity(x, 8000, 1004), 30.0)
		cancel()
		require.NoError(t, <-done)
		ctx, cancel = context.WithCancel(t.Context())
		go func() { done <- media.Loop(ctx, b.Session, media.Frames(dsp.Sine(8000, -20, time.Second, 500), 8000)) }()
		mediatest.Listen(in, 2*time.Second)
		gaps, _ := mediatest.Gaps(mediatest.Listen(in, 3*time.Second), 8000, -40)
		assert.Zero(t, gaps)
		cancel()
		require.NoError(t, <-done)
		time.Sleep(time.Second)
		says(t, a, 700)
		b.SetEcho(true)
		mediatest.Listen(in, 2*time.Second)
		assert.Greater(t, mediatest.Purity(mediatest.Listen(in, time.Second), 8000, 700), 30.0)
		b.stop()
		go func() { done <- media.Loop(t.Context(), b.Session, media.Tone(b.Rate(), 1004)) }()
		require.NoError(t, <-done, "an app on a session that has ended returns")
	})
}

// The stream never stops, and a pause is comfort noise that nobody takes for speech.
func TestComfort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, nil)
		in := b.In()
		mediatest.Listen(in, time.Second)
		x := mediatest.Listen(in, time.Second)
		assert.Less(t, dsp.LevelDB(x), -65.0)
		assert.InDelta(t, 100, a.conn.Sent(), 3)
	})
}

func TestSocketFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := pair(t, nil)
		time.Sleep(time.Second)
		a.conn.Close()
		err := <-a.err
		require.Error(t, err)
		assert.NotErrorIs(t, err, media.ErrMediaTimeout)
	})
}
