package proposal_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/grow"
	"hotline/dialog/knowledge"
	"hotline/internal/call"
	"hotline/internal/kb"
	"hotline/internal/proposal"
	"hotline/internal/store"
	"hotline/internal/web/webtest"
)

// shop is a business that answers, with the calls that it had.
type shop struct {
	t     *testing.T
	db    *store.Store
	base  *kb.Base
	desk  *proposal.Desk
	calls int
}

func open(t *testing.T, m proposal.Paraphraser) *shop {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, dir, clean, err := webtest.OpenStore(t.Context(), log)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, clean()) })
	base, err := webtest.Knowledge(t.Context(), db, dir, log)
	require.NoError(t, err)
	return &shop{t: t, db: db, base: base, desk: proposal.New(proposal.Config{Store: db, Knowledge: base, Model: m, Log: log})}
}

// talk has a caller talk with the bot, and keeps the call as the telephone keeps it. It
// returns the last reply.
func (s *shop) talk(says ...string) dialog.Note {
	s.t.Helper()
	lines, err := s.base.Lines("")
	require.NoError(s.t, err)
	e, err := engine.New(lines[0].EngineConfig(lines[0].Live.Load))
	require.NoError(s.t, err)
	s.calls++
	id, ctx := fmt.Sprintf("call-%d", s.calls), s.t.Context()
	at := time.Now().Add(time.Duration(s.calls) * time.Second)
	require.NoError(s.t, s.db.Begin(ctx, call.Record{ID: id, Line: lines[0].Name, Language: "zh", Direction: "inbound", StartedAt: at, AnsweredAt: at}))
	conv, err := e.Begin(ctx, dialog.Facts{CallID: id, Line: lines[0].Name, Language: "zh", Now: at})
	require.NoError(s.t, err)
	n := 0
	var note dialog.Note
	reply := func(t dialog.Turn) {
		var said []string
		note = dialog.Note{}
		require.NoError(s.t, conv.Reply(ctx, t, func(a dialog.Act) error {
			switch a := a.(type) {
			case dialog.Say:
				said = append(said, a.Text)
			case dialog.Note:
				note = a
			}
			return nil
		}))
		n++
		require.NoError(s.t, s.db.AddTurn(ctx, call.TurnRecord{
			Call: id, Index: n, Speaker: "bot", Text: strings.Join(said, ""), Intent: note.Intent, Source: note.Source, KnowledgeID: note.KnowledgeID,
			Confidence: note.Confidence, Candidates: note.Candidates,
		}))
	}
	reply(dialog.Turn{Kind: dialog.Opened, At: at})
	for _, text := range says {
		n++
		require.NoError(s.t, s.db.AddTurn(ctx, call.TurnRecord{Call: id, Index: n, Speaker: "caller", Text: text}))
		reply(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, At: at})
	}
	require.NoError(s.t, s.db.End(ctx, call.Record{ID: id, Line: lines[0].Name, Language: "zh", StartedAt: at, AnsweredAt: at, EndedAt: at.Add(time.Minute), Outcome: "resolved"}))
	return note
}

// look looks through the calls and waits for it.
func (s *shop) look() proposal.Look {
	s.t.Helper()
	require.NoError(s.t, s.desk.Ask(""))
	require.ErrorIs(s.t, s.desk.Ask(""), proposal.ErrBusy)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.desk.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for range 3000 {
		l, err := s.desk.Last("")
		require.NoError(s.t, err)
		if !l.Looking {
			require.Empty(s.t, l.Failed)
			return l
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("the look did not end")
	return proposal.Look{}
}

func (s *shop) open() []store.Proposal {
	s.t.Helper()
	page, err := s.desk.List(s.t.Context(), store.ProposalFilter{State: store.ProposalOpen, Limit: 500})
	require.NoError(s.t, err)
	return page.Items
}

// first is what the shop does not understand.
const first = "报销要用的单子能弄一张不"

// waiting is its proposal, where that is open; nil for none.
func (s *shop) waiting() *store.Proposal {
	s.t.Helper()
	list := s.open()
	if i := slices.IndexFunc(list, func(p store.Proposal) bool { return p.Wording == first }); i >= 0 {
		return &list[i]
	}
	return nil
}

// Callers who were not understood at first and said it differently teach their first
// wording; what was said to the bot, taken back or personal teaches nothing.
func TestCallsTeachTheWordingsOfThoseWhoWereUnderstoodLater(t *testing.T) {
	s := open(t, nil)
	note := s.talk(first)
	require.NotEqual(t, "invoice", note.KnowledgeID, "it must not be understood at first, or nothing is shown")
	for range 3 {
		s.talk(first, "我要发票", "谢谢，再见")
	}
	s.talk("你们老板姓什么叫什么", "几点开门", "不对，我问的不是这个", "怎么退货")
	s.talk("我手机号是13800138000，那个票咋整", "我要发票")
	l := s.look()
	assert.Positive(t, l.Turns)
	assert.Equal(t, 1, l.Personal)
	list := s.open()
	p := s.waiting()
	require.NotNil(t, p, "%+v", list)
	assert.Equal(t, "invoice later", p.Pair+" "+p.Why)
	assert.Equal(t, 4, p.Said)
	for _, p := range list {
		assert.NotContains(t, p.Wording, "138")
		assert.NotContains(t, p.Wording, "不对")
		assert.NotContains(t, p.Wording, "老板", "one caller who changed the subject is no evidence")
	}

	// Approved, the next caller is understood at once; taken back, no longer.
	done, err := s.desk.Approve(t.Context(), "", []proposal.Approval{{ID: p.ID}}, "li")
	require.NoError(t, err)
	require.NoError(t, done[0].Err)
	assert.Equal(t, "invoice", s.talk(first).KnowledgeID)
	s.look()
	assert.Nil(t, s.waiting(), "what stands in the question is not proposed again")
	done, err = s.desk.Undo(t.Context(), "", []string{p.ID}, "li")
	require.NoError(t, err)
	require.NoError(t, done[0].Err)
	assert.NotEqual(t, "invoice", s.talk(first).KnowledgeID)
	require.NotNil(t, s.waiting(), "it is open again")

	// Refused, it does not come back.
	done, err = s.desk.Refuse(t.Context(), "", []string{p.ID}, "li")
	require.NoError(t, err)
	require.NoError(t, done[0].Err)
	s.look()
	assert.Nil(t, s.waiting())
	done, err = s.desk.Approve(t.Context(), "", []proposal.Approval{{ID: p.ID}}, "zhou")
	require.NoError(t, err)
	assert.ErrorIs(t, done[0].Err, store.ErrStale)
}

// A wording can be merged into another question and put in other words, but what must
// not stand anywhere is refused, and what else was ticked goes on.
func TestAProposalIsMergedElsewhere(t *testing.T) {
	s := open(t, nil)
	_, err := s.db.AddProposals(t.Context(), "shop", proposal.FromCalls, []store.Proposal{
		{Pair: "invoice", Wording: "退回去的东西钱呢", Score: 1}, {Pair: "invoice", Wording: "票开给公司行不行啊", Score: 2}, {Pair: "invoice", Wording: "票给开在公司头上", Score: 3},
	})
	require.NoError(t, err)
	list := s.open()
	done, err := s.desk.Approve(t.Context(), "", []proposal.Approval{
		{ID: list[2].ID, Pair: "back", Wording: "退回去的东西怎么弄"},
		{ID: list[1].ID, Wording: "我的手机号13800138000开票"},
		{ID: list[0].ID, Wording: "几点开门"},
		{ID: "nothing"},
	}, "li")
	require.NoError(t, err)
	require.NoError(t, done[0].Err)
	require.ErrorIs(t, done[1].Err, grow.ErrPersonal)
	require.ErrorIs(t, done[2].Err, grow.ErrStands)
	require.ErrorIs(t, done[3].Err, store.ErrNotFound)
	i, err := s.base.Get("", "back")
	require.NoError(t, err)
	assert.Contains(t, i.InForce.Variants, "退回去的东西怎么弄")
	assert.Len(t, s.open(), 2)

	// A draft that somebody is writing gets the wording too, and stays a draft.
	row := *i.InForce
	row.Answer = "三十天内都能退。"
	_, err = s.base.Save(t.Context(), "", row, kb.Edit{By: "zhou", Version: -1})
	require.NoError(t, err)
	_, err = s.desk.Undo(t.Context(), "", []string{list[2].ID}, "li")
	require.NoError(t, err)
	i, err = s.base.Get("", "back")
	require.NoError(t, err)
	assert.Equal(t, kb.Draft, i.State)
	assert.Equal(t, "三十天内都能退。", i.Row.Answer)
	assert.NotEqual(t, i.Row.Answer, i.InForce.Answer, "nobody hears the draft")
	for _, v := range [][]string{i.Row.Variants, i.InForce.Variants} {
		assert.NotContains(t, v, "退回去的东西怎么弄")
	}
}

// writer is a language model that writes what it is told to.
type writer []string

func (w writer) Paraphrase(context.Context, string, *knowledge.Pair, int, func(context.Context, string, string) (float64, error)) ([]string, error) {
	return w, nil
}

// What a model writes is proposed after the same checks, and is heard by nobody.
func TestParaphrasesAreOnlyProposed(t *testing.T) {
	s := open(t, writer{"发票应该怎么去开", "发票应该怎么去开呢", "几点开门", "门店什么时候开始营业", "请把13800138000的发票开了"})
	n, err := s.desk.Paraphrase(t.Context(), "", "invoice", 5)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	list := s.open()
	require.Len(t, list, 1)
	assert.Equal(t, "发票应该怎么去开 model paraphrase", strings.TrimSuffix(list[0].Wording, "呢")+" "+list[0].Source+" "+list[0].Why)
	i, err := s.base.Get("", "invoice")
	require.NoError(t, err)
	assert.NotContains(t, i.InForce.Variants, list[0].Wording)
	_, err = s.desk.Paraphrase(t.Context(), "", "nothing", 5)
	require.ErrorIs(t, err, kb.ErrNotFound)
	_, err = open(t, nil).desk.Paraphrase(t.Context(), "", "invoice", 5)
	assert.ErrorIs(t, err, proposal.ErrNoModel)
}
