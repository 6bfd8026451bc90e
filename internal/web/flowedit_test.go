package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/business"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlowsAreChangedAndTried(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, webtest.Businesses(dir))
	folders := []string{filepath.Join(dir, "retail-en"), filepath.Join(dir, "repair-zh")}
	st := start(t, func(c *web.Config) {
		c.Flows, c.FlowEditor = business.FlowFolders(folders), webtest.FlowEditor(c.Store, folders)
	})
	token, _, err := st.store.NewToken(t.Context(), "li", store.Supervisor, time.Now().Add(time.Hour))
	require.NoError(t, err)
	li := &visitor{t: t, url: st.url, token: token}
	body := func(v any) string {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return string(data)
	}
	const of = "?business=Cloud+Lane"
	file := filepath.Join(folders[0], "flows", "track.yaml")

	d := li.get("/api/v1/flows/track" + of)
	text, digest := d["text"].(string), d["digest"].(string)
	require.NotEmpty(t, d["on"])
	require.NotEmpty(t, d["lines"])
	require.Contains(t, li.get("/api/v1/flow-schema"), "$defs")

	wrong := strings.Replace(text, "table: orders", "table: order", 1)
	checked := li.json(http.MethodPost, "/api/v1/flows/track/check"+of, body(map[string]any{"text": wrong}), http.StatusOK)
	require.Positive(t, checked["problems"].([]any)[0].(map[string]any)["line"])
	p := li.json(http.MethodPut, "/api/v1/flows/track"+of, body(map[string]any{"text": wrong, "digest": digest}), http.StatusUnprocessableEntity)
	assert.Equal(t, "flow_errors", p["code"])
	assert.Contains(t, p["errors"].([]any)[0].(map[string]any)["location"], "flows/track.yaml:")

	better := text + "# better\n"
	saved := li.json(http.MethodPut, "/api/v1/flows/track"+of, body(map[string]any{"text": better, "digest": digest, "note": "why"}), http.StatusOK)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, better, string(data))
	p = li.json(http.MethodPut, "/api/v1/flows/track"+of, body(map[string]any{"text": text, "digest": digest}), http.StatusConflict)
	assert.Equal(t, "file_changed", p["code"])
	versions := li.get("/api/v1/flows/track/versions" + of)["items"].([]any)
	require.Len(t, versions, 2)
	newest := versions[0].(map[string]any)
	assert.Equal(t, "why", newest["note"])
	assert.Equal(t, "token li", newest["author"])
	li.json(http.MethodPost, "/api/v1/flows/track/restore"+of, body(map[string]any{"n": 1, "digest": saved["digest"]}), http.StatusOK)
	data, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text, string(data))

	tried := li.json(http.MethodPost, "/api/v1/flows/track/try"+of, body(map[string]any{"text": text, "turns": []any{map[string]any{"say": "track my order"}}}), http.StatusOK)
	turns := tried["turns"].([]any)
	require.Len(t, turns, 2)
	assert.Equal(t, "track", turns[1].(map[string]any)["flow"])
	assert.NotEmpty(t, turns[1].(map[string]any)["step"])
	ran := li.json(http.MethodPost, "/api/v1/flows/track/dialogs"+of, body(map[string]any{"text": text}), http.StatusOK)
	assert.Positive(t, ran["passed"])
	assert.Zero(t, ran["broken"])

	made := li.json(http.MethodPost, "/api/v1/flows"+of, body(map[string]any{"name": "gift", "title": "gift wrapping", "template": "note"}), http.StatusCreated)
	assert.Equal(t, "flow_name", li.json(http.MethodPost, "/api/v1/flows"+of, body(map[string]any{"name": "../gift", "title": "x", "template": "note"}), http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "exists", li.json(http.MethodPost, "/api/v1/flows"+of, body(map[string]any{"name": "Gift", "title": "x", "template": "note"}), http.StatusConflict)["code"])
	away := "/api/v1/flows/gift" + of + "&digest=" + url.QueryEscape(made["digest"].(string))
	gone := li.json(http.MethodDelete, away, "", http.StatusOK)
	deleted := li.get("/api/v1/flows")["deleted"].([]any)
	require.Len(t, deleted, 1)
	assert.Equal(t, "gift wrapping", deleted[0].(map[string]any)["title"])
	li.json(http.MethodDelete, away, "", http.StatusNotFound)
	li.json(http.MethodPost, "/api/v1/flows/gift/restore"+of, body(map[string]any{"n": gone["n"]}), http.StatusOK)
	assert.Empty(t, li.get("/api/v1/flows")["deleted"])

	var actions []string
	for _, e := range st.program(t).get("/api/v1/audit/trail?limit=20")["items"].([]any) {
		e := e.(map[string]any)
		actions = append(actions, e["action"].(string))
		if e["action"] == "save-flow" {
			assert.Equal(t, map[string]any{"business": "Cloud Lane", "file": "flows/track.yaml", "note": "why"}, e["detail"])
		}
	}
	for _, a := range []string{"save-flow", "restore-flow", "create-flow", "delete-flow"} {
		assert.Contains(t, actions, a)
	}
	assert.NotContains(t, actions, "try-flow")
}
