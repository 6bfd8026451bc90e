package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/campaigns"
)

// clocks are the ids of what contacts are called by. They are few, and never change.
type clocks struct {
	mu  sync.Mutex
	ids map[string]int64 // by the zones' names; guarded by mu
}

func (c *clocks) known(zones string) (id int64, ok bool) {
	if zones == "" {
		return 0, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok = c.ids[zones]
	return id, ok
}

func (c *clocks) learn(zones string, id int64) {
	if zones == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[string]int64{}
	}
	c.ids[zones] = id
}

// clockOf is the id of clocks, which are kept when they are new.
func (s *Store) clockOf(ctx context.Context, zones string) (id int64, err error) {
	if id, ok := s.clocks.known(zones); ok {
		return id, nil
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		next, err := reserveIn(ctx, tx, "clocks", 1)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO clocks (id, zones) VALUES ($1, $2) ON CONFLICT (zones) DO NOTHING`, next, zones); err != nil {
			return fmt.Errorf("keep a contact's clocks: %w", err)
		}
		if err := tx.QueryRowContext(ctx, `SELECT id FROM clocks WHERE zones = $1`, zones).Scan(&id); err != nil {
			return fmt.Errorf("look for a contact's clocks: %w", err)
		}
		return nil
	})
	if err == nil {
		s.clocks.learn(zones, id)
	}
	return id, err
}

// clocksOf are the ids of several clocks, those without contacts left out.
func (s *Store) clocksOf(ctx context.Context, zones []string) (ids []int64, err error) {
	for _, z := range zones {
		id, ok := s.clocks.known(z)
		if !ok {
			err := s.read.QueryRowContext(ctx, `SELECT id FROM clocks WHERE zones = $1`, z).Scan(&id)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("look for contacts' clocks: %w", err)
			}
			s.clocks.learn(z, id)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// heldClocks takes from the index each clock that contacts in a state have, without reading
// the contacts between.
const heldClocks = `WITH RECURSIVE held (clock) AS (
	SELECT (SELECT clock FROM contacts WHERE campaign_id = $1 AND state = $2 ORDER BY clock LIMIT 1)
	UNION ALL
	SELECT (SELECT clock FROM contacts WHERE campaign_id = $1 AND state = $2 AND clock > held.clock ORDER BY clock LIMIT 1) FROM held WHERE held.clock IS NOT NULL
) SELECT held.clock, COALESCE(clocks.zones, '') FROM held LEFT JOIN clocks ON clocks.id = held.clock WHERE held.clock IS NOT NULL`

// Clocks implements campaigns.Store.
func (s *Store) Clocks(ctx context.Context, campaign string) ([]string, error) {
	return list(ctx, s.read, "list contacts' clocks", func(from row) (zones string, err error) {
		var id int64
		if err = from.Scan(&id, &zones); err == nil {
			s.clocks.learn(zones, id)
		}
		return zones, err
	}, heldClocks, campaign, string(campaigns.Waiting))
}

// mostClocks bounds how many clocks one statement looks at; there are hardly more in the
// world, and of more some are left out, others each time.
const mostClocks = 200

// first are the ids of contacts who wait, as a subquery: of each clock's index entries only
// the first limit are read. due is a condition on their times.
func first(clocks []int64, due, limit string) string {
	if len(clocks) > mostClocks {
		clocks = slices.Clone(clocks)
		rand.Shuffle(len(clocks), func(a, b int) { clocks[a], clocks[b] = clocks[b], clocks[a] })
		clocks = clocks[:mostClocks]
	}
	parts := make([]string, len(clocks))
	for i, id := range clocks {
		parts[i] = fmt.Sprintf(`SELECT id, due, place FROM (SELECT id, due, place FROM contacts
			WHERE campaign_id = $1 AND state = $2 AND clock = %d AND %s ORDER BY due, place, id LIMIT %s) AS of_%d`, id, due, limit, i)
	}
	return `(SELECT id FROM (` + strings.Join(parts, " UNION ALL ") + `) AS of_all ORDER BY due, place, id LIMIT ` + limit + `)`
}

// Due implements campaigns.Store.
func (s *Store) Due(ctx context.Context, campaign string, clocks []string, now time.Time, limit int) ([]campaigns.Contact, error) {
	if clocks == nil {
		all, err := s.Clocks(ctx, campaign)
		if err != nil {
			return nil, err
		}
		clocks = all
	}
	ids, err := s.clocksOf(ctx, clocks)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	const what = "list contacts that are due"
	due, err := list(ctx, s.read, what, s.readContact, `SELECT `+contactColumns+` FROM contacts WHERE id IN `+first(ids, "due > 0 AND due <= $3", "$4")+` ORDER BY due, place, id`,
		campaign, string(campaigns.Waiting), now.UnixMilli(), limit)
	if err != nil || len(due) >= limit {
		return due, err
	}
	fresh, err := list(ctx, s.read, what, s.readContact, `SELECT `+contactColumns+` FROM contacts WHERE id IN `+first(ids, "due = 0", "$3")+` ORDER BY place, id`,
		campaign, string(campaigns.Waiting), limit-len(due))
	return append(due, fresh...), err
}

// Shut implements campaigns.Store.
func (s *Store) Shut(ctx context.Context, q campaigns.Shut) error {
	id, err := s.clockOf(ctx, q.Clocks)
	if err != nil {
		return err
	}
	now := s.now()
	day := cmp.Or(q.Verdict.Day, now.UTC().Format(time.DateOnly))
	var n int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM contacts WHERE campaign_id = $1 AND state = $2 AND clock = $3`, q.Campaign, string(campaigns.Waiting), id).Scan(&n); err != nil {
		return fmt.Errorf("count whom a refusal concerns: %w", err)
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO clock_refusals (campaign_id, clock, day, reason, ground, first_at, last_at, contacts) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
			ON CONFLICT (campaign_id, clock, day, reason) DO UPDATE SET last_at = excluded.last_at,
			contacts = CASE WHEN excluded.contacts > clock_refusals.contacts THEN excluded.contacts ELSE clock_refusals.contacts END`,
			q.Campaign, id, day, string(q.Verdict.Refusal), q.Verdict.Ground, now.UnixMilli(), n); err != nil {
			return fmt.Errorf("keep why nobody is called: %w", err)
		}
		return nil
	})
}
