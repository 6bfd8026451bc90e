package knowledge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// goods puts "it" or "something" where a text names a thing that can be bought. How long
// one has to return a kettle is asked like how long one has to return anything, but the
// kettle is what all comparisons look at.
type goods struct {
	chinese bool
	names   map[string]int // the thing that a name of one to three words, or of characters, is of
	longest int            // in words, or in characters
	devices int            // things up to here have answers of their own
	listed  int            // things up to here are those of every home
	things  int
	pairs   []about
	told    map[int]bool // things that questions, topics and answers name, and what devices are used for or on
	said    map[int]int  // in the wordings of how many pairs each thing is named
	spoken  []called     // of the things that the business speaks of
	absent  map[int]bool // things that it says it does not have
	makers  makers
}

// about is which things a pair is about.
type about struct {
	named   []int // devices that are named in it anywhere
	asked   bool  // its question is one about things
	general bool  // about nothing in particular
	makers  bool  // some wording names another maker's device
}

// newGoods has the things of every home, the business's own, and those that it lacks.
func newGoods(chinese bool, own, absent []string) *goods {
	devices, things := englishDevices, englishThings
	if chinese {
		devices, things = chineseDevices, chineseThings
	}
	g := &goods{chinese: chinese, names: map[string]int{}, told: map[int]bool{}, said: map[int]int{}, absent: map[int]bool{}, makers: newMakers(chinese)}
	for _, name := range absent { // the lists, which come later, have most of them
		g.things++
		g.add(lang.Fold(name))
	}
	g.list(devices)
	g.devices = g.things
	g.list(things)
	g.listed = g.things
	for _, name := range own {
		g.things++
		g.add(lang.Fold(name))
		g.hear(lang.Fold(name))
		g.told[g.things] = true
	}
	for _, name := range absent {
		key, _ := g.key(lang.Fold(name))
		g.absent[g.names[key]] = true
	}
	return g
}

func (g *goods) list(things string) {
	for names := range strings.FieldsSeq(things) {
		g.things++
		for name := range strings.SplitSeq(names, "/") {
			g.add(strings.ReplaceAll(name, "_", " "))
		}
	}
}

// add has name be of the thing that was listed last.
func (g *goods) add(name string) {
	if key, n := g.key(name); n > 0 {
		g.names[key] = g.things
		g.longest = max(g.longest, n)
	}
}

// key is what names are known by, and how many words or characters it has.
func (g *goods) key(name string) (key string, n int) {
	if g.chinese {
		return name, utf8.RuneCountInString(name)
	}
	words := lang.Words(name)
	return singular(words), len(words)
}

// singular are words of which the last has lost its plural's s.
func singular(words []string) string {
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	if n := len(last); n > 3 && last[n-1] == 's' && last[n-2] != 's' {
		last = last[:n-1]
	}
	return strings.Join(append(slices.Clone(words[:len(words)-1]), last), " ")
}

// learn notes what a pair is about. It is about nothing in particular where neither its
// question nor its answer names a thing, and few of its wordings name the same.
func (g *goods) learn(p *Pair) {
	const most = 5 // one wording in so many may name the same thing
	a := about{general: true}
	named := func(text string) []int {
		var things []int
		folded := lang.Fold(text)
		a.makers = a.makers || g.foreign(folded) != ""
		g.walk(folded, func(thing, from, to int) {
			things = append(things, thing)
			if thing <= g.devices && !g.absent[thing] {
				g.hear(g.written(folded, from, to))
			}
			if thing <= g.devices && !slices.Contains(a.named, thing) {
				a.named = append(a.named, thing)
			}
		})
		return things
	}
	for i, text := range []string{p.Question, p.Topic, p.Answer} {
		for _, thing := range named(text) {
			a.general = false
			a.asked = a.asked || i < 2
			g.told[thing] = true
		}
	}
	wordings := map[int]int{}
	for _, v := range p.Variants {
		for _, thing := range named(v) {
			wordings[thing]++
		}
	}
	for thing, n := range wordings {
		a.general = a.general && n*most <= len(p.Variants)
		g.said[thing]++
		if a.asked && thing > g.devices { // where a device stands, or what it is used for
			g.told[thing] = true
		}
	}
	g.pairs = append(g.pairs, a)
}

// strange is what a text calls the devices that it names, or else the things, where the
// business speaks of none of them, "" where it does: callers who have something else name
// it now and then, so a few wordings count for nothing. What the business says it does not
// have is absent, however often it is spoken of; where one of these is what something is
// put into, it is not what is asked about.
func (g *goods) strange(folded string) (name string, absent bool) {
	const things, devices = 3, 5 // pairs that are enough
	const device, other = 0, 1   // other: what a device stands on, where one is named
	var names [2]string
	var known, lacking [2]bool
	g.walk(folded, func(thing, from, to int) {
		if g.absent[thing] && g.place(folded, from) {
			return
		}
		kind, enough := device, devices
		if thing > g.devices && thing <= g.listed {
			kind, enough = other, things
		}
		switch {
		case g.absent[thing]:
			lacking[kind] = true
		case g.told[thing] || g.said[thing] >= enough:
			known[kind] = true
		}
		if names[kind] == "" {
			names[kind] = g.written(folded, from, to)
		}
	})
	kind := device
	if names[device] == "" {
		kind = other
	}
	if known[kind] {
		return "", false
	}
	return names[kind], lacking[kind]
}

// place tells whether what a text names at a word is where something is: in the dishwasher.
func (g *goods) place(folded string, at int) bool {
	if g.chinese {
		return false
	}
	ws := lang.Words(folded)[:at]
	for len(ws) > 0 && (englishBeside[ws[len(ws)-1]] || englishDefinite[ws[len(ws)-1]] || englishIndefinite[ws[len(ws)-1]]) {
		ws = ws[:len(ws)-1]
	}
	n := len(ws)
	return n > 0 && englishBefore[ws[n-1]] && (n < 2 || ws[n-2] != "from") // it leaks from under the kettle
}

// another tells whether a text names devices, and a pair others only.
func (g *goods) another(folded string) func(pair int32) bool {
	var named []int
	own := false
	g.walk(folded, func(thing, _, _ int) {
		own = own || thing > g.listed
		if thing <= g.devices {
			named = append(named, thing)
		}
	})
	if len(named) == 0 || own {
		return func(int32) bool { return false }
	}
	return func(pair int32) bool {
		a := &g.pairs[pair]
		return !a.general && len(a.named) > 0 &&
			!slices.ContainsFunc(a.named, func(t int) bool { return slices.Contains(named, t) })
	}
}

// walk tells each thing that is named, and where: by words, or by characters. Things
// are numbered from 1.
func (g *goods) walk(folded string, f func(thing, from, to int)) {
	if g.chinese {
		rs := []rune(folded)
		g.find(len(rs), func(from, to int) string { return string(rs[from:to]) }, f)
		return
	}
	ws := lang.Words(folded)
	g.find(len(ws), func(from, to int) string { return singular(ws[from:to]) }, f)
}

// written is what stands from one word or character of a text to before another.
func (g *goods) written(folded string, from, to int) string {
	if g.chinese {
		return string([]rune(folded)[from:to])
	}
	return strings.Join(lang.Words(folded)[from:to], " ")
}

// find tells the names among n words or characters, the longest first; text is what
// stands from one to before another.
func (g *goods) find(n int, text func(from, to int) string, f func(thing, from, to int)) {
	for from := 0; from < n; from++ {
		for to := min(from+g.longest, n); to > from; to-- {
			if thing := g.names[text(from, to)]; thing > 0 {
				f(thing, from, to)
				from = to - 1
				break
			}
		}
	}
}

// neutral is a text that names no thing any more, and whether it named one.
func (g *goods) neutral(folded string) (string, bool) {
	if g.chinese {
		return g.neutralChinese(folded)
	}
	ws := lang.Words(folded)
	var out []string
	at := 0
	g.walk(folded, func(_, from, to int) {
		start, it := from, "something"
		for start > at && englishBeside[ws[start-1]] {
			start--
		}
		if start > at {
			switch d := ws[start-1]; {
			case englishDefinite[d]:
				start, it = start-1, "it"
			case englishIndefinite[d]:
				start--
			}
		}
		out = append(append(out, ws[at:start]...), it)
		at = to
	})
	return strings.Join(append(out, ws[at:]...), " "), at > 0
}

func (g *goods) neutralChinese(folded string) (string, bool) {
	rs := []rune(folded)
	var out []rune
	at := 0
	g.walk(folded, func(_, from, to int) {
		start, it := from, "东西"
		if start > at && strings.ContainsRune(chineseMeasures, rs[start-1]) {
			start--
			if start > at {
				switch rs[start-1] {
				case '这', '那':
					start, it = start-1, "这个"
				case '一', '两', '几':
					start--
				}
			}
			if it == "东西" && start == from-1 {
				start = from // 东西的个 is none: the character belonged to something else
			}
		}
		out = append(append(out, rs[at:start]...), []rune(it)...)
		at = to
	})
	return string(append(out, rs[at:]...)), at > 0
}

// sureOf tells whether the best pair of a text that names nothing any more may be taken:
// it is likely, and about nothing in particular.
func (x *Index) sureOf(r Result) bool {
	const least = 0.6
	top := r.Top()
	return top != nil && top.Score >= least && x.goods.pairs[x.byID[top.Pair.ID]].general
}
