package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/campaigns"
)

// Answers implements campaigns.Store.
func (s *Store) Answers(ctx context.Context, campaign string, before time.Time) (answered, abandoned int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN outcome = $3 THEN 1 ELSE 0 END), 0) FROM attempts
		WHERE campaign_id = $1 AND settled_at < $2 AND outcome IN ($3, $4)`,
		campaign, before.UnixMilli(), string(campaigns.Abandoned), string(campaigns.Person)).Scan(&answered, &abandoned)
	if err != nil {
		return 0, 0, fmt.Errorf("count answers: %w", err)
	}
	return answered, abandoned, nil
}

// Settled implements campaigns.Store.
func (s *Store) Settled(ctx context.Context, campaign string, since, before time.Time, limit int) ([]campaigns.Rung, error) {
	from, to := int64(0), int64(1)<<62
	if !since.IsZero() {
		from = since.UnixMilli()
	}
	if !before.IsZero() {
		to = before.UnixMilli()
	}
	if limit <= 0 {
		limit = settledMost
	}
	out, err := list(ctx, s.read, "list settled attempts", func(from row) (r campaigns.Rung, err error) {
		var outcome string
		var answered int
		err = from.Scan(&r.ID, nullTime{&r.ClaimedAt}, nullTime{&r.SettledAt}, &outcome, &answered, &r.Seconds)
		r.Outcome, r.Answered = campaigns.Outcome(outcome), answered != 0
		return r, err
	}, `SELECT id, claimed_at, settled_at, outcome, answered, seconds FROM attempts
		WHERE campaign_id = $1 AND settled_at >= $2 AND settled_at < $3 ORDER BY settled_at DESC LIMIT $4`, campaign, from, to, limit)
	slices.Reverse(out)
	return out, err
}

// settledMost bounds what is read of a minute: more than any node calls in it.
const settledMost = 20000

// Ahead implements campaigns.Store.
func (s *Store) Ahead(ctx context.Context, campaign, node string) (campaigns.Elsewhere, error) {
	return aheadIn(ctx, s.read, campaign, node)
}

func aheadIn(ctx context.Context, from rowAsked, campaign, node string) (e campaigns.Elsewhere, err error) {
	err = from.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN ahead = 1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN ahead = 3 THEN 1 ELSE 0 END), 0)
		FROM attempts WHERE campaign_id = $1 AND settled_at IS NULL AND node <> $2`, campaign, node).Scan(&e.Open, &e.Abandoned)
	if err != nil {
		return e, fmt.Errorf("count other nodes' calls: %w", err)
	}
	return e, nil
}

// Met implements campaigns.Store.
func (s *Store) Met(ctx context.Context, attempt int64, abandoned bool) error {
	ahead := 2
	if abandoned {
		ahead = 3
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE attempts SET ahead = $2 WHERE id = $1 AND ahead = 1`, attempt, ahead); err != nil {
			return fmt.Errorf("keep how a call goes: %w", err)
		}
		return nil
	})
}

// mayGoAhead tells whether a call may be begun without an agent of its own. It is asked
// behind the campaign's rate, whose row orders the claims of all nodes.
func mayGoAhead(ctx context.Context, tx *sql.Tx, q campaigns.Claim, hash hashes) error {
	var last time.Time
	err := tx.QueryRowContext(ctx, `SELECT MAX(settled_at) FROM attempts WHERE number_hash IN ($1, $2) AND outcome = 'abandoned'`, hash.is, hash.other).Scan(nullTime{&last})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for an abandoned call: %w", err)
	}
	if !last.IsZero() && q.Now.Sub(last) < campaigns.AbandonedRest {
		return campaigns.ErrAbandonedLately
	}
	e, err := aheadIn(ctx, tx, q.Campaign, q.Node)
	if err != nil {
		return err
	}
	if !q.Ahead(e) {
		return campaigns.ErrPace
	}
	return nil
}
