package grow_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hotline/asr/onnx/onnxtest"
	"hotline/dialog/grow"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/dialog/private"
	"hotline/internal/embed"
	"hotline/internal/testdata"
)

func pairs() []knowledge.Pair {
	return []knowledge.Pair{
		{ID: "refund-time", Question: "退款多久到账？", Variants: []string{"钱什么时候退给我", "退款要几天"}, Answer: "三天内原路退回。"},
		{ID: "ship-time", Question: "下单以后多久发货？", Variants: []string{"什么时候发货", "怎么还没发货"}, Answer: "当天发货。"},
		{ID: "invoice", Question: "怎么开发票？", Variants: []string{"我要发票", "能开发票吗"}, Answer: "在订单里申请。"},
		{ID: "earphone-price", Question: "耳机多少钱？", Variants: []string{"耳机怎么卖"}, Answer: "三百九十九元。"},
	}
}

func propose(tb testing.TB, ps []knowledge.Pair, ko knowledge.Options, history []grow.Conversation, o grow.Options) grow.Report {
	tb.Helper()
	r, err := grow.Propose(tb.Context(), ps, ko, history, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func find(r grow.Report, wording string) *grow.Proposal {
	for i := range r.Proposals {
		if r.Proposals[i].Wording == wording {
			return &r.Proposals[i]
		}
	}
	return nil
}

// What was not understood at first is a wording of what it turned out to be.
func TestAWordingThatALaterTurnExplains(t *testing.T) {
	var history []grow.Conversation
	for range 3 {
		history = append(history, grow.Conversation{
			{Text: "你好，我的米米啥时候回来呀", Asked: true},
			{Text: "退款要几天", Pair: "refund-time"},
		})
	}
	history = append(history, grow.Conversation{{Text: "你们老板姓啥", Asked: true}, {Text: "退款要几天", Pair: "refund-time"}})
	r := propose(t, pairs(), knowledge.Options{}, history, grow.Options{})
	p := find(r, "我的米米啥时候回来呀")
	if p == nil || p.Pair != "refund-time" || p.Why != "later" || p.Count != 3 {
		t.Errorf("three callers led the wording to the refund: %+v", r)
	}
	if find(r, "你们老板姓啥") != nil {
		t.Error("one caller who changed the subject is no evidence")
	}
	if r.Known != 4 {
		t.Errorf("%d turns have a known wording, want 4", r.Known)
	}
}

func TestWhatAPersonSaid(t *testing.T) {
	r := propose(t, pairs(), knowledge.Options{}, []grow.Conversation{{{Text: "给我弄张报销用的条子", Pair: "invoice", Sure: true}}}, grow.Options{})
	if p := find(r, "给我弄张报销用的条子"); p == nil || p.Pair != "invoice" || p.Why != "person" {
		t.Errorf("%+v", r.Proposals)
	}
}

func TestOfSentencesFilledInDifferentlyOneStays(t *testing.T) {
	var history []grow.Conversation
	for i, what := range []string{"A30", "B2", "Mate60", "X100", "C7"} {
		history = append(history, grow.Conversation{{Text: fmt.Sprintf("%s买了%d个发票能不能一起给我开出来", what, i+2), Pair: "invoice", Sure: true}})
	}
	r := propose(t, pairs(), knowledge.Options{}, history, grow.Options{})
	if len(r.Proposals) != 1 || r.Proposals[0].Count != 5 || r.Templates != 4 {
		t.Errorf("%+v", r)
	}
}

func TestWhatNobodyAnswersIsTold(t *testing.T) {
	var history []grow.Conversation
	for _, text := range []string{"可以带狗进店里吗", "能带狗进店吗", "带狗可以进店里吗", "宠物狗可以带进店里吗", "今天天气怎么样"} {
		history = append(history, grow.Conversation{{Text: text, Asked: true}})
	}
	r := propose(t, pairs(), knowledge.Options{}, history, grow.Options{})
	if len(r.Unanswered) != 1 || r.Unanswered[0].Count < 3 || !strings.Contains(r.Unanswered[0].Wording, "狗") {
		t.Errorf("%+v", r.Unanswered)
	}
}

func TestPersonalDataStayOut(t *testing.T) {
	for _, text := range []string{
		"我的手机号是13800138000怎么开发票", "订单号20261121554怎么还不发货", "发票寄到 zhang@example.com 可以吗",
		"我叫张伟明，什么时候退款", "订单尾号幺二三四什么时候发货", "[数字x]这个订单能开发票吗",
	} {
		r := propose(t, pairs(), knowledge.Options{}, []grow.Conversation{{{Text: text, Pair: "invoice", Sure: true}}}, grow.Options{})
		if len(r.Proposals) > 0 || r.Personal != 1 {
			t.Errorf("%s: %+v", text, r.Proposals)
		}
	}
}

// letters is an embedder of sorts: texts with common characters are near.
type letters struct{ fail bool }

func (l letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	if l.fail {
		return nil, errors.New("out of order")
	}
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = make([]float32, 64)
		out[i][0] = 1
		for _, r := range text {
			h := fnv.New32a()
			_, _ = h.Write([]byte(string(r)))
			out[i][h.Sum32()%64]++
		}
	}
	return out, nil
}

func TestAnEmbedderThatFailsIsToldOf(t *testing.T) {
	_, err := grow.Propose(t.Context(), pairs(), knowledge.Options{Embedder: letters{true}}, nil, grow.Options{})
	if err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Error(err)
	}
}

func TestAnEndIsObeyed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := grow.Propose(ctx, pairs(), knowledge.Options{}, []grow.Conversation{{{Text: "发票怎么开给公司"}}}, grow.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// shop is a pack and the turns of real customers of another shop.
func shop(tb testing.TB, n int) (packtest.Pack, []grow.Conversation) {
	tb.Helper()
	p, ok := packtest.Example(tb, testdata.Root(tb), "retail-zh", "zh")
	if !ok {
		tb.Skip("examples/retail-zh is not here")
	}
	var history []grow.Conversation
	for i, row := range packtest.Rows(tb, testdata.Shared(tb, "intents/jddc_train.csv")) {
		if i == n {
			break
		}
		history = append(history, grow.Conversation{{Text: row["text"], Label: row["intent"]}})
	}
	return p, history
}

// Whatever the order of the calls, the proposals are the same; they are new, of one
// pair only, nobody's own, and once accepted are not proposed again.
func TestProposals(t *testing.T) {
	p, history := shop(t, 400)
	for name, ko := range map[string]knowledge.Options{"words": {Language: "zh"}, "meaning": {Language: "zh", Embedder: letters{}}} {
		t.Run(name, func(t *testing.T) {
			first := propose(t, p.Pairs, ko, history, grow.Options{})
			if len(first.Proposals) < 50 {
				t.Fatalf("only %d proposals", len(first.Proposals))
			}
			if again := propose(t, p.Pairs, ko, history, grow.Options{}); !reflect.DeepEqual(again, first) {
				t.Error("the second time gives other proposals")
			}
			other := slices.Clone(history)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
			if again := propose(t, p.Pairs, ko, other, grow.Options{}); !reflect.DeepEqual(again, first) {
				t.Error("calls in another order give other proposals")
			}
			guard := grow.NewGuard(p.Pairs)
			for _, m := range first.Proposals {
				if err := guard.Add(m.Pair, m.Wording); err != nil {
					t.Errorf("%s ← %q: %v", m.Pair, m.Wording, err)
				}
				if len(private.Find(m.Wording)) > 0 {
					t.Errorf("personal data: %q", m.Wording)
				}
			}
			accepted := slices.Clone(p.Pairs)
			for i := range accepted {
				for _, m := range first.Proposals {
					if m.Pair == accepted[i].ID {
						accepted[i].Variants = append(slices.Clone(accepted[i].Variants), m.Wording)
					}
				}
			}
			for _, m := range propose(t, accepted, ko, history, grow.Options{}).Proposals {
				if find(first, m.Wording) != nil {
					t.Errorf("accepted, and proposed again: %q", m.Wording)
				}
			}
			if few := propose(t, p.Pairs, ko, history, grow.Options{Limit: 10, MaxTurns: 500}); len(few.Proposals) > 10 || few.Turns > 500 {
				t.Errorf("%d proposals of %d turns", len(few.Proposals), few.Turns)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	g := grow.NewGuard(pairs())
	for _, c := range []struct {
		pair, wording string
		want          error
	}{
		{"invoice", "发票开给公司行不行", nil},
		{"refund-time", "发票开给公司行不行？", grow.ErrStands},
		{"invoice", "你好，什么时候发货", grow.ErrStands},
		{"nothing", "发票怎么写抬头", grow.ErrNoPair},
		{"invoice", "13800138000的发票", grow.ErrPersonal},
		{"invoice", "发票|票据可以吗", grow.ErrNoWords},
		{"invoice", "票", grow.ErrNoWords},
	} {
		if err := g.Add(c.pair, c.wording); !errors.Is(err, c.want) {
			t.Errorf("%s ← %q: %v, want %v", c.pair, c.wording, err, c.want)
		}
	}
}

// What a model makes up passes what callers' words must pass.
func TestWhatIsMadeUpIsScreened(t *testing.T) {
	got, err := grow.Screen(t.Context(), pairs(), knowledge.Options{}, []grow.Candidate{
		{"refund-time", "退款到账要多少天"},
		{"refund-time", "退款到账要多少天呢"}, // hardly another one
		{"refund-time", "耳机卖多少钱"},    // another pair's
		{"refund-time", "退款要几天"},     // stands there
		{"refund-time", "13800138000的退款要几天到账"},
		{"nothing", "发票抬头怎么写"},
	}, grow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !strings.HasPrefix(got[0].Wording, "退款到账要多少天") || got[0].Pair != "refund-time" || got[0].Why != "paraphrase" {
		t.Errorf("%+v", got)
	}
	if _, err := grow.Screen(t.Context(), pairs(), knowledge.Options{Embedder: letters{true}}, []grow.Candidate{{"invoice", "给我开一张发票吧"}}, grow.Options{}); err == nil {
		t.Error("an embedder that fails is told of")
	}
}

func TestReadHistory(t *testing.T) {
	for _, c := range []struct {
		name, file, fail string
		columns          grow.Columns
		want             []grow.Conversation
	}{
		{name: "labels", file: "text,intent\n怎么退货,退货\n", want: []grow.Conversation{{{Text: "怎么退货", Label: "退货"}}}},
		{name: "a person's word", file: "\ufefftext,pair\n\"退,货\",return\n", want: []grow.Conversation{{{Text: "退,货", Pair: "return", Sure: true}}}},
		{name: "calls", file: "call,text,pair\n1,啥,\n1,退货,return\n2,喂,\n", want: []grow.Conversation{
			{{Text: "啥", Asked: true}, {Text: "退货", Pair: "return", Sure: true}}, {{Text: "喂", Asked: true}},
		}},
		{name: "tabs", file: "said\tintent\nhow long\ttime\n", columns: grow.Columns{Text: "Said"}, want: []grow.Conversation{{{Text: "how long", Label: "time"}}}},
		{name: "a column that is not there", file: "text\nx\n", columns: grow.Columns{Label: "why"}, fail: `no column "why"`},
		{name: "no text", file: "a,b\nx,y\n", fail: "a, b"},
		{name: "empty", fail: "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := grow.ReadHistory(strings.NewReader(c.file), c.columns, 100)
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Errorf("error %v, want %q", err, c.fail)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func FuzzReadHistory(f *testing.F) {
	f.Add("text,intent\n怎么退货,退货\n")
	f.Add("call\ttext\tpair\n1\t\"a\n")
	f.Fuzz(func(t *testing.T, file string) {
		list, err := grow.ReadHistory(strings.NewReader(file), grow.Columns{}, 50)
		if err != nil {
			return
		}
		n := 0
		for _, c := range list {
			n += len(c)
		}
		if n > 50 {
			t.Errorf("%d turns of 50", n)
		}
		if _, err := grow.Propose(t.Context(), pairs(), knowledge.Options{}, list, grow.Options{}); err != nil {
			t.Error(err)
		}
	})
}

// tenThousand is a history of 10,000 turns and the shop that they are held against.
func tenThousand(tb testing.TB) (packtest.Pack, []grow.Conversation) {
	tb.Helper()
	p, history := shop(tb, 10000)
	for _, name := range []string{"smp2017_train.csv", "smp2017_develop.csv"} {
		for _, row := range packtest.Rows(tb, testdata.Shared(tb, "intents/"+name)) {
			history = append(history, grow.Conversation{{Text: row["text"], Label: row["intent"]}})
		}
	}
	for i := 0; len(history) < 10000; i++ {
		history = append(history, grow.Conversation{{Text: history[i][0].Text + "谢谢了啊", Label: history[i][0].Label}})
	}
	return p, history[:10000]
}

// BenchmarkTurns is a history of 10,000 turns, compared by words and sound, and by
// meaning too, with no vector at hand. cpu-s is what of the processors it took: the clock
// of a machine that has more to do says little.
func BenchmarkTurns(b *testing.B) {
	p, history := tenThousand(b)
	run := func(name string, embedder knowledge.Embedder) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				propose(b, p.Pairs, knowledge.Options{Language: "zh", Embedder: embedder}, history, grow.Options{})
			}
			b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
	run("words", nil)
	dir := testdata.Model(b, "embed/e5-small-zhen")
	onnxtest.Start(b)
	m, err := embed.Open(dir, embed.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	run("meaning", m)
}

func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
