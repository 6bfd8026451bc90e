package openai_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/openai"
	"hotline/tts/ttstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// body writes frames to an HTTP answer.
type body struct {
	w    http.ResponseWriter
	rate int
}

func (b body) Rate() int { return b.rate }

func (b body) WriteFrame(f media.Frame) error {
	if err := binary.Write(b.w, binary.LittleEndian, f); err != nil {
		return err
	}
	return http.NewResponseController(b.w).Flush()
}

// speechServer speaks with a tone, as a server of the API would.
func speechServer(tb testing.TB, last *map[string]any) http.Handler {
	tb.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/speech", func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		assert.NoError(tb, json.NewDecoder(r.Body).Decode(&q))
		if last != nil {
			*last = q
			(*last)["authorization"] = r.Header.Get("Authorization")
		}
		_ = (&ttstest.Tone{}).Synthesize(r.Context(), tts.Utterance{Text: q["input"].(string)}, body{w, 24000})
	})
	return mux
}

func client(tb testing.TB, cfg openai.Config) *openai.Client {
	tb.Helper()
	c, err := openai.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

func TestContractOverHTTP(t *testing.T) {
	srv := httptest.NewServer(speechServer(t, nil))
	defer srv.Close()
	ttstest.Run(t, client(t, openai.Config{BaseURL: srv.URL + "/v1"}), ttstest.Options{Text: "abcdefghijklmnop", Language: "en"})
}

func TestContractOverASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(speechServer(t, nil))
	srv.Listener = l
	srv.Start()
	defer srv.Close()
	ttstest.Run(t, client(t, openai.Config{BaseURL: "unix:" + path}), ttstest.Options{Text: "abcdefghijklmnop", Language: "en"})
}

func TestWhatIsAskedFor(t *testing.T) {
	var got map[string]any
	srv := httptest.NewServer(speechServer(t, &got))
	defer srv.Close()
	c := client(t, openai.Config{BaseURL: srv.URL + "/v1", APIKey: "k"})
	require.NoError(t, c.Synthesize(t.Context(), tts.Utterance{Text: "你好", Voice: "kokoro-v1.0/zf_xiaobei", Language: "zh", Rate: 0.9, Style: "calm"}, &ttstest.Writer{Hz: 8000}))
	require.Equal(t, map[string]any{
		"model": "kokoro-v1.0", "voice": "zf_xiaobei", "input": "你好", "response_format": "pcm", "speed": 0.9, "language": "zh", "instructions": "calm", "authorization": "Bearer k",
	}, got)
}

func TestFirstSoundIsPassedOnWhileTheRestIsMade(t *testing.T) {
	heard := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices a closed request only then
		b := body{w, 24000}
		for range 5 {
			_ = b.WriteFrame(make(media.Frame, 480))
		}
		select { // the rest only when the first has been heard
		case <-heard:
		case <-r.Context().Done():
		}
		_ = b.WriteFrame(make(media.Frame, 480))
	}))
	defer srv.Close()
	w := &ttstest.Writer{Hz: 8000, Do: func() { close(heard) }}
	require.NoError(t, client(t, openai.Config{BaseURL: srv.URL + "/v1"}).Synthesize(t.Context(), tts.Utterance{Text: "x"}, w))
	require.Equal(t, 6, w.Frames())
}

func TestCancellationClosesTheRequest(t *testing.T) {
	closed := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices a closed request only then
		_ = body{w, 24000}.WriteFrame(make(media.Frame, 4800))
		<-r.Context().Done()
		close(closed)
	}))
	defer srv.Close()
	cause := errors.New("barge-in")
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &ttstest.Writer{Hz: 8000, At: 1, Do: func() { cancel(cause) }}
	require.ErrorIs(t, client(t, openai.Config{BaseURL: srv.URL + "/v1"}).Synthesize(ctx, tts.Utterance{Text: "x"}, w), cause)
	<-closed
}

func TestWAVAnswers(t *testing.T) {
	sine := dsp.Sine(22050, -20, time.Second, 1000)
	head := func(rate int, size uint32) []byte {
		var b bytes.Buffer
		b.WriteString("RIFF\xff\xff\xff\xffWAVELIST\x04\x00\x00\x00abcdfmt ")
		_ = binary.Write(&b, binary.LittleEndian, []uint32{16, 1 | 1<<16, uint32(rate), uint32(rate * 2), 2 | 16<<16})
		b.WriteString("data")
		_ = binary.Write(&b, binary.LittleEndian, size)
		return b.Bytes()
	}
	for name, piece := range map[string]int{"whole": 1 << 20, "in odd pieces": 7} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var b bytes.Buffer
			b.Write(head(22050, 0xffffffff))
			_ = binary.Write(&b, binary.LittleEndian, sine)
			for b.Len() > 0 {
				_, _ = w.Write(b.Next(piece))
				if b.Len() > 44100-700 {
					_ = http.NewResponseController(w).Flush()
				}
			}
		}))
		w := &ttstest.Writer{Hz: 8000}
		require.NoError(t, client(t, openai.Config{BaseURL: srv.URL + "/v1"}).Synthesize(t.Context(), tts.Utterance{Text: "x"}, w), name)
		srv.Close()
		require.InDelta(t, 50, w.Frames(), 1, name)
		require.InDelta(t, -20, dsp.Goertzel(w.Samples()[800:7200], 8000, 1000), 0.5, name)
	}
}

func TestErrorsSayWhatTheServerSays(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"message":"no such voice"}}`))
	}))
	defer srv.Close()
	var status *openai.StatusError
	err := client(t, openai.Config{BaseURL: srv.URL + "/v1"}).Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000})
	require.ErrorAs(t, err, &status)
	require.Equal(t, 400, status.Code)
	require.ErrorContains(t, err, "no such voice")

	err = client(t, openai.Config{BaseURL: "unix:" + filepath.Join(t.TempDir(), "none")}).Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000})
	require.ErrorContains(t, err, "no such file")
	for _, bad := range []string{"", "localhost:80", "ftp://x/v1"} {
		_, err := openai.New(openai.Config{BaseURL: bad})
		require.Error(t, err, bad)
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices a closed request only then
		if r.Header.Get("Authorization") == "" {
			_ = body{w, 24000}.WriteFrame(make(media.Frame, 4800))
		}
		<-r.Context().Done()
	}))
	defer srv.Close()
	for _, key := range []string{"", "k"} {
		err := client(t, openai.Config{BaseURL: srv.URL + "/v1", APIKey: key, Stall: 50 * time.Millisecond}).Synthesize(t.Context(), tts.Utterance{Text: "x"}, &ttstest.Writer{Hz: 8000})
		require.ErrorContains(t, err, "stopped sending")
	}
}
