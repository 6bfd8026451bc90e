package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// register has an agent's telephone, a real one, wait for calls.
func register(t *testing.T, s *stand.Stand, name string, args ...string) *baresip {
	t.Helper()
	args = append([]string{"--register", name + ":" + stand.Password + "@" + s.SIP, "--timeout", "120"}, args...)
	b := startBaresip(t, "answer", args...)
	registered(t, s, name, "ready")
	t.Cleanup(func() { // the next test starts without anybody
		select {
		case <-b.done:
		case <-time.After(20 * time.Second):
		}
	})
	return b
}

// A caller asks for a person, who is told in a sentence what it is about, and both
// hear each other. All of it is recorded, and the bot says goodbye.
func TestToAPerson(t *testing.T) {
	minutes(t)
	s := shared(t)
	question, wish := voice(t, "你们门店几点开门？"), voice(t, "我要找人工客服。")
	callerTalks := voice(t, "你好，我上个星期买的那台空气净化器一直有很大的声音，我想请你帮我看看。")
	agentTalks := voice(t, "您好，这里是售后服务，我姓王，您的问题我已经看到了，请您不要着急。")
	for _, by := range []string{"voice", "key"} {
		t.Run(by, func(t *testing.T) {
			quiet := make([]int16, 8000)
			agent := register(t, s, "agent1", "--say", file(t, append(append(make([]int16, 12*8000), agentTalks...), quiet...)), "--duration", "26")
			var ringing, bridged, after []int16
			rec, rep := ring(t, s, "8000", func(c *caller) {
				c.listen(0)
				c.ask(question)
				mark := c.now()
				if by == "voice" {
					c.say(wish)
				} else {
					c.keys("0")
				}
				c.awaitVoice(mark)
				c.await(20*time.Second, func() bool { return state(c, "agent1") == "talking" })
				ringing = c.since(mark)
				mark = c.now()
				c.pause(16 * time.Second) // the whisper, and the agent
				c.say(callerTalks)
				c.await(30*time.Second, func() bool { return state(c, "agent1") != "talking" })
				bridged = c.since(mark)
				mark = c.now()
				defer func() { after = c.since(mark) }()
				c.untilHungUp()
			})
			require.Zero(t, agent.wait(30*time.Second))
			agentHeard := agent.heard()

			assert.GreaterOrEqual(t, likeness(callerTalks, agentHeard), alike, "the agent hears the caller")
			assert.GreaterOrEqual(t, likeness(agentTalks, bridged), alike, "the caller hears the agent")

			whisper := recognise(t, s, agentHeard[:min(len(agentHeard), 11*8000)], "zh")
			assert.True(t, anyOf(whisper, "门店", "开门", "客服", "人工", "几点", "来电", "转"), "the agent was told %q", whisper)
			tone, lasts := longestTone(ringing)
			assert.InDelta(t, 450, tone, 15, "the caller hears the ring-back tone, whose pitch is %v", tone)
			assert.GreaterOrEqual(t, lasts, 300*time.Millisecond, "until the telephone is answered, after half a second")
			goodbye := recognise(t, s, after, "zh")
			assert.True(t, anyOf(goodbye, "再见", "再見", "谢谢", "感谢", "来电"), "the caller was told %q", goodbye)

			assert.Equal(t, "far_end", rep.Ended)
			assert.Equal(t, call.Transferred, rec.Outcome)
			assert.Equal(t, "agent1", rec.Agent)
			assert.Equal(t, map[string]string{"voice": "asked", "key": "key"}[by], rec.TransferReason)
			require.NotEmpty(t, rec.Events(call.KindBridge))

			a, err := wav.ReadFile(s.Recording(t.Context(), rec))
			require.NoError(t, err)
			require.Len(t, a.Channels, 2)
			assert.GreaterOrEqual(t, likeness(callerTalks, a.Channels[0]), alike, "the caller is on the left")
			assert.GreaterOrEqual(t, likeness(agentTalks, a.Channels[1]), alike, "the agent is on the right")
			assert.Less(t, likeness(agentTalks, a.Channels[0]), alike, "the agent is not on the left")
			assert.Less(t, likeness(callerTalks, a.Channels[1]), alike, "the caller is not on the right")
			registered(t, s, "agent1", "offline")
		})
	}
}

// state is what an agent is doing, "" where the server does not say.
func state(c *caller, agent string) string {
	agents, err := c.stand.Agents(c.ctx)
	if err != nil {
		return ""
	}
	return agents[agent]
}

// longestTone is the pitch, in Hz, that a piece of sound has the longest with little beside
// it, and for how long: of a voice's pitches none is alone.
func longestTone(x []int16) (hz float64, lasts time.Duration) {
	const window = 800 // 100 ms, resolving 10 Hz
	length := map[float64]int{}
	for ; len(x) >= window; x = x[window:] {
		all := dsp.LevelDB(x[:window])
		if all < audible {
			continue
		}
		for f := 100.0; f < 3400; f += 10 {
			if dsp.Goertzel(x[:window], 8000, f) > all-3 {
				length[f]++
				break
			}
		}
	}
	most := 0
	for f, n := range length {
		if n > most {
			most, hz = n, f
		}
	}
	return hz, time.Duration(most) * 100 * time.Millisecond
}

// An agent who refuses is passed over; the next one is rung.
func TestAgentRefuses(t *testing.T) {
	minutes(t)
	s := shared(t)
	agentTalks := voice(t, "您好，我是第二位客服，请问有什么可以帮您的吗？")
	refusing := register(t, s, "agent1", "--say", file(t, agentTalks), "--reject", "--answer-after", "0.3")
	taking := register(t, s, "agent2", "--say", file(t, append(make([]int16, 10*8000), agentTalks...)), "--duration", "18")
	var heard []int16
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		mark := c.now()
		c.keys("0")
		defer func() { heard = c.since(mark) }()
		c.untilHungUp()
	})
	require.Zero(t, refusing.wait(30*time.Second))
	require.Zero(t, taking.wait(30*time.Second))
	assert.Equal(t, "agent2", rec.Agent)
	assert.GreaterOrEqual(t, likeness(agentTalks, heard), alike)
	var refused bool
	for _, e := range rec.Events(call.KindTransfer) {
		refused = refused || e.Data["agent"] == "agent1" && e.Data["detail"] == "refused"
	}
	assert.True(t, refused, "the record says who refused:\n%s", rec.Text())
	registered(t, s, "agent1", "offline")
	registered(t, s, "agent2", "offline")
}

// Where nobody is there, the caller chooses what becomes of the matter, by voice or
// by keys, and the promise is written down.
func TestNobodyThere(t *testing.T) {
	minutes(t)
	s := shared(t)
	callback, tomorrow := voice(t, "给我回电吧。"), voice(t, "明天上午十点。")
	message := voice(t, "我的订单还没有收到，请你们查一下然后告诉我。")

	t.Run("callback by voice", func(t *testing.T) {
		var offer, done []int16
		rec, _ := ring(t, s, "8000", func(c *caller) {
			c.listen(0)
			mark := c.now()
			c.keys("0")
			offer = c.listen(mark)
			c.ask(callback)
			done = c.ask(tomorrow)
		})
		heard := recognise(t, s, offer, "zh")
		assert.True(t, anyOf(heard, "回电", "留言", "人工"), "the choice was heard as %q", heard)
		heard = recognise(t, s, done, "zh")
		assert.True(t, anyOf(heard, "记下", "安排", "十点", "10点", "明天"), "the promise was heard as %q", heard)
		require.Len(t, rec.Wishes, 1)
		assert.Equal(t, "callback", rec.Wishes[0].Kind)
		assert.True(t, anyOf(rec.Wishes[0].When, "明天", "十点", "10点"), "when: %q", rec.Wishes[0].When)
		assert.NotEmpty(t, rec.Wishes[0].Number)
		assert.Equal(t, call.Resolved, rec.Outcome)
	})
	t.Run("message by keys", func(t *testing.T) {
		var prompt []int16
		rec, _ := ring(t, s, "8000", func(c *caller) {
			c.listen(0)
			mark := c.now()
			c.keys("0")
			c.listen(mark)
			mark = c.now()
			c.keys("3")
			prompt = c.listen(mark)
			c.say(message)
			c.pause(time.Second)
			mark = c.now()
			c.keys("#")
			c.listen(mark)
		})
		heard := recognise(t, s, prompt, "zh")
		assert.True(t, anyOf(heard, "留言", "提示音", "井号"), "the prompt was heard as %q", heard)
		assert.Greater(t, longest(prompt, 1000), 150*time.Millisecond, "the tone after which to speak")
		require.Len(t, rec.Wishes, 1)
		w := rec.Wishes[0]
		assert.Equal(t, "message", w.Kind)
		assert.True(t, anyOf(w.Summary, "订单", "訂單", "收到"), "the message reads %q", w.Summary)
		assert.Contains(t, w.Recording, "#t=")
	})
	t.Run("wait by keys, then an agent comes", func(t *testing.T) {
		agentTalks := voice(t, "您好，我是第二位客服，请问有什么可以帮您的吗？")
		var agent *baresip
		var heard []int16
		rec, _ := ring(t, s, "8000", func(c *caller) {
			c.listen(0)
			mark := c.now()
			c.keys("0")
			c.listen(mark)
			agent = register(t, s, "agent3", "--say", file(t, append(make([]int16, 10*8000), agentTalks...)), "--duration", "18")
			mark = c.now()
			c.keys("1")
			defer func() { heard = c.since(mark) }()
			c.untilHungUp()
		})
		require.Zero(t, agent.wait(30*time.Second))
		assert.Equal(t, "agent3", rec.Agent)
		assert.Equal(t, call.Transferred, rec.Outcome)
		assert.GreaterOrEqual(t, likeness(agentTalks, heard), alike)
		registered(t, s, "agent3", "offline")
	})
}

// longest is how long the longest stretch with a pure tone of hz is.
func longest(x []int16, hz float64) time.Duration {
	const n = 160
	best, run := 0, 0
	for ; len(x) >= n; x = x[n:] {
		if level := dsp.LevelDB(x[:n]); level > audible && dsp.Goertzel(x[:n], 8000, hz) > level-1.5 {
			run++
			best = max(best, run)
		} else {
			run = 0
		}
	}
	return time.Duration(best) * 20 * time.Millisecond
}

// A caller who hangs up while an agent's telephone rings ends its ringing at once.
func TestCallerGivesUpWhileItRings(t *testing.T) {
	minutes(t)
	s := shared(t)
	agent := register(t, s, "agent1", "--say", file(t, make([]int16, 8000)), "--answer-after", "15")
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		c.keys("0")
		if _, ok := agent.await("CALL_INCOMING", 30*time.Second); !ok {
			t.Error("the agent's telephone did not ring")
		}
		c.pause(time.Second)
	})
	left := time.Now()
	_, ok := agent.await("CALL_CLOSED", 5*time.Second)
	assert.True(t, ok, "the agent's telephone goes on ringing")
	assert.Less(t, time.Since(left), 3*time.Second)
	assert.Equal(t, call.Abandoned, rec.Outcome)
	agent.wait(30 * time.Second)
	in, _ := agent.await("CALL_INCOMING", 0)
	out, _ := agent.await("CALL_CLOSED", 0)
	assert.Less(t, out-in, 10.0, "it rang %v s", out-in)
	registered(t, s, "agent1", "offline")
}
