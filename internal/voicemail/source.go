package voicemail

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hotline/media"
	"hotline/media/wav"
)

// Recording is an open recording of a call: 16 bit PCM as media.Recorder writes it, the
// caller on the left.
type Recording interface {
	io.ReaderAt
	io.Closer
	Length() int64 // of the file
}

// Place is the file of a recording's name, and the part of it that a media fragment
// (W3C Media Fragments 4.2.1) names; to is 0 where it goes to the end.
func Place(name string) (file string, from, to time.Duration) {
	file, fragment, _ := strings.Cut(name, "#")
	span, ok := strings.CutPrefix(fragment, "t=")
	if !ok {
		return file, 0, 0
	}
	begin, end, _ := strings.Cut(span, ",")
	return file, seconds(begin), seconds(end)
}

func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 24*3600 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}

// source is the caller's side of a part of a recording.
type source struct {
	ctx      context.Context //nolint:containedctx // of the one recognition that it is read by
	rec      Recording
	rate     int
	channels int
	at, end  int64 // bytes of the file
	buf      []byte
	paced    bool
	next     time.Time // when the next frame was spoken, where paced
}

var errForm = errors.New("the recording is not of the form that calls are recorded in")

func newSource(ctx context.Context, rec Recording, from, to time.Duration, paced bool) (*source, error) {
	var h [wav.HeaderSize]byte
	if _, err := rec.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("read the recording: %w", err)
	}
	le := binary.LittleEndian
	s := &source{ctx: ctx, rec: rec, channels: int(le.Uint16(h[22:])), rate: int(le.Uint32(h[24:])), paced: paced}
	if string(h[:4]) != "RIFF" || string(h[36:40]) != "data" || le.Uint16(h[34:]) != 16 || s.channels < 1 || s.channels > 2 || s.rate < 8000 || s.rate > 48000 {
		return nil, errForm
	}
	// The length in the header is not that of the file where the program died.
	offset := func(d time.Duration) int64 {
		return wav.HeaderSize + int64(d)*int64(s.rate)/int64(time.Second)*int64(2*s.channels)
	}
	s.at, s.end = offset(from), rec.Length()
	if to > 0 {
		s.end = min(s.end, offset(to))
	}
	s.buf = make([]byte, s.rate/50*2*s.channels)
	return s, nil
}

// Rate implements media.Reader.
func (s *source) Rate() int { return s.rate }

// ReadFrame implements media.Reader.
func (s *source) ReadFrame(f media.Frame) error {
	n := int64(len(f) * 2 * s.channels)
	if s.at+n > s.end {
		return io.EOF
	}
	if s.paced {
		now := time.Now()
		if s.next.IsZero() {
			s.next = now
		}
		spoken := time.NewTimer(s.next.Sub(now))
		defer spoken.Stop()
		select {
		case <-spoken.C:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
		s.next = s.next.Add(20 * time.Millisecond)
	}
	b := s.buf[:n]
	if _, err := s.rec.ReadAt(b, s.at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the recording: %w", err)
	}
	s.at += n
	for i := range f {
		f[i] = int16(binary.LittleEndian.Uint16(b[i*2*s.channels:]))
	}
	return nil
}
