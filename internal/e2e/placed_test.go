package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/media/wav"
)

// place asks the server for a call and returns its id.
func place(t *testing.T, s *stand.Stand, what map[string]any) string {
	t.Helper()
	status, answer, err := s.Post(t.Context(), "/api/v1/calls", what)
	require.NoError(t, err)
	require.Less(t, status, 300, "%s", answer)
	var made struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal(answer, &made))
	return made.ID
}

// until waits until a call is as it should be.
func until(t *testing.T, s *stand.Stand, id string, is func(stand.Call) bool) stand.Call {
	t.Helper()
	var c stand.Call
	require.Eventually(t, func() bool {
		var err error
		c, err = s.Call(t.Context(), id)
		return err == nil && is(c)
	}, 2*patience, 50*time.Millisecond, "the call: %s", c.Text())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Text())
		}
	})
	return c
}

func bridged(c stand.Call) bool { return len(c.Events(call.KindBridge)) > 0 }
func over(c stand.Call) bool    { return !c.EndedAt.IsZero() }

// The server calls a telephone that is registered, and the bot says what it was told
// to say.
func TestPlacedToATelephone(t *testing.T) {
	minutes(t)
	s := shared(t)
	phone := newHandset(t, account{user: "agent1", password: stand.Password, register: s.SIP, answers: true})
	registered(t, s, "agent1", "ready")
	id := place(t, s, map[string]any{"to": "agent:agent1", "from": "4008001234", "say": "您的订单今天下午送到，请问您在家吗？"})
	until(t, s, id, func(c stand.Call) bool { return len(c.Turns) > 0 && c.Turns[0].EndMS > 0 })
	time.Sleep(time.Second)
	phone.hangsUp()
	rec := until(t, s, id, over)
	heard := recognise(t, s, phone.heard(), "zh")
	assert.True(t, anyOf(heard, "订单", "訂單", "下午", "送到"), "the telephone heard %q", heard)
	assert.Equal(t, "outbound", rec.Direction)
	assert.Equal(t, "caller_hangup", rec.EndCause)
	assert.False(t, rec.AnsweredAt.IsZero())
	registered(t, s, "agent1", "offline")
}

// An agent's telephone rings first, then another one; both hear each other, and a
// supervisor hears both and is heard by whom his mode says.
func TestPlacedAgentFirst(t *testing.T) {
	minutes(t)
	n := light(t, "HOTLINE_CALL_HOSTS=127.0.0.1")
	for i, mode := range []string{"listen", "whisper", "barge"} {
		t.Run(mode, func(t *testing.T) {
			voices := [3][]int16{}
			for k := range voices {
				voices[k] = melody(uint64(100+10*i+k), 4*time.Second)
			}
			lead := func(at time.Duration, x []int16) []int16 {
				return append(make([]int16, int(at.Seconds()*8000)), x...)
			}
			agent := newHandset(t, account{user: "agent1", password: stand.Password, register: n.SIP, answers: true, say: lead(8*time.Second, voices[0])})
			other := newHandset(t, account{answers: true, say: lead(13*time.Second, voices[1])})
			boss := newHandset(t, account{user: "agent2", password: stand.Password, register: n.SIP, answers: true, say: lead(18*time.Second, voices[2])})
			registered(t, n.Stand, "agent1", "ready")
			registered(t, n.Stand, "agent2", "ready")
			id := place(t, n.Stand, map[string]any{"to": fmt.Sprintf("sip:%s@127.0.0.1:%d", other.user, other.port), "agent_first": "agent1"})
			until(t, n.Stand, id, bridged)
			status, answer, err := n.Post(t.Context(), "/api/v1/calls/"+id+"/join", map[string]any{"agent": "agent2", "mode": mode})
			require.NoError(t, err)
			require.Less(t, status, 300, "%s", answer)
			time.Sleep(25 * time.Second)
			boss.hangsUp()
			agent.hangsUp()
			other.hangsUp()
			rec := until(t, n.Stand, id, over)

			assert.GreaterOrEqual(t, likeness(voices[0], other.heard()), alike, "the other side hears the agent")
			assert.GreaterOrEqual(t, likeness(voices[1], agent.heard()), alike, "the agent hears the other side")
			assert.GreaterOrEqual(t, likeness(voices[0], boss.heard()), alike, "the supervisor hears the agent")
			assert.GreaterOrEqual(t, likeness(voices[1], boss.heard()), alike, "the supervisor hears the other side")
			assert.Equal(t, mode != "listen", likeness(voices[2], agent.heard()) >= alike, "%s: the agent hears the supervisor", mode)
			assert.Equal(t, mode == "barge", likeness(voices[2], other.heard()) >= alike, "%s: the other side hears the supervisor", mode)
			assert.Equal(t, "agent1", rec.Agent)
			assert.Equal(t, "agent_hangup", rec.EndCause)
			assert.Equal(t, call.Transferred, rec.Outcome)
			var marks []any
			for _, e := range rec.Events(call.KindBridge) {
				if e.Data["telephone"] == "agent2" {
					marks = append(marks, e.Data["mode"], e.Data["state"])
				}
			}
			assert.Equal(t, []any{mode, "joined", mode, "left"}, marks)
			a, err := wav.ReadFile(n.Recording(t.Context(), rec))
			require.NoError(t, err)
			assert.GreaterOrEqual(t, likeness(voices[1], a.Channels[0]), alike, "the other side is on the left")
			assert.GreaterOrEqual(t, likeness(voices[0], a.Channels[1]), alike, "the agent is on the right")
			registered(t, n.Stand, "agent1", "offline")
			registered(t, n.Stand, "agent2", "offline")
		})
	}
	idle(t, n.Stand)
	n.quietLog(t)
}

// An agent who has called somebody sends him on by the transfer key of his telephone.
func TestPlacedAndTransferred(t *testing.T) {
	minutes(t)
	n := light(t, "HOTLINE_CALL_HOSTS=127.0.0.1")
	voice, answer := melody(200, 5*time.Second), melody(201, 5*time.Second)
	quiet := make([]int16, 8*8000)
	first := newHandset(t, account{user: "agent1", password: stand.Password, register: n.SIP, answers: true})
	second := newHandset(t, account{user: "agent2", password: stand.Password, register: n.SIP, answers: true, say: append(quiet[:2*8000], answer...)})
	other := newHandset(t, account{answers: true, say: append(quiet, voice...)})
	registered(t, n.Stand, "agent1", "ready")
	registered(t, n.Stand, "agent2", "ready")
	id := place(t, n.Stand, map[string]any{"to": fmt.Sprintf("sip:%s@127.0.0.1:%d", other.user, other.port), "agent_first": "agent1"})
	until(t, n.Stand, id, bridged)
	time.Sleep(time.Second)
	first.does("transfer sip:agent2@" + n.SIP)
	second.awaits("Call established", 1)
	first.awaits("terminated", 1)
	time.Sleep(14 * time.Second)
	second.hangsUp()
	rec := until(t, n.Stand, id, over)
	other.hangsUp()
	first.hangsUp()
	assert.GreaterOrEqual(t, likeness(answer, other.heard()), alike, "the other side hears the second agent")
	assert.GreaterOrEqual(t, likeness(voice, second.heard()), alike, "the second agent hears the other side")
	assert.Equal(t, "agent2", rec.Agent)
	assert.Equal(t, "agent_hangup", rec.EndCause)
	idle(t, n.Stand)
	n.quietLog(t)
}

// An agent calls another by his telephone, and shows his password for it; who says he
// is an agent and has no password gets nowhere.
func TestAgentsCallEachOther(t *testing.T) {
	minutes(t)
	n := light(t)
	voice := melody(210, 5*time.Second)
	first := newHandset(t, account{user: "agent1", password: stand.Password, register: n.SIP, say: append(make([]int16, 2*8000), voice...)})
	second := newHandset(t, account{user: "agent2", password: stand.Password, register: n.SIP, answers: true})
	registered(t, n.Stand, "agent1", "ready")
	registered(t, n.Stand, "agent2", "ready")
	stranger := newHandset(t, account{user: "agent1"})
	stranger.does("dial sip:agent2@" + n.SIP)
	stranger.awaits("401", 1)
	stranger.hangsUp()
	first.dials("sip:agent2@" + n.SIP)
	time.Sleep(9 * time.Second)
	first.hangsUp()
	second.hangsUp()
	rec := n.record(t, "agent1")
	assert.GreaterOrEqual(t, likeness(voice, second.heard()), alike)
	assert.Equal(t, "agent:agent2", rec.Called)
	assert.Equal(t, "agent_hangup", rec.EndCause)
	idle(t, n.Stand)
	n.quietLog(t)
}

// hotline call NUMBER --wait goes by the trunk, to a carrier that is another server of
// ours: what sounds there is recorded here, and the command says how it ended.
func TestPlacedByATrunk(t *testing.T) {
	minutes(t)
	carrier := light(t)
	n := trunked(t, fmt.Sprintf(`trunks:
  - name: carrier
    kind: static
    proxy: ["sip:%s"]
    addresses: ["127.0.0.2"]
    caller_number: "4008001234"
    outbound: [{match: "+861390000", strip: 10}]
outbound: {country: CN, allow: ["+861390000"]}
`, carrier.SIP))
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "call", "13900009197", "--server", n.Web, "--wait", "--json")
	cmd.Env = append(os.Environ(), "HOTLINE_API_TOKEN="+n.Token())
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	require.NoError(t, cmd.Start())
	var id string
	require.Eventually(t, func() bool {
		list, err := n.Calls(ctx)
		if err != nil || len(list) != 1 || list[0].AnsweredAt.IsZero() {
			return false
		}
		id = list[0].ID
		return true
	}, patience, 50*time.Millisecond)
	time.Sleep(3 * time.Second)
	if live, err := n.Call(ctx, id); err == nil && !over(live) {
		status, answer, err := n.Post(ctx, "/api/v1/calls/"+id+"/hangup", nil)
		require.NoError(t, err)
		require.Less(t, status, http.StatusMultipleChoices, "%s", answer)
	}
	require.NoError(t, cmd.Wait(), "%s", problem.String())
	rec := until(t, n, id, over)
	assert.Contains(t, out.String(), id)
	assert.Equal(t, "carrier", rec.Signalling.Trunk)
	assert.Equal(t, "outbound", rec.Direction)
	a, err := wav.ReadFile(n.Recording(t.Context(), rec))
	require.NoError(t, err)
	hz, _ := longestTone(a.Channels[0])
	assert.InDelta(t, 1004, hz, 15, "what sounds at the carrier is on the left")

	refused := exec.CommandContext(ctx, binary(t), "call", "0014155550100", "--server", n.Web, "--wait")
	refused.Env = cmd.Env
	text, err := refused.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(text), "outbound")
}
