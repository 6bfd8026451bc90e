package call

import (
	"context"

	"hotline/dialog"
)

// ReasonRollout is why a caller was brought to a person who did not meet the bot.
const ReasonRollout = "rollout"

// Straight is an engine that brings some callers to people without asking them
// anything. They hear what must be heard, no more; when nobody can be reached, the bot
// is there for them as for others.
type Straight struct {
	dialog.Engine

	// Bot tells whether a caller meets the bot.
	Bot   func(f dialog.Facts) bool
	Skill string // whom the others are brought to
}

// Begin implements dialog.Engine.
func (s Straight) Begin(ctx context.Context, f dialog.Facts) (dialog.Conversation, error) {
	c, err := s.Engine.Begin(ctx, f)
	if err != nil || f.Direction != "inbound" || s.Bot(f) {
		return c, err
	}
	through := &straight{Conversation: c, skill: s.Skill}
	listener, listens := c.(dialog.Listener)
	assenter, assents := c.(dialog.Assenter)
	if !listens || !assents {
		return through, nil
	}
	return &struct { // it goes on knowing how to listen
		*straight
		dialog.Listener
		dialog.Assenter
	}{through, listener, assenter}, nil
}

type straight struct {
	dialog.Conversation

	skill string
}

// Reply implements dialog.Conversation: the opening loses its question and ends in a
// transfer.
func (s *straight) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	if t.Kind != dialog.Opened {
		return s.Conversation.Reply(ctx, t, do)
	}
	err := s.Conversation.Reply(ctx, t, func(a dialog.Act) error {
		if say, ok := a.(dialog.Say); ok && !say.MustHear {
			return nil
		}
		return do(a)
	})
	if err != nil {
		return err
	}
	return do(dialog.Transfer{Skill: s.skill, Reason: ReasonRollout})
}
