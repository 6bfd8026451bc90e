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
