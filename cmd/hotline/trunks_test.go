package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/config"
	"hotline/internal/testdata"
	"hotline/sip/siptest"
)

// withTrunk is a server's settings with one carrier.
func withTrunk(t *testing.T, carrier *siptest.Carrier, inbound string) config.Config {
	t.Helper()
	dir := t.TempDir()
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	path := filepath.Join(dir, "hotline.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
business: %s
models: %s
sip: {listen: "%s"}
http: {listen: "%s"}
speech: {urls: "http://127.0.0.1:1"}
trunks:
  - name: telecom
    proxy: sip:%s
    user: "1001"
    inbound: {%s}
    outbound: [{match: "+8621", strip: 3, add: "0"}]
    codecs: PCMA
    costs: {"+86": 0.5}
    options_interval: 1s
outbound: {max_spend_per_day: 20}
`, filepath.Join(testdata.Root(t), "examples", "retail-zh"), dir, free(), free(), carrier.Addr(), inbound), 0o600))
	c, err := config.Load(path, []string{"HOTLINE_TRUNKS_TELECOM_PASSWORD=secret", "HOTLINE_CALL_DRAIN=1s", "HOTLINE_API_TOKEN=token", "HOTLINE_DATA_DIR=" + filepath.Join(dir, "data")})
	require.NoError(t, err)
	return c
}

func TestDoctorAsksTheCarriers(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret", Algorithms: []string{"SHA-256", "MD5"}})
	c := withTrunk(t, carrier, `"*": main`)
	c.Trunks[0].Inbound = nil
	f := checkTrunks(t.Context(), c)
	require.NoError(t, f.err)
	require.Contains(t, f.text, "telecom is registered at sip:"+carrier.Addr())
	require.Contains(t, f.text, "sip.anonymous_calls")
	rs := carrier.Requests("REGISTER")
	require.Equal(t, "0", rs[len(rs)-1].Get("Expires"), "it leaves nothing behind")

	carrier.Set(func(c *siptest.CarrierConfig) { c.Password = "another" })
	f = checkTrunks(t.Context(), c)
	require.ErrorContains(t, f.err, "403")
	require.False(t, f.advice, "without its only trunk the server takes no calls")

	c.Trunks[0].Inbound = config.Table{"+8621": "no-such-line"}
	require.ErrorContains(t, checkTrunks(t.Context(), c).err, `"no-such-line", and no line has this name or number`)
	c.Trunks = nil
	require.NoError(t, checkTrunks(t.Context(), c).err)
}

func TestCallsBothWaysByATrunk(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret", AskInvite: true})
	c := withTrunk(t, carrier, `"021-61234567": "9197"`)
	o := &office{T: t, c: c, log: &testdata.Log{}, out: &testdata.Log{}}
	o.start()
	defer func() {
		o.end()
		rs := carrier.Requests("REGISTER")
		assert.Equal(t, "0", rs[len(rs)-1].Get("Expires"))
	}()
	api := o.api
	require.Eventually(t, func() bool {
		_, out := api(http.MethodGet, "/api/v1/trunks", "")
		items, _ := out["items"].([]any)
		return len(items) == 1 && items[0].(map[string]any)["state"] == "up"
	}, 30*time.Second, 50*time.Millisecond)
	_, metrics := api(http.MethodGet, "/metrics", "")
	require.Contains(t, metrics["text"], `hotline_trunk_up{trunk="telecom"} 1`)
	require.Contains(t, metrics["text"], "hotline_record_entries_lost_total 0")
	f := checkTrunks(t.Context(), c)
	require.NoError(t, f.err)
	require.Contains(t, f.text, "telecom is registered")

	// In: the carrier calls the Contact that it was shown; the number is in To.
	contact := siptest.URI(carrier.Requests("REGISTER")[0].Get("Contact"))
	phone := siptest.New(t, c.SIP.Listen[0])
	call := phone.NewCall("sip:02161234567@"+carrier.Addr(), "sip:13800138000@"+carrier.Addr())
	call.Target = contact
	call.Request("INVITE", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8\r\n")
	ok := call.Answered()
	require.Regexp(t, `m=audio \d+ RTP/AVP 8\b`, ok.Body, "the codec that the carrier is to have, by the test line that the number is for")
	require.NotContains(t, ok.Body, "PCMU")
	call.Bye()

	// Out: what no rule names is refused, the rest goes as the carrier wants it.
	status, problem := api(http.MethodPost, "/api/v1/calls", `{"to": "+12025550123"}`)
	require.Equal(t, http.StatusForbidden, status, problem)
	require.Contains(t, problem["detail"], "outbound.allow")
	status, placed := api(http.MethodPost, "/api/v1/calls", `{"to": "021 6123 9999"}`)
	require.Less(t, status, 300, placed)
	require.Eventually(t, func() bool { return len(carrier.Requests("ACK")) >= 2 }, siptest.Patience, 10*time.Millisecond, "the call is answered")
	invite := carrier.Requests("INVITE")[1]
	require.Contains(t, invite.Start, "INVITE sip:02161239999@")
	require.Contains(t, invite.Get("From"), "sip:1001@")
	require.Regexp(t, `m=audio \d+ RTP/AVP 8\b`, invite.Body)
	require.Eventually(t, func() bool {
		_, out := api(http.MethodGet, "/api/v1/calls", "")
		items, _ := out["items"].([]any)
		for _, i := range items {
			if s, _ := i.(map[string]any)["signalling"].(map[string]any); s["trunk"] == "telecom" {
				return true
			}
		}
		return false
	}, siptest.Patience, 50*time.Millisecond, "the record names the trunk")
	var today map[string]any
	require.Eventually(t, func() bool {
		_, out := api(http.MethodGet, "/api/v1/trunks", "")
		today, _ = out["items"].([]any)[0].(map[string]any)["today"].(map[string]any)
		return today["minutes"] == 1.0
	}, siptest.Patience, 50*time.Millisecond, "the trunk's account")
	require.InDelta(t, 0.5, today["spent"], 1e-9)
	require.EqualValues(t, 1, today["all_calls"])
	require.EqualValues(t, 20, today["max_spend"])
	status, _ = api(http.MethodPost, fmt.Sprintf("/api/v1/calls/%v/hangup", placed["id"]), "")
	require.Equal(t, http.StatusNoContent, status)
	require.Eventually(t, func() bool { return len(carrier.Requests("BYE")) == 1 }, siptest.Patience, 10*time.Millisecond)
}

// A carrier's "*" is the rest of its numbers: what every server answers for measuring is
// measured through the trunk too, unless the trunk names it.
func TestTheRestOfATrunkLeavesTheTestNumbers(t *testing.T) {
	o := openOffice(t, `trunks:
  - {name: exchange, kind: static, proxy: "127.0.0.1:9", addresses: 127.0.0.1, options_interval: 0s, inbound: {"*": old, "9198": old}}
`)
	p := o.phone()
	for i, number := range []string{"9197", "9198", "02161234567"} {
		o.rings(p, number).Bye()
		o.eventually(func() bool { return len(o.each("/api/v1/calls", "line")) == i+1 }, "the call is in the list")
	}
	require.Equal(t, []string{"old", "old", "test line"}, o.each("/api/v1/calls", "line"), "the newest first")
}

// A campaign that no trunk could call for says which of the two is missing, by a code that
// the console has words for.
func TestACampaignSaysThatATrunkIsMissing(t *testing.T) {
	for why, trunks := range map[string]string{
		"no_trunk": "",
		"no_rule":  `trunks: [{name: abroad, kind: static, proxy: "127.0.0.1:9", options_interval: 0s, outbound: [{match: "+1"}]}]` + "\n",
	} {
		t.Run(why, func(t *testing.T) {
			o := openOffice(t, `campaigns: {hours: "00:00-24:00"}`+"\noutbound: {allow: [\"+86\"]}\n"+trunks)
			must := func(path, body string) {
				status, answer := o.api(http.MethodPost, "/api/v1/campaigns"+path, body)
				require.Less(t, status, 300, answer)
			}
			day := `[{"From":0,"To":1440}]`
			must("", `{"id":"notice","name":"通知","line":"main","purpose":"service","mode":"agentless","variants":[{"name":"a","weight":1,"greeting":"您好，我是小店的智能助手，不想接可以说。"}],
				"windows":{"days":[`+strings.TrimSuffix(strings.Repeat(day+",", 7), ",")+`]},"priority":0,"concurrency":5,"per_second":1,"order":"listed","attempts":3,
				"caps":{"per_day":2,"per_week":0,"per_campaign":0},"state":"draft","created_at":"2026-11-21T00:00:00Z","created_by":"","version":0}`)
			must("/notice/contacts", `{"number":"13800138000"}`)
			must("/notice/start", "")
			o.eventually(func() bool {
				_, got := o.api(http.MethodGet, "/api/v1/campaigns/notice", "")
				waits, _ := got["waits"].(map[string]any)
				return waits["why"] == why
			}, "it says what is missing")
		})
	}
}
