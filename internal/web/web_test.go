package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/internal/event"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/testdata"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const apiToken = "token-of-the-environment"

// site is a running server over a seeded store.
type site struct {
	url      string
	store    *store.Store
	bus      *event.Bus
	services *webtest.Services
	dir      string
	calls    []string // newest of each script
	stop     func()   // ends Run and waits
	log      *testdata.Log
}

type seed struct {
	dir   string
	calls []string
	err   error
}

// seeded is a data folder that is filled once and copied by each test.
var seeded = sync.OnceValue(func() (made seed) {
	if made.dir, made.err = os.MkdirTemp("", "hotline-web-"); made.err != nil {
		return made
	}
	s, err := open(context.Background(), made.dir)
	if err != nil {
		made.err = err
		return made
	}
	made.calls, made.err = webtest.Seed(context.Background(), s, made.dir, time.Now())
	made.err = errors.Join(made.err, s.Close())
	return made
})

func open(ctx context.Context, dir string) (*store.Store, error) {
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer})
}

func TestMain(m *testing.M) {
	code := m.Run()
	if made := seeded(); made.dir != "" {
		_ = os.RemoveAll(made.dir)
	}
	os.Exit(code)
}

func start(t *testing.T, change func(*web.Config)) *site {
	t.Helper()
	made := seeded()
	require.NoError(t, made.err)
	st := &site{dir: t.TempDir(), bus: &event.Bus{}, log: &testdata.Log{}, calls: made.calls}
	require.NoError(t, os.CopyFS(st.dir, os.DirFS(made.dir)))
	var err error
	st.store, err = open(t.Context(), st.dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, st.store.Close()) })
	st.services = webtest.NewServices(st.store, st.bus, time.Now())
	config := web.Config{
		Listen: "127.0.0.1:0", Store: st.store, Bus: st.bus, DataDir: st.dir, Sealer: st.store.Sealer(), Token: apiToken, Version: "1.2.3",
		Logger: slog.New(slog.NewTextHandler(st.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: prometheus.NewRegistry(),
		End: st.services, Agents: st.services, Lines: st.services, System: st.services, Trunks: st.services,
	}
	if change != nil {
		change(&config)
	}
	server, err := web.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	var once sync.Once
	st.stop = func() { once.Do(func() { cancel(); assert.NoError(t, <-done) }) }
	t.Cleanup(st.stop)
	st.url = "http://" + server.Addr()
	return st
}

// visitor makes requests with a cookie or a token.
type visitor struct {
	t      *testing.T
	url    string
	token  string
	cookie *http.Cookie
	csrf   string
}

func (v *visitor) request(method, path, body string, headers ...string) *http.Response {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	require.NoError(v.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	if v.csrf != "" {
		r.Header.Set("X-CSRF-Token", v.csrf)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r) // no redirects, no cookies of its own
	require.NoError(v.t, err)
	v.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// get decodes a body of the status that is expected.
func (v *visitor) json(method, path, body string, status int) (m map[string]any) {
	v.t.Helper()
	res := v.request(method, path, body)
	b, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, status, res.StatusCode, "%s %s: %s", method, path, b)
	if status >= 400 {
		assert.Equal(v.t, "application/problem+json", res.Header.Get("Content-Type"))
	}
	if len(b) > 0 {
		require.NoError(v.t, json.Unmarshal(b, &m), "%s", b)
	}
	return m
}

func (v *visitor) get(path string) map[string]any {
	v.t.Helper()
	return v.json(http.MethodGet, path, "", http.StatusOK)
}

func (st *site) program(t *testing.T) *visitor {
	t.Helper()
	return &visitor{t: t, url: st.url, token: apiToken}
}

func (st *site) login(t *testing.T, name string) *visitor {
	t.Helper()
	v := &visitor{t: t, url: st.url}
	res := v.request(http.MethodPost, "/api/v1/session", `{"name":"`+name+`","password":"`+webtest.Password+`"}`)
	require.Equal(t, http.StatusOK, res.StatusCode)
	var me web.Me
	require.NoError(t, json.NewDecoder(res.Body).Decode(&me))
	require.Len(t, res.Cookies(), 1)
	v.cookie, v.csrf = res.Cookies()[0], me.CSRF
	return v
}

func TestEverythingNeedsALogin(t *testing.T) {
	st := start(t, nil)
	nobody := &visitor{t: t, url: st.url}
	for _, path := range []string{
		"/calls", "/calls.csv", "/calls/" + st.calls[0], "/calls/" + st.calls[0] + "/recording", "/calls/" + st.calls[0] + "/waveform",
		"/wishes", "/agents", "/audit", "/lines", "/trunks", "/system", "/figures", "/events", "/session", "/no-such-route",
	} {
		p := nobody.json(http.MethodGet, "/api/v1"+path, "", http.StatusUnauthorized)
		assert.Equal(t, "login_needed", p["code"], path)
	}
	nobody.token = "wrong"
	nobody.json(http.MethodGet, "/api/v1/calls", "", http.StatusUnauthorized)
	nobody.token = ""
	nobody.cookie = &http.Cookie{Name: "hotline_session", Value: "wrong"}
	nobody.json(http.MethodGet, "/api/v1/calls", "", http.StatusUnauthorized)
	nobody.cookie = nil
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json", "/metrics"} {
		assert.Equal(t, http.StatusOK, nobody.request(http.MethodGet, path, "").StatusCode, path)
	}
	// A proxy on this machine passes on what comes from elsewhere.
	assert.Equal(t, http.StatusUnauthorized, nobody.request(http.MethodGet, "/metrics", "", "X-Forwarded-For", "203.0.113.9").StatusCode)
}

// Strangers see the lines that they may call, and nothing else of them.
func TestCallPage(t *testing.T) {
	st := start(t, func(c *web.Config) { c.CallPage = true })
	nobody := &visitor{t: t, url: st.url}
	items := nobody.json(http.MethodGet, "/api/v1/public/lines", "", http.StatusOK)["items"]
	require.Len(t, items, 2)
	assert.Equal(t, map[string]any{"name": "main", "title": "云帆数码 客服热线", "number": "8000", "language": "zh"}, items.([]any)[0])
	page := nobody.request(http.MethodGet, "/call", "", "Accept", "text/html")
	assert.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.Header.Get("Permissions-Policy"), "microphone=(self)")
	assert.Contains(t, page.Header.Get("Content-Security-Policy"), "connect-src 'self'")

	without := start(t, nil)
	nobody.url = without.url
	nobody.json(http.MethodGet, "/api/v1/public/lines", "", http.StatusNotFound)
	assert.Equal(t, http.StatusNotFound, nobody.request(http.MethodGet, "/call", "", "Accept", "text/html").StatusCode)
}

func TestSession(t *testing.T) {
	st := start(t, nil)
	li := st.login(t, "li")
	assert.True(t, li.cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, li.cookie.SameSite)
	me := li.get("/api/v1/session")
	assert.Equal(t, "supervisor", me["role"])
	assert.Equal(t, "李主管", me["display_name"])

	csrf := li.csrf
	li.csrf = ""
	p := li.json(http.MethodPatch, "/api/v1/wishes/"+wish(t, st), `{"state":"done"}`, http.StatusForbidden)
	assert.Equal(t, "csrf", p["code"])
	li.csrf = csrf
	w := li.json(http.MethodPatch, "/api/v1/wishes/"+wish(t, st), `{"state":"done"}`, http.StatusOK)
	assert.Equal(t, "li", w["done_by"])

	li.json(http.MethodDelete, "/api/v1/session", "", http.StatusNoContent)
	li.json(http.MethodGet, "/api/v1/session", "", http.StatusUnauthorized)
	v := &visitor{t: t, url: st.url}
	res := v.request(http.MethodPost, "/api/v1/session", `{"name":"li","password":"`+webtest.Password+`"}`, "X-Forwarded-Proto", "https")
	assert.True(t, res.Cookies()[0].Secure)
}

func TestGuessingIsSlowed(t *testing.T) {
	st := start(t, nil)
	v := &visitor{t: t, url: st.url}
	var last *http.Response
	for range 8 {
		last = v.request(http.MethodPost, "/api/v1/session", `{"name":"li","password":"a wrong password"}`)
	}
	assert.Equal(t, http.StatusTooManyRequests, last.StatusCode)
	assert.NotEmpty(t, last.Header.Get("Retry-After"))
	st.login(t, "admin") // another name from the same office still gets in
}

func TestRoles(t *testing.T) {
	st := start(t, nil)
	zhou := st.login(t, "zhou") // analyst
	item := zhou.get("/api/v1/calls?number=13812348000")["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "138****8000", item["caller"])
	detail := zhou.get("/api/v1/calls/" + st.calls[0])
	assert.Equal(t, "138****8000", detail["caller"])
	assert.Equal(t, "138****8000", detail["tickets"].([]any)[0].(map[string]any)["number"])
	for _, change := range [][3]string{
		{http.MethodPatch, "/wishes/01WISHTICKET", `{"state":"done"}`},
		{http.MethodPost, "/calls", `{"to":"10086"}`},
		{http.MethodPost, "/calls/x/hangup", ""},
		{http.MethodGet, "/audit", ""},
	} {
		p := zhou.json(change[0], "/api/v1"+change[1], change[2], http.StatusForbidden)
		assert.Equal(t, "forbidden", p["code"])
	}
	secret, made, err := st.store.NewToken(t.Context(), "bi", store.Analyst, time.Time{})
	require.NoError(t, err)
	bi := &visitor{t: t, url: st.url, token: secret}
	bi.get("/api/v1/calls")
	require.NoError(t, st.store.RevokeToken(t.Context(), made.ID))
	bi.json(http.MethodGet, "/api/v1/calls", "", http.StatusUnauthorized)
}

func TestCalls(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	seen := map[string]bool{}
	path := "/api/v1/calls?limit=50"
	for pages := 0; ; pages++ {
		require.Less(t, pages, 10)
		list := v.get(path)
		for _, c := range list["items"].([]any) {
			id := c.(map[string]any)["id"].(string)
			assert.False(t, seen[id], "%s twice", id)
			seen[id] = true
		}
		next := list["next_cursor"].(string)
		if next == "" {
			break
		}
		path = "/api/v1/calls?limit=50&cursor=" + url.QueryEscape(next)
	}
	assert.Len(t, seen, 140)

	one := v.get("/api/v1/calls?number=138-1234-8000&outcome=transferred,resolved")["items"].([]any)
	require.Len(t, one, 1)
	assert.Equal(t, "13812348000", one[0].(map[string]any)["caller"])

	detail := v.get("/api/v1/calls/" + st.calls[0])
	assert.Equal(t, "transferred", detail["outcome"])
	assert.Len(t, detail["turns"], 11)
	timeline := detail["timeline"].([]any)
	assert.Equal(t, "answered", timeline[0].(map[string]any)["kind"])
	assert.Equal(t, "hangup", timeline[len(timeline)-1].(map[string]any)["kind"])
	assert.Empty(t, detail["wishes"])
	assert.Len(t, detail["tickets"], 1)
	bot := detail["turns"].([]any)[2].(map[string]any)
	assert.Equal(t, "tech-012", bot["candidates"].([]any)[0].(map[string]any)["id"])

	for path, code := range map[string]string{
		"/calls/none": "not_found", "/calls/none/recording": "not_found", "/calls/" + "01SEED00000000000000000001" + "/recording": "no_recording",
	} {
		assert.Equal(t, code, v.json(http.MethodGet, "/api/v1"+path, "", http.StatusNotFound)["code"], path)
	}
	assert.Equal(t, "bad_cursor", v.json(http.MethodGet, "/api/v1/calls?cursor=x", "", http.StatusBadRequest)["code"])
	assert.Equal(t, "invalid", v.json(http.MethodGet, "/api/v1/calls?outcome=great", "", http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "no_such_route", v.json(http.MethodGet, "/api/v1/nothing", "", http.StatusNotFound)["code"])
}

func TestCallsOutAndHangup(t *testing.T) {
	st := start(t, func(c *web.Config) { c.Place = placer{} })
	v := st.program(t)
	res := v.request(http.MethodPost, "/api/v1/calls", `{"to":"10086","line":"main"}`)
	assert.Equal(t, http.StatusCreated, res.StatusCode)
	assert.Equal(t, "/api/v1/calls/call-to-10086", res.Header.Get("Location"))
	p := v.json(http.MethodPost, "/api/v1/calls", `{"to":"110"}`, http.StatusForbidden)
	assert.Equal(t, "not_allowed", p["code"])
	v.json(http.MethodPost, "/api/v1/calls", `{"to":"10086","timeout_s":1}`, http.StatusUnprocessableEntity)
	ended := make(chan struct{})
	st.services.Begin("X", func() { close(ended) })
	v.json(http.MethodPost, "/api/v1/calls/X/hangup", "", http.StatusNoContent)
	<-ended
	assert.Equal(t, "not_in_progress", v.json(http.MethodPost, "/api/v1/calls/X/hangup", "", http.StatusNotFound)["code"])

	bare := start(t, func(c *web.Config) { c.End, c.Agents, c.Lines, c.System, c.Trunks = nil, nil, nil, nil, nil })
	v = bare.program(t)
	assert.Equal(t, "no_outbound", v.json(http.MethodPost, "/api/v1/calls", `{"to":"10086"}`, http.StatusNotImplemented)["code"])
	assert.Equal(t, "no_hangup", v.json(http.MethodPost, "/api/v1/calls/X/hangup", "", http.StatusNotImplemented)["code"])
	assert.Equal(t, []any{}, v.get("/api/v1/agents")["items"])
	assert.Equal(t, []any{}, v.get("/api/v1/lines")["items"])
	assert.Equal(t, []any{}, v.get("/api/v1/trunks")["items"])
	assert.Equal(t, "1.2.3", v.get("/api/v1/system")["version"])
}

type placer struct{}

func (placer) Place(_ context.Context, p web.Placing) (string, error) {
	if p.To == "110" {
		return "", &web.RefusedError{Status: http.StatusForbidden, Code: "not_allowed", Detail: "emergency numbers are not dialled"}
	}
	return "call-to-" + p.To, nil
}

func TestTrunksAreListed(t *testing.T) {
	items := start(t, nil).program(t).get("/api/v1/trunks")["items"].([]any)
	require.Len(t, items, 2)
	up, down := items[0].(map[string]any), items[1].(map[string]any)
	assert.Equal(t, "telecom", up["name"])
	assert.Equal(t, "up", up["state"])
	assert.Contains(t, up, "until")
	assert.EqualValues(t, 3, up["channels"])
	assert.Equal(t, "down", down["state"])
	assert.Equal(t, "options: no response", down["last_error"])
	assert.NotContains(t, down, "until")
}

func TestExportIsSafeInASpreadsheet(t *testing.T) {
	st := start(t, nil)
	r, err := st.store.Call(t.Context(), st.calls[1])
	require.NoError(t, err)
	r.Summary = `=HYPERLINK("http://evil.example")`
	require.NoError(t, st.store.Update(t.Context(), r))
	res := st.program(t).request(http.MethodGet, "/api/v1/calls.csv?line=main", "")
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	text := string(b)
	assert.True(t, strings.HasPrefix(text, "\ufeffid,started_at,"), "Excel needs the mark to read Chinese")
	assert.Contains(t, text, "'=HYPERLINK")
	assert.Contains(t, text, "耳机左耳没声音")
	assert.NotContains(t, text, "english")
	assert.Greater(t, strings.Count(text, "\n"), 100)
}

func TestFigures(t *testing.T) {
	st := start(t, nil)
	f := st.program(t).get("/api/v1/figures?since=" + url.QueryEscape(time.Now().Add(-20*time.Hour).Format(time.RFC3339)))
	today := f["today"].(map[string]any)
	assert.Len(t, today["hours"], 21)
	assert.Greater(t, today["calls"], 30.0)
	assert.Greater(t, today["response_p95_ms"], today["response_p50_ms"])
	assert.Len(t, f["hours_yesterday"], 24)
	assert.InDelta(t, 2, f["open_wishes"], 0)
}

func TestHeadersAndLog(t *testing.T) {
	st := start(t, nil)
	res := st.program(t).request(http.MethodGet, "/api/v1/calls?number=13812348000", "")
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "private, no-store", res.Header.Get("Cache-Control"))
	res = st.program(t).request(http.MethodPost, "/api/v1/calls", `{"to":"`+strings.Repeat("1", 2<<20)+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
	res = (&visitor{t: t, url: st.url}).request(http.MethodPost, "/api/v1/session", `{"name":"li","password":12345678901}`)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.NotContains(t, string(b), "12345678901", "what was typed is not repeated")
	st.stop()
	assert.Contains(t, st.log.String(), "GET /api/v1/calls")
	assert.NotContains(t, st.log.String(), "13812348000")
}

func TestOpenAPI(t *testing.T) {
	st := start(t, nil)
	api := (&visitor{t: t, url: st.url}).get("/api/v1/openapi.json")
	paths := api["paths"].(map[string]any)
	for _, p := range []string{"/session", "/calls", "/calls/{id}", "/calls/{id}/recording", "/calls/{id}/hangup", "/events", "/wishes/{id}", "/system"} {
		assert.Contains(t, paths, "/api/v1"+p)
	}
	b, err := json.Marshal(api)
	require.NoError(t, err)
	assert.Contains(t, string(b), `"code"`)
}

func TestMetrics(t *testing.T) {
	st := start(t, nil)
	v := st.program(t)
	v.get("/api/v1/calls")
	b, err := io.ReadAll(v.request(http.MethodGet, "/metrics", "").Body)
	require.NoError(t, err)
	assert.Contains(t, string(b), `hotline_http_request_seconds_count{route="GET /api/v1/calls",status="200"} 1`)
}

type notReady struct{}

func (notReady) Ready() (bool, []string) { return false, []string{"draining"} }

func TestReadyz(t *testing.T) {
	st := start(t, func(c *web.Config) { c.Ready = notReady{} })
	res := (&visitor{t: t, url: st.url}).request(http.MethodGet, "/readyz", "")
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Contains(t, string(b), "draining")
}

func TestAddressInUse(t *testing.T) {
	st := start(t, nil)
	_, err := web.New(web.Config{Listen: strings.TrimPrefix(st.url, "http://"), Store: st.store, Bus: st.bus})
	require.ErrorContains(t, err, "http.listen")
}

func TestPages(t *testing.T) {
	st := start(t, nil)
	v := &visitor{t: t, url: st.url}
	for _, path := range []string{"/", "/calls/01ABC", "/login"} {
		res := v.request(http.MethodGet, path, "", "Accept", "text/html")
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
		assert.Contains(t, res.Header.Get("Content-Type"), "text/html")
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Contains(t, string(b), "<title>hotline")
	}
	for _, path := range []string{"/assets/none.js", "/.gitignore", "/%2e%2e/%2e%2e/etc/passwd"} {
		assert.Equal(t, http.StatusNotFound, v.request(http.MethodGet, path, "").StatusCode, path)
	}
}
