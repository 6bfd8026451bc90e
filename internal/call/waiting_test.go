package call_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/call"
	"hotline/media/dsp"
)

// sounding is how long something was heard that is louder than comfort noise.
func sounding(x []int16) (d time.Duration) {
	for ; len(x) >= 160; x = x[160:] {
		if dsp.LevelDB(x[:160]) > -50 {
			d += 20 * time.Millisecond
		}
	}
	return d
}

const (
	standing = "下一位就是您，大约还要等两分钟"
	waitOn   = "好的，请您继续等。"
)

// All agents are busy: the caller hears music and where he stands, asks the bot
// something meanwhile and gets an answer, hears the music again, and then the agent.
func TestWaiting(t *testing.T) {
	var a *agent
	var music, asked, again, talk []int16
	s := perform(t, func(s *stage) {
		a = s.newAgent("li", 2*time.Second)
		s.staff.busy, s.staff.patience, s.staff.announcement = make(chan struct{}), time.Hour, standing
	}, func(s *stage) {
		s.greeted()
		mark := s.caller.now()
		s.keys('0')
		s.pause(20 * time.Second)
		music = s.caller.since(mark)
		mark = s.caller.now()
		s.say(asksHours)
		s.pause(length(hours) + 3*time.Second)
		asked = s.caller.since(mark)
		mark = s.caller.now()
		s.pause(10 * time.Second)
		again = s.caller.since(mark)
		close(s.staff.busy)
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		mark = s.caller.now()
		a.say(s.ctx, agentTalks, time.Second)
		s.pause(2 * time.Second)
		talk = s.caller.since(mark)
		a.leg.end(bye{})
		<-s.over
	})
	assert.Greater(t, heardFor(music, standing), length(standing)/2, "he is told where he stands: %v", melody(music))
	assert.Greater(t, sounding(music), 12*time.Second, "and hears music")
	assert.Greater(t, heardFor(asked, hours), length(hours)/2, "the bot answers: %v", melody(asked))
	assert.Greater(t, sounding(again), 5*time.Second, "the music goes on")
	assert.Greater(t, heardTone(talk, agentTalks), 800*time.Millisecond, "%v", melody(talk))
	assert.Less(t, sounding(talk), 1500*time.Millisecond, "the music is over")
	assert.Equal(t, call.LeftAnswered, s.staff.left)
	assert.True(t, s.staff.wants.Asked)
	assert.Equal(t, "13900001111", s.staff.wants.Number)
	assert.Equal(t, call.Transferred, s.journal.record.Outcome)
}

// While he waits the caller chooses a callback: he leaves the queue, and it is noted.
func TestCallbackInsteadOfWaiting(t *testing.T) {
	for name, choose := range map[string]func(s *stage){
		"by key":   func(s *stage) { s.keys('2'); s.pause(700 * time.Millisecond) },
		"by voice": func(s *stage) { s.say(callback) },
	} {
		t.Run(name, func(t *testing.T) {
			s := perform(t, func(s *stage) {
				s.unreachable("li", time.Hour, nil)
				s.staff.busy, s.staff.patience = make(chan struct{}), time.Hour
			}, func(s *stage) {
				s.greeted()
				s.keys('0')
				s.pause(10 * time.Second)
				choose(s)
				s.pause(6 * time.Second)
				s.say(tomorrow)
				s.pause(8 * time.Second)
			})
			if assert.Len(t, s.journal.wishes, 1) {
				assert.Equal(t, "callback", s.journal.wishes[0].Kind)
				assert.Equal(t, words[tomorrow], s.journal.wishes[0].When)
			}
			assert.Equal(t, call.LeftCallback, s.staff.left)
			assert.Equal(t, call.Resolved, s.journal.record.Outcome)
		})
	}
}

// He leaves a message instead, and the music does not play into it.
func TestMessageInsteadOfWaiting(t *testing.T) {
	var mark int
	s := perform(t, func(s *stage) {
		s.unreachable("li", time.Hour, nil)
		s.staff.busy, s.staff.patience = make(chan struct{}), time.Hour
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.pause(10 * time.Second)
		s.keys('3')
		s.pause(700*time.Millisecond + 5*time.Second)
		mark = s.caller.now()
		s.say(asksHours)
		s.pause(time.Second)
		assert.Zero(t, sounding(s.caller.since(mark)), "it is quiet: %v", melody(s.caller.since(mark)))
		s.keys('#')
		s.pause(5 * time.Second)
	})
	if assert.Len(t, s.journal.wishes, 1) {
		assert.Equal(t, "message", s.journal.wishes[0].Kind)
	}
	assert.Equal(t, call.LeftCallback, s.staff.left)
}

// Who has waited long enough is asked; who hangs up leaves the queue.
func TestEndOfWaiting(t *testing.T) {
	s := perform(t, func(s *stage) {
		s.unreachable("li", time.Hour, nil)
		s.staff.busy, s.staff.patience = make(chan struct{}), 30*time.Second
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.pause(45 * time.Second)
		assert.Equal(t, call.LeftForChoice, s.staff.why())
		s.say(saysYes) // wait on
		s.pause(10 * time.Second)
		s.leg.end(bye{})
		<-s.over
	})
	assert.Equal(t, call.LeftHungUp, s.staff.left)
	assert.Equal(t, call.Abandoned, s.journal.record.Outcome)
}

// An agent is there while the bot speaks to the caller: it stops, and nothing of it is
// heard over the ringing.
func TestAgentComesWhileTheBotTalks(t *testing.T) {
	var a *agent
	s := perform(t, func(s *stage) {
		a = s.newAgent("li", 2*time.Second)
		s.staff.busy, s.staff.patience = make(chan struct{}), time.Hour
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.pause(10 * time.Second)
		s.say(asksHours)
		s.pause(1200 * time.Millisecond)
		close(s.staff.busy)
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		mark := s.caller.now()
		s.pause(5 * time.Second)
		assert.Zero(t, sounding(s.caller.since(mark)), "%v", melody(s.caller.since(mark)))
		a.leg.end(bye{})
		<-s.over
	})
	assert.Equal(t, call.Transferred, s.journal.record.Outcome)
}
