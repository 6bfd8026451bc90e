package call

import (
	"context"
	"errors"

	"hotline/dialog"
)

// errand is what the bot does with a caller for an agent.
type errand struct {
	flow  string
	slots map[string]string
	back  chan<- errandResult
}

// toBot begins it.
func (t *talk) toBot(ctx context.Context, flow string, back chan<- errandResult) {
	t.errand = &errand{flow: flow, back: back}
	t.markNow(KindTransfer, map[string]any{"state": "to_bot", "flow": flow})
	t.reply(ctx, dialog.Turn{Kind: dialog.Tasked, Task: flow}, 0)
}

// errandTurn takes a turn of it; over is whether the caller goes back to the agent.
func (t *talk) errandTurn(done *turn) (over bool) {
	if len(done.note.Slots) > 0 {
		t.errand.slots = done.note.Slots
	}
	for _, a := range done.after {
		switch a.(type) {
		case dialog.Transfer, dialog.Hangup, dialog.Message:
			return t.fromBot(false)
		}
	}
	var crash *PanicError
	if done.noted && done.note.TaskOver || done.err != nil && !errors.Is(done.err, errBargedIn) && !errors.As(done.err, &crash) {
		return t.fromBot(done.err == nil)
	}
	return false
}

// fromBot returns the caller to the agent.
func (t *talk) fromBot(done bool) bool {
	e := t.errand
	t.errand = nil
	t.pending, t.interrupt = nil, nil
	t.silence.Stop()
	t.keyTimer.Stop()
	t.keys = t.keys[:0]
	t.markNow(KindTransfer, map[string]any{"state": "from_bot", "flow": e.flow, "done": done, "slots": e.slots})
	e.back <- errandResult{done: done, slots: e.slots} // its only value
	return true
}
