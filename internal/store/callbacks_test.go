package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/store"
)

func TestCallbacksAreRungOnce(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		at := noon.Add(time.Hour)
		for id, w := range map[string]call.Wish{
			"late": {At: at.Add(time.Minute)}, "soon": {At: at}, "whenever": {When: "有空的时候"}, "message": {Kind: "message", At: at}, "done": {At: at, State: store.WishDone},
		} {
			w.ID, w.Number = id, "13800138000"
			if w.Kind == "" {
				w.Kind = "callback"
			}
			require.NoError(t, s.AddWish(ctx, w))
		}
		due, err := s.DueCallbacks(ctx, at.Add(-time.Second), 10)
		require.NoError(t, err)
		assert.Empty(t, due)
		due, err = s.DueCallbacks(ctx, at.Add(time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, due, 2)
		assert.Equal(t, "soon", due[0].ID)
		assert.Equal(t, "13800138000", due[0].Number)

		mine, err := s.RingCallback(ctx, "soon", "C", at)
		require.NoError(t, err)
		assert.True(t, mine)
		mine, err = s.RingCallback(ctx, "soon", "D", at)
		require.NoError(t, err)
		assert.False(t, mine)
		rung, err := s.RungCallbacks(ctx)
		require.NoError(t, err)
		require.Len(t, rung, 1)
		assert.Equal(t, "C", rung[0].Calling)
		assert.Equal(t, at, rung[0].RungAt)
		assert.Equal(t, 1, rung[0].Tries)

		require.NoError(t, s.AfterCallback(ctx, "soon", true, at.Add(2*time.Hour), "no_answer"))
		require.ErrorIs(t, s.AfterCallback(ctx, "soon", true, at, "no_answer"), store.ErrNotFound, "it is settled")
		w, err := s.Wish(ctx, "soon")
		require.NoError(t, err)
		assert.Equal(t, []any{"", 1, at.Add(2 * time.Hour), "no_answer"}, []any{w.Calling, w.Tries, w.Next, w.Trouble})
		due, err = s.DueCallbacks(ctx, at.Add(time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)

		require.NoError(t, s.MoveCallback(ctx, "whenever", at))
		require.NoError(t, s.MoveCallback(ctx, "late", time.Time{}), "left to people")
		due, err = s.DueCallbacks(ctx, at.Add(time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
		assert.Equal(t, "whenever", due[0].ID)
		require.ErrorIs(t, s.MoveCallback(ctx, "message", at), store.ErrNotFound)
	})
}
