package web

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"hotline/internal/call"
	"hotline/internal/custody"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// recording is a WAV file that may still grow. Its header says how long it was at
// the last mending, or nothing at all after a crash, so the sizes are put right on
// the way out.
type recording struct {
	f         *custody.Recording
	size      int64 // of the file when it was opened
	head      []byte
	data      int64 // where the samples begin
	rate      int
	channels  int
	modified  time.Time
	*position // reads head, then the file
}

type position struct {
	r  *recording
	at int64
}

var errNotWAV = errors.New("the recording is not a 16 bit PCM WAV file")

// openRecording opens a call's recording below the data folder, and nothing outside.
func (s *Server) openRecording(r call.Record) (*recording, error) {
	if r.Recording == "" {
		return nil, problem(http.StatusNotFound, "no_recording", "this call was not recorded")
	}
	f, err := custody.Open(s.cfg.DataDir, s.cfg.Sealer, r.Recording)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem(http.StatusNotFound, "recording_gone", "the recording is no longer there")
	}
	if err != nil {
		return nil, err
	}
	rec, err := readHead(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("call %s: %w", r.ID, err), f.Close())
	}
	return rec, nil
}

// readHead finds the samples in a RIFF file and mends its two sizes.
func readHead(f *custody.Recording) (*recording, error) {
	r := &recording{f: f, size: f.Size, modified: f.Modified}
	head := make([]byte, min(4096, r.size))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(head) < 12 || string(head[:4]) != "RIFF" || string(head[8:12]) != "WAVE" {
		return nil, errNotWAV
	}
	for at := 12; at+8 <= len(head); {
		size := int(binary.LittleEndian.Uint32(head[at+4:]))
		body := head[at+8:]
		switch string(head[at : at+4]) {
		case "fmt ":
			if len(body) < 16 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return nil, errNotWAV
			}
			r.channels, r.rate = int(binary.LittleEndian.Uint16(body[2:])), int(binary.LittleEndian.Uint32(body[4:]))
		case "data":
			if r.channels == 0 || r.rate == 0 {
				return nil, errNotWAV
			}
			r.data = int64(at + 8)
			// Half a frame at the end is being written just now.
			frame := int64(2 * r.channels)
			r.size = r.data + (r.size-r.data)/frame*frame
			r.head = head[:r.data]
			binary.LittleEndian.PutUint32(r.head[4:], clip(r.size-8))
			binary.LittleEndian.PutUint32(r.head[at+4:], clip(r.size-r.data))
			r.position = &position{r: r}
			return r, nil
		}
		if size < 0 || size > len(head) {
			break
		}
		at += 8 + size + size%2
	}
	return nil, errNotWAV
}

func clip(n int64) uint32 { return uint32(min(n, 1<<32-1)) }

func (r *recording) Close() error { return r.f.Close() }

// Read is of io.ReadSeeker, for http.ServeContent.
func (p *position) Read(b []byte) (int, error) {
	r := p.r
	if p.at >= r.size {
		return 0, io.EOF
	}
	var n int
	var err error
	if p.at < r.data {
		n = copy(b, r.head[p.at:])
	} else {
		n, err = r.f.ReadAt(b[:min(int64(len(b)), r.size-p.at)], p.at)
	}
	p.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// Seek is of io.ReadSeeker, for http.ServeContent.
func (p *position) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of the recording")
	}
	p.at = offset
	return offset, nil
}

// levels are the peaks, 0–100, of both sides in n equal stretches.
func (r *recording) levels(ctx context.Context, n int) (sides [2][]int, err error) {
	frames := (r.size - r.data) / int64(2*r.channels)
	n = int(min(int64(n), frames))
	for side := range sides {
		sides[side] = make([]int, n)
	}
	if n == 0 {
		return sides, nil
	}
	if _, err := r.Seek(r.data, io.SeekStart); err != nil {
		return sides, err
	}
	buf := make([]byte, 32<<10/(2*r.channels)*(2*r.channels))
	for frame := int64(0); frame < frames; {
		if ctx.Err() != nil {
			return sides, context.Cause(ctx)
		}
		got, err := io.ReadFull(r, buf)
		if got == 0 {
			if errors.Is(err, io.EOF) {
				break
			}
			return sides, err
		}
		for at := 0; at+2*r.channels <= got; at += 2 * r.channels {
			bin := frame * int64(n) / frames
			for side := range min(r.channels, 2) {
				v := int(int16(binary.LittleEndian.Uint16(buf[at+2*side:])))
				sides[side][bin] = max(sides[side][bin], max(v, -v)*100/32768)
			}
			frame++
		}
	}
	return sides, nil
}

// Waveform is a recording to look at.
type Waveform struct {
	DurationMS int64 `json:"duration_ms"`
	Caller     []int `json:"caller" doc:"peaks of the left side, 0-100, in equal stretches"`
	Bot        []int `json:"bot" doc:"peaks of the right side"`
}

type waveformInput struct {
	IDInput
	Points int `query:"points" minimum:"10" maximum:"4000" default:"800"`
}

type waveformOutput struct{ Body Waveform }

func (s *Server) recordingRoutes() {
	op := operation(http.MethodGet, "/calls/{id}/recording", "get-recording", "Stereo WAV, caller left, our side right; ranges; also while the call lasts", "calls")
	op.Responses = streamed("audio/wav", "the recording as far as it goes")
	route(s, op, func(ctx context.Context, in *IDInput) (*huma.StreamResponse, error) {
		rec, err := s.findRecording(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hctx huma.Context) {
			defer func() { _ = rec.Close() }()
			r, w := humago.Unwrap(hctx)
			// Ten minutes for the slowest of readers.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute))
			w.Header().Set("Content-Type", "audio/wav")
			w.Header().Set("Cache-Control", "private, no-cache")
			w.Header().Set("Content-Disposition", `inline; filename="`+in.ID+`.wav"`)
			http.ServeContent(w, r, "", rec.modified, rec)
		}}, nil
	})
	route(s, operation(http.MethodGet, "/calls/{id}/waveform", "get-waveform", "The recording's levels, to draw", "calls"),
		func(ctx context.Context, in *waveformInput) (*waveformOutput, error) {
			rec, err := s.findRecording(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			defer func() { _ = rec.Close() }()
			select {
			case s.drawing <- struct{}{}:
				defer func() { <-s.drawing }()
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			sides, err := rec.levels(ctx, in.Points)
			if err != nil {
				return nil, err
			}
			ms := (rec.size - rec.data) / int64(2*rec.channels) * 1000 / int64(rec.rate)
			return &waveformOutput{Waveform{ms, sides[0], sides[1]}}, nil
		})
}

func (s *Server) findRecording(ctx context.Context, id string) (*recording, error) {
	r, err := s.call(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.openRecording(r)
}
