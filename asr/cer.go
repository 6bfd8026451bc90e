package asr

import (
	"strings"
	"unicode"
)

// CER is the character error rate of got against want: edits (insertions,
// deletions, substitutions) over the characters of want. Punctuation, spaces,
// case, full width and the script a number is written in do not count. It may be
// above 1; it is 0 for two empty texts and 1 where only want is empty.
func CER(want, got string) float64 {
	return rate([]rune(strings.Join(units(want, true), "")), []rune(strings.Join(units(got, true), "")))
}

// WER is the word error rate in the same sense. A Chinese character is a word.
func WER(want, got string) float64 {
	return rate(units(want, false), units(got, false))
}

// Errors returns the edits from want to got and the length of want, in characters
// or in words: what rates over several files are summed from.
func Errors(want, got string, words bool) (edits, length int) {
	if words {
		a, b := units(want, false), units(got, false)
		return distance(a, b), len(a)
	}
	a, b := []rune(strings.Join(units(want, true), "")), []rune(strings.Join(units(got, true), ""))
	return distance(a, b), len(a)
}

func rate[T comparable](want, got []T) float64 {
	if len(want) == 0 {
		return float64(min(len(got), 1))
	}
	return float64(distance(want, got)) / float64(len(want))
}

// distance is the Levenshtein distance.
func distance[T comparable](a, b []T) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// units splits a text into what is compared: words of letters, single Chinese
// characters, numbers. Numbers are brought to one form: digits for
// characters, so that 9点, 九点 and 九點 say the same.
func units(s string, chinese bool) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	rs := []rune(strings.ToLower(s))
	for i := range rs {
		rs[i] = narrow(rs[i])
	}
	for i := 0; i < len(rs); {
		r := rs[i]
		switch {
		case isNumeral(r):
			j := i
			for j < len(rs) && (isNumeral(rs[j]) || j > i && j+1 < len(rs) && (rs[j] == '.' || rs[j] == ',' || rs[j] == '点') && isNumeral(rs[j+1]) && isDigit(rs[j-1]) == isDigit(rs[j+1]) && (rs[j] != '点' || !isDigit(rs[j-1]) && decimalFollows(rs, j+1))) {
				j++
			}
			flush()
			out = append(out, numeral(rs[i:j]))
			i = j
			continue
		case isHan(r):
			flush()
			out = append(out, string(r))
		case unicode.IsLetter(r):
			word.WriteRune(r)
		case r == '\'' || r == '’': // don't is one word, however it is written
		case r == '%':
			flush()
			out = append(out, "%")
		default:
			flush()
		}
		i++
	}
	flush()
	if !chinese {
		for i, w := range out {
			if d, ok := englishNumber[w]; ok {
				out[i] = d
			}
		}
	}
	return out
}

// decimalFollows tells 三点一四 (a decimal) from 九点十五 (a time): behind the
// point of a decimal stand single digits.
func decimalFollows(rs []rune, i int) bool {
	n := 0
	for ; i < len(rs) && isNumeral(rs[i]); i++ {
		if _, ok := chineseUnit[rs[i]]; ok {
			return false
		}
		n++
	}
	return n >= 2 || i < len(rs) && rs[i] == '元'
}

var englishNumber = map[string]string{
	"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
	"seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "okay": "ok",
}

var chineseDigit = map[rune]int{
	'零': 0, '〇': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9,
	'两': 2, '幺': 1, '壹': 1, '贰': 2, '叁': 3, '肆': 4, '伍': 5, '陆': 6, '柒': 7, '捌': 8, '玖': 9,
}

var chineseUnit = map[rune]int{'十': 10, '百': 100, '千': 1000, '万': 10000, '亿': 100000000, '拾': 10, '佰': 100, '仟': 1000}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isNumeral(r rune) bool {
	if isDigit(r) {
		return true
	}
	if _, ok := chineseDigit[r]; ok {
		return true
	}
	_, ok := chineseUnit[r]
	return ok
}

// narrow brings full-width forms (U+FF01–U+FF5E) to ASCII.
func narrow(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	return r
}

// numeral is the number that rs writes in digits: 一百二十 and 120 alike. A row of
// digits (一二三) stays one.
func numeral(rs []rune) string {
	value, part, digit := int64(0), int64(0), int64(-1)
	hasUnit := false
	for _, r := range rs {
		if _, ok := chineseUnit[r]; ok {
			hasUnit = true
		}
	}
	if !hasUnit {
		var b strings.Builder
		for _, r := range rs {
			switch d, ok := chineseDigit[r]; {
			case ok:
				b.WriteByte(byte('0' + d))
			case isDigit(r):
				b.WriteRune(r)
			case r == '.' || r == '点':
				b.WriteByte('.')
			}
		}
		return b.String()
	}
	for _, r := range rs {
		if d, ok := chineseDigit[r]; ok {
			digit = max(digit, 0)
			digit = digit*10 + int64(d)
			if len(rs) > 18 { // no number of that length is meant
				return string(rs)
			}
			continue
		}
		if isDigit(r) {
			digit = max(digit, 0)*10 + int64(r-'0')
			continue
		}
		unit := int64(chineseUnit[r])
		if digit < 0 && (unit < 10000 && r != '万' && r != '亿') {
			digit = 1 // 十二
		}
		if unit >= 10000 {
			part += max(digit, 0)
			if part == 0 {
				part = 1
			}
			value += part * unit
			part = 0
		} else {
			part += max(digit, 0) * unit
		}
		digit = -1
	}
	value += part + max(digit, 0)
	return itoa(value)
}

func itoa(v int64) string {
	if v <= 0 {
		return "0"
	}
	var b [20]byte
	i := len(b)
	for ; v > 0; v /= 10 {
		i--
		b[i] = byte('0' + v%10)
	}
	return string(b[i:])
}
