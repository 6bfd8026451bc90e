package knowledge_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

const sure = 0.69 // the engine's threshold for an answer

// measured is what a business's measuring questions gave.
type measured struct {
	asked, first, answered, right, near int // near: among the first three
	outside, wrong                      int
}

func measure(x *knowledge.Index, p packtest.Pack, asked []packtest.Asked, spoil func(string) string) measured {
	var m measured
	for _, a := range asked {
		r := x.Find(context.Background(), knowledge.Query{Text: spoil(a.Text)})
		m.asked++
		for i, c := range r.Matches[:min(3, len(r.Matches))] {
			if c.Pair.ID == a.ID {
				m.near++
				if i == 0 {
					m.first++
				}
			}
		}
		if top := r.Top(); top != nil && top.Score >= sure {
			m.answered++
			if top.Pair.ID == a.ID {
				m.right++
			}
		}
	}
	for _, text := range p.Outside {
		m.outside++
		r := x.Find(context.Background(), knowledge.Query{Text: text})
		if top := r.Top(); top != nil && top.Score >= sure {
			m.wrong++
		}
	}
	return m
}

func (m measured) log(t *testing.T, what string) {
	t.Helper()
	pc := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	t.Logf("%s: first right %.1f%%, among three %.1f%%; answered %.1f%%, of these right %.1f%%; out of scope answered %.1f%%",
		what, pc(m.first, m.asked), pc(m.near, m.asked), pc(m.answered, m.asked), pc(m.right, m.answered), pc(m.wrong, m.outside))
}

func build(tb testing.TB, p packtest.Pack, e knowledge.Embedder) *knowledge.Index {
	tb.Helper()
	x, err := knowledge.New(p.Pairs, knowledge.Options{Language: p.Language, Embedder: e, EmbedWithin: time.Hour, BuildWithin: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	if x.EmbedErr() != nil {
		tb.Fatal(x.EmbedErr())
	}
	return x
}

func TestQuality(t *testing.T) {
	with := map[string]knowledge.Embedder{}
	if *meaning {
		with = embedders(t)
	}
	for _, p := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		var texts []string
		for _, q := range p.Pairs {
			texts = append(append(texts, q.Question, q.Answer), q.Variants...)
		}
		for _, a := range append(p.Asked, p.Far...) {
			texts = append(texts, a.Text)
		}
		noise := packtest.NewNoise(append(texts, p.Outside...))
		plain := func(s string) string { return s }
		r := rand.New(rand.NewPCG(1, 2))
		spoiled := func(s string) string { return noise.Spoil(r, s, 0.15) }
		for _, e := range []knowledge.Embedder{nil, with[p.Language]} {
			name := p.Language + " without embeddings"
			if e != nil {
				name = p.Language + " with embeddings"
			}
			x := build(t, p, e)
			measure(x, p, p.Asked, plain).log(t, name)
			measure(x, p, p.Asked, spoiled).log(t, name+", 15% misheard")
			measure(x, p, p.Far, plain).log(t, name+", far")
			if with[p.Language] == nil {
				break
			}
		}
	}
}
