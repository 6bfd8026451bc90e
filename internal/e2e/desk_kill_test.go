package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
	"hotline/sip/siptest"
)

// straight rings and stays; the line brings its callers to people at once. It returns
// the call's id, and what ends it.
func straight(t *testing.T, s *stand.Stand, p *softphone.Phone) (id string, end func()) {
	t.Helper()
	number := callerNumber()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = p.Call(ctx, softphone.Request{
			URI: s.URI("8000"), From: number, Heard: func(media.Frame) {},
			Talk: func(ctx context.Context, _ *media.Session) error { <-ctx.Done(); return nil },
		})
	}()
	end = func() { cancel(); <-over }
	t.Cleanup(end)
	live, err := s.Live(t.Context(), number)
	require.NoError(t, err)
	return live.ID, end
}

// onlyRings is an agent's telephone that nobody takes.
func onlyRings(t *testing.T, s *stand.Stand, name string) (stop func()) {
	t.Helper()
	p := siptest.New(t, s.SIP)
	require.Equal(t, 200, p.Register(name, stand.Password, "", 3600).Status())
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			m := p.NextUntil(ctx)
			if m == nil {
				return
			}
			if m.Method() == "INVITE" && m.Status() == 0 {
				c := incoming(p, m)
				c.Ring()
			}
		}
	}()
	return func() { cancel(); <-done; p.Close() }
}

// The server is killed while a caller waits, while it rings for him, while he talks with
// an agent, is on hold, is being handed to another agent, and in the wrap-up afterwards.
// Each time the record says afterwards that the call was interrupted, nobody waits or
// talks any more, agents are what they were, and the next caller is served.
func TestServerIsKilledAtEachStepOfAnAgentsCall(t *testing.T) {
	long(t)
	s := office(t, "queue: {wrap_up: 10m, max_wait: 10m, ring: 1m, rollout: [{line: chinese, bot: 0}]}\n")
	logs(t, s)
	p := phone(t)
	command := func(id, body string) {
		t.Helper()
		status, answer, err := s.Post(t.Context(), "/api/v1/calls/"+id+"/command", json.RawMessage(body))
		require.NoError(t, err)
		require.Less(t, status, http.StatusMultipleChoices, string(answer))
	}
	state := func(name, want string) {
		t.Helper()
		eventually(t, name+" is "+want, func() bool {
			agents, err := s.Agents(t.Context())
			return err == nil && agents[name] == want
		})
	}
	for _, step := range []struct {
		name  string
		reach func(t *testing.T, id string, agent *deskPhone)
		agent bool   // answers
		after string // the agent's state, once his telephone is back
	}{
		{"waiting", func(t *testing.T, _ string, _ *deskPhone) {
			t.Helper()
			eventually(t, "he waits", func() bool { return len(queued(t, s)) == 1 })
		}, false, "break"},
		{"ringing", func(t *testing.T, _ string, _ *deskPhone) { t.Helper(); state("agent1", "ringing") }, false, "ready"},
		{"talking", func(t *testing.T, _ string, _ *deskPhone) { t.Helper(); state("agent1", "talking") }, true, "ready"},
		{"on hold", func(t *testing.T, id string, a *deskPhone) {
			t.Helper()
			joined(t, s, id, a)
			command(id, `{"do":"hold"}`)
		}, true, "ready"},
		{"in transfer", func(t *testing.T, id string, a *deskPhone) {
			t.Helper()
			joined(t, s, id, a)
			stop := onlyRings(t, s, "agent2")
			t.Cleanup(stop)
			state("agent2", "ready")
			go func() { // it returns when the other has answered, or never
				_, _, _ = s.Post(context.WithoutCancel(t.Context()), "/api/v1/calls/"+id+"/command", json.RawMessage(`{"do":"consult","to_agent":"agent2"}`))
			}()
			state("agent2", "ringing")
		}, true, "ready"},
		{"wrap-up", func(t *testing.T, id string, a *deskPhone) {
			t.Helper()
			joined(t, s, id, a)
			a.hangUp()
			state("agent1", "wrap_up")
		}, true, "wrap_up"},
	} {
		t.Run(step.name, func(t *testing.T) {
			var agent *deskPhone
			stop := func() {}
			if step.agent {
				agent = atDesk(t, s, "agent1")
			} else {
				stop = onlyRings(t, s, "agent1")
			}
			state("agent1", "ready")
			if step.after == "break" {
				put(t, s, "/api/v1/agents/agent1/state", `{"state":"break","reason":"lunch"}`)
			}
			id, end := straight(t, s, p)
			step.reach(t, id, agent)
			time.Sleep(time.Second) // its record and the agent's state are written
			require.NoError(t, s.Kill())
			stop()
			if agent != nil {
				agent.mu.Lock()
				agent.lost = true
				agent.mu.Unlock()
				agent.hangUp()
			}
			end()
			require.NoError(t, s.Restart(t.Context()))
			assert.Empty(t, queued(t, s))
			gone, err := s.Call(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, call.Interrupted, gone.Outcome, gone.Text())
			assert.Equal(t, "interrupted", gone.EndCause)
			agents, err := s.Agents(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "offline", agents["agent1"], "his telephone is not back")
			stop = onlyRings(t, s, "agent1")
			state("agent1", step.after)
			put(t, s, "/api/v1/agents/agent1/state", `{"state":"ready"}`)
			next, end := straight(t, s, p)
			state("agent1", "ringing")
			rec, err := s.Call(t.Context(), next)
			require.NoError(t, err)
			assert.Equal(t, call.InProgress, rec.Outcome, "the next one is served")
			end()
			stop()
		})
	}
}

// joined waits until a caller and his agent hear each other.
func joined(t *testing.T, s *stand.Stand, id string, a *deskPhone) {
	t.Helper()
	eventually(t, "the agent answers", func() bool { return a.talks() != nil })
	eventually(t, "they are together", func() bool {
		rec, err := s.Call(t.Context(), id)
		return err == nil && rec.Agent == a.name
	})
}
