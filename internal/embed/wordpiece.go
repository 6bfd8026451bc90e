package embed

import (
	"fmt"
	"os"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is where BERT's tokenizer gives a word up, in characters.
const maxWord = 100

// wordPiece is BERT's uncased tokenizer: words are cut into the longest known
// pieces from the left.
type wordPiece struct {
	id            map[string]int64
	cls, sep, unk int64
}

// loadWordPiece reads vocab.txt, a piece a line, numbered from 0.
func loadWordPiece(path string) (*wordPiece, error) {
	b, err := os.ReadFile(path) //nolint:gosec // a file of a model that the operator named
	if err != nil {
		return nil, err
	}
	w := &wordPiece{id: map[string]int64{}}
	for i, line := range strings.Split(strings.TrimRight(string(b), "\r\n"), "\n") {
		w.id[strings.TrimSuffix(line, "\r")] = int64(i)
	}
	for name, id := range map[string]*int64{"[CLS]": &w.cls, "[SEP]": &w.sep, "[UNK]": &w.unk} {
		k, ok := w.id[name]
		if !ok {
			return nil, fmt.Errorf("%s: no %s, not a BERT vocabulary", path, name)
		}
		*id = k
	}
	return w, nil
}

func (w *wordPiece) encode(text string, limit int) []int64 {
	out := []int64{w.cls}
	for _, word := range words(cut(text, limit)) {
		out = append(out, w.pieces([]rune(word))...)
		if len(out) >= limit {
			break
		}
	}
	return append(out[:min(len(out), limit-1)], w.sep)
}

// pieces cuts a word; a word that cannot be cut is one unknown.
func (w *wordPiece) pieces(word []rune) []int64 {
	if len(word) > maxWord {
		return []int64{w.unk}
	}
	var ids []int64
	for from := 0; from < len(word); {
		id, to := int64(-1), len(word)
		for ; to > from; to-- {
			piece := string(word[from:to])
			if from > 0 {
				piece = "##" + piece
			}
			if k, ok := w.id[piece]; ok {
				id = k
				break
			}
		}
		if id < 0 {
			return []int64{w.unk}
		}
		ids = append(ids, id)
		from = to
	}
	return ids
}

// words splits as BERT's basic tokenizer does: lower case, accents off, every
// mark and every Chinese character a word of its own.
func words(text string) []string {
	var list []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			list = append(list, string(word))
			word = word[:0]
		}
	}
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == 0 || r == unicode.ReplacementChar:
		case unicode.IsSpace(r):
			flush()
		case mark(r) || unicode.Is(unicode.Han, r):
			flush()
			list = append(list, string(r))
		case unicode.IsControl(r):
		default:
			word = append(word, r)
		}
	}
	flush()
	return list
}

// mark says whether BERT counts r as punctuation: all of ASCII that is neither
// letter, digit nor space, and Unicode's punctuation.
func mark(r rune) bool {
	return r >= 33 && r <= 47 || r >= 58 && r <= 64 || r >= 91 && r <= 96 || r >= 123 && r <= 126 || unicode.IsPunct(r)
}
