package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
)

func TestTheLastPlaceIsGivenOnceAndKept(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		var got atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				ok, err := s.Take(t.Context(), "morning", 3, map[string]string{"电话": "13800138000"})
				if ok && err == nil {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 3, got.Load())
		require.NoError(t, s.Close())

		s = p.open(t)
		ok, err := s.Take(t.Context(), "morning", 3, nil)
		require.NoError(t, err)
		require.False(t, ok, "bookings outlive a restart")
		ok, err = s.Take(t.Context(), "morning", 4, nil)
		require.NoError(t, err)
		require.True(t, ok, "the owner has made one more")
		require.NoError(t, s.Close())
		require.NotContains(t, p.contents(t), "13800138000")
	})
}

func TestMessagesWaitUntilTheyAreSent(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		require.NoError(t, s.AddWish(t.Context(), call.Wish{ID: "1", Kind: "ticket", Summary: "退货"}))
		require.NoError(t, s.AddWish(t.Context(), call.Wish{ID: "2", Kind: "sms", Number: "13800138000", Summary: "退货登记好了", Call: "c"}))
		q := s.Messages()
		list, err := q.Waiting(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, list, 1)
		assert.Equal(t, "13800138000", list[0].To)
		assert.Equal(t, "退货登记好了", list[0].Text)
		require.NoError(t, q.Sent(t.Context(), "2"))
		list, err = q.Waiting(t.Context(), 10)
		require.NoError(t, err)
		assert.Empty(t, list)
		require.NoError(t, s.Close())
	})
}
