package knowledge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/internal/testdata"
)

var (
	fit     = flag.Bool("fit", false, "fit the weights and write weights_fitted.go")
	embedZh = flag.String("embed-zh", "", "URL of an OpenAI-compatible embeddings endpoint for Chinese")
	embedEn = flag.String("embed-en", "", "the same for English")
)

// served asks an embeddings endpoint, once for each text.
type served struct {
	url   string
	known map[string][]float32
}

func (s *served) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	var ask []string
	for _, t := range texts {
		if s.known[t] == nil {
			ask = append(ask, t)
		}
	}
	if len(ask) > 0 {
		body, err := json.Marshal(map[string]any{"input": ask, "model": "embed"})
		if err != nil {
			return nil, err
		}
		// measured is the understanding, not this machine's speed: no deadline
		req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, s.url, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var out struct {
			Data []struct {
				Index     int
				Embedding []float32
			}
		}
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			return nil, err
		}
		if len(out.Data) != len(ask) {
			return nil, fmt.Errorf("%s gave %d vectors for %d texts", resp.Status, len(out.Data), len(ask))
		}
		for _, d := range out.Data {
			s.known[ask[d.Index]] = d.Embedding
		}
	}
	vs := make([][]float32, len(texts))
	for i, t := range texts {
		vs[i] = s.known[t]
	}
	return vs, nil
}

// embedder is the endpoint of a language, or nil.
func embedder(language string) knowledge.Embedder {
	url := *embedEn
	if language == "zh" {
		url = *embedZh
	}
	if url == "" {
		return nil
	}
	return &served{url, map[string][]float32{}}
}

// example is an observed text and which candidate was right (-1 none).
type example struct {
	o      knowledge.Observation
	right  int
	weight float64
}

// source is material for the fit: texts by what they mean.
type source struct {
	by      map[string][]string
	outside []string
	packs   int // how many businesses to cut from it
	size    [2]int
	weight  float64
	answers map[string]string
	all     bool // every text but the asked one is a variant
}

// TestFitWeights fits the fusion. It needs -fit and the shared texts; run
//
//	go test ./dialog/knowledge -run TestFitWeights -fit -embed-zh URL -embed-en URL -timeout 1h
func TestFitWeights(t *testing.T) {
	if !*fit {
		t.Skip("run with -fit")
	}
	var out strings.Builder
	out.WriteString("package knowledge\n\n// Written by TestFitWeights -fit; see weights.go. Order: the constants there.\n")
	for _, language := range []string{"zh", "en"} {
		e := embedder(language)
		sources, noise := material(t, language)
		for _, meaning := range []bool{false, true} {
			if meaning && e == nil {
				c, n := knowledge.WeightsFor(language, true)
				printWeights(&out, language, meaning, c, n)
				continue
			}
			with := e
			if !meaning {
				with = nil
			}
			examples := observe(t, language, sources, noise, with)
			c, n := train(t, examples, meaning)
			printWeights(&out, language, meaning, c, n)
			t.Logf("%s meaning=%v %s", language, meaning, quality(examples, c, n))
		}
	}
	if err := os.WriteFile("weights_fitted.go", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func printWeights(b *strings.Builder, language string, meaning bool, c, n []float64) {
	name := "fitted" + strings.ToUpper(language[:1]) + language[1:]
	if meaning {
		name += "Meaning"
	}
	list := func(v []float64) string {
		var parts []string
		for _, x := range v {
			parts = append(parts, fmt.Sprintf("%.3f", x))
		}
		return strings.Join(parts, ", ")
	}
	fmt.Fprintf(b, "\nfunc %s() weights {\n\treturn weights{\n\t\tcandidate: candidateWeights{%s},\n\t\tnone:      noneWeights{%s},\n\t}\n}\n", name, list(c), list(n))
}

// material is what the fit of a language learns from. The businesses that measure
// (hotel, gym) are not among it.
func material(t *testing.T, language string) ([]source, *packtest.Noise) {
	t.Helper()
	grouped := func(file string) (map[string][]string, []string) {
		by, oos := map[string][]string{}, []string(nil)
		for _, row := range packtest.Rows(t, testdata.Shared(t, "intents/"+file)) {
			if row["intent"] == "oos" {
				oos = append(oos, row["text"])
			} else {
				by[row["intent"]] = append(by[row["intent"]], row["text"])
			}
		}
		return by, oos
	}
	answers := map[string]string{}
	pack := func(name string) map[string][]string {
		by := map[string][]string{}
		if p, ok := packtest.Example(t, testdata.Root(t), name, language); ok {
			for _, q := range p.Pairs {
				by[q.ID] = append([]string{q.Question}, q.Variants...)
				answers[q.ID] = q.Topic + " " + q.Category + " " + q.Answer
			}
		}
		return by
	}
	var sources []source
	if language == "zh" {
		jddc, _ := grouped("jddc_train.csv")
		smp, _ := grouped("smp2017_train.csv")
		var away []string
		for _, k := range sorted(smp) {
			away = append(away, smp[k]...)
		}
		sources = []source{
			{by: pack("retail-zh"), outside: away, packs: 40, size: [2]int{25, 126}, weight: 1, all: true, answers: answers},
			{by: jddc, outside: away, packs: 25, size: [2]int{20, 60}, weight: 0.2},
		}
	} else {
		clinc, oos := grouped("clinc150_train.csv")
		banking, _ := grouped("banking77_train.csv")
		sources = []source{
			{by: pack("retail-en"), outside: oos, packs: 40, size: [2]int{15, 80}, weight: 1, all: true, answers: answers},
			{by: clinc, outside: oos, packs: 25, size: [2]int{20, 120}, weight: 0.6},
			{by: banking, outside: oos, packs: 15, size: [2]int{20, 60}, weight: 0.4},
		}
	}
	var texts []string
	for _, s := range sources {
		for _, k := range sorted(s.by) {
			texts = append(texts, s.by[k]...)
		}
	}
	return sources, packtest.NewNoise(texts)
}

// observe cuts businesses from the sources and asks them what they know, half of
// it spoiled, and what they do not.
func observe(t *testing.T, language string, sources []source, noise *packtest.Noise, e knowledge.Embedder) []example {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	var out []example
	for si, s := range sources {
		if len(s.by) < s.size[0] {
			t.Logf("source %d of %s is not here", si, language)
			continue
		}
		for range s.packs {
			out = append(out, cutPack(t, r, language, s, noise, e)...)
		}
	}
	return out
}

func cutPack(t *testing.T, r *rand.Rand, language string, s source, noise *packtest.Noise, e knowledge.Embedder) []example {
	t.Helper()
	ids := sorted(s.by)
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	n := min(s.size[0]+r.IntN(s.size[1]-s.size[0]+1), len(ids))
	var pairs []knowledge.Pair
	ask := map[string][]string{} // by id, "" none
	for i, id := range ids {
		texts := slices.Clone(s.by[id])
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		if i >= n { // a neighbour that this business does not know
			if i < n+n/6 {
				ask[""] = append(ask[""], texts[0])
			}
			continue
		}
		if len(texts) < 3 {
			continue
		}
		keep := texts[1:]
		if !s.all {
			keep = texts[1:min(len(texts), 4+r.IntN(4))]
		}
		ask[id] = texts[:1]
		pairs = append(pairs, knowledge.Pair{ID: id, Question: keep[0], Variants: keep[1:], Answer: s.answers[id] + "…"})
	}
	for range n / 10 {
		ask[""] = append(ask[""], s.outside[r.IntN(len(s.outside))])
	}
	x, err := knowledge.New(pairs, knowledge.Options{Language: language, Embedder: e, EmbedWithin: time.Hour, BuildWithin: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if x.EmbedErr() != nil {
		t.Fatal(x.EmbedErr())
	}
	var out []example
	for _, id := range sorted(ask) {
		for _, text := range ask[id] {
			if r.IntN(2) == 0 {
				text = noise.Spoil(r, text, 0.03+0.2*r.Float64())
			}
			if text == "" {
				continue
			}
			ex := example{o: x.Observe(text), right: -1, weight: s.weight}
			if id != "" {
				ex.right = slices.Index(ex.o.IDs, id)
				if ex.right < 0 && !s.all {
					continue // most often a label that is as good as another
				}
			}
			out = append(out, ex)
		}
	}
	return out
}

// train fits the conditional logit (Adam). No agreement may count against a
// candidate, so its weights stay at or above 0.
func train(t *testing.T, examples []example, meaning bool) (c, n []float64) {
	t.Helper()
	const rounds, l2, rate = 2500, 1e-4, 0.03
	nc := knowledge.CandidateFeatures
	w := make([]float64, nc+knowledge.NoneFeatures)
	m, v := make([]float64, len(w)), make([]float64, len(w))
	total := 0.0
	for _, ex := range examples {
		total += ex.weight
	}
	for round := range rounds {
		g := make([]float64, len(w))
		loss := 0.0
		for _, ex := range examples {
			p, none := softmax(ex.o, w[:nc], w[nc:])
			share := ex.weight / total
			if ex.right >= 0 {
				loss -= share * math.Log(max(p[ex.right], 1e-12))
			} else {
				loss -= share * math.Log(max(none, 1e-12))
			}
			for i, f := range ex.o.Candidates {
				d := p[i]
				if i == ex.right {
					d--
				}
				for k := range f {
					g[k] += share * d * f[k]
				}
			}
			d := none
			if ex.right < 0 {
				d--
			}
			for k, f := range ex.o.None {
				g[nc+k] += share * d * f
			}
		}
		for k := range w {
			if !meaning && (k >= knowledge.FMeaning && k < nc || k >= nc+knowledge.NMeaning) {
				continue
			}
			g[k] += l2 * w[k]
			m[k] = 0.9*m[k] + 0.1*g[k]
			v[k] = 0.999*v[k] + 0.001*g[k]*g[k]
			w[k] -= rate * (m[k] / (1 - math.Pow(0.9, float64(round+1)))) / (math.Sqrt(v[k]/(1-math.Pow(0.999, float64(round+1)))) + 1e-8)
			if k < nc {
				w[k] = max(w[k], 0)
			}
		}
		if round%500 == 499 {
			t.Logf("round %d: loss %.4f", round+1, loss)
		}
	}
	w[knowledge.FExact] = max(w[knowledge.FExact], 2) // never asked in the fit
	return w[:nc], w[nc:]
}

func softmax(o knowledge.Observation, c, n []float64) (p []float64, none float64) {
	dot := func(w, f []float64) float64 {
		s := 0.0
		for i := range w {
			s += w[i] * f[i]
		}
		return s
	}
	none = dot(n, o.None)
	top := none
	p = make([]float64, len(o.Candidates))
	for i, f := range o.Candidates {
		p[i] = dot(c, f)
		top = max(top, p[i])
	}
	sum := math.Exp(none - top)
	for i := range p {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, math.Exp(none-top) / sum
}

// quality tells how well the probabilities hold on what they were fitted to.
func quality(examples []example, c, n []float64) string {
	var bins [10]struct{ n, right, p float64 }
	inside, first := 0, 0
	for _, ex := range examples {
		p, _ := softmax(ex.o, c, n)
		best, at := 0.0, -1
		for i := range p {
			if p[i] > best {
				best, at = p[i], i
			}
		}
		b := &bins[min(int(best*10), 9)]
		b.n++
		b.p += best
		if at == ex.right && at >= 0 {
			b.right++
		}
		if ex.right >= 0 {
			inside++
			if at == ex.right {
				first++
			}
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%d texts, first right %.1f%%;", len(examples), 100*float64(first)/float64(max(inside, 1)))
	for i, b := range bins {
		if b.n > 0 {
			fmt.Fprintf(&s, " [.%d said %.2f is %.2f n %.0f]", i, b.p/b.n, b.right/b.n, b.n)
		}
	}
	return s.String()
}

func sorted[T any](m map[string]T) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}
