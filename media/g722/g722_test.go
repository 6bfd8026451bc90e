package g722_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/media/dsp"
	"hotline/media/g722"
)

// noise is white, of integers only, so that it is the same everywhere; it swells
// from nearly nothing to a quarter of full scale, again and again.
func noise(n int) []int16 {
	x, state := make([]int16, n), uint32(1)
	for i := range x {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		x[i] = int16(int32(state) >> (18 + 14 - min(14, uint(i%8000)/500)))
	}
	return x
}

func sum(x []int16) uint32 {
	b := make([]byte, 0, 2*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return crc32.ChecksumIEEE(b)
}

// The sums are those of what libspandsp 0.0.6 makes of the same sound: to the bit.
func TestExact(t *testing.T) {
	x := noise(64000)
	b := make([]byte, len(x)/2)
	g722.NewEncoder().Encode(b, x)
	assert.Equal(t, uint32(wantEncoded), crc32.ChecksumIEEE(b))
	y := make([]int16, len(x))
	g722.NewDecoder().Decode(y, b[:len(b)/2])
	assert.Equal(t, uint32(wantDecoded), sum(y[:len(x)/2]))
}

const (
	wantEncoded = 0xe094c091
	wantDecoded = 0x82b52968
)

// delay is what encoder and decoder take together: the two mirror filters.
const delay = 22

// What comes out is what went in: in level, in the whole band up to 7 kHz, and with
// the quality that the codec is known for.
func TestQuality(t *testing.T) {
	for _, hz := range []float64{50, 300, 1000, 2500, 3400, 4500, 6000, 7000} {
		x := dsp.Sine(16000, -20, 1e9, hz)
		y := through(x)
		assert.InDelta(t, dsp.LevelDB(x), dsp.Goertzel(y[3200:], 16000, hz), 1, "%v Hz", hz)
	}
	speechlike := dsp.Sine(16000, -26, 1e9, 220, 700, 1220, 2600)
	assert.Greater(t, snr(speechlike, through(speechlike)), 28.0)
	assert.Greater(t, snr(dsp.Sine(16000, -20, 1e9, 1000), through(dsp.Sine(16000, -20, 1e9, 1000))), 35.0)
	assert.Less(t, dsp.LevelDB(through(make([]int16, 16000))), -70.0, "silence stays silent")
}

func through(x []int16) []int16 {
	b, y := make([]byte, len(x)/2), make([]int16, len(x))
	g722.NewEncoder().Encode(b, x)
	g722.NewDecoder().Decode(y, b)
	return y
}

func snr(x, y []int16) float64 {
	var signal, noise float64
	for i := 3200; i < len(x)-delay; i++ {
		d := float64(x[i]) - float64(y[i+delay])
		signal += float64(x[i]) * float64(x[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}

// The lower band alone is the sound of a telephone: to a whole decoder, from a whole
// encoder, and between two of its kind.
func TestNarrow(t *testing.T) {
	for _, hz := range []float64{100, 300, 1000, 2500, 3400} {
		x, wide := dsp.Sine(8000, -20, 1e9, hz), dsp.Sine(16000, -20, 1e9, hz)
		b, y := make([]byte, len(x)), make([]int16, len(x))
		g722.NewEncoder().EncodeNarrow(b, x)
		g722.NewDecoder().DecodeNarrow(y, b)
		assert.InDelta(t, -20, dsp.Goertzel(y[1600:], 8000, hz), 0.5, "%v Hz", hz)
		heard := make([]int16, 2*len(b))
		g722.NewDecoder().Decode(heard, b)
		assert.InDelta(t, -20, dsp.Goertzel(heard[3200:], 16000, hz), 1, "%v Hz by a whole decoder", hz)
		assert.Greater(t, dsp.Goertzel(heard[3200:], 16000, hz)-dsp.Goertzel(heard[3200:], 16000, 8000-hz), 9.0, "its mirror image is softer")
		g722.NewEncoder().Encode(b, wide)
		g722.NewDecoder().DecodeNarrow(y, b)
		assert.InDelta(t, -20, dsp.Goertzel(y[1600:], 8000, hz), 1, "%v Hz by a whole encoder", hz)
	}
	wide, b, y := dsp.Sine(16000, -20, 1e9, 6000), make([]byte, 8000), make([]int16, 8000)
	g722.NewEncoder().Encode(b, wide)
	g722.NewDecoder().DecodeNarrow(y, b)
	assert.Less(t, dsp.LevelDB(y[1600:]), -55.0, "what lies above is not heard")
}

// A decoder that missed packets is with the encoder again soon after.
func TestRecovers(t *testing.T) {
	x := dsp.Sine(16000, -20, 2e9, 440, 1234)
	b := make([]byte, len(x)/2)
	g722.NewEncoder().Encode(b, x)
	whole, holed := make([]int16, len(x)), make([]int16, len(x))
	g722.NewDecoder().Decode(whole, b)
	d := g722.NewDecoder()
	d.Decode(holed[:8000], b[:4000])
	d.Decode(holed[8960:], b[4480:])
	var worst int
	for i := 8960 + 1600; i < len(x); i++ {
		worst = max(worst, int(math.Abs(float64(whole[i])-float64(holed[i]))))
	}
	assert.Less(t, worst, 1500, "100 ms later it sounds the same again")
}

func TestNoAllocation(t *testing.T) {
	e, d := g722.NewEncoder(), g722.NewDecoder()
	x, b := noise(320), make([]byte, 160)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		e.Encode(b, x)
		d.Decode(x, b)
	}))
}

// Any bytes are sound, in any pieces the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0xff, 0xfe}, 2)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = min(len(b), max(0, cut))
		whole, parts := make([]int16, 2*len(b)), make([]int16, 2*len(b))
		g722.NewDecoder().Decode(whole, b)
		d := g722.NewDecoder()
		d.Decode(parts, b[:cut])
		d.Decode(parts[2*cut:], b[cut:])
		assert.Equal(t, whole, parts)
	})
}

func BenchmarkFrame(b *testing.B) {
	e, d := g722.NewEncoder(), g722.NewDecoder()
	x, p := noise(320), make([]byte, 160)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			e.Encode(p, x)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			d.Decode(x, p)
		}
	})
}
