package llm

import (
	"slices"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
)

// Source is what a reply may rest on.
type Source struct {
	ID       string
	Question string // what it is about
	Text     string
	// Data came from another system: it may hold values, but what it promises is
	// not the business's word.
	Data bool
}

// Reason is why a sentence may not be said.
type Reason string

// The reasons.
const (
	OtherLanguage Reason = "language"
	LeaksPrompt   Reason = "prompt"
	Invented      Reason = "fact"     // a number, date, price, address or promise that no source has
	Unknown       Reason = "word"     // a word or name that no source has
	Turned        Reason = "negation" // a source says the opposite
	Torn          Reason = "context"  // a fact without what it holds for
)

type source struct {
	Source
	question clause
	clauses  []clause
	all      string // folded, question and text
	words    map[string]bool
}

// Grounds are the sources of one reply, prepared.
type Grounds struct {
	zh      bool
	sources []source
	secret  string // folded
}

// NewGrounds prepares sources; secret is text that must not be repeated: the prompt.
func NewGrounds(language string, sources []Source, secret string) *Grounds {
	g := &Grounds{zh: lang.Chinese(language), secret: squeeze(normal(secret))}
	for _, s := range sources {
		x := source{Source: s, question: newClause(normal(s.Question)), words: map[string]bool{}}
		x.all = normal(s.Question) + "\n" + normal(s.Text)
		for i, sentence := range sentences(normal(s.Text)) {
			for _, c := range clauses(sentence) {
				c.sentence = i
				if s.Data {
					c.bound = nil
				}
				x.clauses = append(x.clauses, c)
			}
		}
		for _, c := range append(slices.Clone(x.clauses), x.question) {
			for _, w := range c.words {
				x.words[w] = true
			}
		}
		g.sources = append(g.sources, x)
	}
	return g
}

// Check says whether a sentence may be spoken; where not, why. near is the source
// that it comes nearest to, "" for none. A sentence that says nothing passes.
func (g *Grounds) Check(sentence string) (near string, why Reason) {
	text := normal(sentence)
	if g.otherLanguage(text) {
		return "", OtherLanguage
	}
	near = g.nearest(text)
	if g.leaks(text) {
		return near, LeaksPrompt
	}
	if slices.ContainsFunc(clauses(strings.TrimRight(text, "。.!?！？;；")), g.denied) {
		return near, Turned
	}
	parts := slices.DeleteFunc(clauses(strings.TrimRight(text, "。.!?！？;；")), func(c clause) bool { return c.empty() })
	if len(parts) == 0 {
		return near, ""
	}
	// One source must hold the whole sentence: clauses of several, each true, can be
	// a lie together.
	worst := Unknown
	for k := range g.sources {
		why := g.sources[k].sentence(parts, text)
		if why == "" {
			return near, ""
		}
		if worst == Unknown || why == Turned {
			worst = why
		}
	}
	if worst == Unknown && g.invents(parts) {
		return near, Invented
	}
	return near, worst
}

// denied says whether c is what a source says with a not: "that's not us" made "that's
// us", of words that mean nothing elsewhere.
func (g *Grounds) denied(c clause) bool {
	if !c.empty() {
		return false
	}
	own := squeeze(c.text)
	return own != "" && slices.ContainsFunc(g.sources, func(s source) bool {
		return slices.ContainsFunc(s.clauses, func(x clause) bool { return x.negated > 0 && x.affirmed() == own })
	})
}

// Says reports whether there is anything in the sentence but common words.
func (g *Grounds) Says(sentence string) bool {
	return slices.ContainsFunc(clauses(normal(sentence)), func(c clause) bool { return !c.empty() })
}

func (g *Grounds) otherLanguage(text string) bool {
	han, latin := 0, 0
	for _, r := range text {
		switch {
		case lang.Han(r):
			han++
		case unicode.IsLetter(r):
			latin++
		}
	}
	if g.zh {
		return latin > 0 && han*2 < latin
	}
	return han > 0
}

// squeeze leaves letters and digits.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func (g *Grounds) leaks(text string) bool {
	window := 32
	if g.zh {
		window = 9
	}
	rs := []rune(squeeze(text))
	for i := 0; i+window <= len(rs); i++ {
		if strings.Contains(g.secret, string(rs[i:i+window])) {
			return true
		}
	}
	return false
}

// nearest is the source that has most of the text's words.
func (g *Grounds) nearest(text string) string {
	best, id := 0.45, ""
	c := newClause(text)
	for i := range g.sources {
		s := &g.sources[i]
		if share := c.shareIn(s.all, s.words); share > best {
			best, id = share, s.ID
		}
	}
	return id
}

// sentence checks every clause of a sentence.
func (s *source) sentence(parts []clause, text string) Reason {
	said := map[string]bool{}
	for i := range parts {
		if !parts[i].knownIn(s) {
			return Unknown
		}
		for _, w := range parts[i].words {
			said[w] = true
		}
	}
	if !slices.ContainsFunc(parts, func(c clause) bool { return c.bare() }) {
		return s.rests(s.clauses, parts, text, said)
	}
	// A yes or a no belongs to what it was said to: all from one sentence of the source,
	// and where it is all there is, as it stands there.
	worst := Torn
	if !slices.ContainsFunc(parts, func(c clause) bool { return !c.bare() }) && !strings.Contains(squeeze(s.all), squeeze(text)) {
		return worst
	}
	for from := 0; from < len(s.clauses); {
		to := from + 1
		for to < len(s.clauses) && s.clauses[to].sentence == s.clauses[from].sentence {
			to++
		}
		if why := s.rests(s.clauses[from:to], parts, text, said); why == "" {
			return ""
		} else if why == Turned {
			worst = why
		}
		from = to
	}
	return worst
}

// rests checks every clause against those of the source that it may rest on.
func (s *source) rests(on, parts []clause, text string, said map[string]bool) Reason {
	borne := map[*clause][]string{}
	for i := range parts {
		r := &parts[i]
		if r.bare() {
			if !slices.ContainsFunc(on, func(c clause) bool { return squeeze(c.text) == squeeze(r.text) }) {
				return Torn
			}
			continue
		}
		if why := s.holds(r, on, parts, text, said, borne); why != "" {
			return why
		}
	}
	return ""
}

// facts are everything in c that may be true or false, each as often as it says it.
func (c *clause) facts() []string {
	out := slices.Concat(c.numbers, c.bound)
	for range c.negated {
		out = append(out, "not")
	}
	return out
}

// bears says whether c, which has borne some of its facts already, bears more: what it
// says once holds for one thing. "Up to tomorrow, tomorrow it is there" rests on one
// "tomorrow", of which one of the two is invented.
func (c *clause) bears(more, before []string) bool {
	left := c.facts()
	for _, f := range slices.Concat(before, more) {
		i := slices.Index(left, f)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// holds looks for the clause of s that r rests on. borne is what such clauses have borne of
// the reply before.
func (s *source) holds(r *clause, on, parts []clause, sentence string, said map[string]bool, borne map[*clause][]string) Reason {
	const mostly = 0.7
	worst := Invented
	best := 0.0
	type base struct {
		c     *clause
		share float64
	}
	var bases []base
	for k := range on {
		c := &on[k]
		own := map[string]bool{}
		for _, w := range c.words {
			own[w] = true
		}
		b := base{c, r.shareIn(c.text, own)}
		bases = append(bases, b)
		best = max(best, b.share)
	}
	facts := len(r.numbers)+len(r.bound) > 0
	for _, b := range bases {
		c := b.c
		if facts {
			if !slices.Equal(r.numbers, c.numbers) || !follows(r.bound, c.bound) {
				continue
			}
			if !ordered(r, c) {
				worst = Torn
				continue
			}
		} else if b.share < 0.5 || b.share < best {
			if worst == Invented {
				worst = Torn
			}
			continue
		}
		if r.negated != c.negated || r.turnsPersons(c) {
			worst = Turned
			continue
		}
		// What r says beyond its base may come from the subject only: the question
		// and those clauses of the same sentence that hold no facts of their own.
		if !s.subject(r, c, parts) || c.shareIn(sentence, said) < mostly || s.cutsOff(c, sentence, said, mostly) {
			worst = Torn
			continue
		}
		if !c.bears(r.facts(), borne[c]) {
			worst = Torn
			continue
		}
		borne[c] = append(borne[c], r.facts()...)
		return ""
	}
	return worst
}

// subject says whether r's words, and those clauses of its sentence that only name
// what it is about, are those of its base c or of what c is about.
func (s *source) subject(r, c *clause, parts []clause) bool {
	near := source{words: map[string]bool{}, all: s.question.text}
	add := func(x *clause) {
		near.all += "\n" + x.text
		for _, w := range x.words {
			near.words[w] = true
		}
	}
	add(&s.question)
	add(c)
	for k := range s.clauses {
		if x := &s.clauses[k]; x.sentence == c.sentence && len(x.numbers) == 0 && len(x.bound) == 0 {
			add(x)
		}
	}
	for i := range parts {
		if p := &parts[i]; p != r && len(p.numbers)+len(p.bound) == 0 && !p.knownIn(&near) {
			return false
		}
	}
	return r.knownIn(&near)
}

// cutsOff says that the source's sentence says when c holds, and the reply does not.
func (s *source) cutsOff(c *clause, sentence string, said map[string]bool, mostly float64) bool {
	for k := range s.clauses {
		x := &s.clauses[k]
		if x != c && x.sentence == c.sentence && x.limiting && x.shareIn(sentence, said) < mostly {
			return true
		}
	}
	return false
}

// follows says whether all of a stand in b in the same order.
func follows(a, b []string) bool {
	for _, x := range b {
		if len(a) > 0 && a[0] == x {
			a = a[1:]
		}
	}
	return len(a) == 0
}

var wePersons, youPersons = []string{"我们", "本店", "商家", "we", "our", "us"}, []string{"您", "你", "顾客", "客户", "you", "your"}

// turnsPersons says that who does it is another one than in base: the shop, the caller.
func (c *clause) turnsPersons(base *clause) bool {
	we, you := c.names(wePersons), c.names(youPersons)
	bwe, byou := base.names(wePersons), base.names(youPersons)
	return we && !bwe && byou || you && !byou && bwe
}

func (c *clause) names(persons []string) bool {
	return slices.ContainsFunc(persons, func(p string) bool {
		if p[0] < 128 {
			return slices.Contains(strings.FieldsFunc(c.text, func(x rune) bool { return !unicode.IsLetter(x) }), p)
		}
		return strings.Contains(c.text, p)
	})
}

func within(a, b []string) bool {
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return true
}
