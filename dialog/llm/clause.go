package llm

import (
	"slices"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
)

// clause is a part of a sentence between two commas.
type clause struct {
	text     string
	items    []item
	numbers  []string // facts with a value, in order
	bound    []string // promises and the like
	negated  int
	runs     [][]rune // Chinese text between numbers
	words    []string // English stems
	sentence int
	limiting bool // it says when the rest of the sentence holds
}

var limiting = []string{"如果", "如", "若", "凡", "只要", "只有", "只限", "仅", "限", "除", "但", "前提", "必须", "需要", "的话", "情况下", "if ", "unless", "only", "except", "provided", "but ", "when ", "as long as", "must", "without"}

func newClause(text string) clause {
	c := clause{text: text, items: scan(text)}
	var run []rune
	end := func() {
		if len(run) > 0 {
			c.runs = append(c.runs, run)
		}
		run = nil
	}
	for _, it := range c.items {
		han := len(it.rs) > 0 && lang.Han(it.rs[0])
		switch {
		case it.class == fact && !strings.HasPrefix(it.key, "w:"):
			c.numbers = append(c.numbers, it.key)
			end()
			continue
		case it.class == fact:
			c.bound = append(c.bound, it.key)
		case it.class == negation:
			c.negated++
		case it.class == plain && it.key != "":
			c.words = append(c.words, it.key)
		}
		if han {
			run = append(run, it.rs...)
		} else {
			end()
		}
	}
	end()
	for _, w := range limiting {
		c.limiting = c.limiting || strings.Contains(text, w)
	}
	return c
}

// empty says that there is nothing in it that could be true or false.
func (c *clause) empty() bool {
	if len(c.numbers)+len(c.bound)+len(c.words)+c.negated > 0 {
		return false
	}
	for _, run := range c.runs {
		for i := 0; i < len(run); {
			n := longest(freeChinese, run[i:])
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return true
}

// affirmed is the clause without its not, squeezed.
func (c *clause) affirmed() string {
	var b strings.Builder
	for _, it := range c.items {
		if it.class != negation {
			b.WriteString(string(it.rs))
		}
	}
	return squeeze(b.String())
}

// sentences cuts a folded text.
func sentences(text string) []string {
	var out []string
	for text != "" {
		n := sentenceEnd(text, true)
		if s := strings.TrimSpace(text[:n]); s != "" {
			out = append(out, s)
		}
		text = text[n:]
	}
	return out
}

// sentenceEnd is where the first sentence of text ends, 0 where it does not yet.
func sentenceEnd(text string, whole bool) int {
	rs := []rune(text)
	at := 0
	for i, r := range rs {
		at += len(string(r))
		switch r {
		case '。', '！', '？', '!', '?', '；', ';', '\n':
			return at
		case '.':
			last := i+1 == len(rs)
			if last && !whole || !last && !unicode.IsSpace(rs[i+1]) && !lang.Han(rs[i+1]) {
				continue
			}
			if w := lastWord(rs[:i]); w == "a.m" || w == "p.m" || w == "no" || w == "mr" || w == "ms" || w == "dr" || w == "e.g" || w == "i.e" {
				if !last {
					continue
				}
			}
			return at
		}
	}
	if whole {
		return len(text)
	}
	return 0
}

func lastWord(rs []rune) string {
	i := len(rs)
	for i > 0 && !unicode.IsSpace(rs[i-1]) {
		i--
	}
	return strings.ToLower(string(rs[i:]))
}

// clauses cuts a folded sentence at commas and at what sets two things against each
// other.
func clauses(sentence string) []clause {
	rs := []rune(sentence)
	var out []clause
	from := 0
	put := func(to int) {
		if s := strings.TrimSpace(string(rs[from:to])); strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) }) >= 0 {
			out = append(out, newClause(s))
		}
	}
	for i := range rs {
		cut := 0
		switch rs[i] {
		case ',', ':':
			if i+1 < len(rs) && unicode.IsDigit(rs[i+1]) && (rs[i] == ':' || i > 0 && unicode.IsDigit(rs[i-1])) {
				continue
			}
			cut = 1
		case '，', '：', '(', ')', '（', '）':
			cut = 1
		case ' ':
			for _, w := range []string{" but ", " while ", " whereas ", " although "} {
				if strings.HasPrefix(string(rs[i:min(len(rs), i+12)]), w) {
					cut = 1
				}
			}
		}
		if cut > 0 {
			put(i)
			from = i + 1
		}
	}
	put(len(rs))
	return out
}

// shareIn is how much of c's own words stand in a text.
func (c *clause) shareIn(text string, words map[string]bool) float64 {
	all, have := 0, 0
	for _, run := range c.runs {
		covered := make([]bool, len(run))
		for i := 0; i+1 < len(run); i++ {
			if strings.Contains(text, string(run[i:i+2])) {
				covered[i], covered[i+1] = true, true
			}
		}
		for i := 0; i < len(run); {
			if n := longest(freeChinese, run[i:]); n > 0 {
				i += n
				continue
			}
			all++
			if covered[i] {
				have++
			}
			i++
		}
	}
	for _, w := range c.words {
		all += 2
		if words[w] {
			have += 2
		}
	}
	if all == 0 {
		return 1
	}
	return float64(have) / float64(all)
}

// bare says that the clause is hardly more than a yes or a no.
func (c *clause) bare() bool {
	if len(c.numbers) > 0 {
		return false
	}
	han := 0
	for _, run := range c.runs {
		han += len(run)
	}
	if han > 0 {
		return han <= 3
	}
	return len(c.words) == 0
}

// invents says whether the clauses hold a fact that stands nowhere.
func (g *Grounds) invents(parts []clause) bool {
	for _, r := range parts {
		for _, f := range append(slices.Clone(r.numbers), r.bound...) {
			if !slices.ContainsFunc(g.sources, func(s source) bool {
				return slices.ContainsFunc(s.clauses, func(c clause) bool { return slices.Contains(c.numbers, f) || slices.Contains(c.bound, f) })
			}) {
				return true
			}
		}
	}
	return false
}

// knownIn says whether every word of c is a common one or stands in the source.
func (c *clause) knownIn(s *source) bool {
	if strings.Contains(s.all, c.text) {
		return true
	}
	for _, w := range c.words {
		if !s.words[w] {
			return false
		}
	}
	for _, run := range c.runs {
		for i := 0; i < len(run); {
			n := longest(freeChinese, run[i:])
			n = max(n, longest(boundChinese, run[i:]), longest(negationChinese, run[i:]))
			for l := len(run) - i; l > max(n, 1); l-- {
				if strings.Contains(s.all, string(run[i:i+l])) {
					n = l
					break
				}
			}
			if n == 0 && strings.ContainsRune(looseChinese, run[i]) && strings.ContainsRune(s.all, run[i]) {
				n = 1
			}
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return true
}

// ordered says, where several numbers stand in one clause, that words and numbers
// follow each other as in the source: else a price could change its thing.
func ordered(r, c *clause) bool {
	if len(r.numbers) < 2 {
		return true
	}
	at := 0
	for _, it := range r.items {
		if it.class != plain && (it.class != fact || strings.HasPrefix(it.key, "w:")) {
			continue
		}
		k := slices.IndexFunc(c.items[min(at, len(c.items)):], func(o item) bool {
			if it.class == fact || it.key != "" {
				return o.class == it.class && o.key == it.key
			}
			return o.class == plain && (strings.Contains(string(o.rs), string(it.rs)) || strings.Contains(string(it.rs), string(o.rs)))
		})
		if k < 0 {
			if it.class == plain && !slices.ContainsFunc(c.items, func(o item) bool { return o.class == plain && o.key == it.key && string(o.rs) == string(it.rs) }) {
				continue // from the subject
			}
			return false
		}
		at += k
	}
	return true
}
