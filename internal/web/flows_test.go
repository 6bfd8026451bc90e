package web_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/web"
	"hotline/internal/web/webtest"
)

func TestFlowsAreListedAndDrawn(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, webtest.Businesses(dir))
	st := start(t, func(c *web.Config) {
		c.Flows = business.FlowFolders{filepath.Join(dir, "retail-en"), filepath.Join(dir, "repair-zh")}
	})
	v := st.program(t)
	items := v.get("/api/v1/flows")["items"].([]any)
	require.GreaterOrEqual(t, len(items), 14)
	broken := 0
	for _, item := range items {
		m := item.(map[string]any)
		if m["errors"].(float64) > 0 {
			broken++
			require.Equal(t, "urge", m["name"])
			continue
		}
		require.Positive(t, m["steps"], m["name"])
		if m["name"] == "call-appointment" { // of the fields of the contact it asks for none
			require.Equal(t, []string{"come", "day"}, []string{m["asked"].([]any)[0].(map[string]any)["name"].(string), m["asked"].([]any)[1].(map[string]any)["name"].(string)})
			come := m["asked"].([]any)[0].(map[string]any)["choices"].([]any)
			require.Equal(t, "yes", come[0].(map[string]any)["value"])
		}
	}
	require.Equal(t, 1, broken)

	track := v.get("/api/v1/flows/track?business=Cloud+Lane")
	graph := track["graph"].(map[string]any)
	require.Greater(t, len(graph["nodes"].([]any)), 15)
	require.Greater(t, len(graph["edges"].([]any)), 15)
	require.Empty(t, track["problems"])
	require.NotEmpty(t, track["examples"])

	urge := v.get("/api/v1/flows/urge")
	problem := urge["problems"].([]any)[0].(map[string]any)
	require.Equal(t, "flows/urge.yaml", problem["file"])
	require.Positive(t, problem["line"])
	require.Contains(t, problem["message"], `"order"`)
	require.Contains(t, problem["message_zh"], "没有表")
	require.Empty(t, urge["graph"].(map[string]any)["nodes"])

	v.json(http.MethodGet, "/api/v1/flows/nothing", "", http.StatusNotFound)
	v.json(http.MethodGet, "/api/v1/flows/track?business=Nobody", "", http.StatusNotFound)
	(&visitor{t: t, url: st.url}).json(http.MethodGet, "/api/v1/flows", "", http.StatusUnauthorized)
}

func TestWithoutABusinessNoFlowIsListed(t *testing.T) {
	require.Empty(t, start(t, nil).program(t).get("/api/v1/flows")["items"])
}
