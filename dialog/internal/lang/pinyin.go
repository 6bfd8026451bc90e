package lang

import (
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

// Unit is a unit of sound: for a Chinese character its syllable without tone and
// with the merged initial and final, for anything else a hash above unitOther.
type Unit uint16

const unitOther Unit = 0x4000

// Initials and finals after merging. Merged are those which dialects level out and
// recognisers exchange: zh/z ch/c sh/s, n/l, r/l, f/h, and a final's ng/n.
var (
	initials = []string{"zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w"}
	merged   = map[string]string{"zh": "z", "ch": "c", "sh": "s", "n": "l", "r": "l", "f": "h"}
)

type sounds struct {
	unit  [0x9fff - 0x4e00 + 1]Unit // by character, 0 where unknown
	place map[Unit]Unit             // where in the mouth an initial is made
	rhyme map[Unit]Unit             // a final without its glide
	words map[[2]rune][2]Unit       // pairs of characters with another reading
}

// otherReadings are words in which a character does not sound as it mostly does.
var otherReadings = map[string]string{
	"银行": "yin hang", "行业": "hang ye", "行李": "xing li", "同行": "tong hang", "便宜": "pian yi", "会计": "kuai ji", "音乐": "yin yue",
	"还款": "huan kuan", "还钱": "huan qian", "归还": "gui huan", "退还": "tui huan", "还给": "huan gei", "重新": "chong xin", "重复": "chong fu",
	"重发": "chong fa", "重来": "chong lai", "重开": "chong kai", "重装": "chong zhuang", "家长": "jia zhang", "店长": "dian zhang", "成长": "cheng zhang",
	"调货": "diao huo", "调换": "diao huan", "调拨": "diao bo", "数数": "shu shu", "首都": "shou du", "睡觉": "shui jiao", "附着": "fu zhuo",
	"得了": "de liao", "了解": "liao jie", "了结": "liao jie", "为了": "wei le", "率先": "shuai xian", "西藏": "xi zang", "弹窗": "tan chuang",
	"朝向": "chao xiang", "曾经": "ceng jing", "参差": "cen ci", "差评": "cha ping", "出差": "chu chai", "单号": "dan hao", "系紧": "ji jin", "削皮": "xiao pi",
}

// table maps each common character to its unit. Building takes some ms, once.
var table = sync.OnceValue(func() *sounds {
	t := &sounds{}
	begin, end := map[string]Unit{}, map[string]Unit{}
	number := func(m map[string]Unit, s string) Unit {
		if _, ok := m[s]; !ok {
			m[s] = Unit(len(m) + 1)
		}
		return m[s]
	}
	args := pinyin.NewArgs()
	for r := rune(0x4e00); r <= 0x9fff; r++ {
		p := pinyin.SinglePinyin(r, args)
		if len(p) == 0 || p[0] == "" {
			continue
		}
		i, f := splitSyllable(reading(r, p[0]))
		t.unit[r-0x4e00] = number(begin, i)<<6 | number(end, f)
	}
	t.place, t.rhyme = map[Unit]Unit{}, map[Unit]Unit{}
	for i, group := range []string{"b p", "d t", "g k", "z j", "c q", "s x"} {
		for initial := range strings.FieldsSeq(group) {
			t.place[number(begin, initial)] = Unit(i + 1)
		}
	}
	for glided, plain := range map[string]string{"iao": "ao", "ia": "a", "ian": "an", "iu": "ou", "ua": "a", "uai": "ai", "uan": "an", "ui": "ei", "un": "en", "uo": "o", "ion": "on", "in": "en"} {
		t.rhyme[number(end, glided)] = number(end, plain)
	}
	t.words = make(map[[2]rune][2]Unit, len(otherReadings))
	for w, p := range otherReadings {
		rs := []rune(w)
		var us [2]Unit
		for k, syllable := range strings.Fields(p) {
			i, f := splitSyllable(syllable)
			us[k] = number(begin, i)<<6 | number(end, f)
		}
		t.words[[2]rune{rs[0], rs[1]}] = us
	}
	return t
})

// reading corrects the dictionary's first reading where the other is the usual one.
func reading(r rune, first string) string {
	switch r {
	case '长':
		return "chang"
	case '重':
		return "zhong"
	case '地':
		return "di"
	case '都':
		return "dou"
	}
	return first
}

func splitSyllable(p string) (string, string) {
	initial := ""
	for _, i := range initials {
		if len(p) > len(i) && p[:len(i)] == i {
			initial = i
			break
		}
	}
	final := p[len(initial):]
	if m, ok := merged[initial]; ok {
		initial = m
	}
	if n := len(final); n > 2 && final[n-1] == 'g' {
		final = final[:n-1]
	}
	switch final { // hu / fu and the like are told apart by the vowel alone once merged
	case "v":
		final = "u"
	case "ve":
		final = "ue"
	case "uen":
		final = "un"
	}
	return initial, final
}

// Syllables gives the units of a folded text: one for each Chinese character, one
// for each other word. Spaces give none.
func Syllables(folded string) []Unit {
	t := table()
	us := make([]Unit, 0, len(folded)/3+1)
	var h uint32
	flush := func() {
		if h != 0 {
			us = append(us, unitOther|Unit(h&0x3fff))
			h = 0
		}
	}
	last, at := rune(0), 0
	for _, r := range folded {
		if w, ok := t.words[[2]rune{last, r}]; ok && len(us) == at {
			us[at-1] = w[0]
			us = append(us, w[1])
			last = 0
			continue
		}
		last = 0
		switch {
		case r >= 0x4e00 && r <= 0x9fff:
			flush()
			u := t.unit[r-0x4e00]
			if u == 0 {
				u = unitOther | Unit(r&0x3fff)
			}
			us = append(us, u)
			last, at = r, len(us)
		case r == ' ':
			flush()
		default:
			h = (h ^ uint32(r)) * 16777619
			if h == 0 {
				h = 1
			}
		}
	}
	flush()
	return us
}

// Near is how much two syllables sound alike, finer than Alike: an initial may be made in
// the same place of the mouth (小, 扫), a final lack its glide.
func Near(a, b Unit) float32 {
	if a == b {
		return 1
	}
	if (a|b)&unitOther != 0 {
		return 0
	}
	const placed, rhymed = 0.6, 0.7
	t := table()
	var initial, final float32
	switch x, y := a>>6, b>>6; {
	case x == y:
		initial = 1
	case t.place[x] != 0 && t.place[x] == t.place[y]:
		initial = placed
	}
	plain := func(f Unit) Unit {
		if p := t.rhyme[f]; p != 0 {
			return p
		}
		return f
	}
	switch x, y := a&0x3f, b&0x3f; {
	case x == y:
		final = 1
	case plain(x) == plain(y):
		final = rhymed
	}
	return (initial + final) / 2
}

// Alike is how much two units sound alike: 1 the same, 0.5 the same final or the
// same initial, else 0.
func Alike(a, b Unit) float32 {
	switch {
	case a == b:
		return 1
	case (a|b)&unitOther != 0:
		return 0
	case a&0x3f == b&0x3f, a>>6 == b>>6:
		return 0.5
	}
	return 0
}
