package knowledge_test

import (
	"context"
	"encoding/gob"
	"errors"
	"flag"
	"io/fs"
	"os"
	"testing"

	"hotline/asr/onnx/onnxtest"
	"hotline/dialog/knowledge"
	"hotline/internal/embed"
	"hotline/internal/testdata"
)

var (
	meaning = flag.Bool("meaning", false, "measure with the installed embedding models too")
	vectors = flag.String("vectors", "", "file that keeps vectors between runs")
)

// remembered embeds each text once: a fit asks the same thousands of texts again.
type remembered struct {
	model embed.Embedder
	known map[string][]float32
}

// Embed ignores the deadline: measured is the understanding, not this machine's speed.
func (r *remembered) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	var ask []string
	for _, t := range texts {
		if r.known[t] == nil {
			ask = append(ask, t)
		}
	}
	if len(ask) > 0 {
		vs, err := r.model.Embed(context.WithoutCancel(ctx), ask)
		if err != nil {
			return nil, err
		}
		for i, t := range ask {
			r.known[t] = vs[i]
		}
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = r.known[t]
	}
	return out, nil
}

// embedders are the models that lines of a language are served with.
func embedders(t *testing.T) map[string]knowledge.Embedder {
	t.Helper()
	onnxtest.Start(t)
	out := map[string]knowledge.Embedder{}
	kept := map[string]map[string][]float32{}
	if *vectors != "" {
		f, err := os.Open(*vectors)
		if err == nil {
			err = errors.Join(gob.NewDecoder(f).Decode(&kept), f.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for language, ids := range map[string][]string{"zh": {"embed/e5-small-zhen"}, "en": {"embed/e5-small-zhen", "embed/minilm-l6-en"}} {
		var joined embed.Joined
		for _, id := range ids {
			m, err := embed.Open(testdata.Model(t, id), embed.Options{})
			if err != nil {
				t.Fatal(err)
			}
			joined = append(joined, m)
		}
		if kept[language] == nil {
			kept[language] = map[string][]float32{}
		}
		out[language] = &remembered{joined, kept[language]}
		t.Cleanup(func() {
			if err := joined.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if *vectors != "" {
		t.Cleanup(func() {
			f, err := os.Create(*vectors)
			if err == nil {
				err = errors.Join(gob.NewEncoder(f).Encode(kept), f.Close())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	return out
}
