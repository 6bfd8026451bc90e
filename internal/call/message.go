package call

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/asr"
	"hotline/dialog"
)

const (
	messageSilence = 4 * time.Second // ends a message that has begun
	messageStart   = 8 * time.Second // until it begins
	messageLimit   = 2 * time.Minute // where the line sets none
	messageText    = 5 * time.Second // for the last words' text, once a key has ended it

	messageTone      = 400 * time.Millisecond
	messageToneHz    = 1000
	messageToneLevel = -20 // dBov
)

// message is a caller speaking a message after the tone, as on an answering
// machine. It ends by silence, a key, or its limit.
type message struct {
	act     dialog.Message
	limit   time.Duration
	startMS int64
	began   time.Time
	last    time.Time // last voice
	voice   bool
	open    bool // something was said whose text has not come yet
	spoke   bool
	keyed   time.Time // when a key ended it
	text    []string
}

// messageLimit is how long a message may last on the line.
func (l *Line) messageLimit() time.Duration {
	if l.Message == nil {
		return messageLimit
	}
	return l.Message()
}

func newMessage(a dialog.Message, limit time.Duration, now time.Time, ms int64) *message {
	return &message{act: a, limit: cmp.Or(limit, messageLimit), began: now, last: now, startMS: ms}
}

func (m *message) hear(r asr.Result, now time.Time) {
	m.last = now
	switch r.Kind {
	case asr.SpeechStart, asr.SpeechResume:
		m.voice, m.open = true, true
	case asr.SpeechPause:
		m.voice = false
	case asr.Final:
		m.voice, m.open = false, false
		if r.Text != "" {
			m.text = append(m.text, r.Text)
		}
		// What was not understood is recorded: somebody can listen to it.
		m.spoke = m.spoke || r.Text != "" || !r.Noise
	case asr.Fault:
		m.voice, m.open, m.spoke = false, false, true
	case asr.Partial:
	}
}

// key ends the message; the text of its last words may still be under way.
func (m *message) key(now time.Time) {
	if m.keyed.IsZero() {
		m.keyed = now
	}
}

func (m *message) over(now time.Time) bool {
	switch {
	case !m.keyed.IsZero():
		return !m.open || now.Sub(m.keyed) > messageText
	case now.Sub(m.began) > m.limit:
		return true
	case m.voice:
		return false
	case m.spoke:
		return now.Sub(m.last) > messageSilence
	default:
		return now.Sub(m.last) > messageStart
	}
}

func (t *talk) messageTick(ctx context.Context) {
	if t.message != nil && t.turn == nil && t.message.over(time.Now()) {
		t.endMessage(ctx)
	}
}

func (t *talk) endMessage(ctx context.Context) {
	result := dialog.MessageEmpty
	if t.takeMessage() {
		result = dialog.MessageTaken
	}
	t.reply(ctx, dialog.Turn{Kind: dialog.Returned, Result: result, At: time.Now()}, 0)
}

// takeMessage keeps what was said; false if nothing was. The sound is a part of
// the call's recording, named by a media fragment (W3C Media Fragments 4.2.1).
func (t *talk) takeMessage() bool {
	m := t.message
	t.message = nil
	if !m.spoke && !m.open {
		return false
	}
	w := Wish{
		ID: ulid.Make().String(), Kind: "message", Call: t.call.ID, Number: t.call.Party.number(), Reason: m.act.Reason,
		Summary: strings.Join(m.text, " "), State: "open", CreatedAt: time.Now(),
	}
	if t.record.Recording != "" {
		w.Recording = fmt.Sprintf("%s#t=%.1f,%.1f", t.record.Recording, float64(m.startMS)/1000, float64(t.ms(time.Now()))/1000)
		w.TranscriptState = TranscriptPending
	}
	t.facts.WishTaken = true
	t.scribe.wish(t.call.Wishes, w)
	t.markNow(KindMessage, map[string]any{"id": w.ID})
	return true
}
