package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrStale is returned when somebody else was faster: the version that a change was
// made from is no longer the newest.
var ErrStale = errors.New("somebody else has changed it since")

// The states of a version of a question and its answer.
const (
	KnowledgeFile      = "file" // as it stood in the file
	KnowledgeDraft     = "draft"
	KnowledgeReview    = "review"
	KnowledgePublished = "published"
	KnowledgeWithdrawn = "withdrawn" // published that it is gone
)

// keptVersions is how many versions of a pair are kept beside the one in force.
const keptVersions = 200

// KnowledgeVersion is one version of a question and its answer.
type KnowledgeVersion struct {
	Business, Pair string
	N              int // from 1
	State          string
	Body           string // JSON
	Base           string // digest of the file's text that it was made over; "" for none
	Author, Note   string
	At             time.Time
}

const versionColumns = `business, pair, n, state, body, base, author, note, at`

// AddKnowledge adds versions, all or none of them. Each must be the one behind the
// newest of its pair, or [ErrStale] is returned. A zero At is now.
func (s *Store) AddKnowledge(ctx context.Context, versions ...KnowledgeVersion) error {
	now := s.now()
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, v := range versions {
			at := v.At
			if at.IsZero() {
				at = now
			}
			var newest int
			if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0) FROM knowledge_versions WHERE business = $1 AND pair = $2`,
				v.Business, v.Pair).Scan(&newest); err != nil {
				return fmt.Errorf("keep knowledge %s: %w", v.Pair, err)
			}
			if v.N != newest+1 {
				return fmt.Errorf("keep knowledge %s, version %d: %w", v.Pair, v.N, ErrStale)
			}
			if _, err := s.group.exec(ctx, tx, `INSERT INTO knowledge_versions (`+versionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				v.Business, v.Pair, v.N, v.State, v.Body, v.Base, v.Author, v.Note, at.UnixMilli()); err != nil {
				return fmt.Errorf("keep knowledge %s: %w", v.Pair, err)
			}
			if v.N <= keptVersions {
				continue
			}
			if _, err := s.group.exec(ctx, tx, `DELETE FROM knowledge_versions WHERE business = $1 AND pair = $2 AND n <= $3 AND n <>
				(SELECT COALESCE(MAX(n), 0) FROM knowledge_versions WHERE business = $1 AND pair = $2 AND state IN ('published', 'withdrawn'))`,
				v.Business, v.Pair, v.N-keptVersions); err != nil {
				return fmt.Errorf("forget old versions of knowledge %s: %w", v.Pair, err)
			}
		}
		return nil
	})
}

// KnowledgeHeads are, of each pair of a business, the newest version and the newest
// that is in force, where that is another one; by pair and number.
func (s *Store) KnowledgeHeads(ctx context.Context, business string) ([]KnowledgeVersion, error) {
	return s.versions(ctx, `SELECT `+versionColumns+` FROM knowledge_versions v WHERE business = $1 AND (
		n = (SELECT MAX(n) FROM knowledge_versions WHERE business = v.business AND pair = v.pair) OR
		n = (SELECT MAX(n) FROM knowledge_versions WHERE business = v.business AND pair = v.pair AND state IN ('published', 'withdrawn')))
		ORDER BY pair, n`, business)
}

// KnowledgeVersions are those of one pair, newest first.
func (s *Store) KnowledgeVersions(ctx context.Context, business, pair string) ([]KnowledgeVersion, error) {
	return s.versions(ctx, `SELECT `+versionColumns+` FROM knowledge_versions WHERE business = $1 AND pair = $2 ORDER BY n DESC`, business, pair)
}

func (s *Store) versions(ctx context.Context, query string, args ...any) ([]KnowledgeVersion, error) {
	return list(ctx, s.read, "read knowledge", func(from row) (KnowledgeVersion, error) {
		var v KnowledgeVersion
		err := from.Scan(&v.Business, &v.Pair, &v.N, &v.State, &v.Body, &v.Base, &v.Author, &v.Note, nullTime{&v.At})
		return v, err
	}, query, args...)
}

// SetKnowledgeBase notes of versions that the file now has the text of digest base.
func (s *Store) SetKnowledgeBase(ctx context.Context, versions []KnowledgeVersion, base func(KnowledgeVersion) string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, v := range versions {
			if _, err := s.group.exec(ctx, tx, `UPDATE knowledge_versions SET base = $4 WHERE business = $1 AND pair = $2 AND n = $3`,
				v.Business, v.Pair, v.N, base(v)); err != nil {
				return fmt.Errorf("note that knowledge %s is in its file: %w", v.Pair, err)
			}
		}
		return nil
	})
}
