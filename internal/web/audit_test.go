package web_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/audit"
	"hotline/internal/event"
	"hotline/internal/web"
)

func TestAudit(t *testing.T) {
	log, err := audit.Open(filepath.Join(t.TempDir(), "audit.log"), audit.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	entries := []audit.Entry{
		{At: at, Kind: "scanner", Source: "192.0.2.1/32", User: "1**", Detail: "User-Agent \"friendly-scanner\"", Count: 1},
		{At: at.Add(time.Minute), Kind: "blocked", Source: "192.0.2.1/32", Count: 1},
	}
	for _, e := range entries {
		log.Add(e)
	}
	st := start(t, func(c *web.Config) { c.Audit = log })
	admin := st.login(t, "admin")
	items := admin.get("/api/v1/audit")["items"].([]any)
	require.Len(t, items, 2)
	assert.Equal(t, "blocked", items[0].(map[string]any)["kind"])
	items = admin.get("/api/v1/audit?before=2026-03-01T12:00:30Z")["items"].([]any)
	require.Len(t, items, 1)
	assert.Equal(t, "scanner", items[0].(map[string]any)["kind"])
	for _, name := range []string{"li", "zhou"} {
		st.login(t, name).json(http.MethodGet, "/api/v1/audit", "", http.StatusForbidden)
	}
}

// Everybody may see that something happened, an administrator who did it.
func TestAuditEvents(t *testing.T) {
	st := start(t, nil)
	admin, li := st.login(t, "admin").follow("?kinds=audit"), st.login(t, "li").follow("?kinds=audit")
	require.Contains(t, admin(), "hello")
	require.Contains(t, li(), "hello")
	st.bus.Publish(event.Event{Kind: "audit", At: time.Now(), Data: audit.Entry{Kind: "scanner", Source: "192.0.2.1/32"}})
	require.Contains(t, admin(), "192.0.2.1")
	e := li()
	require.Contains(t, e, "audit {")
	require.NotContains(t, e, "192.0.2.1")
}
