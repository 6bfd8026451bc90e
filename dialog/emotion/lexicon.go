package emotion

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"hotline/dialog/internal/lang"
)

//go:embed lexicon/*.txt
var lexiconFiles embed.FS

// An entry is one phrase of the lexicon.
type entry struct {
	mood     int
	strength int     // 1 a hint, 2 clear, 3 beyond doubt
	risk     float64 // of a complaint, by itself
	pieces   []piece
}

// A piece is a token of a phrase, or a gap before it.
type piece struct {
	token  string
	prefix bool // any token that begins so
	gap    bool // up to maxGap other tokens may stand before it
}

func (p piece) matches(token string) bool {
	if p.prefix {
		return strings.HasPrefix(token, p.token)
	}
	return token == p.token
}

// lexicon is the phrases of a language by their first token.
type lexicon struct {
	chinese   bool
	byToken   map[string][]*entry
	byPrefix  map[rune][]*entry // those whose first token is a prefix, by its first letter
	negators  map[string]bool
	stronger  map[string]bool
	scopeEnds map[string]bool
	maxGap    int
	scope     int // how many tokens a negation reaches
}

// sections of a lexicon file that are no phrases.
const (
	sectionNegation  = "negation"
	sectionIntensity = "intensity"
	sectionScope     = "scope"
	// sectionNothing are words that hold a phrase's letters and say nothing of a mood.
	sectionNothing = "nothing"
)

// nothing is the mood of those.
const nothing = -1

// loadLexicon reads lexicon/NAME.txt: sections "[mood strength]" or "[mood
// strength risk]", a phrase a line, # comments. "…" in a phrase stands for a few
// other words, "*" ends a word that may go on.
func loadLexicon(name string) (*lexicon, error) {
	data, err := lexiconFiles.ReadFile("lexicon/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	l := &lexicon{
		chinese: name == "zh", byToken: map[string][]*entry{}, byPrefix: map[rune][]*entry{},
		negators: map[string]bool{}, stronger: map[string]bool{}, scopeEnds: map[string]bool{},
		maxGap: 4, scope: 5,
	}
	if l.chinese {
		l.maxGap, l.scope = 7, 4
	}
	var words map[string]bool
	var head entry
	n := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			words = nil
			switch inside := strings.Trim(line, "[]"); inside {
			case sectionNegation:
				words = l.negators
			case sectionIntensity:
				words = l.stronger
			case sectionScope:
				words = l.scopeEnds
			case sectionNothing:
				head = entry{mood: nothing, strength: 1}
			default:
				if head, err = parseSection(inside); err != nil {
					return nil, fmt.Errorf("line %d: %w", n, err)
				}
			}
		case words != nil:
			words[line] = true
		case head.strength == 0:
			return nil, fmt.Errorf("line %d: a phrase before the first section", n)
		default:
			e := head
			if e.pieces, err = l.parsePhrase(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			if first := e.pieces[0]; first.prefix {
				r := []rune(first.token)[0]
				l.byPrefix[r] = append(l.byPrefix[r], &e)
			} else {
				l.byToken[first.token] = append(l.byToken[first.token], &e)
			}
		}
	}
	return l, nil
}

func parseSection(text string) (entry, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 || len(fields) > 3 {
		return entry{}, fmt.Errorf("section %q is not [mood strength] or [mood strength risk]", text)
	}
	mood := slices.Index(names[:], Label(fields[0]))
	strength, err := strconv.Atoi(fields[1])
	if mood < 0 || err != nil || strength < 1 || strength > 3 {
		return entry{}, fmt.Errorf("section %q names no mood with a strength of 1 to 3", text)
	}
	e := entry{mood: mood, strength: strength}
	if len(fields) == 3 {
		if e.risk, err = strconv.ParseFloat(fields[2], 64); err != nil || e.risk < 0 || e.risk > 1 {
			return entry{}, fmt.Errorf("section %q: the risk is not between 0 and 1", text)
		}
	}
	return e, nil
}

func (l *lexicon) parsePhrase(line string) ([]piece, error) {
	var pieces []piece
	for i, part := range strings.Split(line, "…") {
		part, prefix := strings.CutSuffix(strings.TrimSpace(part), "*")
		ts := split(part, l.chinese)
		if len(ts.words) == 0 {
			return nil, fmt.Errorf("phrase %q has an empty part", line)
		}
		for k, w := range ts.words {
			pieces = append(pieces, piece{token: w, gap: i > 0 && k == 0})
		}
		pieces[len(pieces)-1].prefix = prefix
	}
	return pieces, nil
}

// tokens are a text's words (in Chinese: characters) and where its clauses end.
type tokens struct {
	chinese bool
	words   []string
	ends    []bool // a clause ends behind this word
}

func (t tokens) text(from, to int) string {
	if !t.chinese {
		return strings.Join(t.words[from:to], " ")
	}
	return strings.Join(t.words[from:to], "")
}

func (r *Recognizer) tokens(text string) tokens {
	if rs := []rune(text); len(rs) > maxRunes {
		text = string(rs[:maxRunes])
	}
	return split(text, r.chinese)
}

// split takes text apart. Recognisers punctuate as they like, so punctuation only
// bounds what a negation reaches.
func split(text string, chinese bool) tokens {
	t := tokens{chinese: chinese}
	ends := clauseEnd
	if chinese { // where recognisers and writers put a space for a pause
		ends = func(r rune) bool { return clauseEnd(r) || unicode.IsSpace(r) }
	}
	for clause := range strings.FieldsFuncSeq(text, ends) {
		folded := lang.Fold(clause)
		if chinese {
			t.words = appendChinese(t.words, lang.Simplify(folded))
		} else {
			t.words = append(t.words, lang.Words(folded)...)
		}
		for _, r := range clause {
			if r >= 0x2600 && unicode.Is(unicode.So, r) { // 😂, where a text was typed
				t.words = append(t.words, string(r))
			}
		}
		for len(t.ends) < len(t.words) {
			t.ends = append(t.ends, len(t.ends) == len(t.words)-1)
		}
	}
	return t
}

func clauseEnd(r rune) bool {
	return strings.ContainsRune(",.!?;:，。！？；：、…~\n", r)
}

// appendChinese adds each Chinese character, and each other word.
func appendChinese(words []string, folded string) []string {
	from := -1
	for i, r := range folded {
		han := lang.Han(r)
		if from >= 0 && (han || unicode.IsSpace(r)) {
			words = append(words, folded[from:i])
			from = -1
		}
		switch {
		case han:
			words = append(words, string(r))
		case from < 0 && !unicode.IsSpace(r):
			from = i
		}
	}
	if from >= 0 {
		words = append(words, folded[from:])
	}
	return words
}

// found is a phrase in a text.
type found struct {
	entry    *entry
	from, to int
	at       []int // where its pieces are
	negated  bool
	stronger bool
}

// find returns the phrases of t in their order; where one lies within another,
// only the longer one.
func (l *lexicon) find(t tokens) []found {
	var all []found
	for i, w := range t.words {
		for _, e := range l.byToken[w] {
			if at := l.match(e, t, i); at != nil {
				all = append(all, found{entry: e, from: i, to: at[len(at)-1] + 1, at: at})
			}
		}
		for _, r := range w {
			for _, e := range l.byPrefix[r] {
				if at := l.match(e, t, i); at != nil {
					all = append(all, found{entry: e, from: i, to: at[len(at)-1] + 1, at: at})
				}
			}
			break
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(len(b.at), len(a.at)) })
	taken := make([]bool, len(t.words))
	kept := all[:0]
	for _, f := range all {
		if !slices.ContainsFunc(f.at, func(i int) bool { return !taken[i] }) {
			continue
		}
		for _, i := range f.at {
			taken[i] = true
		}
		if f.entry.mood == nothing {
			continue
		}
		f.negated = l.negated(t, f.from)
		f.stronger = l.intense(t, f.from)
		kept = append(kept, f)
	}
	slices.SortStableFunc(kept, func(a, b found) int { return cmp.Compare(a.from, b.from) })
	return kept
}

// match returns where the pieces of e stand in t from word i on.
func (l *lexicon) match(e *entry, t tokens, i int) []int {
	if !e.pieces[0].matches(t.words[i]) {
		return nil
	}
	at := make([]int, 1, len(e.pieces))
	at[0] = i
	for _, p := range e.pieces[1:] {
		reach := 1
		if p.gap {
			reach += l.maxGap
		}
		next := -1
		for k := i + 1; k <= i+reach && k < len(t.words); k++ {
			if p.matches(t.words[k]) {
				next = k
				break
			}
		}
		if next < 0 {
			return nil
		}
		at = append(at, next)
		i = next
	}
	return at
}

// negated says whether a negation reaches the phrase at from. "能不能" and "再不…就"
// negate nothing, and what begins another thought ("就", "but") ends the reach.
func (l *lexicon) negated(t tokens, from int) bool {
	for i := from - 1; i >= 0 && i >= from-l.scope; i-- {
		if t.ends[i] || l.scopeEnds[t.words[i]] {
			return false
		}
		if !l.negators[t.words[i]] {
			continue
		}
		if !l.chinese {
			return i+1 >= len(t.words) || t.words[i+1] != "only"
		}
		before, after := "", t.words[i+1]
		if i > 0 {
			before = t.words[i-1]
		}
		return before != after && !conditional[before] && !joining[after]
	}
	return false
}

// conditional before 不 makes an "unless" of it (再不退), joining behind it a conjunction
// (不但, 不过).
var (
	conditional = map[string]bool{"再": true, "要": true, "若": true, "还": true, "老": true}
	joining     = map[string]bool{"得": true, "但": true, "仅": true, "过": true, "管": true, "然": true}
)

func (l *lexicon) intense(t tokens, from int) bool {
	for i := from - 1; i >= 0 && i >= from-2; i-- {
		if t.ends[i] {
			return false
		}
		if l.stronger[t.words[i]] {
			return true
		}
	}
	return false
}
