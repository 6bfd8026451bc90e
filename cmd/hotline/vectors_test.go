package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr/onnx/onnxtest"
	"hotline/dialog/knowledge"
	"hotline/internal/config"
	"hotline/internal/testdata"
)

// What is computed ahead is what a server finds when it starts.
func TestVectorsAhead(t *testing.T) {
	onnxtest.Start(t)
	testdata.Model(t, "embed/e5-small-zhen")
	pack := filepath.Join(testdata.Root(t), "examples", "dental-zh")
	c := config.Default()
	c.Business, c.Models, c.Data.Dir = []string{pack}, testdata.ModelPath(t), t.TempDir()
	bs, err := loadBots(c.Business, senses{}, nil, nil, discard())
	require.NoError(t, err)
	require.Equal(t, []string{"zh"}, unlearned(c, bs.lines()))

	t.Setenv("HOTLINE_MODELS", strings.Join(c.Models, string(filepath.ListSeparator)))
	out, code := typed(t, "", "knowledge", "vectors", "--business", pack, "--data", c.Data.Dir)
	require.Zero(t, code, out)
	assert.Contains(t, out, "are compared by meaning")
	assert.Empty(t, unlearned(c, bs.lines()))

	local := localMeaning(t.Context(), c, discard())
	asked := &counted{Embedder: local.in("zh")}
	kept := keepVectors(c, vectorsName, "zh", asked)
	defer func() { require.NoError(t, errors.Join(kept.Close(), local.close())) }()
	bs, err = loadBots(c.Business, senses{questions: func(string) knowledge.Embedder { return kept }}, nil, nil, discard())
	require.NoError(t, err)
	assert.True(t, bs.lines()[0].index.Load().Meaning())
	assert.LessOrEqual(t, asked.texts, 1, "nothing but what the model is known by is computed again")
}

// counted counts the texts that a model embeds.
type counted struct {
	knowledge.Embedder
	texts int
}

func (c *counted) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	c.texts += len(texts)
	return c.Embedder.Embed(ctx, texts)
}
