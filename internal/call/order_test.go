package call_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
)

// desked is a call of a manager, so that things can be wanted of it.
type desked struct {
	*stage
	manager *call.Manager
}

func (d *desked) id() string { return d.manager.Live()[0].ID }

// atDesk runs a call in which the caller talks to the agent li; another, wang or a
// number outside, can be rung.
func atDesk(t *testing.T, another string, play func(d *desked, li, other *agent)) *stage {
	t.Helper()
	var li, other *agent
	d := &desked{}
	return perform(t, func(s *stage) {
		d.stage = s
		li, other = s.newAgent("li", time.Second), s.newAgent(another, 2*time.Second)
		s.staff.names = []string{"li"}
		d.serve()
	}, func(s *stage) {
		s.greeted()
		require.ErrorIs(s.t, d.manager.Hold(s.ctx, d.id()), call.ErrNoAgentTalks)
		s.keys('0')
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		s.staff.mu.Lock()
		s.staff.names = []string{"li", "wang"}
		s.staff.mu.Unlock()
		play(d, li, other)
		select {
		case <-s.over:
		case <-time.After(time.Minute):
			s.t.Error("the call does not end")
		}
	})
}

// serve has the call be one of a manager.
func (d *desked) serve() {
	line := d.call.Line
	d.manager = call.NewManager(d.call.Services, func(string) call.Route { return call.Route{Line: &line} }, 0)
	d.wg.Go(func() { _ = d.manager.Run(d.ctx) })
	d.run = func(ctx context.Context) error {
		d.manager.Serve(ctx, d.call.Party.(call.Arrival))
		return nil
	}
}

// hears is how long each of several hears what one says for a second.
func (d *desked) hears(from *party, hz float64, of ...*party) []bool {
	marks := make([]int, len(of))
	for i, p := range of {
		marks[i] = p.now()
	}
	from.say(d.ctx, hz, time.Second)
	d.pause(300 * time.Millisecond)
	out := make([]bool, len(of))
	for i, p := range of {
		out[i] = heardTone(p.since(marks[i]), hz) > 700*time.Millisecond
	}
	return out
}

func TestHoldByTheDesk(t *testing.T) {
	s := atDesk(t, "wang", func(d *desked, li, _ *agent) {
		require.NoError(d.t, d.manager.Hold(d.ctx, d.id()))
		require.ErrorIs(d.t, d.manager.Hold(d.ctx, d.id()), call.ErrOnHold)
		mark := d.caller.now()
		d.pause(5 * time.Second)
		assert.Greater(d.t, sounding(d.caller.since(mark)), 2*time.Second, "he hears music")
		assert.Equal(d.t, []bool{false}, d.hears(d.caller, asksFare, li.party))
		assert.True(d.t, d.manager.Held(d.id()))
		require.NoError(d.t, d.manager.Unhold(d.ctx, d.id()))
		require.ErrorIs(d.t, d.manager.Unhold(d.ctx, d.id()), call.ErrNotOnHold)
		assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, li.party))
		assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller))
		require.NoError(d.t, d.manager.EndCall(d.ctx, d.id()))
	})
	assert.Equal(t, 2, s.journal.count("hold"))
	assert.Equal(t, "bot_hangup", s.journal.record.EndCause, "the bot says goodbye")
}

func TestBlindTransferByTheDesk(t *testing.T) {
	s := atDesk(t, "wang", func(d *desked, li, wang *agent) {
		require.ErrorIs(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{Agent: "zhao"}, false), call.ErrBusyAgent)
		require.Error(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{}, false))
		require.NoError(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{Agent: "wang"}, false))
		d.until(li.leg.gone)
		d.pause(500 * time.Millisecond)
		assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
		wang.leg.end(bye{})
	})
	assert.Equal(t, "wang", s.journal.record.Agent)
}

// A skill's caller goes back into the queue, before others.
func TestTransferToASkill(t *testing.T) {
	s := atDesk(t, "wang", func(d *desked, li, wang *agent) {
		d.staff.mu.Lock()
		d.staff.names = []string{"wang"}
		d.staff.mu.Unlock()
		require.NoError(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{Skill: "repairs"}, false))
		d.until(func() bool { return d.journal.count("bridge") == 2 })
		assert.True(d.t, li.leg.gone())
		assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
		wang.leg.end(bye{})
	})
	assert.Equal(t, "repairs", s.staff.wants.Skill)
	assert.True(t, s.staff.wants.Urgent)
	assert.Equal(t, "wang", s.journal.record.Agent)
}

// The agent asks another, whom the caller does not hear, and leaves him the caller; or
// he takes him back, or all three talk.
func TestAttendedTransferByTheDesk(t *testing.T) {
	consult := func(d *desked, li, other *agent, to call.Destination) {
		require.NoError(d.t, d.manager.TransferTo(d.ctx, d.id(), to, true))
		require.ErrorIs(d.t, d.manager.TransferTo(d.ctx, d.id(), to, true), call.ErrGuest)
		require.ErrorIs(d.t, d.manager.Unhold(d.ctx, d.id()), call.ErrGuest)
		d.pause(3 * time.Second)
		assert.Equal(d.t, []bool{true, false}, d.hears(li.party, agentTalks, other.party, d.caller))
		assert.Equal(d.t, []bool{true, false}, d.hears(other.party, asksFare, li.party, d.caller))
		assert.Equal(d.t, []bool{false, false}, d.hears(d.caller, saysYes, li.party, other.party))
	}
	t.Run("completed", func(t *testing.T) {
		s := atDesk(t, "wang", func(d *desked, li, wang *agent) {
			consult(d, li, wang, call.Destination{Agent: "wang"})
			require.NoError(d.t, d.manager.CompleteTransfer(d.ctx, d.id()))
			d.until(li.leg.gone)
			assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
			assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, wang.party))
			wang.leg.end(bye{})
		})
		assert.Equal(t, "wang", s.journal.record.Agent)
	})
	t.Run("by hanging up", func(t *testing.T) {
		s := atDesk(t, "wang", func(d *desked, li, wang *agent) {
			consult(d, li, wang, call.Destination{Agent: "wang"})
			li.leg.end(bye{})
			d.pause(500 * time.Millisecond)
			assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
			wang.leg.end(bye{})
		})
		assert.Equal(t, "wang", s.journal.record.Agent)
	})
	t.Run("hung up while it rings", func(t *testing.T) {
		atDesk(t, "wang", func(d *desked, li, wang *agent) {
			require.NoError(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{Agent: "wang"}, true))
			d.pause(500 * time.Millisecond)
			li.leg.end(bye{})
			d.until(func() bool { return d.journal.count("bridge") == 2 })
			assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
			wang.leg.end(bye{})
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		s := atDesk(t, "10086", func(d *desked, li, outside *agent) {
			consult(d, li, outside, call.Destination{Number: "10086"})
			require.NoError(d.t, d.manager.CancelTransfer(d.ctx, d.id()))
			assert.True(d.t, outside.leg.gone())
			assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller))
			li.leg.end(bye{})
		})
		assert.Equal(t, "li", s.journal.record.Agent)
	})
	t.Run("the other hangs up", func(t *testing.T) {
		atDesk(t, "10086", func(d *desked, li, outside *agent) {
			consult(d, li, outside, call.Destination{Number: "10086"})
			outside.leg.end(bye{})
			d.pause(300 * time.Millisecond)
			assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller))
			li.leg.end(bye{})
		})
	})
	t.Run("conference", func(t *testing.T) {
		s := atDesk(t, "wang", func(d *desked, li, wang *agent) {
			consult(d, li, wang, call.Destination{Agent: "wang"})
			require.NoError(d.t, d.manager.Conference(d.ctx, d.id(), call.Destination{}))
			assert.Equal(d.t, []bool{true, true}, d.hears(d.caller, asksFare, li.party, wang.party))
			assert.Equal(d.t, []bool{true, true}, d.hears(li.party, agentTalks, d.caller, wang.party))
			assert.Equal(d.t, []bool{true, true}, d.hears(wang.party, saysYes, d.caller, li.party))
			li.leg.end(bye{})
			d.pause(500 * time.Millisecond)
			assert.Equal(d.t, []bool{true}, d.hears(wang.party, agentTalks, d.caller))
			wang.leg.end(bye{})
		})
		assert.Equal(t, "wang", s.journal.record.Agent)
	})
	t.Run("conference at once", func(t *testing.T) {
		atDesk(t, "10086", func(d *desked, li, outside *agent) {
			require.NoError(d.t, d.manager.Conference(d.ctx, d.id(), call.Destination{Number: "10086"}))
			assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, li.party), "while it rings")
			d.pause(2 * time.Second)
			assert.Equal(d.t, []bool{true, true}, d.hears(d.caller, asksFare, li.party, outside.party))
			require.NoError(d.t, d.manager.EndCall(d.ctx, d.id()))
		})
	})
}

// The caller hangs up in the middle of all that: everybody is hung up and given back.
func TestCallerLeavesAConsultation(t *testing.T) {
	atDesk(t, "wang", func(d *desked, li, wang *agent) {
		require.NoError(d.t, d.manager.TransferTo(d.ctx, d.id(), call.Destination{Agent: "wang"}, true))
		d.pause(3 * time.Second)
		d.leg.end(bye{})
		<-d.over
		assert.True(d.t, li.leg.gone() && wang.leg.gone())
	})
}

const askOrder = "请说四位订单号。"

// The bot takes the order's number and brings the caller back; the agent is told it,
// and neither hears the other meanwhile.
func TestBackToTheBot(t *testing.T) {
	s := atDesk(t, "wang", func(d *desked, li, _ *agent) {
		require.ErrorIs(d.t, d.manager.BackToBot(d.ctx, d.id(), " "), call.ErrDestination)
		mark, agent := d.caller.now(), li.now()
		require.NoError(d.t, d.manager.BackToBot(d.ctx, d.id(), "order"))
		require.ErrorIs(d.t, d.manager.Hold(d.ctx, d.id()), call.ErrWithBot)
		d.pause(4 * time.Second)
		assert.Positive(d.t, heardFor(d.caller.since(mark), askOrder), "%v", melody(d.caller.since(mark)))
		assert.Equal(d.t, []bool{false}, d.hears(li.party, agentTalks, d.caller))
		for _, k := range "4711#" {
			d.keys(byte(k))
			d.pause(200 * time.Millisecond)
		}
		d.pause(6 * time.Second)
		assert.Positive(d.t, heardFor(li.since(agent), "客户回来了。4711"), "%v", melody(li.since(agent)))
		assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller))
		assert.Equal(d.t, []bool{true}, d.hears(d.caller, asksFare, li.party))
		li.leg.end(bye{})
	})
	var states []any
	for _, e := range s.journal.events {
		if e.Kind == "transfer" && e.Data["flow"] != nil {
			states = append(states, e.Data["state"])
		}
	}
	assert.Equal(t, []any{"to_bot", "from_bot"}, states)
}

// What the bot cannot do, or does not come to its end, brings the caller back, too.
func TestBackToTheBotInVain(t *testing.T) {
	for name, c := range map[string]struct {
		flow string
		key  byte
	}{"no such flow": {"unknown", 0}, "the caller wants back": {"order", '0'}} {
		t.Run(name, func(t *testing.T) {
			atDesk(t, "wang", func(d *desked, li, _ *agent) {
				mark := li.now()
				require.NoError(d.t, d.manager.BackToBot(d.ctx, d.id(), c.flow))
				if c.key != 0 {
					d.pause(4 * time.Second)
					d.keys(c.key)
				}
				d.pause(8 * time.Second)
				assert.Positive(d.t, heardFor(li.since(mark), "客户回来了，没有办完。"), "%v", melody(li.since(mark)))
				assert.Equal(d.t, []bool{true}, d.hears(li.party, agentTalks, d.caller))
				li.leg.end(bye{})
			})
		})
	}
	t.Run("the agent does not wait", func(t *testing.T) {
		s := atDesk(t, "wang", func(d *desked, li, _ *agent) {
			require.NoError(d.t, d.manager.BackToBot(d.ctx, d.id(), "order"))
			d.pause(2 * time.Second)
			li.leg.end(bye{})
		})
		assert.Equal(t, "bot_hangup", s.journal.record.EndCause)
	})
}
