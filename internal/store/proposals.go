package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The states of a proposal.
const (
	ProposalOpen     = "open"
	ProposalApproved = "approved"
	ProposalRefused  = "refused"
)

// keptRefused is how long a refused wording's text is kept, for those who change
// their mind; its hash stays, so that it is not proposed again.
const keptRefused = 7 * 24 * time.Hour

// Proposal is a wording that is proposed for a question.
type Proposal struct {
	Business, ID string
	Pair         string
	Wording      string // sealed; "" once it was refused long ago
	Source       string // "calls" or "model"
	Why          string
	Confidence   float64
	Score        float64 // what they are ordered by
	Said         int     // callers' turns with it
	Alike        int
	State        string
	PutPair, Put string // what was approved, where that is another question or text
	At           time.Time
	DecidedAt    time.Time
	DecidedBy    string
}

const proposalColumns = `business, id, pair, wording, source, why, confidence, score, said, alike, state, put_pair, put, made_at, decided_at, decided_by`

// proposalID is the same for the same wording of a question.
func (s *Store) proposalID(p Proposal) (hashes, error) {
	f := &sealing{s: s, table: "proposals"}
	return f.hashes("proposal", p.Pair+"\n"+strings.Join(strings.Fields(strings.ToLower(p.Wording)), " ")), f.err
}

// ReplaceProposals puts the open proposals of a source in place of those that there
// were. What was decided stays decided. It returns how many are open of the list.
func (s *Store) ReplaceProposals(ctx context.Context, business, source string, list []Proposal) (open int, err error) {
	return s.putProposals(ctx, business, source, list, true)
}

// AddProposals adds open proposals to those that there are.
func (s *Store) AddProposals(ctx context.Context, business, source string, list []Proposal) (open int, err error) {
	return s.putProposals(ctx, business, source, list, false)
}

func (s *Store) putProposals(ctx context.Context, business, source string, list []Proposal, replace bool) (open int, err error) {
	ids := make([]hashes, len(list))
	for i, p := range list {
		if ids[i], err = s.proposalID(p); err != nil {
			return 0, fmt.Errorf("keep a proposal: %w", err)
		}
	}
	now := s.now()
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		open = 0
		if replace {
			if _, err := s.group.exec(ctx, tx, `DELETE FROM proposals WHERE business = $1 AND source = $2 AND state = $3`, business, source, ProposalOpen); err != nil {
				return fmt.Errorf("forget old proposals: %w", err)
			}
		}
		if _, err := s.group.exec(ctx, tx, `UPDATE proposals SET wording = NULL, put = NULL WHERE business = $1 AND state = $2 AND decided_at < $3`,
			business, ProposalRefused, now.Add(-keptRefused).UnixMilli()); err != nil {
			return fmt.Errorf("forget what was refused: %w", err)
		}
		for i, p := range list {
			id, err := ids[i].formIn(ctx, tx, "proposals", "id")
			if err != nil {
				return err
			}
			f := &sealing{s: s, table: "proposals", row: business + "/" + id}
			sealed := f.seal("wording", p.Wording)
			if f.err != nil {
				return f.err
			}
			res, err := s.group.exec(ctx, tx, `INSERT INTO proposals (business, id, pair, wording, source, why, confidence, score, said, alike, state, made_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (business, id) DO NOTHING`,
				business, id, p.Pair, sealed, source, p.Why, p.Confidence, p.Score, p.Said, p.Alike, ProposalOpen, now.UnixMilli())
			if err != nil {
				return fmt.Errorf("keep a proposal: %w", err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return fmt.Errorf("keep a proposal: %w", err)
			}
			open += int(n)
		}
		return nil
	})
	return open, err
}

// ProposalFilter chooses proposals; a zero field chooses all.
type ProposalFilter struct {
	Business string
	State    string
	Source   string
	Pair     string
	Limit    int // default 50, at most 500
	Cursor   string
}

// Proposals lists them, best first; those that were decided, newest decision first.
func (s *Store) Proposals(ctx context.Context, f ProposalFilter) (p Page[Proposal], err error) {
	w := &where{}
	w.add("business = ?", f.Business)
	for _, c := range []struct{ column, v string }{{"state", f.State}, {"source", f.Source}, {"pair", f.Pair}} {
		if c.v != "" {
			w.add(c.column+" = ?", c.v)
		}
	}
	sort, column := "score", "CAST(score * 1000000 AS BIGINT)"
	if f.State != "" && f.State != ProposalOpen {
		sort, column = "decided", "COALESCE(decided_at, 0)"
	}
	if err := w.after(f.Cursor, sort, column, false); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	rows, err := s.read.QueryContext(ctx, `SELECT `+proposalColumns+`, `+column+` FROM proposals`+w.String()+` ORDER BY `+column+` DESC, id DESC LIMIT `+strconv.Itoa(limit+1), w.args...) //nolint:gosec // names of columns, all our own
	if err != nil {
		return p, fmt.Errorf("list proposals: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last int64
	for rows.Next() {
		if len(p.Items) == limit {
			p.Next = cursor{sort, last, p.Items[limit-1].ID}.String()
			break
		}
		item, err := s.scanProposal(rows, &last)
		if err != nil {
			return p, fmt.Errorf("list proposals: %w", err)
		}
		p.Items = append(p.Items, item)
	}
	return p, rows.Err()
}

// Proposal is the one with this id, or with what this id has become in a rotation of keys.
func (s *Store) Proposal(ctx context.Context, business, id string) (Proposal, error) {
	renewed, err := s.cfg.Sealer.Renew(id)
	if err != nil {
		return Proposal{}, fmt.Errorf("proposal %s: %w", id, err)
	}
	p, err := s.scanProposal(s.read.QueryRowContext(ctx, `SELECT `+proposalColumns+` FROM proposals WHERE business = $1 AND id IN ($2, $3)`, business, id, renewed))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Proposal{}, fmt.Errorf("proposal %s: %w", id, err)
	}
	return p, nil
}

func (s *Store) scanProposal(from row, more ...any) (Proposal, error) {
	var p Proposal
	var wording, put []byte
	if err := from.Scan(append([]any{
		&p.Business, &p.ID, &p.Pair, &wording, &p.Source, &p.Why, &p.Confidence, &p.Score, &p.Said, &p.Alike, &p.State,
		&p.PutPair, &put,
		nullTime{&p.At},
		nullTime{&p.DecidedAt},
		&p.DecidedBy,
	}, more...)...); err != nil {
		return p, err
	}
	f := &sealing{s: s, table: "proposals", row: p.Business + "/" + p.ID}
	p.Wording, p.Put = f.open("wording", wording), f.open("put", put)
	return p, f.err
}

// DecideProposal moves a proposal from one state to another, with what it was approved
// as. [ErrStale]: it is not in the first any more.
func (s *Store) DecideProposal(ctx context.Context, p Proposal, to, by string) error {
	f := &sealing{s: s, table: "proposals", row: p.Business + "/" + p.ID}
	put := f.seal("put", p.Put)
	if f.err != nil {
		return f.err
	}
	at := any(s.now().UnixMilli())
	if to == ProposalOpen {
		at, by = nil, ""
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := s.group.exec(ctx, tx, `UPDATE proposals SET state = $4, put_pair = $5, put = $6, decided_at = $7, decided_by = $8 WHERE business = $1 AND id = $2 AND state = $3`,
			p.Business, p.ID, p.State, to, p.PutPair, put, at, by)
		if err != nil {
			return fmt.Errorf("decide proposal %s: %w", p.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("decide proposal %s: %w", p.ID, err)
		} else if n == 0 {
			return fmt.Errorf("decide proposal %s: %w", p.ID, ErrStale)
		}
		return nil
	})
}

// CountProposals counts a business's by state.
func (s *Store) CountProposals(ctx context.Context, business string) (map[string]int, error) {
	return counts(ctx, s.read, "count proposals", `SELECT state, COUNT(*) FROM proposals WHERE business = $1 GROUP BY state`, business)
}
