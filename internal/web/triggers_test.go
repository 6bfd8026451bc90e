package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who may say that something happened, how often it counts, and how much may be said.
func TestEventsOfOtherSystems(t *testing.T) {
	st := calling(t)
	crm := &visitor{t: t, url: st.url, token: apiToken}
	made := crm.json(http.MethodPost, "/api/v1/campaigns", reminder, http.StatusOK)
	path := "/api/v1/triggers/" + made["id"].(string)
	post := func(v *visitor, key, body string, status int) map[string]any {
		t.Helper()
		var headers []string
		if key != "" {
			headers = []string{"Idempotency-Key", key}
		}
		r := v.request(http.MethodPost, path, body, headers...)
		defer func() { require.NoError(t, r.Body.Close()) }()
		var m map[string]any
		require.NoError(t, json.NewDecoder(r.Body).Decode(&m))
		require.Equal(t, status, r.StatusCode, "%v", m)
		return m
	}
	event := func(number, order string) string {
		return fmt.Sprintf(`{"number":%q,"facts":{"order":%q}}`, number, order)
	}

	// Without a key each is an event of its own, of whomever.
	one := post(crm, "", event("13800138000", "A1"), http.StatusOK)
	two := post(crm, "", event("13800138001", "B1"), http.StatusOK)
	assert.Equal(t, []any{false, false}, []any{one["again"], two["again"]})
	assert.NotEqual(t, one["id"], two["id"])
	same := post(crm, "", event("13800138000", "A2"), http.StatusOK)
	assert.Equal(t, []any{one["id"], false}, []any{same["id"], same["again"]}, "one contact for one number")
	facts := func(id any) any {
		return crm.get(fmt.Sprintf("/api/v1/contacts/%.0f", id.(float64)))["contact"].(map[string]any)["fields"].(map[string]any)["order"]
	}
	assert.Equal(t, "A2", facts(one["id"]))

	// With one, the same is counted once; somebody else's is refused.
	post(crm, "k1", event("13800138002", "C1"), http.StatusOK)
	again := post(crm, "k1", event("13800138002", "C2"), http.StatusOK)
	assert.Equal(t, true, again["again"])
	assert.Equal(t, "C1", facts(again["id"]))
	assert.Equal(t, "key_reused", post(crm, "k1", event("13800138003", "D1"), http.StatusUnprocessableEntity)["code"])

	// No more than a row of a file may say.
	assert.Equal(t, "bad_contact", post(crm, "", event("13800138004", strings.Repeat("x", 6001)), http.StatusUnprocessableEntity)["code"])
	many := map[string]string{}
	for i := range 101 {
		many[fmt.Sprint(i)] = "x"
	}
	text, err := json.Marshal(map[string]any{"number": "13800138004", "facts": many})
	require.NoError(t, err)
	assert.Equal(t, "bad_contact", post(crm, "", string(text), http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "bad_contact", post(crm, "", `{"number":"13800138004","zone":"Asia/Nowhere"}`, http.StatusUnprocessableEntity)["code"])
	post(crm, "", event("13800138004", strings.Repeat("x", 2<<20)), http.StatusRequestEntityTooLarge)
	post(crm, strings.Repeat("k", 201), event("13800138004", "E1"), http.StatusUnprocessableEntity)
	post(crm, "", `{"number":"13800138004","wait_s":86401}`, http.StatusUnprocessableEntity)

	// Those who manage campaigns, and programs that they gave a token for it.
	assert.Equal(t, "forbidden", post(st.login(t, "zhou"), "", event("13800138005", "F1"), http.StatusForbidden)["code"])
	assert.Equal(t, "login_needed", post(&visitor{t: t, url: st.url}, "", event("13800138005", "F1"), http.StatusUnauthorized)["code"])
	admin := st.login(t, "admin")
	token := func(scopes string) *visitor {
		return &visitor{t: t, url: st.url, token: admin.json(http.MethodPost, "/api/v1/tokens", `{"name":"x","role":"supervisor","scopes":[`+scopes+`],"days":1}`, http.StatusCreated)["token"].(string)}
	}
	assert.Equal(t, "scope", post(token(`"wishes"`), "", event("13800138005", "F1"), http.StatusForbidden)["code"])
	assert.Equal(t, "scope", post(token(`"campaigns:read"`), "", event("13800138005", "F1"), http.StatusForbidden)["code"])
	post(token(`"campaigns"`), "", event("13800138005", "F1"), http.StatusOK)
}
