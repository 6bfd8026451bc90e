package engine

import (
	"context"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
)

// asks says whether text is a question of the caller's own that is understood.
func (c *Conversation) asks(st *state, text string) bool {
	return c.e.sure(c.find(context.Background(), st, text, nil))
}

// What a number is announced by, and the words of a question about one.
var (
	announcesZh = []string{"订单号是", "单号是", "尾号是", "号码是", "手机号是", "电话是", "卡号是", "税号是"}
	announcesEn = []string{"number is", "number's", "order is", "phone is"}
	asksZh      = []string{"什么", "多少", "哪", "吗", "几", "怎么", "谁"}
)

// announced says whether text ends in a number that is announced and not whole yet:
// 我的订单号是二零二六…, however the digits were heard. The announcement too may be
// misheard for what sounds like it.
func (c *Conversation) announced(text string) bool {
	const whole, near = 10, 0.85
	rest, found := "", false
	if c.e.zh {
		folded := []rune(lang.Fold(text))
		for _, a := range announcesZh {
			want := lang.Syllables(a)
			for i := 0; i+len(want) <= len(folded); i++ {
				part := lang.Syllables(string(folded[i : i+len(want)]))
				if len(part) != len(want) {
					continue
				}
				var sum float32
				for k := range want {
					sum += lang.Alike(part[k], want[k])
				}
				if sum >= near*float32(len(want)) {
					rest, found = string(folded[i+len(want):]), true
				}
			}
		}
		for _, w := range asksZh {
			found = found && !strings.Contains(rest, w)
		}
	} else {
		lower := strings.ToLower(text)
		for _, a := range announcesEn {
			if i := strings.LastIndex(lower, a); i >= 0 {
				rest, found = lower[i+len(a):], true
			}
		}
		found = found && !strings.Contains(rest, "?")
	}
	return found && characters(rest) < whole
}

// characters counts what is said in a dictation: digits, Chinese characters, words.
func characters(text string) int {
	n, word := 0, false
	for _, r := range text {
		letter := unicode.IsLetter(r) && !lang.Han(r)
		if unicode.IsDigit(r) || lang.Han(r) || letter && !word {
			n++
		}
		word = letter
	}
	return n
}
