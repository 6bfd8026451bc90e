package speech_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/embed"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media"
	"hotline/media/opus"
	"hotline/media/wav"
	"hotline/tts"
)

// serve starts a server over the engines, with a model of each kind installed.
func serve(t *testing.T, cfg speech.Config, e speech.Engines) *httptest.Server {
	t.Helper()
	if cfg.Models == nil {
		cfg.Models = models.Open([]string{modelFolder(t, "asr/whisper-base", "tts/kokoro-v1.0", "tts/piper-en-us-joe", "embed/e5-small-zhen", "tts/own-voice")})
	}
	srv := httptest.NewServer(speech.New(cfg, e).Handler())
	t.Cleanup(srv.Close)
	return srv
}

// form is a transcription request.
func form(t *testing.T, sound []byte, fields map[string]string) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for k, v := range fields {
		require.NoError(t, w.WriteField(k, v))
	}
	if sound != nil {
		f, err := w.CreateFormFile("file", "x.wav")
		require.NoError(t, err)
		_, err = f.Write(sound)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return body, w.FormDataContentType()
}

func silence(rate int, d time.Duration) []byte {
	return wav.Encode(wav.Audio{Rate: rate, Channels: [][]int16{make([]int16, int(d.Seconds()*float64(rate)))}})
}

func post(t *testing.T, url, kind string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(b)
}

func hear(t *testing.T, srv *httptest.Server, sound []byte, fields map[string]string) (*http.Response, string) {
	t.Helper()
	body, kind := form(t, sound, fields)
	return post(t, srv.URL+"/v1/audio/transcriptions", kind, body)
}

func say(t *testing.T, srv *httptest.Server, request string) (*http.Response, string) {
	t.Helper()
	return post(t, srv.URL+"/v1/audio/speech", "application/json", strings.NewReader(request))
}

func TestTranscriptionFormats(t *testing.T) {
	var got asr.Segment
	srv := serve(t, speech.Config{}, fakes(decoder(func(_ context.Context, s asr.Segment) (asr.Transcript, error) {
		got = s
		return asr.Transcript{Text: "几点开门", Language: "zh", LogProb: -0.2, NoSpeech: 0.01, Confidence: 0.9, Emotion: "calm", Alternatives: []string{"几点关门"}}, nil
	}), nil))
	sound := silence(16000, 2*time.Second)

	res, text := hear(t, srv, sound, map[string]string{"model": "whisper-1", "language": "zh", "prompt": "营业时间", "hotwords": "门店, 发票"})
	assert.Equal(t, 200, res.StatusCode, text)
	assert.JSONEq(t, `{"text":"几点开门"}`, text)
	assert.Equal(t, 16000, got.Rate)
	assert.Len(t, got.Samples, 32000)
	assert.Equal(t, "zh", got.Language)
	assert.Equal(t, "营业时间", got.Prompt)
	assert.Equal(t, "门店", got.Hotwords[0])

	_, text = hear(t, srv, sound, map[string]string{"response_format": "text"})
	assert.Equal(t, "几点开门\n", text)

	_, text = hear(t, srv, sound, map[string]string{"response_format": "srt"})
	assert.Equal(t, "1\n00:00:00,000 --> 00:00:02,000\n几点开门\n\n", text)

	_, text = hear(t, srv, sound, map[string]string{"response_format": "verbose_json"})
	var v struct {
		Text, Language, Model, Emotion string
		Duration                       float64
		Segments                       []struct {
			LogProb      float64 `json:"avg_logprob"`
			NoSpeech     float64 `json:"no_speech_prob"`
			Confidence   float64
			Emotion      string
			Alternatives []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	assert.Equal(t, "asr/whisper-base", v.Model)
	assert.InDelta(t, 2, v.Duration, 0.01)
	require.Len(t, v.Segments, 1)
	assert.InDelta(t, -0.2, v.Segments[0].LogProb, 1e-9)
	assert.InDelta(t, 0.01, v.Segments[0].NoSpeech, 1e-9)
	assert.InDelta(t, 0.9, v.Segments[0].Confidence, 1e-9)
	assert.Equal(t, "calm", v.Segments[0].Emotion)
	assert.Equal(t, []string{"几点关门"}, v.Segments[0].Alternatives)

	res, text = hear(t, srv, sound, map[string]string{"stream": "true"})
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	assert.Contains(t, text, `data: {"delta":"几点开门","type":"transcript.text.delta"}`)
	assert.Contains(t, text, `"type":"transcript.text.done"`)
}

func TestLongSoundIsHeardInPieces(t *testing.T) {
	var lengths []int
	srv := serve(t, speech.Config{}, fakes(decoder(func(_ context.Context, s asr.Segment) (asr.Transcript, error) {
		lengths = append(lengths, len(s.Samples)/s.Rate)
		return asr.Transcript{Text: "word", Language: "en"}, nil
	}), nil))
	// A tone with a gap at 20 s: the cut belongs there.
	x := make([]int16, 40*8000)
	for i := range x {
		if i < 20*8000 || i > 21*8000 {
			x[i] = int16(8000 * (i%8 - 4) / 4)
		}
	}
	res, text := hear(t, srv, wav.Encode(wav.Audio{Rate: 8000, Channels: [][]int16{x}}), nil)
	assert.Equal(t, 200, res.StatusCode)
	assert.JSONEq(t, `{"text":"word word"}`, text)
	assert.Equal(t, []int{20, 19}, lengths)
}

func TestWhatClientsDoWrong(t *testing.T) {
	srv := serve(t, speech.Config{APIKey: "sesame"}, fakes(nil, nil))
	key := []string{"Authorization", "Bearer sesame"}
	second := silence(8000, time.Second)
	for name, c := range map[string]struct {
		sound  []byte
		fields map[string]string
		status int
		says   string
	}{
		"no file":        {nil, nil, 400, "file"},
		"no sound":       {[]byte("hello"), nil, 400, "WAV"},
		"empty":          {silence(8000, 0), nil, 400, "no sound"},
		"unknown model":  {second, map[string]string{"model": "asr/none"}, 404, "not installed"},
		"other kind":     {second, map[string]string{"model": "tts/kokoro-v1.0"}, 404, "not of the kind asr"},
		"outside":        {second, map[string]string{"model": "asr/../../etc"}, 404, "not installed"},
		"unknown format": {second, map[string]string{"response_format": "vtt"}, 400, "vtt"},
		"too long":       {second, map[string]string{"prompt": strings.Repeat("长", 40000)}, 400, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			body, kind := form(t, c.sound, c.fields)
			res, text := post(t, srv.URL+"/v1/audio/transcriptions", kind, body, key...)
			assert.Equal(t, c.status, res.StatusCode, text)
			var e struct{ Error struct{ Message string } }
			require.NoError(t, json.Unmarshal([]byte(text), &e))
			assert.Contains(t, e.Error.Message, c.says)
		})
	}
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no JSON":        {`hello`, 400},
		"empty":          {`{"input":" "}`, 400},
		"too long":       {`{"input":"` + strings.Repeat("a", 4097) + `"}`, 400},
		"unknown format": {`{"input":"a","response_format":"flac"}`, 400},
		"unknown model":  {`{"input":"a","model":"none"}`, 404},
		"unknown speed":  {`{"input":"a","speed":9}`, 400},
		"huge":           {`{"input":"` + strings.Repeat("a", 5<<20) + `"}`, 413},
	} {
		t.Run(name, func(t *testing.T) {
			res, text := post(t, srv.URL+"/v1/audio/speech", "application/json", strings.NewReader(c.request), key...)
			assert.Equal(t, c.status, res.StatusCode, text)
		})
	}
	res, _ := say(t, srv, `{"input":"a"}`)
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	h, err := http.Get(srv.URL + "/healthz") // a probe has no key
	require.NoError(t, err)
	defer h.Body.Close()
	assert.Equal(t, 200, h.StatusCode)
}

func TestAPanicIsOneAnswer(t *testing.T) {
	srv := serve(t, speech.Config{}, fakes(
		decoder(func(context.Context, asr.Segment) (asr.Transcript, error) { panic("a wrong model") }),
		synthesizer(func(context.Context, tts.Utterance, media.Writer) error { panic("a wrong voice") })))
	for range 3 {
		res, _ := hear(t, srv, silence(8000, time.Second), nil)
		assert.Equal(t, 500, res.StatusCode)
		res, _ = say(t, srv, `{"input":"hello"}`)
		assert.Equal(t, 500, res.StatusCode)
	}
}

func TestOverloadIsToldAtOnce(t *testing.T) {
	release := make(chan struct{})
	var running atomic.Int32
	srv := serve(t, speech.Config{Decodes: 1, Queue: 1, Wait: 5 * time.Second}, fakes(decoder(func(ctx context.Context, _ asr.Segment) (asr.Transcript, error) {
		running.Add(1)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return asr.Transcript{Text: "x"}, ctx.Err()
	}), nil))
	status := make(chan *http.Response, 3)
	for range 3 { // one runs, one waits, one is refused
		body, kind := form(t, silence(8000, time.Second), nil)
		go func() {
			res, err := http.Post(srv.URL+"/v1/audio/transcriptions", kind, body)
			if err == nil {
				_ = res.Body.Close()
				status <- res
			}
		}()
	}
	refused := <-status
	assert.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	assert.NotEmpty(t, refused.Header.Get("Retry-After"))
	assert.EqualValues(t, 1, running.Load(), "no more decodes run than are allowed")
	// While hearing is full, meaning and speaking have places of their own.
	res, _ := say(t, srv, `{"input":"hello"}`)
	assert.Equal(t, 200, res.StatusCode)
	close(release)
	assert.Equal(t, 200, (<-status).StatusCode)
	assert.Equal(t, 200, (<-status).StatusCode)
}

// The first clause must be on its way while the next is not yet made, and a
// client that listens slowly must not keep the voice from others.
func TestSpeechStreams(t *testing.T) {
	heard := make(chan struct{})
	var got tts.Utterance
	srv := serve(t, speech.Config{Syntheses: 1}, fakes(nil, synthesizer(func(ctx context.Context, u tts.Utterance, dst media.Writer) error {
		got = u
		frame := make(media.Frame, dst.Rate()/50)
		for i := range frame {
			frame[i] = 1000
		}
		if err := dst.WriteFrame(frame); err != nil {
			return err
		}
		select {
		case <-heard:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		return dst.WriteFrame(frame)
	})))
	res, err := http.Post(srv.URL+"/v1/audio/speech", "application/json", strings.NewReader(`{"model":"tts-1","input":"您好。请讲。","voice":"kokoro-v1.0/zf_xiaobei","response_format":"pcm","speed":1.1}`))
	require.NoError(t, err)
	defer res.Body.Close()
	first := make([]byte, 960)
	_, err = io.ReadFull(res.Body, first)
	require.NoError(t, err)
	assert.EqualValues(t, 1000, binary.LittleEndian.Uint16(first))
	close(heard)
	rest, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Len(t, rest, 960)
	assert.Equal(t, "kokoro-v1.0/zf_xiaobei", got.Voice)
	assert.Equal(t, "zh", got.Language, "guessed from the letters")
	assert.InDelta(t, 1.1, got.Rate, 1e-9)
}

func TestASlowListenerKeepsNobodyWaiting(t *testing.T) {
	srv := serve(t, speech.Config{Syntheses: 1, Queue: 1, Wait: 2 * time.Second}, fakes(nil, nil))
	text := strings.Repeat("a", 1000) // 20 s of sound, a megabyte: more than the socket takes
	res, err := http.Post(srv.URL+"/v1/audio/speech", "application/json", strings.NewReader(`{"input":"`+text+`","response_format":"pcm"}`))
	require.NoError(t, err)
	defer res.Body.Close() // nothing is read of it
	other, _ := say(t, srv, `{"input":"hello"}`)
	assert.Equal(t, 200, other.StatusCode)
}

func TestAClientThatLeavesStopsTheVoice(t *testing.T) {
	stopped := make(chan error, 1)
	srv := serve(t, speech.Config{}, fakes(nil, synthesizer(func(ctx context.Context, _ tts.Utterance, dst media.Writer) error {
		for {
			if err := dst.WriteFrame(make(media.Frame, 480)); err != nil {
				stopped <- err
				return err
			}
			if ctx.Err() != nil {
				stopped <- context.Cause(ctx)
				return context.Cause(ctx)
			}
		}
	})))
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/v1/audio/speech", strings.NewReader(`{"input":"hello","response_format":"pcm"}`))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_ = res.Body.Close()
	leave()
	require.Error(t, <-stopped)
}

// A stream that breaks off must not look whole.
func TestACutStreamIsAnError(t *testing.T) {
	srv := serve(t, speech.Config{}, fakes(nil, synthesizer(func(_ context.Context, _ tts.Utterance, dst media.Writer) error {
		_ = dst.WriteFrame(make(media.Frame, 480))
		return errors.New("the engine gave up")
	})))
	res, err := http.Post(srv.URL+"/v1/audio/speech", "application/json", strings.NewReader(`{"input":"hello"}`))
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	require.Error(t, err)
}

func TestWAVStreamCanBeRead(t *testing.T) {
	srv := serve(t, speech.Config{}, fakes(nil, nil))
	res, text := say(t, srv, `{"input":"hello","voice":"alloy"}`)
	assert.Equal(t, "audio/wav", res.Header.Get("Content-Type"))
	a, err := wav.Read(strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, 24000, a.Rate)
	assert.Len(t, a.Mono(), 5*480)
}

func TestOpusIsWholeAndAsLong(t *testing.T) {
	srv := serve(t, speech.Config{}, fakes(nil, nil))
	res, text := say(t, srv, `{"input":"hello","response_format":"opus"}`)
	assert.Equal(t, "audio/ogg; codecs=opus", res.Header.Get("Content-Type"))
	x, err := opus.Read(strings.NewReader(text), 24000)
	require.NoError(t, err)
	assert.Len(t, x, 5*480)
}

func TestEmbeddingsAndModels(t *testing.T) {
	srv := serve(t, speech.Config{}, fakes(nil, nil))
	c := embed.NewClient(srv.URL + "/v1")
	texts := make([]string, 300) // more than one request
	for i := range texts {
		texts[i] = strings.Repeat("a", i%7)
	}
	v, err := c.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, v, 300)
	assert.InDelta(t, 1, v[0][2], 1e-6)
	assert.InDelta(t, 0.7071, v[1][0], 1e-3)

	res, err := http.Get(srv.URL + "/v1/models")
	require.NoError(t, err)
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	assert.Contains(t, string(b), `"asr/whisper-base"`)
	assert.NotContains(t, string(b), "own-voice", "what the manifest does not know is not offered")
	r, _ := say(t, srv, `{"input":"hello","model":"own-voice"}`)
	assert.Equal(t, 200, r.StatusCode, "but it can be named")
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	cfg := speech.Config{Models: models.Open([]string{modelFolder(t, "asr/whisper-base")})}
	s := speech.New(cfg, fakes(nil, nil))
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	res, err := http.Get(srv.URL + "/readyz")
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Equal(t, 503, res.StatusCode, "nothing is loaded yet")

	err = s.Load(t.Context())
	require.ErrorContains(t, err, "hotline models pull")
	e, err := speech.Client(srv.URL, nil)
	require.NoError(t, err)
	h, err := e.Health(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "complete", h.Status)
	assert.Equal(t, []string{"asr/whisper-base"}, h.ASR)
	assert.NotEmpty(t, h.Faults)
}

func TestAModelThatDoesNotLoadIsTriedAgain(t *testing.T) {
	tries := 0
	e := fakes(nil, nil)
	ok := e.ASR
	e.ASR = func(ctx context.Context, id, dir string) (asr.Decoder, error) {
		if tries++; tries == 1 {
			return nil, errors.New("the disk hiccups")
		}
		return ok(ctx, id, dir)
	}
	srv := serve(t, speech.Config{}, e)
	res, _ := hear(t, srv, silence(8000, time.Second), nil)
	assert.Equal(t, 500, res.StatusCode)
	res, _ = hear(t, srv, silence(8000, time.Second), nil)
	assert.Equal(t, 200, res.StatusCode)
}

// A voice that takes long to load answers soon that it does, and goes on loading.
func TestAVoiceThatLoadsIsNotWaitedFor(t *testing.T) {
	loaded := make(chan struct{})
	e := fakes(nil, nil)
	ok := e.TTS
	e.TTS = func(ctx context.Context, id, dir string) (tts.Synthesizer, error) {
		<-loaded
		return ok(ctx, id, dir)
	}
	srv := serve(t, speech.Config{Patience: 50 * time.Millisecond}, e)
	res, text := say(t, srv, `{"input":"hello"}`)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, text)
	assert.NotEmpty(t, res.Header.Get("Retry-After"))
	close(loaded)
	res, text = say(t, srv, `{"input":"hello"}`)
	assert.Equal(t, 200, res.StatusCode, text)
}

func FuzzTranscription(f *testing.F) {
	cfg := speech.Config{Models: models.Open([]string{modelFolder(f, "asr/whisper-base")})}
	h := speech.New(cfg, fakes(nil, nil)).Handler()
	b := silence(8000, 100*time.Millisecond)
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + string(b) + "\r\n--x--\r\n"))
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--x--\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		req := httptest.NewRequest(http.MethodPost, "/v1/audio/transcriptions", bufio.NewReader(bytes.NewReader(body)))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("500 for %q: %s", body, w.Body)
		}
	})
}
