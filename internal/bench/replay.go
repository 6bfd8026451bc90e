package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hotline/internal/speech"
	"hotline/media/wav"
)

// ReplayConfig is what a replay server knows.
type ReplayConfig struct {
	Recordings string        // a table of them: a line "FILE<TAB>TEXT" each, files beside it
	Delay      time.Duration // of each answer, for the decode that is not done
	// Behind is a speech worker (as speech.Client takes it) that embeds and speaks.
	// What it has embedded once is answered from memory.
	Behind string
	// Keep is a folder for what was not known, to listen to; "" keeps nothing.
	Keep string
	Log  *slog.Logger
}

// A Replay stands for recognition on other machines: it takes the transcription
// requests of OpenAI's API, knows each recording by its sound, and answers with its
// text after a while. It tells what it did not know, and where two recordings were
// in one request: there the streams of two calls were crossed.
type Replay struct {
	cfg     ReplayConfig
	known   []known
	behind  http.Handler
	printed sync.Pool

	mu     sync.Mutex
	stats  ReplayStats
	memory map[string]remembered
}

// known is one recording.
type known struct {
	file, text string
	print      fingerprint
}

// remembered is an answer of the worker behind.
type remembered struct {
	kind string
	body []byte
}

// ReplayStats are what a Replay was asked.
type ReplayStats struct {
	Asked   int            `json:"asked"`
	Matched int            `json:"matched"`
	Partial int            `json:"partial"` // matched, the beginning of a recording only
	Unknown int            `json:"unknown"` // not one of the recordings
	Crossed int            `json:"crossed"` // of two recordings
	Of      map[string]int `json:"of,omitempty"`
	Least   float64        `json:"least_alike"` // the worst match
	MeanMS  float64        `json:"mean_ms"`     // of matching
	Longest float64        `json:"longest_s"`   // request, seconds of sound
}

// NewReplay reads the recordings.
func NewReplay(c ReplayConfig) (*Replay, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &Replay{cfg: c, memory: map[string]remembered{}, stats: ReplayStats{Of: map[string]int{}, Least: 1}}
	r.printed.New = func() any { return newPrinter() }
	list, err := readRecordings(c.Recordings)
	if err != nil {
		return nil, err
	}
	p := newPrinter()
	for _, l := range list {
		r.known = append(r.known, known{l.file, l.text, p.print(l.samples, l.rate)})
	}
	if c.Behind != "" {
		e, err := speech.Client(c.Behind, nil)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(strings.TrimSuffix(e.BaseURL, "/v1"))
		if err != nil {
			return nil, err
		}
		proxy := httputil.NewSingleHostReverseProxy(u)
		proxy.Transport = e.HTTP.Transport
		r.behind = proxy
	}
	return r, nil
}

// recording is a line of a table of recordings.
type recording struct {
	file, text string
	rate       int
	samples    []int16
}

func readRecordings(table string) ([]recording, error) {
	b, err := os.ReadFile(table) //nolint:gosec // the operator says where
	if err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(filepath.Dir(table))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	var list []recording
	for line := range strings.Lines(string(b)) {
		file, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		data, err := dir.ReadFile(file)
		if err != nil {
			return nil, err
		}
		a, err := wav.Read(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, recording{file, text, a.Rate, a.Mono()})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s lists no recordings: a line is FILE, a tab and its text", table)
	}
	return list, nil
}

// Stats are the figures so far.
func (r *Replay) Stats() ReplayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Of = maps.Clone(s.Of)
	if s.Asked > 0 {
		s.MeanMS = round3(s.MeanMS / float64(s.Asked))
	}
	s.Least = round3(s.Least)
	return s
}

// Run serves on ln until ctx ends.
func (r *Replay) Run(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/transcriptions", r.transcribe)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, r.Stats()) })
	mux.HandleFunc("POST /v1/embeddings", r.embed)
	if r.behind != nil {
		mux.Handle("/", r.behind)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

const (
	replayUpload = 8 << 20
	// What is left of a recording behind what was heard, beyond which only its
	// beginning was: the detector lets go of a soft end.
	replayTail = 500 * time.Millisecond
)

func (r *Replay) transcribe(w http.ResponseWriter, q *http.Request) {
	began := time.Now()
	q.Body = http.MaxBytesReader(w, q.Body, replayUpload)
	file, _, err := q.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a, err := wav.Read(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, confidence := r.hear(a.Mono(), a.Rate)
	select {
	case <-time.After(r.cfg.Delay - time.Since(began)):
	case <-q.Context().Done():
		return
	}
	seconds := float64(len(a.Mono())) / float64(a.Rate)
	writeJSON(w, map[string]any{
		"task": "transcribe", "text": text, "model": "replay", "confidence": confidence, "duration": seconds,
		"segments": []map[string]any{{"start": 0, "end": seconds, "text": text, "avg_logprob": -0.05, "no_speech_prob": 0}},
	})
}

// hear says what recording x is, and how surely.
func (r *Replay) hear(x []int16, rate int) (text string, confidence float64) {
	began := time.Now()
	p, _ := r.printed.Get().(*printer)
	heard := p.print(x, rate)
	r.printed.Put(p)
	i, alike, shift := r.nearest(heard)
	crossed := -1
	if n := len(heard.rows); n >= 4*printLeast {
		crossed = r.other(i, heard.rows[:2*n/5], heard.rows[n-2*n/5:])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Asked++
	r.stats.MeanMS += ms(time.Since(began))
	r.stats.Longest = max(r.stats.Longest, round1(float64(len(x))/float64(rate)))
	if i < 0 && crossed >= 0 {
		i = crossed
	}
	if i < 0 {
		r.stats.Unknown++
		r.keep(x, rate)
		r.cfg.Log.Warn("no recording sounds like it", "seconds", float64(len(x))/float64(rate), "alike", round3(alike))
		return "", 0
	}
	k := r.known[i]
	r.stats.Of[k.text]++
	r.stats.Least = min(r.stats.Least, alike)
	if crossed >= 0 {
		r.stats.Crossed++
		r.cfg.Log.Error("two recordings in one request", "one", k.file, "other", r.known[crossed].file)
	}
	r.stats.Matched++
	if left := len(k.print.rows) - (shift + len(heard.rows)); left > int(replayTail.Seconds()*printRate/printHop) {
		r.stats.Partial++
		return beginning(k.text, 1-float64(left)/float64(len(k.print.rows))), 0.9
	}
	return k.text, 0.99
}

// keep writes sound that is not known. r.mu is held, which is of no matter then.
func (r *Replay) keep(x []int16, rate int) {
	const most = 200
	if r.cfg.Keep == "" || r.stats.Unknown > most {
		return
	}
	path := filepath.Join(r.cfg.Keep, fmt.Sprintf("unknown-%03d.wav", r.stats.Unknown))
	if err := wav.WriteFile(path, wav.Audio{Rate: rate, Channels: [][]int16{x}}); err != nil {
		r.cfg.Log.Error("keeping a sound", "error", err)
	}
}

// other is the recording that one end of a request is of and the other end is not, -1 where
// both may be of one.
func (r *Replay) other(i int, ends ...[][printBands]float64) int {
	var is [2]int
	for k, rows := range ends {
		h := fingerprint{rows}
		var alike float64
		is[k], alike, _ = r.nearest(h)
		if is[k] < 0 || alike < printPart {
			return -1
		}
		if i >= 0 {
			if c, _ := r.known[i].print.alike(h); c > printAlike-0.1 {
				is[k] = i
			}
		}
	}
	switch is[0] {
	case is[1]:
		return -1
	case i:
		return is[1]
	default:
		return is[0]
	}
}

// nearest is the recording that sounds most like what was heard, -1 where none
// does, with the correlation and the shift.
func (r *Replay) nearest(heard fingerprint) (at int, alike float64, shift int) {
	at = -1
	for i := range r.known {
		if c, s := r.known[i].print.alike(heard); c > alike {
			at, alike, shift = i, c, s
		}
	}
	if alike >= printAlike {
		return at, alike, shift
	}
	at, second := -1, 0.0
	for i := range r.known {
		_, s := r.known[i].print.alike(heard)
		if c := r.known[i].print.drifted(heard, s); c > alike {
			at, alike, second, shift = i, c, alike, s
		} else {
			second = max(second, c)
		}
	}
	if alike < printDrifted || alike-second < printClear {
		at = -1
	}
	return at, alike, shift
}

// beginning is that part of a text.
func beginning(text string, part float64) string {
	n := int(part * float64(utf8.RuneCountInString(text)))
	return string([]rune(text)[:max(0, n)])
}

// embed asks the worker behind once for each request.
func (r *Replay) embed(w http.ResponseWriter, q *http.Request) {
	if r.behind == nil {
		http.Error(w, "nothing is behind that embeds", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, replayUpload))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	m, ok := r.memory[string(body)]
	r.mu.Unlock()
	if !ok {
		q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		c := &copying{ResponseWriter: w}
		r.behind.ServeHTTP(c, q)
		if c.code == http.StatusOK || c.code == 0 {
			r.mu.Lock()
			if len(r.memory) < 10000 {
				r.memory[string(body)] = remembered{w.Header().Get("Content-Type"), c.body.Bytes()}
			}
			r.mu.Unlock()
		}
		return
	}
	w.Header().Set("Content-Type", m.kind)
	_, _ = w.Write(m.body)
}

// copying keeps what it writes.
type copying struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (c *copying) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

func (c *copying) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
