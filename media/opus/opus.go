// Package opus encodes and decodes Opus (RFC 6716) and reads and writes Ogg Opus
// files (RFC 7845) with libopus.
//
// # Concepts
//
// Everything is mono, 16-bit. libopus works at 8, 12, 16, 24 and 48 kHz and
// decodes any stream at any of them; the file functions take other rates too and
// convert. A file keeps the exact number of samples: the encoder's delay is
// declared as pre-skip and the end by the last granule position.
//
// # Concurrency
//
// An Encoder, Decoder or Reader belongs to one goroutine at a time. Nothing here
// starts one.
package opus

import (
	"fmt"

	libopus "gopkg.in/hraban/opus.v2"
)

// Clock is the rate of Opus timestamps and granule positions, whatever the rate
// of the sound (RFC 7587 section 4.1, RFC 7845 section 4).
const Clock = 48000

// MaxPacket is enough for any packet of 20 ms, bytes (RFC 6716 section 3.4).
const MaxPacket = 1275

// MinLoss is the loss in percent that an encoder with FEC assumes at least: a line
// without any is not known before it fails.
const MinLoss = 3

// Native says whether libopus works at rate without conversion.
func Native(rate int) bool {
	switch rate {
	case 8000, 12000, 16000, 24000, 48000:
		return true
	}
	return false
}

// Options of an Encoder; the zero value suits speech.
type Options struct {
	Bitrate    int  // bit/s; default 16,000 at 8 kHz, 24,000 above
	Complexity int  // 1 to 10; default 5, which costs half of 10 and is hard to tell from it
	FEC        bool // carry each frame a second time, thinly, for loss
	Loss       int  // expected packet loss in percent, with FEC
	DTX        bool // stop sending in silence
	MaxRate    int  // sound above half of it is not coded; 0 means no limit
}

// An Encoder makes packets of 20 ms (or any duration that Opus has).
type Encoder struct {
	enc  *libopus.Encoder
	rate int
}

// NewEncoder returns an encoder for speech sampled at rate, one of the five.
func NewEncoder(rate int, o Options) (*Encoder, error) {
	enc, err := libopus.NewEncoder(rate, 1, libopus.AppVoIP)
	if err != nil {
		return nil, fmt.Errorf("opus encoder at %d Hz: %w", rate, err)
	}
	if o.Bitrate == 0 {
		o.Bitrate = 24000
		if rate <= 8000 {
			o.Bitrate = 16000
		}
	}
	if o.Complexity == 0 {
		o.Complexity = 5
	}
	if o.FEC {
		o.Loss = max(MinLoss, o.Loss)
	}
	for _, set := range []func() error{
		func() error { return enc.SetBitrate(o.Bitrate) },
		func() error { return enc.SetComplexity(o.Complexity) },
		func() error { return enc.SetInBandFEC(o.FEC) },
		func() error { return enc.SetPacketLossPerc(o.Loss) },
		func() error { return enc.SetDTX(o.DTX) },
		func() error { return enc.SetMaxBandwidth(bandwidth(o.MaxRate)) },
	} {
		if err := set(); err != nil {
			return nil, fmt.Errorf("opus encoder option: %w", err)
		}
	}
	return &Encoder{enc, rate}, nil
}

// bandwidth is the widest that a player of rate Hz can use.
func bandwidth(rate int) libopus.Bandwidth {
	switch {
	case rate == 0 || rate > 24000:
		return libopus.Fullband
	case rate > 16000:
		return libopus.SuperWideband
	case rate > 12000:
		return libopus.Wideband
	case rate > 8000:
		return libopus.Mediumband
	}
	return libopus.Narrowband
}

// SetLoss tells how many packets in a hundred are lost, for FEC.
func (e *Encoder) SetLoss(percent int) error {
	if err := e.enc.SetPacketLossPerc(percent); err != nil {
		return fmt.Errorf("opus encoder option: %w", err)
	}
	return nil
}

// Encode appends one packet of pcm to dst, which needs MaxPacket of room or grows.
// A packet of two bytes or fewer need not be sent (DTX).
func (e *Encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	n := len(dst)
	for cap(dst)-n < MaxPacket {
		dst = append(dst[:cap(dst)], 0)
	}
	size, err := e.enc.Encode(pcm, dst[n:n+MaxPacket:n+MaxPacket])
	if err != nil {
		return dst[:n], fmt.Errorf("opus encode: %w", err)
	}
	return dst[:n+size], nil
}

// A Decoder turns packets into sound.
type Decoder struct {
	dec  *libopus.Decoder
	rate int
}

// NewDecoder returns a decoder that yields mono at rate, one of the five.
func NewDecoder(rate int) (*Decoder, error) {
	dec, err := libopus.NewDecoder(rate, 1)
	if err != nil {
		return nil, fmt.Errorf("opus decoder at %d Hz: %w", rate, err)
	}
	return &Decoder{dec, rate}, nil
}

// MaxSamples is the room that Decode needs for any packet: 120 ms.
func (d *Decoder) MaxSamples() int { return d.rate * 120 / 1000 }

// Decode writes the packet's sound to pcm and returns the number of samples.
func (d *Decoder) Decode(packet []byte, pcm []int16) (int, error) {
	if len(packet) == 0 {
		return 0, fmt.Errorf("opus decode: %w", errEmpty)
	}
	n, err := d.dec.Decode(packet, pcm[:len(pcm):len(pcm)]) // libopus is told the capacity
	if err != nil {
		return 0, fmt.Errorf("opus decode: %w", err)
	}
	return n, nil
}

// Conceal fills pcm with what a lost packet may have sounded like.
func (d *Decoder) Conceal(pcm []int16) error {
	if err := d.dec.DecodePLC(pcm[:len(pcm):len(pcm)]); err != nil {
		return fmt.Errorf("opus concealment: %w", err)
	}
	return nil
}

// Recover fills pcm with the lost packet before next, as far as next carries it.
func (d *Decoder) Recover(next []byte, pcm []int16) error {
	if len(next) == 0 {
		return fmt.Errorf("opus error correction: %w", errEmpty)
	}
	if err := d.dec.DecodeFEC(next, pcm[:len(pcm):len(pcm)]); err != nil {
		return fmt.Errorf("opus error correction: %w", err)
	}
	return nil
}
