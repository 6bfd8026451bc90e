package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of what retention deletes.
const (
	KeepRecordings  = "recordings"
	KeepTranscripts = "transcripts"
	KeepCalls       = "calls"
	KeepTickets     = "tickets"
	KeepAudit       = "audit"
)

// Kinds are what retention knows, in the order in which it works.
func Kinds() []string {
	return []string{KeepRecordings, KeepTranscripts, KeepCalls, KeepTickets, KeepAudit}
}

// expired says for each kind which rows of which table are older than $1.
type expired struct {
	kind, table, condition string
	column                 string                    // that the table must have
	delete                 func(ids string) []string // the statements for a list of ids
	key                    string                    // of a table without ids, of which rows go alone
}

// in tells whether the database has what it is about.
func (e expired) in(tables []table) bool {
	return slices.ContainsFunc(tables, func(t table) bool { return t.name == e.table && slices.Contains(t.columns, e.column) })
}

func expiries() []expired {
	return []expired{
		{kind: KeepTranscripts, table: "calls", condition: `ended_at < $1 AND (summary IS NOT NULL OR EXISTS (SELECT 1 FROM turns WHERE call_id = calls.id)
			OR EXISTS (SELECT 1 FROM call_events WHERE call_id = calls.id))`, column: "summary", delete: func(ids string) []string {
			return []string{
				`DELETE FROM turns WHERE call_id IN ` + ids, `DELETE FROM call_events WHERE call_id IN ` + ids,
				`DELETE FROM search_calls WHERE call_id IN ` + ids,
				`UPDATE calls SET summary = NULL WHERE id IN ` + ids,
			}
		}},
		{kind: KeepTranscripts, table: "wrapups", condition: `(draft IS NOT NULL OR working IS NOT NULL OR saved IS NOT NULL) AND call_id IN (SELECT id FROM calls WHERE ended_at < $1)`, column: "draft", delete: func(ids string) []string {
			return []string{`UPDATE wrapups SET draft = NULL, working = NULL, saved = NULL WHERE id IN ` + ids} // how long they took is nobody's data
		}},
		{kind: KeepTranscripts, table: "alerts", condition: `why IS NOT NULL AND raised_at < $1`, column: "why", delete: func(ids string) []string {
			return []string{`UPDATE alerts SET why = NULL WHERE id IN ` + ids}
		}},
		{kind: KeepCalls, table: "alerts", condition: `raised_at < $1`, column: "raised_at", delete: func(ids string) []string { return []string{`DELETE FROM alerts WHERE id IN ` + ids} }},
		{kind: KeepCalls, table: "calls", condition: `ended_at < $1`, column: "ended_at", delete: func(ids string) []string { return []string{`DELETE FROM calls WHERE id IN ` + ids} }},
		{kind: KeepCalls, table: "attempts", condition: `settled_at < $1`, column: "settled_at", delete: func(ids string) []string { return []string{`DELETE FROM attempts WHERE id IN ` + ids} }},
		// Who waits in a campaign that has stood still for so long is not called any more.
		{kind: KeepCalls, table: "contacts", condition: `(state NOT IN ('waiting', 'dialling') OR state = 'waiting' AND campaign_id IN (SELECT id FROM campaigns WHERE state <> 'running' AND changed_at < $1))
			AND added_at < $1 AND NOT EXISTS (SELECT 1 FROM attempts WHERE contact_id = contacts.id)`, column: "added_at", delete: func(ids string) []string {
			return []string{`DELETE FROM refusals WHERE contact_id IN ` + ids, `DELETE FROM contacts WHERE id IN ` + ids}
		}},
		{kind: KeepCalls, table: "refusals", condition: `last_at < $1`, column: "last_at", key: "contact_id, day, reason"},
		{kind: KeepCalls, table: "clock_refusals", condition: `last_at < $1`, column: "last_at", key: "campaign_id, clock, day, reason"},
		{kind: KeepTickets, table: "wishes", condition: `state = 'done' AND done_at < $1`, column: "done_at", delete: func(ids string) []string { return []string{`DELETE FROM wishes WHERE id IN ` + ids} }},
		{kind: KeepTickets, table: "tickets", condition: `closed_at < $1`, column: "closed_at", delete: func(ids string) []string { return []string{`DELETE FROM tickets WHERE id IN ` + ids} }},
		{kind: KeepTickets, table: "reviews", condition: `sent_at < $1`, column: "sent_at", delete: func(ids string) []string { return []string{`DELETE FROM reviews WHERE id IN ` + ids} }},
	}
}

// retentionBatch is how much one transaction deletes: calls write between them.
const retentionBatch = 200

// Expire deletes what a kind has from before a time, but files, and returns how many and
// how many such are left, which is none. Recordings go by ExpiredRecordings, the audit
// trail's oldest part goes as a whole.
func (s *Store) Expire(ctx context.Context, kind string, before time.Time) (deleted, left int, err error) {
	if kind == KeepAudit {
		return s.expireTrail(ctx, before)
	}
	there, err := s.tables(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range expiries() {
		if e.kind != kind || !e.in(there) {
			continue
		}
		n, err := s.expire(ctx, e, before)
		deleted += n
		if err != nil {
			return deleted, left, fmt.Errorf("delete old %s: %w", kind, err)
		}
	}
	if deleted > 0 {
		if err := s.forget(ctx); err != nil {
			return deleted, left, err
		}
	}
	left, err = s.Overdue(ctx, kind, before)
	return deleted, left, err
}

func (s *Store) expire(ctx context.Context, e expired, before time.Time) (deleted int, err error) {
	if e.key != "" {
		return s.expireRows(ctx, e, before)
	}
	for {
		ids, err := s.texts(ctx, fmt.Sprintf(`SELECT id FROM %s WHERE %s ORDER BY id LIMIT %d`, e.table, e.condition, retentionBatch), before.UnixMilli())
		if err != nil || len(ids) == 0 {
			return deleted, err
		}
		args := make([]any, len(ids))
		marks := make([]string, len(ids))
		for i, id := range ids {
			args[i], marks[i] = id, fmt.Sprintf("$%d", i+1)
		}
		err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, statement := range e.delete("(" + strings.Join(marks, ", ") + ")") {
				if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return deleted, err
		}
		deleted += len(ids)
	}
}

// expireRows is expire for a table whose rows have no ids.
func (s *Store) expireRows(ctx context.Context, e expired, before time.Time) (deleted int, err error) {
	for {
		var n int64
		err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s LIMIT %d)`, e.table, e.key, e.key, e.table, e.condition, retentionBatch), before.UnixMilli())
			if err == nil {
				n, err = r.RowsAffected()
			}
			return err
		})
		deleted += int(n)
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}

// texts are the values of a query's one column.
func (s *Store) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	return list(ctx, s.read, "read keys", func(from row) (text string, err error) {
		err = from.Scan(&text)
		return text, err
	}, query, args...)
}

// Overdue counts what a kind has from before a time.
func (s *Store) Overdue(ctx context.Context, kind string, before time.Time) (n int, err error) {
	count := func(query string) error {
		var m int
		if err := s.read.QueryRowContext(ctx, query, before.UnixMilli()).Scan(&m); err != nil {
			return fmt.Errorf("count old %s: %w", kind, err)
		}
		n += m
		return nil
	}
	switch kind {
	case KeepRecordings:
		return n, count(`SELECT COUNT(*) FROM calls WHERE recording <> '' AND ended_at < $1`)
	case KeepAudit:
		return n, count(`SELECT COUNT(*) FROM audit_trail WHERE at < $1`)
	}
	there, err := s.tables(ctx)
	if err != nil {
		return 0, err
	}
	for _, e := range expiries() {
		if e.kind == kind && e.in(there) {
			if err := count(`SELECT COUNT(*) FROM ` + e.table + ` WHERE ` + e.condition); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// Recorded is a call with its recording.
type Recorded struct {
	Call, File string
	Node       string // the server that recorded it; of EndedRecordings
}

// ExpiredRecordings are up to limit recordings of calls that ended before a time.
func (s *Store) ExpiredRecordings(ctx context.Context, before time.Time, limit int) ([]Recorded, error) {
	return list(ctx, s.read, "list old recordings", func(from row) (Recorded, error) {
		var r Recorded
		err := from.Scan(&r.Call, &r.File)
		return r, err
	}, `SELECT id, recording FROM calls WHERE recording <> '' AND ended_at < $1 ORDER BY id LIMIT $2`, before.UnixMilli(), limit)
}

// ForgetRecordings notes that the recordings of calls are gone.
func (s *Store) ForgetRecordings(ctx context.Context, calls []string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range calls {
			if _, err := tx.ExecContext(ctx, `UPDATE calls SET recording = '' WHERE id = $1`, id); err != nil {
				return fmt.Errorf("forget recordings: %w", err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE wishes SET recording = '' WHERE call_id = $1`, id); err != nil {
				return fmt.Errorf("forget recordings: %w", err)
			}
		}
		return nil
	})
}

// expireTrail deletes the audit trail's oldest part; its last row's hash is kept, so that
// the rest still is a chain that nobody has cut.
func (s *Store) expireTrail(ctx context.Context, before time.Time) (deleted, left int, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		deleted = 0
		var m trailMark
		err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM audit_trail WHERE at < $1 ORDER BY seq DESC LIMIT 1`, before.UnixMilli()).Scan(&m.Seq, &m.Hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM audit_trail WHERE seq <= $1`, m.Seq)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		deleted = int(n)
		return s.setTrailMark(ctx, tx, trailAnchor, m)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("delete the old audit trail: %w", err)
	}
	left, err = s.Overdue(ctx, KeepAudit, before)
	return deleted, left, err
}

// Left tells whether a call is over, or not known at all.
func (s *Store) Left(ctx context.Context, id string) (ended, known bool, err error) {
	var at sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT ended_at FROM calls WHERE id = $1`, id).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("call %s: %w", id, err)
	}
	return at.Valid, true, nil
}

// EndedRecordings lists the recordings of all calls that are over, by page: the next one
// begins behind the last call of this one.
func (s *Store) EndedRecordings(ctx context.Context, after string, limit int) ([]Recorded, error) {
	return list(ctx, s.read, "list recordings", func(from row) (Recorded, error) {
		var r Recorded
		err := from.Scan(&r.Call, &r.File, &r.Node)
		return r, err
	}, `SELECT id, recording, node FROM calls WHERE id > $1 AND recording <> '' AND ended_at IS NOT NULL ORDER BY id LIMIT $2`, after, limit)
}
