package e2e_test

import (
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
)

func itoa(n int) string { return strconv.Itoa(n) }

// held is what a server holds on to.
type held struct {
	goroutines, files, ports int
	memory, live             int64 // bytes resident, and twice what the last collection left
	kinds                    map[string]int
}

// measure waits until the server is idle and looks.
func measure(t *testing.T, s *stand.Stand) held {
	t.Helper()
	idle(t, s)
	var h held
	// Transactions of SIP live on for 32 s after the last call (RFC 3261, timer J),
	// connections of the API and of the worker for as long.
	require.Eventually(t, func() bool {
		was := h
		g, err := s.Metric(t.Context(), "go_goroutines")
		require.NoError(t, err)
		h.goroutines = int(g)
		h.files, h.kinds = s.Files()
		h.ports, err = s.OpenRTP()
		require.NoError(t, err)
		h.memory = s.Memory()
		next, err := s.Metric(t.Context(), "go_memstats_next_gc_bytes")
		require.NoError(t, err)
		h.live = int64(next)
		return h.goroutines == was.goroutines && h.files == was.files
	}, 90*time.Second, 5*time.Second, "the server does not come to rest")
	t.Logf("goroutines %d, files %d %v, ports %d, memory %d MB, of Go's heap at most %d", h.goroutines, h.files, h.kinds, h.ports, h.memory>>20, h.live>>20)
	return h
}

// A hundred callers at once over bad networks, ringing again and again for ten minutes:
// they ask, press keys, hold, change codecs, interrupt, are put through, say nothing,
// give up or vanish. Nobody is harmed, and afterwards the server holds no more than
// before. make e2e has a shorter one.
func TestSoak(t *testing.T) {
	minutes(t)
	callers, d := 40, 75*time.Second
	if os.Getenv("HOTLINE_E2E_LONG") != "" {
		callers, d = 100, 10*time.Minute
	}
	// Whether a machine that has other things to do takes calls is not the question.
	s := own(t, "HOTLINE_CALL_SILENCE=10s", "HOTLINE_OVERLOAD_CPU=100", "HOTLINE_OVERLOAD_MEMORY=100", "HOTLINE_OVERLOAD_LATE=30s")
	logs(t, s)
	w := newCrowd(t, s)
	w.ring(callers, d/8) // what is made once and kept
	learned(t, s)
	before := measure(t, s)
	w.ring(callers, d)
	after := measure(t, s)
	w.unharmed()

	// Idle connections to the worker and of the API come and go by themselves; a leak
	// would be one of each call.
	assert.Zero(t, after.ports)
	assert.LessOrEqual(t, after.goroutines, before.goroutines+10)
	assert.LessOrEqual(t, after.files, before.files+6)
	// The collector lets the heap grow to twice what is live, so that what is resident
	// depends on when it last ran; what it leaves does not.
	assert.Less(t, after.live, before.live+64<<20, "what is live grows")
	assert.Less(t, after.memory, before.memory+before.memory/4, "memory grows")

	allEnded(t, s)
	outcomes := map[string]int{}
	for _, c := range everyCall(t, s) {
		outcomes[c.EndCause]++
		assert.Empty(t, c.Error)
	}
	t.Logf("ended by: %v", outcomes)
	assert.Positive(t, outcomes["media_timeout"], "who vanishes is noticed")
	for _, line := range complaints(t, s) {
		t.Errorf("the server's log: %s", line)
	}
}

// learned waits until the knowledge of every line has its meanings, if a model of them is
// here. They are a quarter of the server's memory, made once, and late beside a hundred calls.
func learned(t *testing.T, s *stand.Stand) {
	t.Helper()
	require.Eventually(t, func() bool {
		b, err := os.ReadFile(s.LogFile())
		require.NoError(t, err)
		log := string(b)
		if !strings.Contains(log, "speech worker is complete") {
			return false
		}
		return !strings.Contains(log, `"embeddings":["`) ||
			strings.Count(log, "compared by meaning") >= strings.Count(log, `"a line is served"`)
	}, 8*time.Minute, time.Second, "the knowledge is not compared by meaning")
}

// everyCall is all records, page by page.
func everyCall(t *testing.T, s *stand.Stand) (all []stand.Call) {
	t.Helper()
	for cursor := ""; ; {
		var page struct {
			Items      []stand.Call `json:"items"`
			NextCursor string       `json:"next_cursor"`
		}
		require.NoError(t, s.Get(t.Context(), "/api/v1/calls?limit=500&cursor="+url.QueryEscape(cursor), &page))
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// complaints are the lines of the server's log that nobody should have to read.
func complaints(t *testing.T, s *stand.Stand) (out []string) {
	t.Helper()
	b, err := os.ReadFile(s.LogFile())
	require.NoError(t, err)
	for line := range strings.Lines(string(b)) {
		if complains(line) || strings.Contains(line, "goroutine ") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out[:min(len(out), 20)]
}
