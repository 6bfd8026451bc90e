package speech

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/asr"
	"hotline/internal/models"
	"hotline/media"
	"hotline/tts"
)

// Server answers OpenAI's audio API. New makes one.
type Server struct {
	cfg     Config
	log     *slog.Logger
	asr     *shelf[asr.Decoder]
	tts     *shelf[tts.Synthesizer]
	embed   *shelf[Embedder]
	decodes *gate
	speaks  *gate
	embeds  *gate
	handler http.Handler

	hearing atomic.Bool // a model for hearing is loaded, or none is installed
	loaded  atomic.Bool // Load has ended

	mu     sync.Mutex // guards faults
	faults []string   // what Load could not do
}

// New makes a server; it loads nothing and starts nothing.
func New(cfg Config, e Engines) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		asr:     newShelf(models.ASR, cfg.Models, cfg.ASR, e.ASR),
		tts:     newShelf(models.TTS, cfg.Models, cfg.TTS, e.TTS),
		embed:   newShelf(models.Embed, cfg.Models, cfg.Embed, e.Embed),
		decodes: newGate(cfg.Decodes, cfg.Queue, cfg.Wait),
		speaks:  newGate(cfg.Syntheses, cfg.Queue, cfg.Wait),
		embeds:  newGate(cfg.Embeds, cfg.Queue, cfg.Wait),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/transcriptions", s.transcribe)
	mux.HandleFunc("POST /v1/audio/speech", s.speak)
	mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	mux.HandleFunc("GET /v1/models", s.list)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	s.handler = s.guard(mux)
	return s
}

// Handler answers requests; Run serves it.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves ln and loads the models beforehand, until ctx ends; then requests
// under way have a moment to end, and the models are closed.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Load(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("not every speech model could be loaded", "error", err)
		}
	})
	running.Go(func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(ln)
	cancel()
	running.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.asr.close(), s.tts.close(), s.embed.close())
}

// Load loads what calls will need: hearing first, since without it no call goes
// on, then meaning, then voices; each is used once, so that the first caller does
// not wait for memory to be touched. The error joins what could not be loaded;
// the rest works.
func (s *Server) Load(ctx context.Context) error {
	begin := time.Now()
	var errs []error
	try := func(what string, load func(context.Context, string) error, language string) {
		if ctx.Err() != nil {
			return
		}
		err := load(ctx, language)
		if err == nil {
			return
		}
		what += " " + language
		err = fmt.Errorf("%s: %w", what, err)
		errs = append(errs, err)
		s.mu.Lock()
		s.faults = append(s.faults, err.Error())
		s.mu.Unlock()
	}
	for _, l := range s.cfg.Languages {
		try("hearing", s.warmASR, l)
	}
	s.hearing.Store(true)
	s.log.Info("speech worker hears", "models", s.asr.loaded(), "took_ms", time.Since(begin).Milliseconds())
	for _, l := range s.cfg.Languages {
		try("meaning of", s.warmEmbed, l)
	}
	for _, l := range s.cfg.Languages {
		try("speaking", s.warmTTS, l)
	}
	s.loaded.Store(true)
	s.log.Info("speech worker is complete", "voices", s.tts.loaded(), "embeddings", s.embed.loaded(), "took_ms", time.Since(begin).Milliseconds())
	return errors.Join(errs...)
}

func (s *Server) warmASR(ctx context.Context, language string) error {
	id, err := s.asr.forLanguage(language)
	if err != nil {
		return err
	}
	d, err := s.asr.get(ctx, id)
	if err != nil {
		return err
	}
	_, err = d.Decode(ctx, asr.Segment{Rate: 8000, Samples: make([]int16, 8000), Language: language})
	return err
}

func (s *Server) warmEmbed(ctx context.Context, language string) error {
	ids, err := s.meaningOf("", language)
	if err != nil {
		return err
	}
	for _, id := range ids {
		e, err := s.embed.get(ctx, id)
		if err != nil {
			return err
		}
		if _, err = e.Embed(ctx, []string{"hello"}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) warmTTS(ctx context.Context, language string) error {
	id, err := s.tts.forLanguage(language)
	if err != nil {
		return err
	}
	t, err := s.tts.get(ctx, id)
	if err != nil {
		return err
	}
	text := "Hello."
	if language == "zh" {
		text = "您好。"
	}
	return t.Synthesize(ctx, tts.Utterance{Text: text, Language: language}, discard{})
}

// discard is a media.Writer that takes all.
type discard struct{}

func (discard) Rate() int                    { return soundRate }
func (discard) WriteFrame(media.Frame) error { return nil }

// guard checks the key, bounds the time and turns panics into answers.
func (s *Server) guard(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + s.cfg.APIKey))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
				panic(p)
			}
			s.log.Error("a request panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			refuse(w, http.StatusInternalServerError, "server_error", "the worker met an error of its own; its log has the details")
		}()
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if s.cfg.APIKey != "" && strings.HasPrefix(r.URL.Path, "/v1/") && subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			refuse(w, http.StatusUnauthorized, "invalid_request_error", "the bearer token is missing or wrong")
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		next.ServeHTTP(w, r)
	})
}

// answerError turns an error into OpenAI's shape and the right status.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case r.Context().Err() != nil:
		return // nobody is there any more
	case errors.Is(err, ErrBusy):
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "rate_limit_error", err.Error())
	case errors.Is(err, ErrNoModel):
		refuse(w, http.StatusNotFound, "model_not_found", err.Error())
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "invalid_request_error", fmt.Sprintf("the request has more than %d bytes", tooLarge.Limit))
	case errors.As(err, new(badRequestError)):
		refuse(w, http.StatusBadRequest, "invalid_request_error", err.Error())
	case errors.Is(err, ErrLoading), errors.Is(err, context.DeadlineExceeded):
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "server_error", err.Error())
	default:
		s.log.Warn("a request failed", "path", r.URL.Path, "error", err)
		refuse(w, http.StatusInternalServerError, "server_error", err.Error())
	}
}

// badRequestError is what the client did wrong.
type badRequestError struct{ error }

func (e badRequestError) Unwrap() error { return e.error }

func bad(format string, a ...any) error { return badRequestError{fmt.Errorf(format, a...)} }

// refuse writes an error as OpenAI's API does.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "code": strconv.Itoa(status), "param": nil}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client may have gone; there is nobody to tell
}

// readJSON reads a bounded body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJSON)).Decode(v); err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return err
		}
		return bad("the body is not the JSON that was expected: %w", err)
	}
	return nil
}

// Health is what /healthz and /readyz say.
type Health struct {
	Status     string   `json:"status"` // "loading", "ready" (hears), "complete"
	ASR        []string `json:"asr"`
	TTS        []string `json:"tts"`
	Embed      []string `json:"embed"`
	Faults     []string `json:"faults,omitempty"` // what could not be loaded
	Decodes    load     `json:"decodes"`
	Syntheses  load     `json:"syntheses"`
	Embeddings load     `json:"embeddings"`
}

func (s *Server) state() Health {
	h := Health{
		Status: "loading", ASR: s.asr.loaded(), TTS: s.tts.loaded(), Embed: s.embed.loaded(),
		Decodes: s.decodes.load(), Syntheses: s.speaks.load(), Embeddings: s.embeds.load(),
	}
	switch {
	case s.loaded.Load():
		h.Status = "complete"
	case s.hearing.Load():
		h.Status = "ready"
	}
	s.mu.Lock()
	h.Faults = append(h.Faults, s.faults...)
	s.mu.Unlock()
	return h
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.state())
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	h := s.state()
	status := http.StatusOK
	if h.Status == "loading" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, h)
}

// list answers /v1/models with what is installed.
func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	data := []map[string]any{}
	for _, m := range s.cfg.Models.Installed() {
		data = append(data, map[string]any{
			"id": m.ID, "object": "model", "created": 0, "owned_by": "local",
			"title": m.Title, "languages": m.Languages, "licence": m.Licence,
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": data})
}
