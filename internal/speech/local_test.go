package speech_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/onnx/onnxtest"
	"hotline/asr/whisper"
	"hotline/internal/embed"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/internal/testdata"
	"hotline/media/wav"
)

// local is a server over this machine's engines.
func local(tb testing.TB) *httptest.Server {
	tb.Helper()
	testdata.Model(tb, "asr/whisper-base")
	onnxtest.Start(tb)
	s := speech.New(speech.Config{Models: models.Open(testdata.ModelPath(tb)), Patience: time.Minute}, speech.Local(1, 1))
	srv := httptest.NewServer(s.Handler())
	tb.Cleanup(srv.Close)
	return srv
}

// What a caller said must come out the same through the worker as from the
// engine itself.
func TestHearsAsTheEngineDoes(t *testing.T) {
	srv := local(t)
	file := testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav")
	a, err := wav.ReadFile(file)
	require.NoError(t, err)
	engine, err := whisper.Open(testdata.Model(t, "asr/whisper-base"), whisper.Options{})
	require.NoError(t, err)
	defer engine.Close()
	want, err := engine.Decode(t.Context(), asr.Segment{Rate: a.Rate, Samples: a.Mono(), Language: "zh"})
	require.NoError(t, err)
	require.NotEmpty(t, want.Text)

	b, err := os.ReadFile(file)
	require.NoError(t, err)
	res, text := hear(t, srv, b, map[string]string{"model": "asr/whisper-base", "language": "zh", "response_format": "verbose_json"})
	require.Equal(t, 200, res.StatusCode, text)
	var got struct {
		Text     string
		Segments []struct {
			LogProb float64 `json:"avg_logprob"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	assert.Equal(t, want.Text, got.Text)
	assert.InDelta(t, want.LogProb, got.Segments[0].LogProb, 1e-3)
}

// What the worker speaks, the worker understands.
func TestSpeaksSoThatItIsUnderstood(t *testing.T) {
	srv := local(t)
	for _, c := range []struct{ model, text, language, want string }{
		{"tts/piper-en-us-joe", "Your parcel arrives tomorrow afternoon.", "en", "tomorrow afternoon"},
		{"tts/kokoro-v1.0", "今天下午送到。", "zh", "下午"},
	} {
		t.Run(c.model, func(t *testing.T) {
			testdata.Model(t, c.model)
			request, _ := json.Marshal(map[string]string{"model": c.model, "input": c.text, "language": c.language})
			res, sound := say(t, srv, string(request))
			require.Equal(t, 200, res.StatusCode, sound)
			a, err := wav.Read(strings.NewReader(sound))
			require.NoError(t, err)
			assert.Equal(t, 24000, a.Rate)
			_, text := hear(t, srv, wav.Encode(wav.Audio{Rate: 8000, Channels: [][]int16{a.At(8000)}}), map[string]string{"model": "asr/whisper-base", "language": c.language})
			assert.Contains(t, strings.ToLower(text), c.want)
		})
	}
}

func TestAnUnknownVoiceIsTheClientsFault(t *testing.T) {
	testdata.Model(t, "tts/piper-en-us-joe")
	res, text := say(t, local(t), `{"model":"tts/piper-en-us-joe","input":"hello","voice":"nobody"}`)
	assert.Equal(t, 400, res.StatusCode)
	assert.Contains(t, text, "nobody")
}

func TestEmbedsThroughTheWorker(t *testing.T) {
	testdata.Model(t, "embed/e5-small-zhen")
	c := embed.NewClient(local(t).URL + "/v1")
	v, err := c.Embed(t.Context(), []string{"我的快递到哪里了", "Where is my parcel?", "今天天气真好"})
	require.NoError(t, err)
	assert.Greater(t, dot(v[0], v[1]), dot(v[0], v[2]), "the same question in another language is nearer than another sentence")
}

func TestEnglishIsEmbeddedByTwoModels(t *testing.T) {
	testdata.Model(t, "embed/e5-small-zhen")
	testdata.Model(t, "embed/minilm-l6-en")
	c := embed.NewClient(local(t).URL + "/v1")
	one, err := c.Embed(t.Context(), []string{"Where is my parcel?"})
	require.NoError(t, err)
	for language, models := range map[string]int{"zh": 1, "en": 2, "en-GB": 2} {
		c.Language = language
		v, err := c.Embed(t.Context(), []string{"Where is my parcel?"})
		require.NoError(t, err)
		assert.Len(t, v[0], models*len(one[0]), language)
	}
	c.Language, c.Model = "en", "e5-small-zhen"
	v, err := c.Embed(t.Context(), []string{"Where is my parcel?"})
	require.NoError(t, err)
	assert.Len(t, v[0], len(one[0]), "a model that is named answers alone")
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// BenchmarkHear measures the way through the worker against the engine alone.
func BenchmarkHear(b *testing.B) {
	srv := local(b)
	a, err := wav.ReadFile(testdata.Shared(b, "speech/zh/sherpa_sense-voice_zh.wav"))
	require.NoError(b, err)
	x := a.At(8000)[:3*8000]
	b.Run("engine", func(b *testing.B) {
		engine, err := whisper.Open(testdata.Model(b, "asr/whisper-base"), whisper.Options{CacheBytes: 1})
		require.NoError(b, err)
		defer engine.Close()
		for b.Loop() {
			x[0]++ // another sound each time: encodings are kept
			_, err := engine.Decode(context.Background(), asr.Segment{Rate: 8000, Samples: x, Language: "zh"})
			require.NoError(b, err)
		}
	})
	b.Run("worker", func(b *testing.B) {
		sound := wav.Encode(wav.Audio{Rate: 8000, Channels: [][]int16{x}})
		n := byte(0)
		for b.Loop() {
			n++
			sound[len(sound)-2] = n
			body, kind := form(&testing.T{}, sound, map[string]string{"model": "asr/whisper-base", "language": "zh"})
			res, err := srv.Client().Post(srv.URL+"/v1/audio/transcriptions", kind, bytes.NewReader(body.Bytes()))
			require.NoError(b, err)
			_ = res.Body.Close()
		}
	})
}
