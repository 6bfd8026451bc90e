package e2e_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/wav"
)

// smallDisk puts a disk of some megabytes at a folder of the server's data.
func smallDisk(t *testing.T, s *stand.Stand, folder string, megabytes string) string {
	t.Helper()
	dir := filepath.Join(s.Data, folder)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+megabytes+"m"); err != nil {
		t.Skipf("MISSING-DATA: a disk of its own for the recordings (root may mount one): %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// fill writes until nothing more fits.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	piece := make([]byte, 1<<16)
	_, _ = rand.Read(piece)
	for len(piece) > 0 {
		if _, err = f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// advised tells whether the System page says something.
func advised(t *testing.T, s *stand.Stand, code string) bool {
	t.Helper()
	var system struct {
		Advice []struct {
			Code string `json:"code"`
		} `json:"advice"`
	}
	require.NoError(t, s.Get(t.Context(), "/api/v1/system", &system))
	return slices.ContainsFunc(system.Advice, func(a struct {
		Code string `json:"code"`
	},
	) bool {
		return a.Code == code
	})
}

// The disk of the recordings gets full in the middle of a call: its recording ends
// there and can be played, the operator is told, the call goes on. The next call is
// taken without one; once there is room all is as before.
func TestDiskOfRecordingsIsFull(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := own(t)
	disk := smallDisk(t, s, "recordings", "80")
	filler := filepath.Join(disk, "filler")

	var seconds int
	var answer []int16
	first, rep := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		seconds = c.now() / 8000
		if err := fill(filler); err != nil {
			t.Error(err)
		}
		answer = c.ask(question)
		c.await(20*time.Second, func() bool { return advised(t, s, "disk_full") })
	})
	assert.Equal(t, "played", rep.Ended, "the caller ends the call")
	heard := recognise(t, s, answer, "zh")
	assert.True(t, anyOf(heard, "十点", "10点", "十點"), "heard: %q", heard)
	assert.Equal(t, "caller_hangup", first.EndCause)
	assert.True(t, s.AwaitLog(t.Context(), "the recording of a call has failed, the call goes on", 5*time.Second))
	told := first.Events(call.KindError)
	require.Len(t, told, 1, first.Text())
	assert.Equal(t, "recording: the disk is full", told[0].Data["error"])
	a, err := wav.ReadFile(s.Recording(t.Context(), first))
	require.NoError(t, err, "what was recorded can be played")
	require.Len(t, a.Channels, 2)
	assert.Greater(t, len(a.Channels[0])/8000, seconds-4)
	assert.Positive(t, spoken(a.Channels[1]))

	var greeting []int16
	second, _ := ring(t, s, "8000", func(c *caller) { greeting = c.listen(0) })
	assert.Greater(t, spoken(greeting), time.Second, "the next caller is answered")
	assert.Empty(t, second.Recording)
	require.Len(t, second.Events(call.KindError), 1, second.Text())
	assert.True(t, advised(t, s, "disk_full"))

	require.NoError(t, os.Remove(filler))
	third, _ := ring(t, s, "8000", func(c *caller) { c.listen(0) })
	require.NotEmpty(t, third.Recording)
	_, err = wav.ReadFile(s.Recording(t.Context(), third))
	require.NoError(t, err)
	assert.Empty(t, third.Events(call.KindError))
	assert.False(t, advised(t, s, "disk_full"), "the trouble is over")
}
