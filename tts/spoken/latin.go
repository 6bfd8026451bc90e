package spoken

import (
	"strings"
	"unicode"
)

// names that are neither read as they are written nor spelled.
var names = map[string]string{
	"iphone": "i Phone", "ipad": "i Pad", "imac": "i Mac", "ipod": "i Pod", "icloud": "i Cloud", "ios": "i O S", "ipados": "i Pad O S", "macos": "mac O S",
	"wifi": "WiFi", "esim": "e SIM", "ebay": "e Bay", "app": "A P P", "apps": "apps", "airpods": "Air Pods", "macbook": "Mac Book",
}

// capitals are words in capitals that are said as words, not spelled.
var capitals = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`OK PRO MAX PLUS MINI AIR ULTRA LITE NEW NOT FREE SALE NOW ALL YES NO AND OR THE ONLY YOU ARE IS TO WE US OUR YOUR ` +
		`FOR PIN SIM RAM HELLO HI STOP HELP OFF ON SOLD OUT OPEN CLOSED TOP HOT BIG ANY ONE TWO NASA IKEA NIKE LEGO SONY ZARA FENDI ASUS LOGO JPEG PLEASE IMPORTANT NOTE NEVER MUST CALL ` +
		`SET GET BUY ADD END MAY CAN WILL WITH FROM THIS THAT IT IN AT BY AS IF BE DO GO MY ME HE SHE NOTHING EASY FAST TYPE MODE CARD BABY GIFT SIZE COLOR SMART HOME`) {
		m[w] = true
	}
	return m
}()

// word reads one run of Latin letters: names, acronyms letter by letter, words as
// they are. Spelled letters are capitals with spaces between.
func word(w string) string {
	if s, ok := names[strings.ToLower(w)]; ok {
		return s
	}
	upper := w == strings.ToUpper(w)
	switch {
	case len(w) == 1:
		return w
	case upper && capitals[w]:
		return strings.ToLower(w)
	case upper && (len(w) <= 5 || !vowels(w)):
		return spell(w)
	case upper:
		return strings.ToLower(w)
	case !strings.ContainsAny(w, "'’") && strings.HasSuffix(w, "s") && w[:len(w)-1] == strings.ToUpper(w[:len(w)-1]) && len(w) <= 5 && len(w) > 2:
		return spell(w[:len(w)-1]) + "'s" // "PCs"
	case !vowels(w) && len(w) <= 4 && !strings.ContainsAny(w, "'’"):
		return spell(strings.ToUpper(w)) // "kf", "https"
	}
	return w
}

func spell(w string) string { return strings.Join(strings.Split(strings.ToUpper(w), ""), " ") }

func vowels(w string) bool { return strings.ContainsAny(w, "aeiouyAEIOUY") }

// zhLatin reads a run of letters with the digits that are glued to it: "iPhone15",
// "SF1234567", "USB-C" (in two steps), "A12".
func zhLatin(_ place, m []string) (string, bool) {
	s := word(m[1])
	if m[2] == "" {
		return s, true
	}
	for rest := m[2]; rest != ""; {
		n := 0
		for n < len(rest) && !isDigit(rune(rest[n])) {
			n++
		}
		letters := strings.Trim(rest[:n], "-")
		rest = rest[n:]
		n = 0
		for n < len(rest) && isDigit(rune(rest[n])) {
			n++
		}
		digits := rest[:n]
		rest = rest[n:]
		if letters != "" {
			s += " " + word(letters)
		}
		if digits != "" {
			s += " " + zhModel(digits)
		}
	}
	return s, true
}

// zhModel reads the digits of a model or code: two as a number, more one by one.
func zhModel(digits string) string {
	if len(digits) <= 2 && digits[0] != '0' {
		return zhNumber(digits)
	}
	return zhGroups(digits)
}

func zhAddress(_ place, m []string) (string, bool) { return zhSpell(m[0]), true }

func zhDomain(at place, m []string) (string, bool) {
	if isLatin(at.next()) || isDigit(at.next()) {
		return "", false
	}
	return zhSpell(m[0]), true
}

// zhSpell reads an address: names as words, signs by name, digits one by one.
func zhSpell(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(address), "https://"), "http://")
	return readAddress(address, map[rune]string{'.': "点", '@': "艾特", '/': "斜杠", '-': "杠", '_': "下划线", ':': "冒号", '?': "问号", '=': "等于", '&': "和", '+': "加", '#': "井号", '%': "百分号", '~': "波浪号"},
		func(digits string) string { return zhString(digits, true) })
}

// readAddress reads an address with the given names of signs.
func readAddress(address string, signs map[rune]string, digits func(string) string) string {
	var out, run strings.Builder
	flush := func() {
		if run.Len() == 0 {
			return
		}
		w := run.String()
		run.Reset()
		if isDigit(rune(w[0])) {
			w = digits(w)
		} else {
			w = strings.TrimSpace(word(w))
			if w == "www" {
				w = "W W W"
			}
		}
		out.WriteString(" " + w + " ")
	}
	digit := false
	for _, r := range address {
		if sign, ok := signs[r]; ok {
			flush()
			out.WriteString(" " + sign + " ")
			continue
		}
		if run.Len() > 0 && isDigit(r) != digit {
			flush()
		}
		digit = isDigit(r)
		run.WriteRune(r)
	}
	flush()
	return out.String()
}

// zhSymbol reads a sign that stands alone.
func zhSymbol(at place, m []string) (string, bool) {
	switch m[1] {
	case "<":
		return ifNumber(at, "小于"), true
	case ">":
		return ifNumber(at, "大于"), true
	case "≥", ">=":
		return "大于等于", true
	case "≤", "<=":
		return "小于等于", true
	case "≈":
		return "约等于", true
	case "=":
		return "等于", true
	case "±":
		return "正负", true
	case "×":
		return "乘", true
	case "÷":
		return "除以", true
	case "+":
		return "加", true
	case "&":
		return "和", true
	case "~":
		if isHan(at.last()) && isHan(at.next()) && zhPeriodWord(at) {
			return "到", true
		}
		return " ", true
	case "→":
		return "到", true
	case "°":
		return "度", true
	case "√":
		return "根号", true
	case "∞":
		return "无穷大", true
	}
	return "", false
}

func ifNumber(at place, s string) string {
	if unicode.IsDigit(at.next()) || at.next() == '=' || strings.ContainsRune("¥$ ", at.next()) {
		return s
	}
	return " "
}
