package web_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/custody"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An administrator sees how long data are kept and who listened, gives a caller his data
// and erases them; the audit trail has it without the number.
func TestPrivacyOverTheAPI(t *testing.T) {
	var keeper custody.Keeper
	st := start(t, func(c *web.Config) {
		keeper = custody.Keeper{
			Store: c.Store, Sealer: c.Store.Sealer(), Dir: c.DataDir, KeyFile: filepath.Join(c.DataDir, "master.key"), KeyDays: 365,
			Retention: custody.Retention{Recordings: 1, Calls: 365},
		}
		c.Keeper = &keeper
	})
	admin, other := st.login(t, "admin"), st.login(t, "li")
	other.json(http.MethodGet, "/api/v1/privacy/kept", "", http.StatusForbidden)
	kept := admin.get("/api/v1/privacy/kept")
	assert.EqualValues(t, 365, kept["key_days"])
	kinds := map[string]float64{}
	for _, k := range kept["items"].([]any) {
		kinds[k.(map[string]any)["kind"].(string)] = k.(map[string]any)["days"].(float64)
	}
	assert.Equal(t, map[string]float64{"recordings": 1, "transcripts": 0, "calls": 365, "tickets": 0, "audit": 0}, kinds)

	r := admin.request(http.MethodGet, "/api/v1/calls/"+st.calls[0]+"/recording", "")
	require.NoError(t, r.Body.Close())
	report := admin.get("/api/v1/privacy/report")
	listeners := report["listeners"].([]any)
	require.NotEmpty(t, listeners)
	assert.Equal(t, []any{st.calls[0]}, listeners[0].(map[string]any)["listened"])
	assert.Equal(t, false, report["key"].(map[string]any)["due"])

	record, err := st.store.Call(t.Context(), st.calls[0])
	require.NoError(t, err)
	number := record.Caller
	require.NotEmpty(t, number)
	found := admin.json(http.MethodPost, "/api/v1/privacy/caller", `{"number":"`+number+`"}`, http.StatusOK)
	assert.NotZero(t, found["rows"].(map[string]any)["calls"])
	r = admin.request(http.MethodPost, "/api/v1/privacy/caller/export", `{"number":"`+number+`"}`)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	assert.Equal(t, "data.json", z.File[0].Name)
	assert.Eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(st.dir, "export-*"))
		return err == nil && len(left) == 0
	}, 20*time.Second, 10*time.Millisecond, "nothing lies about once it is sent")

	other.json(http.MethodPost, "/api/v1/privacy/caller/erase", `{"number":"`+number+`","again":"`+number+`"}`, http.StatusForbidden)
	assert.Equal(t, "not_the_same", admin.json(http.MethodPost, "/api/v1/privacy/caller/erase", `{"number":"`+number+`","again":"1"}`, http.StatusUnprocessableEntity)["code"])
	gone := admin.json(http.MethodPost, "/api/v1/privacy/caller/erase", `{"number":"`+number+`","again":"`+number+`"}`, http.StatusOK)
	assert.NotZero(t, gone["rows"].(map[string]any)["calls"])
	found = admin.json(http.MethodPost, "/api/v1/privacy/caller", `{"number":"`+number+`"}`, http.StatusOK)
	assert.Empty(t, found["rows"])
	trail, err := st.store.Trail(t.Context(), store.TrailFilter{})
	require.NoError(t, err)
	actions := map[string]bool{}
	for _, e := range trail.Items {
		actions[e.Action] = true
		assert.NotContains(t, e.Subject, number)
		for _, v := range e.Detail {
			assert.NotContains(t, v, number)
		}
	}
	for _, a := range []string{"privacy-report", "look-for-caller", "caller-exported", "caller-erased"} {
		assert.True(t, actions[a], a)
	}
}
