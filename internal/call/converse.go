package call

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/asr"
	"hotline/dialog"
	"hotline/media"
	"hotline/media/sdp"
)

const (
	defaultSilence     = 6 * time.Second
	defaultMaxDuration = 30 * time.Minute
	// keyPause ends a number that is keyed in.
	keyPause = 700 * time.Millisecond
	// hearingTooLong is how long after a pause a text may be missing before the
	// caller is asked to hold on.
	hearingTooLong = 1500 * time.Millisecond
)

// talk is the state of one conversation. converse, and what it calls, is its only
// user while the call lasts.
type talk struct {
	call    *Call
	session *media.Session
	bot     dialog.Conversation
	speaker *speaker
	scribe  *scribe
	record  Record
	facts   Facts
	began   time.Time // of the answer

	floor    floor
	closed   bool // the caller is told that the server stops
	turn     *turn
	pending  *dialog.Turn // waits until what may not be cut has been said
	pendFrom time.Duration
	mustHear chan bool
	hand     *handover
	news     chan handoverNews
	message  *message
	prepare  context.CancelFunc // ends the preparation of a likely reply
	prepared chan struct{}

	keys    []byte
	turns   int
	lastEnd time.Duration // end of the caller's last utterance
	// spokeUntil is when the last reply that was not cut short ended.
	spokeUntil time.Duration
	last       asr.Result
	interrupt  *dialog.Interruption
	updates    chan sdp.Direction // of re-INVITEs
	hold       holding
	agentHolds bool
	meeting    *meeting
	seat       *seat // the caller's place, which another leg may take
	ear        *muffle
	tape       *tape // nil while nothing is recorded

	keyTimer, silence, hearing, limit *time.Timer
	limitAt                           time.Time
}

func (t *talk) begin(m *meeting) {
	t.meeting, t.session, t.began = m, m.session, time.Now()
	t.mustHear, t.news = make(chan bool), make(chan handoverNews)
	t.updates = make(chan sdp.Direction, 8)
	t.speaker = &speaker{out: t.session.Out(), voice: t.call.Line.Speak, line: t.call.Line, progress: t.mustHear, log: t.call.Log}
	t.floor.assent = assent(t.bot)
	codec := t.session.Media().Codec.Name
	t.record.AnsweredAt, t.record.Codec = t.began, codec
	if l := t.call.Party.leg(); l != nil {
		t.record.SIPCallID = l.ID()
	}
	t.record.Signalling = t.record.Signalling.with(m.signalling)
	t.scribe.update(t.record)
	t.mark(KindAnswered, 0, map[string]any{"codec": codec})
	t.call.room.enter(roleCaller, t.session)
	if m.onUpdate != nil {
		m.onUpdate(t.refresh)
	}
}

// refresh runs in the signalling's goroutine: the session takes the new
// description, converse learns the direction.
func (t *talk) refresh(offer []byte) ([]byte, error) {
	answer, direction, err := t.meeting.sound.refresh(t.session, offer)
	if err != nil || len(offer) == 0 {
		return answer, err
	}
	select {
	case t.updates <- direction:
	default: // a far end that changes its mind faster than we read
	}
	return answer, nil
}

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

// assent tells which words of the caller are no turn of their own.
func assent(bot dialog.Conversation) func(string) bool {
	if b, ok := bot.(dialog.Assenter); ok {
		return b.Assent
	}
	return func(string) bool { return false }
}

func (t *talk) ms(at time.Time) int64 { return at.Sub(t.began).Milliseconds() }

func (t *talk) mark(kind string, ms int64, data map[string]any) {
	t.scribe.event(Event{MS: ms, Kind: kind, Data: data})
}

func (t *talk) markNow(kind string, data map[string]any) { t.mark(kind, t.ms(time.Now()), data) }

// converse is the call: it waits for what the caller does and answers it.
func (t *talk) converse(ctx context.Context, heard <-chan asr.Result) error {
	t.keyTimer, t.silence, t.hearing, t.hold.over = stopped(), stopped(), stopped(), stopped()
	longest := t.call.Line.MaxDuration
	if longest == 0 {
		longest = defaultMaxDuration
	}
	t.limit, t.limitAt = time.NewTimer(longest), time.Now().Add(longest)
	tick := time.NewTicker(100 * time.Millisecond)
	if t.meeting.onKey != nil {
		t.meeting.onKey(t.session.TakeKey) // a key that comes by INFO and as a tone counts once
	}
	defer func() {
		for _, x := range []*time.Timer{t.keyTimer, t.silence, t.hearing, t.limit, t.hold.over} {
			x.Stop()
		}
		tick.Stop()
		t.stopAll()
	}()

	t.reply(ctx, dialog.Turn{Kind: dialog.Opened, Disclosed: t.meeting.disclosed, At: time.Now()}, 0)
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-t.closing():
			err = t.closeDown(ctx)
		case r := <-heard:
			t.hear(ctx, r)
		case k, ok := <-t.session.Keys():
			if !ok { // the sound has ended, and with it the call
				<-ctx.Done()
				return nil
			}
			t.key(ctx, k.Digit)
		case <-t.keyTimer.C:
			t.keyed(ctx)
		case <-turnDone(t.turn):
			err = t.replied(ctx)
		case must := <-t.mustHear:
			t.voice(t.floor.bot(true, must, time.Now()))
			if !must && t.pending != nil && !t.turn.system {
				t.spokeUntil = time.Since(t.began)
				// What was said over the disclosure is answered as soon as it is over.
				t.reply(ctx, *t.pending, t.pendFrom)
			}
		case n := <-t.news:
			t.handoverNews(n)
		case <-handoverDone(t.hand):
			t.handedOver(ctx)
		case e := <-t.call.room.notes:
			t.markNow(e.Kind, e.Data)
		case direction := <-t.updates:
			t.turned(ctx, direction)
		case <-t.hold.over.C:
			err = errHeldTooLong
		case <-t.silence.C:
			t.silent(ctx)
		case <-t.hearing.C:
			t.holdOn(ctx)
		case <-tick.C:
			t.voice(t.floor.tick(time.Now()))
			t.messageTick(ctx)
			t.recordingLost(ctx, t.tape.lost())
		case <-t.limit.C:
			err = t.farewell(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func stopped() *time.Timer {
	x := time.NewTimer(time.Hour)
	x.Stop()
	return x
}

func turnDone(t *turn) <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.done
}

func handoverDone(h *handover) <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.done
}

// stopAll ends what converse started and waits for it.
func (t *talk) stopAll() {
	if t.hand != nil {
		t.hand.cancel(errHandoverOver)
		for done := false; !done; { // it may be telling us something
			select {
			case <-t.news:
			case <-t.hand.done:
				done = true
			}
		}
		t.facts.WaitingForAgent = !t.facts.Bridged
		t.record.AgentMedia = append(t.record.AgentMedia, t.hand.sounds...)
		t.hand = nil
	}
	if t.turn != nil {
		t.stopTurn(errReplaced)
		t.bookTurn()
		t.turn = nil
	}
	t.stopPreparing()
	if t.message != nil {
		t.takeMessage()
	}
}

// hear takes one result of the recogniser.
func (t *talk) hear(ctx context.Context, r asr.Result) {
	now := time.Now()
	switch r.Kind {
	case asr.SpeechStart:
		t.mark(KindSpeechStart, r.Start.Milliseconds(), nil)
		t.silence.Stop()
		t.hearing.Stop()
	case asr.SpeechResume:
		t.silence.Stop()
		t.hearing.Stop()
	case asr.SpeechPause:
		t.hearing.Reset(hearingTooLong)
	case asr.Partial:
		t.prepareReply(ctx, r)
	case asr.Final, asr.Fault:
		t.hearing.Stop()
		t.mark(KindSpeechEnd, r.End.Milliseconds(), nil)
	}
	if t.message != nil && t.turn == nil {
		t.message.hear(r, now)
		if r.Kind == asr.Final && r.Text != "" {
			t.callerSaid(r)
		}
		return
	}
	if t.hand != nil {
		if r.Kind == asr.Final && r.Text != "" {
			t.callerSaid(r)
		}
		return
	}
	v := t.floor.heard(r, now)
	if v != yield {
		t.voice(v)
	}
	switch {
	case r.Kind == asr.Fault:
		t.scribe.log.Warn("recognising", "call", t.call.ID, "error", r.Err)
		t.markNow(KindError, map[string]any{"error": "speech recognition: " + r.Err.Error()})
		t.after(ctx, dialog.Turn{Kind: dialog.Unheard, Lost: true, At: now}, r)
	case r.Kind != asr.Final:
	case v == resume, r.Text == "" && t.turn.running():
		// It was nothing, or a word of assent: the bot goes on.
		if r.Text != "" {
			t.callerSaid(r)
		}
	case r.Text == "" && r.Noise:
		t.rearm()
	case r.Text == "":
		t.after(ctx, dialog.Turn{Kind: dialog.Unheard, At: now}, r)
	default:
		t.callerSaid(r)
		t.facts.Asked++
		t.after(ctx, dialog.Turn{
			Kind: dialog.Spoke, Text: r.Text, Alternatives: r.Alternatives, Language: r.Language, Confidence: r.Confidence,
			Mood: r.Emotion, At: now,
			Prosody: dialog.Prosody{
				LevelDB: r.Prosody.LevelDB, PitchHz: r.Prosody.PitchHz, PitchVar: r.Prosody.PitchVar,
				Rate: r.Prosody.Rate, VoicedFor: r.Prosody.VoicedFor,
			},
		}, r)
	}
}

// after answers what the caller did, at once or when what must be heard is over.
func (t *talk) after(ctx context.Context, in dialog.Turn, r asr.Result) {
	t.last, t.lastEnd = r, r.End
	if t.hold.held() || t.turn != nil && (t.floor.mustHear || t.turn.system) {
		t.pending, t.pendFrom = &in, r.End
		if !t.hold.held() {
			t.voice(resume) // the caller's voice has made it pause
		}
		return
	}
	t.reply(ctx, in, r.End)
}

// reply starts the bot's answer to in, ending what it still says.
func (t *talk) reply(ctx context.Context, in dialog.Turn, end time.Duration) {
	t.silence.Stop()
	t.cut()
	in.Interrupted, t.interrupt = t.interrupt, nil
	t.pending = nil
	began := time.Now()
	if in.Kind == dialog.Spoke {
		// The caller waits from his last word on, or from the end of what he had to
		// hear first.
		began = t.began.Add(max(end, t.spokeUntil))
	}
	t.floor.bot(true, false, time.Now())
	t.turn = t.speaker.startTurn(ctx, in, began, func(ctx context.Context, do func(dialog.Act) error) error {
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
	if t.closed {
		return ErrShutdown // the call's last words, however they came out
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
	for _, a := range done.after {
		switch a := a.(type) {
		case dialog.Hangup:
			return ErrDone
		case dialog.Transfer:
			t.handOver(ctx, a)
			return nil
		case dialog.Message:
			t.message = newMessage(a, time.Now(), t.ms(time.Now()))
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
	if t.turn != nil || t.hand != nil || t.message != nil || t.floor.voice || t.hold.quiet() {
		return
	}
	d := t.call.Line.Silence
	if d == 0 {
		d = defaultSilence
	}
	t.silence.Reset(d)
}

func (t *talk) silent(ctx context.Context) {
	t.markNow(KindSilence, nil)
	t.reply(ctx, dialog.Turn{Kind: dialog.Silent, At: time.Now()}, 0)
}

// holdOn tells a caller whose words take long to be recognised that he was heard.
func (t *talk) holdOn(ctx context.Context) {
	if t.turn != nil || t.hand != nil || t.hold.held() || t.call.Line.Hold == "" {
		return
	}
	t.say(ctx, t.call.Line.Hold)
}

func (t *talk) farewell(ctx context.Context) error {
	if t.call.Line.Farewell == "" {
		return ErrMaxDuration
	}
	t.say(ctx, t.call.Line.Farewell, dialog.Hangup{Reason: "max_duration"})
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
		t.call.Line.Prepare(ctx, t.call.Line.utterance(text))
	}()
}

func (t *talk) stopPreparing() {
	if t.prepare != nil {
		t.prepare()
		<-t.prepared
		t.prepare = nil
	}
}

// key takes one key of the caller's telephone.
func (t *talk) key(ctx context.Context, digit byte) {
	t.markNow(KindDTMF, map[string]any{"digit": string(digit)})
	t.silence.Stop()
	switch {
	case t.hand != nil:
		if err := t.hand.sendKeys(ctx, string(digit)); err != nil && ctx.Err() == nil {
			t.call.Log.Warn("passing a key on to the agent", "call", t.call.ID, "error", err)
		}
	case t.message != nil && t.turn == nil:
		t.message.key(time.Now())
		t.messageTick(ctx)
	default:
		if t.turn != nil && !t.floor.mustHear && !t.turn.system {
			t.cut()
		}
		if len(t.keys) < 32 {
			t.keys = append(t.keys, digit)
		}
		if digit == '#' || len(t.keys) == 1 && strings.IndexByte("0*", digit) >= 0 {
			t.keyed(ctx)
			return
		}
		t.keyTimer.Reset(keyPause)
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

// callerSaid writes down what the caller said.
func (t *talk) callerSaid(r asr.Result) {
	t.turns++
	t.mark(KindTranscript, r.End.Milliseconds(), map[string]any{"text": r.Text, "confidence": r.Confidence, "engine": r.Engine})
	if r.Emotion != "" {
		t.mark(KindEmotion, r.End.Milliseconds(), map[string]any{"label": r.Emotion})
	}
	t.scribe.turn(TurnRecord{
		Index: t.turns, Speaker: "caller", Text: r.Text, StartMS: r.Start.Milliseconds(), EndMS: r.End.Milliseconds(),
		Confidence: r.Confidence, Emotion: r.Emotion,
	})
}

// bookTurn writes down a reply that is over: what was said, why, and how fast.
func (t *talk) bookTurn() {
	done := t.turn
	for _, a := range done.wishes {
		t.wish(a)
	}
	if done.noted {
		if done.in.Kind == dialog.Spoke || done.in.Kind == dialog.Pressed {
			t.facts.LastResolved = done.note.Resolved
		}
		t.mark(KindIntent, t.ms(done.began), map[string]any{
			"intent": done.note.Intent, "confidence": done.note.Confidence, "source": done.note.Source, "knowledge_id": done.note.KnowledgeID,
		})
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
	w := Wish{ID: ulid.Make().String(), Call: t.call.ID, Number: t.call.Party.number(), State: "open", CreatedAt: time.Now()}
	kind := KindTicket
	switch a := a.(type) {
	case dialog.Callback:
		kind = KindCallback
		w.Kind, w.When, w.Reason = "callback", a.When, a.Reason
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

// handOver begins to look for a person.
func (t *talk) handOver(ctx context.Context, a dialog.Transfer) {
	t.record.TransferReason = a.Reason
	t.record.Summary = a.Summary
	t.markNow(KindTransfer, map[string]any{"skill": a.Skill, "reason": a.Reason})
	t.hand = &handover{
		act: a, call: t.call.ID, caller: t.session, line: t.call.Line, desk: t.call.Desk, dialer: t.call.Dialer, room: t.call.room,
		audio: t.call.Audio, from: t.call.Party.number(), log: t.call.Log, report: t.news,
		reached: t.meeting.reached, seat: t.call.seats,
	}
	t.hand.start(ctx)
}

func (t *talk) handoverNews(n handoverNews) {
	switch n.kind {
	case "bridged":
		t.facts.Bridged = true
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
	default:
		t.markNow(KindTransfer, map[string]any{"state": n.kind, "agent": n.person.Name, "detail": n.detail})
	}
}

// handedOver takes the caller back from a hand-over.
func (t *talk) handedOver(ctx context.Context) {
	h := t.hand
	t.hand = nil
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
	t.reply(ctx, dialog.Turn{Kind: dialog.Returned, Result: h.result, At: time.Now()}, 0)
}

// settle fills in how the call ended.
func (t *talk) settle(cause error) {
	r := &t.record
	r.EndedAt, r.Held = time.Now(), false
	r.end(cause, t.facts)
	if t.session == nil {
		return
	}
	r.Media = quality(t.session)
	t.mark(KindHangup, t.ms(r.EndedAt), map[string]any{"cause": r.EndCause})
}
