package whisper

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokens is Whisper's byte-pair vocabulary.
type tokens struct {
	bytes [][]byte
	rank  map[string]int
}

var errTokens = errors.New("not a token table of lines \"BASE64 ID\"")

// maxTokens is above every Whisper vocabulary.
const maxTokens = 1 << 17

// readTokens reads lines of "BASE64 ID". A byte that is only a part of a
// character stands in the file as the rune U+E000+byte.
func readTokens(r io.Reader) (*tokens, error) {
	t := &tokens{rank: map[string]int{}}
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text, number, ok := strings.Cut(strings.TrimSpace(sc.Text()), " ")
		if !ok {
			if sc.Text() == "" {
				continue
			}
			return nil, fmt.Errorf("line %d: %w", line, errTokens)
		}
		id, err := strconv.Atoi(number)
		if err != nil || id < 0 || id >= maxTokens {
			return nil, fmt.Errorf("line %d: %w", line, errTokens)
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, errTokens)
		}
		b := undoPrivate(raw)
		for len(t.bytes) <= id {
			t.bytes = append(t.bytes, nil)
		}
		t.bytes[id] = b
		t.rank[string(b)] = id
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	if len(t.bytes) < 256 {
		return nil, errTokens
	}
	return t, nil
}

func openTokens(path string) (*tokens, error) {
	f, err := os.Open(path) //nolint:gosec // a model of the operator's
	if err != nil {
		return nil, fmt.Errorf("opening tokens: %w", err)
	}
	defer func() { _ = f.Close() }()
	t, err := readTokens(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return t, nil
}

func undoPrivate(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r >= 0xE000 && r <= 0xE0FF {
			out = append(out, byte(r-0xE000))
		} else {
			out = append(out, raw[:n]...)
		}
		raw = raw[n:]
	}
	return out
}

// encode appends the tokens of text to dst.
func (t *tokens) encode(dst []int64, text string) []int64 {
	for text != "" {
		n := wordLength(text)
		dst = t.encodeWord(dst, text[:n])
		text = text[n:]
	}
	return dst
}

// wordLength is the length of text's first word as the vocabulary was built on
// words: a space and what follows it of one class (letters, digits, the rest).
func wordLength(text string) int {
	const (
		space = iota
		letter
		digit
		other
	)
	class := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return space
		case unicode.IsLetter(r) || unicode.IsMark(r):
			return letter
		case unicode.IsNumber(r):
			return digit
		}
		return other
	}
	first, n := utf8.DecodeRuneInString(text)
	kind := class(first)
	if first == ' ' && n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if k := class(r); k != space {
			kind = k
			n += size
		}
	}
	for n < len(text) && n < 128 { // pairing is quadratic in a word's length
		r, size := utf8.DecodeRuneInString(text[n:])
		if class(r) != kind {
			break
		}
		n += size
	}
	return n
}

// encodeWord joins the pair of lowest rank until none is left.
func (t *tokens) encodeWord(dst []int64, word string) []int64 {
	ends := make([]int, len(word)) // each part's end
	for i := range ends {
		ends[i] = i + 1
	}
	for {
		best, at, from := maxTokens, -1, 0
		for i := 0; i+1 < len(ends); i++ {
			if r, ok := t.rank[word[from:ends[i+1]]]; ok && r < best {
				best, at = r, i
			}
			from = ends[i]
		}
		if at < 0 {
			break
		}
		ends = append(ends[:at], ends[at+1:]...)
	}
	from := 0
	for _, end := range ends {
		if id, ok := t.rank[word[from:end]]; ok {
			dst = append(dst, int64(id))
		}
		from = end
	}
	return dst
}

// decode is the text of ids; pieces of characters that do not come together are
// left out.
func (t *tokens) decode(ids []int64) string {
	var b []byte
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.bytes) {
			b = append(b, t.bytes[id]...)
		}
	}
	return strings.ToValidUTF8(string(b), "")
}

// readSimplified reads lines of "TRADITIONAL SIMPLIFIED", a rune each.
func readSimplified(r io.Reader) (map[rune]rune, error) {
	m := map[rune]rune{}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		a, b, ok := strings.Cut(strings.TrimSpace(sc.Text()), " ")
		from, n := utf8.DecodeRuneInString(a)
		to, k := utf8.DecodeRuneInString(b)
		if !ok || n != len(a) || k != len(b) {
			continue // a character that has no single counterpart
		}
		m[from] = to
	}
	return m, sc.Err()
}
