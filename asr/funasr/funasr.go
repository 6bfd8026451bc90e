// Package funasr recognises speech by a FunASR server as it is being spoken,
// over FunASR's WebSocket protocol in the mode "2pass": provisional text while
// somebody speaks, corrected text at the end.
//
// # Concepts
//
// Turns are found here, by a voice detector of our own, so that barge-in does not
// wait for the network. A turn is one or more stretches of speech; each has a
// connection of its own, which is opened when voice begins and told at the first
// pause that the speaker has finished, so that the corrected text is there when
// the turn ends. Speech behind the pause opens the next one, and the texts are
// joined.
//
// The C++ server of FunASR's runtime takes many connections. The Python server of
// its examples serves one at a time.
//
// # Concurrency
//
// A Recognizer serves one call. Recognize starts two goroutines for each stretch
// and waits for them; emit is called from its own.
package funasr

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"hotline/asr"
	"hotline/media"
	"hotline/media/dsp"
)

// Config says where the server is and what it should know. URL and Detector are
// needed.
type Config struct {
	URL string // "ws://host:10095" or "wss://host:10095"
	// Detector makes the call's voice detector for a sample rate, Hz.
	Detector func(rate int) (asr.Detector, error)
	// Vocabulary is sent as hotwords, each with HotwordWeight (default 20).
	Vocabulary    []string
	HotwordWeight int
	// Patience is as in asr.Options.
	Patience func(text string, confidence float64) time.Duration

	Call         string
	Language     string        // what the server's models speak; default "zh"
	Pause        time.Duration // silence that ends a stretch; default 240 ms
	Minimum      time.Duration // least silence that ends a turn; default 400 ms
	MaxTurn      time.Duration // default 2 min
	DialTimeout  time.Duration // of one attempt; default 2 s
	Attempts     int           // connections tried for one stretch; default 3
	FinalTimeout time.Duration // wait for the corrected text; default 3 s
	// Authorities sign the certificate of wss://; nil: those of the system.
	Authorities *x509.CertPool
	Log         *slog.Logger // default: nothing is logged
}

// Recognizer is the asr.Recognizer of one call.
type Recognizer struct {
	cfg  Config
	http *http.Client
}

var _ asr.Recognizer = (*Recognizer)(nil)

const (
	frameTime    = media.FrameTime
	preRoll      = 300 * time.Millisecond
	maxStretch   = 25 * time.Second
	resumeFrames = 2
	// confidence of a text: FunASR tells none. A provisional one may yet change.
	confidenceFinal, confidenceProvisional = 0.8, 0.6
)

// New checks cfg and returns a Recognizer. It starts nothing.
func New(cfg Config) (*Recognizer, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, fmt.Errorf("FunASR server %q: an address such as ws://127.0.0.1:10095 is needed", cfg.URL)
	}
	if cfg.Detector == nil {
		return nil, errors.New("a FunASR recogniser needs a voice detector")
	}
	for d, v := range map[*time.Duration]time.Duration{
		&cfg.Pause: 240 * time.Millisecond, &cfg.Minimum: 400 * time.Millisecond, &cfg.MaxTurn: 2 * time.Minute,
		&cfg.DialTimeout: 2 * time.Second, &cfg.FinalTimeout: 3 * time.Second,
	} {
		if *d <= 0 {
			*d = v
		}
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = 3
	}
	if cfg.HotwordWeight <= 0 {
		cfg.HotwordWeight = 20
	}
	if cfg.Patience == nil {
		cfg.Patience = asr.DefaultPatience
	}
	if cfg.Language == "" {
		cfg.Language = "zh"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: cfg.DialTimeout,
		TLSClientConfig: &tls.Config{RootCAs: cfg.Authorities, MinVersion: tls.VersionTLS12},
	}
	return &Recognizer{cfg: cfg, http: &http.Client{Transport: transport}}, nil
}

// Recognize implements asr.Recognizer.
func (r *Recognizer) Recognize(ctx context.Context, src media.Reader, emit func(asr.Result)) error {
	rate := src.Rate()
	detector, err := r.cfg.Detector(rate)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer func() {
		if err := detector.Close(); err != nil {
			r.cfg.Log.Warn("closing the voice detector", "err", err)
		}
		r.http.CloseIdleConnections()
	}()
	n := rate / int(time.Second/frameTime)
	h := &hearing{
		Recognizer: r, emit: emit, rate: rate, gate: asr.NewGate(), prosody: asr.NewProsodist(rate),
		lag: int((detector.Window() + frameTime - 1) / frameTime), past: make([]int16, 0, n*int(preRoll/frameTime)),
		changed: make(chan struct{}, 1),
	}
	running, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	h.spawn = func(f func(ctx context.Context)) { wg.Go(func() { f(running) }) }
	err = asr.EachFrame(ctx, src, detector, n, func(f media.Frame, voice float64) error {
		h.take(f, voice)
		return nil
	})
	if err != nil {
		return err
	}
	return h.finish(ctx)
}

// hearing is one run of Recognize; its fields belong to that goroutine.
type hearing struct {
	*Recognizer
	emit    func(asr.Result)
	rate    int
	lag     int
	gate    *asr.Gate
	prosody *asr.Prosodist
	past    []int16 // the last preRoll of sound
	now     int     // frames read
	turns   int
	turn    *turn
	spawn   func(func(ctx context.Context))
	changed chan struct{} // a stretch has news; capacity 1
}

// turn is one utterance while it lasts.
type turn struct {
	id         int
	start, end int
	voiced     int
	again      int
	paused     bool
	closing    bool
	stretches  []*stretch
	shown      string // the text last emitted
}

func at(frame int) time.Duration { return time.Duration(frame) * frameTime }

func (h *hearing) take(f media.Frame, p float64) {
	h.now++
	db := dsp.LevelDB(f)
	defer h.remember(f)
	if h.turn == nil {
		if h.gate.Starts(p, db) {
			h.begin(f)
		}
		return
	}
	t := h.turn
	h.show()
	if t.closing {
		h.tryEnd()
		return
	}
	voiced := h.gate.GoesOn(p, db)
	h.prosody.Take(f, db, voiced)
	switch {
	case voiced && !t.paused:
		t.end = h.now
		t.voiced++
	case voiced:
		if t.again++; t.again >= resumeFrames {
			h.resume(f)
			return
		}
	default:
		t.again = 0
	}
	if t.paused {
		h.tryEnd()
		return
	}
	s := t.stretches[len(t.stretches)-1]
	s.feed(f)
	switch {
	case at(h.now-t.start) >= h.cfg.MaxTurn:
		t.closing = true
		h.pause()
	case at(h.now-t.end) >= h.cfg.Pause:
		h.pause()
	case s.length() >= maxStretch:
		s.end()
		h.open(nil)
	}
}

// remember keeps the end of what was heard.
func (h *hearing) remember(f media.Frame) {
	if keep := cap(h.past) - len(f); len(h.past) > keep {
		h.past = h.past[:copy(h.past, h.past[len(h.past)-keep:])]
	}
	h.past = append(h.past, f...)
}

func (h *hearing) begin(f media.Frame) {
	h.turns++
	h.turn = &turn{id: h.turns, start: max(0, h.now-h.gate.Run()-h.lag+1), end: h.now, voiced: h.gate.Run()}
	h.prosody.Reset()
	h.open(f)
	h.emit(h.result(asr.SpeechStart))
}

// open begins a stretch, with the sound before it where it follows silence.
func (h *hearing) open(f media.Frame) {
	s := newStretch(h.rate)
	if f != nil {
		s.feed(h.past)
		s.feed(f)
	}
	h.turn.stretches = append(h.turn.stretches, s)
	h.spawn(func(ctx context.Context) { s.run(ctx, h.Recognizer, h.changed) })
}

func (h *hearing) pause() {
	t := h.turn
	t.paused, t.again = true, 0
	t.stretches[len(t.stretches)-1].end()
	h.emit(h.result(asr.SpeechPause))
}

func (h *hearing) resume(f media.Frame) {
	t := h.turn
	t.paused, t.again = false, 0
	t.end = h.now
	t.voiced += resumeFrames
	h.open(f)
	h.emit(h.result(asr.SpeechResume))
}

// text joins the stretches; settled says that none of it is provisional.
func (t *turn) text() (text string, settled bool, err error) {
	settled = true
	for _, s := range t.stretches {
		part, done, e := s.text()
		settled = settled && done
		if e != nil && err == nil {
			err = e
		}
		text = asr.JoinTexts(text, part)
	}
	return text, settled, err
}

// show emits what is new.
func (h *hearing) show() {
	t := h.turn
	text, settled, _ := t.text()
	if text == "" || text == t.shown {
		return
	}
	t.shown = text
	r := h.result(asr.Partial)
	r.Text, r.Confidence = text, confidence(settled)
	h.emit(r)
}

func confidence(settled bool) float64 {
	if settled {
		return confidenceFinal
	}
	return confidenceProvisional
}

func (h *hearing) tryEnd() {
	t := h.turn
	quiet := at(h.now - t.end)
	text, settled, err := t.text()
	if !settled || t.again > 0 {
		return
	}
	need := h.cfg.Minimum
	if text != "" && err == nil && !t.closing {
		need = max(need, h.cfg.Patience(text, confidenceFinal))
	}
	if quiet >= need || t.closing {
		h.end()
	}
}

func (h *hearing) end() {
	t := h.turn
	text, settled, err := t.text()
	text, looped := asr.CutLoop(text)
	r := h.result(asr.Final)
	r.Text, r.Prosody = text, h.prosody.Result()
	switch {
	case text == "" && err != nil:
		r.Kind, r.Err = asr.Fault, err
	case text == "":
		r.Noise = true
	default:
		r.Confidence = confidence(settled)
		if looped || err != nil { // err: a part of it is missing
			r.Confidence /= 2
		}
	}
	h.turn = nil
	h.gate.Rest()
	h.emit(r)
}

func (h *hearing) result(k asr.Kind) asr.Result {
	return asr.Result{Kind: k, Utterance: h.turn.id, Start: at(h.turn.start), End: at(h.turn.end), Language: h.cfg.Language, Engine: "funasr"}
}

// finish ends an open turn at the end of the source. Each stretch is bounded by
// its own timeouts.
func (h *hearing) finish(ctx context.Context) error {
	if h.turn == nil {
		return nil
	}
	if !h.turn.paused {
		h.pause()
	}
	for {
		if _, settled, _ := h.turn.text(); settled {
			break
		}
		select {
		case <-h.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	h.show()
	h.end()
	return nil
}
