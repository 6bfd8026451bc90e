package knowledge

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// vocabulary is the terms that a business speaks of: its own names first, then
// those words which several wordings of its questions share.
func vocabulary(pairs []Pair, terms []string, chinese bool) []string {
	seen := map[string]bool{}
	var out []string
	put := func(w string) {
		w = strings.TrimSpace(w)
		if w != "" && !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	for _, t := range terms {
		put(t)
	}
	count := map[string]int{}
	weak := englishSet(englishWeak + " " + strings.ReplaceAll(englishPoliteness, "\n", " "))
	for i := range pairs {
		p := &pairs[i]
		for _, text := range append([]string{p.Question}, p.Variants...) {
			one := map[string]bool{}
			if chinese {
				chineseTerms(text, one)
			} else {
				for _, w := range lang.Words(lang.Fold(text)) {
					one[w] = !weak[w] && len(w) > 2
				}
			}
			for w, term := range one {
				if term {
					count[w]++
				}
			}
		}
	}
	if chinese {
		count = maximal(count)
	}
	words := slices.Collect(maps.Keys(count))
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	const most = 200
	for _, w := range words {
		if len(out) >= most+len(terms) {
			break
		}
		if count[w] > 1 || utf8.RuneCountInString(w) > 2 {
			put(w)
		}
	}
	return out
}

func englishSet(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// chineseTerms puts into set the stretches of two to four characters without weak
// ones, and the Latin words.
func chineseTerms(text string, set map[string]bool) {
	run := []rune{}
	flush := func() {
		for n := 2; n <= 4; n++ {
			for i := 0; i+n <= len(run); i++ {
				set[string(run[i:i+n])] = true
			}
		}
		run = run[:0]
	}
	word := []rune{}
	for _, r := range lang.Fold(text) + " " {
		if !lang.Han(r) && r != ' ' {
			word = append(word, r)
			continue
		}
		if len(word) > 1 {
			set[string(word)] = true
		}
		word = word[:0]
		if lang.Han(r) && !strings.ContainsRune(chineseWeak, r) {
			run = append(run, r)
			continue
		}
		flush()
	}
}

// maximal drops terms which stand nearly always inside a longer one.
func maximal(count map[string]int) map[string]int {
	inside := map[string]int{} // most occurrences of a longer term holding it
	for w, n := range count {
		if n < 2 {
			continue
		}
		rs := []rune(w)
		for k := 2; k < len(rs); k++ {
			for i := 0; i+k <= len(rs); i++ {
				s := string(rs[i : i+k])
				inside[s] = max(inside[s], n)
			}
		}
	}
	out := map[string]int{}
	for w, n := range count {
		if n >= 2 && float64(inside[w]) < 0.8*float64(n) {
			out[w] = n
		}
	}
	return out
}
