package store_test

import (
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrapUpsAreDraftedTypedAndSaved(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		s := p.open(t)
		over := record("A", noon)
		over.EndedAt, over.Outcome = noon.Add(time.Minute), call.Transferred
		require.NoError(t, s.End(ctx, over))
		_, err := s.WrapUp(ctx, "A", "anna")
		require.ErrorIs(t, err, store.ErrNotFound)

		draft := store.Draft{By: store.DraftLocal, Summary: "诉求：耳机左边没声音，想换一副。\n待办：明天寄出。", Wanted: []string{"耳机左边没声音"}, Ticket: &store.DraftTicket{Kind: "换货", Summary: "换耳机"}}
		require.NoError(t, s.KeepWorking(ctx, "A", "anna", &store.WrapUpText{Code: "exchange", Note: "耳机"}))
		require.NoError(t, s.KeepDraft(ctx, "A", "anna", draft))
		w, err := s.WrapUp(ctx, "A", "anna")
		require.NoError(t, err)
		assert.Equal(t, &draft, w.Draft)
		assert.Equal(t, "耳机", w.Working.Note, "a draft does not take what is typed")
		open, err := s.OpenWrapUps(ctx, "anna", noon.Add(-time.Hour*24*365), 10)
		require.NoError(t, err)
		require.Len(t, open, 1)
		none, err := s.OpenWrapUps(ctx, "bob", time.Time{}, 10)
		require.NoError(t, err)
		assert.Empty(t, none)

		w, err = s.SaveWrapUp(ctx, "A", "anna", store.WrapUpText{Code: "exchange", Note: strings.ReplaceAll(draft.Summary, "\n", "\r\n")}, 12*time.Second)
		require.NoError(t, err)
		assert.Equal(t, store.WrapUpAccepted, w.How)
		assert.Equal(t, 12, w.Seconds)
		assert.Nil(t, w.Working)
		require.NoError(t, s.KeepDraft(ctx, "A", "anna", store.Draft{By: store.DraftByModel, Summary: "later"}))
		w, err = s.SaveWrapUp(ctx, "A", "anna", store.WrapUpText{Note: "诉求：耳机左边没声音，换一副新的，运费我们出。"}, 5*time.Second)
		require.NoError(t, err)
		assert.Equal(t, store.WrapUpEdited, w.How, "a draft that comes after is no draft")
		assert.Equal(t, 17, w.Seconds, "both times")

		_, _, err = s.Expire(ctx, store.KeepTranscripts, noon.Add(24*time.Hour))
		require.NoError(t, err)
		w, err = s.WrapUp(ctx, "A", "anna")
		require.NoError(t, err)
		assert.Nil(t, w.Saved)
		assert.Nil(t, w.Draft)
		assert.Equal(t, 17, w.Seconds, "the figure stays")
		_, _, err = s.Expire(ctx, store.KeepCalls, noon.Add(24*time.Hour))
		require.NoError(t, err)
		_, err = s.WrapUp(ctx, "A", "anna")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestTimeSavedIsMeasured(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		s := p.open(t)
		save := func(id, agent, draft, note string, seconds int) {
			require.NoError(t, s.End(ctx, record(id, noon)))
			if draft != "" {
				require.NoError(t, s.KeepDraft(ctx, id, agent, store.Draft{Summary: draft}))
			}
			_, err := s.SaveWrapUp(ctx, id, agent, store.WrapUpText{Note: note}, time.Duration(seconds)*time.Second)
			require.NoError(t, err)
		}
		for i, seconds := range []int{60, 80, 100, 40} {
			save("alone"+string(rune('a'+i)), "anna", "", "自己写的", seconds)
		}
		save("yes", "anna", "退款三天到账", "退款三天到账", 10)
		figures := func(agents []string, all bool) store.WrapUpFigures {
			f, err := s.WrapUpFigures(ctx, time.Time{}, time.Now().Add(time.Hour*24*3650), agents, all)
			require.NoError(t, err)
			return f
		}
		assert.Zero(t, figures(nil, true).Saved, "four say nothing yet")
		save("alonee", "anna", "退款三天到账", "完全不同的备注内容", 70)
		save("edited", "bob", "退款三天到账", "退款三天到账，客户满意", 20)
		f := figures(nil, true)
		assert.Equal(t, store.WrapUpTimes{Count: 5, Median: 70}, f.Alone)
		assert.Equal(t, store.WrapUpTimes{Count: 1, Median: 10}, f.Accepted)
		assert.Equal(t, store.WrapUpTimes{Count: 1, Median: 20}, f.Edited)
		assert.Equal(t, 60+50, f.Saved)
		assert.Equal(t, 1, figures([]string{"bob"}, false).Edited.Count)
		assert.Zero(t, figures([]string{"bob"}, false).Alone.Count)
	})
}
