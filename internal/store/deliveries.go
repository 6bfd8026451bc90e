package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Delivery is something that another system is to be told.
type Delivery struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Ticket    string    `json:"ticket,omitempty"`
	Body      string    `json:"-"`
	State     string    `json:"state" enum:"waiting,dead"`
	Tries     int       `json:"tries"`
	MadeAt    time.Time `json:"made_at"`
	NextAt    time.Time `json:"next_at"`
	LastError string    `json:"last_error,omitempty"`
}

// The states of a delivery; one that was taken is gone.
const (
	DeliveryWaiting = "waiting"
	DeliveryDead    = "dead"
)

// deadFor is how long what nobody took is kept, with what it says.
const deadFor = 30 * 24 * time.Hour

func (s *Store) addDelivery(ctx context.Context, tx *sql.Tx, d Delivery) error {
	f := &sealing{s: s, table: "deliveries", row: d.ID}
	body := f.seal("body", d.Body)
	if f.err != nil {
		return f.err
	}
	now := s.now().UnixMilli()
	if _, err := tx.ExecContext(ctx, `INSERT INTO deliveries (id, kind, ticket_id, body, state, tries, made_at, next_at, last_error) VALUES ($1, $2, $3, $4, $5, 0, $6, $6, '')`,
		d.ID, d.Kind, d.Ticket, body, DeliveryWaiting, now); err != nil {
		return fmt.Errorf("queue a webhook: %w", err)
	}
	return nil
}

// Deliveries lists what is in a state, oldest first; of what waits, what is due.
func (s *Store) Deliveries(ctx context.Context, state string, limit int) ([]Delivery, error) {
	until := s.now()
	if state == DeliveryDead {
		until = until.AddDate(100, 0, 0)
	}
	return list(ctx, s.read, "list webhooks", func(from row) (Delivery, error) {
		var d Delivery
		var body []byte
		if err := from.Scan(&d.ID, &d.Kind, &d.Ticket, &body, &d.State, &d.Tries, nullTime{&d.MadeAt}, nullTime{&d.NextAt}, &d.LastError); err != nil {
			return d, err
		}
		f := &sealing{s: s, table: "deliveries", row: d.ID}
		if d.Body = f.open("body", body); f.err != nil {
			return d, f.err
		}
		return d, nil
	}, `SELECT id, kind, ticket_id, body, state, tries, made_at, next_at, last_error FROM deliveries WHERE state = $1 AND next_at <= $2 ORDER BY made_at, id LIMIT $3`,
		state, until.UnixMilli(), limit)
}

// Delivered takes out what was taken.
func (s *Store) Delivered(ctx context.Context, id string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE id = $1`, id); err != nil {
			return fmt.Errorf("take a webhook out: %w", err)
		}
		return nil
	})
}

// Undelivered notes that an attempt has failed: it is tried again, or dead where next is
// zero.
func (s *Store) Undelivered(ctx context.Context, id, why string, next time.Time) error {
	state := DeliveryWaiting
	if next.IsZero() {
		state, next = DeliveryDead, s.now()
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE state = $1 AND made_at < $2`, DeliveryDead, s.now().Add(-deadFor).UnixMilli())
		if err != nil {
			return fmt.Errorf("forget old webhooks: %w", err)
		}
		return changeOne(tx.ExecContext(ctx, `UPDATE deliveries SET state = $2, tries = tries + 1, next_at = $3, last_error = $4 WHERE id = $1`, id, state, next.UnixMilli(), why))("note a webhook")
	})
}

// RetryDelivery tries a dead one again, from the beginning.
func (s *Store) RetryDelivery(ctx context.Context, id string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE deliveries SET state = $2, tries = 0, next_at = $3 WHERE id = $1 AND state = $4`,
			id, DeliveryWaiting, s.now().UnixMilli(), DeliveryDead))("retry a webhook")
	})
}
