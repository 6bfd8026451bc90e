package asr

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// CutLoop removes a phrase that a recogniser repeats without end ("发货发货发货…",
// "thank you thank you thank you …"): what repeats more often than people do is
// left once. It reports whether it has cut.
func CutLoop(text string) (string, bool) {
	r := []rune(text)
	cut := false
	for {
		if start, period, end := findLoop(r); period > 0 {
			r = append(r[:start+period:start+period], r[end:]...)
		} else if n := saidTwice(r); n > 0 {
			r = r[:n]
		} else {
			break
		}
		cut = true
	}
	if !cut {
		return text, false
	}
	return strings.TrimSpace(string(r)), true
}

// saidTwice returns the length of the first sentence of a text that is nothing but
// this sentence said again (and perhaps again, and cut short), else 0: it is a
// recogniser's habit, and nothing is lost where it was the speaker's.
func saidTwice(r []rune) int {
	var said []rune // what is spoken
	var where []int // where in r it stands
	for i, c := range r {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			said, where = append(said, unicode.ToLower(c)), append(where, i)
		}
	}
	least := 4 // characters; of letters, several words
	if hanCount(string(said)) == 0 {
		least = 10
	}
	for p := least; p <= len(said)/2; p++ {
		if sameRunes(said[p:], said[:len(said)-p]) && !allDigits(said[:p]) {
			return where[p]
		}
	}
	return 0
}

// findLoop returns the first stretch of r that repeats a phrase of period runes
// too often; period is 0 where there is none.
func findLoop(r []rune) (start, period, end int) {
	for i := range r {
		for p := 1; p <= (len(r)-i)/3; p++ {
			n := 1
			for k := i + p; k+p <= len(r) && sameRunes(r[i:i+p], r[k:k+p]); k += p {
				n++
			}
			if n >= loopLimit(r[i:i+p]) {
				return i, p, i + n*p
			}
		}
	}
	return 0, 0, 0
}

// loopLimit is how often a phrase may follow itself. People say 对对对 and
// 好的好的好的, and dictate 8888; a phrase of a clause's length they say twice.
func loopLimit(phrase []rune) int {
	digits := allDigits(phrase)
	words := len(strings.Fields(string(phrase)))
	han := hanCount(string(phrase))
	switch {
	case digits:
		return 12
	case han > 2 || words > 2:
		return 3
	case han > 1 || words > 1:
		return 4
	default:
		return 6
	}
}

func allDigits(phrase []rune) bool {
	for _, r := range phrase {
		if !unicode.IsDigit(r) && !strings.ContainsRune(digitWords, r) && !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// digitsOnce takes digits that were said once out of a text that repeats them more
// often than there was time to: a single "eight" becomes 8 8 8 8 8 8 in a recogniser that
// expects a number.
func digitsOnce(text string, voiced time.Duration) (string, bool) {
	const atLeast, aSecond = 4, 7
	var digits []rune
	var where []int // ends in text
	for i, r := range text {
		switch {
		case unicode.IsDigit(r), strings.ContainsRune(digitWords, r):
			digits, where = append(digits, r), append(where, i+utf8.RuneLen(r))
		case unicode.IsLetter(r):
			return text, false
		}
	}
	if len(digits) <= atLeast || float64(len(digits)) <= atLeast+aSecond*voiced.Seconds() {
		return text, false
	}
	for p := 1; p <= len(digits)/2; p++ {
		if sameRunes(digits[p:], digits[:len(digits)-p]) {
			return strings.TrimSpace(text[:where[p-1]]), true
		}
	}
	return text, false
}

func sameRunes(a, b []rune) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// JoinTexts puts the texts of consecutive pieces together: with a space where two
// words of an alphabet meet, without one in Chinese.
func JoinTexts(a, b string) string {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == "" || b == "" {
		return a + b
	}
	l, _ := utf8.DecodeLastRuneInString(a)
	f, _ := utf8.DecodeRuneInString(b)
	if isHan(l) || isHan(f) || unicode.Is(unicode.Han, l) || strings.ContainsRune("。，！？；：、", l) {
		return a + b
	}
	return a + " " + b
}

// hasWords says whether text holds anything that can be said.
func hasWords(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

// VocabularyPrompt makes a prompt of terms, as many as fit, for engines that are
// biased by text before the utterance.
func VocabularyPrompt(terms []string, language string) string {
	sep := ", "
	if language != "en" {
		sep = "、"
	}
	var b strings.Builder
	n := 0
	for _, t := range terms {
		t = strings.TrimSpace(t)
		if t == "" {
			continue
		}
		l := utf8.RuneCountInString(t)
		if language == "en" {
			l = (l + 3) / 4 // a token is about four letters, or one character
		}
		if n+l > vocabularyRunes {
			break
		}
		if b.Len() > 0 {
			b.WriteString(sep)
		}
		b.WriteString(t)
		n += l + 1
	}
	return b.String()
}
