package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Contacts are found by the clocks that they are called by, in the campaign's order over all
// of these; why others are not called is kept once, and told of each.
func TestContactsByTheirClocks(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 10, PerSecond: 100})
		where := []string{"Asia/Shanghai", "Europe/Berlin", "Asia/Shanghai", "-", "", "Europe/Berlin", "Asia/Shanghai"}
		var list []campaigns.Contact
		for i, clocks := range where {
			k := somebody(i)
			k.Clocks = clocks
			if i == 5 || i == 6 { // they were due before
				k.Due = now.Add(time.Duration(-i) * time.Minute)
			}
			list = append(list, k)
		}
		ids, err := s.AddContacts(ctx, "notice", list)
		require.NoError(t, err)

		clocks, err := s.Clocks(ctx, "notice")
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"", "-", "Asia/Shanghai", "Europe/Berlin"}, clocks)
		none, err := s.Clocks(ctx, "other")
		require.NoError(t, err)
		assert.Empty(t, none)
		due := func(limit int, clocks ...string) (at []int) {
			got, err := s.Due(ctx, "notice", clocks, now, limit)
			require.NoError(t, err)
			for _, k := range got {
				for i, id := range ids {
					if id == k.ID {
						at = append(at, i)
					}
				}
			}
			return at
		}
		assert.Equal(t, []int{6, 5, 0, 1, 2, 3, 4}, due(20), "of all")
		assert.Equal(t, []int{6, 0, 2}, due(20, "Asia/Shanghai"))
		assert.Equal(t, []int{6, 5, 0, 1}, due(4, "Asia/Shanghai", "Europe/Berlin"))
		assert.Equal(t, []int{3, 4}, due(20, "-", "", "Africa/Accra"))
		assert.Empty(t, due(20, "Africa/Accra"))

		night := campaigns.Shut{Campaign: "notice", Clocks: "Asia/Shanghai", Verdict: campaigns.Verdict{Refusal: campaigns.RefusedWindow, Ground: "outside_window|-|02:00|Asia/Shanghai", Day: "2026-11-21"}}
		now = now.Add(time.Hour)
		require.NoError(t, s.Shut(ctx, night))
		require.NoError(t, s.Shut(ctx, night), "each node keeps it")
		n, err := s.RefusalCounts(ctx, "notice")
		require.NoError(t, err)
		assert.Equal(t, map[string]int{string(campaigns.RefusedWindow): 3}, n)
		why := func(i int) (list []store.RefusalRow) {
			list, err := s.Refusals(ctx, ids[i])
			require.NoError(t, err)
			return list
		}
		require.Len(t, why(0), 1)
		assert.Equal(t, night.Verdict.Ground, why(0)[0].Ground)
		assert.Equal(t, ids[0], why(0)[0].Contact)
		assert.Empty(t, why(1), "he is called by other clocks")

		// Who came later was not concerned, and who was over before neither.
		k := somebody(77)
		k.Clocks = "Asia/Shanghai"
		now = now.Add(time.Hour)
		late, err := s.AddContacts(ctx, "notice", []campaigns.Contact{k})
		require.NoError(t, err)
		ids = append(ids, late[0])
		assert.Empty(t, why(7))
		got, err := s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: ids[2], Number: 1, Call: "call", Node: "main", Now: now}, allow)
		require.NoError(t, err)
		_, err = s.Settle(ctx, got.Attempt.ID, campaigns.Result{Outcome: campaigns.Person}, now, over)
		require.NoError(t, err)
		now = now.Add(time.Hour)
		night.Verdict.Day = "2026-11-22"
		require.NoError(t, s.Shut(ctx, night))
		assert.Len(t, why(0), 2)
		assert.Len(t, why(2), 1, "he was reached between")
		assert.Len(t, why(7), 1)

		// Clocks are found again by who opens the database anew.
		other := p.open(t)
		again, err := other.Due(ctx, "notice", []string{"Europe/Berlin"}, now, 20)
		require.NoError(t, err)
		assert.Len(t, again, 2)
	})
}

// A campaign to which somebody was added just when it ended goes on.
func TestCampaignEndsWithNobodyLeft(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		s := p.open(t)
		runningCampaign(t, s, campaigns.Campaign{})
		_, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1)})
		require.NoError(t, err)
		c, err := s.SetState(ctx, "notice", campaigns.Done, campaigns.Running)
		require.NoError(t, err)
		assert.Equal(t, campaigns.Running, c.State)
		_, err = s.Withdraw(ctx, "notice", "campaign_over")
		require.NoError(t, err)
		c, err = s.SetState(ctx, "notice", campaigns.Done, campaigns.Running)
		require.NoError(t, err)
		assert.Equal(t, campaigns.Done, c.State)
	})
}
