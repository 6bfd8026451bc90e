package slot

import (
	"maps"
	"strconv"
	"strings"
)

// A glyph is one character of a dictated code, with the tokens it came from.
type glyph struct {
	ch       byte
	from, to int
	doubt    bool // heard as something else, or to be read in two ways
	single   bool // said by itself, not as part of a number
}

// A run is an unbroken dictation: digits, letters and the little words between.
type run struct {
	g        []glyph
	from, to int
	pauses   []int // numbers of glyphs before which the caller paused
}

func (r *run) canonical() (string, []Range) {
	var b strings.Builder
	var doubt []Range
	for i, g := range r.g {
		b.WriteByte(g.ch)
		if g.doubt {
			if n := len(doubt); n > 0 && doubt[n-1].End == i {
				doubt[n-1].End++
			} else {
				doubt = append(doubt, Range{i, i + 1})
			}
		}
	}
	return b.String(), doubt
}

func (r *run) slice(from, to int) *run {
	g := r.g[from:to]
	return &run{g: g, from: g[0].from, to: g[len(g)-1].to}
}

// softZh and softEn may stand inside a dictation without ending it.
var (
	softZh = lexiconOf([]string{
		"然后是", "然后", "后面是", "后边是", "后面", "接着是", "接着", "接下来是", "接下来", "跟着是", "下面是", "再来", "再", "还有", "嗯", "呃", "额", "啊", "哦", "噢",
		"那个", "就是", "的话", "的", "杠", "横杠", "横线", "短横", "减号", "空格", "大写的", "大写", "小写的", "小写", "字母", "数字", "最后是", "完了是", "完了", "中间是", "吧", "哈", "呢", "诶", "是",
	})
	softEn = map[string]bool{
		"uh": true, "um": true, "er": true, "erm": true, "hmm": true, "ah": true, "then": true, "and": true, "dash": true, "hyphen": true, "space": true, "comma": true,
		"its": true, "capital": true, "uppercase": true, "lowercase": true, "letter": true, "number": true, "the": true, "so": true, "okay": true, "like": true, "followed": true, "by": true, "digits": true,
	}
)

// homophones are what recognisers write for a digit that was dictated.
var homophones = func() map[string]byte {
	m := map[string]byte{}
	for d, s := range []string{"领灵林另令凌玲邻铃", "医依衣以亿要药腰妖邀已姨由有优又右", "儿而耳尔饵", "山散伞叁寨杀撒沙", "是十似死司思寺丝事市式石时次", "武午吴无舞物屋雾伍误", "流刘留溜陆牛", "其期气起妻奇齐骑", "巴吧爸把罢拔", "就酒久旧救纠"} {
		for _, r := range s {
			m[string(r)] = byte('0' + d)
		}
	}
	maps.Copy(m, map[string]byte{
		"to": '2', "too": '2', "tu": '2', "for": '4', "fore": '4', "won": '1', "wan": '1', "ate": '8', "tree": '3', "free": '3', "sex": '6', "sicks": '6', "sick": '6',
		"fife": '5', "hive": '5', "owe": '0', "heaven": '7', "niner": '9', "nein": '9', "eighth": '8',
	})
	return m
}()

var nato = map[string]byte{
	"alpha": 'A', "alfa": 'A', "bravo": 'B', "charlie": 'C', "delta": 'D', "echo": 'E', "foxtrot": 'F', "golf": 'G', "hotel": 'H', "india": 'I', "juliet": 'J', "juliett": 'J',
	"kilo": 'K', "lima": 'L', "mike": 'M', "november": 'N', "oscar": 'O', "papa": 'P', "quebec": 'Q', "romeo": 'R', "sierra": 'S', "tango": 'T', "uniform": 'U',
	"victor": 'V', "whiskey": 'W', "whisky": 'W', "xray": 'X', "yankee": 'Y', "zulu": 'Z',
}

// letterNames are letters as recognisers write their English names.
var letterNames = map[string]byte{
	"bee": 'B', "cee": 'C', "sea": 'C', "see": 'C', "dee": 'D', "eff": 'F', "gee": 'G', "aitch": 'H', "jay": 'J', "kay": 'K', "el": 'L', "em": 'M', "en": 'N', "pee": 'P', "cue": 'Q', "queue": 'Q',
	"are": 'R', "ar": 'R', "ess": 'S', "tee": 'T', "tea": 'T', "you": 'U', "vee": 'V', "ex": 'X', "why": 'Y', "zee": 'Z', "zed": 'Z',
}

// dictation is how digits are read: with letters or without.
type dictation struct {
	t       *utterance
	zh      bool
	letters bool
}

// runs finds the dictations in the utterance.
func (d dictation) runs() []run {
	var out []run
	for i := 0; i < len(d.t.toks); {
		r, ok := d.run(i)
		if !ok {
			i++
			continue
		}
		out = append(out, r)
		i = r.to
	}
	return out
}

// run reads one from i on.
func (d dictation) run(i int) (run, bool) {
	r := run{from: i}
	for n := i; n < len(d.t.toks) && len(r.g) <= 2*maxCode; {
		at, skipped, paused := n, 0, false
		var gs []glyph
		var next int
		for {
			paused = paused || d.t.at(at).gap == pause
			gs, next = d.glyphs(at, &r, skipped)
			if len(gs) > 0 || len(r.g) == 0 || skipped == 5 {
				break
			}
			soft := d.soft(at)
			if soft < 0 {
				break
			}
			at = soft
			skipped++
		}
		if len(gs) == 0 {
			break
		}
		if len(r.g) > 0 && (paused || skipped > 0) {
			r.pauses = append(r.pauses, len(r.g))
		}
		r.g = append(r.g, gs...)
		r.to, n = next, next
	}
	return r, len(r.g) > 0
}

// soft is the token behind a little word at i, or -1.
func (d dictation) soft(i int) int {
	tok := d.t.at(i)
	if i >= len(d.t.toks) {
		return -1
	}
	switch {
	case tok.kind == sign && (tok.w == "-" || tok.w == "." || tok.w == "–" || tok.w == "/" || tok.w == "#"):
		return i + 1
	case tok.kind == latin && softEn[tok.w]:
		return i + 1
	case tok.kind == han:
		n, _ := d.t.in(i, softZh)
		if tok.w == "后" || tok.w == "中" { // 后面四个是
			if p, ok := zhPlace(d.t, i); ok && p.next > n {
				n = p.next
			}
		}
		return n
	}
	return -1
}

// hard tells whether the token is certainly a digit.
func hard(tok token) bool {
	if tok.kind == digits {
		return true
	}
	if _, ok := hanDigits[tok.w]; ok {
		return true
	}
	if _, ok := spokenDigits[tok.w]; ok {
		return true
	}
	_, ok := enOnes[tok.w]
	return ok
}

// glyphs reads what stands at i, behind what r holds.
func (d dictation) glyphs(i int, r *run, skipped int) ([]glyph, int) {
	t := d.t
	if i >= len(t.toks) {
		return nil, i
	}
	tok := t.toks[i]
	switch tok.kind {
	case digits:
		if n := d.repeated(i); n != nil {
			return n, n[0].to
		}
		if hanUnits[t.at(i+1).w] > 0 {
			if x, ok := t.figures(i); ok {
				return d.cardinal(i, x)
			}
		}
		if _, n := t.enOrdinal(i); n > 0 { // 5th
			return nil, i
		}
		gs := make([]glyph, len(tok.w))
		for k := range gs {
			gs[k] = glyph{ch: tok.w[k], from: i, to: i + 1}
		}
		return gs, i + 1
	case han:
		return d.hanGlyphs(i, r, skipped)
	case latin:
		if d.zh && !d.letters && tok.w == "e" && len(r.g) > 0 && skipped == 0 {
			return one('1', i, i+1, true) // 一 sounds like the letter
		}
		return d.latinGlyphs(i, r, skipped)
	case sign:
	}
	return nil, i
}

func one(ch byte, from, to int, doubt bool) ([]glyph, int) {
	return []glyph{{ch: ch, from: from, to: to, doubt: doubt, single: true}}, to
}

func (d dictation) hanGlyphs(i int, r *run, skipped int) ([]glyph, int) {
	t, tok := d.t, d.t.toks[i]
	if gs := d.repeated(i); gs != nil {
		return gs, gs[0].to
	}
	last := len(r.g) - 1
	inRun := last >= 0 && skipped == 0 && tok.gap == glued
	if v, ok := spokenDigits[tok.w]; ok {
		if tok.w != "幺" && !inRun && !hard(t.at(i+1)) {
			return nil, i
		}
		return one(byte('0'+v), i, i+1, false)
	}
	// digits one by one, where a 十 among them is a 四 that was misheard
	if v, ok := hanDigits[tok.w]; ok {
		unit := t.at(i + 1)
		if u := hanUnits[unit.w]; u == 0 || unit.gap == pause || u == 10 && inRun && r.g[last].single && hard(t.at(i+2)) {
			return one(byte('0'+v), i, i+1, false)
		}
	}
	if _, ok := hanDigits[tok.w]; ok || tok.w == "十" && (!inRun || !r.g[last].single) {
		if x, ok := t.zhNumber(i); ok && x.next > i {
			return d.cardinal(i, x)
		}
	}
	if h, ok := homophones[tok.w]; ok && last >= 0 && skipped == 0 && tok.gap != pause && r.g[last].single {
		next := t.at(i + 1)
		if t.at(i+1).gap != pause && i+1 < len(t.toks) {
			if hard(next) || homophones[next.w] != 0 && hard(t.at(i+2)) {
				return one(h, i, i+1, true)
			}
		}
		if i+1 == len(t.toks) && last >= 2 { // the last of the text
			return one(h, i, i+1, true)
		}
	}
	// 灵四一: the first one misheard
	if h, ok := homophones[tok.w]; ok && tok.w != "是" && tok.w != "要" && tok.w != "就" && tok.w != "以" && tok.w != "把" && tok.w != "有" && tok.w != "次" && last < 0 && (i == 0 || t.at(i-1).w == "是" || tok.gap != glued) {
		if hard(t.at(i+1)) && hard(t.at(i+2)) && t.at(i+1).kind == han && t.at(i+1).gap == glued && hanUnits[t.at(i+3).w] == 0 {
			return one(h, i, i+1, true)
		}
	}
	return nil, i
}

// cardinal spells out a number that was said as one inside a code: 四十四, forty-four.
func (d dictation) cardinal(i int, x number) ([]glyph, int) {
	if x.v != float64(int64(x.v)) || x.v > 1e12 {
		return nil, i
	}
	s := strconv.FormatInt(int64(x.v), 10)
	gs := make([]glyph, len(s))
	for k := range gs {
		gs[k] = glyph{ch: s[k], from: i, to: x.next}
	}
	return gs, x.next
}

// repeated reads 三个八, 两个 0, double seven, triple oh.
func (d dictation) repeated(i int) []glyph {
	t := d.t
	var count, n int
	switch tok := t.at(i); {
	case tok.kind == latin:
		switch tok.w {
		case "double":
			count = 2
		case "triple", "treble":
			count = 3
		case "quadruple":
			count = 4
		default:
			return nil
		}
		n = i + 1
	case t.at(i+1).w != "个":
		return nil
	case tok.kind == digits && len(tok.w) == 1:
		count, n = int(tok.w[0]-'0'), i+2
	default:
		v, ok := hanDigits[tok.w]
		if !ok {
			return nil
		}
		count, n = v, i+2
	}
	if count < 1 || count > 9 {
		return nil
	}
	what := t.at(n)
	var ch byte
	switch {
	case what.kind == digits && len(what.w) == 1:
		ch = what.w[0]
	case what.kind == han:
		if v, ok := hanDigits[what.w]; ok && hanUnits[t.at(n+1).w] == 0 && (t.at(n+1).w != "个" || count > 1) && t.at(n+1).w != "月" {
			ch = byte('0' + v)
		} else if v, ok := spokenDigits[what.w]; ok {
			ch = byte('0' + v)
		}
	case what.kind == latin:
		if v, ok := enOnes[what.w]; ok {
			ch = byte('0' + v)
		} else if what.w == "oh" || what.w == "o" || what.w == "nought" || what.w == "naught" {
			ch = '0'
		} else if len(what.w) == 1 && d.letters {
			ch = what.w[0] - 'a' + 'A'
		}
	}
	if ch == 0 {
		return nil
	}
	gs := make([]glyph, count)
	for k := range gs {
		gs[k] = glyph{ch: ch, from: i, to: n + 1, single: true}
	}
	return gs
}

func (d dictation) latinGlyphs(i int, r *run, skipped int) ([]glyph, int) {
	t, tok := d.t, d.t.toks[i]
	if gs := d.repeated(i); gs != nil {
		return gs, gs[0].to
	}
	inRun := len(r.g) > 0
	if v, ok := enOnes[tok.w]; ok {
		if t.at(i+1).w != "hundred" && t.at(i+1).w != "thousand" {
			return one(byte('0'+v), i, i+1, false)
		}
	}
	if x, ok := t.enNumber(i); ok && tok.w != "a" && tok.w != "an" {
		// eight hundred, five five five
		if _, n := t.enSmall(i); n > 0 && t.at(n).w == "hundred" && x.next == n+2 {
			if _, more := enOnes[t.at(x.next).w]; more {
				v, _ := t.enSmall(i)
				x = number{v: float64(v) * 100, next: n + 1}
			}
		}
		return d.cardinal(i, x)
	}
	next := t.at(i + 1)
	near := inRun || next.w == "double" || next.w == "triple" || hard(next) && next.gap != pause || t.zeroWord(i+1) && next.gap != pause
	if t.zeroWord(i) && near || tok.w == "nought" || tok.w == "naught" {
		ch := byte('0')
		if tok.w == "o" && inRun && r.g[len(r.g)-1].ch > '9' { // SO 123: the letter
			ch = 'O'
		}
		if ch == '0' || d.letters {
			return one(ch, i, i+1, tok.w == "o" && d.letters)
		}
	}
	if !d.letters {
		return d.misheard(i, r, skipped)
	}
	if ch, n := t.letter(i); n > 0 {
		if n == i+1 && tok.w == "a" && !inRun && hard(next) && !hard(t.at(i+2)) {
			switch t.at(i - 1).w { // should be a nine
			case "be", "not", "to", "with", "just", "is":
				return nil, i
			}
		}
		// "a" and "i" are words too, unless the dictation is on either side
		if n == i+1 && (tok.w == "a" || tok.w == "i") && !d.zh && !tok.glued(next) && !inRun && !hard(next) && !t.lone(i+1) {
			return nil, i
		}
		return one(ch, i, n, false)
	}
	if gs, n := d.misheard(i, r, skipped); len(gs) > 0 {
		return gs, n
	}
	if ch, ok := nato[tok.w]; ok && (inRun || hard(next) || nato[next.w] != 0 || t.lone(i+1)) {
		return one(ch, i, i+1, false)
	}
	if ch, ok := letterNames[tok.w]; ok && !common[tok.w] && tok.w != "see" && tok.w != "sea" && tok.w != "why" && tok.w != "tea" && (inRun || i == 0) && tok.gap != pause && hard(next) {
		return one(ch, i, i+1, true)
	}
	if len(tok.w) <= 6 && isASCII(tok.w) && (tok.upper && len(tok.w) <= 4 || next.kind == digits && next.gap == glued && len(next.w) > 1) && (inRun || hard(next) || d.hardBehind(i+1) || tok.upper && len(t.toks) == 1) {
		gs := make([]glyph, len(tok.w))
		for k := range gs {
			gs[k] = glyph{ch: tok.w[k] - 'a' + 'A', from: i, to: i + 1}
		}
		return gs, i + 1
	}
	return nil, i
}

// misheard reads an English word that sounds like a digit, among digits.
func (d dictation) misheard(i int, r *run, skipped int) ([]glyph, int) {
	tok, next := d.t.toks[i], d.t.at(i+1)
	h, ok := homophones[tok.w]
	if !ok || len(r.g) == 0 || skipped > 0 || tok.gap == pause || !r.g[len(r.g)-1].single {
		return nil, i
	}
	if hard(next) && next.gap != pause {
		return one(h, i, i+1, true)
	}
	if i+1 == len(d.t.toks) && len(r.g) > 2 && tok.w != "to" && tok.w != "for" && tok.w != "too" { // the last of the text
		return one(h, i, i+1, true)
	}
	return nil, i
}

// hardBehind tells whether a digit follows a little word such as 杠 at i.
func (d dictation) hardBehind(i int) bool {
	n := d.soft(i)
	return n > 0 && hard(d.t.at(n))
}

func (tok token) glued(next token) bool { return next.gap == glued && next.kind == digits }

func isASCII(w string) bool {
	for k := range len(w) {
		if w[k] < 'a' || w[k] > 'z' {
			return false
		}
	}
	return true
}

func (t *utterance) zeroWord(i int) bool {
	w := t.at(i).w
	return w == "oh" || w == "o" || w == "nought" || w == "naught"
}

// lone tells whether a letter by itself stands at i.
func (t *utterance) lone(i int) bool {
	tok := t.at(i)
	return tok.kind == latin && len(tok.w) == 1 && tok.gap != pause
}

// letter reads a letter at i: b, "b as in bravo", "b for boy".
func (t *utterance) letter(i int) (byte, int) {
	tok := t.at(i)
	var ch byte
	switch {
	case tok.kind == latin && len(tok.w) == 1 && isASCII(tok.w):
		ch = tok.w[0]
	case tok.kind == latin && letterNames[tok.w] != 0 && (t.at(i+1).w == "as" || t.at(i+1).w == "for"):
		ch = letterNames[tok.w] - 'A' + 'a'
	default:
		return 0, -1
	}
	n := i + 1
	for _, as := range [][]string{{"as", "in"}, {"like", "in"}, {"for"}, {"like"}, {"as"}} {
		if m := t.seq(n, as...); m > 0 && len(t.at(m).w) > 1 && t.at(m).w[0] == ch && t.at(m).kind == latin {
			n = m + 1
			break
		}
	}
	return ch - 'a' + 'A', n
}
