package media

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/g722"
	"hotline/media/sdp"
)

// A Codec turns frames into payloads and back, for one session: it may keep state
// for each direction. It is called from one goroutine at a time and should not
// allocate.
type Codec interface {
	// SampleRate is the rate of the frames in Hz.
	SampleRate() int
	// Encode appends the payload of f to dst: 20 ms, or the 10 to 60 ms that the far
	// end has asked for, in whole tens. It appends nothing where nothing need be sent.
	Encode(dst []byte, f Frame) ([]byte, error)
	// Decode writes the samples of a payload to dst, which has room for MaxPacket,
	// and returns how many they are.
	Decode(dst []int16, payload []byte) (int, error)
}

// A Concealer is a Codec that knows better than the Session what a lost packet has
// sounded like.
type Concealer interface {
	// Conceal fills dst, which is up to 20 ms long. next is the payload of the packet
	// that follows what is lost, nil while it is not here: it may carry a copy.
	Conceal(dst []int16, next []byte) error
}

// A Limiter is a Codec whose packets are of certain lengths only.
type Limiter interface {
	// PacketTime is the longest of them that is no longer than d.
	PacketTime(d time.Duration) time.Duration
}

// A LossMinder is a Codec that can be made sturdier at the cost of quality.
type LossMinder interface {
	// SetLoss tells it the share of our packets that the far end misses, 0-1.
	SetLoss(share float64)
}

// MaxPacket is the longest packet that is taken, in frames: 120 ms.
const MaxPacket = 6

// NewCodec makes the codecs that we have: PCMU, PCMA, G722 and, where the program is
// built with cgo, opus. c.SampleRate chooses the rate of those that have several:
// Opus has five, and G.722 of 8 kHz is its lower band.
func NewCodec(c sdp.Codec) (Codec, error) {
	switch strings.ToUpper(c.Name) {
	case "PCMU":
		return g711Codec{g711.EncodeULaw, g711.DecodeULaw}, nil
	case "PCMA":
		return g711Codec{g711.EncodeALaw, g711.DecodeALaw}, nil
	case "G722":
		if c.SampleRate == 8000 {
			return &g722Narrow{g722.NewEncoder(), g722.NewDecoder()}, nil
		}
		return &g722Codec{g722.NewEncoder(), g722.NewDecoder()}, nil
	case "OPUS":
		return newOpus(c)
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
	dst = slices.Grow(dst, len(f))[:n+len(f)]
	c.encode(dst[n:], f)
	return dst, nil
}

func (c g711Codec) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload))
	c.decode(dst[:n], payload[:n])
	return n, nil
}

// g722Codec has 16 kHz sound in two samples to a byte, which its RTP clock of 8 kHz
// counts (RFC 3551 section 4.5.2).
type g722Codec struct {
	enc *g722.Encoder
	dec *g722.Decoder
}

func (*g722Codec) SampleRate() int { return 16000 }

func (c *g722Codec) Encode(dst []byte, f Frame) ([]byte, error) {
	n := len(dst)
	dst = slices.Grow(dst, len(f)/2)[:n+len(f)/2]
	c.enc.Encode(dst[n:], f)
	return dst, nil
}

func (c *g722Codec) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst)/2, len(payload))
	c.dec.Decode(dst[:2*n], payload[:n])
	return 2 * n, nil
}

// g722Narrow is the part of it that a session of 8 kHz hears and says.
type g722Narrow struct {
	enc *g722.Encoder
	dec *g722.Decoder
}

func (*g722Narrow) SampleRate() int { return 8000 }

func (c *g722Narrow) Encode(dst []byte, f Frame) ([]byte, error) {
	n := len(dst)
	dst = slices.Grow(dst, len(f))[:n+len(f)]
	c.enc.EncodeNarrow(dst[n:], f)
	return dst, nil
}

func (c *g722Narrow) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload))
	c.dec.DecodeNarrow(dst[:n], payload[:n])
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
