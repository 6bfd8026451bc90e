package backendtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/backend"
	"hotline/dialog/engine"
)

// wire tries servers that do not keep to any format.
func wire(t *testing.T, at func(*testing.T, string) backend.Brain) {
	t.Helper()
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	broken := func(head string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, head)
			_ = conn.Close()
		}
	}
	stall := func(head string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if head != "" {
				_, _ = io.WriteString(w, head)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
	}
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte(" "), 32<<20))
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	}
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	servers := map[string]http.HandlerFunc{
		"nothing":              body(""),
		"no JSON":              body("<html>502 Bad Gateway</html>"),
		"null":                 body("null"),
		"a number":             body("42"),
		"a list of numbers":    body("[1, 2, 3]"),
		"a list of null":       body("[null]"),
		"an object of nothing": body("{}"),
		"half an answer":       body(`[{"text": "您的`),
		"wrong types":          body(`[{"text": {"a": 1}, "buttons": 7, "custom": "x"}]`),
		"wrong types, deeper":  body(`{"queryResult": {"fulfillmentText": 5, "responseMessages": {"text": []}, "parameters": []}}`),
		"wrong types of parts": body(`{"queryResult": {"responseMessages": [null, {"text": {"text": null}}, {"payload": 5}], "match": null, "intent": null}}`),
		"no UTF-8":             body("[{\"text\": \"\xff\xfe\"}]"),
		"depth without end":    body(deep),
		"more than is read":    body(`[{"text": "` + strings.Repeat("啊", 1<<20) + `"}]`),
		"a bomb":               bomb,
		"another address": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no content":                func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"too many requests":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"the line cut at once":      broken(""),
		"the line cut in the head":  broken("HTTP/1.1 200 OK\r\nContent-Le"),
		"the line cut in the body":  broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"text\""),
		"silence":                   stall(""),
		"silence in the middle":     stall(`[{"text": "您`),
		"no HTTP":                   broken("SIP/2.0 200 OK\r\n\r\n"),
		"a head of many kilobytes":  broken("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 2<<20)),
		"an answer that is all set": body(fmt.Sprintf(`[{"text": %q}]`, strings.Repeat("<b>&amp;</b>", 50_000))),
	}
	quick := func(c *backend.Config, _ *engine.Config) {
		c.Comfort, c.Timeout = 20*time.Millisecond, 300*time.Millisecond
	}
	for name, h := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(h)
			t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
			c := begin(t, at(t, srv.URL), quick)
			for range 4 { // it ends at a person at the latest
				acts := c.say("我的订单到哪了")
				if words(acts) == "" {
					t.Fatalf("the caller heard nothing: %v", acts)
				}
				if _, gone := has[dialog.Hangup](acts); gone {
					t.Fatal("the call was ended")
				}
				if _, person := has[dialog.Transfer](acts); person {
					return
				}
			}
			t.Error("nobody took over")
		})
	}
}
