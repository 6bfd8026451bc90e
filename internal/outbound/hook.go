package outbound

import (
	"encoding/json"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Settled is what another system is told of an attempt that ended: the attempt with its
// outcome, and the contact as it stands now. It is [store.Config.Settled].
func Settled(a campaigns.Attempt, k campaigns.Contact) (store.Delivery, bool) {
	const kind = "campaign.settled"
	type data struct {
		Attempt campaigns.Attempt `json:"attempt"`
		Contact campaigns.Contact `json:"contact"`
	}
	id := ulid.Make().String()
	body, err := json.Marshal(struct {
		ID   string    `json:"id"`
		Kind string    `json:"kind"`
		At   time.Time `json:"at"`
		Data data      `json:"data"`
	}{id, kind, a.SettledAt.UTC(), data{a, k}})
	return store.Delivery{ID: id, Kind: kind, Body: string(body)}, err == nil
}
