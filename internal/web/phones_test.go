package web_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// staff are agents who are there.
type staff []web.Agent

func (s staff) Agents(context.Context) ([]web.Agent, error) { return s, nil }

func digestOf(password string) string {
	sum := md5.Sum([]byte("agent1:hotline:" + password))
	return "HA1:MD5:" + hex.EncodeToString(sum[:])
}

func TestTheDesksTelephone(t *testing.T) {
	phones := web.NewPhones("hotline")
	var ended []string
	phones.Ended = func(agent string) { ended = append(ended, agent) }
	st := start(t, func(c *web.Config) {
		c.Phones, c.SIP = phones, http.NotFoundHandler()
		c.Agents = staff{{Name: "agent1", Skills: []string{"service"}, Calls: []string{}}}
		c.Dispositions = func() []web.Disposition { return []web.Disposition{{Code: "solved"}} }
	})
	for name, agent := range map[string]string{"first": "agent1", "nobody": ""} {
		_, err := st.store.AddUser(t.Context(), store.User{Name: name, Role: store.AgentRole, Agent: agent}, "correct-horse-battery")
		require.NoError(t, err)
	}
	agent, nobody := st.login(t, "first"), st.login(t, "nobody")

	assert.Equal(t, "no_agent", nobody.json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusConflict)["code"])
	assert.Equal(t, "session_needed", (&visitor{t: t, url: st.url, token: apiToken}).json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusForbidden)["code"])
	assert.Empty(t, phones.Secret("agent1"))

	given := func() string {
		p := agent.json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusOK)
		assert.Equal(t, "agent1", p["agent"])
		return p["password"].(string)
	}
	one := given()
	assert.Equal(t, digestOf(one), phones.Secret("agent1"))
	assert.NotContains(t, phones.Secret("agent1"), one)
	two, three := given(), given()
	assert.Equal(t, digestOf(three)+" "+digestOf(two), phones.Secret("agent1"), "a registration may be on its way with the one before")
	elsewhere := st.login(t, "first")
	elsewhere.json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusOK)
	assert.Len(t, strings.Fields(phones.Secret("agent1")), 3)

	agent.json(http.MethodDelete, "/api/v1/session", "", http.StatusNoContent)
	assert.Len(t, strings.Fields(phones.Secret("agent1")), 1, "those of the other session are good")
	assert.Equal(t, []string{"agent1"}, ended)
}

// However a session ends, its telephone does.
func TestTheDesksTelephoneEndsWithTheSession(t *testing.T) {
	phones := web.NewPhones("hotline")
	ended := 0
	phones.Ended = func(string) { ended++ }
	st := start(t, func(c *web.Config) {
		c.Phones, c.SIP = phones, http.NotFoundHandler()
		c.Agents = staff{{Name: "agent1", Skills: []string{"service"}, Calls: []string{}}}
	})
	_, err := st.store.AddUser(t.Context(), store.User{Name: "first", Role: store.AgentRole, Agent: "agent1"}, "correct-horse-battery")
	require.NoError(t, err)
	admin := st.login(t, "admin")
	for how, end := range map[string]func(agent *visitor){
		"one by an administrator": func(*visitor) {
			sessions := admin.get("/api/v1/users/first/sessions")["items"].([]any)
			admin.json(http.MethodDelete, "/api/v1/users/first/sessions/"+sessions[0].(map[string]any)["id"].(string), "", http.StatusNoContent)
		},
		"all by an administrator": func(*visitor) {
			admin.json(http.MethodDelete, "/api/v1/users/first/sessions", "", http.StatusNoContent)
		},
		"from another place": func(*visitor) {
			elsewhere := st.login(t, "first")
			elsewhere.json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusOK)
			elsewhere.json(http.MethodDelete, "/api/v1/account/sessions", "", http.StatusNoContent)
			assert.Len(t, strings.Fields(phones.Secret("agent1")), 1, "his own stays")
			elsewhere.json(http.MethodDelete, "/api/v1/session", "", http.StatusNoContent)
		},
		"disabled": func(*visitor) {
			admin.json(http.MethodPatch, "/api/v1/users/first", `{"disabled":true}`, http.StatusOK)
			admin.json(http.MethodPatch, "/api/v1/users/first", `{"disabled":false}`, http.StatusOK)
		},
	} {
		t.Run(how, func(t *testing.T) {
			ended = 0
			agent := st.login(t, "first")
			agent.json(http.MethodPost, "/api/v1/desk/phone", "", http.StatusOK)
			require.NotEmpty(t, phones.Secret("agent1"))
			end(agent)
			assert.Empty(t, phones.Secret("agent1"))
			assert.Positive(t, ended, "the registrar was told")
		})
	}
}

func TestTheDesksPasswordsRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := web.NewPhones("hotline")
		password, until := p.Issue("session", "agent1", time.Now())
		assert.Equal(t, digestOf(password), p.Secret("agent1"))
		time.Sleep(time.Until(until))
		assert.Empty(t, p.Secret("agent1"))
		for range 100 {
			p.Issue(time.Now().String(), "agent1", time.Now())
			time.Sleep(time.Millisecond)
		}
		assert.LessOrEqual(t, len(strings.Fields(p.Secret("agent1"))), 16)
	})
}

func TestAnAgentWritesUpHisCalls(t *testing.T) {
	st := start(t, func(c *web.Config) {
		c.Agents = staff{{Name: "agent9", Skills: []string{"service"}, Calls: []string{}}}
		c.Dispositions = func() []web.Disposition { return []web.Disposition{{Code: "solved"}} }
	})
	_, err := st.store.AddUser(t.Context(), store.User{Name: "ninth", Role: store.AgentRole, Agent: "agent9"}, "correct-horse-battery")
	require.NoError(t, err)
	agent, admin := st.login(t, "ninth"), st.login(t, "admin")
	path := "/api/v1/calls/" + st.calls[0] + "/wrap-up"

	assert.Equal(t, "solved", agent.get("/api/v1/desk")["dispositions"].([]any)[0].(map[string]any)["code"])
	agent.json(http.MethodPut, path, `{"code":"solved"}`, http.StatusNotFound)
	require.NoError(t, st.store.AddEvents(t.Context(), st.calls[0], []call.Event{{Kind: call.KindBridge, Data: map[string]any{"agent": "agent9"}}}))
	assert.Equal(t, "no_such_disposition", agent.json(http.MethodPut, path, `{"code":"other"}`, http.StatusUnprocessableEntity)["code"])
	agent.json(http.MethodPut, path, `{"code":"solved","note":" sent a new one "}`, http.StatusNoContent)
	var noted map[string]any
	for _, e := range admin.get("/api/v1/calls/" + st.calls[0])["timeline"].([]any) {
		if m := e.(map[string]any); m["kind"] == "wrap_up" {
			noted = m["data"].(map[string]any)
		}
	}
	assert.Equal(t, map[string]any{"agent": "agent9", "code": "solved", "note": "sent a new one"}, noted)
}
