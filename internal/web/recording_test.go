package web_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/custody"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (v *visitor) bytes(path string, status int, headers ...string) ([]byte, http.Header) {
	v.t.Helper()
	res := v.request(http.MethodGet, path, "", headers...)
	b, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, status, res.StatusCode)
	return b, res.Header
}

func TestRecordingIsServedInRanges(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	path := "/api/v1/calls/" + st.calls[0] + "/recording"
	whole, h := v.bytes(path, http.StatusOK)
	assert.Equal(t, "audio/wav", h.Get("Content-Type"))
	assert.Equal(t, "bytes", h.Get("Accept-Ranges"))
	want, err := os.ReadFile(filepath.Join(st.dir, "recordings", st.calls[0]+".wav"))
	require.NoError(t, err)
	assert.Equal(t, want, whole)
	for _, c := range [][2]int{{0, 9}, {40, 60}, {44, 44}, {1000, len(want) - 1}} {
		part, h := v.bytes(path, http.StatusPartialContent, "Range", "bytes="+itoa(c[0])+"-"+itoa(c[1]))
		assert.Equal(t, want[c[0]:c[1]+1], part)
		assert.Equal(t, "bytes "+itoa(c[0])+"-"+itoa(c[1])+"/"+itoa(len(want)), h.Get("Content-Range"))
	}
	v.bytes(path, http.StatusRequestedRangeNotSatisfiable, "Range", "bytes=99999999-")
}

// Once the call is over its recording is sealed, and served as before.
func TestSealedRecordingIsServedInRanges(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	path := "/api/v1/calls/" + st.calls[0] + "/recording"
	file := filepath.Join(st.dir, "recordings", st.calls[0]+".wav")
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	before := v.get("/api/v1/calls/" + st.calls[0] + "/waveform?points=50")
	require.NoError(t, custody.Seal(st.dir, st.store.Sealer(), "recordings/"+st.calls[0]+".wav"))
	require.NoFileExists(t, file)
	whole, _ := v.bytes(path, http.StatusOK)
	assert.Equal(t, want, whole)
	for _, c := range [][2]int{{0, 9}, {40, 60}, {65_530, 65_545}, {131_000, 200_000}, {1000, len(want) - 1}} {
		part, h := v.bytes(path, http.StatusPartialContent, "Range", "bytes="+itoa(c[0])+"-"+itoa(c[1]))
		assert.Equal(t, want[c[0]:c[1]+1], part)
		assert.Equal(t, "bytes "+itoa(c[0])+"-"+itoa(c[1])+"/"+itoa(len(want)), h.Get("Content-Range"))
	}
	assert.Equal(t, before, v.get("/api/v1/calls/"+st.calls[0]+"/waveform?points=50"))
	require.NoError(t, custody.Remove(st.dir, "recordings/"+st.calls[0]+".wav"))
	assert.Equal(t, "recording_gone", v.json(http.MethodGet, path, "", http.StatusNotFound)["code"])
}

func itoa(n int) string { return string(appendInt(nil, n)) }

func appendInt(b []byte, n int) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

// What a kill -9 leaves, or a call in progress: sizes that say nothing, half a frame
// at the end. It must play all the same.
func TestGrowingRecordingPlays(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	r := call.Record{ID: "G", Line: "main", StartedAt: time.Now(), AnsweredAt: time.Now(), Outcome: call.InProgress, Recording: "spool/g.wav"}
	require.NoError(t, st.store.Begin(t.Context(), r))
	file := filepath.Join(st.dir, "spool", "g.wav")
	turns := []call.TurnRecord{{Speaker: "caller", StartMS: 0, EndMS: 1000}, {Speaker: "bot", StartMS: 1000, EndMS: 2000}}
	require.NoError(t, webtest.WriteRecording(file, turns, 2*time.Second, 0))
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.Write([]byte{1, 2, 3})
	require.NoError(t, err)
	require.NoError(t, f.Close())

	b, _ := v.bytes("/api/v1/calls/G/recording", http.StatusOK)
	const samples = 2 * webtest.Rate * 4
	require.Len(t, b, 44+samples)
	assert.Equal(t, uint32(samples), binary.LittleEndian.Uint32(b[40:]))
	assert.Equal(t, uint32(samples+36), binary.LittleEndian.Uint32(b[4:]))

	w := v.get("/api/v1/calls/G/waveform?points=20")
	assert.InDelta(t, 2000, w["duration_ms"], 0)
	loud := func(side string, from, to int) (n float64) {
		for _, x := range w[side].([]any)[from:to] {
			n = max(n, x.(float64))
		}
		return n
	}
	assert.Len(t, w["caller"], 20)
	assert.Greater(t, loud("caller", 0, 10), 20.0)
	assert.Zero(t, loud("caller", 10, 20))
	assert.Zero(t, loud("bot", 0, 10))
	assert.Greater(t, loud("bot", 10, 20), 20.0)
}

func TestRecordingStaysInTheDataFolder(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	outside := filepath.Join(t.TempDir(), "x.wav")
	require.NoError(t, webtest.WriteRecording(outside, nil, time.Second, -1))
	require.NoError(t, os.Symlink(outside, filepath.Join(st.dir, "link.wav")))
	require.NoError(t, os.WriteFile(filepath.Join(st.dir, "no.wav"), []byte("RIFFxxxxWAVEfmt \xff\xff\xff\xff"), 0o600))
	for i, path := range []string{outside, "../x.wav", "link.wav", "no.wav"} {
		id := "R" + itoa(i)
		require.NoError(t, st.store.Begin(t.Context(), call.Record{ID: id, StartedAt: time.Now(), Recording: path}))
		res := v.request(http.MethodGet, "/api/v1/calls/"+id+"/recording", "")
		assert.GreaterOrEqual(t, res.StatusCode, 400, path)
	}
}
