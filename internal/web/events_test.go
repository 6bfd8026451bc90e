package web_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// follow returns the stream's events as "kind data".
func (v *visitor) follow(query string) func() string {
	v.t.Helper()
	res := v.request(http.MethodGet, "/api/v1/events"+query, "")
	require.Equal(v.t, http.StatusOK, res.StatusCode)
	require.Equal(v.t, "text/event-stream", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	return func() string {
		kind := ""
		for lines.Scan() {
			if k, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				kind = k
			}
			if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return kind + " " + d
			}
		}
		return "end"
	}
}

func TestEvents(t *testing.T) {
	st := start(t, nil)
	all := st.program(t).follow("")
	some := st.login(t, "zhou").follow("?kinds=call.started,wish.added")
	assert.Contains(t, all(), `hello {"at":`)
	assert.Contains(t, some(), "hello")
	st.bus.Publish(event.Event{Kind: "agent.state", At: time.Now(), Data: map[string]string{"name": "agent1"}})
	st.bus.Publish(event.Event{Kind: "call.started", At: time.Now(), Call: "A", Data: call.Record{ID: "A", Caller: "13812348000"}})
	assert.Contains(t, all(), `agent.state {"kind":"agent.state"`)
	assert.Contains(t, all(), `"caller":"13812348000"`)
	assert.Contains(t, some(), `"caller":"138****8000"`, "an analyst's stream is masked, and has only what it asked for")
	st.bus.Publish(event.Event{Kind: "wish.added", At: time.Now(), Data: call.Wish{ID: "W", Number: "13812348000"}})
	assert.Contains(t, some(), `"number":"138****8000"`)
	st.bus.Publish(event.Event{Kind: "odd", At: time.Now(), Data: func() {}})
	assert.Contains(t, all(), "wish.added")
	assert.Contains(t, all(), "odd null", "what cannot be shown does not end the stream")

	st.stop()
	assert.Contains(t, all(), "dropped", "a stop says so")
	assert.Equal(t, "end", all())
}

func TestSlowReaderIsToldThatItWasDropped(t *testing.T) {
	st := start(t, nil)
	next := st.program(t).follow("")
	assert.Contains(t, next(), "hello")
	// More than the socket and the bus hold.
	big := strings.Repeat("长", 20_000)
	for range 2000 {
		st.bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Data: big})
	}
	got := ""
	n := 0
	for ; n < 3000; n++ {
		if got = next(); !strings.HasPrefix(got, "call.event") {
			break
		}
	}
	assert.Less(t, n, 2000)
	assert.Equal(t, `dropped {"reason":"behind"}`, got)
	assert.Equal(t, "end", next())
}
