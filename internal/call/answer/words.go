package answer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// A phrase is what tells somebody by what he says. Its words are compared by their
// sound: a recogniser's wrong characters mostly sound right.
type phrase struct {
	text   string
	who    Who
	notice Notice
	// weight says how sure it is; 1 is enough alone.
	weight float64
	tokens []token
}

// token is one spoken unit: a Chinese syllable, or an English word.
type token struct {
	whole          string
	initial, final string // of a syllable
}

// reading is what a text says about who speaks.
type reading struct {
	scores  map[Who]float64
	notice  Notice // of the strongest one
	found   []match
	spoken  int  // units of sound in the text
	waiting bool // the callee is being told of a second call: "please do not hang up"
	beep    bool // a beep is promised
	hints   bool // machines begin so
	formal  bool // and people do not, even behind a hello
	names   bool // somebody says who he is
}

// enough is the score from which a reading says who it is.
const enough = 0.9

// machine is the strongest of those who are no person; "" where none is sure.
func (r *reading) machine() Who {
	if r == nil {
		return ""
	}
	best, top := Who(""), 0.0
	for _, w := range machines {
		if s := r.scores[w]; s >= enough && s > top+0.05 {
			best, top = w, s
		}
	}
	if best == Announcement && r.scores[Voicemail] >= enough && r.notice != MailboxFull {
		best = Voicemail
	}
	if best == Menu && top < certain && (r.asks() || r.talks() && r.scores[Person] > top) { // a receptionist says thanks too, and asks
		return ""
	}
	return best
}

// person tells whether it is what people say when they pick up.
func (r *reading) person() bool {
	return r != nil && r.machine() == "" && r.scores[Person] >= enough
}

// awaits tells whether it is what only somebody says who then waits for an answer. A
// greeting with a name may go on: "您好, …".
func (r *reading) awaits() bool { return !r.names && r.has(Person, 1) }

// asks tells whether it is a question of a person, who wants to know who calls.
func (r *reading) asks() bool { return r.has(Person, 1.3) }

// talks tells whether somebody says more than a greeting that people say and machines
// hardly: "I'm at work", 我在忙.
func (r *reading) talks() bool {
	return slices.ContainsFunc(r.found, func(m match) bool { return m.who == Person && len(m.tokens) >= sentence && m.score >= enough })
}

// has tells whether a phrase of at least such a weight was found, rather well.
func (r *reading) has(w Who, weight float64) bool {
	for _, m := range r.found {
		if m.who == w && m.weight >= weight && m.score >= enough {
			return true
		}
	}
	return false
}

// mentions tells whether a notice was heard among others.
func (r *reading) mentions(n Notice) bool {
	return r != nil && slices.ContainsFunc(r.found, func(m match) bool { return m.notice == n && m.score >= enough })
}

// leans tells whether a machine would rather begin so than a person.
func (r *reading) leans() bool {
	if r == nil || r.asks() {
		return false
	}
	least := hint
	if r.talks() {
		least = likelyLeast
	}
	if r.formal && !r.talks() {
		return true
	}
	return r.hints && r.scores[Person] < enough || slices.ContainsFunc(machines, func(w Who) bool { return r.scores[w] >= least })
}

// likely is the machine for which most speaks where nothing is sure; "" without.
func (r *reading) likely() Who {
	best, top := Who(""), likelyLeast
	for _, w := range machines {
		if s := r.scores[w]; s > top && w != Announcement {
			best, top = w, s
		}
	}
	return best
}

// machines are those that are told by their words; where a voicemail begins like an
// announcement, or a menu like a voicemail, the more special one comes first.
var machines = []Who{Screening, Voicemail, Menu, Announcement}

// What a score says below enough.
const (
	hint        = 0.4
	likelyLeast = 0.7
	certain     = 1.2 // of a menu: nothing that people say outweighs it
)

// strongest is the phrase that decided for w.
func (r *reading) strongest(w Who) string {
	best := match{phrase: &phrase{}}
	for _, m := range r.found {
		if m.who == w && m.score > best.score {
			best = m
		}
	}
	return best.text
}

// match is a phrase that was found, and what it is worth: less where it is not quite
// what was said.
type match struct {
	*phrase

	score float64
}

// covers tells whether another's phrase is part of m's, which says something else: "you
// have reached" of a voicemail in a carrier's "the number you have reached".
func (m match) covers(o match) bool {
	if m.who == o.who && m.notice == o.notice || o.who == opening || o.who == apology || o.who == naming || len(m.tokens) <= len(o.tokens) || m.score <= 0 {
		return false
	}
	for i := 0; i+len(o.tokens) <= len(m.tokens); i++ {
		if slices.EqualFunc(m.tokens[i:i+len(o.tokens)], o.tokens, func(a, b token) bool { return a.whole == b.whole }) {
			return true
		}
	}
	return false
}

// fewSorry is how many units an apology has which is nothing else: people say why.
const fewSorry = 4

// sentence is how many units a person's phrase has at least that is no mere greeting.
const sentence = 3

// fewWords is how many units a person's first words have at most when they are known
// by a common word alone: "hello", 你好.
const fewWords = 7

// read finds the phrases of a text.
func read(text string) *reading {
	lexicon := phrases()
	r := &reading{scores: map[Who]float64{}}
	zh, en := split(text)
	r.spoken = len(zh) + len(en)
	r.scan(zh, lexicon.zh, syllableCost)
	r.scan(en, lexicon.en, wordCost)
	notices := map[Notice]float64{}
	r.found = slices.DeleteFunc(r.found, func(m match) bool {
		return slices.ContainsFunc(r.found, func(o match) bool { return o.covers(m) })
	})
	most := map[same]float64{}
	for _, m := range r.found {
		switch {
		case m.who == Person && m.weight < 1.2 && len(m.tokens) <= 2 && r.spoken > fewWords:
			r.scores[Person] += m.score / 4
		case m.who == waiting:
			r.waiting = true
		case m.who == promise:
			r.beep = true
		case m.who == opening:
			r.hints = true
			r.formal = r.formal || m.weight > 1
		case m.who == apology: // people apologise too, and say what for
			r.hints = r.hints || r.spoken <= fewSorry
		case m.who == naming:
			r.names = true
		case m.who == Announcement: // one thing said, though it sounds like several phrases
			meaning := same{m.notice, 0}
			if m.notice == "" {
				meaning.weight = m.weight
			}
			r.scores[m.who] += max(0, m.score-most[meaning])
			most[meaning] = max(most[meaning], m.score)
		default:
			r.scores[m.who] += m.score
		}
		if m.notice != "" {
			notices[m.notice] += m.score
		}
	}
	for _, n := range slices.Sorted(maps.Keys(notices)) {
		if notices[n] > notices[r.notice] || r.notice == "" {
			r.notice = n
		}
	}
	if notices[MissedCallService] >= enough { // it says why, too; that the callee will know matters more
		r.notice = MissedCallService
	}
	return r
}

// same is what makes announcements' phrases one.
type same struct {
	notice Notice
	weight float64
}

// What phrases say beside who it is.
const (
	waiting = "waiting"
	promise = "beep"
	opening = "opening" // as greetings, menus and carriers begin, and people hardly
	apology = "apology"
	naming  = "naming"
)

func (r *reading) scan(text []token, list []phrase, cost func(a, b token) float64) {
	if len(text) == 0 {
		return
	}
	for i := range list {
		p := &list[i]
		if len(p.tokens) == 1 && p.who == Person && len(text) > 1 && p.tokens[0].initial == "-" && text[0].whole != p.tokens[0].whole {
			continue // 哎 within a sentence is anything
		}
		if wrong, ok := within(p.tokens, text, cost); ok {
			r.found = append(r.found, match{p, p.weight * (1 - 1.5*wrong/float64(len(p.tokens)))})
		}
	}
}

// allowance is how much of a phrase of n units may be wrong.
func allowance(n int) float64 {
	switch {
	case n <= 1:
		return 0
	case n == 2:
		return 0.3
	case n == 3:
		return 0.5
	case n == 4:
		return 0.7
	case n == 5:
		return 1
	default:
		return float64(n) * 0.22
	}
}

// within tells whether a phrase is somewhere in a text, with what may be wrong, and how
// much is (P. H. Sellers, J. Algorithms 1, 1980).
func within(p, text []token, cost func(a, b token) float64) (wrong float64, ok bool) {
	wrong = float64(len(p))
	var store [2][24]float64
	if len(p) >= len(store[0]) {
		return wrong, false
	}
	last, row := store[0][:len(p)+1], store[1][:len(p)+1]
	for i := range last {
		last[i] = float64(i)
	}
	for _, t := range text {
		row[0] = 0
		for i, want := range p {
			row[i+1] = min(last[i]+cost(want, t), last[i+1]+1, row[i]+1)
		}
		wrong = min(wrong, row[len(p)])
		last, row = row, last
	}
	return wrong, wrong <= allowance(len(p))
}

func syllableCost(a, b token) float64 {
	switch {
	case a.whole == b.whole:
		return 0
	case a.initial == "" || b.initial == "" && b.final == "":
		return 1
	case a.initial == "-" && b.initial == "-" && a.final[0] == b.final[0]: // 按 and 爱
		return 0.45
	case a.final == b.final:
		return 0.5
	case a.initial == b.initial && strings.TrimSuffix(a.final, "n") == strings.TrimSuffix(b.final, "n"):
		return 0.3
	case a.initial == b.initial && a.initial != "-":
		return 0.6
	}
	return 1
}

func wordCost(a, b token) float64 {
	if a.whole == b.whole || a.whole == "*" {
		return 0
	}
	if a.initial == b.initial { // sounds alike
		return 0.3
	}
	if min(len(a.whole), len(b.whole)) >= 5 && edits(a.whole, b.whole) <= 1 {
		return 0.3
	}
	return 1
}

// edits is the edit distance of two short words, or 2 where it is more than 1.
func edits(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return 2
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) == len(b) && i == len(a):
		return 0
	case len(a) == len(b) && a[i+1:] == b[i+1:], len(a) < len(b) && a[i:] == b[i+1:]:
		return 1
	}
	return 2
}

// split makes tokens of a text: of its Chinese characters and of its Latin words.
func split(text string) (zh, en []token) {
	args := pinyin.NewArgs()
	var word strings.Builder
	han := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	flush := func() {
		if word.Len() > 0 {
			en = append(en, englishToken(word.String()))
			word.Reset()
		}
	}
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			if p := pinyin.SinglePinyin(r, args); len(p) > 0 && p[0] != "" {
				zh = append(zh, syllable(p[0]))
			}
		case r >= '0' && r <= '9':
			flush()
			if han {
				zh = append(zh, syllable(digitSyllables[r-'0']))
			} else {
				en = append(en, englishToken(digitWords[r-'0']))
			}
		case r >= 'a' && r <= 'z':
			word.WriteRune(r)
		case r == '\'' || r == '’':
		case r == '#' && han:
			zh = append(zh, syllable("jing"))
		default:
			flush()
		}
	}
	flush()
	return zh, en
}

var (
	digitSyllables = [10]string{"ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"}
	digitWords     = [10]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
)

// syllable levels out what recognisers and dialects exchange: zh and z, n and l, ng and n.
func syllable(p string) token {
	initial := ""
	for _, i := range []string{"zh", "ch", "sh"} {
		if strings.HasPrefix(p, i) {
			initial, p = i[:1], p[2:]
		}
	}
	if initial == "" && len(p) > 1 && !strings.ContainsRune("aoe", rune(p[0])) {
		initial, p = p[:1], p[1:]
	}
	switch initial {
	case "n", "r":
		initial = "l"
	case "":
		initial = "-"
	}
	final := strings.TrimSuffix(p, "g")
	return token{whole: initial + final, initial: initial, final: final}
}

// englishToken keeps, as the initial, roughly how a word sounds: its consonants
// without doubles, voiced and voiceless ones as one.
func englishToken(w string) token {
	var b strings.Builder
	var last rune
	for i, r := range w {
		switch r {
		case 'a', 'e', 'i', 'o', 'u', 'y', 'h', 'w':
			if i > 0 {
				last = 0
				continue
			}
			r = 'a'
		case 'b':
			r = 'p'
		case 'd':
			r = 't'
		case 'g', 'q', 'c':
			r = 'k'
		case 'z':
			r = 's'
		case 'v':
			r = 'f'
		}
		if r != last {
			b.WriteRune(r)
		}
		last = r
	}
	sound := b.String()
	if len(sound) < 3 { // too little to go by
		sound = "=" + w
	}
	return token{whole: w, initial: sound}
}

// lexicon is all phrases, made ready.
type lexicon struct{ zh, en []phrase }

// phrases are made once: it takes a millisecond.
var phrases = sync.OnceValue(func() *lexicon {
	l := &lexicon{}
	for _, e := range slices.Concat(chinesePhrases, englishPhrases) {
		for text := range strings.SplitSeq(e.texts, "|") {
			p := phrase{text: text, who: e.who, notice: e.notice, weight: cmp.Or(e.weight, 1)}
			zh, en := split(strings.ReplaceAll(text, "*", " any "))
			for i := range en {
				if en[i].whole == "any" && strings.Contains(text, "*") {
					en[i].whole = "*"
				}
			}
			if len(zh) > 0 {
				p.tokens = zh
				l.zh = append(l.zh, p)
			} else {
				p.tokens = en
				l.en = append(l.en, p)
			}
		}
	}
	return l
})

// entry is some phrases of one meaning, divided by "|"; weight 0 counts as 1.
type entry struct {
	who    Who
	notice Notice
	weight float64
	texts  string
}
