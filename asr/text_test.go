package asr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
)

func TestCutLoop(t *testing.T) {
	for in, want := range map[string]string{
		"":       "",
		"什么时候发货": "什么时候发货",
		"什么时候" + strings.Repeat("发货", 20):       "什么时候发货",
		strings.Repeat("thank you ", 10):        "thank you",
		"对对对":                                   "对对对",
		"好的好的好的":                                "好的好的好的",
		"我的号码是88888888":                         "我的号码是88888888",
		"喂喂喂":                                   "喂喂喂",
		"你能听到吗你能听到吗":                            "你能听到吗",
		"电池能用多久?电池能用多久?电池能用":                    "电池能用多久?",
		"Where's my order? Where's my order?":   "Where's my order?",
		"包油麦包油麦包油麦":                             "包油麦",
		"谢谢谢谢":                                  "谢谢谢谢",
		strings.Repeat("你能听到吗", 3) + "请问":       "你能听到吗请问",
		strings.Repeat("哈", 50):                 "哈",
		strings.Repeat("我要退货,", 6) + "不是" + "不": "我要退货,不是不",
	} {
		got, cut := asr.CutLoop(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want != in, cut, in)
	}
}

func FuzzCutLoop(f *testing.F) {
	f.Add("发货发货发货发货发货")
	f.Add("a a a a a a a a a")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 300 {
			return
		}
		got, cut := asr.CutLoop(s)
		if !cut && got != s {
			t.Errorf("%q became %q", s, got)
		}
		if len([]rune(got)) > len([]rune(s)) {
			t.Errorf("%q grew to %q", s, got)
		}
		if _, again := asr.CutLoop(got); again {
			t.Errorf("%q still has a loop", got)
		}
	})
}

func TestDefaultPatience(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"什么时候发货？":                    450 * time.Millisecond,
		"你们几点开门":                     450 * time.Millisecond,
		"好的":                         450 * time.Millisecond,
		"对。":                         450 * time.Millisecond,
		"嗯":                          700 * time.Millisecond,
		"红色":                         700 * time.Millisecond,
		"":                           700 * time.Millisecond,
		"我想问一下那个":                    1200 * time.Millisecond,
		"我要退货，因为":                    1200 * time.Millisecond,
		"我的订单号是":                     1200 * time.Millisecond,
		"我的手机号是138":                  1200 * time.Millisecond,
		"一三八零零":                      1200 * time.Millisecond,
		"早上九点":                       450 * time.Millisecond,
		"What time do you open?":     450 * time.Millisecond,
		"I would like to return the": 1200 * time.Millisecond,
		"I want to, um":              1200 * time.Millisecond,
		"My number is four five":     1200 * time.Millisecond,
		"It is 4 5 7":                1200 * time.Millisecond,
		"Yes please.":                450 * time.Millisecond,
		"我想那个...":                    1200 * time.Millisecond,
	} {
		require.Equal(t, want, asr.DefaultPatience(text, 0.9), text)
	}
	require.Equal(t, 700*time.Millisecond, asr.DefaultPatience("你们几点开门", 0.1), "badly understood")
}

func TestErrorRates(t *testing.T) {
	for _, c := range []struct {
		want, got string
		cer, wer  float64
	}{
		{"", "", 0, 0},
		{"", "喂", 1, 1},
		{"你好", "", 1, 1},
		{"什么时候发货", "什么时候发货？", 0, 0},
		{"什么时候发货", "什么时候发火", 1.0 / 6, 1.0 / 6},
		{"开放时间早上九点至下午五点", "开放时间早上9点至下午5点", 0, 0},
		{"一百二十元", "120元", 0, 0},
		{"两千零五十", "2050", 0, 0},
		{"一万三千", "13000", 0, 0},
		{"十二号", "１２号", 0, 0},
		{"电话一三八零零", "电话13800", 0, 0},
		{"三点一四", "3.14", 0, 0},
		{"Hello, World!", "hello world", 0, 0},
		{"hello world", "hello word", 0.1, 0.5},
		{"don't go", "dont go", 0, 0},
		{"what is the weather in paris", "What is the weather in Paris?", 0, 0},
		{"five items", "5 items", 4.0 / 9, 0},
		{"用WiFi上网", "用 wifi 上网", 0, 0},
	} {
		require.InDelta(t, c.cer, asr.CER(c.want, c.got), 1e-9, "CER of %q for %q", c.got, c.want)
		require.InDelta(t, c.wer, asr.WER(c.want, c.got), 1e-9, "WER of %q for %q", c.got, c.want)
	}
	edits, length := asr.Errors("什么时候发货", "什么时候发火", false)
	require.Equal(t, []int{1, 6}, []int{edits, length})
}

func TestVocabularyPrompt(t *testing.T) {
	require.Equal(t, "运费、保修", asr.VocabularyPrompt([]string{"运费", " ", "保修"}, "zh"))
	require.Empty(t, asr.VocabularyPrompt(nil, "zh"))
	long := asr.VocabularyPrompt(strings.Fields(strings.Repeat("七天无理由退货 ", 50)), "zh")
	require.LessOrEqual(t, len([]rune(long)), 70)
}

func TestPitch(t *testing.T) {
	for _, hz := range []float64{85, 120, 200, 310} {
		for _, rate := range []int{8000, 16000} {
			got, clarity := asr.Pitch(voice(hz, rate, rate/25), rate)
			require.InDelta(t, hz, got, hz*0.02, "%v Hz at %d", hz, rate)
			require.Greater(t, clarity, 0.8)
		}
	}
	got, _ := asr.Pitch(make([]int16, 320), 8000)
	require.Zero(t, got)
}
