package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The states of a ticket.
const (
	TicketOpen      = "open"
	TicketWorking   = "in_progress"
	TicketWaiting   = "waiting"
	TicketDone      = "done"
	TicketCancelled = "cancelled"
)

// Ticket is something to be done for a customer, with who does it by when.
type Ticket struct {
	ID         string            `json:"id"`
	Serial     int64             `json:"serial" doc:"what people call it by"`
	Kind       string            `json:"kind"`
	State      string            `json:"state" enum:"open,in_progress,waiting,done,cancelled"`
	Priority   int               `json:"priority" doc:"0 low, 1 normal, 2 high, 3 urgent"`
	Owner      string            `json:"owner,omitempty" doc:"an agent"`
	Team       string            `json:"team,omitempty"`
	Source     string            `json:"source" enum:"bot,agent,api"`
	MadeBy     string            `json:"made_by,omitempty"`
	Call       string            `json:"call,omitempty"`
	Number     string            `json:"number,omitempty"`
	Summary    string            `json:"summary"`
	Fields     map[string]string `json:"fields,omitempty"`
	MadeAt     time.Time         `json:"made_at"`
	ChangedAt  time.Time         `json:"changed_at"`
	DueAt      time.Time         `json:"due_at,omitzero"`
	EscalateAt time.Time         `json:"-"`
	Escalated  int               `json:"escalated,omitempty" doc:"how often it was passed on because it was late"`
	ClosedAt   time.Time         `json:"closed_at,omitzero"`
	Version    int               `json:"version"`
}

// Closed tells whether nothing is to be done any more.
func (t Ticket) Closed() bool { return t.State == TicketDone || t.State == TicketCancelled }

// Note is an entry of a history: a comment, or what was changed from what to what.
type Note struct {
	Seq     int                  `json:"seq"`
	At      time.Time            `json:"at"`
	Actor   string               `json:"actor"`
	Kind    string               `json:"kind"`
	Text    string               `json:"text,omitempty"`
	Changes map[string][2]string `json:"changes,omitempty" doc:"by field: before and after"`
}

// What a note's kind is, beside those of a review's decision.
const (
	NoteCreated   = "created"
	NoteChanged   = "changed"
	NoteComment   = "comment"
	NoteEscalated = "escalated"
	NoteFile      = "file"
)

const ticketColumns = `id, serial, kind, state, priority, owner, team, source, made_by, call_id, number, summary, fields, made_at, changed_at, due_at, escalate_at, escalated, closed_at, version`

// noteData is what is sealed of a note.
type noteData struct {
	Text    string               `json:"text,omitempty"`
	Changes map[string][2]string `json:"changes,omitempty"`
}

// AddTicket keeps a new ticket and the first entry of its history, and returns it with
// its serial. One that is kept already (the same id) is left as it is: false. A wish of
// the same id goes in the same moment. deliver, if any, is queued with it.
func (s *Store) AddTicket(ctx context.Context, t Ticket, by Note, deliver func(Ticket) (Delivery, bool)) (_ Ticket, added bool, err error) {
	if t.MadeAt.IsZero() {
		t.MadeAt = s.now()
	}
	t.ChangedAt, t.Version = t.MadeAt, 1
	f := &sealing{s: s, table: "tickets", row: t.ID}
	normal := NormalNumber(t.Number)
	args := []any{
		t.ID, nil, t.Kind, t.State, t.Priority, t.Owner, t.Team, t.Source, t.MadeBy, t.Call, f.seal("number", t.Number), f.seal("summary", t.Summary),
		f.sealJSON("fields", t.Fields), t.MadeAt.UnixMilli(), t.ChangedAt.UnixMilli(), millis(t.DueAt), millis(t.EscalateAt), 0, millis(t.ClosedAt), 1,
		f.hash(wholeNumber, normal), f.hash(numberTail, tail(normal)),
	}
	tokens, err := s.ticketTokens(t)
	if err = errors.Join(f.err, err); err != nil {
		return t, false, err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		added = false
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(serial), 1000) + 1 FROM tickets`).Scan(&t.Serial); err != nil {
			return fmt.Errorf("keep ticket: %w", err)
		}
		row := slices.Clone(args)
		row[1] = t.Serial
		res, err := tx.ExecContext(ctx, `INSERT INTO tickets (`+ticketColumns+`, number_hash, number_tail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) ON CONFLICT (id) DO NOTHING`, row...)
		if err != nil {
			return fmt.Errorf("keep ticket: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM wishes WHERE id = $1 AND kind = 'ticket'`, t.ID); err != nil {
			return fmt.Errorf("keep ticket: %w", err)
		}
		if n == 0 {
			return nil
		}
		added = true
		if err := s.addTokens(ctx, tx, "ticket_tokens", "ticket_id", t.ID, tokens); err != nil {
			return err
		}
		by.At, by.Kind = t.MadeAt, NoteCreated
		if err := s.addNote(ctx, tx, "ticket_notes", "ticket_id", t.ID, by); err != nil {
			return err
		}
		return s.deliver(ctx, tx, t, deliver)
	})
	if err == nil && !added {
		t, err = s.Ticket(ctx, t.ID)
	}
	return t, added, err
}

func (s *Store) deliver(ctx context.Context, tx *sql.Tx, t Ticket, deliver func(Ticket) (Delivery, bool)) error {
	if deliver == nil {
		return nil
	}
	d, ok := deliver(t)
	if !ok {
		return nil
	}
	return s.addDelivery(ctx, tx, d)
}

// ticketTokens are what a ticket is found by.
func (s *Store) ticketTokens(t Ticket, more ...string) (wordHashes, error) {
	set := map[string]bool{}
	texts := append([]string{t.Summary}, more...)
	for name, v := range t.Fields {
		texts = append(texts, name, v)
	}
	for _, text := range texts {
		for token := range tokens(text) {
			set[token] = true
		}
	}
	return s.hashed(set)
}

// addTokens adds what something is found by to what it was found by.
func (s *Store) addTokens(ctx context.Context, tx *sql.Tx, table, column, id string, words wordHashes) error {
	if words.moving() { // a word that is there in another form gets this one
		for part := range slices.Chunk(words.other, 1000) {
			w := &where{}
			w.add(column+" = ?", id)
			w.add("token IN (?"+strings.Repeat(", ?", len(part)-1)+")", part...)
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+w.String(), w.args...); err != nil { //nolint:gosec // names of tables and columns, all our own
				return fmt.Errorf("make findable: %w", err)
			}
		}
	}
	for part := range slices.Chunk(words.is, 1000) {
		var b strings.Builder
		for i := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d, $1)", i+2)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (token, `+column+`) VALUES `+b.String()+` ON CONFLICT DO NOTHING`, append([]any{id}, part...)...); err != nil { //nolint:gosec // names of tables and columns, all our own
			return fmt.Errorf("make findable: %w", err)
		}
	}
	return nil
}

func (s *Store) addNote(ctx context.Context, tx *sql.Tx, table, column, id string, n Note) error {
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1 FROM `+table+` WHERE `+column+` = $1`, id).Scan(&n.Seq); err != nil {
		return fmt.Errorf("keep a history: %w", err)
	}
	f := &sealing{s: s, table: table, row: fmt.Sprintf("%s/%d", id, n.Seq)}
	data := f.sealJSON("data", noteData{n.Text, n.Changes})
	if f.err != nil {
		return f.err
	}
	if n.At.IsZero() {
		n.At = s.now()
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (`+column+`, seq, at, actor, kind, data) VALUES ($1, $2, $3, $4, $5, $6)`, //nolint:gosec // names of tables and columns, all our own
		id, n.Seq, n.At.UnixMilli(), n.Actor, n.Kind, data); err != nil {
		return fmt.Errorf("keep a history: %w", err)
	}
	return nil
}

func (s *Store) notes(ctx context.Context, table, column, id string) ([]Note, error) {
	return list(ctx, s.read, "read a history", func(from row) (Note, error) {
		var n Note
		var data []byte
		if err := from.Scan(&n.Seq, nullTime{&n.At}, &n.Actor, &n.Kind, &data); err != nil {
			return n, err
		}
		f := &sealing{s: s, table: table, row: fmt.Sprintf("%s/%d", id, n.Seq)}
		var d noteData
		f.openJSON("data", data, &d)
		if f.err != nil {
			return n, f.err
		}
		n.Text, n.Changes = d.Text, d.Changes
		return n, nil
	}, `SELECT seq, at, actor, kind, data FROM `+table+` WHERE `+column+` = $1 ORDER BY seq`, id)
}

// TicketNotes are a ticket's history, oldest first.
func (s *Store) TicketNotes(ctx context.Context, id string) ([]Note, error) {
	return s.notes(ctx, "ticket_notes", "ticket_id", id)
}

// ChangeTicket writes a ticket back that was read at its Version, with an entry of its
// history. [ErrStale]: somebody else was faster.
func (s *Store) ChangeTicket(ctx context.Context, t Ticket, n Note, deliver func(Ticket) (Delivery, bool)) (Ticket, error) {
	f := &sealing{s: s, table: "tickets", row: t.ID}
	now := s.now()
	args := []any{
		t.ID, t.Version, t.Kind, t.State, t.Priority, t.Owner, t.Team, f.seal("summary", t.Summary), f.sealJSON("fields", t.Fields),
		now.UnixMilli(), millis(t.DueAt), millis(t.EscalateAt), t.Escalated, millis(t.ClosedAt),
	}
	tokens, err := s.ticketTokens(t, n.Text)
	if err = errors.Join(f.err, err); err != nil {
		return t, err
	}
	t.ChangedAt, t.Version = now.UTC().Truncate(time.Millisecond), t.Version+1
	return t, s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE tickets SET kind = $3, state = $4, priority = $5, owner = $6, team = $7, summary = $8, fields = $9,
			changed_at = $10, due_at = $11, escalate_at = $12, escalated = $13, closed_at = $14, version = version + 1 WHERE id = $1 AND version = $2`, args...)
		if err != nil {
			return fmt.Errorf("change ticket %s: %w", t.ID, err)
		}
		if rows, err := res.RowsAffected(); err != nil {
			return err
		} else if rows == 0 {
			return fmt.Errorf("change ticket %s: %w", t.ID, ErrStale)
		}
		if err := s.addTokens(ctx, tx, "ticket_tokens", "ticket_id", t.ID, tokens); err != nil {
			return err
		}
		n.At = now
		if err := s.addNote(ctx, tx, "ticket_notes", "ticket_id", t.ID, n); err != nil {
			return err
		}
		return s.deliver(ctx, tx, t, deliver)
	})
}

// Ticket is the one with this id, or with this serial.
func (s *Store) Ticket(ctx context.Context, id string) (Ticket, error) {
	condition := "id = $1"
	if id != "" && len(id) < 19 && strings.Trim(id, "0123456789") == "" {
		condition = "serial = CAST($1 AS BIGINT)"
	}
	t, err := s.scanTicket(s.read.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE `+condition, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("ticket %s: %w", id, err)
	}
	return t, nil
}

func (s *Store) scanTicket(from row) (Ticket, error) {
	var t Ticket
	var number, summary, fields []byte
	if err := from.Scan(&t.ID, &t.Serial, &t.Kind, &t.State, &t.Priority, &t.Owner, &t.Team, &t.Source, &t.MadeBy, &t.Call, &number, &summary, &fields,
		nullTime{&t.MadeAt}, nullTime{&t.ChangedAt}, nullTime{&t.DueAt}, nullTime{&t.EscalateAt}, &t.Escalated, nullTime{&t.ClosedAt}, &t.Version); err != nil {
		return t, err
	}
	f := &sealing{s: s, table: "tickets", row: t.ID}
	t.Number, t.Summary = f.open("number", number), f.open("summary", summary)
	f.openJSON("fields", fields, &t.Fields)
	return t, f.err
}

// TicketFilter chooses tickets; a zero field chooses all.
type TicketFilter struct {
	States []string
	Kind   string
	Owner  string
	Team   string
	Call   string
	Number string // whole, or its last four digits
	Query  string // words that all occur in it, or its serial
	Late   bool   // past due and not closed
	// Sees narrows to what is nobody's, and to owners and teams.
	Sees *TicketSight

	Sort   string // "made" (default), "due" (earliest first), "changed"
	Limit  int    // default 50, at most 500
	Cursor string
}

// TicketSight is whose tickets are seen beside those of nobody.
type TicketSight struct{ Owners, Teams []string }

// Sees tells whether a ticket is seen.
func (v *TicketSight) Sees(t Ticket) bool {
	return v == nil || t.Owner == "" && t.Team == "" || t.Owner != "" && slices.Contains(v.Owners, t.Owner) || t.Team != "" && slices.Contains(v.Teams, t.Team)
}

func marks(list []string) (text string, args []any) {
	for _, v := range list {
		args = append(args, v)
	}
	return "?" + strings.Repeat(", ?", len(list)-1), args
}

func (s *Store) ticketWhere(f TicketFilter) (*where, error) {
	w := &where{}
	for _, c := range []struct{ column, v string }{{"kind", f.Kind}, {"owner", f.Owner}, {"team", f.Team}, {"call_id", f.Call}} {
		if c.v != "" {
			w.add(c.column+" = ?", c.v)
		}
	}
	if len(f.States) > 0 {
		m, args := marks(f.States)
		w.add("state IN ("+m+")", args...)
	}
	if f.Late {
		w.add("due_at < ? AND closed_at IS NULL", s.now().UnixMilli())
	}
	if v := f.Sees; v != nil {
		condition, args := "owner = '' AND team = ''", []any(nil)
		for _, of := range []struct {
			column string
			list   []string
		}{{"owner", v.Owners}, {"team", v.Teams}} {
			if list := slices.DeleteFunc(slices.Clone(of.list), func(n string) bool { return n == "" }); len(list) > 0 {
				m, more := marks(list)
				condition, args = condition+" OR "+of.column+" IN ("+m+")", append(args, more...)
			}
		}
		w.add("("+condition+")", args...)
	}
	h := &sealing{s: s, table: "tickets"}
	if n := NormalNumber(f.Number); n != "" {
		whole := h.hashes(wholeNumber, n)
		if len(n) == tailDigits {
			tailed := h.hashes(numberTail, n)
			w.add("(number_hash IN (?, ?) OR number_tail IN (?, ?))", whole.is, whole.other, tailed.is, tailed.other)
		} else {
			w.add("number_hash IN (?, ?)", whole.is, whole.other)
		}
	}
	if f.Query != "" {
		condition, args, err := s.tokenCondition("ticket_tokens", "ticket_id", f.Query)
		if n := NormalNumber(f.Query); len(n) >= tailDigits && len(n) < 19 && strings.Trim(n, "0123456789") == "" {
			whole, tailed := h.hashes(wholeNumber, n), h.hashes(numberTail, tail(n))
			more := []any{whole.is, whole.other, tailed.is, tailed.other, len(n) == tailDigits, n}
			either := "number_hash IN (?, ?) OR (number_tail IN (?, ?) AND ?) OR serial = CAST(? AS BIGINT)"
			if err == nil {
				either, more = either+" OR "+condition, append(more, args...)
			}
			condition, args, err = "("+either+")", more, nil
		}
		if err != nil {
			return nil, err
		}
		w.add(condition, args...)
	}
	return w, h.err
}

// tokenCondition is true of what all words of a text may occur in.
func (s *Store) tokenCondition(table, column, text string) (string, []any, error) {
	set := map[string]bool{}
	for t := range tokens(text) {
		if len(set) < queryTokens {
			set[t] = true
		}
	}
	if len(set) == 0 {
		return "", nil, ErrQuery
	}
	words, err := s.hashed(set)
	if err != nil {
		return "", nil, err
	}
	args := words.any()
	return `id IN (SELECT ` + column + ` FROM ` + table + ` WHERE token IN (?` + strings.Repeat(", ?", len(args)-1) +
		fmt.Sprintf(`) GROUP BY %s HAVING COUNT(*) = %d)`, column, len(words.is)), args, nil
}

// Tickets lists tickets. What tokens find by chance is in the list of a search too: a
// ticket is short, and may be seen to be another one.
func (s *Store) Tickets(ctx context.Context, f TicketFilter) (p Page[Ticket], err error) {
	w, err := s.ticketWhere(f)
	if err != nil {
		return p, fmt.Errorf("list tickets: %w", err)
	}
	column, oldest := "made_at", false
	switch f.Sort {
	case "", "made":
	case "changed":
		column = "changed_at"
	case "due":
		column, oldest = "COALESCE(due_at, 9000000000000000)", true
	default:
		return p, fmt.Errorf("list tickets: no sort %q", f.Sort)
	}
	sort := "ticket-" + cmp.Or(f.Sort, "made")
	if err := w.after(f.Cursor, sort, column, oldest); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	return paged(ctx, s.read, "list tickets", limit, s.scanTicket, func(t Ticket) cursor {
		key := t.MadeAt.UnixMilli()
		switch f.Sort {
		case "changed":
			key = t.ChangedAt.UnixMilli()
		case "due":
			key = 9000000000000000
			if !t.DueAt.IsZero() {
				key = t.DueAt.UnixMilli()
			}
		}
		return cursor{sort, key, t.ID}
	}, fmt.Sprintf(`SELECT %s FROM tickets%s ORDER BY %s %s, id %[4]s LIMIT %[5]d`, ticketColumns, w, column, direction(oldest), limit+1), w.args...)
}

// LateTickets are up to limit that are to be escalated, the longest waiting first.
func (s *Store) LateTickets(ctx context.Context, limit int) ([]Ticket, error) {
	return list(ctx, s.read, "list late tickets", func(from row) (Ticket, error) {
		return s.scanTicket(from)
	}, `SELECT `+ticketColumns+` FROM tickets WHERE escalate_at <= $1 AND closed_at IS NULL ORDER BY escalate_at, id LIMIT $2`, s.now().UnixMilli(), limit)
}

// CountTickets counts, of those that are seen, what is open and what is late.
func (s *Store) CountTickets(ctx context.Context, sees *TicketSight) (open, late int, err error) {
	w, err := s.ticketWhere(TicketFilter{Sees: sees})
	if err != nil {
		return 0, 0, err
	}
	w.add("closed_at IS NULL")
	w.args = append(w.args, s.now().UnixMilli())
	err = s.read.QueryRowContext(ctx, fmt.Sprintf(`SELECT COUNT(*), COUNT(CASE WHEN due_at < $%d THEN 1 END) FROM tickets%s`, len(w.args), w), w.args...).Scan(&open, &late)
	if err != nil {
		err = fmt.Errorf("count tickets: %w", err)
	}
	return open, late, err
}
