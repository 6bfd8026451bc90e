//go:build cgo

package media

import (
	"fmt"
	"time"

	"hotline/media/opus"
	"hotline/media/sdp"
)

// opusCodec is Opus on the wire (RFC 7587), mono whatever is offered: a stereo
// stream is mixed down by the decoder, and the encoder may always send mono.
type opusCodec struct {
	enc  *opus.Encoder
	dec  *opus.Decoder
	rate int
	dtx  bool
	fec  bool
	loss int // percent, as the encoder was told
}

// newOpus heeds what the far end's parameters ask of our stream (RFC 7587 section
// 6.1). Without cgo there is no Opus.
func newOpus(c sdp.Codec) (Codec, error) {
	rate := c.SampleRate
	if !opus.Native(rate) {
		rate = opus.Clock
	}
	p := sdp.ParseOpus(c.Fmtp)
	enc, err := opus.NewEncoder(rate, opus.Options{
		FEC: p.FEC, DTX: p.DTX, Bitrate: opusBitrate(min(rate, p.MaxPlaybackRate), p.FEC, p.MaxBitrate), MaxRate: p.MaxPlaybackRate,
	})
	if err != nil {
		return nil, fmt.Errorf("setting up opus: %w", err)
	}
	dec, err := opus.NewDecoder(rate)
	if err != nil {
		return nil, fmt.Errorf("setting up opus: %w", err)
	}
	return &opusCodec{enc: enc, dec: dec, rate: rate, dtx: p.DTX, fec: p.FEC}, nil
}

// opusBitrate suits speech of a sample rate, up to what the far end bears (RFC 7587
// section 3.1.1: 16 to 20 kbit/s for wideband, 28 to 40 for fullband speech).
func opusBitrate(rate int, fec bool, most int) int {
	bits := 32000
	switch {
	case rate <= 8000:
		bits = 16000
	case rate <= 16000:
		bits = 24000
	}
	if fec { // with less the encoder finds no room for copies
		bits += bits / 4
	}
	if most > 0 {
		bits = min(bits, max(6000, most))
	}
	return bits
}

func (c *opusCodec) SampleRate() int { return c.rate }

func (c *opusCodec) Encode(dst []byte, f Frame) ([]byte, error) {
	n := len(dst)
	dst, err := c.enc.Encode(dst, f)
	if err == nil && c.dtx && len(dst)-n <= 2 { // RFC 6716 section 2.1.9: it need not be sent
		dst = dst[:n]
	}
	return dst, err
}

func (c *opusCodec) Decode(dst []int16, payload []byte) (int, error) {
	return c.dec.Decode(payload, dst)
}

// PacketTime is a length that one Opus frame has.
func (*opusCodec) PacketTime(d time.Duration) time.Duration {
	for _, have := range []time.Duration{60 * time.Millisecond, 40 * time.Millisecond, 20 * time.Millisecond} {
		if have <= d {
			return have
		}
	}
	return 10 * time.Millisecond
}

// Conceal repeats nothing: the decoder knows its own voice, and the next packet may
// carry a thin copy of the lost one.
func (c *opusCodec) Conceal(dst []int16, next []byte) error {
	if len(dst) == 0 || len(dst)%(c.rate/400) != 0 {
		return fmt.Errorf("opus conceals in steps of 2.5 ms, not %d samples", len(dst))
	}
	if len(next) > 0 {
		return c.dec.Recover(next, dst)
	}
	return c.dec.Conceal(dst)
}

// SetLoss makes the encoder spend more on copies when packets are lost.
func (c *opusCodec) SetLoss(share float64) {
	percent := max(opus.MinLoss, int(100*min(1, max(0, share))+0.5))
	if !c.fec || percent == c.loss {
		return
	}
	if c.enc.SetLoss(percent) == nil {
		c.loss = percent
	}
}
