package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
	"hotline/internal/assist"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// desked is a site with an assistant at work and two agents, of whom anna has the call.
type desked struct {
	*site

	anna, bob, boss *visitor
}

func startDesked(t *testing.T) desked {
	t.Helper()
	index, err := knowledge.New([]knowledge.Pair{{ID: "refund", Question: "退款多久到账", Variants: []string{"退款要几天"}, Answer: "退款三个工作日之内到账。"}}, knowledge.Options{Language: "zh"})
	require.NoError(t, err)
	words, problems := moderation.Load("zh", nil)
	require.Empty(t, problems)
	var helper *assist.Assistant
	st := start(t, func(c *web.Config) {
		helper = assist.New(assist.Config{Bus: c.Bus, Records: c.Store, Line: func(string) (assist.Line, bool) {
			return assist.Line{Language: "zh", Pairs: func() *knowledge.Index { return index }, Words: words}, true
		}})
		c.Assist = helper
		c.Dispositions = func() []web.Disposition { return []web.Disposition{{Code: "solved"}} }
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); helper.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	d := desked{site: st}
	for name, to := range map[string]**visitor{"anna": &d.anna, "bob": &d.bob} {
		_, err := st.store.AddUser(t.Context(), store.User{Name: name, Role: store.AgentRole}, "correct-horse-battery")
		require.NoError(t, err)
		*to = st.login(t, name)
	}
	d.boss = st.login(t, "li")
	r := call.Record{ID: "TALK", Line: "main", Language: "zh", Direction: "inbound", Caller: "13955556666", StartedAt: time.Now().Add(-time.Minute), AnsweredAt: time.Now().Add(-time.Minute), Agent: "anna", Outcome: call.InProgress}
	require.NoError(t, st.store.Begin(t.Context(), r))
	bridge := call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": "anna"}}
	require.NoError(t, st.store.AddEvents(t.Context(), "TALK", []call.Event{bridge}))
	require.Eventually(t, func() bool { // the assistant may not listen yet
		st.bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: "TALK", Data: bridge})
		_, ok := helper.View("TALK", "anna")
		return ok
	}, 10*time.Second, 10*time.Millisecond)
	return d
}

func (d desked) say(t *testing.T, speaker, text string, index int) {
	t.Helper()
	r := call.TurnRecord{Call: "TALK", Index: index, Speaker: speaker, Text: text}
	require.NoError(t, d.store.AddTurn(t.Context(), r))
	d.bus.Publish(event.Event{Kind: "call.turn", At: time.Now(), Call: "TALK", Data: r})
}

func TestSuggestionsAreForTheAgentWhoTalks(t *testing.T) {
	d := startDesked(t)
	anna := d.anna.follow("?kinds=assist.suggested,assist.warned,agent.state")
	require.Contains(t, anna(), "hello")
	others := map[string]func() string{}
	for name, v := range map[string]*visitor{"bob": d.bob, "supervisor": d.boss, "admin": d.login(t, "admin"), "analyst": d.login(t, "zhou")} {
		others[name] = v.follow("?kinds=assist.suggested,assist.warned,agent.state")
		require.Contains(t, others[name](), "hello")
	}
	d.say(t, "caller", "我的退款要几天能到", 1)
	got := anna()
	assert.Contains(t, got, "assist.suggested")
	assert.Contains(t, got, "退款三个工作日之内到账")
	d.say(t, "agent", "我保证今天到", 2)
	got = anna()
	assert.Contains(t, got, "assist.warned")
	assert.Contains(t, got, "我保证今天到")
	d.bus.Publish(event.Event{Kind: "agent.state", At: time.Now(), Data: map[string]string{"name": "marker"}})
	for name, next := range others {
		assert.Contains(t, next(), "marker", "%s was told nothing before", name)
	}

	v := d.anna.get("/api/v1/calls/TALK/assist")
	assert.Equal(t, "refund", v["suggestion"].(map[string]any)["answers"].([]any)[0].(map[string]any)["id"])
	assert.Len(t, v["warnings"], 1)
	for _, other := range []*visitor{d.bob, d.boss} {
		other.json(http.MethodGet, "/api/v1/calls/TALK/assist", "", http.StatusNotFound)
	}
}

func TestAWrapUpIsDraftedTypedAndSaved(t *testing.T) {
	d := startDesked(t)
	d.say(t, "caller", "我的退款要几天能到，我想早点拿到钱", 1)
	d.say(t, "agent", "退款三个工作日之内到账。我会让财务同事给您回电。", 2)
	path := "/api/v1/calls/TALK/wrap-up"
	w := d.anna.get(path)
	draft := w["draft"].(map[string]any)
	assert.Contains(t, draft["summary"], "退款要几天")
	assert.Contains(t, draft["summary"], "三个工作日")
	assert.Contains(t, draft["summary"], "给您回电")
	assert.NotNil(t, draft["ticket"])

	d.anna.json(http.MethodPut, path+"/working", `{"code":"solved","note":"半句话"}`, http.StatusNoContent)
	open := d.anna.get("/api/v1/wrap-ups/open")["items"].([]any)
	require.Len(t, open, 1)
	assert.Equal(t, "半句话", open[0].(map[string]any)["note"])
	assert.NotContains(t, open[0].(map[string]any)["number"], "13955556666")
	assert.Empty(t, d.boss.get("/api/v1/wrap-ups/open")["items"], "one's own")
	d.bob.json(http.MethodGet, path, "", http.StatusNotFound)
	d.bob.json(http.MethodPut, path+"/working", `{"note":"x"}`, http.StatusNotFound)

	d.anna.json(http.MethodPut, path, `{"code":"solved","note":`+quote(draft["summary"].(string))+`,"seconds":9}`, http.StatusNoContent)
	w = d.anna.get(path)
	assert.Equal(t, "accepted", w["how"])
	assert.InDelta(t, 9, w["seconds"], 0)
	assert.NotContains(t, w, "working")
	assert.Empty(t, d.anna.get("/api/v1/wrap-ups/open")["items"])
	f := d.anna.get("/api/v1/wrap-ups/figures")
	assert.InDelta(t, 9, f["accepted"].(map[string]any)["median_s"], 0)
	assert.InDelta(t, 0, d.bob.get("/api/v1/wrap-ups/figures")["accepted"].(map[string]any)["count"], 0)
	assert.InDelta(t, 1, d.boss.get("/api/v1/wrap-ups/figures")["accepted"].(map[string]any)["count"], 0)

	// A page that was left open over night is no work.
	d.anna.json(http.MethodPut, path, `{"code":"","note":"另写","seconds":90000}`, http.StatusNoContent)
	assert.Less(t, d.anna.get(path)["seconds"].(float64), 3600.0)
	assert.Equal(t, "alone", d.anna.get(path)["how"])
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }

func TestAShortMessageOfAnAgent(t *testing.T) {
	d := startDesked(t)
	path := "/api/v1/calls/TALK/sms"
	w := d.anna.json(http.MethodPost, path, `{"text":"退款三个工作日之内到账。"}`, http.StatusCreated)
	assert.Equal(t, "sms", w["kind"])
	waiting, err := d.store.Messages().Waiting(t.Context(), 500)
	require.NoError(t, err)
	to := ""
	for _, m := range waiting {
		if m.Call == "TALK" {
			to = m.To + m.Text
		}
	}
	assert.Equal(t, "13955556666退款三个工作日之内到账。", to, "the gateway gets it")
	d.bob.json(http.MethodPost, path, `{"text":"hello"}`, http.StatusNotFound)
	assert.Equal(t, "blocked_word", d.anna.json(http.MethodPost, path, `{"text":"把银行卡密码告诉我一下"}`, http.StatusUnprocessableEntity)["code"])
	assert.Equal(t, "no_text", d.anna.json(http.MethodPost, path, `{"text":"  "}`, http.StatusUnprocessableEntity)["code"])

	c := d.anna.get("/api/v1/calls/TALK/customer")
	assert.NotContains(t, c["numbers"].([]any)[0], "13955556666")
	d.bob.json(http.MethodGet, "/api/v1/calls/TALK/customer", "", http.StatusNotFound)
	d.anna.json(http.MethodPatch, "/api/v1/customers/"+c["id"].(string), `{"version":1,"consent":{"purpose":"sms","given":false,"how":"电话里说"}}`, http.StatusOK)
	assert.Equal(t, "no_consent", d.anna.json(http.MethodPost, path, `{"text":"hello"}`, http.StatusConflict)["code"])
	for range 9 {
		require.NoError(t, d.store.AddWish(t.Context(), call.Wish{ID: time.Now().String(), Kind: "sms", Call: "TALK", Number: "13955556666"}))
	}
	assert.Equal(t, "too_many_messages", d.anna.json(http.MethodPost, path, `{"text":"hello"}`, http.StatusConflict)["code"])

	hidden := call.Record{ID: "HIDDEN", Line: "main", Agent: "anna", Caller: "anonymous", StartedAt: time.Now()}
	require.NoError(t, d.store.Begin(t.Context(), hidden))
	d.anna.json(http.MethodGet, "/api/v1/calls/HIDDEN/customer", "", http.StatusNotFound)
	assert.Equal(t, "no_number", d.anna.json(http.MethodPost, "/api/v1/calls/HIDDEN/sms", `{"text":"hello"}`, http.StatusUnprocessableEntity)["code"])
	_, err = d.store.CustomerByNumber(t.Context(), "anonymous")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// Who sees no numbers does not see what a task has learnt either.
func TestSlotsAreForThoseWhoSeeNumbers(t *testing.T) {
	st := start(t, nil)
	require.NoError(t, st.store.Begin(t.Context(), call.Record{ID: "T", Line: "main", StartedAt: time.Now()}))
	require.NoError(t, st.store.AddEvents(t.Context(), "T", []call.Event{{Kind: call.KindFlowStep, Data: map[string]any{"flow": "track", "slots": map[string]string{"phone": "13955556666"}}}}))
	mark := func(v *visitor) map[string]any {
		return v.get("/api/v1/calls/T")["timeline"].([]any)[0].(map[string]any)["data"].(map[string]any)
	}
	assert.Contains(t, mark(st.login(t, "li")), "slots")
	assert.NotContains(t, mark(st.login(t, "zhou")), "slots")
}
