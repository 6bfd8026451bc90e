package call_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/dialog"
	"hotline/internal/call"
)

// A caller who does not meet the bot hears what must be heard, and then the agent; when
// he cannot be reached, the bot is there for him.
func TestStraightToPeople(t *testing.T) {
	through := func(s *stage) {
		s.call.Line.Straight = &call.Straight{Skill: func() string { return "service" }, Bot: func(f dialog.Facts) bool { return f.Caller != "13900001111" }}
	}
	t.Run("an agent", func(t *testing.T) {
		var a *agent
		s := perform(t, func(s *stage) {
			through(s)
			a = s.newAgent("li", time.Second)
		}, func(s *stage) {
			s.until(func() bool { return s.journal.count("bridge") == 1 })
			a.say(s.ctx, agentTalks, time.Second)
			s.pause(time.Second)
			a.leg.end(bye{})
			<-s.over
		})
		heard := s.caller.since(0)
		assert.Greater(t, heardFor(heard, disclosure), length(disclosure)/2, "%v", melody(heard))
		assert.Zero(t, heardFor(heard, greeting), "he is not asked what it is about: %v", melody(heard))
		assert.Greater(t, heardTone(heard, agentTalks), 800*time.Millisecond)
		assert.Equal(t, call.ReasonRollout, s.journal.record.TransferReason)
		assert.False(t, s.staff.wants.Asked, "the queue may ask him to be rung back")
	})
	t.Run("nobody", func(t *testing.T) {
		s := perform(t, through, func(s *stage) {
			s.pause(length(disclosure) + 8*time.Second)
			s.say(callback)
			s.pause(5 * time.Second)
			s.say(tomorrow)
			s.pause(6 * time.Second)
		})
		if assert.Len(t, s.journal.wishes, 1) {
			assert.Equal(t, "callback", s.journal.wishes[0].Kind)
		}
	})
}
