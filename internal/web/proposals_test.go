package web_test

import (
	"net/http"
	"testing"

	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProposalsOverTheAPI(t *testing.T) {
	k := knows(t)
	require.NoError(t, webtest.Proposals(t.Context(), k.store))

	status, page, text := k.ask(k.analyst, http.MethodGet, "/proposals?limit=2", nil)
	require.Equal(t, http.StatusOK, status, text)
	require.Len(t, page["items"], 2)
	first := page["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "怎么开发票", first["question"])
	assert.Equal(t, "later", first["why"])
	assert.Equal(t, map[string]any{"open": 7.0}, page["counts"])
	status, rest, _ := k.ask(k.analyst, http.MethodGet, "/proposals?limit=500&cursor="+page["next_cursor"].(string), nil)
	require.Equal(t, http.StatusOK, status)
	assert.Len(t, rest["items"], 5)

	// Analysts look; supervisors decide.
	approve := map[string]any{"items": []any{map[string]any{"id": first["id"]}, map[string]any{"id": "gone"}}}
	for path, body := range map[string]any{"approve": approve, "refuse": map[string]any{"ids": []any{first["id"]}}, "undo": map[string]any{"ids": []any{first["id"]}}, "look": nil, "paraphrase": map[string]any{"pair": "invoice"}} {
		status, _, _ := k.ask(k.analyst, http.MethodPost, "/proposals/"+path, body)
		assert.Equal(t, http.StatusForbidden, status, path)
	}
	status, done, text := k.ask(k.overseer, http.MethodPost, "/proposals/approve", approve)
	require.Equal(t, http.StatusOK, status, text)
	items := done["items"].([]any)
	assert.Equal(t, "approved", items[0].(map[string]any)["state"])
	assert.Equal(t, "not_found", items[1].(map[string]any)["code"])
	_, found, _ := k.ask(k.analyst, http.MethodPost, "/search", map[string]any{"text": first["wording"]})
	assert.Equal(t, "invoice", found["candidates"].([]any)[0].(map[string]any)["id"])
	_, again, _ := k.ask(k.overseer, http.MethodPost, "/proposals/approve", approve)
	assert.Equal(t, "stale", again["items"].([]any)[0].(map[string]any)["code"])

	status, _, _ = k.ask(k.overseer, http.MethodPost, "/proposals/undo", map[string]any{"ids": []any{first["id"]}})
	require.Equal(t, http.StatusOK, status)
	_, page, _ = k.ask(k.analyst, http.MethodGet, "/proposals?limit=1", nil)
	assert.Equal(t, first["id"], page["items"].([]any)[0].(map[string]any)["id"])

	status, _, _ = k.ask(k.overseer, http.MethodPost, "/proposals/look", nil)
	assert.Equal(t, http.StatusAccepted, status)
	status, problem, _ := k.ask(k.overseer, http.MethodPost, "/proposals/look", nil)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "looking", problem["code"])
	status, problem, _ = k.ask(k.overseer, http.MethodPost, "/proposals/paraphrase", map[string]any{"pair": "invoice"})
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "no_model", problem["code"])
}
