package call

import (
	"context"

	"hotline/dialog"
)

// ReasonRollout is why a caller was brought to a person who did not meet the bot.
const ReasonRollout = "rollout"

// Straight brings some callers of a line to people without asking them anything. They
// hear what must be heard, no more; when nobody can be reached, the bot is there for
// them as for others.
type Straight struct {
	// Bot tells whether a caller meets the bot.
	Bot   func(f dialog.Facts) bool
	Skill func() string // of the people whom the others are brought to
}

// takes tells whether the caller goes straight to people.
func (s *Straight) takes(f dialog.Facts) bool {
	return s != nil && f.Direction == "inbound" && !s.Bot(f)
}

// open is the bot's opening without its question, and with a transfer behind it.
func (s *Straight) open(ctx context.Context, bot dialog.Conversation, in dialog.Turn, do func(dialog.Act) error) error {
	err := bot.Reply(ctx, in, func(a dialog.Act) error {
		if say, ok := a.(dialog.Say); ok && !say.MustHear {
			return nil
		}
		return do(a)
	})
	if err != nil {
		return err
	}
	return do(dialog.Transfer{Skill: s.Skill(), Reason: ReasonRollout})
}
