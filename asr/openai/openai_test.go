package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/openai"
	"hotline/media/wav"
)

// request is what the server was asked.
type request struct {
	fields map[string]string
	sound  wav.Audio
	key    string
}

// read parses a transcription request as any server would.
func read(t *testing.T, r *http.Request) request {
	t.Helper()
	q := request{fields: map[string]string{}, key: r.Header.Get("Authorization")}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	form := multipart.NewReader(r.Body, params["boundary"])
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return q
		}
		require.NoError(t, err)
		b, err := io.ReadAll(p)
		require.NoError(t, err)
		if p.FormName() == "file" {
			q.sound, err = wav.Read(bytes.NewReader(b))
			require.NoError(t, err)
			continue
		}
		q.fields[p.FormName()] = string(b)
	}
}

// serve answers with answer and hands out what it was asked.
func serve(t *testing.T, status int, answer any) (url string, asked chan request) {
	t.Helper()
	asked = make(chan request, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/audio/transcriptions" {
			http.NotFound(w, r)
			return
		}
		asked <- read(t, r)
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
		if s, ok := answer.(string); ok {
			_, _ = io.WriteString(w, s)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/v1", asked
}

func decoder(t *testing.T, c openai.Config) *openai.Decoder {
	t.Helper()
	d, err := openai.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

type object = map[string]any

func TestRequestAndAnswer(t *testing.T) {
	url, asked := serve(t, 200, object{
		"text": " 什么时候发货? ", "language": "chinese",
		"segments": []object{
			{"start": 0, "end": 1, "avg_logprob": -0.2, "no_speech_prob": 0.1},
			{"start": 1, "end": 4, "avg_logprob": -0.6, "no_speech_prob": 0.3},
		},
	})
	d := decoder(t, openai.Config{BaseURL: url + "/", APIKey: "secret"})
	tr, err := d.Decode(t.Context(), asr.Segment{
		Rate: 8000, Samples: asrtest.Noise("pink", 8000, time.Second, -30), Language: "zh", Prompt: "运费、保修", Hotwords: []string{"运费", "保修"}, Urgent: true, Also: []string{"en"},
	})
	require.NoError(t, err)
	require.Equal(t, "什么时候发货?", tr.Text)
	require.Equal(t, "zh", tr.Language)
	require.InDelta(t, -0.5, tr.LogProb, 1e-9)
	require.InDelta(t, 0.25, tr.NoSpeech, 1e-9)
	require.InDelta(t, 0.57, tr.Confidence, 0.05)
	q := <-asked
	require.Equal(t, "Bearer secret", q.key)
	require.Equal(t, map[string]string{
		"model": "whisper-1", "response_format": "verbose_json", "temperature": "0",
		"language": "zh", "prompt": "运费、保修", "hotwords": "运费,保修", "also": "en", "urgent": "true",
	}, q.fields)
	require.Equal(t, 16000, q.sound.Rate)
	require.Len(t, q.sound.Mono(), 16000)
}

func TestStandardServerGetsStandardFields(t *testing.T) {
	url, asked := serve(t, 200, object{"text": "hello"})
	_, err := decoder(t, openai.Config{BaseURL: url, Standard: true}).Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800), Hotwords: []string{"a"}, Also: []string{"en"}, Urgent: true})
	require.NoError(t, err)
	q := <-asked
	require.NotContains(t, q.fields, "hotwords")
	require.NotContains(t, q.fields, "also")
	require.NotContains(t, q.fields, "urgent")
	require.NotContains(t, q.fields, "language", "an empty one would be refused")
}

func TestModelByLanguage(t *testing.T) {
	url, asked := serve(t, 200, object{"text": "hello"})
	d := decoder(t, openai.Config{BaseURL: url, Models: map[string]string{"zh": "paraformer", "": "large-v3"}})
	for language, model := range map[string]string{"zh": "paraformer", "en": "large-v3"} {
		_, err := d.Decode(t.Context(), asr.Segment{Samples: make([]int16, 800), Rate: 8000, Language: language})
		require.NoError(t, err)
		require.Equal(t, model, (<-asked).fields["model"])
	}
}

func TestOwnWorkerSaysItsConfidence(t *testing.T) {
	url, _ := serve(t, 200, object{"text": "好", "confidence": 0.42, "model": "asr/x", "emotion": "angry", "queued_ms": 1.5})
	tr, err := decoder(t, openai.Config{BaseURL: url}).Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800)})
	require.NoError(t, err)
	require.InDelta(t, 0.42, tr.Confidence, 0)
	require.Equal(t, "asr/x", tr.Engine)
	require.Equal(t, "angry", tr.Emotion)
	require.Equal(t, 1500*time.Microsecond, tr.Queued)
}

func TestRefusals(t *testing.T) {
	s := asr.Segment{Rate: 8000, Samples: make([]int16, 800)}
	url, _ := serve(t, 429, object{"error": object{"message": "too much"}})
	_, err := decoder(t, openai.Config{BaseURL: url}).Decode(t.Context(), s)
	require.ErrorIs(t, err, asr.ErrOverloaded)
	var busy *openai.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, 3*time.Second, busy.After)

	url, _ = serve(t, 401, object{"error": object{"message": "no such key"}})
	_, err = decoder(t, openai.Config{BaseURL: url}).Decode(t.Context(), s)
	require.ErrorContains(t, err, "no such key")

	url, _ = serve(t, 503, "starting")
	_, err = decoder(t, openai.Config{BaseURL: url}).Decode(t.Context(), s)
	var status *openai.StatusError
	require.ErrorAs(t, err, &status)
	require.True(t, status.Temporary())
	require.NotErrorIs(t, err, asr.ErrOverloaded)

	url, _ = serve(t, 200, "<html>")
	_, err = decoder(t, openai.Config{BaseURL: url}).Decode(t.Context(), s)
	require.ErrorContains(t, err, "verbose_json")
}

func TestSlowServer(t *testing.T) {
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(hold)
	_, err := decoder(t, openai.Config{BaseURL: srv.URL, Timeout: 50 * time.Millisecond}).Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800)})
	require.ErrorContains(t, err, "did not answer within 50ms")
}

func TestUnixSocketAndContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	require.NoError(t, err)
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := read(t, r)
		_, _ = fmt.Fprintf(w, `{"text": "heard %d", "language": "english", "segments": [{"avg_logprob": -0.1}]}`, len(q.sound.Mono()))
	})}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	d := decoder(t, openai.Config{BaseURL: "unix:" + path})
	asrtest.TestDecoder(t, d, asrtest.Spoken{Rate: 16000, Samples: make([]int16, 1600), Language: "en", Text: "heard 1600"})
}

func TestBadAddresses(t *testing.T) {
	for _, a := range []string{"", "unix:", "localhost:8090", "ftp://x/v1"} {
		_, err := openai.New(openai.Config{BaseURL: a})
		require.Error(t, err, a)
	}
}
