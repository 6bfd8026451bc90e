package lang_test

import (
	"slices"
	"testing"

	"hotline/dialog/internal/lang"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"您好，请问 几点?": "您好 请问 几点", "ＷｉＦｉ密码": "wifi密码", "I’m here!": "i'm here", "3.5元": "3.5元", "1,200": "1200", "9:30": "9 30",
		"'quoted'": "quoted", "": "", "。。。": "",
	} {
		if got := lang.Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNumerals(t *testing.T) {
	for in, want := range map[string]string{
		"7天": "七天", "24小时": "二十四小时", "12点": "十二点", "100块": "一百块", "105": "一百零五", "1200元": "一千二百元", "2008": "二千零八",
		"13800138000": "一三八零零一三八零零零", "3.5": "三点五", "007": "零零七", "0": "零", "两百": "二百", "幺三八": "一三八",
	} {
		if got := lang.Numerals(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDigits(t *testing.T) {
	for in, want := range map[string]string{
		"幺三八零零幺三八零零零": "13800138000", "我的电话是 138 0013 8000": "13800138000", "one three eight": "138", "double four oh": "440",
		"triple seven": "777", "it's 415-555-0199": "4155550199", "嗯幺二": "12",
	} {
		if got, ok := lang.Digits(in); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"早餐几点", "two people please help", "", "明天"} {
		if got, ok := lang.Digits(in); ok {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// What recognisers and dialects exchange sounds the same; what they do not, differs.
func TestSyllables(t *testing.T) {
	for _, same := range [][2]string{{"发货", "发火"}, {"知道", "资到"}, {"蓝色", "南瑟"}, {"飞机", "灰机"}, {"人工", "仁公"}, {"银行", "因航"}, {"热水", "乐睡"}} {
		a, b := lang.Syllables(same[0]), lang.Syllables(same[1])
		alike := float32(0)
		for i := range a {
			alike += lang.Alike(a[i], b[i])
		}
		if alike < 1.5 {
			t.Errorf("%s and %s: %v %v", same[0], same[1], a, b)
		}
	}
	for _, other := range [][2]string{{"退货", "早餐"}, {"北京", "上海"}} {
		if slices.Equal(lang.Syllables(other[0]), lang.Syllables(other[1])) {
			t.Errorf("%s and %s", other[0], other[1])
		}
	}
	if n := len(lang.Syllables("wifi 密码")); n != 3 {
		t.Errorf("%d", n)
	}
}

func TestPhones(t *testing.T) {
	for _, same := range [][2]string{{"refund", "re fund"}, {"night", "nite"}, {"phone", "fone"}, {"order", "ordar"}, {"knight", "night"}} {
		a, b := lang.Phones(lang.Words(same[0])), lang.Phones(lang.Words(same[1]))
		if string(a) != string(b) {
			t.Errorf("%s %q, %s %q", same[0], a, same[1], b)
		}
	}
	if string(lang.WordPhones("price")) == string(lang.WordPhones("member")) {
		t.Error("price and member")
	}
}

func TestStem(t *testing.T) {
	for _, family := range [][]string{
		{"return", "returns", "returned", "returning"},
		{"cancel", "cancelled", "cancelling", "cancellation"},
		{"delivery", "deliver", "delivered", "deliveries"},
		{"ship", "shipping", "shipped"},
		{"payment", "pay", "paid", "payments"},
		{"buy", "bought", "buys"},
		{"lose", "lost"},
	} {
		for _, w := range family {
			if lang.Stem(w) != lang.Stem(family[0]) {
				t.Errorf("%s: %s, %s: %s", family[0], lang.Stem(family[0]), w, lang.Stem(w))
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("１３８, it's 3.5元 double")
	f.Fuzz(func(t *testing.T, s string) {
		folded := lang.Fold(s)
		if again := lang.Fold(folded); again != folded {
			t.Errorf("%q: %q, then %q", s, folded, again)
		}
		lang.Numerals(folded)
		lang.Syllables(folded)
		lang.Phones(lang.Words(folded))
		lang.Digits(s)
		for _, w := range lang.Words(folded) {
			lang.Stem(w)
		}
	})
}
