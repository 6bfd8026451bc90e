package call_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call"
)

const (
	forTeam   = "您好，这里是云上商城的自动外呼，通话会录音，正在为您接通顾问。"
	nobodyNow = "这里是云上商城，现在没有空闲的顾问，我们稍后再打给您。不想再接到来电请按9。"
)

// teamCall calls 13900001111 for a team of one, agent7, who answers after two seconds.
type teamCall struct {
	*office
	callee, agent, other *telephone
	mu                   sync.Mutex
	stages               []call.Stage
}

func (c *teamCall) told() []call.Stage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]call.Stage(nil), c.stages...)
}

func callForTeam(t *testing.T, free bool, talk func(c *teamCall)) *teamCall {
	t.Helper()
	c := &teamCall{}
	inOffice(t, func(o *office) {
		c.office = o
		o.line.Hear = func(h call.Hearing) asr.Recognizer {
			l, err := asr.NewListener(asr.ListenerConfig{
				Options: asr.Options{Call: h.Call, Language: h.Language}, Decoder: understands{},
				Detector: func(int) (asr.Detector, error) { return loudness{}, nil },
			})
			if err != nil {
				panic(err)
			}
			return l
		}
		c.callee = o.phone("13900001111", 3*time.Second)
		if free {
			c.agent = o.phone("agent:agent7", 2*time.Second)
			dial := o.dialer["agent:agent7"]
			o.dialer["agent:agent7"] = func(ctx context.Context, to call.Target, progress func(int, []byte)) (call.Leg, error) {
				assert.Contains(o.t, to.Headers["Call-Info"], "answer-after=0", "his telephone is asked to answer at once")
				return dial(ctx, to, progress)
			}
			c.other = o.phone("agent:agent8", time.Second)
			o.staff.names = []string{"agent7"}
		}
		o.place(call.Placement{
			To: "13900001111", Greeting: forTeam, OptOut: "9", Fields: map[string]string{"name": "王芳", "item": "洗衣机"},
			Team: &call.Team{Skill: "sales", Abandoned: nobodyNow, Tell: func(s call.Stage) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.stages = append(c.stages, s)
			}},
		}, func(string) {
			o.until(func() bool { return !o.journal.now().AnsweredAt.IsZero() })
			talk(c)
			c.callee.leg.end(bye{})
		})
	})
	return c
}

// begins is when something was first marked, since the answer.
func (j *journal) begins(kind string) time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == kind {
			return time.Duration(e.MS) * time.Millisecond
		}
	}
	return -1
}

// A person who answers hears who calls while an agent is rung, and then the agent, on
// whose screen stands what is known of him.
func TestTeamTakesTheCall(t *testing.T) {
	var summary string
	c := callForTeam(t, true, func(c *teamCall) {
		time.Sleep(300 * time.Millisecond)
		c.callee.speaks(c.ctx, saysHello, 700*time.Millisecond)
		c.until(func() bool { return c.journal.count(call.KindBridge) > 0 })
		summary = c.journal.now().Summary
		mark := c.callee.now()
		c.agent.say(c.ctx, agentTalks, time.Second)
		time.Sleep(300 * time.Millisecond)
		var heard time.Duration
		for _, x := range melody(c.callee.since(mark)) {
			if x.hz > 1450 && x.hz < 1550 {
				heard += x.long
			}
		}
		assert.Greater(c.t, heard, 800*time.Millisecond, "he hears the agent")
		c.agent.leg.end(bye{})
		c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
	})
	assert.Equal(t, "王芳; item: 洗衣机", summary)
	assert.InDelta(t, length(forTeam), heardFor(c.callee.since(0), forTeam), float64(200*time.Millisecond), "the greeting is heard to its end")
	assert.LessOrEqual(t, c.journal.begins(call.KindSayStart), call.Grace)
	assert.Equal(t, []call.Stage{call.StageAnswered, call.StageOffered, call.StageConnected}, c.told())
	r := c.journal.now()
	assert.Equal(t, call.Transferred, r.Outcome)
	assert.Equal(t, "agent_hangup", r.EndCause)
	assert.Equal(t, "agent7", r.Agent)
	assert.Zero(t, c.staff.reserved, "he is free again")
	assert.Equal(t, "您好，这里是云上商城的自动外呼，通话会录音，正在为您接通顾问。", c.journal.bot()[0].Text, "what was said stands in the record")
}

// Who answers while nobody is free is told so within two seconds, whether he speaks or
// not, and then the call ends.
func TestTeamIsBusy(t *testing.T) {
	for name, speaks := range map[string]bool{"says hello": true, "says nothing": false} {
		t.Run(name, func(t *testing.T) {
			c := callForTeam(t, false, func(c *teamCall) {
				if speaks {
					time.Sleep(200 * time.Millisecond)
					c.callee.speaks(c.ctx, saysHello, 600*time.Millisecond)
				}
				c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
			})
			assert.InDelta(t, length(nobodyNow), heardFor(c.callee.since(0), nobodyNow), float64(200*time.Millisecond))
			began := c.journal.begins(call.KindSayStart)
			assert.LessOrEqual(t, began, call.Grace)
			assert.Positive(t, began)
			assert.Equal(t, []call.Stage{call.StageAnswered, call.StageAbandoned}, c.told())
			r := c.journal.now()
			assert.Equal(t, call.Abandoned, r.Outcome)
			assert.Equal(t, "bot_hangup", r.EndCause)
			assert.InDelta(t, (began + length(nobodyNow) + 3*time.Second).Seconds(), r.EndedAt.Sub(r.AnsweredAt).Seconds(), 0.6, "there is time to press the key")
			assert.Equal(t, 1, c.journal.count(call.KindAbandoned))
		})
	}
}

// An agent who does not pick up is no agent.
func TestTeamDoesNotPickUp(t *testing.T) {
	c := callForTeam(t, true, func(c *teamCall) {
		c.dialer["agent:agent7"] = func(ctx context.Context, _ call.Target, _ func(int, []byte)) (call.Leg, error) { //nolint:unparam // as every dialer
			c.staff.mu.Lock()
			c.staff.shut = true // he is not tried again at once
			c.staff.mu.Unlock()
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		c.callee.speaks(c.ctx, saysHello, 600*time.Millisecond)
		c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
	})
	assert.Positive(t, heardFor(c.callee.since(0), forTeam))
	assert.InDelta(t, length(nobodyNow), heardFor(c.callee.since(0), nobodyNow), float64(200*time.Millisecond), "%v", melody(c.callee.since(0)))
	assert.Contains(t, c.told(), call.StageAbandoned)
	assert.Equal(t, call.OfferNoAnswer, c.staff.results["agent7"])
	assert.Zero(t, c.staff.reserved)
}

// An agent who has picked up and goes while the callee still hears who calls leaves nobody
// alone: the next one who is free is rung, and the greeting goes on; without one the callee
// is told so at once.
func TestTeamLeavesBeforeItIsJoined(t *testing.T) {
	for name, another := range map[string]bool{"another is free": true, "nobody else is": false} {
		t.Run(name, func(t *testing.T) {
			var left time.Time
			c := callForTeam(t, true, func(c *teamCall) {
				c.callee.speaks(c.ctx, saysHello, 600*time.Millisecond)
				c.until(func() bool { return len(c.staff.atWork()) == 1 })
				time.Sleep(500 * time.Millisecond)
				require.Zero(c.t, c.journal.count(call.KindBridge), "the callee still hears who calls")
				c.staff.mu.Lock()
				c.staff.names = map[bool][]string{true: {"agent8"}}[another] // who went rests
				c.staff.mu.Unlock()
				left = time.Now()
				c.agent.leg.end(bye{})
				if another {
					c.until(func() bool { return c.journal.count(call.KindBridge) > 0 })
					c.other.leg.end(bye{})
				}
				c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
			})
			assert.Equal(t, call.OfferRefused, c.staff.results["agent7"])
			assert.Zero(t, c.staff.reserved)
			r := c.journal.now()
			if another {
				assert.Equal(t, []call.Stage{call.StageAnswered, call.StageOffered, call.StageConnected}, c.told())
				assert.Equal(t, "agent8", r.Agent)
				assert.InDelta(t, length(forTeam), heardFor(c.callee.since(0), forTeam), float64(200*time.Millisecond), "the greeting is heard to its end")
				assert.Zero(t, heardFor(c.callee.since(0), nobodyNow))
				return
			}
			assert.Equal(t, []call.Stage{call.StageAnswered, call.StageOffered, call.StageAbandoned}, c.told())
			assert.Equal(t, call.Abandoned, r.Outcome)
			assert.InDelta(t, length(nobodyNow), heardFor(c.callee.since(0), nobodyNow), float64(200*time.Millisecond))
			said := c.journal.bot()
			assert.Equal(t, nobodyNow, said[len(said)-1].Text)
			began := r.AnsweredAt.Add(time.Duration(said[len(said)-1].StartMS) * time.Millisecond)
			assert.LessOrEqual(t, began.Sub(left), call.Grace)
		})
	}
}

// The key that the announcement offers is obeyed while it is said.
func TestTeamIsRefused(t *testing.T) {
	c := callForTeam(t, false, func(c *teamCall) {
		c.callee.speaks(c.ctx, saysHello, 600*time.Millisecond)
		c.until(func() bool { return c.journal.count(call.KindAbandoned) > 0 })
		time.Sleep(2 * time.Second)
		require.NoError(c.t, c.callee.session.SendKeys(c.ctx, "9"))
		c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
	})
	assert.Equal(t, 1, c.journal.count(call.KindRefusal), strings.Join(c.journal.kinds(), " "))
	require.NotEmpty(t, c.journal.bot())
	first := c.journal.bot()[0]
	assert.Equal(t, nobodyNow, first.Text)
	assert.Less(t, first.EndMS-first.StartMS, (length(nobodyNow) - time.Second).Milliseconds(), "it stops for who has understood")
	assert.Equal(t, "bot_hangup", c.journal.now().EndCause)
}

// A machine costs no agent.
func TestTeamMeetsAMachine(t *testing.T) {
	c := callForTeam(t, true, func(c *teamCall) {
		time.Sleep(200 * time.Millisecond)
		c.callee.speaks(c.ctx, saysLeave, 4*time.Second)
		c.until(func() bool { return !c.journal.now().EndedAt.IsZero() })
	})
	assert.Empty(t, c.staff.atWork())
	assert.Equal(t, []call.Stage{call.StageAnswered, call.StageMachine}, c.told())
	assert.Equal(t, "voicemail", c.journal.now().EndCause)
	assert.Zero(t, heardFor(c.callee.since(0), forTeam))
}
