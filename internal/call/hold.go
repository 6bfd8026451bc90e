package call

import (
	"context"
	"errors"
	"time"

	"hotline/media/sdp"
)

// defaultMaxHold is how long the far end may keep us on hold.
const defaultMaxHold = 30 * time.Minute

// errHeldTooLong ends a call whose far end never took it off hold.
var errHeldTooLong = errors.New("the far end has kept the call on hold for too long")

// holdData is what the timeline says of a change of direction.
func holdData(d sdp.Direction, by string) map[string]any {
	state := "resume"
	if !d.Sends() {
		state = "hold"
	}
	return map[string]any{"state": state, "direction": d.String(), "by": by}
}

// holding is whether the far end has put us on hold, or only does not speak. The
// session plays nothing then and keeps what is to be said; converse lets its clocks
// rest, so that neither music nor silence is taken for a caller's.
type holding struct {
	direction sdp.Direction
	over      *time.Timer   // the longest hold
	left      time.Duration // of the call's own limit, which rests meanwhile
	since     time.Time
	spent     time.Duration // on holds that are over
}

// held tells whether the far end does not hear us.
func (h *holding) held() bool { return !h.direction.Sends() }

// total is how long the call was on hold so far.
func (h *holding) total(now time.Time) time.Duration {
	if h.held() {
		return h.spent + now.Sub(h.since)
	}
	return h.spent
}

// quiet tells whether the far end's silence means nothing.
func (h *holding) quiet() bool { return h.direction != sdp.SendRecv }

// showHold has the record show whether one side keeps the other on hold.
func (t *talk) showHold() {
	held := t.hold.held() || t.agentHolds
	if held == t.record.Held {
		return
	}
	t.record.Held = held
	t.call.room.held.Store(held)
	t.scribe.update(t.record)
}

// turned takes a new direction of the far end's.
func (t *talk) turned(ctx context.Context, d sdp.Direction) {
	was := t.hold
	t.hold.direction = d
	if was.held() != t.hold.held() || was.direction != d {
		t.markNow(KindHold, holdData(d, "caller"))
	}
	t.ear.shut.Store(t.hold.held())
	t.showHold()
	switch {
	case t.hold.held() && !was.held():
		longest := t.call.Line.MaxHold
		if longest == 0 {
			longest = defaultMaxHold
		}
		t.hold.over.Reset(longest)
		t.hold.since, t.hold.left = time.Now(), max(0, time.Until(t.limitAt))
		t.limit.Stop()
	case !t.hold.held() && was.held():
		t.hold.over.Stop()
		t.hold.spent += time.Since(t.hold.since)
		t.limitAt = time.Now().Add(t.hold.left)
		t.limit.Reset(t.hold.left)
	}
	if t.hold.quiet() {
		t.silence.Stop()
		t.hearing.Stop()
		return
	}
	if t.pending != nil && t.turn == nil {
		t.reply(ctx, *t.pending, t.pendFrom)
		return
	}
	t.rearm()
}
