// Package packtest gives tests of the dialogue businesses to talk about: two
// small ones of its own with wordings for measuring, and those under examples/.
package packtest

import (
	"embed"
	"encoding/csv"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
)

//go:embed testdata
var files embed.FS

// Pack is a business's pairs and what is asked of it in measuring.
type Pack struct {
	Language string
	Pairs    []knowledge.Pair
	Asked    []Asked  // ordinary wordings that stand in no pair
	Far      []Asked  // the same, with hardly a word in common with the pair
	Outside  []string // questions that no pair answers
}

// Asked is a wording and the pair that it means.
type Asked struct{ Text, ID string }

// Hotel is the Chinese business, Gym the English one.
func Hotel(tb testing.TB) Pack {
	tb.Helper()
	return parse(tb, "hotel-zh", "zh")
}

// Gym is the English business.
func Gym(tb testing.TB) Pack {
	tb.Helper()
	return parse(tb, "gym-en", "en")
}

func parse(tb testing.TB, name, language string) Pack {
	tb.Helper()
	read := func(n string) []string {
		b, err := files.ReadFile("testdata/" + n + ".txt")
		if err != nil {
			tb.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
	p := Pack{Language: language, Outside: read(name + "-oos")}
	for _, line := range read(name) {
		kind, rest, _ := strings.Cut(line, " ")
		switch kind {
		case "=":
			f := strings.SplitN(rest, " ", 3)
			p.Pairs = append(p.Pairs, knowledge.Pair{ID: f[0], Category: f[1], Topic: f[2]})
			continue
		case "#":
			continue
		}
		last := &p.Pairs[len(p.Pairs)-1]
		switch kind {
		case "Q":
			last.Question = rest
		case "A":
			last.Answer = rest
		case "V":
			last.Variants = strings.Split(rest, "|")
		case "N":
			for t := range strings.SplitSeq(rest, "|") {
				p.Asked = append(p.Asked, Asked{t, last.ID})
			}
		case "F":
			for t := range strings.SplitSeq(rest, "|") {
				p.Far = append(p.Far, Asked{t, last.ID})
			}
		default:
			tb.Fatalf("%s: what is %q?", name, line)
		}
	}
	return p
}

// Blind reads questions and the ids that they mean, "" for none.
func Blind(tb testing.TB, name string) []Asked {
	tb.Helper()
	b, err := files.ReadFile("testdata/" + name + ".tsv")
	if err != nil {
		tb.Fatal(err)
	}
	var out []Asked
	for line := range strings.Lines(string(b)) {
		text, id, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			tb.Fatalf("%s: no id behind %q", name, line)
		}
		if id == "none" {
			id = ""
		}
		out = append(out, Asked{text, id})
	}
	return out
}

// Example reads the knowledge of a pack under examples/; ok is false where the
// pack is not there.
func Example(tb testing.TB, root, name, language string) (p Pack, ok bool) {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "examples", name, "knowledge", "*.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	p.Language = language
	for _, path := range paths {
		for _, row := range Rows(tb, path) {
			get := func(names ...string) string {
				for _, n := range names {
					if row[n] != "" {
						return strings.TrimSpace(row[n])
					}
				}
				return ""
			}
			pair := knowledge.Pair{
				ID: get("编号", "id"), Question: get("问题", "question"), Answer: get("答案", "answer"), Category: get("分类", "category"),
				Topic: get("主题", "topic"), Skill: get("技能组", "skill"),
			}
			for v := range strings.SplitSeq(get("相似问", "variants"), "|") {
				if v = strings.TrimSpace(v); v != "" {
					pair.Variants = append(pair.Variants, v)
				}
			}
			if pair.ID == "" || pair.Question == "" {
				continue
			}
			p.Pairs = append(p.Pairs, pair)
		}
	}
	return p, len(p.Pairs) > 0
}

// Rows reads a CSV file with a heading.
func Rows(tb testing.TB, path string) []map[string]string {
	tb.Helper()
	b, err := os.ReadFile(path) //nolint:gosec // a test names it
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff")))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil || len(all) == 0 {
		tb.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, rec := range all[1:] {
		m := map[string]string{}
		for i, f := range rec {
			if i < len(all[0]) {
				m[strings.ToLower(strings.TrimSpace(all[0][i]))] = f
			}
		}
		out = append(out, m)
	}
	return out
}

// Noise spoils texts the way a recogniser does: by what sounds the same.
type Noise struct {
	byUnit map[lang.Unit][]rune // common characters of a sound
	words  []string
	phones [][]byte
	near   map[string][]string
	mu     sync.Mutex
}

// NewNoise takes the characters and words to confuse from texts.
func NewNoise(texts []string) *Noise {
	n := &Noise{byUnit: map[lang.Unit][]rune{}, near: map[string][]string{}}
	count, words := map[rune]int{}, map[string]int{}
	for _, t := range texts {
		f := lang.Fold(t)
		for _, r := range f {
			if lang.Han(r) {
				count[r]++
			}
		}
		for _, w := range lang.Words(f) {
			if len(w) > 2 && w[0] < 0x80 {
				words[w]++
			}
		}
	}
	for r := rune(0x4e00); r < 0x9fa5; r++ {
		if count[r] > 1 {
			u := lang.Syllables(string(r))[0]
			n.byUnit[u] = append(n.byUnit[u], r)
		}
	}
	for w, k := range words {
		if k > 1 {
			n.words = append(n.words, w)
		}
	}
	// a fixed order, so that equal seeds give equal noise
	slices.Sort(n.words)
	for _, w := range n.words {
		n.phones = append(n.phones, lang.WordPhones(w))
	}
	return n
}

// Spoil replaces about rate of text's characters or words by others of the same
// sound, and drops a few.
func (n *Noise) Spoil(r *rand.Rand, text string, rate float64) string {
	f := lang.Fold(text)
	if strings.ContainsFunc(f, lang.Han) {
		var b strings.Builder
		for _, c := range f {
			switch {
			case lang.Han(c) && r.Float64() < rate:
				others := n.byUnit[lang.Syllables(string(c))[0]]
				if len(others) == 0 {
					b.WriteRune(c)
					break
				}
				b.WriteRune(others[r.IntN(len(others))])
			case r.Float64() < rate/5:
			default:
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	ws := lang.Words(f)
	var out []string
	for i, w := range ws {
		switch {
		case r.Float64() < rate/4 && len(w) > 5: // re fund
			k := 2 + r.IntN(len(w)-4)
			out = append(out, w[:k], w[k:])
		case r.Float64() < rate/5 && i > 0 && len(out) > 0 && len(w) > 1: // alot
			out[len(out)-1] += w
		case r.Float64() < rate && len(w) > 2:
			if near := n.similar(w); len(near) > 0 {
				out = append(out, near[r.IntN(len(near))])
				continue
			}
			out = append(out, w)
		case r.Float64() < rate/4:
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// similar are the words that sound most like w.
func (n *Noise) similar(w string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s, ok := n.near[w]; ok {
		return s
	}
	p := lang.WordPhones(w)
	var out []string
	for i, q := range n.phones {
		if n.words[i] != w && distance(p, q)*3 <= max(len(p), len(q)) && n.words[i][0] != 0 {
			out = append(out, n.words[i])
		}
		if len(out) == 12 {
			break
		}
	}
	n.near[w] = out
	return out
}

func distance(a, b []byte) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diag := row[0]
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(diag+cost, row[j]+1, row[j+1]+1)
			diag, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
