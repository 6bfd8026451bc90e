package backend

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/moderation"
)

// Turn is what the brain is told.
type Turn struct {
	Session string // the same for all turns of a call, and of no other
	// Text is what the caller said; Payload what a choice of the brain's own stands
	// for, in place of it; Keys what was pressed. Welcome asks for a greeting.
	Text, Payload, Keys string
	Welcome             bool
	Caller, Line        string
	Language            string // "zh", "en"
	Interrupted         bool   // the caller spoke over the last reply
}

// Choice is something that the brain offers.
type Choice struct {
	Title   string // as spoken
	Payload string // what the brain wants to hear where it is chosen; "" is the title
}

// Reply is the brain's.
type Reply struct {
	Say     []string
	Choices []Choice
	// Transfer wants a person, with Skill where it is known to the business.
	Transfer bool
	Skill    string
	Hangup   bool
	// Unknown: the brain says that it did not understand. Done: that it did what the
	// caller wanted.
	Unknown, Done bool
	Intent        string
	Confidence    float64
	Slots         map[string]string
}

// A Brain answers. Ask returns when ctx ends.
type Brain interface {
	Ask(ctx context.Context, t Turn) (Reply, error)
}

// Words are what the engine says by itself.
type Words struct {
	Wait string // after Comfort
	Lost string // before the person who takes over where the brain is lost
	Safe string // in place of what must not be said
}

// Config is a line. Own and Brain are needed.
type Config struct {
	Name     string // of the brain's kind: "rasa"; the source of its answers in records
	Language string
	Own      dialog.Engine // the line's own
	Brain    Brain
	Words    Words
	// Moderation checks what the brain wants to say, and what callers say before the
	// brain gets it; nil is none.
	Moderation *moderation.Matcher
	Skills     []string // those that the brain may name
	// Welcome has the brain greet, behind what must be heard.
	Welcome bool
	// Comfort is after how long the caller is told that it takes longer; 4 s. Timeout is
	// when a person takes over; 10 s.
	Comfort, Timeout time.Duration
	Log              *slog.Logger
}

// Engine starts conversations with a brain.
type Engine struct {
	c       Config
	command *command.Recognizer
}

// New checks c and returns its engine.
func New(c Config) (*Engine, error) {
	if c.Own == nil || c.Brain == nil {
		return nil, errors.New("dialogue back-end: the line's own engine and the brain are needed")
	}
	if c.Comfort <= 0 {
		c.Comfort = 4 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{c: c, command: command.New(c.Language)}, nil
}

// Begin implements dialog.Engine. The conversation is a dialog.Listener and a
// dialog.Assenter.
func (e *Engine) Begin(ctx context.Context, facts dialog.Facts) (dialog.Conversation, error) {
	own, err := e.c.Own.Begin(ctx, facts)
	if err != nil {
		return nil, err
	}
	return &conversation{e: e, facts: facts, own: own}, nil
}
