package embed

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// space is how SentencePiece writes a space inside pieces.
const space = '\u2581'

// unigram is a SentencePiece unigram tokenizer: of all ways to cut a text into
// known pieces it takes the one whose scores sum highest.
type unigram struct {
	piece              map[string]int64
	score              []float32
	norm               map[rune]string // what the normaliser makes of a character
	bos, eos, pad, unk int64
	unkScore           float32
	longest            int // bytes
}

// loadUnigram reads tokenizer.tsv: a line "#unigram bos eos pad unk unkScore",
// then "P score piece" in the order of the numbers and "N character
// replacement…" (code points).
func loadUnigram(path string) (*unigram, error) {
	f, err := os.Open(path) //nolint:gosec // a file of a model that the operator named
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	u := &unigram{piece: map[string]int64{}, norm: map[rune]string{}}
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	for n := 1; sc.Scan(); n++ {
		if err := u.line(strings.Split(sc.Text(), "\t")); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	n := int64(len(u.score))
	if len(u.piece) == 0 || max(u.bos, u.eos, u.pad, u.unk) >= n || min(u.bos, u.eos, u.pad, u.unk) < 0 {
		return nil, fmt.Errorf("%s: not a whole tokenizer", path)
	}
	return u, nil
}

func (u *unigram) line(field []string) error {
	switch {
	case field[0] == "#unigram" && len(field) >= 6:
		for i, id := range []*int64{&u.bos, &u.eos, &u.pad, &u.unk} {
			var err error
			if *id, err = strconv.ParseInt(field[i+1], 10, 32); err != nil {
				return err
			}
		}
		v, err := strconv.ParseFloat(field[5], 32)
		u.unkScore = float32(v)
		return err
	case field[0] == "P" && len(field) >= 3:
		v, err := strconv.ParseFloat(field[1], 32)
		if err != nil {
			return err
		}
		if field[2] != "" {
			u.piece[field[2]] = int64(len(u.score))
			u.longest = max(u.longest, len(field[2]))
		}
		u.score = append(u.score, float32(v))
	case field[0] == "N" && len(field) >= 3:
		from, err := strconv.ParseInt(field[1], 10, 32)
		if err != nil {
			return err
		}
		var b strings.Builder
		for s := range strings.FieldsSeq(field[2]) {
			to, err := strconv.ParseInt(s, 10, 32)
			if err != nil {
				return err
			}
			b.WriteRune(rune(to))
		}
		u.norm[rune(from)] = b.String()
	}
	return nil
}

// normalised is text as the pieces are written: characters mapped, spaces joined
// and shown, one before the first word.
func (u *unigram) normalised(text string) string {
	var b strings.Builder
	prev := ' ' // leading spaces go
	put := func(r rune) {
		if r == ' ' && prev == ' ' {
			return
		}
		if b.Len() == 0 {
			b.WriteRune(space)
		}
		prev = r
		if r == ' ' {
			r = space
		}
		b.WriteRune(r)
	}
	for _, r := range text {
		if s, ok := u.norm[r]; ok {
			for _, q := range s {
				put(q)
			}
		} else {
			put(r)
		}
	}
	return strings.TrimSuffix(b.String(), string(space))
}

func (u *unigram) encode(text string, limit int) []int64 {
	s := u.normalised(cut(text, limit))
	n := len(s)
	best := make([]float32, n+1) // of all ways to cut s[:i]
	from := make([]int, n+1)     // where the last piece of the best begins
	id := make([]int64, n+1)
	for i := 1; i <= n; i++ {
		best[i] = -1e30
	}
	for i := 0; i < n; {
		_, w := utf8.DecodeRuneInString(s[i:])
		for e := i + w; e <= n && e-i <= u.longest; {
			if k, ok := u.piece[s[i:e]]; ok {
				if v := best[i] + u.score[k]; v > best[e] {
					best[e], from[e], id[e] = v, i, k
				}
			}
			if e == n {
				break
			}
			_, next := utf8.DecodeRuneInString(s[e:])
			e += next
		}
		if v := best[i] + u.unkScore; v > best[i+w] {
			best[i+w], from[i+w], id[i+w] = v, i, u.unk
		}
		i += w
	}
	var back []int64
	for i := n; i > 0; i = from[i] {
		back = append(back, id[i])
	}
	out := []int64{u.bos}
	for k := len(back) - 1; k >= 0 && len(out) < limit-1; k-- {
		out = append(out, back[k])
	}
	return append(out, u.eos)
}

// cut bounds a text before it is tokenized: a token has at least a character in
// it, and hardly more than sixteen.
func cut(text string, limit int) string {
	if len(text) <= 16*limit {
		return text
	}
	n := 16 * limit
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
