package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Why somebody was not called goes when it is old, though he still waits; who waits goes
// when his campaign has stood still for as long.
func TestRetentionOfWhoWaits(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{})
		runningCampaign(t, s, campaigns.Campaign{ID: "still"})
		ids := map[string]int64{}
		for _, c := range []string{"notice", "still"} {
			k := somebody(1)
			k.Clocks = "Asia/Shanghai"
			added, err := s.AddContacts(ctx, c, []campaigns.Contact{k})
			require.NoError(t, err)
			ids[c] = added[0]
		}
		refuse := func(day string) {
			for c, id := range ids {
				require.NoError(t, s.Postpone(ctx, []campaigns.Postponed{{Contact: campaigns.Contact{ID: id, Campaign: c}, Verdict: campaigns.Verdict{Refusal: campaigns.RefusedDay, Ground: "cap", Day: day, Next: now}}}))
				require.NoError(t, s.Shut(ctx, campaigns.Shut{Campaign: c, Clocks: "Asia/Shanghai", Verdict: campaigns.Verdict{Refusal: campaigns.RefusedWindow, Ground: "night", Day: day}}))
			}
		}
		refuse("2026-03-01")
		_, err := s.SetState(ctx, "still", campaigns.Paused, campaigns.Running)
		require.NoError(t, err)
		now = now.AddDate(0, 4, 0)
		refuse("2026-07-01")
		why, err := s.Refusals(ctx, ids["notice"])
		require.NoError(t, err)
		require.Len(t, why, 4)

		before := now.AddDate(0, -1, 0)
		_, left, err := s.Expire(ctx, store.KeepCalls, before)
		require.NoError(t, err)
		assert.Zero(t, left)
		why, err = s.Refusals(ctx, ids["notice"])
		require.NoError(t, err)
		require.Len(t, why, 2)
		assert.Equal(t, "2026-07-01", why[0].Day)
		_, err = s.Contact(ctx, ids["notice"])
		require.NoError(t, err, "he is still to be called")
		_, err = s.Contact(ctx, ids["still"])
		require.ErrorIs(t, err, store.ErrNotFound)
		n, err := s.RefusalCounts(ctx, "notice")
		require.NoError(t, err)
		assert.Equal(t, map[string]int{string(campaigns.RefusedDay): 1, string(campaigns.RefusedWindow): 1}, n)
	})
}
