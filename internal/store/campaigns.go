package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"hotline/campaigns"
)

var _ campaigns.Store = (*Store)(nil)

var (
	// ErrCampaign is returned for a campaign that exists already.
	ErrCampaign = errors.New("a campaign of this id exists")
	// ErrState is returned for what a campaign in its state does not allow.
	ErrState = errors.New("the campaign's state does not allow it")
)

const campaignColumns = `id, state, version, definition, created_at, created_by`

// AddCampaign keeps a new campaign, as a draft.
func (s *Store) AddCampaign(ctx context.Context, c campaigns.Campaign) (campaigns.Campaign, error) {
	c.State, c.CreatedAt, c.Version = campaigns.Draft, s.now().UTC().Truncate(time.Millisecond), 1
	definition, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	at := c.CreatedAt.UnixMilli()
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO campaigns (id, name, state, priority, version, definition, tokens, tokens_at, hang_up, created_at, created_by, changed_at)
			VALUES ($1, $2, $3, $4, 1, $5, 0, 0, 0, $6, $7, $6) ON CONFLICT (id) DO NOTHING`, c.ID, c.Name, string(c.State), c.Priority, string(definition), at, c.CreatedBy)
		if err != nil {
			return fmt.Errorf("keep a campaign: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("keep campaign %s: %w", c.ID, ErrCampaign))
		}
		return keepVersion(ctx, tx, c.ID, 1, string(definition), at, c.CreatedBy)
	})
	return c, err
}

func keepVersion(ctx context.Context, tx *sql.Tx, id string, version int, definition string, at int64, by string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO campaign_versions (campaign_id, version, definition, made_at, made_by) VALUES ($1, $2, $3, $4, $5)`,
		id, version, definition, at, by); err != nil {
		return fmt.Errorf("keep a campaign's version: %w", err)
	}
	return nil
}

// ErrVersion is returned for a change of what somebody has changed meanwhile.
var ErrVersion = errors.New("it was changed meanwhile")

// ChangeCampaign replaces what a campaign says; its state stays. c.Version is the one
// that was changed.
func (s *Store) ChangeCampaign(ctx context.Context, c campaigns.Campaign, by string) (changed campaigns.Campaign, err error) {
	at := s.now().UnixMilli()
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		old, err := campaignIn(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		switch {
		case old.Version != c.Version:
			return fmt.Errorf("change campaign %s: %w", c.ID, ErrVersion)
		case old.State == campaigns.Stopped || old.State == campaigns.Done:
			return fmt.Errorf("change campaign %s, which is %s: %w", c.ID, old.State, ErrState)
		}
		changed = c
		changed.State, changed.CreatedAt, changed.CreatedBy, changed.Version = old.State, old.CreatedAt, old.CreatedBy, old.Version+1
		definition, err := json.Marshal(changed)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET name = $2, priority = $3, version = $4, definition = $5, changed_at = $6 WHERE id = $1`,
			c.ID, c.Name, c.Priority, changed.Version, string(definition), at); err != nil {
			return fmt.Errorf("change a campaign: %w", err)
		}
		return keepVersion(ctx, tx, c.ID, changed.Version, string(definition), at, by)
	})
	return changed, err
}

func readCampaign(from row) (c campaigns.Campaign, err error) {
	var definition, state, by, id string
	var version int
	var created time.Time
	if err := from.Scan(&id, &state, &version, &definition, nullTime{&created}, &by); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(definition), &c); err != nil {
		return c, fmt.Errorf("campaign %s: %w", id, err)
	}
	c.ID, c.State, c.Version, c.CreatedAt, c.CreatedBy = id, campaigns.State(state), version, created, by
	return c, nil
}

// rowAsked is a database or a transaction that one row is asked of.
type rowAsked interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func campaignIn(ctx context.Context, from rowAsked, id string) (campaigns.Campaign, error) {
	c, err := readCampaign(from.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaigns WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		err = fmt.Errorf("campaign %s: %w", id, err)
	}
	return c, err
}

// Campaign is one campaign.
func (s *Store) Campaign(ctx context.Context, id string) (campaigns.Campaign, error) {
	return campaignIn(ctx, s.read, id)
}

// maxCampaigns bounds a list of them.
const maxCampaigns = 1000

// Campaigns are the newest campaigns, the newest first.
func (s *Store) Campaigns(ctx context.Context) ([]campaigns.Campaign, error) {
	return list(ctx, s.read, "list campaigns", readCampaign, `SELECT `+campaignColumns+` FROM campaigns ORDER BY created_at DESC, id LIMIT $1`, maxCampaigns)
}

// Running implements campaigns.Store.
func (s *Store) Running(ctx context.Context) ([]campaigns.Campaign, error) {
	return list(ctx, s.read, "list campaigns that run", readCampaign,
		`SELECT `+campaignColumns+` FROM campaigns WHERE state = $1 ORDER BY priority DESC, created_at, id`, string(campaigns.Running))
}

// SetState implements campaigns.Store.
func (s *Store) SetState(ctx context.Context, id string, to campaigns.State, from ...campaigns.State) (c campaigns.Campaign, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if c, err = campaignIn(ctx, tx, id); err != nil {
			return err
		}
		if c.State == to {
			return nil
		}
		if !slices.Contains(from, c.State) {
			return fmt.Errorf("campaign %s is %s and cannot become %s: %w", id, c.State, to, ErrState)
		}
		if to == campaigns.Done { // somebody may have been added just now
			var left bool
			if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM contacts WHERE campaign_id = $1 AND state IN ($2, $3))`, id, string(campaigns.Waiting), string(campaigns.Dialling)).Scan(&left); err != nil {
				return fmt.Errorf("ask whether contacts are left: %w", err)
			}
			if left {
				return nil
			}
		}
		c.State = to
		if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET state = $2, changed_at = $3, hang_up = 0 WHERE id = $1`, id, string(to), s.now().UnixMilli()); err != nil {
			return fmt.Errorf("change a campaign's state: %w", err)
		}
		return nil
	})
	return c, err
}

// HangUp has the calls in progress of a campaign that is paused or stopped end, on all
// nodes.
func (s *Store) HangUp(ctx context.Context, id string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE campaigns SET hang_up = 1 WHERE id = $1 AND state IN ($2, $3)`, id, string(campaigns.Paused), string(campaigns.Stopped))
		return changeOne(r, err)("end the calls of campaign " + id)
	})
}

// HangUps implements campaigns.Store.
func (s *Store) HangUps(ctx context.Context) ([]string, error) {
	return s.texts(ctx, `SELECT id FROM campaigns WHERE hang_up = 1`)
}

// tokensIn is how many calls a campaign's rate lets begin, and when that was so, in
// milliseconds. As much as a second's calls gather while there are none.
func tokensIn(ctx context.Context, tx *sql.Tx, id string, perSecond float64, now time.Time) (tokens float64, at int64, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT tokens, tokens_at FROM campaigns WHERE id = $1`, id).Scan(&tokens, &at); err != nil {
		return 0, 0, fmt.Errorf("read a campaign's rate: %w", err)
	}
	ms := max(at, now.UnixMilli()) // a node whose clock is behind gains nothing
	most := math.Max(1, perSecond)
	if at == 0 {
		return most, ms, nil
	}
	return math.Min(most, tokens+float64(ms-at)/1000*perSecond), ms, nil
}

// Beat implements campaigns.Store.
func (s *Store) Beat(ctx context.Context, node string, now time.Time) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := s.group.exec(ctx, tx, `INSERT INTO campaign_nodes (node, seen_at) VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET seen_at = excluded.seen_at`, node, now.UnixMilli())
		if err != nil {
			return fmt.Errorf("note that the node lives: %w", err)
		}
		return nil
	})
}

// reserve takes n ids of a name and returns the first.
func (s *Store) reserve(ctx context.Context, name string, n int) (first int64, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		first, err = reserveIn(ctx, tx, name, n)
		return err
	})
	return first, err
}

func reserveIn(ctx context.Context, tx *sql.Tx, name string, n int) (int64, error) {
	var next int64
	err := tx.QueryRowContext(ctx, `INSERT INTO campaign_ids (name, next) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET next = campaign_ids.next + $2 RETURNING next`, name, n).Scan(&next)
	if err != nil {
		return 0, fmt.Errorf("take ids for %s: %w", name, err)
	}
	return next - int64(n) + 1, nil
}

// CampaignCounts are how many contacts are in each state, and how many attempts had
// each outcome.
type CampaignCounts struct {
	States   map[string]int `json:"states"`
	Outcomes map[string]int `json:"outcomes"`
	Reasons  map[string]int `json:"reasons"` // why contacts that are over are over
	Goals    map[string]int `json:"goals"`
	Answered int            `json:"answered"`
	Refused  int            `json:"refused"`
	Seconds  float64        `json:"seconds"`
	Cost     float64        `json:"cost"`
	Open     int            `json:"open"` // attempts in progress
}

// Counts is where a campaign stands.
func (s *Store) Counts(ctx context.Context, id string) (c CampaignCounts, err error) {
	if c.States, err = counts(ctx, s.read, "count contacts", `SELECT state, COUNT(*) FROM contacts WHERE campaign_id = $1 GROUP BY state`, id); err != nil {
		return c, err
	}
	over := []any{id}
	var in []string
	for i, st := range []campaigns.ContactState{campaigns.Reached, campaigns.Exhausted, campaigns.Suppressed, campaigns.Invalid, campaigns.Withdrawn} {
		over = append(over, string(st))
		in = append(in, fmt.Sprintf("$%d", i+2))
	}
	if c.Reasons, err = counts(ctx, s.read, "count reasons", `SELECT reason, COUNT(*) FROM contacts WHERE campaign_id = $1 AND state IN (`+strings.Join(in, ", ")+`) GROUP BY reason`, over...); err != nil {
		return c, err
	}
	if c.Outcomes, err = counts(ctx, s.read, "count outcomes", `SELECT outcome, COUNT(*) FROM attempts WHERE campaign_id = $1 AND settled_at IS NOT NULL GROUP BY outcome`, id); err != nil {
		return c, err
	}
	if c.Goals, err = counts(ctx, s.read, "count goals", `SELECT goal, COUNT(*) FROM attempts WHERE campaign_id = $1 AND goal <> '' GROUP BY goal`, id); err != nil {
		return c, err
	}
	err = s.read.QueryRowContext(ctx, `SELECT COALESCE(SUM(answered), 0), COALESCE(SUM(refused), 0), COALESCE(SUM(seconds), 0), COALESCE(SUM(cost), 0),
		COALESCE(SUM(CASE WHEN settled_at IS NULL THEN 1 ELSE 0 END), 0) FROM attempts WHERE campaign_id = $1`, id).Scan(&c.Answered, &c.Refused, &c.Seconds, &c.Cost, &c.Open)
	if err != nil {
		return c, fmt.Errorf("count attempts: %w", err)
	}
	return c, nil
}

// HourCount is what came of the attempts of one hour and variant.
type HourCount struct {
	Hour    time.Time `json:"hour"` // its beginning, UTC
	Variant string    `json:"variant"`
	Outcome string    `json:"outcome"`
	Goal    string    `json:"goal"`
	Trunk   string    `json:"trunk"`
	Refused bool      `json:"refused"`
	Count   int       `json:"count"`
	Seconds float64   `json:"seconds"`
	Cost    float64   `json:"cost"`
}

// Hours are a campaign's settled attempts by hour, variant, outcome, goal and trunk.
func (s *Store) Hours(ctx context.Context, id string, since time.Time) ([]HourCount, error) {
	return list(ctx, s.read, "count attempts by hour", func(from row) (h HourCount, err error) {
		var hour int64
		err = from.Scan(&hour, &h.Variant, &h.Outcome, &h.Goal, &h.Trunk, &h.Refused, &h.Count, &h.Seconds, &h.Cost)
		h.Hour = time.UnixMilli(hour * hourMS).UTC()
		return h, err
	}, `SELECT claimed_at / 3600000, variant, outcome, goal, trunk, refused, COUNT(*), SUM(seconds), SUM(cost)
		FROM attempts WHERE campaign_id = $1 AND claimed_at >= $2 AND settled_at IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`, id, since.UnixMilli())
}

const hourMS = 3600000
