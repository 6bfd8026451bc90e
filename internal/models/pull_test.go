package models_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/models"
)

// paraformer is a model whose digests the manifest does not know, so that a made
// up one can stand for it.
const (
	paraformer = "asr/paraformer-zh-small"
	release    = "/asr-models/sherpa-onnx-paraformer-zh-small-2024-03-09.tar.bz2"
)

type entry struct {
	name, text string
	kind       byte
}

// archive is a .tar.bz2; the standard library reads bzip2 but does not write it.
func archive(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	if _, err := exec.LookPath("bzip2"); err != nil {
		tb.Skip("no bzip2 here")
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644, Size: int64(len(e.text))}
		if e.kind == tar.TypeSymlink {
			h.Linkname, h.Size, e.text = e.text, 0, ""
		}
		require.NoError(tb, w.WriteHeader(h))
		_, err := w.Write([]byte(e.text))
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	cmd := exec.CommandContext(tb.Context(), "bzip2", "-c")
	cmd.Stdin = &b
	out, err := cmd.Output()
	require.NoError(tb, err)
	return out
}

func good(tb testing.TB) []byte {
	tb.Helper()
	return archive(tb,
		entry{name: "./", kind: tar.TypeDir},
		entry{name: "sherpa-onnx-paraformer/", kind: tar.TypeDir},
		entry{name: "sherpa-onnx-paraformer/model.int8.onnx", text: strings.Repeat("weights ", 100000)},
		entry{name: "sherpa-onnx-paraformer/tokens.txt", text: "a 0\n"},
		entry{name: "sherpa-onnx-paraformer/dict/deep/words.txt", text: "w"},
		entry{name: "sherpa-onnx-paraformer/test_wavs/0.wav", text: "RIFF"},
		entry{name: "sherpa-onnx-paraformer/link", text: "/etc/passwd", kind: tar.TypeSymlink},
	)
}

// upstream is a set whose releases come from h.
func upstream(t *testing.T, h http.HandlerFunc) (*models.Set, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	s := models.Open([]string{dir})
	s.Archives = srv.URL
	// The manifest's sizes are those of the real archives.
	s.TrimSizes()
	return s, dir
}

func content(b []byte, etag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != release {
			http.NotFound(w, r)
			return
		}
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

// clean checks that a pull that failed left nothing behind but what it can go on
// from.
func clean(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		assert.Contains(t, []string{".lock", ".downloads", "asr"}, e.Name())
	}
	_, err = os.Stat(filepath.Join(dir, paraformer))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestPullArchive(t *testing.T) {
	b := good(t)
	s, dir := upstream(t, content(b, `"v1"`))
	var last models.Progress
	var stages []models.Stage
	err := s.Pull(t.Context(), []string{paraformer}, func(p models.Progress) {
		if p.Stage != last.Stage {
			stages = append(stages, p.Stage)
		}
		assert.NotEmpty(t, p.String())
		last = p
	})
	require.NoError(t, err)
	assert.Equal(t, []models.Stage{models.StageDownload, models.StageUnpack, models.StageInstalled}, stages)
	got, err := os.ReadFile(filepath.Join(dir, paraformer, "tokens.txt"))
	require.NoError(t, err)
	assert.Equal(t, "a 0\n", string(got))
	assert.FileExists(t, filepath.Join(dir, paraformer, "dict/deep/words.txt"))
	assert.NoDirExists(t, filepath.Join(dir, paraformer, "test_wavs"))
	_, err = os.Lstat(filepath.Join(dir, paraformer, "link"))
	require.ErrorIs(t, err, os.ErrNotExist, "links are left out")
	left, _ := os.ReadDir(filepath.Join(dir, ".downloads"))
	assert.Empty(t, left)

	r, err := s.Verify(t.Context(), paraformer)
	require.NoError(t, err, "the digests of the first pull are recorded")
	assert.Equal(t, 3, r.Record)
	write(t, filepath.Join(dir, paraformer, "tokens.txt"), "b 0\n")
	_, err = s.Verify(t.Context(), paraformer)
	require.ErrorContains(t, err, "tokens.txt has changed")

	require.NoError(t, s.Pull(t.Context(), []string{paraformer}, func(p models.Progress) { last = p }))
	assert.Equal(t, models.StagePresent, last.Stage)
}

// A connection that breaks is taken up where it ended, within a pull and by the
// next one.
func TestPullResumes(t *testing.T) {
	b := good(t)
	var ranges []string
	var broken atomic.Int32
	serve := content(b, `"v1"`)
	s, dir := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if broken.Add(1) <= 2 {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			_, _ = w.Write(b[:len(b)/3])
			return // the server sends less than it promised: the connection is cut
		}
		serve(w, r)
	})
	require.NoError(t, s.Pull(t.Context(), []string{paraformer}, nil))
	require.Len(t, ranges, 3)
	assert.Equal(t, []string{"", fmt.Sprintf("bytes=%d-", len(b)/3)}, ranges[:2])
	_, ok := s.Find(paraformer)
	assert.True(t, ok)

	// What an interrupted pull left is used by the next; a new version of the
	// archive is fetched whole.
	for _, etag := range []string{`"v1"`, `"v2"`} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, paraformer)))
		write(t, filepath.Join(dir, ".downloads", filepath.Base(release)+".part"), string(b[:1000]))
		write(t, filepath.Join(dir, ".downloads", filepath.Base(release)+".part.etag"), `"v1"`)
		serve, ranges = content(b, etag), nil
		require.NoError(t, s.Pull(t.Context(), []string{paraformer}, nil))
		assert.Equal(t, []string{"bytes=1000-"}, ranges)
	}
}

func TestPullRefusesWhatIsWrong(t *testing.T) {
	whole := good(t)
	for name, c := range map[string]struct {
		archive []byte
		says    string
	}{
		"truncated":      {whole[:len(whole)/2], "unpacking"},
		"no archive":     {[]byte("<html>please log in</html>"), "unpacking"},
		"empty":          {archive(t), "empty"},
		"absolute path":  {archive(t, entry{name: "/etc/x", text: "x"}), "leads out"},
		"parent path":    {archive(t, entry{name: "m/../../x", text: "x"}), "leads out"},
		"windows path":   {archive(t, entry{name: `m\..\x`, text: "x"}), "leads out"},
		"twice":          {archive(t, entry{name: "m/tokens.txt", text: "x"}, entry{name: "m/tokens.txt", text: "y"}), "exist"},
		"missing files":  {archive(t, entry{name: "m/tokens.txt", text: "x"}), "does not have all the files"},
		"empty files":    {archive(t, entry{name: "m/tokens.txt"}, entry{name: "m/model.int8.onnx"}), "does not have all the files"},
		"through a link": {archive(t, entry{name: "m/d", text: "/tmp", kind: tar.TypeSymlink}, entry{name: "m/d/tokens.txt", text: "x"}), "does not have all the files"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := upstream(t, content(c.archive, ""))
			err := s.Pull(t.Context(), []string{paraformer}, nil)
			require.ErrorContains(t, err, c.says)
			clean(t, dir)
		})
	}
}

// A model that unpacks to far more than it should must not fill the disk.
func TestUnpackingIsBounded(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range 3 {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: fmt.Sprintf("m/%d", i), Typeflag: tar.TypeReg, Size: 1000}))
		_, err := w.Write(make([]byte, 1000))
		require.NoError(t, err)
	}
	require.ErrorContains(t, models.Untar(&b, dir, 2500), "unpacked it has more than")
	assert.NoFileExists(t, filepath.Join(dir, "2"))
}

func TestPullRefusesAWrongDigest(t *testing.T) {
	b := good(t)
	requests := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	defer srv.Close()
	s := models.Open([]string{t.TempDir()})
	s.Archives = srv.URL
	s.TrimSizes()
	err := s.Pull(t.Context(), []string{"asr/sense-voice-small"}, nil)
	require.ErrorContains(t, err, "not the one of the manifest")
	assert.Equal(t, 1, requests, "a whole archive that is wrong is not asked for again")

	// Behind a part of another version there may be a right one.
	write(t, filepath.Join(s.Path[0], ".downloads/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-int8-2024-07-17.tar.bz2.part"), "old")
	err = s.Pull(t.Context(), []string{"asr/sense-voice-small"}, nil)
	require.ErrorContains(t, err, "not the one of the manifest")
	assert.Equal(t, 3, requests)
}

func TestPullRefusesAWrongSize(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "999999999999")
		w.WriteHeader(http.StatusOK)
	}))
	defer srv.Close()
	s := models.Open([]string{t.TempDir()})
	s.Archives = srv.URL
	require.ErrorContains(t, s.Pull(t.Context(), []string{paraformer}, nil), "more than the 78 MB of the manifest")
}

// Where the network refuses, the next source is tried, and no further archive is
// waited for.
func TestPullTriesTheNextSource(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	address := srv.URL
	srv.Close() // refuses connections from now on
	dir := t.TempDir()
	s := models.Open([]string{dir})
	s.Archives = address
	s.Build = builder(t, `for f in encoder.int8.onnx decoder.int8.onnx tokens.txt t2s-chars.txt; do echo x > "$1/asr/$2/$f"; done`)
	var said []string
	err := s.Pull(t.Context(), nil, func(p models.Progress) { said = append(said, p.String()) })
	require.Error(t, err)
	all := strings.Join(said, "\n")
	assert.Contains(t, all, "asr/sense-voice-small: not from upstream release")
	assert.Contains(t, all, "refuse")
	assert.Contains(t, all, "asr/whisper-base: building it")
	assert.Contains(t, all, "tts/melo-zh-en: not from upstream release tts-models/vits-melo-tts-zh_en: the releases could not be reached just now")
	assert.Contains(t, err.Error(), "not the file of the manifest", "what a build makes is checked too")
	_, ok := s.Find("asr/whisper-base")
	assert.False(t, ok)
}

// builder is a stand-in for build.sh.
func builder(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "build.sh")
	write(t, path, `set -e; for k in asr vad tts embed; do echo "$k/$2: building it"; done; mkdir -p "$1/asr/$2" "$1/vad/$2" "$1/tts/$2" "$1/embed/$2"; `+body+"\n")
	return path
}

func TestPullTellsWhyABuildFailed(t *testing.T) {
	s := models.Open([]string{t.TempDir()})
	s.Build = builder(t, `echo "lots of python" >&2; echo "build.sh: no python3: install it" >&2; exit 1`)
	err := s.Pull(t.Context(), []string{"vad/silero-v6"}, nil)
	require.ErrorContains(t, err, "no python3: install it")
}

func TestPullStopsABuild(t *testing.T) {
	s := models.Open([]string{t.TempDir()})
	s.Build = builder(t, `sleep 1000 & wait`)
	stop := errors.New("the operator has seen enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := s.Pull(ctx, []string{"vad/silero-v6"}, func(p models.Progress) {
		if p.Stage == models.StageBuild {
			cancel(stop)
		}
	})
	require.ErrorIs(t, err, stop)
	left, _ := filepath.Glob(filepath.Join(s.Path[0], ".pull-*"))
	assert.Empty(t, left)
}

// Two pulls into one folder: one works, the other waits and finds it done.
func TestPullsDoNotCollide(t *testing.T) {
	b := good(t)
	var requests atomic.Int32
	s, _ := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		content(b, "")(w, r)
	})
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Pull(t.Context(), []string{paraformer}, nil) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	assert.EqualValues(t, 1, requests.Load())
}

func TestPullUnknown(t *testing.T) {
	s := models.Open([]string{t.TempDir()})
	require.ErrorContains(t, s.Pull(t.Context(), []string{"asr/none"}, nil), `no model "asr/none"`)
	s = models.Open([]string{filepath.Join("/proc", "none")})
	require.ErrorContains(t, s.Pull(t.Context(), []string{paraformer}, nil), "can be written")
}

// FuzzExtract: whatever comes from the network stays in its folder.
func FuzzExtract(f *testing.F) {
	f.Add("m/a.txt", "x", byte(tar.TypeReg))
	f.Add("../a", "x", byte(tar.TypeReg))
	f.Add("m/l", "../../etc", byte(tar.TypeSymlink))
	f.Fuzz(func(t *testing.T, name, text string, kind byte) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		h := &tar.Header{Name: name, Typeflag: kind, Mode: 0o644, Size: int64(len(text))}
		if kind == tar.TypeSymlink || kind == tar.TypeLink {
			h.Linkname, h.Size = text, 0
		}
		if w.WriteHeader(h) == nil {
			_, _ = io.WriteString(w, text)
		}
		_ = w.Flush()
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		require.NoError(t, os.Mkdir(dir, 0o755))
		_ = models.Untar(&b, dir, 1<<20)
		entries, err := os.ReadDir(outer)
		require.NoError(t, err)
		assert.Len(t, entries, 1)
	})
}
