package engine

import (
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/command"
)

// waiting answers a caller who waits in the queue for a person, where what he does is
// about the waiting; false where it is a question like any other. He waits on by a
// Transfer.
func (p *plan) waiting(t dialog.Turn) bool {
	if p.st.pending != nothing || p.st.flow.Running() {
		return false
	}
	var kind command.Kind
	switch t.Kind {
	case dialog.Spoke:
		kind = p.c.e.command.Recognize(t.Text).Kind
	case dialog.Pressed:
		switch strings.TrimRight(t.Keys, "#") {
		case "2":
			kind = command.Callback
		case "3":
			kind = command.Message
		default: // the menu is for those whom the bot has asked
			kind = command.Hold
		}
	case dialog.Unheard:
		kind = command.Hold
	default:
		return false
	}
	switch kind {
	case command.Callback:
		p.intent("callback", "command")
		p.callback()
	case command.Message:
		p.intent("message", "command")
		p.message()
	case command.Hold, command.Wait, command.Person, command.GoOn, command.Yes, command.Thanks:
		p.intent("wait", "command")
		if t.Kind == dialog.Spoke {
			p.say(KeyWaitOn)
		}
		p.waitOn()
	case command.Backchannel, command.Greeting:
		p.intent("wait", "command")
		p.waitOn()
	default:
		return false
	}
	return true
}

// waitOn lets the caller wait on, at his place.
func (p *plan) waitOn() { p.act(dialog.Transfer{Skill: p.skill(), Reason: "waiting"}) }

// tasked begins what an agent wants done with the caller.
func (p *plan) tasked(t dialog.Turn) {
	st := &p.st
	st.unheard, st.unknown, st.silent, st.ended = 0, 0, 0, false
	if set := p.c.flows(); set != nil && st.flow.Running() {
		st.flow = set.Leave(st.flow)
	}
	st.ask(nothing)
	st.tasked = true
	p.intent(t.Task, "flow")
	if !p.begin(t.Task, dialog.Turn{Kind: dialog.Pressed, Confidence: 1, At: t.At}) {
		p.act(dialog.Transfer{Skill: p.skill(), Reason: "no_task"})
	}
}

// taskOver notes that what an agent wanted done is done, or was left.
func (p *plan) taskOver() {
	st := &p.st
	if !st.tasked || p.await != nil {
		return
	}
	away := slices.ContainsFunc(p.acts, func(a dialog.Act) bool {
		switch a.(type) {
		case dialog.Transfer, dialog.Hangup, dialog.Message:
			return true
		}
		return false
	})
	if away || !st.flow.Running() {
		st.tasked, p.note.TaskOver = false, true
	}
}
