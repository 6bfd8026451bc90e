package moderation

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"

	"hotline/dialog/internal/lang"
)

// A symbol is a normalised character of a text and where it comes from.
type symbol struct {
	r          rune
	start, end int32
}

// breakRune stands where nothing may reach across: the end of a sentence, or a wide
// gap.
const breakRune = '\x00'

// maxText bounds what is looked at of a text, in bytes.
const maxText = 64 << 10

// fold normalises one character: compatibility and full-width forms, accents,
// capitals, traditional characters, and letters of other alphabets that look
// Latin. It yields nothing for marks and controls.
func fold(r rune, yield func(rune)) {
	switch {
	case r < 0x80:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		yield(r)
	case r >= 0x4e00 && r <= 0x9fff:
		yield(lang.SimplifyRune(r))
	case r >= 0xff01 && r <= 0xff5e:
		fold(r-0xfee0, yield)
	default:
		var buf [utf8.UTFMax]byte
		var out [32]byte
		for _, d := range string(norm.NFKD.Append(out[:0], buf[:utf8.EncodeRune(buf[:], r)]...)) {
			if unicode.Is(unicode.Mn, d) || unicode.Is(unicode.Cf, d) {
				continue
			}
			d = unicode.ToLower(d)
			if l, ok := looksLatin[d]; ok {
				d = l
			}
			yield(lang.SimplifyRune(d))
		}
	}
}

var looksLatin = map[rune]rune{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ѕ': 's', 'к': 'k', 'ɑ': 'a', 'ο': 'o', 'α': 'a', 'ν': 'v', 'ι': 'i', 'ß': 's',
}

func sentenceEnd(r rune) bool {
	switch r {
	case '。', '！', '？', '!', '?', '\n', '；', ';':
		return true
	}
	return false
}

// maxSkip is how many signs may be inserted between two characters of an entry.
const maxSkip = 4

// symbols are the letters and digits of a text, with what stands between them left
// out: the form in which Chinese is compared.
func symbols(text string) []symbol {
	out := make([]symbol, 0, len(text)/2+1)
	skipped := 0
	for i, r := range text {
		n := utf8.RuneLen(r)
		if n < 0 {
			n = 1
		}
		fold(r, func(f rune) {
			switch {
			case unicode.IsLetter(f) || unicode.IsDigit(f):
				out = append(out, symbol{f, int32(i), int32(i + n)})
				skipped = 0
			default:
				skipped++
				if (sentenceEnd(f) || skipped == maxSkip+1) && len(out) > 0 && out[len(out)-1].r != breakRune {
					out = append(out, symbol{breakRune, int32(i), int32(i)})
				}
			}
		})
	}
	if n := len(out); n > 0 && out[n-1].r == breakRune {
		out = out[:n-1]
	}
	return out
}

// latin are the words of a text, each between single spaces: the form in which
// other scripts are compared. With tight false every sign ends a word, and letters
// that stand alone are joined ("f.u.c.k", "f u c k"); with tight true only blanks
// end a word, and signs within are left out ("fu.ck").
func latin(text string, tight bool) []symbol {
	out := make([]symbol, 0, len(text)+2)
	out = append(out, symbol{' ', 0, 0})
	word := make([]symbol, 0, 32)
	single := 0 // words of one letter at the end of out
	flush := func() {
		if len(word) == 0 {
			return
		}
		word = unleet(word, tight)
		if len(word) == 1 && !tight {
			if single > 0 {
				out = out[:len(out)-1] // its space
			}
			single++
		} else {
			single = 0
		}
		out = append(out, word...)
		end := word[len(word)-1].end
		out = append(out, symbol{' ', end, end})
		word = word[:0]
	}
	for i, r := range text {
		n := utf8.RuneLen(r)
		if n < 0 {
			n = 1
		}
		fold(r, func(f rune) {
			s := symbol{f, int32(i), int32(i + n)}
			switch {
			case lang.Han(f):
				flush()
				if out[len(out)-1].r != breakRune {
					out = append(out, symbol{breakRune, s.start, s.start}, symbol{' ', s.start, s.start})
				}
				single = 0
			case unicode.IsLetter(f) || unicode.IsDigit(f) || (f == '@' || f == '$') && len(word) > 0, f == '@' || f == '$':
				word = append(word, s)
			case f == '\'' || f == '’' || f == '*' && len(word) > 0:
			case unicode.IsSpace(f) || !tight:
				flush()
				if sentenceEnd(f) {
					single = 0
				}
			}
		})
	}
	flush()
	return out
}

var leet = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's'}

// unleet reads digits and signs among letters as the letters that they look like,
// and shortens a letter that is drawn out.
func unleet(word []symbol, tight bool) []symbol {
	letters := false
	for _, s := range word {
		letters = letters || unicode.IsLetter(s.r)
	}
	most := 2
	if tight {
		most = 1
	}
	kept := word[:0]
	for i, s := range word {
		if l, ok := leet[s.r]; ok && letters {
			s.r = l
		}
		n := len(kept)
		run := 0
		for k := n - 1; k >= 0 && kept[k].r == s.r; k-- {
			run++
		}
		if run >= most && unicode.IsLetter(s.r) && drawnOut(word, i) {
			kept[n-1].end = s.end
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// drawnOut says whether the letter at i stands in a run of three or more.
func drawnOut(word []symbol, i int) bool {
	from, to := i, i
	for from > 0 && word[from-1].r == word[i].r {
		from--
	}
	for to+1 < len(word) && word[to+1].r == word[i].r {
		to++
	}
	return to-from >= 2
}

// soundBase is above every character.
const soundBase = rune(0x200000)

type syllables [0x9fff - 0x4e00 + 1]uint16

// sounds numbers the syllables of the common characters, without tone.
var sounds = sync.OnceValue(func() *syllables {
	var t syllables
	numbers := map[string]uint16{}
	args := pinyin.NewArgs()
	for r := rune(0x4e00); r <= 0x9fff; r++ {
		p := pinyin.SinglePinyin(r, args)
		if len(p) == 0 || p[0] == "" {
			continue
		}
		if _, ok := numbers[p[0]]; !ok {
			numbers[p[0]] = uint16(len(numbers) + 1)
		}
		t[r-0x4e00] = numbers[p[0]]
	}
	return &t
})

// sound is the syllable of a character, and anything else itself.
func sound(t *syllables, r rune) rune {
	if r >= 0x4e00 && r <= 0x9fff {
		if s := t[r-0x4e00]; s != 0 {
			return soundBase + rune(s)
		}
	}
	return r
}
