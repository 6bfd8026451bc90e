package embed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/embed"
)

// counting is a model that counts the texts which it is given.
type counting struct {
	kind float32
	n    int
}

func (c *counting) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		c.n++
		out[i] = []float32{float32(len(t)), c.kind, 1}
	}
	return out, nil
}

func TestVectorsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vectors", "v.bin")
	ask := func(m *counting, texts ...string) [][]float32 {
		c := &embed.Cached{Next: m, Path: path, Max: 5}
		v, err := c.Embed(t.Context(), texts)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		return v
	}
	first := &counting{kind: 1}
	want := ask(first, "a", "bb")
	assert.Equal(t, 3, first.n, "two texts, and one to know the model by")

	second := &counting{kind: 1}
	assert.Equal(t, want, ask(second, "a", "bb"))
	assert.Equal(t, 1, second.n)
	ask(second, "a", "ccc", "bb")
	assert.Equal(t, 3, second.n, "only the new text")

	other := &counting{kind: 900}
	assert.InDelta(t, 900, ask(other, "a", "bb")[0][1], 0)
	assert.Equal(t, 3, other.n, "another model's vectors are not taken")

	// A file that was cut off, and one that is none.
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-3))
	cut := &counting{kind: 900}
	assert.InDelta(t, 2, ask(cut, "a", "bb")[1][0], 0)
	assert.Equal(t, 2, cut.n)
	require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o600))
	assert.InDelta(t, 1, ask(&counting{kind: 1}, "a", "bb")[0][0], 0)
}

func TestTheFileOfVectorsIsBoundedAndHoldsNoSingleTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.bin")
	m := &counting{kind: 1}
	c := &embed.Cached{Next: m, Path: path, Max: 10}
	defer func() { assert.NoError(t, c.Close()) }()
	for i := range 30 {
		_, err := c.Embed(t.Context(), []string{fmt.Sprint("q", i), fmt.Sprint("r", i)})
		require.NoError(t, err)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(18+4+12+10*(16+12)))
	for range 2 {
		before := m.n
		_, err = c.Embed(t.Context(), []string{"what a caller said"})
		require.NoError(t, err)
		assert.Equal(t, before+1, m.n)
	}
}

// A measurement beside a server must not move what the server has written.
func TestAnotherProcessHasTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.bin")
	m := &counting{kind: 1}
	first := &embed.Cached{Next: m, Path: path}
	want, err := first.Embed(t.Context(), []string{"a", "bb"})
	require.NoError(t, err)

	beside := &embed.Cached{Next: &counting{kind: 900}, Path: path}
	got, err := beside.Embed(t.Context(), []string{"a", "bb"})
	require.NoError(t, err)
	assert.InDelta(t, 900, got[0][1], 0)
	require.NoError(t, beside.Close())

	asked := m.n
	again, err := first.Embed(t.Context(), []string{"a", "bb"})
	require.NoError(t, err)
	assert.Equal(t, want, again)
	assert.Equal(t, asked, m.n, "the file is as it was")
	require.NoError(t, first.Close())

	next := &embed.Cached{Next: &counting{kind: 1}, Path: path}
	got, err = next.Embed(t.Context(), []string{"a", "bb"})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	require.NoError(t, next.Close())
}
