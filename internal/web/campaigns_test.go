package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func calling(t *testing.T) *site {
	t.Helper()
	return start(t, func(c *web.Config) {
		o, err := webtest.Campaigns(c.Store, c.Bus)
		require.NoError(t, err)
		c.Campaigns = o
	})
}

const reminder = `{"name":"提醒","line":"main","purpose":"reminder","mode":"agentless","variants":[{"name":"a","weight":1,"greeting":"您好，我是云帆数码的智能助手小云，通话会录音，提醒您明天有预约。"}],
	"windows":{"days":[null,null,null,null,null,null,null]},"priority":0,"concurrency":5,"per_second":1,"order":"listed","attempts":3,"caps":{"per_day":2,"per_week":0,"per_campaign":0},
	"id":"","state":"draft","created_at":"2026-11-21T00:00:00Z","created_by":"","version":0}`

func TestACampaignOverTheAPI(t *testing.T) {
	st := calling(t)
	li, analyst := st.login(t, "li"), st.login(t, "zhou")
	made := li.json(http.MethodPost, "/api/v1/campaigns", reminder, http.StatusOK)
	id := made["id"].(string)
	assert.Equal(t, "draft", made["state"])
	wrong := li.json(http.MethodPost, "/api/v1/campaigns", `{"name":"","line":"nowhere","purpose":"reminder","mode":"agentless","variants":[],"windows":{"days":[null,null,null,null,null,null,null]},"priority":0,"concurrency":5,"per_second":1,"order":"listed","attempts":3,"caps":{"per_day":2,"per_week":0,"per_campaign":0},"id":"","state":"draft","created_at":"2026-11-21T00:00:00Z","created_by":"","version":0}`, http.StatusUnprocessableEntity)
	assert.Equal(t, "campaign_wrong", wrong["code"])
	assert.NotEmpty(t, wrong["errors"], "each field that is wrong")

	assert.Equal(t, "campaign_empty", li.json(http.MethodPost, "/api/v1/campaigns/"+id+"/start", "", http.StatusConflict)["code"], "nobody is there to be called")

	// A file with good rows, a bad number and the same number twice.
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "people.csv")
	require.NoError(t, err)
	_, err = io.WriteString(part, "姓名,手机号,科室\n王芳,13800138000,牙周\n李雷,138 0013 8001,正畸\n张三,12,种植\n王芳,13800138000,牙周\n")
	require.NoError(t, err)
	require.NoError(t, form.Close())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, st.url+"/api/v1/campaigns/"+id+"/contacts/import?language=zh", &body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+apiToken)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	var report struct {
		Rows, Added, Bad int
		BadRows          string `json:"bad_rows"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&report))
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, []int{4, 2, 2}, []int{report.Rows, report.Added, report.Bad})
	assert.Contains(t, report.BadRows, "不是可以拨打的电话号码")

	list := li.get("/api/v1/campaigns/" + id + "/contacts")["items"].([]any)
	require.Len(t, list, 2)
	first := list[0].(map[string]any)
	assert.Equal(t, "+8613800138000", first["number"])
	assert.Equal(t, "牙周", first["fields"].(map[string]any)["科室"])
	seen := analyst.get("/api/v1/campaigns/" + id + "/contacts")["items"].([]any)[0].(map[string]any)
	assert.NotContains(t, seen["number"], "38001380", "an analyst sees no numbers")
	assert.Nil(t, seen["fields"])

	file, _ := li.bytes("/api/v1/campaigns/"+id+"/contacts.csv", http.StatusOK)
	assert.Contains(t, string(file), "13800138000")
	assert.Equal(t, 3, strings.Count(string(file), "\n"))
	file, _ = analyst.bytes("/api/v1/campaigns/"+id+"/contacts.csv", http.StatusOK)
	assert.NotContains(t, string(file), "38001380")
	file, _ = li.bytes("/api/v1/campaigns/"+id+"/contacts.xlsx?state=waiting", http.StatusOK)
	assert.Equal(t, "PK", string(file[:2]))

	// In the night nobody is called, at ten both are, and who is on the list is not.
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))
	at := func(hour int) map[string]any {
		return li.get(fmt.Sprintf("/api/v1/campaigns/%s/forecast?at=%s", id, day.Add(time.Duration(hour)*time.Hour).UTC().Format(time.RFC3339)))
	}
	assert.EqualValues(t, 0, at(3)["now"])
	assert.EqualValues(t, 2, at(10)["now"])
	li.json(http.MethodPost, "/api/v1/suppressions", `{"number":"13800138001"}`, http.StatusNoContent)
	assert.EqualValues(t, 1, at(10)["now"])
	held := at(10)["refused"].([]any)[0].(map[string]any)
	assert.Equal(t, "own_list", held["refusal"])
	assert.EqualValues(t, 1, li.get("/api/v1/suppressions")["counts"].(map[string]any)["own"])

	assert.Equal(t, "running", li.json(http.MethodPost, "/api/v1/campaigns/"+id+"/start", "", http.StatusOK)["state"])
	assert.Equal(t, "paused", li.json(http.MethodPost, "/api/v1/campaigns/"+id+"/pause", `{"hang_up":true}`, http.StatusOK)["state"])
	li.json(http.MethodPost, "/api/v1/campaigns/"+id+"/stop", "", http.StatusOK)
	assert.Equal(t, "campaign_state", li.json(http.MethodPost, "/api/v1/campaigns/"+id+"/resume", "", http.StatusConflict)["code"])
	after := li.get("/api/v1/campaigns/" + id + "/results")
	assert.EqualValues(t, 0, after["counts"].(map[string]any)["waiting"], "whoever waits is not called any more")
}

// The same event twice makes one contact.
func TestTriggers(t *testing.T) {
	st := calling(t)
	crm := &visitor{t: t, url: st.url, token: apiToken}
	made := crm.json(http.MethodPost, "/api/v1/campaigns", reminder, http.StatusOK)
	path := "/api/v1/triggers/" + made["id"].(string)
	event := `{"number":"13800138000","facts":{"订单":"A1"}}`
	one := crm.json(http.MethodPost, path, event, http.StatusOK)
	assert.Equal(t, false, one["again"])
	assert.Equal(t, "bad_number", crm.json(http.MethodPost, path, `{"number":"12"}`, http.StatusUnprocessableEntity)["code"])
	h := crm.get(fmt.Sprintf("/api/v1/contacts/%.0f", one["id"].(float64)))
	assert.Equal(t, "A1", h["contact"].(map[string]any)["fields"].(map[string]any)["订单"])
	assert.Equal(t, "waiting", h["contact"].(map[string]any)["state"])
}

// A campaign that runs and calls nobody says why, to all who see it.
func TestWhyNobodyIsCalled(t *testing.T) {
	holds := &webtest.Holds{}
	st := start(t, func(c *web.Config) {
		o, err := webtest.CampaignsThatWait(c.Store, c.Bus, holds, nil)
		require.NoError(t, err)
		require.NoError(t, webtest.SeedCampaigns(t.Context(), o, c.Store, time.Now()))
		c.Campaigns = o
	})
	analyst := st.login(t, "zhou")
	waits := func() (one, listed map[string]any) {
		one, _ = analyst.get("/api/v1/campaigns/visit-reminder")["waits"].(map[string]any)
		for _, c := range analyst.get("/api/v1/campaigns")["items"].([]any) {
			if c := c.(map[string]any); c["id"] == "visit-reminder" {
				listed, _ = c["waits"].(map[string]any)
			} else {
				assert.NotContains(t, c, "waits", "a draft waits for nothing")
			}
		}
		return one, listed
	}
	one, listed := waits()
	assert.Nil(t, one)
	assert.Nil(t, listed)

	until := time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC)
	holds.Set(campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldPerDay, Since: time.Now(), Until: until})
	one, listed = waits()
	assert.Equal(t, "per_day", one["why"])
	assert.Equal(t, "2026-12-01T16:00:00Z", one["until"])
	assert.NotContains(t, one, "reasons")
	assert.Equal(t, one, listed)

	holds.Set(campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldNobody, Since: time.Now()})
	one, listed = waits()
	assert.Equal(t, "nobody_due", one["why"])
	assert.NotZero(t, one["reasons"].(map[string]any)["voicemail"], "those who are called again another day: %v", one)
	next, err := time.Parse(time.RFC3339, one["until"].(string))
	require.NoError(t, err)
	assert.True(t, next.After(time.Now()), "the first of them")
	assert.Equal(t, one, listed)

	// Several servers: nobody is called where none of them calls, and the nearest to calling
	// says why.
	noon := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	holds.Set(campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldServer, Detail: "draining", Since: noon})
	holds.SetOn("west", campaigns.Hold{Campaign: "another", Why: campaigns.HoldServer, Since: noon})
	one, listed = waits()
	assert.Nil(t, one, "the other server calls")
	assert.Nil(t, listed)
	holds.SetOn("west", campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldAgents, Since: noon.Add(time.Hour)})
	holds.SetOn("north", campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldReach, Detail: "503", Since: noon.Add(-time.Hour)})
	one, _ = waits()
	assert.Equal(t, "agents", one["why"])
	assert.Equal(t, "2026-11-20T05:00:00Z", one["since"], "until then there were calls")
	var said []string
	for _, s := range one["servers"].([]any) {
		said = append(said, fmt.Sprint(s.(map[string]any)["node"], " ", s.(map[string]any)["why"]))
	}
	assert.Equal(t, []string{"main not_ready", "north trunk", "west agents"}, said)
	for _, node := range []string{"", "west", "north"} {
		holds.SetOn(node, campaigns.Hold{Campaign: "visit-reminder", Why: campaigns.HoldWindow, Since: noon})
	}
	one, _ = waits()
	assert.Equal(t, "window", one["why"])
	assert.NotContains(t, one, "servers", "they all say the same")

	li := st.login(t, "li")
	li.json(http.MethodPost, "/api/v1/campaigns/visit-reminder/pause", "", http.StatusOK)
	one, _ = waits()
	assert.Nil(t, one, "what is paused waits for whoever paused it")
}

// What a business's folder brings along is there to be made, once, before anybody wrote a
// campaign; a file with a mistake says so.
func TestCampaignsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "campaigns"), 0o700))
	for name, text := range map[string]string{
		"delivery.yaml": "# 送货通知：当天送到。\n#   名单要有：电话、商品。\nname: 大件送货通知\nline: main\npurpose: service\ngreeting: 您好，我是智能助手，您买的{商品}今天送到，不想再接，说一声就行。\n",
		"typo.yaml":     "name: 写错的\ngreeting: 您好，我是智能助手，不想接可以说。\npurpos: x\n",
		"elsewhere.yml": "name: 别的线路\nline: nowhere\ngreeting: 您好，我是智能助手，不想接可以说。\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "campaigns", name), []byte(text), 0o600))
	}
	st := start(t, func(c *web.Config) {
		o, err := webtest.CampaignsThatWait(c.Store, c.Bus, &webtest.Holds{}, []string{dir})
		require.NoError(t, err)
		c.Campaigns = o
	})
	li := st.login(t, "li")
	files := func() map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, i := range li.get("/api/v1/campaign-files")["items"].([]any) {
			out[i.(map[string]any)["file"].(string)] = i.(map[string]any)
		}
		return out
	}
	got := files()
	require.Len(t, got, 3)
	delivery := got["campaigns/delivery.yaml"]
	assert.Equal(t, "送货通知：当天送到。\n名单要有：电话、商品。", delivery["about"])
	assert.Nil(t, delivery["wrong"])
	assert.Equal(t, false, delivery["made"])
	assert.Contains(t, got["campaigns/typo.yaml"]["wrong"], `campaigns/typo.yaml:3: unknown key "purpos"`)
	assert.Contains(t, got["campaigns/elsewhere.yml"]["wrong"], `"nowhere"`)

	body, err := json.Marshal(delivery["campaign"])
	require.NoError(t, err)
	made := li.json(http.MethodPost, "/api/v1/campaigns", string(body), http.StatusOK)
	assert.Equal(t, "delivery", made["id"])
	assert.Equal(t, "draft", made["state"], "nobody is called yet")
	assert.Equal(t, true, files()["campaigns/delivery.yaml"]["made"])
}

// The settings that bind campaigns are shown with their names, to all who see campaigns.
func TestBoundsAreShown(t *testing.T) {
	b := calling(t).login(t, "zhou").get("/api/v1/campaign-bounds")
	assert.Equal(t, []any{"08:00-21:00"}, b["hours"])
	assert.EqualValues(t, 60, b["per_minute"])
	assert.EqualValues(t, 2000, b["calls_per_day"])
	assert.EqualValues(t, 200, b["calls"])
	assert.Equal(t, []any{map[string]any{"name": "carrier", "channels": 30.0, "per_second": 5.0}}, b["trunks"])
	assert.Contains(t, b["settings"], map[string]any{"name": "campaigns.hours", "unit": "text", "value": "08:00-21:00"})
}

// Who does not want to be called is on the list at once, by whoever he tells it; a
// supervisor takes him off it, and says why.
func TestDoNotCallAgain(t *testing.T) {
	st := calling(t)
	ctx, now := t.Context(), time.Now()
	for id, r := range map[string]call.Record{"OWN": {Caller: "13811112222", Agent: "agent1"}, "OTHER": {Caller: "13900001111", Agent: "agent2"}} {
		r.ID, r.Line, r.StartedAt, r.AnsweredAt, r.EndedAt, r.Outcome = id, "main", now, now, now.Add(time.Minute), call.Resolved
		require.NoError(t, st.store.End(ctx, r))
	}
	_, err := st.store.AddUser(ctx, store.User{Name: "one", Role: store.AgentRole, Agent: "agent1"}, "correct-horse-battery")
	require.NoError(t, err)
	agent, li, admin := st.login(t, "one"), st.login(t, "li"), st.login(t, "admin")
	campaign := "/api/v1/campaigns/" + li.json(http.MethodPost, "/api/v1/campaigns", reminder, http.StatusOK)["id"].(string)
	li.json(http.MethodPost, campaign+"/contacts", `{"number":"13811112222"}`, http.StatusOK)
	callable := func() any {
		return li.get(campaign + "/forecast?at=2026-12-01T02:00:00Z")["now"]
	}
	require.EqualValues(t, 1, callable())

	c := agent.get("/api/v1/calls/OWN/customer")
	assert.Empty(t, c["do_not_call"])
	path := "/api/v1/customers/" + c["id"].(string) + "/do-not-call"
	agent.json(http.MethodPost, path, `{"call":"OTHER"}`, http.StatusNotFound) // he does not see that one
	assert.Equal(t, "wrong_call", li.json(http.MethodPost, path, `{"call":"OTHER"}`, http.StatusUnprocessableEntity)["code"])
	st.login(t, "zhou").json(http.MethodPost, path, `{}`, http.StatusForbidden)
	require.EqualValues(t, 1, callable())
	on := agent.json(http.MethodPost, path, `{"call":"OWN"}`, http.StatusOK)["do_not_call"].([]any)
	require.Len(t, on, 1)
	entry := on[0].(map[string]any)
	assert.Equal(t, []any{"own", "by one", "OWN"}, []any{entry["list"], entry["how"], entry["call"]})
	assert.NotContains(t, entry["number"], "1111", "numbers are masked here")
	assert.EqualValues(t, 0, callable(), "at once, in all campaigns")

	agent.json(http.MethodDelete, path+"?reason=again", "", http.StatusForbidden)
	li.json(http.MethodDelete, path, "", http.StatusUnprocessableEntity)
	li.json(http.MethodDelete, "/api/v1/suppressions?number=13811112222", "", http.StatusUnprocessableEntity)
	assert.Empty(t, li.json(http.MethodDelete, path+"?reason="+url.QueryEscape("本人来电要求恢复"), "", http.StatusOK)["do_not_call"])
	assert.EqualValues(t, 1, callable())
	details := map[string]any{}
	for _, e := range admin.get("/api/v1/audit/trail?limit=100")["items"].([]any) {
		e := e.(map[string]any)
		details[e["action"].(string)+" by "+e["actor"].(string)] = e["detail"]
	}
	assert.Equal(t, map[string]any{"call": "OWN"}, details["do-not-call by one"])
	assert.Equal(t, map[string]any{"reason": "本人来电要求恢复"}, details["may-call by li"])
}

func TestResultsOfTheSeed(t *testing.T) {
	st := calling(t)
	o, err := webtest.Campaigns(st.store, st.bus)
	require.NoError(t, err)
	require.NoError(t, webtest.SeedCampaigns(t.Context(), o, st.store, time.Now()))
	r := st.login(t, "zhou").get("/api/v1/campaigns/visit-reminder/results")
	n := r["counts"].(map[string]any)
	assert.EqualValues(t, 240, n["contacts"])
	assert.EqualValues(t, 150, n["called"])
	assert.EqualValues(t, 3, n["refused"])
	assert.Len(t, r["funnel"], 5)
	assert.Len(t, r["arms"], 2)
	assert.Equal(t, true, r["comparison"].(map[string]any)["too_early"])
	assert.NotEmpty(t, r["hours"])
}
