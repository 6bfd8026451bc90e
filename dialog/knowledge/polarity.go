package knowledge

import (
	"regexp"
	"strings"
)

// polarity is whether a text says that something is, or that it is not. Words, sounds
// and vectors hardly tell 我收到了 from 我没收到; a wording that says the opposite of what
// was said is no reason to answer its pair.
type polarity struct {
	negated bool
	asks    bool // a question
	whether bool // one for a yes or a no: put with a not or without, it wants the same answer
}

// denies says whether a wording is for those who say that something is not.
func (p polarity) denies() bool { return p.negated && !p.whether }

var (
	// Words with a 不, 没 or 别 in them that deny nothing, and questions of the kind 能不能.
	chineseNoDenial = regexp.MustCompile(`不好意思|不错|差不多|对不起|不过|不管|不仅|不但|不论|不同|不然|不小心|不知道|不客气|没关系|没问题|没事|特别|分别|区别|级别|类别|性别|识别|告别|别的|别人|别家|别处|无线|无人|无论|未来|无非|要不(?:是|就)?|是不是|有没有|能不能|会不会|可不可以|好不好|行不行|要不要|用不用|对不对|该不该|给不给|算不算`)
	chineseDenial   = regexp.MustCompile(`不|没|未|无法|无需|别|免得`)
	chineseTwice    = regexp.MustCompile(`不能不|不得不|不会不|不是不|没有不|非.+不可`)
	chineseAsks     = regexp.MustCompile(`吗|么|呢|什|怎|咋|啥|哪|几|多少|多久|多长|多大|谁|如何|能否|是否|何时|为何|[?？]`)
	chineseEither   = regexp.MustCompile(`是不是|有没有|能不能|会不会|可不可以|好不好|行不行|要不要|用不用|对不对|该不该|吧[?？。]?$`)

	chineseWhether = regexp.MustCompile(`[吗么][?？]?$|能否|是否`)
	chineseWhat    = regexp.MustCompile(`怎|咋|为什|啥|哪|几|多少|多久|谁|如何`)

	englishDenial = map[string]bool{
		"not": true, "no": true, "never": true, "none": true, "nobody": true, "nothing": true, "without": true, "cannot": true, "neither": true,
	}
	// What English questions begin with, when they are not put as a statement.
	englishAsks = map[string]bool{
		"what": true, "what's": true, "when": true, "when's": true, "where": true, "where's": true, "who": true, "who's": true, "which": true, "why": true, "how": true, "how's": true, "whose": true,
		"can": true, "could": true, "do": true, "does": true, "did": true, "is": true, "are": true, "was": true, "were": true, "will": true, "would": true, "should": true, "may": true, "might": true,
		"have": true, "has": true, "had": true, "am": true,
	}
	englishSubject = map[string]bool{
		"i": true, "you": true, "we": true, "it": true, "they": true, "he": true, "she": true, "my": true, "your": true, "the": true, "this": true, "that": true, "there": true,
		"anyone": true, "anybody": true, "someone": true, "somebody": true, "these": true, "those": true,
	}
)

func chinesePolarity(text string) polarity {
	plain, either := withoutEither([]rune(chineseNoDenial.ReplaceAllString(text, "")))
	plain = strings.TrimPrefix(plain, "不是") // who begins so denies nothing
	if open := strings.TrimRight(plain, "？啊呀呗嘛你们 "); strings.HasSuffix(open, "不") || strings.HasSuffix(open, "没") || strings.HasSuffix(open, "没有") {
		either = true
	}
	return polarity{
		negated: chineseDenial.MatchString(plain) && !chineseTwice.MatchString(plain),
		asks:    either || chineseEither.MatchString(text) || chineseAsks.MatchString(plain),
		whether: either || chineseEither.MatchString(text) || chineseWhether.MatchString(text) && !chineseWhat.MatchString(plain),
	}
}

// withoutEither leaves out what asks by naming both: 退不退, 坏没坏.
func withoutEither(rs []rune) (rest string, found bool) {
	var b strings.Builder
	for i := 0; i < len(rs); i++ {
		if i+2 < len(rs) && rs[i] == rs[i+2] && (rs[i+1] == '不' || rs[i+1] == '没') {
			found = true
			i += 2
			continue
		}
		b.WriteRune(rs[i])
	}
	return b.String(), found
}

// englishPolarity is that of folded words, whose contractions are taken apart; text is as it
// was written.
func englishPolarity(text string, words []string) polarity {
	p := polarity{}
	n := 0
	for i, w := range words {
		if englishDenial[w] {
			n++
		}
		// A question may stand behind something else (I lost it, can I still return it), and
		// who leaves out the subject does not ask (won't charge).
		if !englishAsks[w] {
			continue
		}
		what := strings.HasPrefix(w, "wh") || strings.HasPrefix(w, "how")
		next := i + 1
		denied := next < len(words) && words[next] == "not"
		if denied {
			next++
		}
		subject := next < len(words) && englishSubject[words[next]]
		if what && i == 0 || !what && subject || i == 0 && !denied {
			p.whether = !what && (p.whether || !p.asks)
			p.asks = true
		}
	}
	p.asks = p.asks || strings.Contains(text, "?")
	if n := len(words); n > 0 && (words[n-1] == "right" || words[n-1] == "correct") {
		p.asks, p.whether = true, true
	}
	p.negated = n%2 == 1
	return p
}

// clausesOf counts the parts of a text between commas and stops.
func clausesOf(text string) int {
	return len(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("，,。.！!？?；;", r) }))
}

// affirmed are the tokens of a text without its nots, so that it can be laid beside its
// opposite.
func affirmed(tokens []uint32, denies func(uint32) bool) []uint32 {
	out := make([]uint32, 0, len(tokens))
	for _, t := range tokens {
		if !denies(t) {
			out = append(out, t)
		}
	}
	return out
}

// opposite says, of what is stated and not asked, whether the wordings of a pair that come
// near to it say the opposite: but for a not it is nearly theirs, and none that agrees
// with it is as near.
func (x *Index) opposite(p int32, a *analysis, s *scratch) bool {
	const near, ahead = 0.6, 0.15
	if a.polarity.asks || a.clauses > 1 { // who denies one thing may want the other
		return false
	}
	var agree, deny float64
	for v := x.first[p]; v < x.first[p+1]; v++ {
		vr := &x.variants[v]
		same := s.edits.same(a.affirmed, vr.affirmed)
		if vr.negated == a.polarity.negated {
			agree = max(agree, same)
		} else {
			deny = max(deny, same)
		}
	}
	return deny >= near && agree <= deny-ahead
}

// The most that a pair is worth of which the text says the opposite, which may be asked
// about, not answered; and one about a thing that the text has nothing to do with.
const (
	opposed = 0.4
	alien   = 0.05
)

// doubt takes from such pairs what they have above that. It needs r.Matches in the order of o.
func (r *Result) doubt(o observation) {
	best := 0
	for i := range r.Matches {
		if r.Matches[i].Score > r.Matches[best].Score {
			best = i
		}
	}
	if len(o.candidates) > 0 && o.candidates[best].alien {
		r.Strange = o.strange
	}
	for i, c := range o.candidates {
		most := 1.0
		switch {
		case c.alien:
			most = alien
		case c.opposite, c.another:
			most = opposed
		}
		if m := &r.Matches[i]; m.Score > most {
			r.None += m.Score - most
			m.Score = most
		}
	}
}
