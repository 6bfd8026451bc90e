package command_test

import (
	"embed"
	"strings"
	"testing"

	"hotline/dialog/command"
	"hotline/dialog/internal/packtest"
	"hotline/internal/testdata"
)

//go:embed testdata
var files embed.FS

func lines(t *testing.T, name string) []string {
	t.Helper()
	b, err := files.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// A wish for a person is understood in any wording, and what only speaks of
// people is not one.
func TestPersonPlease(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		r := command.New(language)
		missed, all := 0, lines(t, "person-"+language)
		if len(all) < 60 {
			t.Errorf("%s: only %d wordings", language, len(all))
		}
		for _, text := range all {
			if r.Recognize(text).Kind != command.Person {
				missed++
				t.Logf("%s: %q is a wish for a person, not %q", language, text, r.Recognize(text).Kind)
			}
		}
		if float64(missed) > 0.02*float64(len(all)) {
			t.Errorf("%s: %d of %d missed", language, missed, len(all))
		}
		misheard := lines(t, "person-"+language+"-misheard")
		missed = 0
		for _, text := range misheard {
			if r.Recognize(text).Kind != command.Person {
				missed++
				t.Logf("%s: %q is a misheard wish for a person", language, text)
			}
		}
		if missed*5 > len(misheard) {
			t.Errorf("%s: %d of %d misheard ones missed", language, missed, len(misheard))
		}
		for _, text := range lines(t, "not-person-"+language) {
			if r.Recognize(text).Kind == command.Person {
				t.Errorf("%s: %q is no wish for a person", language, text)
			}
		}
	}
}

// Ordinary questions are no command of any kind.
func TestOrdinaryQuestionsAreNoCommands(t *testing.T) {
	hotel, gym := packtest.Hotel(t), packtest.Gym(t)
	packs := []packtest.Pack{hotel, gym}
	for name, language := range map[string]string{"retail-zh": "zh", "retail-en": "en"} {
		if p, ok := packtest.Example(t, testdata.Root(t), name, language); ok {
			packs = append(packs, p)
		}
	}
	for _, p := range packs {
		r := command.New(p.Language)
		var texts []string
		for _, q := range p.Pairs {
			texts = append(append(texts, q.Question), q.Variants...)
		}
		for _, a := range append(p.Asked, p.Far...) {
			texts = append(texts, a.Text)
		}
		persons, others, answers := 0, 0, 0
		for _, text := range append(texts, p.Outside...) {
			switch c := r.Recognize(text); c.Kind {
			case command.None:
			case command.Person:
				persons++
				t.Logf("%s: %q taken for a wish for a person", p.Language, text)
			default:
				others++
				t.Logf("%s: %q taken for %s", p.Language, text, c.Kind)
			}
			if c := r.Answer(text); c.Kind != r.Recognize(text).Kind {
				answers++
				t.Logf("%s: %q taken for the answer %s", p.Language, text, c.Kind)
			}
		}
		if answers*500 > len(texts) {
			t.Errorf("%s: %d texts are taken for answers by their sound", p.Language, answers)
		}
		t.Logf("%s: %d texts, %d persons, %d other commands", p.Language, len(texts), persons, others)
		if len(p.Asked) > 0 && persons > 0 || persons*100 > len(texts) || others*50 > len(texts) {
			t.Errorf("%s: too many", p.Language)
		}
	}
}

func TestCommands(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		r := command.New(language)
		for _, line := range lines(t, "commands-"+language) {
			kind, text, _ := strings.Cut(line, "|")
			if got := r.Recognize(text).Kind; string(got) != kind {
				t.Errorf("%s: %q is %q, want %q", language, text, got, kind)
			}
		}
	}
}

// A short answer is known by its sound, as recognisers wrote what voices said; what is
// said instead of an answer is none.
func TestAnswer(t *testing.T) {
	for language, texts := range map[string]map[command.Kind][]string{
		"zh": {
			command.Yes:     {"对，是的。", "对事的。", "对一世的", "对试的。", "对,施登", "对于休市这个", "就这个", "对就是这个"},
			command.No:      {"不是。", "部队", "不是得"},
			command.First:   {"是第1个。", "先面那个。", "十第一个", "前面那哥"},
			command.Second:  {"第2个", "第二歌", "十第二个"},
			command.Neither: {"都不是。"},
			command.None:    {"对不起", "怎么退货", "第一次买", "发票", "可以退吗", "我要换货", "前面那个路口左转"},
		},
		"en": {
			command.Yes:   {"Yes.", "Yes, sir. Yes, sir.", "That's it.", "Yes, that's right."},
			command.No:    {"No. No."},
			command.First: {"The first one."},
			command.None:  {"the refund", "how do I return it", "that is the kettle"},
		},
	} {
		r := command.New(language)
		for want, list := range texts {
			for _, text := range list {
				if got := r.Answer(text).Kind; got != want {
					t.Errorf("%s: %q is %q, want %q", language, text, got, want)
				}
			}
		}
	}
}

func TestUpset(t *testing.T) {
	for language, texts := range map[string][][]string{
		"zh": {
			{"你们这是什么破公司", "我都说了三遍了", "太过分了", "我要投诉你们", "气死我了", "浪费我时间", "再不解决我找12315", "你听不懂人话吗", "你们就是骗子", "什么态度啊"},
			{"怎么投诉商家", "垃圾桶有货吗", "你们卖什么东西", "快递到哪了", "工商银行能付款吗", "这个声音大不大", "孩子发烧了", "太阳能的有吗", "多媒体音箱多少钱"},
		},
		"en": {
			{"this is ridiculous", "what the hell", "you people are useless", "I'm sick of this", "this is the third time I'm calling", "I'll call my lawyer", "this is unacceptable", "are you kidding me"},
			{"where is my order", "do you sell trash cans", "what's your return policy", "how many times can I freeze it", "how do I report fraud", "I feel sick today", "can you tell me a joke"},
		},
	} {
		r := command.New(language)
		for i, list := range texts {
			for _, text := range list {
				if r.Upset(text) != (i == 0) {
					t.Errorf("%s: upset %q = %v", language, text, i != 0)
				}
			}
		}
	}
}

func TestPending(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           command.Pending
	}{
		{"zh", "我想问一下", command.Half},
		{"zh", "我的订单号是", command.Half},
		{"zh", "因为", command.Half},
		{"zh", "昨天买的那个", command.Half},
		{"zh", "不对 输错了", command.Half},
		{"zh", "幺三八零零", command.Counting},
		{"zh", "13800", command.Counting},
		{"zh", "13800138000", command.Complete},
		{"zh", "订单号是三五七", command.Counting},
		{"zh", "可以退货吗", command.Complete},
		{"zh", "运费多少钱", command.Complete},
		{"zh", "我要退货", command.Neutral},
		{"en", "I was wondering if", command.Half},
		{"en", "my order number is", command.Half},
		{"en", "I want to return the", command.Half},
		{"en", "one three eight", command.Counting},
		{"en", "it's 415 555", command.Counting},
		{"en", "415 555 0199", command.Complete},
		{"en", "I want to return a jacket", command.Neutral},
		{"en", "and um", command.Half},
	} {
		if got := command.New(c.language).Pending(c.text); got != c.want {
			t.Errorf("%q: %d, want %d", c.text, got, c.want)
		}
	}
}

func TestElliptical(t *testing.T) {
	for language, texts := range map[string][][]string{
		"zh": {{"那运费呢", "要多久", "那要多久呢", "那它收费吗", "发票呢", "还有退款呢", "多少钱"}, {"怎么退货", "我想知道你们几点开门", "下单以后多久发货"}},
		"en": {{"and how long does that take", "what about shipping", "how much is it", "how about exchanges", "when is that", "and the cost"}, {"how do I return a jacket", "where is my order", "what are your opening hours"}},
	} {
		r := command.New(language)
		for i, list := range texts {
			for _, text := range list {
				if r.Elliptical(text) != (i == 0) {
					t.Errorf("%s: elliptical %q = %v", language, text, i != 0)
				}
			}
		}
	}
}

func TestCorrected(t *testing.T) {
	for _, c := range []struct{ language, text, want string }{
		{"zh", "我要退，不对，我要换货", "我要换货"},
		{"zh", "我要退货，哦不对，是换货", "我要换货"},
		{"zh", "我想换，啊不，退货", "我想退货"},
		{"zh", "我要退货不对我要换货", "我要换货"},
		{"zh", "帮我查一下快递，不是，我要开发票", "我要开发票"},
		{"zh", "我要查物流，说错了，查退款", "我要查退款"},
		{"zh", "收到的颜色不对我要换货", ""},
		{"zh", "东西坏了，不是我弄的", ""},
		{"zh", "你们这个对不对", ""},
		{"zh", "不对", ""},
		{"zh", "价格不对，少退了我十块", ""},
		{"en", "I want to return, no, exchange it", "i want to exchange it"},
		{"en", "I'd like to track my order, no wait, cancel it", "i'd like to cancel it"},
		{"en", "cancel my order, actually no, where is my order?", "where is my order"},
		{"en", "there is no label on my package", ""},
		{"en", "no, I want to return it", ""},
	} {
		got := ""
		if list := command.New(c.language).Corrected(c.text); len(list) > 0 {
			got = list[0]
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzRecognize(f *testing.F) {
	for _, s := range []string{"转人工", "agent please", "幺三八 double two", "", "嗯。。。", "\xff\xfe"} {
		f.Add(s)
	}
	zh, en := command.New("zh"), command.New("en")
	f.Fuzz(func(_ *testing.T, s string) {
		for _, r := range []*command.Recognizer{zh, en} {
			r.Recognize(s)
			r.Upset(s)
			r.Pending(s)
			r.Elliptical(s)
			r.Corrected(s)
		}
	})
}

func BenchmarkRecognize(b *testing.B) {
	zh, en := command.New("zh"), command.New("en")
	for b.Loop() {
		zh.Recognize("我想问一下你们什么时候发货能送到上海吗")
		en.Recognize("I would like to know how long shipping takes to New York")
	}
}

// Who says that what he told was wrong says nothing about what he was asked meanwhile.
func TestWhatWasToldIsTakenBack(t *testing.T) {
	for text, want := range map[string]bool{
		"不对 输错了。": true, "不好意思，我刚才说错了": true, "号码报错了": true,
		"sorry, I gave you the wrong number": true, "no wait, that's the wrong date": true,
		"不对": false, "你们发错了": false, "发货发错了": false, "输错了密码怎么办": false, "不对，是零零一七": false,
		"you sent the wrong number of cups": false, "no": false,
	} {
		if got := command.TakesBack(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
