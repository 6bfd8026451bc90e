package slot

import (
	"unicode"
	"unicode/utf8"
)

const (
	maxRunes = 1000 // of a text that are read
	maxCode  = 64   // characters of a code
)

// The pauses before a token.
const (
	glued = iota // nothing between
	space
	pause // punctuation
)

type tokenKind uint8

const (
	han    tokenKind = iota // one Chinese character
	latin                   // a word
	digits                  // a run of digits
	sign                    // a character that may mean something in a value
)

// A token is the smallest piece of an utterance; w is folded.
type token struct {
	w          string
	kind       tokenKind
	gap        uint8 // what was before it
	upper      bool  // a word in capitals
	start, end int   // bytes of the text
}

// An utterance is a text with its tokens, or some of those.
type utterance struct {
	text string
	toks []token
	cut  bool // more text follows than was read
}

func (t *utterance) sub(from, to int) *utterance {
	return &utterance{text: t.text, toks: t.toks[from:to]}
}

func (t *utterance) start(i int) int { return t.toks[i].start }

// end is where the token before i ends.
func (t *utterance) end(i int) int { return t.toks[i-1].end }

func (t *utterance) at(i int) token {
	if i < 0 || i >= len(t.toks) {
		return token{kind: sign, gap: pause}
	}
	return t.toks[i]
}

// lit tells whether the tokens from i on are word: characters of Chinese, or one
// word of English. It returns the token behind, or -1.
func (t *utterance) lit(i int, word string) int {
	if i < 0 {
		return -1
	}
	if word[0] < utf8.RuneSelf {
		if i < len(t.toks) && t.toks[i].w == word {
			return i + 1
		}
		return -1
	}
	for len(word) > 0 {
		if i >= len(t.toks) {
			return -1
		}
		w := t.toks[i].w
		if len(w) > len(word) || word[:len(w)] != w {
			return -1
		}
		word = word[len(w):]
		i++
	}
	return i
}

// any is the longest of words that begins at i.
func (t *utterance) any(i int, words ...string) (next int, word string) {
	next = -1
	for _, w := range words {
		if n := t.lit(i, w); n > next {
			next, word = n, w
		}
	}
	return next, word
}

// A lexicon holds words by their first character, for long lists.
type lexicon map[string][]string

func lexiconOf(words []string) lexicon {
	l := lexicon{}
	for _, w := range words {
		_, size := utf8.DecodeRuneInString(w)
		l[w[:size]] = append(l[w[:size]], w)
	}
	return l
}

// in is any for the words of a lexicon.
func (t *utterance) in(i int, l lexicon) (next int, word string) {
	if i < 0 || i >= len(t.toks) {
		return -1, ""
	}
	return t.any(i, l[t.toks[i].w]...)
}

// seq tells whether the English words begin at i.
func (t *utterance) seq(i int, words ...string) int {
	for _, w := range words {
		if i = t.lit(i, w); i < 0 {
			return -1
		}
	}
	return i
}

// read folds a text and divides it: full width becomes half, capitals small,
// traditional characters of numbers and the like simplified.
func read(text string) *utterance {
	t := &utterance{text: text, toks: make([]token, 0, 16+len(text)/3)}
	gap, n := uint8(pause), 0
	open := false // the last token may grow
	for at := 0; at < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[at:])
		if n == maxRunes {
			t.cut = true
			break
		}
		start := at
		at += size
		f := fold(r)
		var kind tokenKind
		switch {
		case f >= '0' && f <= '9':
			kind = digits
		case unicode.Is(unicode.Han, f) || f == '〇':
			kind = han
		case unicode.IsLetter(f):
			kind = latin
		case f == '\'' && open && t.toks[len(t.toks)-1].kind == latin:
			continue // o'clock is one word, oclock
		case f == ',' && open && thousands(text, at, t.toks[len(t.toks)-1]):
			continue
		case isSign(f):
			kind = sign
		default:
			if unicode.IsSpace(f) {
				gap = max(gap, space)
			} else {
				gap = pause
			}
			open = false
			continue
		}
		if last := len(t.toks) - 1; open && gap == glued && t.toks[last].kind == kind && (kind == latin || kind == digits) {
			t.toks[last].w += string(f)
			t.toks[last].end = at
			t.toks[last].upper = t.toks[last].upper && unicode.IsUpper(r)
			continue
		}
		t.toks = append(t.toks, token{w: string(f), kind: kind, gap: gap, upper: unicode.IsUpper(r) || r >= 'Ａ' && r <= 'Ｚ', start: start, end: at})
		gap, open = glued, true
	}
	return t
}

// thousands tells whether a comma behind number and before text[at:] divides a
// number as in 1,200.
func thousands(text string, at int, number token) bool {
	if number.kind != digits || len(number.w) > 3 && (len(number.w) < 4 || number.end-number.start == len(number.w)) {
		return false
	}
	n := 0
	for at+n < len(text) && text[at+n] >= '0' && text[at+n] <= '9' {
		n++
	}
	return n == 3
}

func isSign(r rune) bool {
	switch r {
	case '.', ':', '-', '/', '+', '*', '#', '%', '@', '¥', '$', '£', '€', '–':
		return true
	}
	return false
}

func fold(r rune) rune {
	switch {
	case r < 0x80:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	case r >= 0xff01 && r <= 0xff5e:
		return fold(r - 0xfee0)
	case r == '’' || r == '‘':
		return '\''
	case r == '¥' || r == '￥':
		return '¥'
	case r == '：':
		return ':'
	case r == '—':
		return '-'
	}
	if s, ok := simplified[r]; ok {
		return s
	}
	return unicode.ToLower(r)
}

// simplified are the traditional characters, and the numerals for cheques, in the
// words by which values are found.
var simplified = pairs(`兩两號号點点萬万億亿塊块鐘钟後后個个禮礼這这幾几錢钱陳陈張张劉刘楊杨黃黄趙赵吳吴孫孙馬马許许鄭郑韓韩馮冯鄧邓葉叶蘇苏呂吕蔣蒋賈贾鍾钟盧卢陸陆嚴严龍龙賀贺顧顾錢钱湯汤喬乔龔龚` +
	`時时間间週周區区縣县鎮镇鄉乡樓楼棟栋單单門门號号碼码電电話话訂订機机對对錯错誤误嗎吗沒没說说應应該该從从開开頭头尾尾數数字字個个第第條条裡里裏里東东廣广灣湾陽阳橋桥園园廈厦層层衛卫寧宁濟济瀋沈蘭兰遼辽雲云貴贵陝陕慶庆漢汉` +
	`壹一贰二貳二叁三參三肆四伍五陆六柒七捌八玖九拾十佰百仟千圓元員员過过還还給给讓让買买賣卖請请問问謝谢轉转接接線线銀银紅红藍蓝綠绿黑黑紫紫選选擇择種种樣样邊边麼么為为與与現现訊讯歲岁雙双隻只張张箱箱瓶瓶臺台輛辆雜杂顆颗偉伟國国華华強强軍军麗丽傑杰濤涛輝辉豐丰穎颖靜静蓮莲鳳凤飛飞鵬鹏寶宝權权澤泽潔洁瑩莹韻韵夢梦藝艺愛爱諾诺詩诗紹绍學学義义賢贤錦锦銘铭維维緯纬綺绮績绩興兴榮荣勝胜聖圣曉晓齊齐蕭萧譚谭羅罗鄒邹鄔邬範范餘余`)

func pairs(s string) map[rune]rune {
	rs := []rune(s)
	m := make(map[rune]rune, len(rs)/2)
	for i := 0; i+1 < len(rs); i += 2 {
		if rs[i] != rs[i+1] && rs[i] != '陆' && rs[i] != '伍' && rs[i] != '佰' { // surnames
			m[rs[i]] = rs[i+1]
		}
	}
	return m
}
