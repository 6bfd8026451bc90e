package call

import (
	"context"
	"time"

	"hotline/dialog"
)

// handOver begins to look for a person.
func (t *talk) handOver(ctx context.Context, a dialog.Transfer) {
	t.record.TransferReason = a.Reason
	t.record.Summary = a.Summary
	t.markNow(KindTransfer, map[string]any{"skill": a.Skill, "reason": a.Reason})
	t.scribe.update(t.record)
	t.hand = t.newHandover(a)
	t.hand.start(ctx)
}

func (t *talk) newHandover(a dialog.Transfer) *handover {
	line, wants := *t.line(), t.waiting(a)
	return &handover{
		act: a, wants: wants, wait: &waitRoom{session: t.session, line: *t.call.Line.in(wants.Language), call: t.call.ID, log: t.call.Log}, call: t.call.ID, caller: t.session, line: line, desk: t.call.Desk, dialer: t.call.Dialer, room: t.call.room,
		audio: t.call.Audio, from: t.call.Party.number(), log: t.call.Log, report: t.news,
		reached: t.meeting.reached, seat: t.call.seats,
	}
}

func (t *talk) handoverNews(ctx context.Context, n handoverNews) {
	switch n.kind {
	case "queued":
		t.queued(ctx, n.place)
	case "turn":
		t.turnCame(n.ready)
	case "to_bot":
		t.toBot(ctx, n.detail, n.errand)
	case "bridged":
		t.facts.Bridged = true
		if t.team != nil {
			t.team.connected = true
			t.team.tell(StageConnected)
		}
		if name := n.person.agent(); name != "" {
			t.record.Agent = name
		}
		t.markNow(KindBridge, map[string]any{"agent": n.person.Name, "codec": n.detail})
		t.agentHolds = false
		t.record.Held = t.hold.held()
		t.call.room.held.Store(t.record.Held)
		t.scribe.update(t.record)
	case "agent_said":
		t.turns++
		t.scribe.turn(TurnRecord{
			Index: t.turns, Speaker: "agent", Text: n.said.Text, StartMS: t.ms(time.Now()) - (n.said.End - n.said.Start).Milliseconds(),
			EndMS: t.ms(time.Now()), Confidence: n.said.Confidence,
		})
	case "agent_hold":
		t.markNow(KindHold, holdData(n.direction, "agent"))
		t.agentHolds = !n.direction.Sends()
		t.showHold()
	case "ringing", "asking":
		t.markNow(KindTransfer, map[string]any{"state": n.kind, "agent": n.person.Name, "detail": n.detail})
		t.scribe.show(t.record)
	default:
		t.markNow(KindTransfer, map[string]any{"state": n.kind, "agent": n.person.Name, "detail": n.detail})
	}
}

// handedOver takes the caller back from a hand-over.
func (t *talk) handedOver(ctx context.Context) {
	h := t.hand
	t.hand = nil
	if t.errand != nil { // the agent did not wait for him
		t.errand = nil
		t.cut()
	}
	if t.lounge != nil { // he has waited too long, perhaps while he talked with the bot
		t.lounge = nil
		t.cut()
	}
	t.record.AgentMedia = append(t.record.AgentMedia, h.sounds...)
	t.agentHolds = false
	t.showHold()
	if ctx.Err() != nil {
		t.facts.WaitingForAgent = !t.facts.Bridged
		return
	}
	if h.err != nil {
		t.call.Log.Error("handing over", "call", t.call.ID, "error", h.err)
		t.markNow(KindError, map[string]any{"error": h.err.Error()})
	}
	if t.team != nil {
		t.teamDone(ctx)
		return
	}
	t.reply(ctx, dialog.Turn{Kind: dialog.Returned, Result: h.result, At: time.Now()}, 0)
}
