// Package wav reads and writes WAV files.
//
// # Concepts
//
// [Read] takes what people have: 8 to 32 bit PCM, 32 bit floating point, A-law
// and µ-law, any number of channels, and files whose writer died before it could
// state their size. [WriteFile] writes 16 bit PCM. [Header] is for writers that
// stream.
//
// # Concurrency
//
// Functions keep no state.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	gowav "github.com/go-audio/wav"

	"hotline/media/dsp"
	"hotline/media/g711"
)

// ErrFormat is returned for a file that is no WAV file, or one of an encoding that
// is not supported.
var ErrFormat = errors.New("not a wav file of a supported encoding")

// MaxBytes is how much audio Read takes at most: 3 hours of 8 kHz stereo.
const MaxBytes = 1 << 29

// Audio is a recording in memory.
type Audio struct {
	Rate     int       // Hz
	Channels [][]int16 // of equal length
}

// Mono is the mean of the channels; for one channel it is that channel itself.
func (a Audio) Mono() []int16 {
	if len(a.Channels) == 0 {
		return nil
	}
	if len(a.Channels) == 1 {
		return a.Channels[0]
	}
	mono := make([]int16, len(a.Channels[0]))
	for i := range mono {
		sum := 0
		for _, c := range a.Channels {
			sum += int(c[i])
		}
		mono[i] = int16(sum / len(a.Channels))
	}
	return mono
}

// At is the recording's Mono at another rate.
func (a Audio) At(rate int) []int16 { return dsp.Resample(a.Mono(), a.Rate, rate) }

// ReadFile reads the file at path.
func ReadFile(path string) (Audio, error) {
	f, err := os.Open(path) //nolint:gosec // the caller says which file
	if err != nil {
		return Audio{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	a, err := Read(f)
	if err != nil {
		return Audio{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return a, nil
}

// Encodings of the fmt chunk.
const (
	formatPCM   = 1
	formatFloat = 3
	formatALaw  = 6
	formatULaw  = 7
	formatOther = 0xfffe // the encoding stands in an extension
)

// Read reads a whole file. A file cut short yields what is there.
func Read(r io.ReadSeeker) (Audio, error) {
	sub, err := precheck(r)
	if err != nil {
		return Audio{}, err
	}
	d := gowav.NewDecoder(r)
	if err := d.FwdToPCM(); err != nil || d.Err() != nil || d.PCMChunk == nil {
		return Audio{}, fmt.Errorf("%w: no audio data found in it", ErrFormat)
	}
	format, bits, channels := d.WavAudioFormat, int(d.BitDepth), int(d.NumChans)
	if format == formatOther {
		format = sub
	}
	decode, ok := decoders[[2]int{int(format), bits}]
	if !ok || channels < 1 || channels > 64 || d.SampleRate < 1000 || d.SampleRate > 768000 {
		return Audio{}, fmt.Errorf("%w: encoding %d with %d bits, %d channels at %d Hz", ErrFormat, format, bits, channels, d.SampleRate)
	}
	size, err := dataSize(r)
	if err != nil {
		return Audio{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return Audio{}, err
	}
	width := bits / 8
	n := len(raw) / width / channels
	a := Audio{Rate: int(d.SampleRate), Channels: make([][]int16, channels)}
	all := make([]int16, n*channels)
	for c := range a.Channels {
		x := all[c*n : (c+1)*n : (c+1)*n]
		for i := range x {
			x[i] = decode(raw[(i*channels+c)*width:])
		}
		a.Channels[c] = x
	}
	return a, nil
}

// precheck looks at the start of the file, because the decoder allocates whatever
// a fmt chunk claims as its size, and it does not tell the encoding that stands in
// an extension; precheck returns that. It leaves r at its start.
func precheck(r io.ReadSeeker) (sub uint16, err error) {
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	var h [12]byte
	for at := int64(0); ; {
		if _, err = r.Seek(at, io.SeekStart); err != nil {
			return 0, err
		}
		if at == 0 {
			if _, err = io.ReadFull(r, h[:]); err != nil || string(h[:4]) != "RIFF" || string(h[8:]) != "WAVE" {
				return 0, ErrFormat
			}
			at = 12
			continue
		}
		if _, err = io.ReadFull(r, h[:8]); err != nil {
			return 0, fmt.Errorf("%w: no format stated in it", ErrFormat)
		}
		size := int64(binary.LittleEndian.Uint32(h[4:]))
		if string(h[:4]) == "fmt " {
			if size < 16 || size > end-at-8 {
				return 0, ErrFormat
			}
			if size >= 26 {
				var b [26]byte
				if _, err = io.ReadFull(r, b[:]); err != nil {
					return 0, err
				}
				sub = binary.LittleEndian.Uint16(b[24:])
			}
			_, err = r.Seek(0, io.SeekStart)
			return sub, err
		}
		at += 8 + size + size&1
	}
}

// dataSize is the length of the data chunk whose start r has reached. The decoder
// rounds it up and loses it for streams of unknown length, which state the
// greatest length there is, or none.
func dataSize(r io.ReadSeeker) (int64, error) {
	if _, err := r.Seek(-4, io.SeekCurrent); err != nil {
		return 0, err
	}
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	size := int64(binary.LittleEndian.Uint32(b[:]))
	if size == 0 || size > MaxBytes {
		size = MaxBytes
	}
	return size, nil
}

// decoders by encoding and bits a sample; read only.
var decoders = map[[2]int]func([]byte) int16{
	{formatPCM, 8}:    func(b []byte) int16 { return int16(int(b[0])-128) << 8 },
	{formatPCM, 16}:   func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) },
	{formatPCM, 24}:   func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b[1:])) },
	{formatPCM, 32}:   func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b[2:])) },
	{formatFloat, 32}: func(b []byte) int16 { return float16(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	{formatALaw, 8}: func(b []byte) int16 {
		var v [1]int16
		g711.DecodeALaw(v[:], b[:1])
		return v[0]
	},
	{formatULaw, 8}: func(b []byte) int16 {
		var v [1]int16
		g711.DecodeULaw(v[:], b[:1])
		return v[0]
	},
}

func float16(v float32) int16 {
	if v != v { // NaN
		return 0
	}
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(v)*32768))))
}

// HeaderSize is the length of a Header.
const HeaderSize = 44

// Header is the start of a 16 bit PCM file whose audio is dataBytes long.
func Header(rate, channels int, dataBytes int64) [HeaderSize]byte {
	var h [HeaderSize]byte
	le := binary.LittleEndian
	size := uint32(min(dataBytes, math.MaxUint32-HeaderSize))
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], size+HeaderSize-8)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], formatPCM)
	le.PutUint16(h[22:], uint16(channels))
	le.PutUint32(h[24:], uint32(rate))
	le.PutUint32(h[28:], uint32(rate*channels*2))
	le.PutUint16(h[32:], uint16(channels*2))
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], size)
	return h
}

// Encode is the file of a: 16 bit PCM. Channels of unequal length are cut to the
// shortest.
func Encode(a Audio) []byte {
	n := 0
	for i, c := range a.Channels {
		if i == 0 || len(c) < n {
			n = len(c)
		}
	}
	h := Header(a.Rate, len(a.Channels), int64(n*len(a.Channels)*2))
	b := make([]byte, 0, HeaderSize+n*len(a.Channels)*2)
	b = append(b, h[:]...)
	for i := range n {
		for _, c := range a.Channels {
			b = binary.LittleEndian.AppendUint16(b, uint16(c[i]))
		}
	}
	return b
}

// WriteFile writes a to path, readable by the owner alone: recordings are personal.
func WriteFile(path string, a Audio) error {
	return os.WriteFile(path, Encode(a), 0o600)
}
