package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// shopWith is a business whose line is answered by engine, as business.yaml says it.
func shopWith(t *testing.T, engine string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "knowledge"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "business.yaml"), []byte(`name: 小店
language: zh
voices: {zh: kokoro-v1.0/zf_xiaoxiao}
lines:
  - name: main
    numbers: ["8000"]
    default: true
    language: zh
    disclosure: {text: 这里是小店，我是智能助手，通话会录音。}
    greeting: 请讲。
    menu:
      "1": {say: 营业时间, pair: hours}
    engine:
`+engine+`hours: {spoken: 全天, weekdays: 00:00-24:00, saturday: 00:00-24:00, sunday: 00:00-24:00}
skills: [{name: service, title: 人工客服}]
agents: [{name: agent1, skills: [service], languages: [zh]}]
escalation: {skill: service}
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "knowledge", "a.csv"), []byte("编号,问题,答案,相似问\nhours,几点开门,早上九点开门。,你们什么时候开门\n"), 0o600))
	return dir
}

func TestALineThatRasaAnswers(t *testing.T) {
	t.Setenv("HOTLINE_MODELS", t.TempDir())
	var down atomic.Bool
	var heard atomic.Value
	heard.Store("")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Message string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		heard.Store(r.Header.Get("Authorization") + " " + in.Message)
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode([]map[string]string{{"text": "您的订单在路上。"}})
	}))
	defer srv.Close()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("one\n"), 0o600))
	t.Setenv("HOTLINE_SECRET_RASA_FILE", token)
	dir := shopWith(t, "      rasa: {url: \""+srv.URL+"\", token: HOTLINE_SECRET_RASA}\n")

	out, code := typed(t, "", "check", "--business", dir, "--language", "en")
	require.Zero(t, code, out)

	out, code = typed(t, "我的订单到哪了，手机13800138000\n转人工\n", "chat", "--business", dir)
	require.Zero(t, code, out)
	require.Contains(t, out, "您的订单在路上。")
	require.Contains(t, out, "transfer")
	require.Equal(t, "Bearer one 我的订单到哪了，手机****8000", heard.Load(), "personal data are masked, and a person is not the bot's matter")

	down.Store(true)
	out, code = typed(t, "我的订单到哪了\n/dtmf 1\n你们什么时候开门\n", "chat", "--business", dir)
	require.Zero(t, code, out)
	require.Contains(t, out, "营业时间按1")
	require.Equal(t, 2, strings.Count(out, "早上九点开门。"), "by key and by word: %s", out)
}

func TestEnginesThatCannotBe(t *testing.T) {
	for engine, why := range map[string]string{
		"      rasa: {url: \"http://rasa:5005\"}\n      dialogflow: {agent: projects/p/agent}\n": "not both",
		"      rasa: {url: \"rasa\"}\n":                                      "not an address",
		"      rasa: {url: \"http://rasa:5005\", token: s3cret}\n":           "not the secret itself",
		"      dialogflow: {agent: shop}\n":                                  "shop",
		"      rasa: {url: \"http://rasa:5005\"}\n      send: [shoe-size]\n": "shoe-size",
		"      rasa: {url: \"http://rasa:5005\"}\n      timeout: 5m\n":       "5m",
		"      rasa: {url: \"http://rasa:5005\"}\n      tymeout: 5s\n":       "tymeout",
	} {
		out, code := typed(t, "", "check", "--business", shopWith(t, engine), "--language", "en")
		require.Equal(t, 1, code, "%s\n%s", engine, out)
		require.Contains(t, out, why)
	}
}

func TestSecretsOfTheEnvironment(t *testing.T) {
	const name = "HOTLINE_SECRET_TRIAL"
	_, err := secretNamed(name)
	require.ErrorContains(t, err, name+"_FILE")

	file := filepath.Join(t.TempDir(), "token")
	t.Setenv(name+"_FILE", file)
	_, err = secretNamed(name)
	require.Error(t, err)
	for _, token := range []string{"one", "two"} { // renewed while the server runs
		require.NoError(t, os.WriteFile(file, []byte(" "+token+"\n"), 0o600))
		got, err := secretNamed(name)
		require.NoError(t, err)
		require.Equal(t, token, got)
	}
	t.Setenv(name, "three")
	got, err := secretNamed(name)
	require.NoError(t, err)
	require.Equal(t, "three", got)
}
