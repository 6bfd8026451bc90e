package g711_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/media/g711"
)

type law struct {
	name   string
	decode func([]int16, []byte)
	encode func([]byte, []int16)
}

var laws = []law{
	{"ulaw", g711.DecodeULaw, g711.EncodeULaw},
	{"alaw", g711.DecodeALaw, g711.EncodeALaw},
}

func (l law) value(b byte) int {
	var v [1]int16
	l.decode(v[:], []byte{b})
	return int(v[0])
}

func (l law) code(v int16) byte {
	var b [1]byte
	l.encode(b[:], []int16{v})
	return b[0]
}

// Values of tables 1a, 1b, 2a and 2b of ITU-T G.711 (13- and 14-bit there, 16-bit
// here), one from each segment.
func TestPublishedValues(t *testing.T) {
	for b, want := range map[byte]int{
		0x80: 8031 * 4, 0x8f: 4191 * 4, 0x9f: 2079 * 4, 0xaf: 1023 * 4, 0xbf: 495 * 4,
		0xcf: 231 * 4, 0xdf: 99 * 4, 0xef: 33 * 4, 0xfe: 2 * 4, 0xff: 0,
		0x00: -8031 * 4, 0x0f: -4191 * 4, 0x6f: -33 * 4, 0x7e: -2 * 4, 0x7f: 0,
	} {
		assert.Equal(t, want, laws[0].value(b), "ulaw %02x", b)
	}
	for b, want := range map[byte]int{
		0xaa: 4032 * 8, 0xa5: 2112 * 8, 0xb5: 1056 * 8, 0x85: 528 * 8, 0x95: 264 * 8,
		0xe5: 132 * 8, 0xf5: 66 * 8, 0xc5: 33 * 8, 0xd5: 1 * 8,
		0x2a: -4032 * 8, 0x25: -2112 * 8, 0x55: -1 * 8,
	} {
		assert.Equal(t, want, laws[1].value(b), "alaw %02x", b)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, l := range laws {
		for b := range 256 {
			got := l.code(int16(l.value(byte(b))))
			if l.name == "ulaw" && b == 0x7f { // minus zero
				assert.EqualValues(t, 0xff, got)
				continue
			}
			assert.EqualValues(t, b, got, "%s", l.name)
		}
	}
	assert.EqualValues(t, g711.SilenceULaw, laws[0].code(0))
	assert.EqualValues(t, g711.SilenceALaw, laws[1].code(0))
}

// Each sample goes to a neighbouring level, and the order of samples is kept.
func TestQuantisation(t *testing.T) {
	for _, l := range laws {
		prev := math.MinInt
		for x := math.MinInt16; x <= math.MaxInt16; x++ {
			y := l.value(l.code(int16(x)))
			if y < prev {
				t.Fatalf("%s: %d becomes %d, less than its neighbour's %d", l.name, x, y, prev)
			}
			prev = y
			limit := max(8, abs(x)/30+4) // half a step is at most 1/33 of the value
			if abs(x) > 32124 {
				limit = 700 // overload
			}
			if abs(y-x) > limit {
				t.Fatalf("%s: %d becomes %d", l.name, x, y)
			}
		}
	}
}

func abs(x int) int { return max(x, -x) }

func BenchmarkFrame(b *testing.B) {
	x, y := make([]int16, 160), make([]byte, 160)
	for i := range x {
		x[i] = int16(i * 200)
	}
	for b.Loop() {
		g711.EncodeULaw(y, x)
		g711.DecodeULaw(x, y)
	}
}
