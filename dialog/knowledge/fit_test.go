package knowledge_test

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/testdata"
)

var (
	fit       = flag.String("fit", "", "languages (zh,en) whose weights to fit and write")
	only      = flag.String("only", "", "with -fit, fit words or meaning, and leave the other as it is")
	holdout   = flag.Bool("holdout", false, "with -fit, leave out the packs that measure, and measure")
	showWrong = flag.Bool("wrong", false, "show what is not right")
)

// example is an observed text and which candidates are right.
type example struct {
	o      knowledge.Observation
	right  []int // none: it means nothing that the business knows
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
	same    map[string]string // by id, what answers the same
	all     bool              // every text but the asked one is a variant, mostly
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
			if *only == "words" && meaning || *only == "meaning" && !meaning {
				printWeights(&out, language, meaning, knowledge.Fitted(language, meaning))
				continue
			}
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
	answers, same := map[string]string{}, map[string]string{}
	foreign := map[string][]string{} // questions that only this trade is asked, by pack
	packs := func(names ...string) map[string][]string {
		by := map[string][]string{}
		for _, name := range names {
			b, _ := business.Load(filepath.Join(testdata.Root(t), "examples", name))
			for _, q := range b.Lines[0].Pairs() {
				id := name + " " + q.ID
				by[id] = append([]string{q.Question}, q.Variants...)
				answers[id] = q.Topic + " " + q.Category + " " + q.Answer
				same[id] = name + " " + cmp.Or(q.Flow, b.Flows.ForPair(q.ID), b.Flows.OfferedBy(q.ID), q.Say())
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
			{by: dentist, outside: slices.Concat(away, foreign["retail-zh"], foreign["repair-zh"]), packs: 10, size: [2]int{25, 110}, weight: 1, all: true, answers: answers, same: same},
			{by: repair, outside: slices.Concat(away, foreign["retail-zh"], foreign["dental-zh"]), packs: 10, size: [2]int{25, 110}, weight: 1, all: true, answers: answers, same: same},
			{by: both, outside: slices.Concat(away, foreign["retail-zh"]), packs: 8, size: [2]int{120, 210}, weight: 1, all: true, answers: answers, same: same},
			{by: jddc, outside: slices.Concat(foreign["dental-zh"], foreign["repair-zh"]), packs: 12, size: [2]int{20, 60}, weight: 0.1},
		}
		if !*holdout {
			sources = append(sources, source{by: shop, outside: others, packs: 20, size: [2]int{60, len(shop)}, weight: 1, all: true, answers: answers, same: same})
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
			sources = append(sources, source{by: shop, outside: others, packs: 30, size: [2]int{15, 190}, weight: 1, all: true, answers: answers, same: same})
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
	// what has few pairs is asked for more that it does not know
	for range n/5 + 25 {
		ask[""] = append(ask[""], s.outside[r.IntN(len(s.outside))])
	}
	x, err := knowledge.New(pairs, knowledge.Options{Language: language, Embedder: e, EmbedWithin: time.Hour, BuildWithin: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if x.EmbedErr() != nil {
		t.Fatal(x.EmbedErr())
	}
	said := smallTalk(language)
	for range n/12 + 1 {
		ask[""] = append(ask[""], said[r.IntN(len(said))])
	}
	var out []example
	for _, id := range sorted(ask) {
		for _, text := range ask[id] {
			if s.answers != nil && r.IntN(5) == 0 {
				text = ramble(r, language, text)
			}
			if r.IntN(3) == 0 {
				text = noise.Spoil(r, text, 0.03+0.17*r.Float64())
			}
			if text == "" {
				continue
			}
			ex := example{o: x.Observe(text), weight: s.weight}
			if id != "" {
				for i, other := range ex.o.IDs {
					if other == id || s.same[id] != "" && s.same[other] == s.same[id] {
						ex.right = append(ex.right, i)
					}
				}
				if ex.right == nil && !s.all {
					continue // most often a label that is as good as another
				}
			}
			out = append(out, ex)
		}
	}
	return out
}

// ramble puts around text what callers tell along with it.
func ramble(r *rand.Rand, language, text string) string {
	before, behind := ramblingEnglish[0], ramblingEnglish[1]
	if language == "zh" {
		before, behind = ramblingChinese[0], ramblingChinese[1]
	}
	if r.IntN(3) > 0 {
		text = before[r.IntN(len(before))] + text
	}
	if r.IntN(3) == 0 {
		text += behind[r.IntN(len(behind))]
	}
	return text
}

// What is told along with a question, before and behind it.
var (
	ramblingChinese = [2][]string{
		{
			"我前两天在你们这儿办过一次，", "哎我跟你说个事儿啊，", "家里老人不会弄，", "我上礼拜就打过电话了，", "是这么个情况，", "我这人比较急，", "那个什么，我朋友推荐的，",
			"我看了半天没看明白，", "昨天晚上我就想问了，", "我在外地上班，", "你先听我说，", "头一回找你们，", "我爱人让我问的，", "刚才那个人没说清楚，", "对了还有个事，",
		},
		{"，我搞不来", "，你给说说", "，急着用呢", "，我等着回话", "，不知道行不行", "，你别嫌我啰嗦", "，我也不太懂这个", "，上回就没弄明白", "，我爱人天天催我", "，实在没办法了"},
	}
	ramblingEnglish = [2][]string{
		{
			"hi, I called last week already, ", "so my husband asked me to find out, ", "okay this might be a silly question but ", "I've been looking everywhere for this, ", "we're away at the moment and ",
			"listen, I'm in a bit of a hurry, ", "it's my first time with you, ", "the last person didn't really explain it, ", "sorry, one more thing, ", "my mother can't do this herself, so ", "right, so yesterday I was wondering, ",
		},
		{", I can't figure it out", ", I've no idea about these things", ", it's for my mum", ", could you explain it to me", ", if that makes any sense", ", I need to know today", ", nobody told me", ", I'm getting nowhere"},
	}
)

// smallTalk is what callers say that asks nothing.
func smallTalk(language string) []string {
	if language == "zh" {
		return strings.Fields(smallTalkChinese)
	}
	return strings.Split(strings.TrimSpace(smallTalkEnglish), "\n")
}

const smallTalkChinese = `
知道了谢谢 行我知道了 好的明白了 好吧那就这样 嗯我再想想 那我回头再说 行行行我晓得了 好嘞辛苦你了 哦原来是这样 那行吧我先试试 我先看看再说 哦哦懂了懂了
没事了没事了 暂时没有别的了 不用麻烦了 我自己弄吧 你稍等我找一下 等下我拿个笔 我看一眼手机 喂能听见吗 听得到吗 你说什么我没听清 信号不太好 我在开车呢
今天挺忙的吧 你声音真好听 你还挺聪明 辛苦了啊小姑娘 吃饭了吗 哈哈哈你真逗 哎呀烦死了 气死我了真是 怎么这样啊 不会吧 真的假的 那可太好了 太麻烦了吧
我跟我老婆商量商量 让我考虑一下 我问问我儿子 我不是说这个 你没明白我的意思 我说的不是这个意思 不是不是你搞错了 刚才说到哪了 那个那个叫什么来着 就是那个东西嘛 你说呢 我也不知道
随便吧 都可以 无所谓 先这样 改天再打给你 我这边有人找我 稍等一会儿啊 孩子在哭 我接个电话
`

const smallTalkEnglish = `
got it thanks
okay i see
right that makes sense
alright then
fine i'll give it a try
let me think about it
i'll call back later
that's all for now
no worries i'll sort it out myself
hold on i need to find a pen
give me a second
can you hear me
sorry i didn't catch that
the line is really bad
i'm driving right now
how are you doing today
you have a lovely voice
you're pretty smart for a machine
oh for heaven's sake
this is so annoying
you're kidding me
really is that so
that's wonderful news
i have to talk to my wife first
that's not what i meant
you misunderstood me
no no you've got it wrong
where were we
what was it called again
you know the thing
i don't know either
whatever
doesn't matter
someone's at the door
the baby is crying
i'll ask my son
oh i see now
great have a nice day
hmm interesting
never mind that
`

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
		if slices.Contains(ex.right, at) {
			b.right++
		}
		if ex.right != nil {
			inside++
			if slices.Contains(ex.right, at) {
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
