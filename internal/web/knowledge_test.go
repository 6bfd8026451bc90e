package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/proposal"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// knowing is a site with a shop's knowledge and a token of each of two roles.
type knowing struct {
	*site
	t        *testing.T
	dir      string
	analyst  string
	overseer string
}

func knows(t *testing.T) *knowing {
	t.Helper()
	k := &knowing{t: t, dir: t.TempDir()}
	k.site = start(t, func(c *web.Config) {
		base, err := webtest.Knowledge(t.Context(), c.Store, k.dir, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		c.Knowledge, c.Proposals = base, proposal.New(proposal.Config{Store: c.Store, Knowledge: base})
	})
	for role, to := range map[store.Role]*string{store.Analyst: &k.analyst, store.Supervisor: &k.overseer} {
		token, _, err := k.store.NewToken(t.Context(), "of "+string(role), role, time.Now().Add(time.Hour))
		require.NoError(t, err)
		*to = token
	}
	return k
}

// ask makes a request and reads the answer.
func (k *knowing) ask(token, method, path string, body any) (int, map[string]any, string) {
	k.t.Helper()
	var data io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		data, kind = strings.NewReader(b), "application/octet-stream"
	default:
		text, err := json.Marshal(b)
		require.NoError(k.t, err)
		data = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.url+"/api/v1/knowledge"+path, data)
	require.NoError(k.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	require.NoError(k.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(k.t, err)
	var out map[string]any
	_ = json.Unmarshal(text, &out)
	return res.StatusCode, out, string(text)
}

func TestKnowledgeOverTheAPI(t *testing.T) {
	k := knows(t)
	status, page, _ := k.ask(k.analyst, http.MethodGet, "?q=快递费&limit=2", nil)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, page["items"], 1)

	text := map[string]any{"question": "运费多少", "answer": "一律五元。", "version": 0, "valid_from": "2026-01-01", "valid_to": "2036-01-01", "variants": []string{"邮费|怎么算", "快递费多少"}}
	status, _, _ = k.ask(k.analyst, http.MethodPatch, "/ship", text)
	require.Equal(t, http.StatusForbidden, status)
	status, draft, _ := k.ask(k.overseer, http.MethodPatch, "/ship", text)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "draft", draft["state"])
	assert.Equal(t, []any{"邮费", "怎么算", "快递费多少"}, draft["variants"])
	assert.Equal(t, "2036-01-01", draft["valid_to"])
	assert.Equal(t, "物流", draft["category"], "what is left out stays")
	status, p, _ := k.ask(k.overseer, http.MethodPatch, "/ship", text)
	require.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "stale", p["code"])
	for _, move := range []string{"submit", "reject", "submit", "publish"} {
		_, now, _ := k.ask(k.overseer, http.MethodGet, "/ship", nil)
		status, _, body := k.ask(k.overseer, http.MethodPost, "/ship/"+move, map[string]any{"version": now["version"]})
		require.Equal(t, http.StatusOK, status, body)
	}
	_, found, _ := k.ask(k.analyst, http.MethodPost, "/search", map[string]any{"text": "快递费多少"})
	assert.Equal(t, "一律五元。", found["answer"])
	_, versions, _ := k.ask(k.analyst, http.MethodGet, "/ship/versions", nil)
	require.Len(t, versions["items"], 6)
	status, _, body := k.ask(k.overseer, http.MethodPost, "/ship/restore", map[string]any{"version": 6, "restore": 1, "publish": true})
	require.Equal(t, http.StatusOK, status, body)
	_, found, _ = k.ask(k.analyst, http.MethodPost, "/search", map[string]any{"text": "快递费多少"})
	assert.Equal(t, "满五十元免运费，不满收六元。", found["answer"])

	status, made, body := k.ask(k.overseer, http.MethodPost, "", map[string]any{"question": "有停车场吗"})
	require.Equal(t, http.StatusCreated, status, body)
	status, p, _ = k.ask(k.overseer, http.MethodPost, "/"+made["id"].(string)+"/publish", map[string]any{"version": 1})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, p["detail"], "the answer is empty")
	_, check, _ := k.ask(k.analyst, http.MethodPost, "/check", map[string]any{"question": "网址", "answer": "请看 www.example.com 。"})
	assert.Contains(t, check["problems"].([]any)[0].(map[string]any)["zh"], "电话里记不下来")
	status, _, _ = k.ask(k.analyst, http.MethodGet, "/nobody", nil)
	require.Equal(t, http.StatusNotFound, status)
	status, p, _ = k.ask(k.analyst, http.MethodGet, "?cursor=nowhere", nil)
	require.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, "bad_cursor", p["code"])
}

func TestKnowledgeIsImportedAndExportedOverTheAPI(t *testing.T) {
	k := knows(t)
	file := "问题,答案\n运费多少,一律五元。\n有停车场吗,有。\n"
	status, _, _ := k.ask(k.analyst, http.MethodPost, "/import?name=a.csv", file)
	require.Equal(t, http.StatusForbidden, status)
	status, tried, body := k.ask(k.overseer, http.MethodPost, "/import?name=a.csv", file)
	require.Equal(t, http.StatusOK, status, body)
	assert.Equal(t, []any{false, 1.0, 1.0}, []any{tried["done"], tried["added"], tried["changed"]})
	status, done, body := k.ask(k.overseer, http.MethodPost, "/import?name=a.csv&dry_run=false&publish=true", file)
	require.Equal(t, http.StatusOK, status, body)
	assert.Equal(t, true, done["done"])
	_, bad, _ := k.ask(k.overseer, http.MethodPost, "/import?name=a.csv&dry_run=false", "问题,答案\n有什么,\n")
	assert.Equal(t, false, bad["done"])
	assert.InDelta(t, 2, bad["problems"].([]any)[0].(map[string]any)["line"], 0)

	// More than other requests may have; and more than any may.
	large := "问题,答案\n大的,好。" + strings.Repeat(" ", 3<<20) + "\n"
	status, _, body = k.ask(k.overseer, http.MethodPost, "/import?name=a.csv", large)
	require.Equal(t, http.StatusOK, status, body)
	status, _, _ = k.ask(k.overseer, http.MethodPost, "/import?name=a.csv", strings.Repeat(large, 7))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)

	for _, format := range []string{"csv", "yaml", "xlsx"} {
		status, _, body := k.ask(k.analyst, http.MethodGet, "/export?format="+format, nil)
		require.Equal(t, http.StatusOK, status)
		if format != "xlsx" {
			assert.Contains(t, body, "一律五元")
		}
	}
	status, written, body := k.ask(k.overseer, http.MethodPost, "/write", nil)
	require.Equal(t, http.StatusOK, status, body)
	assert.InDelta(t, 2, written["questions"], 0)
	matches, err := filepath.Glob(filepath.Join(k.dir, "shop", "knowledge", "*.csv"))
	require.NoError(t, err)
	assert.Len(t, matches, 2)
}
