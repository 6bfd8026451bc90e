package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/internal/call"
)

// The states of a review.
const (
	ReviewOpen     = "open"
	ReviewApproved = "approved"
	ReviewRefused  = "refused"
)

// Review is a decision that a flow has prepared and a person makes.
type Review struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	State     string            `json:"state" enum:"open,approved,refused"`
	Call      string            `json:"call,omitempty"`
	Number    string            `json:"number,omitempty"`
	Summary   string            `json:"summary"`
	Amount    string            `json:"amount,omitempty" doc:"what the flow proposes"`
	Fields    map[string]string `json:"fields,omitempty"`
	MadeAt    time.Time         `json:"made_at"`
	Decision  *Decision         `json:"decision,omitempty"`
	DecidedAt time.Time         `json:"decided_at,omitzero"`
	DecidedBy string            `json:"decided_by,omitempty"`
	SendAt    time.Time         `json:"send_at,omitzero" doc:"when the caller is told; until then it can be taken back"`
	SentAt    time.Time         `json:"sent_at,omitzero"`
	Version   int               `json:"version"`
}

// Decision is what was decided, and how the caller learns of it.
type Decision struct {
	Amount string `json:"amount,omitempty"`
	Text   string `json:"text,omitempty" doc:"what the caller is told"`
	Reason string `json:"reason,omitempty" doc:"for colleagues"`
	By     string `json:"by" enum:"sms,callback,none"`
}

type reviewed struct {
	Summary string            `json:"summary"`
	Amount  string            `json:"amount,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
}

const reviewColumns = `id, kind, state, call_id, number, proposed, decided, made_at, decided_at, decided_by, send_at, sent_at, version`

// AddReview keeps a prepared decision; one of the same id is left as it is. A wish of the
// same id goes in the same moment.
func (s *Store) AddReview(ctx context.Context, r Review, by string) (added bool, err error) {
	if r.MadeAt.IsZero() {
		r.MadeAt = s.now()
	}
	f := &sealing{s: s, table: "reviews", row: r.ID}
	args := []any{
		r.ID, r.Kind, cmp.Or(r.State, ReviewOpen), r.Call, f.seal("number", r.Number), f.sealJSON("proposed", reviewed{r.Summary, r.Amount, r.Fields}),
		r.MadeAt.UnixMilli(), millis(r.DecidedAt), r.DecidedBy, millis(r.SentAt), f.hash(wholeNumber, NormalNumber(r.Number)),
	}
	if f.err != nil {
		return false, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		added = false
		res, err := tx.ExecContext(ctx, `INSERT INTO reviews (id, kind, state, call_id, number, proposed, made_at, decided_at, decided_by, sent_at, version, number_hash)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11) ON CONFLICT (id) DO NOTHING`, args...)
		if err != nil {
			return fmt.Errorf("keep review: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM wishes WHERE id = $1 AND kind = 'review'`, r.ID); err != nil {
			return fmt.Errorf("keep review: %w", err)
		}
		if n == 0 {
			return nil
		}
		added = true
		return s.addNote(ctx, tx, "review_notes", "review_id", r.ID, Note{At: r.MadeAt, Actor: by, Kind: NoteCreated})
	})
	return added, err
}

// DecideReview moves a review that was read at its Version to what r says now.
// [ErrStale]: somebody else was faster, or the caller was told meanwhile.
func (s *Store) DecideReview(ctx context.Context, r Review, n Note) (Review, error) {
	f := &sealing{s: s, table: "reviews", row: r.ID}
	var decided []byte
	if r.Decision != nil {
		decided = f.sealJSON("decided", r.Decision)
	}
	if f.err != nil {
		return r, f.err
	}
	args := []any{r.ID, r.Version, r.State, decided, millis(r.DecidedAt), r.DecidedBy, millis(r.SendAt)}
	r.Version++
	return r, s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE reviews SET state = $3, decided = $4, decided_at = $5, decided_by = $6, send_at = $7, version = version + 1
			WHERE id = $1 AND version = $2 AND sent_at IS NULL`, args...)
		if err != nil {
			return fmt.Errorf("decide review %s: %w", r.ID, err)
		}
		if rows, err := res.RowsAffected(); err != nil {
			return err
		} else if rows == 0 {
			return fmt.Errorf("decide review %s: %w", r.ID, ErrStale)
		}
		return s.addNote(ctx, tx, "review_notes", "review_id", r.ID, n)
	})
}

// TellReview notes that a decision is final, and keeps what tells the caller and what
// tells other systems, all or nothing. [ErrStale]: it was taken back.
func (s *Store) TellReview(ctx context.Context, r Review, w *call.Wish, d *Delivery) (Review, error) {
	add := func(context.Context, *sql.Tx) error { return nil }
	var err error
	if w != nil {
		if add, err = s.wishAdder(*w); err != nil {
			return r, err
		}
	}
	now := s.now()
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE reviews SET sent_at = $3, send_at = NULL, version = version + 1 WHERE id = $1 AND version = $2 AND sent_at IS NULL`, r.ID, r.Version, now.UnixMilli())
		if err != nil {
			return fmt.Errorf("tell of review %s: %w", r.ID, err)
		}
		if rows, err := res.RowsAffected(); err != nil {
			return err
		} else if rows == 0 {
			return fmt.Errorf("tell of review %s: %w", r.ID, ErrStale)
		}
		if d != nil {
			if err := s.addDelivery(ctx, tx, *d); err != nil {
				return err
			}
		}
		return add(ctx, tx)
	})
	if err == nil {
		r.SentAt, r.SendAt, r.Version = now.UTC().Truncate(time.Millisecond), time.Time{}, r.Version+1
	}
	return r, err
}

// ReviewNotes are a review's history, oldest first.
func (s *Store) ReviewNotes(ctx context.Context, id string) ([]Note, error) {
	return s.notes(ctx, "review_notes", "review_id", id)
}

// Review is the one with this id.
func (s *Store) Review(ctx context.Context, id string) (Review, error) {
	r, err := s.scanReview(s.read.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM reviews WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Review{}, fmt.Errorf("review %s: %w", id, err)
	}
	return r, nil
}

func (s *Store) scanReview(from row) (Review, error) {
	var r Review
	var number, proposed, decided []byte
	if err := from.Scan(&r.ID, &r.Kind, &r.State, &r.Call, &number, &proposed, &decided, nullTime{&r.MadeAt}, nullTime{&r.DecidedAt}, &r.DecidedBy,
		nullTime{&r.SendAt}, nullTime{&r.SentAt}, &r.Version); err != nil {
		return r, err
	}
	f := &sealing{s: s, table: "reviews", row: r.ID}
	var p reviewed
	r.Number = f.open("number", number)
	f.openJSON("proposed", proposed, &p)
	r.Summary, r.Amount, r.Fields = p.Summary, p.Amount, p.Fields
	if len(decided) > 0 {
		r.Decision = &Decision{}
		f.openJSON("decided", decided, r.Decision)
	}
	return r, f.err
}

// ReviewFilter chooses reviews; a zero field chooses all.
type ReviewFilter struct {
	State, Kind, Call, Number string
	Limit                     int // default 50, at most 500
	Cursor                    string
}

// Reviews lists them: those that are open oldest first, others newest first.
func (s *Store) Reviews(ctx context.Context, f ReviewFilter) (p Page[Review], err error) {
	w := &where{}
	for _, c := range []struct{ column, v string }{{"state", f.State}, {"kind", f.Kind}, {"call_id", f.Call}} {
		if c.v != "" {
			w.add(c.column+" = ?", c.v)
		}
	}
	if n := NormalNumber(f.Number); n != "" {
		h := &sealing{s: s, table: "reviews"}
		whole := h.hashes(wholeNumber, n)
		w.add("number_hash IN (?, ?)", whole.is, whole.other)
		if h.err != nil {
			return p, h.err
		}
	}
	oldest := f.State == ReviewOpen
	sort := "review-" + direction(oldest)
	if err := w.after(f.Cursor, sort, "made_at", oldest); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	d := direction(oldest)
	return paged(ctx, s.read, "list reviews", limit, s.scanReview, func(last Review) cursor { return cursor{sort, last.MadeAt.UnixMilli(), last.ID} },
		fmt.Sprintf(`SELECT %s FROM reviews%s ORDER BY made_at %s, id %[3]s LIMIT %[4]d`, reviewColumns, w, d, limit+1), w.args...)
}

// ReviewsToTell are up to limit decisions whose time to be taken back is over.
func (s *Store) ReviewsToTell(ctx context.Context, limit int) ([]Review, error) {
	return s.reviews(ctx, ` WHERE send_at <= $1 ORDER BY send_at, id LIMIT `+strconv.Itoa(limit), s.now().UnixMilli())
}

func (s *Store) reviews(ctx context.Context, rest string, args ...any) ([]Review, error) {
	return list(ctx, s.read, "list reviews", func(from row) (Review, error) {
		return s.scanReview(from)
	}, strings.Join([]string{"SELECT", reviewColumns, "FROM reviews", rest}, " "), args...)
}

// CountReviews counts them by state.
func (s *Store) CountReviews(ctx context.Context) (map[string]int, error) {
	return counts(ctx, s.read, "count reviews", `SELECT state, COUNT(*) FROM reviews GROUP BY state`)
}
