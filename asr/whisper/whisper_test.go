package whisper_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/onnx/onnxtest"
	"hotline/asr/whisper"
	"hotline/internal/testdata"
)

func open(tb testing.TB, o whisper.Options) *whisper.Model {
	tb.Helper()
	dir := testdata.Model(tb, "asr/whisper-base")
	onnxtest.Start(tb)
	m, err := whisper.Open(dir, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, m.Close()) })
	return m
}

func segment(r asrtest.Recording) asr.Segment {
	return asr.Segment{Call: "c", Rate: 8000, Samples: asrtest.Telephone(r.Samples, r.Rate), Language: r.Language, Urgent: true}
}

func TestPeopleOnTheTelephone(t *testing.T) {
	m := open(t, whisper.Options{})
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		tr, err := m.Decode(t.Context(), segment(r))
		require.NoError(t, err)
		limit := 0.2
		if strings.Contains(r.File, "far") {
			limit = 0.45
		}
		require.LessOrEqual(t, asr.CER(r.Text, tr.Text), limit, "%s: %q", r.File, tr.Text)
		require.Equal(t, r.Language, tr.Language)
		require.Equal(t, "whisper-base", tr.Engine)
		if asr.CER(r.Text, tr.Text) < 0.1 {
			require.Greater(t, tr.Confidence, 0.5, r.File)
		}
	}
}

func TestLanguageIsHeard(t *testing.T) {
	m := open(t, whisper.Options{})
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		s := segment(r)
		named, err := m.Decode(t.Context(), s)
		require.NoError(t, err)
		s.Language = ""
		for range 2 { // the second time from the cache
			heard, err := m.Decode(t.Context(), s)
			require.NoError(t, err)
			require.Equal(t, r.Language, heard.Language, r.File)
			require.LessOrEqual(t, asr.CER(named.Text, heard.Text), 0.1, r.File)
			require.InDelta(t, named.LogProb, heard.LogProb, 0.1)
		}
	}
}

// Who speaks the language that may be spoken beside the line's is heard in it, and
// everybody else as if there were none; noise has no language.
func TestAnotherLanguageMayBeSpoken(t *testing.T) {
	m := open(t, whisper.Options{})
	other := map[string]string{"zh": "en", "en": "zh"}
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		s := segment(r)
		named, err := m.Decode(t.Context(), s)
		require.NoError(t, err)
		s.Also = []string{other[r.Language]}
		own, err := m.Decode(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, r.Language, own.Language, r.File)
		require.LessOrEqual(t, asr.CER(named.Text, own.Text), 0.1, r.File)
		if len(s.Samples) < 3*s.Rate/2 { // a word or two do not change the language
			continue
		}
		s.Language, s.Also = other[r.Language], []string{r.Language}
		heard, err := m.Decode(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, r.Language, heard.Language, r.File)
		require.LessOrEqual(t, asr.CER(named.Text, heard.Text), 0.1, r.File)
	}
}

func TestWhatIsNoSpeechIsNotTrusted(t *testing.T) {
	m := open(t, whisper.Options{})
	for _, noise := range asrtest.Noises() {
		for _, language := range []string{"zh", "en"} {
			tr, err := m.Decode(t.Context(), asr.Segment{
				Rate: 8000, Samples: asrtest.Noise(noise, 8000, 1500*time.Millisecond, -30), Language: language,
			})
			require.NoError(t, err)
			require.Less(t, tr.Confidence, 0.12, "%s: %q", noise, tr.Text)
		}
	}
}

func TestPromptHelps(t *testing.T) {
	m := open(t, whisper.Options{})
	var r asrtest.Recording
	for _, c := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		if strings.Contains(c.File, "sense-voice") {
			r = c
		}
	}
	s := segment(r)
	plain, err := m.Decode(t.Context(), s)
	require.NoError(t, err)
	s.Prompt = "营业时间是上午十点至晚上九点。开放时间到下午几点。"
	prompted, err := m.Decode(t.Context(), s)
	require.NoError(t, err)
	require.Greater(t, prompted.LogProb, plain.LogProb)
	require.LessOrEqual(t, asr.CER(r.Text, prompted.Text), asr.CER(r.Text, plain.Text))
	s.Prompt = strings.Repeat("一个很长的提示", 200)
	_, err = m.Decode(t.Context(), s)
	require.NoError(t, err, "a prompt of any length is taken")
}

func TestSimplifiedCharacters(t *testing.T) {
	m := open(t, whisper.Options{})
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		if r.Language != "zh" {
			continue
		}
		s := segment(r)
		s.Prompt = "開放時間，長時間，這邊，快樂" // invites traditional ones
		tr, err := m.Decode(t.Context(), s)
		require.NoError(t, err)
		require.False(t, strings.ContainsAny(tr.Text, "開長這邊樂們過個認識"), tr.Text)
	}
}

func TestContract(t *testing.T) {
	m := open(t, whisper.Options{})
	r := asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[4]
	require.Equal(t, "en", r.Language)
	asrtest.TestDecoder(t, m, asrtest.Spoken{Rate: r.Rate, Samples: r.Samples, Language: "en", Text: r.Text, MaxCER: 0.1})
}

func TestLimits(t *testing.T) {
	m := open(t, whisper.Options{})
	_, err := m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 31*8000)})
	require.ErrorContains(t, err, "longer than")
	_, err = m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800), Language: "tlh"})
	require.ErrorContains(t, err, "knows no language")
	long := asrtest.Noise("pink", 8000, 30*time.Second, -40)
	tr, err := m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: long, Language: "en"})
	require.NoError(t, err)
	require.Less(t, len(tr.Text), 2000)
}

func TestCloseAndUse(t *testing.T) {
	dir := testdata.Model(t, "asr/whisper-base")
	onnxtest.Start(t)
	m, err := whisper.Open(dir, whisper.Options{})
	require.NoError(t, err)
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	_, err = m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800)})
	require.ErrorIs(t, err, whisper.ErrClosed)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	onnxtest.Start(t)
	dir := t.TempDir()
	_, err := whisper.Open(dir, whisper.Options{})
	require.ErrorContains(t, err, "hotline models pull")

	src := testdata.Model(t, "asr/whisper-base")
	link := func(from, to string) {
		require.NoError(t, os.Symlink(filepath.Join(src, from), filepath.Join(dir, to)))
	}
	link("encoder.int8.onnx", "encoder.int8.onnx")
	link("decoder.int8.onnx", "decoder.int8.onnx")
	_, err = whisper.Open(dir, whisper.Options{})
	require.ErrorContains(t, err, "tokens.txt")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokens.txt"), []byte("not a table\n"), 0o600))
	_, err = whisper.Open(dir, whisper.Options{})
	require.ErrorContains(t, err, "line 1")

	other := t.TempDir()
	vad := filepath.Join(testdata.Model(t, "vad/silero-v6"), "model.onnx")
	require.NoError(t, os.Symlink(vad, filepath.Join(other, "encoder.onnx")))
	require.NoError(t, os.Symlink(vad, filepath.Join(other, "decoder.onnx")))
	_, err = whisper.Open(other, whisper.Options{})
	require.ErrorContains(t, err, "another layout")
}

func BenchmarkDecode(b *testing.B) {
	m := open(b, whisper.Options{CacheBytes: 1}) // the next sound drives the last one out
	for _, r := range asrtest.Recordings(b, testdata.Shared(b, "speech/refs.tsv")) {
		s := segment(r)
		other := asr.Segment{Rate: 8000, Samples: s.Samples[:1600], Language: "zh"}
		b.Run(strings.TrimSuffix(filepath.Base(r.File), ".wav"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				_, _ = m.Decode(b.Context(), other)
				b.StartTimer()
				if _, err := m.Decode(b.Context(), s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(s.Samples))/8000, "sound-s")
		})
	}
}

func BenchmarkSecondPass(b *testing.B) {
	m := open(b, whisper.Options{})
	s := segment(asrtest.Recordings(b, testdata.Shared(b, "speech/refs.tsv"))[1])
	s.Prompt = "营业时间是上午十点至晚上九点。什么时候发货。怎么申请退货。支持货到付款吗。"
	for b.Loop() {
		if _, err := m.Decode(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
}

// A decode of a caller who went on speaking gives its processor back at once, also in
// the midst of the encoder, and leaves nothing that the next one could take for its own.
func TestADecodeIsGivenUp(t *testing.T) {
	m := open(t, whisper.Options{})
	long := segment(asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[0])
	long.Samples = append(long.Samples, make([]int16, 25*long.Rate-len(long.Samples))...)
	begin := time.Now()
	whole, err := m.Decode(t.Context(), long)
	require.NoError(t, err)
	took := time.Since(begin)

	long.Samples[0]++ // its encoding is not kept yet
	gone := errors.New("the caller goes on")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(took/10, func() { cancel(gone) })
	begin = time.Now()
	_, err = m.Decode(ctx, long)
	require.ErrorIs(t, err, gone)
	require.Less(t, time.Since(begin), took*2/3)

	again, err := m.Decode(t.Context(), long)
	require.NoError(t, err)
	require.Equal(t, whole.Text, again.Text)
}
