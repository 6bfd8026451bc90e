package sherpa

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"sync"
)

var errDone = errors.New("all is spoken")

// job carries the sound of one Synthesize from the goroutine that computes to
// the one that writes.
type job struct {
	abandoned chan struct{}
	limit     int // samples that may wait before another part is begun

	mu      sync.Mutex // guards all below
	changed *sync.Cond
	samples []int16
	err     error // errDone or what went wrong; nil while it goes on
	gone    bool  // the writer has left
}

func newJob(limit int) *job {
	j := &job{abandoned: make(chan struct{}), limit: limit}
	j.changed = sync.NewCond(&j.mu)
	return j
}

// add takes sound and says whether more is wanted.
func (j *job) add(samples []float32) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.gone {
		return false
	}
	for _, s := range samples {
		j.samples = append(j.samples, int16(min(max(s*32767, -32768), 32767)))
	}
	j.changed.Broadcast()
	return true
}

func (j *job) finish(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
	j.changed.Broadcast()
}

// waitRoom blocks while too much sound waits and says whether to go on.
func (j *job) waitRoom() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.samples) >= j.limit && !j.gone {
		j.changed.Wait()
	}
	return !j.gone
}

// next waits for sound and appends all there is to x; after the last it returns
// the job's error.
func (j *job) next(x []int16) ([]int16, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.samples) == 0 && j.err == nil && !j.gone {
		j.changed.Wait()
	}
	if len(j.samples) == 0 {
		return x, j.err
	}
	x = append(x, j.samples...)
	j.samples = j.samples[:0]
	j.changed.Broadcast()
	return x, nil
}

// abandon tells the computing side to stop after its clause. It may be called twice.
func (j *job) abandon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.gone {
		j.gone = true
		close(j.abandoned)
		j.changed.Broadcast()
	}
}

// latinWords are the lexicon's entries in Latin letters, lower case.
func latinWords(files []string) (map[string]bool, error) {
	words := map[string]bool{}
	for _, name := range files {
		f, err := os.Open(name) //nolint:gosec // found in the model's folder
		if err != nil {
			return nil, err
		}
		sc := bufio.NewScanner(f)
		sc.Buffer(make([]byte, 64<<10), 1<<20)
		for sc.Scan() {
			if w, _, ok := strings.Cut(sc.Text(), " "); ok && w != "" && w[0] < 0x80 {
				words[strings.ToLower(w)] = true
			}
		}
		err = errors.Join(sc.Err(), f.Close())
		if err != nil {
			return nil, err
		}
	}
	return words, nil
}
