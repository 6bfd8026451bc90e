package media_test

import (
	"net/netip"
	"testing"

	"hotline/media"
	"hotline/media/mediatest"
)

// Whatever comes in on the sockets, a tick survives it.
func FuzzDatagrams(f *testing.F) {
	f.Add(packet(1, 1, 0x55), []byte{0x80, 201, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5, 0x8a, 0, 160}, []byte{0x90, 8, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 7})
	f.Fuzz(func(_ *testing.T, a, b []byte) {
		conn, _ := mediatest.Pipe()
		m := agreed
		m.Remote, m.RemoteRTCP, m.RTCPMux = described, described, true
		s := media.NewSession(media.SessionConfig{Conn: conn, Media: m})
		tick := media.Ticker(s)
		for _, p := range [][]byte{a, b, b, a, packet(1, 2, 0x55), a} {
			conn.Inject(p, described)
			conn.Inject(p, netip.AddrPort{})
			tick()
		}
		s.Stats()
	})
}
