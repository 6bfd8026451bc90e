package action_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/flow"
	"hotline/internal/action"
)

func shop(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRowsOfAnAnswer(t *testing.T) {
	url := shop(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer s3cret", r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"code":0,"data":{"orders":[{"id":"A1","amount":12.50,"paid":true,"to":{"city":"杭州"},"items":[1,2]},{"id":"A2"}]}}`))
	})
	rows, err := new(action.Web).Ask(t.Context(), flow.HTTPRequest{Method: "GET", URL: url, Take: "data.orders", Headers: map[string]string{"Authorization": "Bearer s3cret"}})
	require.NoError(t, err)
	assert.Equal(t, []flow.Row{{"id": "A1", "amount": "12.50", "paid": "true", "to_city": "杭州"}, {"id": "A2"}}, rows)
	for _, path := range []string{"data.nothing", "data.orders.7", "code"} {
		rows, err := new(action.Web).Ask(t.Context(), flow.HTTPRequest{Method: "GET", URL: url, Take: path, Headers: map[string]string{"Authorization": "Bearer s3cret"}})
		require.NoError(t, err)
		assert.Empty(t, rows, path)
	}
}

func TestWhatWentWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		asked   int32
		failure bool
	}{
		{"not found is no failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, 1, false},
		{"refused is not asked again", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 1, true},
		{"broken is asked again", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 2, true},
		{"a page is no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, 1, true},
		{"elsewhere is not gone to", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		}, 1, true},
		{"too long", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`"` + strings.Repeat("x", 2<<20) + `"`))
		}, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked atomic.Int32
			url := shop(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); c.answer(w, r) })
			rows, err := new(action.Web).Ask(t.Context(), flow.HTTPRequest{Method: "GET", URL: url + "/?phone=13800138000", Retries: 1})
			assert.Empty(t, rows)
			assert.Equal(t, c.failure, err != nil)
			assert.Equal(t, c.asked, asked.Load())
			if err != nil {
				assert.NotContains(t, err.Error(), "13800138000", "what a caller said does not go into logs")
			}
		})
	}
}

// A system that is down is left alone for a while, so that callers do not all wait.
func TestABrokenSystemIsLeftAlone(t *testing.T) {
	var asked atomic.Int32
	url := shop(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	})
	web := new(action.Web)
	for range 20 {
		_, err := web.Ask(t.Context(), flow.HTTPRequest{Method: "GET", URL: url})
		require.Error(t, err)
	}
	assert.EqualValues(t, 4, asked.Load())
}

func TestTheLastPlaceIsGivenOnce(t *testing.T) {
	a := &action.Actions{Bookings: &action.Memory{}}
	q := flow.Request{Book: &flow.BookRequest{Table: "visits", Rows: []flow.Row{{"时段": "上午", "名额": "2"}, {"时段": "下午", "名额": "1"}}, Places: []int{2, 1}, Count: "名额", Per: "2026-03-05"}}
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := a.Do(context.Background(), q)
			mu.Lock()
			defer mu.Unlock()
			for _, row := range r.Rows {
				got[row["时段"]]++
			}
		})
	}
	wg.Wait()
	assert.Equal(t, map[string]int{"上午": 2, "下午": 1}, got)
	q.Book.Per = "2026-03-06"
	assert.Len(t, a.Do(t.Context(), q).Rows, 1, "another day has places of its own")
}

type queue struct {
	mu   sync.Mutex
	list []action.Message
}

func (q *queue) Waiting(context.Context, int) ([]action.Message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]action.Message{}, q.list...), nil
}

func (q *queue) Sent(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range q.list {
		if m.ID == id {
			q.list = append(q.list[:i:i], q.list[i+1:]...)
			return nil
		}
	}
	return errors.New("no such message")
}

type moody struct {
	fails int
	sent  []string
}

func (g *moody) Send(_ context.Context, m action.Message) error {
	if g.fails > 0 {
		g.fails--
		return errors.New("busy")
	}
	g.sent = append(g.sent, m.ID)
	return nil
}

func TestMessagesAreDeliveredOnceTheGatewayIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{list: []action.Message{{ID: "1", To: "13800138000", Text: "好"}, {ID: "2", To: "13800138001", Text: "好"}}}
		g := &moody{fails: 5}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			(&action.Outbox{Queue: q, Gateway: g, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
		}()
		time.Sleep(time.Minute)
		stop()
		<-done
		assert.ElementsMatch(t, []string{"1", "2"}, g.sent)
		assert.Empty(t, q.list)
	})
}

func TestWithoutAGatewayMessagesStandInAFile(t *testing.T) {
	g := &action.FileGateway{Path: filepath.Join(t.TempDir(), "sms.jsonl")}
	for _, id := range []string{"1", "2"} {
		require.NoError(t, g.Send(t.Context(), action.Message{ID: id, To: "13800138000", Text: "退货登记好了"}))
	}
	info, err := os.Stat(g.Path)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	f, err := os.Open(g.Path)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for _, id := range []string{"1", "2"} {
		require.True(t, lines.Scan())
		var m action.Message
		require.NoError(t, json.Unmarshal(lines.Bytes(), &m))
		assert.Equal(t, id, m.ID)
	}
}

func TestGatewayByHTTP(t *testing.T) {
	var got action.Message
	url := shop(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "1", r.Header.Get("Idempotency-Key"))
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&got))
		w.WriteHeader(http.StatusAccepted)
	})
	require.NoError(t, (&action.WebGateway{URL: url}).Send(t.Context(), action.Message{ID: "1", To: "13800138000", Text: "退货登记好了"}))
	assert.Equal(t, "退货登记好了", got.Text)
}
