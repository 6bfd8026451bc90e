package knowledge

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// NotOurs is what a business says of things that callers must take to others. A thing
// that it names only to say that it has none would else count as one that it speaks of, and
// its leak would be a kettle's.
type NotOurs struct {
	// Goods are things that it does not sell, and NotSold the pair that says so. It answers
	// what is asked of them, but for what is asked of anything: returning it, say.
	Goods   []string
	NotSold string
	// Makers is the pair that tells who has a device of another maker whom to ask.
	Makers string
}

// chineseMakers are makers of what stands in a home, by the names that callers use.
// Left out is what is mostly something else: 老板, 方太太.
const chineseMakers = `
小米 米家 华为 荣耀 苹果 三星 索尼 戴森 美的 海尔 格力 海信 创维 长虹 康佳 科沃斯 石头 追觅 云鲸 添可 飞利浦 松下 西门子 博世 苏泊尔 九阳 小熊 格兰仕 奥克斯 艾美特 摩飞 欧普 雷士 漫步者 倍思 绿联 飞科 联想 徕芬 素士 小天鹅 象印 虎牌
`

const englishMakers = `
dyson shark xiaomi samsung apple sony lg bosch philips panasonic siemens miele tefal breville delonghi ninja braun bissell hoover roborock ecovacs eufy irobot henry jbl bose beats sennheiser jabra russell_hobbs morphy_richards kenwood whirlpool hisense tcl huawei cuckoo tiger zojirushi
`

// makersOwn are names that are a device and its maker in one.
const makersOwn = "airpods roomba dyson roborock keurig"

const (
	// chineseBetween may stand between a maker and its device: 小米的那个扫地机.
	chineseBetween = "家的那这个台款只副牌子产老旧新小大"
	// chineseNoMaker before a maker says that it is none (完美的台灯), or that another's
	// device is to go with what it made (能连苹果的耳机).
	chineseNoMaker = "完精优最真好很太么绝甜持容能连配接给跟和"
)

// makers are the names of makers, each of which is of another than the business.
type makers struct {
	names   map[string]bool // in English of one or two words
	own     map[string]bool
	longest int // in characters, or words
}

func newMakers(chinese bool) makers {
	m := makers{names: map[string]bool{}, own: set(makersOwn)}
	list := englishMakers
	if chinese {
		list = chineseMakers
	}
	for name := range strings.FieldsSeq(list) {
		name = strings.ReplaceAll(name, "_", " ")
		m.names[name] = true
		n := len(strings.Fields(name))
		if chinese {
			n = utf8.RuneCountInString(name)
		}
		m.longest = max(m.longest, n)
	}
	return m
}

// before is the maker's name that ends where a device's begins, and where it stands.
func (m makers) before(rs []rune, at int) (from int, ok bool) {
	const most = 4 // characters between
	for end := at; end > 0 && at-end <= most; end-- {
		for n := 2; n <= min(m.longest, end); n++ {
			if from := end - n; m.names[string(rs[from:end])] && (from == 0 || !strings.ContainsRune(chineseNoMaker, rs[from-1])) {
				return from, true
			}
		}
		if !strings.ContainsRune(chineseBetween, rs[end-1]) {
			break
		}
	}
	return 0, false
}

// beforeWord is the same among words, of which one may stand between.
func (m makers) beforeWord(ws []string, at int) (from int, ok bool) {
	for end := at; end > 0 && at-end <= 1; end-- {
		for n := 1; n <= min(m.longest, end); n++ {
			if name := strings.Join(ws[end-n:end], " "); m.names[name] || m.own[name] {
				return end - n, true
			}
		}
		if !englishBeside[ws[end-1]] {
			break
		}
	}
	return 0, false
}

// foreign is what a text calls a device of another maker, "" where it names none.
func (g *goods) foreign(folded string) string {
	var maker func(at int) (from int, ok bool) // whose name ends where a device's begins
	if g.chinese {
		rs := []rune(folded)
		maker = func(at int) (int, bool) { return g.makers.before(rs, at) }
	} else {
		ws := lang.Words(folded)
		maker = func(at int) (int, bool) { return g.makers.beforeWord(ws, at) }
	}
	var name string
	own := false
	g.walk(folded, func(thing, from, to int) {
		own = own || thing > g.listed
		if start, ok := maker(from); ok && thing <= g.devices && name == "" {
			name = g.written(folded, start, to)
		}
	})
	if own {
		return ""
	}
	for own := range strings.FieldsSeq(makersOwn) {
		if name == "" && strings.Contains(folded, own) {
			name = own
		}
	}
	return name
}

// notOurs finds out whether a text names what others have, and which pair says so; −1
// where none does. Which pairs are not meant then is told by alien.
func (x *Index) notOurs(folded string, q Query) (name string, refer int32, alien func(int32) bool) {
	pair := func(id string) int32 {
		if p, ok := x.byID[id]; ok && x.pairs[p].usable(q.Line, q.Now) {
			return int32(p)
		}
		return -1
	}
	if to := pair(x.o.NotOurs.Makers); to >= 0 {
		if name := x.goods.foreign(folded); name != "" {
			return name, to, func(p int32) bool { a := &x.goods.pairs[p]; return p != to && !a.general && !a.makers }
		}
	}
	name, absent := x.goods.strange(folded)
	notSold := pair(x.o.NotOurs.NotSold)
	alien = func(p int32) bool { return p != notSold && name != "" && x.goods.pairs[p].asked }
	if !absent {
		return name, -1, alien
	}
	return name, notSold, alien
}

// ask has the pair that says that others are to be asked be the answer, unless one comes
// near that is true of whatever is named.
func (r *Result) ask(others *Pair) {
	const near = 0.6
	at := -1
	for i, m := range r.Matches {
		switch {
		case m.Pair == others:
			at = i
		case m.Score >= near:
			return
		}
	}
	if at < 0 {
		r.Matches = append(r.Matches, Match{Pair: others, Variant: others.Question})
		at = len(r.Matches) - 1
	}
	r.raise(at, nearly)
	slices.SortStableFunc(r.Matches, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
}

// raise has a match be worth that much at least; the others share the rest.
func (r *Result) raise(at int, floor float64) {
	if r.Matches[at].Score >= floor {
		return
	}
	rest := (1 - floor) / (1 - r.Matches[at].Score)
	for i := range r.Matches {
		r.Matches[i].Score *= rest
	}
	r.None *= rest
	r.Matches[at].Score = floor
}
