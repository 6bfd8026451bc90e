package knowledge_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/internal/testdata"
)

// figures are how well ranking and probabilities hold on questions.
type figures struct {
	inside, first, near, listed int // near: among three, listed: among the candidates
	sure, sureRight, sureOut    int // answered by the score alone, right, and out of scope
	outside                     int
	at85                        float64 // precision of the surest, until 85 % of the inside ones are answered
	ece, brier                  float64
}

func figure(x *knowledge.Index, asked []packtest.Asked, prepare func(string) string) (figures, []string) {
	type scored struct {
		p             float64
		right, inside bool
	}
	var f figures
	var all []scored
	var wrong []string
	for _, a := range asked {
		text := prepare(a.Text)
		r := x.Find(context.Background(), knowledge.Query{Text: text})
		s := scored{inside: a.ID != ""}
		if top := r.Top(); top != nil {
			s.p, s.right = top.Score, top.Pair.ID == a.ID
			if !s.right && (a.ID != "" || s.p >= sure) {
				wrong = append(wrong, fmt.Sprintf("%s: %s %.2f, want %q", text, top.Pair.ID, s.p, a.ID))
			}
		}
		all = append(all, s)
		if !s.inside {
			f.outside++
			if s.p >= sure {
				f.sureOut++
			}
			continue
		}
		f.inside++
		if at := slices.IndexFunc(r.Matches, func(m knowledge.Match) bool { return m.Pair.ID == a.ID }); at >= 0 {
			f.listed++
			if at < 3 {
				f.near++
			}
		}
		if s.right {
			f.first++
		}
		if s.p >= sure {
			f.sure++
			if s.right {
				f.sureRight++
			}
		}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.p, a.p) })
	inside, right := 0, 0
	for i, s := range all {
		if s.inside {
			inside++
		}
		if s.right {
			right++
		}
		if inside*100 >= 85*f.inside {
			f.at85 = float64(right) / float64(i+1)
			break
		}
	}
	var bins [10]struct{ p, right float64 }
	for _, s := range all {
		b := &bins[min(int(s.p*10), 9)]
		b.p += s.p
		hit := 0.0
		if s.right {
			hit = 1
			b.right++
		}
		f.brier += (s.p - hit) * (s.p - hit) / float64(len(all))
	}
	for _, b := range bins {
		f.ece += math.Abs(b.p-b.right) / float64(len(all))
	}
	return f, wrong
}

func (f figures) String() string {
	pc := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	return fmt.Sprintf("%3d asked: first %.1f, of three %.1f, listed %.1f; by score alone answered %.1f, of these right %.1f, of %d outside %.1f; precision at 85 %% %.1f; ECE %.3f Brier %.3f",
		f.inside, pc(f.first, f.inside), pc(f.near, f.inside), pc(f.listed, f.inside), pc(f.sure, f.inside), pc(f.sureRight, f.sure), f.outside, pc(f.sureOut, f.outside), 100*f.at85, f.ece, f.brier)
}

// inOtherDress asks every pair in one of its own wordings, as another caller says it.
func inOtherDress(p packtest.Pack) []packtest.Asked {
	var out []packtest.Asked
	r := rand.New(rand.NewPCG(5, 5))
	for _, q := range p.Pairs {
		texts := append([]string{q.Question}, q.Variants...)
		out = append(out, packtest.Asked{Text: packtest.Dress(r, texts[r.IntN(len(texts))]), ID: q.ID})
	}
	return out
}

func retail(t *testing.T, language string) (packtest.Pack, []packtest.Asked) {
	t.Helper()
	p, ok := packtest.Example(t, testdata.Root(t), "retail-"+language, language)
	if !ok {
		t.Skip("examples/retail-" + language + " is not here")
	}
	return p, packtest.Blind(t, "blind-retail-"+language)
}

// report measures x on the blind questions, spoiled ones, and its own wordings in
// other dress.
func report(t *testing.T, name string, x *knowledge.Index, p packtest.Pack, blind []packtest.Asked) {
	t.Helper()
	texts := make([]string, 0, 10*len(p.Pairs))
	for _, q := range p.Pairs {
		texts = append(append(texts, q.Question, q.Answer), q.Variants...)
	}
	for _, a := range blind {
		texts = append(texts, a.Text)
	}
	noise := packtest.NewNoise(texts)
	r := rand.New(rand.NewPCG(1, 2))
	spoil := func(s string) string { return noise.Spoil(r, s, 0.15) }
	dressed := inOtherDress(p)
	f, wrong := figure(x, blind, strings.TrimSpace)
	t.Logf("%s, blind: %v", name, f)
	f, _ = figure(x, dressed, strings.TrimSpace)
	t.Logf("%s, near-verbatim: %v", name, f)
	f, _ = figure(x, blind, spoil)
	t.Logf("%s, 15 %% misheard: %v", name, f)
	if *showWrong {
		t.Log(strings.Join(wrong, "\n"))
	}
	r = rand.New(rand.NewPCG(1, 2))
	t.Logf("%s: the four suggestions hold the right one of 25 %% misheard blind %.1f %%, near-verbatim %.1f %%", name,
		100*suggested(x, p, blind, noise, r), 100*suggested(x, p, dressed, noise, r))
}

// suggested is the share of asked, misheard, of which Suggest has the right one.
func suggested(x *knowledge.Index, p packtest.Pack, asked []packtest.Asked, noise *packtest.Noise, r *rand.Rand) float64 {
	owner := map[string]string{}
	for _, q := range p.Pairs {
		for _, text := range append([]string{q.Question}, q.Variants...) {
			owner[text] = q.ID
		}
	}
	hit, n := 0, 0
	for _, a := range asked {
		if a.ID == "" {
			continue
		}
		n++
		if slices.ContainsFunc(x.Suggest(noise.Spoil(r, a.Text, 0.25), 4), func(s string) bool { return owner[s] == a.ID }) {
			hit++
		}
	}
	return float64(hit) / float64(max(n, 1))
}

// everything is what is asked of a business that measures.
func everything(p packtest.Pack) []packtest.Asked {
	all := slices.Concat(p.Asked, p.Far)
	for _, text := range p.Outside {
		all = append(all, packtest.Asked{Text: text})
	}
	return all
}

// TestLargePacks measures packs of hundreds of pairs by questions that were
// written from the list of subjects, before the wordings were read.
func TestLargePacks(t *testing.T) {
	with := map[string]knowledge.Embedder{}
	if *meaning {
		with = embedders(t)
	}
	for _, language := range []string{"zh", "en"} {
		p, blind := retail(t, language)
		report(t, "retail-"+language+" words", build(t, p, nil), p, blind)
		if e := with[language]; e != nil {
			report(t, "retail-"+language+" meaning", build(t, p, e), p, blind)
		}
	}
}

// In a pack of hundreds of pairs a text of a few words is still taken as speaking
// of what was answered before.
func TestEllipsisInLargePacks(t *testing.T) {
	for _, c := range []struct {
		language string
		turns    [][3]string // answered, said, meant
	}{
		{"zh", [][3]string{
			{"return-how", "那运费呢", "return-fee"},
			{"return-policy", "运费谁出", "return-fee"},
			{"repair-how", "那要多久呢", "repair-time"},
			{"repair-how", "多少钱呢", "repair-fee"},
			{"invoice-how", "那多久能开出来", "invoice-when"},
			{"exchange", "那要多久", "exchange-time"},
			{"refund-where", "那多久呢", "refund-time"},
			{"store-where", "那杭州呢", "store-hangzhou"},
			{"robot-choose", "那多少钱呢", "robot-price"},
			{"purifier-room", "那价格呢", "purifier-price"},
			{"points-earn", "那怎么用呢", "points-use"},
			{"coupon-get", "那怎么用呢", "coupon-use"},
			{"overseas", "那运费呢", "shipping-fee"},
			{"earphone-battery", "那防水吗", "earphone-water"},
		}},
		{"en", [][3]string{
			{"return-how", "and how much does that cost", "return-fee"},
			{"return-how", "and without the box?", "return-box"},
			{"store-where", "and in Chicago?", "store-chicago"},
			{"exchange", "and how long does that take?", "exchange-time"},
			{"robot-choose", "and how much?", "robot-price"},
			{"earbuds-battery", "and are they waterproof?", "earbuds-water"},
			{"refund-where", "and how long does that take?", "refund-time"},
			{"purifier-room", "and how much is it?", "purifier-price"},
		}},
	} {
		p, _ := retail(t, c.language)
		x := build(t, p, nil)
		n := 0
		for _, turn := range c.turns {
			r := x.Find(context.Background(), knowledge.Query{Text: turn[1], After: turn[0], Elliptical: true})
			if r.Matches[0].Pair.ID == turn[2] {
				n++
				continue
			}
			t.Logf("after %s, %q: %s %.2f, %s %.2f", turn[0], turn[1], r.Matches[0].Pair.ID, r.Matches[0].Score, r.Matches[1].Pair.ID, r.Matches[1].Score)
		}
		t.Logf("%s: %d of %d", c.language, n, len(c.turns))
		if n*100 < 75*len(c.turns) {
			t.Errorf("%s: %d of %d understood", c.language, n, len(c.turns))
		}
	}
}
