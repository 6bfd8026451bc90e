package media_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// crashEnv makes this binary record to the path until it is killed.
const crashEnv = "MEDIA_CRASH_RECORDING"

func recordUntilKilled(path string) {
	r, err := media.NewRecorder(path, 8000)
	if err != nil {
		panic(err)
	}
	go r.Drain()
	left, right := dsp.NewTone(8000, -20, 400), dsp.NewTone(8000, -20, 800)
	f, g := make(media.Frame, 160), make(media.Frame, 160)
	for n := 0; ; n++ {
		left.Fill(f)
		right.Fill(g)
		r.Write(f, g)
		if n == 3*50+10 { // a little over three seconds
			for info, err := os.Stat(path); err == nil && info.Size() < wav.HeaderSize+3*8000*4; info, err = os.Stat(path) {
				time.Sleep(10 * time.Millisecond) // the writer has its turn
			}
			os.Stdout.WriteString("ready\n")
			select {}
		}
	}
}

// kill -9 leaves a file that plays.
func TestCrashLeavesReadableRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = out.Read(make([]byte, 16))
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()

	a, err := wav.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, a.Channels, 2)
	require.GreaterOrEqual(t, len(a.Channels[0]), 2*8000, "no more than the last second may be missing")
	assert.InDelta(t, -20, dsp.Goertzel(a.Channels[0], 8000, 400), 0.1)
	assert.InDelta(t, -20, dsp.Goertzel(a.Channels[1], 8000, 800), 0.1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// slowFile is a disk that waits, or is full.
type slowFile struct {
	*os.File
	wait <-chan struct{}
	err  error
}

func (f slowFile) WriteAt(b []byte, at int64) (int, error) {
	if f.wait != nil {
		<-f.wait
	}
	if f.err != nil {
		return 0, f.err
	}
	return f.File.WriteAt(b, at)
}

// A disk that stands still for 10 s costs sound, but no time: what comes later is in
// its place, and the clock never waits.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "call.wav")
		r, err := media.NewRecorder(path, 8000)
		require.NoError(t, err)
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		wait := make(chan struct{})
		r.WithFile(slowFile{File: file, wait: wait})
		var wg sync.WaitGroup
		wg.Go(r.Drain)
		for n := range 1000 {
			f := numbered(n)
			if n == 500 {
				close(wait)
				synctest.Wait()
			}
			r.Write(f, f)
			time.Sleep(media.FrameTime)
		}
		r.Finish()
		wg.Wait()
		require.NoError(t, r.Close())
		a, err := wav.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, a.Channels[0], 1000*160)
		assert.EqualValues(t, 100, a.Channels[0][100*160], "the first seconds wait in memory")
		assert.Zero(t, a.Channels[0][400*160], "then there is a hole")
		assert.EqualValues(t, 700, a.Channels[1][700*160])
		assert.EqualValues(t, 999, a.Channels[0][999*160+159])
	})
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	r, err := media.NewRecorder(path, 8000)
	require.NoError(t, err)
	full := errors.New("no space left on device")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	r.WithFile(slowFile{File: file, err: full})
	for range 200 {
		r.Write(numbered(1), numbered(2))
	}
	r.Drain() // gives up at once
	require.ErrorIs(t, r.Err(), full)
	r.Write(numbered(1), numbered(2))
	require.ErrorIs(t, r.Close(), full)
	assert.ErrorIs(t, r.Close(), full)
}

func TestRecorderRefusesExistingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	require.NoError(t, os.WriteFile(path, []byte("someone's call"), 0o600))
	_, err := media.NewRecorder(path, 8000)
	require.ErrorIs(t, err, os.ErrExist)
	assert.True(t, strings.HasPrefix(err.Error(), "creating the recording"))
}
