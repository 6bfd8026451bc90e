package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/config"
	"hotline/internal/testdata"
	"hotline/sip/siptest"
)

// office is a whole server on a small business of its own, as a test looks at it.
type office struct {
	*testing.T

	c   config.Config
	dir string // of the business
	log *testdata.Log
	out *testdata.Log // what the owner is told
	end func()
	// ended has what serve returned.
	ended chan error
}

const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"

// openOffice serves firstLines until the test ends; settings are more of hotline.yaml.
func openOffice(t *testing.T, settings string, environ ...string) *office {
	t.Helper()
	o := &office{T: t, end: func() {}}
	t.Cleanup(func() { o.end() })
	for range 3 {
		o.found(settings, environ)
		if o.start(); !o.portTaken() {
			break
		}
	}
	return o
}

// found writes the business and its settings into a new folder.
func (o *office) found(settings string, environ []string) {
	o.Helper()
	home := o.TempDir()
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(o, err)
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	o.dir, o.log, o.out = filepath.Join(home, "shop"), &testdata.Log{}, &testdata.Log{}
	o.write("business.yaml", firstLines)
	o.write("knowledge/q.csv", "编号,问题,答案\nhours,几点营业,早上十点开门。\n")
	path := filepath.Join(home, "hotline.yaml")
	require.NoError(o, os.WriteFile(path, fmt.Appendf(nil, "business: shop\nmodels: models\nsip: {listen: %q}\nhttp: {listen: %q}\nspeech: {urls: \"http://127.0.0.1:1\"}\n%s", free(), free(), settings), 0o600))
	var err error
	o.c, err = config.Load(path, append([]string{"HOTLINE_CALL_DRAIN=1s", "HOTLINE_API_TOKEN=token", "HOTLINE_DATA_DIR=" + filepath.Join(home, "data")}, environ...))
	require.NoError(o, err)
}

// portTaken says whether the server has ended since another process took a port that was
// free when it was chosen.
func (o *office) portTaken() bool {
	select {
	case err := <-o.ended:
		o.ended <- err
		return errors.Is(err, syscall.EADDRINUSE)
	default:
		return false
	}
}

// start serves until end, which may be called again.
func (o *office) start() {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	done := make(chan error, 1)
	o.ended = done
	go func() {
		done <- serve(ctx, o.c, o.out, slog.New(slog.NewTextHandler(io.MultiWriter(o.log, o.Output()), nil)))
	}()
	ended := false
	o.end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		select {
		case err := <-done:
			assert.NoError(o, err) //nolint:testifylint // the rest of the clean-up must run
		case <-time.After(time.Minute):
			o.Error("the server does not end")
		}
	}
	o.eventually(func() bool {
		status, _ := o.api(http.MethodGet, "/readyz", "")
		return status == http.StatusOK || len(done) > 0
	}, "the server takes calls")
}

func (o *office) write(name, text string) {
	o.Helper()
	path := filepath.Join(o.dir, name)
	require.NoError(o, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(o, os.WriteFile(path, []byte(text), 0o600))
}

func (o *office) eventually(f func() bool, why string) {
	o.Helper()
	require.Eventually(o, f, time.Minute, 30*time.Millisecond, why)
}

// api asks the server as its administrator.
func (o *office) api(method, path, body string) (int, map[string]any) {
	o.Helper()
	req, err := http.NewRequestWithContext(o.Context(), method, "http://"+o.c.HTTP.Listen+path, bytes.NewBufferString(body))
	require.NoError(o, err)
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	require.NoError(o, err)
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	if out == nil {
		out = map[string]any{"text": string(data)}
	}
	return res.StatusCode, out
}

// each is a field of every item of a list.
func (o *office) each(path, field string) (out []string) {
	o.Helper()
	_, body := o.api(http.MethodGet, path, "")
	items, _ := body["items"].([]any)
	for _, i := range items {
		out = append(out, fmt.Sprint(i.(map[string]any)[field]))
	}
	return out
}

func (o *office) phone() *siptest.Phone { return siptest.New(o.T, o.c.SIP.Listen[0]) }

// rings calls a number; the call is answered.
func (o *office) rings(p *siptest.Phone, number string) *siptest.Call {
	o.Helper()
	call := p.Invite(number, offer)
	call.Answered()
	return call
}

const firstLines = `name: 小店
assistant: 小云
language: zh
lines:
  - {name: main, numbers: ["8000"], default: true, greeting: 请讲。, disclosure: {text: 我是智能助手。}}
  - {name: old, numbers: ["8005"], greeting: 请讲。, disclosure: {text: 我是智能助手。}}
escalation: {skill: service}
skills: [{name: service, title: 客服}]
agents: [{name: a1, title: 王芳, skills: [service]}, {name: a9, title: 刘洋, skills: [service]}]
`

const nextLines = `name: 小店
assistant: 小云
language: zh
timezone: Asia/Urumqi
lines:
  - {name: main, numbers: ["8001"], default: true, greeting: 您请讲。, disclosure: {text: 我是智能助手。}, voice: kokoro-v1.0/zm_yunxi, limits: {silence: 9s}}
  - {name: english, numbers: ["8000"], language: en, greeting: How can I help?, disclosure: {text: I am a machine.}}
escalation: {skill: service}
skills: [{name: service, title: 客服}]
agents: [{name: a1, title: 王芳, skills: [service]}, {name: a2, title: 赵敏, skills: [service]}]
`

// What changes in business.yaml counts for the calls that come then: lines and their
// numbers, agents and their telephones. Calls in progress go on.
func TestLinesAndAgentsChangeWhileCallsGoOn(t *testing.T) {
	o := openOffice(t, "", "HOTLINE_DEMO_PASSWORD=secret12")
	require.Equal(t, []string{"main", "old"}, o.each("/api/v1/lines", "name"))
	going := o.rings(o.phone(), "8005")
	leaver := o.phone()
	require.Equal(t, 200, leaver.Register("a9", "secret12", "", 300).Status())
	require.NotEqual(t, 200, o.phone().Register("a2", "secret12", "", 300).Status(), "he is nobody yet")

	o.write("business.yaml", strings.Replace(nextLines, "language: en", "language: xx\n    nonsense: 1", 1))
	o.eventually(func() bool { return strings.Contains(o.log.String(), "it stays as it was") }, "an error is told")
	require.Equal(t, []string{"main", "old"}, o.each("/api/v1/lines", "name"))

	o.write("business.yaml", nextLines)
	o.eventually(func() bool { return strings.Join(o.each("/api/v1/lines", "name"), " ") == "main english" }, "the lines are others")
	o.eventually(func() bool { return strings.Contains(o.log.String(), "the business was read again") }, "it is told")
	require.Equal(t, []string{"zh", "en"}, o.each("/api/v1/lines", "language"))
	caller := o.phone()
	call := o.rings(caller, "8000")
	call.Bye()
	o.rings(caller, "8005").Bye() // no line has it any more: the default one answers
	o.eventually(func() bool {
		return strings.Count(strings.Join(o.each("/api/v1/calls", "line"), " "), "main") == 1 && strings.Contains(strings.Join(o.each("/api/v1/calls", "line"), " "), "english")
	}, "each call is of the line that has its number now")

	newcomer := o.phone()
	require.Equal(t, 200, newcomer.Register("a2", "secret12", "", 300).Status())
	require.NotEqual(t, 200, leaver.Register("a9", "secret12", "", 300).Status())
	_, agents := o.api(http.MethodGet, "/api/v1/agents", "")
	registered := map[string]any{}
	for _, a := range agents["items"].([]any) {
		registered[a.(map[string]any)["name"].(string)] = a.(map[string]any)["contacts"]
	}
	require.Equal(t, map[string]any{"a1": 0.0, "a2": 1.0}, registered)

	// The call of the line that is gone goes on as it was, and ends by itself.
	require.Contains(t, o.each("/api/v1/calls", "line"), "old")
	going.Bye()
	require.Contains(t, o.log.String(), `settings="[timezone (for the hours of campaigns`, "all else counts")
	_, system := o.api(http.MethodGet, "/api/v1/system", "")
	require.Contains(t, fmt.Sprint(system["advice"]), "restart_needed")
	require.NotContains(t, o.log.String(), "panic")
}

// An administrator adds a carrier in the console, tries it first, changes it and takes it
// away again, while calls go on; it is there after a restart.
func TestTrunksOfTheConsole(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret"})
	o := openOffice(t, "outbound: {allow: \"+86\"}\n")
	status, _ := o.api(http.MethodPost, "/api/v1/calls", `{"to": "021 6123 9999"}`)
	require.GreaterOrEqual(t, status, 400, "there is no trunk")
	_, page := o.api(http.MethodGet, "/api/v1/trunks/settings", "")
	require.Empty(t, page["trunks"])

	trunk := func(more string) string {
		return fmt.Sprintf(`{"name": "telecom", "kind": "register", "proxy": ["sip:%s"], "domain": "", "user": "1001", "auth_user": "", "expires_s": 300, "addresses": [],
			"inbound": [{"number": "*", "line": "old"}], "outbound": [{"match": "+86", "strip": 3, "add": "0"}], "caller_number": "", "caller_numbers": [], "caller_style": "pai",
			"channels": 0, "calls_per_second": 0, "priority": 0, "costs": [], "options_interval_s": 30, "codecs": ["PCMA"], "dtmf": "auto"%s}`, carrier.Addr(), more)
	}
	save := func(list string) (int, map[string]any) {
		_, page := o.api(http.MethodGet, "/api/v1/trunks/settings", "")
		return o.api(http.MethodPut, "/api/v1/trunks/settings", fmt.Sprintf(`{"stamp": %q, "trunks": [%s]}`, page["stamp"], list))
	}
	status, tried := o.api(http.MethodPost, "/api/v1/trunks/settings/try", trunk(`, "password": "wrong"`))
	require.Equal(t, http.StatusOK, status, tried)
	require.Empty(t, tried["options_error"])
	require.Contains(t, tried["register_error"], "403")
	status, tried = o.api(http.MethodPost, "/api/v1/trunks/settings/try", trunk(`, "password": "secret"`))
	require.Equal(t, http.StatusOK, status, tried)
	require.Empty(t, tried["register_error"])
	status, tried = o.api(http.MethodPost, "/api/v1/trunks/settings/try", trunk(""))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, tried["detail"], "password")
	status, _ = save(trunk(""))
	require.Equal(t, http.StatusUnprocessableEntity, status, "it has no password yet")
	status, page = save(trunk(`, "password": "secret"`))
	require.Equal(t, http.StatusOK, status, page)
	require.NotContains(t, fmt.Sprint(page), "secret]", "it is not told")
	require.Equal(t, []any{"telecom"}, page["secrets"])
	up := func() bool { return strings.Join(o.each("/api/v1/trunks", "state"), " ") == "up" }
	o.eventually(up, "it registers")

	place := func() string {
		o.Helper()
		before := len(carrier.Requests("ACK"))
		status, placed := o.api(http.MethodPost, "/api/v1/calls", `{"to": "021 6123 9999"}`)
		require.Less(t, status, 300, placed)
		o.eventually(func() bool { return len(carrier.Requests("ACK")) > before }, "the call is answered")
		return fmt.Sprint(placed["id"])
	}
	id := place()

	// In by the line that the trunk names.
	rs := carrier.Requests("REGISTER")
	contact := siptest.URI(rs[len(rs)-1].Get("Contact"))
	in := o.phone().NewCall("sip:02161234567@"+carrier.Addr(), "sip:13800138000@"+carrier.Addr())
	in.Target = contact
	in.Request("INVITE", offer)
	in.Answered()

	// The calls go on while it changes, while the server has none, and end by themselves.
	status, page = save(trunk(`, "was": "telecom", "priority": 3`))
	require.Equal(t, http.StatusOK, status, page)
	status, page = save("")
	require.Equal(t, http.StatusOK, status, page)
	require.Empty(t, o.each("/api/v1/trunks", "name"))
	rs = carrier.Requests("REGISTER")
	o.eventually(func() bool { rs = carrier.Requests("REGISTER"); return rs[len(rs)-1].Get("Expires") == "0" }, "it is unregistered")
	require.Empty(t, carrier.Requests("BYE"))
	in.Bye()
	o.eventually(func() bool { return strings.Contains(strings.Join(o.each("/api/v1/calls", "line"), " "), "old") }, "it was the line's that the trunk named")
	status, _ = o.api(http.MethodPost, "/api/v1/calls/"+id+"/hangup", "")
	require.Equal(t, http.StatusNoContent, status)
	o.eventually(func() bool { return len(carrier.Requests("BYE")) == 1 }, "the carrier is told")
	status, _ = o.api(http.MethodPost, "/api/v1/calls", `{"to": "021 6123 9999"}`)
	require.GreaterOrEqual(t, status, 400)

	// Taken back, and there after a restart.
	_, page = o.api(http.MethodGet, "/api/v1/trunks/settings", "")
	last := page["versions"].([]any)[0].(map[string]any)["version"]
	status, page = o.api(http.MethodPost, "/api/v1/trunks/settings/undo", fmt.Sprintf(`{"version": %v}`, last))
	require.Equal(t, http.StatusOK, status, page)
	o.eventually(up, "it registers again")
	_, trail := o.api(http.MethodGet, "/api/v1/audit/trail?limit=50", "")
	require.Contains(t, fmt.Sprint(trail["items"]), "set-trunks")
	require.NotContains(t, fmt.Sprint(trail["items"]), "secret")
	o.end()
	o.start()
	o.eventually(up, "it is there after a restart")
	place()
	require.NotContains(t, o.log.String(), `"secret"`)
	require.NotContains(t, o.log.String(), "panic")
}

// A new agent's telephone gets its password in the console; the one before counts no longer.
func TestPhonePasswordsAreMadeInTheConsole(t *testing.T) {
	o := openOffice(t, "")
	status, made := o.api(http.MethodPost, "/api/v1/agents/a1/phone-password", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "a1", made["agent"])
	first := fmt.Sprint(made["password"])
	phone := o.phone()
	require.Equal(t, 200, phone.Register("a1", first, "", 300).Status())
	require.Equal(t, []string{"1", "0"}, o.each("/api/v1/agents", "contacts"))

	_, made = o.api(http.MethodPost, "/api/v1/agents/a1/phone-password", "")
	require.NotEqual(t, first, made["password"])
	require.Equal(t, []string{"0", "0"}, o.each("/api/v1/agents", "contacts"), "nothing rings any more that has the old password")
	require.NotEqual(t, 200, o.phone().Register("a1", first, "", 300).Status())
	require.Equal(t, 200, o.phone().Register("a1", fmt.Sprint(made["password"]), "", 300).Status())

	status, wrong := o.api(http.MethodPost, "/api/v1/agents/nobody/phone-password", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "no_such_agent", wrong["code"])
}
