package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCallsAreFoundByWhatWasSaid(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := noon.Add(time.Hour)
		p.now = func() time.Time { return now }
		s := p.open(t)
		ctx := t.Context()
		for id, texts := range map[string][]string{
			"EARBUD": {"你好，我上周买的蓝牙耳机，左边那只没有声音了。", "订单尾号是6603。"},
			"REFUND": {"我要退货", "好的，声音小是正常的，左边右边都一样"},
			"UK":     {"Hi, how long does delivery to the UK usually take?", "Five to eight working days."},
			"SWAP":   {"耳机坏了", "机耳"},
		} {
			r := record(id, noon)
			r.EndedAt = noon.Add(time.Minute)
			if id == "REFUND" {
				r.Caller, r.Summary = "13900139000", "退货，运费由商家承担"
			}
			require.NoError(t, s.End(ctx, r))
			for i, text := range texts {
				require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: id, Index: i, Speaker: "caller", Text: text}))
			}
		}
		live := record("LIVE", noon)
		require.NoError(t, s.Begin(ctx, live))
		find := func(q string) (ids []string) {
			page, err := s.Calls(ctx, store.Filter{Query: q})
			require.NoError(t, err, q)
			for _, r := range page.Items {
				ids = append(ids, r.ID)
			}
			return ids
		}
		assert.Empty(t, find("耳机"), "not indexed yet")
		n, err := s.IndexCalls(ctx, time.Time{}, 100)
		require.NoError(t, err)
		assert.Equal(t, 4, n)
		n, err = s.IndexCalls(ctx, time.Time{}, 100)
		require.NoError(t, err)
		assert.Zero(t, n)
		for q, want := range map[string][]string{
			"耳机": {"SWAP", "EARBUD"}, "蓝牙耳机": {"EARBUD"}, "左边 声音": {"REFUND", "EARBUD"}, "运费": {"REFUND"}, "6603": {"EARBUD"},
			"DELIVERY": {"UK"}, "deliv": {"UK"}, "uk": {"UK"}, "ｕｋ": {"UK"}, "working delivery": {"UK"}, "左边右边": {"REFUND"},
			"退款": nil, "days working": {"UK"}, "耳机机耳": nil, "139 0013 9000": {"REFUND"}, "9000": {"REFUND"}, "没有声音了": {"EARBUD"},
		} {
			assert.ElementsMatch(t, want, find(q), q)
		}
		_, err = s.Calls(ctx, store.Filter{Query: "了"})
		require.ErrorIs(t, err, store.ErrQuery)
		_, err = s.Calls(ctx, store.Filter{Query: "?!"})
		require.ErrorIs(t, err, store.ErrQuery)
		page, err := s.Calls(ctx, store.Filter{Query: "耳机", Agents: []string{"nobody"}})
		require.NoError(t, err)
		assert.Empty(t, page.Items, "with the other conditions")
		assert.NotContains(t, p.contents(t), "耳机")

		_, _, err = s.Expire(ctx, store.KeepTranscripts, now)
		require.NoError(t, err)
		assert.Empty(t, find("运费"))
		_, _, err = s.EraseCaller(ctx, "13900139000")
		require.NoError(t, err)
		assert.Empty(t, find("9000"))
	})
}

func TestSearchHasPages(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		for i := range 130 {
			r := record(fmt.Sprintf("C%03d", i), noon.Add(time.Duration(i)*time.Minute))
			r.EndedAt = r.StartedAt.Add(time.Duration(i%7) * time.Second)
			r.Summary = "问运费"
			if i%3 == 0 {
				r.Summary = strings.Repeat("退货", 3)
			}
			require.NoError(t, s.End(ctx, r))
		}
		for {
			n, err := s.IndexCalls(ctx, time.Time{}, 50)
			require.NoError(t, err)
			if n < 50 {
				break
			}
		}
		for _, sort := range []string{"", "duration"} {
			seen := map[string]bool{}
			f := store.Filter{Query: "运费", Limit: 20, Sort: sort}
			for pages := 0; ; pages++ {
				require.Less(t, pages, 10)
				page, err := s.Calls(ctx, f)
				require.NoError(t, err)
				for _, r := range page.Items {
					assert.False(t, seen[r.ID], r.ID)
					seen[r.ID] = true
				}
				if f.Cursor = page.Next; f.Cursor == "" {
					break
				}
			}
			assert.Len(t, seen, 86, sort)
		}
	})
}
