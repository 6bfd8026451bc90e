package grow

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
	"hotline/dialog/private"
)

// known are the folded wordings of all pairs.
func known(pairs []knowledge.Pair) map[string]string {
	m := map[string]string{}
	for _, p := range pairs {
		for _, w := range append([]string{p.Question}, p.Variants...) {
			m[key(w)] = p.ID
		}
	}
	return m
}

// key is what makes two wordings the same.
func key(text string) string {
	return strings.ReplaceAll(lang.Simplify(lang.Fold(bare(text))), " ", "")
}

// gather collects the different wordings of a history, sorted.
func gather(history []Conversation, known map[string]string, most int, r *Report) []*said {
	byKey := map[string]*said{}
	for _, c := range history {
		for i, t := range c {
			if r.Turns == most {
				return finish(byKey)
			}
			r.Turns++
			text := bare(t.Text)
			switch {
			case personal(t.Text):
				r.Personal++
				continue
			case !speaks(text):
				r.Empty++
				continue
			case !t.Sure && !t.Asked && aside(text):
				r.Asides++
				continue
			}
			k := key(text)
			if _, ok := known[k]; ok {
				r.Known++
				continue
			}
			s := byKey[k]
			if s == nil {
				s = &said{folded: k, text: text, labels: map[string]int{}, later: map[string]int{}, given: map[string]int{}}
				byKey[k] = s
			} else if text < s.text {
				s.text = text // of spellings the same one whatever the order
			}
			s.count++
			if t.Label != "" {
				s.labels[t.Label]++
			}
			switch {
			case t.Pair != "" && t.Sure:
				s.given[t.Pair]++
			case t.Asked:
				if id := resolved(c[i+1:]); id != "" {
					s.later[id]++
				}
			}
		}
	}
	return finish(byKey)
}

func finish(byKey map[string]*said) []*said {
	out := slices.Collect(maps.Values(byKey))
	slices.SortFunc(out, func(a, b *said) int { return cmp.Compare(a.folded, b.folded) })
	for _, s := range out {
		s.grams = grams(s.folded)
	}
	return out
}

// resolved is the pair that the caller's next turns led to.
func resolved(next []Turn) string {
	const near = 3 // turns; later ones are about something else
	for i, t := range next {
		if i == near {
			break
		}
		if t.Pair != "" && !t.Asked {
			return t.Pair
		}
	}
	return ""
}

// personal says whether a text holds what belongs to one caller: personal data, a
// number of an order, an address in the net, what a log has masked.
func personal(text string) bool {
	if len(private.Find(text)) > 0 || strings.ContainsAny(text, "[]<>*#@") || strings.Contains(text, "://") || strings.Contains(text, "www.") {
		return true
	}
	run := 0
	for _, r := range lang.Numerals(lang.Fold(text)) {
		switch {
		case unicode.IsDigit(r) || strings.ContainsRune("零一二三四五六七八九", r):
			run++
		case r != ' ' && r != '-':
			run = 0
		}
		if run >= 4 {
			return true
		}
	}
	return false
}

// around are what callers begin and end with, longest first.
func around() []string {
	return []string{
		"excuse me", "good morning", "good afternoon", "thank you", "hello", "please", "thanks", "hey", "hi", "um", "uh", "well", "so",
		"麻烦问一下", "请问一下", "我想问一下", "我想请问", "我想问", "想问一下", "麻烦您", "麻烦你", "谢谢你", "谢谢您", "问一下", "请问", "你好", "您好", "客服", "亲爱的", "谢谢", "喂", "亲", "嗯", "呃", "哦", "额", "那个",
	}
}

// bare is text without greeting and thanks, as far as they stand off.
func bare(text string) string {
	cut := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) }
	edge := func(r rune) bool { return cut(r) && !strings.ContainsRune("？?！!", r) }
	text = strings.TrimFunc(text, edge)
	text = strings.TrimLeftFunc(text, cut)
	for again := true; again; {
		again = false
		low := strings.ToLower(text)
		if len(low) != len(text) {
			return text
		}
		for _, w := range around() {
			if rest, ok := strings.CutPrefix(low, w); ok && (rest == "" || lang.Han([]rune(w)[0]) || cut([]rune(rest)[0])) {
				text, again = strings.TrimLeftFunc(text[len(w):], cut), true
				break
			}
			if rest, ok := strings.CutSuffix(low, w); ok && rest != "" {
				if last, _ := utf8.DecodeLastRuneInString(rest); cut(last) {
					text, again = strings.TrimRightFunc(text[:len(rest)], edge), true
					break
				}
			}
		}
	}
	return text
}

// speaks says whether a text is long enough to mean something and short enough to be
// one question.
func speaks(text string) bool {
	const short, long, shortWords, longWords = 3, 40, 2, 25
	if strings.ContainsAny(text, "|\t\r\n") {
		return false // these part variants and columns
	}
	han, letters := 0, 0
	for _, r := range text {
		switch {
		case lang.Han(r):
			han++
		case unicode.IsLetter(r):
			letters++
		}
	}
	if han == 0 {
		n := len(strings.Fields(text))
		return letters >= 2*short && n >= shortWords && n <= longWords
	}
	return han >= short && utf8.RuneCountInString(text) <= long
}

// aside says whether a text goes on with what was said before, or asks and wants
// nothing: alone it means little, whatever it was answered by.
func aside(text string) bool {
	low := strings.ToLower(text)
	for _, w := range []string{"好的", "是的", "不是", "然后", "或者", "但是", "还是", "那你", "对的", "不好意思", "还有", "因为", "所以", "不然", "没有了", "没了", "也就是", "那也就是"} {
		if strings.HasPrefix(low, w) {
			return true
		}
	}
	for _, w := range []string{"yes ", "yes,", "no,", "ok ", "ok,", "okay", "and ", "but ", "or ", "because "} {
		if strings.HasPrefix(low, w) {
			return true
		}
	}
	if !strings.ContainsFunc(text, lang.Han) || strings.ContainsAny(text, "?？吗么嘛呢吧怎哪何多几能想要帮请给没不啥查咋") {
		return false
	}
	return !strings.Contains(text, "可以") && !strings.Contains(text, "什么")
}

// grams are the hashed pairs of characters of a folded text, and its characters.
func grams(folded string) []uint32 {
	rs := []rune("^" + folded + "$")
	out := make([]uint32, 0, 2*len(rs))
	for i, r := range rs {
		h := fnv.New32a()
		_, _ = h.Write([]byte(string(rs[i:min(i+2, len(rs))]))) // cannot fail
		out = append(out, h.Sum32())
		if lang.Han(r) {
			out = append(out, uint32(r))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// jaccard is how much two sets have in common, 0–1.
func jaccard(a, b []uint32) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
