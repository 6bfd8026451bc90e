package slot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline/dialog/internal/lang"
)

// maxOptions is what a caller can be offered, and more than he can remember.
const maxOptions = 200

// An option is an Option made ready for finding.
type option struct {
	value string
	say   string
	names []optionName
}

type optionName struct {
	words  []string // folded: a Chinese character or a word each
	sounds []lang.Unit
	phones []byte // of English
}

func newOptions(cs []Option) ([]option, error) {
	if len(cs) == 0 {
		return nil, errors.New("slot: a choice needs choices to choose from")
	}
	if len(cs) > maxOptions {
		return nil, fmt.Errorf("slot: %d choices; more than %d are not possible", len(cs), maxOptions)
	}
	out := make([]option, len(cs))
	owner := map[string]string{}
	for i, c := range cs {
		if c.Value == "" {
			return nil, fmt.Errorf("slot: choice %d has no value", i+1)
		}
		names := c.Names
		if !slices.Contains(names, c.Value) {
			names = append(slices.Clone(names), c.Value)
		}
		out[i] = option{value: c.Value, say: names[0]}
		for _, n := range names {
			var o optionName
			for _, tok := range read(n).toks {
				o.words = append(o.words, tok.w)
			}
			if len(o.words) == 0 {
				if n == c.Value {
					continue
				}
				return nil, fmt.Errorf("slot: choice %q has a name without letters: %q", c.Value, n)
			}
			key := strings.Join(o.words, " ")
			if other, ok := owner[key]; ok && other != c.Value {
				return nil, fmt.Errorf("slot: %q names both %q and %q; a caller could not say which", n, other, c.Value)
			}
			owner[key] = c.Value
			o.sounds = sounds(o.words)
			if len(o.sounds) == 0 {
				o.phones = lang.Phones(o.words)
			}
			out[i].names = append(out[i].names, o)
		}
	}
	return out, nil
}

// sounds are the syllables of words that are all Chinese, else none.
func sounds(words []string) []lang.Unit {
	for _, w := range words {
		if r := []rune(w); len(r) != 1 || !lang.Han(r[0]) {
			return nil
		}
	}
	return lang.Syllables(strings.Join(words, ""))
}

// choices finds which of the options t means: by name, by number in the order
// offered, by part of a name, by sound.
func (s *Slot) choices(t *utterance) []Value {
	var out []Value
	best := map[string]int{}
	add := func(v string, from, to int, c float64) {
		if i, ok := best[v]; ok {
			if out[i].Confidence < c {
				out[i] = Value{Canonical: v, Start: t.start(from), End: t.end(to), Confidence: c}
			}
			return
		}
		best[v] = len(out)
		out = append(out, Value{Canonical: v, Start: t.start(from), End: t.end(to), Confidence: c})
	}
	spans := map[string]Range{}
	for _, o := range s.options {
		for _, n := range o.names {
			for i := 0; i+len(n.words) <= len(t.toks); i++ {
				if !same(t, i, n.words) {
					continue
				}
				c := 0.97
				if s.denied(t, i) {
					c = 0.1
				}
				if old, ok := spans[o.value]; !ok || len(n.words) > old.End-old.Start {
					spans[o.value] = Range{i, i + len(n.words)}
				}
				add(o.value, i, i+len(n.words), c)
			}
		}
	}
	// 红色 within 深红色 is not meant
	for k := range out {
		a := spans[out[k].Canonical]
		for v, b := range spans {
			if v != out[k].Canonical && b.Start <= a.Start && a.End <= b.End && b.End-b.Start > a.End-a.Start {
				out[k].Confidence = min(out[k].Confidence, 0.2)
			}
		}
	}
	s.letters(t, add)
	sure := slices.ContainsFunc(out, func(v Value) bool { return v.Confidence > 0.9 })
	if i, from, to, ok := s.ordinal(t); ok && !sure {
		add(s.options[i].value, from, to, 0.9)
		return out
	}
	if !sure {
		s.partly(t, add)
		s.soundsLike(t, add)
	}
	return out
}

// letters finds names said letter by letter: you pee ess.
func (s *Slot) letters(t *utterance, add func(string, int, int, float64)) {
	for i := range t.toks {
		var b strings.Builder
		for n := i; n < len(t.toks) && b.Len() < 8; n++ {
			tok := t.toks[n]
			if tok.w == "." && n > i {
				continue
			}
			if tok.kind != latin {
				break
			}
			if len(tok.w) == 1 {
				b.WriteString(tok.w)
			} else if ch := letterNames[tok.w]; ch != 0 {
				b.WriteByte(ch - 'A' + 'a')
			} else {
				break
			}
			if v, ok := s.spelled[b.String()]; ok && n > i {
				add(v, i, n+1, 0.9)
			}
		}
	}
}

func same(t *utterance, i int, words []string) bool {
	for k, w := range words {
		if t.at(i+k).w != w {
			return false
		}
	}
	return true
}

// denied tells whether what stands at i is said not to be it: 不要红的, "not the red".
func (s *Slot) denied(t *utterance, i int) bool {
	if s.zh {
		for _, w := range []string{"不要", "不是", "不想要", "别给我", "不选", "不用", "而不是", "除了"} {
			if n := i - len([]rune(w)); n >= 0 && t.lit(n, w) == i {
				return true
			}
		}
		return false
	}
	for k := i - 1; k >= max(0, i-2); k-- {
		switch t.at(k).w {
		case "not", "dont", "isnt", "except":
			return true
		case "the", "want", "a":
		default:
			return false
		}
	}
	return false
}

// ordinal finds 第二个, 后面那个, 最后一个, "the first one", "the latter", "option b".
func (s *Slot) ordinal(t *utterance) (index, from, to int, ok bool) {
	last := len(s.options) - 1
	pick := func(i, from, to int) (int, int, int, bool) { return i, from, to, i >= 0 && i <= last }
	for i := range t.toks {
		if s.zh {
			if n := t.lit(i, "倒数第"); n > 0 {
				if x, ok := t.zhNumber(n); ok {
					return pick(last+1-int(x.v), i, x.next)
				}
			}
			if n := t.lit(i, "第"); n > 0 {
				if x, ok := t.zhNumber(n); ok && !s.denied(t, i) {
					return pick(int(x.v)-1, i, x.next)
				}
			}
			if n, w := t.any(i, "最后一个", "最后那个", "最后面", "末尾", "最后", "后者", "后面那个", "后面的", "后一个", "后面一个", "后边那个", "后边的", "下面那个", "下面的", "前者", "前面那个", "前面的", "前一个", "前面一个", "前边那个", "头一个", "最前面", "上面那个", "上面的", "最开始", "刚开始那个", "中间那个", "中间的", "当中那个", "头一样", "最上面", "最下面", "先说的", "后说的", "开头那个", "打头的"); n > 0 {
				switch {
				case strings.HasPrefix(w, "中") || strings.HasPrefix(w, "当"):
					return pick(last/2, i, n)
				case strings.HasPrefix(w, "前") || strings.HasPrefix(w, "头") || strings.HasPrefix(w, "最前") || strings.HasPrefix(w, "上") || strings.HasPrefix(w, "最开") || strings.HasPrefix(w, "刚") || strings.HasPrefix(w, "最上") || strings.HasPrefix(w, "先") || strings.HasPrefix(w, "开") || strings.HasPrefix(w, "打"):
					return pick(0, i, n)
				}
				return pick(last, i, n)
			}
			if n, _ := t.any(i, "选项", "选择", "选", "按", "要"); n > 0 && n < len(t.toks) {
				if x, ok := t.zhNumber(n); ok && x.next == len(t.toks) && x.v == float64(int(x.v)) {
					return pick(int(x.v)-1, i, x.next)
				}
			}
			continue
		}
		switch w := t.at(i).w; w {
		case "last", "latter", "bottom":
			if t.at(i-1).w == "to" || t.at(i+1).w == "time" || t.at(i+1).w == "week" || t.at(i+1).w == "night" {
				continue
			}
			if p := t.at(i - 1).w; p == "second" || p == "next" {
				return pick(last-1, i-1, i+1)
			}
			return pick(last, i, i+1)
		case "former", "top":
			return pick(0, i, i+1)
		case "middle":
			return pick(last/2, i, i+1)
		case "option", "number", "choice", "press":
			if v, n := t.enSmall(i + 1); n > 0 {
				return pick(v-1, i, n)
			}
			if x := t.at(i + 1); x.kind == digits && len(x.w) <= 3 {
				y, _ := t.figures(i + 1)
				return pick(int(y.v)-1, i, i+2)
			}
			if x := t.at(i + 1).w; len(x) == 1 && x[0] >= 'a' && x[0] <= 'z' {
				return pick(int(x[0]-'a'), i, i+2)
			}
		}
		if v, n := t.enOrdinal(i); n > 0 && !s.denied(t, i) {
			switch t.at(n).w {
			case "time", "thing", "place", "day", "week", "order", "of", "floor":
				continue
			}
			if p := t.at(i - 1).w; p != "the" && t.at(n).w != "one" && t.at(n).w != "option" && i > 0 && (p == "a" || !fillEn[p] && !softEn[p] && t.toks[i].gap != pause) {
				continue
			}
			if t.seq(n, "to", "last") > 0 || t.at(n).w == "last" {
				return pick(last+1-v, i, n+1+pickInt(t.at(n).w == "to", 1, 0))
			}
			return pick(v-1, i, n)
		}
	}
	// the number alone
	core := t.unfilled(s.zh)
	if len(core.toks) >= 1 && len(core.toks) <= 3 {
		if s.zh {
			if x, ok := core.zhNumber(0); ok && (x.next == len(core.toks) || core.lit(x.next, "号") == len(core.toks)) && x.v == float64(int(x.v)) {
				i, _, _, ok := pick(int(x.v)-1, 0, 0)
				return i, 0, len(t.toks), ok
			}
		} else if x, ok := core.enNumber(0); ok && x.next == len(core.toks) {
			i, _, _, ok := pick(int(x.v)-1, 0, 0)
			return i, 0, len(t.toks), ok
		}
	}
	return 0, 0, 0, false
}

var fillZh = []string{"嗯", "呃", "额", "啊", "哦", "那个", "那", "就", "是", "要", "我", "选", "吧", "的", "了", "呢", "呀", "哈", "我要", "我想要", "我选", "就要", "给我", "来", "麻烦", "请"}

var fillEn = map[string]bool{"uh": true, "um": true, "er": true, "the": true, "well": true, "so": true, "its": true, "please": true, "i": true, "want": true, "go": true, "with": true, "lets": true, "ill": true, "take": true, "id": true, "like": true, "that": true, "would": true, "be": true, "one": false}

// unfilled is t without the fillers at its ends.
func (t *utterance) unfilled(zh bool) *utterance {
	from, to := 0, len(t.toks)
	for from < to {
		if zh {
			n, _ := t.any(from, fillZh...)
			if n < 0 || n > to {
				break
			}
			from = n
			continue
		}
		if !fillEn[t.toks[from].w] {
			break
		}
		from++
	}
	for to > from {
		w := t.toks[to-1].w
		if zh && slices.Contains(fillZh, w) || !zh && fillEn[w] {
			to--
			continue
		}
		break
	}
	return t.sub(from, to)
}

// partly finds options by a part of a name that no other has: 顺丰 for 顺丰速运.
func (s *Slot) partly(t *utterance, add func(string, int, int, float64)) {
	core := t.unfilled(s.zh)
	if len(core.toks) == 0 {
		return
	}
	offset := 0
	for offset < len(t.toks) && t.toks[offset].start != core.toks[0].start {
		offset++
	}
	type found struct {
		o        int
		from, to int
		share    float64
	}
	var best []found
	for k, o := range s.options {
		var f found
		for _, n := range o.names {
			if from, l := longest(core, n.words); l > 0 && (l > 1 || !s.zh && !common[core.at(from).w] && len(core.at(from).w) > 2 || s.zh && len(core.toks) <= 2 && core.at(from).kind == han) {
				if share := float64(l); share > f.share && !s.denied(t, from+offset) {
					f = found{k, from + offset, from + offset + l, share}
				}
			}
		}
		if f.share > 0 {
			best = append(best, f)
		}
	}
	slices.SortStableFunc(best, func(a, b found) int { return int(4 * (b.share - a.share)) })
	if len(best) == 0 {
		return
	}
	c := 0.8
	if len(best) > 1 && best[1].share == best[0].share {
		c = 0.45 // as much of the one as of the other
	}
	for _, f := range best {
		if f.share == best[0].share {
			add(s.options[f.o].value, f.from, f.to, c)
		}
	}
}

var common = map[string]bool{"the": true, "and": true, "for": true, "with": true, "one": true, "that": true, "this": true, "please": true, "you": true, "your": true, "not": true, "are": true, "can": true, "have": true, "want": true, "would": true, "like": true, "order": true, "from": true}

// longest is the longest common stretch of t and words.
func longest(t *utterance, words []string) (from, n int) {
	for i := range t.toks {
		for k := range words {
			l := 0
			for i+l < len(t.toks) && k+l < len(words) && t.toks[i+l].w == words[k+l] {
				l++
			}
			if l > n {
				from, n = i, l
			}
		}
	}
	return from, n
}

// soundsLike finds options by names that sound like a stretch of t.
func (s *Slot) soundsLike(t *utterance, add func(string, int, int, float64)) {
	if len(t.toks) > 60 {
		return
	}
	var units []lang.Unit
	var phones []string
	for _, tok := range t.toks {
		u := lang.Syllables(tok.w)
		if len(u) == 0 {
			u = []lang.Unit{0}
		}
		units = append(units, u[0])
		phones = append(phones, string(lang.WordPhones(tok.w)))
	}
	for _, o := range s.options {
		for _, n := range o.names {
			if l := len(n.sounds); l > 1 {
				for i := 0; i+l <= len(units); i++ {
					alike := float32(0)
					for k := range l {
						alike += lang.Alike(units[i+k], n.sounds[k])
					}
					if share := alike / float32(l); share >= 0.74 && !s.denied(t, i) {
						add(o.value, i, i+l, 0.4+0.4*float64(share-0.5))
					}
				}
			}
			if len(n.phones) < 3 {
				continue
			}
			for i := range t.toks {
				var heard strings.Builder
				for k := i; k < min(i+len(n.words)+1, len(t.toks)); k++ {
					heard.WriteString(phones[k])
					if d := len(heard.String()) - len(n.phones); d > 2 || len(heard.String()) < 3 || t.at(i).w == "its" || d < -2 || common[t.at(i).w] {
						continue
					}
					if far := distance(heard.String(), string(n.phones)) / float32(max(len(heard.String()), len(n.phones))); (far <= 0.3 && len(n.phones) > 3 || far == 0) && heard.String()[0] == n.phones[0] && !s.denied(t, i) {
						add(o.value, i, k+1, 0.7-float64(far))
					}
				}
			}
		}
	}
}

// distance is how far apart two words sound.
func distance(a, b string) float32 {
	const most = 32
	if len(a) >= most || len(b) >= most {
		return float32(len(a) + len(b))
	}
	return lang.Apart([]byte(a), []byte(b), lang.PhoneAlike)
}
