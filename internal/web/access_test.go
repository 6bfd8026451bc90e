package web_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var pathValue = regexp.MustCompile(`\{[a-z_]+\}`)

// Every operation of the OpenAPI, tried by every role and by a stranger, is refused to
// those whom the access table does not name, and to nobody else.
func TestAccessMatrix(t *testing.T) {
	st := start(t, nil)
	table := web.Access()
	api := (&visitor{t: t, url: st.url}).get("/api/v1/openapi.json")
	visitors := map[store.Role]*visitor{"": {t: t, url: st.url}}
	for _, role := range store.Roles() {
		text, _, err := st.store.NewToken(t.Context(), "of "+string(role), role, time.Time{})
		require.NoError(t, err)
		visitors[role] = &visitor{t: t, url: st.url, token: text}
	}
	tried := 0
	for path, methods := range api["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			id := op.(map[string]any)["operationId"].(string)
			roles, ok := table[id]
			if !assert.True(t, ok, "%s %s: %s is not in the access table", method, path, id) {
				continue
			}
			for role, v := range visitors {
				tried++
				r := v.request(strings.ToUpper(method), pathValue.ReplaceAllString(path, "none"), "")
				var p struct{ Code string }
				if r.StatusCode >= 400 {
					require.NoError(t, json.NewDecoder(r.Body).Decode(&p), "%s %s", method, path)
				}
				_ = r.Body.Close() // a stream of events goes on
				switch {
				case len(roles) == 0 || slices.Contains(roles, role):
					assert.NotEqual(t, "login_needed", p.Code, "%s as %q", id, role)
					assert.NotEqual(t, "forbidden", p.Code, "%s as %q", id, role)
				case role == "":
					assert.Equal(t, "login_needed", p.Code, "%s as a stranger", id)
				default:
					assert.Equal(t, http.StatusForbidden, r.StatusCode, "%s as %s", id, role)
					assert.Equal(t, "forbidden", p.Code, "%s as %s", id, role)
				}
			}
		}
	}
	assert.Greater(t, tried, 5*40)
}

func TestTokensHaveScopesAndExpire(t *testing.T) {
	st := start(t, nil)
	admin := st.login(t, "admin")
	made := admin.json(http.MethodPost, "/api/v1/tokens", `{"name":"crm","role":"supervisor","scopes":["calls:read","wishes"],"days":30}`, http.StatusCreated)
	crm := &visitor{t: t, url: st.url, token: made["token"].(string)}
	crm.get("/api/v1/calls")
	crm.json(http.MethodPatch, "/api/v1/wishes/"+wish(t, st), `{"state":"done"}`, http.StatusOK)
	for _, c := range [][2]string{{http.MethodPost, "/calls"}, {http.MethodGet, "/knowledge"}, {http.MethodGet, "/calls/" + st.calls[0] + "/recording"}} {
		assert.Equal(t, "scope", crm.json(c[0], "/api/v1"+c[1], "", http.StatusForbidden)["code"], c[1])
	}
	assert.Equal(t, "session_needed", (&visitor{t: t, url: st.url, token: apiToken}).json(http.MethodGet, "/api/v1/account/sessions", "", http.StatusForbidden)["code"])
	admin.json(http.MethodPost, "/api/v1/tokens", `{"name":"x","role":"supervisor","scopes":["everything"],"days":30}`, http.StatusUnprocessableEntity)
	admin.json(http.MethodPost, "/api/v1/tokens", `{"name":"x","role":"supervisor","days":0}`, http.StatusUnprocessableEntity)
	list := admin.get("/api/v1/tokens")["items"].([]any)
	require.Len(t, list, 1)
	assert.Contains(t, list[0], "used_at")
	assert.NotContains(t, list[0], "token")
	admin.json(http.MethodDelete, "/api/v1/tokens/"+made["id"].(string), "", http.StatusNoContent)
	crm.json(http.MethodGet, "/api/v1/calls", "", http.StatusUnauthorized)
}

// Agents see their own calls, supervisors those of their teams and of the bot alone.
func TestCallsOfOthersAreNotSeen(t *testing.T) {
	involved := map[string][]string{}
	st := start(t, func(c *web.Config) {
		c.Teams = func() map[string][]string { return map[string][]string{"售后": {"agent1"}, "销售": {"agent2"}} }
		c.Involved = func(id string) []string { return involved[id] }
	})
	ctx := t.Context()
	now := time.Now()
	for id, agent := range map[string]string{"OF1": "agent1", "OF2": "agent2", "BOT": ""} {
		r := call.Record{ID: id, Line: "matrix", Caller: "13811112222", StartedAt: now, AnsweredAt: now, EndedAt: now.Add(time.Minute), Outcome: call.Resolved, Agent: agent}
		require.NoError(t, st.store.End(ctx, r))
	}
	add := func(name string, u store.User) *visitor {
		u.Name = name
		_, err := st.store.AddUser(ctx, u, "correct-horse-battery")
		require.NoError(t, err)
		return st.login(t, name)
	}
	visitors := map[string]*visitor{
		"one":     add("one", store.User{Role: store.AgentRole, Agent: "agent1"}),
		"agent2":  add("agent2", store.User{Role: store.AgentRole}),
		"after":   add("after", store.User{Role: store.Supervisor, Teams: []string{"售后"}}),
		"all":     add("all", store.User{Role: store.Supervisor}),
		"analyst": st.login(t, "zhou"),
	}
	for name, want := range map[string][]string{
		"one": {"OF1"}, "agent2": {"OF2"}, "after": {"BOT", "OF1"}, "all": {"BOT", "OF1", "OF2"}, "analyst": {"BOT", "OF1", "OF2"},
	} {
		v := visitors[name]
		var seen []string
		for _, c := range v.get("/api/v1/calls?line=matrix")["items"].([]any) {
			seen = append(seen, c.(map[string]any)["id"].(string))
		}
		slices.Sort(seen)
		assert.Equal(t, want, seen, name)
		b, _ := v.bytes("/api/v1/calls.csv?line=matrix", http.StatusOK)
		for _, id := range []string{"OF1", "OF2", "BOT"} {
			status := http.StatusNotFound
			if slices.Contains(want, id) {
				status = http.StatusOK
			}
			v.json(http.MethodGet, "/api/v1/calls/"+id, "", status)
			assert.Equal(t, status == http.StatusOK, strings.Contains(string(b), id), "%s in the export of %s", id, name)
			if status == http.StatusNotFound {
				for _, path := range []string{"/recording", "/waveform"} {
					assert.Equal(t, "not_found", v.json(http.MethodGet, "/api/v1/calls/"+id+path, "", status)["code"])
				}
			}
		}
	}
	visitors["after"].json(http.MethodPost, "/api/v1/calls/OF2/hangup", "", http.StatusNotFound)
	involved["OF2"] = []string{"agent1"}
	visitors["one"].json(http.MethodGet, "/api/v1/calls/OF2", "", http.StatusOK)
	delete(involved, "OF2")

	next := visitors["one"].follow("?kinds=call.updated,call.turn,agent.state")
	require.Contains(t, next(), "hello")
	st.bus.Publish(event.Event{Kind: "call.updated", At: now, Call: "OF2", Data: call.Record{ID: "OF2", Agent: "agent2"}})
	st.bus.Publish(event.Event{Kind: "call.turn", At: now, Call: "OF2", Data: call.TurnRecord{Text: "secret"}})
	st.bus.Publish(event.Event{Kind: "call.turn", At: now, Call: "BOT", Data: call.TurnRecord{Text: "secret"}})
	st.bus.Publish(event.Event{Kind: "call.turn", At: now, Call: "OF1", Data: call.TurnRecord{Text: "mine"}})
	assert.Contains(t, next(), "mine", "what others say is left out")
}

func TestUsersAreManaged(t *testing.T) {
	st := start(t, nil)
	admin := st.login(t, "admin")
	made := admin.json(http.MethodPost, "/api/v1/users", `{"name":"王芳","display_name":"王芳（售后）","role":"agent","agent":"agent1"}`, http.StatusCreated)
	password := made["password"].(string)
	assert.GreaterOrEqual(t, len(password), 20)
	assert.Equal(t, "exists", admin.json(http.MethodPost, "/api/v1/users", `{"name":"王芳","role":"agent"}`, http.StatusConflict)["code"])
	signIn := func(password string) (*visitor, *http.Response) {
		v := &visitor{t: t, url: st.url}
		res := v.request(http.MethodPost, "/api/v1/session", `{"name":"王芳","password":"`+password+`"}`)
		if res.StatusCode == http.StatusOK {
			var me web.Me
			require.NoError(t, json.NewDecoder(res.Body).Decode(&me))
			v.cookie, v.csrf = res.Cookies()[0], me.CSRF
		}
		return v, res
	}
	wang, res := signIn(password)
	require.Equal(t, http.StatusOK, res.StatusCode)
	other, _ := signIn(password)
	sessions := wang.get("/api/v1/account/sessions")["items"].([]any)
	require.Len(t, sessions, 2)
	for _, s := range sessions {
		if s := s.(map[string]any); s["current"] == false {
			wang.json(http.MethodDelete, "/api/v1/account/sessions/"+s["id"].(string), "", http.StatusNoContent)
		}
	}
	other.json(http.MethodGet, "/api/v1/session", "", http.StatusUnauthorized)

	assert.Equal(t, "wrong_password", wang.json(http.MethodPost, "/api/v1/account/password", `{"old":"wrong wrong","new":"a new long password"}`, http.StatusForbidden)["code"])
	res = wang.request(http.MethodPost, "/api/v1/account/password", `{"old":"`+password+`","new":"a new long password"}`)
	require.Equal(t, http.StatusOK, res.StatusCode)
	wang.json(http.MethodGet, "/api/v1/session", "", http.StatusUnauthorized)
	wang, res = signIn("a new long password")
	require.Equal(t, http.StatusOK, res.StatusCode)

	changed := admin.json(http.MethodPatch, "/api/v1/users/王芳", `{"role":"analyst"}`, http.StatusOK)
	assert.Equal(t, "analyst", changed["role"])
	wang.json(http.MethodGet, "/api/v1/session", "", http.StatusUnauthorized)
	admin.json(http.MethodPatch, "/api/v1/users/王芳", `{"disabled":true}`, http.StatusOK)
	_, res = signIn("a new long password")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	assert.Equal(t, "last_admin", admin.json(http.MethodPatch, "/api/v1/users/admin", `{"role":"agent"}`, http.StatusConflict)["code"])
	reset := admin.json(http.MethodPost, "/api/v1/users/王芳/password", `{}`, http.StatusOK)
	assert.NotEmpty(t, reset["password"])
	assert.Equal(t, "not_found", admin.json(http.MethodPost, "/api/v1/users/nobody/password", `{}`, http.StatusNotFound)["code"])

	var actions []string
	for _, e := range admin.get("/api/v1/audit/trail?limit=500")["items"].([]any) {
		e := e.(map[string]any)
		actions = append(actions, e["action"].(string))
		if e["action"] == "change-user" && e["subject"] == "王芳" && e["detail"].(map[string]any)["role"] != nil {
			assert.Equal(t, "agent → analyst", e["detail"].(map[string]any)["role"])
			assert.Equal(t, "admin", e["actor"])
		}
	}
	for _, a := range []string{"login", "add-user", "change-user", "reset-password", "end-my-session", "change-my-password"} {
		assert.Contains(t, actions, a)
	}
}
