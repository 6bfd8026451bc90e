package knowledge_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/internal/testdata"
)

var (
	fit       = flag.String("fit", "", "languages (zh,en) whose weights to fit and write")
	holdout   = flag.Bool("holdout", false, "with -fit, leave out the packs that measure, and measure")
	showWrong = flag.Bool("wrong", false, "show what is not right")
)

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
	all     bool // every text but the asked one is a variant, mostly
}

// TestFitWeights fits the fusion. It needs -fit, the shared texts and the installed
// embedding models; run
//
//	go test ./dialog/knowledge -run TestFitWeights -fit zh,en -timeout 1h
//
// With -holdout the packs that measure are left out, and nothing is written.
func TestFitWeights(t *testing.T) {
	if *fit == "" {
		t.Skip("run with -fit zh,en")
	}
	with := embedders(t)
	for language := range strings.SplitSeq(*fit, ",") {
		var out strings.Builder
		out.WriteString("package knowledge\n\n// Written by TestFitWeights -fit; see weights.go.\n")
		sources, noise := material(t, language)
		for _, meaning := range []bool{false, true} {
			var e knowledge.Embedder
			if meaning {
				e = with[language]
			}
			examples := observe(t, language, sources, noise, e)
			list := train(t, examples)
			t.Logf("%s meaning=%v %s", language, meaning, quality(examples, list))
			printWeights(&out, language, meaning, list)
			p, blind := retail(t, language)
			x := build(t, p, e)
			x.Use(list)
			report(t, fmt.Sprintf("retail-%s meaning=%v", language, meaning), x, p, blind)
			p = packtest.Hotel(t)
			if language == "en" {
				p = packtest.Gym(t)
			}
			x = build(t, p, e)
			x.Use(list)
			report(t, fmt.Sprintf("blind business, %s meaning=%v", language, meaning), x, p, everything(p))
		}
		if *holdout {
			continue
		}
		if err := os.WriteFile("weights_"+language+".go", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func printWeights(b *strings.Builder, language string, meaning bool, list []float64) {
	name := "fitted" + strings.ToUpper(language[:1]) + language[1:]
	if meaning {
		name += "Meaning"
	}
	fmt.Fprintf(b, "\nfunc %s() []float64 {\n\treturn []float64{", name)
	for i, x := range list {
		if i%16 == 0 {
			b.WriteString("\n\t\t")
		} else {
			b.WriteString(" ")
		}
		b.WriteString(strconv.FormatFloat(math.Round(x*1000)/1000, 'g', -1, 64) + ",")
	}
	b.WriteString("\n\t}\n}\n")
}

// trade are the categories that say what a business of the packs lives on.
const trade = "术后 正畸 种植 儿童 补牙 洗牙 拔牙 美白 治疗 修复 医保 空调 冰箱 洗衣机 热水器 厨房 电视 净水 扫地机 净化器 耳机 台灯 积分 会员 优惠 物流 退换 退款 下单 商品 联网 使用 应用 评价 就诊 检查 急诊 " +
	"rewards vacuum purifier earbuds returns refunds"

// elsewhere are intents of CLINC150 that are no shop's.
const elsewhere = `weather book_flight recipe translate timer alarm oil_change_how tire_pressure calories vaccines
	exchange_rate mpg meal_suggestion book_hotel car_rental fun_fact tell_joke insurance taxes income pto_request payday
	routing interest_rate credit_score jump_start gas traffic nutrition_info cook_time travel_suggestion roll_dice`

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
	foreign := map[string][]string{} // questions that only this trade is asked, by pack
	packs := func(names ...string) map[string][]string {
		by := map[string][]string{}
		for _, name := range names {
			p, _ := packtest.Example(t, testdata.Root(t), name, language)
			for _, q := range p.Pairs {
				id := name + " " + q.ID
				by[id] = append([]string{q.Question}, q.Variants...)
				answers[id] = q.Topic + " " + q.Category + " " + q.Answer
				if slices.Contains(strings.Fields(trade), q.Category) {
					foreign[name] = append(foreign[name], by[id]...)
				}
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
		var chat []string // what customers of a large shop write, of subjects that others do not share
		for _, row := range packtest.Rows(t, testdata.Shared(t, "intents/jddc_train.csv")) {
			if !slices.Contains([]string{"invoice", "payment", "order", "coupon_promo", "account"}, row["topic"]) {
				chat = append(chat, row["text"])
			}
		}
		away = append(away, chat[:len(chat)/2]...)
		shop, dentist, repair, both := packs("retail-zh"), packs("dental-zh"), packs("repair-zh"), packs("dental-zh", "repair-zh")
		others := slices.Concat(away[:len(away)-len(chat)/2], foreign["dental-zh"], foreign["repair-zh"])
		sources = []source{
			{by: dentist, outside: slices.Concat(away, foreign["retail-zh"], foreign["repair-zh"]), packs: 10, size: [2]int{25, 110}, weight: 1, all: true, answers: answers},
			{by: repair, outside: slices.Concat(away, foreign["retail-zh"], foreign["dental-zh"]), packs: 10, size: [2]int{25, 110}, weight: 1, all: true, answers: answers},
			{by: both, outside: slices.Concat(away, foreign["retail-zh"]), packs: 8, size: [2]int{120, 210}, weight: 1, all: true, answers: answers},
			{by: jddc, outside: slices.Concat(foreign["dental-zh"], foreign["repair-zh"]), packs: 12, size: [2]int{20, 60}, weight: 0.1},
		}
		if !*holdout {
			sources = append(sources, source{by: shop, outside: others, packs: 20, size: [2]int{25, 340}, weight: 1, all: true, answers: answers})
		}
	} else {
		clinc, oos := grouped("clinc150_train.csv")
		banking, _ := grouped("banking77_train.csv")
		shop := packs("retail-en")
		others := slices.Clone(oos)
		for k := range strings.FieldsSeq(elsewhere) {
			others = append(others, clinc[k]...)
		}
		sources = []source{
			{by: clinc, outside: slices.Concat(oos, oos, oos, foreign["retail-en"]), packs: 18, size: [2]int{20, 150}, weight: 0.5},
			{by: banking, outside: slices.Concat(others, foreign["retail-en"]), packs: 12, size: [2]int{20, 60}, weight: 0.3},
		}
		if !*holdout {
			sources = append(sources, source{by: shop, outside: others, packs: 30, size: [2]int{15, 190}, weight: 1, all: true, answers: answers})
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
	stranger := 12 // one in so many that are asked is a neighbour's
	if n <= 70 {
		stranger = 5
	}
	brief := r.IntN(3) == 0 // few wordings of each
	var pairs []knowledge.Pair
	ask := map[string][]string{} // by id, "" none
	for i, id := range ids {
		texts := slices.Clone(s.by[id])
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		if i >= n { // a neighbour that this business does not know
			if i < n+n/stranger {
				ask[""] = append(ask[""], texts[0])
			}
			continue
		}
		if len(texts) < 3 {
			continue
		}
		keep := texts[1:]
		if !s.all || brief {
			keep = texts[1:min(len(texts), 3+r.IntN(4))]
		}
		ask[id] = texts[:1:1]
		if r.IntN(3) == 0 {
			ask[id] = append(ask[id], packtest.Dress(r, keep[r.IntN(len(keep))]))
		}
		pairs = append(pairs, knowledge.Pair{ID: id, Question: keep[0], Variants: keep[1:], Answer: s.answers[id] + "…"})
	}
	for range n / 3 {
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

// quality tells how well the probabilities hold on what they were fitted to.
func quality(examples []example, list []float64) string {
	var bins [10]struct{ n, right, p float64 }
	inside, first := 0, 0
	for _, ex := range examples {
		p, _ := softmax(ex.o, list)
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
