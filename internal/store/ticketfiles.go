package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// TicketFile is an attachment without its content.
type TicketFile struct {
	ID     string    `json:"id"`
	Ticket string    `json:"-"`
	Name   string    `json:"name"`
	Type   string    `json:"type"`
	Size   int64     `json:"size"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
}

// MaxTicketFiles is how many files a ticket takes, TicketFileSize how large each may be.
const (
	MaxTicketFiles = 10
	TicketFileSize = 5 << 20
	partSize       = 256 << 10 // so that no row is large
)

// ErrFiles is returned where a ticket has as many files as it takes.
var ErrFiles = errors.New("a ticket takes 10 files: delete the ticket's least important one elsewhere, or open another ticket")

// AddTicketFile keeps a file with a ticket, sealed, and notes it in the history.
func (s *Store) AddTicketFile(ctx context.Context, file TicketFile, content []byte) error {
	f := &sealing{s: s, table: "ticket_files", row: file.ID}
	name := f.seal("name", file.Name)
	var parts [][]byte
	for rest := content; len(rest) > 0; {
		n := min(len(rest), partSize)
		p := &sealing{s: s, table: "ticket_parts", row: fmt.Sprintf("%s/%d", file.ID, len(parts))}
		parts = append(parts, p.seal("data", base64.StdEncoding.EncodeToString(rest[:n])))
		f.fail(p.err)
		rest = rest[n:]
	}
	if f.err != nil {
		return f.err
	}
	now := s.now()
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ticket_files WHERE ticket_id = $1`, file.Ticket).Scan(&n); err != nil {
			return fmt.Errorf("keep a ticket's file: %w", err)
		}
		if n >= MaxTicketFiles {
			return ErrFiles
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ticket_files (id, ticket_id, name, type, size, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			file.ID, file.Ticket, name, file.Type, len(content), now.UnixMilli(), file.Actor); err != nil {
			return fmt.Errorf("keep a ticket's file: %w", err)
		}
		for i, p := range parts {
			if _, err := tx.ExecContext(ctx, `INSERT INTO ticket_parts (ticket_file_id, seq, data) VALUES ($1, $2, $3)`, file.ID, i, p); err != nil {
				return fmt.Errorf("keep a ticket's file: %w", err)
			}
		}
		return s.addNote(ctx, tx, "ticket_notes", "ticket_id", file.Ticket, Note{At: now, Actor: file.Actor, Kind: NoteFile, Text: file.Name})
	})
}

// TicketFiles are a ticket's, oldest first.
func (s *Store) TicketFiles(ctx context.Context, ticket string) ([]TicketFile, error) {
	return list(ctx, s.read, "list a ticket's files", func(from row) (TicketFile, error) {
		t := TicketFile{Ticket: ticket}
		var name []byte
		if err := from.Scan(&t.ID, &name, &t.Type, &t.Size, nullTime{&t.At}, &t.Actor); err != nil {
			return t, err
		}
		f := &sealing{s: s, table: "ticket_files", row: t.ID}
		if t.Name = f.open("name", name); f.err != nil {
			return t, f.err
		}
		return t, nil
	}, `SELECT id, name, type, size, at, actor FROM ticket_files WHERE ticket_id = $1 ORDER BY at, id`, ticket)
}

// TicketFile writes the content of a ticket's file.
func (s *Store) TicketFile(ctx context.Context, to io.Writer, id string) (err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT seq, data FROM ticket_parts WHERE ticket_file_id = $1 ORDER BY seq`, id)
	if err != nil {
		return fmt.Errorf("read a ticket's file: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var seq int
		var data []byte
		if err := rows.Scan(&seq, &data); err != nil {
			return fmt.Errorf("read a ticket's file: %w", err)
		}
		f := &sealing{s: s, table: "ticket_parts", row: fmt.Sprintf("%s/%d", id, seq)}
		text := f.open("data", data)
		if f.err != nil {
			return f.err
		}
		if _, err := io.Copy(to, base64.NewDecoder(base64.StdEncoding, strings.NewReader(text))); err != nil {
			return fmt.Errorf("read a ticket's file: %w", err)
		}
	}
	return rows.Err()
}
