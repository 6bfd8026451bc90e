package spoken_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/tts/spoken"
)

type golden struct{ language, written, spoken string }

func goldens(tb testing.TB) []golden {
	tb.Helper()
	var out []golden
	for _, name := range []string{"testdata/zh.tsv", "testdata/en.tsv"} {
		f, err := os.Open(name)
		require.NoError(tb, err)
		for sc := bufio.NewScanner(f); sc.Scan(); {
			if fields := strings.Split(sc.Text(), "\t"); len(fields) == 3 {
				out = append(out, golden{fields[0], fields[1], fields[2]})
			}
		}
		require.NoError(tb, f.Close())
	}
	require.Greater(tb, len(out), 500)
	return out
}

func TestNormalize(t *testing.T) {
	for _, g := range goldens(t) {
		assert.Equal(t, g.spoken, spoken.Normalize(g.written, g.language), "%s %q", g.language, g.written)
	}
}

func TestNormalizeDoesNothingToItsOwnOutput(t *testing.T) {
	for _, g := range goldens(t) {
		assert.Equal(t, g.spoken, spoken.Normalize(g.spoken, g.language), "%s %q", g.language, g.written)
	}
}

func hasDigit(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }

// Whatever the words around it, an identifier's digits are all said, in order.
func TestIdentifiersKeepEveryDigit(t *testing.T) {
	zh := strings.NewReplacer("零", "0", "幺", "1", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")
	en := strings.NewReplacer("zero", "0", "oh", "0", "one", "1", "two", "2", "three", "3", "four", "4", "five", "5", "six", "6", "seven", "7", "eight", "8", "nine", "9")
	only := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return r
			}
			return -1
		}, s)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		digits := make([]byte, 3+r.IntN(25))
		for i := range digits {
			digits[i] = byte('0' + r.IntN(10))
		}
		id := string(digits)
		for _, frame := range []string{"订单号%s", "您的验证码是%s。", "尾号%s的订单", "快递单号：%s，请查收"} {
			got := spoken.Normalize(fmt.Sprintf(frame, id), "zh")
			require.Equal(t, id, only(zh.Replace(got)), "%s → %s", id, got)
		}
		for _, frame := range []string{"your order number is %s.", "card ending in %s", "the code %s, please"} {
			got := spoken.Normalize(fmt.Sprintf(frame, id), "en")
			require.Equal(t, id, only(en.Replace(got)), "%s → %s", id, got)
		}
	}
}

// zhValue reads a Chinese cardinal back.
func zhValue(s string) (v int64) {
	digits := []rune("零一二三四五六七八九")
	var section, digit int64
	for _, r := range s {
		switch r {
		case '十', '百', '千':
			unit := map[rune]int64{'十': 10, '百': 100, '千': 1000}[r]
			if digit == 0 {
				digit = 1
			}
			section += digit * unit
			digit = 0
		case '万':
			v, section, digit = v+(section+digit)*10000, 0, 0
		case '亿':
			v, section, digit = (v+section+digit)*100000000, 0, 0
		case '两':
			digit = 2
		default:
			for i, d := range digits {
				if r == d {
					digit = int64(i)
				}
			}
		}
	}
	return v + section + digit
}

func enValue(s string) (v int64) {
	words := map[string]int64{}
	for i, w := range strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen") {
		words[w] = int64(i)
	}
	for i, w := range strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety") {
		words[w] = int64(i+2) * 10
	}
	var part int64
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' }) {
		switch w {
		case "hundred":
			part *= 100
		case "thousand", "million", "billion", "trillion":
			v += part * map[string]int64{"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}[w]
			part = 0
		case "and", "items":
		default:
			part += words[w]
		}
	}
	return v + part
}

func TestAmountsKeepTheirValue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 4000 {
		n := r.Int64N(1 << (1 + i%40))
		if i < 1100 {
			n = int64(i)
		}
		got := spoken.Normalize(fmt.Sprintf("%d人", n), "zh")
		if len(strconv.FormatInt(n, 10)) < 8 {
			require.Equal(t, n, zhValue(strings.TrimSuffix(got, "人")), "%d → %s", n, got)
		}
		got = spoken.Normalize(fmt.Sprintf("%d元", n), "zh")
		require.Equal(t, n, zhValue(strings.TrimSuffix(got, "元")), "%d → %s", n, got)
		for _, language := range []string{"en", "en-GB"} {
			if len(strconv.FormatInt(n, 10)) < 7 {
				got = spoken.Normalize(fmt.Sprintf("%d items", n), language)
				require.Equal(t, n, enValue(got), "%d → %s", n, got)
			}
			got = spoken.Normalize(fmt.Sprintf("$%d", n), language)
			require.Equal(t, n, enValue(strings.TrimSuffix(strings.TrimSuffix(got, " dollars"), " dollar")), "%d → %s", n, got)
		}
	}
}

// Every run of digits of any text leaves something said.
func FuzzNormalize(f *testing.F) {
	for _, g := range goldens(f) {
		f.Add(g.written)
	}
	f.Add("\xff1\xfe")
	f.Add("٣٤५६")
	f.Add("1.2.3.4.5.6,7,8-9:10/11")
	const numerals = "零一二三四五六七八九十百千万亿两幺半"
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 500 {
			t.Skip()
		}
		for _, language := range []string{"zh", "en", "en-GB"} {
			got := spoken.Normalize(text, language)
			require.False(t, hasDigit(got), "%q → %q", text, got)
			if hasDigit(text) {
				require.True(t, strings.ContainsAny(got, numerals) || strings.ContainsFunc(got, unicode.IsLetter), "%q → %q", text, got)
			}
			again := spoken.Normalize(got, language)
			require.False(t, hasDigit(again))
		}
	})
}

func TestAdapt(t *testing.T) {
	lexicon := func(w string) bool { return w == "a" || w == "phone" }
	for _, c := range []struct {
		text string
		can  spoken.Ability
		want string
	}{
		{"U S B接口", spoken.Ability{Chinese: true}, "优艾斯必接口"},
		{"i Phone十五", spoken.Ability{Chinese: true}, "爱凤十五"},
		{"i Phone十五", spoken.Ability{Chinese: true, Latin: lexicon}, "爱phone十五"},
		{"支持WiFi", spoken.Ability{Chinese: true}, "支持歪法爱"},
		{"4417号", spoken.Ability{Chinese: true}, "四四幺七号"},
		{"您好，世界", spoken.Ability{Latin: func(string) bool { return true }}, "nin hao, shi jie"},
		{"nine A M to six P M.", spoken.Ability{Latin: func(string) bool { return true }}, "nine eigh M to six P M."},
		{"A person said a word. A B C and F A Q, room A three", spoken.Ability{Latin: func(string) bool { return true }}, "A person said a word. eigh B C and F eigh Q, room eigh three"},
		{"", spoken.Ability{}, ""},
	} {
		require.Equal(t, c.want, spoken.Adapt(c.text, c.can), c.text)
	}
	// Nothing Latin is left for a voice without letters.
	for _, g := range goldens(t) {
		for _, r := range spoken.Adapt(g.spoken, spoken.Ability{Chinese: true}) {
			require.False(t, r < 0x80 && unicode.IsLetter(r), g.spoken)
		}
	}
}

func TestSayable(t *testing.T) {
	for text, want := range map[string]bool{"": false, "。，": false, "好": true, "a": true, "3": true, "😀": false, " ": false} {
		require.Equal(t, want, spoken.Sayable(text), text)
	}
}

func BenchmarkNormalize(b *testing.B) {
	for b.Loop() {
		spoken.Normalize("您尾号4417的订单预计11/23 14:00前送达，运费¥19.9，电话13912345678。", "zh")
	}
}
