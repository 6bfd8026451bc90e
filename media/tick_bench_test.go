package media_test

import (
	"net/netip"
	"testing"
	"time"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
)

// BenchmarkTick is 20 ms of one call without sockets: what arrives is decoded and
// heard, what is said is encoded.
//
//	go test ./media -run - -bench Tick
func BenchmarkTick(b *testing.B) {
	for _, codec := range []sdp.Codec{sdp.PCMA, sdp.PCMU, sdp.G722, sdp.Opus} {
		b.Run(codec.Name, func(b *testing.B) { benchmarkTick(b, codec) })
	}
}

// loop returns what is sent.
type loop struct {
	packet [1500]byte
	n      int
}

func (l *loop) Receive(b *media.Batch) (int, error) {
	if l.n == 0 {
		return 0, nil
	}
	b.Packets[0].Set(l.packet[:l.n], described, time.Now())
	l.n = 0
	return 1, nil
}

func (l *loop) Send(p []byte, _ netip.AddrPort) error {
	l.n = copy(l.packet[:], p)
	return nil
}

func (*loop) ReceiveControl(*media.Batch) (int, error) { return 0, nil }
func (*loop) SendControl([]byte, netip.AddrPort) error { return nil }
func (*loop) Close() error                             { return nil }

func benchmarkTick(b *testing.B, codec sdp.Codec) {
	b.Helper()
	conn := &loop{}
	s := media.NewSession(media.SessionConfig{Conn: conn, Media: sdp.Media{Codec: codec, Remote: described, HasDTMF: true, DTMF: 101}, Rate: 8000})
	tick := media.Ticker(s)
	u := s.Out().Utterance(b.Context())
	f := media.Frames(dsp.Sine(8000, -20, media.FrameTime, 400, 700), 8000)[0]
	b.ReportAllocs()
	for b.Loop() {
		_ = u.WriteFrame(f)
		tick()
	}
	if st := s.Stats(); st.Received == 0 && b.N > 10 {
		b.Fatalf("nothing was heard: %+v", st)
	}
}
