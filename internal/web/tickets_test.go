package web_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// wish is the id of one that is there.
func wish(t *testing.T, st *site) string {
	t.Helper()
	page, err := st.store.Wishes(t.Context(), store.WishFilter{Limit: 1})
	require.NoError(t, err)
	return page.Items[0].ID
}

func desks(t *testing.T) *site {
	t.Helper()
	return start(t, func(c *web.Config) {
		c.Tickets = webtest.Tickets(c.Store, c.Bus)
		c.Teams = func() map[string][]string { return map[string][]string{"售后": {"agent1"}} }
		c.Reviewers = func() []string { return []string{"agent1"} }
		c.ReviewWords = func() web.ReviewWords { return web.ReviewWords{Approved: "通过（{amount}）"} }
		c.CustomerRows = func(same func(string) bool) map[string][]map[string]string {
			if !same("138 1234 8000") {
				return nil
			}
			return map[string][]map[string]string{"orders": {{"订单号": "6603", "电话": "13812348000"}}}
		}
	})
}

func (st *site) agent(t *testing.T, name string) *visitor {
	t.Helper()
	_, err := st.store.AddUser(t.Context(), store.User{Name: name, Role: store.AgentRole, Agent: name}, "correct-horse-battery")
	require.NoError(t, err)
	return st.login(t, name)
}

func TestTicketsOverTheAPI(t *testing.T) {
	st := desks(t)
	admin, analyst, one, two := st.login(t, "admin"), st.login(t, "zhou"), st.agent(t, "agent1"), st.agent(t, "agent2")
	page := admin.get("/api/v1/tickets")
	assert.Len(t, page["items"], 3)
	assert.EqualValues(t, 3, page["open"])
	assert.EqualValues(t, 1, page["late"])
	assert.Len(t, one.get("/api/v1/tickets")["items"], 3, "his team's and nobody's")
	assert.Len(t, two.get("/api/v1/tickets")["items"], 1, "nobody's")
	two.json(http.MethodGet, "/api/v1/tickets/01WISHTICKET", "", http.StatusNotFound)
	two.json(http.MethodPatch, "/api/v1/tickets/01WISHTICKET", `{"version":1,"state":"done"}`, http.StatusNotFound)
	assert.Equal(t, "138****8000", analyst.get("/api/v1/tickets/01WISHTICKET")["number"])
	analyst.json(http.MethodPost, "/api/v1/tickets", `{"kind":"invoice","summary":"x"}`, http.StatusForbidden)

	assert.Equal(t, "field_missing", one.json(http.MethodPost, "/api/v1/tickets", `{"kind":"exchange","summary":"x"}`, http.StatusUnprocessableEntity)["code"])
	made := admin.json(http.MethodPost, "/api/v1/tickets", `{"kind":"exchange","summary":"充电器换新","fields":{"订单":"7788"},"call":"`+st.calls[0]+`"}`, http.StatusCreated)
	assert.Equal(t, "agent", made["source"])
	assert.Equal(t, "13812348000", made["number"], "that of the call")
	assert.Equal(t, "售后", made["team"])
	id := made["id"].(string)
	changed := one.json(http.MethodPatch, "/api/v1/tickets/"+id, `{"version":1,"state":"in_progress","owner":"agent1","comment":"已联系仓库"}`, http.StatusOK)
	require.Len(t, changed["history"], 2)
	assert.Equal(t, "stale", one.json(http.MethodPatch, "/api/v1/tickets/"+id, `{"version":1,"state":"done"}`, http.StatusConflict)["code"])
	one.json(http.MethodPost, "/api/v1/tickets/"+id+"/comments", `{"text":"明天发出"}`, http.StatusOK)
	for query, found := range map[string]int{"充电器": 1, "仓库": 1, "8000": 2} {
		assert.Len(t, admin.get("/api/v1/tickets?q=" + query)["items"], found, query)
	}
	assert.Len(t, one.get("/api/v1/tickets?owner=me")["items"], 1)
	assert.Len(t, admin.get("/api/v1/tickets?late=true")["items"], 1)
	assert.Equal(t, "01WISHLATE", admin.get("/api/v1/tickets?sort=due&limit=1")["items"].([]any)[0].(map[string]any)["id"])

	text, _ := admin.bytes("/api/v1/tickets.csv?state=open,in_progress", http.StatusOK)
	assert.Equal(t, 5, strings.Count(string(text), "\n"))
	assert.Contains(t, string(text), "in_progress")
	sheet, _ := admin.bytes("/api/v1/tickets.xlsx", http.StatusOK)
	book, err := excelize.OpenReader(bytes.NewReader(sheet))
	require.NoError(t, err)
	rows, err := book.GetRows("Sheet1")
	require.NoError(t, err)
	assert.Len(t, rows, 5)
	masked, _ := analyst.bytes("/api/v1/tickets.csv", http.StatusOK)
	assert.NotContains(t, string(masked), "13812348000")
}

func TestFilesOfTickets(t *testing.T) {
	st := desks(t)
	one, two := st.agent(t, "agent1"), st.agent(t, "agent2")
	png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 2<<20)...)
	post := func(v *visitor, name string, body []byte) (int, map[string]any) {
		res := v.request(http.MethodPost, "/api/v1/tickets/01WISHTICKET/files?name="+name, string(body), "Content-Type", "application/octet-stream")
		defer func() { _ = res.Body.Close() }()
		var out map[string]any
		require.NoError(t, json.NewDecoder(res.Body).Decode(&out))
		return res.StatusCode, out
	}
	status, made := post(one, "a%2Fb%E5%9B%BE.png", png)
	require.Equal(t, http.StatusCreated, status, made)
	assert.Equal(t, "a_b图.png", made["name"])
	assert.Equal(t, "image/png", made["type"])
	status, _ = post(one, "x.html", []byte("<html><script>alert(1)</script>"))
	assert.Equal(t, http.StatusUnsupportedMediaType, status)
	status, _ = post(one, "x.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00"))
	assert.Equal(t, http.StatusUnsupportedMediaType, status)
	status, _ = post(one, "big.png", append(png, make([]byte, 4<<20)...))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, _ = post(two, "x.png", png)
	assert.Equal(t, http.StatusNotFound, status)
	path := "/api/v1/tickets/01WISHTICKET/files/" + made["id"].(string)
	got, header := one.bytes(path, http.StatusOK)
	assert.True(t, bytes.Equal(png, got))
	assert.Equal(t, "application/octet-stream", header.Get("Content-Type"))
	assert.Contains(t, header.Get("Content-Disposition"), "attachment")
	two.json(http.MethodGet, path, "", http.StatusNotFound)
	history := one.get("/api/v1/tickets/01WISHTICKET")["history"].([]any)
	assert.Equal(t, "file", history[len(history)-1].(map[string]any)["kind"])
}

func TestReviewsOverTheAPI(t *testing.T) {
	st := desks(t)
	one, two, analyst := st.agent(t, "agent1"), st.agent(t, "agent2"), st.login(t, "zhou")
	two.json(http.MethodGet, "/api/v1/reviews", "", http.StatusForbidden)
	two.json(http.MethodPost, "/api/v1/reviews/01REVIEW/approve", `{"version":1,"text":"x","by":"sms"}`, http.StatusForbidden)
	page := one.get("/api/v1/reviews?state=open")
	require.Len(t, page["items"], 2)
	assert.Equal(t, "01REFUND", page["items"].([]any)[0].(map[string]any)["id"], "who has waited longest first")
	assert.Equal(t, true, page["may_decide"])
	assert.Equal(t, false, analyst.get("/api/v1/reviews")["may_decide"])
	detail := one.get("/api/v1/reviews/01REVIEW")
	assert.NotEmpty(t, detail["turns"], "what was said")
	assert.NotEmpty(t, detail["timeline"])
	assert.Equal(t, "10", detail["amount"])

	assert.Equal(t, "no_text", one.json(http.MethodPost, "/api/v1/reviews/01REVIEW/approve", `{"version":1,"by":"sms"}`, http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "no_reason", one.json(http.MethodPost, "/api/v1/reviews/01REVIEW/refuse", `{"version":1,"text":"抱歉","by":"sms"}`, http.StatusUnprocessableEntity)["code"])
	done := one.json(http.MethodPost, "/api/v1/reviews/01REVIEW/approve", `{"version":1,"text":"送您 20 元券","amount":"20","by":"sms"}`, http.StatusOK)
	assert.Equal(t, "approved", done["state"])
	assert.Equal(t, "agent1", done["decided_by"])
	assert.Equal(t, "stale", one.json(http.MethodPost, "/api/v1/reviews/01REVIEW/refuse", `{"version":1,"reason":"x","by":"none"}`, http.StatusConflict)["code"])
	undone := one.json(http.MethodPost, "/api/v1/reviews/01REVIEW/undo", "", http.StatusOK)
	assert.Equal(t, "open", undone["state"])
	counts := one.get("/api/v1/reviews")["counts"].(map[string]any)
	assert.EqualValues(t, 2, counts["open"])
}

func TestCustomersOverTheAPI(t *testing.T) {
	st := desks(t)
	admin, analyst, one := st.login(t, "admin"), st.login(t, "zhou"), st.agent(t, "agent1")
	page := admin.get("/api/v1/customers?q=8000")
	require.Len(t, page["items"], 1)
	wang := page["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "王女士", wang["name"])
	assert.Equal(t, []any{"138****8000"}, wang["numbers"], "masked for everybody")
	id := wang["id"].(string)
	assert.Len(t, admin.get("/api/v1/customers?q=%E7%8E%8B%E5%A5%B3%E5%A3%AB")["items"], 1)
	assert.Len(t, admin.get("/api/v1/customers?tier=vip")["items"], 1)

	detail := admin.get("/api/v1/customers/" + id)
	assert.NotEmpty(t, detail["calls"])
	assert.Len(t, detail["tickets"], 1)
	assert.Equal(t, "138****8000", detail["tables"].(map[string]any)["orders"].([]any)[0].(map[string]any)["电话"])
	text, err := json.Marshal(detail)
	require.NoError(t, err)
	assert.NotContains(t, string(text), `"13812348000"`)
	assert.Empty(t, st.agent(t, "agent2").get("/api/v1/customers/" + id)["calls"], "an agent sees calls of his own")

	analyst.json(http.MethodGet, "/api/v1/customers/"+id+"/numbers", "", http.StatusForbidden)
	assert.Equal(t, []any{"13812348000"}, one.get("/api/v1/customers/" + id + "/numbers")["numbers"])
	trail, err := st.store.Trail(t.Context(), store.TrailFilter{Action: "get-customer-numbers"})
	require.NoError(t, err)
	require.Len(t, trail.Items, 1)
	assert.Equal(t, "agent1", trail.Items[0].Actor)
	assert.Equal(t, id, trail.Items[0].Subject)

	version := int(detail["version"].(float64))
	assert.Equal(t, 2, version)
	changed := one.json(http.MethodPatch, "/api/v1/customers/"+id, `{"version":2,"notes":"周末不打","consent":{"purpose":"calls","given":false,"how":"来电说明"}}`, http.StatusOK)
	assert.Len(t, changed["consents"], 2)
	assert.Equal(t, "agent1", changed["consents"].([]any)[1].(map[string]any)["by"])
	assert.Equal(t, "stale", one.json(http.MethodPatch, "/api/v1/customers/"+id, `{"version":2,"notes":"x"}`, http.StatusConflict)["code"])

	require.NoError(t, st.store.SeeCustomer(t.Context(), "13377778888", time.Now()))
	other := admin.get("/api/v1/customers?q=13377778888")["items"].([]any)[0].(map[string]any)["id"].(string)
	one.json(http.MethodPost, "/api/v1/customers/"+id+"/merge", `{"from":"`+other+`"}`, http.StatusForbidden)
	merged := admin.json(http.MethodPost, "/api/v1/customers/"+id+"/merge", `{"from":"`+other+`"}`, http.StatusOK)
	assert.Len(t, merged["numbers"], 2)
	admin.json(http.MethodGet, "/api/v1/customers/"+other, "", http.StatusNotFound)
	parted := admin.json(http.MethodPost, "/api/v1/customers/"+id+"/part", `{"number":"133****8888"}`, http.StatusOK)
	assert.Len(t, parted["numbers"], 1)
	assert.Equal(t, "bad_merge", admin.json(http.MethodPost, "/api/v1/customers/"+id+"/part", `{"number":"13812348000"}`, http.StatusUnprocessableEntity)["code"])
}
