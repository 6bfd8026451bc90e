package knowledge

import (
	"strings"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// chinese takes Chinese text apart: characters, pairs of characters, Latin words,
// and concepts (question words and synonyms found by longest match).
type chinese struct {
	drop     *trie    // politeness and hesitation
	recants  []string // what takes back what was said before
	concepts *trie
	weak     map[rune]bool
}

func newChinese(synonyms [][]string) *chinese {
	c := &chinese{drop: newTrie(), recants: strings.Fields(recantsChinese), concepts: newTrie(), weak: map[rune]bool{}}
	for w := range strings.FieldsSeq(chinesePoliteness) {
		c.drop.put(w, 1)
	}
	for _, r := range chineseWeak {
		c.weak[r] = true
	}
	n := 0
	for group := range strings.SplitSeq(strings.TrimSpace(chineseConcepts), "\n") {
		n++
		for w := range strings.FieldsSeq(group) {
			c.concepts.put(w, n)
		}
	}
	for _, group := range synonyms {
		n++
		for _, w := range group {
			c.concepts.put(lang.Numerals(lang.Fold(w)), n)
		}
	}
	return c
}

// questionMark is what folding takes away of a question.
func questionMark(text string) string {
	if strings.ContainsAny(text, "?？") {
		return "？"
	}
	return ""
}

func (c *chinese) alike(a, b lang.Unit) float32 { return lang.Alike(a, b) }

func (c *chinese) analyse(text string) analysis {
	folded := lang.Numerals(lang.Fold(text))
	a := analysis{folded: folded, bare: c.bare(folded)}
	a.core = chineseCore(a.bare)
	a.polarity, a.clauses = chinesePolarity(a.bare+questionMark(text)), clausesOf(text)
	rs := []rune(a.bare)
	for _, r := range rs {
		if !strings.ContainsRune(chineseParticles, r) {
			a.tokens = append(a.tokens, uint32(r))
		}
	}
	const weakOne, one, weakTwo, halfTwo, two, word, concept = 0.03, 0.35, 0.08, 0.5, 1, 1.4, 1.1
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		switch {
		case r == ' ':
			continue
		case !lang.Han(r):
			j := i
			for j < len(rs) && rs[j] != ' ' && !lang.Han(rs[j]) {
				j++
			}
			a.terms = add(a.terms, term{hashString(kindWord, lang.Stem(string(rs[i:j]))), word, groupOne})
			i = j - 1
			continue
		}
		w := float32(one)
		if c.weak[r] {
			w = weakOne
		}
		a.terms = add(a.terms, term{hash(kindOne, uint64(r)), w, groupOne})
		if i+1 < len(rs) && lang.Han(rs[i+1]) {
			w = two
			switch x, y := c.weak[r], c.weak[rs[i+1]]; {
			case x && y:
				w = weakTwo
			case x || y:
				w = halfTwo
			}
			a.terms = add(a.terms, term{hash(kindTwo, uint64(r)<<32|uint64(rs[i+1])), w, groupTwo})
		}
	}
	for i := 0; i < len(a.bare); {
		n, ids := c.concepts.longest(a.bare[i:])
		for _, id := range ids {
			a.terms = add(a.terms, term{hash(kindConcept, uint64(id)), concept, groupConcept})
		}
		if n > 0 {
			i += n
			continue
		}
		_, n = utf8.DecodeRuneInString(a.bare[i:])
		i += n
	}
	a.affirmed = affirmed(a.tokens, func(t uint32) bool { return strings.ContainsRune("不没未别无", rune(t)) })
	a.units = lang.Syllables(a.bare)
	a.grams = soundGrams(a.units, 0.3, 1, 0.6)
	return a
}

// chineseCore leaves out particles and pronouns: 我快递到哪里了 and 我的快递到哪里 ask the
// same.
func chineseCore(bare string) string {
	for _, w := range []string{"我家", "你们", "您们", "我们", "咱们", "那个", "这个", "一下"} {
		bare = strings.ReplaceAll(bare, w, "")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("的了吗呢呀啊吧嘛呗哦哈啦我你您咱 ", r) {
			return -1
		}
		return r
	}, bare)
}

// bare cuts politeness and hesitation; a text of nothing else stays whole.
func (c *chinese) bare(folded string) string {
	if s := c.rest(folded); s != "" {
		return s
	}
	return folded
}

func (c *chinese) idle(text string) bool {
	rest := c.rest(lang.Fold(text))
	for _, w := range c.recants {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return strings.TrimSpace(rest) == ""
}

func (c *chinese) rest(folded string) string {
	var b strings.Builder
	b.Grow(len(folded))
	for i := 0; i < len(folded); {
		if n, _ := c.drop.longest(folded[i:]); n > 0 {
			i += n
			continue
		}
		_, n := utf8.DecodeRuneInString(folded[i:])
		b.WriteString(folded[i : i+n])
		i += n
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// trie finds the longest word that a text begins with.
type trie struct {
	ids   map[string][]int
	first map[rune]int // longest word's bytes by first character
}

func newTrie() *trie { return &trie{ids: map[string][]int{}, first: map[rune]int{}} }

func (t *trie) put(w string, id int) {
	r, _ := utf8.DecodeRuneInString(w)
	t.ids[w] = append(t.ids[w], id)
	t.first[r] = max(t.first[r], len(w))
}

// longest returns the length in bytes and the ids of the longest word that s
// begins with, or 0 and nil.
func (t *trie) longest(s string) (int, []int) {
	r, w := utf8.DecodeRuneInString(s)
	for n := min(t.first[r], len(s)); n >= w; n-- {
		if n < len(s) && !utf8.RuneStart(s[n]) {
			continue
		}
		if id, ok := t.ids[s[:n]]; ok {
			return n, id
		}
	}
	return 0, nil
}
