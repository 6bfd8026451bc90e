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
	bracePattern  = regexp.MustCompile(`\{[a-z]+\}`)
	spacePattern  = regexp.MustCompile(`\s+`)
)

// lookWords ask the caller to see.
func lookWords(language string) []string {
	if language == "en" {
		return []string{"click", "see below", "as follows", "screenshot", "link below", "the following"}
	}
	return []string{"点击", "如下", "见下", "下图", "截图", "链接", "扫码", "二维码"}
}

// sound checks how text works for the ear, spoken at rate. terms are words that
// may stand in Latin letters within Chinese.
func sound(text, language string, rate float64, terms []string) []finding {
	var out []finding
	add := func(code string, args ...any) { out = append(out, finding{code, args}) }
	if s := Seconds(text, language) / rate; s > maxSpeechSeconds {
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

// pace is how long the parts of speech take at a voice's own rate, in seconds:
// fitted to Kokoro's zf_xiaoxiao (23 answers, off by at most 0.3 s) and, for
// English, to its af_sarah and Piper's joe.
type pace struct{ syllable, digit, comma, stop float64 }

func paceOf(language string) pace {
	if language == "en" {
		return pace{syllable: 0.186, digit: 0.26, comma: 0.1, stop: 0.33}
	}
	return pace{syllable: 0.194, digit: 0.26, comma: 0.377, stop: 0.483}
}

// Seconds estimates how long text takes to say at the voice's own rate.
func Seconds(text, language string) float64 {
	p := paceOf(language)
	var t, pause float64 // a pause counts once something follows it
	letters := 0
	say := func(d float64) {
		t += pause + d
		pause = 0
	}
	word := func() {
		if letters > 0 {
			// About three letters to a syllable; a word has at least one.
			say(math.Max(1, math.Round(float64(letters)/2.9)) * p.syllable)
			letters = 0
		}
	}
	for _, r := range spacePattern.ReplaceAllString(strings.TrimSpace(text), " ") {
		if r < unicode.MaxASCII && unicode.IsLetter(r) || r == '\'' || r == '’' {
			letters++
			continue
		}
		word()
		switch {
		case unicode.Is(unicode.Han, r):
			say(p.syllable)
		case unicode.IsDigit(r):
			say(p.digit)
		case strings.ContainsRune("，,、：:-", r):
			pause = max(pause, p.comma)
		case strings.ContainsRune("。！？!?；;.", r):
			pause = max(pause, p.stop)
		}
	}
	word()
	return t
}
