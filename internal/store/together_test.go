package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/store"
)

// Calls are made findable together, those that say nothing and those that fill a
// transaction alone.
func TestCallsAreIndexedTogether(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		for i := range 30 {
			r := record(fmt.Sprintf("C%02d", i), noon.Add(time.Duration(i)*time.Minute))
			r.EndedAt = r.StartedAt.Add(time.Second)
			require.NoError(t, s.End(ctx, r))
			var text string
			switch i % 3 {
			case 0:
				continue
			case 1:
				text = fmt.Sprintf("我想问一下订单 77%02d", i)
			default: // more than is written at once
				var b strings.Builder
				for c := range 2500 {
					b.WriteRune(rune(0x4e00 + (i*131+c*7)%20000))
				}
				text = b.String()
			}
			require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: r.ID, Speaker: "caller", Text: text}))
		}
		for _, want := range []int{20, 10, 0} {
			n, err := s.IndexCalls(ctx, time.Time{}, 20)
			require.NoError(t, err)
			assert.Equal(t, want, n)
		}
		for i := 1; i < 30; i += 3 {
			page, err := s.Calls(ctx, store.Filter{Query: fmt.Sprintf("77%02d", i)})
			require.NoError(t, err)
			require.Len(t, page.Items, 1, i)
			assert.Equal(t, fmt.Sprintf("C%02d", i), page.Items[0].ID)
		}
	})
}
