package funasr_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/funasr"
)

// server speaks the protocol of FunASR's servers. It "hears" a character for each
// 300 ms of sound, provisionally, and corrects them at the end.
type server struct {
	python bool          // marks its texts as the Python server does
	slow   time.Duration // before the corrected text
	mute   bool          // hears nothing
	drop   int           // connections to cut after half a second of sound

	mu     sync.Mutex
	hellos []map[string]any
	bytes  []int // of sound, for each connection
}

const provisional, corrected = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉"

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	s.mu.Lock()
	id := len(s.bytes)
	s.bytes = append(s.bytes, 0)
	drop := id < s.drop
	s.mu.Unlock()
	said := 0
	speaking := true
	send := func(mode, text string, last bool) {
		final := last
		if s.python {
			final = speaking
		}
		b, _ := json.Marshal(map[string]any{"mode": mode, "text": text, "wav_name": "x", "is_final": final})
		_ = c.Write(r.Context(), websocket.MessageText, b)
	}
	for {
		kind, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if kind == websocket.MessageBinary {
			s.mu.Lock()
			s.bytes[id] += len(b)
			n := s.bytes[id] / 9600
			over := s.bytes[id] > 16000
			s.mu.Unlock()
			if drop && over {
				return
			}
			for ; said < n && !s.mute; said++ {
				send("2pass-online", string([]rune(provisional)[said%10]), false)
			}
			continue
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			return
		}
		if m["is_speaking"] == true {
			s.mu.Lock()
			s.hellos = append(s.hellos, m)
			s.mu.Unlock()
			continue
		}
		speaking = false
		if s.mute {
			continue
		}
		select {
		case <-time.After(s.slow):
		case <-r.Context().Done():
			return
		}
		send("2pass-offline", string([]rune(corrected)[:min(said, 10)]), true)
	}
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bytes)
}

func start(t *testing.T, s *server) string {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return "ws" + strings.TrimPrefix(h.URL, "http")
}

func recognizer(t *testing.T, url string, line *asrtest.Line, edit func(*funasr.Config)) *funasr.Recognizer {
	t.Helper()
	cfg := funasr.Config{URL: url, Detector: line.Detector, FinalTimeout: 800 * time.Millisecond}
	if edit != nil {
		edit(&cfg)
	}
	r, err := funasr.New(cfg)
	require.NoError(t, err)
	return r
}

func listen(t *testing.T, url string, line *asrtest.Line, edit func(*funasr.Config)) []asr.Result {
	t.Helper()
	var rs []asr.Result
	require.NoError(t, recognizer(t, url, line, edit).Recognize(t.Context(), line.Source(), func(r asr.Result) { rs = append(rs, r) }))
	return rs
}

func kinds(rs []asr.Result) string {
	names := map[asr.Kind]string{
		asr.SpeechStart: "start", asr.SpeechPause: "pause", asr.SpeechResume: "resume", asr.Partial: "partial", asr.Final: "final", asr.Fault: "fault",
	}
	var out []string
	for _, r := range rs {
		if n := names[r.Kind]; len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return strings.Join(out, " ")
}

func TestTurnOnBothServers(t *testing.T) {
	for _, python := range []bool{false, true} {
		t.Run(map[bool]string{false: "C++", true: "Python"}[python], func(t *testing.T) {
			t.Parallel()
			s := &server{python: python, slow: 30 * time.Millisecond}
			line := new(asrtest.Line).Silence(400 * time.Millisecond).Voice(1200 * time.Millisecond).Silence(1200 * time.Millisecond)
			rs := listen(t, start(t, s), line, func(c *funasr.Config) {
				c.Vocabulary, c.Call = []string{"通义实验室", "包邮"}, "c1"
			})
			require.Equal(t, "start partial pause partial final", kinds(rs))
			last := rs[len(rs)-1]
			require.True(t, strings.HasPrefix(corrected, last.Text) && last.Text != "", last.Text)
			require.InDelta(t, 0.8, last.Confidence, 0)
			require.InDelta(t, 1.2, last.Prosody.VoicedFor.Seconds(), 0.1)
			i := slices.IndexFunc(rs, func(r asr.Result) bool { return r.Kind == asr.Partial })
			require.True(t, strings.HasPrefix(provisional, rs[i].Text), "provisional while speaking: %q", rs[i].Text)
			require.InDelta(t, 0.6, rs[i].Confidence, 0)

			h := s.hellos[0]
			require.Equal(t, "2pass", h["mode"])
			require.InDelta(t, 16000, h["audio_fs"], 0)
			require.JSONEq(t, `{"通义实验室": 20, "包邮": 20}`, h["hotwords"].(string))
			sound := time.Duration(s.bytes[0]/2) * time.Second / 16000
			require.InDelta(t, 1.2+0.3+0.24, sound.Seconds(), 0.1, "the pre-roll goes along, at the server's rate")
		})
	}
}

func TestPauseInsideTurn(t *testing.T) {
	t.Parallel()
	s := &server{}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).
		Voice(600 * time.Millisecond).Silence(400 * time.Millisecond).Voice(600 * time.Millisecond).Silence(1000 * time.Millisecond)
	rs := listen(t, start(t, s), line, func(c *funasr.Config) {
		c.Patience = func(string, float64) time.Duration { return 700 * time.Millisecond }
	})
	require.Equal(t, "start partial pause partial resume partial pause partial final", kinds(rs))
	require.Equal(t, 2, s.connections())
	require.Equal(t, 2, strings.Count(rs[len(rs)-1].Text, "子丑"), "both stretches: %q", rs[len(rs)-1].Text)
	for _, r := range rs {
		require.Equal(t, 1, r.Utterance)
	}
}

func TestTwoTurns(t *testing.T) {
	t.Parallel()
	s := &server{}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(600 * time.Millisecond).Silence(900 * time.Millisecond).Voice(600 * time.Millisecond)
	rs := listen(t, start(t, s), line, nil)
	require.Equal(t, "start partial pause partial final start partial pause partial final", kinds(rs))
	require.Equal(t, 2, rs[len(rs)-1].Utterance)
}

func TestConnectionLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := &server{drop: 1}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(1200 * time.Millisecond).Silence(1200 * time.Millisecond)
	rs := listen(t, start(t, s), line, nil)
	require.Equal(t, asr.Final, rs[len(rs)-1].Kind)
	require.True(t, strings.HasPrefix(corrected, rs[len(rs)-1].Text))
	require.GreaterOrEqual(t, len([]rune(rs[len(rs)-1].Text)), 4, "nothing is lost of the sound before")
	require.Equal(t, 2, s.connections())
}

func TestServerThatKeepsHangingUpIsFault(t *testing.T) {
	t.Parallel()
	s := &server{drop: 100, mute: true}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(1200 * time.Millisecond).Silence(1500 * time.Millisecond)
	rs := listen(t, start(t, s), line, nil)
	last := rs[len(rs)-1]
	require.Equal(t, asr.Fault, last.Kind)
	require.Regexp(t, "hung up|sending to the FunASR server", last.Err, "whoever notices first says so")
	require.Equal(t, 3, s.connections())
}

// A certificate that signs itself is taken from wss:// where it is named, and nowhere else.
func TestCertificateOfTheServer(t *testing.T) {
	t.Parallel()
	h := httptest.NewUnstartedServer(new(server))
	h.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.StartTLS()
	t.Cleanup(h.Close)
	known := x509.NewCertPool()
	known.AddCert(h.Certificate())
	url := "wss" + strings.TrimPrefix(h.URL, "https")
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(600 * time.Millisecond).Silence(1200 * time.Millisecond)
	rs := listen(t, url, line, func(c *funasr.Config) { c.Authorities = known })
	require.Equal(t, asr.Final, rs[len(rs)-1].Kind)
	require.NotEmpty(t, rs[len(rs)-1].Text)
	rs = listen(t, url, line, nil)
	require.Equal(t, asr.Fault, rs[len(rs)-1].Kind)
	require.ErrorContains(t, rs[len(rs)-1].Err, "certificate")
}

func TestNoServerIsFault(t *testing.T) {
	t.Parallel()
	h := httptest.NewServer(http.NotFoundHandler())
	url := "ws" + strings.TrimPrefix(h.URL, "http")
	h.Close()
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(600 * time.Millisecond).Silence(1200 * time.Millisecond)
	rs := listen(t, url, line, nil)
	require.Equal(t, "start pause fault", kinds(rs))
	require.ErrorContains(t, rs[len(rs)-1].Err, "connecting to the FunASR server")
}

func TestServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	s := &server{mute: true}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(300 * time.Millisecond).Silence(1800 * time.Millisecond)
	rs := listen(t, start(t, s), line, nil)
	require.Equal(t, "start pause final", kinds(rs))
	require.True(t, rs[len(rs)-1].Noise, "a cough")

	line = new(asrtest.Line).Silence(200 * time.Millisecond).Voice(1500 * time.Millisecond).Silence(1800 * time.Millisecond)
	rs = listen(t, start(t, s), line, nil)
	require.Equal(t, "start pause fault", kinds(rs), "but a sentence deserves an answer")
}

func TestHangUpEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := &server{slow: time.Hour}
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(600 * time.Millisecond).Silence(time.Minute)
	ctx, cancel := context.WithCancelCause(t.Context())
	hungUp := errors.New("hung up")
	err := recognizer(t, start(t, s), line, nil).Recognize(ctx, line.Source(), func(r asr.Result) {
		if r.Kind == asr.SpeechPause {
			cancel(hungUp)
		}
	})
	require.ErrorIs(t, err, hungUp)
}

func TestContract(t *testing.T) {
	t.Parallel()
	url := start(t, &server{})
	line := new(asrtest.Line).Silence(200 * time.Millisecond).Voice(1200 * time.Millisecond)
	asrtest.TestRecognizer(t, func(t *testing.T) asr.Recognizer {
		t.Helper()
		l := line
		if strings.Contains(t.Name(), "silence") {
			l = new(asrtest.Line)
		}
		return recognizer(t, url, l, nil)
	}, asrtest.Spoken{Rate: 8000, Samples: line.Samples, Text: "子丑寅卯辰", MaxCER: 0.4})
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	line := new(asrtest.Line)
	for _, url := range []string{"", "http://x:1", "ws://"} {
		_, err := funasr.New(funasr.Config{URL: url, Detector: line.Detector})
		require.ErrorContains(t, err, "ws://", url)
	}
	_, err := funasr.New(funasr.Config{URL: "ws://x:1"})
	require.ErrorContains(t, err, "detector")
}
