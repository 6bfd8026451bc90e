package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hotline/internal/call"
	"hotline/internal/callback"
)

var _ callback.Store = (*Store)(nil)

const callbackDue = `kind = 'callback' AND state = 'open' AND wanted_at IS NOT NULL`

// DueCallbacks implements callback.Store.
func (s *Store) DueCallbacks(ctx context.Context, now time.Time, n int) ([]call.Wish, error) {
	return s.callbacks(ctx, `SELECT `+wishColumns+` FROM wishes
		WHERE `+callbackDue+` AND calling = '' AND call_next IS NOT NULL AND call_next <= $1 ORDER BY wanted_at, id LIMIT `+strconv.Itoa(n), now.UnixMilli())
}

// RungCallbacks implements callback.Store.
func (s *Store) RungCallbacks(ctx context.Context) ([]call.Wish, error) {
	return s.callbacks(ctx, `SELECT `+wishColumns+` FROM wishes WHERE `+callbackDue+` AND calling <> '' ORDER BY wanted_at, id LIMIT 1000`)
}

func (s *Store) callbacks(ctx context.Context, query string, args ...any) ([]call.Wish, error) {
	return list(ctx, s.read, "list callbacks", func(from row) (call.Wish, error) {
		w, err := s.scanWish(from)
		return w.Wish, err
	}, query, args...)
}

// RingCallback implements callback.Store.
func (s *Store) RingCallback(ctx context.Context, id, callID string, now time.Time) (mine bool, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE wishes SET calling = $2, call_tries = call_tries + 1, call_next = $3, call_trouble = ''
			WHERE id = $1 AND `+callbackDue+` AND calling = ''`, id, callID, now.UnixMilli())
		if err != nil {
			return fmt.Errorf("ring callback %s: %w", id, err)
		}
		n, err := r.RowsAffected()
		mine = n == 1
		return err
	})
	return mine, err
}

// AfterCallback implements callback.Store.
func (s *Store) AfterCallback(ctx context.Context, id string, counts bool, next time.Time, trouble string) error {
	back := 1
	if counts {
		back = 0
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE wishes SET calling = '', call_tries = call_tries - $2, call_next = $3, call_trouble = $4
			WHERE id = $1 AND calling <> ''`, id, back, millis(next), trouble))("callback " + id)
	})
}

// MoveCallback puts a callback off to another moment, or gives it one, and begins its
// tries anew. Zero leaves it to people.
func (s *Store) MoveCallback(ctx context.Context, id string, at time.Time) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE wishes SET wanted_at = $2, call_next = $2, call_tries = 0, call_trouble = ''
			WHERE id = $1 AND kind = 'callback' AND calling = ''`, id, millis(at)))("callback " + id)
	})
}

// CallEnd implements callback.Store.
func (s *Store) CallEnd(ctx context.Context, id string) (r call.Record, ok bool, err error) {
	r, err = s.Call(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}
