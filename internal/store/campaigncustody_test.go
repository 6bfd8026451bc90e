package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Who is called by campaigns finds all of it in his export, and nothing of it is left
// after his data was erased, but that he is not to be called; retention takes what is old.
func TestCustodyOfCampaigns(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 10, PerSecond: 100})
		ids, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1), somebody(2)})
		require.NoError(t, err)
		for i, id := range ids {
			got, err := s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: id, Number: 1, Call: "call", Node: "main", Now: now}, allow)
			require.NoError(t, err)
			_, err = s.Settle(ctx, got.Attempt.ID, campaigns.Result{Outcome: campaigns.Person, Refused: i == 0, How: "key", Slots: map[string]string{"when": "下午三点"}}, now, over)
			require.NoError(t, err)
			number := got.Contact.Number
			require.NoError(t, s.AddConsents(ctx, []campaigns.Consent{{Number: number, Purpose: campaigns.Marketing, Given: true, At: now, How: "订单表格", By: "ann", File: "order.pdf"}}))
			require.NoError(t, s.Postpone(ctx, []campaigns.Postponed{{Contact: got.Contact, Verdict: campaigns.Verdict{Refusal: campaigns.RefusedWindow, Ground: "night", Day: "2026-11-21"}}}))
			_, _, err = s.Triggered(ctx, "notice", "key"+number, got.Contact, time.Hour)
			require.NoError(t, err)
		}
		const number = "13800000001"
		d, err := s.Caller(ctx, number)
		require.NoError(t, err)
		for _, table := range []string{"contacts", "attempts", "consents", "refusals", "number_days", "suppressed_numbers", "trigger_keys"} {
			assert.Len(t, d.Rows[table], 1, table)
		}
		told := strings.Builder{}
		for _, rows := range d.Rows {
			for _, r := range rows {
				for _, v := range r {
					if text, ok := v.(string); ok {
						told.WriteString(text + "\n")
					}
				}
			}
		}
		for _, word := range []string{"王小明", "下午三点", "订单表格", "order.pdf", "+8613800000001"} {
			assert.Contains(t, told.String(), word, "the export is in clear words")
		}

		_, left, err := s.EraseCaller(ctx, number)
		require.NoError(t, err)
		assert.Zero(t, left)
		d, err = s.Caller(ctx, number)
		require.NoError(t, err)
		assert.Zero(t, d.Count(), "%v", d.Rows)
		_, err = s.Contact(ctx, ids[0])
		require.ErrorIs(t, err, store.ErrNotFound)
		still, err := s.SuppressionsOf(ctx, number)
		require.NoError(t, err)
		require.Len(t, still, 1, "he is still not called")
		assert.Equal(t, "key", still[0].How)
		again, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1)})
		require.NoError(t, err)
		k, err := s.Contact(ctx, again[0])
		require.NoError(t, err)
		facts, err := s.Facts(ctx, k, now)
		require.NoError(t, err)
		assert.Len(t, facts.Suppressions, 1)
		d, err = s.Caller(ctx, "13800000002")
		require.NoError(t, err)
		assert.Len(t, d.Rows["attempts"], 1, "the other's stays")

		_, left, err = s.Expire(ctx, store.KeepCalls, now.Add(time.Hour))
		require.NoError(t, err)
		assert.Zero(t, left)
		d, err = s.Caller(ctx, "13800000002")
		require.NoError(t, err)
		assert.Empty(t, d.Rows["attempts"])
		assert.Len(t, d.Rows["consents"], 1, "the evidence is kept as long as it may be needed")
		_, err = s.Contact(ctx, again[0])
		require.NoError(t, err, "who still waits stays")
	})
}
