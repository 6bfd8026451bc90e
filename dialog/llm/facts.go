package llm

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hotline/dialog/internal/lang"
)

// class says what a piece of a text is.
type class uint8

const (
	plain    class = iota // words that must stand in the source
	fact                  // a number with its unit, a date, an address, a promise
	negation              //
	free                  // a common word
)

// item is a piece of a clause. key is its canonical form: 七天, 7天 and "seven days"
// have the same.
type item struct {
	class class
	key   string
	rs    []rune // as written, folded
}

var (
	address   = regexp.MustCompile(`^(?:[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+|(?:https?://|www\.)[^\s，。；]+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|io|co|uk|info|top|shop|app|xyz|me)(?:/[^\s，。；]*)?)`)
	telephone = regexp.MustCompile(`^\+?\d{2,5}(?:[- ]\d{3,4}){1,3}`)
	isoDate   = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})`)
	clock     = regexp.MustCompile(`^(\d{1,2}):(\d{2})`)
	figures   = regexp.MustCompile(`^\d+(?:,\d{3})*(?:\.\d+)?`)
	latinWord = regexp.MustCompile(`^[a-z0-9]+(?:'[a-z]+)?`)
)

// normal folds a text and keeps what divides it.
func normal(text string) string {
	text = lang.Simplify(norm.NFKC.String(text))
	text = strings.ToLower(text)
	return contractions.Replace(text)
}

var contractions = strings.NewReplacer("’", "'", "can't", "can not", "won't", "will not", "n't", " not", "'ll", " will", "'re", " are", "'ve", " have", "'m", " am", "cannot", "can not",
	"a.m.", "am", "p.m.", "pm", "o'clock", ":00", "per cent", "%", "percent", "%", "—", "-", "–", "-", "～", "~")

// scan takes a folded clause apart.
func scan(clause string) []item {
	rs := []rune(clause)
	addresses := strings.ContainsAny(clause, "@./") // else there is none
	var out []item
	put := func(c class, key string, n int) {
		if c == plain && len(out) > 0 && out[len(out)-1].class == plain && key == "" && lang.Han(rs[0]) {
			last := &out[len(out)-1]
			if last.key == "" { // one run of Chinese
				last.rs = append(last.rs, rs[:n]...)
				rs = rs[n:]
				return
			}
		}
		out = append(out, item{c, key, append([]rune(nil), rs[:n]...)})
		rs = rs[n:]
	}
	for len(rs) > 0 {
		r := rs[0]
		switch {
		case r < 128 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("$+", r), unicode.IsSpace(r):
			if len(out) > 0 && out[len(out)-1].class == plain && out[len(out)-1].key == "" {
				out = append(out, item{class: free}) // ends the run
			}
			rs = rs[1:]
		case strings.ContainsRune("$¥£€￥", r) || r == '+' || unicode.IsDigit(r):
			key, n := quantity(rs)
			if n == 0 {
				key, n = "sign:"+string(r), 1
			}
			put(fact, key, n)
		case lang.Han(r):
			before := ""
			if len(out) > 0 {
				before = out[len(out)-1].key
			}
			if key, n := quantity(anHour(before, rs)); n > 0 {
				put(fact, key, n)
				continue
			}
			switch n := 0; {
			case any1(&n, longest(noNegation, rs)):
				put(plain, "", n)
			case any1(&n, longest(boundChinese, rs)):
				put(fact, "w:"+string(rs[:n]), n)
			case any1(&n, longest(negationChinese, rs)):
				put(negation, "not", n)
			default:
				put(plain, "", 1)
			}
		case r < 128:
			if addresses {
				if m := address.FindString(string(rs)); m != "" {
					put(fact, "at:"+strings.TrimRight(m, ".,"), len([]rune(m)))
					continue
				}
			}
			if key, n := quantity(rs); n > 0 {
				put(fact, key, n)
				continue
			}
			w := latinWord.FindString(string(rs))
			if w == "" {
				rs = rs[1:]
				continue
			}
			bare := strings.TrimSuffix(w, "'s")
			switch {
			case strings.ContainsAny(w, "0123456789"):
				put(fact, "code:"+w, len(w))
			case negationEnglish[bare]:
				put(negation, "not", len(w))
			case boundEnglish[bare]:
				put(fact, "w:"+lang.Stem(bare), len(w))
			case freeEnglish[bare]:
				put(free, "", len(w))
			default:
				put(plain, lang.Stem(bare), len(w))
			}
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r):
			// Another script, ① or an emoji: nobody knows what it says.
			put(fact, "sign:"+string(r), 1)
		default:
			if len(out) > 0 {
				out = append(out, item{class: free})
			}
			rs = rs[1:]
		}
	}
	return out
}

func any1(n *int, v int) bool { *n = v; return v > 0 }

// units by their canonical form. What is not here is its own unit.
var units = func() map[string]string {
	m := map[string]string{}
	for name, words := range map[string]string{
		"day": "天 day days 日内 个自然日 自然日", "workday": "工作日 个工作日", "hour": "小时 个小时 钟头 个钟头 hour hours hr hrs h", "minute": "分钟 minute minutes min mins", "second": "秒 秒钟 second seconds",
		"week": "周 个星期 星期 个礼拜 礼拜 week weeks", "months": "个月 month months", "year": "年 周年 year years yr", "monthname": "月 月份", "date": "日 号",
		"yuan": "元 块 块钱 圆 元钱 yuan rmb cny 元人民币", "dollar": "美元 美金 dollar dollars usd bucks", "pound": "英镑 pound pounds gbp", "euro": "欧元 euro euros", "cent": "cent cents 美分",
		"%": "% 个百分点", "kg": "公斤 千克 kg kgs kilo kilos kilogram kilograms", "km": "公里 千米 km kilometer kilometers kilometre kilometres", "discount": "折",
		"piece": "件 piece pieces item items", "times": "次 time times 回", "person": "人 个人 位 person people",
	} {
		for w := range strings.FieldsSeq(words) {
			m[w] = name
		}
	}
	return m
}()

var currency = map[rune]string{'$': "dollar", '¥': "yuan", '￥': "yuan", '£': "pound", '€': "euro"}

// Words before and behind a number that change what it says.
var (
	limitsBefore = []string{"不超过", "不低于", "不少于", "不到", "不足", "超过", "至少", "最少", "最多", "最低", "最高", "最快", "最慢", "最晚", "最迟", "最长", "大约", "低于", "高于", "少于", "多于", "满", "约", "近", "每", "第", "前"}
	limitsBehind = []string{"以上", "以下", "以内", "之内", "以外", "之前", "以前", "之后", "以后", "左右", "内", "前", "后", "起", "多"}
	limitNames   = map[string]string{"以内": "内", "之内": "内", "之前": "前", "以前": "前", "之后": "后", "以后": "后", "大约": "约", "左右": "约", "最少": "至少", "不少于": "至少", "不低于": "至少"}
)

// quantity reads a number with its unit and what limits it at the beginning of rs:
// its canonical form and length.
func quantity(rs []rune) (key string, n int) {
	if !mayBegin(rs[0]) {
		return "", 0
	}
	s := string(rs)
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return "ymd:" + m[1] + "-" + strings.TrimLeft(m[2], "0") + "-" + strings.TrimLeft(m[3], "0"), len(m[0])
	}
	if m := telephone.FindString(s); m != "" && len(onlyDigits(m)) >= 7 {
		return "digits:" + onlyDigits(m), len(m)
	}
	limit := ""
	if lang.Han(rs[0]) {
		for _, w := range limitsBefore {
			if strings.HasPrefix(s, w) {
				if l := len([]rune(w)); l < len(rs) && startsNumber(rs[l:]) {
					limit, n = w, l
				}
				break
			}
		}
	}
	if w, ok := limitNames[limit]; ok {
		limit = w
	}
	one, k, ok := amount(rs[n:])
	if !ok {
		return "", 0
	}
	n += k
	if r := rs[n:]; len(r) > 1 { // a range is one fact
		j := spaces(r)
		for _, c := range []string{"到", "至", "-", "~", "to "} {
			if strings.HasPrefix(string(r[j:]), c) {
				from := j + len([]rune(c))
				from += spaces(r[from:])
				if two, k2, ok := amount(r[from:]); ok {
					v1, u1, _ := strings.Cut(one, " ")
					v2, u2, _ := strings.Cut(two, " ")
					if u1 == "" {
						u1 = u2
					}
					one, n = v1+" "+u1+"~"+v2+" "+u2, n+from+k2
				}
				break
			}
		}
	}
	for _, w := range limitsBehind {
		if strings.HasPrefix(string(rs[n:]), w) {
			n += len([]rune(w))
			if short, ok := limitNames[w]; ok {
				w = short
			}
			limit += w
			break
		}
	}
	if v, u, _ := strings.Cut(one, " "); u == "" && limit == "" && len(v) >= 7 && onlyDigits(v) == v {
		return "digits:" + v, n
	}
	return "n:" + limit + ":" + one, n
}

// mayBegin says whether a quantity can begin with r.
func mayBegin(r rune) bool {
	switch {
	case lang.Han(r):
		_, isDigit := numeral[r]
		_, isScale := scale[r]
		return isDigit || isScale || strings.ContainsRune("不超至最大低高少多满约近每第前", r)
	case r < 128 && unicode.IsLetter(r):
		return strings.ContainsRune("aefnostz", r)
	}
	return true
}

func startsNumber(rs []rune) bool {
	_, k, ok := amount(rs)
	return ok && k > 0
}

func spaces(rs []rune) int {
	n := 0
	for n < len(rs) && rs[n] == ' ' {
		n++
	}
	return n
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// amount reads "value unit".
func amount(rs []rune) (string, int, bool) {
	if len(rs) == 0 {
		return "", 0, false
	}
	n := 0
	cur, money := currency[rs[0]]
	if money {
		n = 1 + spaces(rs[1:])
	}
	if m := clock.FindStringSubmatch(string(rs[n:])); m != nil && !money {
		return "clock " + trimZero(m[1]) + ":" + m[2], len(m[0]), true
	}
	v, k, ok := value(rs[n:])
	if !ok {
		return "", 0, false
	}
	n += k
	if money {
		return v + " " + cur, n, true
	}
	rest := rs[n:]
	j := spaces(rest)
	r := rest[j:]
	switch {
	case len(r) == 0:
		return v + " ", n, true
	case strings.HasPrefix(string(r), ":00"): // o'clock
		return "clock " + v + ":00", n + j + 3, true
	case r[0] == '点' && !strings.Contains(v, "."):
		n += j + 1
		r = r[1:]
		if len(r) > 0 && r[0] == '半' {
			return "clock " + v + ":30", n + 1, true
		}
		if len(r) > 1 && string(r[:2]) == "一刻" {
			return "clock " + v + ":15", n + 2, true
		}
		if m, k, ok := value(r); ok && len(m) <= 2 {
			if k < len(r) && r[k] == '分' {
				k++
			}
			if len(m) == 1 {
				m = "0" + m
			}
			return "clock " + v + ":" + m, n + k, true
		}
		return "clock " + v + ":00", n, true
	case r[0] == '%':
		return v + " %", n + j + 1, true
	case lang.Han(r[0]):
		for l := min(4, len(r)); l > 0; l-- {
			if u, ok := units[string(r[:l])]; ok {
				return v + " " + u, n + j + l, true
			}
		}
		if strings.ContainsRune("到至和与或的是在多几", r[0]) {
			return v + " ", n, true
		}
		return v + " " + string(r[0]), n + j + 1, true
	case r[0] < 128 && unicode.IsLetter(r[0]):
		w := latinWord.FindString(string(r))
		l := len(w)
		for _, two := range []string{"business days", "business day", "working days", "working day"} {
			if strings.HasPrefix(string(r), two) {
				return v + " workday", n + j + len(two), true
			}
		}
		if w == "am" || w == "pm" {
			return "clock " + v + ":00", n, true // am and pm are words of their own
		}
		if u, ok := units[w]; ok {
			return v + " " + u, n + j + l, true
		}
		if freeEnglish[w] || boundEnglish[w] || negationEnglish[w] {
			return v + " ", n, true
		}
		return v + " " + lang.Stem(w), n + j + l, true
	}
	return v + " ", n, true
}

func trimZero(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}
