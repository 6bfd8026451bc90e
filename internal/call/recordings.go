package call

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"hotline/media"
)

// minFree is how much room a new recording leaves on its disk, for the record and
// for the calls that are being recorded; 4 hours of one call take 460 MB.
const minFree = 64 << 20

// Recordings is where calls are recorded. It remembers whether that works, for the
// operator; a call goes on without its recording.
type Recordings struct {
	// Dir is the data folder; recordings lie below it by day.
	Dir string
	// MinFree is how many bytes must be free for a recording to begin; default 64 MB.
	MinFree uint64

	mu      sync.Mutex // guards the rest
	trouble RecordingTrouble
}

// RecordingTrouble is why calls are not recorded now.
type RecordingTrouble struct {
	Since time.Time // of the first failure since the last recording that was whole; zero: none
	Calls int       // whose recording failed since
	Full  bool      // the disk is full
	Err   error     // the last one
}

// errDiskFull is returned for a recording that is not begun.
var errDiskFull = errors.New("the disk is nearly full; free some space")

// open begins the recording of a call; name is its path below Dir.
func (r *Recordings) open(id string, now time.Time) (rec *media.Recorder, name string, err error) {
	local := filepath.Join("recordings", now.UTC().Format("2006/01/02"), id+".wav")
	path := filepath.Join(r.Dir, local)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", fmt.Errorf("making the folder of recordings: %w", err)
	}
	if free, ok := freeAt(filepath.Dir(path)); ok && free < r.least() {
		return nil, "", fmt.Errorf("beginning a recording with %d MB free: %w", free>>20, errDiskFull)
	}
	if rec, err = media.NewRecorder(path, telephoneRate); err != nil {
		return nil, "", err
	}
	return rec, filepath.ToSlash(local), nil
}

func (r *Recordings) least() uint64 {
	if r.MinFree > 0 {
		return r.MinFree
	}
	return minFree
}

// freeAt is how much room an ordinary user has on the disk of a folder, which may be
// one of its own below the data folder; false where the system does not tell.
func freeAt(dir string) (uint64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil || st.Bsize <= 0 {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

// Trouble tells why calls are not recorded now; its Since is zero when they are.
func (r *Recordings) Trouble() RecordingTrouble {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble
}

// failed notes a call whose recording is not whole.
func (r *Recordings) failed(err error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.trouble
	if t.Since.IsZero() {
		t.Since = now
	}
	t.Calls++
	t.Err = err
	t.Full = isFull(err)
}

// worked notes a recording that is whole: the trouble is over.
func (r *Recordings) worked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = RecordingTrouble{}
}

// isFull tells a full disk, quota or file from other failures.
func isFull(err error) bool {
	return errors.Is(err, errDiskFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// A tape is the recording of one call, and what became of it. converse, and what
// begins and ends the call around it, are its only users.
type tape struct {
	recordings *Recordings
	recorder   *media.Recorder
	name       string // below the data folder
	told       bool   // its failure was told
}

// openTape begins to record; a call without a recording is better than no call.
func openTape(r *Recordings, id string, now time.Time) (*tape, error) {
	t := &tape{recordings: r}
	var err error
	t.recorder, t.name, err = r.open(id, now)
	return t, err
}

// lost returns why the recording has ended before the call, once.
func (t *tape) lost() error {
	if t == nil || t.told || t.recorder == nil {
		return nil
	}
	return t.recorder.Err()
}

// discard removes the recording of a call that was never answered.
func (t *tape) discard(s *scribe) {
	if err := os.Remove(t.recorder.Path()); err != nil {
		s.log.Warn("removing the recording of a call that was not answered", "call", s.call, "error", err)
	}
}

// tell makes a failed recording known: to the operator by the log, the live events
// and the state of Recordings, and to who reads the record by a mark.
func (t *tape) tell(ctx context.Context, s *scribe, err error, ms int64) {
	t.told = true
	now := time.Now()
	t.recordings.failed(err, now)
	s.log.ErrorContext(ctx, "the recording of a call has failed, the call goes on", "call", s.call, "full", isFull(err), "error", err)
	text := "recording: " + err.Error()
	if isFull(err) {
		text = "recording: the disk is full"
	}
	s.event(Event{MS: ms, Kind: KindError, Data: map[string]any{"error": text}})
	s.publish("recording.failed", map[string]any{"full": isFull(err), "error": text})
}
