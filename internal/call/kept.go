package call

import (
	"context"
	"maps"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/asr"
	"hotline/dialog"
	"hotline/media"
)

// openRecording begins the call's recording; nil where there is none.
func (t *talk) openRecording(ctx context.Context) *media.Recorder {
	if t.call.Recordings == nil || t.call.Line.Unrecorded {
		return nil
	}
	var err error
	if t.tape, err = openTape(t.call.Recordings, t.call.ID, time.Now()); err != nil {
		// A call without a recording is better than no call.
		t.tape.tell(ctx, t.scribe, err, 0)
		return nil
	}
	t.record.Recording = t.tape.name
	return t.tape.recorder
}

// recordingLost tells once that the recording has failed.
func (t *talk) recordingLost(ctx context.Context, err error) {
	if err != nil && !t.tape.told {
		ms := int64(0)
		if !t.began.IsZero() {
			ms = t.ms(time.Now())
		}
		t.tape.tell(ctx, t.scribe, err, ms)
	}
}

// closeRecording completes it.
func (t *talk) closeRecording(ctx context.Context) {
	err := t.tape.recorder.Close()
	if t.began.IsZero() { // it was never answered
		t.tape.discard(t.scribe)
		t.record.Recording = ""
		return
	}
	t.recordingLost(ctx, err)
	if !t.tape.told {
		t.tape.recordings.worked()
	}
}

func (t *talk) ms(at time.Time) int64 { return at.Sub(t.began).Milliseconds() }

func (t *talk) mark(kind string, ms int64, data map[string]any) {
	t.scribe.event(Event{MS: ms, Kind: kind, Data: data})
}

func (t *talk) markNow(kind string, data map[string]any) { t.mark(kind, t.ms(time.Now()), data) }

// callerSaid writes down what the caller said.
func (t *talk) callerSaid(r asr.Result) {
	t.turns++
	t.mark(KindTranscript, r.End.Milliseconds(), map[string]any{"text": r.Text, "confidence": r.Confidence, "engine": r.Engine})
	if r.Emotion != "" {
		t.mark(KindEmotion, r.End.Milliseconds(), map[string]any{"label": r.Emotion})
	}
	t.scribe.turn(TurnRecord{
		Index: t.turns, Speaker: "caller", Text: r.Text, StartMS: r.Start.Milliseconds(), EndMS: r.End.Milliseconds(),
		Confidence: r.Confidence, Emotion: r.Emotion, Mood: t.feelings.read(&t.call.Line, r, spoken(t.bot)),
	})
}

// bookTurn writes down a reply that is over: what was said, why, and how fast.
func (t *talk) bookTurn() {
	done := t.turn
	for _, a := range done.wishes {
		t.wish(a)
	}
	if done.noted {
		t.demand.note(done.note)
		if done.in.Kind == dialog.Spoke || done.in.Kind == dialog.Pressed {
			t.facts.LastResolved = done.note.Resolved
		}
		intent := map[string]any{
			"intent": done.note.Intent, "confidence": done.note.Confidence, "source": done.note.Source, "knowledge_id": done.note.KnowledgeID,
		}
		if done.note.Language != "" {
			intent["language"] = done.note.Language
		}
		t.mark(KindIntent, t.ms(done.began), intent)
		if done.note.Flow != "" {
			step := map[string]any{"flow": done.note.Flow, "step": done.note.Step}
			if len(done.note.Slots) > 0 {
				step["slots"] = done.note.Slots // a person goes on with them
			}
			t.mark(KindFlowStep, t.ms(done.began), step)
		}
		if done.note.Emotion != "" {
			t.mark(KindEmotion, t.ms(done.began), map[string]any{
				"label": done.note.Emotion, "score": done.note.EmotionScore, "complaint_risk": done.note.ComplaintRisk,
			})
		}
	}
	if len(done.spans) == 0 {
		return
	}
	heard, unheard, after := done.heard()
	start := done.spans[0].voice.StartedAt()
	if start.IsZero() {
		return // cut before its first frame was sent
	}
	t.turns++
	r := TurnRecord{
		Index: t.turns, Speaker: "bot", Text: done.text(), StartMS: t.ms(start), EndMS: t.ms(start) + (after + t.hold.total(time.Now()) - done.held).Milliseconds(),
		Confidence: done.note.Confidence, Intent: done.note.Intent, Source: done.note.Source, KnowledgeID: done.note.KnowledgeID,
		Candidates: done.note.Candidates, Emotion: done.note.Emotion,
	}
	if unheard != "" {
		r.Heard = heard
	}
	if done.in.Kind == dialog.Spoke {
		r.ResponseMS = start.Sub(done.began).Milliseconds()
		r.Timing = &Timing{
			EndpointMS: done.in.At.Sub(done.began).Milliseconds(), DecodeMS: t.last.Decode.Milliseconds(), QueueMS: t.last.Queued.Milliseconds(),
			ThinkMS: done.said.Sub(done.in.At).Milliseconds(), SynthesizeMS: done.framed.Sub(done.said).Milliseconds(),
			PlayMS: start.Sub(done.framed).Milliseconds(),
		}
	}
	t.scribe.turn(r)
	t.mark(KindSayStart, r.StartMS, map[string]any{"text": r.Text})
	t.mark(KindSayEnd, r.EndMS, nil)
}

// wish keeps a promise made to the caller.
func (t *talk) wish(a dialog.Act) {
	if r, ok := a.(dialog.Alert); ok {
		t.markNow(KindAlert, map[string]any{"kind": r.Kind, "score": r.Score})
		return
	}
	if r, ok := a.(dialog.Refusal); ok {
		data := map[string]any{"kind": string(r.Kind), "by": RefusedBySaying} // its words stand in the turn
		if r.Key != "" {
			data["by"], data["key"] = RefusedByKey, r.Key
		}
		t.markNow(KindRefusal, data)
		return
	}
	if r, ok := a.(dialog.Rating); ok {
		t.record.Satisfaction = r.Score
		t.markNow(KindRating, map[string]any{"score": r.Score})
		return
	}
	if c, ok := a.(dialog.Callback); ok {
		if o, ok := t.call.Party.(*outbound); ok && o.placement.Campaign != "" {
			t.markNow(KindCallback, map[string]any{"when": c.When, "at": c.At})
			return
		}
	}
	w := Wish{ID: ulid.Make().String(), Call: t.call.ID, Number: t.call.Party.number(), State: "open", CreatedAt: time.Now()}
	kind := KindTicket
	switch a := a.(type) {
	case dialog.Callback:
		kind = KindCallback
		w.Kind, w.When, w.At, w.Reason = "callback", a.When, a.At, a.Reason
		if a.Number != "" {
			w.Number = a.Number
		}
	case dialog.Ticket:
		w.Kind, w.Reason, w.Summary, w.Fields = "ticket", a.Kind, a.Summary, a.Fields
	case dialog.SMS:
		kind = KindSMS
		w.Kind, w.Number, w.Summary, w.Reason = "sms", a.To, a.Text, a.Reason
	case dialog.Review:
		kind = KindReview
		w.Kind, w.Reason, w.Summary, w.Fields = "review", a.Kind, a.Summary, a.Fields
		if a.Amount != "" {
			w.Fields = maps.Clone(w.Fields)
			if w.Fields == nil {
				w.Fields = map[string]string{}
			}
			w.Fields["amount"] = a.Amount
		}
	}
	t.facts.WishTaken = true
	t.scribe.wish(t.call.Wishes, w)
	t.markNow(kind, map[string]any{"id": w.ID})
}

// settle fills in how the call ended.
func (t *talk) settle(cause error) {
	r := &t.record
	r.EndedAt, r.Held = time.Now(), false
	r.end(cause, t.facts)
	if t.team != nil && t.team.abandoned {
		r.Outcome = Abandoned
	}
	if t.session == nil {
		return
	}
	r.Media = quality(t.session)
	t.mark(KindHangup, t.ms(r.EndedAt), map[string]any{"cause": r.EndCause})
}
