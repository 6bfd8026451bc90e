package rasa_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"hotline/dialog/backend"
	"hotline/dialog/internal/backendtest"
	"hotline/dialog/rasa"
)

// serve is Rasa's REST channel as documented: a list of messages with recipient_id.
func serve(t *testing.T, h backendtest.Handler) backend.Brain {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Sender   string         `json:"sender"`
			Message  string         `json:"message"`
			Metadata map[string]any `json:"metadata"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPost || r.URL.Path != "/webhooks/rest/webhook" || in.Metadata["channel"] != "telephone" {
			t.Errorf("%s %s %+v: %v", r.Method, r.URL.Path, in, err)
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client leaves
		if r.Header.Get("Authorization") != "Bearer letmein" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		reply, status := h(r.Context(), backendtest.Said{Text: in.Message, Session: in.Sender, Welcome: in.Message == "/greet"})
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		out := []map[string]any{}
		for _, text := range reply.Say {
			out = append(out, map[string]any{"recipient_id": in.Sender, "text": text})
		}
		if len(reply.Choices) > 0 {
			var buttons []map[string]string
			for _, c := range reply.Choices {
				buttons = append(buttons, map[string]string{"title": c.Title, "payload": c.Title})
			}
			out[0]["buttons"] = buttons
		}
		if reply.Transfer {
			out = append(out, map[string]any{"recipient_id": in.Sender, "custom": map[string]any{"hotline": map[string]any{"transfer": reply.Skill}}})
		}
		if reply.Hangup {
			out = append(out, map[string]any{"recipient_id": in.Sender, "custom": map[string]any{"hotline": map[string]any{"hangup": true}}})
		}
		if reply.Unknown {
			out = append(out, map[string]any{"recipient_id": in.Sender, "custom": map[string]any{"hotline": map[string]any{"unknown": true}}})
		}
		out = append(out, map[string]any{"recipient_id": in.Sender, "image": "https://shop.example/a.png"})
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(srv.Close)
	b, err := rasa.New(rasa.Config{URL: srv.URL + "/", Token: func() (string, error) { return "letmein\n", nil }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContract(t *testing.T) {
	backendtest.Run(t, backendtest.System{Start: serve, At: func(t *testing.T, url string) backend.Brain {
		t.Helper()
		b, err := rasa.New(rasa.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}})
}

func TestAddressesThatCannotBe(t *testing.T) {
	for _, u := range []string{"", "rasa:5005", "ftp://rasa", "https://user:pass@rasa", "https://rasa?token=x"} {
		if _, err := rasa.New(rasa.Config{URL: u}); err == nil {
			t.Errorf("%q was taken", u)
		}
	}
}

func TestAnswersOfNoKnownForm(t *testing.T) {
	for _, body := range []string{"", "{}", "null", `[{"text": 5}]`, `[{"text":"好","buttons":{"a":1},"custom":["x"]}]`, "<html>"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		b, err := rasa.New(rasa.Config{URL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Ask(t.Context(), backend.Turn{Session: "1", Text: "你好"})
		if err == nil && (len(r.Choices) > 0 || r.Transfer || r.Hangup) {
			t.Errorf("%s: %+v", body, r)
		}
		srv.Close()
	}
}
