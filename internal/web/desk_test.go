package web_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// office is a real desk behind the API.
type office struct {
	*desk.Desk
	share    *desk.Share
	rollout  *desk.Rollout
	commands []web.Command
}

func (o *office) Choose(ctx context.Context, agent, state, reason string) error {
	err := o.Desk.Choose(ctx, agent, desk.State(state), reason)
	if errors.Is(err, desk.ErrNoAgent) {
		return &web.RefusedError{Status: http.StatusNotFound, Code: "no_such_agent", Detail: err.Error()}
	}
	return err
}

func (o *office) Has(agent, id string) bool {
	involved := o.Involved(id)
	return len(involved) == 1 && involved[0] == agent
}
func (o *office) Share() desk.ShareState { return o.share.State() }
func (o *office) SetShare(ctx context.Context, mode, by string) error {
	return o.share.Set(ctx, mode, by)
}
func (o *office) Rollout() []desk.RolloutState { return o.rollout.Lines() }
func (o *office) SetRollout(ctx context.Context, line, scene string, bot int, by string) error {
	return o.rollout.Set(ctx, line, scene, bot, by)
}

func (o *office) Command(_ context.Context, _ string, c web.Command) error {
	o.commands = append(o.commands, c)
	return nil
}

func TestTheDesk(t *testing.T) {
	o := &office{}
	st := start(t, func(c *web.Config) {
		o.share = desk.NewShare(desk.ShareRules{BusyWaiting: 3}, c.Store, c.Bus, nil)
		o.rollout = desk.NewRollout([]desk.RolloutRules{{Line: "main", Bot: 30}}, o.share, c.Store.CallerHash, c.Store, c.Bus, nil)
		o.Desk = desk.New(desk.Config{Agents: []desk.Agent{{Name: "agent1", Skills: []string{"service"}}, {Name: "agent2"}}, Store: c.Store, Bus: c.Bus})
		c.Desk, c.Command = o, o
	})
	_, err := st.store.AddUser(t.Context(), store.User{Name: "first", Role: store.AgentRole, Agent: "agent1"}, "correct-horse-battery")
	require.NoError(t, err)
	admin, agent := st.login(t, "admin"), st.login(t, "first")
	o.Present("agent1", true)
	o.Present("agent2", true)

	agent.json(http.MethodPut, "/api/v1/agents/agent1/state", `{"state":"break","reason":"lunch"}`, http.StatusNoContent)
	assert.Equal(t, desk.Break, o.Agents()[0].State)
	assert.Equal(t, "not_yours", agent.json(http.MethodPut, "/api/v1/agents/agent2/state", `{"state":"break"}`, http.StatusForbidden)["code"])
	assert.Equal(t, "no_such_agent", admin.json(http.MethodPut, "/api/v1/agents/nobody/state", `{"state":"ready"}`, http.StatusNotFound)["code"])
	admin.json(http.MethodPut, "/api/v1/agents/agent1/state", `{"state":"talking"}`, http.StatusUnprocessableEntity)
	kept, err := st.store.AgentStates(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, kept)
	assert.Equal(t, desk.Break, kept[0].Mode)
	assert.Equal(t, "lunch", kept[0].Reason)

	p, err := o.Enter(t.Context(), call.Waiting{Call: "C1", Line: "main", Skill: "service", Number: "13800138000", Asked: true})
	require.NoError(t, err)
	_, err = p.Next(t.Context())
	require.NoError(t, err, "agent2 takes everything")
	_, err = o.Enter(t.Context(), call.Waiting{Call: "C2", Line: "main", Skill: "service", Number: "13800138000"})
	require.NoError(t, err)
	q := admin.get("/api/v1/queue")
	require.Len(t, q["items"], 2)
	assert.Equal(t, "agent2", q["items"].([]any)[0].(map[string]any)["offered"])
	assert.NotContains(t, q["items"].([]any)[1], "number", "who may see it looks into the call")

	assert.Equal(t, "not_yours", agent.json(http.MethodPost, "/api/v1/calls/C1/command", `{"do":"hold"}`, http.StatusForbidden)["code"])
	admin.json(http.MethodPost, "/api/v1/calls/C1/command", `{"do":"transfer","to_skill":"service"}`, http.StatusNoContent)
	require.Equal(t, []web.Command{{Do: "transfer", ToSkill: "service"}}, o.commands)

	assert.Equal(t, "auto", agent.get("/api/v1/share")["mode"])
	agent.json(http.MethodPut, "/api/v1/share", `{"mode":"more_bot"}`, http.StatusForbidden)
	s := admin.json(http.MethodPut, "/api/v1/share", `{"mode":"more_bot"}`, http.StatusOK)
	assert.Equal(t, "more_bot", s["level"])
	assert.Equal(t, "admin", s["by"])
	_, err = o.Enter(t.Context(), call.Waiting{Call: "C3", Line: "main", Skill: "service"})
	require.NoError(t, err, "the office of this test does not ask")

	r := admin.json(http.MethodPut, "/api/v1/rollout/main", `{"bot":60}`, http.StatusOK)["items"].([]any)[0].(map[string]any)
	assert.InDelta(t, 60, r["bot"], 0)
	assert.InDelta(t, 30, r["file"], 0)
}
