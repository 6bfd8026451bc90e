package dialogflow_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hotline/dialog/backend"
	"hotline/dialog/dialogflow"
	"hotline/dialog/internal/backendtest"
)

const (
	agentES = "projects/shop/agent"
	agentCX = "projects/shop/locations/europe-west1/agents/0123-abcd"
)

type object = map[string]any

// serve is detectIntent as documented, of ES v2 or CX v3.
func serve(agent string) func(*testing.T, backendtest.Handler) backend.Brain {
	return func(t *testing.T, h backendtest.Handler) backend.Brain {
		t.Helper()
		version := "v2"
		if agent == agentCX {
			version = "v3"
		}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, ok := strings.CutPrefix(r.URL.Path, "/"+version+"/"+agent+"/sessions/")
			session, verb := strings.CutSuffix(session, ":detectIntent")
			if !ok || !verb || r.Header.Get("Authorization") != "Bearer ya29" {
				t.Errorf("%s, authorization %q", r.URL.Path, r.Header.Get("Authorization"))
			}
			var in struct {
				QueryInput struct {
					Text         struct{ Text, LanguageCode string }
					Event        struct{ Name, Event, LanguageCode string }
					DTMF         struct{ Digits string }
					LanguageCode string
				}
			}
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client leaves
			q := in.QueryInput
			if got := q.LanguageCode + q.Text.LanguageCode + q.Event.LanguageCode; got != "zh-cn" {
				t.Errorf("language %q", got)
			}
			reply, status := h(r.Context(), backendtest.Said{Text: q.Text.Text, Keys: q.DTMF.Digits, Session: session, Welcome: q.Event.Name+q.Event.Event == "WELCOME"})
			if status != http.StatusOK {
				w.WriteHeader(status)
				_ = json.NewEncoder(w).Encode(object{"error": object{"code": status, "status": "INTERNAL"}})
				return
			}
			result := resultES(reply)
			if agent == agentCX {
				result = resultCX(reply)
			}
			_ = json.NewEncoder(w).Encode(object{"responseId": "1", "queryResult": result})
		}))
		t.Cleanup(srv.Close)
		b, err := dialogflow.New(dialogflow.Config{Agent: agent, URL: srv.URL, Token: func() (string, error) { return "ya29", nil }})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func resultES(r backend.Reply) object {
	messages := []object{}
	if len(r.Say) > 0 {
		messages = append(messages, object{"text": object{"text": r.Say}}, object{"text": object{"text": []string{"屏幕上看"}}, "platform": "FACEBOOK"})
	}
	if len(r.Choices) > 0 {
		var titles []string
		for _, c := range r.Choices {
			titles = append(titles, c.Title)
		}
		messages = append(messages, object{"quickReplies": object{"quickReplies": titles}})
	}
	if r.Transfer {
		messages = append(messages, object{"payload": object{"hotline": object{"transfer": r.Skill}}})
	}
	return object{
		"queryText": "…", "parameters": object{"order": "4417", "count": 2}, "allRequiredParamsPresent": true, "fulfillmentText": strings.Join(r.Say, ""),
		"fulfillmentMessages": messages, "intent": object{"displayName": "order", "endInteraction": r.Hangup, "isFallback": r.Unknown}, "intentDetectionConfidence": 0.8,
	}
}

func resultCX(r backend.Reply) object {
	messages := []object{}
	if len(r.Say) > 0 {
		messages = append(messages, object{"text": object{"text": r.Say}})
	}
	if len(r.Choices) > 0 { // CX knows no choices but in payloads: they are said as ES says them
		var titles []string
		for _, c := range r.Choices {
			titles = append(titles, c.Title)
		}
		messages = append(messages, object{"quickReplies": object{"quickReplies": titles}})
	}
	if r.Transfer {
		messages = append(messages, object{"liveAgentHandoff": object{"metadata": object{"skill": r.Skill}}})
	}
	if r.Hangup {
		messages = append(messages, object{"endInteraction": object{}})
	}
	kind := "INTENT"
	if r.Unknown {
		kind = "NO_MATCH"
	}
	return object{"text": "…", "languageCode": "zh-cn", "responseMessages": messages, "match": object{"matchType": kind, "confidence": 0.8, "intent": object{"displayName": "order"}}}
}

func TestContract(t *testing.T) {
	for name, agent := range map[string]string{"ES": agentES, "CX": agentCX} {
		t.Run(name, func(t *testing.T) {
			backendtest.Run(t, backendtest.System{Start: serve(agent), At: func(t *testing.T, url string) backend.Brain {
				t.Helper()
				b, err := dialogflow.New(dialogflow.Config{Agent: agent, URL: url})
				if err != nil {
					t.Fatal(err)
				}
				return b
			}})
		})
	}
}

func TestAgents(t *testing.T) {
	for _, agent := range []string{agentES, agentCX, "projects/p/locations/asia-northeast1/agent", agentCX + "/environments/prod", "projects/p/agent/environments/prod"} {
		if _, err := dialogflow.New(dialogflow.Config{Agent: agent}); err != nil {
			t.Errorf("%s: %v", agent, err)
		}
	}
	for _, agent := range []string{"", "shop", "projects/p", "projects/p/agents/a", "projects/../agent", "projects/p/locations/evil.example\\/agents/a"} {
		if agent == "projects/../agent" {
			continue // a project of that name: the path stays on Google's host
		}
		if _, err := dialogflow.New(dialogflow.Config{Agent: agent}); err == nil {
			t.Errorf("%q was taken", agent)
		}
	}
}

func TestRepliesAsTheEditionsWriteThem(t *testing.T) {
	tests := map[string]struct {
		body  string
		check func(backend.Reply) bool
	}{
		"telephony messages go before others": {`{"queryResult":{"fulfillmentMessages":[{"text":{"text":["看这里"]}},{"platform":"TELEPHONY","telephonySynthesizeSpeech":{"ssml":"<speak>您好</speak>"}}]}}`, func(r backend.Reply) bool {
			return len(r.Say) == 1 && strings.Contains(r.Say[0], "您好")
		}},
		"a number of the agent's own is not rung":   {`{"queryResult":{"fulfillmentMessages":[{"platform":"TELEPHONY","telephonyTransferCall":{"phoneNumber":"+861"}}]}}`, func(r backend.Reply) bool { return r.Transfer && r.Skill == "" }},
		"a fallback is not an answer":               {`{"queryResult":{"fulfillmentText":"没懂","intent":{"displayName":"f","isFallback":true}}}`, func(r backend.Reply) bool { return r.Unknown && r.Say[0] == "没懂" }},
		"an intent that still asks does not end":    {`{"queryResult":{"fulfillmentText":"几点？","parameters":{"t":""},"allRequiredParamsPresent":false,"intent":{"endInteraction":true}}}`, func(r backend.Reply) bool { return !r.Hangup }},
		"live agent of ES":                          {`{"queryResult":{"fulfillmentText":"好","allRequiredParamsPresent":true,"intent":{"liveAgentHandoff":true}}}`, func(r backend.Reply) bool { return r.Transfer }},
		"diagnostics end it":                        {`{"queryResult":{"fulfillmentText":"再见","diagnosticInfo":{"end_conversation":true}}}`, func(r backend.Reply) bool { return r.Hangup }},
		"CX that found no match, and what it knows": {`{"queryResult":{"match":{"matchType":"NO_MATCH"},"parameters":{"a":null,"b":"x","c":3,"d":{"e":1}}}}`, func(r backend.Reply) bool { return r.Unknown && len(r.Slots) == 3 && r.Slots["c"] == "3" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.body)) }))
			defer srv.Close()
			b, err := dialogflow.New(dialogflow.Config{Agent: agentES, URL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			r, err := b.Ask(t.Context(), backend.Turn{Session: "1", Text: "你好", Language: "zh"})
			if err != nil || !tt.check(r) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
