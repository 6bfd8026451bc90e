package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hotline/internal/call"
)

// PendingMessages are messages of calls that are over whose recording is to be
// recognised now, oldest first.
func (s *Store) PendingMessages(ctx context.Context, now time.Time, n int) ([]call.Wish, error) {
	return list(ctx, s.read, "list messages to recognise", func(from row) (call.Wish, error) {
		w, err := s.scanWish(from)
		return w.Wish, err
	}, `SELECT `+wishColumns+` FROM wishes WHERE transcript_state = $1 AND transcript_after <= $2
		AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = wishes.call_id AND calls.ended_at IS NULL)
		ORDER BY created_at, id LIMIT $3`, call.TranscriptPending, now.UnixMilli(), n)
}

// KeepTranscript keeps what a message says.
func (s *Store) KeepTranscript(ctx context.Context, id string, t call.Transcript) error {
	f := &sealing{s: s, table: "wishes", row: id}
	sealed := f.sealJSON("transcript", t)
	if f.err != nil {
		return f.err
	}
	urgent := 0
	if len(t.Urgent) > 0 {
		urgent = 1
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE wishes SET transcript = $2, transcript_state = $3, urgent = $4 WHERE id = $1`,
			id, sealed, call.TranscriptDone, urgent))("keep the transcript of " + id)
	})
}

// TranscriptFailed notes that a message could not be recognised: it is tried once more
// at a time, or, where that is zero, no more.
func (s *Store) TranscriptFailed(ctx context.Context, id string, again time.Time) error {
	state, after := call.TranscriptFailed, int64(0)
	if !again.IsZero() {
		state, after = call.TranscriptPending, again.UnixMilli()
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE wishes SET transcript_state = $2, transcript_after = $3, transcript_tries = transcript_tries + 1
			WHERE id = $1`, id, state, after))("note the message " + id)
	})
}

// TranscriptTries tells how often a message could not be recognised.
func (s *Store) TranscriptTries(ctx context.Context, id string) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT transcript_tries FROM wishes WHERE id = $1`, id).Scan(&n); err != nil {
		return 0, fmt.Errorf("tries of the message %s: %w", id, err)
	}
	return n, nil
}
