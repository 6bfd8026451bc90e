package spoken

import (
	"slices"
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// Ability is what a voice can say.
type Ability struct {
	Chinese bool
	Latin   func(word string) bool // lower case; nil: no Latin letters at all
}

// letterSounds are Chinese syllables that sound like the English names of letters.
var letterSounds = map[rune]string{
	'a': "诶", 'b': "必", 'c': "西", 'd': "地", 'e': "衣", 'f': "艾夫", 'g': "记", 'h': "艾取", 'i': "爱", 'j': "杰", 'k': "开", 'l': "艾勒", 'm': "艾母",
	'n': "恩", 'o': "欧", 'p': "批", 'q': "丘", 'r': "阿尔", 's': "艾斯", 't': "踢", 'u': "优", 'v': "微", 'w': "达不溜", 'x': "艾克斯", 'y': "歪", 'z': "贼",
}

// wordSounds are words that Chinese callers know by a Chinese sound.
var wordSounds = map[string]string{
	"ok": "欧开", "wifi": "歪fai", "phone": "凤", "pro": "破肉", "max": "麦克斯", "plus": "普拉斯", "mini": "迷你", "air": "艾尔", "type": "太普", "app": "诶批批",
	"hello": "哈喽", "hi": "嗨", "bye": "拜", "email": "伊妹儿", "pad": "派的", "mac": "麦克", "book": "布克", "com": "康姆", "www": "三达不溜", "vip": "微爱批", "sim": "西母", "care": "凯尔",
}

// Adapt rewrites normalised text for a voice that cannot say all of it, so that
// nothing is dropped: Latin words a Chinese voice lacks become Chinese sounds or
// letters by name, Chinese for a voice without it becomes its pinyin.
func Adapt(text string, can Ability) string {
	var out, run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			out.WriteString(latinFor(run.String(), can))
			run.Reset()
		}
	}
	args := pinyin.NewArgs()
	for _, r := range text {
		if isLatin(r) || r == '\'' && run.Len() > 0 {
			run.WriteRune(r)
			continue
		}
		flush()
		switch {
		case isHan(r) && !can.Chinese:
			if p := pinyin.SinglePinyin(r, args); len(p) > 0 {
				out.WriteString(" " + p[0] + " ")
			}
		case isDigit(r) && can.Chinese:
			out.WriteString(zhDigit(r, true))
		case isDigit(r):
			out.WriteString(" " + enDigit(r, false) + " ")
		default:
			out.WriteRune(r)
		}
	}
	flush()
	if can.Chinese {
		return tidy(out.String())
	}
	return letterA(tidy(foldPunctuation(out.String())))
}

// letterA writes the letter A so that voices with espeak's phonemes do not take it
// for the article: where it stands among spelled letters or numbers, or in the
// middle of a sentence as a capital.
func letterA(text string) string {
	words := strings.Split(text, " ")
	letter := func(i int) bool {
		return i >= 0 && i < len(words) && len(strings.TrimRight(words[i], ",.;:!?")) == 1 && words[i][0] >= 'A' && words[i][0] <= 'Z'
	}
	number := func(i int) bool {
		return i < len(words) && (slices.Contains(enOnes, strings.TrimRight(words[i], ",.")) || slices.Contains(enTens, strings.TrimRight(words[i], ",.")))
	}
	for i, w := range words {
		if bare := strings.TrimRight(w, ",.;:!?"); bare != "A" {
			continue
		}
		begins := i == 0 || strings.ContainsAny(words[i-1][max(len(words[i-1])-1, 0):], ".!?")
		if !begins || letter(i-1) || letter(i+1) || number(i+1) {
			words[i] = "eigh" + w[1:]
		}
	}
	return strings.Join(words, " ")
}

func latinFor(w string, can Ability) string {
	lower := strings.ToLower(strings.Trim(w, "'"))
	if can.Latin != nil && can.Latin(lower) {
		if can.Chinese {
			return lower // lexicons are written so, and looked up as they are
		}
		return w
	}
	if s, ok := wordSounds[lower]; ok {
		return strings.ReplaceAll(s, "fai", "法爱")
	}
	if can.Latin != nil && can.Latin("a") && !can.Chinese {
		return spell(lower)
	}
	var out strings.Builder
	for _, r := range lower {
		out.WriteString(letterSounds[r])
	}
	return out.String()
}

// foldPunctuation writes Chinese punctuation as English voices know it.
func foldPunctuation(text string) string {
	return strings.NewReplacer("，", ", ", "。", ". ", "！", "! ", "？", "? ", "；", "; ", "：", ": ", "、", ", ").Replace(text)
}
