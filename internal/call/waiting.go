package call

import (
	"cmp"
	"context"
	"time"

	"hotline/asr"
	"hotline/dialog"
)

// lounge is what converse knows of a caller who waits in the queue: he hears music, or
// talks with the bot, which answers him while his place is kept.
type lounge struct {
	place   Place
	withBot bool
}

// backToMusic is how long a caller who talked with the bot may be silent until the music
// goes on.
const backToMusic = 4 * time.Second

// demand is what the call has learnt of what the caller wants and how he feels, for the
// rules of the queue.
type demand struct {
	kind string
	mood string
	risk float64 // the highest
}

func (d *demand) note(n dialog.Note) {
	switch {
	case n.Flow != "":
		d.kind = n.Flow
	case n.KnowledgeID != "":
		d.kind = n.KnowledgeID
	case n.Intent != "" && n.Source != "command" && n.Source != "fallback":
		d.kind = n.Intent
	}
	if n.Emotion != "" {
		d.mood = n.Emotion
	}
	d.risk = max(d.risk, n.ComplaintRisk)
}

// asked tells whether the caller himself wants a person.
func asked(reason string) bool { return reason == "asked" || reason == "key" }

// waiting is the caller as the queue is told of him.
func (t *talk) waiting(a dialog.Transfer) Waiting {
	return Waiting{
		Call: t.call.ID, Line: t.call.Line.Name, Language: cmp.Or(a.Language, t.call.Line.Language), Number: t.call.Party.number(), Skill: a.Skill,
		Kind: t.demand.kind, Asked: asked(a.Reason), Urgent: a.Urgent, Mood: t.demand.mood, Risk: t.demand.risk,
	}
}

// engaged tells whether the caller's words are not for the bot: he is being put through
// or talks to somebody.
func (t *talk) engaged() bool { return t.hand != nil && t.lounge == nil && t.errand == nil }

// resting tells whether he waits with music.
func (t *talk) resting() bool { return t.lounge != nil && !t.lounge.withBot }

// queued lets the caller hear that he waits.
func (t *talk) queued(ctx context.Context, p Place) {
	if t.team != nil { // he does not wait
		return
	}
	t.lounge = &lounge{place: p}
	t.markNow(KindQueue, map[string]any{"state": "waiting", "skill": t.hand.act.Skill})
	t.hand.wait.music(ctx, p.Announcement)
}

// turned stops what the bot says to a caller who waits: an agent is there.
func (t *talk) turnCame(ready chan struct{}) {
	if t.lounge != nil {
		if t.turn != nil {
			t.cut()
		}
		t.pending, t.interrupt = nil, nil
		t.silence.Stop()
		t.keyTimer.Stop()
		t.keys = t.keys[:0]
		t.lounge = nil
	}
	close(ready)
}

// wake lets a caller who waits talk with the bot; his place is kept.
func (t *talk) wake() {
	if t.resting() {
		t.hand.wait.quiet()
		t.lounge.withBot = true
	}
}

// rest lets him hear the music again.
func (t *talk) rest(ctx context.Context) {
	if t.lounge != nil && t.lounge.withBot {
		t.lounge.withBot = false
		t.hand.wait.music(ctx, t.lounge.place.Announcement)
	}
}

// overheard takes what is heard of a caller who waits with music: only words count.
func (t *talk) overheard(r asr.Result) (answer bool) {
	if r.Kind != asr.Final || r.Text == "" {
		return false
	}
	t.wake()
	return true
}

// leaveQueue takes the caller out of it, since he has chosen something else.
func (t *talk) leaveQueue() {
	t.endHand(errLeftQueue)
	t.markNow(KindQueue, map[string]any{"state": "left"})
}

// endHand ends the hand-over, and waits for it.
func (t *talk) endHand(why error) {
	h := t.hand
	h.cancel(why)
	for done := false; !done; { // it may be telling us something
		select {
		case n := <-t.news:
			if n.ready != nil {
				close(n.ready)
			}
		case <-h.done:
			done = true
		}
	}
	t.hand, t.lounge = nil, nil
}

// answered goes on behind a reply to a caller who waits; false where he has left the
// queue by what it did.
func (t *talk) answeredWaiting(ctx context.Context, done *turn) (waits bool) {
	for _, a := range done.wishes {
		if _, ok := a.(dialog.Callback); ok {
			t.leaveQueue()
			return false
		}
	}
	for _, a := range done.after {
		switch a.(type) {
		case dialog.Message:
			t.leaveQueue()
			return false
		case dialog.Transfer: // he wants to wait on
			t.rest(ctx)
			return true
		}
	}
	return true
}
