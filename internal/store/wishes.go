package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hotline/internal/call"
)

var _ call.Wishes = (*Store)(nil)

// The states of a wish.
const (
	WishOpen = "open"
	WishDone = "done"
)

// Wish is a promise with who kept it.
type Wish struct {
	call.Wish
	DoneAt time.Time
	DoneBy string
}

const wishColumns = `id, kind, call_id, number, at_when, summary, reason, fields, recording, state, created_at, done_at, done_by, transcript, transcript_state, urgent, wanted_at,
	call_tries, call_next, calling, call_trouble`

// AddWish keeps a promise. One that is kept already (the same id) is left as it is,
// so that a caller who is not sure may try again.
func (s *Store) AddWish(ctx context.Context, w call.Wish) error {
	add, err := s.wishAdder(w)
	if err != nil {
		return err
	}
	return s.group.write(ctx, add)
}

// wishAdder is what keeps a promise within a transaction.
func (s *Store) wishAdder(w call.Wish) (func(context.Context, *sql.Tx) error, error) {
	if w.ID == "" {
		return nil, errors.New("keep wish: it has no id")
	}
	if w.CreatedAt.IsZero() {
		w.CreatedAt = s.now()
	}
	f := &sealing{s: s, table: "wishes", row: w.ID}
	var fields []byte
	if len(w.Fields) > 0 {
		fields = f.sealJSON("fields", w.Fields)
	}
	args := []any{
		w.ID, w.Kind, w.Call, f.seal("number", w.Number), f.seal("at_when", w.When), f.seal("summary", w.Summary), w.Reason, fields,
		w.Recording, cmp.Or(w.State, WishOpen), w.CreatedAt.UnixMilli(), f.hash(wholeNumber, NormalNumber(w.Number)), w.TranscriptState, millis(w.At),
	}
	if f.err != nil {
		return nil, f.err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wishes (id, kind, call_id, number, at_when, summary, reason, fields, recording, state,
				created_at, number_hash, done_by, transcript_state, wanted_at, call_next)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', $13, $14, $14) ON CONFLICT (id) DO NOTHING`, args...)
		if err != nil {
			return fmt.Errorf("keep wish %s: %w", w.ID, err)
		}
		return nil
	}, nil
}

// WishFilter chooses wishes; a zero field chooses all.
type WishFilter struct {
	State, Kind, Call string
	Number            string
	Limit             int // default 50, at most 500
	Cursor            string
}

// Wishes lists promises, newest first.
func (s *Store) Wishes(ctx context.Context, f WishFilter) (p Page[Wish], err error) {
	w := &where{}
	for column, v := range map[string]string{"state": f.State, "kind": f.Kind, "call_id": f.Call} {
		if v != "" {
			w.add(column+" = ?", v)
		}
	}
	if number := NormalNumber(f.Number); number != "" {
		h := &sealing{s: s, table: "wishes"}
		whole := h.hashes(wholeNumber, number)
		w.add("number_hash IN (?, ?)", whole.is, whole.other)
		if h.err != nil {
			return p, h.err
		}
	}
	const sort = "created"
	if err := w.after(f.Cursor, sort, "created_at", false); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	return paged(ctx, s.read, "list wishes", limit, s.scanWish, func(last Wish) cursor { return cursor{sort, last.CreatedAt.UnixMilli(), last.ID} },
		fmt.Sprintf(`SELECT %s FROM wishes%s ORDER BY created_at DESC, id DESC LIMIT %d`, wishColumns, w, limit+1), w.args...)
}

// Wish is the promise with this id.
func (s *Store) Wish(ctx context.Context, id string) (Wish, error) {
	w, err := s.scanWish(s.read.QueryRowContext(ctx, `SELECT `+wishColumns+` FROM wishes WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Wish{}, fmt.Errorf("wish %s: %w", id, err)
	}
	return w, nil
}

func (s *Store) scanWish(from row) (Wish, error) {
	var w Wish
	var number, when, summary, fields, transcript []byte
	if err := from.Scan(&w.ID, &w.Kind, &w.Call, &number, &when, &summary, &w.Reason, &fields, &w.Recording, &w.State,
		nullTime{&w.CreatedAt}, nullTime{&w.DoneAt}, &w.DoneBy, &transcript, &w.TranscriptState, &w.Urgent, nullTime{&w.At},
		&w.Tries, nullTime{&w.RungAt}, &w.Calling, &w.Trouble); err != nil {
		return w, err
	}
	f := &sealing{s: s, table: "wishes", row: w.ID}
	w.Number, w.When, w.Summary = f.open("number", number), f.open("at_when", when), f.open("summary", summary)
	f.openJSON("fields", fields, &w.Fields)
	f.openJSON("transcript", transcript, &w.Transcript)
	if w.Calling == "" {
		w.Next, w.RungAt = w.RungAt, time.Time{}
	}
	return w, f.err
}

// SetWish marks a promise as kept (done) by somebody, or opens it again.
func (s *Store) SetWish(ctx context.Context, id string, done bool, by string) error {
	state, at := WishOpen, any(nil)
	if done {
		state, at = WishDone, s.now().UnixMilli()
	} else {
		by = ""
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE wishes SET state = $2, done_at = $3, done_by = $4 WHERE id = $1`, id, state, at, by))("mark wish " + id)
	})
}

// OpenWishes counts what is still to do.
func (s *Store) OpenWishes(ctx context.Context) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM wishes WHERE state = $1`, WishOpen).Scan(&n); err != nil {
		return 0, fmt.Errorf("count wishes: %w", err)
	}
	return n, nil
}
