// Package lang holds what every part of the dialogue needs to know about Chinese
// and English text: one spelling for everything that is written in several ways
// (Fold, Numerals), words and stems, and how a text sounds (Syllables, Phones),
// with those sounds merged which speakers and recognisers confuse.
//
// # Concurrency
//
// All functions are pure and safe for concurrent use.
package lang

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Chinese says whether language ("zh", "zh-CN", "en" …) is Chinese.
func Chinese(language string) bool {
	return language == "zh" || strings.HasPrefix(language, "zh-") || strings.HasPrefix(language, "zh_")
}

// Fold gives text one spelling: compatibility forms and full-width characters
// become plain ones, letters small, punctuation a single space; "’" becomes "'"
// inside a word and a point stays inside a number.
func Fold(text string) string {
	rs := []rune(norm.NFKC.String(text))
	var b strings.Builder
	b.Grow(len(text))
	space := true
	for i, r := range rs {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			b.WriteRune(unicode.ToLower(r))
			space = false
		case (r == '\'' || r == '’' || r == '‘') && inWord(rs, i):
			b.WriteByte('\'')
		case r == '.' && i > 0 && i+1 < len(rs) && digit(rs[i-1]) && digit(rs[i+1]):
			b.WriteByte('.')
		case (r == ',' || r == ':') && i > 0 && i+1 < len(rs) && digit(rs[i-1]) && digit(rs[i+1]):
			if r == ':' {
				b.WriteByte(' ')
				space = true
			}
		default:
			if !space {
				b.WriteByte(' ')
				space = true
			}
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

func inWord(rs []rune, i int) bool {
	return i > 0 && i+1 < len(rs) && latin(rs[i-1]) && latin(rs[i+1])
}

func latin(r rune) bool { return r < 0x250 && unicode.IsLetter(r) }
func digit(r rune) bool { return r >= '0' && r <= '9' }

// Han says whether r is a Chinese character.
func Han(r rune) bool { return unicode.Is(unicode.Han, r) }

var hanDigits = []rune("零一二三四五六七八九")

// Numerals writes the Arabic numbers of a folded text in Chinese characters, as
// they are said: up to four digits as a number (24 → 二十四), longer ones digit by
// digit, a decimal point as 点. Spoken variants become one: 幺 → 一, 两 → 二, 〇 → 零.
func Numerals(folded string) string {
	rs := []rune(folded)
	var b strings.Builder
	b.Grow(len(folded) + 8)
	for i := 0; i < len(rs); {
		r := rs[i]
		switch {
		case digit(r):
			j := i
			for j < len(rs) && digit(rs[j]) {
				j++
			}
			fraction := i > 0 && rs[i-1] == '.'
			number(&b, rs[i:j], fraction || j-i > 4 || (rs[i] == '0' && j-i > 1))
			i = j
			continue
		case r == '.' && i > 0 && digit(rs[i-1]):
			b.WriteRune('点')
		case r == '幺':
			b.WriteRune('一')
		case r == '两' || r == '俩':
			b.WriteRune('二')
		case r == '〇':
			b.WriteRune('零')
		default:
			b.WriteRune(r)
		}
		i++
	}
	return b.String()
}

func number(b *strings.Builder, ds []rune, single bool) {
	if single || len(ds) == 1 {
		for _, d := range ds {
			b.WriteRune(hanDigits[d-'0'])
		}
		return
	}
	units := []rune{'千', '百', '十', 0}[4-len(ds):]
	zero, begun := false, false
	for i, d := range ds {
		if d == '0' {
			zero = true
			continue
		}
		if zero && begun {
			b.WriteRune('零')
		}
		zero = false
		if units[i] != '十' || d != '1' || begun { // 十二, not 一十二
			b.WriteRune(hanDigits[d-'0'])
		}
		if units[i] != 0 {
			b.WriteRune(units[i])
		}
		begun = true
	}
	if !begun {
		b.WriteRune('零')
	}
}

// Digits reads the digits that text dictates, as people say them: "1380", 幺三八,
// "one three eight", "double four", "oh". ok is false when text holds other
// matter than digits, pauses and the words that go with a dictated number.
func Digits(text string) (digits string, ok bool) {
	f := Fold(text)
	var b strings.Builder
	ok = true
	for w := range strings.FieldsSeq(spaceHan(f)) {
		switch {
		case digit([]rune(w)[0]):
			b.WriteString(strings.ReplaceAll(w, ".", ""))
			continue
		case hanDigit[w] != "":
			b.WriteString(hanDigit[w])
			continue
		case englishDigit[w] != "":
			b.WriteString(englishDigit[w])
			continue
		case digitNoise[w]:
			continue
		}
		ok = false
	}
	s := expandDouble(b.String())
	return s, ok && s != ""
}

// expandDouble resolves the marks that "double" and "triple" left before a digit.
func expandDouble(s string) string {
	if !strings.ContainsAny(s, "dt") {
		return s
	}
	var b strings.Builder
	n := 1
	for _, r := range s {
		switch r {
		case 'd':
			n = 2
		case 't':
			n = 3
		default:
			for range n {
				b.WriteRune(r)
			}
			n = 1
		}
	}
	return b.String()
}

// spaceHan separates Chinese characters from each other and from the rest.
func spaceHan(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		if Han(r) || Han(last) || digit(r) != digit(last) && r != '.' && last != '.' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

var hanDigit = map[string]string{
	"零": "0", "〇": "0", "洞": "0", "一": "1", "幺": "1", "二": "2", "两": "2", "三": "3", "四": "4",
	"五": "5", "六": "6", "七": "7", "拐": "7", "八": "8", "九": "9",
}

var englishDigit = map[string]string{
	"zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
	"six": "6", "seven": "7", "eight": "8", "nine": "9", "double": "d", "triple": "t",
}

var digitNoise = map[string]bool{
	"是": true, "的": true, "号": true, "码": true, "我": true, "嗯": true, "呃": true, "啊": true, "电": true, "话": true,
	"手": true, "机": true, "就": true, "it's": true, "is": true, "um": true, "uh": true, "my": true, "number": true,
	"the": true, "and": true, "then": true, "it": true, "at": true, "me": true, "phone": true, "call": true,
}
