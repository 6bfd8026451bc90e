package call

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Typical speaking rates, for an utterance whose full length is not yet known.
const (
	chinesePerChar = 220 * time.Millisecond
	englishPerChar = 65 * time.Millisecond
)

// estimate is about how long text takes to say.
func estimate(text string) time.Duration {
	var d time.Duration
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			d += chinesePerChar
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsSpace(r):
			d += englishPerChar
		case strings.ContainsRune("。！？.!?", r):
			d += 250 * time.Millisecond
		default:
			d += 100 * time.Millisecond
		}
	}
	return d
}

// HeardOf divides text at what a listener has heard of it after so long, at the
// rate at which it is usually spoken.
func HeardOf(text string, after time.Duration) (heard, unheard string) {
	return split(text, after, estimate(text))
}

// split divides text at what was heard of it after played of total. A Chinese
// text is cut behind a character, one with spaces behind a whole word: a word cut
// in the middle was not heard.
func split(text string, played, total time.Duration) (heard, unheard string) {
	if total <= 0 {
		total = estimate(text)
	}
	if played <= 0 {
		return "", text
	}
	if played >= total {
		return text, ""
	}
	whole := estimate(text)
	want := time.Duration(float64(whole) * float64(played) / float64(total))
	cut := 0
	var said time.Duration
	for i, r := range text {
		size := utf8.RuneLen(r)
		said += estimate(text[i : i+size])
		if said > want {
			break
		}
		next, _ := utf8.DecodeRuneInString(text[i+size:])
		if !unicode.IsLetter(next) || unicode.Is(unicode.Han, r) || unicode.Is(unicode.Han, next) {
			cut = i + size
		}
	}
	return strings.TrimRightFunc(text[:cut], unicode.IsSpace), strings.TrimLeftFunc(text[cut:], unicode.IsSpace)
}
