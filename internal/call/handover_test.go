package call_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/media/mediatest"
)

// heardTone is how long a pitch was heard.
func heardTone(x []int16, hz float64) time.Duration {
	var d time.Duration
	for _, t := range melody(x) {
		if math.Abs(t.hz-hz) <= 15 {
			d += t.long
		}
	}
	return d
}

const ringBack = 450.0 // Hz, China's

// The caller asks for a person: ring-back until he answers, a whisper to him alone,
// then both hear each other; he hangs up, and the caller is told goodbye.
func TestToAPerson(t *testing.T) {
	var a *agent
	var mark int
	s := perform(t, func(s *stage) { a = s.newAgent("li", 3*time.Second) }, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(length(hours) + time.Second)
		mark = s.caller.now()
		s.say(asksPerson)
		s.pause(12 * time.Second) // the announcement, ringing, the whisper
		s.caller.say(s.ctx, asksFare, time.Second)
		a.say(s.ctx, agentTalks, time.Second)
		s.pause(2 * time.Second)
		a.leg.end(bye{})
		<-s.over
	})
	heard, agentHeard := s.caller.since(mark), a.since(0)
	assert.Greater(t, heardTone(heard, ringBack), 900*time.Millisecond, "the caller hears it ring: %v", melody(heard))
	assert.InDelta(t, time.Second, heardTone(heard, agentTalks), float64(150*time.Millisecond), "the caller hears the agent: %v", melody(heard))
	assert.InDelta(t, time.Second, heardTone(agentHeard, asksFare), float64(150*time.Millisecond), "the agent hears the caller: %v", melody(agentHeard))
	require.NotEmpty(t, melody(agentHeard))
	whisper := melody(agentHeard)[0]
	assert.Greater(t, whisper.long, 500*time.Millisecond, "the agent is told what it is about: %v", melody(agentHeard))
	assert.Zero(t, heardTone(agentHeard, ringBack), "and hears no ringing")

	r := s.journal.record
	assert.Equal(t, call.Transferred, r.Outcome)
	assert.Equal(t, "li", r.Agent)
	assert.Equal(t, "asked", r.TransferReason)
	assert.NotEmpty(t, r.Summary)
	assert.Zero(t, heardFor(heard, r.Summary), "the whisper is not for the caller")
	assert.Equal(t, "bot_hangup", r.EndCause)
	assert.Equal(t, "plain", r.Media.Security)
	require.Len(t, r.AgentMedia, 1, "how his leg was is kept, too")
	assert.Equal(t, "li", r.AgentMedia[0].Name)
	assert.NotEmpty(t, r.AgentMedia[0].Codec)
	assert.Positive(t, r.AgentMedia[0].Media.Received)
	assert.Equal(t, 1, s.journal.count("bridge"))
	assert.Equal(t, []string{"li"}, s.staff.talking)
	assert.Equal(t, call.OfferTaken, s.staff.results["li"])
	assert.True(t, a.conn.Closed(), "the agent's port is given back")
	assert.Contains(t, s.journal.bot()[len(s.journal.bot())-1].Text, "再见")
	var said bool
	for _, turn := range s.journal.turns {
		said = said || turn.Speaker == "agent" && turn.Text == "您好我是客服"
	}
	assert.True(t, said, "what the agent said is written down")
}

// Who refuses, does not answer, or leaves before he is joined, is passed over, each
// noted as what it was.
func TestLadder(t *testing.T) {
	var left, last *agent
	s := perform(t, func(s *stage) {
		s.unreachable("busy", time.Second, refusal(486))
		s.unreachable("asleep", time.Hour, nil)
		left = s.newAgent("left", time.Second)
		last = s.newAgent("last", time.Second)
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.until(func() bool { return len(s.staff.atWork()) == 1 })
		s.pause(500 * time.Millisecond)
		left.leg.end(bye{}) // during the whisper
		s.until(func() bool { return len(s.staff.atWork()) == 2 })
		s.pause(8 * time.Second)
		last.say(s.ctx, agentTalks, time.Second)
		last.leg.end(bye{})
		<-s.over
	})
	assert.Equal(t, map[string]call.OfferResult{
		"busy": call.OfferRefused, "asleep": call.OfferNoAnswer, "left": call.OfferRefused, "last": call.OfferTaken,
	}, s.staff.results)
	assert.Equal(t, "last", s.journal.record.Agent)
	assert.Greater(t, heardTone(s.caller.since(0), agentTalks), 800*time.Millisecond)
	assert.Zero(t, heardTone(left.since(0), ringBack))
}

// Nobody takes it: the caller chooses, and a callback is written down.
func TestNobodyTakesIt(t *testing.T) {
	for name, prepare := range map[string]func(s *stage){
		"nobody is there": nil,
		"all of them refuse": func(s *stage) {
			s.unreachable("a", time.Second, refusal(486))
			s.unreachable("b", time.Second, refusal(603))
		},
		"out of hours":        func(s *stage) { s.staff.shut = true },
		"the line is refused": func(s *stage) { s.unreachable("a", time.Second, refusal(500)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := perform(t, prepare, func(s *stage) {
				s.greeted()
				s.keys('0')
				s.pause(13 * time.Second)
				s.say(callback)
				s.pause(5 * time.Second)
				s.say(tomorrow)
				s.pause(6 * time.Second)
			})
			require.Len(t, s.journal.wishes, 1)
			w := s.journal.wishes[0]
			assert.Equal(t, "callback", w.Kind)
			assert.Equal(t, "13900001111", w.Number)
			assert.Equal(t, words[tomorrow], w.When)
			assert.Equal(t, call.Resolved, s.journal.record.Outcome)
			assert.Equal(t, 1, s.journal.count("callback"))
		})
	}
}

// A message is spoken after a tone; the key that ends it does not cut its last words.
func TestMessage(t *testing.T) {
	var mark int
	s := perform(t, nil, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.pause(10 * time.Second)
		mark = s.caller.now()
		s.keys('3')
		s.pause(700*time.Millisecond + 5*time.Second)
		s.say(asksHours)
		s.pause(40 * time.Millisecond)
		s.keys('#') // the text of what was said is still under way
		s.pause(5 * time.Second)
	})
	heard := melody(s.caller.since(mark))
	assert.InDelta(t, 400*time.Millisecond, heardTone(s.caller.since(mark), 1000), float64(100*time.Millisecond), "the tone: %v", heard)
	require.Len(t, s.journal.wishes, 1)
	w := s.journal.wishes[0]
	assert.Equal(t, "message", w.Kind)
	assert.Equal(t, words[asksHours], w.Summary)
	assert.Zero(t, heardFor(s.caller.since(mark), hours), "what is left as a message is not answered")
}

// The caller hangs up while it rings: the ringing ends at once.
func TestCallerGivesUpWhileItRings(t *testing.T) {
	var rang, stopped time.Duration
	s := perform(t, func(s *stage) {
		s.unreachable("li", time.Hour, nil)
		dial := s.dialer["li"]
		s.dialer["li"] = func(ctx context.Context) (call.Leg, error) {
			began := time.Now()
			l, err := dial(ctx)
			rang = time.Since(began)
			return l, err
		}
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.pause(8 * time.Second)
		at := time.Now()
		s.leg.end(bye{})
		<-s.over
		stopped = time.Since(at)
	})
	assert.Positive(t, rang)
	assert.Less(t, rang, 8*time.Second)
	assert.Less(t, stopped, 100*time.Millisecond)
	assert.Equal(t, call.Abandoned, s.journal.record.Outcome)
	assert.Equal(t, call.OfferGone, s.staff.results["li"])
	assert.False(t, mediatest.Hears(s.caller.since(0)[:8000], rate, ringBack), "no ringing before it is asked for")
}
