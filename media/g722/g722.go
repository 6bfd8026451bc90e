// Package g722 encodes and decodes ITU-T G.722 at 64 kbit/s (mode 1): two samples
// of 16 kHz sound to a byte.
//
// # Concepts
//
// A pair of quadrature mirror filters splits the sound at 4 kHz. Each half is coded
// as what an adaptive predictor did not expect: the lower with six bits, the upper
// with two. An [Encoder] and a [Decoder] are streams that follow one another, so a
// lost packet is heard for a moment longer than it lasts. Everything is integer
// arithmetic and exact to the bit. Where sound of 8 kHz is all that is wanted, the
// lower band alone will do.
//
// # Concurrency
//
// A stream belongs to one goroutine at a time. Nothing here allocates.
package g722

// qmf is one half of the symmetric filter of 24 taps (G.722 table 11).
var qmf = [12]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// An Encoder turns sound into bytes. NewEncoder makes one.
type Encoder struct {
	low, high band
	delay     history
}

// A Decoder turns bytes into sound. NewDecoder makes one.
type Decoder struct {
	low, high band
	delay     history
}

// history is the 24 samples in front of a mirror filter, kept twice so that they
// always lie in a row.
type history struct {
	x  [48]int32
	at int
}

// push takes a pair of samples and returns the last 24.
func (h *history) push(a, b int32) []int32 {
	i := h.at
	h.x[i], h.x[i+1] = a, b
	h.x[i+24], h.x[i+25] = a, b
	h.at = (i + 2) % 24
	return h.x[i+2 : i+26]
}

// NewEncoder returns an Encoder at the start of a stream.
func NewEncoder() *Encoder { return &Encoder{low: band{scale: 32}, high: band{scale: 8}} }

// NewDecoder returns a Decoder at the start of a stream.
func NewDecoder() *Decoder { return &Decoder{low: band{scale: 32}, high: band{scale: 8}} }

// Encode codes pcm into dst, a byte for two samples. An odd sample at the end is
// left out. dst must have room.
func (e *Encoder) Encode(dst []byte, pcm []int16) {
	for k := range len(pcm) / 2 {
		x := e.delay.push(int32(pcm[2*k]), int32(pcm[2*k+1]))
		var even, odd int32
		for i, c := range qmf {
			odd += x[2*i] * c
			even += x[2*i+1] * qmf[11-i]
		}
		dst[k] = e.low.encodeLow((even+odd)>>14) | e.high.encodeHigh((even-odd)>>14)<<6
	}
}

// Decode fills pcm with the sound of b, two samples for a byte. pcm must have room.
func (d *Decoder) Decode(pcm []int16, b []byte) {
	for k, v := range b {
		low, high := d.low.decodeLow(v&0x3f), d.high.decodeHigh(v>>6)
		x := d.delay.push(low+high, low-high)
		var first, second int32
		for i, c := range qmf {
			second += x[2*i] * c
			first += x[2*i+1] * qmf[11-i]
		}
		pcm[2*k], pcm[2*k+1] = int16(saturate(first>>11)), int16(saturate(second>>11))
	}
}
