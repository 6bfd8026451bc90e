package private

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A run is a stretch of a text that dictates digits, with where each digit stands.
type run struct {
	digits     string
	start, end int // bytes of the text, from the first to behind the last digit
	plus       bool
	at         []int // where each digit begins
	to         []int // where each digit ends
	groups     []int // index of the first digit of each group
	spoken     bool  // digits are words
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

var hanDigits = map[rune]byte{
	'零': '0', '〇': '0', '洞': '0', '一': '1', '幺': '1', '壹': '1', '二': '2', '两': '2', '贰': '2', '三': '3', '叁': '3', '四': '4', '肆': '4',
	'五': '5', '伍': '5', '六': '6', '陆': '6', '七': '7', '柒': '7', '拐': '7', '八': '8', '捌': '8', '九': '9', '玖': '9', '勾': '9',
}

var englishDigits = map[string]byte{
	"zero": '0', "oh": '0', "o": '0', "one": '1', "two": '2', "three": '3', "four": '4', "five": '5', "six": '6', "seven": '7',
	"eight": '8', "nine": '9', "double": 'd', "triple": 't', "treble": 't',
}

// runs finds the stretches of digits: Arabic, full width, Chinese or English
// words, parted by spaces, hyphens, brackets, points or pauses ("、", "，" within
// a dictated number, "嗯"). Chinese digit words count only in chains: 二 in 二手
// dictates nothing.
func runs(text string) []run {
	var all []run
	var cur run
	repeat := 1
	flush := func() {
		if len(cur.digits) > 0 {
			all = append(all, cur)
		}
		cur = run{}
		repeat = 1
	}
	put := func(d byte, from, to int, group bool) {
		if len(cur.digits) == 0 {
			cur.start = from
			group = true
		}
		if group {
			cur.groups = append(cur.groups, len(cur.digits))
		}
		for range repeat {
			cur.digits += string(d)
			cur.at = append(cur.at, from)
			cur.to = append(cur.to, to)
		}
		repeat = 1
		cur.end = to
	}
	parted := false // by something since the last digit
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		d, isDigit := digitOf(r)
		switch {
		case isDigit:
			if han(r) {
				cur.spoken = true
			}
			put(d, i, i+n, parted)
			parted = false
			i += n
		case r == '+':
			flush()
			parted = false
			cur.plus = true
			i += n
		case latinLetter(r):
			j := i
			for j < len(text) {
				r2, n2 := utf8.DecodeRuneInString(text[j:])
				if !latinLetter(r2) && r2 != '\'' && (r2 < '0' || r2 > '9') {
					break
				}
				j += n2
			}
			word := strings.ToLower(text[i:j])
			d, ok := englishDigits[word]
			switch {
			case ok && d == 'd':
				repeat = 2
			case ok && d == 't':
				repeat = 3
			case ok:
				put(d, i, j, parted)
				cur.spoken = true
			case (word == "x") && len(cur.digits) == 17: // an identity card's last place
				put('X', i, j, false)
			case word == "um" || word == "uh" || word == "er":
			default:
				flush()
			}
			parted = true
			i = j
		case strings.ContainsRune(" -‐‑–—()（）.·\u00a0\t", r):
			parted = true
			if r == '.' && !spaced(text, i+n) && decimal(cur) {
				flush() // a price, a version
			}
			i += n
		case strings.ContainsRune(",，、", r) && len(cur.digits) > 0:
			// a pause in a dictated number, and in 1,200 no end of it either
			parted = true
			i += n
		case (r == '叉' || r == '×') && len(cur.digits) == 17:
			put('X', i, i+n, false)
			i += n
		case pause(text[i:]) > 0 && len(cur.digits) > 0:
			parted = true
			i += pause(text[i:])
		default:
			flush()
			parted = false
			i += n
		}
	}
	flush()
	return all
}

// decimal says whether what was read so far reads as the whole part of a number.
func decimal(r run) bool { return !r.spoken && len(r.groups) == 1 && len(r.digits) < 7 }

func spaced(text string, i int) bool { return i >= len(text) || text[i] == ' ' }

// pause is the length of a filler at the start of s.
func pause(s string) int {
	for _, f := range [...]string{"嗯", "呃", "额", "那个", "然后是", "然后", "杠"} {
		if strings.HasPrefix(s, f) {
			return len(f)
		}
	}
	return 0
}

func digitOf(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r >= '０' && r <= '９':
		return byte(r-'０') + '0', true
	}
	d, ok := hanDigits[r]
	return d, ok
}

func latinLetter(r rune) bool { return r < 0x250 && unicode.IsLetter(r) }

// within are the lengths of the groups of the digits from–to.
func (r run) within(from, to int) []int {
	var lengths []int
	last := from
	for _, g := range r.groups {
		if g > from && g < to {
			lengths = append(lengths, g-last)
			last = g
		}
	}
	return append(lengths, to-last)
}

// numbers finds telephone numbers, identity and bank cards among the runs.
func numbers(text string) []Span {
	var spans []Span
	for _, r := range runs(text) {
		spans = append(spans, classify(text, r)...)
	}
	return spans
}

// maxDigits is the length of the longest number that is looked for, a bank card's.
const maxDigits = 19

// classify tells what a run is, or what its parts are.
func classify(text string, r run) []Span {
	n := len(r.digits)
	if n < 7 {
		return nil
	}
	subject := subjectOf(text[:r.start])
	if s, ok := whole(text, r, 0, n, subject); ok {
		return []Span{s}
	}
	if subject == aboutOrder {
		return nil
	}
	// Two numbers dictated one behind the other, or a number and a date: look at
	// stretches that begin and end with a group, the longest first.
	var spans []Span
	bounds := append(append([]int(nil), r.groups...), n)
	for i := 0; i < len(bounds)-1; i++ {
		for j := len(bounds) - 1; j > i; j-- {
			if bounds[j]-bounds[i] > maxDigits || i == 0 && j == len(bounds)-1 {
				continue
			}
			if s, ok := whole(text, r, bounds[i], bounds[j], subject); ok {
				spans = append(spans, s)
				i = j - 1
				break
			}
		}
	}
	return spans
}

// whole tells what the digits from–to of a run are, taken together.
func whole(text string, r run, from, to int, subject subject) (Span, bool) {
	d := r.digits[from:to]
	span := Span{Start: r.at[from], End: r.to[to-1]}
	if len(d) < 7 || len(d) > maxDigits || from > 0 && r.at[from] < r.to[from-1] || to < len(r.digits) && r.at[to] < r.to[to-1] {
		return span, false // "double four" is not cut in half
	}
	span.keep = d[len(d)-4:]
	groups := r.within(from, to)
	if !r.spoken && len(groups) > 6 {
		return span, false // a list of numbers
	}
	if !alone(text, span.Start, span.End) {
		return span, false
	}
	if subject == aboutOrder {
		return span, false
	}
	switch {
	case identity(d):
		span.Kind = Identity
	case strings.ContainsRune(d, 'X'):
		return span, false
	case subject == aboutCard && len(d) >= 12 && len(d) <= 19:
		span.Kind = Card // misheard or mistyped, but that is what it is
	case subject == aboutIdentity && len(d) >= 8:
		span.Kind = Identity
	case len(d) >= 13 && len(d) <= 19 && luhn(d) && issuer(d):
		span.Kind = Card
	case phone(d, r.plus && from == 0, r.spoken, groups, subject):
		span.Kind = Phone
	default:
		return span, false
	}
	return span, true
}

// alone says whether the digits stand by themselves: what is glued to letters is
// an order or part number (SF1380013800), and what a currency or unit goes with
// is an amount.
func alone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	if latinLetter(before) || before == '_' || before == '#' || before == '¥' || before == '￥' || before == '$' || before == '£' || before == '€' {
		return false
	}
	after, _ := utf8.DecodeRuneInString(text[end:])
	if latinLetter(after) || after == '_' || after == '%' {
		return false
	}
	for _, unit := range [...]string{"元", "块", "万", "亿", "年", "°"} {
		if strings.HasPrefix(strings.TrimLeft(text[end:], " "), unit) {
			return false
		}
	}
	return true
}

// subject is what the words before a number say it is.
type subject int

const (
	unknownSubject subject = iota
	aboutOrder
	aboutPhone
	aboutCard
	aboutIdentity
)

var subjects = []struct {
	subject subject
	words   []string
}{
	{aboutPhone, []string{"手机", "电话", "座机", "联系方式", "号码是", "打给我", "拨打", "来电", "phone", "mobile", "cell", "call me", "my number", "the number is", "number's", "reach me", "ring me", "telephone", "tel", "whatsapp", "微信"}},
	{aboutCard, []string{"卡号", "银行卡", "信用卡", "储蓄卡", "借记卡", "card number", "credit card", "debit card", "card is", "visa", "mastercard"}},
	{aboutIdentity, []string{"身份证", "证件号", "社保号", "护照号", "social security", "ssn", "national insurance", "passport number"}},
	{aboutOrder, []string{
		"订单", "单号", "运单", "快递单", "工单", "流水号", "序列号", "编号", "型号", "条码", "条形码", "货号", "税号", "发票号", "发票代码", "验证码", "合同号",
		"会员号", "案件号", "预约号", "取件码", "order", "tracking", "invoice", "serial", "ticket", "reference", "confirmation", "case number", "model", "part number",
		"sku", "barcode", "code", "account number", "parcel", "shipment", "booking", "receipt",
	}},
}

// subjectOf reads the end of what stands before a number.
func subjectOf(before string) subject {
	const reach = 45
	if len(before) > reach {
		before = before[len(before)-reach:]
	}
	if k := strings.LastIndexAny(before, "。！？!?;；\n"); k >= 0 {
		before = before[k:]
	}
	before = strings.ToLower(before)
	best, at := unknownSubject, -1
	for _, s := range subjects {
		for _, w := range s.words {
			k := strings.LastIndex(before, w)
			if k < 0 {
				continue
			}
			if w[0] < 0x80 && k > 0 && before[k-1] >= 'a' && before[k-1] <= 'z' { // hotel is no tel
				continue
			}
			if k+len(w) > at {
				best, at = s.subject, k+len(w)
			}
		}
	}
	return best
}

// identity checks an 18-place Chinese identity card: region, date of birth and
// check digit (GB 11643).
func identity(d string) bool {
	if len(d) != 18 || d[0] < '1' || d[0] > '9' {
		return false
	}
	year, month, day := d[6:10], d[10:12], d[12:14]
	if year < "1900" || year > "2099" || month < "01" || month > "12" || day < "01" || day > "31" {
		return false
	}
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		if d[i] < '0' || d[i] > '9' {
			return false
		}
		sum += int(d[i]-'0') * w
	}
	return d[17] == "10X98765432"[sum%11]
}

// luhn checks a bank card's last digit (ISO/IEC 7812-1).
func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		c := d[len(d)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		v := int(c - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// issuer says whether a bank card can begin so: UnionPay, Visa, MasterCard,
// American Express, Discover, JCB, Diners.
func issuer(d string) bool {
	switch d[0] {
	case '4', '5':
		return len(d) == 16 || len(d) == 13 && d[0] == '4' || len(d) == 19
	case '6':
		return len(d) >= 16
	case '3':
		return len(d) == 15 && (d[1] == '4' || d[1] == '7') || len(d) == 16 && d[1] == '5' || len(d) == 14 && (d[1] == '0' || d[1] == '6' || d[1] == '8')
	case '2':
		return len(d) == 16 && d[:4] >= "2221" && d[:4] <= "2720"
	}
	return false // Chinese cards that begin with 9 are old and rare, order numbers that do are not
}

// phone says whether digits are a telephone number, of China, North America,
// Britain, or of any country where it is written with "+".
func phone(d string, plus, spoken bool, groups []int, s subject) bool {
	if plus {
		return len(d) >= 8 && len(d) <= 15
	}
	d = strings.TrimPrefix(d, "00")
	n := len(d)
	mobile := func(x string) bool { return len(x) == 11 && x[0] == '1' && x[1] >= '3' }
	switch {
	case mobile(d), n == 13 && strings.HasPrefix(d, "86") && mobile(d[2:]):
		return true
	case strings.HasPrefix(d, "400") && n == 10, strings.HasPrefix(d, "800") && n == 10:
		return false // a business's number is nobody's
	case s == aboutPhone && n >= 7 && n <= 15:
		return true
	case landline(d):
		return true
	case northAmerican(d):
		// ten digits in a row may be anything; dictated, or as 3-3-4, they are a number
		if k := len(groups); k >= 3 && groups[k-1] == 4 && groups[k-2] == 3 && groups[k-3] == 3 {
			return true
		}
		return spoken
	case british(d):
		return spoken || len(groups) == 1 || len(groups) <= 3 && groups[0] >= 3
	}
	return false
}

// landline is a Chinese area code with a number: 010 and 02x with eight digits,
// the others (0xxx) with seven or eight.
func landline(d string) bool {
	if len(d) < 10 || d[0] != '0' || d[1] == '0' {
		return false
	}
	if d[1] == '1' || d[1] == '2' {
		return d[1:3] != "11" && len(d) == 11 && d[3] >= '2'
	}
	return (len(d) == 11 || len(d) == 12) && d[4] >= '2'
}

func northAmerican(d string) bool {
	if len(d) == 11 && d[0] == '1' {
		d = d[1:]
	}
	return len(d) == 10 && d[0] >= '2' && d[3] >= '2' && (d[1] != '1' || d[2] != '1')
}

func british(d string) bool {
	if strings.HasPrefix(d, "44") && len(d) == 12 {
		d = "0" + d[2:]
	}
	return (len(d) == 11 || len(d) == 10) && d[0] == '0' && (d[1] == '1' || d[1] == '2' || d[1] == '3' || d[1] == '7')
}
