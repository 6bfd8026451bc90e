package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/store"
)

// While thousands of rows are written one transaction after the other, others' rows come
// between them, whoever gives up meanwhile: nothing is lost, written twice, or waits for
// the whole of it.
func TestOthersWriteBetweenBulks(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 10, PerSecond: 100})
		const bulks, each, singles = 6, 1000, 20
		var wg sync.WaitGroup
		var mu sync.Mutex
		done, among := 0, 0 // transactions of the imports, and single rows written before the last of them
		for n := range 2 {  // two imports at once
			wg.Go(func() {
				in, err := s.Intake(ctx, "notice")
				if !assert.NoError(t, err) {
					return
				}
				for i := range bulks / 2 {
					list := make([]campaigns.Contact, each)
					for j := range list {
						list[j] = campaigns.Contact{Number: fmt.Sprintf("+86139%02d%06d", n, i*each+j)}
					}
					ids, err := in.Add(ctx, list)
					assert.Len(t, ids, each, "%v", err)
					mu.Lock()
					done++
					mu.Unlock()
				}
				assert.NoError(t, in.Close(ctx))
			})
		}
		kept := 0
		for n := range 4 {
			wg.Go(func() {
				for i := range singles / 4 {
					one, stop := ctx, context.CancelFunc(func() {})
					if n == 3 { // who does not wait for long
						one, stop = context.WithTimeout(ctx, time.Duration(i+1)*5*time.Millisecond)
					}
					ids, err := s.AddContacts(one, "notice", []campaigns.Contact{{Number: fmt.Sprintf("+86137%02d%06d", n, i)}})
					stop()
					if n < 3 && assert.NoError(t, err) {
						assert.NotZero(t, ids[0])
						mu.Lock()
						kept++
						if done < bulks {
							among++
						}
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		assert.Equal(t, singles*3/4, kept)
		assert.Positive(t, among)
		n, err := s.Counts(ctx, "notice")
		require.NoError(t, err)
		assert.GreaterOrEqual(t, n.States["waiting"], bulks*each+kept)
		assert.LessOrEqual(t, n.States["waiting"], bulks*each+singles)
		seen := map[int64]bool{}
		for after := int64(0); ; {
			list, err := s.Contacts(ctx, store.ContactFilter{Campaign: "notice", After: after, Limit: 1000})
			require.NoError(t, err)
			if len(list) == 0 {
				break
			}
			for _, k := range list {
				require.False(t, seen[k.ID])
				seen[k.ID] = true
			}
			after = list[len(list)-1].ID
		}
		assert.Len(t, seen, n.States["waiting"])
	})
}
