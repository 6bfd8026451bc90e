package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/store"
)

func version(pair string, n int, state, body string) store.KnowledgeVersion {
	return store.KnowledgeVersion{Business: "shop", Pair: pair, N: n, State: state, Body: body, Base: "b", Author: "li", Note: "why"}
}

func TestKnowledgeKeepsEveryVersion(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		require.NoError(t, s.AddKnowledge(t.Context(), version("a", 1, store.KnowledgeFile, "1"), version("a", 2, store.KnowledgePublished, "2"), version("b", 1, store.KnowledgeDraft, "x")))
		require.NoError(t, s.AddKnowledge(t.Context(), version("a", 3, store.KnowledgeDraft, "3")))
		require.ErrorIs(t, s.AddKnowledge(t.Context(), version("b", 2, store.KnowledgeDraft, "y"), version("a", 3, store.KnowledgeDraft, "late")), store.ErrStale)
		require.NoError(t, s.Close())

		s = p.open(t)
		heads, err := s.KnowledgeHeads(t.Context(), "shop")
		require.NoError(t, err)
		var got []string
		for _, v := range heads {
			got = append(got, fmt.Sprint(v.Pair, v.N, v.State, v.Body))
		}
		assert.Equal(t, []string{"a2published2", "a3draft3", "b1draftx"}, got, "the late writer's other version is not kept either")
		list, err := s.KnowledgeVersions(t.Context(), "shop", "a")
		require.NoError(t, err)
		require.Len(t, list, 3)
		assert.Equal(t, "3", list[0].Body)
		assert.Equal(t, "li", list[0].Author)
		assert.False(t, list[0].At.IsZero())
		none, err := s.KnowledgeHeads(t.Context(), "other")
		require.NoError(t, err)
		assert.Empty(t, none)

		require.NoError(t, s.SetKnowledgeBase(t.Context(), heads[:1], func(v store.KnowledgeVersion) string { return "of " + v.Body }))
		list, err = s.KnowledgeVersions(t.Context(), "shop", "a")
		require.NoError(t, err)
		assert.Equal(t, "of 2", list[1].Base)
	})
}

func TestOfEditorsAtOnceOneWins(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := s.AddKnowledge(t.Context(), version("a", 1, store.KnowledgeDraft, fmt.Sprint(i))); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, store.ErrStale)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, won.Load())
	})
}

func TestOldVersionsAreForgottenButTheOneInForce(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		list := []store.KnowledgeVersion{version("a", 1, store.KnowledgePublished, "in force")}
		for n := 2; n <= 260; n++ {
			list = append(list, version("a", n, store.KnowledgeDraft, "d"))
		}
		require.NoError(t, s.AddKnowledge(t.Context(), list...))
		kept, err := s.KnowledgeVersions(t.Context(), "shop", "a")
		require.NoError(t, err)
		assert.Len(t, kept, 201)
		assert.Equal(t, "in force", kept[200].Body)
	})
}
