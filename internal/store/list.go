package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline/internal/call"
)

// ErrCursor is returned for a cursor that no list gave, or of another sort.
var ErrCursor = errors.New("the cursor does not belong to this list")

// Filter chooses calls; a zero field chooses all.
type Filter struct {
	Live      *bool // in progress, or ended
	From, To  time.Time
	Outcomes  []call.Outcome
	Line      string
	Direction string
	Agent     string
	// Agents are those whose calls are wanted, "" for calls that no agent had.
	Agents []string
	// Number of either side: the whole one in any usual form, or its last four digits.
	Number string
	// Query is what was said: words that all occur, or a number.
	Query string

	Sort   string // "started" (default) or "duration"
	Oldest bool   // ascending
	Limit  int    // default 50, at most 500
	Cursor string // of the page before
}

// Page is a part of a list; Next is the cursor of the part behind it, "" at the end.
type Page[T any] struct {
	Items []T
	Next  string
}

// where collects conditions with their arguments.
type where struct {
	conditions []string
	args       []any
}

// add takes a condition in which each ? is the next argument.
func (w *where) add(condition string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// cursor is a place in a list: the sort value and the id of the last row.
type cursor struct {
	Sort string `json:"s"`
	Key  int64  `json:"k"`
	ID   string `json:"i"`
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // three plain fields always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// after narrows w to the rows behind the cursor text, in the sort that it was made for.
func (w *where) after(text, sort, column string, oldest bool) error {
	if text == "" {
		return nil
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Sort != sort {
		return ErrCursor
	}
	comparison := "<"
	if oldest {
		comparison = ">"
	}
	w.add("("+column+", id) "+comparison+" (?, ?)", c.Key, c.ID)
	return nil
}

func direction(oldest bool) string {
	if oldest {
		return "ASC"
	}
	return "DESC"
}

// Calls lists calls, newest first unless the filter says otherwise.
func (s *Store) Calls(ctx context.Context, f Filter) (p Page[call.Record], err error) {
	if f.Query != "" {
		return s.SearchCalls(ctx, f)
	}
	return s.listCalls(ctx, f, nil)
}

func (s *Store) listCalls(ctx context.Context, f Filter, q *query) (p Page[call.Record], err error) {
	w, err := s.filter(f)
	if err == nil && q != nil {
		err = s.narrowQuery(w, *q)
	}
	if err != nil {
		return p, err
	}
	column, sort := "started_at", cmp.Or(f.Sort, "started")
	switch sort {
	case "started":
	case "duration":
		column = "duration_ms"
	default:
		return p, fmt.Errorf("list calls: no sort %q", f.Sort)
	}
	sort += direction(f.Oldest)
	if err := w.after(f.Cursor, sort, column, f.Oldest); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`SELECT %s, %s FROM calls%s ORDER BY %s %s, id %[5]s LIMIT %[6]d`,
		callColumns, column, w, column, direction(f.Oldest), limit+1), w.args...)
	if err != nil {
		return p, fmt.Errorf("list calls: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last cursor
	for rows.Next() {
		if len(p.Items) == limit {
			p.Next = last.String()
			break
		}
		last = cursor{Sort: sort}
		r, err := s.scanCall(rows, &last.Key)
		if err != nil {
			return p, fmt.Errorf("list calls: %w", err)
		}
		last.ID = r.ID
		p.Items = append(p.Items, r)
	}
	return p, rows.Err()
}

func (s *Store) filter(f Filter) (*where, error) {
	w := &where{}
	if f.Live != nil && *f.Live {
		w.add("ended_at IS NULL")
	} else if f.Live != nil {
		w.add("ended_at IS NOT NULL")
	}
	if !f.From.IsZero() {
		w.add("started_at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		w.add("started_at < ?", f.To.UnixMilli())
	}
	if n := len(f.Outcomes); n > 0 {
		args := make([]any, n)
		for i, o := range f.Outcomes {
			args[i] = string(o)
		}
		w.add("outcome IN (?"+strings.Repeat(", ?", n-1)+")", args...)
	}
	for column, v := range map[string]string{"line": f.Line, "direction": f.Direction, "agent": f.Agent} {
		if v != "" {
			w.add(column+" = ?", v)
		}
	}
	if n := len(f.Agents); n > 0 {
		args := make([]any, n)
		for i, a := range f.Agents {
			args[i] = a
		}
		w.add("agent IN (?"+strings.Repeat(", ?", n-1)+")", args...)
	}
	if number := NormalNumber(f.Number); number != "" {
		h := &sealing{s: s, table: "calls"}
		if len(number) == tailDigits && tail(number) != "" {
			t := h.hashes(numberTail, number)
			whole := h.hashes(wholeNumber, number) // an extension of four digits is its own tail
			w.add("(caller_tail IN (?, ?) OR called_tail IN (?, ?) OR caller_hash IN (?, ?) OR called_hash IN (?, ?))",
				t.is, t.other, t.is, t.other, whole.is, whole.other, whole.is, whole.other)
		} else {
			whole := h.hashes(wholeNumber, number)
			w.add("(caller_hash IN (?, ?) OR called_hash IN (?, ?))", whole.is, whole.other, whole.is, whole.other)
		}
		if h.err != nil {
			return nil, h.err
		}
	}
	return w, nil
}

// LastTurns are the newest turns of the calls, by call: what the wall shows of them.
func (s *Store) LastTurns(ctx context.Context, calls []string) (map[string]call.TurnRecord, error) {
	last := make(map[string]call.TurnRecord, len(calls))
	for _, id := range calls {
		t := call.TurnRecord{Call: id}
		var text []byte
		err := s.read.QueryRowContext(ctx, `SELECT idx, speaker, text, start_ms, end_ms, response_ms, emotion FROM turns
			WHERE call_id = $1 ORDER BY idx DESC LIMIT 1`, id).Scan(&t.Index, &t.Speaker, &text, &t.StartMS, &t.EndMS, &t.ResponseMS, &t.Emotion)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("last turn of call %s: %w", id, err)
		}
		f := &sealing{s: s, table: "turns", row: fmt.Sprintf("%s/%d", id, t.Index)}
		t.Text = f.open("text", text)
		if f.err != nil {
			return nil, f.err
		}
		last[id] = t
	}
	return last, nil
}

// LiveCalls counts the calls in progress.
func (s *Store) LiveCalls(ctx context.Context) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM calls WHERE ended_at IS NULL`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count calls: %w", err)
	}
	return n, nil
}

// Figures are what a stretch of time amounts to.
type Figures struct {
	Calls    int                  // that began in it
	Outcomes map[call.Outcome]int // of them
	Hours    []int                // calls that began in each hour from its start
	// Response time of the bot's turns, ms: the median and what 95 % keep within.
	Turns                    int
	ResponseP50, ResponseP95 int64
}

// Figures sums up the calls and turns of [from, to). Calls to test lines do not count.
func (s *Store) Figures(ctx context.Context, from, to time.Time) (f Figures, err error) {
	f.Outcomes = map[call.Outcome]int{}
	const hour = int64(time.Hour / time.Millisecond)
	f.Hours = make([]int, max(0, (to.UnixMilli()-from.UnixMilli()+hour-1)/hour))
	rows, err := s.read.QueryContext(ctx, `SELECT outcome, (started_at - $1) / 3600000, COUNT(*) FROM calls
		WHERE started_at >= $1 AND started_at < $2 AND line <> $3 GROUP BY 1, 2`, from.UnixMilli(), to.UnixMilli(), call.TestLine)
	if err != nil {
		return f, fmt.Errorf("sum up calls: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var outcome call.Outcome
		var at, n int
		if err := rows.Scan(&outcome, &at, &n); err != nil {
			return f, fmt.Errorf("sum up calls: %w", err)
		}
		f.Calls += n
		f.Outcomes[outcome] += n
		f.Hours[at] += n
	}
	if err := rows.Err(); err != nil {
		return f, fmt.Errorf("sum up calls: %w", err)
	}
	const measured = ` FROM turns WHERE response_ms > 0 AND at >= $1 AND at < $2`
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*)`+measured, from.UnixMilli(), to.UnixMilli()).Scan(&f.Turns); err != nil {
		return f, fmt.Errorf("sum up turns: %w", err)
	}
	for q, result := range map[int]*int64{50: &f.ResponseP50, 95: &f.ResponseP95} {
		if f.Turns == 0 {
			break
		}
		// The q-th percentile by nearest rank.
		rank := (f.Turns*q+99)/100 - 1
		if err := s.read.QueryRowContext(ctx, `SELECT response_ms`+measured+` ORDER BY response_ms LIMIT 1 OFFSET $3`,
			from.UnixMilli(), to.UnixMilli(), rank).Scan(result); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return f, fmt.Errorf("sum up turns: %w", err)
		}
	}
	return f, nil
}
