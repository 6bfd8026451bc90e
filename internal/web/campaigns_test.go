package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

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
