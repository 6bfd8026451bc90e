package ticket

import (
	"encoding/json"
	"time"

	"hotline/internal/store"

	"github.com/oklog/ulid/v2"
)

// hook has another system told of what becomes of a ticket, in the same transaction.
func (d *Desk) hook(kind string) func(store.Ticket) (store.Delivery, bool) {
	if !d.cfg.Webhook {
		return nil
	}
	return func(t store.Ticket) (store.Delivery, bool) { return d.delivery(kind, t.ID, t) }
}

func (d *Desk) delivery(kind, ticket string, data any) (store.Delivery, bool) {
	id := ulid.Make().String()
	body, err := json.Marshal(struct {
		ID   string    `json:"id"`
		Kind string    `json:"kind"`
		At   time.Time `json:"at"`
		Data any       `json:"data"`
	}{id, kind, d.cfg.Now().UTC(), data})
	return store.Delivery{ID: id, Kind: kind, Ticket: ticket, Body: string(body)}, err == nil
}
