package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/internal/store"

	"github.com/stretchr/testify/require"
)

func TestLedgerSurvivesARestartAndIsAtomic(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		p.now = func() time.Time { return now }
		day := now.Truncate(24 * time.Hour)
		calls := func(n, limit int64) store.Charge {
			return store.Charge{Account: "calls", Since: day, Until: day.Add(24 * time.Hour), Amount: n, Limit: limit}
		}
		number := func(text string) store.Charge {
			return store.Charge{Account: "number", Subject: text, Since: day, Until: day.Add(24 * time.Hour), Amount: 1, Limit: 2}
		}
		s := p.open(t)

		// Many at once never pass the limit.
		var let atomic.Int64
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				over, err := s.Charge(t.Context(), []store.Charge{calls(1, 10)})
				if err == nil && over < 0 {
					let.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 10, let.Load())

		// All or none: the second passes its limit, so the first is not counted.
		for range 2 {
			over, err := s.Charge(t.Context(), []store.Charge{number("+8613800138000"), calls(1, 0)})
			require.NoError(t, err)
			require.Negative(t, over)
		}
		over, err := s.Charge(t.Context(), []store.Charge{calls(1, 0), number("+8613800138000")})
		require.NoError(t, err)
		require.Equal(t, 1, over)
		over, err = s.Charge(t.Context(), []store.Charge{number("+8613800138001")})
		require.NoError(t, err)
		require.Negative(t, over, "another number")
		require.NoError(t, s.Close())

		s = p.open(t)
		sum, err := s.Spent(t.Context(), "calls", day)
		require.NoError(t, err)
		require.EqualValues(t, 12, sum)
		over, err = s.Charge(t.Context(), []store.Charge{calls(1, 12)})
		require.NoError(t, err)
		require.Zero(t, over)
		_, err = s.Charge(t.Context(), []store.Charge{calls(-5, 0)})
		require.NoError(t, err)
		over, err = s.Charge(t.Context(), []store.Charge{calls(1, 12)})
		require.NoError(t, err)
		require.Negative(t, over, "what was counted too much is given back")

		// The number is nowhere to be read.
		require.NotContains(t, p.contents(t), "13800138000")

		now = now.Add(30 * 24 * time.Hour)
		_, err = s.Charge(t.Context(), []store.Charge{{Account: "calls", Since: now, Until: now.Add(time.Hour), Amount: 1}})
		require.NoError(t, err)
		sum, err = s.Spent(t.Context(), "calls", day)
		require.NoError(t, err)
		require.Zero(t, sum, "the past is cleared away")
	})
}
