package asr

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// turn is one utterance of a caller while it lasts.
type turn struct {
	id         int
	start, end int // first voiced frame, frame after the last voiced one
	voiced     int // voiced frames of the current piece
	paused     bool
	again      int  // voiced frames in a row during a pause
	closing    bool // it has lasted too long; what follows is another turn
	garbled    bool // something was said that no text came of

	samples   []int16 // the current piece, append-only: decodes read it meanwhile
	current   piece
	pieces    []piece // cut off before, in order
	partialAt int     // frame of the last decode while speaking

	patience      time.Duration
	patienceText  string
	patienceKnown bool
}

func (t *turn) voicedTo(frame int) {
	t.end = frame
	t.voiced++
}

// piece is a part of a turn that is decoded at once; most turns have one.
type piece struct {
	wanted    bool // the turn cannot end without its text
	submitted bool
	job       int
	cancel    context.CancelFunc
	done      bool // a transcript or an error is there
	more      bool // a second pass is under way
	text      Transcript
	err       error
	voiced    int
	garbled   bool
}

func (p *piece) stale() {
	if p.cancel != nil {
		p.cancel()
	}
}

func (p *piece) settle(t Transcript, err error) {
	p.done, p.err = true, err
	p.text, p.garbled = assess(t, at(p.voiced))
}

func (t *turn) find(job int) *piece {
	if t.current.submitted && t.current.job == job {
		return &t.current
	}
	for i := range t.pieces {
		if t.pieces[i].job == job {
			return &t.pieces[i]
		}
	}
	return nil
}

func (t *turn) piecesSettled() bool {
	for i := range t.pieces {
		if !t.pieces[i].done {
			return false
		}
	}
	return true
}

// settled says whether nothing is being decoded any more that the turn waits for.
func (t *turn) settled() bool {
	return t.piecesSettled() && t.current.done && !t.current.more
}

// text is what was said so far and the confidence of it.
func (t *turn) text() (string, float64) {
	text, sum, weight := "", 0.0, 0
	t.garbled = false
	add := func(p *piece) {
		if !p.done {
			return
		}
		t.garbled = t.garbled || p.garbled
		if p.text.Text == "" {
			return
		}
		text = JoinTexts(text, p.text.Text)
		sum += p.text.Confidence * float64(max(p.voiced, 1))
		weight += max(p.voiced, 1)
	}
	for i := range t.pieces {
		add(&t.pieces[i])
	}
	add(&t.current)
	if weight == 0 {
		return "", 0
	}
	return text, sum / float64(weight)
}

func (t *turn) err() error {
	if t.current.err != nil {
		return t.current.err
	}
	for i := range t.pieces {
		if t.pieces[i].err != nil {
			return t.pieces[i].err
		}
	}
	return nil
}

// assess takes from a transcript what cannot be words: loops, texts invented on
// noise. garbled says that there was speech and no text is left of it.
func assess(t Transcript, voiced time.Duration) (out Transcript, garbled bool) {
	text, looped := CutLoop(t.Text)
	if once, more := digitsOnce(text, voiced); more {
		text, looped = once, true
	}
	if looped {
		t.Confidence *= 0.5
	}
	t.Text = text
	switch {
	case !hasWords(text):
		t.Text = ""
	case voiced < shortVoice && t.Confidence < shortConfidence:
		t.Text = ""
	case t.NoSpeech > noSpeechLimit && t.Confidence < shortConfidence:
		t.Text = ""
	}
	return t, looped && t.Text == ""
}

// outcome is what a decode came to.
type outcome struct {
	job        int
	transcript Transcript
	err        error
	more       bool // a second pass follows
}

// submitCurrent starts the decode that the pause asked for, if it has not begun.
func (h *hearing) submitCurrent() {
	t := h.turn
	if !t.current.wanted || t.current.submitted || t.current.done {
		return
	}
	h.submit(&t.current, t.samples, true)
}

// submit starts a decode of p's samples, unless too many are under way.
func (h *hearing) submit(p *piece, samples []int16, urgent bool) {
	if h.running >= maxRunning {
		return
	}
	h.running++
	h.jobs++
	p.submitted, p.job = true, h.jobs
	language, vocabulary := *h.language.Load(), *h.vocabulary.Load()
	var also []string
	if h.cfg.Languages != nil {
		if all := h.cfg.Languages(); len(all) > 0 {
			language, also = all[0], all[1:]
		}
	}
	s := Segment{
		Call: h.cfg.Call, Rate: h.rate, Samples: samples[:len(samples):len(samples)], Language: language, Also: also,
		Hotwords: vocabulary, Urgent: urgent,
	}
	if h.cfg.Expect != nil {
		s.Prompt = h.cfg.Expect()
	}
	if h.cfg.Suggest == nil && s.Prompt == "" {
		// Where a second pass follows, this adds nothing (8.7 % against 8.3 %), and
		// a prompted engine finds the business's terms in noise too.
		s.Prompt = VocabularyPrompt(vocabulary, language)
	}
	second := urgent && len(h.turn.pieces) == 0 && h.length(len(samples)) < softCut
	job := h.jobs
	p.cancel = h.spawn(func(ctx context.Context) { h.decode(ctx, job, s, second) })
}

// decode runs in a goroutine of its own; it sends one outcome without "more" and
// perhaps one with it before.
func (h *hearing) decode(ctx context.Context, job int, s Segment, second bool) {
	last := outcome{job: job}
	defer func() {
		if r := recover(); r != nil {
			h.cfg.Log.Error("decoder panicked", "call", s.Call, "panic", r, "stack", string(debug.Stack()))
			last.err = fmt.Errorf("decoder panicked: %v", r)
		}
		h.results <- last // has room for every outcome
	}()
	first, err := h.cfg.Decoder.Decode(ctx, s)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		last.err = err
		return
	}
	if echoes(first.Text, s.Prompt) {
		// It was not heard well enough to be anything but the prompt.
		s.Prompt = ""
		if first, err = h.cfg.Decoder.Decode(ctx, s); err != nil {
			last.err = err
			return
		}
	}
	last.transcript = first
	if !second || h.cfg.Suggest == nil || first.Text == "" || first.Confidence >= secondBelow || first.Confidence <= secondAbove {
		return
	}
	h.results <- outcome{job: job, transcript: first, more: true}
	if slices.Contains(s.Also, first.Language) { // it is settled, and what is suggested is of it
		s.Language = first.Language
	}
	s.Also = nil
	s.Prompt = joinPrompt(h.cfg.Suggest(first.Text, secondSuggestions), s.Language)
	if s.Prompt == "" {
		return
	}
	prompted, err := h.cfg.Decoder.Decode(ctx, s)
	if err != nil {
		return // the first pass stands
	}
	last.transcript = chooseReading(first, prompted)
}

// echoes says whether text is nothing but a piece of the prompt.
func echoes(text, prompt string) bool {
	const least = 5 // shorter pieces may have been said
	spoken := func(s string) string {
		return strings.Map(func(r rune) rune {
			if hasWords(string(r)) {
				return r
			}
			return -1
		}, s)
	}
	said := spoken(text)
	return prompt != "" && utf8.RuneCountInString(said) >= least && strings.Contains(spoken(prompt), said)
}

func joinPrompt(texts []string, language string) string {
	if language == "en" {
		return strings.Join(texts, " ")
	}
	return strings.Join(texts, "。")
}

// chooseReading takes the prompted reading unless it is clearly less likely, or of
// another length than what was said.
func chooseReading(first, prompted Transcript) Transcript {
	if prompted.Text == first.Text {
		prompted.Took += first.Took
		prompted.Confidence = max(prompted.Confidence, first.Confidence)
		return prompted
	}
	text, looped := CutLoop(prompted.Text)
	l1, l2 := contentLength(first.Text), contentLength(text)
	if looped || !hasWords(text) || prompted.LogProb < first.LogProb-secondLoss || l2*2 < l1 || l1*2 < l2 {
		first.Alternatives = append(first.Alternatives, prompted.Text)
		return first
	}
	prompted.Took += first.Took
	prompted.Alternatives = append(prompted.Alternatives, first.Text)
	return prompted
}

// contentLength counts what is spoken: characters and letters.
func contentLength(s string) int {
	n := 0
	for _, r := range s {
		if hasWords(string(r)) {
			n++
		}
	}
	return n
}
