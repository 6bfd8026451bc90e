package web_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/alert"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// others are servers that live.
type others []web.Node

func (o others) Nodes() []web.Node { return o }

// One wall shows the calls, the queue, the agents and the alerts of every server, says
// whose they are, and sends people there for what only that server can do.
func TestWallShowsEveryServer(t *testing.T) {
	now := time.Now()
	o, w := &office{}, &watch{}
	var alerts *alert.Watch
	st := start(t, func(c *web.Config) {
		o.Desk = desk.New(desk.Config{Agents: []desk.Agent{{Name: "agent1"}, {Name: "agent4"}}, Store: c.Store, Bus: c.Bus})
		alerts = alert.New(alert.Config{Bus: c.Bus})
		c.Desk, c.Command, c.Supervise, c.Alerts, c.Node = o, o, w, alerts, "a"
		c.Elsewhere = others{{Name: "b", Host: "far, process 7", URL: "https://b.example", StartedAt: now, Wall: web.Wall{
			Ready: true, Calls: 1, Load: desk.Load{Waiting: 1, Longest: 90 * time.Second, Ready: 2, Serving: 3},
			Queue:  []desk.View{{Call: "THERE", Line: "main", Since: now, Position: 1}},
			Agents: []web.Agent{{Name: "agent4", State: "talking", Contacts: 1, Calls: []string{"THERE"}}, {Name: "agent1", Contacts: 1}, {Name: "of another business", Contacts: 1}},
		}}}
	})
	there, err := store.Open(t.Context(), store.Config{URL: filepath.Join(st.dir, "hotline.db"), Sealer: st.store.Sealer(), Node: "b"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, there.Close()) })
	dead, err := store.Open(t.Context(), store.Config{URL: filepath.Join(st.dir, "hotline.db"), Sealer: st.store.Sealer(), Node: "dead"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, dead.Close()) })
	for id, s := range map[string]*store.Store{"HERE": st.store, "THERE": there, "LOST": dead} {
		require.NoError(t, s.Begin(t.Context(), call.Record{ID: id, Line: "main", Caller: "13811112222", StartedAt: now, AnsweredAt: now, Outcome: call.InProgress}))
	}
	require.NoError(t, there.KeepAlerts(t.Context(), []alert.Alert{{ID: "ANGRY", Kind: alert.Anger, Call: "THERE", Line: "main", RaisedAt: now}}))
	require.NoError(t, dead.KeepAlerts(t.Context(), []alert.Alert{{ID: "OLD", Kind: alert.Anger, Call: "LOST", Line: "main", RaisedAt: now}}))
	admin := st.login(t, "admin")

	nodes := map[string]any{}
	for _, c := range admin.get("/api/v1/calls?live=true&limit=200")["items"].([]any) {
		nodes[c.(map[string]any)["id"].(string)] = c.(map[string]any)["node"]
	}
	assert.Contains(t, nodes, "HERE")
	assert.Nil(t, nodes["HERE"])
	assert.Equal(t, "b", nodes["THERE"])
	assert.NotContains(t, nodes, "LOST", "of a server that is gone")
	assert.Equal(t, "b", admin.get("/api/v1/calls/THERE")["node"])

	queue := admin.get("/api/v1/queue")
	require.Len(t, queue["items"], 1)
	assert.Equal(t, "b", queue["items"].([]any)[0].(map[string]any)["node"])
	assert.EqualValues(t, 90, queue["longest_s"])
	assert.EqualValues(t, 2, queue["ready"])
	assert.EqualValues(t, 3, queue["serving"])
	agents := map[any]map[string]any{}
	for _, a := range admin.get("/api/v1/agents")["items"].([]any) {
		agents[a.(map[string]any)["name"]] = a.(map[string]any)
	}
	assert.Len(t, agents, 4, "of this business")
	assert.Equal(t, "b", agents["agent4"]["node"], "where he works")
	assert.Equal(t, "talking", agents["agent4"]["state"])
	assert.NotContains(t, agents["agent1"], "node")
	assert.Equal(t, "elsewhere", admin.json(http.MethodPut, "/api/v1/agents/agent4/state", `{"state":"break"}`, http.StatusConflict)["code"])

	for verb, path := range map[string]string{http.MethodPost: "/join", http.MethodPut: "/supervision"} {
		p := admin.json(verb, "/api/v1/calls/THERE"+path, `{"mode":"listen"}`, http.StatusConflict)
		assert.Equal(t, "elsewhere", p["code"])
		assert.Contains(t, p["detail"], "https://b.example")
		assert.Equal(t, "server_gone", admin.json(verb, "/api/v1/calls/LOST"+path, `{"mode":"listen"}`, http.StatusConflict)["code"])
	}
	assert.Empty(t, w.joined)
	assert.Equal(t, "elsewhere", admin.json(http.MethodPost, "/api/v1/calls/THERE/hangup", "", http.StatusConflict)["code"])
	assert.Equal(t, "elsewhere", admin.json(http.MethodPost, "/api/v1/calls/THERE/command", `{"do":"hold"}`, http.StatusConflict)["code"])
	admin.json(http.MethodPost, "/api/v1/calls/HERE/join", `{"mode":"listen","agent":"boss"}`, http.StatusNoContent)
	assert.Len(t, w.joined, 1)

	list := admin.get("/api/v1/alerts")
	require.Len(t, list["items"], 1)
	assert.Equal(t, "b", list["items"].([]any)[0].(map[string]any)["node"])
	assert.EqualValues(t, 1, list["open"])
	sub := st.bus.Subscribe(alert.Changed)
	defer sub.Close()
	assert.Equal(t, "admin", admin.json(http.MethodPut, "/api/v1/alerts/ANGRY", `{"state":"acknowledged"}`, http.StatusOK)["acknowledged_by"])
	assert.Equal(t, "ANGRY", (<-sub.C()).Data.(alert.Alert).ID)
	admin.json(http.MethodPut, "/api/v1/alerts/OLD", `{"state":"seen"}`, http.StatusNotFound)
	assert.EqualValues(t, 0, admin.get("/api/v1/alerts")["open"])
	marks, err := there.AlertMarks(t.Context(), now.Add(-time.Minute))
	require.NoError(t, err)
	require.Len(t, marks, 1, "its server learns of it")

	servers := admin.get("/api/v1/nodes")["items"].([]any)
	require.Len(t, servers, 2)
	assert.Equal(t, true, servers[0].(map[string]any)["here"])
	assert.Equal(t, "b", servers[1].(map[string]any)["name"])
}
