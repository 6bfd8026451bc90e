package outbound

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/number"
	"hotline/internal/store"
)

// Refusals is a Journal that obeys who wants no more calls while he still says so: of any
// call, in or out, and before its end. The number is on the own list when the call's mark
// of it is kept, with how it was asked for and in which call.
type Refusals struct {
	call.Journal

	Store *store.Store
	Plan  number.Plan
	Now   func() time.Time // the campaigns' calendar; nil: the store's clock
}

// AddEvents implements call.Journal.
func (r Refusals) AddEvents(ctx context.Context, id string, events []call.Event) error {
	for _, e := range events {
		if e.Kind == call.KindRefusal && e.Data["kind"] == string(dialog.DoNotCall) {
			if err := r.obey(ctx, id, e); err != nil {
				return fmt.Errorf("keep that no more calls are wanted: %w", err) // it is asked again, the events with it
			}
		}
	}
	return r.Journal.AddEvents(ctx, id, events)
}

func (r Refusals) obey(ctx context.Context, id string, e call.Event) error {
	c, err := r.Store.Call(ctx, id)
	if err != nil {
		return err
	}
	text := c.Caller
	if c.Direction == "outbound" {
		text = c.Called
	}
	n := r.Plan.Read(text)
	if !strings.HasPrefix(n.Text, "+") {
		return nil // withheld, or a telephone of ours: nobody could call it
	}
	p := campaigns.Suppression{Number: n.Text, List: OwnList, Call: id}
	p.How, _ = e.Data["by"].(string)
	if r.Now != nil {
		p.At = r.Now()
	}
	return r.Store.Suppress(ctx, []campaigns.Suppression{p})
}
