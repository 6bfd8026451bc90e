package call

import (
	"context"
	"time"

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
	// numberPause ends a number that was asked for: it is read off something.
	numberPause = 2500 * time.Millisecond
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
	closed   error     // what ends the call once its last words are said
	parting  time.Time // since when the call is not wanted any more; zero: it is
	turn     *turn
	pending  *dialog.Turn // waits until what may not be cut has been said
	pendFrom time.Duration
	mustHear chan bool
	hand     *handover
	straight bool    // the caller does not meet the bot
	lounge   *lounge // while the caller waits in the queue
	demand   demand
	errand   *errand // what the bot does for an agent who waits
	news     chan handoverNews
	message  *message
	prepare  context.CancelFunc // ends the preparation of a likely reply
	prepared chan struct{}

	keys     []byte
	turns    int
	feelings feelings
	lastEnd  time.Duration // end of the caller's last utterance
	// undecided: the caller has made a sound, and it is not known yet what he said.
	undecided bool
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

	team     *awaited  // whose agents talk in place of the bot; nil: the bot does
	probe    *probe    // finds out who answered; nil: nobody asks
	greeting bool      // the conversation has begun; only with a probe
	leaving  bool      // a voicemail gets its message
	screened time.Time // since when an assistant knows who calls; zero: there is none
	doubted  time.Time // since when what must be heard has paused, see doubt

	keyTimer, silence, hearing, limit *time.Timer
	limitAt                           time.Time
}

func (t *talk) begin(m *meeting) {
	t.meeting, t.session, t.began, t.probe = m, m.session, time.Now(), m.probe
	t.mustHear, t.news = make(chan bool), make(chan handoverNews)
	t.updates = make(chan sdp.Direction, 8)
	t.speaker = &speaker{out: t.session.Out(), voice: t.call.Line.Speak, line: t.line, progress: t.mustHear, log: t.call.Log}
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
	t.call.room.answered.Store(true)
	if m.onUpdate != nil {
		m.onUpdate(t.refresh)
	}
}

// line is the call's line in the language that is spoken now.
func (t *talk) line() *Line { return t.call.Line.in(spoken(t.bot)) }

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

// assent tells which words of the caller are no turn of their own.
func assent(bot dialog.Conversation) func(string) bool {
	if b, ok := bot.(dialog.Assenter); ok {
		return b.Assent
	}
	return func(string) bool { return false }
}

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

	if t.probe == nil {
		t.reply(ctx, dialog.Turn{Kind: dialog.Opened, Disclosed: t.meeting.disclosed, At: time.Now()}, 0)
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-t.closing():
			err = t.closeDown(ctx)
		case <-t.calledOff():
			t.parting = time.Now()
		case r := <-heard:
			t.hear(ctx, r)
		case <-t.probe.changed():
			err = t.foundOut(ctx)
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
			t.handoverNews(ctx, n)
		case k := <-t.call.room.takes:
			t.takenOver(ctx, k)
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
			if !t.doubted.IsZero() && time.Since(t.doubted) > maxHold {
				t.relieve()
			}
			t.messageTick(ctx)
			t.recordingLost(ctx, t.tape.lost())
			if err = t.screenedOut(time.Now()); err != nil {
				break
			}
			if err = t.teamTick(ctx, time.Now()); err != nil {
				break
			}
			err = t.part(ctx, time.Now())
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
			case n := <-t.news:
				if n.ready != nil {
					close(n.ready)
				}
			case <-t.hand.done:
				done = true
			}
		}
		t.facts.WaitingForAgent = !t.facts.Bridged
		t.record.AgentMedia = append(t.record.AgentMedia, t.hand.sounds...)
		t.hand, t.lounge = nil, nil
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
	t.undecided = r.Kind != asr.Final && r.Kind != asr.Fault
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
	if t.unsure() {
		return
	}
	if t.overheardByTeam(ctx, r) {
		return
	}
	t.doubt(r, now)
	if t.message != nil && t.turn == nil {
		t.message.hear(r, now)
		if r.Kind == asr.Final && r.Text != "" {
			t.callerSaid(r)
		}
		return
	}
	if t.engaged() {
		if r.Kind == asr.Final && r.Text != "" {
			t.callerSaid(r)
		}
		return
	}
	if t.resting() && !t.overheard(r) {
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
			Mood: r.Emotion, At: now, Prosody: prosody(r),
		}, r)
	}
}
