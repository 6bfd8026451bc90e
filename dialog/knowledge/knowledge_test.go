package knowledge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

func shop(tb testing.TB, o knowledge.Options) *knowledge.Index {
	tb.Helper()
	x, err := knowledge.New([]knowledge.Pair{
		{ID: "ship", Question: "什么时候发货?", Variants: []string{"下单后多久发货", "今天能发货吗"}, Answer: "四十八小时内。", Category: "物流"},
		{ID: "cod", Question: "可以货到付款吗?", Variants: []string{"支持货到付款吗", "收到再付钱行不行"}, Answer: "可以。", Category: "支付"},
		{ID: "hours", Question: "你们几点开门?", Variants: []string{"营业时间是什么", "几点关门"}, Answer: "十点。", Category: "门店"},
		{ID: "return", Question: "怎么退货?", Variants: []string{"我要退货", "不想要了怎么退"}, Answer: "点退货。", Category: "售后", Lines: []string{"a"}},
		{ID: "sale", Question: "现在有什么活动?", Answer: "满减。", ValidFrom: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), ValidTo: time.Date(2026, 6, 19, 0, 0, 0, 0, time.UTC)},
	}, o)
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

func top(x *knowledge.Index, q knowledge.Query) string {
	if m := x.Find(context.Background(), q).Top(); m != nil && m.Score >= sure {
		return m.Pair.ID
	}
	return ""
}

// Recognisers write what sounds the same; the examples are real.
func TestSoundAlike(t *testing.T) {
	x := shop(t, knowledge.Options{})
	for text, want := range map[string]string{
		"什么时候发火": "ship", "你们集点开门": "hours", "可以乎到付款吗": "cod", "怎么推货": "return", "什么时候花货": "ship", "嗯请问一下那个怎么退或啊": "return",
	} {
		if got := top(x, knowledge.Query{Text: text}); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	en, err := knowledge.New([]knowledge.Pair{
		{ID: "refund", Question: "How do I get a refund?", Variants: []string{"I want my money back", "refund please"}, Answer: "…"},
		{ID: "hours", Question: "What are your opening hours?", Variants: []string{"When do you open?"}, Answer: "…"},
		{ID: "ship", Question: "How long does shipping take?", Variants: []string{"When will my package arrive?"}, Answer: "…"},
	}, knowledge.Options{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"how do i get a re fund": "refund", "what are your opening ours": "hours", "how long does chipping take": "ship"} {
		// a business of three pairs is sure of little: clearly first will do
		if m := en.Find(context.Background(), knowledge.Query{Text: text}).Top(); m == nil || m.Pair.ID != want || m.Score < 0.6 {
			t.Errorf("%s: %+v, want %q", text, m, want)
		}
	}
}

func TestLinesAndValidity(t *testing.T) {
	x := shop(t, knowledge.Options{})
	june := time.Date(2026, 6, 18, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		q    knowledge.Query
		want string
	}{
		{knowledge.Query{Text: "怎么退货", Line: "a"}, "return"},
		{knowledge.Query{Text: "怎么退货", Line: "b"}, ""},
		{knowledge.Query{Text: "现在有什么活动", Now: june}, "sale"},
		{knowledge.Query{Text: "现在有什么活动", Now: june.Add(time.Hour)}, ""},
		{knowledge.Query{Text: "现在有什么活动", Now: june.AddDate(0, -1, 0)}, ""},
	} {
		if got := top(x, c.q); got != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
	}
}

func TestScoresAreProbabilities(t *testing.T) {
	p := packtest.Hotel(t)
	x := build(t, p, nil)
	for _, a := range p.Far {
		r := x.Find(context.Background(), knowledge.Query{Text: a.Text})
		sum := r.None
		last := 1.0
		for _, m := range r.Matches {
			if m.Score < 0 || m.Score > last {
				t.Fatalf("%s: %v", a.Text, r)
			}
			last = m.Score
			sum += m.Score
		}
		if sum < 0.999 || sum > 1.001 {
			t.Errorf("%s: sum %v", a.Text, sum)
		}
	}
}

func TestAlternatives(t *testing.T) {
	x := shop(t, knowledge.Options{})
	if got := top(x, knowledge.Query{Text: "神马都有", Alternatives: []string{"", "我要退货"}}); got != "return" {
		t.Errorf("%q", got)
	}
}

func TestNewTellsWhatIsWrong(t *testing.T) {
	for want, pairs := range map[string][]knowledge.Pair{
		"no id":    {{Question: "几点开门", Answer: "十点"}},
		"question": {{ID: "a", Answer: "十点"}},
		"answer":   {{ID: "a", Question: "几点开门"}},
		"twice":    {{ID: "a", Question: "几点开门", Answer: "x"}, {ID: "a", Question: "几点关门", Answer: "x"}},
	} {
		if _, err := knowledge.New(pairs, knowledge.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	x, err := knowledge.New(nil, knowledge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := x.Find(context.Background(), knowledge.Query{Text: "你好"}); r.None != 1 || r.Top() != nil {
		t.Errorf("%+v", r)
	}
	if x.Suggest("你好", 3) != nil || len(x.Search("你好", 3)) != 0 {
		t.Error("something out of nothing")
	}
}

func TestSuggest(t *testing.T) {
	x := shop(t, knowledge.Options{})
	got := x.Suggest("什么时候发火", 3)
	if len(got) == 0 || got[0] != "什么时候发货?" {
		t.Errorf("%q", got)
	}
	if n := len(x.Suggest("货", 2)); n > 2 {
		t.Errorf("%d", n)
	}
}

func TestVocabulary(t *testing.T) {
	x := shop(t, knowledge.Options{Terms: []string{"云上商城"}})
	v := x.Vocabulary()
	if v[0] != "云上商城" || !slices.Contains(v, "货到付款") && !slices.Contains(v, "发货") {
		t.Errorf("%q", v)
	}
	if v := build(t, packtest.Gym(t), nil).Vocabulary(); !slices.Contains(v, "membership") || slices.Contains(v, "the") {
		t.Errorf("%q", v)
	}
}

// letters is an embedder without a model: texts of the same characters are near.
type letters struct {
	mu    sync.Mutex
	calls int
	fail  error
	dim   int
	stall bool
}

func (l *letters) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	l.mu.Lock()
	l.calls++
	fail, dim, stall := l.fail, l.dim, l.stall
	l.mu.Unlock()
	if stall {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if fail != nil {
		return nil, fail
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, dim)
		for _, r := range t {
			out[i][int(r)%dim]++
		}
	}
	return out, nil
}

func (l *letters) set(f func(*letters)) {
	l.mu.Lock()
	f(l)
	l.mu.Unlock()
}

func TestEmbedderMayVanish(t *testing.T) {
	now := time.Unix(1000, 0)
	e := &letters{dim: 64}
	x := shop(t, knowledge.Options{Embedder: e, EmbedWithin: time.Millisecond, Now: func() time.Time { return now }})
	if !x.Meaning() || x.EmbedErr() != nil {
		t.Fatal(x.EmbedErr())
	}
	find := func() (string, float64) {
		m := x.Find(context.Background(), knowledge.Query{Text: "怎么退货"}).Top()
		return m.Pair.ID, m.Meaning
	}
	if id, meaning := find(); id != "return" || meaning == 0 {
		t.Errorf("%s %v", id, meaning)
	}
	for _, broken := range []func(*letters){
		func(l *letters) { l.fail = errors.New("gone") },
		func(l *letters) { l.fail, l.dim = nil, 7 },
		func(l *letters) { l.dim, l.stall = 64, true },
	} {
		e.set(broken)
		if id, meaning := find(); id != "return" || meaning != 0 {
			t.Errorf("without: %s %v", id, meaning)
		}
	}
	e.set(func(l *letters) { l.stall = false })
	before := e.calls
	find()
	if e.calls != before {
		t.Error("it is asked though it failed three times")
	}
	now = now.Add(6 * time.Second)
	if _, meaning := find(); meaning == 0 {
		t.Error("it is not asked again after a pause")
	}
}

func TestIndexWithoutAnEmbedderThatFails(t *testing.T) {
	x := shop(t, knowledge.Options{Embedder: &letters{fail: errors.New("no model")}})
	if x.Meaning() || x.EmbedErr() == nil {
		t.Error("it should have gone on without and told why")
	}
	if got := top(x, knowledge.Query{Text: "怎么退货"}); got != "return" {
		t.Errorf("%q", got)
	}
}

func TestVectorsAreReused(t *testing.T) {
	e := &letters{dim: 64}
	plain := shop(t, knowledge.Options{})
	x, err := plain.WithEmbedder(context.Background(), e, nil)
	if err != nil || plain.Meaning() || !x.Meaning() {
		t.Fatal(err)
	}
	calls := e.calls
	y := shop(t, knowledge.Options{Embedder: e, Reuse: x})
	if e.calls != calls || !y.Meaning() {
		t.Errorf("%d calls more", e.calls-calls)
	}
}

func TestSwapWhileSearching(t *testing.T) {
	live := knowledge.NewLive(shop(t, knowledge.Options{}))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if got := top(live.Load(), knowledge.Query{Text: "怎么退货", Line: "a", After: "ship"}); got != "return" {
					t.Errorf("%q", got)
				}
				live.Load().Suggest("退货", 3)
			}
		})
	}
	for range 20 {
		live.Swap(shop(t, knowledge.Options{}))
	}
	wg.Wait()
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"怎么退货", "how do I return", "", "１３８ 2.5 〇幺", "\xff", "👍🏽", strings.Repeat("退", 5000)} {
		f.Add(s)
	}
	zh := shop(f, knowledge.Options{})
	en, err := knowledge.New([]knowledge.Pair{{ID: "a", Question: "When do you open?", Answer: "…"}}, knowledge.Options{Language: "en"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, x := range []*knowledge.Index{zh, en} {
			r := x.Find(context.Background(), knowledge.Query{Text: s, Alternatives: []string{s + "?"}, After: "ship", Elliptical: true})
			if r.None < 0 || r.None > 1.0001 {
				t.Errorf("%q: none %v", s, r.None)
			}
			x.Suggest(s, 3)
		}
	})
}

// big has n variants in n/5 pairs, made of the parts of the packs' questions.
func big(b *testing.B, n int) []knowledge.Pair {
	b.Helper()
	p := packtest.Hotel(b)
	var pairs []knowledge.Pair
	for i := range n / 5 {
		q := p.Pairs[i%len(p.Pairs)]
		k := p.Pairs[(i*7+i/44)%len(p.Pairs)]
		q.ID = fmt.Sprint(i)
		q.Question = strings.TrimRight(q.Question, "?") + fmt.Sprint(i/44)
		q.Variants = []string{k.Topic + q.Variants[0], q.Variants[1] + k.Topic, q.Variants[2] + fmt.Sprint(i), k.Question + q.Topic}
		pairs = append(pairs, q)
	}
	return pairs
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		x, err := knowledge.New(big(b, n), knowledge.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Find(context.Background(), knowledge.Query{Text: "我想问一下你们那里停车要不要另外收钱啊"})
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	pairs := big(b, 5000)
	for b.Loop() {
		if _, err := knowledge.New(pairs, knowledge.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a pair says word for word, or but for small words, decides, however much of it
// other pairs say too.
func TestAWordingThatAPairHasDecides(t *testing.T) {
	for _, c := range []struct {
		language string
		pairs    []knowledge.Pair
		asked    map[string]string
	}{
		{"zh", []knowledge.Pair{
			{ID: "leak", Question: "热水器漏水怎么办？", Variants: []string{"热水器底下滴水", "我家热水器漏水了", "热水器一直漏水"}, Answer: "关掉进水阀。"},
			{ID: "shock", Question: "摸到电器麻手怎么办？", Variants: []string{"我家热水器漏电了", "插座打火", "开关电人"}, Answer: "先断电。"},
			{ID: "track", Question: "我的快递到哪里了？", Variants: []string{"帮我查物流"}, Answer: "在我的订单里看。"},
		}, map[string]string{"我家热水器漏电了": "shock", "你们那个热水器漏电了呀": "shock", "我快递到哪里了": "track"}},
		{"en", []knowledge.Pair{
			{ID: "hours", Question: "What are your opening hours?", Variants: []string{"when do you open"}, Answer: "Nine to six."},
			{ID: "holiday", Question: "Are you open on holidays?", Variants: []string{"what are the opening hours on holidays"}, Answer: "Yes."},
		}, map[string]string{"um what are the opening hours": "hours", "So, are you open on holidays": "holiday"}},
	} {
		x, err := knowledge.New(c.pairs, knowledge.Options{Language: c.language})
		require.NoError(t, err)
		for text, want := range c.asked {
			r := x.Find(t.Context(), knowledge.Query{Text: text})
			require.NotNil(t, r.Top(), text)
			assert.Equal(t, want, r.Top().Pair.ID, text)
			assert.GreaterOrEqual(t, r.Top().Score, 0.84, text)
			sum := r.None
			for _, m := range r.Matches {
				sum += m.Score
			}
			assert.InDelta(t, 1, sum, 1e-6, text)
		}
	}
}
