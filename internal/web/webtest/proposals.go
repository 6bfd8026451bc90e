package webtest

import (
	"context"
	"fmt"
	"time"

	"hotline/internal/call"
	"hotline/internal/proposal"
	"hotline/internal/store"
)

// Talks keeps calls whose callers were understood only when they said it differently,
// and what several of them asked in vain.
func Talks(ctx context.Context, s *store.Store, now time.Time) error {
	n := 0
	for _, t := range []struct {
		times        int
		first, again string
		pair         string
	}{
		{3, "报销要用的单子能弄一张不", "我要发票", "invoice"},
		{2, "礼拜天你们上班不上班啊", "几点开门", "hours"},
		{2, "那个盒子里的小东西有一边哑了", "左耳没声音", "earbud"},
		{2, "买完反悔了怎么整", "怎么退货", "back"},
		{1, "可以带小狗进店里吗", "", ""},
		{1, "能带小狗进店吗", "", ""},
		{1, "带小狗可以进店里吗", "", ""},
	} {
		for range t.times {
			n++
			r := call.Record{ID: fmt.Sprintf("talk-%d", n), Line: "main", Language: "zh", Direction: "inbound", StartedAt: now.Add(-time.Duration(n) * time.Hour), Outcome: call.Resolved}
			r.AnsweredAt, r.EndedAt = r.StartedAt, r.StartedAt.Add(time.Minute)
			if err := s.Begin(ctx, r); err != nil {
				return err
			}
			turns := []call.TurnRecord{
				{Speaker: "bot", Text: disclosure},
				{Speaker: "caller", Text: t.first},
				{Speaker: "bot", Text: "不好意思没太明白，您能换个说法吗？", Intent: "unknown", Source: "fallback"},
			}
			if t.again != "" {
				turns = append(turns, call.TurnRecord{Speaker: "caller", Text: t.again}, call.TurnRecord{Speaker: "bot", Text: "好的。", Intent: t.pair, Source: "knowledge", KnowledgeID: t.pair})
			}
			for i, turn := range turns {
				turn.Call, turn.Index = r.ID, i+1
				if err := s.AddTurn(ctx, turn); err != nil {
					return err
				}
			}
			if err := s.End(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// Proposals are wordings that wait, and some that were decided.
func Proposals(ctx context.Context, s *store.Store) error {
	if _, err := s.AddProposals(ctx, "shop", proposal.FromCalls, []store.Proposal{
		{Pair: "invoice", Wording: "报销要用的单子能弄一张不", Why: "later", Confidence: 0.91, Score: 2.4, Said: 4, Alike: 1},
		{Pair: "hours", Wording: "礼拜天你们上班不上班啊", Why: "later", Confidence: 0.8, Score: 1.9, Said: 2},
		{Pair: "earbud", Wording: "那个盒子里的小东西有一边哑了", Why: "later", Confidence: 0.8, Score: 1.7, Said: 2},
		{Pair: "ship", Wording: "买三件还要不要另外付快递的钱", Why: "score", Confidence: 0.74, Score: 1.1, Said: 1, Alike: 2},
		{Pair: "back", Wording: "不满意能拿回来退掉吧", Why: "score", Confidence: 0.69, Score: 0.9, Said: 1},
		{Pair: "wifi", Wording: "换了新路由器它就连不上了", Why: "score", Confidence: 0.66, Score: 0.8, Said: 1},
	}); err != nil {
		return err
	}
	_, err := s.AddProposals(ctx, "shop", proposal.FromModel, []store.Proposal{
		{Pair: "arrive", Wording: "我的东西大概哪天能送到手里", Why: "paraphrase", Confidence: 0.84, Score: 0.7, Said: 1},
	})
	return err
}
