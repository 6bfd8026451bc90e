package business

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What a person on a telephone can take in.
const (
	maxSpeechSeconds  = 12
	maxOpeningSeconds = 6
	maxSentences      = 2
	maxListed         = 3
	maxDigits         = 8
)

// finding is one thing about a sentence that does not work for the ear.
type finding struct {
	code string
	args []any
}

var (
	urlPattern    = regexp.MustCompile(`(?i)(https?://|www\.)\S*|[a-z0-9._-]+@[a-z0-9-]+\.[a-z.]+|[a-z0-9-]+\.(com|cn|net|org|io)\b\S*`)
	latinPattern  = regexp.MustCompile(`[A-Za-z]+`)
	marksPattern  = regexp.MustCompile("[*_#<>\\[\\]{}|\\\\^~=`→←•●■★☆✓√©®™]+")
	digitsPattern = regexp.MustCompile(`\d{9,}`)
	spacePattern  = regexp.MustCompile(`\s+`)
)

// lookWords ask the caller to see.
func lookWords(language string) []string {
	if language == "en" {
		return []string{"click", "see below", "as follows", "screenshot", "link below", "the following"}
	}
	return []string{"点击", "如下", "见下", "下图", "截图", "链接", "扫码", "二维码"}
}

// Sound checks how text works for the ear. terms are words that may stand in
// Latin letters within Chinese.
func sound(text, language string, terms []string) []finding {
	var out []finding
	add := func(code string, args ...any) { out = append(out, finding{code, args}) }
	if s := Seconds(text, language); s > maxSpeechSeconds {
		add("speech_long", int(math.Round(s)), maxSpeechSeconds)
	}
	if n := len(sentences(text, language)); n > maxSentences {
		add("speech_sentences", n)
	}
	if n := longestList(text, language); n > maxListed {
		add("speech_list", n)
	}
	rest := text
	if u := urlPattern.FindString(text); u != "" {
		add("speech_url", u)
		rest = strings.ReplaceAll(text, u, " ")
	}
	if m := marksPattern.FindString(rest); m != "" {
		add("speech_marks", m)
	} else if i := strings.IndexFunc(rest, unspeakable); i >= 0 {
		add("speech_marks", string([]rune(rest[i:])[0]))
	}
	if d := digitsPattern.FindString(rest); d != "" {
		add("speech_number", d)
	}
	lower := strings.ToLower(rest)
	for _, w := range lookWords(language) {
		if strings.Contains(lower, w) {
			add("speech_look", w)
			break
		}
	}
	if language == "zh" {
		for _, t := range terms {
			rest = strings.ReplaceAll(rest, t, "")
		}
		if w := latinPattern.FindString(rest); w != "" {
			add("speech_latin", w)
		}
		if strings.Contains(rest, "你") {
			add("speech_polite")
		}
	}
	return out
}

func unspeakable(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Co, r) || r == unicode.ReplacementChar || unicode.IsControl(r) && !unicode.IsSpace(r)
}

// sentences splits text where a voice stops. A full stop inside a number or an
// abbreviation ("p.m.", "3.5") does not.
func sentences(text, language string) []string {
	var out []string
	start := 0
	runes := []rune(text)
	for i, r := range runes {
		end := strings.ContainsRune("。！？!?；\n", r)
		if r == '.' && language == "en" {
			end = i+1 == len(runes) || unicode.IsSpace(runes[i+1]) && nextStarts(runes[i+1:]) && !abbreviation(runes[:i])
		}
		if r == ';' {
			end = true
		}
		if !end {
			continue
		}
		if s := strings.TrimSpace(string(runes[start : i+1])); speakable(s) {
			out = append(out, s)
		}
		start = i + 1
	}
	if s := strings.TrimSpace(string(runes[start:])); speakable(s) {
		out = append(out, s)
	}
	return out
}

func speakable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

// nextStarts reports whether a sentence begins behind the space.
func nextStarts(rest []rune) bool {
	for _, r := range rest {
		if !unicode.IsSpace(r) {
			return unicode.IsUpper(r) || unicode.IsDigit(r)
		}
	}
	return true
}

// abbreviation reports whether the word before a full stop is one: a single
// letter ("p.m") or a title.
func abbreviation(before []rune) bool {
	i := len(before)
	for i > 0 && unicode.IsLetter(before[i-1]) {
		i--
	}
	word := strings.ToLower(string(before[i:]))
	if len(word) == 1 && i > 0 && before[i-1] == '.' {
		return false // "…until 9 p.m. We" ends the sentence as well
	}
	return slices.Contains([]string{"mr", "mrs", "ms", "dr", "st", "no", "vs"}, word)
}

// longestList counts the things in the longest enumeration.
func longestList(text, language string) int {
	most := 0
	for _, s := range sentences(text, language) {
		if language == "zh" {
			for _, clause := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("，,。！？：:", r) }) {
				if n := strings.Count(clause, "、"); n > 0 {
					most = max(most, n+1)
				}
			}
			continue
		}
		// "a, b, c, and d": commas count only in front of a last "and" or "or".
		for _, last := range []string{", and ", ", or "} {
			head, _, ok := strings.Cut(s, last)
			if !ok {
				continue
			}
			n := 2
			parts := strings.Split(head, ",")
			for i := len(parts) - 1; i > 0 && len(strings.Fields(parts[i])) <= 4; i-- {
				n++
			}
			if n > 2 {
				most = max(most, n)
			}
		}
	}
	return most
}

// Seconds estimates how long text takes to say at the normal rate: syllables and
// pauses, as the voices of the packs speak.
func Seconds(text, language string) float64 {
	const (
		syllable   = 0.20 // Chinese
		english    = 0.19
		comma      = 0.20
		stop       = 0.35
		digitGroup = 0.10
	)
	var t float64
	letters := 0
	flush := func() {
		if letters > 0 {
			// About three letters to a syllable; a word of one has one.
			t += math.Max(1, math.Round(float64(letters)/2.9)) * english
			letters = 0
		}
	}
	text = spacePattern.ReplaceAllString(strings.TrimSpace(text), " ")
	for _, r := range text {
		if r < unicode.MaxASCII && unicode.IsLetter(r) || r == '\'' || r == '’' {
			letters++
			continue
		}
		flush()
		switch {
		case unicode.Is(unicode.Han, r):
			t += syllable
		case unicode.IsDigit(r):
			if language == "en" {
				t += 1.4 * english
			} else {
				t += 1.3 * syllable // "39" is 三十九
			}
		case strings.ContainsRune("，,、：:", r):
			t += comma
		case strings.ContainsRune("。！？!?；;", r), r == '.' && language == "en":
			t += stop
		case r == '-':
			t += digitGroup
		}
	}
	flush()
	// The last pause is not part of the answer.
	if strings.HasSuffix(text, "。") || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "？") || strings.HasSuffix(text, "?") {
		t -= stop
	}
	return max(0, t)
}
