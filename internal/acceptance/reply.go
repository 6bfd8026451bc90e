package acceptance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hotline/dialog"
)

// The kinds of things that a bot does with a question.
const (
	Answered = "answer"   // a pair's answer
	Began    = "flow"     // a task
	Person   = "person"   // hands over
	Which    = "which"    // asks which of two was meant
	Confirm  = "confirm"  // asks whether that was meant
	Rephrase = "rephrase" // asks to put it differently
	Ways     = "ways"     // says that it does not know, and offers what it can do instead
	Unheard  = "unheard"  // did not understand the sound
	Other    = "other"    // a fixed reply: see Intent
)

// Reply is what the bot did with one turn.
type Reply struct {
	Heard      string             `json:"heard"` // what came in
	HeardScore float64            `json:"heard_confidence,omitempty"`
	Does       string             `json:"does"`
	ID         string             `json:"id,omitempty"` // the pair's, the task's, or all that it asks about with | between
	Intent     string             `json:"intent,omitempty"`
	Confidence float64            `json:"confidence"`
	Said       string             `json:"said"`
	Candidates []dialog.Candidate `json:"candidates,omitempty"`
}

// Key is what verdicts go by: two replies of one key are equally right.
func (r Reply) Key() string {
	switch r.Does {
	case Answered, Began:
		return r.Does + ":" + r.ID
	case Other:
		return r.Does + ":" + r.Intent
	}
	return r.Does
}

// Candidate is the key of the likeliest answer, given or not, and how likely it is.
func (r Reply) Candidate() (key string, confidence float64) {
	switch {
	case r.Does != Which && r.Does != Confirm && r.Does != Rephrase && r.Does != Ways && r.Does != Unheard:
		return r.Key(), r.Confidence
	case len(r.Candidates) > 0:
		return KeyOf(r.Candidates[0].ID), r.Candidates[0].Score
	}
	return "", 0
}

// KeyOf is the key of a reply that follows a candidate: a pair, or a task.
func KeyOf(candidate string) string {
	if task, ok := strings.CutPrefix(candidate, "flow-"); ok {
		return Began + ":" + task
	}
	return Answered + ":" + candidate
}

// Direct says whether the turn was answered or led on, rather than asked back.
func (r Reply) Direct() bool {
	return r.Does == Answered || r.Does == Began || r.Does == Person || r.Does == Other
}

// Conversation is one call's dialogue.
type Conversation struct {
	dialog.Conversation
	last string
}

// Begin opens a conversation, as a call does: the greeting is behind it.
func Begin(ctx context.Context, e dialog.Engine, f dialog.Facts) (*Conversation, error) {
	conv, err := e.Begin(ctx, f)
	if err != nil {
		return nil, err
	}
	c := &Conversation{Conversation: conv}
	_, err = c.Take(ctx, dialog.Turn{Kind: dialog.Opened, Confidence: 1, At: f.Now})
	return c, err
}

// Last is what the bot said last.
func (c *Conversation) Last() string { return c.last }

// Take gives the caller's turn to the bot.
func (c *Conversation) Take(ctx context.Context, t dialog.Turn) (Reply, error) {
	r := Reply{Heard: t.Text, HeardScore: t.Confidence}
	var said []string
	var note dialog.Note
	person := false
	err := c.Reply(ctx, t, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Say:
			said = append(said, a.Text)
		case dialog.Note:
			note = a
		case dialog.Transfer:
			person = true
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("replying to %q: %w", t.Text, err)
	}
	r.Said = strings.Join(said, " ")
	c.last = r.Said
	r.describe(note, person)
	return r, nil
}

// Recorded is the reply that a call's record shows.
func Recorded(heard, intent, source, id, said string, confidence float64, candidates []dialog.Candidate, flow string, person bool) Reply {
	r := Reply{Heard: heard, Said: said}
	r.describe(dialog.Note{
		Intent: intent, Source: source, KnowledgeID: id, Confidence: confidence, Candidates: candidates, Flow: flow,
	}, person)
	return r
}

func (r *Reply) describe(n dialog.Note, person bool) {
	r.Confidence, r.Candidates, r.Intent = n.Confidence, n.Candidates, n.Intent
	ids := func(most int) string {
		if len(n.Asked) > 0 {
			return strings.Join(n.Asked, "|")
		}
		var out []string
		for _, c := range n.Candidates[:min(most, len(n.Candidates))] {
			out = append(out, c.ID)
		}
		return strings.Join(out, "|")
	}
	switch {
	case n.Intent == Which:
		r.Does, r.ID = Which, ids(2)
	case n.Intent == Confirm:
		r.Does, r.ID = Confirm, ids(1)
	case n.Flow != "":
		r.Does, r.ID = Began, n.Flow
	case n.KnowledgeID != "":
		r.Does, r.ID = Answered, n.KnowledgeID
	case person:
		r.Does = Person
	case n.Intent == "unheard":
		r.Does = Unheard
	case n.Intent == "unknown":
		r.Does = Rephrase
	default:
		r.Does = Other
	}
}

// Office is a time at which people are there: eleven o'clock on a Wednesday.
func Office(l *time.Location) time.Time { return time.Date(2026, time.November, 18, 11, 0, 0, 0, l) }
