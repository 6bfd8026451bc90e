package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/quality"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A week is drawn from, judged, answered; each sees what is his.
func TestQualityReviews(t *testing.T) {
	var reviews *quality.Reviews
	st := start(t, func(c *web.Config) {
		reviews = quality.New(quality.Config{Store: c.Store, Home: func(line string) (quality.Home, bool) {
			return quality.Home{Sheets: quality.Default("zh"), Location: time.UTC}, line == "judged"
		}})
		c.Quality = reviews
		c.Teams = func() map[string][]string { return map[string][]string{"售后": {"agent1"}, "销售": {"agent2"}} }
	})
	ctx := t.Context()
	began := time.Date(2024, 5, 6, 9, 0, 0, 0, time.UTC) // a Monday
	week := quality.Week(began)
	for i := range 24 {
		agent := []string{"agent1", "agent2", ""}[i%3]
		at := began.Add(time.Duration(i) * 7 * time.Hour)
		r := call.Record{ID: fmt.Sprintf("Q%02d", i), Line: "judged", Caller: "13811112222", StartedAt: at, AnsweredAt: at, EndedAt: at.Add(time.Minute), Outcome: call.Resolved, Agent: agent, Recording: "x.wav"}
		require.NoError(t, st.store.End(ctx, r))
		require.NoError(t, st.store.AddTurn(ctx, call.TurnRecord{Call: r.ID, Index: 1, Speaker: "bot", Text: "您好，通话会录音。", EndMS: 2000}))
	}
	short := call.Record{ID: "QSHORT", Line: "judged", Agent: "agent3", StartedAt: began, AnsweredAt: began, EndedAt: began.Add(3 * time.Second), Outcome: call.Abandoned}
	require.NoError(t, st.store.End(ctx, short))
	add := func(name string, u store.User) *visitor {
		u.Name = name
		_, err := st.store.AddUser(ctx, u, "correct-horse-battery")
		require.NoError(t, err)
		return st.login(t, name)
	}
	chen := add("chen", store.User{Role: store.Supervisor, Teams: []string{"售后"}})
	one, two := add("one", store.User{Role: store.AgentRole, Agent: "agent1"}), add("two", store.User{Role: store.AgentRole, Agent: "agent2"})
	admin := st.login(t, "admin")

	// The sample: so many of each, always the same.
	assert.InDelta(t, 3+3+5, chen.json(http.MethodPost, "/api/v1/quality/sample", `{"week":"`+week+`"}`, http.StatusOK)["drawn"], 0)
	assert.InDelta(t, 0, chen.json(http.MethodPost, "/api/v1/quality/sample", `{"week":"`+week+`"}`, http.StatusOK)["drawn"], 0)
	assert.Equal(t, "bad_week", chen.json(http.MethodPost, "/api/v1/quality/sample", `{"week":"2024-W99"}`, http.StatusUnprocessableEntity)["code"])
	drawn := func(v *visitor, query string) (calls []string, items []any) {
		items = v.get("/api/v1/quality?week=" + week + query)["items"].([]any)
		for _, x := range items {
			calls = append(calls, x.(map[string]any)["call"].(string))
		}
		slices.Sort(calls)
		return calls, items
	}
	first, items := drawn(admin, "")
	require.Len(t, first, 11)
	assert.NotContains(t, first, "QSHORT")
	for _, x := range items {
		x := x.(map[string]any)
		assert.NotContains(t, x, "judged")
		assert.Equal(t, "open", x["state"])
		assert.InDelta(t, 60_000, x["duration_ms"], 0)
	}
	calls, items := drawn(chen, "&subject=agent1")
	require.Len(t, calls, 3)
	hers, _ := drawn(chen, "")
	assert.Len(t, hers, 8, "her team's and the bot's")
	others, _ := drawn(chen, "&subject=agent2")
	assert.Empty(t, others)
	id := items[0].(map[string]any)["id"].(string)
	path := "/api/v1/quality/" + id
	one.json(http.MethodGet, path, "", http.StatusNotFound)
	assert.Empty(t, one.get("/api/v1/quality?state=open")["items"], "what is not judged yet is not his to see")
	judged := chen.get(path)
	assert.Equal(t, "service", judged["sheet"])
	assert.NotEmpty(t, judged["judged"].(map[string]any)["findings"])

	review := func(body string, status int) map[string]any {
		return chen.json(http.MethodPut, path+"/review", body, status)
	}
	assert.Equal(t, "bad_item", review(`{"version":1,"marks":[{"item":"tone","points":11}]}`, http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "bad_item", review(`{"version":1,"marks":[{"item":"charm","points":1}]}`, http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "not_reviewed", func() any {
		_, err := reviews.Answer(ctx, id, 1, quality.AgentReply{Agrees: true})
		require.ErrorIs(t, err, quality.ErrNoReview)
		return "not_reviewed"
	}())
	told := st.bus.Subscribe("call.reviewed")
	out := review(`{"version":1,"marks":[{"item":"tone","points":10},{"item":"right","points":10,"comment":" 运费说错了 "},{"item":"listens","points":15},{"item":"greeting"},{"item":"resolution","points":10}],"comment":"总体好"}`, http.StatusOK)
	assert.Equal(t, "reviewed", out["state"])
	told.Close()
	e := <-told.C()
	assert.Equal(t, map[string]any{"id": id, "subject": "agent1"}, e.Data, "the agent is told, and not what was said")
	// disclosure 10, forbidden 10, silence 10, listens 15, right 10 of 20, tone 10, resolution 10; overtalk and greeting do not apply.
	assert.InDelta(t, 88, out["score"], 0)
	assert.Equal(t, true, out["passed"])
	review(`{"version":1,"marks":[{"item":"tone","points":1}]}`, http.StatusConflict)

	two.json(http.MethodGet, path, "", http.StatusNotFound)
	mine := one.get(path)
	assert.Equal(t, "总体好", mine["review"].(map[string]any)["comment"])
	assert.Equal(t, "forbidden", one.json(http.MethodPut, path+"/review", `{"version":2,"marks":[]}`, http.StatusForbidden)["code"])
	assert.Equal(t, "not_yours", chen.json(http.MethodPut, path+"/reply", `{"version":2,"agrees":true}`, http.StatusForbidden)["code"])
	assert.Equal(t, "empty", one.json(http.MethodPut, path+"/reply", `{"version":2,"agrees":false,"text":" "}`, http.StatusUnprocessableEntity)["code"], "who disagrees says why")
	replied := one.json(http.MethodPut, path+"/reply", `{"version":2,"agrees":false,"text":"当时系统显示的就是这个"}`, http.StatusOK)
	assert.Equal(t, "replied", replied["state"])
	sums := chen.get("/api/v1/quality?subject=agent1")["subjects"].([]any)[0].(map[string]any)
	assert.InDelta(t, 1, sums["reviewed"], 0)
	assert.InDelta(t, 88, sums["score"], 0)

	// Any call can be picked; once.
	var left string
	for i := range 24 {
		if c := fmt.Sprintf("Q%02d", i); i%3 == 0 && !slices.Contains(first, c) {
			left = c
		}
	}
	picked := chen.json(http.MethodPost, "/api/v1/quality", `{"call":"`+left+`"}`, http.StatusOK)
	assert.Equal(t, "picked", picked["source"])
	assert.Equal(t, picked["id"], chen.json(http.MethodPost, "/api/v1/quality", `{"call":"`+left+`"}`, http.StatusOK)["id"])
	chen.json(http.MethodPost, "/api/v1/quality", `{"call":"Q01"}`, http.StatusNotFound)
	assert.Equal(t, "no_sheet", admin.json(http.MethodPost, "/api/v1/quality", `{"call":"`+st.calls[0]+`"}`, http.StatusUnprocessableEntity)["code"])

	// Another seed draws others, the same one the same.
	again := quality.New(quality.Config{Store: st.store, Home: func(string) (quality.Home, bool) {
		s := quality.Default("zh")
		s.Sample.PerAgent = 4
		return quality.Home{Sheets: s, Location: time.UTC}, true
	}})
	n, err := again.Draw(ctx, week)
	require.NoError(t, err)
	assert.Positive(t, n, "the sample is topped up")
	page, err := st.store.Trail(ctx, store.TrailFilter{Actor: "chen", Action: "review-assessment", Limit: 5})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
}
