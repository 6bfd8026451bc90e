package store_test

import (
	"fmt"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ended(id string, at time.Time, lasted time.Duration, o call.Outcome) call.Record {
	r := record(id, at)
	r.AnsweredAt, r.EndedAt, r.Outcome = at, at.Add(lasted), o
	return r
}

// all walks through every page.
func all(t *testing.T, s *store.Store, f store.Filter) (ids []string) {
	t.Helper()
	for range 100 {
		p, err := s.Calls(t.Context(), f)
		require.NoError(t, err)
		for _, r := range p.Items {
			ids = append(ids, r.ID)
		}
		if f.Cursor = p.Next; p.Next == "" {
			return ids
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func TestCallListPages(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		var newest, longest []string
		for i := range 23 {
			id := fmt.Sprintf("id%02d", i)
			// Pairs share a start, so the id must decide; lengths run the other way.
			require.NoError(t, s.Begin(ctx, ended(id, noon.Add(time.Duration(i/2)*time.Second), time.Duration(30-i)*time.Second, call.Resolved)))
			newest, longest = append([]string{id}, newest...), append(longest, id)
		}
		for _, limit := range []int{1, 4, 22, 23, 24} {
			assert.Equal(t, newest, all(t, s, store.Filter{Limit: limit}), "limit %d", limit)
			assert.Equal(t, longest, all(t, s, store.Filter{Limit: limit, Oldest: true}), "limit %d", limit)
			assert.Equal(t, longest, all(t, s, store.Filter{Limit: limit, Sort: "duration"}), "limit %d", limit)
		}
		p1, err := s.Calls(ctx, store.Filter{Limit: 2})
		require.NoError(t, err)
		for _, c := range []string{"x", p1.Next + "x", "e30"} {
			_, err = s.Calls(ctx, store.Filter{Cursor: c})
			require.ErrorIs(t, err, store.ErrCursor, c)
		}
		_, err = s.Calls(ctx, store.Filter{Cursor: p1.Next, Sort: "duration"})
		require.ErrorIs(t, err, store.ErrCursor)
		_, err = s.Calls(ctx, store.Filter{Sort: "caller"})
		require.Error(t, err)
	})
}

func TestCallListFilters(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		put := func(r call.Record, change func(*call.Record)) {
			change(&r)
			require.NoError(t, s.Begin(ctx, r))
		}
		put(ended("a", noon, time.Minute, call.Resolved), func(r *call.Record) { r.Caller = "sip:+8613800138000@carrier.example;user=phone" })
		put(ended("b", noon.Add(time.Hour), time.Minute, call.Transferred), func(r *call.Record) { r.Caller, r.Agent = "02155551234", "agent1" })
		put(record("c", noon.Add(2*time.Hour)), func(r *call.Record) { r.Line, r.Caller, r.Called = "en", "alice", "8001" })
		put(ended("d", noon.Add(3*time.Hour), time.Minute, call.Abandoned), func(r *call.Record) {
			r.Direction, r.Caller, r.Called = "outbound", "8000", "13900139000"
		})
		yes, no := true, false
		for name, c := range map[string]struct {
			f    store.Filter
			want []string
		}{
			"live":         {store.Filter{Live: &yes}, []string{"c"}},
			"ended":        {store.Filter{Live: &no}, []string{"d", "b", "a"}},
			"dates":        {store.Filter{From: noon.Add(time.Hour), To: noon.Add(3 * time.Hour)}, []string{"c", "b"}},
			"outcomes":     {store.Filter{Outcomes: []call.Outcome{call.Resolved, call.Abandoned}}, []string{"d", "a"}},
			"line":         {store.Filter{Line: "en"}, []string{"c"}},
			"direction":    {store.Filter{Direction: "outbound"}, []string{"d"}},
			"agent":        {store.Filter{Agent: "agent1"}, []string{"b"}},
			"number":       {store.Filter{Number: "138 0013 8000"}, []string{"a"}},
			"with country": {store.Filter{Number: "008613800138000"}, []string{"a"}},
			"dialled":      {store.Filter{Number: "13900139000"}, []string{"d"}},
			"tail":         {store.Filter{Number: "1234"}, []string{"b"}},
			"name":         {store.Filter{Number: "Alice"}, []string{"c"}},
			"extension":    {store.Filter{Number: "8000"}, []string{"d", "b", "a"}}, // called, or the tail of a caller
			"part":         {store.Filter{Number: "1380013"}, nil},
			"together":     {store.Filter{Number: "8000", Outcomes: []call.Outcome{call.Resolved}}, []string{"a"}},
		} {
			assert.Equal(t, c.want, all(t, s, c.f), name)
		}
	})
}

func TestNormalNumber(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000": "13800138000", "+86 138-0013-8000": "13800138000", "008613800138000": "13800138000",
		"8613800138000": "13800138000", "tel:+44 20 7946 0958": "442079460958", "sip:8000@10.0.0.1:5060": "8000",
		"SIP:Bob@example.com;x=y": "bob", "(021) 5555-1234": "02155551234", "": "", "  ": "", "王芳": "王芳", "86": "86",
	} {
		assert.Equal(t, want, store.NormalNumber(in), in)
	}
}

func TestLastTurns(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		for _, id := range []string{"a", "b"} {
			require.NoError(t, s.Begin(ctx, record(id, noon)))
		}
		for i, text := range []string{"你好", "我要退货"} {
			require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: "a", Index: i, Speaker: "caller", Text: text}))
		}
		last, err := s.LastTurns(ctx, []string{"a", "b"})
		require.NoError(t, err)
		require.Len(t, last, 1)
		assert.Equal(t, "我要退货", last["a"].Text)
	})
}

func TestFigures(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		p.now = func() time.Time { return noon.Add(30 * time.Minute) }
		ctx := t.Context()
		s := p.open(t)
		require.NoError(t, s.Begin(ctx, ended("a", noon, time.Minute, call.Resolved)))
		require.NoError(t, s.Begin(ctx, ended("b", noon.Add(90*time.Minute), time.Minute, call.Resolved)))
		require.NoError(t, s.Begin(ctx, ended("c", noon.Add(119*time.Minute), time.Minute, call.Transferred)))
		require.NoError(t, s.Begin(ctx, ended("d", noon.Add(2*time.Hour), time.Minute, call.Abandoned)))
		for i := range 100 {
			require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: "a", Index: i, ResponseMS: int64(i * 10)})) // 0 is no measure
		}
		f, err := s.Figures(ctx, noon, noon.Add(2*time.Hour))
		require.NoError(t, err)
		assert.Equal(t, store.Figures{
			Calls: 3, Outcomes: map[call.Outcome]int{call.Resolved: 2, call.Transferred: 1}, Hours: []int{1, 2},
			Turns: 99, ResponseP50: 500, ResponseP95: 950,
		}, f)
		f, err = s.Figures(ctx, noon.Add(-time.Hour), noon)
		require.NoError(t, err)
		assert.Zero(t, f.Calls)
		assert.Zero(t, f.ResponseP95)
	})
}

func TestWishes(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		for i, kind := range []string{"callback", "message", "ticket"} {
			require.NoError(t, s.AddWish(ctx, call.Wish{
				ID: kind, Kind: kind, Call: "gone", Number: "13800138000", When: "明天下午", At: noon.Add(27 * time.Hour), Summary: "退款", Reason: "asked",
				Fields: map[string]string{"order": "1234"}, CreatedAt: noon.Add(time.Duration(i) * time.Second),
			}))
		}
		require.NoError(t, s.AddWish(ctx, call.Wish{ID: "ticket", Summary: "again"}), "the same promise twice is one")
		n, err := s.OpenWishes(ctx)
		require.NoError(t, err)
		assert.Equal(t, 3, n)

		p1, err := s.Wishes(ctx, store.WishFilter{Limit: 2})
		require.NoError(t, err)
		require.Len(t, p1.Items, 2)
		p2, err := s.Wishes(ctx, store.WishFilter{Limit: 2, Cursor: p1.Next})
		require.NoError(t, err)
		require.Len(t, p2.Items, 1)
		assert.Empty(t, p2.Next)
		assert.Equal(t, call.Wish{
			ID: "callback", Kind: "callback", Call: "gone", Number: "13800138000", When: "明天下午", At: noon.Add(27 * time.Hour), Summary: "退款", Reason: "asked",
			Fields: map[string]string{"order": "1234"}, State: "open", CreatedAt: noon, Next: noon.Add(27 * time.Hour),
		}, p2.Items[0].Wish)

		require.NoError(t, s.SetWish(ctx, "message", true, "wang"))
		w, err := s.Wish(ctx, "message")
		require.NoError(t, err)
		assert.Equal(t, "done", w.State)
		assert.Equal(t, "wang", w.DoneBy)
		assert.False(t, w.DoneAt.IsZero())
		open, err := s.Wishes(ctx, store.WishFilter{State: store.WishOpen, Number: "+8613800138000", Call: "gone"})
		require.NoError(t, err)
		assert.Len(t, open.Items, 2)
		require.NoError(t, s.SetWish(ctx, "message", false, "wang"))
		w, err = s.Wish(ctx, "message")
		require.NoError(t, err)
		assert.Equal(t, "open", w.State)
		assert.Empty(t, w.DoneBy)
		require.ErrorIs(t, s.SetWish(ctx, "nothing", true, "wang"), store.ErrNotFound)
	})
}
