package knowledge_test

import (
	"context"
	"errors"
	"hash/fnv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

// spelling is an embedder of sorts: texts with common letters are near.
type spelling struct {
	fail   error
	inBulk int // texts of all calls
}

func (s *spelling) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = make([]float32, 48)
		out[i][0] = 1
		for _, r := range text {
			h := fnv.New32a()
			_, _ = h.Write([]byte(string(r)))
			out[i][h.Sum32()%48]++
		}
	}
	return out, s.fail
}

func (s *spelling) EmbedMany(ctx context.Context, texts []string) ([][]float32, error) {
	s.inBulk += len(texts)
	return s.Embed(ctx, texts)
}

// What is found for a text does not depend on the company that it is looked up in.
func TestManyAreFoundAsOneByOne(t *testing.T) {
	for _, pack := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		texts := append([]string{"", "?"}, pack.Outside...)
		for _, a := range append(pack.Asked, pack.Far...) {
			texts = append(texts, a.Text)
		}
		for name, e := range map[string]*spelling{"words": nil, "meaning": {}} {
			o := knowledge.Options{Language: pack.Language}
			if e != nil {
				o.Embedder = e
			}
			index, err := knowledge.New(pack.Pairs, o)
			require.NoError(t, err)
			require.Equal(t, e != nil, index.Meaning())
			for _, workers := range []int{1, 3} {
				all, err := index.FindAll(t.Context(), texts, workers)
				require.NoError(t, err)
				require.Len(t, all, len(texts))
				for i, text := range texts {
					assert.Equal(t, index.Find(t.Context(), knowledge.Query{Text: text}), all[i], "%s: %s", name, text)
				}
			}
			if e == nil {
				continue
			}
			assert.Greater(t, e.inBulk, len(texts))
			e.fail = errors.New("out of order")
			_, err = index.FindAll(t.Context(), texts, 2)
			require.ErrorIs(t, err, e.fail)
		}
	}
}

func TestFindAllObeysItsEnd(t *testing.T) {
	index, err := knowledge.New(packtest.Gym(t).Pairs, knowledge.Options{Language: "en"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = index.FindAll(ctx, []string{"when do you close"}, 2)
	require.ErrorIs(t, err, context.Canceled)
}
