package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hotline/internal/alert"
	"hotline/internal/node"
)

var _ node.Store = (*Store)(nil)

// What follows is written one statement at a time, beside the groups of other writers: a
// node lives however much there is to write, and must not fail because of it.

// Nodes implements node.Store.
func (s *Store) Nodes(ctx context.Context) ([]node.Row, error) {
	return list(ctx, s.read, "list the servers", func(from row) (r node.Row, err error) {
		var state []byte
		if err := from.Scan(&r.Name, &r.Instance, &r.Host, &r.URL, &r.Keys, &r.Beat, nullTime{&r.StartedAt}, nullTime{&r.SeenAt}, &state); err != nil {
			return r, err
		}
		f := &sealing{s: s, table: "nodes", row: r.Name}
		r.State = []byte(f.open("state", state))
		return r, f.err
	}, `SELECT node, instance, host, url, keys, beat, started_at, seen_at, state FROM nodes ORDER BY node`)
}

// TakeNode implements node.Store.
func (s *Store) TakeNode(ctx context.Context, r, instead node.Row) (taken bool, err error) {
	now := s.now().UnixMilli()
	return changedOne(s.group.db.ExecContext(ctx, `INSERT INTO nodes (node, instance, host, url, keys, beat, started_at, seen_at, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, NULL)
		ON CONFLICT (node) DO UPDATE SET instance = excluded.instance, host = excluded.host, url = excluded.url, keys = excluded.keys,
			beat = excluded.beat, started_at = excluded.started_at, seen_at = excluded.seen_at, state = NULL
		WHERE nodes.instance = $8 AND nodes.beat = $9`,
		r.Name, r.Instance, r.Host, r.URL, r.Keys, instead.Beat+1, now, instead.Instance, instead.Beat))("take the name of node " + r.Name)
}

// BeatNode implements node.Store.
func (s *Store) BeatNode(ctx context.Context, r node.Row) (ours bool, err error) {
	f := &sealing{s: s, table: "nodes", row: r.Name}
	state := f.seal("state", string(r.State))
	if f.err != nil {
		return false, f.err
	}
	return changedOne(s.group.db.ExecContext(ctx, `UPDATE nodes SET beat = beat + 1, keys = $3, seen_at = $4, state = $5 WHERE node = $1 AND instance = $2`,
		r.Name, r.Instance, r.Keys, s.now().UnixMilli(), state))("say that node " + r.Name + " lives")
}

// LeaveNode implements node.Store.
func (s *Store) LeaveNode(ctx context.Context, r node.Row) error {
	_, err := changedOne(s.group.db.ExecContext(ctx, `DELETE FROM nodes WHERE node = $1 AND instance = $2`, r.Name, r.Instance))("give up the name of node " + r.Name)
	return err
}

// ForgetNodes implements node.Store.
func (s *Store) ForgetNodes(ctx context.Context, before time.Time) error {
	_, err := changedOne(s.group.db.ExecContext(ctx, `DELETE FROM nodes WHERE seen_at < $1`, before.UnixMilli()))("forget servers")
	return err
}

// changedOne tells whether a statement found a row.
func changedOne(res sql.Result, err error) func(doing string) (bool, error) {
	return func(doing string) (bool, error) {
		if err != nil {
			return false, fmt.Errorf("%s: %w", doing, err)
		}
		n, err := res.RowsAffected()
		return n > 0, err
	}
}

// CallsElsewhere are the nodes of those of some calls that are in progress on others.
func (s *Store) CallsElsewhere(ctx context.Context, ids []string) (map[string]string, error) {
	nodes := map[string]string{}
	for part := range slices.Chunk(ids, 500) {
		m, args := marks(part)
		w := &where{}
		w.add("ended_at IS NULL")
		w.add("node <> ?", s.cfg.Node)
		w.add("id IN ("+m+")", args...)
		if _, err := list(ctx, s.read, "see which server has a call", func(from row) (struct{}, error) {
			var id, name string
			err := from.Scan(&id, &name)
			nodes[id] = name
			return struct{}{}, err
		}, `SELECT id, node FROM calls`+w.String(), w.args...); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// AlertsElsewhere are the alerts of other nodes that were raised since, and those from
// before that nobody has closed, the newest first.
func (s *Store) AlertsElsewhere(ctx context.Context, nodes []string, since time.Time, limit int) ([]alert.Alert, error) {
	if len(nodes) == 0 {
		return nil, nil
	}
	m, args := marks(nodes)
	w := &where{}
	w.add("node IN ("+m+")", args...)
	w.add("(raised_at >= ? OR over_at IS NULL)", since.UnixMilli())
	return list(ctx, s.read, "list other servers' alerts", s.scanAlert, `SELECT `+alertColumns+`, node FROM alerts`+w.String()+` ORDER BY raised_at DESC, id DESC LIMIT `+strconv.Itoa(limit), w.args...)
}

// MarkAlert notes on another node's alert who has seen it first, and, when done, who takes
// care of it. Its node reads it by [Store.AlertMarks].
func (s *Store) MarkAlert(ctx context.Context, id, by string, done bool) (a alert.Alert, err error) {
	now := s.now().UnixMilli()
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := changeOne(tx.ExecContext(ctx, `UPDATE alerts SET seen_by = CASE WHEN seen_at IS NULL THEN $2 ELSE seen_by END, seen_at = COALESCE(seen_at, $3) WHERE id = $1`, id, by, now))("mark alert " + id); err != nil {
			return err
		}
		if done {
			if _, err := tx.ExecContext(ctx, `UPDATE alerts SET done_by = CASE WHEN done_at IS NULL THEN $2 ELSE done_by END, done_at = COALESCE(done_at, $3) WHERE id = $1`, id, by, now); err != nil {
				return fmt.Errorf("mark alert %s: %w", id, err)
			}
		}
		a, err = s.scanAlert(tx.QueryRowContext(ctx, `SELECT `+alertColumns+`, node FROM alerts WHERE id = $1`, id))
		return err
	})
	return a, err
}

// AlertMarks are this node's alerts that somebody has seen or taken on since a time.
func (s *Store) AlertMarks(ctx context.Context, since time.Time) ([]alert.Alert, error) {
	return list(ctx, s.read, "list marked alerts", s.scanAlert, `SELECT `+alertColumns+`, node FROM alerts WHERE node = $1 AND (seen_at >= $2 OR done_at >= $2) ORDER BY id LIMIT 500`,
		s.cfg.Node, since.UnixMilli())
}
