package web_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hotline/internal/totp"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (v *visitor) trail(query string) (rows []map[string]any) {
	v.t.Helper()
	for _, e := range v.get("/api/v1/audit/trail?" + query)["items"].([]any) {
		rows = append(rows, e.(map[string]any))
	}
	return rows
}

// Who reads a recording, a call or an unmasked number is in the audit trail, once in a
// while; an analyst, who sees no whole number, is not for the list.
func TestReadsAreWrittenDown(t *testing.T) {
	st := start(t, nil)
	admin, li, zhou := st.login(t, "admin"), st.login(t, "li"), st.login(t, "zhou")
	for range 3 {
		li.get("/api/v1/calls?number=13812348000")
		li.get("/api/v1/calls/" + st.calls[0])
		li.bytes("/api/v1/calls/"+st.calls[0]+"/recording", http.StatusPartialContent, "Range", "bytes=0-9")
		li.bytes("/api/v1/calls/"+st.calls[0]+"/recording", http.StatusPartialContent, "Range", "bytes=10-19")
		zhou.get("/api/v1/calls")
	}
	for range 2 {
		_, _ = zhou.bytes("/api/v1/calls.csv", http.StatusOK)
	}
	for action, times := range map[string]int{"get-call": 1, "get-recording": 3, "numbers": 1} { // a page is read again, a recording was played three times
		rows := admin.trail("actor=li&action=" + action)
		require.Len(t, rows, times, action)
		assert.Equal(t, st.calls[0], rows[0]["subject"])
		assert.Equal(t, "supervisor", rows[0]["role"])
	}
	assert.Empty(t, admin.trail("actor=zhou&action=numbers"))
	assert.Len(t, admin.trail("actor=zhou&action=export-calls"), 2, "each takes data out of the house")
	li.get("/api/v1/calls?limit=20")
	rows := admin.trail("actor=li&action=numbers&limit=1")
	assert.Equal(t, "19", rows[0]["detail"].(map[string]any)["count"], "one of the twenty was seen before")
	assert.Zero(t, admin.get("/api/v1/audit/check")["broken_at"])
	assert.Empty(t, admin.trail("from="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
}

// Behind a certificate of our own the cookie never goes out in the open.
func TestCookiesOverOurOwnTLS(t *testing.T) {
	known := httptest.NewTLSServer(nil) // a certificate of 127.0.0.1, and a client that trusts it
	defer known.Close()
	st := start(t, func(c *web.Config) {
		c.TLS = &tls.Config{Certificates: known.TLS.Certificates, MinVersion: tls.VersionTLS12}
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.Replace(st.url, "http:", "https:", 1)+"/api/v1/session", strings.NewReader(`{"name":"li","password":"`+webtest.Password+`"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	res, err := known.Client().Do(r)
	require.NoError(t, err)
	defer func() { assert.NoError(t, res.Body.Close()) }()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Len(t, res.Cookies(), 1)
	c := res.Cookies()[0]
	assert.True(t, c.Secure)
	assert.True(t, c.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, c.SameSite)
}

func TestSecondFactor(t *testing.T) {
	st := start(t, nil)
	li := st.login(t, "li")
	li.json(http.MethodPost, "/api/v1/account/totp", `{"password":"wrong wrong"}`, http.StatusForbidden)
	begun := li.json(http.MethodPost, "/api/v1/account/totp", `{"password":"correct-horse-battery"}`, http.StatusOK)
	assert.Contains(t, begun["picture"], "data:image/png;base64,")
	secret := begun["secret"].(string)
	st.login(t, "li") // it does not count yet
	assert.Equal(t, "wrong_code", li.json(http.MethodPut, "/api/v1/account/totp", `{"code":"000000"}`, http.StatusUnprocessableEntity)["code"])
	code := func(at time.Duration) string {
		c, err := totp.Code(secret, time.Now().Add(at))
		require.NoError(t, err)
		return c
	}
	recovery := li.json(http.MethodPut, "/api/v1/account/totp", `{"code":"`+code(0)+`"}`, http.StatusOK)["recovery_codes"].([]any)
	require.Len(t, recovery, 10)

	v := &visitor{t: t, url: st.url}
	login := func(code string, status int) string {
		body := `{"name":"li","password":"correct-horse-battery","code":"` + code + `"}`
		c, _ := v.json(http.MethodPost, "/api/v1/session", body, status)["code"].(string)
		return c
	}
	assert.Equal(t, "totp_needed", login("", http.StatusUnauthorized))
	assert.Equal(t, "wrong_code", login("123456", http.StatusUnauthorized))
	login(code(30*time.Second), http.StatusOK)
	login(recovery[0].(string), http.StatusOK)
	assert.Equal(t, "wrong_code", login(recovery[0].(string), http.StatusUnauthorized), "each is good for once")
	st.login(t, "admin").json(http.MethodDelete, "/api/v1/users/li/totp", "", http.StatusNoContent)
	st.login(t, "li")
}

func TestCallsAreFoundByWords(t *testing.T) {
	st := start(t, nil)
	for {
		n, err := st.store.IndexCalls(t.Context(), time.Time{}, 100)
		require.NoError(t, err)
		if n < 100 {
			break
		}
	}
	v := st.program(t)
	items := v.get("/api/v1/calls?q=" + url.QueryEscape("蓝牙耳机"))["items"].([]any)
	require.NotEmpty(t, items)
	assert.Contains(t, items[0].(map[string]any)["summary"], "耳机")
	assert.Empty(t, v.get("/api/v1/calls?q=" + url.QueryEscape("没人说过的话"))["items"])
	v.json(http.MethodGet, "/api/v1/calls?q=x", "", http.StatusUnprocessableEntity)
}

func TestPagesCannotBeFramedOrForged(t *testing.T) {
	st := start(t, nil)
	v := &visitor{t: t, url: st.url}
	for _, path := range []string{"/", "/login", "/api/v1/session", "/healthz"} {
		h := v.request(http.MethodGet, path, "").Header
		policy := h.Get("Content-Security-Policy")
		assert.Contains(t, policy, "frame-ancestors 'none'", path)
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.Contains(t, policy, "script-src 'self'; style-src 'self';", path)
		assert.Equal(t, "DENY", h.Get("X-Frame-Options"), path)
		assert.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
	li := st.login(t, "li")
	assert.False(t, li.cookie.Secure, "over plain http it would not come back")
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, csrf := range []string{"", "forged", li.csrf + "x"} {
			forged := &visitor{t: t, url: st.url, cookie: li.cookie, csrf: csrf}
			assert.Equal(t, "csrf", forged.json(method, "/api/v1/account/totp", `{"password":"x","code":"123456"}`, http.StatusForbidden)["code"])
		}
	}
}
