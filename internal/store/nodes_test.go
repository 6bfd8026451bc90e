package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// Nodes that start together migrate once, and what one counts the other knows: caps and
// last places hold over all of them.
func TestNodesShareADatabase(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		sealer, _, err := seal.LoadOrCreate(p.key)
		require.NoError(t, err)
		nodes := make([]*store.Store, 3)
		var wg sync.WaitGroup
		for i := range nodes {
			wg.Go(func() {
				var err error
				nodes[i], err = store.Open(t.Context(), store.Config{URL: p.url, Sealer: sealer, Node: string(rune('a' + i))})
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		for _, n := range nodes {
			require.NotNil(t, n)
			t.Cleanup(func() { assert.NoError(t, n.Close()) })
		}

		const limit = 20
		day := time.Now().UTC().Truncate(24 * time.Hour)
		var charged, booked atomic.Int64
		for _, n := range nodes {
			for range 15 {
				wg.Go(func() {
					over, err := n.Charge(t.Context(), []store.Charge{
						{Account: "calls", Since: day, Until: day.Add(48 * time.Hour), Amount: 1, Limit: limit},
						{Account: "number", Subject: "13800138000", Since: day, Until: day.Add(48 * time.Hour), Amount: 1},
					})
					if assert.NoError(t, err) && over < 0 {
						charged.Add(1)
					}
				})
				wg.Go(func() {
					ok, err := n.Take(t.Context(), "morning", limit, nil)
					if assert.NoError(t, err) && ok {
						booked.Add(1)
					}
				})
			}
		}
		wg.Wait()
		assert.EqualValues(t, limit, charged.Load())
		assert.EqualValues(t, limit, booked.Load())
		sum, err := nodes[0].Spent(t.Context(), "calls", day)
		require.NoError(t, err)
		assert.EqualValues(t, limit, sum)

		// A node that comes back ends its own calls only.
		require.NoError(t, nodes[0].Begin(t.Context(), record("A", noon)))
		require.NoError(t, nodes[1].Begin(t.Context(), record("B", noon)))
		left, err := nodes[0].Recover(t.Context())
		require.NoError(t, err)
		require.Len(t, left, 1)
		assert.Equal(t, "A", left[0].ID)
	})
}
