package knowledge_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

// What is learned of the pairs is heard with the edit, and once edits rest it is what an
// index would learn that never saw another text.
func TestAnEditIsLearned(t *testing.T) {
	pack := packtest.Hotel(t)
	o := knowledge.Options{Language: pack.Language, Embedder: &spelling{}}
	before, err := knowledge.New(pack.Pairs, o)
	require.NoError(t, err)
	require.True(t, before.Settled())

	same := o
	same.Reuse = before
	again, err := knowledge.New(pack.Pairs, same)
	require.NoError(t, err)
	assert.True(t, again.Settled(), "nothing was edited")

	pairs := slices.Clone(pack.Pairs)[1:] // one is gone, one has another wording, one is new
	pairs[3].Variants = append(slices.Clone(pairs[3].Variants), "麻烦问一声那个事儿咋整呀")
	pairs = append(pairs, knowledge.Pair{ID: "umbrella", Question: "能借把雨伞吗", Variants: []string{"下雨了有伞借吗"}, Answer: "前台可以借伞。"})
	edited, err := knowledge.New(pairs, same)
	require.NoError(t, err)
	assert.False(t, edited.Settled())
	assert.Equal(t, "umbrella", edited.Find(t.Context(), knowledge.Query{Text: "你们有伞借吗"}).Top().Pair.ID)

	settled, err := edited.Settle(t.Context())
	require.NoError(t, err)
	assert.True(t, settled.Settled())
	assert.False(t, edited.Settled(), "the index in use is not changed")
	fresh, err := knowledge.New(pairs, o)
	require.NoError(t, err)
	for _, a := range append(pack.Asked, packtest.Asked{Text: "你们有伞借吗"}) {
		q := knowledge.Query{Text: a.Text}
		assert.Equal(t, fresh.Find(t.Context(), q), settled.Find(t.Context(), q), a.Text)
	}
	one, err := knowledge.New(pairs[:1], same) // the background alone is beside it
	require.NoError(t, err)
	assert.Equal(t, pairs[0].ID, one.Find(t.Context(), knowledge.Query{Text: pairs[0].Question}).Top().Pair.ID)
}
