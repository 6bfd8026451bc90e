package call

import (
	"context"
	"time"

	"hotline/asr"
	"hotline/dialog"
)

// key takes one key of the caller's telephone.
func (t *talk) key(ctx context.Context, digit byte) {
	t.markNow(KindDTMF, map[string]any{"digit": string(digit)})
	if t.unsure() { // a machine's tones
		return
	}
	t.silence.Stop()
	if t.unasked(ctx, dialog.Turn{Kind: dialog.Pressed, Keys: string(digit), Confidence: 1, At: time.Now()}) {
		return
	}
	switch {
	case t.engaged():
		if err := t.hand.sendKeys(ctx, string(digit)); err != nil && ctx.Err() == nil {
			t.call.Log.Warn("passing a key on to the agent", "call", t.call.ID, "error", err)
		}
	case t.message != nil && t.turn == nil:
		t.message.key(time.Now())
		t.messageTick(ctx)
	default:
		t.wake()
		if t.turn != nil && !t.floor.mustHear && !t.turn.system {
			t.cut()
		}
		if len(t.keys) < 32 {
			t.keys = append(t.keys, digit)
		}
		number := false
		if x, ok := t.bot.(dialog.Expecter); ok {
			number = x.TakesNumber()
		}
		if digit == '#' || len(t.keys) == 1 && (digit == '*' || digit == '0' && !number) {
			t.keyed(ctx)
			return
		}
		pause := keyPause
		if number && len(t.keys) > 1 {
			pause = numberPause
		}
		t.keyTimer.Reset(pause)
	}
}

// keyed answers what was keyed in.
func (t *talk) keyed(ctx context.Context) {
	t.keyTimer.Stop()
	keys := string(t.keys)
	t.keys = t.keys[:0]
	t.facts.Asked++
	t.after(ctx, dialog.Turn{Kind: dialog.Pressed, Keys: keys, Confidence: 1, At: time.Now()}, asr.Result{End: time.Since(t.began)})
}
