package packtest

import (
	"math/rand/v2"
	"strings"

	"hotline/dialog/internal/lang"
)

// Dress says text with the words around it, and without some inside, by which one
// caller's wording differs from another's.
func Dress(r *rand.Rand, text string) string {
	before := []string{"", "", "", "so um ", "uh hi ", "yeah ", "okay so ", "hi I was wondering ", "can you tell me ", "I just wanted to know ", "hey ", "well ", "I mean "}
	behind := []string{"", "", "", " please", " thanks", " you know", " or what", " by the way", " exactly"}
	drop := []string{"the ", "a ", "my ", "do ", "is ", "I ", "your ", "please ", "can ", "you ", "to "}
	if strings.ContainsFunc(text, lang.Han) {
		before = []string{"", "", "", "哎", "那个", "你们", "你们那个", "就是", "我想问下", "你好", "嗯我想问一下", "麻烦问下", "我就问问", "那我", "请问一下你们这儿", "不是", "喂你好"}
		behind = []string{"", "", "", "啊", "呀", "呢", "吗", "了", "啊你们", "呗", "是吧", "来着", "谢谢"}
		drop = []string{"的", "了", "吗", "呢", "你们", "我", "请", "那个", "一下", "是", "就", "能", "要"}
	}
	text = strings.TrimRight(strings.TrimSpace(text), "?？。.!！")
	for range 2 {
		d := drop[r.IntN(len(drop))]
		at := strings.LastIndex(text, d)
		if at >= 0 && strings.HasSuffix(d, " ") && at > 0 && text[at-1] != ' ' {
			continue // inside a word
		}
		if at >= 0 && r.IntN(2) == 0 && len(text) > 4*len(d) {
			text = text[:at] + text[at+len(d):]
		}
	}
	text = before[r.IntN(len(before))] + text + behind[r.IntN(len(behind))]
	return strings.Join(strings.Fields(text), " ")
}
