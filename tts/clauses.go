package tts

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Clause is a piece of text that is spoken in one go.
type Clause struct {
	Text  string
	Pause time.Duration // of silence before the next one; 0 after the last
}

// Lengths are counted in quarters of a Chinese character, which is about what it
// takes to say them: a Chinese character or a digit is four, a letter one and a half.
const (
	charWeight   = 8
	letterWeight = 3
	firstMin     = 4 * charWeight  // a first clause shorter than this is joined to the next
	firstEnough  = 8 * charWeight  // and from this length on it is left alone
	joinMin      = 8 * charWeight  // later clauses are joined up to this length at least
	joinEnough   = 20 * charWeight // and over a comma no further than this
	joinMax      = 40 * charWeight // nothing is joined beyond
	quoteMax     = 60              // runes; a longer quotation is broken like other text
	hardMax      = 80              // runes without any punctuation
)

// Pauses after punctuation, as a calm voice on the telephone makes them.
const (
	pauseNone     = 40 * time.Millisecond
	pauseList     = 90 * time.Millisecond
	pauseComma    = 160 * time.Millisecond
	pauseColon    = 220 * time.Millisecond
	pauseSentence = 340 * time.Millisecond
	pauseLine     = 420 * time.Millisecond
)

// Clauses splits text into clauses that can be spoken one by one: the first is
// short, so that its sound is there early, the others are 8 to 40 characters
// where punctuation allows. It never breaks inside numbers, amounts, times,
// abbreviations, addresses or short quotations.
func Clauses(text, language string) []Clause {
	_ = language // punctuation tells; kept so that a language may need it
	return join(text, atoms(text), true)
}

// atom is a piece of text between two places where it may be broken: bytes
// start to end, weight as above.
type atom struct {
	start, end int
	weight     int
	pause      time.Duration
	strong     bool // a sentence ends here
}

// atoms finds every place where text may be broken. Atoms without anything to say
// are left out.
func atoms(text string) []atom {
	rs := []rune(text)
	offset := make([]int, len(rs)+1) // byte offsets of runes
	pos := 0
	for i, r := range rs {
		offset[i] = pos
		if r == utf8.RuneError { // may be one byte or three
			_, n := utf8.DecodeRuneInString(text[pos:])
			pos += n
			continue
		}
		pos += utf8.RuneLen(r)
	}
	offset[len(rs)] = pos
	var out []atom
	begin, quoteEnd := 0, 0
	flush := func(end int, pause time.Duration, strong bool) {
		a := atom{start: offset[begin], end: offset[end], pause: pause, strong: strong}
		begin = end
		for _, r := range text[a.start:a.end] {
			a.weight += weight(r)
		}
		if a.weight == 0 {
			if len(out) > 0 { // stray punctuation belongs to what came before
				last := &out[len(out)-1]
				last.end, last.pause, last.strong = a.end, max(last.pause, pause), last.strong || strong
			}
			return
		}
		out = append(out, a)
	}
	for i := 0; i < len(rs); i++ {
		if i >= quoteEnd {
			quoteEnd = closing(rs, i)
		}
		pause, strong := boundary(rs, i)
		if i == quoteEnd-1 && i > 0 { // a sentence that ends inside the quotation ends here
			if p, s := boundary(rs, i-1); s {
				pause, strong = p, s
			}
		}
		switch {
		case pause > 0 && i >= quoteEnd-1:
			end := i + 1
			for end < len(rs) && follows(rs[end]) {
				if p, s := boundary(rs, end); p > 0 { // "?!" or "。”"
					pause, strong = max(pause, p), strong || s
				}
				end++
			}
			flush(end, pause, strong)
			i = end - 1
		case i+1-begin >= hardMax && i+1 < len(rs) && mayCut(rs, i+1):
			flush(i+1, pauseNone, false)
		}
	}
	if begin < len(rs) {
		flush(len(rs), 0, true)
	}
	return out
}

// join makes clauses of atoms that lie one behind another in text. first says
// that nothing is spoken before them.
func join(text string, as []atom, first bool) []Clause {
	var out []Clause
	for i := 0; i < len(as); {
		n, w := 1, as[i].weight
		for i+n < len(as) {
			last, next := as[i+n-1], as[i+n]
			if w+next.weight > joinMax {
				break
			}
			short := joinMin
			enough := joinEnough
			if first && len(out) == 0 {
				short, enough = firstMin, firstEnough
			}
			tail := !last.strong && next.strong && next.weight <= firstMin // ", please."
			if w >= short && !tail && (last.strong || w+next.weight > enough) {
				break
			}
			w += next.weight
			n++
		}
		end := as[i+n-1]
		out = append(out, Clause{Text: strings.TrimSpace(text[as[i].start:end.end]), Pause: end.pause})
		i += n
	}
	if len(out) > 0 {
		out[len(out)-1].Pause = 0
	}
	return out
}

// boundary says whether a clause may end behind rs[i], and the pause that takes.
func boundary(rs []rune, i int) (pause time.Duration, strong bool) {
	r := rs[i]
	prev, next := rune(0), rune(0)
	if i > 0 {
		prev = rs[i-1]
	}
	if i+1 < len(rs) {
		next = rs[i+1]
	}
	// ASCII punctuation stands inside numbers, times and addresses too; it ends
	// something only where a space, the end, a closing mark or Chinese follows.
	open := next == 0 || unicode.IsSpace(next) || follows(next) || unicode.Is(unicode.Han, next)
	switch r {
	case '\n', '\r', '\u2028', '\u2029':
		return pauseLine, true
	case '。', '！', '？', '…', '｡':
		return pauseSentence, true
	case '；':
		return pauseSentence, false
	case '，', '﹐':
		if isDigit(prev) && isDigit(next) && thousands(rs, i) {
			return 0, false
		}
		return pauseComma, false
	case '：':
		if figures(rs, i+1) {
			return 0, false
		}
		return pauseColon, false
	case '、':
		return pauseList, false
	case '—':
		if prev == '—' {
			return pauseColon, false
		}
		return 0, false
	case '!', '?':
		if open {
			return pauseSentence, true
		}
	case '.':
		if open && !abbreviation(rs, i) && (!isDigit(prev) || !unicode.Is(unicode.Han, next)) {
			return pauseSentence, true
		}
	case ';':
		if open {
			return pauseSentence, false
		}
	case ',':
		if open {
			return pauseComma, false
		}
	case ':':
		if open && !figures(rs, i+1) {
			return pauseColon, false
		}
	}
	return 0, false
}

// figures says whether a number, a code or an amount follows, which belongs to the
// words before it: they tell how it is read.
func figures(rs []rune, i int) bool {
	for i < len(rs) && rs[i] == ' ' {
		i++
	}
	return i < len(rs) && (isDigit(rs[i]) || rs[i] >= 'A' && rs[i] <= 'Z' || strings.ContainsRune("¥￥$£€+-", rs[i]))
}

// thousands says whether the comma at i separates thousands: "1，000".
func thousands(rs []rune, i int) bool {
	n := 0
	for j := i + 1; j < len(rs) && isDigit(rs[j]); j++ {
		n++
	}
	return n == 3
}

// abbreviations after which a full stop ends no sentence, lower case without it.
// Those that commonly end one ("etc", "inc") count only before a small letter.
func abbreviation(rs []rune, i int) bool {
	j := i
	for j > 0 && (unicode.IsLetter(rs[j-1]) && !unicode.Is(unicode.Han, rs[j-1]) || rs[j-1] == '.') {
		j--
	}
	word := strings.ToLower(string(rs[j:i]))
	k := i + 1
	for k < len(rs) && unicode.IsSpace(rs[k]) {
		k++
	}
	atEnd := k >= len(rs)
	lower := !atEnd && (unicode.IsLower(rs[k]) || isDigit(rs[k]))
	switch word {
	case "mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "no", "mt", "gen", "fig", "tel":
		return !atEnd && (word != "no" || isDigit(rs[k]))
	case "etc", "inc", "ltd", "co", "corp", "jr", "sr", "a.m", "p.m", "approx", "dept", "est", "ext", "max", "min", "u.s", "u.k", "ave", "blvd", "rd":
		return lower
	case "":
		return false
	}
	// An initial: "J. Smith".
	return i-j == 1 && unicode.IsUpper(rs[j]) && !atEnd && !lower && word != "i"
}

// closing returns the index behind the mark that closes the quotation or bracket
// opened at i, or 0 when none opens or it is long.
func closing(rs []rune, i int) int {
	const pairs = "“”「」『』（）()《》【】[]\"\""
	var shut rune
	for k, p := 0, []rune(pairs); k < len(p); k += 2 {
		if rs[i] == p[k] {
			shut = p[k+1]
		}
	}
	if shut == 0 {
		return 0
	}
	for j := i + 1; j < len(rs) && j <= i+quoteMax; j++ {
		if rs[j] == shut {
			return j + 1
		}
		if rs[j] == '\n' {
			return 0
		}
	}
	return 0
}

// follows says whether r belongs to the clause that has just ended.
func follows(r rune) bool {
	return strings.ContainsRune("”’」』）)》】]\"'。！？!?…，,；;.、～~", r)
}

// mayCut says whether text may be broken before rs[i] although no punctuation
// stands there: not inside words of letters, numbers or amounts.
func mayCut(rs []rune, i int) bool {
	a, b := rs[i-1], rs[i]
	if unicode.IsSpace(a) || unicode.IsSpace(b) {
		return true
	}
	han := unicode.Is(unicode.Han, a) && unicode.Is(unicode.Han, b)
	return han && !numeral(a) && !numeral(b)
}

func numeral(r rune) bool {
	return strings.ContainsRune("零〇一二三四五六七八九十百千万亿两幺点半第几", r)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

// weight is how much of a rune's time a voice needs.
func weight(r rune) int {
	switch {
	case unicode.Is(unicode.Han, r), unicode.IsNumber(r):
		return charWeight
	case unicode.IsLetter(r):
		return letterWeight
	case r == '%' || r == '$' || r == '¥' || r == '￥' || r == '£' || r == '€' || r == '℃':
		return charWeight
	default:
		return 0
	}
}

// Cut breaks text into pieces of at most limit runes (one more where that keeps
// what belongs together), at the best places there are.
func Cut(text string, limit int) []string {
	rs := []rune(text)
	var out []string
	for len(rs) > limit {
		at := limit
		for at > limit/2 && !mayCut(rs, at) {
			at--
		}
		if at == limit/2 {
			at = limit
		}
		out = append(out, strings.TrimSpace(string(rs[:at])))
		rs = rs[at:]
	}
	return append(out, strings.TrimSpace(string(rs)))
}
