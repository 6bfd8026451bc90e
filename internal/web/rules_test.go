package web_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/rules"
	"hotline/internal/store"
	"hotline/internal/web"
)

// An administrator changes the rules, and nobody else; what is wrong is named and not
// written, and a change is taken back.
func TestRulesOfTheBusiness(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	file := filepath.Join(dir, business.File)
	const text = "name: 云帆数码\nlines: [{name: main, default: true}]\nqueue:\n  max_wait: 3m   # three\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	st := start(t, func(c *web.Config) { c.Rules = rules.New([]string{dir}, c.Store) })
	admin, other := st.login(t, "admin"), st.login(t, "li")
	other.json(http.MethodGet, "/api/v1/rules", "", http.StatusForbidden)
	assert.Equal(t, "no_such_business", admin.json(http.MethodGet, "/api/v1/rules?business=x", "", http.StatusNotFound)["code"])
	assert.Equal(t, "no_such_business", admin.json(http.MethodPost, "/api/v1/rules/undo?business=x", `{"version":1}`, http.StatusNotFound)["code"], "not the first one's")

	shown := admin.get("/api/v1/rules")
	body := func(wait int) string {
		form := shown["rules"].(map[string]any)
		form["max_wait_s"] = wait
		b, err := json.Marshal(map[string]any{"rules": form, "stamp": shown["stamp"]})
		require.NoError(t, err)
		return string(b)
	}
	other.json(http.MethodPut, "/api/v1/rules", body(120), http.StatusForbidden)
	wrong := admin.json(http.MethodPut, "/api/v1/rules", body(1), http.StatusUnprocessableEntity)
	assert.Equal(t, "rules_wrong", wrong["code"])
	assert.Contains(t, wrong["detail"], "queue.max_wait")
	now := admin.json(http.MethodPut, "/api/v1/rules", body(120), http.StatusOK)
	assert.Len(t, now["versions"], 1)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(written), "  max_wait: 2m   # three\n")
	assert.Equal(t, "rules_changed", admin.json(http.MethodPut, "/api/v1/rules", body(100), http.StatusConflict)["code"])
	admin.json(http.MethodPost, "/api/v1/rules/undo", `{"version":1}`, http.StatusOK)
	written, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text, string(written))
	trail, err := st.store.Trail(t.Context(), store.TrailFilter{Action: "set-rules"})
	require.NoError(t, err)
	require.Len(t, trail.Items, 1, "what was refused changed nothing")
	assert.Equal(t, "queue.max_wait", trail.Items[0].Detail["changed"])
}

// Score sheets and sensitive words are the business's files too: changed in place, taken
// back, and what was not there before is not there after.
func TestSheetsAndWordsOfTheBusiness(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, business.File), []byte("name: 云帆数码\nlines: [{name: main, default: true}]\n"), 0o600))
	st := start(t, func(c *web.Config) { c.Rules = rules.New([]string{dir}, c.Store) })
	admin := st.login(t, "admin")

	shown := admin.get("/api/v1/sheets")
	assert.Equal(t, false, shown["own"])
	form := shown["sheets"].(map[string]any)
	form["per_agent"] = 7
	put := func(path string, body any) string {
		b, err := json.Marshal(body)
		require.NoError(t, err, path)
		return string(b)
	}
	now := admin.json(http.MethodPut, "/api/v1/sheets", put("", map[string]any{"stamp": shown["stamp"], "sheets": form}), http.StatusOK)
	assert.Equal(t, true, now["own"])
	text, err := os.ReadFile(filepath.Join(dir, "quality.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "sample: {per_agent: 7, bot: 5}     # 每周抽几通\n")
	form["per_agent"] = 700
	assert.Equal(t, "rules_wrong", admin.json(http.MethodPut, "/api/v1/sheets", put("", map[string]any{"stamp": now["stamp"], "sheets": form}), http.StatusUnprocessableEntity)["code"])
	admin.json(http.MethodPost, "/api/v1/sheets/undo", `{"version":1}`, http.StatusOK)
	assert.NoFileExists(t, filepath.Join(dir, "quality.yaml"))

	words := admin.get("/api/v1/words?subject=insults")
	assert.NotEmpty(t, words["shipped"])
	now = admin.json(http.MethodPut, "/api/v1/words?subject=insults", put("", map[string]any{"stamp": words["stamp"], "entries": []string{"大坏蛋 | warn"}}), http.StatusOK)
	assert.Equal(t, []any{"大坏蛋 | warn"}, now["entries"])
	assert.Equal(t, "rules_wrong", admin.json(http.MethodPut, "/api/v1/words?subject=insults", put("", map[string]any{"stamp": now["stamp"], "entries": []string{"大坏蛋 | shout"}}), http.StatusUnprocessableEntity)["code"])
	policies := admin.get("/api/v1/words?subject=policies")
	now = admin.json(http.MethodPut, "/api/v1/words?subject=policies", put("", map[string]any{"stamp": policies["stamp"], "entries": []string{"politics | end | pass"}}), http.StatusOK)
	assert.Equal(t, "end", now["subjects"].([]any)[0].(map[string]any)["caller"])
	admin.json(http.MethodPost, "/api/v1/words/undo?subject=insults", `{"version":1}`, http.StatusOK)
	assert.NoFileExists(t, filepath.Join(dir, "moderation", "insults.txt"))
	assert.FileExists(t, filepath.Join(dir, "moderation", "policies.txt"))
	admin.json(http.MethodGet, "/api/v1/words?subject=..", "", http.StatusNotFound)
}
