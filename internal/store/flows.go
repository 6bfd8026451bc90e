package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The states of a version of a task.
const (
	FlowFile    = "file"    // as it stood in the file, whoever wrote it
	FlowSaved   = "saved"   // written in the console
	FlowDeleted = "deleted" // the file was taken away; its text is that which it had
)

// keptFlowVersions is how many versions of a task are kept.
const keptFlowVersions = 200

// FlowVersion is one version of a task's file.
type FlowVersion struct {
	Business, File string
	N              int // from 1
	State          string
	Body           string
	Author, Note   string
	At             time.Time
}

const flowColumns = `business, file, n, state, body, author, note, at`

// AddFlowVersions adds versions of tasks, all or none of them. Each must be the one
// behind the newest of its file, or [ErrStale] is returned. A zero At is now.
func (s *Store) AddFlowVersions(ctx context.Context, versions ...FlowVersion) error {
	now := s.now()
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, v := range versions {
			if v.At.IsZero() {
				v.At = now
			}
			var newest int
			if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0) FROM flow_versions WHERE business = $1 AND file = $2`,
				v.Business, v.File).Scan(&newest); err != nil {
				return fmt.Errorf("keep the task %s: %w", v.File, err)
			}
			if v.N != newest+1 {
				return fmt.Errorf("keep the task %s, version %d: %w", v.File, v.N, ErrStale)
			}
			if _, err := s.group.exec(ctx, tx, `INSERT INTO flow_versions (`+flowColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				v.Business, v.File, v.N, v.State, v.Body, v.Author, v.Note, v.At.UnixMilli()); err != nil {
				return fmt.Errorf("keep the task %s: %w", v.File, err)
			}
			if _, err := s.group.exec(ctx, tx, `DELETE FROM flow_versions WHERE business = $1 AND file = $2 AND n <= $3`,
				v.Business, v.File, v.N-keptFlowVersions); err != nil {
				return fmt.Errorf("forget old versions of the task %s: %w", v.File, err)
			}
		}
		return nil
	})
}

// FlowHeads are the newest versions of all tasks of a business that were ever edited, by
// file.
func (s *Store) FlowHeads(ctx context.Context, business string) ([]FlowVersion, error) {
	return s.flowVersions(ctx, `SELECT `+flowColumns+` FROM flow_versions v WHERE business = $1 AND
		n = (SELECT MAX(n) FROM flow_versions WHERE business = v.business AND file = v.file) ORDER BY file`, business)
}

// FlowVersions are those of one task, newest first.
func (s *Store) FlowVersions(ctx context.Context, business, file string) ([]FlowVersion, error) {
	return s.flowVersions(ctx, `SELECT `+flowColumns+` FROM flow_versions WHERE business = $1 AND file = $2 ORDER BY n DESC`, business, file)
}

func (s *Store) flowVersions(ctx context.Context, query string, args ...any) ([]FlowVersion, error) {
	return list(ctx, s.read, "read tasks", func(from row) (FlowVersion, error) {
		var v FlowVersion
		err := from.Scan(&v.Business, &v.File, &v.N, &v.State, &v.Body, &v.Author, &v.Note, nullTime{&v.At})
		return v, err
	}, query, args...)
}
