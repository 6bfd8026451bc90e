package call_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/internal/call"
	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/wav"
)

// The greeting comes first, a question is answered, and the record tells it all.
func TestQuestionAndAnswer(t *testing.T) {
	dir := t.TempDir()
	s := perform(t, func(s *stage) { s.call.Recordings = &call.Recordings{Dir: dir} }, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(length(hours) + 2*time.Second)
	})
	var order []float64
	for _, m := range melody(s.caller.since(0)) {
		order = append(order, m.hz)
	}
	assert.InDeltaSlice(t, []float64{pitch(disclosure), pitch(greeting), pitch(hours)}, order, 15, "heard: %v", order)
	assert.Less(t, melody(s.caller.since(0))[0].at, 200*time.Millisecond, "the greeting comes at once")
	assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(100*time.Millisecond))

	for _, kind := range []string{"answered", "say_start", "say_end", "speech_start", "speech_end", "transcript", "intent", "hangup"} {
		assert.Contains(t, s.journal.kinds(), kind)
	}
	turns := s.journal.bot()
	require.Len(t, turns, 2)
	assert.Equal(t, "hours", turns[1].KnowledgeID)
	require.NotNil(t, turns[1].Timing)
	assert.Positive(t, turns[1].ResponseMS)
	r := s.journal.record
	assert.Equal(t, call.Resolved, r.Outcome)
	assert.Equal(t, "caller_hangup", r.EndCause)
	assert.NotZero(t, r.Media.Received)

	a, err := wav.ReadFile(dir + "/" + r.Recording)
	require.NoError(t, err)
	require.Len(t, a.Channels, 2)
	assert.True(t, mediatest.Hears(voiced(a.Channels[0]), rate, asksHours), "the caller is on the left")
	assert.InDelta(t, length(hours), heardFor(a.Channels[1], hours), float64(100*time.Millisecond), "the bot is on the right")
	assert.InDelta(t, r.EndedAt.Sub(r.AnsweredAt).Seconds(), float64(len(a.Channels[0]))/rate, 0.1)
}

// voiced is the longest stretch of sound in x.
func voiced(x []int16) []int16 {
	best := tone{}
	for _, m := range melody(x) {
		if m.long > best.long {
			best = m
		}
	}
	from := int(best.at.Seconds() * rate)
	return x[from+400 : from+400+2000]
}

// Whatever the caller does while the disclosure is said, it is heard to its end, and
// what was asked is answered behind it.
func TestDisclosureIsUncut(t *testing.T) {
	for name, do := range map[string]func(s *stage){
		"a question": func(s *stage) { s.say(asksHours) },
		"a key":      func(s *stage) { s.keys('1') },
		"a cough":    func(s *stage) { s.caller.say(s.ctx, coughs, 200*time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			s := perform(t, nil, func(s *stage) {
				s.pause(400 * time.Millisecond)
				do(s)
				s.pause(length(disclosure+greeting+hours) + time.Second)
			})
			heard := s.caller.since(0)
			assert.InDelta(t, length(disclosure), heardFor(heard, disclosure), float64(100*time.Millisecond))
			if name != "a cough" {
				assert.InDelta(t, length(hours), heardFor(heard, hours), float64(100*time.Millisecond))
			} else {
				assert.InDelta(t, length(greeting), heardFor(heard, greeting), float64(100*time.Millisecond))
			}
		})
	}
}

// Who asks for a person by key while the disclosure is said gets one, though he talks on.
func TestKeysOverTheDisclosureStay(t *testing.T) {
	s := perform(t, nil, func(s *stage) {
		s.pause(100 * time.Millisecond)
		s.keys('0')
		s.say(asksFare)
		s.pause(length(disclosure+greeting+fare) + 2*time.Second)
	})
	assert.Zero(t, heardFor(s.caller.since(0), fare), "%v", melody(s.caller.since(0)))
	require.Greater(t, len(s.journal.bot()), 1)
	assert.Equal(t, "person", s.journal.bot()[1].Intent)
}

// The bot falls silent soon after the caller's voice, answers the new question, and
// the record says what was heard of the old answer.
func TestBargeIn(t *testing.T) {
	var mark int
	s := perform(t, nil, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(1500 * time.Millisecond)
		mark = s.caller.now()
		s.say(asksFare)
		s.pause(length(fare) + 2*time.Second)
	})
	assert.Greater(t, heardFor(s.caller.since(0), hours), 300*time.Millisecond, "it was speaking")
	assert.Less(t, heardFor(s.caller.since(mark), hours), 250*time.Millisecond, "it falls silent at once: %v", melody(s.caller.since(mark)))
	assert.InDelta(t, length(fare), heardFor(s.caller.since(mark), fare), float64(100*time.Millisecond))

	turns := s.journal.bot()
	require.Len(t, turns, 3)
	assert.NotEmpty(t, turns[1].Heard)
	assert.Contains(t, hours, turns[1].Heard)
	assert.Equal(t, "fare", turns[2].KnowledgeID)
	assert.Equal(t, 1, s.journal.count("barge_in"))
}

// Two voiced frames are enough for the bot to fall silent: measured in frames of the
// test's clock.
func TestBargeInWithinFrames(t *testing.T) {
	var mark int
	s := perform(t, nil, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(1500 * time.Millisecond)
		mark = s.caller.now()
		s.caller.say(s.ctx, asksFare, 60*time.Millisecond)
		s.pause(500 * time.Millisecond)
	})
	heard := s.caller.since(mark)
	quiet := -1
	for i := 0; i+160 <= len(heard); i += 160 {
		if loudness, _ := (loudness{}).Detect(heard[i : i+160]); loudness < 0.5 {
			quiet = i / 160
			break
		}
	}
	require.GreaterOrEqual(t, quiet, 0, "it does not fall silent")
	assert.LessOrEqual(t, quiet, 10, "frames of 20 ms, the way there and back included")
}

// A cough, or a word of assent, lets the bot go on from where it was.
func TestItWasNothing(t *testing.T) {
	for name, hz := range map[string]float64{"a cough": coughs, "a word of assent": saysYes} {
		t.Run(name, func(t *testing.T) {
			s := perform(t, nil, func(s *stage) {
				s.greeted()
				s.say(asksHours)
				s.pause(1500 * time.Millisecond)
				s.caller.say(s.ctx, hz, 300*time.Millisecond)
				s.pause(length(hours) + 3*time.Second)
			})
			assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(200*time.Millisecond), "all of it is heard, once: %v", melody(s.caller.since(0)))
			assert.Zero(t, s.journal.count("barge_in"))
			turns := s.journal.bot()
			require.GreaterOrEqual(t, len(turns), 2)
			assert.Empty(t, turns[1].Heard)
		})
	}
}

// A caller who says nothing is asked, asked again, and let go.
func TestSilence(t *testing.T) {
	s := perform(t, nil, func(s *stage) { <-s.over })
	assert.Equal(t, "bot_hangup", s.journal.record.EndCause)
	assert.Equal(t, 3, s.journal.count("silence"))
	assert.Len(t, s.journal.bot(), 4)
	assert.Equal(t, call.Unresolved, s.journal.record.Outcome)
}

// The longest time of a call is over: the bot says so and hangs up.
func TestMaxDuration(t *testing.T) {
	const farewell = "今天先到这里，再见。"
	s := perform(t, func(s *stage) {
		s.call.Line.MaxDuration, s.call.Line.Farewell = 10*time.Second, farewell
	}, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		<-s.over
	})
	assert.InDelta(t, length(farewell), heardFor(s.caller.since(0), farewell), float64(140*time.Millisecond), "%v", melody(s.caller.since(0)))
	assert.Equal(t, "bot_hangup", s.journal.record.EndCause)
}

// No packets any more: the call is given up.
func TestMediaTimeout(t *testing.T) {
	s := perform(t, func(s *stage) { s.call.Audio.Silence = 3 * time.Second }, func(s *stage) {
		s.pause(2 * time.Second)
		s.conn.Impair(mediatest.Impairment{Loss: 1})
		select {
		case <-s.over:
		case <-time.After(10 * time.Second):
			s.t.Error("the call goes on without sound")
		}
	})
	assert.Equal(t, "media_timeout", s.journal.record.EndCause)
	require.ErrorIs(t, s.err, media.ErrMediaTimeout)
}

// panics is an engine whose replies panic from the second on.
type panics struct{ dialog.Engine }

type panicking struct {
	dialog.Conversation
	n int
}

func (p panics) Begin(ctx context.Context, f dialog.Facts) (dialog.Conversation, error) {
	c, err := p.Engine.Begin(ctx, f)
	return &panicking{Conversation: c}, err
}

func (p *panicking) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	if p.n++; p.n > 1 {
		panic("a bug in the dialogue")
	}
	return p.Conversation.Reply(ctx, t, do)
}

// A panic in a reply ends its call alone, cleanly and on record.
func TestPanicInATurn(t *testing.T) {
	s := perform(t, func(s *stage) { s.call.Line.Engine = panics{s.call.Line.Engine} }, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		<-s.over
	})
	var crash *call.PanicError
	require.ErrorAs(t, s.err, &crash)
	assert.Equal(t, "a bug in the dialogue", crash.Value)
	assert.Equal(t, "error", s.journal.record.EndCause)
	assert.Contains(t, s.journal.record.Error, "a bug in the dialogue")
}

// A recogniser that fails is no reason to lose the caller: she is told, and keys work.
func TestRecogniserFails(t *testing.T) {
	s := perform(t, nil, func(s *stage) {
		s.greeted()
		s.say(faults)
		s.pause(5 * time.Second)
		s.keys('1')
		s.pause(length(hours) + 2*time.Second)
	})
	assert.Contains(t, s.journal.kinds(), "error")
	require.GreaterOrEqual(t, len(s.journal.bot()), 3)
	assert.Contains(t, s.journal.bot()[1].Text, "按键", "she is told of the keys")
	assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(140*time.Millisecond))
}

// A voice that fails: a person is the next best thing, and the call does not end in
// silence.
func TestVoiceFails(t *testing.T) {
	s := perform(t, func(s *stage) {
		s.call.Line.Speak = tones{broken: func(text string) error {
			if text == hours {
				return errors.New("no sound to be had")
			}
			return nil
		}}
	}, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(4 * time.Second)
	})
	assert.Contains(t, s.journal.kinds(), "error")
	require.GreaterOrEqual(t, len(s.journal.bot()), 2, "something is said")
	assert.Equal(t, "caller_hangup", s.journal.record.EndCause)
}

// Keys are answered: in the sound, and of a number, when it is complete.
func TestKeys(t *testing.T) {
	s := perform(t, nil, func(s *stage) {
		s.greeted()
		if err := s.caller.session.SendKeys(s.ctx, "1"); err != nil {
			s.t.Error(err)
		}
		s.pause(length(hours) + 2*time.Second)
	})
	assert.Equal(t, 1, s.journal.count("dtmf"))
	assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(100*time.Millisecond))
}
