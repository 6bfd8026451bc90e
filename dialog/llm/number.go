package llm

import (
	"strconv"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
)

var (
	numeral = map[rune]float64{'零': 0, '〇': 0, '一': 1, '幺': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	scale   = map[rune]float64{'十': 10, '百': 100, '千': 1000, '万': 1e4, '亿': 1e8}
)

// Words that begin with a numeral and say no number.
var noNumber = longestFirst(`一下 一般 一样 一起 一直 一些 一旦 一边 一致 一律 一键 一方 一经 一并 一切 十分 千万 万一 三方 万能 一会 一点 百货 千里 二维码 二手 两者 双方 一次性 九折起`)

// What makes a number of a word that says none: 十分钟 and 一点半, unlike 十分方便 and 近一点.
var butNumber = map[string]string{"十分": "钟", "一点": "钟半整零一二三四五六七八九十0123456789"}

// saysNoNumber tells whether rs begins with a word that only looks like a number.
func saysNoNumber(rs []rune) bool {
	n := longest(noNumber, rs)
	return n > 0 && (n == len(rs) || !strings.ContainsRune(butNumber[string(rs[:n])], rs[n]))
}

// dayPart says that an hour follows.
var dayPart = map[string]bool{"w:上午": true, "w:下午": true, "w:中午": true, "w:晚上": true, "w:早上": true, "w:凌晨": true, "w:傍晚": true, "w:夜间": true}

// anHour gives 一点 behind a part of the day as the hour that it is there.
func anHour(before string, rs []rune) []rune {
	if !dayPart[before] || len(rs) < 2 || rs[0] != '一' || rs[1] != '点' {
		return rs
	}
	return append([]rune("1"), rs[1:]...)
}

// value reads a number without its unit.
func value(rs []rune) (string, int, bool) {
	if len(rs) == 0 {
		return "", 0, false
	}
	s := string(rs)
	if m := figures.FindString(s); m != "" {
		n := len(m)
		digits := strings.ReplaceAll(m, ",", "")
		if len(digits) > 4 && !strings.ContainsAny(m, ",.") { // a code: its zeros count
			if n < len(rs) && rs[n] < 128 && unicode.IsLetter(rs[n]) {
				w := latinWord.FindString(s)
				return "code " + w, len(w), true
			}
			return digits, n, true
		}
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return "", 0, false
		}
		for n < len(rs) {
			by, ok := scale[rs[n]]
			if !ok {
				break
			}
			f *= by
			n++
		}
		return plainNumber(f), n, true
	}
	if strings.HasPrefix(s, "百分之") {
		v, k, ok := value(rs[3:])
		return v + " %", 3 + k, ok
	}
	if lang.Han(rs[0]) {
		return chineseNumber(rs)
	}
	return englishNumber(s)
}

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func chineseNumber(rs []rune) (string, int, bool) {
	if saysNoNumber(rs) {
		return "", 0, false
	}
	n, scaled := 0, false
	for n < len(rs) {
		_, isDigit := numeral[rs[n]]
		_, isScale := scale[rs[n]]
		if !isDigit && !isScale || n > 0 && saysNoNumber(rs[n:]) {
			break
		}
		scaled = scaled || isScale
		n++
	}
	if n == 0 || n == 1 && (rs[0] == '千' || rs[0] == '万' || rs[0] == '亿') {
		return "", 0, false
	}
	run := rs[:n]
	if !scaled && n > 1 { // digit by digit
		var b strings.Builder
		for _, r := range run {
			b.WriteByte('0' + byte(numeral[r]))
		}
		return decimals(b.String(), rs, n)
	}
	for i, r := range run[1:] { // 四五十: nothing that could be compared
		_, before := numeral[run[i]]
		_, here := numeral[r]
		if before && here && run[i] != '零' && run[i] != '〇' {
			return string(run), n, true
		}
	}
	var total, section, digit float64
	last := 1.0
	for _, r := range run {
		if v, ok := numeral[r]; ok {
			digit = v
			if r == '零' || r == '〇' {
				last = 1
			}
			continue
		}
		by := scale[r]
		if by >= 1e4 {
			total += (section + digit) * by
			section, digit = 0, 0
		} else {
			if digit == 0 {
				digit = 1
			}
			section += digit * by
			digit = 0
		}
		last = by
	}
	if digit > 0 && last >= 100 && n > 1 { // 二百五
		digit *= last / 10
	}
	return decimals(plainNumber(total+section+digit), rs, n)
}

// decimals reads 点五 behind a whole number; 点 before anything else is the clock's.
func decimals(whole string, rs []rune, n int) (string, int, bool) {
	if n+1 < len(rs) && rs[n] == '点' {
		k := n + 1
		var b strings.Builder
		for k < len(rs) {
			v, ok := numeral[rs[k]]
			if !ok {
				break
			}
			b.WriteByte('0' + byte(v))
			k++
		}
		if b.Len() > 0 && (k == len(rs) || rs[k] != '十' && rs[k] != '分' && rs[k] != '刻') {
			return whole + "." + b.String(), k, true
		}
	}
	return whole, n, true
}

var englishOnes = map[string]float64{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
	"first": 1, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
}
var englishScale = map[string]float64{"hundred": 100, "thousand": 1000, "million": 1e6}

func englishNumber(s string) (string, int, bool) {
	at, n := 0, 0
	var total, part float64
	var digits strings.Builder
	words := 0
	odd := false // nineteen ninety-nine: nothing that could be compared
words:
	for {
		rest := strings.TrimLeft(s[at:], " -")
		skip := len(s[at:]) - len(rest)
		if words == 0 && skip > 0 {
			break
		}
		w := latinWord.FindString(rest)
		if w == "" {
			break
		}
		v, one := englishOnes[w]
		by, scales := englishScale[w]
		after := ""
		if w == "a" || w == "an" || w == "and" {
			after = latinWord.FindString(strings.TrimLeft(rest[len(w):], " "))
		}
		_, oneAfter := englishOnes[after]
		switch {
		case one:
			if rest := int(part); v < 10 && rest%10 != 0 || v >= 10 && rest%100 != 0 {
				odd = true
			}
			if v < 10 {
				digits.WriteByte('0' + byte(v))
			} else {
				digits.WriteString("x")
			}
			part += v
		case scales && words > 0:
			digits.WriteString("x")
			if by == 100 {
				part *= by
			} else {
				total, part = total+part*by, 0
			}
		case w == "and" && words > 0 && part >= 100 && oneAfter:
		case words == 0 && w != "and" && after != "" && countable(after):
			part = 1
			digits.WriteString("x")
		default:
			break words
		}
		at += skip + len(w)
		n = at
		words++
	}
	if n == 0 {
		return "", 0, false
	}
	if d := digits.String(); len(d) >= 3 && !strings.Contains(d, "x") { // digit by digit
		return d, n, true
	}
	if odd {
		return strings.Join(strings.FieldsFunc(s[:n], func(r rune) bool { return r == ' ' || r == '-' }), "-"), n, true
	}
	return plainNumber(total + part), n, true
}

// countable says whether "a" before the word is a number: a day, a hundred.
func countable(w string) bool {
	if _, ok := englishScale[w]; ok {
		return true
	}
	u, ok := units[w]
	return ok && u != "piece" && u != "times" && u != "person"
}
