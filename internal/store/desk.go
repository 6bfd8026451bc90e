package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hotline/internal/desk"
)

var (
	_ desk.Store     = (*Store)(nil)
	_ desk.Customers = (*Store)(nil)
)

// AgentStates implements desk.Store.
func (s *Store) AgentStates(ctx context.Context) ([]desk.Saved, error) {
	return list(ctx, s.read, "list agents' states", func(from row) (desk.Saved, error) {
		var a desk.Saved
		err := from.Scan(&a.Name, &a.Mode, &a.Reason, nullTime{&a.Since}, nullTime{&a.RestUntil}, nullTime{&a.WrapUntil}, nullTime{&a.Idle})
		return a, err
	}, `SELECT name, mode, reason, since, rest_until, wrap_until, idle FROM agent_states ORDER BY name`)
}

// SaveAgentState implements desk.Store.
func (s *Store) SaveAgentState(ctx context.Context, a desk.Saved) error {
	args := []any{a.Name, string(a.Mode), a.Reason, a.Since.UnixMilli(), millis(a.RestUntil), millis(a.WrapUntil), millis(a.Idle)}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO agent_states (name, mode, reason, since, rest_until, wrap_until, idle)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (name) DO UPDATE SET mode = excluded.mode, reason = excluded.reason, since = excluded.since,
				rest_until = excluded.rest_until, wrap_until = excluded.wrap_until, idle = excluded.idle`, args...)
		if err != nil {
			return fmt.Errorf("keep the state of agent %s: %w", a.Name, err)
		}
		return nil
	})
}

// lastAgentFor is how long somebody remembers whom he spoke with.
const lastAgentFor = 30 * 24 * time.Hour

// Customer implements desk.Customers: the agent who spoke last with a number, within a
// month, whichever of them called.
func (s *Store) Customer(ctx context.Context, number string) (c desk.Customer, err error) {
	f := &sealing{s: s, table: "calls"}
	hash := f.hashes(wholeNumber, NormalNumber(number))
	if f.err != nil || hash.is == "" {
		return c, f.err
	}
	err = s.read.QueryRowContext(ctx, `SELECT agent FROM calls WHERE (caller_hash IN ($1, $2) OR called_hash IN ($1, $2)) AND agent <> '' AND started_at > $3
		ORDER BY started_at DESC, id DESC LIMIT 1`, hash.is, hash.other, s.now().Add(-lastAgentFor).UnixMilli()).Scan(&c.LastAgent)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("who spoke last with a caller: %w", err)
	}
	return c, nil
}

// CallerHash is a keyed hash of a caller, in hex, that says nothing of him. It is kept
// nowhere, and stays what it was when the keys are rotated: who speaks with the bot goes
// on doing so.
func (s *Store) CallerHash(value string) (string, error) {
	return s.cfg.Sealer.HashAs(1, "rollout", value)
}
