package tts_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"hotline/tts"
)

func texts(cs []tts.Clause) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Text)
	}
	return out
}

func TestClauses(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"。。。", nil},
		{"好的。", []string{"好的。"}},
		{
			"您好，这里是云上商城，我是智能助手小云，通话会录音。请说您要办的事。",
			[]string{"您好，这里是云上商城，", "我是智能助手小云，通话会录音。", "请说您要办的事。"},
		},
		{
			"您尾号4417的订单昨天从上海发出，预计3-5天送到。还有别的吗？",
			[]string{"您尾号4417的订单昨天从上海发出，", "预计3-5天送到。还有别的吗？"},
		},
		{"运费是¥1,299.50元，营业时间9:00-18:00。", []string{"运费是¥1,299.50元，", "营业时间9:00-18:00。"}},
		{"他说：“可以，没问题。我马上来。”然后就走了。", []string{"他说：“可以，没问题。我马上来。”", "然后就走了。"}},
		{"The total is $1,299.50. We're open 9:30 a.m. to 6 p.m. on weekdays. Anything else?", []string{
			"The total is $1,299.50.", "We're open 9:30 a.m. to 6 p.m. on weekdays.", "Anything else?",
		}},
		{"Mr. Smith from the U.S. office called. Dr. Jones did not.", []string{"Mr. Smith from the U.S. office called.", "Dr. Jones did not."}},
		{"Visit www.example.com/help or write to a.b@example.com, please. Thanks!", []string{
			"Visit www.example.com/help or write to a.b@example.com, please.", "Thanks!",
		}},
		{"第一行\n第二行", []string{"第一行\n第二行"}},
		{"您的快递单号是：4417，请您记一下。", []string{"您的快递单号是：4417，", "请您记一下。"}},
		{"Here is your new order number: 4417. Please write it down.", []string{"Here is your new order number: 4417.", "Please write it down."}},
		{"版本2.3.1已发布，下载即可。", []string{"版本2.3.1已发布，下载即可。"}},
	} {
		require.Equal(t, c.want, texts(tts.Clauses(c.text, "zh")), c.text)
	}
}

func TestPausesFollowPunctuation(t *testing.T) {
	cs := tts.Clauses("您的订单昨天已经从上海发出了。预计明天下午送到您的手里，请您留意快递员的电话。再见。", "zh")
	require.Greater(t, len(cs), 2)
	require.Greater(t, cs[0].Pause, 300*time.Millisecond, "a full stop")
	require.Zero(t, cs[len(cs)-1].Pause, "nothing follows")
	a := tts.Clauses("我们先来看一看这个订单的情况，然后我再来帮您联系一下负责这一单的快递员师傅吧好不好", "zh")
	require.Len(t, a, 2)
	require.Less(t, a[0].Pause, cs[0].Pause, "a comma")
}

// letters of text, which no splitting may lose or change.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return r
		}
		return -1
	}, text)
}

func FuzzClauses(f *testing.F) {
	for _, s := range []string{"您好，世界。", "a.b, c! d?", "3.14，1,000元", "“未闭合，的引号", strings.Repeat("没有标点", 60), "\xff\xfe，x", "e.g. this", "一、二、三"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip("bytes cut apart may form other characters when they are put together")
		}
		var joined, whole strings.Builder
		for _, c := range tts.Clauses(text, "zh") {
			joined.WriteString(c.Text)
			require.NotEmpty(t, c.Text)
			require.GreaterOrEqual(t, c.Pause, time.Duration(0))
		}
		require.Equal(t, letters(text), letters(joined.String()))
		for _, s := range tts.Sentences(text) {
			whole.WriteString(s)
		}
		require.Equal(t, letters(text), letters(whole.String()))
		for _, p := range tts.Cut(text, 20) {
			require.LessOrEqual(t, len([]rune(p)), 20)
		}
	})
}

func TestLongTextWithoutPunctuationIsBroken(t *testing.T) {
	text := strings.Repeat("这是一段没有任何标点符号的很长的话", 30) + "订单号12345678901234567890"
	for _, c := range tts.Clauses(text, "zh") {
		require.LessOrEqual(t, len([]rune(c.Text)), 100)
	}
	require.True(t, strings.HasSuffix(texts(tts.Clauses(text, "zh"))[len(tts.Clauses(text, "zh"))-1], "12345678901234567890"), "the number stays whole")
}
