package asr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hotline/media"
	"hotline/media/dsp"
)

// Options are what a Listener needs to know of its call. The zero value works.
// Languages, Patience, Suggest and Expect are called from several goroutines, perhaps at once; they
// must be quick.
type Options struct {
	Call     string // fairness between calls goes by it
	Language string // "zh", "en"; "" lets the engine decide for each utterance
	// Languages, where set, are the language of the next decode, in place of Language,
	// and those that may be spoken in its place.
	Languages func() []string
	// Vocabulary is the business's own terms, most important first: hotwords for
	// engines that take them and, where there is no Suggest, the prompt.
	Vocabulary []string
	// Patience is how much silence ends a turn that says text so far; default
	// DefaultPatience.
	Patience func(text string, confidence float64) time.Duration
	// Suggest returns up to n texts that a caller whose words look like text may
	// have said: the prompt of the second pass. Without it there is none.
	Suggest func(text string, n int) []string
	// Expect is a line in the manner of what will be said next, the prompt of the first
	// pass; "" where anything may be.
	Expect func() string

	Pause         time.Duration // silence at which a decode begins; default 120 ms
	Minimum       time.Duration // least silence that ends a turn; default 300 ms
	MaxUtterance  time.Duration // longest piece decoded at once; default and most 25 s
	MaxTurn       time.Duration // a turn is ended after so much; default 2 min
	DecodeTimeout time.Duration // then the utterance ends with a Fault; default 5 s
	// Unpaced says that the source is a file rather than a line: it is read no
	// faster than it is decoded.
	Unpaced bool
}

// ListenerConfig is what NewListener needs.
type ListenerConfig struct {
	Options
	// Detector makes the call's voice detector for a sample rate, Hz.
	Detector func(rate int) (Detector, error)
	Decoder  Decoder
	Log      *slog.Logger // default: nothing is logged
}

// A Listener is the Recognizer of one call: it finds the turns in its sound and
// has them decoded.
type Listener struct {
	cfg        ListenerConfig
	language   atomic.Pointer[string]
	vocabulary atomic.Pointer[[]string]
}

var _ Recognizer = (*Listener)(nil)

// NewListener returns a Listener. It starts nothing.
func NewListener(cfg ListenerConfig) (*Listener, error) {
	if cfg.Detector == nil || cfg.Decoder == nil {
		return nil, errors.New("a listener needs a detector and a decoder")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	o := &cfg.Options
	orDefault(&o.Pause, 120*time.Millisecond)
	orDefault(&o.Minimum, 300*time.Millisecond)
	orDefault(&o.MaxUtterance, 25*time.Second)
	o.MaxUtterance = min(max(o.MaxUtterance, softCut+cutSearch), 25*time.Second)
	orDefault(&o.MaxTurn, 2*time.Minute)
	orDefault(&o.DecodeTimeout, 5*time.Second)
	if o.Patience == nil {
		o.Patience = DefaultPatience
	}
	l := &Listener{cfg: cfg}
	l.SetLanguage(o.Language)
	l.SetVocabulary(o.Vocabulary)
	return l, nil
}

func orDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

// SetLanguage changes the language from the next decode on. It may be called from
// any goroutine.
func (l *Listener) SetLanguage(language string) { l.language.Store(&language) }

// SetVocabulary changes the vocabulary from the next decode on: a dialogue that
// has just asked for a colour expects colours. It may be called from any
// goroutine; terms must not be changed afterwards.
func (l *Listener) SetVocabulary(terms []string) { l.vocabulary.Store(&terms) }

// Recognize implements Recognizer. It returns nil at the end of src, the cause
// where ctx ended it, and an error where src or the detector failed.
func (l *Listener) Recognize(ctx context.Context, src media.Reader, emit func(Result)) error {
	rate := src.Rate()
	detector, err := l.cfg.Detector(rate)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer func() {
		if err := detector.Close(); err != nil {
			l.cfg.Log.Warn("closing the voice detector", "err", err)
		}
	}()
	n := rate / int(time.Second/frameTime)
	h := &hearing{
		Listener: l, emit: emit, rate: rate, frameLen: n,
		ring:    newRing(int(preRoll/frameTime)+startFrames+2, n),
		prosody: NewProsodist(rate), voice: NewGate(),
		lag:     int((detector.Window() + frameTime - 1) / frameTime),
		results: make(chan outcome, 2*maxRunning),
	}
	running, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	late := fmt.Errorf("decoding took longer than %v", l.cfg.DecodeTimeout)
	h.spawn = func(f func(ctx context.Context)) context.CancelFunc {
		ctx, cancel := context.WithTimeoutCause(running, l.cfg.DecodeTimeout, late)
		wg.Go(func() {
			defer cancel()
			f(ctx)
		})
		return cancel
	}

	if err := EachFrame(ctx, src, detector, n, func(f media.Frame, voice float64) error { return h.take(ctx, f, voice) }); err != nil {
		return err
	}
	return h.finish(ctx)
}

// hearing is one run of Recognize; its fields belong to that goroutine.
type hearing struct {
	*Listener
	emit     func(Result)
	rate     int
	frameLen int
	lag      int // frames by which the detector may be late

	now     int // frames read
	voice   *Gate
	ring    *ring // sound before a turn
	prosody *Prosodist
	turn    *turn // nil while nobody speaks
	turns   int

	spawn   func(func(ctx context.Context)) context.CancelFunc
	results chan outcome
	running int // decodes under way
	jobs    int // numbers them
}

func (h *hearing) take(ctx context.Context, f media.Frame, p float64) error {
	h.now++
	db := dsp.LevelDB(f)
	h.poll()
	if h.turn == nil {
		h.ring.push(f)
		if h.voice.Starts(p, db) {
			h.begin()
		}
		return nil
	}
	t := h.turn
	if t.closing {
		h.ring.push(f)
		h.voice.hear(db)
		h.tryEnd()
		return nil
	}
	t.samples = append(t.samples, f...)
	voiced := h.voice.GoesOn(p, db)
	h.prosody.Take(f, db, voiced)
	switch {
	case voiced && !t.paused:
		t.voicedTo(h.now)
	case voiced:
		if t.again++; t.again >= resumeFrames {
			h.resume()
		}
	default:
		t.again = 0
	}
	if !t.paused && h.pausing() {
		if err := h.pause(ctx); err != nil {
			return err
		}
	}
	if t.paused {
		h.submitCurrent() // a decode that could not start at once
		h.tryEnd()
		return nil
	}
	if at(h.now-t.start) >= h.cfg.MaxTurn {
		// Somebody who speaks for minutes, or a radio, is answered at some point.
		t.closing = true
		return h.pause(ctx)
	}
	h.speaking()
	return nil
}

// at is the time of a frame number on the source's clock.
func at(frame int) time.Duration { return time.Duration(frame) * frameTime }

// silence is the time since the last voiced frame.
func (h *hearing) silence() time.Duration { return at(h.now - h.turn.end) }

// pausing tells whether to decode what was said so far. A decode that nobody else waits
// for begins sooner: where the caller goes on it was for nothing.
func (h *hearing) pausing() bool {
	quiet := h.silence()
	return quiet >= h.cfg.Pause || quiet >= idlePause && idle(h.cfg.Decoder)
}

// begin opens a turn at the voiced frames just heard.
func (h *hearing) begin() {
	h.turns++
	first := max(0, h.now-h.voice.run-h.lag+1)
	t := &turn{id: h.turns, start: first, end: h.now, voiced: h.voice.run, partialAt: h.now}
	t.samples = make([]int16, 0, 4*h.rate)
	t.samples = h.ring.appendTo(t.samples)
	h.ring.reset()
	h.turn = t
	h.prosody.Reset()
	h.emit(Result{Kind: SpeechStart, Utterance: t.id, Start: at(t.start), End: at(t.end)})
}

// pause begins the decode of what was said so far.
func (h *hearing) pause(ctx context.Context) error {
	t := h.turn
	t.paused, t.again = true, 0
	h.emit(Result{Kind: SpeechPause, Utterance: t.id, Start: at(t.start), End: at(t.end)})
	t.current.stale()
	t.current = piece{wanted: at(t.voiced) >= tinyVoice, voiced: t.voiced}
	if !t.current.wanted {
		t.current.settle(Transcript{}, nil)
		return nil
	}
	h.submitCurrent()
	if h.cfg.Unpaced {
		return h.wait(ctx)
	}
	return nil
}

// resume takes the turn up again: the decode of its first words alone is stale.
func (h *hearing) resume() {
	t := h.turn
	t.paused, t.again = false, 0
	t.voicedTo(h.now)
	h.emit(Result{Kind: SpeechResume, Utterance: t.id, Start: at(t.start), End: at(t.end)})
	if h.length(len(t.samples)) >= softCut && t.current.submitted && t.current.wanted {
		// Long enough to stand alone; its decode goes on or is done.
		t.pieces = append(t.pieces, t.current)
		keep := min(len(t.samples), int(preRoll/frameTime)*h.frameLen)
		t.samples = append(make([]int16, 0, 4*h.rate), t.samples[len(t.samples)-keep:]...)
		t.current, t.voiced = piece{}, 0
		return
	}
	t.current.stale()
	t.current = piece{}
}

// speaking looks after a turn in which somebody speaks: long ones are cut, and
// what they say is shown while it is said.
func (h *hearing) speaking() {
	t := h.turn
	length := h.length(len(t.samples))
	if length >= h.cfg.MaxUtterance {
		h.cut()
		return
	}
	if h.silence() > 0 || at(h.now-t.partialAt) < partialEvery || length < partialEvery || h.running > 0 || !idle(h.cfg.Decoder) {
		return
	}
	t.partialAt = h.now
	t.current.stale()
	t.current = piece{voiced: t.voiced}
	h.submit(&t.current, t.samples, false)
}

// cut ends a piece that has no pause at its quietest spot.
func (h *hearing) cut() {
	t := h.turn
	i := quietest(t.samples, int(int64(h.rate)*int64(cutSearch)/int64(time.Second)), h.frameLen)
	head, tail := t.samples[:i:i], t.samples[i:]
	t.current.stale()
	p := piece{wanted: true, voiced: t.voiced}
	h.submit(&p, head, true)
	if !p.submitted {
		p.settle(Transcript{}, ErrOverloaded)
	}
	t.pieces = append(t.pieces, p)
	t.samples = append(make([]int16, 0, 4*h.rate), tail...)
	t.current, t.voiced, t.partialAt = piece{}, 0, h.now
}

func (h *hearing) length(samples int) time.Duration {
	return time.Duration(samples) * time.Second / time.Duration(h.rate)
}

// finish ends an open turn at the end of the source.
func (h *hearing) finish(ctx context.Context) error {
	if h.turn == nil {
		return nil
	}
	if !h.turn.paused {
		if err := h.pause(ctx); err != nil {
			return err
		}
	}
	if err := h.wait(ctx); err != nil {
		return err
	}
	h.end()
	return nil
}

// wait blocks until everything that the turn waits for is decoded. Each decode is
// bounded by DecodeTimeout.
func (h *hearing) wait(ctx context.Context) error {
	for !h.turn.settled() {
		h.submitCurrent()
		select {
		case o := <-h.results:
			h.put(o)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// poll takes the results that are there.
func (h *hearing) poll() {
	for {
		select {
		case o := <-h.results:
			h.put(o)
		default:
			return
		}
	}
}

func (h *hearing) put(o outcome) {
	if !o.more {
		h.running--
	}
	t := h.turn
	if t == nil {
		return
	}
	p := t.find(o.job)
	if p == nil {
		return // stale
	}
	p.more = o.more
	if o.err != nil {
		if p.wanted && !p.done {
			p.settle(o.transcript, o.err)
		}
		return
	}
	changed := !p.done || p.text.Text != o.transcript.Text
	p.settle(o.transcript, nil)
	if text, confidence := t.text(); changed && text != "" {
		h.emit(h.result(Partial, text, confidence))
	}
}

// tryEnd ends the turn if it has been quiet for long enough.
func (h *hearing) tryEnd() {
	t := h.turn
	if !t.current.done || !t.piecesSettled() {
		return
	}
	if t.closing {
		h.end()
		return
	}
	quiet := h.silence()
	if quiet < h.cfg.Minimum || t.again > 0 {
		return
	}
	need := max(nothingHeard, h.cfg.Minimum)
	if t.current.err == nil && t.current.wanted {
		text, confidence := t.text()
		if text != t.patienceText || !t.patienceKnown {
			t.patienceText, t.patienceKnown = text, true
			t.patience = need
			if text != "" {
				t.patience = max(h.cfg.Patience(text, confidence), h.cfg.Minimum)
			}
		}
		need = t.patience
		if t.current.more { // the second pass may yet come
			need += secondExtra
		}
	}
	if quiet < need {
		return
	}
	h.end()
}

// end reports the turn and closes it.
func (h *hearing) end() {
	t := h.turn
	text, confidence := t.text()
	err := t.err()
	if err != nil {
		confidence /= 2 // a part of it is missing
	}
	r := h.result(Final, text, confidence)
	switch {
	case text == "" && err != nil:
		r.Kind, r.Err = Fault, err
	case text == "":
		r.Noise = !t.garbled
	}
	r.Prosody = h.prosody.Result()
	t.current.stale()
	h.turn = nil
	h.voice.Rest()
	h.emit(r)
}

func (h *hearing) result(k Kind, text string, confidence float64) Result {
	t := h.turn
	c := t.current.text
	if !t.current.done && len(t.pieces) > 0 {
		c = t.pieces[len(t.pieces)-1].text
	}
	return Result{
		Kind: k, Utterance: t.id, Start: at(t.start), End: at(t.end), Text: text, Language: c.Language,
		Confidence: confidence, LogProb: c.LogProb, NoSpeech: c.NoSpeech, Alternatives: c.Alternatives,
		Emotion: c.Emotion, Queued: c.Queued, Decode: c.Took, Engine: c.Engine,
	}
}
