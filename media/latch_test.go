package media_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
)

// packet is a PCMA packet of 20 ms.
func packet(ssrc uint32, n int, value byte) []byte {
	p := make([]byte, 172)
	p[0], p[1] = 0x80, 8
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	binary.BigEndian.PutUint32(p[4:], uint32(n*160))
	binary.BigEndian.PutUint32(p[8:], ssrc)
	for i := 12; i < len(p); i++ {
		p[i] = value
	}
	return p
}

var (
	described = netip.MustParseAddrPort("10.0.0.5:4000")
	nat       = netip.MustParseAddrPort("198.51.100.7:61000")
	stranger  = netip.MustParseAddrPort("203.0.113.66:5555")
)

// alone starts a session whose far end is what the test injects.
func alone(t *testing.T) *party {
	t.Helper()
	conn, _ := mediatest.Pipe()
	return start(t, conn, described, nil)
}

// stream injects count packets, one each 20 ms.
func stream(p *party, from netip.AddrPort, ssrc uint32, first, count int) {
	for n := range count {
		p.conn.Inject(packet(ssrc, first+n, 0x2a), from)
		time.Sleep(media.FrameTime)
	}
}

func TestLatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := alone(t)
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, described, p.Stats().Remote)
		p.conn.Inject(packet(9, 1, 0), stranger) // a stray changes nothing
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, described, p.Stats().Remote)
		stream(p, nat, 1, 100, 5)
		assert.Equal(t, nat, p.Stats().Remote, "a few packets in sequence show where the caller really is")
	})
}

func TestHijack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := alone(t)
		in := p.In()
		for n := range 200 { // the attacker sends twice as much
			p.conn.Inject(packet(1, n, 0xd5), described)
			p.conn.Inject(packet(2, 2*n, 0x2a), stranger)
			p.conn.Inject(packet(2, 2*n+1, 0x2a), stranger)
			time.Sleep(media.FrameTime)
		}
		time.Sleep(2 * media.FrameTime)
		st := p.Stats()
		assert.Equal(t, described, st.Remote)
		assert.Equal(t, int64(200), st.Received)
		assert.Equal(t, int64(400), st.Foreign)
		assert.Less(t, dsp.LevelDB(mediatest.Listen(in, 900*time.Millisecond)), -60.0, "not a sample of it is heard")
		// Not even while the caller pauses for a second.
		stream(p, stranger, 2, 400, 50)
		assert.Equal(t, described, p.Stats().Remote)
	})
}

func TestWrongPayloadNeverLatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := alone(t)
		for n := range 20 {
			b := packet(1, n, 0)
			b[1] = 18
			p.conn.Inject(b, stranger)
			time.Sleep(media.FrameTime)
		}
		assert.Equal(t, described, p.Stats().Remote)
		time.Sleep(2 * media.FrameTime)
		assert.Equal(t, int64(20), p.Stats().Unexpected)
	})
}

// A NAT gives the caller another port in mid-call: the same stream from elsewhere is
// followed soon, another one only after long silence.
func TestRelatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := alone(t)
		stream(p, described, 1, 0, 50)
		time.Sleep(300 * time.Millisecond)
		stream(p, nat, 1, 70, 10)
		assert.Equal(t, nat, p.Stats().Remote)
		time.Sleep(time.Second)
		stream(p, stranger, 2, 0, 10)
		assert.Equal(t, nat, p.Stats().Remote)
		time.Sleep(4 * time.Second)
		stream(p, described, 3, 0, 10)
		assert.Equal(t, described, p.Stats().Remote)
	})
}

// The far end changes its SSRC (a transfer inside its PBX) and is heard on.
func TestSourceChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := alone(t)
		stream(p, described, 1, 0, 50)
		stream(p, described, 2, 30000, 50)
		time.Sleep(2 * media.FrameTime)
		st := p.Stats()
		assert.GreaterOrEqual(t, st.Received, int64(99))
		assert.LessOrEqual(t, st.Lost, int64(1))
	})
}
