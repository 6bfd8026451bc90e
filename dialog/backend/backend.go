package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/moderation"
	"hotline/dialog/private"
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
	Emotion             string // how the caller feels: "calm", "angry" …; "" unknown
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
	Wait  string // after Comfort
	Lost  string // before the person who takes over where the brain is lost
	Menu  string // the line's keypad menu, offered once behind Lost; "" is none
	Safe  string // in place of what must not be said
	Sorry string // before the answer to an upset caller, with the offer of a person
	Offer string // the offer as a question, where there is no answer
	Ready string // behind a no to the offer
}

// Own is a conversation of the line's own engine, as a brain needs it behind itself;
// *engine.Conversation is one.
type Own interface {
	dialog.Conversation
	dialog.Listener
	dialog.Assenter
	// Waits says whether t is for this conversation rather than for the brain.
	Waits(t dialog.Turn) bool
	// Would is the Note of its own reply to t; it does and remembers nothing.
	Would(ctx context.Context, t dialog.Turn) dialog.Note
	// Feel is how the caller feels, what is to be done about it, and which time it is
	// that he is upset; 0 where he is not. It remembers nothing.
	Feel(t dialog.Turn) (note dialog.Note, acts []dialog.Act, upset int)
	// Answered tells it of a turn that the brain answered.
	Answered(t dialog.Turn, said string, resolved bool)
	// Spent says that the call has had as many turns as it may.
	Spent() bool
	// Bring hands the caller over to a person, or offers what there is without one.
	Bring(ctx context.Context, skill, reason string, quiet bool, do func(dialog.Act) error) error
}

// Config is a line. Own and Brain are needed.
type Config struct {
	Name     string // of the brain's kind: "rasa"; the source of its answers in records
	Language string
	// Own is the line's own engine, whose conversations are an Own each.
	Own   dialog.Engine
	Brain Brain
	Words Words
	// Moderation checks what the brain wants to say, and what callers say before the
	// brain gets it; nil is none.
	Moderation *moderation.Matcher
	Skills     []string // those that the brain may name
	// Send are the kinds of personal data that the brain gets as they were said; the
	// others are masked. A caller's own number is of the kind Phone.
	Send []private.Kind
	// Welcome has the brain greet, behind what must be heard.
	Welcome bool
	// Comfort is after how long the caller is told that it takes longer; 4 s. Timeout is
	// when the line goes on without the brain; 10 s.
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
	for _, k := range c.Send {
		if !slices.Contains(private.Kinds(), k) {
			return nil, fmt.Errorf("dialogue back-end: there is no kind of personal data %q", k)
		}
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
	begun, err := e.c.Own.Begin(ctx, facts)
	if err != nil {
		return nil, err
	}
	own, ok := begun.(Own)
	if !ok {
		return nil, errors.New("dialogue back-end: the line's own engine cannot stand behind another one")
	}
	return &conversation{e: e, facts: facts, own: own}, nil
}
