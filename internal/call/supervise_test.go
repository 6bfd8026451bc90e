package call_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
)

// chief is a supervisor whose telephone is the one called boss.
var chief = call.Supervisor{Name: "陈主管", Agent: "boss", Target: call.Target{To: "agent:boss"}}

// A supervisor changes who hears him while the call goes on, and everybody hears whom he
// should and nobody else.
func TestSupervisorChangesHisMode(t *testing.T) {
	s := atDesk(t, "boss", func(d *desked, li, boss *agent) {
		require.ErrorIs(d.t, d.manager.SetMode(d.id(), chief.Name, call.Whisper), call.ErrNotThere)
		require.ErrorIs(d.t, d.manager.TakeOver(d.ctx, d.id(), chief.Name), call.ErrNotThere)
		require.NoError(d.t, d.manager.Join(d.ctx, d.id(), chief, call.Listen))
		for _, step := range []struct {
			mode          call.Mode
			caller, agent bool
		}{{call.Listen, false, false}, {call.Whisper, false, true}, {call.Barge, true, true}, {call.Listen, false, false}, {call.Whisper, false, true}} {
			require.NoError(d.t, d.manager.SetMode(d.id(), chief.Name, step.mode))
			d.pause(100 * time.Millisecond)
			assert.Equal(d.t, []bool{step.caller, step.agent}, d.hears(boss.party, coughs, d.caller, li.party), "%s: caller and agent", step.mode)
			assert.Equal(d.t, []bool{true, true}, d.hears(d.caller, asksFare, li.party, boss.party), "%s: agent and supervisor hear the caller", step.mode)
			assert.Equal(d.t, []bool{true, true}, d.hears(li.party, agentTalks, d.caller, boss.party), "%s: caller and supervisor hear the agent", step.mode)
		}
		require.ErrorIs(d.t, d.manager.SetMode(d.id(), chief.Name, "shout"), call.ErrMode)
		there := d.manager.Supervisors(d.id())
		require.Len(d.t, there, 1)
		assert.Equal(d.t, call.Whisper, there[0].Mode)
		require.NoError(d.t, d.manager.Join(d.ctx, d.id(), chief, call.Listen), "who is there changes his mode")
		require.NoError(d.t, d.manager.SendAway(d.id(), chief.Name))
		d.until(boss.leg.gone)
		d.until(func() bool { return len(d.manager.Supervisors(d.id())) == 0 })
		assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller), "the two go on")
		li.leg.end(bye{})
	})
	assert.Equal(t, []string{
		"陈主管 listen joined", "陈主管 whisper changed", "陈主管 barge changed", "陈主管 listen changed", "陈主管 whisper changed", "陈主管 listen changed", "陈主管 listen left",
	}, s.journal.supervised())
	assert.Equal(t, "li", s.journal.record.Agent)
}

// The agent is let go; the supervisor has the caller, and is written down when he speaks.
func TestSupervisorTakesTheCallOver(t *testing.T) {
	s := atDesk(t, "boss", func(d *desked, li, boss *agent) {
		d.staff.mu.Lock()
		d.staff.names = append(d.staff.names, "boss")
		d.staff.mu.Unlock()
		require.NoError(d.t, d.manager.Join(d.ctx, d.id(), chief, call.Whisper))
		require.NoError(d.t, d.manager.Hold(d.ctx, d.id()), "even of a caller on hold")
		require.NoError(d.t, d.manager.TakeOver(d.ctx, d.id(), chief.Name))
		require.NoError(d.t, d.manager.TakeOver(d.ctx, d.id(), chief.Name), "again is no fault")
		d.until(li.leg.gone)
		d.pause(300 * time.Millisecond)
		assert.Equal(d.t, []bool{true}, d.hears(boss.party, agentTalks, d.caller))
		assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, boss.party))
		assert.Equal(d.t, []string{"li", "boss"}, d.staff.atWork())
		assert.True(d.t, d.manager.Supervisors(d.id())[0].Taken)
		require.NoError(d.t, d.manager.Hold(d.ctx, d.id()), "he can do what an agent can")
		require.NoError(d.t, d.manager.Unhold(d.ctx, d.id()))
		d.pause(2 * time.Second)
		boss.leg.end(bye{})
	})
	assert.Equal(t, "boss", s.journal.record.Agent)
	assert.Equal(t, call.Transferred, s.journal.record.Outcome)
	assert.Equal(t, map[string]call.OfferResult{"li": call.OfferTaken, "boss": call.OfferTaken}, s.staff.results)
	assert.Contains(t, s.journal.supervised(), "陈主管 whisper taken_over")
	said := 0
	for _, turn := range s.journal.turns {
		if turn.Speaker == "agent" {
			said++
		}
	}
	assert.Equal(t, 1, said, "what he says is an agent's turn")
}

// From the bot: it stops in the middle of its answer.
func TestSupervisorTakesTheCallFromTheBot(t *testing.T) {
	s := botWatched(t, func(d *desked, boss *agent) {
		require.NoError(d.t, d.manager.Join(d.ctx, d.id(), chief, call.Listen))
		d.say(asksHours)
		d.pause(1500 * time.Millisecond)
		require.NoError(d.t, d.manager.TakeOver(d.ctx, d.id(), chief.Name))
		d.pause(300 * time.Millisecond)
		mark := d.caller.now()
		assert.Equal(d.t, []bool{true}, d.hears(boss.party, agentTalks, d.caller))
		assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, boss.party))
		d.pause(2 * time.Second)
		assert.Zero(d.t, heardFor(d.caller.since(mark), hours), "the bot is silent")
		assert.Zero(d.t, heardFor(d.caller.since(mark), fare), "and does not answer")
		boss.leg.end(bye{})
	})
	assert.Equal(t, "boss", s.journal.record.Agent)
	assert.Equal(t, "supervisor", s.journal.record.TransferReason)
	assert.Equal(t, call.Transferred, s.journal.record.Outcome)
}

// What must be heard is heard before; and a caller who waits need not any longer.
func TestSupervisorTakesACallerWhoWaits(t *testing.T) {
	s := botWatched(t, func(d *desked, boss *agent) {
		d.staff.mu.Lock()
		d.staff.busy, d.staff.patience = make(chan struct{}), time.Minute
		d.staff.mu.Unlock()
		d.keys('0')
		d.until(func() bool { return d.journal.count(call.KindQueue) == 1 })
		require.NoError(d.t, d.manager.Join(d.ctx, d.id(), chief, call.Listen))
		require.NoError(d.t, d.manager.TakeOver(d.ctx, d.id(), chief.Name))
		d.pause(300 * time.Millisecond)
		assert.Equal(d.t, []bool{true}, d.hears(boss.party, agentTalks, d.caller))
		assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, boss.party))
	})
	assert.Equal(t, call.LeftAnswered, s.staff.why())
}

// botWatched is a call with the bot, and a supervisor who can be rung. It ends by the
// caller's hanging up when play returns.
func botWatched(t *testing.T, play func(d *desked, boss *agent)) *stage {
	t.Helper()
	var boss *agent
	d := &desked{}
	return perform(t, func(s *stage) {
		d.stage = s
		boss = s.newAgent("boss", time.Second)
		s.staff.names = nil
		d.serve()
	}, func(s *stage) {
		s.greeted()
		play(d, boss)
	})
}
