// Package voicemail writes down what callers say in messages that they leave: each is
// recognised from its recording when its call is over, one after another and only while
// calls leave the recogniser time, and words that make it urgent are marked.
package voicemail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"hotline/asr"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/media"
)

// Store keeps the messages.
type Store interface {
	PendingMessages(ctx context.Context, now time.Time, n int) ([]call.Wish, error)
	Call(ctx context.Context, id string) (call.Record, error)
	KeepTranscript(ctx context.Context, id string, t call.Transcript) error
	TranscriptFailed(ctx context.Context, id string, again time.Time) error
	TranscriptTries(ctx context.Context, id string) (int, error)
}

// Config sets a Writer up. Store, Open and Hear are needed.
type Config struct {
	Store Store
	// Open opens a recording by its name in the record.
	Open func(name string) (Recording, error)
	// Hear makes the recogniser of a message.
	Hear func(line, language string) asr.Recognizer
	// Idle tells whether calls leave the recogniser time; nil is always.
	Idle func() bool
	// Words are what else makes a message urgent on a line; nil is none.
	Words func(line string) []string
	// Paced reads recordings no faster than they were spoken, for recognisers that
	// take a line's pace only.
	Paced bool
	Bus   *event.Bus
	Log   *slog.Logger     // default discards
	Now   func() time.Time // default time.Now
	Every time.Duration    // how often it looks; default 15 s
}

const (
	defaultEvery = 15 * time.Second
	// soon is how long after a call its recording is complete.
	soon = 2 * time.Second
	// batch is how many messages are read from the store at once.
	batch = 10
	// patience is how long a message waits for an idle recogniser.
	patience = 10 * time.Minute
	// limit bounds the recognition of one message, which lasts 10 min at most.
	limit = 15 * time.Minute
	// tries is how often a message is tried, and pause how long it rests after the
	// first time; it doubles.
	tries = 6
	pause = 30 * time.Second
)

// Writer writes messages down.
type Writer struct{ cfg Config }

// New returns a Writer; it starts nothing.
func New(c Config) *Writer {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Bus == nil {
		c.Bus = &event.Bus{}
	}
	if c.Every <= 0 {
		c.Every = defaultEvery
	}
	return &Writer{c}
}

// Run writes messages down until ctx ends. What it does not come to is found by the
// next start.
func (w *Writer) Run(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	after := time.NewTimer(soon)
	defer after.Stop()
	over := w.cfg.Bus.Subscribe("call.ended")
	defer func() { over.Close() }()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-over.C():
			if !ok { // it fell behind; the tick finds all
				over = w.cfg.Bus.Subscribe("call.ended")
			}
			after.Reset(soon)
			continue
		case <-after.C:
		case <-tick.C:
		}
		err := w.Once(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			w.cfg.Log.ErrorContext(ctx, "messages cannot be written down; they can be listened to", "error", err)
		}
		failed = err != nil
	}
}

// Once writes down what is pending now, as long as calls leave time for it.
func (w *Writer) Once(ctx context.Context) error {
	for {
		now := w.cfg.Now()
		list, err := w.cfg.Store.PendingMessages(ctx, now, batch)
		if err != nil {
			return err
		}
		done := 0
		for _, m := range list {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the server ends; it is found by the next start
			}
			if w.cfg.Idle != nil && !w.cfg.Idle() && w.cfg.Now().Sub(m.CreatedAt) < patience {
				continue
			}
			if err := w.message(ctx, m); err != nil {
				return err
			}
			done++
		}
		if done == 0 || len(list) < batch {
			return nil
		}
	}
}

// errNoSound is of a message whose recording is gone.
var errNoSound = errors.New("the recording is no longer there")

// message writes one down. Its error is the store's.
func (w *Writer) message(ctx context.Context, m call.Wish) error {
	text, line, err := w.read(ctx, m)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // as in Once
	}
	if err == nil {
		if text == "" { // it was understood while it was spoken, or there are no words in it
			text = m.Summary
		}
		t := call.Transcript{Text: text, Urgent: Urgent(text, w.words(line))}
		if err := w.cfg.Store.KeepTranscript(ctx, m.ID, t); err != nil {
			return err
		}
		m.Transcript, m.TranscriptState, m.Urgent = &t, call.TranscriptDone, len(t.Urgent) > 0
		w.cfg.Bus.Publish(event.Event{Kind: "wish.changed", At: w.cfg.Now(), Call: m.Call, Data: m})
		return nil
	}
	n, e := w.cfg.Store.TranscriptTries(ctx, m.ID)
	if e != nil {
		return e
	}
	again := w.cfg.Now().Add(pause << n)
	if n+1 >= tries || errors.Is(err, errNoSound) || errors.Is(err, fs.ErrNotExist) {
		again = time.Time{}
		w.cfg.Log.WarnContext(ctx, "a message is not written down; it can be listened to", "call", m.Call, "error", err)
		m.TranscriptState = call.TranscriptFailed
		w.cfg.Bus.Publish(event.Event{Kind: "wish.changed", At: w.cfg.Now(), Call: m.Call, Data: m})
	}
	return w.cfg.Store.TranscriptFailed(ctx, m.ID, again)
}

func (w *Writer) words(line string) []string {
	if w.cfg.Words == nil {
		return nil
	}
	return w.cfg.Words(line)
}

// read recognises a message.
func (w *Writer) read(ctx context.Context, m call.Wish) (text, line string, err error) {
	r, err := w.cfg.Store.Call(ctx, m.Call)
	if err != nil {
		return "", "", err
	}
	if m.Recording == "" {
		return "", r.Line, errNoSound
	}
	name, from, to := Place(m.Recording)
	rec, err := w.cfg.Open(name)
	if err != nil {
		return "", r.Line, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	src, err := newSource(ctx, rec, from, to, w.cfg.Paced)
	if err != nil {
		return "", r.Line, errors.Join(err, rec.Close())
	}
	var texts []string
	var fault error
	err = w.cfg.Hear(r.Line, r.Language).Recognize(ctx, src, func(x asr.Result) {
		switch {
		case x.Kind == asr.Fault:
			fault = fmt.Errorf("recognising a message: %w", x.Err)
		case x.Kind == asr.Final && x.Text != "":
			texts = append(texts, x.Text)
		}
	})
	if err = errors.Join(err, fault, rec.Close()); err != nil {
		return "", r.Line, err
	}
	return joined(texts, r.Language), r.Line, nil
}

func joined(texts []string, language string) string {
	if language == "zh" {
		return strings.Join(texts, "")
	}
	return strings.Join(texts, " ")
}

var _ media.Reader = (*source)(nil)
