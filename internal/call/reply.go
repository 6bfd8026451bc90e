package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/media"
)

// after answers what the caller did, at once or when what must be heard is over.
func (t *talk) after(ctx context.Context, in dialog.Turn, r asr.Result) {
	t.last, t.lastEnd = r, r.End
	// A key is meant, and words beside it take nothing of it back.
	beside := in.Kind == dialog.Spoke && t.besideKey(r)
	if beside || t.hold.held() || t.turn != nil && (t.floor.mustHear || t.turn.system) {
		if !beside && (t.pending == nil || t.pending.Kind != dialog.Pressed || in.Kind == dialog.Pressed) {
			t.pending, t.pendFrom = &in, r.End
		}
		if !t.hold.held() {
			t.voice(resume) // the caller's voice has made it pause
		}
		return
	}
	t.reply(ctx, in, r.End)
}

// besideKey tells whether r was begun to be said before what is said now, which answers a
// key: over the disclosure it may have been heard late.
func (t *talk) besideKey(r asr.Result) bool {
	return t.turn.running() && t.turn.in.Kind == dialog.Pressed && t.began.Add(r.Start).Before(t.turn.began)
}

// reply starts the bot's answer to in, ending what it still says.
func (t *talk) reply(ctx context.Context, in dialog.Turn, end time.Duration) {
	t.silence.Stop()
	t.cut()
	in.Interrupted, t.interrupt = t.interrupt, nil
	in.Waiting = t.lounge != nil
	t.pending = nil
	began := time.Now()
	if in.Kind == dialog.Spoke {
		// The caller waits from his last word on, or from the end of what he had to
		// hear first.
		began = t.began.Add(max(end, t.spokeUntil))
	}
	t.floor.bot(true, false, time.Now())
	line, straight := t.call.Line, t.straight
	t.turn = t.speaker.startTurn(ctx, in, began, func(ctx context.Context, do func(dialog.Act) error) error {
		if in.Kind == dialog.Opened && straight {
			return line.Straight.open(ctx, t.bot, in, do)
		}
		return t.bot.Reply(ctx, in, do)
	})
	t.turn.held = t.hold.total(time.Now())
}

// say speaks a sentence of the system's own, which is not cut short.
func (t *talk) say(ctx context.Context, text string, then ...dialog.Act) {
	t.perform(ctx, append([]dialog.Act{dialog.Say{Text: text, Filler: true}}, then...)...)
}

// perform does what the system itself wants.
func (t *talk) perform(ctx context.Context, acts ...dialog.Act) {
	t.silence.Stop()
	t.cut()
	t.turn = t.speaker.startTurn(ctx, dialog.Turn{}, time.Now(), func(_ context.Context, do func(dialog.Act) error) error {
		for _, a := range acts {
			if err := do(a); err != nil {
				return err
			}
		}
		return nil
	})
	t.turn.system = true
}

// cut ends the reply that is running, if any, and notes what was heard of it.
func (t *talk) cut() {
	if t.turn == nil {
		return
	}
	if t.turn.running() {
		t.stopTurn(errBargedIn)
		heard, unheard, after := t.turn.heard()
		if !t.turn.system && len(t.turn.spans) > 0 {
			t.interrupt = &dialog.Interruption{Heard: heard, Unheard: unheard, After: after}
			t.markNow(KindBargeIn, map[string]any{"heard": heard, "after_ms": after.Milliseconds()})
		}
	}
	t.bookTurn()
	t.turn = nil
	t.floor.bot(false, false, time.Now())
}

// stopTurn cancels the turn, empties the player and waits. The turn may be
// telling us that it begins what must be heard.
func (t *talk) stopTurn(cause error) {
	t.turn.cancel(cause)
	t.session.Out().Flush()
	for {
		select {
		case <-t.mustHear:
		case <-t.turn.done:
			return
		}
	}
}

// replied takes a turn that is over.
func (t *talk) replied(ctx context.Context) error {
	done := t.turn
	t.bookTurn()
	t.turn = nil
	t.spokeUntil = time.Since(t.began)
	t.floor.bot(false, false, time.Now())
	if t.closed != nil {
		return t.closed // the call's last words, however they came out
	}
	if t.told(done) {
		return nil
	}
	if done.mute != nil {
		t.call.Log.Error("speaking", "call", t.call.ID, "error", done.mute)
		t.markNow(KindError, map[string]any{"error": done.mute.Error()})
	}
	if err := done.err; err != nil {
		var crash *PanicError
		if errors.As(err, &crash) {
			return err
		}
		if ctx.Err() == nil && !errors.Is(err, errBargedIn) && !errors.Is(err, media.ErrFlushed) {
			// The bot could not speak or think: a person is the next best thing.
			t.scribe.log.Error("replying", "call", t.call.ID, "error", err)
			t.markNow(KindError, map[string]any{"error": err.Error()})
			if done.in.Kind != dialog.Unheard {
				t.pending = &dialog.Turn{Kind: dialog.Unheard, Lost: true, At: time.Now()}
			}
		}
	}
	if t.errand != nil && t.errandTurn(done) {
		return nil
	}
	if t.lounge != nil && t.answeredWaiting(ctx, done) {
		if !t.lounge.withBot {
			return nil
		}
		done.after = slices.DeleteFunc(done.after, func(a dialog.Act) bool { _, ok := a.(dialog.Hangup); return !ok })
	}
	for _, a := range done.after {
		switch a := a.(type) {
		case dialog.Hangup:
			return ErrDone
		case dialog.Transfer:
			t.handOver(ctx, a)
			return nil
		case dialog.Message:
			t.message = newMessage(a, t.call.Line.messageLimit(), time.Now(), t.ms(time.Now()))
			return nil
		}
	}
	if t.pending != nil && !t.hold.held() {
		t.reply(ctx, *t.pending, t.pendFrom)
		return nil
	}
	t.rearm()
	return nil
}

// rearm starts the wait for a caller who says nothing.
func (t *talk) rearm() {
	if t.turn != nil || t.engaged() || t.resting() || t.unsure() || t.message != nil || t.floor.voice || t.hold.quiet() {
		return
	}
	if t.lounge != nil {
		t.silence.Reset(backToMusic)
		return
	}
	d := t.call.Line.Silence
	if d == 0 {
		d = defaultSilence
	}
	t.silence.Reset(d)
}

func (t *talk) silent(ctx context.Context) {
	if t.lounge != nil {
		t.rest(ctx)
		return
	}
	t.markNow(KindSilence, nil)
	t.reply(ctx, dialog.Turn{Kind: dialog.Silent, At: time.Now()}, 0)
}

// holdOn tells a caller whose words take long to be recognised that he was heard.
func (t *talk) holdOn(ctx context.Context) {
	if t.turn != nil || t.engaged() || t.resting() || t.unsure() || t.hold.held() || t.call.Line.Hold == "" {
		return
	}
	t.say(ctx, t.line().Hold)
}

func (t *talk) farewell(ctx context.Context) error {
	text := t.line().Farewell
	if text == "" {
		return ErrMaxDuration
	}
	t.say(ctx, text, dialog.Hangup{Reason: "max_duration"})
	return nil
}

// voice does to the player what the floor decided.
func (t *talk) voice(v verdict) {
	switch v {
	case pause:
		t.session.Out().Pause()
	case resume:
		t.session.Out().Resume()
	case goOn, yield:
	}
}

// prepareReply makes the sound of the reply that a text so far will probably get,
// while it is still open whether the caller goes on.
func (t *talk) prepareReply(ctx context.Context, r asr.Result) {
	b, ok := t.bot.(dialog.Listener)
	if !ok || t.call.Line.Prepare == nil || r.Text == "" {
		return
	}
	text := b.Preview(r.Text)
	if text == "" {
		return
	}
	line := t.line()
	t.stopPreparing()
	ctx, t.prepare = context.WithCancel(ctx)
	done := make(chan struct{})
	t.prepared = done
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				t.call.Log.Error("preparing a reply", "call", t.call.ID, "panic", fmt.Sprint(p))
			}
		}()
		t.call.Line.Prepare(ctx, line.utterance(text))
	}()
}

func (t *talk) stopPreparing() {
	if t.prepare != nil {
		t.prepare()
		<-t.prepared
		t.prepare = nil
	}
}
