package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"hotline/internal/call"
)

// ErrQuery is returned for a text that is too short to be searched for.
var ErrQuery = errors.New("search for two Chinese characters, a word of two letters, or three letters at least")

const (
	searchPurpose = "search"
	maxTokens     = 20_000 // of one call: eight hours of talk
	tokensAtOnce  = 2000   // written together, of many calls
	queryTokens   = 24     // of one search
	maxCompared   = 1000   // calls that one search opens
	searchBatch   = 100
	maxQueryText  = 200
)

// plainText is a text as it is compared: small letters, digits, single spaces.
func plainText(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case r >= '！' && r <= '～': // full width
			r -= '！' - '!'
			fallthrough
		default:
			if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
				if space && b.Len() > 0 {
					b.WriteByte(' ')
				}
				space = false
				b.WriteRune(unicode.ToLower(r))
			} else {
				space = true
			}
		}
	}
	return b.String()
}

// dense tells letters of which two say as much as three of an alphabet.
func dense(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// tokens are what a text is found by: pairs of characters that are written without
// spaces, triples of letters and digits, and words of two.
func tokens(text string) map[string]bool {
	out := map[string]bool{}
	runs := strings.FieldsFunc(divide(plainText(text)), func(r rune) bool { return r == ' ' })
	for _, run := range runs {
		letters := []rune(run)
		n := 3
		if dense(letters[0]) || len(letters) == 2 {
			n = 2
		}
		for i := 0; i+n <= len(letters) && len(out) < maxTokens; i++ {
			out[string(letters[i:i+n])] = true
		}
	}
	return out
}

// divide puts a space where dense writing meets another.
func divide(text string) string {
	var b strings.Builder
	var last rune
	for _, r := range text {
		if last != 0 && last != ' ' && r != ' ' && dense(r) != dense(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// wordHashes are the keyed numbers of tokens, in the form that is written and in the one
// that the index may have: the same, or one for each. A word of a text is kept in one.
type wordHashes struct{ is, other []any }

func (w wordHashes) moving() bool { return len(w.other) > 0 }

// any is whichever form.
func (w wordHashes) any() []any { return slices.Concat(w.is, w.other) }

// hashed are the keyed numbers of tokens.
func (s *Store) hashed(set map[string]bool) (w wordHashes, err error) {
	seen := map[int64]int64{}
	for t := range set {
		is, other, err := s.cfg.Sealer.Numbers(searchPurpose, t)
		if err != nil {
			return w, err
		}
		seen[is] = other
	}
	w.is = make([]any, 0, len(seen))
	for is, other := range seen {
		w.is = append(w.is, is)
		if other != is {
			w.other = append(w.other, other)
		}
	}
	return w, nil
}

// IndexCalls makes up to limit calls findable that ended and are not yet, of those that
// began since a time, the latest first. It returns how many.
func (s *Store) IndexCalls(ctx context.Context, since time.Time, limit int) (n int, err error) {
	docs, err := list(ctx, s.read, "index calls", func(from row) (*document, error) {
		d := &document{words: map[string]bool{}}
		var summary []byte
		if err := from.Scan(&d.call, &summary); err != nil {
			return nil, err
		}
		f := &sealing{s: s, table: "calls", row: d.call}
		d.add(f.open("summary", summary))
		return d, f.err
	}, `SELECT id, summary FROM calls WHERE started_at >= $1 AND ended_at IS NOT NULL AND ended_at < $2
		AND NOT EXISTS (SELECT 1 FROM search_calls WHERE call_id = calls.id) ORDER BY started_at DESC LIMIT $3`,
		since.UnixMilli(), s.now().Add(-time.Second).UnixMilli(), limit)
	if err != nil {
		return 0, err
	}
	// A transaction takes more than a call that said little, and one call's tokens more
	// than it: so they are written together, up to a size that keeps no other waiting.
	var batch []*document
	tokens := 0
	write := func() error {
		if err := s.index(ctx, batch); err != nil {
			return fmt.Errorf("index calls: %w", err)
		}
		n += len(batch)
		batch, tokens = nil, 0
		return nil
	}
	for _, d := range docs {
		if err := s.hear(ctx, d); err != nil {
			return n, errors.Join(fmt.Errorf("index call %s: %w", d.call, err), write())
		}
		batch = append(batch, d)
		if tokens += len(d.tokens); tokens >= tokensAtOnce {
			if err := write(); err != nil {
				return n, err
			}
		}
	}
	return n, write()
}

// document is a call that is made findable.
type document struct {
	call   string
	words  map[string]bool
	tokens []any // hashed words, in the form that is written
}

func (d *document) add(text string) {
	for t := range tokens(text) {
		d.words[t] = true
	}
}

// hear adds to a document what was said.
func (s *Store) hear(ctx context.Context, d *document) error {
	turns, err := list(ctx, s.read, "turns of call "+d.call, func(from row) (string, error) {
		var i int
		var text []byte
		if err := from.Scan(&i, &text); err != nil {
			return "", err
		}
		f := &sealing{s: s, table: "turns", row: d.call + "/" + strconv.Itoa(i)}
		return f.open("text", text), f.err
	}, `SELECT idx, text FROM turns WHERE call_id = $1`, d.call)
	if err != nil {
		return err
	}
	for _, text := range turns {
		d.add(text)
	}
	words, err := s.hashed(d.words)
	d.tokens = words.is
	return err
}

// index writes documents in one transaction.
func (s *Store) index(ctx context.Context, docs []*document) error {
	if len(docs) == 0 {
		return nil
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var doc int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(doc), 0) + 1 FROM search_calls`).Scan(&doc); err != nil {
			return err
		}
		for _, d := range docs {
			// Another node may have been first, or the call is gone.
			res, err := s.group.exec(ctx, tx, `INSERT INTO search_calls (doc, call_id) SELECT $1, id FROM calls WHERE id = $2 ON CONFLICT DO NOTHING`, doc, d.call)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := putTokens(ctx, tx, doc, d.tokens); err != nil {
				return err
			}
			doc++
		}
		return nil
	})
}

func putTokens(ctx context.Context, tx *sql.Tx, doc int64, tokens []any) error {
	for part := range slices.Chunk(tokens, 1000) {
		var b strings.Builder
		args := append([]any{doc}, part...)
		for i := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d, $1)", i+2)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO search_tokens (token, doc) VALUES `+b.String(), args...); err != nil { //nolint:gosec // placeholders
			return err
		}
	}
	return nil
}

// said is all text of a call.
func (s *Store) said(ctx context.Context, id string) ([]string, error) {
	r, err := s.Call(ctx, id)
	if err != nil {
		return nil, err
	}
	turns, err := s.Turns(ctx, id)
	if err != nil {
		return nil, err
	}
	said := []string{r.Summary}
	for _, t := range turns {
		said = append(said, t.Text)
	}
	return said, nil
}

// query is a search in calls: a number or words that must all have been said.
type query struct {
	number string
	words  []string
}

func parseQuery(text string) query {
	q := query{}
	if r := []rune(text); len(r) > maxQueryText {
		text = string(r[:maxQueryText])
	}
	if n := NormalNumber(text); len(n) >= tailDigits && strings.Trim(n, "0123456789") == "" {
		q.number = n
	}
	q.words = strings.Fields(plainText(text))
	return q
}

// narrow adds the condition of what may be found: what the tokens say.
func (s *Store) narrowQuery(w *where, q query) error {
	set := map[string]bool{}
	for _, word := range q.words {
		for t := range tokens(word) {
			if len(set) < queryTokens {
				set[t] = true
			}
		}
	}
	if len(set) == 0 {
		return ErrQuery
	}
	words, err := s.hashed(set)
	if err != nil {
		return err
	}
	args := words.any()
	condition := `id IN (SELECT call_id FROM search_calls WHERE doc IN (SELECT doc FROM search_tokens WHERE token IN (?` +
		strings.Repeat(", ?", len(args)-1) + fmt.Sprintf(`) GROUP BY doc HAVING COUNT(*) = %d))`, len(words.is))
	if q.number != "" {
		h := &sealing{s: s, table: "calls"}
		whole, tailed := h.hashes(wholeNumber, q.number), hashes{}
		if len(q.number) == tailDigits {
			tailed = h.hashes(numberTail, q.number)
		}
		if h.err != nil {
			return h.err
		}
		condition = `(caller_hash IN (?, ?) OR called_hash IN (?, ?) OR (caller_tail IN (?, ?) OR called_tail IN (?, ?)) AND ? <> '' OR ` + condition + `)`
		args = append([]any{whole.is, whole.other, whole.is, whole.other, tailed.is, tailed.other, tailed.is, tailed.other, tailed.is}, args...)
	}
	w.add(condition, args...)
	return nil
}

// matches compares a call with a search: tokens fall together, and say nothing of order.
func (s *Store) matches(ctx context.Context, r call.Record, q query) (bool, error) {
	if q.number != "" {
		for _, n := range []string{NormalNumber(r.Caller), NormalNumber(r.Called)} {
			if n == q.number || len(q.number) == tailDigits && tail(n) == q.number {
				return true, nil
			}
		}
	}
	said, err := s.said(ctx, r.ID)
	if err != nil {
		return false, err
	}
	var all strings.Builder
	for _, text := range said {
		all.WriteString(plainText(text))
		all.WriteByte('\n')
	}
	text := all.String()
	for _, w := range q.words {
		if !strings.Contains(text, w) {
			return false, nil
		}
	}
	return true, nil
}

// SearchCalls is Calls for those in which the words of f.Query were said, or a number
// that it may be. Calls in progress are found once they are over. It opens a bounded
// number of calls; the page may be short and yet have a next one.
func (s *Store) SearchCalls(ctx context.Context, f Filter) (p Page[call.Record], err error) {
	q := parseQuery(f.Query)
	limit := min(max(f.Limit, 0), 500)
	if limit == 0 {
		limit = 50
	}
	f.Limit = searchBatch
	for compared := 0; compared < maxCompared; {
		part, err := s.listCalls(ctx, f, &q)
		if err != nil {
			return p, err
		}
		for i, r := range part.Items {
			ok, err := s.matches(ctx, r, q)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return p, err
			}
			compared++
			if !ok {
				continue
			}
			p.Items = append(p.Items, r)
			if len(p.Items) == limit {
				if i < len(part.Items)-1 || part.Next != "" {
					p.Next = f.cursorOf(r)
				}
				return p, nil
			}
		}
		if p.Next = part.Next; p.Next == "" {
			return p, nil
		}
		f.Cursor = part.Next
	}
	return p, nil
}

// cursorOf is the cursor behind a call in the list of a filter.
func (f Filter) cursorOf(r call.Record) string {
	key := r.StartedAt.UnixMilli()
	sort := "started"
	if f.Sort == "duration" {
		key, sort = 0, f.Sort
		if !r.EndedAt.IsZero() && !r.AnsweredAt.IsZero() {
			key = max(0, r.EndedAt.Sub(r.AnsweredAt).Milliseconds())
		}
	}
	return cursor{sort + direction(f.Oldest), key, r.ID}.String()
}
