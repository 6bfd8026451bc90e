package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"hotline/internal/store"
	"hotline/internal/webhook"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// queue is one thing to be told.
type queue struct {
	item *store.Delivery
	next time.Time
	why  string
}

func (q *queue) Deliveries(context.Context, string, int) ([]store.Delivery, error) {
	if q.item == nil {
		return nil, nil
	}
	return []store.Delivery{*q.item}, nil
}

func (q *queue) Delivered(context.Context, string) error {
	q.item = nil
	return nil
}

func (q *queue) Undelivered(_ context.Context, _, why string, next time.Time) error {
	q.item.Tries++
	q.why, q.next = why, next
	return nil
}

func TestItIsSignedAndTriedAgain(t *testing.T) {
	var asked atomic.Int64
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := "sha256=" + webhook.Sign("secret", r.Header.Get("X-Hotline-Timestamp"), string(body))
		switch {
		case r.Header.Get("X-Hotline-Signature") != want || r.Header.Get("Idempotency-Key") != "D1" || r.Header.Get("X-Hotline-Event") != "ticket.created":
			w.WriteHeader(http.StatusUnauthorized)
		case asked.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case asked.Load() == 2:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}
	}))
	defer far.Close()
	now := time.Unix(1_800_000_000, 0)
	q := &queue{item: &store.Delivery{ID: "D1", Kind: "ticket.created", Body: `{"id":"D1"}`}}
	s, err := webhook.New(webhook.Config{Queue: q, URL: far.URL, Secret: "secret", Allow: []string{"127.0.0.0/8", "::1"}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context()))
	assert.Equal(t, now.Add(10*time.Second), q.next)
	assert.Contains(t, q.why, "503")
	require.NoError(t, s.Send(t.Context()))
	assert.Equal(t, now.Add(30*time.Second), q.next, "a redirection is not followed")
	require.NoError(t, s.Send(t.Context()))
	assert.Nil(t, q.item)
	assert.EqualValues(t, 3, asked.Load())
}

func TestAfterADayItIsDead(t *testing.T) {
	q := &queue{item: &store.Delivery{ID: "D1"}}
	now := time.Unix(1_800_000_000, 0)
	s, err := webhook.New(webhook.Config{Queue: q, URL: "http://127.0.0.1:9/", Secret: "secret", Now: func() time.Time { return now }})
	require.NoError(t, err)
	tries := 0
	for begin := now; ; tries++ {
		require.NoError(t, s.Send(t.Context()))
		assert.Contains(t, q.why, "private network", "this machine is not told")
		if q.next.IsZero() {
			assert.Greater(t, now.Sub(begin), 12*time.Hour)
			break
		}
		require.True(t, q.next.After(now))
		now = q.next
	}
	assert.Equal(t, 11, tries)
}

func TestPrivateNetworksAreRefused(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "[fe80::1]", "0.0.0.0", "100.64.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
	} {
		q := &queue{item: &store.Delivery{ID: "D"}}
		s, err := webhook.New(webhook.Config{Queue: q, URL: "http://" + address + ":9/", Secret: "x"})
		require.NoError(t, err)
		require.NoError(t, s.Send(t.Context()))
		assert.Contains(t, q.why, "private network", address)
	}
	for _, c := range []webhook.Config{{URL: "ftp://example.org", Secret: "x"}, {URL: "https://example.org"}, {URL: "https://example.org", Secret: "x", Allow: []string{"neighbours"}}} {
		_, err := webhook.New(c)
		require.Error(t, err)
	}
}
