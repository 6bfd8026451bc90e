// Package spoken turns written text into text as people say it, so that any voice
// can speak it: numbers, money, dates, times, telephone and order numbers, units,
// addresses, names of models.
//
// # Concepts
//
// [Normalize] is a list of rules for each language, tried in order at every place
// where something that is not plain words begins; the first that fits speaks. What
// no rule knows is still spoken: digits one by one, letters by name. [Adapt] is the
// second step, for voices that cannot say all of it: letters for a voice without
// letters, Chinese for a voice without Chinese.
//
// Digits in Chinese identifiers are read with 幺 for one, in groups divided by
// commas; in English with "oh" for zero where people say so.
//
// # Concurrency
//
// Pure functions; call them from anywhere.
package spoken

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Normalize returns text as it is said in language ("zh", "zh-CN", "en", "en-US",
// "en-GB"; others are treated as English without a country). It leaves no digit,
// no emoji and no symbol, and does nothing to its own output.
func Normalize(text, language string) string {
	text, amounts := prepare(text)
	lang := newDialect(language)
	if lang.chinese && mostlyEnglish(text) {
		lang = newDialect("en")
	}
	return tidy(lang.speak(text, amounts))
}

// dialect is a language with its rules.
type dialect struct {
	chinese bool
	british bool
	rules   []rule
}

func newDialect(language string) dialect {
	l := strings.ToLower(strings.ReplaceAll(language, "_", "-"))
	if l == "" || strings.HasPrefix(l, "zh") || strings.HasPrefix(l, "cmn") {
		return dialect{chinese: true, rules: chineseRules}
	}
	british := l == "en-gb" || l == "en-au" || l == "en-nz" || l == "en-ie" || l == "en-in" || l == "en-za" || l == "en-hk" || l == "en-sg"
	return dialect{british: british, rules: englishRules}
}

// A rule speaks one kind of thing. re is anchored at its beginning.
type rule struct {
	re  *regexp.Regexp
	say func(at place, m []string) (string, bool)
}

// place is where a rule is tried.
type place struct {
	before  string // the end of the text already passed, as written
	after   string // text behind the match
	amount  bool   // written with thousands separated, so no identifier
	british bool
}

// next is the first rune behind the match, or 0.
func (p place) next() rune {
	r, n := utf8.DecodeRuneInString(p.after)
	if n == 0 {
		return 0
	}
	return r
}

// last is the rune in front of the match, or 0.
func (p place) last() rune {
	r, n := utf8.DecodeLastRuneInString(p.before)
	if n == 0 {
		return 0
	}
	return r
}

// speak goes through text once.
func (d dialect) speak(text string, amounts map[int]bool) string {
	var out strings.Builder
	out.Grow(len(text) * 2)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !candidate(r) {
			out.WriteRune(d.plain(r))
			i += n
			continue
		}
		said, taken := d.try(text, i, amounts[i])
		if taken == 0 {
			said, taken = d.fallback(r), n
		}
		out.WriteString(said)
		i += taken
	}
	return out.String()
}

// try finds the rule for text[i:] and returns what it says and how much it took.
func (d dialect) try(text string, i int, amount bool) (string, int) {
	at := place{before: text[nearby(text, i):i], amount: amount, british: d.british}
	for _, r := range d.rules {
		m := r.re.FindStringSubmatch(text[i:])
		if m == nil || m[0] == "" {
			continue
		}
		at.after = text[i+len(m[0]):]
		if endsInside(m[0], at.after) {
			continue
		}
		if said, ok := r.say(at, m); ok {
			return said, len(m[0])
		}
	}
	return "", 0
}

// nearby is where the text begins that a rule may look back at.
func nearby(text string, i int) int {
	from := max(i-96, 0)
	for from > 0 && from < i && !utf8.RuneStart(text[from]) {
		from++
	}
	return from
}

// endsInside says whether a match that ends with a digit is followed by more of
// the same number.
func endsInside(m, after string) bool {
	if after == "" || !isDigit(rune(m[len(m)-1])) {
		return false
	}
	if isDigit(rune(after[0])) {
		return true
	}
	return len(after) > 1 && (after[0] == '.' || after[0] == ',') && isDigit(rune(after[1])) && strings.ContainsAny(m, "0123456789") && !groupedList(after)
}

// groupedList says whether the comma at the head of after divides two numbers
// rather than thousands: "3,5" but not "1,000".
func groupedList(after string) bool {
	if after[0] != ',' {
		return false
	}
	n := 1
	for n < len(after) && isDigit(rune(after[n])) {
		n++
	}
	return n != 4
}

// candidate says whether a rule may begin with r.
func candidate(r rune) bool {
	return r < 0x80 && !unicode.IsSpace(r) && !strings.ContainsRune(",;!?'\"", r) ||
		strings.ContainsRune("¥€£₩฿₽°℃℉±×÷≥≤≈≠∞√½⅓⅔¼¾⅛‰–—−～…→", r) || strings.ContainsRune("周星礼第人", r) // 周1, 第2, 人民币3
}

// plain is a rune that no rule begins with.
func (d dialect) plain(r rune) rune {
	switch {
	case r == '\n' || r == '\r':
		if d.chinese {
			return '。'
		}
		return '.'
	case unicode.IsSpace(r):
		return ' '
	case strings.ContainsRune("“”„‟\"‘‛「」『』《》〈〉", r):
		return ' '
	case strings.ContainsRune("（）()【】[]{}〔〕〖〗", r):
		if d.chinese {
			return '，'
		}
		return ','
	case d.chinese && strings.ContainsRune(",;!?:", r):
		return fullWidth(r)
	case r == '’':
		return '\''
	case unicode.IsLetter(r) || unicode.IsMark(r) || strings.ContainsRune("，。！？；：、,;!?:.'-", r):
		return r
	case unicode.IsDigit(r) || unicode.IsNumber(r):
		return r
	default:
		return ' '
	}
}

// fallback speaks a rune that no rule took: nothing is dropped silently that
// carries meaning.
func (d dialect) fallback(r rune) string {
	if isDigit(r) {
		if d.chinese {
			return zhDigit(r, false)
		}
		return " " + enDigit(r, false) + " "
	}
	if unicode.Is(unicode.Han, r) {
		return string(r)
	}
	if (r == '.' || r == ':') && !d.chinese {
		return string(r)
	}
	switch r {
	case '.':
		return "。"
	case ':':
		return "："
	}
	if unicode.IsLetter(r) {
		return string(r)
	}
	return string(d.plain(r))
}

// prepare folds what is only another way of writing: full-width forms, circled
// and superscript digits, other dashes and spaces; and drops what is never said.
// amounts are the offsets of numbers whose thousands were separated.
func prepare(text string) (folded string, amounts map[int]bool) {
	var out strings.Builder
	start := 0 // of the latest run of digits
	out.Grow(len(text))
	rs := []rune(strings.ToValidUTF8(text, " "))
	for i, r := range rs {
		if digitLike(r) && (i == 0 || !digitLike(rs[i-1]) && (i == 1 || !thousandsComma(rs, i-1))) {
			start = out.Len()
		}
		switch {
		case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
			out.WriteRune(r - 0xfee0)
		case strings.ContainsRune("％＄＃＆＊＋－／＠＝＜＞＿＾｜～（）［］｛｝＂＇＼．", r):
			out.WriteRune(fold(r))
		case r == '：' && i > 0 && i+1 < len(rs) && digitLike(rs[i-1]) && digitLike(rs[i+1]):
			out.WriteByte(':')
		case (r == '，' || r == ',') && thousandsComma(rs, i): // dropped: the digits belong together
			if amounts == nil {
				amounts = map[int]bool{}
			}
			amounts[start] = true
		case r == '￥':
			out.WriteRune('¥')
		case r == '￡':
			out.WriteRune('£')
		case r == '－' || r == '‐' || r == '‑' || r == '‒' || r == '―' || r == '﹣':
			out.WriteByte('-')
		case r == '−':
			out.WriteByte('-')
		case r == '〜' || r == '∼':
			out.WriteByte('~')
		case r >= '①' && r <= '⑨':
			out.WriteRune('1' + r - '①')
		case r == '〇' && i > 0 && i+1 < len(rs):
			out.WriteRune('零')
		case r == '²':
			out.WriteByte('2')
		case r == '³':
			out.WriteByte('3')
		case r == '㎡':
			out.WriteString("m2")
		case r == '㎏':
			out.WriteString("kg")
		case r == '㎝':
			out.WriteString("cm")
		case r == '㎜':
			out.WriteString("mm")
		case r == '㎞':
			out.WriteString("km")
		case r == '№':
			out.WriteString("No.")
		case otherDigit(r) >= 0:
			out.WriteByte(byte('0' + otherDigit(r)))
		case pictograph(r):
			out.WriteByte(' ')
		case r == '\t' || r == '\u00a0' || r == '\u3000' || r == '\u2009' || r == '\u202f':
			out.WriteByte(' ')
		case unicode.IsControl(r) && r != '\n':
			out.WriteByte(' ')
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r) && r >= 0xfe00:
			// joiners, direction marks, variation selectors
		default:
			out.WriteRune(r)
		}
	}
	return out.String(), amounts
}

// fullWidth is the Chinese form of an ASCII punctuation mark.
func fullWidth(r rune) rune { return r + 0xfee0 }

func fold(r rune) rune {
	if r == '～' {
		return '~'
	}
	return r - 0xfee0
}

func digitLike(r rune) bool { return isDigit(r) || r >= '０' && r <= '９' }

// thousandsComma says whether the comma at i stands between thousands: one to
// three digits before, exactly three behind (and more such groups).
func thousandsComma(rs []rune, i int) bool {
	if rs[i] != ',' && rs[i] != '，' {
		return false
	}
	before, after := 0, 0
	j := i - 1
	for ; j >= 0 && digitLike(rs[j]); j-- {
		before++
	}
	for k := i + 1; k < len(rs) && digitLike(rs[k]); k++ {
		after++
	}
	if after != 3 || before == 0 || before > 3 {
		return false
	}
	// 0,100 and 1.5,100 are no thousands; neither is 100,200,30.
	if j >= 0 && rs[j] == '.' || rs[j+1] == '0' && before == 1 {
		return false
	}
	if before == 3 && j >= 0 && (rs[j] == ',' || rs[j] == '，') {
		return thousandsComma(rs, j)
	}
	return true
}

// otherDigit is the value of a decimal digit of another script, or -1.
func otherDigit(r rune) int {
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return -1
	}
	// Decimal digits stand in runs of ten in every script.
	for v := range 10 {
		if !unicode.Is(unicode.Nd, r-rune(v)-1) {
			return v
		}
	}
	return int(r-'0') % 10
}

// pictograph says whether r is an emoji or a symbol that is a picture.
func pictograph(r rune) bool {
	return r >= 0x1f000 && !unicode.IsLetter(r) || r >= 0x2600 && r <= 0x27bf || r >= 0x2b00 && r <= 0x2bff || r >= 0x2300 && r <= 0x23ff || r >= 0x25a0 && r <= 0x25ff
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// mostlyEnglish says whether text is an English sentence: no Chinese in it and at
// least three words in small letters.
func mostlyEnglish(text string) bool {
	words := 0
	inside := false
	for _, r := range text {
		if isHan(r) {
			return false
		}
		if isLatin(r) || r == '\'' {
			if !inside && r >= 'a' && r <= 'z' {
				words++
			}
			inside = true
			continue
		}
		inside = false
	}
	return words >= 3
}

// tidy removes doubled spaces and punctuation, and spaces that Chinese has not.
func tidy(text string) string {
	rs := []rune(text)
	out := make([]rune, 0, len(rs))
	for i, r := range rs {
		if r == ' ' {
			if len(out) == 0 || i+1 >= len(rs) {
				continue
			}
			prev, next := out[len(out)-1], rune(0)
			for _, n := range rs[i+1:] {
				if n != ' ' {
					next = n
					break
				}
			}
			if next == 0 || prev == ' ' || wide(prev) || wide(next) || mark(next) {
				continue
			}
		}
		if mark(r) && !joins(rs, i) {
			for len(out) > 0 && out[len(out)-1] == ' ' {
				out = out[:len(out)-1]
			}
			if len(out) == 0 {
				continue
			}
			if last := out[len(out)-1]; mark(last) {
				if strength(r) > strength(last) {
					out[len(out)-1] = r
				}
				continue
			}
		}
		out = append(out, r)
	}
	text = strings.TrimRight(string(out), " ，、：；,;:")
	return text
}

// joins says whether the mark at i stands inside a word.
func joins(rs []rune, i int) bool {
	r := rs[i]
	return (r == '-' || r == '\'') && i > 0 && i+1 < len(rs) && unicode.IsLetter(rs[i-1]) && unicode.IsLetter(rs[i+1])
}

func mark(r rune) bool { return strings.ContainsRune("，。！？；：、,;!?:.-", r) }

func strength(r rune) int {
	switch r {
	case '?', '？':
		return 6
	case '!', '！':
		return 5
	case '.', '。':
		return 4
	case ';', '；':
		return 3
	case ':', '：':
		return 2
	case ',', '，', '、':
		return 1
	}
	return 0
}

func wide(r rune) bool { return isHan(r) || strings.ContainsRune("，。！？；：、", r) }

// Sayable says whether there is anything in text that a voice makes sound of.
func Sayable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}
