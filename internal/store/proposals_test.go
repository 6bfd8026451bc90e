package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/store"
)

func TestProposalsAreKeptUntilSomebodyDecides(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := time.UnixMilli(1_700_000_000_000)
		p.now = func() time.Time { return now }
		s := p.open(t)
		ctx := t.Context()
		list := []store.Proposal{
			{Pair: "refund", Wording: "钱啥时候退", Why: "later", Confidence: 0.9, Score: 2, Said: 3},
			{Pair: "refund", Wording: "退款咋还没到", Why: "score", Confidence: 0.8, Score: 1, Said: 1},
			{Pair: "invoice", Wording: "开个票", Why: "label", Confidence: 0.7, Score: 0.5, Said: 1},
		}
		open, err := s.ReplaceProposals(ctx, "shop", "calls", list)
		require.NoError(t, err)
		assert.Equal(t, 3, open)
		open, err = s.AddProposals(ctx, "shop", "model", []store.Proposal{{Pair: "invoice", Wording: "票怎么开", Score: 0.4}, list[0]})
		require.NoError(t, err)
		assert.Equal(t, 1, open, "one stands there already")

		var got []string
		f := store.ProposalFilter{Business: "shop", State: store.ProposalOpen, Limit: 2}
		for {
			page, err := s.Proposals(ctx, f)
			require.NoError(t, err)
			for _, p := range page.Items {
				got = append(got, p.Wording)
			}
			if f.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		assert.Equal(t, []string{"钱啥时候退", "退款咋还没到", "开个票", "票怎么开"}, got, "best first, over pages")

		page, err := s.Proposals(ctx, store.ProposalFilter{Business: "shop", Pair: "refund"})
		require.NoError(t, err)
		require.Len(t, page.Items, 2)
		refused, approved := page.Items[0], page.Items[1]
		require.NoError(t, s.DecideProposal(ctx, refused, store.ProposalRefused, "li"))
		require.ErrorIs(t, s.DecideProposal(ctx, refused, store.ProposalApproved, "zhou"), store.ErrStale)
		approved.PutPair, approved.Put = "invoice", "退款怎么还没有到"
		require.NoError(t, s.DecideProposal(ctx, approved, store.ProposalApproved, "li"))
		back, err := s.Proposal(ctx, "shop", approved.ID)
		require.NoError(t, err)
		assert.Equal(t, "退款怎么还没有到 li", back.Put+" "+back.DecidedBy)
		counts, err := s.CountProposals(ctx, "shop")
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"open": 2, "refused": 1, "approved": 1}, counts)

		// The next look brings the same again; what was decided stays so, and after a
		// week the refused text is gone while its refusal is not.
		now = now.Add(8 * 24 * time.Hour)
		for range 2 {
			open, err = s.ReplaceProposals(ctx, "shop", "calls", list)
			require.NoError(t, err)
			assert.Equal(t, 1, open, fmt.Sprint(counts))
		}
		back, err = s.Proposal(ctx, "shop", refused.ID)
		require.NoError(t, err)
		assert.Equal(t, store.ProposalRefused, back.State)
		assert.Empty(t, back.Wording)
		_, err = s.Proposal(ctx, "elsewhere", refused.ID)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}
