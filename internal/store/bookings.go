package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/oklog/ulid/v2"

	"hotline/internal/action"
)

var (
	_ action.Bookings = (*Store)(nil)
	_ action.Queue    = messages{}
)

// Take takes one of the places of key and keeps fields, which are personal data;
// false says that none is left. It implements action.Bookings.
func (s *Store) Take(ctx context.Context, key string, places int, fields map[string]string) (bool, error) {
	id := ulid.Make().String()
	f := &sealing{s: s, table: "bookings", row: id}
	var sealed []byte
	if len(fields) > 0 {
		sealed = f.sealJSON("fields", fields)
	}
	if f.err != nil {
		return false, f.err
	}
	at := s.now().UnixMilli()
	taken := false
	err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		taken = false // it may be run twice
		if _, err := tx.ExecContext(ctx, `INSERT INTO booking_counts (place, taken) VALUES ($1, 0) ON CONFLICT (place) DO NOTHING`, key); err != nil {
			return fmt.Errorf("take a place: %w", err)
		}
		r, err := tx.ExecContext(ctx, `UPDATE booking_counts SET taken = taken + 1 WHERE place = $1 AND taken < $2`, key, places)
		if err != nil {
			return fmt.Errorf("take a place: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO bookings (id, place, fields, created_at) VALUES ($1, $2, $3, $4)`, id, key, sealed, at); err != nil {
			return fmt.Errorf("keep a booking: %w", err)
		}
		taken = true
		return nil
	})
	return taken && err == nil, err
}

// Messages is the queue of short messages that callers were promised.
func (s *Store) Messages() action.Queue { return messages{s} }

type messages struct{ s *Store }

// Waiting implements action.Queue.
func (m messages) Waiting(ctx context.Context, n int) ([]action.Message, error) {
	return list(ctx, m.s.read, "list short messages", func(from row) (action.Message, error) {
		w, err := m.s.scanWish(from)
		if err != nil {
			return action.Message{}, err
		}
		return action.Message{ID: w.ID, To: w.Number, Text: w.Summary, Call: w.Call, At: w.CreatedAt}, nil
	}, `SELECT `+wishColumns+` FROM wishes WHERE state = $1 AND kind = 'sms' ORDER BY created_at, id LIMIT $2`, WishOpen, n)
}

// Sent implements action.Queue.
func (m messages) Sent(ctx context.Context, id string) error {
	return m.s.SetWish(ctx, id, true, "gateway")
}
