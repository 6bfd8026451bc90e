package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hotline/internal/call"
	"hotline/internal/call/answer"
)

var _ call.Journal = (*Store)(nil)

const callColumns = `id, sip_call_id, line, language, direction, caller, called, started_at, answered_at, ended_at,
	outcome, transfer_reason, agent, end_cause, error, recording, summary, codec, media, signalling, trunk, sip_status, end_reason, satisfaction`

const insertCall = `INSERT INTO calls (` + callColumns + `, caller_hash, caller_tail, called_hash, called_tail, duration_ms, node)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)`

// keepCall leaves node as it is: a call ends where it began.
const keepCall = insertCall + ` ON CONFLICT (id) DO UPDATE SET sip_call_id = $2, line = $3, language = $4, direction = $5, caller = $6, called = $7,
	started_at = $8, answered_at = $9, ended_at = $10, outcome = $11, transfer_reason = $12, agent = $13, end_cause = $14,
	error = $15, recording = $16, summary = $17, codec = $18, media = $19, signalling = $20, trunk = $21, sip_status = $22,
	end_reason = $23, satisfaction = $24, caller_hash = $25, caller_tail = $26, called_hash = $27, called_tail = $28, duration_ms = $29`

// Begin keeps a new call. One that is kept already is replaced: a beginning that took
// too long is written again.
func (s *Store) Begin(ctx context.Context, r call.Record) error {
	return s.putCall(ctx, r, keepCall, s.cfg.Node)
}

const updateCall = `UPDATE calls SET sip_call_id = $2, line = $3, language = $4, direction = $5, caller = $6, called = $7,
	started_at = $8, answered_at = $9, ended_at = $10, outcome = $11, transfer_reason = $12, agent = $13, end_cause = $14,
	error = $15, recording = $16, summary = $17, codec = $18, media = $19, signalling = $20, trunk = $21, sip_status = $22,
	end_reason = $23, satisfaction = $24, caller_hash = $25, caller_tail = $26, called_hash = $27, called_tail = $28, duration_ms = $29 WHERE id = $1`

// Update replaces what is kept of a call.
func (s *Store) Update(ctx context.Context, r call.Record) error {
	return s.putCall(ctx, r, updateCall)
}

// End keeps a call's last state; the end is now where r does not say. A call whose
// beginning was not kept is kept whole.
func (s *Store) End(ctx context.Context, r call.Record) error {
	if r.EndedAt.IsZero() {
		r.EndedAt = s.now()
	}
	return s.putCall(ctx, r, keepCall, s.cfg.Node)
}

func (s *Store) putCall(ctx context.Context, r call.Record, statement string, more ...any) error {
	if r.ID == "" {
		return errors.New("keep call: it has no id")
	}
	f := &sealing{s: s, table: "calls", row: r.ID}
	caller, called := NormalNumber(r.Caller), NormalNumber(r.Called)
	var duration int64
	if !r.EndedAt.IsZero() && !r.AnsweredAt.IsZero() {
		duration = max(0, r.EndedAt.Sub(r.AnsweredAt).Milliseconds())
	}
	var signalling []byte
	if !r.Signalling.IsZero() {
		signalling = f.sealJSON("signalling", r.Signalling)
	}
	args := append(append(make([]any, 0, 32), // with room for more
		r.ID, r.SIPCallID, r.Line, r.Language, r.Direction, f.seal("caller", r.Caller), f.seal("called", r.Called),
		r.StartedAt.UnixMilli(), millis(r.AnsweredAt), millis(r.EndedAt), string(r.Outcome), r.TransferReason, r.Agent, r.EndCause,
		f.seal("error", r.Error), r.Recording, f.seal("summary", r.Summary), r.Codec, f.json(keptMedia{r.Media, r.AgentMedia, r.AnsweredBy}),
		signalling, r.Signalling.Trunk, r.SIPStatus, f.seal("end_reason", r.EndReason), r.Satisfaction,
		f.hash(wholeNumber, caller), f.hash(numberTail, tail(caller)), f.hash(wholeNumber, called), f.hash(numberTail, tail(called)), duration,
	), more...)
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(s.group.exec(ctx, tx, statement, args...))("keep call " + r.ID)
	})
}

// changeOne turns a statement that found no row into ErrNotFound.
func changeOne(res sql.Result, err error) func(doing string) error {
	return func(doing string) error {
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			return fmt.Errorf("%s: %w", doing, ErrNotFound)
		}
		return nil
	}
}

// AddTurn keeps a turn; a turn of the same index is replaced (what was heard of it
// is known only later).
func (s *Store) AddTurn(ctx context.Context, t call.TurnRecord) error {
	f := &sealing{s: s, table: "turns", row: t.Call + "/" + strconv.Itoa(t.Index)}
	candidates, timing := "", ""
	if len(t.Candidates) > 0 {
		candidates = f.json(t.Candidates)
	}
	if t.Timing != nil {
		timing = f.json(t.Timing)
	}
	args := []any{
		t.Call, t.Index, s.now().UnixMilli(), t.Speaker, f.seal("text", t.Text), f.seal("heard", t.Heard), t.StartMS, t.EndMS,
		t.ResponseMS, t.Confidence, t.Intent, t.Source, t.KnowledgeID, candidates, timing, t.Emotion,
	}
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := s.group.exec(ctx, tx, `INSERT INTO turns (call_id, idx, at, speaker, text, heard, start_ms, end_ms, response_ms,
				confidence, intent, source, knowledge_id, candidates, timing, emotion)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (call_id, idx) DO UPDATE SET speaker = excluded.speaker, text = excluded.text, heard = excluded.heard,
				start_ms = excluded.start_ms, end_ms = excluded.end_ms, response_ms = excluded.response_ms,
				confidence = excluded.confidence, intent = excluded.intent, source = excluded.source,
				knowledge_id = excluded.knowledge_id, candidates = excluded.candidates, timing = excluded.timing, emotion = excluded.emotion`, args...)
		if err != nil {
			return fmt.Errorf("keep a turn of call %s: %w", t.Call, err)
		}
		return nil
	})
}

// AddEvents keeps marks behind those that the call has.
func (s *Store) AddEvents(ctx context.Context, id string, events []call.Event) error {
	if len(events) == 0 {
		return nil
	}
	texts := make([]string, len(events))
	for i, e := range events {
		if len(e.Data) > 0 {
			b, err := json.Marshal(e.Data)
			if err != nil {
				return fmt.Errorf("keep events of call %s: %w", id, err)
			}
			texts[i] = string(b)
		}
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var seq int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM call_events WHERE call_id = $1`, id).Scan(&seq); err != nil {
			return fmt.Errorf("keep events of call %s: %w", id, err)
		}
		for from := 0; from < len(events); from += 100 {
			to := min(from+100, len(events))
			if err := s.insertEvents(ctx, tx, id, seq+int64(from), events[from:to], texts[from:to]); err != nil {
				return fmt.Errorf("keep events of call %s: %w", id, err)
			}
		}
		return nil
	})
}

// insertEvents is one statement for many rows; a statement has at most 32,766
// parameters in SQLite and 65,535 in PostgreSQL.
func (s *Store) insertEvents(ctx context.Context, tx *sql.Tx, id string, seq int64, events []call.Event, texts []string) error {
	var b strings.Builder
	b.WriteString(`INSERT INTO call_events (call_id, seq, ms, kind, data) VALUES `)
	args := []any{id}
	for i, e := range events {
		seq++
		f := &sealing{s: s, table: "call_events", row: id + "/" + strconv.FormatInt(seq, 10)}
		data := f.seal("data", texts[i])
		if f.err != nil {
			return f.err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		n := len(args)
		fmt.Fprintf(&b, "($1, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4)
		args = append(args, seq, e.MS, e.Kind, data)
	}
	_, err := s.group.exec(ctx, tx, b.String(), args...)
	return err
}

// Call is what is kept of a call.
func (s *Store) Call(ctx context.Context, id string) (call.Record, error) {
	r, err := s.scanCall(s.read.QueryRowContext(ctx, `SELECT `+callColumns+` FROM calls WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return call.Record{}, fmt.Errorf("call %s: %w", id, err)
	}
	return r, nil
}

// keptMedia is the column media: the caller's leg, beside it the agents', and who was
// heard to answer.
type keptMedia struct {
	call.Quality

	Agents     []call.LegMedia `json:"agents,omitempty"`
	AnsweredBy *answer.Outcome `json:"answered_by,omitempty"`
}

func (s *Store) scanCall(from row, more ...any) (call.Record, error) {
	var r call.Record
	var caller, called, failure, summary, signalling, reason []byte
	var trunk string // that of signalling, to search by
	var media string
	err := from.Scan(append([]any{
		&r.ID, &r.SIPCallID, &r.Line, &r.Language, &r.Direction, &caller, &called,
		nullTime{&r.StartedAt},
		nullTime{&r.AnsweredAt},
		nullTime{&r.EndedAt},
		&r.Outcome, &r.TransferReason, &r.Agent, &r.EndCause,
		&failure, &r.Recording, &summary, &r.Codec, &media,
		&signalling, &trunk, &r.SIPStatus, &reason, &r.Satisfaction,
	}, more...)...)
	if err != nil {
		return r, err
	}
	f := &sealing{s: s, table: "calls", row: r.ID}
	r.Caller, r.Called = f.open("caller", caller), f.open("called", called)
	r.Error, r.Summary = f.open("error", failure), f.open("summary", summary)
	r.EndReason = f.open("end_reason", reason)
	f.openJSON("signalling", signalling, &r.Signalling)
	var sound keptMedia
	f.parse(media, &sound)
	r.Media, r.AgentMedia, r.AnsweredBy = sound.Quality, sound.Agents, sound.AnsweredBy
	return r, f.err
}

// Turns are a call's turns in order.
func (s *Store) Turns(ctx context.Context, id string) ([]call.TurnRecord, error) {
	return list(ctx, s.read, "turns of call "+id, func(from row) (call.TurnRecord, error) {
		t := call.TurnRecord{Call: id}
		var text, heard []byte
		var candidates, timing string
		if err := from.Scan(&t.Index, &t.Speaker, &text, &heard, &t.StartMS, &t.EndMS, &t.ResponseMS, &t.Confidence, &t.Intent,
			&t.Source, &t.KnowledgeID, &candidates, &timing, &t.Emotion); err != nil {
			return t, err
		}
		f := &sealing{s: s, table: "turns", row: id + "/" + strconv.Itoa(t.Index)}
		t.Text, t.Heard = f.open("text", text), f.open("heard", heard)
		f.parse(candidates, &t.Candidates)
		f.parse(timing, &t.Timing)
		return t, f.err
	}, `SELECT idx, speaker, text, heard, start_ms, end_ms, response_ms, confidence, intent, source,
		knowledge_id, candidates, timing, emotion FROM turns WHERE call_id = $1 ORDER BY idx`, id)
}

// Events are a call's marks by time, at most 10,000.
func (s *Store) Events(ctx context.Context, id string) ([]call.Event, error) {
	return list(ctx, s.read, "events of call "+id, func(from row) (call.Event, error) {
		var e call.Event
		var seq int64
		var data []byte
		if err := from.Scan(&seq, &e.MS, &e.Kind, &data); err != nil {
			return e, err
		}
		f := &sealing{s: s, table: "call_events", row: id + "/" + strconv.FormatInt(seq, 10)}
		f.openJSON("data", data, &e.Data)
		return e, f.err
	}, `SELECT seq, ms, kind, data FROM call_events WHERE call_id = $1 ORDER BY ms, seq LIMIT 10000`, id)
}

// Interrupted is a call that was in progress when the server died.
type Interrupted struct {
	ID        string
	Recording string // below the data folder; its header may need mending

	ended, lasted int64 // ms since 1970, ms since the answer
}

// Recover gives the calls that a dead server of this node left behind their end:
// outcome and cause "interrupted", ended when the last thing was heard of them. It
// returns them, so that their spool recordings can be mended. Call it once, before
// the first call is taken.
func (s *Store) Recover(ctx context.Context) (left []Interrupted, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if left, err = s.interrupted(ctx, tx); err != nil {
			return err
		}
		for _, l := range left {
			if _, err := tx.ExecContext(ctx, `UPDATE calls SET outcome = $2, end_cause = $3, ended_at = $4, duration_ms = $5 WHERE id = $1`,
				l.ID, string(call.Interrupted), string(call.Interrupted), l.ended, l.lasted); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recover calls: %w", err)
	}
	for _, l := range left {
		s.log.WarnContext(ctx, "call_was_interrupted", "call", l.ID, "recording", l.Recording)
	}
	return left, nil
}

func (s *Store) interrupted(ctx context.Context, tx *sql.Tx) ([]Interrupted, error) {
	return list(ctx, tx, "list interrupted calls", func(from row) (Interrupted, error) {
		var l Interrupted
		var started, answered, event, turn int64
		if err := from.Scan(&l.ID, &l.Recording, &started, &answered, &event, &turn); err != nil {
			return l, err
		}
		l.ended = started
		if answered > 0 {
			l.lasted = max(event, turn)
			l.ended = answered + l.lasted
		}
		return l, nil
	}, `SELECT id, recording, started_at, COALESCE(answered_at, 0),
		COALESCE((SELECT MAX(ms) FROM call_events WHERE call_id = calls.id), 0),
		COALESCE((SELECT MAX(end_ms) FROM turns WHERE call_id = calls.id), 0)
		FROM calls WHERE ended_at IS NULL AND node = $1 ORDER BY id`, s.cfg.Node)
}
