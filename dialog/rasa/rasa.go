package rasa

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"hotline/dialog/backend"
)

// Config is a Rasa server.
type Config struct {
	URL string // http://rasa.example:5005
	// Token is sent as a bearer token; nil is none.
	Token func() (string, error)
	HTTP  *http.Client
}

// Brain implements backend.Brain.
type Brain struct {
	address string
	poster  *backend.Poster
}

var _ backend.Brain = (*Brain)(nil)

// New checks c.
func New(c Config) (*Brain, error) {
	base, err := backend.Address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("rasa: %w", err)
	}
	return &Brain{address: base + "/webhooks/rest/webhook", poster: backend.NewPoster("rasa", c.HTTP, c.Token)}, nil
}

type message struct {
	Sender   string         `json:"sender"`
	Message  string         `json:"message"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// answer is one of the bot's messages. Buttons and custom payloads that do not look
// as documented are of a project's own; they are passed over and the text is said.
type answer struct {
	Text    string          `json:"text"`
	Buttons json.RawMessage `json:"buttons"`
	Custom  json.RawMessage `json:"custom"`
}

// Ask implements backend.Brain.
func (b *Brain) Ask(ctx context.Context, t backend.Turn) (backend.Reply, error) {
	text := t.Text
	switch {
	case t.Welcome:
		text = "/greet"
	case t.Payload != "":
		text = t.Payload
	case t.Keys != "":
		text = t.Keys
	}
	in := message{Sender: t.Session, Message: text, Metadata: map[string]any{
		"channel": "telephone", "caller": t.Caller, "line": t.Line, "language": t.Language, "interrupted": t.Interrupted, "emotion": t.Emotion,
	}}
	var out []answer
	if err := b.poster.Post(ctx, b.address, in, &out); err != nil {
		return backend.Reply{}, fmt.Errorf("asking Rasa: %w", err)
	}
	var r backend.Reply
	for _, a := range out {
		if a.Text != "" {
			r.Say = append(r.Say, a.Text)
		}
		var buttons []struct {
			Title   string `json:"title"`
			Payload string `json:"payload"`
		}
		if len(a.Buttons) > 0 && json.Unmarshal(a.Buttons, &buttons) == nil {
			for _, button := range buttons {
				r.Choices = append(r.Choices, backend.Choice{Title: button.Title, Payload: button.Payload})
			}
		}
		r.Wish(a.Custom)
	}
	return r, nil
}
