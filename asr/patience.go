package asr

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The silences that DefaultPatience asks for.
const (
	patienceDone   = 450 * time.Millisecond  // it sounds complete
	patienceUnsure = 700 * time.Millisecond  // a word or two, or badly understood
	patienceOpen   = 1200 * time.Millisecond // it wants to go on
)

// DefaultPatience is how much silence ends a turn that says text: little where
// the sentence sounds complete, much where the speaker is looking for words or
// for the next digits.
func DefaultPatience(text string, confidence float64) time.Duration {
	text = strings.ToLower(text)
	t := strings.TrimRightFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("。！？，、；：…—.!?,;:~～-", r)
	})
	if t == "" || t == "嗯" || t == "呃" {
		return patienceUnsure
	}
	if rest := strings.TrimSpace(text[len(t):]); strings.HasPrefix(rest, "?") || strings.HasPrefix(rest, "？") {
		return patienceDone
	}
	for _, w := range openChinese {
		if strings.HasSuffix(t, w) {
			return patienceOpen
		}
	}
	last := t[strings.LastIndexFunc(t, func(r rune) bool { return unicode.IsSpace(r) || isHan(r) })+1:]
	last = strings.TrimLeftFunc(last, isHan)
	if openEnglish[last] {
		return patienceOpen
	}
	if endsInDigits(t) || endsInDigitWords(t) {
		return patienceOpen
	}
	trailing := strings.TrimSpace(text)
	if strings.HasSuffix(trailing, "…") || strings.HasSuffix(trailing, "...") || strings.HasSuffix(trailing, "—") || strings.HasSuffix(trailing, "-") {
		return patienceOpen
	}
	if confidence < 0.3 || (hanCount(t) > 0 && utf8.RuneCountInString(t) <= 2 && !complete[t]) {
		return patienceUnsure
	}
	return patienceDone
}

// Chinese words after which a speaker goes on: connectives, hesitations, and
// words that need an object.
var openChinese = []string{
	"那个", "这个", "就是", "就是说", "然后", "因为", "所以", "但是", "可是", "不过", "如果", "要是", "还有",
	"而且", "或者", "以及", "比如", "比如说", "的话", "嗯", "呃", "额", "啊那", "那", "我想", "我想问", "我想问一下",
	"想问一下", "请问", "请问一下", "你好我想", "帮我", "我要", "我的", "你们的", "号码是", "地址是", "名字是", "订单号是", "和", "跟", "在", "把", "被", "给",
}

var openEnglish = map[string]bool{
	"um": true, "uh": true, "er": true, "erm": true, "hmm": true, "and": true, "because": true, "but": true, "or": true,
	"so": true, "if": true, "when": true, "then": true, "the": true, "a": true, "an": true, "my": true, "your": true, "to": true,
	"of": true, "for": true, "with": true, "at": true, "from": true,
	"i": true, "i'm": true, "well": true, "actually": true,
}

// Short answers that are whole turns.
var complete = map[string]bool{
	"是": true, "是的": true, "对": true, "对的": true, "对啊": true, "好": true, "好的": true, "行": true, "可以": true, "不": true, "不是": true,
	"不用": true, "不要": true, "没有": true, "有": true, "没": true, "要": true, "谢谢": true, "再见": true, "拜拜": true, "你好": true, "您好": true, "人工": true, "转人工": true,
}

// digitWords are the runes a number is spoken with.
const digitWords = "0123456789０１２３４５６７８９零〇一二三四五六七八九幺两"

// endsInDigits says whether text ends in a run of three digits or more, as a
// number does that is being dictated; whole years, times and amounts end in a
// unit.
func endsInDigits(text string) bool {
	n := 0
	for text != "" {
		r, size := utf8.DecodeLastRuneInString(text)
		switch {
		case strings.ContainsRune(digitWords, r):
			n++
		case r == ' ' || r == '-':
		default:
			return n >= 3
		}
		text = text[:len(text)-size]
	}
	return n >= 1
}

var englishDigits = map[string]bool{
	"zero": true, "oh": true, "one": true, "two": true, "three": true, "four": true, "five": true,
	"six": true, "seven": true, "eight": true, "nine": true, "double": true,
}

func endsInDigitWords(text string) bool {
	w := strings.Fields(text)
	return len(w) >= 2 && englishDigits[w[len(w)-1]] && englishDigits[w[len(w)-2]]
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func hanCount(s string) int {
	n := 0
	for _, r := range s {
		if isHan(r) {
			n++
		}
	}
	return n
}
