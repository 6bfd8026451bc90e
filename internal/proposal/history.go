package proposal

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"hotline/dialog/grow"
	"hotline/internal/call"
	"hotline/internal/store"
)

// MostTurns is how many turns of a history are looked at.
const MostTurns = 50_000

// Calls is where calls are kept.
type Calls interface {
	Calls(ctx context.Context, f store.Filter) (store.Page[call.Record], error)
	Turns(ctx context.Context, id string) ([]call.TurnRecord, error)
}

// History is what callers of a line said, newest calls first, with what it was answered
// by. most bounds the turns; 0 is MostTurns.
func History(ctx context.Context, calls Calls, line string, most int) (out []grow.Conversation, err error) {
	most = cmp.Or(most, MostTurns)
	over := false
	filter := store.Filter{Live: &over, Line: line, Limit: 500}
	for turns := 0; turns < most; {
		page, err := calls.Calls(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("reading the calls: %w", err)
		}
		for _, r := range page.Items {
			list, err := calls.Turns(ctx, r.ID)
			if err != nil {
				return nil, fmt.Errorf("reading the calls: %w", err)
			}
			talk := conversation(list)
			if turns += len(talk); len(talk) > 0 {
				out = append(out, talk)
			}
			if turns >= most {
				break
			}
		}
		if filter.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	return out, nil
}

// asksBack are the replies that show that a turn was not understood.
var asksBack = []string{"which", "confirm", "unknown", "unheard"}

// conversation is a call as its caller's questions with the pair that the bot answered
// each by. A turn that it had to ask back about has none: a later one tells. What was
// said to the bot itself, or into a task, asks nothing; an answer that the caller takes
// back was not the right one.
func conversation(list []call.TurnRecord) (talk grow.Conversation) {
	task, said := false, false // the bot's last reply was a task's; the caller has spoken since
	for i, t := range list {
		switch t.Speaker {
		case "caller":
			talk, said = append(talk, grow.Turn{Text: t.Text}), true
		case "bot":
			in := task
			task = t.Source == "flow"
			if len(talk) == 0 || !said {
				continue
			}
			said = false
			last := &talk[len(talk)-1]
			switch {
			case slices.Contains(asksBack, t.Intent) || t.Source == "fallback" && t.KnowledgeID == "":
				last.Asked, last.Pair = true, ""
			case t.Source == "command" || t.Source == "flow" && in && t.KnowledgeID == "":
				talk = talk[:len(talk)-1]
				if takesBack(t, list[i+1:]) && len(talk) > 0 {
					before := &talk[len(talk)-1]
					before.Asked, before.Pair = true, ""
				}
			default:
				last.Pair = t.KnowledgeID
			}
		}
	}
	return talk
}

// takesBack says whether the bot took what the caller said for a correction of its
// answer. A no before the end means "no more".
func takesBack(t call.TurnRecord, next []call.TurnRecord) bool {
	switch t.Intent {
	case "correction", "neither":
		return true
	case "no":
		return slices.ContainsFunc(next, func(n call.TurnRecord) bool { return n.Speaker == "bot" && n.KnowledgeID != "" })
	}
	return false
}
