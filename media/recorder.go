package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"hotline/media/wav"
)

const (
	chunkFrames = 25 // half a second is written at once
	maxChunks   = 8  // 4 s may wait for a slow disk
)

// A Recorder writes a call to disk as it goes: a stereo WAV file with the caller
// on the left and our side on the right, on the session's time axis. Its sizes are
// mended each second, so that a program that dies leaves a file that plays. If the
// disk is too slow, sound is lost, but not time; if it fails, the call goes on.
type Recorder struct {
	path string
	rate int
	file recordFile

	mu      sync.Mutex
	filled  sync.Cond // chunks or the end; uses mu
	held    bool      // what comes is not recorded yet
	current []byte
	chunks  [][]byte // to be written, oldest first; nil stands for lost time
	free    [][]byte
	ended   bool // the session is over
	closed  bool
	err     error

	written int64 // audio bytes in the file; the writer's alone
	unsized int
}

// recordFile is what a Recorder needs of an os.File.
type recordFile interface {
	WriteAt(b []byte, off int64) (int, error)
	Truncate(size int64) error
	Close() error
}

// NewRecorder creates the file at path, which must not exist, readable by the owner
// alone. rate is that of the session.
func NewRecorder(path string, rate int) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the caller says where
	if err != nil {
		return nil, fmt.Errorf("creating the recording: %w", err)
	}
	h := wav.Header(rate, 2, 0)
	if _, err := f.Write(h[:]); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the recording: %w", err), f.Close(), os.Remove(path))
	}
	r := &Recorder{path: path, rate: rate, file: f}
	r.filled.L = &r.mu
	return r, nil
}

// Path is the file's.
func (r *Recorder) Path() string { return r.path }

// Err is why the recording stopped before its end, nil if it did not.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Hold keeps what comes before Start, early media, out of the recording, so that
// its time begins with the answer.
func (r *Recorder) Hold() { r.hold(true) }

// Start ends Hold.
func (r *Recorder) Start() { r.hold(false) }

func (r *Recorder) hold(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = on
}

// write takes a frame of each side. It never waits for the disk.
func (r *Recorder) write(left, right Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || r.ended || r.held {
		return
	}
	size := chunkFrames * len(left) * 4
	if r.current == nil {
		if n := len(r.free); n > 0 {
			r.current, r.free = r.free[n-1][:0], r.free[:n-1]
		} else {
			r.current = make([]byte, 0, size)
		}
	}
	n := len(r.current)
	r.current = r.current[:n+4*len(left)]
	b := r.current[n:]
	for i, v := range left {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(uint16(v))|uint32(uint16(right[i]))<<16)
	}
	if len(r.current) >= size {
		r.hand()
	}
}

// hand gives the current chunk to the writer. It needs r.mu.
func (r *Recorder) hand() {
	if len(r.current) == 0 {
		return
	}
	if len(r.chunks) >= maxChunks {
		// Time must not be lost, or everything after it is in the wrong place. The
		// memory is used again, and the file has a hole that reads as silence.
		r.chunks = append(r.chunks, nil)
		r.free = append(r.free, r.current)
	} else {
		r.chunks = append(r.chunks, r.current)
	}
	r.current = nil
	r.filled.Signal()
}

// maxHoles bounds the list of a disk that never answers: an hour.
const maxHoles = 7200

// drain writes until finish; Session.Run runs it.
func (r *Recorder) drain() {
	for {
		r.mu.Lock()
		for len(r.chunks) == 0 && !r.ended && r.err == nil {
			r.filled.Wait()
		}
		if len(r.chunks) > maxHoles {
			r.err = errors.New("the disk does not take the recording")
		}
		if len(r.chunks) == 0 || r.err != nil {
			r.mu.Unlock()
			return
		}
		chunk := r.chunks[0]
		r.chunks = r.chunks[1:]
		r.mu.Unlock()

		err := r.append(chunk)

		r.mu.Lock()
		if err != nil {
			r.err = fmt.Errorf("recording to %s: %w", r.path, err)
			r.current, r.chunks, r.free = nil, nil, nil
		} else if chunk != nil && len(r.free) < 2 {
			r.free = append(r.free, chunk)
		}
		r.mu.Unlock()
	}
}

// append writes a chunk, nil for half a second of nothing, and each second the sizes.
func (r *Recorder) append(chunk []byte) error {
	if chunk != nil {
		if _, err := r.file.WriteAt(chunk, wav.HeaderSize+r.written); err != nil {
			return err
		}
		r.written += int64(len(chunk))
	} else {
		r.written += int64(chunkFrames * r.rate / 50 * 4)
	}
	if r.unsized++; r.unsized < 2 {
		return nil
	}
	return r.size()
}

func (r *Recorder) size() error {
	r.unsized = 0
	h := wav.Header(r.rate, 2, r.written)
	_, err := r.file.WriteAt(h[:], 0)
	return err
}

// finish has drain write what is left and return.
func (r *Recorder) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand()
	r.ended = true
	r.filled.Signal()
}

// Close completes the file. It must not be called before Session.Run has returned.
// It returns the first error of the recording.
func (r *Recorder) Close() error {
	r.finish()
	r.drain() // what is left, if no session has run
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.err
	}
	r.closed = true
	if r.err == nil {
		if err := errors.Join(r.file.Truncate(wav.HeaderSize+r.written), r.size()); err != nil {
			r.err = fmt.Errorf("completing the recording: %w", err)
		}
	}
	return errors.Join(r.err, r.file.Close())
}
