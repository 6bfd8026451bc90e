package opus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hotline/media/dsp"
)

const (
	// lookahead is the delay of libopus' encoder for speech at any rate: 6.5 ms.
	lookahead = 312 // of Clock
	// packetsPerPage makes a page a second long (RFC 7845 section 4 wants no more).
	packetsPerPage = 50
	frameTime      = Clock / 50 // 20 ms
	vendor         = "hotline"
	serial         = 0x686f746c // the same for the same sound: files are compared by content
)

// WriteFile writes mono speech as an Ogg Opus file, whole or not at all.
func WriteFile(path string, samples []int16, rate int) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = Write(f, samples, rate, Options{})
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

// Write writes mono speech as an Ogg Opus stream. comments are "NAME=value"
// (RFC 7845 section 5.2).
func Write(w io.Writer, samples []int16, rate int, o Options, comments ...string) error {
	if rate <= 0 {
		return fmt.Errorf("opus: a rate of %d Hz", rate)
	}
	if !Native(rate) {
		native := 48000
		for _, r := range []int{24000, 16000, 12000, 8000} {
			if r >= rate {
				native = r
			}
		}
		samples, rate = dsp.Resample(samples, rate, native), native
	}
	enc, err := NewEncoder(rate, o)
	if err != nil {
		return err
	}
	bw := bufio.NewWriterSize(w, 64<<10)
	pages := &pageWriter{w: bw, serial: serial}
	if err := writeHeaders(pages, rate, comments); err != nil {
		return err
	}
	step := Clock / rate
	total := uint64(lookahead + len(samples)*step)
	frame := make([]int16, rate/50)
	var packets [][]byte
	for done := uint64(0); done < total; {
		n := copy(frame, samples)
		samples = samples[n:]
		clear(frame[n:])
		packet, err := enc.Encode(nil, frame)
		if err != nil {
			return err
		}
		packets = append(packets, packet)
		done += frameTime
		switch {
		case done >= total:
			err = pages.write(flagLast, total, packets...)
		case len(packets) == packetsPerPage:
			err = pages.write(0, done, packets...)
			packets = packets[:0]
		}
		if err != nil {
			return err
		}
	}
	return bw.Flush()
}

// writeHeaders writes the two header pages (RFC 7845 section 5).
func writeHeaders(pages *pageWriter, rate int, comments []string) error {
	head := append([]byte("OpusHead"), 1, 1)
	head = binary.LittleEndian.AppendUint16(head, lookahead)
	head = binary.LittleEndian.AppendUint32(head, uint32(rate))
	head = append(head, 0, 0, 0)
	if err := pages.write(flagFirst, 0, head); err != nil {
		return err
	}
	tags := binary.LittleEndian.AppendUint32([]byte("OpusTags"), uint32(len(vendor)))
	tags = append(tags, vendor...)
	tags = binary.LittleEndian.AppendUint32(tags, uint32(len(comments)))
	for _, c := range comments {
		tags = binary.LittleEndian.AppendUint32(tags, uint32(len(c)))
		tags = append(tags, c...)
	}
	return pages.write(0, 0, tags)
}

// ReadFile reads an Ogg Opus file as mono at rate.
func ReadFile(path string, rate int) ([]int16, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the caller's file
	if err != nil {
		return nil, err
	}
	samples, err := Read(bytes.NewReader(b), rate)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return samples, nil
}

// Read reads an Ogg Opus stream to its end.
func Read(r io.Reader, rate int) ([]int16, error) {
	native := rate
	if !Native(rate) {
		native = Clock
	}
	dec, err := NewReader(r, native)
	if err != nil {
		return nil, err
	}
	var out []int16
	buf := make([]int16, dec.dec.MaxSamples())
	for {
		n, err := dec.Read(buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if native != rate {
		out = dsp.Resample(out, native, rate)
	}
	return out, nil
}

// A Reader decodes an Ogg Opus stream piece by piece.
type Reader struct {
	pages   pageReader
	dec     *Decoder
	step    uint64 // Clock ticks of a sample
	skip    int    // samples still to be dropped at the beginning
	given   uint64 // Clock ticks decoded so far, with what was skipped
	preSkip uint64
	buf     []int16
	left    []int16
	err     error
}

// NewReader reads the headers. rate must be one of libopus' five.
func NewReader(r io.Reader, rate int) (*Reader, error) {
	dec, err := NewDecoder(rate)
	if err != nil {
		return nil, err
	}
	rd := &Reader{pages: pageReader{r: r}, dec: dec, step: uint64(Clock / rate), buf: make([]int16, dec.MaxSamples())}
	head, _, err := rd.pages.next()
	if err != nil {
		return nil, fmt.Errorf("ogg opus header: %w", err)
	}
	// Version up to 15 is compatible, mapping family 0 is mono or stereo.
	if len(head) < 19 || string(head[:8]) != "OpusHead" || head[8] > 15 || head[9] < 1 || head[9] > 2 || head[18] != 0 {
		return nil, fmt.Errorf("ogg opus header: %w", ErrFormat)
	}
	rd.preSkip = uint64(binary.LittleEndian.Uint16(head[10:]))
	rd.skip = int((rd.preSkip + rd.step - 1) / rd.step)
	if tags, _, err := rd.pages.next(); err != nil {
		return nil, fmt.Errorf("ogg opus tags: %w", unexpected(err))
	} else if len(tags) < 8 || string(tags[:8]) != "OpusTags" {
		return nil, fmt.Errorf("ogg opus tags: %w", ErrFormat)
	}
	return rd, nil
}

// Rate is the rate that Read yields, Hz.
func (r *Reader) Rate() int { return r.dec.rate }

// Read fills pcm with up to len(pcm) samples and returns io.EOF behind the last.
func (r *Reader) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) {
		if len(r.left) == 0 {
			if r.err == nil {
				r.err = r.decode()
			}
			if len(r.left) == 0 {
				if n > 0 && errors.Is(r.err, io.EOF) {
					return n, nil
				}
				return n, r.err
			}
		}
		c := copy(pcm[n:], r.left)
		r.left = r.left[c:]
		n += c
	}
	return n, nil
}

// decode decodes one packet into r.left and trims the stream's two ends. On the
// last page the granule position says where the sound ends, inside the last
// packet usually (RFC 7845 section 4.4).
func (r *Reader) decode() error {
	for {
		packet, endsPage, err := r.pages.next()
		if err != nil {
			return err
		}
		n, err := r.dec.Decode(packet, r.buf)
		if err != nil {
			return err
		}
		r.given += uint64(n) * r.step
		if r.pages.last && endsPage && r.given > r.pages.granule {
			over := int((r.given - r.pages.granule) / r.step)
			n -= min(over, n)
		}
		skip := min(r.skip, n)
		r.skip -= skip
		r.left = r.buf[skip:n]
		if len(r.left) > 0 {
			return nil
		}
	}
}

// Check looks at the pages of an Ogg Opus stream without decoding them and says
// whether it is whole and undamaged.
func Check(r io.Reader) error {
	pages := pageReader{r: r}
	for i := 0; ; i++ {
		packet, _, err := pages.next()
		if errors.Is(err, io.EOF) && i >= 2 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ogg opus: %w", unexpected(err))
		}
		if i == 0 && (len(packet) < 19 || string(packet[:8]) != "OpusHead") {
			return fmt.Errorf("ogg opus header: %w", ErrFormat)
		}
	}
}
