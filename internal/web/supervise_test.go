package web_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watch keeps who listens to calls.
type watch struct {
	mu      sync.Mutex
	joined  []web.Joining
	there   []web.Supervising
	refused error
}

func (w *watch) Join(_ context.Context, _ string, j web.Joining) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == nil {
		w.joined = append(w.joined, j)
		w.there = append(w.there, web.Supervising{Name: j.By, Mode: j.Mode})
	}
	return w.refused
}

func (w *watch) SetMode(_ context.Context, _, by, mode string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.there {
		if w.there[i].Name == by {
			w.there[i].Mode = mode
			return nil
		}
	}
	return &web.RefusedError{Status: http.StatusConflict, Code: "not_listening", Detail: "not there"}
}

func (w *watch) TakeOver(_ context.Context, _, by string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.there {
		if w.there[i].Name == by {
			w.there[i].Taken = true
			return nil
		}
	}
	return errors.New("not there")
}

func (w *watch) Leave(_ context.Context, _, by string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.there = slices.DeleteFunc(slices.Clone(w.there), func(s web.Supervising) bool { return s.Name == by })
	return nil
}

func (w *watch) Supervisors(string) []web.Supervising {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.there)
}

// Supervisors take part in the calls of their teams, and the audit trail says who did how.
func TestSupervisorsTakePartInCalls(t *testing.T) {
	w := &watch{}
	phones := web.NewPhones("hotline")
	st := start(t, func(c *web.Config) {
		c.Supervise, c.Phones, c.SIP = w, phones, http.NotFoundHandler()
		c.Teams = func() map[string][]string { return map[string][]string{"售后": {"agent1"}, "销售": {"agent2"}} }
	})
	now := time.Now()
	for id, agent := range map[string]string{"OF1": "agent1", "OF2": "agent2"} {
		require.NoError(t, st.store.Begin(t.Context(), call.Record{ID: id, Line: "main", Caller: "13811112222", StartedAt: now, AnsweredAt: now, Outcome: call.InProgress, Agent: agent}))
	}
	_, err := st.store.AddUser(t.Context(), store.User{Name: "陈主管", Role: store.Supervisor, Teams: []string{"售后"}, Agent: "chen"}, "correct-horse-battery")
	require.NoError(t, err)
	chen, admin := st.login(t, "陈主管"), st.login(t, "admin")

	for method, path := range map[string]string{http.MethodPost: "/join", http.MethodPut: "/supervision"} {
		assert.Equal(t, "not_in_progress", chen.json(method, "/api/v1/calls/OF2"+path, `{"mode":"listen"}`, http.StatusNotFound)["code"], "another team's")
	}
	chen.json(http.MethodGet, "/api/v1/calls/OF2/supervision", "", http.StatusNotFound)
	assert.Equal(t, "not_listening", chen.json(http.MethodPut, "/api/v1/calls/OF1/supervision", `{"mode":"barge"}`, http.StatusConflict)["code"])
	chen.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen"}`, http.StatusNoContent)
	assert.Equal(t, web.Joining{By: "陈主管", Agent: "chen", Phone: "chen", Mode: "listen"}, w.joined[0], "his own telephone")
	chen.json(http.MethodPut, "/api/v1/calls/OF1/supervision", `{"mode":"whisper"}`, http.StatusNoContent)
	assert.Equal(t, "whisper", chen.get("/api/v1/calls/OF1/supervision")["mine"])
	assert.NotContains(t, admin.get("/api/v1/calls/OF1/supervision"), "mine")
	chen.json(http.MethodPut, "/api/v1/calls/OF1/supervision", `{"mode":"take_over"}`, http.StatusNoContent)
	assert.Equal(t, "taken", chen.get("/api/v1/calls/OF1/supervision")["mine"])
	chen.json(http.MethodDelete, "/api/v1/calls/OF1/supervision", "", http.StatusNoContent)
	chen.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"shout"}`, http.StatusUnprocessableEntity)

	// The telephone in the page is the session's, and no agent.
	p := chen.json(http.MethodPost, "/api/v1/supervision/phone", "", http.StatusOK)
	assert.Regexp(t, `^listens-[0-9a-f]{24}$`, p["agent"])
	assert.NotEmpty(t, phones.Secret(p["agent"].(string)))
	chen.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen","page":true}`, http.StatusNoContent)
	assert.Equal(t, p["agent"], w.joined[1].Phone)
	program := &visitor{t: t, url: st.url, token: apiToken}
	assert.Equal(t, "session_needed", program.json(http.MethodPost, "/api/v1/supervision/phone", "", http.StatusForbidden)["code"])
	assert.Equal(t, "session_needed", program.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen","page":true}`, http.StatusForbidden)["code"])
	program.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen","agent":"boss"}`, http.StatusNoContent)
	assert.Equal(t, "boss", w.joined[2].Phone)
	w.refused = &web.RefusedError{Status: http.StatusConflict, Code: "busy", Detail: "busy"}
	assert.Equal(t, "busy", chen.json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen"}`, http.StatusConflict)["code"])
	require.NotNil(t, chen)
	chen.json(http.MethodDelete, "/api/v1/session", "", http.StatusNoContent)
	assert.Empty(t, phones.Secret(p["agent"].(string)), "signing out ends it")

	page, err := st.store.Trail(t.Context(), store.TrailFilter{Actor: "陈主管", Subject: "OF1", Limit: 50})
	require.NoError(t, err)
	var did []string
	for _, e := range page.Items {
		did = append(did, e.Action+" "+e.Detail["mode"])
	}
	assert.Equal(t, []string{"join-call listen", "leave-call ", "supervise-call take_over", "supervise-call whisper", "join-call listen"}, did)
}

// Who listens is sent away when the call moves to a team that is not his.
func TestWhoListensLeavesWithTheTeam(t *testing.T) {
	w := &watch{}
	st := start(t, func(c *web.Config) {
		c.Supervise = w
		c.Teams = func() map[string][]string { return map[string][]string{"售后": {"agent1"}, "销售": {"agent2"}} }
	})
	now := time.Now()
	r := call.Record{ID: "OF1", Line: "main", Caller: "13811112222", StartedAt: now, AnsweredAt: now, Outcome: call.InProgress, Agent: "agent1"}
	require.NoError(t, st.store.Begin(t.Context(), r))
	for name, teams := range map[string][]string{"陈主管": {"售后"}, "王主管": {"售后", "销售"}, "李主管": {"售后"}} {
		_, err := st.store.AddUser(t.Context(), store.User{Name: name, Role: store.Supervisor, Teams: teams}, "correct-horse-battery")
		require.NoError(t, err)
		st.login(t, name).json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen","agent":"boss"}`, http.StatusNoContent)
	}
	(&visitor{t: t, url: st.url, token: apiToken}).json(http.MethodPost, "/api/v1/calls/OF1/join", `{"mode":"listen","agent":"boss"}`, http.StatusNoContent)
	require.NoError(t, w.TakeOver(t.Context(), "OF1", "李主管"))
	there := func() (names []string) {
		for _, s := range w.Supervisors("OF1") {
			names = append(names, s.Name)
		}
		slices.Sort(names)
		return names
	}
	st.bus.Publish(event.Event{Kind: "call.updated", At: now, Call: "OF1", Data: r})
	r.Agent = "agent2"
	st.bus.Publish(event.Event{Kind: "call.updated", At: now, Call: "OF1", Data: r})
	assert.Eventually(t, func() bool { return len(there()) == 3 }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, []string{"HOTLINE_API_TOKEN", "李主管", "王主管"}, there(), "who has the caller, who has both teams, and who has none")
	assert.Eventually(t, func() bool {
		page, err := st.store.Trail(t.Context(), store.TrailFilter{Actor: "陈主管", Subject: "OF1", Limit: 1})
		return err == nil && len(page.Items) == 1 && page.Items[0].Action == "leave-call"
	}, 10*time.Second, 10*time.Millisecond)
}
