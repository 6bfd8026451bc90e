package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hotline/internal/seal"
)

// TrailEntry is a row of the audit trail: who did or saw what.
type TrailEntry struct {
	Seq     int64             `json:"seq"`
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor" doc:"a user, \"token NAME\", \"command\" or \"server\""`
	Role    Role              `json:"role,omitempty"`
	Action  string            `json:"action" doc:"what was done: an operation of the API, or login, locked, retention, key.rotated and the like"`
	Subject string            `json:"subject,omitempty" doc:"to what: the id of a call, the name of a user"`
	Detail  map[string]string `json:"detail,omitempty"`
	Hash    string            `json:"-"`
}

// ErrTrail is returned for an audit trail in which a row was changed, put in or taken
// out by something else than this program.
var ErrTrail = errors.New("the audit trail is broken")

const (
	trailPurpose = "audit-trail"
	trailHead    = "audit.head"   // setting: the newest row, so that none is cut off the end
	trailAnchor  = "audit.anchor" // setting: the newest row that retention has deleted
)

// trailMark is a row's place in the chain.
type trailMark struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// AddTrail appends a row. Rows are never changed; only retention deletes the oldest.
// Each hash is keyed and covers the row and the hash before it, so that who can write to
// the database but has no key cannot change the past unnoticed.
func (s *Store) AddTrail(ctx context.Context, e TrailEntry) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.addTrail(ctx, tx, e) })
}

func (s *Store) addTrail(ctx context.Context, tx *sql.Tx, e TrailEntry) error {
	e.At = s.now()
	var last trailMark
	err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM audit_trail ORDER BY seq DESC LIMIT 1`).Scan(&last.Seq, &last.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		last, err = s.trailMark(ctx, tx, trailAnchor)
	}
	if err != nil {
		return fmt.Errorf("keep the audit trail: %w", err)
	}
	e.Seq = last.Seq + 1
	f := &sealing{s: s, table: "audit_trail", row: strconv.FormatInt(e.Seq, 10)}
	var detail []byte
	if len(e.Detail) > 0 {
		detail = f.sealJSON("detail", e.Detail)
	}
	if e.Hash, err = s.trailHash(last.Hash, e, s.trailForm(last.Hash)); err != nil {
		return err
	}
	if f.err != nil {
		return f.err
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO audit_trail (seq, at, actor, role, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.Seq, e.At.UnixMilli(), e.Actor, string(e.Role), e.Action, e.Subject, detail, e.Hash); err != nil {
		return fmt.Errorf("keep the audit trail: %w", err)
	}
	return s.setTrailMark(ctx, tx, trailHead, trailMark{e.Seq, e.Hash})
}

// trailForm is the form of the next row's hash. Rows keep theirs when the keys are rotated,
// and none has an older one than the row before: so what was written by former keys is
// covered by what the newest has made.
func (s *Store) trailForm(before string) int {
	return max(seal.FormOf(before), s.cfg.Sealer.Form())
}

// trailHash covers what a row says, in the clear, so that it outlasts the rotation of keys.
func (s *Store) trailHash(before string, e TrailEntry, form int) (string, error) {
	text, err := json.Marshal([]any{before, e.Seq, e.At.UnixMilli(), e.Actor, e.Role, e.Action, e.Subject, e.Detail})
	if err != nil {
		return "", fmt.Errorf("keep the audit trail: %w", err)
	}
	return s.cfg.Sealer.HashAs(form, trailPurpose, string(text))
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) trailMark(ctx context.Context, from querier, key string) (m trailMark, err error) {
	var sealed []byte
	err = from.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = $1`, key).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	f := &sealing{s: s, table: "settings", row: key}
	f.openJSON("value", sealed, &m)
	return m, f.err
}

func (s *Store) setTrailMark(ctx context.Context, tx *sql.Tx, key string, m trailMark) error {
	f := &sealing{s: s, table: "settings", row: key}
	sealed := f.sealJSON("value", m)
	if f.err != nil {
		return f.err
	}
	if _, err := s.group.exec(ctx, tx, putSetting, key, sealed, s.now().UnixMilli()); err != nil {
		return fmt.Errorf("keep the audit trail: %w", err)
	}
	return nil
}

// TrailFilter chooses rows of the audit trail; a zero field chooses all.
type TrailFilter struct {
	Actor, Action, Subject string
	From, To               time.Time
	Limit                  int // default 50, at most 500
	Cursor                 string
}

const trailColumns = `seq, at, actor, role, action, subject, detail, hash`

// Trail lists the audit trail, newest first.
func (s *Store) Trail(ctx context.Context, f TrailFilter) (p Page[TrailEntry], err error) {
	w := &where{}
	for column, v := range map[string]string{"actor": f.Actor, "action": f.Action, "subject": f.Subject} {
		if v != "" {
			w.add(column+" = ?", v)
		}
	}
	if !f.From.IsZero() {
		w.add("at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		w.add("at < ?", f.To.UnixMilli())
	}
	if f.Cursor != "" {
		seq, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return p, ErrCursor
		}
		w.add("seq < ?", seq)
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	p.Items, err = s.trail(ctx, fmt.Sprintf(`SELECT %s FROM audit_trail%s ORDER BY seq DESC LIMIT %d`, trailColumns, w, limit+1), w.args...)
	if err != nil {
		return p, err
	}
	if len(p.Items) > limit {
		p.Items = p.Items[:limit]
		p.Next = strconv.FormatInt(p.Items[limit-1].Seq, 10)
	}
	return p, nil
}

func (s *Store) trail(ctx context.Context, query string, args ...any) ([]TrailEntry, error) {
	return list(ctx, s.read, "read the audit trail", func(from row) (TrailEntry, error) {
		var e TrailEntry
		var detail []byte
		if err := from.Scan(&e.Seq, nullTime{&e.At}, &e.Actor, &e.Role, &e.Action, &e.Subject, &detail, &e.Hash); err != nil {
			return e, err
		}
		f := &sealing{s: s, table: "audit_trail", row: strconv.FormatInt(e.Seq, 10)}
		f.openJSON("detail", detail, &e.Detail)
		return e, f.err
	}, query, args...)
}

// TrailState is what a check of the whole audit trail found.
type TrailState struct {
	Rows       int64
	First      time.Time // of the oldest row
	Last       int64     // seq of the newest row
	Head       string    // its hash: kept elsewhere too, it proves the trail up to it
	BrokenAt   int64     // seq of the first row that does not fit; 0: none
	BrokenText string
}

// CheckTrail follows the chain from its first row to its last. Its error is of reading;
// a broken chain is in the state.
func (s *Store) CheckTrail(ctx context.Context) (state TrailState, err error) {
	head, err := s.trailMark(ctx, s.read, trailHead) // first: rows may be added meanwhile
	if err != nil {
		return state, fmt.Errorf("read the audit trail: %w", err)
	}
	last, err := s.trailMark(ctx, s.read, trailAnchor)
	if err != nil {
		return state, fmt.Errorf("read the audit trail: %w", err)
	}
	const page = 500
	for {
		items, err := s.trail(ctx, fmt.Sprintf(`SELECT %s FROM audit_trail WHERE seq > $1 ORDER BY seq LIMIT %d`, trailColumns, page), last.Seq)
		if err != nil {
			return state, err
		}
		for _, e := range items {
			form := max(seal.FormOf(e.Hash), seal.FormOf(last.Hash))
			want, err := s.trailHash(last.Hash, e, form)
			if err != nil && !errors.Is(err, seal.ErrKey) { // a form that there is not was put in by hand
				return state, err
			}
			switch {
			case state.BrokenAt > 0:
			case e.Seq != last.Seq+1:
				state.BrokenAt, state.BrokenText = last.Seq+1, fmt.Sprintf("rows %d to %d are missing", last.Seq+1, e.Seq-1)
			case want != e.Hash:
				state.BrokenAt, state.BrokenText = e.Seq, fmt.Sprintf("row %d was changed, or one before it", e.Seq)
			}
			if state.Rows == 0 {
				state.First = e.At
			}
			state.Rows++
			last = trailMark{e.Seq, e.Hash}
		}
		if len(items) < page {
			break
		}
	}
	state.Last, state.Head = last.Seq, last.Hash
	if state.BrokenAt == 0 && head.Seq > last.Seq {
		state.BrokenAt, state.BrokenText = last.Seq+1, fmt.Sprintf("rows %d to %d are missing at the end", last.Seq+1, head.Seq)
	}
	return state, nil
}
