package media

import (
	"fmt"
	"strings"

	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/sdp"
)

// A Codec turns frames into payloads and back, for one session: it may keep state
// for each direction. It is called from one goroutine at a time and should not
// allocate.
type Codec interface {
	// SampleRate is the rate of the frames in Hz.
	SampleRate() int
	// Encode appends the payload of f (SampleRate/50 samples) to dst.
	Encode(dst []byte, f Frame) ([]byte, error)
	// Decode writes the samples of a payload to dst, which has room for MaxPacket,
	// and returns how many they are.
	Decode(dst []int16, payload []byte) (int, error)
}

// MaxPacket is the longest packet that is taken, in frames: 120 ms.
const MaxPacket = 6

// NewCodec makes the codecs that need no library: PCMU and PCMA.
func NewCodec(c sdp.Codec) (Codec, error) {
	switch strings.ToUpper(c.Name) {
	case "PCMU":
		return g711Codec{g711.EncodeULaw, g711.DecodeULaw}, nil
	case "PCMA":
		return g711Codec{g711.EncodeALaw, g711.DecodeALaw}, nil
	}
	return nil, fmt.Errorf("codec %q is not built in", c.Name)
}

type g711Codec struct {
	encode func([]byte, []int16)
	decode func([]int16, []byte)
}

func (g711Codec) SampleRate() int { return 8000 }

func (c g711Codec) Encode(dst []byte, f Frame) ([]byte, error) {
	n := len(dst)
	if cap(dst)-n < len(f) {
		dst = append(dst, make([]byte, len(f))...)
	}
	dst = dst[:n+len(f)]
	c.encode(dst[n:], f)
	return dst, nil
}

func (c g711Codec) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload))
	c.decode(dst[:n], payload[:n])
	return n, nil
}

// converter changes the rate of a stream of whole frames. The first frames out
// may begin with the filter's delay.
type converter struct {
	r     *dsp.Resampler
	queue []int16
}

func newConverter(from, to int) *converter {
	if from == to {
		return nil
	}
	return &converter{r: dsp.NewResampler(from, to)}
}

// convert takes one frame at the one rate and fills one at the other.
func (c *converter) convert(dst, src Frame) {
	c.queue = c.r.Append(c.queue, src)
	lack := len(dst) - len(c.queue)
	if lack > 0 {
		clear(dst[:lack])
		dst = dst[lack:]
	}
	n := copy(dst, c.queue)
	c.queue = c.queue[:copy(c.queue, c.queue[n:])]
}
