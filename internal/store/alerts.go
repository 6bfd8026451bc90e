package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"hotline/internal/alert"
)

const alertColumns = `id, call_id, kind, line, agent, at_ms, grave, why, raised_at, over_at, seen_at, seen_by, done_at, done_by`

// KeepAlerts implements alert.Records. Who has seen an alert first, and who takes care of
// it, stays: it may have been said on another node's wall.
func (s *Store) KeepAlerts(ctx context.Context, alerts []alert.Alert) error {
	rows := make([][]any, len(alerts))
	for i, a := range alerts {
		f := &sealing{s: s, table: "alerts", row: a.ID}
		why := f.sealJSON("why", a.Why)
		if f.err != nil {
			return f.err
		}
		rows[i] = []any{
			a.ID, a.Call, a.Kind, a.Line, a.Agent, a.AtMS, number(&a.Grave), why,
			a.RaisedAt.UnixMilli(), millis(a.OverAt), millis(a.SeenAt), a.SeenBy, millis(a.DoneAt), a.DoneBy, s.cfg.Node,
		}
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, row := range rows {
			if _, err := s.group.exec(ctx, tx, `INSERT INTO alerts (`+alertColumns+`, node) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
				ON CONFLICT (id) DO UPDATE SET why = excluded.why, over_at = excluded.over_at,
				seen_by = CASE WHEN alerts.seen_at IS NULL THEN excluded.seen_by ELSE alerts.seen_by END, seen_at = COALESCE(alerts.seen_at, excluded.seen_at),
				done_by = CASE WHEN alerts.done_at IS NULL THEN excluded.done_by ELSE alerts.done_by END, done_at = COALESCE(alerts.done_at, excluded.done_at)`, row...); err != nil {
				return fmt.Errorf("keep alerts: %w", err)
			}
		}
		return nil
	})
}

// Alerts implements alert.Records: this node's that were raised since, and those from
// before that nobody has closed; the latest of them, the oldest first.
func (s *Store) Alerts(ctx context.Context, since time.Time, limit int) ([]alert.Alert, error) {
	alerts, err := list(ctx, s.read, "list alerts", s.scanAlert, `SELECT `+alertColumns+`, node FROM alerts WHERE node = $1 AND (raised_at >= $2 OR over_at IS NULL) ORDER BY raised_at DESC, id DESC LIMIT $3`,
		s.cfg.Node, since.UnixMilli(), limit)
	slices.Reverse(alerts)
	return alerts, err
}

// scanAlert reads an alert with its node, which is named where it is another one.
func (s *Store) scanAlert(from row) (a alert.Alert, err error) {
	var why []byte
	if err := from.Scan(&a.ID, &a.Call, &a.Kind, &a.Line, &a.Agent, &a.AtMS, &a.Grave, &why,
		nullTime{&a.RaisedAt}, nullTime{&a.OverAt}, nullTime{&a.SeenAt}, &a.SeenBy, nullTime{&a.DoneAt}, &a.DoneBy, &a.Node); err != nil {
		return a, err
	}
	if a.Node == s.cfg.Node {
		a.Node = ""
	}
	f := &sealing{s: s, table: "alerts", row: a.ID}
	if len(why) > 0 { // what was said is forgotten before that something was
		f.openJSON("why", why, &a.Why)
	}
	return a, f.err
}
